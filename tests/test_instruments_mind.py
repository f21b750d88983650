"""Boundaries of triage, stroke, trauma and psychiatry, both sides of each threshold."""

import json
from pathlib import Path
from typing import Any

import pytest

from healthgym.knowledge.errors import InvalidInput
from healthgym.knowledge.instruments.core import calc

CONTRACT = json.loads((Path(__file__).parent / "instruments.json").read_bytes())


def base(name: str) -> dict[str, Any]:
    return dict(CONTRACT[name]["examples"][0]["inputs"])


def items(name: str, *values: int) -> dict[str, Any]:
    (field,) = [k for k, v in base(name).items() if isinstance(v, list)]
    full = [*values, *[0] * (len(base(name)[field]) - len(values))]
    return {field: full}


@pytest.mark.parametrize(
    ("age_months", "heart", "breathing"),
    [(0.5, 190, 60), (1, 180, 55), (12, 140, 40), (36, 120, 35), (60, 120, 30), (144, 100, 20)],
)
def test_the_danger_zone_is_strictly_beyond_its_limits(
    age_months: float, heart: float, breathing: float
) -> None:
    at = {"age_months": age_months, "heart_rate_per_min": heart, "spo2_percent": 92}
    at |= {"respiratory_rate_per_min": breathing}
    assert calc("esi_danger_zone", at).value is False
    for key in ("heart_rate_per_min", "respiratory_rate_per_min"):
        assert calc("esi_danger_zone", {**at, key: at[key] + 1}).value is True
    assert calc("esi_danger_zone", {**at, "spo2_percent": 91}).value is True


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({"requires_immediate_lifesaving_intervention": True}, 1),
        ({"new_confusion_lethargy_disorientation": True}, 2),
        ({"severe_pain_or_distress_needing_priority": True}, 2),
        ({"number_of_different_resources": 0}, 5),
        ({"number_of_different_resources": 1}, 4),
        ({"number_of_different_resources": 5}, 3),
        ({"danger_zone_vitals_confirmed_on_reassessment": True}, 2),
        (
            {
                "danger_zone_vitals_confirmed_on_reassessment": True,
                "number_of_different_resources": 1,
            },
            4,
        ),
    ],
)
def test_esi_levels(change: dict[str, Any], level: int) -> None:
    assert calc("esi_level", {**base("esi_level"), **change}).value == level


ROWS = [
    ("gcs", {"eye_1_4": 3, "verbal_1_5": 4, "motor_1_6": 6}, 13, "mild"),
    ("gcs", {"eye_1_4": 3, "verbal_1_5": 3, "motor_1_6": 6}, 12, "moderate"),
    ("gcs", {"eye_1_4": 1, "verbal_1_5": 2, "motor_1_6": 5}, 8, "severe"),
    ("rts", {"respiratory_rate_per_min": 29}, 7.8408, None),
    ("rts", {"respiratory_rate_per_min": 30}, 7.55, None),
    ("rts", {"systolic_bp_mmhg": 89}, 7.1082, None),
    ("rts", {"gcs": 12}, 6.904, None),
    ("abcd2", {"age_years": 60, "diabetes": True}, 2, "low"),
    ("abcd2", {"duration_minutes": 59}, 1, "low"),
    ("abcd2", {"duration_minutes": 60, "clinical_features": "unilateral weakness"}, 4, "moderate"),
    ("abcd2", {"clinical_features": "speech disturbance", "diastolic_bp_mmhg": 90}, 2, "low"),
    ("ich_score", {"gcs": 4}, 2, None),
    ("ich_score", {"gcs": 12}, 1, None),
    ("ich_score", {"hematoma_volume_ml": 30, "age_years": 80}, 2, None),
    ("cows", {"total_0_48": 4}, 4, "none"),
    ("cows", {"total_0_48": 5}, 5, "mild"),
    ("cows", {"total_0_48": 25}, 25, "moderately severe"),
    ("cows", {"total_0_48": 37}, 37, "severe"),
    ("cage", {"cut_down": True}, 1, "negative"),
    ("cage", {"cut_down": True, "guilty": True}, 2, "positive"),
    ("mdq", {"yes_count_of_13": 6}, "negative", None),
    ("mdq", {"symptoms_co_occurred": False}, "negative", None),
    ("mdq", {"problem_level": "serious"}, "positive", None),
    ("mdq", {"problem_level": "minor"}, "negative", None),
    ("cssrs_screener", {"q1_wish_to_be_dead": True}, "low", None),
    ("cssrs_screener", {"q3_thoughts_with_method": True}, "moderate", None),
    ("cssrs_screener", {"q4_intent_without_plan": True}, "high", None),
    ("cssrs_screener", {"q6_behavior_past_3_months": True}, "high", None),
    ("phq9", items("phq9", 3, 1), 4, "minimal"),
    ("phq9", items("phq9", 3, 2), 5, "mild"),
    ("phq9", items("phq9", 3, 3, 3, 3, 3), 15, "moderately severe"),
    ("phq9", items("phq9", 3, 3, 3, 3, 3, 3, 2), 20, "severe"),
    ("phq9", items("phq9", 0, 0, 0, 0, 0, 0, 0, 0, 1), 1, "minimal;suicide item positive"),
    ("gad7", items("gad7", 3, 3, 3, 1), 10, "moderate"),
    ("gad7", items("gad7", 3, 3, 3, 3, 3), 15, "severe"),
    ("epds", items("epds", 3, 3, 3), 9, "unlikely"),
    ("epds", items("epds", 3, 3, 3, 1), 10, "possible depression"),
    ("epds", items("epds", 3, 3, 3, 3, 1), 13, "probable depression"),
    ("pcl5", items("pcl5", *[4] * 7, 2), 30, "below 31;dsm clusters not met"),
    ("pcl5", items("pcl5", *[4] * 7, 3), 31, "31-32;dsm clusters not met"),
    (
        "pcl5",
        items("pcl5", 2, 0, 0, 0, 0, 2, 0, 2, 2, 0, 0, 0, 0, 0, 2, 2),
        12,
        "below 31;dsm clusters met",
    ),
    ("audit_c", {**items("audit_c", 1, 1, 1), "sex": "male"}, 3, "negative"),
    ("audit_c", {**items("audit_c", 2, 1, 1), "sex": "male"}, 4, "positive"),
    ("ciwa_ar", {**items("ciwa_ar", 7, 2), "orientation_0_4": 0}, 9, "mild (<10)"),
    ("ciwa_ar", {**items("ciwa_ar", 7, 2), "orientation_0_4": 1}, 10, "moderate (10-18)"),
    ("nihss", items("nihss", 1), 1, "minor"),
    ("nihss", items("nihss", 3, 2), 5, "moderate"),
    ("nihss", items("nihss", 3, 2, 2, 2, 3, 3, 1), 16, "moderate-severe"),
    ("nihss", items("nihss", 3, 2, 2, 2, 3, 3, 4, 2), 21, "severe"),
]


