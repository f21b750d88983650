"""Scores of acute severity: one organ or sign changed at a time, on both sides of each limit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.instruments.core import calc

SOFA = {
    "pao2_mmhg": 95,
    "fio2_fraction": 0.21,
    "respiratory_support": False,
    "platelets_10e3_per_ul": 250,
    "bilirubin_mg_dl": 0.6,
    "mean_arterial_pressure_mmhg": 85,
    "dopamine_mcg_kg_min": 0,
    "dobutamine_mcg_kg_min": 0,
    "epinephrine_mcg_kg_min": 0,
    "norepinephrine_mcg_kg_min": 0,
    "gcs": 15,
    "creatinine_mg_dl": 0.9,
    "urine_output_ml_per_day": 1500,
}
SOFA2 = {
    "gcs": 15,
    "drug_treatment_for_delirium": False,
    "pao2_fio2_ratio_mmhg": 420,
    "advanced_ventilatory_support": False,
    "ecmo_for_respiratory_failure": False,
    "norepinephrine_plus_epinephrine_mcg_kg_min": 0,
    "other_vasopressor_or_inotrope": False,
    "mechanical_circulatory_support": False,
    "mean_arterial_pressure_mmhg": 85,
    "bilirubin_mg_dl": 0.6,
    "creatinine_mg_dl": 0.9,
    "receiving_rrt": False,
    "platelets_10e3_per_ul": 250,
}
APACHE = {
    "temperature_c": 37.0,
    "mean_arterial_pressure_mmhg": 85,
    "heart_rate_per_min": 85,
    "respiratory_rate_per_min": 16,
    "fio2_fraction": 0.21,
    "pao2_mmhg": 90,
    "a_a_gradient_mmhg": 10,
    "arterial_ph": 7.4,
    "sodium_mmol_l": 140,
    "potassium_mmol_l": 4.2,
    "creatinine_mg_dl": 1.0,
    "acute_renal_failure": False,
    "hematocrit_percent": 40,
    "wbc_10e3_per_ul": 8,
    "gcs": 15,
    "age_years": 40,
    "severe_organ_insufficiency_or_immunocompromise": False,
    "admission_type": "nonoperative",
}


def ladder(*steps):
    """(value, points) pairs of one input."""
    return list(zip(steps[::2], steps[1::2], strict=True))


def cases(table):
    return [
        pytest.param({key: value}, points, id=f"{key}={value}")
        for key, steps in table.items()
        for value, points in steps
    ]


SOFA_TABLE = {
    "platelets_10e3_per_ul": ladder(150, 0, 149.9, 1, 100, 1, 99, 2, 50, 2, 49, 3, 20, 3, 19, 4),
    "bilirubin_mg_dl": ladder(1.1, 0, 1.2, 1, 1.9, 1, 2.0, 2, 5.9, 2, 6.0, 3, 11.9, 3, 12.0, 4),
    "mean_arterial_pressure_mmhg": ladder(70, 0, 69.9, 1),
    "dopamine_mcg_kg_min": ladder(0.1, 2, 5, 2, 5.1, 3, 15, 3, 15.1, 4),
    "dobutamine_mcg_kg_min": ladder(0.1, 2, 20, 2),
    "epinephrine_mcg_kg_min": ladder(0.01, 3, 0.1, 3, 0.11, 4),
    "norepinephrine_mcg_kg_min": ladder(0.01, 3, 0.1, 3, 0.11, 4),
    "gcs": ladder(15, 0, 14, 1, 13, 1, 12, 2, 10, 2, 9, 3, 6, 3, 5, 4),
    "creatinine_mg_dl": [
        *ladder(1.1, 0, 1.2, 1, 1.94, 1, 1.95, 2, 2, 2, 3.4, 2, 3.5, 3, 4.9, 3, 5, 4)
    ],
    "urine_output_ml_per_day": ladder(500, 0, 499, 3, 200, 3, 199, 4),
    # on room air: P/F of exactly 400 and 300, which binary division misses
    "pao2_mmhg": ladder(84, 0, 83.9, 1, 63, 1, 62.9, 2, 42, 2, 20, 2),
}


@pytest.mark.parametrize(("change", "points"), cases(SOFA_TABLE))
def test_sofa(change, points):
    assert calc("sofa", {**SOFA, **change}).value == points


@pytest.mark.parametrize(
    ("pao2", "points"), [(100, 2), (99.9, 3), (50, 3), (49.9, 4)], ids=["200", "<200", "100", "<"]
)
def test_sofa_respiration_of_three_and_four_needs_support(pao2, points):
    gas = {**SOFA, "pao2_mmhg": pao2, "fio2_fraction": 0.5}
    assert calc("sofa", {**gas, "respiratory_support": True}).value == points
    assert calc("sofa", gas).value == 2


def test_sofa_takes_the_worse_of_creatinine_and_urine_and_of_the_drugs():
    kidney = {"creatinine_mg_dl": 2.0, "urine_output_ml_per_day": 100}
    assert calc("sofa", {**SOFA, **kidney}).components["kidney"] == 4
    drugs = {"dobutamine_mcg_kg_min": 5, "norepinephrine_mcg_kg_min": 0.05}
    drugs |= {"mean_arterial_pressure_mmhg": 60}
    assert calc("sofa", {**SOFA, **drugs}).components["cardiovascular"] == 3


SOFA2_TABLE = {
    "gcs": ladder(15, 0, 14, 1, 13, 1, 12, 2, 9, 2, 8, 3, 6, 3, 5, 4, 3, 4),
    "drug_treatment_for_delirium": ladder(True, 1),
    "pao2_fio2_ratio_mmhg": ladder(300.1, 0, 300, 1, 225.1, 1, 225, 2, 150, 2, 60, 2),
    "ecmo_for_respiratory_failure": ladder(True, 4),
    "norepinephrine_plus_epinephrine_mcg_kg_min": [
        *ladder(0.01, 2, 0.2, 2, 0.21, 3, 0.4, 3, 0.41, 4, 0.1 + 0.1, 2, 0.1 + 0.3, 3)
    ],
    "other_vasopressor_or_inotrope": ladder(True, 2),
    "mechanical_circulatory_support": ladder(True, 4),
    "mean_arterial_pressure_mmhg": ladder(70, 0, 69, 1),
    "bilirubin_mg_dl": ladder(1.2, 0, 1.21, 1, 3.0, 1, 3.1, 2, 6.0, 2, 6.1, 3, 12, 3, 12.1, 4),
    "creatinine_mg_dl": ladder(1.2, 0, 1.3, 1, 2.0, 1, 2.1, 2, 3.5, 2, 3.6, 3, 9, 3),
    "receiving_rrt": ladder(True, 4),
    "platelets_10e3_per_ul": [*ladder(151, 0, 150, 1, 101, 1, 100, 2, 81, 2, 80, 3, 51, 3, 50, 4)],
    "dopamine_alone_mcg_kg_min": ladder(0, 0, 20, 2, 20.1, 3, 40, 3, 40.1, 4),
    "hours_urine_below_0_5_ml_kg_h": ladder(5.9, 0, 6, 1, 11.9, 1, 12, 2),
    "hours_urine_below_0_3_ml_kg_h": ladder(23.9, 0, 24, 3),
    "hours_anuria": ladder(11.9, 0, 12, 3),
    "potassium_mmol_l": ladder(7, 0),
}


@pytest.mark.parametrize(("change", "points"), cases(SOFA2_TABLE))
def test_sofa2(change, points):
    assert calc("sofa2", {**SOFA2, **change}).value == points


@pytest.mark.parametrize(("ratio", "points"), [(150.1, 2), (150, 3), (75.1, 3), (75, 4)])
def test_sofa2_respiration_with_advanced_support(ratio, points):
    gas = {"pao2_fio2_ratio_mmhg": ratio, "advanced_ventilatory_support": True}
    assert calc("sofa2", {**SOFA2, **gas}).value == points


@pytest.mark.parametrize(("dose", "points"), [(0, 2), (0.1, 3), (0.2, 3), (0.3, 4), (0.5, 4)])
def test_sofa2_a_second_drug_adds_a_point(dose, points):
    drugs = {"norepinephrine_plus_epinephrine_mcg_kg_min": dose}
    inputs = {**SOFA2, **drugs, "other_vasopressor_or_inotrope": True}
    assert calc("sofa2", {**inputs, "mean_arterial_pressure_mmhg": 60}).value == points


@pytest.mark.parametrize(
    ("change", "kidney"),
    [
        ({"potassium_mmol_l": 6.0}, 4),
        ({"potassium_mmol_l": 5.9}, 1),
        ({"arterial_ph": 7.20, "bicarbonate_mmol_l": 12}, 4),
        ({"arterial_ph": 7.21, "bicarbonate_mmol_l": 12}, 1),
        ({"arterial_ph": 7.20, "bicarbonate_mmol_l": 13}, 1),
        ({"arterial_ph": 7.0}, 1),
        ({"potassium_mmol_l": 6.5, "creatinine_mg_dl": 1.2}, 0),
        (
            {
                "potassium_mmol_l": 6.5,
                "creatinine_mg_dl": 1.2,
                "hours_urine_below_0_3_ml_kg_h": 7,
            },
            4,
        ),
    ],
)
def test_sofa2_kidney_that_meets_replacement_criteria(change, kidney):
    result = calc("sofa2", {**SOFA2, "creatinine_mg_dl": 1.3, **change})
    assert result.components["kidney"] == kidney


def test_sofa2_says_that_urine_was_not_given():
    assert calc("sofa2", SOFA2).warnings
    assert calc("sofa2", {**SOFA2, "hours_anuria": 0}).warnings == ()


def test_the_two_versions_differ_at_their_limits():
    assert calc("sofa", {**SOFA, "pao2_mmhg": 70}).value == 1
    assert calc("sofa2", {**SOFA2, "pao2_fio2_ratio_mmhg": 70 / 0.21}).value == 0
    assert calc("sofa", {**SOFA, "platelets_10e3_per_ul": 150}).value == 0
    assert calc("sofa2", {**SOFA2, "platelets_10e3_per_ul": 150}).value == 1


APACHE_TABLE = {
    "temperature_c": [
        *ladder(41, 4, 40.9, 3, 39, 3, 38.9, 1, 38.5, 1, 38.4, 0, 36, 0, 35.9, 1, 34, 1),
        *ladder(33.9, 2, 32, 2, 31.9, 3, 30, 3, 29.9, 4, 35.95, 0),
    ],
    "mean_arterial_pressure_mmhg": [
        *ladder(160, 4, 159, 3, 130, 3, 129, 2, 110, 2, 109, 0, 70, 0, 69, 2, 50, 2, 49, 4)
    ],
    "heart_rate_per_min": [
        *ladder(180, 4, 179, 3, 140, 3, 139, 2, 110, 2, 109, 0, 70, 0),
        *ladder(69, 2, 55, 2, 54, 3, 40, 3, 39, 4),
    ],
    "respiratory_rate_per_min": [
        *ladder(50, 4, 49, 3, 35, 3, 34, 1, 25, 1, 24, 0, 12, 0, 11, 1, 10, 1, 9, 2, 6, 2, 5, 4)
    ],
    "pao2_mmhg": ladder(71, 0, 70, 1, 61, 1, 60, 3, 55, 3, 54, 4),
    "arterial_ph": [
        *ladder(7.7, 4, 7.69, 3, 7.6, 3, 7.59, 1, 7.5, 1, 7.49, 0, 7.33, 0, 7.32, 2),
        *ladder(7.25, 2, 7.24, 3, 7.15, 3, 7.14, 4),
    ],
    "sodium_mmol_l": [
        *ladder(180, 4, 179, 3, 160, 3, 159, 2, 155, 2, 154, 1, 150, 1, 149, 0, 130, 0),
        *ladder(129, 2, 120, 2, 119, 3, 111, 3, 110, 4),
    ],
    "potassium_mmol_l": [
        *ladder(7, 4, 6.9, 3, 6, 3, 5.9, 1, 5.5, 1, 5.4, 0, 3.5, 0, 3.4, 1, 3, 1),
        *ladder(2.9, 2, 2.5, 2, 2.4, 4),
    ],
    "creatinine_mg_dl": ladder(3.5, 4, 3.4, 3, 2, 3, 1.9, 2, 1.5, 2, 1.4, 0, 0.6, 0, 0.5, 2),
    "hematocrit_percent": [
        *ladder(60, 4, 59.9, 2, 50, 2, 49.9, 1, 46, 1, 45.9, 0, 30, 0, 29.9, 2, 20, 2, 19.9, 4)
    ],
    "wbc_10e3_per_ul": [
        *ladder(40, 4, 39.9, 2, 20, 2, 19.9, 1, 15, 1, 14.9, 0, 3, 0, 2.9, 2, 1, 2, 0.9, 4)
    ],
    "gcs": ladder(15, 0, 14, 1, 3, 12),
    "age_years": ladder(44.9, 0, 45, 2, 54, 2, 55, 3, 64, 3, 65, 5, 74, 5, 75, 6),
    "severe_organ_insufficiency_or_immunocompromise": ladder(True, 5),
}


@pytest.mark.parametrize(("change", "points"), cases(APACHE_TABLE))
def test_apache_ii(change, points):
    assert calc("apache_ii", {**APACHE, **change}).value == points


@pytest.mark.parametrize(
    ("fio2", "gradient", "points"),
    [
        (0.49, 600, 0),
        (0.5, 199, 0),
        (0.5, 200, 2),
        (0.5, 349, 2),
        (0.5, 350, 3),
        (0.5, 500, 4),
        (1.0, 499, 3),
    ],
)
def test_apache_oxygenation_by_gradient_from_half_oxygen_on(fio2, gradient, points):
    gas = {"fio2_fraction": fio2, "a_a_gradient_mmhg": gradient}
    assert calc("apache_ii", {**APACHE, **gas}).value == points
    low = calc("apache_ii", {**APACHE, **gas, "pao2_mmhg": 50}).value
    assert low == (4 if fio2 < 0.5 else points)


def test_apache_acute_renal_failure_doubles_creatinine_only():
    failing = {**APACHE, "acute_renal_failure": True}
    assert calc("apache_ii", failing).value == 0
    assert calc("apache_ii", {**failing, "creatinine_mg_dl": 3.5}).value == 8


@pytest.mark.parametrize(
    ("admission", "points"),
    [("nonoperative", 5), ("emergency postoperative", 5), ("elective postoperative", 2)],
)
def test_apache_chronic_health(admission, points):
    inputs = {**APACHE, "admission_type": admission}
    assert calc("apache_ii", inputs).value == 0
    ill = {**inputs, "severe_organ_insufficiency_or_immunocompromise": True}
    assert calc("apache_ii", ill).value == points


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from([("sofa", SOFA), ("sofa2", SOFA2), ("apache_ii", APACHE)]),
    st.integers(3, 15),
    st.integers(3, 15),
)
def test_a_lower_coma_scale_never_scores_less(which, one, other):
    name, base = which
    low, high = sorted((one, other))
    assert calc(name, {**base, "gcs": low}).value >= calc(name, {**base, "gcs": high}).value


SEPSIS = {
    "suspected_infection": True,
    "sofa_points": 4,
    "baseline_sofa_points": 2,
    "adequate_fluid_resuscitation": True,
    "vasopressor_to_keep_map_65": True,
    "lactate_mmol_l": 2.1,
}


@pytest.mark.parametrize(
    ("change", "band"),
    [
        ({}, "septic shock"),
        ({"lactate_mmol_l": 2.0}, "sepsis"),
        ({"vasopressor_to_keep_map_65": False, "lactate_mmol_l": 9}, "sepsis"),
        ({"baseline_sofa_points": 3}, "no sepsis"),
        ({"suspected_infection": False}, "no sepsis"),
        ({"adequate_fluid_resuscitation": False}, "sepsis"),
    ],
)
def test_sepsis3(change, band):
    result = calc("sepsis3", {**SEPSIS, **change})
    assert (result.value, result.band) == (band, band)
    assert bool(result.warnings) == ("adequate_fluid_resuscitation" in change)
