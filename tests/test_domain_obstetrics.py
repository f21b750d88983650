"""Obstetrics: disorder and time of birth follow what is found; delay, harm and guesses cost."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.agents.toolcall import render
from healthgym.bus.events import EpisodeScored, Event
from healthgym.bus.view import Action
from healthgym.cli.play import by_reference
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.environments.tool import tools
from healthgym.knowledge.conditions import condition
from healthgym.knowledge.domains.obstetrics import judgement, knowing, reference
from healthgym.knowledge.forks import changed
from healthgym.knowledge.icd10 import listed
from healthgym.knowledge.obstetrics import code, features, near, timing
from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.physiology import levels
from healthgym.knowledge.tasks import task, tasks
from healthgym.knowledge.variants import conditions_in, variant
from healthgym.scorers.composite import score

DOMAIN = "obstetrics"
SOME = [t.id for t in tasks(DOMAIN) if t.id.endswith("_001")]
OWN = [n for n, t in tools(DOMAIN).items() if t.domains == (DOMAIN,)]
Calls = list[tuple[str, dict[str, Any]]]


def patient(id_: str) -> Patient:
    t = task(id_)
    return generate(t.variant, t.seed)


def run(id_: str, calls: Calls) -> tuple[list[Event], EpisodeScored]:
    said = iter(calls)
    asked = request(task(id_), agent="t", max_turns=max(len(calls), 1))
    events = play(asked, lambda _: Action(raw=render(*next(said, ("submit_answer", {})))))
    return events, score(events)


def gold(id_: str) -> Calls:
    return [(c.tool, dict(c.arguments)) for c in reference(patient(id_))]


def answered(id_: str, **fields: Any) -> Calls:
    calls = gold(id_)
    return [*calls[:-1], ("submit_plan", {**calls[-1][1], **fields})]


def without(id_: str, *names: str) -> Calls:
    return [
        (tool, a)
        for tool, a in gold(id_)
        if tool not in names and not (set(map(str, a.values())) & set(names))
    ]


def rules(id_: str, calls: Calls) -> dict[str, int]:
    return {f.rule: f.severity for f in run(id_, calls)[1].findings}


def test_there_are_enough_cases_and_tools() -> None:
    assert len(SOME) >= 24
    assert len(tasks(DOMAIN)) == 5 * len(SOME)
    assert len(conditions_in(DOMAIN)) >= 20
    assert len(OWN) >= 20


@pytest.mark.parametrize("id_", SOME)
def test_a_right_code_with_the_wrong_time_or_a_look_alike_fails(id_: str) -> None:
    p = patient(id_)
    known = knowing(p)
    right = timing(p.condition, known)
    for when in ("now", "within_24h", "expectant", "not_applicable"):
        scored = run(id_, answered(id_, delivery=when))[1]
        assert scored.correct == (right.get(when, 0) >= 0.8), when
        if when not in right:
            assert scored.composite <= 0.15, when
    for other in near(p.condition, known):
        assert run(id_, answered(id_, icd10_code=other))[1].composite <= 0.15, other


@pytest.mark.parametrize("id_", SOME[::3])
def test_hacks_do_not_pay(id_: str) -> None:
    plan = gold(id_)[-1]
    names = [n for n in tools(DOMAIN) if not n.startswith("submit_")]
    text = " ".join(condition(c).name for c in conditions_in(DOMAIN))
    filled: dict[str, dict[str, Any]] = {
        "order_lab_test": {"test": "lactate"},
        "order_imaging": {"study": "chest_xray"},
        "call_team": {"team": "surgery"},
        "give_standing_order": {"order": "misoprostol"},
        "ask_patient": {"question": "Where is the pain?"},
        "think": {"thought": text[:500]},
    }
    hacks: dict[str, Calls] = {
        "guess": [plan],
        "looked at one thing": [("get_obstetric_history", {}), plan],
        "shared answer": [*gold(id_)[:-1], ("submit_answer", {"answer": text})],
        "code in the shared answer": [
            *gold(id_)[:-1],
            ("submit_answer", {"icd10_code": plan[1]["icd10_code"], "disposition": "ward"}),
        ],
        "every tool": [*((n, {}) for n in names), ("submit_answer", {"answer": text})],
        "every tool, filled": [
            *((n, filled.get(n, {})) for n in names),
            ("submit_answer", {"answer": text}),
        ],
        "unrelated code": answered(id_, icd10_code="S82.101A"),
        "no answer": gold(id_)[:-1],
    }
    for name, calls in hacks.items():
        assert run(id_, calls)[1].composite <= 0.15, name


def test_severe_preeclampsia_untreated_is_critical() -> None:
    id_ = "ob_pre_severe_35_001"
    for drug in ("labetalol", "magnesium_sulfate"):
        calls = without(id_, drug, "call_team")
        _, scored = run(id_, calls)
        found = {f.rule: f.severity for f in scored.findings}
        wanted = {"SEVERE_PREECLAMPSIA_NO_TREATMENT": 5, "BEYOND_SCOPE_NO_REFERRAL": 2}
        assert found == wanted, drug
        assert scored.composite <= 0.10


@pytest.mark.parametrize(
    ("id_", "act", "rule"),
    [
        ("ob_pre_myasthenia_001", "magnesium_sulfate", "MAGNESIUM_IN_MYASTHENIA"),
        ("ob_atony_hypertensive_001", "methylergonovine", "METHYLERGONOVINE_IN_HYPERTENSION"),
        ("ob_gestational_pressure_001", "methylergonovine", "METHYLERGONOVINE_IN_HYPERTENSION"),
        ("ob_chronic_pressure_001", "lisinopril", "TERATOGEN_IN_PREGNANCY"),
        ("ob_miscarriage_threatens_001", "warfarin", "TERATOGEN_IN_PREGNANCY"),
    ],
)
def test_dangerous_drugs_are_critical(id_: str, act: str, rule: str) -> None:
    dose = {"magnesium_sulfate": (4, "g", "iv"), "lisinopril": (10, "mg", "oral")}
    amount, unit, route = dose.get(act, (5, "mg", "oral"))
    call: tuple[str, dict[str, Any]] = ("give_standing_order", {"order": act})
    if act != "methylergonovine":
        chosen = {"drug_name": act, "dose": amount, "dose_unit": unit, "route": route}
        call = ("prescribe_medication", chosen)
    _, scored = run(id_, [call, *gold(id_)])
    assert {f.rule: f.severity for f in scored.findings}[rule] == 5
    assert scored.composite <= 0.10
    assert rule not in rules(id_, gold(id_))


@pytest.mark.parametrize(
    ("id_", "call", "rule"),
    [
        (
            "ob_atony_asthma_001",
            ("give_standing_order", "order", "carboprost"),
            "CARBOPROST_IN_ASTHMA",
        ),
        ("ob_praevia_term_001", ("perform_cervical_exam", "", ""), "DIGITAL_EXAM_IN_PRAEVIA"),
        (
            "ob_tracing_late_001",
            ("give_standing_order", "order", "oxytocin"),
            "OXYTOCIN_IN_CATEGORY_III",
        ),
    ],
)
def test_what_harms_her_or_the_fetus_is_severe(
    id_: str, call: tuple[str, str, str], rule: str
) -> None:
    tool, field, value = call
    assert rules(id_, [(tool, {field: value} if field else {}), *gold(id_)])[rule] == 4
    assert rule not in rules(id_, gold(id_))


def test_a_birth_without_a_reason_is_a_finding() -> None:
    early = ("deliver", {"mode": "cesarean", "when": "now"})
    for id_, severity in (
        ("ob_preterm_29_001", 5),
        ("ob_gestational_pressure_001", 4),
        ("ob_labour_typical_001", 3),
    ):
        assert rules(id_, [early, *gold(id_)])["DELIVERY_WITHOUT_INDICATION"] == severity


def test_nothing_done_in_category_three_or_cord_prolapse_is_critical() -> None:
    for id_, rule in (
        ("ob_tracing_slow_001", "CATEGORY_III_NO_ACTION"),
        ("ob_cord_slow_heart_001", "CORD_PROLAPSE_NO_ACTION"),
    ):
        calls = without(id_, "deliver", "lift_presenting_part", "call_team")
        _, scored = run(id_, calls)
        assert {f.rule: f.severity for f in scored.findings}[rule] == 5
        assert scored.composite <= 0.10


def test_a_late_answer_to_bleeding_costs_and_no_oxytocin_is_critical() -> None:
    id_ = "ob_atony_001"
    waits: Calls = [("wait_for_results", {"max_minutes": 60})]
    prompt, late = run(id_, gold(id_))[1], run(id_, [*waits, *gold(id_)])[1]
    assert late.composite <= 0.10 < prompt.composite
    assert rules(id_, [*waits, *gold(id_)])["PPH_NO_OXYTOCIN"] >= 4
    assert rules(id_, without(id_, "oxytocin", "call_team"))["PPH_NO_OXYTOCIN"] == 5


@pytest.mark.parametrize(
    ("id_", "facts", "before", "after"),
    [
        ("ob_pre_mild_32_001", {"sbp_mmhg": 172.0}, "O14.03", "O14.13"),
        ("ob_pre_mild_32_001", {"platelets_10e9_l": 70.0}, "O14.03", "O14.13"),
        ("ob_pre_mild_32_001", {"flashes_seen": True}, "O14.03", "O14.13"),
        ("ob_pre_kidney_36_001", {"creatinine_mg_dl": 0.7}, "O14.13", "O14.03"),
        ("ob_pre_headache_31_001", {"migraine_before": True}, "O14.13", "O14.03"),
    ],
)
def test_flipping_the_decisive_finding_changes_the_disorder(
    id_: str, facts: dict[str, Any], before: str, after: str
) -> None:
    p = patient(id_)
    other = changed(p, facts)
    assert code(p.condition, knowing(p)) == before
    assert code(other.condition, knowing(other)) == after
    given_ids = {r.id for r in judgement(p).required} ^ {r.id for r in judgement(other).required}
    assert "magnesium" in given_ids


def test_a_fit_is_eclampsia_by_what_goes_with_it() -> None:
    """The same fit: magnesium where pressure and protein go with it, none in a known epilepsy."""
    for id_, asks in (("ob_eclampsia_moderate_001", True), ("ob_epileptic_fit_001", False)):
        p = patient(id_)
        assert p.findings["had_fit"]
        assert ("magnesium" in {r.id for r in judgement(p).required}) is asks
        assert _when(p) == ("within_24h" if asks else "expectant")
        assert run(id_, without(id_, "ask_patient"))[1].composite <= 0.15
    bare = changed(patient("ob_eclampsia_moderate_001"), {"headache_new": False})
    bare = changed(bare, {"flashes_seen": False, "pain_upper_right": False, "lungs_wet": False})
    assert "magnesium" in {r.id for r in judgement(bare).required}


def test_superimposed_preeclampsia_is_bound_by_the_rules_of_preeclampsia() -> None:
    mild, severe = patient("ob_superimposed_mild_001"), patient("ob_superimposed_severe_001")
    assert code(mild.condition, knowing(mild)) == "O11.3"
    assert (_when(mild), _when(severe)) == ("expectant", "within_24h")
    assert _when(_with(mild, pregnant_week=37)) == "within_24h"
    wanted = {"magnesium", "pressure_down"}
    assert not wanted & {r.id for r in judgement(mild).required}
    assert wanted <= {r.id for r in judgement(severe).required}


def _with(p: Patient, **extra: Any) -> Patient:
    return msgspec.structs.replace(p, extra={**p.extra, **extra})


def _when(p: Patient) -> str:
    return next(iter(timing(p.condition, knowing(p))))


@pytest.mark.parametrize(
    ("id_", "extra", "before", "after"),
    [
        ("ob_pre_severe_30_001", {"pregnant_week": 34}, "expectant", "within_24h"),
        ("ob_pre_mild_32_001", {"pregnant_week": 37}, "expectant", "within_24h"),
        ("ob_pre_mild_32_001", {"tracing": "sinusoidal"}, "expectant", "now"),
        ("ob_abruption_stable_30_001", {"tracing": "absent_late"}, "expectant", "now"),
        ("ob_abruption_stable_30_001", {"blood_loss_ml": 1200}, "expectant", "now"),
        ("ob_praevia_stopped_31_001", {"pregnant_week": 36}, "expectant", "within_24h"),
        ("ob_labour_typical_001", {"tracing": "bradycardia"}, "expectant", "now"),
    ],
)
def test_flipping_week_or_fetus_changes_the_time_of_birth(
    id_: str, extra: dict[str, Any], before: str, after: str
) -> None:
    p = patient(id_)
    assert _when(p) == before
    assert _when(_with(p, **extra)) == after


def test_anti_d_is_asked_for_from_twelve_weeks() -> None:
    p = patient("ob_miscarriage_rh_negative_001")
    assert "anti_d" in {r.id for r in judgement(p).required}
    for other in (_with(p, pregnant_week=10), _with(p, rh_negative=False)):
        assert "anti_d" not in {r.id for r in judgement(other).required}


def test_the_glucose_values_make_the_diagnosis() -> None:
    p = patient("ob_gdm_not_001")
    name = p.condition
    assert code(name, knowing(p)) == "Z34.92"
    assert code(name, knowing(_with(p, ogtt_fasting=92))) == "O24.419"
    assert code(name, knowing(_with(p, ogtt_two_hour=153))) == "O24.419"
    assert code(name, knowing(_with(p, ogtt_fasting=126))) == "O24.912"


def test_every_case_is_what_its_condition_says() -> None:
    for t in tasks(DOMAIN):
        p = generate(t.variant, t.seed)
        true, known = levels(p, (), 0), knowing(p)
        for q in (*condition(p.condition).criteria, *variant(t.variant).criteria):
            value, limit = true[q.fact.partition(":")[2]], float(q.value)
            assert value >= limit if q.op == ">=" else value <= limit, (t.id, q)
        assert p.sex == "F"
        assert listed(code(p.condition, known))
        if p.condition in {"preeclampsia", "superimposed_preeclampsia"}:
            assert bool(features(known)) == p.extra["severe_features"], t.id


@settings(max_examples=50, deadline=None)
@given(weeks=st.integers(24, 41), which=st.sampled_from(SOME))
def test_a_birth_is_never_put_off_as_the_pregnancy_grows(weeks: int, which: str) -> None:
    p = patient(which)
    if "pregnant_week" not in p.extra or p.condition == "preterm_labour":
        return
    order = ("expectant", "not_applicable", "within_24h", "now")
    younger, older = (order.index(_when(_with(p, pregnant_week=w))) for w in (weeks, weeks + 1))
    assert younger <= older


def test_the_same_bytes_twice() -> None:
    asked = request(task("ob_atony_001"), agent="t", max_turns=40)
    assert play(asked, by_reference(asked)) == play(asked, by_reference(asked))
