"""The judge of guidelines: clocks, doses, orders, exceptions, weights."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.compliance import Act, compliance, comply, critical
from healthgym.knowledge.conditions import Predicate
from healthgym.knowledge.guidelines import Advice, Clause, Guideline, Limit, guidelines, history

LOW_POTASSIUM = Clause(fact="lab:potassium_mmol_l", op="<", value=3.5)


def record(*actions: Advice, **more) -> Guideline:
    return Guideline(
        id="made_up",
        title="Made up",
        version="2026",
        source="nobody 2026",
        valid_from=date(2026, 1, 1),
        conditions=(),
        words=(),
        do=(),
        actions=actions,
        **more,
    )


def advice(kind="must", match=("lab:bmp",), **more) -> Advice:
    return Advice(id="it", kind=kind, match=match, source="nobody 2026", **more)


def act(minute: float, *items: str, **more) -> Act:
    return Act(n=int(minute) + 100, minute=minute, items=items, **more)


def dose(minute: float, drug: str, size: float, unit: str, weight=80.0, **more) -> Act:
    given_ = {"drug": drug, "dose": size, "unit": unit, "per_kg": size / weight} | more
    return act(minute, f"drug:{drug}", **given_)


def never(_: Predicate, __: float) -> bool | None:
    return None


def always(_: Predicate, __: float) -> bool | None:
    return True


def one(action: Advice, *acts: Act, holds=never, end=None, **more):
    (verdict,) = comply(record(action, **more), acts, holds, end)
    return verdict


def test_met_late_missed():
    asked = advice(deadline_min=30)
    met = one(asked, act(30, "lab:bmp"))
    assert (met.status, met.event, met.minute) == ("met", 130, 30)
    late = one(asked, act(31, "lab:bmp"))
    assert (late.status, late.event, late.note) == ("late", 131, "due at minute 30")
    missed = one(asked, act(5, "lab:cbc"))
    assert (missed.status, missed.event, missed.minute) == ("missed", 0, None)
    assert one(asked, act(5, "lab:bmp", ok=False)).status == "missed"
    assert one(asked).status == "missed"


def test_the_first_act_that_counts_is_taken():
    asked = advice(match=("lab:bmp", "lab:vbg"), deadline_min=30)
    assert one(asked, act(10, "lab:vbg"), act(20, "lab:bmp")).event == 110
    assert one(advice(match=("consult:*",)), act(4, "consult:urology")).status == "met"


def test_classes_name_their_drugs():
    asked = advice(match=("class:anticoagulant",))
    assert one(asked, dose(3, "apixaban", 5, "mg")).status == "met"
    assert one(asked, dose(3, "aspirin", 300, "mg")).status == "missed"
    assert one(asked, dose(3, "apixaban", 0.1, "mg", token=True)).status == "missed"
    banned = advice("must_not", ("class:anticoagulant",))
    assert one(banned, dose(3, "apixaban", 0.1, "mg", token=True)).status == "violated"


@pytest.mark.parametrize(
    ("size", "weight", "status"),
    [
        (20, 80, "met"),
        (32, 80, "missed"),
        (10, 80, "missed"),
        (25, 130, "met"),
        (26, 104, "missed"),
    ],
)
def test_doses_by_weight_with_a_cap(size, weight, status):
    limit = Limit(item="drug:tenecteplase", low=0.22, high=0.28, unit="mg/kg", cap=25)
    asked = advice(match=("drug:tenecteplase",), limits=(limit,))
    assert one(asked, dose(9, "tenecteplase", size, "mg", weight)).status == status


def test_doses_in_an_unknown_weight_or_unit_do_not_count():
    limit = Limit(item="drug:ivig", low=1.8, high=2.2, unit="g/kg")
    asked = advice(match=("drug:ivig",), limits=(limit,))
    assert one(asked, dose(9, "ivig", 2.0, "g", 1.0)).status == "met"
    assert one(asked, dose(9, "ivig", 2.0, "g", per_kg=0.0)).status == "missed"
    assert one(asked, dose(9, "ivig", 2.0, "mg", 1.0)).status == "missed"


def test_route():
    limit = Limit(item="class:loop_diuretic", route="iv")
    asked = advice(match=("class:loop_diuretic",), limits=(limit,))
    assert one(asked, dose(9, "furosemide", 40, "mg", route="iv")).status == "met"
    wrong = one(asked, dose(9, "furosemide", 40, "mg", route="oral"))
    assert (wrong.status, wrong.event, wrong.note) == ("missed", 109, "dose or time")
    assert one(asked, dose(9, "furosemide", 1, "mg", route="iv", token=True)).status == "missed"


def test_totals_add_up():
    limit = Limit(item="class:isotonic_crystalloid", low=30, unit="ml/kg", total=True)
    asked = advice(
        match=("class:isotonic_crystalloid",),
        since=("class:isotonic_crystalloid",),
        limits=(limit,),
        deadline_min=180,
    )
    bags = [dose(m, "sodium_chloride_0_9", 800, "ml") for m in (10, 40, 70)]
    assert one(asked, *bags).event == 170
    assert one(asked, *bags[:2], act(200, "vitals")).status == "missed"
    assert one(asked, *bags[:2]).note.startswith("not due")
    mixed = [*bags[:2], dose(191, "lactated_ringers", 800, "ml")]
    assert one(asked, *mixed).status == "late"


def test_a_clock_of_its_own():
    asked = advice(
        match=("lab:lactate",), since=("lab:lactate",), earliest_min=60, deadline_min=240
    )
    assert one(asked, act(3, "vitals")).note == "its clock never started"
    first = act(10, "lab:lactate")
    assert one(asked, first).status == "not_applicable"
    assert one(asked, first, end=250).status == "missed"
    assert one(asked, first, act(30, "lab:lactate"), end=250).status == "missed"
    assert one(asked, first, act(70, "lab:lactate")).event == 170
    assert one(asked, first, act(251, "lab:lactate")).status == "late"
    again = advice(match=("vitals",), since=("vitals",), deadline_min=15)
    assert one(again, act(2, "vitals"), end=30).status == "missed"
    assert one(again, act(2, "vitals"), act(17, "vitals")).status == "met"


def test_recognition_starts_the_clock_or_arrival_does():
    asked = advice(match=("consult:psychiatry",), deadline_min=10)
    late = act(45, "consult:psychiatry")
    assert one(asked, act(40, "score:c_ssrs"), late, t0="score:c_ssrs").status == "met"
    assert one(asked, late, t0="score:c_ssrs").status == "late"


def test_hard_deadline():
    asked = advice(deadline_min=60, hard_deadline_min=180, critical=True, rule="OMITTED")
    for minute, status, grave in ((60, "met", False), (61, "late", False), (181, "late", True)):
        found = one(asked, act(minute, "lab:bmp"))
        assert (found.status, found.critical, found.rule) == (status, grave, "OMITTED")
    assert critical(comply(record(asked), [], never)) != []
    own = advice(since=("vitals",), deadline_min=60, hard_deadline_min=180, critical=True)
    vitals = act(100, "vitals")
    assert not one(own, vitals, act(280, "lab:bmp")).critical
    assert one(own, vitals, act(281, "lab:bmp")).critical
    soft = advice(deadline_min=60)
    assert critical(comply(record(soft), [], never)) == []


def test_when_is_asked_at_the_start_of_the_clock():
    asked_at = []

    def holds(_: Predicate, minute: float) -> bool | None:
        asked_at.append(minute)
        return minute < 50

    asked = advice(when=(LOW_POTASSIUM,), deadline_min=30)
    assert one(asked, act(70, "vitals"), holds=holds).status == "missed"
    since = advice(when=(LOW_POTASSIUM,), since=("vitals",), deadline_min=30)
    assert one(since, act(70, "vitals"), holds=holds, end=120).status == "not_applicable"
    banned = advice("must_not", when=(LOW_POTASSIUM,))
    assert one(banned, act(70, "lab:bmp"), act(71, "lab:bmp"), holds=holds).event == 0
    assert asked_at == [0, 70, 70, 71]
    assert one(asked, holds=never).status == "not_applicable"


def test_persisting_need():
    asked = advice(
        match=("drug:norepinephrine",),
        since=("class:isotonic_crystalloid",),
        deadline_min=60,
        when=(LOW_POTASSIUM,),
        persists=True,
    )
    bag = dose(10, "lactated_ringers", 1000, "ml")
    assert one(asked, bag, holds=lambda _, m: m < 50, end=90).note.startswith("no longer")
    assert one(asked, bag, holds=always, end=90).status == "missed"


def test_what_the_chart_must_have_shown():
    excuse = Clause(fact="allergy:aspirin", op="is", value=True, known="chart")
    asked = advice(match=("drug:aspirin",), exception=(excuse,))
    assert one(asked, act(2, "vitals"), holds=always).status == "missed"
    excused = one(asked, act(2, "allergies"), holds=always)
    assert (excused.status, excused.note) == (
        "not_applicable",
        "excused: allergy:aspirin is True",
    )
    seen = Clause(fact="lab:potassium_mmol_l", op="<", value=3.5, known="chart")
    banned = advice("must_not", ("class:insulin",), when=(seen,))
    insulin = dose(9, "insulin_regular", 8, "units")
    assert one(banned, insulin, act(10, "seen:lab:bmp"), holds=always).status == "not_applicable"
    ordered = act(8, "lab:bmp")
    assert one(banned, ordered, insulin, holds=always).status == "not_applicable"
    assert one(banned, act(8, "seen:lab:bmp"), insulin, holds=always).event == 109


def test_done_clauses_ask_the_acts():
    excuse = Clause(fact="done:consult:psychiatry", op="is", value=True)
    banned = advice("must_not", ("disposition:discharge_home",), exception=(excuse,))
    home, asked = act(9, "disposition:discharge_home"), act(8, "consult:psychiatry")
    assert one(banned, home).status == "violated"
    assert one(banned, asked, home).status == "not_applicable"
    assert one(banned, home, asked).status == "violated"


def test_must_not_names_its_event_and_its_window():
    banned = advice(
        "must_not", ("class:antiplatelet",), since=("class:thrombolytic",), deadline_min=1440
    )
    lysis, aspirin = dose(30, "alteplase", 72, "mg"), dose(60, "aspirin", 300, "mg")
    found = one(banned, lysis, aspirin)
    assert (found.status, found.event, found.minute) == ("violated", 160, 60)
    assert one(banned, aspirin, dose(90, "alteplase", 72, "mg")).status == "not_applicable"
    assert one(banned, lysis, dose(1471, "aspirin", 300, "mg")).status == "not_applicable"
    assert one(banned, lysis).note == "not done"


def test_order():
    asked = advice("order", ("class:insulin",), before=("seen:lab:bmp",), critical=True)
    insulin = dose(20, "insulin_regular", 8, "units")
    assert one(asked).status == "not_applicable"
    assert one(asked, act(10, "seen:lab:bmp"), insulin).status == "met"
    wrong = one(asked, act(10, "lab:bmp"), insulin, act(30, "seen:lab:bmp"))
    assert (wrong.status, wrong.event, wrong.critical) == ("violated", 120, True)
    assert wrong.note == "before seen:lab:bmp"


def test_compliance_is_the_share_of_what_applied():
    three = record(
        advice(weight=2.0),
        advice(match=("lab:cbc",), weight=1.0),
        advice("must_not", ("class:nsaid",), weight=1.0),
        advice(when=(LOW_POTASSIUM,), weight=50.0),
    )
    assert compliance(comply(three, [], never)) == 0.0
    assert compliance(comply(three, [act(1, "lab:bmp")], never)) == pytest.approx(2 / 3)
    worse = [act(1, "lab:bmp"), dose(2, "ibuprofen", 400, "mg")]
    assert compliance(comply(three, worse, never)) == pytest.approx(2 / 4)
    assert compliance([]) == 0.0


def test_who_a_guideline_is_for():
    fever = Clause(fact="finding:fever", op="is", value=True)
    for conditions, trigger, condition, true, meant in (
        (("dka",), (), "dka", None, True),
        (("dka",), (), "hhs", True, False),
        (("dka",), (fever,), "dka", None, False),
        ((), (fever,), "dka", True, True),
        ((), (fever,), "dka", False, False),
    ):
        made = Guideline(**{**as_dict(record()), "conditions": conditions, "trigger": trigger})
        assert made.meant_for(condition, lambda *_, true=true: true) is meant


def as_dict(g: Guideline) -> dict[str, object]:
    return {name: getattr(g, name) for name in g.__struct_fields__}


EVERY = [g for id_ in guidelines() for g in history(id_)]
ITEMS = sorted({p for g in EVERY for a in g.actions for p in (*a.match, *a.since, *a.before)})
STEPS = st.lists(st.tuples(st.integers(0, 400), st.sampled_from(ITEMS)), max_size=25)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(EVERY), STEPS, st.booleans())
def test_any_episode_gets_one_verdict_for_each_recommendation(g, steps, truth):
    acts = [act(m, item) for m, item in sorted(steps)]
    verdicts = comply(g, acts, lambda *_: truth)
    assert [v.action for v in verdicts] == [a.id for a in g.actions]
    assert 0.0 <= compliance(verdicts) <= 1.0
    for v, a in zip(verdicts, g.actions, strict=True):
        assert (
            v.status
            in {
                "must": {"met", "late", "missed", "not_applicable"},
                "must_not": {"violated", "not_applicable"},
                "order": {"met", "violated", "not_applicable"},
            }[a.kind]
        )
        assert bool(v.event) == (v.minute is not None)
        if v.status in {"met", "late", "violated"}:
            assert any(b.n == v.event and b.minute == v.minute for b in acts)
        assert a.critical or not v.critical


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(EVERY), st.booleans())
def test_an_empty_episode_complies_with_nothing(g, truth):
    for acts in ([], [act(m, "asked:nothing") for m in range(0, 90, 9)]):
        verdicts = comply(g, acts, lambda *_: truth)
        assert {v.status for v in verdicts} <= {"missed", "not_applicable"}
        assert compliance(verdicts) == 0.0


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(EVERY), STEPS)
def test_failed_acts_never_count(g, steps):
    acts = [act(m, item, ok=False) for m, item in sorted(steps)]
    assert compliance(comply(g, acts, always)) == 0.0
