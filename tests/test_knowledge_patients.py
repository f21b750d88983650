"""Patients: determinism, identities, distributions. What leaks is in test_tells.py."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge import labs
from healthgym.knowledge.errors import UnknownVariant
from healthgym.knowledge.patients import generate
from healthgym.knowledge.physiology import (
    MINUTE,
    levels,
    measured_labs,
    measured_vitals,
)
from healthgym.knowledge.rng import stream
from healthgym.knowledge.variants import (
    all_variants,
    domain_variants,
)

COHORTS = (
    "alcoholic_ketoacidosis",
    "copd_exacerbation",
    "dka",
    "heart_failure",
    "hhs",
    "nstemi",
    "pulmonary_embolism",
)
VARIANTS = sorted(all_variants())
DIAGNOSTIC = sorted(domain_variants("clinical_diagnosis"))
seeds = st.integers(0, 10**7)
variants = st.sampled_from(VARIANTS)
HOUR = 60 * MINUTE


def test_stream_is_pinned():
    s = stream("a", 1)
    assert [s.word() for _ in range(2)] == [10267112094221570523, 7363020308196302738]


def test_streams_of_other_names_differ():
    assert stream("a", 1).word() != stream("a", 2).word() != stream("b", 1).word()


def test_normal_has_the_asked_moments():
    s = stream("moments")
    x = np.array([s.normal(3, 2) for _ in range(20_000)])
    assert abs(x.mean() - 3) < 0.06
    assert abs(x.std() - 2) < 0.05


@settings(deadline=None, max_examples=60)
@given(variants, seeds)
def test_same_seed_same_bytes(variant, seed):
    first = msgspec.json.encode(generate(variant, seed), order="deterministic")
    generate.cache_clear()
    assert msgspec.json.encode(generate(variant, seed), order="deterministic") == first


def test_other_seeds_are_other_patients():
    bodies = {msgspec.json.encode(generate("dka_missed_insulin", s)) for s in range(50)}
    assert len(bodies) == 50


def test_unknown_variant_names_near_ones():
    with pytest.raises(UnknownVariant) as caught:
        generate("pe_hit_histori", 1)
    assert "pe_hit_history" in caught.value.near


@settings(deadline=None, max_examples=80)
@given(variants, seeds, st.integers(0, 480))
def test_identities_hold_in_what_is_printed(variant, seed, minute):
    p = generate(variant, seed)
    bmp = {k: v.value for k, v in measured_labs(p, (), "bmp", minute * MINUTE).items()}
    true = levels(p, (), minute * MINUTE)
    gap = bmp["sodium_mmol_l"] - bmp["chloride_mmol_l"] - bmp["bicarbonate_mmol_l"]
    assert gap == round(true["anion_gap"])
    v = measured_vitals(p, (), minute * MINUTE)
    assert v["map_mmhg"] == round((v["sbp_mmhg"] + 2 * v["dbp_mmhg"]) / 3)
    assert v["dbp_mmhg"] < v["sbp_mmhg"]
    assert 50 <= v["spo2_pct"] <= 100
    assert 3 <= v["gcs"] <= 15


@settings(deadline=None, max_examples=80)
@given(variants, seeds)
def test_values_stay_possible(variant, seed):
    p = generate(variant, seed)
    true = levels(p, (), 8 * HOUR)
    for test, spec in labs.catalogue().tests.items():
        for key, value in measured_labs(p, (), test, 8 * HOUR).items():
            c = labs.catalogue().components[key]
            assert c.min <= value.value <= c.max, key
            assert spec.components
    assert 6.7 <= true["ph_venous"] <= 7.7
    if true["bicarbonate_mmol_l"] < 18 and not p.shift.get("pco2_mmhg"):
        winters = 1.5 * true["bicarbonate_mmol_l"] + 8
        assert abs(true["pco2_mmhg"] - 4 - winters) < 10


@pytest.fixture(scope="module")
def cohorts():
    out = {}
    for name in COHORTS:
        own = [v for v in DIAGNOSTIC if all_variants()[v].condition == name]
        out[name] = [generate(own[i % len(own)], 900_000 + i) for i in range(200)]
    return out


def share(group, test):
    return np.mean([test(levels(p, (), 0)) for p in group])


def test_findings_are_as_frequent_as_in_life(cohorts):
    assert share(cohorts["dka"], lambda v: v["beta_hydroxybutyrate_mmol_l"] >= 3) > 0.95
    assert share(cohorts["dka"], lambda v: v["ph_venous"] < 7.35) > 0.9
    assert share(cohorts["hhs"], lambda v: v["osmolality_mosm_kg"] > 310) > 0.95
    assert share(cohorts["hhs"], lambda v: v["beta_hydroxybutyrate_mmol_l"] < 3) > 0.95
    assert share(cohorts["alcoholic_ketoacidosis"], lambda v: v["glucose_mg_dl"] < 250) > 0.95
    assert share(cohorts["heart_failure"], lambda v: v["nt_probnp_pg_ml"] > 300) > 0.95
    assert share(cohorts["copd_exacerbation"], lambda v: v["pco2_mmhg"] > 50) > 0.85
    assert share(cohorts["pulmonary_embolism"], lambda v: v["d_dimer_ng_ml"] > 500) > 0.93
    hour = [levels(p, (), HOUR)["troponin_t_ng_l"] for p in cohorts["nstemi"]]
    assert np.mean(np.array(hour) > 14) > 0.93
    low = [p for p in cohorts["dka"] if p.variant == "dka_low_potassium"]
    assert share(low, lambda v: v["potassium_mmol_l"] < 3.5) > 0.95


def test_heart_rate_rises_with_temperature(cohorts):
    group = [p.base for people in cohorts.values() for p in people]
    r = np.corrcoef([b["hr_bpm"] for b in group], [b["temperature_c"] for b in group])[0, 1]
    assert 0.3 < r < 0.6


def test_demographics_are_independent_of_severity(cohorts):
    for people in cohorts.values():
        s = np.array([p.severity for p in people])
        low = np.array([p.ses == "low" for p in people])
        assert abs(s[low].mean() - s[~low].mean()) < 0.06
