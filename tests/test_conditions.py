"""Every condition of clinical diagnosis: its patients meet it, treatment helps, good play pays."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.agents.reading import family_of
from healthgym.cli.admission import FOOLISH, GOOD, examine
from healthgym.knowledge import labs
from healthgym.knowledge.conditions import Predicate, condition
from healthgym.knowledge.drugs import drug
from healthgym.knowledge.icd10 import listed
from healthgym.knowledge.patients import generate
from healthgym.knowledge.physiology import (
    MINUTE,
    Given,
    levels,
    measured_labs,
    measured_vitals,
    severity,
)
from healthgym.knowledge.tasks import splits, task
from healthgym.knowledge.variants import conditions_in, domain_variants, variant

HOUR = 60 * MINUTE
DOMAIN = "clinical_diagnosis"
CONDITIONS = conditions_in(DOMAIN)
FAMILIES = sorted({condition(c).family for c in CONDITIONS})
VARIANTS = sorted(domain_variants(DOMAIN))
SEED = 800_000


HARMLESS = {"gerd", "panic"}
"""They do not grow worse when they are left alone."""


def meets(limit: Predicate, true: Mapping[str, float]) -> bool:
    """ADA/EASD 2024: the acid of ketoacidosis is a pH below 7.3 or a bicarbonate below 18."""
    value, want = true[limit.fact.partition(":")[2]], float(limit.value)
    if limit.fact == "lab:ph_venous" and true["bicarbonate_mmol_l"] < 18:
        return True
    return value >= want if limit.op == ">=" else value <= want


def variants_of(name: str) -> list[str]:
    return [v for v in VARIANTS if variant(v).condition == name]


def test_counts() -> None:
    assert len(CONDITIONS) >= 130
    assert len(FAMILIES) >= 30
    assert all(listed(condition(c).icd10) for c in CONDITIONS)
    grown = [condition(c).icd10 for c in CONDITIONS if condition(c).age.high >= 18]
    assert len(set(grown)) == len(grown)


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_has_look_alikes_and_faces(name: str) -> None:
    own = [variant(v) for v in variants_of(name)]
    assert len(own) >= 3
    assert len({v.presentation for v in own}) >= 2
    rivals = {c for c in CONDITIONS if condition(c).family == condition(name).family}
    assert set(condition(name).look_alikes) <= rivals - {name}
    assert len(condition(name).look_alikes) >= 2


@pytest.mark.parametrize("of", FAMILIES)
def test_a_family_is_met_in_every_split(of: str) -> None:
    own = {splits(DOMAIN)[v] for v in VARIANTS if condition(variant(v).condition).family == of}
    assert own == {"train", "validation", "test"}


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_patient_meets_the_definition(name: str) -> None:
    own = variants_of(name)
    for i in range(40):
        p = generate(own[i % len(own)], SEED + i)
        true = levels(p, (), 0)
        for limit in (*condition(name).criteria, *variant(p.variant).criteria):
            assert meets(limit, true), (p.variant, p.seed, limit)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(VARIANTS), st.integers(0, 10**6), st.integers(0, 480))
def test_a_patient_is_possible(name: str, seed: int, minute: int) -> None:
    p = generate(name, seed)
    true = levels(p, (), minute * MINUTE)
    bmp = {k: v.value for k, v in measured_labs(p, (), "bmp", minute * MINUTE).items()}
    gap = bmp["sodium_mmol_l"] - bmp["chloride_mmol_l"] - bmp["bicarbonate_mmol_l"]
    assert gap == round(true["anion_gap"])
    v = measured_vitals(p, (), minute * MINUTE)
    assert v["map_mmhg"] == round((v["sbp_mmhg"] + 2 * v["dbp_mmhg"]) / 3)
    assert v["dbp_mmhg"] < v["sbp_mmhg"]
    assert 3 <= v["gcs"] <= 15
    assert family_of(p.complaint) == condition(p.condition).family
    if true["bicarbonate_mmol_l"] < 18 and not p.shift.get("pco2_mmhg"):
        assert abs(true["pco2_mmhg"] - 4 - (1.5 * true["bicarbonate_mmol_l"] + 8)) < 10
    for test in labs.catalogue().tests:
        for key, found in measured_labs(p, (), test, minute * MINUTE).items():
            part = labs.catalogue().components[key]
            assert part.min <= found.value <= part.max, (test, key)


@pytest.mark.parametrize("name", CONDITIONS)
def test_untreated_grows_and_the_right_drug_helps(name: str) -> None:
    c = condition(name)
    p = generate(variants_of(name)[0], 7)
    later = severity(p, (), 2 * HOUR), severity(p, (), HOUR), p.severity
    assert later[0] <= later[1] <= later[2] if name in HARMLESS else later[0] >= later[1] > later[2]
    for required in c.judgement.required:
        for dose in c.plan.get(required.id, ()):
            assert any(drug(dose.drug).matches(i) for i in required.any_of), (required.id, dose)
    doses = [options[0] for options in c.plan.values()]
    early = [
        Given(drug=d.drug, dose=d.dose, unit=d.unit, route=d.route, at=HOUR // 2) for d in doses
    ]
    if early:
        assert severity(p, early, 6 * HOUR) < severity(p, early, HOUR) < severity(p, (), 2 * HOUR)
    assert severity(p, early, HOUR // 4) == severity(p, (), HOUR // 4)


@pytest.mark.parametrize("name", CONDITIONS)
def test_good_play_pays_and_folly_does_not(name: str) -> None:
    for place, own in enumerate(variants_of(name)[::2]):
        verdict = examine(task(f"{DOMAIN}:{own}:{300_000 + place}"))
        assert verdict.errors == 0
        assert verdict.reference >= GOOD, verdict
        assert max(verdict.nothing, verdict.salad, verdict.swapped) <= FOOLISH, verdict
