"""A fork takes over an episode's actions, goes on alone, and is an episode like any other."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from healthgym.__main__ import app
from healthgym.agents import expert
from healthgym.agents.toolcall import parse
from healthgym.bus.events import EpisodeRequested, Event
from healthgym.environments.fork import fork, forked
from healthgym.environments.replay import replay
from healthgym.environments.run import play
from healthgym.environments.session import request, restore
from healthgym.knowledge.errors import UnknownFact
from healthgym.knowledge.forks import changed
from healthgym.knowledge.patients import generate
from healthgym.knowledge.physiology import levels
from healthgym.knowledge.tasks import task
from healthgym.scorers.composite import score


@pytest.fixture(scope="module")
def original() -> list[Event]:
    asked = request(task("dx_pneumonia_001"), agent="expert")
    return play(asked, expert.play, parse)


def world_at(events: list[Event], n: int) -> object:
    from healthgym.bus.episode import fold

    requested = events[0].data
    assert isinstance(requested, EpisodeRequested)
    return restore(requested, fold([e for e in events if e.n <= n])).world


@pytest.mark.parametrize("at", [1, 4, 9, 15])
def test_the_world_of_a_fork_is_the_originals_at_that_point(original: list[Event], at: int) -> None:
    made = fork(original, expert.play, at=at, read=parse)
    assert made[0].aggregate != original[0].aggregate
    assert world_at(made, at) == world_at(original, at)
    said = [e.data for e in original if e.n <= at and e.type == "ToolCalled"]
    assert [e.data for e in made if e.type == "ToolCalled"][: len(said)] == said
    assert replay(made).verdict == "same"
    assert score(made).composite == pytest.approx(score(original).composite)


def test_a_changed_fact_is_seen_and_judged(original: list[Event]) -> None:
    made = fork(original, expert.play, at=2, changes={"potassium_mmol_l": 2.5}, read=parse)
    shown = json.dumps([e.data.content for e in made if e.type == "ObservationReturned"])
    assert "2.5 LL" in shown or "2.6 LL" in shown or "2.4 LL" in shown
    assert replay(made).verdict == "same"
    assert fork(original, expert.play, at=2, changes={"potassium_mmol_l": 2.5}, read=parse) == made


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["sodium_mmol_l", "crp_mg_l", "hr_bpm", "bicarbonate_mmol_l"]), st.data())
def test_a_set_value_is_the_true_one_on_arrival(key: str, data: st.DataObject) -> None:
    low, high = {"sodium_mmol_l": (120, 150), "crp_mg_l": (5, 300), "hr_bpm": (50, 150)}.get(
        key, (8, 28)
    )
    value = data.draw(st.integers(low, high))
    patient = changed(generate("sepsis_urinary", 7), {key: value})
    assert levels(patient, (), 0)[key] == pytest.approx(value, rel=1e-3)


def test_unknown_facts_and_places_are_named(original: list[Event]) -> None:
    patient = generate("sepsis_urinary", 7)
    with pytest.raises(UnknownFact, match="did you mean fever"):
        changed(patient, {"feever": True})
    with pytest.raises(UnknownFact, match="cannot be set to 3"):
        changed(patient, {"fever": 3})
    assert changed(patient, {"fever": True}).findings["fever"]
    with pytest.raises(ValueError, match="event 1 to"):
        forked(original, at=999)


def test_the_command(tmp_path: Path) -> None:
    run = CliRunner().invoke
    folder = str(tmp_path / "log")
    run(app, ["play", "--task", "dx_pneumonia_001", "--save", folder])
    said = run(app, ["fork", "expert", "--at", "8", "--log", folder, "--save", folder + "2"])
    assert said.exit_code == 1
    assert "no episode of the name" in said.stderr
    name = json.loads(
        run(app, ["events", "--type", "EpisodeRequested", "--json", "--log", folder]).stdout
    )["aggregate"]
    made = run(app, ["fork", name, "--at", "8", "--set", "fever=true", "--log", folder, "--json"])
    assert json.loads(made.stdout)[0]["data"]["fork"]["changes"] == {"fever": True}
    assert run(app, ["fork", name, "--at", "8", "--set", "x", "--log", folder]).exit_code == 1
    bad = run(app, ["fork", name, "--at", "8", "--set", "feever=true", "--log", folder])
    assert "did you mean fever" in bad.stderr
