"""Hypertension, magnesium and bleeding around birth, at their published boundaries."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.errors import InvalidInput
from healthgym.knowledge.instruments.core import calc

WELL = {
    "gestational_age_weeks": 34,
    "systolic_bp_mmhg": 142,
    "diastolic_bp_mmhg": 88,
    "bp_elevated_on_two_occasions_4h_apart": True,
    "severe_bp_confirmed_within_minutes": False,
    "proteinuria_mg_24h": 100,
    "protein_creatinine_ratio": 0.1,
    "platelets_10e3_per_ul": 210,
    "creatinine_mg_dl": 0.7,
    "ast_multiple_of_uln": 1,
    "pulmonary_edema": False,
    "new_headache_unresponsive": False,
    "visual_disturbance": False,
    "persistent_ruq_pain": False,
}
NOT_MET = "criteria not met"
GESTATIONAL = "gestational hypertension"
RANGE = "gestational hypertension, severe range (manage as severe preeclampsia)"
MILD = "preeclampsia without severe features"
SEVERE = "preeclampsia with severe features"
CHRONIC = "chronic hypertension (before 20 weeks)"
ONCE = {"bp_elevated_on_two_occasions_4h_apart": False}
QUICK = {**ONCE, "severe_bp_confirmed_within_minutes": True}
PROTEIN = {"proteinuria_mg_24h": 300}


def value(name: str, base: dict[str, Any], **change: Any) -> Any:
    return calc(name, {**base, **change}).value


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, GESTATIONAL),
        ({"systolic_bp_mmhg": 140}, GESTATIONAL),
        ({"systolic_bp_mmhg": 139}, NOT_MET),
        ({"systolic_bp_mmhg": 130, "diastolic_bp_mmhg": 90}, GESTATIONAL),
        ({"systolic_bp_mmhg": 139, "diastolic_bp_mmhg": 89, **PROTEIN}, NOT_MET),
        (ONCE, NOT_MET),
        (QUICK, NOT_MET),
        ({**QUICK, "systolic_bp_mmhg": 159}, NOT_MET),
        ({**QUICK, "systolic_bp_mmhg": 160}, RANGE),
        ({**QUICK, "diastolic_bp_mmhg": 110}, RANGE),
        ({**ONCE, "systolic_bp_mmhg": 170, **PROTEIN}, NOT_MET),
        ({"systolic_bp_mmhg": 160}, RANGE),
        ({"gestational_age_weeks": 19.9, **PROTEIN}, CHRONIC),
        ({"gestational_age_weeks": 20, **PROTEIN}, MILD),
        ({"proteinuria_mg_24h": 299}, GESTATIONAL),
        (PROTEIN, MILD),
        ({"protein_creatinine_ratio": 0.29}, GESTATIONAL),
        ({"protein_creatinine_ratio": 0.3}, MILD),
        ({"protein_creatinine_ratio": 0.1 + 0.2}, MILD),
        ({**PROTEIN, "diastolic_bp_mmhg": 109}, MILD),
        ({**PROTEIN, "diastolic_bp_mmhg": 110}, SEVERE),
        ({**PROTEIN, **QUICK, "systolic_bp_mmhg": 165}, SEVERE),
        ({"platelets_10e3_per_ul": 100}, GESTATIONAL),
        ({"platelets_10e3_per_ul": 99}, SEVERE),
        ({"creatinine_mg_dl": 1.1}, GESTATIONAL),
        ({"creatinine_mg_dl": 1.2}, SEVERE),
        ({"creatinine_mg_dl": 0.8, "baseline_creatinine_mg_dl": 0.4}, SEVERE),
        ({"creatinine_mg_dl": 0.7, "baseline_creatinine_mg_dl": 0.4}, GESTATIONAL),
        ({"ast_multiple_of_uln": 1.9}, GESTATIONAL),
        ({"ast_multiple_of_uln": 2}, SEVERE),
        ({"pulmonary_edema": True}, SEVERE),
        ({"new_headache_unresponsive": True}, SEVERE),
        ({"visual_disturbance": True}, SEVERE),
        ({"persistent_ruq_pain": True}, GESTATIONAL),
        ({"persistent_ruq_pain": True, **PROTEIN}, SEVERE),
    ],
)
def test_preeclampsia(change: dict[str, Any], expected: str) -> None:
    assert value("preeclampsia", WELL, **change) == expected


def test_preeclampsia_warns_where_the_criteria_mislead() -> None:
    pain = {"persistent_ruq_pain": True}
    for change, said in (
        ({}, ""),
        (pain, "right upper quadrant"),
        ({**pain, **PROTEIN}, ""),
        (ONCE, ""),
        ({**ONCE, "systolic_bp_mmhg": 159}, ""),
        ({**ONCE, "systolic_bp_mmhg": 160}, "within 15 minutes"),
        ({**ONCE, "diastolic_bp_mmhg": 109}, ""),
        ({**ONCE, "diastolic_bp_mmhg": 110}, "within 15 minutes"),
        ({"systolic_bp_mmhg": 170}, ""),
    ):
        warnings = calc("preeclampsia", {**WELL, **change}).warnings
        assert len(warnings) == bool(said)
        assert said in "".join(warnings)


def test_preeclampsia_refuses_other_units() -> None:
    with pytest.raises(InvalidInput, match="looks like /uL"):
        calc("preeclampsia", {"platelets_10e3_per_ul": 99000})
    with pytest.raises(InvalidInput, match="looks like days"):
        calc("preeclampsia", {"gestational_age_weeks": 238})


@settings(max_examples=50, deadline=None)
@given(st.integers(90, 200), st.integers(90, 200), st.booleans(), st.integers(0, 900))
def test_a_higher_pressure_never_lowers_the_diagnosis(
    one: int, other: int, ruq: bool, protein: int
) -> None:
    order = [NOT_MET, GESTATIONAL, RANGE, MILD, SEVERE]
    low, high = sorted((one, other))
    base = {**WELL, "persistent_ruq_pain": ruq, "proteinuria_mg_24h": protein}
    grades = [order.index(value("preeclampsia", base, systolic_bp_mmhg=bp)) for bp in (low, high)]
    assert grades[0] <= grades[1]


LABS = {"platelets_10e3_per_ul": 50, "ast_u_l": 70, "alt_u_l": 20, "ldh_u_l": 600}


@pytest.mark.parametrize(
    ("change", "mississippi", "tennessee"),
    [
        ({}, "class 1", (3, "complete hellp")),
        ({"ldh_u_l": 599}, "not hellp", (2, "partial hellp")),
        ({"platelets_10e3_per_ul": 51}, "class 2", (3, "complete hellp")),
        ({"platelets_10e3_per_ul": 99}, "class 2", (3, "complete hellp")),
        ({"platelets_10e3_per_ul": 100}, "class 2", (2, "partial hellp")),
        ({"platelets_10e3_per_ul": 101}, "class 3", (2, "partial hellp")),
        ({"platelets_10e3_per_ul": 150, "ast_u_l": 40}, "class 3", (1, "partial hellp")),
        ({"platelets_10e3_per_ul": 150, "ast_u_l": 39}, "not hellp", (1, "partial hellp")),
        ({"platelets_10e3_per_ul": 151}, "not hellp", (2, "partial hellp")),
        ({"ast_u_l": 69}, "class 3", (2, "partial hellp")),
        ({"ast_u_l": 30, "alt_u_l": 70}, "class 1", (2, "partial hellp")),
        ({"platelets_10e3_per_ul": 200, "ast_u_l": 30, "ldh_u_l": 200}, "not hellp", (0, "none")),
    ],
)
def test_hellp(change: dict[str, Any], mississippi: str, tennessee: tuple[int, str]) -> None:
    inputs = {**LABS, **change}
    assert calc("hellp_mississippi", inputs).value == mississippi
    result = calc("hellp_tennessee", inputs)
    assert (result.value, result.band) == tennessee


INFUSION = {
    "magnesium_mg_dl": 6,
    "patellar_reflexes_absent": False,
    "respiratory_rate_per_min": 16,
    "urine_output_ml_per_h": 50,
}
TOXIC = "stop, give calcium gluconate"
GO_ON = "go on with hourly checks"


@pytest.mark.parametrize(
    ("change", "level", "band"),
    [
        ({}, "therapeutic", GO_ON),
        ({"magnesium_mg_dl": 4.7}, "below therapeutic", GO_ON),
        ({"magnesium_mg_dl": 4.8}, "therapeutic", GO_ON),
        ({"magnesium_mg_dl": 9}, "therapeutic", GO_ON),
        ({"magnesium_mg_dl": 9.1}, "reflex loss", "stop and recheck the level"),
        ({"magnesium_mg_dl": 12}, "reflex loss", "stop and recheck the level"),
        ({"magnesium_mg_dl": 12.1}, "respiratory paralysis", TOXIC),
        ({"magnesium_mg_dl": 30}, "respiratory paralysis", TOXIC),
        ({"magnesium_mg_dl": 30.1}, "cardiac arrest", TOXIC),
        ({"patellar_reflexes_absent": True}, "therapeutic", TOXIC),
        ({"respiratory_rate_per_min": 12}, "therapeutic", GO_ON),
        ({"respiratory_rate_per_min": 11}, "therapeutic", TOXIC),
        ({"urine_output_ml_per_h": 30}, "therapeutic", GO_ON),
        ({"urine_output_ml_per_h": 29}, "therapeutic", "reduce and check the level"),
    ],
)
def test_magnesium(change: dict[str, Any], level: str, band: str) -> None:
    result = calc("magnesium_toxicity", {**INFUSION, **change})
    assert (result.value, result.band) == (level, band)


NO_PPH, WATCH, PPH = (
    "not postpartum hemorrhage",
    "abnormal loss, watch (>=500 ml vaginal)",
    "postpartum hemorrhage",
)


@pytest.mark.parametrize(
    ("loss", "delivery", "signs", "expected"),
    [
        (499, "vaginal", False, NO_PPH),
        (500, "vaginal", False, WATCH),
        (999, "vaginal", False, WATCH),
        (1000, "vaginal", False, PPH),
        (999, "cesarean", False, NO_PPH),
        (1000, "cesarean", False, PPH),
        (400, "vaginal", True, PPH),
        (400, "cesarean", True, PPH),
    ],
)
def test_postpartum_hemorrhage(loss: int, delivery: str, signs: bool, expected: str) -> None:
    inputs = {"quantitative_blood_loss_ml": loss, "delivery": delivery, "hypovolemia_signs": signs}
    assert calc("pph_acog", inputs).value == expected


BLEEDING = {
    "cumulative_blood_loss_ml": 300,
    "delivery": "vaginal",
    "bleeding_continues": False,
    "vital_sign_trigger": False,
    "red_cell_units_given": 0,
    "coagulopathy_suspected": False,
}


@pytest.mark.parametrize(
    ("change", "stage"),
    [
        ({}, 0),
        ({"bleeding_continues": True}, 0),
        ({"cumulative_blood_loss_ml": 499}, 0),
        ({"cumulative_blood_loss_ml": 500}, 1),
        ({"cumulative_blood_loss_ml": 999, "delivery": "cesarean"}, 0),
        ({"cumulative_blood_loss_ml": 1000, "delivery": "cesarean"}, 1),
        ({"vital_sign_trigger": True}, 1),
        ({"cumulative_blood_loss_ml": 1499, "bleeding_continues": True}, 2),
        ({"cumulative_blood_loss_ml": 1500}, 3),
        ({"red_cell_units_given": 2}, 0),
        ({"red_cell_units_given": 3}, 3),
        ({"coagulopathy_suspected": True}, 3),
    ],
)
def test_hemorrhage_stage(change: dict[str, Any], stage: int) -> None:
    assert value("pph_stage", BLEEDING, **change) == stage
