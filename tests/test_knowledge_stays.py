"""Hospital stays: charts that could be true, scores that agree with the papers, known errors."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.stays import scores, worst
from healthgym.knowledge.stays.census import everyone, ward
from healthgym.knowledge.stays.course import Plan, plan_of, saturation, severity_at, state
from healthgym.knowledge.stays.course_kinds import NEVER, zero
from healthgym.knowledge.stays.papers import Order, doubled, papers, same_class, suspicion
from healthgym.knowledge.stays.questions import question
from healthgym.knowledge.stays.tables import LABS, Flow, Lab, Signs, Tables, faulty, tables, unit_of
from healthgym.knowledge.variants import domain_variants

VARIANTS = sorted(domain_variants("ehr_management"))
SEEDS = st.integers(0, 10_000)


def signs(**changes: Any) -> Signs:
    """A set of normal vital signs."""
    normal: dict[str, Any] = {
        "id": "V001",
        "hour": 4.0,
        "hr": 75,
        "sbp": 120,
        "dbp": 75,
        "map": 90,
        "rr": 16,
        "temp": 36.8,
        "spo2": 98,
        "gcs": 15,
        "acvpu": "alert",
        "device": "room air",
    }
    return Signs(**{**normal, **changes})


def lab(label: str, value: float, hour: float = 4.0) -> Lab:
    return Lab(id=f"L-{label}-{hour:g}", hour=hour, label=label, value=value, unit=unit_of(label))


def urine(ml: float, hour: float) -> Flow:
    return Flow(id=f"F-{hour:g}", hour=hour, kind="out", label="urine", ml=ml)


def chart(labs: list[Lab], rows: list[Signs], flows: list[Flow] | None = None) -> Tables:
    return Tables(labs=tuple(labs), signs=tuple(rows), flows=tuple(flows or ()))


def some(variant: str, seed: int) -> Patient:
    return generate(variant, seed)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(VARIANTS), SEEDS)
def test_a_chart_could_be_true(variant: str, seed: int) -> None:
    p = some(variant, seed)
    plan, t = plan_of(p), tables(p).sound()
    for r in t.signs:
        assert r.dbp < r.sbp
        assert r.map == round((r.sbp + 2 * r.dbp) / 3)
        assert 60 <= r.spo2 <= 100
        assert 3 <= r.gcs <= 15
        assert (r.acvpu == "alert") == (r.gcs == 15)
        assert 32 < r.temp < 43
        assert r.device != "ventilator" or plan.icu >= 0
    for lab_row in t.labs:
        assert lab_row.unit == unit_of(lab_row.label)
        assert lab_row.value > 0
    for flow in t.flows:
        assert flow.ml >= 0
        assert not flow.rate or plan.icu >= 0
    rows = (*t.labs, *t.signs, *t.flows)
    assert all(0 <= r.hour <= plan.hours for r in rows)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(VARIANTS), SEEDS)
def test_a_chart_has_the_planned_error_and_no_other(variant: str, seed: int) -> None:
    p = some(variant, seed)
    plan, t = plan_of(p), tables(p)
    rows = (*t.labs, *t.signs, *t.flows)
    assert [r.fault for r in rows if r.fault] == ([plan.fault] if plan.fault else [])
    for own in (t.labs, t.signs, t.flows):
        assert len({r.id for r in own}) == len(own)
        assert [r.hour for r in own] == sorted(r.hour for r in own)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(VARIANTS), SEEDS)
def test_a_question_has_an_answer_and_rows_it_turns_on(variant: str, seed: int) -> None:
    p = some(variant, seed)
    q = question(p)
    t = tables(p)
    assert q.evidence
    assert len(q.evidence) == len(set(q.evidence))
    assert q.wants != "at_hour" or q.value == NEVER or 0 <= q.value <= q.ask.at
    ids = {r.id for r in (*t.labs, *t.signs, *t.flows)}
    ids |= {r.id for r in (*papers(p).orders, *papers(p).notes)}
    ids |= {f"{b.hadm_id}:{r.id}" for b in ward(p) for r in b.rows.signs}
    assert {f[4:] for f in q.evidence if f.startswith("row:")} <= ids
    assert set(q.flags) <= ids
    assert msgspec.json.encode(q) == msgspec.json.encode(question(p))


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_answer_is_not_the_same_for_every_seed_unless_it_is_a_trap(variant: str) -> None:
    found = {(q.value, q.items) for q in (question(some(variant, s)) for s in range(8))}
    constant = {"kdigo_chronic_stable", "ready_but_vomits", "turn_never", "zero_prophylaxis"}
    constant |= {"zero_never_organ", "error_none_bleeding", "reconcile_nothing_wrong"}
    assert len(found) > 1 or variant in constant, found


def test_the_severity_runs_through_its_marks() -> None:
    plan = Plan(kind="sofa", hours=40, turn=10, treated=20, start=0.25, peak=0.8)
    assert severity_at(plan, 0.2, 0) == pytest.approx(0.2)
    assert severity_at(plan, 0.2, 10) == pytest.approx(0.2)
    assert severity_at(plan, 0.2, 20) == pytest.approx(0.8)
    assert severity_at(plan, 0.2, 30) == pytest.approx(0.4)
    assert severity_at(plan, 0.2, 40) == pytest.approx(0.2)
    worse = msgspec.structs.replace(plan, treated=0)
    assert severity_at(worse, 0.9, 40) == pytest.approx(0.8)


def test_an_unknown_key_of_a_plan_is_an_error() -> None:
    p = msgspec.structs.replace(some(VARIANTS[0], 1), extra={"kind": "sofa", "hours": 9, "x": 1})
    with pytest.raises(msgspec.ValidationError, match="x"):
        plan_of(p)


@pytest.mark.parametrize(("pao2", "so2"), [(27, 50), (40, 75), (60, 90.7), (100, 97.7)])
def test_the_saturation_curve(pao2: float, so2: float) -> None:
    assert saturation(pao2) == pytest.approx(so2, abs=1.0)


def test_oxygen_reaches_its_target_or_the_last_device() -> None:
    for seed in range(6):
        p = some("sofa_pneumonia_ventilated", seed)
        plan = plan_of(p)
        now = state(p, plan, plan.treated)
        assert now.values["spo2_pct"] >= 91.9 or now.device == "ventilator"
        assert now.values["pao2_mmhg"] == pytest.approx(
            now.values["pf_ratio_mmhg"] * now.values["fio2_fraction"]
        )


SICK = [
    *(lab("platelets", 80), lab("bilirubin", 2.5), lab("creatinine", 3.6)),
    *(lab("pao2", 72), lab("fio2", 0.4), lab("paco2", 40), lab("ph", 7.3)),
    *(lab("potassium", 5.0), lab("bicarbonate", 18)),
]


def test_sofa_by_hand() -> None:
    t = chart(SICK, [signs(map=64, gcs=12, acvpu="voice")])
    # respiration 180 without a ventilator: 2; platelets 80: 2; bilirubin 2.5: 2; pressure: 1;
    # GCS 12: 2; creatinine 3.6: 3
    assert worst.sofa(t, t, 4).value == 12
    vent = chart(SICK, [signs(map=64, gcs=12, device="ventilator")])
    assert worst.sofa(vent, vent, 4).parts["respiration"] == 3


def test_sofa2_by_hand() -> None:
    t = chart(SICK, [signs(map=64, gcs=12, device="high flow")])
    # ratio 180 on high flow: 2 (above 150); platelets 80: 3; bilirubin 2.5: 1; pressure: 1;
    # GCS 12: 2; creatinine 3.6: 3
    assert worst.sofa2(t, t, 4, 70).value == 12
    acid = [r for r in SICK if r.label not in {"ph", "bicarbonate"}]
    t = chart([*acid, lab("ph", 7.15), lab("bicarbonate", 11)], [signs(map=64, gcs=12)])
    assert worst.sofa2(t, t, 4, 70).parts["kidney"] == 4


def test_sofa_counts_the_vasopressor_and_the_urine_of_a_day() -> None:
    drops = [urine(30, h) for h in (8, 12, 16, 20, 24, 28)]
    press = Flow(id="F9", hour=28, kind="in", label="norepinephrine", ml=9, rate=0.12)
    well = [lab("platelets", 300, 20), lab("bilirubin", 0.5, 20), lab("creatinine", 0.8, 20)]
    t = chart(well, [signs(hour=24.0)], [*drops, press])
    found = worst.sofa(t, t, 28)
    assert found.parts["cardiovascular"] == 4
    assert found.parts["kidney"] == 4  # 180 mL in 24 h
    assert found.unmeasured == ("pao2 and fio2",)


def test_what_is_charted_but_unread_is_missing() -> None:
    every = chart(SICK, [signs()], [urine(200, 4)])
    none = chart([], [])
    found = worst.sofa(none, every, 4)
    assert set(found.missing) == {
        *("platelets", "bilirubin", "creatinine", "vitals"),
        *("pao2 and fio2", "inputs and outputs"),
    }
    assert found.value == 0


def test_news2_by_hand() -> None:
    sick = signs(rr=26, spo2=93, sbp=98, hr=112, temp=38.4, device="nasal cannula")
    assert scores.news2(sick).value == 3 + 2 + 2 + 2 + 2 + 1
    assert scores.news2(signs(spo2=90, device="nasal cannula"), 2).value == 2
    assert scores.news2(signs(spo2=90, device="nasal cannula"), 1).value == 5


def test_apache_by_hand() -> None:
    labs = [
        *(lab("sodium", 128), lab("potassium", 5.8), lab("creatinine", 2.4), lab("hematocrit", 28)),
        *(lab("wbc", 17), lab("ph", 7.22), lab("pao2", 65), lab("fio2", 0.4), lab("paco2", 30)),
    ]
    row = signs(temp=39.4, map=66, hr=118, rr=30, gcs=13)
    t = chart(labs, [row])
    # T 3, MAP 2, HR 2, RR 1, PaO2 1, pH 3, Na 2, K 1, Cr 3, Hct 2, WBC 1, GCS 2, age 5
    found = worst.apache(t, t, 2, 68, failure=False, chronic=False)
    assert found.value == 28
    assert worst.apache(t, t, 2, 68, failure=True, chronic=True).value == 28 + 3 + 5
    no_ph = chart([r for r in labs if r.label != "ph"], [row])
    assert worst.apache(no_ph, t, 2, 68, failure=False, chronic=False).missing == ("ph",)


def test_kdigo_by_hand() -> None:
    rows = [lab("creatinine", 0.8, 1), lab("creatinine", 1.3, 30)]
    good = [urine(300, h) for h in range(4, 33, 4)]
    t = chart(rows, [], good)
    assert scores.kdigo(t, t, 32, 0.8, 70).value == 1
    assert scores.kdigo(t, t, 32, 0.6, 70).value == 2
    dry = chart(rows, [], [*good[:4], *(urine(100, h) for h in (20, 24, 28, 32))])
    assert scores.kdigo(dry, dry, 32, 0.8, 70).value == 2  # 16 h below 0.5 mL/kg/h
    unread = chart(rows[1:], [], good)
    assert scores.kdigo(unread, t, 32, 0.8, 70).missing


@pytest.mark.parametrize(
    ("days", "acute", "ill", "visits", "total"),
    [
        (0, False, (), 0, 0),
        (3, True, ("heart_failure",), 1, 3 + 3 + 2 + 1),
        (4, True, ("copd", "cancer"), 5, 4 + 3 + 5 + 4),
        (7, False, ("type_2_diabetes", "ckd"), 0, 5 + 3),
        (13, True, (), 0, 5 + 3),
        (14, True, ("type_1_diabetes",), 0, 7 + 3 + 1),
    ],
)
def test_lace_by_hand(
    days: int, acute: bool, ill: tuple[str, ...], visits: int, total: int
) -> None:
    assert scores.lace(days, acute=acute, illnesses=ill, ed_visits=visits).value == total


def test_dry_hours_count_back_from_the_last_row() -> None:
    rows = [urine(ml, h) for ml, h in ((50, 4), (50, 8), (400, 12), (100, 16), (90, 20))]
    assert scores.dry_hours(rows, 0.5, 70) == 8
    assert scores.longest_dry(rows, 0.5, 70) == 8
    assert scores.longest_dry(rows[:3], 0.3, 70) == 8
    assert scores.dry_hours(rows[:3], 0.5, 70) == 0
    assert scores.dry_hours([], 0.5, 70) == 0


def test_the_balance_is_inputs_less_outputs() -> None:
    drip = Flow(id="F1", hour=8, kind="in", label="crystalloid", ml=500)
    t = chart([], [], [urine(100, 4), drip, urine(150, 8), urine(70, 12)])
    assert scores.balance(t, 4, 8) == 350
    assert scores.balance(t, 0, 12) == 180


def test_stability_by_its_limits() -> None:
    edge = signs(temp=37.8, hr=100, rr=24, sbp=90, spo2=90)
    assert scores.unstable(edge, eats=True) == ()
    over = signs(temp=37.9, hr=101, rr=25, sbp=89, spo2=89, acvpu="voice")
    assert scores.unstable(over, eats=False) == scores.STABILITY
    assert scores.unstable(signs(device="nasal cannula"), eats=True) == ("oxygen",)


def order(hour: int, kind: str, drug: str = "") -> Order:
    return Order(id=f"O{hour}", hour=hour, kind=kind, text=drug or kind, drug=drug)


def test_suspicion_needs_both_in_time() -> None:
    culture, drug = order(10, "culture"), order(14, "medication", "ceftriaxone")
    assert suspicion((culture, drug)) == 10
    assert suspicion((order(2, "medication", "ceftriaxone"), culture)) == 2
    assert suspicion((order(2, "medication", "ceftriaxone"), order(27, "culture"))) is None
    assert suspicion((culture, order(83, "medication", "ceftriaxone"))) is None
    assert suspicion((culture, order(12, "medication", "cefazolin"))) is None
    assert suspicion((culture,)) is None


@pytest.mark.parametrize(
    ("suspected", "organ", "expected"),
    [(10, 8.0, 8), (10, 22.0, 10), (10, 23.0, NEVER), (30, 5.0, NEVER), (None, 5.0, NEVER)],
)
def test_time_zero_is_the_earlier_of_two_that_belong_together(
    suspected: int | None, organ: float, expected: float
) -> None:
    assert zero(suspected, organ) == expected
    assert zero(suspected, None) == NEVER


@pytest.mark.parametrize("label", LABS)
def test_every_lab_is_charted_in_its_unit(label: str) -> None:
    assert unit_of(label)


def test_errors_are_of_the_size_that_units_make() -> None:
    assert faulty(lab("creatinine", 1.0), "wrong_unit").value == 88.42
    assert faulty(lab("sodium", 140), "impossible_value").value == 14
    assert faulty(lab("lactate", 2.0), "duplicate").value == 2.0
    with pytest.raises(KeyError):
        faulty(lab("wbc", 9), "wrong_unit")


def test_the_draft_differs_from_home_only_where_it_is_wrong_or_stopped() -> None:
    for variant in (v for v in VARIANTS if v.startswith("reconcile_")):
        for seed in range(5):
            own = papers(some(variant, seed))
            changed = {d for d in {**own.home, **own.draft} if own.home.get(d) != own.draft.get(d)}
            stopped = {n.text.split()[0] for n in own.notes if "was stopped" in n.text}
            assert changed - stopped == set(own.discrepancies) - ({"metformin"} - changed)
            assert not stopped & set(own.discrepancies)
            assert not stopped & set(own.draft)


def test_a_double_is_of_the_class_of_a_home_medicine() -> None:
    assert "pantoprazole" in same_class("omeprazole")
    assert doubled("12.5 mg oral twice daily") == "25 mg oral twice daily"
    own = papers(some("reconcile_double_class", 3))
    (added,) = [d for d in own.draft if d not in own.home]
    assert any(h in same_class(added) for h in own.home)


def test_a_ward_is_made_of_others() -> None:
    p = some("ward_in_shock", 4)
    beds = everyone(p)
    assert len({b.hadm_id for b in beds}) == len(beds) == 9
    assert sum(b.own for b in beds) == 1
    assert any(not b.present for s in range(4) for b in ward(some("ward_in_shock", s)))


@settings(max_examples=50, deadline=None)
@given(st.sampled_from([v for v in VARIANTS if v.startswith("lace_")]), SEEDS)
def test_visits_stand_on_their_side_of_the_six_months(variant: str, seed: int) -> None:
    p = some(variant, seed)
    visits = [a.days_before for a in papers(p).earlier if a.kind == "ed_visit"]
    assert sum(d <= 182 for d in visits) == plan_of(p).ed_visits
    assert sum(d > 182 for d in visits) == plan_of(p).ed_visits_older


def test_the_questions_agree_with_a_count_of_ones_own() -> None:
    for seed in range(6):
        p = some("turn_sepsis_now", seed)
        hours = [r.hour for r in tables(p).signs if scores.news2(r).value >= 7]
        assert question(p).value == min(hours)
        p = some("balance_entered_twice", seed)
        rows = {(f.hour, f.label): f for f in tables(p).flows if 4 < f.hour <= 24}
        net = sum(f.ml if f.kind == "in" else -f.ml for f in rows.values())
        assert question(p).value == net
        p = some("lowest_hemoglobin_true", seed)
        plan = plan_of(p)
        own = [r.value for r in tables(p).labs if r.label == "hemoglobin" and r.hour <= plan.at]
        assert question(p).value == min(own)


def test_who_has_left_the_ward_does_not_count() -> None:
    gone = 0
    for seed in range(10):
        p, count = some("ward_kidneys", seed), 0
        for bed in everyone(p):
            values = [r.value for r in bed.rows.labs if r.label == "creatinine"]
            hurt = values[-1] / values[0] >= 1.5
            count += hurt and bed.present
            gone += hurt and not bed.present
        assert question(p).value == count
    assert gone


def test_the_baseline_is_the_last_discharge_of_a_year_else_the_lowest() -> None:
    p = some("kdigo_known_baseline", 2)
    last = papers(p).earlier[0]
    found = question(p)
    assert f"compared:{last.hadm_id}" in found.evidence
    own = [r.value for r in tables(p).labs if r.label == "creatinine"]
    assert found.value >= scores.kdigo(tables(p), tables(p), 99, min(own), p.weight_kg).value
    unknown = question(some("kdigo_unknown_baseline", 2))
    assert "earlier_admissions" in unknown.evidence
