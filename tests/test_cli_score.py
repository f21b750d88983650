"""A score explained to a person; a log judged again; an episode that goes on."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from healthgym.__main__ import app
from healthgym.agents.expert import play as expert
from healthgym.agents.toolcall import render
from healthgym.bus.events import Draft, EpisodeScored, Event, Head, canonical, head_of
from healthgym.bus.log import FileLog
from healthgym.bus.view import Action
from healthgym.cli.play import judged, save_log
from healthgym.cli.score import explain, rescore_log
from healthgym.environments.run import play, resume
from healthgym.environments.session import request
from healthgym.knowledge.tasks import task

TASK = "dx_nstemi_001"


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return result.output


def spoken(*calls: tuple[str, dict]) -> list[Event]:
    said = iter(calls)
    on = request(task(TASK), agent="t", max_turns=len(calls))
    return play(on, lambda _: Action(raw=render(*next(said))))


@pytest.fixture(scope="module")
def whole() -> list[Event]:
    """An episode that the expert played."""
    return judged(play(request(task(TASK), agent="t"), expert))


def test_what_was_earned_stands_at_its_turn(whole: list[Event]) -> None:
    found = explain(whole)
    assert found.composite == found.recorded
    assert [t.turn for t in found.turns] == list(range(1, len(found.turns) + 1))
    ecg = next(t for t in found.turns if t.call.startswith("perform_ecg"))
    assert ecg.credit > 0
    assert any(r.turn == ecg.turn and r.verdict == "earned" for r in found.reasons)
    assert sum(t.credit for t in found.turns) == pytest.approx(1, abs=0.3)


def test_what_was_missed_and_violated_is_named() -> None:
    answer = {"icd10_code": "K21.9", "disposition": "discharge_home"}
    calls = [("perform_ecg", {}), ("fly", {}), ("submit_answer", answer)]
    found = explain(spoken(*calls))
    assert {r.verdict for r in found.reasons if r.dimension == "process"} >= {"earned", "missed"}
    assert found.turns[1].outcome == "unknown_tool"
    assert found.violations
    assert found.recorded is None


def test_the_command_shows_it_and_obeys_no_markup(tmp_path: Path) -> None:
    events = spoken(("fly", {"to": "[red]moon\x1b[2J"}), ("submit_answer", {}))
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join(canonical(e) for e in events))
    text = run("score", str(file))
    assert "[red]moon" in text
    assert "\x1b" not in text
    assert "missed" in text
    assert json.loads(run("score", str(file), "--json"))["composite"] == 0
    file.write_bytes(b"\n".join(canonical(e) for e in events[:2]))
    assert "not an ended episode" in run("score", str(file), code=1)


def test_rescore_shows_what_another_scorer_said(whole: list[Event], tmp_path: Path) -> None:
    old = whole[-1].data
    assert isinstance(old, EpisodeScored)
    lower = msgspec.structs.replace(old.process, score=0.25)
    other = msgspec.structs.replace(old, scorer="old", process=lower, composite=0.5)

    async def work() -> None:
        async with FileLog(tmp_path, gym="local") as log:
            head = Head(aggregate=whole[0].aggregate)
            drafts = [Draft(data=e.data, at=e.at) for e in whole[:-1]]
            await log.append(head, [*drafts, Draft(data=other)])
            found = await rescore_log(log)
        assert (found.episodes, found.same, found.skipped) == (1, 0, {})
        (change,) = found.changes
        assert (change.before, change.after) == (0.5, old.composite)
        assert change.dimensions == {"process": pytest.approx(old.process.score - 0.25)}

    asyncio.run(work())
    assert "1 changed" in run("rescore", "--log", str(tmp_path))


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 9])
def test_an_episode_goes_on_where_it_broke_off(whole: list[Event], cut: int) -> None:
    again = resume(whole[:cut], expert)
    assert [e.id for e in again] == [e.id for e in whole[:-1]]


def test_resume_appends_to_the_log(whole: list[Event], tmp_path: Path) -> None:
    asyncio.run(save_log(whole[:6], tmp_path))
    name = whole[0].aggregate
    assert "submitted after" in run("resume", name[-8:], "--log", str(tmp_path))

    async def stored() -> list[Event]:
        async with FileLog(tmp_path, gym="local", writable=False) as log:
            found = [r.event for r in await log.read(name)]
            assert head_of(await log.read(name), name).n == len(found)
            return found

    assert [e.type for e in asyncio.run(stored())] == [e.type for e in whole]
    assert "is not an open episode" in run("resume", name[-8:], "--log", str(tmp_path), code=1)
    assert "same" in run("replay", name[-8:], "--log", str(tmp_path))


def test_guidelines_stand_beside_the_score(whole: list[Event]) -> None:
    found = explain(whole)
    assert {f.guideline for f in found.guidelines} == {"acs"}
    assert next(f for f in found.guidelines if f.action == "ecg").status == "met"
    assert found.compliance is not None
    calls = [("perform_ecg", {}), ("submit_answer", {"icd10_code": "I21.4"})]
    hasty = explain(spoken(*calls))
    assert hasty.compliance is not None
    assert hasty.compliance < found.compliance <= 1
    assert {f.status for f in hasty.guidelines} >= {"met", "missed"}
