"""Stroke: items at their tops, obstacles of lysis at both sides, doses, scales of large vessels."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.errors import InvalidInput
from healthgym.knowledge.instruments.core import calc

TOPS = [3, 2, 2, 2, 3, 3, 4, 4, 4, 4, 2, 2, 3, 2, 2]
NAMES = ["1a", "1b", "1c", "2", "3", "4", "5a", "5b", "6a", "6b", "7", "8", "9", "10", "11"]
FIELD = "item_scores_1a_to_11"


def nihss(items):
    return calc("nihss", {FIELD: items})


def with_item(place, value):
    return [value if i == place else 0 for i in range(15)]


def test_the_worst_stroke_has_42_points():
    result = nihss(TOPS)
    assert (result.value, result.band) == (42, "severe")
    assert result.components == dict(zip(NAMES, TOPS, strict=True))


@pytest.mark.parametrize("place", range(15), ids=NAMES)
def test_no_item_goes_above_its_own_top(place):
    assert nihss(with_item(place, TOPS[place])).value == TOPS[place]
    with pytest.raises(InvalidInput):
        nihss(with_item(place, TOPS[place] + 1))
    with pytest.raises(InvalidInput):
        nihss(with_item(place, -1))


@pytest.mark.parametrize("place", range(15), ids=NAMES)
def test_untestable_are_limbs_ataxia_and_dysarthria_only(place):
    items = with_item(place, "UN")
    if NAMES[place] in {"5a", "5b", "6a", "6b", "7", "10"}:
        result = nihss(items)
        assert (result.value, result.warnings) == (0, (f"not testable: {NAMES[place]}",))
    else:
        with pytest.raises(InvalidInput, match=f"a number for item {NAMES[place]}"):
            nihss(items)


@pytest.mark.parametrize("length", [0, 14, 16])
def test_nihss_has_fifteen_items(length):
    with pytest.raises(InvalidInput, match=FIELD):
        nihss([0] * length)


def spread(total):
    items = []
    for top in TOPS:
        items.append(min(top, total))
        total -= items[-1]
    return items


@pytest.mark.parametrize(
    ("total", "band"),
    [
        (0, "no stroke symptoms"),
        (1, "minor"),
        (4, "minor"),
        (5, "moderate"),
        (15, "moderate"),
        (16, "moderate-severe"),
        (20, "moderate-severe"),
        (21, "severe"),
        (42, "severe"),
    ],
)
def test_bands_of_nihss(total, band):
    assert (nihss(spread(total)).value, nihss(spread(total)).band) == (total, band)


TIA = {
    "age_years": 59.9,
    "systolic_bp_mmhg": 139,
    "diastolic_bp_mmhg": 89,
    "diabetes": False,
    "clinical_features": "other",
    "duration_minutes": 9.9,
}


@pytest.mark.parametrize(
    ("change", "value", "band"),
    [
        ({}, 0, "low"),
        ({"age_years": 60}, 1, "low"),
        ({"systolic_bp_mmhg": 140}, 1, "low"),
        ({"diastolic_bp_mmhg": 90}, 1, "low"),
        ({"systolic_bp_mmhg": 180, "diastolic_bp_mmhg": 100}, 1, "low"),
        ({"diabetes": True}, 1, "low"),
        ({"clinical_features": "unilateral weakness"}, 2, "low"),
        ({"clinical_features": "speech disturbance without weakness"}, 1, "low"),
        ({"duration_minutes": 10}, 1, "low"),
        ({"duration_minutes": 59.9}, 1, "low"),
        ({"duration_minutes": 60}, 2, "low"),
        ({"age_years": 60, "clinical_features": "unilateral weakness"}, 3, "low"),
        ({"duration_minutes": 60, "clinical_features": "unilateral weakness"}, 4, "moderate"),
        (
            {"duration_minutes": 60, "clinical_features": "unilateral weakness", "diabetes": True},
            5,
            "moderate",
        ),
        (
            {
                "duration_minutes": 60,
                "clinical_features": "unilateral weakness",
                "diabetes": True,
                "age_years": 80,
            },
            6,
            "high",
        ),
    ],
)
def test_abcd2(change, value, band):
    result = calc("abcd2", {**TIA, **change})
    assert (result.value, result.band) == (value, band)


BLEED = {
    "gcs": 15,
    "hematoma_volume_ml": 29.9,
    "intraventricular_hemorrhage": False,
    "infratentorial_origin": False,
    "age_years": 79.9,
}


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ({}, 0),
        ({"gcs": 13}, 0),
        ({"gcs": 12}, 1),
        ({"gcs": 5}, 1),
        ({"gcs": 4}, 2),
        ({"gcs": 3}, 2),
        ({"hematoma_volume_ml": 30}, 1),
        ({"intraventricular_hemorrhage": True}, 1),
        ({"infratentorial_origin": True}, 1),
        ({"age_years": 80}, 1),
    ],
)
def test_ich_score(change, value):
    assert calc("ich_score", {**BLEED, **change}).value == value


LYSIS = {
    "hours_since_last_known_well": 4.5,
    "ct_shows_hemorrhage": False,
    "systolic_bp_mmhg": 185,
    "diastolic_bp_mmhg": 110,
    "platelets_10e3_per_ul": 100,
    "inr": 1.7,
    "glucose_mg_dl": 50,
    "doac_within_48h": False,
    "treatment_dose_lmwh_within_24h": False,
    "infective_endocarditis_or_aortic_dissection": False,
    "weight_kg": 80,
}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"hours_since_last_known_well": 4.51}, "outside 4.5 h"),
        ({"ct_shows_hemorrhage": True}, "hemorrhage"),
        ({"systolic_bp_mmhg": 186}, "bp"),
        ({"diastolic_bp_mmhg": 111}, "bp"),
        ({"platelets_10e3_per_ul": 99}, "platelets"),
        ({"inr": 1.71}, "inr"),
        ({"glucose_mg_dl": 49}, "glucose"),
        ({"doac_within_48h": True}, "doac"),
        ({"treatment_dose_lmwh_within_24h": True}, "lmwh"),
        ({"infective_endocarditis_or_aortic_dissection": True}, "endocarditis or dissection"),
    ],
)
def test_each_obstacle_alone_stops_lysis_and_gives_no_dose(change, reason):
    at = calc("stroke_thrombolysis", LYSIS)
    assert at.value == "eligible"
    assert at.warnings, "what was not asked is said"
    result = calc("stroke_thrombolysis", {**LYSIS, **change})
    assert (result.value, result.band) == (f"not eligible now: {reason}", None)
    assert list(result.components) == [reason]
    assert bool(result.warnings) == (reason in {"bp", "glucose"}), "what can be corrected"


def test_all_obstacles_are_listed_and_the_worst_comes_first():
    change = {"ct_shows_hemorrhage": True, "systolic_bp_mmhg": 200, "inr": 3}
    result = calc("stroke_thrombolysis", {**LYSIS, **change})
    assert result.value == "not eligible now: hemorrhage"
    assert list(result.components) == ["hemorrhage", "bp", "inr"]


@pytest.mark.parametrize(
    ("kg", "alteplase", "bolus", "tenecteplase"),
    [
        (40, "36.0", "3.6", "10.0"),
        (57, "51.3", "5.1", "14.3"),
        (68.5, "61.7", "6.2", "17.1"),
        (68.3, "61.5", "6.1", "17.1"),
        (99.9, "89.9", "9.0", "25.0"),
        (100, "90.0", "9.0", "25.0"),
        (100.1, "90.0", "9.0", "25.0"),
        (180, "90.0", "9.0", "25.0"),
    ],
)
def test_doses_by_weight_stop_at_their_caps(kg, alteplase, bolus, tenecteplase):
    expected = f"alteplase_total_mg={alteplase};bolus_mg={bolus};tenecteplase_mg={tenecteplase}"
    assert calc("stroke_thrombolysis", {**LYSIS, "weight_kg": kg}).band == expected


@pytest.mark.parametrize(
    ("gcs", "deficit", "grade", "band"),
    [
        (15, False, 1, "good grade"),
        (14, False, 2, "good grade"),
        (13, False, 2, "good grade"),
        (14, True, 3, "good grade"),
        (13, True, 3, "good grade"),
        (12, False, 4, "poor grade"),
        (7, True, 4, "poor grade"),
        (6, False, 5, "poor grade"),
        (3, True, 5, "poor grade"),
    ],
)
def test_wfns(gcs, deficit, grade, band):
    result = calc("wfns", {"gcs": gcs, "motor_deficit": deficit})
    assert (result.value, result.band) == (grade, band)


def test_wfns_has_no_grade_for_an_alert_patient_with_a_deficit():
    with pytest.raises(InvalidInput, match="GCS of 15"):
        calc("wfns", {"gcs": 15, "motor_deficit": True})


REGIONS = ["caudate", "lentiform", "internal_capsule", "insula"] + [f"m{n}" for n in range(1, 7)]


@pytest.mark.parametrize(
    ("lost", "band"),
    [
        (0, "small core"),
        (2, "small core"),
        (3, "moderate core"),
        (4, "moderate core"),
        (5, "large core"),
        (10, "large core"),
    ],
)
def test_aspects_loses_a_point_for_a_region(lost, band):
    result = calc("aspects", {name: i < lost for i, name in enumerate(REGIONS)})
    assert (result.value, result.band) == (10 - lost, band)
    assert sum(result.components.values()) == result.value


@pytest.mark.parametrize(
    ("name", "field", "bands"),
    [
        ("hunt_hess", "grade_1_5", ["good grade"] * 3 + ["poor grade"] * 2),
        (
            "modified_rankin",
            "grade_0_6",
            ["independent"] * 3 + ["dependent"] * 3 + ["dead"],
        ),
    ],
)
def test_grades(name, field, bands):
    first = 1 if name == "hunt_hess" else 0
    for grade, band in enumerate(bands, first):
        result = calc(name, {field: grade})
        assert (result.value, result.band) == (grade, band)
    for wrong in (first - 1, first + len(bands)):
        with pytest.raises(InvalidInput):
            calc(name, {field: wrong})


VESSEL = {
    "race": (
        {
            "facial_palsy_0_2": 2,
            "arm_motor_0_2": 2,
            "leg_motor_0_2": 2,
            "gaze_deviation_0_1": 1,
            "aphasia_or_agnosia_0_2": 2,
        },
        5,
    ),
    "lams": ({"facial_droop_0_1": 1, "arm_drift_0_2": 2, "grip_strength_0_2": 2}, 4),
    "fast_ed": (
        {
            "facial_palsy_0_1": 1,
            "arm_weakness_0_2": 2,
            "speech_changes_0_2": 2,
            "eye_deviation_0_2": 2,
            "denial_or_neglect_0_2": 2,
        },
        4,
    ),
}


@pytest.mark.parametrize("name", sorted(VESSEL))
def test_scales_of_large_vessels_at_every_total(name):
    tops, cut = VESSEL[name]
    for total in range(sum(tops.values()) + 1):
        left, items = total, {}
        for key, top in tops.items():
            items[key] = min(top, left)
            left -= items[key]
        result = calc(name, items)
        likely = "likely" if total >= cut else "unlikely"
        assert (result.value, result.band) == (total, f"large vessel {likely}")
    for key, top in tops.items():
        with pytest.raises(InvalidInput, match=key):
            calc(name, {**tops, key: top + 1})


@pytest.mark.parametrize("sign", ["visual_disturbance", "aphasia", "neglect"])
def test_van_needs_weakness_and_a_cortical_sign(sign):
    none = dict.fromkeys(("arm_weakness", "visual_disturbance", "aphasia", "neglect"), False)
    assert calc("van", {**none, "arm_weakness": True}).value == "negative"
    assert calc("van", {**none, sign: True}).value == "negative"
    assert calc("van", {**none, sign: True, "arm_weakness": True}).value == "positive"


@pytest.mark.parametrize("sign", ["facial_droop", "arm_drift", "abnormal_speech"])
def test_one_sign_of_cincinnati_is_enough(sign):
    none = dict.fromkeys(("facial_droop", "arm_drift", "abnormal_speech"), False)
    assert calc("cpss", none).band == "negative"
    assert (calc("cpss", {**none, sign: True}).value, calc("cpss", {**none, sign: True}).band) == (
        1,
        "positive",
    )


@settings(max_examples=50, deadline=None)
@given(st.floats(1, 400), st.floats(0, 100))
def test_a_heavier_patient_never_gets_less_and_never_more_than_the_cap(kg, more):
    doses = []
    for weight in (kg, min(kg + more, 400)):
        band = calc("stroke_thrombolysis", {**LYSIS, "weight_kg": weight}).band
        doses.append([float(part.partition("=")[2]) for part in band.split(";")])
    assert all(a <= b for a, b in zip(*doses, strict=True))
    assert all(d <= cap for d, cap in zip(doses[1], (90, 9, 25), strict=True))


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_nihss_grows_with_any_item(data):
    items = [data.draw(st.integers(0, top)) for top in TOPS]
    place = data.draw(st.integers(0, 14))
    worse = [*items]
    worse[place] = TOPS[place]
    assert nihss(worse).value - nihss(items).value == TOPS[place] - items[place]
