"""Every tool on patients of every condition."""

import json

import pytest

from healthgym.bus.events import ObservationReturned
from healthgym.bus.view import Action
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.environments.tool import all_tools, tools
from healthgym.knowledge.conditions import condition
from healthgym.knowledge.tasks import task
from healthgym.knowledge.variants import conditions_in, family

CONDITIONS = conditions_in("clinical_diagnosis")

DOMAIN = "clinical_diagnosis"
VALID = {
    "think": {"thought": "chest pain"},
    "state_confidence": {"probability": 0.7},
    "ask_patient": {"question": "When did it start?"},
    "add_clinical_note": {"note_type": "plan", "content": "wait for the film"},
    "examine_patient": {"system": "chest"},
    "order_lab_test": {"test": "lactate"},
    "order_imaging": {"study": "chest_xray"},
    "check_drug_interaction": {"drug_a": "Zosyn", "drug_b": "warfarin"},
    "prescribe_medication": {
        "drug_name": "acetaminophen",
        "dose": 1000,
        "dose_unit": "mg",
        "route": "oral",
    },
    "search_clinical_guidelines": {"condition": "sepsis"},
    "record_diagnosis": {"diagnosis": "GERD", "icd10_code": "K21.9"},
    "transfer_to_specialist": {"specialty": "cardiology"},
    "calculate_wells_pe": {"most_likely": True},
}
BEFORE = {
    "calculate_curb65": ["get_vital_signs"],
    "calculate_qsofa": ["get_vital_signs"],
    "calculate_wells_pe": ["get_vital_signs", "get_patient_history", ("examine_patient", "limbs")],
    "calculate_heart_score": [
        "get_patient_history",
        "perform_ecg",
        ("order_lab_test", "troponin_t"),
    ]
    + ["wait_for_results"] * 1,
    "get_differential_diagnosis": ["get_patient_history"],
}
SAME_FOR_ALL = {
    "think",
    "state_confidence",
    "add_clinical_note",
    "order_lab_test",
    "order_imaging",
    "check_drug_interaction",
    "prescribe_medication",
    "search_clinical_guidelines",
    "record_diagnosis",
    "submit_answer",
    "transfer_to_specialist",
    "get_imaging_results",
    "wait_for_results",
    "get_medications",
    "get_allergies",
    "get_clinical_notes",
}
NAMES = sorted(tools(DOMAIN))
OF_ARRIVAL = {"calculate_anion_gap", "calculate_curb65"}
"""They count with values that are drawn on arrival; some families have none drawn."""
OF_ADULTS = {
    "calculate_anion_gap",
    "calculate_curb65",
    "calculate_heart_score",
    "calculate_wells_pe",
}
"""Scores of adults, or of the arrival panel that a child does not get: refused for a child."""


def observe(id_, *calls):
    raws = [json.dumps({"name": n, "arguments": a}) for n, a in calls]

    def act(view):
        i = len(view.turns)
        return Action(raw=raws[i] if i < len(raws) else '{"name": "submit_answer"}')

    events = play(request(task(id_), agent="sweep"), act)
    return [e.data for e in events if isinstance(e.data, ObservationReturned)][: len(calls)]


def prepared(name):
    keys = {"examine_patient": "system", "order_lab_test": "test"}
    calls = [
        (c, {}) if isinstance(c, str) else (c[0], {keys[c[0]]: c[1]}) for c in BEFORE.get(name, [])
    ]
    return [*calls, (name, VALID.get(name, {}))]


@pytest.mark.parametrize("name", NAMES)
def test_valid_calls_succeed_on_every_condition(name):
    shown = []
    for c in CONDITIONS:
        for number in (1, 2):
            last = observe(f"dx_{c}_{number:03d}", *prepared(name))[-1]
            if condition(c).age.high < 18 and name in OF_ADULTS:
                assert last.code == "insufficient_data", (c, last.content)
                continue
            if name in OF_ARRIVAL and last.code == "insufficient_data":
                assert family(condition(c).family).arrival == (), c
                continue
            assert last.ok, (c, last.content)
            shown.append(json.dumps(last.content))
    if name not in SAME_FOR_ALL:
        assert len(set(shown)) > min(len(shown) * 0.1, 5), name
        assert len(set(shown)) > 2, name


