"""The commands, as a person runs them."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from healthgym.__main__ import app
from healthgym.bus.events import Draft, EpisodeScored, Head, digest, episode
from healthgym.bus.log import FileLog
from healthgym.bus.server import make_user
from healthgym.node import app as node_app

ROOT = Path(__file__).parent.parent
runner = CliRunner()


def run(*arguments: str, code: int = 0) -> str:
    result = runner.invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return result.output


def commands() -> list[str]:
    return sorted(c.name or c.callback.__name__ for c in app.registered_commands)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    run("play", "--task", "dx_nstemi_001", "--policy", "reference", "--save", str(tmp_path / "log"))
    return tmp_path / "log"


@pytest.mark.parametrize("command", commands())
def test_every_command_has_help_with_an_example_and_stands_in_the_readme(command: str) -> None:
    text = re.sub(r"\s+", " ", run(command, "--help"))
    assert f"Example: healthgym {command}" in text
    assert f"healthgym {command}" in (ROOT / "README.md").read_text()


def test_lists_for_programs() -> None:
    tasks = json.loads(run("tasks", "--split", "test", "--json"))
    assert {t["split"] for t in tasks} == {"test"}
    tools = json.loads(run("tools", "--domain", "clinical_diagnosis", "--json"))
    assert len({t["name"] for t in tools}) == len(tools) >= 20
    listed = {d["domain"]: d for d in json.loads(run("domains", "--json"))}
    assert {"clinical_diagnosis", "triage_emergency"} <= set(listed)
    assert listed["clinical_diagnosis"]["tasks"] >= 120


def test_play_shows_a_transcript_and_a_score() -> None:
    text = run("play", "--task", "dx_nstemi_001", "--policy", "reference")
    assert "patient P001" in text
    assert "composite" in text
    lines = run("play", "--task", "dx_nstemi_001", "--policy", "reference", "--json").splitlines()
    assert json.loads(lines[-1])["type"] == "EpisodeScored"


def test_a_person_can_play() -> None:
    answers = "get_vital_signs\n" + json.dumps(
        {"name": "submit_answer", "arguments": {"icd10_code": "K21.9"}}
    )
    result = runner.invoke(
        app, ["play", "--task", "dx_gerd_001", "--policy", "human"], input=answers + "\n"
    )
    assert result.exit_code == 0, result.output
    assert "hr_bpm" in result.output or "hr" in result.output
    assert "composite" in result.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("play", "--task", "dx_nstemi_0001"), "did you mean"),
        (("play", "--domain", "astrology"), "unknown domain"),
        (("play", "--policy", "oracle"), "unknown policy backend"),
        (("tools", "--domain", "astrology"), "unknown domain"),
        (("tasks", "--split", "all"), "must be train, validation or test"),
        (("leaderboard", "--data", "/nonexistent"), "does not exist"),
        (("events", "--data", "/nonexistent"), "there is no gym in"),
        (("run", "--config", "/nonexistent.yaml"), "No such file"),
        (("rebuild", "horoscope", "--data", "/nonexistent"), "no projection"),
    ],
)
def test_bad_input_is_one_clear_line(arguments: tuple[str, ...], says: str) -> None:
    result = runner.invoke(app, list(arguments))
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    (line,) = [x for x in result.output.splitlines() if x.startswith("error:")]
    assert says in line


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("agents: []\nspeed: 3\n", "unknown field `speed`"),
        ("agents: [{agent_id: a, curiosity: 1}]\n", "unknown field `curiosity`"),
        ("agents: [{agent_id: a, train: maybe}]\n", "Expected `bool`"),
        ("agents: [{agent_id: 'a b'}]\n", "letters, digits"),
        ("agents: [{agent_id: a}, {agent_id: a}]\n", "must be unique"),
        ("agents: [{agent_id: a, safety_weight: 7}]\n", "safety_weight must be in"),
        ("agents: [\n", "autonomous.yaml"),
    ],
)
def test_a_wrong_configuration_names_the_field(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "autonomous.yaml"
    path.write_text(text)
    result = runner.invoke(app, ["run", "--config", str(path)])
    assert result.exit_code == 1
    assert says in result.output


def test_unknown_roles_and_unreachable_servers_are_clear(tmp_path: Path) -> None:
    result = runner.invoke(node_app, ["start", "--role", "king"])
    assert result.exit_code == 1
    assert "unknown role 'king'" in result.output
    creds = tmp_path / "x.nk"
    make_user(creds)
    arguments = ["start", "--role", "scorer", "--nats", "nats://127.0.0.1:1"]
    result = runner.invoke(node_app, [*arguments, "--creds", str(creds), "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert "no log server answers" in result.output
    creds.write_text("SUAOZZ")
    result = runner.invoke(node_app, [*arguments, "--creds", str(creds), "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert "is no seed of a user" in result.output


def test_audit_replay_and_rescore_of_a_saved_log(saved: Path) -> None:
    found = json.loads(run("audit", "--log", str(saved), "--json"))
    assert found["chains"]["problems"] == found["differences"] == []
    assert (found["replayed"], found["scored"]) == (1, 1)
    name = json.loads((saved / "events.jsonl").read_text().splitlines()[0])["aggregate"]
    assert "same" in run("replay", name[-8:], "--log", str(saved))
    assert "composite" in run("rescore", name[-8:], "--log", str(saved))
    assert "no episode of the name" in run("replay", "zzz", "--log", str(saved), code=1)


def test_audit_finds_a_forged_score_and_a_changed_answer(saved: Path, tmp_path: Path) -> None:
    lines = (saved / "events.jsonl").read_bytes().splitlines()
    changed = [line.replace(b'"composite":', b'"composite":0.5,"was":') for line in lines]
    forged = tmp_path / "events.jsonl"
    forged.write_bytes(b"\n".join(changed) + b"\n")
    text = run("audit", "--file", str(forged), "--gym", "local", code=1)
    assert "chain broken" in text
    report = run("audit", "--file", str(saved / "events.jsonl"), "--gym", "local")
    assert "everything verifies" in report


def test_audit_re_judges_what_is_well_chained_but_wrong(saved: Path, tmp_path: Path) -> None:
    import msgspec

    from healthgym.bus.events import decode

    async def forge() -> None:
        events = [decode(x) for x in (saved / "events.jsonl").read_bytes().splitlines()]
        async with FileLog(tmp_path / "forged", gym="local") as log:
            head = Head(aggregate=events[0].aggregate)
            for event in events:
                data = event.data
                if isinstance(data, EpisodeScored):
                    data = msgspec.structs.replace(data, composite=0.123)
                draft = Draft(
                    data=data, at=event.at, cause=event.cause, correlation=event.correlation
                )
                (stored,) = await log.append(head, [draft])
                head = Head(
                    aggregate=head.aggregate,
                    n=stored.event.n,
                    digest=digest(stored.body),
                    sequence=stored.sequence,
                )

    asyncio.run(forge())
    text = run("audit", "--log", str(tmp_path / "forged"), code=1)
    assert "(EpisodeScored) differs when re-scored" in text
    assert episode("reference", "")[:8] in text


def test_a_sealed_root_holds_until_history_is_rewritten(saved: Path, tmp_path: Path) -> None:
    assert "everything verifies" in run("audit", "--seal", "--log", str(saved))
    assert "seal through sequence" in (text := run("audit", "--log", str(saved)))
    assert "holds" in text
    lines = (saved / "events.jsonl").read_bytes().splitlines()
    shorter = tmp_path / "shorter"
    shorter.mkdir()
    (shorter / "gym").write_text("local")
    # the last event of the episode is cut off: every chain is whole, only the seal can tell
    kept = [*lines[:-2], lines[-1]]
    (shorter / "events.jsonl").write_bytes(b"\n".join(kept) + b"\n")
    text = run("audit", "--log", str(shorter), code=1)
    assert "chain broken" not in text
    assert "BROKEN, the root is now" in text


def test_an_episode_of_another_scorer_is_not_counted_as_judged(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthgym.scorers.composite.SCORER", "another")
    found = json.loads(run("audit", "--log", str(saved), "--json"))
    assert (found["replayed"], found["scored"], found["other_version"]) == (1, 0, 1)


def test_a_patient_is_shown_with_its_truth() -> None:
    said = json.loads(run("patient", "--variant", "dka_missed_insulin", "--seed", "3", "--json"))
    assert said["condition"] == "dka"
    assert said["levels"]["beta_hydroxybutyrate_mmol_l"] > 3
    later = json.loads(
        run("patient", "--variant", "dka_missed_insulin", "--seed", "3", "--hour", "4", "--json")
    )
    assert later["levels"]["beta_hydroxybutyrate_mmol_l"] > 9
    assert "true value" in run("patient", "--variant", "dka_missed_insulin")
