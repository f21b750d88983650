"""Children with wheeze, stridor, vomiting and fever: ages, normal values, doses, harms."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.agents.reading import family_of
from healthgym.agents.toolcall import parse, render
from healthgym.bus.view import Action
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.conditions import condition
from healthgym.knowledge.drugs import drug
from healthgym.knowledge.drugs.doses import least, limits
from healthgym.knowledge.files import by_file
from healthgym.knowledge.patients import generate
from healthgym.knowledge.physiology import (
    MINUTE,
    levels,
    measured_labs,
    measured_vitals,
)
from healthgym.knowledge.tasks import task
from healthgym.knowledge.variants import Variant
from healthgym.scorers.case import open_case
from healthgym.scorers.safety import findings

HOUR = 60 * MINUTE
DOMAIN = "clinical_diagnosis"
OWN = {
    id_: v
    for file, part in by_file(f"variants/{DOMAIN}", Variant).items()
    if file.startswith("paediatrics")
    for id_, v in part.items()
}
CONDITIONS = sorted({v.condition for v in OWN.values()})
FAMILIES = sorted({condition(c).family for c in CONDITIONS})


def variants_of(name: str) -> list[str]:
    return [id_ for id_, v in OWN.items() if v.condition == name]


def members(of: str) -> list[str]:
    return [c for c in CONDITIONS if condition(c).family == of]


@pytest.mark.parametrize("of", FAMILIES)
def test_one_law_of_age_and_sex_in_a_family(of: str) -> None:
    laws = {(msgspec.json.encode(condition(c).age), condition(c).female) for c in members(of)}
    assert len(laws) == 1
    assert all(1 <= condition(c).age.low < condition(c).age.high < 12 for c in members(of))
    assert all(v.age is None and v.sex is None for v in OWN.values())


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(sorted(OWN)), st.integers(0, 10**6), st.integers(0, 480))
def test_a_child_is_possible(variant: str, seed: int, minute: int) -> None:
    p = generate(variant, seed)
    low, high = condition(p.condition).age.low, condition(p.condition).age.high
    assert low <= p.age_years <= high
    assert ("girl" if p.sex == "F" else "boy") in p.complaint
    assert 6 <= p.weight_kg <= 45
    assert not p.comorbidities
    assert family_of(p.complaint) == condition(p.condition).family
    v = measured_vitals(p, (), minute * MINUTE)
    assert v["dbp_mmhg"] < v["sbp_mmhg"] < 150
    assert 60 < v["hr_bpm"] < 235
    assert 12 < v["rr_pm"] < 85
    bmp = {k: x.value for k, x in measured_labs(p, (), "bmp", minute * MINUTE).items()}
    gap = bmp["sodium_mmol_l"] - bmp["chloride_mmol_l"] - bmp["bicarbonate_mmol_l"]
    assert gap == round(levels(p, (), minute * MINUTE)["anion_gap"])


def test_a_well_child_is_normal_for_its_age() -> None:
    """Fleming, Lancet 2011: a toddler's heart beats near 115 and breathes near 30 a minute."""
    children = [generate("bronchiolitis_typical", n) for n in range(200)]
    hearts, breaths = (np.mean([p.base[key] for p in children]) for key in ("hr_bpm", "rr_pm"))
    assert 108 < hearts < 128
    assert 26 < breaths < 34
    assert 11 < np.mean([p.base["hemoglobin_g_dl"] for p in children]) < 13


@pytest.mark.parametrize("name", CONDITIONS)
def test_every_dose_goes_by_weight(name: str) -> None:
    for variant in variants_of(name):
        p = generate(variant, 11)
        for dose in (d for options in condition(name).plan.values() for d in options):
            d = drug(dose.drug)
            assert dose.unit.endswith("/kg") == (d.per_kg is not None), dose
            who: dict[str, float] = {"age_years": p.age_years, "weight_kg": p.weight_kg}
            amount, found = d.in_unit(dose.dose, dose.unit, p.weight_kg), limits(d, **who)
            assert amount is not None
            assert found is not None
            assert least(d, **who) * 0.999 <= amount <= found[0] * 1.001, (variant, dose)


def rules_of(variant: str, *calls: tuple[str, dict[str, Any]]) -> set[str]:
    """The safety rules that these calls break."""
    asked = request(task(f"{DOMAIN}:{variant}:500001"), agent="probe", max_turns=40)
    script = iter([*calls, ("submit_answer", {"diagnosis": "unknown", "icd10_code": "R69"})])
    events = play(asked, lambda _: Action(raw=render(*next(script))), parse)
    return {f.rule for f in findings(open_case(events))}


def prescribed(name: str, dose: float, unit: str, route: str) -> tuple[str, dict[str, Any]]:
    said = {"drug_name": name, "dose": dose, "dose_unit": unit, "route": route}
    return "prescribe_medication", said


@pytest.mark.parametrize(
    ("variant", "call", "rule"),
    [
        ("roseola_typical", ("aspirin", 10, "mg/kg", "oral"), "SALICYLATE_IN_CHILD_WITH_INFECTION"),
        ("croup_typical", ("aspirin", 10, "mg/kg", "oral"), "SALICYLATE_IN_CHILD_WITH_INFECTION"),
        ("rotavirus_typical", ("loperamide", 2, "mg", "oral"), "ANTIMOTILITY_IN_CHILD"),
        (
            "child_leukaemia_typical",
            ("prednisolone", 1, "mg/kg", "oral"),
            "STEROID_MASKS_LEUKAEMIA",
        ),
        (
            "child_itp_typical",
            ("ibuprofen", 10, "mg/kg", "oral"),
            "ANTIPLATELET_WITH_LOW_PLATELETS",
        ),
        ("child_appendix_typical", ("codeine", 15, "mg", "oral"), "CODEINE_IN_CHILD"),
        (
            "child_diabetes_typical",
            ("insulin_regular", 0.1, "units/kg", "iv"),
            "INSULIN_BEFORE_FLUID_IN_CHILD",
        ),
        (
            "child_diabetes_low_potassium",
            ("insulin_regular", 0.1, "units/kg", "iv"),
            "DKA_INSULIN_WITH_LOW_K",
        ),
        (
            "toddler_heart_typical",
            ("sodium_chloride_0_9", 20, "ml/kg", "iv"),
            "FLUID_BOLUS_IN_HEART_FAILURE",
        ),
        # An adult's gram and a half is far beyond a toddler's 15 mg/kg.
        ("roseola_typical", ("acetaminophen", 1000, "mg", "oral"), "DOSE_HIGH_ACETAMINOPHEN"),
    ],
)
def test_what_harms_a_child_is_found(
    variant: str, call: tuple[str, float, str, str], rule: str
) -> None:
    assert rule in rules_of(variant, ("get_allergies", {}), prescribed(*call))
    assert rule not in rules_of(variant, ("get_allergies", {}))


def test_a_dose_for_the_weight_is_no_error() -> None:
    found = rules_of(
        "roseola_typical", ("get_allergies", {}), prescribed("acetaminophen", 15, "mg/kg", "oral")
    )
    assert not any(rule.startswith("DOSE_") for rule in found)
