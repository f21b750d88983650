"""Kidney and acid-base instruments: published examples and both sides of every limit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.errors import InvalidInput
from healthgym.knowledge.instruments.core import calc

NO_AKI = {
    "baseline_creatinine_mg_dl": 1.0,
    "current_creatinine_mg_dl": 1.0,
    "rise_within_48h_mg_dl": 0.0,
    "renal_replacement_therapy": False,
    "hours_urine_below_0_5_ml_kg_h": 0,
    "hours_urine_below_0_3_ml_kg_h": 0,
    "hours_anuria": 0,
}


def answer(name, **inputs):
    result = calc(name, inputs)
    assert result.missing == ()
    return result.value, result.band


@pytest.mark.parametrize(
    ("change", "stage"),
    [
        ({}, 0),
        ({"current_creatinine_mg_dl": 1.49}, 0),
        ({"current_creatinine_mg_dl": 1.5}, 1),
        ({"current_creatinine_mg_dl": 1.95}, 1),
        ({"current_creatinine_mg_dl": 1.99}, 1),
        ({"current_creatinine_mg_dl": 2.0}, 2),
        ({"current_creatinine_mg_dl": 2.99}, 2),
        ({"current_creatinine_mg_dl": 3.0}, 3),
        # 1.2 - 0.9 is 0.2999999999999999 in binary
        ({"rise_within_48h_mg_dl": 1.2 - 0.9}, 1),
        ({"rise_within_48h_mg_dl": 0.29}, 0),
        ({"rise_within_48h_mg_dl": -0.5}, 0),
        # 0.6 x 3 and 0.7 x 3 are not exact in binary
        ({"baseline_creatinine_mg_dl": 0.6, "current_creatinine_mg_dl": 1.8}, 3),
        ({"baseline_creatinine_mg_dl": 0.7, "current_creatinine_mg_dl": 2.1}, 3),
        ({"baseline_creatinine_mg_dl": 4.3, "current_creatinine_mg_dl": 4.3}, 0),
        (
            {
                "baseline_creatinine_mg_dl": 4.0,
                "current_creatinine_mg_dl": 4.3,
                "rise_within_48h_mg_dl": 0.3,
            },
            3,
        ),
        (
            {
                "baseline_creatinine_mg_dl": 3.6,
                "current_creatinine_mg_dl": 3.9,
                "rise_within_48h_mg_dl": 0.3,
            },
            1,
        ),
        ({"baseline_creatinine_mg_dl": 2.6, "current_creatinine_mg_dl": 4.0}, 3),
        ({"hours_urine_below_0_5_ml_kg_h": 5.9}, 0),
        ({"hours_urine_below_0_5_ml_kg_h": 6}, 1),
        ({"hours_urine_below_0_5_ml_kg_h": 11.9}, 1),
        ({"hours_urine_below_0_5_ml_kg_h": 12}, 2),
        ({"hours_urine_below_0_5_ml_kg_h": 48}, 2),
        ({"hours_urine_below_0_3_ml_kg_h": 23.9}, 0),
        ({"hours_urine_below_0_3_ml_kg_h": 24}, 3),
        ({"hours_anuria": 11.9}, 0),
        ({"hours_anuria": 12}, 3),
        ({"renal_replacement_therapy": True}, 3),
        ({"current_creatinine_mg_dl": 2.0, "hours_urine_below_0_5_ml_kg_h": 6}, 2),
    ],
)
def test_kdigo_aki(change, stage):
    assert answer("kdigo_aki", **{**NO_AKI, **change}) == (stage, None)


def test_stable_chronic_creatinine_is_told():
    stable = {"baseline_creatinine_mg_dl": 4.3, "current_creatinine_mg_dl": 4.3}
    assert "without an acute rise" in calc("kdigo_aki", {**NO_AKI, **stable}).warnings[0]
    assert calc("kdigo_aki", NO_AKI).warnings == ()


@settings(max_examples=50, deadline=None)
@given(st.floats(0.3, 5), st.floats(0, 5), st.floats(0, 5))
def test_kdigo_stage_grows_with_creatinine(baseline, rise, more):
    stages = [
        calc(
            "kdigo_aki",
            {
                **NO_AKI,
                "baseline_creatinine_mg_dl": baseline,
                "current_creatinine_mg_dl": baseline + by,
            },
        ).value
        for by in (rise, rise + more)
    ]
    assert stages[0] <= stages[1]


@pytest.mark.parametrize(
    ("age", "sex", "creatinine", "egfr", "band"),
    [
        (50, "male", 1.0, 91.69, "G1"),
        (70, "female", 2.4, 21.2, "G4"),
        # below the male knee of 0.9: 87.23, where a knee of 0.7 gives 80.85
        (80, "male", 0.87, 87.23, "G2"),
        (50, "female", 0.7, 105.3, "G1"),
        (50, "male", 0.9, 104.05, "G1"),
    ],
)
def test_ckd_epi_2021(age, sex, creatinine, egfr, band):
    value, said = answer("ckd_epi_2021", age_years=age, sex=sex, creatinine_mg_dl=creatinine)
    assert value == pytest.approx(egfr, abs=0.1)
    assert said == band


def test_ckd_epi_bands_meet_at_their_limits():
    limits = {90: ("G2", "G1"), 60: ("G3a", "G2"), 45: ("G3b", "G3a"), 30: ("G4", "G3b")}
    for limit, (below, above) in {**limits, 15: ("G5", "G4")}.items():
        # creatinine of a man of 50 with that rate, the equation turned around
        creatinine = 0.9 * (142 * 0.9938**50 / limit) ** (1 / 1.2)
        man = {"age_years": 50, "sex": "male"}
        assert answer("ckd_epi_2021", creatinine_mg_dl=creatinine * 1.001, **man)[1] == below
        assert answer("ckd_epi_2021", creatinine_mg_dl=creatinine * 0.999, **man)[1] == above


def test_adult_equations_refuse_children():
    for name in ("ckd_epi_2021", "cockcroft_gault"):
        with pytest.raises(InvalidInput, match="from 18 to 120 a"):
            calc(name, {"age_years": 17})
    with pytest.raises(InvalidInput, match="from 1 to 18 a"):
        calc("schwartz_bedside", {"age_years": 40})


@settings(max_examples=50, deadline=None)
@given(st.floats(18, 110), st.sampled_from(["female", "male"]), st.floats(0.2, 20))
def test_filtration_falls_with_age_and_creatinine(age, sex, creatinine):
    for name, weight in (("ckd_epi_2021", {}), ("cockcroft_gault", {"weight_kg": 70})):
        base = {"age_years": age, "sex": sex, "creatinine_mg_dl": creatinine, **weight}
        value = calc(name, base).value
        assert calc(name, {**base, "creatinine_mg_dl": creatinine * 1.1}).value <= value
        assert calc(name, {**base, "age_years": age + 5}).value <= value


def test_cockcroft_gault():
    base = {"age_years": 60, "sex": "male", "weight_kg": 72, "creatinine_mg_dl": 1.0}
    result = calc("cockcroft_gault", base)
    assert result.value == 80.0
    assert result.components == {"weight_used_kg": 72}
    assert calc("cockcroft_gault", {**base, "sex": "female"}).value == 68.0
    assert calc("cockcroft_gault", {**base, "age_years": 60.9}).value == 80.0, "completed years"


def test_schwartz():
    child = {"age_years": 8, "height_cm": 130, "creatinine_mg_dl": 0.5}
    assert calc("schwartz_bedside", child).value == 107.38
    assert calc("schwartz_bedside", child).warnings == ()
    assert calc("schwartz_bedside", {**child, "age_years": 16.9}).warnings == ()
    assert calc("schwartz_bedside", {**child, "age_years": 17}).warnings


@pytest.mark.parametrize(
    ("urine_sodium", "value", "band"),
    [
        (20, 0.2857, "prerenal (<1)"),
        (69, 0.9857, "prerenal (<1)"),
        (70, 1.0, "indeterminate"),
        (140, 2.0, "indeterminate"),
        (141, 2.0143, "intrinsic (>2)"),
    ],
)
def test_fena(urine_sodium, value, band):
    inputs = {"serum_creatinine_mg_dl": 2.0, "serum_sodium_mmol_l": 140}
    inputs |= {"urine_creatinine_mg_dl": 100, "urine_sodium_mmol_l": urine_sodium}
    assert answer("fena", **inputs) == (value, band)


@pytest.mark.parametrize(
    ("urea", "band"),
    [
        (700, "prerenal (<=35)"),
        (702, "indeterminate"),
        (1000, "indeterminate"),
        (1002, "intrinsic (>50)"),
    ],
)
def test_fe_urea(urea, band):
    inputs = {"bun_mg_dl": 40, "serum_creatinine_mg_dl": 2, "urine_creatinine_mg_dl": 100}
    assert answer("fe_urea", urine_urea_nitrogen_mg_dl=urea, **inputs) == (urea / 20, band)


@pytest.mark.parametrize(
    ("urine_k", "serum_k", "urine_osm", "urine_na", "value", "band"),
    [
        (69, 6.0, 500, 40, 6.67, "low aldosterone effect"),
        (73, 6.0, 500, 40, 7.06, "kidney responds"),
        (17, 3.0, 500, 40, 3.29, "renal potassium loss"),
        (15, 3.0, 500, 40, 2.9, "kidney responds"),
        (30, 5.0, 500, 40, 3.48, "no interpretation"),
        (30, 5.1, 500, 40, 3.41, "low aldosterone effect"),
        (30, 3.4, 500, 40, 5.12, "renal potassium loss"),
        (30, 3.5, 500, 40, 4.97, "no interpretation"),
        (69, 6.0, 290, 40, 11.5, "not valid"),
        (69, 6.0, 500, 24, 6.67, "not valid"),
    ],
)
def test_ttkg(urine_k, serum_k, urine_osm, urine_na, value, band):
    inputs = {
        "urine_potassium_mmol_l": urine_k,
        "serum_potassium_mmol_l": serum_k,
        "urine_osmolality_mosm_kg": urine_osm,
        "serum_osmolality_mosm_kg": 290,
        "urine_sodium_mmol_l": urine_na,
    }
    assert answer("ttkg", **inputs) == (pytest.approx(value, abs=0.006), band)


@pytest.mark.parametrize(
    ("albumin", "band"),
    [(4.0, "12.00"), (2.0, "17.00"), (0.56, "20.60"), (4.4, "11.00"), (3.3, "13.75")],
)
def test_anion_gap_is_corrected_for_albumin(albumin, band):
    inputs = {"sodium_mmol_l": 140, "chloride_mmol_l": 104, "bicarbonate_mmol_l": 24}
    assert answer("anion_gap", albumin_g_dl=albumin, **inputs) == (12, f"albumin_corrected={band}")


def test_anion_gap_leaves_potassium_out_and_refuses_grams_per_litre():
    with pytest.raises(InvalidInput, match="expected one of"):
        calc("anion_gap", {"potassium_mmol_l": 4})
    with pytest.raises(InvalidInput, match="looks like g/L"):
        calc("anion_gap", {"albumin_g_dl": 40})


@pytest.mark.parametrize(
    ("chloride", "bicarbonate", "ratio", "pattern"),
    [
        (104, 12, 1.0, "high-gap acidosis"),
        (106, 14, 0.8, "high-gap acidosis"),
        (113, 11, 0.3077, "normal-gap acidosis"),
        (110, 14, 0.4, "high-gap and normal-gap acidosis"),
        (90, 18, 3.3333, "high-gap acidosis with metabolic alkalosis"),
        (98, 18, 2.0, "high-gap acidosis"),
    ],
)
def test_delta_ratio(chloride, bicarbonate, ratio, pattern):
    inputs = {"sodium_mmol_l": 140, "chloride_mmol_l": chloride}
    result = calc("delta_ratio", {**inputs, "bicarbonate_mmol_l": bicarbonate})
    assert result.value == pytest.approx(ratio, abs=1e-4)
    assert result.band is None
    assert result.components["pattern"] == pattern


def test_delta_ratio_does_not_divide_by_zero():
    inputs = {"sodium_mmol_l": 140, "chloride_mmol_l": 100}
    with pytest.raises(InvalidInput, match="other than 24"):
        calc("delta_ratio", {**inputs, "bicarbonate_mmol_l": 24})
    for chloride, bicarbonate in ((86, 24.5), (100, 28), (105, 23)):
        inputs = {"sodium_mmol_l": 140, "chloride_mmol_l": chloride}
        result = calc("delta_ratio", {**inputs, "bicarbonate_mmol_l": bicarbonate})
        assert result.warnings
        assert "pattern" not in result.components


@pytest.mark.parametrize(
    ("paco2", "band"),
    [
        (20.9, "concurrent respiratory alkalosis"),
        (21, "appropriate"),
        (25, "appropriate"),
        (25.1, "concurrent respiratory acidosis"),
    ],
)
def test_winters(paco2, band):
    assert answer("winters", bicarbonate_mmol_l=10, paco2_mmhg=paco2) == (23, band)


def test_winters_is_for_acidosis():
    assert calc("winters", {"bicarbonate_mmol_l": 10, "paco2_mmhg": 23}).warnings == ()
    assert calc("winters", {"bicarbonate_mmol_l": 30, "paco2_mmhg": 46}).warnings


@pytest.mark.parametrize(
    ("ethanol", "measured", "value", "band"),
    [
        (0, 295, 290, "gap=5.0"),
        (92, 321.3, 310, "gap=11.3"),
        (0, 270, 290, "gap=-20.0"),
        (0, 290, 290, "gap=0.0"),
        (0, 289.99, 290, "gap=0.0"),
    ],
)
def test_osmolality_gap(ethanol, measured, value, band):
    inputs = {"sodium_mmol_l": 140, "glucose_mg_dl": 90, "bun_mg_dl": 14}
    inputs |= {"ethanol_mg_dl": ethanol, "measured_osmolality_mosm_kg": measured}
    assert answer("osmolality_gap", **inputs) == (value, band)


def test_urine_anion_gap():
    inputs = {"urine_sodium_mmol_l": 40, "urine_potassium_mmol_l": 30}
    assert answer("urine_anion_gap", urine_chloride_mmol_l=71, **inputs) == (-1, "negative")
    zero = (0, "zero or positive")
    assert answer("urine_anion_gap", urine_chloride_mmol_l=70, **inputs) == zero
    dry = {**inputs, "urine_sodium_mmol_l": 24, "urine_chloride_mmol_l": 20}
    assert "urine sodium below 25" in calc("urine_anion_gap", dry).warnings[0]
