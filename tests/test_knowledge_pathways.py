"""Pathways as data, folded from the world; hand-offs against the chart; bodies of children."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.bus.events import Effect, ObservationReturned
from healthgym.knowledge.conditions import Predicate, condition
from healthgym.knowledge.domains.cross_domain import after, chart, judgement, reference
from healthgym.knowledge.drugs import drug
from healthgym.knowledge.errors import UnknownPathway
from healthgym.knowledge.guidelines import guidelines
from healthgym.knowledge.handoff import Handoff, agrees, gaps, overlap
from healthgym.knowledge.handoff import Reading as Told
from healthgym.knowledge.measurements import measurement
from healthgym.knowledge.measurements import reference as usual
from healthgym.knowledge.pathway_plan import handoff
from healthgym.knowledge.pathways import (
    pathway,
    pathway_of,
    pathways,
    phases,
    satisfied,
    seen,
)
from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.physiology import levels
from healthgym.knowledge.tasks import task, variants
from healthgym.knowledge.world import World, evolve, open_world

MINUTE = 60_000_000
ALL = sorted(pathways())
VARIANTS = variants("cross_domain")


@pytest.mark.parametrize("id_", ALL)
def test_a_pathway_is_whole(id_: str) -> None:
    one = pathway(id_)
    ids = [a.id for _, a in one.acts()]
    assert len(ids) == len(set(ids))
    assert set(one.bundle) <= set(ids)
    assert {p.id for p in one.phases} >= {"recognise", "diagnose", "treat", "hand_over"}
    assert one.phases[0].premise == ()
    assert all(p.premise for p in one.phases[1:])
    for _, act in one.acts():
        assert act.source
        assert set(act.after) <= set(ids)
        assert act.kind == "workup" or act.options
        assert not act.when or act.words, f"{act.id}: for whom is it meant?"
        assert act.hard_deadline_min is None or (act.critical and act.rule)
        for option in act.options:
            name, dose, unit, route, *most = option.split(" ")
            assert float(dose) > 0
            assert unit in drug(name).units
            assert route in drug(name).routes
            assert bool(most) <= unit.endswith("/kg")
    for name, to in one.conditions.items():
        assert pathway_of(name) is one
        assert to.bed in condition(name).judgement.dispositions
        assert all(measurement(v) for v in to.values)
    assert all(f.source and 2 <= f.severity <= 5 for f in one.forbidden)


def test_deadlines_of_the_guidelines() -> None:
    """The minutes that the guidelines name (sources in the data)."""
    limits = {
        ("chest_pain", "ecg"): 10,
        ("chest_pain", "reperfusion"): 90,
        ("stroke", "head_ct"): 25,
        ("stroke", "lysis"): 60,
        ("stroke", "thrombectomy"): 90,
        ("sepsis", "lactate"): 60,
        ("sepsis", "cultures"): 60,
        ("sepsis", "antibiotic"): 60,
        ("dka", "potassium_known"): 30,
        ("dka", "ketones"): 30,
    }
    for (way, act), minutes in limits.items():
        assert next(a for _, a in pathway(way).acts() if a.id == act).deadline_min == minutes
    hard = next(a for _, a in pathway("sepsis").acts() if a.id == "antibiotic")
    assert (hard.hard_deadline_min, hard.critical) == (180, True)


def test_kawasaki_acts_agree_with_the_guideline() -> None:
    actions = {a.id: a for a in guidelines()["kawasaki"].actions}
    ivig = next(a for _, a in pathway("kawasaki").acts() if a.id == "ivig")
    name, dose, unit, *_ = ivig.options[0].split(" ")
    (limit,) = actions["ivig"].limits
    assert (f"drug:{name}", unit) == (limit.item, limit.unit)
    assert limit.low is not None
    assert limit.high is not None
    assert limit.low <= float(dose) <= limit.high


def test_an_unknown_pathway_is_named() -> None:
    with pytest.raises(UnknownPathway, match="sepsis"):
        pathway("sepsiss")
    with pytest.raises(UnknownPathway):
        pathway_of("gerd")


def test_premises_reach_the_judgement() -> None:
    asked = {r.id: r for r in judgement(generate("septic_shock", 1)).required}
    assert asked["antibiotic"].premise == (("vitals", "allergies"),)
    assert asked["vitals"].premise == ()
    assert asked["activate"].premise  # its own, in place of its phase's


def _observe(world: World, minute: int, *facts: str, item: str = "") -> World:
    effect = Effect(kind="noted", item=item) if item else None
    shown = ObservationReturned(turn=1, ok=True, content={}, reveals=list(facts), effect=effect)
    return evolve(world, shown, minute * MINUTE)


def test_phases_follow_the_world() -> None:
    world = open_world(generate("stroke_in_window", 1))
    way = pathway("stroke")
    start = {p.phase.id: p for p in phases(way, world)}
    assert start["recognise"].open
    assert not start["treat"].open
    assert {a.state for a in start["recognise"].acts} == {"pending"}
    assert "closed" in {a.state for a in start["treat"].acts}
    later = _observe(world, 30, "vitals", "lab:glucose_poc", "last_known_well", "imaging:head_ct")
    now = {p.phase.id: {a.act.id: a.state for a in p.acts} for p in phases(way, later)}
    assert now["recognise"]["vitals"] == "done"
    assert now["recognise"]["nihss"] == "overdue"
    assert now["diagnose"]["head_ct"] == "done"
    assert now["treat"]["lysis"] == "pending"
    assert not {p.phase.id: p for p in phases(way, later)}["recognise"].complete
    called = _observe(later, 31, "score:nihss", item="pathway:stroke")
    assert {p.phase.id: p for p in phases(way, called)}["recognise"].complete


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from(["vitals", "allergies", "lab:lactate", "lab:urinalysis", "history"]))
)
def test_more_facts_never_undo_an_act_nor_close_a_phase(facts: list[str]) -> None:
    world, way = open_world(generate("septic_shock", 1)), pathway("sepsis")
    done: set[str] = set()
    opened: set[str] = set()
    for fact in facts:
        world = _observe(world, 5, fact)
        states = phases(way, world)
        now = {a.act.id for p in states for a in p.acts if a.state == "done"}
        wide = {p.phase.id for p in states if p.open}
        assert done <= now
        assert opened <= wide
        done, opened = now, wide


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(["<", "<=", ">", ">="]),
    st.floats(-10, 10, allow_nan=False),
    st.floats(-10, 10, allow_nan=False),
)
def test_a_predicate_on_what_is_known(op: str, value: float, limit: float) -> None:
    predicate = msgspec.convert({"fact": "lab:x", "op": op, "value": limit}, Predicate)
    found = satisfied(predicate, lambda _: value)
    assert found is {"<": value < limit, "<=": value <= limit}.get(
        op, {">": value > limit, ">=": value >= limit}.get(op)
    )
    assert satisfied(predicate, lambda _: None) is None
    assert satisfied(predicate, lambda _: "high") is False


def test_seen_takes_any_whole_alternative() -> None:
    assert seen((), ())
    assert seen((("a", "b"), ("c",)), ("c",))
    assert not seen((("a", "b"),), ("a",))


@pytest.mark.parametrize("variant", VARIANTS[::5])
def test_a_plan_opens_every_phase_and_ends_with_the_answer(variant: str) -> None:
    patient = generate(variant, 7)
    calls = reference(patient)
    assert calls[-1].tool == "submit_pathway"
    assert len(calls) < 40
    world = open_world(patient)
    for call in calls[:-1]:
        before = world.now
        world = after(world, call)
        assert world.now > before
    assert calls[-1].arguments["completed_phases"] == [
        p.id for p in pathway_of(patient.condition).phases
    ]


def _handed(patient: Patient) -> tuple[World, Handoff]:
    world = open_world(patient)
    for call in reference(patient):
        if call.tool == "handoff_sbar":
            break
        world = after(world, call)
    said = handoff(pathway_of(patient.condition), chart(world))
    # The plan's own copy of the world keeps its diagnosis among the notes.
    return world, msgspec.convert(said, Handoff)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(VARIANTS), st.integers(0, 500))
def test_what_the_chart_holds_is_a_whole_hand_off(variant: str, seed: int) -> None:
    patient = generate(variant, seed)
    world, told = _handed(patient)
    wanted = pathway_of(patient.condition).conditions[patient.condition].values
    assert gaps(told, world, wanted) == []
    for reading in told.assessment:
        far = msgspec.structs.replace(reading, number=reading.number * 2 + 5)
        assert agrees(world, reading)
        assert not agrees(world, far)
        other = msgspec.structs.replace(reading, unit="furlong")
        assert not agrees(world, other)
    short = msgspec.structs.replace(told, assessment=(), recommendation=())
    assert len(gaps(short, world, wanted)) == len(wanted) + 1
    made_up = Told(name="anca_index", number=1.0, unit="1")
    assert not agrees(world, made_up)


def test_overlap_punishes_omissions_and_additions() -> None:
    assert overlap(["a", "b"], ["a", "b"]) == 1
    assert overlap([], ["a"]) == 0
    assert 0 < overlap(["a"], ["a", "b"]) < 1
    assert 0 < overlap(["a", "b", "c"], ["a", "b"]) < 1


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["kawasaki_code", "scarlet_fever_code"]), st.integers(0, 3000))
def test_a_child_has_the_body_of_a_child(variant: str, seed: int) -> None:
    p = generate(variant, seed)
    assert p.age_years < 8
    assert 60 < p.height_cm < 145
    assert 5 < p.weight_kg < 45
    assert ("girl" if p.sex == "F" else "boy") in p.complaint
    assert p.comorbidities == ()
    assert p.medications == ()
    now = levels(p, (), 0)
    assert now["hr_bpm"] > usual("hr_bpm", p.age_years).low  # type: ignore[operator]
    assert now["sbp_mmhg"] < 150
    assert now["creatinine_mg_dl"] < 1.0


def test_an_adult_is_drawn_as_before() -> None:
    """Adding children moved no adult: the digest of a frozen patient."""
    assert task("dx_nstemi_001").digest == "a0c2ef4042b84671a02a5ad4d350f1ed"
