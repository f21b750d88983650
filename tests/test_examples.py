"""The examples run as their headers say."""

import runpy
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples"
ALONE = ("explain_a_score", "many_at_once", "patients_and_instruments", "play_with_gymnasium")


@pytest.mark.parametrize("name", ALONE)
def test_an_example_runs(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [name])
    runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")
    assert len(capsys.readouterr().out) > 40


def test_every_example_is_known() -> None:
    assert {p.stem for p in FOLDER.glob("*.py")} == {*ALONE, "follow_scores"}
