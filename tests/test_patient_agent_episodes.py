"""The simulated patient inside an episode: asked again, restored, forked, and asked by a player."""

import msgspec
import pytest
from typer.testing import CliRunner

from healthgym.__main__ import app
from healthgym.agents.expert import play as expert
from healthgym.agents.interview import asked_before, half_told, next_question
from healthgym.agents.reading import read
from healthgym.agents.toolcall import parse, render
from healthgym.bus.episode import fold
from healthgym.bus.events import Event, ObservationReturned, PatientAnswered, ToolCalled
from healthgym.bus.view import Action, View
from healthgym.environments.run import play
from healthgym.environments.session import request, restore
from healthgym.knowledge.forks import changed
from healthgym.knowledge.patient_agent import about, answer, directly, manner
from healthgym.knowledge.patients import generate
from healthgym.knowledge.tasks import task, tasks
from healthgym.knowledge.variants import findings

TASK = "dx_dka_002"
ALCOHOL = "Do you drink alcohol?"


def talk(id_: str, questions: list[str]) -> list[Event]:
    calls = [Action(raw=render("ask_patient", {"question": q})) for q in questions]
    asked = request(task(id_), agent="a", max_turns=len(questions))
    return play(asked, lambda view: calls[len(view.turns)], parse)


def spoken(events: list[Event]) -> list[str]:
    return [e.data.answer for e in events if isinstance(e.data, PatientAnswered)]


def reticent() -> str:
    """A task whose patient withholds something that asking shows."""
    for t in tasks("clinical_diagnosis"):
        p = generate(t.variant, t.seed)
        if "heavy_drinking" in manner(p).withheld and p.findings["heavy_drinking"]:
            return t.id
    raise AssertionError("every drinker tells at once")


def test_a_second_question_is_known_from_the_episode_alone() -> None:
    events = talk(reticent(), [ALCOHOL, ALCOHOL])
    first, second = spoken(events)
    assert findings()["heavy_drinking"].told not in first
    assert findings()["heavy_drinking"].told in second
    reveals = [e.data.reveals for e in events if isinstance(e.data, ObservationReturned)]
    assert reveals[0] == ["asked:alcohol"]
    assert set(reveals[1]) == {"asked:alcohol", "asked:alcohol:again", "finding:heavy_drinking"}


def test_a_restored_episode_goes_on_with_the_same_talk() -> None:
    id_ = reticent()
    events = talk(id_, [ALCOHOL, "Do you smoke?", ALCOHOL])
    begun = [e for e in events if not isinstance(e.data, ToolCalled) or e.data.turn < 3]
    cut = next(i for i, e in enumerate(events) if getattr(e.data, "turn", 0) == 3)
    session = restore(events[0].data, fold(events[:cut]))
    assert answer(session.patient, session.world.observed, ALCOHOL).text == spoken(begun)[2]


def test_a_changed_fact_changes_its_own_sentence_only() -> None:
    p = generate(task(TASK).variant, task(TASK).seed)
    other = changed(p, {"sputum": not p.findings["sputum"]})
    assert manner(p) == manner(other)
    one, two = (answer(x, (), directly("sputum")) for x in (p, other))
    f = findings()["sputum"]
    said = {True: f.told, False: f.denied}
    assert said[p.findings["sputum"]] in one.text
    assert said[other.findings["sputum"]] in two.text
    assert one.said == two.said


def test_a_player_asks_by_topic_then_by_name_and_never_twice() -> None:
    views: list[View] = []
    wanted = ("sputum", "heavy_drinking", "leg_swelling", "fear", "missed_insulin")
    asked: list[str] = []

    def act(view: View) -> Action:
        views.append(view)
        question = next_question(view, read(view), wanted)
        if question is None:
            return Action(raw=render("submit_answer", {}))
        assert question not in asked_before(view)
        asked.append(question)
        return Action(raw=render("ask_patient", {"question": question}))

    play(request(task(reticent()), agent="a", max_turns=20), act, parse)
    seen = read(views[-1])
    assert {f"finding:{id_}" for id_ in wanted} <= seen.facts
    assert asked[0] == about(["cough", "alcohol", "legs"])
    assert "heavy_drinking" in half_told(read(views[1]), wanted)
    assert any(findings()["heavy_drinking"].text in question for question in asked[1:])
    assert len(asked) <= 6


def test_what_nobody_can_tell_is_asked_for_a_few_times_at_most() -> None:
    turns = 0

    def act(view: View) -> Action:
        nonlocal turns
        turns = len(view.turns)
        question = next_question(view, read(view), ("moves_less",))
        call = ("ask_patient", {"question": question}) if question else ("submit_answer", {})
        return Action(raw=render(*call))

    play(request(task(TASK), agent="a", max_turns=20), act, parse)
    assert turns <= 3


def test_the_expert_asks_no_question_twice() -> None:
    for t in tasks("triage_emergency")[::23] + tasks("clinical_diagnosis")[::97]:
        events = play(request(t, agent="a"), expert, parse)
        calls = [e.data for e in events if isinstance(e.data, ToolCalled)]
        questions = [c.arguments["question"] for c in calls if c.tool == "ask_patient"]
        assert len(questions) == len(set(questions)), t.id
        assert not any("one thing" in text.lower() for text in spoken(events)), t.id


@pytest.mark.parametrize("json", [True, False])
def test_the_command_shows_how_a_patient_talks(json: bool) -> None:
    how = manner(generate("dka_missed_insulin", 1))
    arguments = ["patient", "--variant", "dka_missed_insulin", "--seed", "1"]
    shown = CliRunner().invoke(app, [*arguments, "--json"] if json else arguments)
    assert shown.exit_code == 0, shown.output
    if json:
        body = msgspec.json.decode(shown.output)["manner"]
        assert body == {
            "personality": how.personality,
            "bias": how.bias,
            "withheld": sorted(how.withheld),
        }
    else:
        assert how.personality in shown.output
        assert how.bias in shown.output
