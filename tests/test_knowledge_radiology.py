"""Imaging studies as structure: data that fit, draws that repeat, systems that agree with rules."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.instruments.core import calc
from healthgym.knowledge.patients import generate
from healthgym.knowledge.radiology.kinds import kinds, type_of
from healthgym.knowledge.radiology.readings import INPUTS, Person, Reading, Unread
from healthgym.knowledge.radiology.report import (
    conclude,
    examined,
    near,
    person_of,
    reading_of,
    worst,
)
from healthgym.knowledge.radiology.studies import obtainable, order_of, study_of
from healthgym.knowledge.radiology.systems import ORDERS, advice, grade, means, nearness, rank
from healthgym.knowledge.variants import domain_variants

VARIANTS = sorted(domain_variants("radiology_report"))
SIZED = ("solid_nodule_low_risk", "screening_new_nodule", "renal_cyst_with_thick_wall_ct")
"""Variants whose answer follows a size near its limits."""
PERSON = Person(age_years=60, setting="")
seeds = st.integers(0, 10**6)


def nodule(long: float, short: float, **more: object) -> Reading:
    features = {"attenuation": "solid", "calcification": "none", **more}
    return Reading(
        id="L1",
        region="right_upper_lobe",
        side="right",
        features=features,
        mm={"long": long, "short": short},
    )


def test_every_kind_names_known_systems_and_distinct_types() -> None:
    assert len(kinds()) >= 12
    for name, kind in kinds().items():
        assert set(kind.systems.values()) <= {"", *INPUTS}, name
        signs = [msgspec.json.encode(t.signs, order="sorted") for t in kind.types.values()]
        assert len(set(signs)) == len(signs), name
        assert kind.regions, name
        assert kind.notes, name


@pytest.mark.parametrize("name", VARIANTS)
def test_everything_on_a_study_has_a_name_and_lies_somewhere(name: str) -> None:
    order = order_of(generate(name, 1))
    kind = kinds()[order.study]
    assert order.setting in kind.systems
    for spec in order.lesions:
        assert set(spec.regions) <= set(kind.regions)
        assert not spec.view or spec.view in kind.views
        assert set(spec.mm) <= set(kind.axes)
    for seed in range(12):
        study = examined(generate(name, seed))[0]
        for one in study.lesions:
            assert type_of(kind, one.shown(viewed=False)), (seed, one)
            assert type_of(kind, one.shown(viewed=True)), (seed, one)
        assert [o.id for o in study.lesions] == [f"L{n + 1}" for n in range(len(study.lesions))]
        places = [o.region for o in study.lesions]
        assert len(set(places)) == len(places), "a finding is known by its region"


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(VARIANTS), seeds)
def test_the_same_seed_gives_the_same_study(name: str, seed: int) -> None:
    patient = generate(name, seed)
    first = examined(patient)
    copy = msgspec.structs.replace(patient)
    assert msgspec.json.encode(examined(copy)) == msgspec.json.encode(first)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(SIZED), seeds)
def test_measuring_errs_a_little_and_changes_no_conclusion(name: str, seed: int) -> None:
    patient = generate(name, seed)
    study, found = examined(patient)
    for one in study.lesions:
        for axis, size in one.mm.items():
            limit = 2 * study.kind.error_mm + 0.5 * 10.0**-study.kind.decimals + 0.01
            assert abs(size - one.true_mm[axis]) <= limit
    exact = study_of(patient, -1)
    readings = [
        reading_of(one, viewed=bool(one.view) and obtainable(patient, exact, one.view))
        for one in exact.lesions
    ]
    true = conclude(exact.kind, exact.system, person_of(patient, exact), readings)
    assert (true.categories, true.follow_up) == (found.categories, found.follow_up)
    assert (true.impressions, true.critical) == (found.impressions, found.critical)


def test_seeds_of_a_variant_differ() -> None:
    for name in ("solid_nodule_low_risk", "screening_baseline_nodule", "dark_thyroid_nodule_us"):
        answers = {examined(generate(name, s))[1].follow_up for s in range(40)}
        assert len(answers) >= 3, name


@pytest.mark.parametrize(
    ("long", "short", "risks", "follow_up"),
    [
        (5.2, 5.0, (), "none"),
        (5.2, 5.0, ("smoker",), "optional_12_months"),
        (7.0, 6.0, (), "6_to_12_months"),
        (8.4, 8.2, (), "6_to_12_months"),
        (9.4, 8.2, (), "3_months"),
    ],
)
def test_fleischner_by_mean_diameter_and_risk(
    long: float, short: float, risks: tuple[str, ...], follow_up: str
) -> None:
    person = Person(age_years=60, setting="incidental", risk_factors=risks)
    one = nodule(long, short)
    assert means(grade("fleischner_2017", one, person, [one]))[1][0] == follow_up


@pytest.mark.parametrize(
    ("prior", "months", "category"),
    [
        ({}, 0, "3"),
        ({}, 12, "4A"),
        ({"long": 4.5, "short": 4.5}, 12, "4A"),
        ({"long": 6.9, "short": 6.5}, 12, "2"),
    ],
)
def test_lung_rads_by_what_was_there_before(
    prior: dict[str, float], months: int, category: str
) -> None:
    person = Person(age_years=60, setting="screening", prior_months=months)
    one = msgspec.structs.replace(nodule(7.0, 6.6), prior_mm=prior)
    assert grade("lung_rads_2022", one, person, [one]).category == category


def test_growth_counts_for_the_liver_within_six_months_only() -> None:
    features = {"arterial_enhancement": "nonrim", "washout": "none", "capsule": False}
    one = Reading(
        id="L1",
        region="segment_4",
        side="none",
        features=features,
        mm={"long": 18},
        prior_mm={"long": 10},
    )
    soon, late = (Person(age_years=60, setting="", prior_months=m) for m in (6, 7))
    assert grade("li_rads_2018", one, soon, [one]).category == "LR-5"
    assert grade("li_rads_2018", one, late, [one]).category == "LR-3"


def test_unread_facts_are_named() -> None:
    bare = msgspec.structs.replace(nodule(7, 6), mm={"long": 7})
    with pytest.raises(Unread) as caught:
        grade("fleischner_2017", bare, PERSON, [bare])
    assert caught.value.missing == ("measured:L1:short",)


def test_the_gravest_counts() -> None:
    kind = kinds()["coronary_cta"]

    def stenosis(region: str, percent: int) -> Reading:
        signs = {"wall": "plaque", "stenosis_percent": percent}
        return Reading(id=region, region=region, side="none", features=signs)

    several = [stenosis("left_main", 55), stenosis("right_coronary", 30)]
    best, _ = worst(kind, "cad_rads_2", PERSON, several)
    assert best is not None
    assert best.category == "4B"
    small, large = nodule(4, 4), msgspec.structs.replace(nodule(16, 15), id="L2")
    for several in ([small, large], [large, small]):
        best, lesion = worst(kinds()["ct_chest"], "lung_rads_2022", PERSON, several)
        assert best is not None
        assert (best.category, lesion) == ("4B", "L2")
    several = [stenosis("left_main", 55), stenosis("right_coronary", 30)]
    alone = conclude(kind, "cad_rads_2", PERSON, several[1:])
    assert alone.categories == ("2",)
    assert conclude(kind, "cad_rads_2", PERSON, []).categories == ("0",)


def test_a_large_aneurysm_is_referred() -> None:
    kind = kinds()["ct_abdomen"]
    for size, follow_up in ((44, "12_months"), (52, "6_months"), (58, "specialist_referral")):
        signs = {"wall": "bulging", "haematoma": False}
        one = Reading(id="L1", region="aorta", side="none", features=signs, mm={"long": size})
        assert conclude(kind, "", PERSON, [one]).follow_up == (follow_up,)


@pytest.mark.parametrize("system", [s for s in ORDERS if s not in {"fleischner_2017", "ti_rads"}])
def test_every_category_has_advice_and_a_meaning(system: str) -> None:
    from healthgym.knowledge.radiology.systems import Grade

    ranks = []
    for category in ORDERS[system]:
        said = advice(system, category)
        found = Grade(system=system, category=category, advice=said)
        assert said, category
        assert means(found)[1], category
        ranks.append(rank(found))
    assert ranks == sorted(ranks, reverse=system == "aspects")


def test_breast_advice_is_that_of_the_instrument() -> None:
    for category in ORDERS["bi_rads_management"]:
        known = calc("bi_rads_management", {"category": category}).value
        assert advice("bi_rads_management", category) == known


def test_near_misses() -> None:
    assert nearness("lung_rads_2022", "3", "4A") == 0.5
    assert nearness("lung_rads_2022", "2", "4A") == 0.0
    assert nearness("lung_rads_2022", "none", "4A") == 0.0
    assert near("benign", ("indeterminate",)) == 0.5
    assert near("normal", ("significant",)) == 0.0
    assert near("normal", ("benign", "normal")) == 1.0