@pytest.mark.parametrize(("name", "change", "value", "band"), ROWS)
def test_boundaries(name: str, change: dict[str, Any], value: Any, band: str | None) -> None:
    result = calc(name, {**base(name), **change})
    assert result.value == (pytest.approx(value) if isinstance(value, float) else value)
    assert result.band == band


def test_items_of_suicide_warn_whatever_the_total() -> None:
    for name, place in (("phq9", 9), ("epds", 10)):
        result = calc(name, items(name, *[0] * (place - 1), 1))
        assert result.warnings
        assert "positive" in str(result.band)


def test_an_untestable_item_of_nihss_is_not_four() -> None:
    limbs = [0, 0, 0, 0, 0, 0, "UN", 0, 0, 0, 0, 0, 0, 0, 0]
    result = calc("nihss", {"item_scores_1a_to_11": limbs})
    assert (result.value, result.warnings) == (0, ("not testable: 5a",))
    limbs[0] = 4
    with pytest.raises(InvalidInput, match="at most 3 for item 1a"):
        calc("nihss", {"item_scores_1a_to_11": limbs})


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ({"hours_since_last_known_well": 4.5}, "eligible"),
        ({"hours_since_last_known_well": 4.6}, "not eligible now: outside 4.5 h"),
        ({"systolic_bp_mmhg": 185, "diastolic_bp_mmhg": 110}, "eligible"),
        ({"systolic_bp_mmhg": 186}, "not eligible now: bp"),
        ({"platelets_10e3_per_ul": 99}, "not eligible now: platelets"),
        ({"inr": 1.8}, "not eligible now: inr"),
        ({"glucose_mg_dl": 49}, "not eligible now: glucose"),
        ({"doac_within_48h": True}, "not eligible now: doac"),
        ({"ct_shows_hemorrhage": True, "inr": 3}, "not eligible now: hemorrhage"),
    ],
)
def test_thrombolysis(change: dict[str, Any], value: str) -> None:
    result = calc("stroke_thrombolysis", {**base("stroke_thrombolysis"), **change})
    assert result.value == value
    assert (result.band is None) == (value != "eligible"), "no dose without eligibility"


def test_doses_of_thrombolysis_are_capped() -> None:
    heavy = calc("stroke_thrombolysis", {**base("stroke_thrombolysis"), "weight_kg": 130})
    assert heavy.band == "alteplase_total_mg=90.0;bolus_mg=9.0;tenecteplase_mg=25.0"


def test_those_beyond_the_contract() -> None:
    assert calc("4at", _four_at(alertness="clearly abnormal")).band == "possible delirium"
    assert calc("4at", _four_at(amt4_mistakes="one")).band == "possible cognitive impairment"
    assert calc("aims", {"items_1_to_7": [2, 2, 0, 0, 0, 0, 0]}).band == "positive"
    assert calc("aims", {"items_1_to_7": [2, 1, 1, 1, 1, 1, 1]}).band == "negative"
    assert calc("hunt_hess", {"grade_1_5": 4}).band == "poor grade"
    assert calc("ymrs_total", {"total_0_60": 20}).band == "manic"
    assert calc("lithium_level", {"lithium_mmol_l": 1.54}).band == "high"
    assert calc("lithium_level", {"lithium_mmol_l": 1.55}).band == "toxic"
    moca = {"total_0_30": 25, "education_12_years_or_less": True}
    assert calc("moca_total", moca).band == "normal"
    anc = {"benign_ethnic_neutropenia": False, "already_on_clozapine": True}
    said = [calc("clozapine_anc", {**anc, "anc_per_ul": n}).value for n in (1500, 1499, 999, 499)]
    assert said == ["continue", "monitor more often", "interrupt", "stop"]
    ankle = dict.fromkeys(
        (
            "malleolar_pain",
            "tender_posterior_edge_or_tip_of_malleolus",
            "midfoot_pain",
            "tender_base_of_fifth_metatarsal_or_navicular",
            "unable_to_walk_four_steps_then_and_now",
        ),
        False,
    )
    assert calc("ottawa_ankle", ankle).value == "no film by rule"
    lame = {**ankle, "malleolar_pain": True, "unable_to_walk_four_steps_then_and_now": True}
    assert calc("ottawa_ankle", lame).value == "ankle film"


def _four_at(**change: Any) -> dict[str, Any]:
    calm = {"alertness": "normal", "amt4_mistakes": "none", "months_backwards": "seven or more"}
    return {**calm, "acute_change_or_fluctuation": False, **change}
