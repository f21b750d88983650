"""Formulas of fluids, body size, circulation and oxygenation: worked examples and limits."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.errors import InvalidInput
from healthgym.knowledge.instruments.core import calc
from healthgym.knowledge.instruments.quantities import fixed


def answer(name, **inputs):
    result = calc(name, inputs)
    assert result.missing == ()
    return result.value, result.band


def bands(name, key, table, **others):
    for value, band in table:
        assert answer(name, **{key: value}, **others)[1] == band, value


def test_fixed_prints_no_negative_zero():
    assert [fixed(v, 1) for v in (-0.01, 0.0, 452.25, -0.06)] == ["0.0", "0.0", "452.2", "-0.1"]


def test_corrected_calcium():
    assert answer("corrected_calcium", calcium_mg_dl=9.0, albumin_g_dl=4.0) == (9.0, None)
    assert answer("corrected_calcium", calcium_mg_dl=8.0, albumin_g_dl=2.0) == (9.6, None)
    with pytest.raises(InvalidInput, match=r"looks like g/L: that is 2 g/dL"):
        calc("corrected_calcium", {"calcium_mg_dl": 8.0, "albumin_g_dl": 20})


@pytest.mark.parametrize(
    ("sodium", "glucose", "value", "katz"),
    [(140, 100, 140, "140.00"), (130, 500, 139.6, "136.40"), (140, 90, 139.76, "139.84")],
)
def test_corrected_sodium(sodium, glucose, value, katz):
    result = calc("corrected_sodium", {"sodium_mmol_l": sodium, "glucose_mg_dl": glucose})
    assert (result.value, result.band) == (value, f"katz_1.6={katz}")
    assert bool(result.warnings) == (glucose < 100)


def test_adjusted_phenytoin():
    low = {"albumin_g_dl": 2.0, "creatinine_clearance_below_10_or_dialysis": False}
    table = [(4.9, "below range"), (5, "in range"), (10, "in range"), (10.1, "above range")]
    bands("adjusted_phenytoin", "phenytoin_mg_l", table, **low)
    kidney = {**low, "creatinine_clearance_below_10_or_dialysis": True}
    assert answer("adjusted_phenytoin", phenytoin_mg_l=6, **kidney) == (20, "in range")


@pytest.mark.parametrize(
    ("percent", "hematocrit", "value", "band"),
    [
        (3, 45, 3.0, "borderline"),
        (3.1, 45, 3.1, "adequate marrow response"),
        (5, 36, 4.0, "adequate marrow response"),
        (5, 35, 2.59, "borderline"),
        (9, 26, 3.47, "adequate marrow response"),
        (9, 25, 2.5, "borderline"),
        (9, 16, 1.6, "inadequate marrow response"),
        (9, 15, 1.2, "inadequate marrow response"),
    ],
)
def test_corrected_reticulocyte_index(percent, hematocrit, value, band):
    inputs = {"reticulocytes_percent": percent, "hematocrit_percent": hematocrit}
    assert answer("corrected_reticulocyte_index", **inputs) == (value, band)


def test_body_surface():
    assert answer("bsa_mosteller", height_cm=150, weight_kg=96) == (2.0, None)
    assert answer("bsa_mosteller", height_cm=180, weight_kg=85) == (2.0616, None)
    with pytest.raises(InvalidInput, match="looks like m"):
        calc("bsa_mosteller", {"height_cm": 1.8})


@pytest.mark.parametrize(
    ("sex", "height", "weight", "ideal", "adjusted"),
    [
        ("male", 173, 90, 68.65, "77.19"),
        ("male", 177.8, 123, 73, "93.00"),
        ("female", 160, 78, 52.38, "62.63"),
        ("female", 152.4, 45.5, 45.5, "45.50"),
        ("male", 152.4, 50, 50, "50.00"),
        ("male", 140, 50, 50, "50.00"),
    ],
)
def test_ideal_weight(sex, height, weight, ideal, adjusted):
    result = calc("ibw_adjbw", {"sex": sex, "height_cm": height, "weight_kg": weight})
    assert (result.value, result.band) == (pytest.approx(ideal, abs=0.006), f"adjusted={adjusted}")
    assert bool(result.warnings) == (height < 152.4)


def test_bmi():
    table = [(73.7, "underweight"), (74, "normal"), (99.7, "normal"), (100, "overweight")]
    table += [(120, "obesity class 1"), (140, "obesity class 2"), (160, "obesity class 3")]
    bands("bmi", "weight_kg", table, age_years=40, height_cm=200)
    assert answer("bmi", age_years=20, height_cm=200, weight_kg=90) == (22.5, "normal")
    child = calc("bmi", {"age_years": 19.9, "height_cm": 200, "weight_kg": 160})
    assert (child.value, child.band) == (40, None)
    assert child.warnings


@pytest.mark.parametrize(
    ("weight", "hemoglobin", "target", "deficit"),
    [(70, 9, 15, 1508), (34, 9, 13, 836.4), (35, 9, 13, 836), (70, 16, 15, 500)],
)
def test_iron_deficit(weight, hemoglobin, target, deficit):
    inputs = {"weight_kg": weight, "hemoglobin_g_dl": hemoglobin}
    result = calc("iron_deficit", {**inputs, "target_hemoglobin_g_dl": target})
    assert result.value == deficit
    assert bool(result.warnings) == (hemoglobin >= target)


def test_absolute_neutrophil_count():
    table = [(4.9, "severe"), (5, "moderate"), (9.9, "moderate"), (10, "mild"), (14.9, "mild")]
    for percent, band in [*table, (15, "no")]:
        inputs = {"wbc_10e3_per_ul": 10, "neutrophils_percent": percent - 1, "bands_percent": 1}
        value = round(percent * 100)
        assert answer("absolute_neutrophil_count", **inputs) == (value, f"{band} neutropenia")
    with pytest.raises(InvalidInput, match="at most 100"):
        calc("absolute_neutrophil_count", {**inputs, "neutrophils_percent": 99.5})


@pytest.mark.parametrize(
    ("group", "litres"),
    [
        ("adult male", 6.0),
        ("adult female", 5.0),
        ("elderly male", 5.0),
        ("elderly female", 4.5),
        ("child", 6.0),
    ],
)
def test_free_water_deficit(group, litres):
    assert answer("free_water_deficit", patient_group=group, weight_kg=70, sodium_mmol_l=160) == (
        litres,
        None,
    )
    low = {"patient_group": group, "weight_kg": 70, "sodium_mmol_l": 133}
    assert calc("free_water_deficit", low).value < 0
    assert "no deficit" in calc("free_water_deficit", low).warnings[0]


@pytest.mark.parametrize(
    ("weight", "rate"),
    [(3, 12), (10, 40), (10.5, 41), (15, 50), (20, 60), (21, 61), (70, 110), (12.3, 45)],
)
def test_maintenance_fluid(weight, rate):
    assert answer("maintenance_fluid_4_2_1", weight_kg=weight) == (rate, None)


@pytest.mark.parametrize(("hours", "left"), [(0, "8"), (3, "5"), (4.5, "3.5"), (8, "0"), (12, "0")])
def test_parkland_clock_starts_at_the_burn(hours, left):
    inputs = {"weight_kg": 70, "tbsa_percent": 30, "hours_since_burn": hours}
    band = f"first_8h_ml=4200;remaining_hours_of_first_8h={left}"
    assert answer("parkland", **inputs) == (8400, band)
    assert ("over" in calc("parkland", inputs).warnings[-1]) == (hours >= 8)


def test_parkland_prints_large_volumes_in_full():
    inputs = {"weight_kg": 100, "tbsa_percent": 50, "hours_since_burn": 0}
    assert answer("parkland", **inputs)[1].startswith("first_8h_ml=10000;")


def test_stool_osmotic_gap():
    table = [(91, "secretory"), (90, "indeterminate"), (52.5, "indeterminate"), (52.4, "osmotic")]
    bands("stool_osmotic_gap", "stool_sodium_mmol_l", table, stool_potassium_mmol_l=30)
    inputs = {"stool_sodium_mmol_l": 140, "stool_potassium_mmol_l": 20}
    assert calc("stool_osmotic_gap", inputs).value == -30
    assert calc("stool_osmotic_gap", inputs).warnings


def test_map():
    assert answer("map", systolic_bp_mmhg=120, diastolic_bp_mmhg=80) == (93.33, None)
    assert answer("map", systolic_bp_mmhg=85, diastolic_bp_mmhg=55) == (65.0, None)
    with pytest.raises(InvalidInput, match="at most the systolic"):
        calc("map", {"systolic_bp_mmhg": 80, "diastolic_bp_mmhg": 120})


def test_shock_index():
    table = [(70, "normal"), (71, "elevated"), (99, "elevated"), (100, "high")]
    bands("shock_index", "heart_rate_per_min", table, systolic_bp_mmhg=100)
    assert answer("shock_index", heart_rate_per_min=84, systolic_bp_mmhg=120)[1] == "normal"
    with pytest.raises(InvalidInput):
        calc("shock_index", {"heart_rate_per_min": 80, "systolic_bp_mmhg": 0})


@pytest.mark.parametrize(
    ("qt", "rate", "bazett", "band"),
    [
        (400, 60, 400.0, "fridericia=400.0;framingham=400.0;hodges=400.0"),
        (280, 101, 363.3, "fridericia=333.1;framingham=342.5;hodges=351.8"),
        # a tie of the last printed digit goes to the even one
        (405, 87, 487.7, "fridericia=458.4;framingham=452.8;hodges=452.2"),
    ],
)
def test_qtc_takes_seconds(qt, rate, bazett, band):
    assert answer("qtc", qt_ms=qt, heart_rate_per_min=rate) == (bazett, band)
    with pytest.raises(InvalidInput, match="looks like s"):
        calc("qtc", {"qt_ms": qt / 1000})


def test_qtc_warns_from_500_on():
    assert calc("qtc", {"qt_ms": 499, "heart_rate_per_min": 60}).warnings == ()
    assert calc("qtc", {"qt_ms": 500, "heart_rate_per_min": 60}).warnings


def test_lactate_clearance():
    inputs = {"initial_lactate_mmol_l": 4.0, "hours_between": 2}
    table = [(3.6, "cleared"), (3.61, "not cleared"), (5.0, "not cleared")]
    bands("lactate_clearance", "later_lactate_mmol_l", table, **inputs)
    rose = calc("lactate_clearance", {**inputs, "later_lactate_mmol_l": 5.0, "hours_between": 1.9})
    assert rose.value == -25
    assert calc("lactate_clearance", {**inputs, "later_lactate_mmol_l": 3}).warnings == ()
    assert rose.warnings


def test_vasoactive_inotropic_score():
    none = dict.fromkeys(
        [
            *("dopamine_mcg_kg_min", "dobutamine_mcg_kg_min", "epinephrine_mcg_kg_min"),
            *("milrinone_mcg_kg_min", "norepinephrine_mcg_kg_min", "vasopressin_units_kg_min"),
        ],
        0,
    )
    table = [(0, "0-5"), (0.05, "0-5"), (0.06, ">5-15"), (0.15, ">5-15"), (0.16, ">15-30")]
    table += [(0.3, ">15-30"), (0.31, ">30-45"), (0.45, ">30-45"), (0.46, ">45")]
    others = {k: v for k, v in none.items() if k != "norepinephrine_mcg_kg_min"}
    bands("vasoactive_inotropic_score", "norepinephrine_mcg_kg_min", table, **others)
    mixed = dict(zip(none, (5, 10, 0.05, 0.5, 0.1, 0.0005), strict=True))
    assert calc("vasoactive_inotropic_score", mixed).value == 5 + 10 + 5 + 5 + 10 + 5


GAS = {"fio2_fraction": 0.21, "barometric_pressure_mmhg": 760, "paco2_mmhg": 40}


@pytest.mark.parametrize(
    ("age", "pao2", "value", "band"),
    [
        (40, 95, 4.7, "normal for age"),
        (80, 76, 23.7, "normal for age"),
        (80, 75.7, 24.0, "elevated"),
        (79, 76, 23.7, "normal for age"),
        (78, 76, 23.7, "elevated"),
    ],
)
def test_a_a_gradient(age, pao2, value, band):
    result = calc("a_a_gradient", {**GAS, "age_years": age, "pao2_mmhg": pao2})
    assert (result.value, result.band) == (pytest.approx(value, abs=0.06), band)
    assert result.warnings == ()


def test_a_a_gradient_warns_and_refuses_percent():
    gas = {**GAS, "age_years": 40, "pao2_mmhg": 130}
    assert "not possible" in calc("a_a_gradient", gas).warnings[0]
    assert "room air" in calc("a_a_gradient", {**gas, "fio2_fraction": 0.5}).warnings[0]
    with pytest.raises(InvalidInput, match="looks like %"):
        calc("a_a_gradient", {**gas, "fio2_fraction": 21})


def test_pf_ratio_by_berlin():
    table = [(301, "above 300"), (300, "mild"), (201, "mild"), (200, "moderate"), (101, "moderate")]
    bands(
        "pf_ratio", "pao2_mmhg", [*table, (100, "severe")], fio2_fraction=1, peep_or_cpap_cm_h2o=5
    )
    low = {"fio2_fraction": 1.0, "peep_or_cpap_cm_h2o": 4.9}
    bands("pf_ratio", "pao2_mmhg", [(301, "above 300"), (100, "not classifiable")], **low)
    assert answer("pf_ratio", pao2_mmhg=63, fio2_fraction=0.21, peep_or_cpap_cm_h2o=5) == (
        300,
        "mild",
    )


@pytest.mark.parametrize(
    ("hours", "rate", "band"),
    [
        (1.9, 10, "too early"),
        (2, 40, "lower risk of intubation"),
        (2, 41.1, "indeterminate"),
        (2, 70.1, "indeterminate"),
        (2, 70.3, "high risk of failure"),
        (5.9, 58, "indeterminate"),
        (6, 58, "high risk of failure"),
        (11.9, 52.5, "indeterminate"),
        (12, 52.5, "high risk of failure"),
    ],
)
def test_rox_index(hours, rate, band):
    inputs = {"spo2_percent": 100, "fio2_fraction": 0.5, "hours_on_high_flow": hours}
    value, said = answer("rox_index", respiratory_rate_per_min=rate, **inputs)
    assert value == pytest.approx(200 / rate, abs=0.006)
    assert said == band


def test_oxygenation_index():
    table = [(3.9, "below 4"), (4, "mild"), (7.9, "mild"), (8, "moderate"), (15.9, "moderate")]
    gas = {"fio2_fraction": 0.5, "pao2_mmhg": 50}
    bands("oxygenation_index", "mean_airway_pressure_cm_h2o", [*table, (16, "severe")], **gas)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.5, 300), st.floats(0, 100))
def test_needs_grow_with_weight(weight, more):
    heavier = min(weight + more, 400)
    for name, others in (
        ("maintenance_fluid_4_2_1", {}),
        ("parkland", {"tbsa_percent": 20, "hours_since_burn": 1}),
        ("bsa_mosteller", {"height_cm": 170}),
    ):
        values = [calc(name, {"weight_kg": w, **others}).value for w in (weight, heavier)]
        assert values[0] <= values[1], name
