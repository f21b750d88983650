"""Boundaries of the instruments of general medicine, both sides of each threshold."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.instruments.core import calc

CONTRACT = json.loads((Path(__file__).parent / "instruments.json").read_bytes())


def base(name: str) -> dict[str, Any]:
    """The first published example: a patient with (nearly) nothing."""
    return dict(CONTRACT[name]["examples"][0]["inputs"])


ROWS = [
    ("curb65", {"bun_mg_dl": 19.6}, 0, "low"),
    ("curb65", {"bun_mg_dl": 19.7}, 1, "low"),
    ("curb65", {"respiratory_rate_per_min": 30}, 1, "low"),
    ("curb65", {"diastolic_bp_mmhg": 60}, 1, "low"),
    ("curb65", {"diastolic_bp_mmhg": 61}, 0, "low"),
    ("curb65", {"systolic_bp_mmhg": 85, "diastolic_bp_mmhg": 50}, 1, "low"),
    ("curb65", {"age_years": 64.99}, 0, "low"),
    ("curb65", {"age_years": 65, "new_confusion": True}, 2, "moderate"),
    ("sirs", {"temperature_c": 38.0}, 0, "not met"),
    ("sirs", {"temperature_c": 38.1, "heart_rate_per_min": 91}, 2, "met"),
    ("sirs", {"temperature_c": 35.9}, 1, "not met"),
    ("sirs", {"respiratory_rate_per_min": 25, "paco2_mmhg": 30}, 1, "not met"),
    ("sirs", {"wbc_10e3_per_ul": 12.0}, 0, "not met"),
    ("sirs", {"wbc_10e3_per_ul": 12.1, "band_neutrophils_percent": 20}, 1, "not met"),
    ("qsofa", {"systolic_bp_mmhg": 100, "respiratory_rate_per_min": 22}, 2, "positive"),
    ("qsofa", {"systolic_bp_mmhg": 101, "respiratory_rate_per_min": 21}, 0, "negative"),
    ("psi_port", {"age_years": 50}, 50, "I"),
    ("psi_port", {"age_years": 51}, 51, "II"),
    ("psi_port", {"age_years": 50, "nursing_home_resident": True}, 60, "I"),
    ("psi_port", {"age_years": 40, "heart_failure": True}, 50, "II"),
    ("psi_port", {"age_years": 40, "temperature_c": 40.0}, 55, "II"),
    ("psi_port", {"age_years": 71}, 71, "III"),
    ("psi_port", {"age_years": 90}, 90, "III"),
    ("psi_port", {"age_years": 91}, 91, "IV"),
    ("psi_port", {"age_years": 80, "sex": "female"}, 70, "II"),
    ("psi_port", {"arterial_ph": 7.35}, 60, "II"),
    ("psi_port", {"arterial_ph": 7.34}, 90, "III"),
    ("centor_mcisaac", {"cough_present": False}, 1, None),
    ("centor_mcisaac", {"age_years": 14}, 1, None),
    ("centor_mcisaac", {"age_years": 45}, -1, None),
    ("centor_mcisaac", {"temperature_c": 38.0}, 0, None),
    ("centor_mcisaac", {"temperature_c": 38.1}, 1, None),
    ("heart", {"troponin_multiple_of_upper_limit": 1.0}, 0, "low"),
    ("heart", {"troponin_multiple_of_upper_limit": 3.0}, 1, "low"),
    ("heart", {"troponin_multiple_of_upper_limit": 3.01}, 2, "low"),
    ("heart", {"known_atherosclerotic_disease": True, "age_years": 65}, 4, "moderate"),
    ("heart", {"number_of_risk_factors": 2}, 1, "low"),
    ("heart", {"number_of_risk_factors": 3, "age_years": 45}, 3, "low"),
    ("wells_pe", {"heart_rate_over_100": True, "hemoptysis": True}, 2.5, "unlikely/moderate"),
    (
        "wells_pe",
        {"clinical_signs_of_dvt": True, "active_malignancy": True},
        4.0,
        "unlikely/moderate",
    ),
    (
        "wells_pe",
        {"clinical_signs_of_dvt": True, "heart_rate_over_100": True},
        4.5,
        "likely/moderate",
    ),
    ("wells_dvt", {"alternative_diagnosis_at_least_as_likely": True}, -2, "unlikely/low"),
    ("wells_dvt", {"active_cancer": True, "previous_dvt": True}, 2, "likely/moderate"),
    ("perc", {"age_years": 49.9}, 0, "negative"),
    ("perc", {"age_years": 50}, 1, "positive"),
    ("perc", {"spo2_percent": 95}, 0, "negative"),
    ("perc", {"spo2_percent": 94}, 1, "positive"),
    ("years", {"d_dimer_ng_ml_feu": 999}, 0, "pe excluded"),
    ("years", {"d_dimer_ng_ml_feu": 1000}, 0, "ctpa indicated"),
    ("years", {"d_dimer_ng_ml_feu": 500, "hemoptysis": True}, 1, "ctpa indicated"),
    ("spesi", {"age_years": 80}, 0, "low"),
    ("spesi", {"age_years": 81}, 1, "high"),
    ("spesi", {"spo2_percent": 89}, 1, "high"),
    ("child_pugh", {"bilirubin_mg_dl": 2.0}, 6, "A"),
    ("child_pugh", {"bilirubin_mg_dl": 3.1}, 7, "B"),
    ("child_pugh", {"albumin_g_dl": 3.5}, 6, "A"),
    ("child_pugh", {"inr": 2.3}, 6, "A"),
    ("child_pugh", {"inr": 2.4, "ascites": "moderate-severe", "albumin_g_dl": 2.7}, 11, "C"),
    ("meld_na", {"sodium_mmol_l": 125}, 6, None),
    ("meld_na", {"dialysis_twice_in_past_week": True}, 20, None),
    ("meld_na", {"dialysis_twice_in_past_week": True, "sodium_mmol_l": 125}, 28, None),
    ("meld_3_0", {"sex": "female"}, 7, None),
    ("meld_3_0", {"creatinine_mg_dl": 9}, 18, None),
    ("fib4", {"age_years": 40, "ast_u_l": 31, "alt_u_l": 25}, None, None),
    ("glasgow_blatchford", {"bun_mg_dl": 18.1}, 0, "very low (outpatient)"),
    ("glasgow_blatchford", {"bun_mg_dl": 18.2}, 2, "admit"),
    ("glasgow_blatchford", {"hemoglobin_g_dl": 12.9, "sex": "male"}, 1, "very low (outpatient)"),
    ("glasgow_blatchford", {"hemoglobin_g_dl": 13.0, "sex": "male"}, 0, "very low (outpatient)"),
    ("glasgow_blatchford", {"hemoglobin_g_dl": 11.9, "sex": "female"}, 1, "very low (outpatient)"),
    ("glasgow_blatchford", {"hemoglobin_g_dl": 9.9, "sex": "female"}, 6, "admit"),
    ("bisap", {"bun_mg_dl": 25, "age_years": 60}, 0, "lower"),
    ("bisap", {"bun_mg_dl": 26, "age_years": 61, "pleural_effusion": True}, 3, "high"),
    ("ranson", {"age_years": 56}, 1, "mild"),
    ("ranson", {"age_years": 70, "gallstone_pancreatitis": True}, 0, "mild"),
    ("has_bled", {"age_years": 65}, 0, "low"),
    ("has_bled", {"age_years": 66, "alcohol_drinks_per_week": 8, "labile_inr": True}, 3, "high"),
    ("cha2ds2_vasc", {"age_years": 65}, 1, "CHA2DS2-VA=1"),
    ("cha2ds2_vasc", {"age_years": 75, "sex": "female"}, 3, "CHA2DS2-VA=2"),
    ("cha2ds2_vasc", {"stroke_tia_or_thromboembolism": True}, 2, "CHA2DS2-VA=2"),
    ("grace", {"systolic_bp_mmhg": 79}, None, None),
    ("kawasaki", {"fever_days": 4}, "complete kawasaki", None),
    ("kawasaki", {"fever_days": 3}, "criteria not met", None),
    ("kawasaki", {"principal_features_of_5": 1}, "criteria not met", None),
    (
        "kawasaki",
        {"principal_features_of_5": 3, "supplementary_labs_of_6": 3},
        "incomplete kawasaki: treat",
        None,
    ),
    (
        "kawasaki",
        {"principal_features_of_5": 3, "crp_mg_dl": 2.9, "esr_mm_h": 39},
        "suspected incomplete: serial reassessment",
        None,
    ),
    ("dka_2024", {"ph": 7.25}, "moderate", None),
    ("dka_2024", {"ph": 7.26}, "mild", None),
    ("dka_2024", {"ph": 6.99}, "severe", None),
    ("dka_2024", {"bicarbonate_mmol_l": 9.9}, "severe", None),
    ("dka_2024", {"bicarbonate_mmol_l": 14.9}, "moderate", None),
    ("dka_2024", {"glucose_mg_dl": 150}, "mild", None),
    ("dka_2024", {"glucose_mg_dl": 150, "known_diabetes": False}, "criteria not met", None),
    (
        "dka_2024",
        {"beta_hydroxybutyrate_mmol_l": 2.9, "urine_ketones_plus": 1},
        "criteria not met",
        None,
    ),
]


@pytest.mark.parametrize(("name", "change", "value", "band"), ROWS)
def test_boundaries(name: str, change: dict[str, Any], value: Any, band: str | None) -> None:
    result = calc(name, {**base(name), **change})
    if value is not None:
        assert result.value == value
        assert result.band == band
    assert not result.missing


def test_grace_reads_its_table_from_below() -> None:
    start = calc("grace", base("grace")).value
    low = calc("grace", {**base("grace"), "systolic_bp_mmhg": 79}).value
    killip = calc("grace", {**base("grace"), "killip_class": 4}).value
    assert isinstance(start, int)
    assert (low, killip) == (start + 24, start + 59)
    assert calc("grace", {**base("grace"), "cardiac_arrest_at_admission": True}).value == start + 39


def test_fib4_is_read_by_age() -> None:
    inputs = {"ast_u_l": 40, "alt_u_l": 25, "platelets_10e9_per_l": 300}
    assert calc("fib4", {**inputs, "age_years": 64}).band == "indeterminate"
    assert calc("fib4", {**inputs, "age_years": 65}).band == "low"


EXTRA = [
    ("lace", (13, True, 3, 0), 11, "high"),
    ("lace", (14, False, 0, 0), 7, "moderate"),
    ("lace", (3, False, 0, 1), 4, "low"),
    ("lace", (1, True, 9, 9), 13, "high"),
]


@pytest.mark.parametrize(("name", "given_", "value", "band"), EXTRA)
def test_lace(name: str, given_: tuple[Any, ...], value: int, band: str) -> None:
    keys = (
        "length_of_stay_days",
        "acute_admission",
        "charlson_points",
        "emergency_visits_past_6_months",
    )
    result = calc(name, dict(zip(keys, given_, strict=True)))
    assert (result.value, result.band) == (value, band)


def test_alvarado_pesi_maddrey_and_gold() -> None:
    found = dict.fromkeys(
        ("migration_of_pain", "anorexia", "nausea_or_vomiting", "rebound_tenderness", "left_shift"),
        True,
    )
    more = {"right_lower_quadrant_tenderness": True, "temperature_c": 37.3, "wbc_10e3_per_ul": 10.1}
    assert calc("alvarado", {**found, **more}).value == 10
    assert calc("alvarado", {**found, **more, "wbc_10e3_per_ul": 10.0}).value == 8
    calm = {"age_years": 60, "sex": "female", "heart_rate_per_min": 80, "systolic_bp_mmhg": 120}
    calm |= {"respiratory_rate_per_min": 16, "temperature_c": 37, "spo2_percent": 97}
    calm |= dict.fromkeys(
        ("cancer_history", "heart_failure", "chronic_lung_disease", "altered_mental_status"), False
    )
    assert (calc("pesi", calm).value, calc("pesi", calm).band) == (60, "I")
    assert calc("pesi", {**calm, "altered_mental_status": True}).band == "IV"
    times = {"prothrombin_time_s": 18, "control_prothrombin_time_s": 12, "bilirubin_mg_dl": 4.4}
    assert calc("maddrey", times).band == "severe"
    assert calc("maddrey", {**times, "bilirubin_mg_dl": 4.3}).band == "not severe"
    lungs = {"fev1_fvc_ratio_percent": 69, "fev1_percent_predicted": 50}
    assert calc("gold_copd", lungs).value == "GOLD 2"
    assert calc("gold_copd", {**lungs, "fev1_percent_predicted": 49}).value == "GOLD 3"
    assert calc("gold_copd", {**lungs, "fev1_fvc_ratio_percent": 70}).value == "no obstruction"


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["curb65", "psi_port", "heart", "wells_pe", "has_bled", "perc"]),
    st.data(),
)
def test_another_finding_never_lowers_the_score(name: str, data: st.DataObject) -> None:
    inputs = base(name)
    flags = [k for k, v in inputs.items() if v is False and k != "gallstone_pancreatitis"]
    chosen = data.draw(st.lists(st.sampled_from(flags), unique=True))
    some = calc(name, {**inputs, **dict.fromkeys(chosen, True)}).value
    extra = data.draw(st.sampled_from(flags))
    more = calc(name, {**inputs, **dict.fromkeys([*chosen, extra], True)}).value
    assert more >= some  # type: ignore[operator]
