"""Pathways as a domain: no hack pays, the truth decides, tools tell of this patient alone."""

from functools import cache
from typing import Any

import msgspec
import pytest

from healthgym.agents.expert import imperfect
from healthgym.agents.expert import play as expert_plays
from healthgym.agents.random_policy import arguments
from healthgym.agents.toolcall import parse, render
from healthgym.bus.events import EpisodeScored, Event, ObservationReturned, canonical
from healthgym.bus.view import Action
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.environments.tool import tools
from healthgym.knowledge.conditions import condition
from healthgym.knowledge.domains.cross_domain import judgement, reference
from healthgym.knowledge.pathways import pathway_of, pathways
from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.rng import stream
from healthgym.knowledge.tasks import task, tasks
from healthgym.knowledge.variants import conditions_in
from healthgym.scorers.composite import score

DOMAIN = "cross_domain"
Call = tuple[str, dict[str, Any]]
HACK, DANGER = 0.15, 0.1
FIRST = [t.id for t in tasks(DOMAIN) if t.id.endswith("_001")]
SOME = FIRST[::6]
OWN = [n for n, t in tools(DOMAIN).items() if t.domains == (DOMAIN,)]


def patient(id_: str) -> Patient:
    t = task(id_)
    return generate(t.variant, t.seed)


@cache
def _gold(id_: str) -> bytes:
    return msgspec.json.encode([(c.tool, c.arguments) for c in reference(patient(id_))])


def gold(id_: str) -> list[Call]:
    return msgspec.json.decode(_gold(id_), type=list[tuple[str, dict[str, Any]]])


def run(id_: str, calls: list[Call]) -> list[Event]:
    said = iter(calls)
    asked = request(task(id_), agent="t", max_turns=max(len(calls), 1))
    return play(asked, lambda _: Action(raw=render(*next(said, ("submit_answer", {})))))


def judged(id_: str, calls: list[Call]) -> EpisodeScored:
    return score(run(id_, calls))


def answered(id_: str, **fields: Any) -> list[Call]:
    calls = gold(id_)
    return [*calls[:-1], ("submit_pathway", {**calls[-1][1], **fields})]


def test_there_are_enough_of_everything() -> None:
    assert len(FIRST) >= 25
    assert len(tasks(DOMAIN)) == 5 * len(FIRST)
    assert len(OWN) >= 8
    covered = {c for p in pathways().values() for c in p.conditions}
    assert covered == set(conditions_in(DOMAIN))


@pytest.mark.parametrize("id_", FIRST)
def test_a_wrong_diagnosis_earns_nothing(id_: str) -> None:
    own = condition(patient(id_).condition)
    for other in own.look_alikes[:2]:
        code = condition(other).icd10
        if code[:3] == own.icd10[:3]:
            continue  # two walls of one infarction share the category: honest partial credit
        assert judged(id_, answered(id_, icd10_code=code)).composite <= HACK, (id_, other)


@pytest.mark.parametrize("id_", SOME)
def test_the_right_answer_without_the_evidence_earns_nothing(id_: str) -> None:
    assert judged(id_, gold(id_)[-1:]).composite <= HACK
    assert judged(id_, gold(id_)[-6:]).composite <= HACK


@pytest.mark.parametrize("id_", SOME)
def test_every_tool_once_earns_nothing(id_: str) -> None:
    every = [n for n in tools(DOMAIN) if not n.startswith("submit_")]
    assert judged(id_, [(n, {}) for n in every]).composite <= HACK
    s = stream("every", id_)
    filled: list[Call] = []
    for name in every:
        schema = tools(DOMAIN)[name].schema()["parameters"]
        filled.append((name, arguments(schema["properties"], schema["required"], s)))
    assert judged(id_, [*filled, ("submit_answer", {})]).composite <= HACK


@pytest.mark.parametrize("id_", SOME)
def test_words_earn_nothing(id_: str) -> None:
    names = " ".join(f"{condition(c).name} {condition(c).icd10}" for c in conditions_in(DOMAIN))
    said = {"answer": names, "reasoning": names}
    assert judged(id_, [("submit_answer", said)]).composite <= HACK
    right = condition(patient(id_).condition)
    shared = {"icd10_code": right.icd10, "disposition": "icu", "answer": names}
    assert judged(id_, [*gold(id_)[:-1], ("submit_answer", shared)]).composite <= HACK


