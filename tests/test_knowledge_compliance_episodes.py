"""Guideline compliance of played episodes."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.agents.toolcall import render
from healthgym.bus.view import Action
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.compliance import compliance, comply, critical
from healthgym.knowledge.conditions import Predicate
from healthgym.knowledge.domains import questions
from healthgym.knowledge.guidelines import guideline, versions
from healthgym.knowledge.patients import generate
from healthgym.knowledge.tasks import task, tasks, variants
from healthgym.scorers.case import Case, open_case
from healthgym.scorers.compliance import acts, answers, check
from healthgym.scorers.errors import OtherVersion

WARD = "clinical_diagnosis"
FIRST = {t.condition: t for t in reversed(tasks(WARD))}
STOP_WORDS = ("the of and to", "is it as", "with or without", "a an the")
WRONG = {"missed", "late", "violated"}


def case_of(on, calls, **settings_) -> Case:
    said = iter(calls)
    asked = request(on, agent="guided", max_turns=max(len(calls), 1), **settings_)
    return open_case(play(asked, lambda _: Action(raw=render(*next(said, ("submit_answer", {}))))))


def gold(on) -> list[tuple[str, dict[str, object]]]:
    plan = questions(on.domain).reference(generate(on.variant, on.seed))
    return [(c.tool, dict(c.arguments)) for c in plan]


def faults(case: Case) -> list[tuple[str, str, str]]:
    return [(v.action, v.status, v.note) for v in check(case) if v.status in WRONG]


@pytest.mark.parametrize("condition", sorted(FIRST))
def test_the_reference_complies_fully(condition):
    for on in (t for t in tasks(WARD) if t.condition == condition):
        case = case_of(on, gold(on))
        assert faults(case) == [], on.id
        assert compliance(check(case)) == 1.0


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(variants(WARD)), st.integers(0, 400_000))
def test_the_reference_complies_with_any_patient(variant, seed):
    on = task(f"{WARD}:{variant}:{seed}")
    assert faults(case_of(on, gold(on))) == []


@pytest.mark.parametrize("condition", sorted(FIRST))
def test_idle_episodes_comply_with_nothing(condition):
    on = FIRST[condition]
    idle = [("think", {"thought": w}) for w in STOP_WORDS]
    idle += [("ask_patient", {"question": w}) for w in STOP_WORDS]
    for calls in ([], idle, [("nonsense", {})] * 5):
        verdicts = check(case_of(on, calls))
        assert {v.status for v in verdicts} <= {"missed", "not_applicable"}
        assert any(v.status == "missed" for v in verdicts)
        assert compliance(verdicts) == 0.0


def test_slow_care_is_late():
    on = FIRST["nstemi"]
    wait = [("wait_for_results", {"max_minutes": 120})]
    found = {v.action: v for v in check(case_of(on, wait + gold(on)))}
    late = {"ecg", "troponin", "aspirin"}
    assert {k for k, v in found.items() if v.status == "late"} >= late
    assert found["ecg"].minute > 120


def test_a_forbidden_drug_and_its_event():
    on = next(t for t in tasks(WARD) if t.variant == "dka_low_potassium")
    insulin = {"drug_name": "insulin_regular", "dose": 8, "dose_unit": "units", "route": "iv"}
    case = case_of(on, [("get_vital_signs", {}), ("prescribe_medication", insulin), *gold(on)])
    grave = {v.action: v for v in critical(check(case))}
    assert set(grave) == {"insulin_low_potassium", "potassium_before_insulin"}
    step = case.steps[1]
    assert step.done == "drug:insulin_regular"
    assert {v.event for v in grave.values()} == {step.n}
    assert {v.rule for v in grave.values()} == {"DKA_INSULIN_WITH_LOW_K"}


def test_the_pinned_version_judges():
    on = FIRST["dka"]
    now, then = case_of(on, gold(on)), case_of(on, gold(on), guidelines={"dka": "ADA 2009"})
    assert {v.version for v in check(now)} == {"ADA/EASD 2024"}
    assert {v.version for v in check(then)} == {"ADA 2009"}
    assert check(case_of(on, gold(on), guidelines={})) == []
    with pytest.raises(OtherVersion, match="ADA 1999"):
        check(case_of(on, gold(on), guidelines={"dka": "ADA 1999"}))
    assert now.requested.guidelines == versions()


def test_only_what_is_meant_for_the_patient_here():
    for condition, on in FIRST.items():
        case = case_of(on, gold(on))
        (id_,) = {v.guideline for v in check(case)}
        assert condition in guideline(id_).conditions
    for on in tasks("triage_emergency")[:4]:
        assert check(case_of(on, gold(on))) == []


def test_doses_reach_the_judge():
    on = FIRST["dka"]
    given_ = next(a for a in acts(case_of(on, gold(on))) if a.drug == "insulin_regular")
    weight = generate(on.variant, on.seed).weight_kg
    assert given_.unit == "units"
    assert given_.route == "iv"
    assert given_.dose == pytest.approx(0.1 * weight, rel=1e-3)
    assert given_.per_kg == pytest.approx(0.1, rel=1e-3)
    assert not given_.token
    tiny = {"drug_name": "insulin_regular", "dose": 0.1, "dose_unit": "units", "route": "iv"}
    assert acts(case_of(on, [("prescribe_medication", tiny)]))[0].token


def test_the_truth_is_asked_at_its_minute():
    on = FIRST["dka"]
    asked = answers(case_of(on, gold(on)))
    glucose = [g for g in range(100, 900) if asked(glucose_over(g), 0.0)][-1]
    assert asked(glucose_over(glucose), 0.0)
    assert not asked(glucose_over(glucose), 60.0)
    assert asked(Predicate(fact="extra:no_such_fact", op="is", value=True), 0.0) is None


def glucose_over(value: float) -> Predicate:
    return Predicate(fact="lab:glucose_mg_dl", op=">", value=value)


def test_refused_calls_are_no_acts():
    on = FIRST["dka"]
    wrong = {"drug_name": "insulin_regular", "dose": 8, "dose_unit": "bottles", "route": "iv"}
    done = acts(case_of(on, [("prescribe_medication", wrong), ("get_vital_signs", {})]))
    assert [a.ok for a in done[:2]] == [False, True]
    assert done[0].items == ()


def test_results_are_seen_only_when_shown():
    on = FIRST["sepsis"]
    done = acts(case_of(on, [("order_lab_test", {"test": "lactate"}), ("wait_for_results", {})]))
    assert [("lab:lactate" in a.items, "seen:lab:lactate" in a.items) for a in done[:2]] == [
        (True, False),
        (True, True),
    ]


def test_speed():
    on = FIRST["sepsis"]
    case = case_of(on, gold(on))
    done, truth, own = acts(case), answers(case), guideline("sepsis")
    long = (done * 4)[:40]
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(20):
            comply(own, long, truth)
        best = min(best, (time.perf_counter() - started) / 20)
    # A wide margin over the usual: shared machines are slow at times.
    assert best < 0.005
