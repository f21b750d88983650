"""Early warning scores: every sign on both sides of its limits, and the bands by rule."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.errors import InvalidInput
from healthgym.knowledge.instruments.core import calc

NEWS2 = {
    "respiratory_rate_per_min": 16,
    "spo2_percent": 98,
    "spo2_scale": 1,
    "on_supplemental_oxygen": False,
    "systolic_bp_mmhg": 120,
    "pulse_per_min": 75,
    "consciousness_acvpu": "alert",
    "temperature_c": 37.0,
}
MOTHER = {
    "systolic_bp_mmhg": 120,
    "diastolic_bp_mmhg": 75,
    "heart_rate_per_min": 90,
    "respiratory_rate_per_min": 18,
    "spo2_percent": 98,
    "urine_output_ml_per_h_for_2h": 60,
    "agitation_confusion_or_unresponsive": False,
    "preeclampsia_with_headache_or_dyspnea": False,
}
CHILD = {
    "behaviour": "playing or appropriate",
    "skin_colour": "pink",
    "capillary_refill_s": 2,
    "heart_rate_above_normal_per_min": 0,
    "bradycardia": False,
    "respiratory_rate_above_normal_per_min": 0,
    "respiratory_rate_below_normal_per_min": 0,
    "work_of_breathing": "none",
    "fio2_fraction": 0.21,
    "oxygen_l_min": 0,
    "quarter_hourly_nebulisers": False,
    "persistent_vomiting_after_surgery": False,
}
NEWS2_TABLE = {
    "respiratory_rate_per_min": [
        (8, 3),
        (9, 1),
        (11, 1),
        (12, 0),
        (20, 0),
        (21, 2),
        (24, 2),
        (25, 3),
    ],
    "spo2_percent": [(91, 3), (92, 2), (93, 2), (94, 1), (95, 1), (96, 0), (100, 0)],
    "on_supplemental_oxygen": [(True, 2)],
    "systolic_bp_mmhg": [
        (90, 3),
        (91, 2),
        (100, 2),
        (101, 1),
        (110, 1),
        (111, 0),
        (219, 0),
        (220, 3),
    ],
    "pulse_per_min": [
        (40, 3),
        (41, 1),
        (50, 1),
        (51, 0),
        (90, 0),
        (91, 1),
        (110, 1),
        (111, 2),
        (130, 2),
        (131, 3),
    ],
    "consciousness_acvpu": [("new confusion", 3), ("voice", 3), ("pain", 3), ("unresponsive", 3)],
    "temperature_c": [
        (35.0, 3),
        (35.04, 3),
        (35.05, 1),
        (36.0, 1),
        (36.1, 0),
        (38.0, 0),
        (38.04, 0),
        (38.1, 1),
        (39.0, 1),
        (39.1, 2),
    ],
}


@pytest.mark.parametrize(
    ("key", "value", "points"),
    [(key, value, points) for key, steps in NEWS2_TABLE.items() for value, points in steps],
)
def test_news2(key, value, points):
    result = calc("news2", {**NEWS2, key: value})
    assert result.value == points
    single = points == 3
    assert result.band == ("low-medium (single parameter 3)" if single else "low")


@pytest.mark.parametrize(
    ("spo2", "air", "oxygen"),
    [
        (83, 3, 3),
        (84, 2, 2),
        (85, 2, 2),
        (86, 1, 1),
        (87, 1, 1),
        (88, 0, 0),
        (92, 0, 0),
        (93, 0, 1),
        (94, 0, 1),
        (95, 0, 2),
        (96, 0, 2),
        (97, 0, 3),
        (100, 0, 3),
    ],
)
def test_news2_scale_2_punishes_high_saturation_on_oxygen_only(spo2, air, oxygen):
    inputs = {**NEWS2, "spo2_scale": 2, "spo2_percent": spo2}
    assert calc("news2", inputs).value == air
    assert calc("news2", {**inputs, "on_supplemental_oxygen": True}).value == oxygen + 2


@pytest.mark.parametrize(
    ("change", "value", "band"),
    [
        ({"pulse_per_min": 111, "respiratory_rate_per_min": 21}, 4, "low"),
        ({"pulse_per_min": 91, "consciousness_acvpu": "voice"}, 4, None),
        ({"pulse_per_min": 111, "consciousness_acvpu": "voice"}, 5, "medium"),
        ({"pulse_per_min": 131, "consciousness_acvpu": "voice"}, 6, "medium"),
        (
            {"pulse_per_min": 131, "consciousness_acvpu": "voice", "temperature_c": 38.5},
            7,
            "high",
        ),
    ],
)
def test_news2_bands(change, value, band):
    result = calc("news2", {**NEWS2, **change})
    said = band or "low-medium (single parameter 3)"
    assert (result.value, result.band) == (value, said)


def test_news2_knows_two_scales():
    with pytest.raises(InvalidInput):
        calc("news2", {**NEWS2, "spo2_scale": 3})


MOTHER_TABLE = {
    "systolic_bp_mmhg": [(90, 0), (89, 1), (160, 0), (161, 1)],
    "diastolic_bp_mmhg": [(100, 0), (101, 1)],
    "heart_rate_per_min": [(50, 0), (49, 1), (120, 0), (121, 1)],
    "respiratory_rate_per_min": [(10, 0), (9, 1), (30, 0), (31, 1)],
    "spo2_percent": [(95, 0), (94, 1)],
    "urine_output_ml_per_h_for_2h": [(35, 0), (34, 1)],
    "agitation_confusion_or_unresponsive": [(True, 1)],
    "preeclampsia_with_headache_or_dyspnea": [(True, 1)],
}


@pytest.mark.parametrize(
    ("key", "value", "points"),
    [(key, value, points) for key, steps in MOTHER_TABLE.items() for value, points in steps],
)
def test_maternal_early_warning_criteria(key, value, points):
    result = calc("maternal_early_warning_criteria", {**MOTHER, key: value})
    assert (result.value, result.band) == (points, "trigger" if points else "no trigger")


def test_maternal_criteria_are_counted():
    worst = {"systolic_bp_mmhg": 85, "heart_rate_per_min": 130, "spo2_percent": 90}
    assert calc("maternal_early_warning_criteria", {**MOTHER, **worst}).value == 3


PEWS_TABLE = {
    "behaviour": [
        ("sleeping", 1),
        ("irritable", 2),
        ("lethargic, confused or reduced response to pain", 3),
    ],
    "skin_colour": [("pink", 0), ("pale", 1), ("grey", 2), ("grey and mottled", 3)],
    "capillary_refill_s": [(2, 0), (3, 1), (4, 2), (5, 3)],
    "heart_rate_above_normal_per_min": [(19, 0), (20, 2), (29, 2), (30, 3)],
    "bradycardia": [(True, 3)],
    "respiratory_rate_above_normal_per_min": [(10, 0), (11, 1), (20, 1), (21, 2), (30, 2), (31, 3)],
    "respiratory_rate_below_normal_per_min": [(4, 0), (5, 3)],
    "work_of_breathing": [("accessory muscles", 1), ("recession", 2), ("sternal or grunting", 3)],
    "fio2_fraction": [(0.29, 0), (0.3, 1), (0.4, 2), (0.5, 3)],
    "oxygen_l_min": [(3.9, 0), (4, 1), (6, 2), (8, 3)],
    "quarter_hourly_nebulisers": [(True, 2)],
    "persistent_vomiting_after_surgery": [(True, 2)],
}


@pytest.mark.parametrize(
    ("key", "value", "points"),
    [(key, value, points) for key, steps in PEWS_TABLE.items() for value, points in steps],
)
def test_pews(key, value, points):
    result = calc("pews", {**CHILD, key: value})
    assert (result.value, result.band) == (points, "trigger" if points == 3 else "below trigger")


def test_pews_counts_the_worst_sign_of_a_category_and_triggers_at_four():
    lungs = {"work_of_breathing": "recession", "oxygen_l_min": 4, "fio2_fraction": 0.3}
    assert calc("pews", {**CHILD, **lungs}).value == 2
    result = calc("pews", {**CHILD, **lungs, "behaviour": "irritable"})
    assert (result.value, result.band) == (4, "trigger")
    three = calc("pews", {**CHILD, **lungs, "behaviour": "sleeping"})
    assert (three.value, three.band) == (3, "below trigger")


@settings(max_examples=50, deadline=None)
@given(st.floats(37, 44), st.floats(0, 3), st.floats(90, 200), st.floats(0, 100))
def test_news2_grows_with_fever_and_pulse(temperature, hotter, pulse, faster):
    base = {**NEWS2, "temperature_c": temperature, "pulse_per_min": pulse}
    worse = {**NEWS2, "temperature_c": min(temperature + hotter, 45)}
    worse |= {"pulse_per_min": pulse + faster}
    assert calc("news2", worse).value >= calc("news2", base).value