@pytest.mark.parametrize("id_", FIRST)
def test_sent_home_is_dangerous_where_it_is(id_: str) -> None:
    found = judged(id_, answered(id_, disposition="discharge_home"))
    if "discharge_home" in judgement(patient(id_)).unsafe_dispositions:
        assert found.composite <= DANGER, id_
    else:
        assert found.composite < 1.0, id_


@pytest.mark.parametrize("id_", SOME)
def test_the_wrong_pathway_halves_the_answer(id_: str) -> None:
    right = pathway_of(patient(id_).condition).id
    other = next(p for p in pathways() if p != right)
    calls = [(t, {"pathway": other} if t == "activate_pathway" else a) for t, a in gold(id_)]
    found = judged(id_, calls)
    assert found.accuracy.reasons[0].earned == pytest.approx(0.5)
    assert not found.correct


@pytest.mark.parametrize("id_", SOME)
def test_clumsy_play_earns_less_than_good_play(id_: str) -> None:
    asked = request(task(id_), agent="t", max_turns=40)

    def clumsy(view: Any) -> Action:
        return imperfect(view, 0.2, stream("clumsy", id_, len(view.turns)))

    good = score(play(asked, expert_plays, parse)).composite
    assert score(play(asked, clumsy, parse)).composite < good


def _other(one: Patient, **extra: Any) -> Patient:
    return msgspec.structs.replace(one, extra={**one.extra, **extra})


def test_what_decides_changes_what_is_right() -> None:
    """The same patient with another truth asks for another act."""
    stroke = patient("path_stroke_in_window_001")
    late = _other(stroke, last_known_well_h=9.0)
    assert "tenecteplase" in str(reference(stroke))
    assert "tenecteplase" not in str(reference(late))
    stemi = patient("path_stemi_anterior_001")
    far = _other(stemi, device_min=200)
    assert "pci" in str(reference(stemi))
    assert "pci" not in str(reference(far))
    assert "tenecteplase" in str(reference(far))
    hip = patient("path_embolus_hip_001")
    fresh = _other(hip, brain_operated_h=18)
    assert "vena_cava_filter" in str(reference(fresh))
    assert "enoxaparin" not in str(reference(fresh))


def test_the_same_play_gives_the_same_bytes() -> None:
    once, again = (run(SOME[0], gold(SOME[0])) for _ in range(2))
    assert [canonical(e) for e in once] == [canonical(e) for e in again]


def _last(id_: str, calls: list[Call]) -> ObservationReturned:
    seen = [e.data for e in run(id_, calls) if isinstance(e.data, ObservationReturned)]
    return seen[len(calls) - 1]


