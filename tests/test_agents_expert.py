"""The expert sees observations only, plays well, and errs on demand."""

from statistics import mean

import msgspec
import pytest

from healthgym.agents import expert
from healthgym.agents.policy import View
from healthgym.agents.reading import family_of, read
from healthgym.agents.toolcall import parse, render
from healthgym.bus.events import EpisodeScored
from healthgym.bus.view import Action, Parsed
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.patients import generate
from healthgym.knowledge.rng import stream
from healthgym.knowledge.tasks import Task, task, tasks
from healthgym.scorers.composite import score

ALL = tasks("clinical_diagnosis")
TASKS = ALL[::6]


def judged(on: Task, skill: float = 1.0, index: int = 0) -> EpisodeScored:
    def act(view: View) -> Action:
        if skill >= 1:
            return expert.play(view)
        return expert.imperfect(view, skill, stream("t", view.episode, len(view.turns)))

    return score(play(request(on, agent="expert", index=index), act, parse))


def test_the_expert_plays_well_in_every_condition_and_harms_nobody_with_a_drug() -> None:
    by: dict[str, list[float]] = {}
    for on in ALL:
        scored = judged(on)
        by.setdefault(on.condition, []).append(scored.composite)
        for f in scored.findings:
            given = f.severity == 5 and not f.rule.endswith(("OMITTED", "RED_FLAG", "NO_SURGEON"))
            assert not given, (on.id, f)
    assert mean(c for found in by.values() for c in found) >= 0.85
    assert all(mean(found) >= 0.5 for found in by.values()), by


def test_the_expert_sees_only_the_view() -> None:
    """Two patients with the same words before them get the same next call."""
    on = task("dx_nstemi_001")
    views: list[View] = []

    def act(view: View) -> Action:
        views.append(view)
        return expert.play(view)

    play(request(on, agent="expert"), act, parse)
    other = [msgspec.structs.replace(v, episode="episode.other.1") for v in views]
    assert [expert.play(v) for v in views] == [expert.play(v) for v in other]


def test_less_skill_scores_less() -> None:
    def level(skill: float) -> float:
        return mean(judged(on, skill, i).composite for on in TASKS for i in range(2))

    assert level(1.0) > level(0.6) > level(0.0)


def test_mistakes_are_seeded() -> None:
    on = task("dx_dka_001")
    assert judged(on, 0.3) == judged(on, 0.3)


def test_the_unskilled_sometimes_say_no_call() -> None:
    view: list[View] = []
    on = task("dx_dka_001")

    def act(seen: View) -> Action:
        view.append(seen)
        return Action(raw=render("submit_answer", {}))

    play(request(on, agent="a"), act, parse)
    said = [expert.imperfect(view[0], 0.0, stream("x", i)).raw for i in range(400)]
    broken = sum(not isinstance(parse(raw), Parsed) for raw in said)
    assert 0 < broken < 60


def test_the_expert_answers_in_its_last_turn() -> None:
    for on in TASKS[:6]:
        events = play(request(on, agent="expert", max_turns=4), expert.play, parse)
        assert score(events).turns <= 4
        ended = events[-1].data
        assert ended.reason == "submitted"


@pytest.mark.parametrize("on", tasks("clinical_diagnosis")[::4], ids=lambda t: t.id)
def test_the_ticket_names_the_family(on: Task) -> None:
    from healthgym.knowledge.conditions import condition

    patient = generate(on.variant, on.seed)
    assert family_of(patient.complaint) == condition(on.condition).family


def test_a_chart_is_read_as_it_was_shown() -> None:
    on = next(
        t for t in tasks("clinical_diagnosis") if t.variant == "pneumonia_penicillin_anaphylaxis"
    )
    patient = generate(on.variant, on.seed)
    seen: list[View] = []
    asked = iter(
        [
            "get_allergies",
            "get_patient_history",
            "get_medications",
            "get_lab_results",
            "get_vital_signs",
        ]
    )

    def act(view: View) -> Action:
        seen.append(view)
        return Action(raw=render(next(asked, "submit_answer"), {}))

    play(request(on, agent="a"), act, parse)
    chart = read(seen[-1])
    assert chart.allergies == patient.allergies
    assert set(chart.past) == set(patient.comorbidities)
    assert set(chart.medications) == {m.drug for m in patient.medications}
    told = chart.findings
    assert told
    assert told == {k: patient.findings[k] for k in told}
    assert chart.values["potassium_mmol_l"] == pytest.approx(4.2, abs=2)
