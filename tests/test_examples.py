"""The examples run as their headers say."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples"
ALONE = ("explain_a_score", "many_at_once", "patients_and_instruments", "play_with_gymnasium")


@pytest.mark.parametrize("name", ALONE)
def test_an_example_runs(name: str) -> None:
    command = [sys.executable, str(FOLDER / f"{name}.py")]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert said.returncode == 0, said.stderr
    assert len(said.stdout) > 20


def test_every_example_is_known() -> None:
    assert {p.stem for p in FOLDER.glob("*.py")} == {*ALONE, "follow_scores"}
