"""Rules of imaging after trauma: each criterion alone is enough, none means no image by rule."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.errors import InvalidInput
from healthgym.knowledge.instruments.core import calc

HEAD = {
    "gcs_below_15_two_hours_after_injury": False,
    "suspected_open_or_depressed_fracture": False,
    "sign_of_basal_skull_fracture": False,
    "vomited_twice_or_more": False,
    "age_years": 64.9,
    "amnesia_before_impact_30_min": False,
    "dangerous_mechanism": False,
}


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ({}, "no ct by rule"),
        ({"age_years": 65}, "ct: high risk"),
        ({"gcs_below_15_two_hours_after_injury": True}, "ct: high risk"),
        ({"suspected_open_or_depressed_fracture": True}, "ct: high risk"),
        ({"sign_of_basal_skull_fracture": True}, "ct: high risk"),
        ({"vomited_twice_or_more": True}, "ct: high risk"),
        ({"amnesia_before_impact_30_min": True}, "ct: medium risk"),
        ({"dangerous_mechanism": True}, "ct: medium risk"),
        ({"dangerous_mechanism": True, "vomited_twice_or_more": True}, "ct: high risk"),
    ],
)
def test_canadian_ct_head(change, value):
    result = calc("canadian_ct_head", {**HEAD, **change})
    assert result.value == value
    assert bool(result.warnings) == (value == "no ct by rule"), "whom it does not hold for"


@pytest.mark.parametrize(
    ("name", "age"), [("canadian_ct_head", 15), ("canadian_c_spine", 15), ("ottawa_knee", 17)]
)
def test_a_rule_of_adults_refuses_children(name, age):
    with pytest.raises(InvalidInput, match="age_years"):
        calc(name, {"age_years": age})
    assert "age_years" not in calc(name, {"age_years": age + 1}).missing


NECK = {
    "age_years": 64.9,
    "dangerous_mechanism": False,
    "paresthesias_in_extremities": False,
    "low_risk_factor_allows_motion_test": True,
    "rotates_neck_45_degrees_both_sides": True,
}


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ({}, "no imaging by rule"),
        ({"age_years": 65}, "imaging"),
        ({"dangerous_mechanism": True}, "imaging"),
        ({"paresthesias_in_extremities": True}, "imaging"),
        ({"low_risk_factor_allows_motion_test": False}, "imaging"),
        ({"rotates_neck_45_degrees_both_sides": False}, "imaging"),
    ],
)
def test_canadian_c_spine(change, value):
    assert calc("canadian_c_spine", {**NECK, **change}).value == value


def test_the_neck_is_moved_only_where_that_is_allowed():
    key = "rotates_neck_45_degrees_both_sides"
    still = {k: v for k, v in NECK.items() if k != key}
    assert calc("canadian_c_spine", still).missing == (key,)
    for change in ({"dangerous_mechanism": True}, {"low_risk_factor_allows_motion_test": False}):
        assert calc("canadian_c_spine", {**still, **change}).value == "imaging"


NEXUS = (
    "midline_tenderness",
    "intoxicated",
    "altered_alertness",
    "focal_neurologic_deficit",
    "painful_distracting_injury",
)


@pytest.mark.parametrize("key", NEXUS)
def test_one_criterion_of_nexus_is_enough(key):
    none = dict.fromkeys(NEXUS, False)
    assert calc("nexus", none).band == "no imaging by rule"
    result = calc("nexus", {**none, key: True})
    assert (result.value, result.band) == (1, "imaging")


ANKLE = {
    "malleolar_pain": False,
    "tender_posterior_edge_or_tip_of_malleolus": False,
    "midfoot_pain": False,
    "tender_base_of_fifth_metatarsal_or_navicular": False,
    "unable_to_walk_four_steps_then_and_now": False,
}
BONE, FOOT = list(ANKLE)[1], list(ANKLE)[3]
LAME = "unable_to_walk_four_steps_then_and_now"


@pytest.mark.parametrize(
    ("there", "value"),
    [
        ((), "no film by rule"),
        (("malleolar_pain",), "no film by rule"),
        ((BONE,), "no film by rule"),
        ((LAME,), "no film by rule"),
        (("malleolar_pain", FOOT), "no film by rule"),
        (("malleolar_pain", BONE), "ankle film"),
        (("malleolar_pain", LAME), "ankle film"),
        (("midfoot_pain", BONE), "no film by rule"),
        (("midfoot_pain", FOOT), "foot film"),
        (("midfoot_pain", LAME), "foot film"),
        (("malleolar_pain", "midfoot_pain", LAME), "ankle and foot films"),
    ],
)
def test_ottawa_ankle_needs_pain_in_the_zone_and_bone_or_walking(there, value):
    assert calc("ottawa_ankle", {**ANKLE, **dict.fromkeys(there, True)}).value == value


KNEE = {
    "age_years": 54.9,
    "isolated_patellar_tenderness": False,
    "tender_fibular_head": False,
    "unable_to_flex_90_degrees": False,
    LAME: False,
}


@pytest.mark.parametrize(
    "change", [{"age_years": 55}, *({k: True} for k, v in KNEE.items() if v is False)]
)
def test_one_criterion_of_the_ottawa_knee_rule_is_enough(change):
    assert calc("ottawa_knee", KNEE).band == "no film by rule"
    result = calc("ottawa_knee", {**KNEE, **change})
    assert (result.value, result.band) == (1, "knee film")


ANY = {
    "gcs": 15,
    "altered_mental_status": False,
    "loss_of_consciousness": "none",
    "severe_mechanism": False,
}
INFANT = {
    **ANY,
    "age_months": 23.9,
    "palpable_skull_fracture": False,
    "nonfrontal_scalp_hematoma": False,
    "acts_normally_to_parent": True,
}
OLDER = {
    **ANY,
    "age_months": 24,
    "basilar_skull_fracture_signs": False,
    "vomiting": False,
    "severe_headache": False,
}
CT, WATCH, NONE = "ct recommended", "observation or ct", "ct not recommended by rule"


@pytest.mark.parametrize(
    ("child", "change", "value"),
    [
        (INFANT, {}, NONE),
        (INFANT, {"gcs": 14}, CT),
        (INFANT, {"altered_mental_status": True}, CT),
        (INFANT, {"palpable_skull_fracture": True}, CT),
        (INFANT, {"nonfrontal_scalp_hematoma": True}, WATCH),
        (INFANT, {"loss_of_consciousness": "under 5 s"}, NONE),
        (INFANT, {"loss_of_consciousness": "5 s or more"}, WATCH),
        (INFANT, {"severe_mechanism": True}, WATCH),
        (INFANT, {"acts_normally_to_parent": False}, WATCH),
        (INFANT, {"acts_normally_to_parent": False, "gcs": 14}, CT),
        (OLDER, {}, NONE),
        (OLDER, {"gcs": 14}, CT),
        (OLDER, {"altered_mental_status": True}, CT),
        (OLDER, {"basilar_skull_fracture_signs": True}, CT),
        (OLDER, {"loss_of_consciousness": "under 5 s"}, WATCH),
        (OLDER, {"vomiting": True}, WATCH),
        (OLDER, {"severe_headache": True}, WATCH),
        (OLDER, {"severe_mechanism": True}, WATCH),
        (OLDER, {"vomiting": True, "basilar_skull_fracture_signs": True}, CT),
    ],
)
def test_pecarn(child, change, value):
    assert calc("pecarn", {**child, **change}).value == value


def test_pecarn_asks_each_age_its_own_questions():
    own = {"age_months": 24, "vomiting": False}
    assert calc("pecarn", {**INFANT, **own}).missing == (
        "basilar_skull_fracture_signs",
        "severe_headache",
    )
    assert calc("pecarn", {**OLDER, "age_months": 23}).missing == (
        "palpable_skull_fracture",
        "nonfrontal_scalp_hematoma",
        "acts_normally_to_parent",
    )
    # A finding of the other age group changes nothing.
    assert calc("pecarn", {**INFANT, "vomiting": True, "severe_headache": True}).value == NONE


def test_pecarn_is_for_minor_injuries_only():
    with pytest.raises(InvalidInput, match="from 14 to 15"):
        calc("pecarn", {**OLDER, "gcs": 13})


RANK = {"no ct by rule": 0, "ct: medium risk": 1, "ct: high risk": 2, NONE: 0, WATCH: 1, CT: 2}


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_finding_more_never_takes_the_image_away(data):
    name, base = data.draw(st.sampled_from([("canadian_ct_head", HEAD), ("pecarn", OLDER)]))
    keys = sorted(k for k, v in base.items() if v is False)
    found = {**base, **{k: data.draw(st.booleans(), label=k) for k in keys}}
    more = {**found, data.draw(st.sampled_from(keys)): True}
    assert RANK[calc(name, more).value] >= RANK[calc(name, found).value]
