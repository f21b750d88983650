"""Triage: every limit on both sides, who is asked what, and that worse is never less urgent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.errors import InvalidInput
from healthgym.knowledge.instruments.core import calc

DOOR = {
    "requires_immediate_lifesaving_intervention": False,
    "high_risk_situation": False,
    "new_confusion_lethargy_disorientation": False,
    "severe_pain_or_distress_needing_priority": False,
    "number_of_different_resources": 2,
    "danger_zone_vitals_confirmed_on_reassessment": False,
}
AGES = [
    (0, 190, 60),
    (0.99, 190, 60),
    (1, 180, 55),
    (11.99, 180, 55),
    (12, 140, 40),
    (35.99, 140, 40),
    (36, 120, 35),
    (59.99, 120, 35),
    (60, 120, 30),
    (143.99, 120, 30),
    (144, 100, 20),
    (960, 100, 20),
]


@pytest.mark.parametrize(("months", "heart", "breathing"), AGES)
def test_the_danger_zone_by_age(months, heart, breathing):
    at = {"age_months": months, "heart_rate_per_min": heart, "spo2_percent": 92}
    at["respiratory_rate_per_min"] = breathing
    assert calc("esi_danger_zone", at).value is False
    for change, sign in (
        ({"heart_rate_per_min": heart + 1}, "heart_rate"),
        ({"respiratory_rate_per_min": breathing + 1}, "respiratory_rate"),
        ({"spo2_percent": 91}, "oxygen"),
    ):
        result = calc("esi_danger_zone", {**at, **change})
        assert result.value is True
        assert [name for name, there in result.components.items() if there] == [sign]


def test_vital_signs_are_compared_as_printed():
    at = {"age_months": 480, "respiratory_rate_per_min": 20.4, "spo2_percent": 91.5}
    assert calc("esi_danger_zone", {**at, "heart_rate_per_min": 100.4}).value is False
    assert calc("esi_danger_zone", {**at, "heart_rate_per_min": 100.5}).value is True


@pytest.mark.parametrize(("resources", "level"), [(0, 5), (1, 4), (2, 3), (3, 3), (20, 3)], ids=str)
def test_resources_below_decision_c(resources, level):
    assert calc("esi_level", {**DOOR, "number_of_different_resources": resources}).value == level


@pytest.mark.parametrize("resources", [0, 1, 2])
def test_decisions_a_and_b_come_before_resources(resources):
    door = {**DOOR, "number_of_different_resources": resources}
    for key in (
        "high_risk_situation",
        "new_confusion_lethargy_disorientation",
        "severe_pain_or_distress_needing_priority",
    ):
        assert calc("esi_level", {**door, key: True}).value == 2
        both = {**door, key: True, "requires_immediate_lifesaving_intervention": True}
        assert calc("esi_level", both).value == 1


@pytest.mark.parametrize(("resources", "level"), [(0, 5), (1, 4), (2, 2)])
def test_danger_zone_vitals_are_considered_from_two_resources_on_only(resources, level):
    seen = {"danger_zone_vitals_confirmed_on_reassessment": True}
    result = calc("esi_level", {**DOOR, **seen, "number_of_different_resources": resources})
    assert result.value == level
    assert bool(result.warnings) == (level == 2), "the up-triage is a judgement, and says so"


FEVER = [
    (0, 37.9, "no rule"),
    (0, 38.0, "at least level 2"),
    (27.9, 37.95, "at least level 2"),
    (27.9, 37.94, "no rule"),
    (27.9, 35.9, "high risk, consider level 2"),
    (28, 38.0, "no rule"),
    (28, 38.1, "high risk, consider level 2"),
    (89, 36.0, "no rule"),
    (89, 35.9, "high risk, consider level 2"),
    (90, 38.5, "no rule"),
    (90, 35.0, "no rule"),
    (90, 39.0, "no rule"),
    (90, 39.1, "consider level 3"),
    (1095, 39.1, "consider level 3"),
    (1096, 41.0, "no rule"),
]


@pytest.mark.parametrize(("days", "temperature", "value"), FEVER)
def test_fever_by_age(days, temperature, value):
    result = calc("esi_fever", {"age_days": days, "temperature_c": temperature})
    assert result.value == value


COMA = [
    ((4, 5, 6), 15, "mild"),
    ((3, 4, 6), 13, "mild"),
    ((3, 4, 5), 12, "moderate"),
    ((2, 2, 5), 9, "moderate"),
    ((2, 2, 4), 8, "severe"),
    ((1, 1, 1), 3, "severe"),
]


@pytest.mark.parametrize("name", ["gcs", "pediatric_gcs"])
@pytest.mark.parametrize(("items", "value", "band"), COMA)
def test_coma_scales(name, items, value, band):
    result = calc(name, dict(zip(("eye_1_4", "verbal_1_5", "motor_1_6"), items, strict=True)))
    assert (result.value, result.band) == (value, band)
    assert tuple(result.components.values()) == items


@pytest.mark.parametrize("name", ["gcs", "pediatric_gcs"])
@pytest.mark.parametrize(
    "wrong", [{"eye_1_4": 0}, {"eye_1_4": 5}, {"verbal_1_5": 6}, {"motor_1_6": 7}]
)
def test_coma_scales_start_at_one_and_end_at_their_own_top(name, wrong):
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        calc(name, {"eye_1_4": 4, "verbal_1_5": 5, "motor_1_6": 6, **wrong})


HURT = {"gcs": 15, "systolic_bp_mmhg": 120, "respiratory_rate_per_min": 16}
CODED = {
    "gcs": [(15, 4), (13, 4), (12, 3), (9, 3), (8, 2), (6, 2), (5, 1), (4, 1), (3, 0)],
    "systolic_bp_mmhg": [(90, 4), (89, 3), (76, 3), (75, 2), (50, 2), (49, 1), (1, 1), (0, 0)],
    "respiratory_rate_per_min": [
        (10, 4),
        (29, 4),
        (30, 3),
        (60, 3),
        (9, 2),
        (6, 2),
        (5, 1),
        (1, 1),
        (0, 0),
    ],
}
WEIGHTS = {"gcs": 0.9368, "systolic_bp_mmhg": 0.7326, "respiratory_rate_per_min": 0.2908}


@pytest.mark.parametrize(
    ("key", "value", "code"), [(k, v, c) for k, rows in CODED.items() for v, c in rows]
)
def test_rts(key, value, code):
    expected = 7.8408 - (4 - code) * WEIGHTS[key]
    assert calc("rts", {**HURT, key: value}).value == pytest.approx(expected, abs=1e-4)


def test_rts_of_the_dead_is_zero():
    assert calc("rts", dict.fromkeys(HURT, 0) | {"gcs": 3}).value == 0


LYING = {
    "walks": False,
    "breathes": True,
    "respiratory_rate_per_min": 30,
    "capillary_refill_over_2_s_or_no_radial_pulse": False,
    "obeys_commands": True,
}


@pytest.mark.parametrize(
    ("found", "value"),
    [
        ({"walks": True}, "minor"),
        (LYING, "delayed"),
        ({**LYING, "respiratory_rate_per_min": 31}, "immediate"),
        ({**LYING, "respiratory_rate_per_min": 4}, "delayed"),
        ({**LYING, "capillary_refill_over_2_s_or_no_radial_pulse": True}, "immediate"),
        ({**LYING, "obeys_commands": False}, "immediate"),
        (
            {"walks": False, "breathes": False, "breathes_after_airway_opened": True},
            "immediate",
        ),
        (
            {"walks": False, "breathes": False, "breathes_after_airway_opened": False},
            "expectant",
        ),
    ],
)
def test_start(found, value):
    assert calc("start_triage", found).value == value


CHILD = {
    "walks": False,
    "breathes": True,
    "respiratory_rate_per_min": 30,
    "palpable_pulse": True,
    "response": "alert",
}
APNOEIC = {"walks": False, "breathes": False, "breathes_after_airway_opened": False}


@pytest.mark.parametrize(
    ("found", "value"),
    [
        ({"walks": True}, "minor"),
        (CHILD, "delayed"),
        ({**CHILD, "respiratory_rate_per_min": 15}, "delayed"),
        ({**CHILD, "respiratory_rate_per_min": 14}, "immediate"),
        ({**CHILD, "respiratory_rate_per_min": 45}, "delayed"),
        ({**CHILD, "respiratory_rate_per_min": 46}, "immediate"),
        ({**CHILD, "irregular_breathing": True}, "immediate"),
        ({**CHILD, "palpable_pulse": False}, "immediate"),
        ({**CHILD, "response": "voice"}, "delayed"),
        ({**CHILD, "response": "pain, appropriate"}, "delayed"),
        ({**CHILD, "response": "pain, inappropriate"}, "immediate"),
        ({**CHILD, "response": "unresponsive"}, "immediate"),
        ({**APNOEIC, "breathes_after_airway_opened": True}, "immediate"),
        ({**APNOEIC, "palpable_pulse": False}, "expectant"),
        (
            {**APNOEIC, "palpable_pulse": True, "breathes_after_five_rescue_breaths": True},
            "immediate",
        ),
        (
            {**APNOEIC, "palpable_pulse": True, "breathes_after_five_rescue_breaths": False},
            "expectant",
        ),
    ],
)
def test_jumpstart_gives_a_child_with_a_pulse_five_breaths(found, value):
    assert calc("jumpstart", found).value == value


@pytest.mark.parametrize(
    ("name", "found", "next_step"),
    [
        ("start_triage", {"walks": False}, "breathes"),
        ("start_triage", {"walks": False, "breathes": False}, "breathes_after_airway_opened"),
        ("start_triage", {"walks": False, "breathes": True}, "respiratory_rate_per_min"),
        ("jumpstart", {**APNOEIC}, "palpable_pulse"),
        ("jumpstart", {**APNOEIC, "palpable_pulse": True}, "breathes_after_five_rescue_breaths"),
        ("jumpstart", {k: v for k, v in CHILD.items() if k != "response"}, "response"),
    ],
)
def test_the_step_that_would_decide_is_asked_for(name, found, next_step):
    result = calc(name, found)
    assert (result.value, result.missing) == (None, (next_step,))


@settings(max_examples=50, deadline=None)
@given(
    st.fixed_dictionaries({k: st.booleans() for k, v in DOOR.items() if isinstance(v, bool)}),
    st.integers(0, 20),
    st.sampled_from(sorted(k for k, v in DOOR.items() if isinstance(v, bool))),
)
def test_a_finding_more_never_makes_a_visit_less_urgent(flags, resources, key):
    base = {**flags, "number_of_different_resources": resources}
    assert calc("esi_level", {**base, key: True}).value <= calc("esi_level", base).value
    more = {**base, "number_of_different_resources": min(resources + 1, 20)}
    assert calc("esi_level", more).value <= calc("esi_level", base).value


@settings(max_examples=50, deadline=None)
@given(st.integers(3, 15), st.floats(0, 300), st.integers(0, 12), st.floats(0, 100))
def test_rts_falls_with_consciousness_and_pressure(gcs, pressure, less, lower):
    base = {**HURT, "gcs": gcs, "systolic_bp_mmhg": pressure}
    worse = {**HURT, "gcs": max(gcs - less, 3), "systolic_bp_mmhg": max(pressure - lower, 0)}
    assert calc("rts", worse).value <= calc("rts", base).value