def refused(name, arguments):
    (o,) = observe("dx_gerd_001", (name, arguments))
    assert not o.ok
    assert o.code == "invalid_arguments"
    assert {"error", "field", "expected", "got"} <= set(o.content)
    return o.content


@pytest.mark.parametrize("name", NAMES)
def test_unknown_fields_are_named(name):
    assert refused(name, {**VALID.get(name, {}), "colour": "red"})["field"] == "colour"


@pytest.mark.parametrize("name", NAMES)
def test_wrong_types_are_named(name):
    assert refused(name, {**VALID.get(name, {}), "patient_id": 7})["field"] == "patient_id"
    for field in VALID.get(name, {}):
        wrong = refused(name, {**VALID[name], field: ["x"]})
        assert wrong["field"] == field
        assert wrong["expected"]


@pytest.mark.parametrize("name", sorted(n for n in VALID if n != "calculate_wells_pe"))
def test_missing_fields_are_named(name):
    for field in VALID[name]:
        left = {k: v for k, v in VALID[name].items() if k != field}
        assert refused(name, left)["field"] == field


PRESCRIPTION = VALID["prescribe_medication"]


@pytest.mark.parametrize(
    ("name", "change", "field"),
    [
        ("prescribe_medication", {"dose": -1}, "dose"),
        ("prescribe_medication", {"dose": 0}, "dose"),
        ("prescribe_medication", {"drug_name": "paracetamool"}, "drug_name"),
        ("prescribe_medication", {"dose_unit": "units"}, "dose_unit"),
        ("prescribe_medication", {"route": "inhaled"}, "route"),
        ("prescribe_medication", {"route": "rectal"}, "route"),
        ("get_vital_signs_trend", {"readings": 1}, "readings"),
        ("get_vital_signs_trend", {"readings": 400}, "readings"),
        ("wait_for_results", {"max_minutes": 0}, "max_minutes"),
        ("examine_patient", {"system": "nose"}, "system"),
        ("order_lab_test", {"test": "horoscope"}, "test"),
        ("order_imaging", {"study": "x"}, "study"),
        ("record_diagnosis", {"icd10_code": "NSTEMI"}, "icd10_code"),
        ("record_diagnosis", {"confidence": 2.0}, "confidence"),
        ("submit_answer", {"disposition": "moon"}, "disposition"),
        ("submit_answer", {"icd10_code": "???"}, "icd10_code"),
        ("check_drug_interaction", {"drug_b": "magic"}, "drug_b"),
    ],
)
def test_values_out_of_range_are_named(name, change, field):
    assert refused(name, {**VALID.get(name, {}), **change})["field"] == field


def test_unknown_tool_and_patient():
    a, b = observe("dx_gerd_001", ("horoscope", {}), ("get_vital_signs", {"patient_id": "P777"}))
    assert a.code == "unknown_tool"
    assert b.code == "unknown_patient"


@pytest.mark.parametrize("name", ["calculate_wells_pe", "calculate_curb65", "calculate_qsofa"])
def test_scores_invent_nothing(name):
    (o,) = observe("dx_pneumonia_001", (name, {}))
    assert o.code == "insufficient_data"
    assert "vitals" in o.content["missing"]


def test_results_come_when_they_are_due():
    ordered, before, waited = observe(
        "dx_sepsis_001",
        ("order_lab_test", {"test": "lactate"}),
        ("get_lab_results", {}),
        ("wait_for_results", {}),
    )
    assert ordered.content["due_minute"] == 16
    assert "lactate_mmol_l" not in before.content["results"]
    assert before.content["pending"] == {"lactate": 16}
    assert "lactate_mmol_l" in waited.content["results"]
    assert waited.content["minute"] == 16
    assert "lab:lactate" in waited.reveals
    assert "lab:lactate" not in before.reveals


def test_routine_orders_are_slower():
    (o,) = observe("dx_sepsis_001", ("order_lab_test", {"test": "lactate", "priority": "routine"}))
    assert o.content["due_minute"] == 46


