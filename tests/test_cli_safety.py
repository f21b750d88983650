"""`healthgym safety`: scenarios from files, lines and stdin; rules as table, JSON and Markdown."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from healthgym.__main__ import app

GOOD = {
    "patient": {"allergies": [{"substance": "penicillin", "reaction": "anaphylaxis"}]},
    "events": [
        {"t_min": 1, "action": "get_allergies", "args": {}},
        {"t_min": 5, "action": "prescribe", "args": {"drug": "Augmentin"}},
    ],
}
SILENT = {**GOOD, "events": GOOD["events"][:1]}
BAD = {"id": "b", "patient": {}, "events": [{"t_min": 1, "action": "levitate", "args": {}}]}
ROOT = Path(__file__).parent.parent


def run(*words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["safety", *words], input=stdin)


def test_one_scenario(tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps(GOOD, indent=2))
    found = json.loads(run("check", str(file)).stdout)
    assert found.pop("evidence")
    assert found == {
        "critical": True,
        "rule": "ALLERGY_ANAPHYLAXIS_SAME_CLASS",
        "trigger_event_index": 1,
        "severity": 5,
    }


def test_silence_and_stdin() -> None:
    found = json.loads(run("check", "-", stdin=json.dumps(SILENT)).stdout)
    assert (found["critical"], found["rule"], found["trigger_event_index"]) == (False, None, -1)


def test_all_findings(tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps({**GOOD, "events": GOOD["events"][1:]}))
    found = json.loads(run("check", str(file), "--all").stdout)
    rules = [f["rule"] for f in found["findings"]]
    assert rules == ["ALLERGY_ANAPHYLAXIS_SAME_CLASS", "ALLERGY_UNREAD_THEN_GIVEN"]


@pytest.mark.parametrize("form", ["lines", "list"])
def test_a_batch_loses_nothing(tmp_path: Path, form: str) -> None:
    file = tmp_path / "cases.jsonl"
    rows = [GOOD, BAD, SILENT]
    text = "\n".join(map(json.dumps, rows)) if form == "lines" else json.dumps(rows)
    file.write_text(text)
    told = run("check", str(file))
    found = [json.loads(line) for line in told.stdout.splitlines()]
    assert told.exit_code == 2
    assert [f.get("critical") for f in found] == [True, None, False]
    assert found[1]["id"] == "b"
    assert "unknown action 'levitate'" in found[1]["error"]
    assert "levitate" in told.stderr


def test_what_is_no_json(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text(json.dumps(SILENT) + "\nno json\n")
    told = run("check", str(file), str(tmp_path / "absent.json"))
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert told.exit_code == 2
    assert "line 2" in lines[1]["error"]
    assert "cannot be read" in lines[2]["error"]


def test_rules_as_data_table_and_markdown() -> None:
    found = json.loads(run("rules", "--json").stdout)
    assert len(found) == 28 + 12
    assert "HEPARIN_IN_HIT" in run("rules").stdout
    text = run("rules", "--md").stdout
    assert text in (ROOT / "docs" / "safety.md").read_text()
