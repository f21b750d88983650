"""`healthgym drugs`: tables for people, JSON for programs, one clear line for mistakes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from healthgym.__main__ import app

CHART = {
    "age_years": 80,
    "allergies": [{"substance": "penicillin", "reaction": "anaphylaxis"}],
    "drugs": [{"name": "Coumadin"}, {"name": "metronidazole"}, {"name": "amoxicillin"}],
}


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["drugs", *words])


def test_check() -> None:
    found = json.loads(run("check", "viagra", "GTN", "--json").stdout)
    assert (found["a"], found["b"]) == ("sildenafil", "nitroglycerin")
    assert found["severity"] == "contraindicated"
    assert found["rules"][0]["management"]
    table = run("check", "viagra", "GTN")
    assert table.exit_code == 0
    assert "contraindicated" in table.stdout
    assert "ONC" in table.stdout


@pytest.mark.parametrize(
    ("a", "b", "severity", "rules"),
    [("aspirin", "atorvastatin", "none", 1), ("thiamine", "tamsulosin", "unknown", 0)],
)
def test_check_tells_a_known_negative_from_an_unlisted_pair(
    a: str, b: str, severity: str, rules: int
) -> None:
    found = json.loads(run("check", a, b, "--json").stdout)
    assert (found["severity"], len(found["rules"])) == (severity, rules)
    assert severity in run("check", a, b).stdout


def test_info() -> None:
    found = json.loads(run("info", "TYLENOL", "--json").stdout)
    assert found["id"] == "acetaminophen"
    table = run("info", "TYLENOL")
    assert table.exit_code == 0
    assert "max daily" in table.stdout
    assert "paracetamol" in table.stdout


def test_screen_takes_text_and_files(tmp_path: Path) -> None:
    text = json.dumps(CHART)
    file = tmp_path / "chart.json"
    file.write_text(text)
    shown = run("screen", text, "--json")
    assert shown.stdout == run("screen", str(file), "--json").stdout
    alerts = json.loads(shown.stdout)
    assert (alerts[0]["kind"], alerts[0]["grade"]) == ("allergy", "critical")
    assert ["warfarin", "metronidazole"] in [a["drugs"] for a in alerts if a["kind"] == "pair"]
    table = run("screen", text)
    assert table.exit_code == 0
    assert "penicillin anaphylaxis" in table.stdout


def test_a_list_without_alerts_says_so() -> None:
    assert run("screen", '{"drugs": []}').stdout == "no alerts\n"
    assert run("screen", '{"drugs": []}', "--json").stdout == "[]\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["check", "warfrain", "aspirin"], "did you mean warfarin"),
        (["info", "unobtainium"], "unknown drug 'unobtainium'"),
        (["screen", '{"drugs": [{"name": "warfrain"}]}'], "did you mean warfarin"),
        (["screen", '{"drugs": [], "age": 4}'], "unknown field"),
        (["screen", "{"], "chart: "),
        (["screen", "no_such_file.json"], "No such file"),
    ],
)
def test_mistakes_are_one_line(words: list[str], told: str) -> None:
    found = run(*words)
    assert found.exit_code == 1
    assert found.stderr.startswith("error: ")
    assert told in found.stderr
    assert found.stderr.count("\n") == 1