def test_a_second_troponin_shows_the_rise():
    id_ = "dx_nstemi_003"
    last = observe(
        id_,
        ("get_lab_results", {}),
        ("wait_for_results", {"max_minutes": 60}),
        ("order_lab_test", {"test": "troponin_t"}),
        ("wait_for_results", {}),
        ("get_lab_results", {}),
    )
    first = float(last[0].content["results"]["troponin_t_ng_l"].split()[0])
    second = float(last[3].content["results"]["troponin_t_ng_l"].split()[0])
    assert second > 1.2 * first
    assert "lab:troponin_t_serial" in last[3].reveals
    assert "lab:troponin_t_serial" not in last[0].reveals
    assert last[4].content["earlier"]["troponin_t_ng_l"] == [
        last[0].content["results"]["troponin_t_ng_l"]
    ]


def test_a_hasty_second_troponin_is_no_series():
    last = observe(
        "dx_gerd_001",
        ("get_lab_results", {}),
        ("order_lab_test", {"test": "troponin_t"}),
        ("wait_for_results", {}),
    )[-1]
    assert "lab:troponin_t" in last.reveals
    assert "lab:troponin_t_serial" not in last.reveals


def test_brands_are_given_as_ingredients():
    dose = {"drug_name": "Augmentin", "dose": 1.2, "dose_unit": "g", "route": "iv"}
    (o,) = observe("dx_pneumonia_002", ("prescribe_medication", dose))
    assert o.effect.item == "drug:amoxicillin_clavulanate"
    assert (o.effect.dose, o.effect.unit) == (1200, "mg")
    assert "alerts" not in o.content


def test_the_pharmacy_warns_who_asks():
    (o,) = observe(
        "dx_pneumonia_002",
        ("check_drug_interaction", {"drug_a": "Augmentin", "drug_b": "azithromycin"}),
    )
    assert "penicillin" in o.content["alerts"][0]


def test_notes_and_diagnoses_are_in_the_chart():
    *_, notes = observe(
        "dx_gerd_001",
        ("add_clinical_note", {"note_type": "handoff", "content": "stable"}),
        ("get_clinical_notes", {"note_type": "handoff"}),
    )
    assert [n["text"] for n in notes.content["notes"]] == ["stable"]


def test_tools_are_found_by_name_and_documented():
    assert set(NAMES) <= set(all_tools())
    assert len(NAMES) >= 20
    for t in tools(DOMAIN).values():
        asked = set(t.arguments.__struct_fields__)
        assert asked == set(t.help), t.name


def test_treatment_is_seen_at_the_bedside():
    dose = {"drug_name": "esmolol", "dose": 40, "dose_unit": "mg", "route": "iv"}
    id_ = "dx_aortic_dissection_001"
    wait = ("wait_for_results", {"max_minutes": 120})
    look = ("get_vital_signs", {})
    treated = observe(id_, ("prescribe_medication", dose), wait, look)[-1]
    left = observe(id_, ("get_vital_signs", {}), wait, look)[-1]

    def rate(o):
        return float(o.content["vitals"]["hr_bpm"].split()[0])

    assert rate(treated) < rate(left) - 8


def test_an_order_that_cannot_tell_anything_new_is_a_duplicate():
    first, again, other, troponin, second = observe(
        "dx_pulmonary_embolism_001",
        ("order_imaging", {"study": "ct_pulmonary_angiogram"}),
        ("order_imaging", {"study": "CTPA"}),
        ("order_imaging", {"study": "chest_xray"}),
        ("order_lab_test", {"test": "troponin_t"}),
        ("order_lab_test", {"test": "troponin_t"}),
    )
    assert (first.ok, again.ok, other.ok) == (True, False, True)
    assert again.code == "duplicate_order"
    assert again.effect is None
    assert again.content["order"] == first.content["order"]
    assert again.content["due_minute"] == first.content["due_minute"]
    assert again.content["again_from_minute"] > 1440
    assert troponin.ok
    assert second.ok, "a series is no duplicate"