@pytest.mark.parametrize(
    ("tool", "fields", "named"),
    [
        ("activate_pathway", {"pathway": "headache"}, "pathway"),
        ("check_bundle", {"bundle": "x"}, "bundle"),
        ("call_pathway_team", {"team": "x"}, "team"),
        ("perform_pathway_procedure", {"procedure": "x"}, "procedure"),
        ("transfer_care", {"to_specialty": "x"}, "to_specialty"),
        ("request_bed", {"unit": "x"}, "unit"),
        ("family_communication", {"topics": []}, "topics"),
        ("submit_pathway", {"diagnosis": "x", "icd10_code": "I63.9", "disposition": "moon",
                            "completed_phases": []}, "disposition"),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused_by_name(tool: str, fields: dict[str, Any], named: str) -> None:
    seen = _last(SOME[0], [(tool, fields)])
    assert not seen.ok
    assert seen.content["field"] == named


@pytest.mark.parametrize(
    ("tool", "fields"),
    [
        ("check_phase", {}),
        ("transfer_care", {"to_specialty": "cardiology"}),
        ("perform_pathway_procedure", {"procedure": "pci"}),
        ("perform_pathway_procedure", {"procedure": "thrombectomy"}),
        ("count_kawasaki_signs", {}),
        ("family_communication", {"topics": ["diagnosis"]}),
    ],
)
def test_what_was_not_seen_before_is_asked_for(tool: str, fields: dict[str, Any]) -> None:
    seen = _last("path_kawasaki_code_001", [(tool, fields)])
    assert seen.code == "insufficient_data"
    assert seen.content["missing"]


@pytest.mark.parametrize(
    ("tool", "one", "other"),
    [
        ("assess_nihss", "path_stroke_in_window_001", "path_stroke_large_vessel_001"),
        ("establish_last_known_well", "path_stroke_in_window_001", "path_stroke_woke_up_001"),
        ("read_operation_note", "path_embolus_hip_001", "path_embolus_epidural_001"),
        ("swab_throat", "path_kawasaki_code_001", "path_scarlet_fever_code_001"),
    ],
)
def test_tools_tell_of_this_patient(tool: str, one: str, other: str) -> None:
    assert _last(one, [(tool, {})]).content != _last(other, [(tool, {})]).content


def test_the_bundle_follows_the_chart() -> None:
    id_ = "path_septic_shock_001"
    calls = gold(id_)
    given = next(i for i, c in enumerate(calls) if c[0] == "prescribe_medication")
    ask = ("check_bundle", {"bundle": "sepsis"})
    before = _last(id_, [*calls[:given], ask]).content["acts"]
    after = _last(id_, [*calls[: given + 1], ask]).content["acts"]
    assert before["antibiotic"].startswith("pending")
    assert after["antibiotic"] == "done"
    wait = ("wait_for_results", {"max_minutes": 60})
    overdue = _last(id_, [("get_vital_signs", {}), wait, wait, ask]).content["acts"]
    assert overdue["lactate"].startswith("overdue")


def test_a_weak_side_from_low_sugar_goes_with_the_sugar() -> None:
    events = run("path_low_sugar_code_001", gold("path_low_sugar_code_001"))
    points = [
        e.data.content["nihss"]
        for e in events
        if isinstance(e.data, ObservationReturned) and "nihss" in e.data.content
    ]
    assert points[0] > 0
    assert points[-1] == 0


@pytest.mark.parametrize(
    ("id_", "procedure", "team"),
    [
        ("stroke_in_window", "thrombectomy", "thrombectomy"),
        ("brain_bleed", "thrombectomy", "thrombectomy"),
        ("embolus_hip", "vena_cava_filter", "embolism"),
        ("embolus_hip", "embolectomy", "embolism"),
        ("dissection_code", "pci", "cath_lab"),
    ],
)
def test_a_procedure_nobody_needs_is_found(id_: str, procedure: str, team: str) -> None:
    name = f"path_{id_}_001"
    act = [("call_pathway_team", {"team": team})]
    act.append(("perform_pathway_procedure", {"procedure": procedure}))
    whole = judged(name, gold(name))
    found = judged(name, [*gold(name)[:-1], *act, gold(name)[-1]])
    assert "PROCEDURE_NOT_INDICATED" in {f.rule for f in found.findings}
    assert found.composite < whole.composite - 0.1


@pytest.mark.parametrize("id_", SOME)
def test_everything_at_once_is_no_care(id_: str) -> None:
    """All teams, procedures and pathways, beside good care: not worth it."""
    teams = ("cath_lab", "cardiothoracic", "thrombectomy", "neurosurgery", "embolism")
    acts = ("pci", "thrombectomy", "vena_cava_filter", "embolectomy", "chest_physiotherapy")
    calls: list[Call] = [("call_pathway_team", {"team": t}) for t in teams]
    calls += [("perform_pathway_procedure", {"procedure": p}) for p in acts]
    whole = judged(id_, gold(id_))
    found = judged(id_, [*gold(id_)[:-1], *calls, gold(id_)[-1]])
    assert found.composite < whole.composite - 0.04


def test_the_wrong_service_and_bed_do_not_count() -> None:
    id_ = "path_septic_shock_001"
    calls = [
        (t, {**a, "to_specialty": "neurology"} if "to_specialty" in a else a) for t, a in gold(id_)
    ]
    calls = [(t, {"unit": "observation"} if t == "request_bed" else a) for t, a in calls]
    found = judged(id_, calls)
    missed = {r.id for r in found.process.reasons if r.earned < r.possible}
    assert {"transfer", "bed"} <= missed
