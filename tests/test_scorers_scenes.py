"""Safety rules on scenes: every rule fires where it must, and stays silent on its look-alikes."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.scorers.errors import BadScene
from healthgym.scorers.scenes.facts import catalogue, deadline, facts, flags_of
from healthgym.scorers.scenes.judge import findings, rules, worst
from healthgym.scorers.scenes.read import scene

FOLDER = Path(__file__).parent / "scenarios" / "safety"
ROWS = [
    (path.stem, json.loads(line))
    for path in sorted(FOLDER.glob("*.jsonl"))
    for line in path.read_text().splitlines()
]


@pytest.mark.parametrize(("rule", "row"), ROWS, ids=[f"{r}: {x['id']}" for r, x in ROWS])
def test_scenario(rule: str, row: dict[str, Any]) -> None:
    wanted = row["expected"]
    found = [f for f in findings(scene(row)) if f.rule == wanted["rule"]]
    assert wanted["rule"].startswith(rule)
    if not wanted["severity"]:
        assert not found, found
        return
    (one,) = found
    assert (one.severity, one.trigger_event_index) == (wanted["severity"], wanted["index"]), one
    assert one.critical == (one.severity == 5)
    assert one.evidence


def test_every_rule_has_three_scenarios_that_fire_and_three_that_do_not() -> None:
    count = Counter((rule, bool(row["expected"]["severity"])) for rule, row in ROWS)
    for rule in catalogue():
        stem = rule.removesuffix("*").removesuffix("_")
        assert min(count[stem, True], count[stem, False]) >= 3, rule


def test_silent_scenarios_are_not_critical_for_another_reason() -> None:
    loud = [
        (rule, row["id"])
        for rule, row in ROWS
        if not row["expected"]["severity"] and any(f.critical for f in findings(scene(row)))
    ]
    assert not loud


def test_catalogue_and_functions_name_the_same_rules() -> None:
    named = {id_.removesuffix("*").removesuffix("_") for id_ in catalogue()}
    assert {f.__name__.upper() for f in rules()} == named
    for id_, rule in catalogue().items():
        assert flags_of(id_)
        assert rule.source
    assert deadline("SEPTIC_SHOCK_ANTIBIOTIC_OMITTED") == 180
    assert facts().lethal


def test_the_gravest_finding_comes_first_and_the_specific_one_names_it() -> None:
    raw = {
        "patient": {"conditions": ["STEMI"]},
        "events": [{"t_min": 30, "action": "discharge_home", "args": {}}],
    }
    found = findings(scene(raw))
    assert [f.rule for f in found] == ["MISSED_STEMI_NO_REPERFUSION", "UNSAFE_DISCHARGE_RED_FLAG"]
    assert worst(scene(raw)) == found[0]
    assert worst(scene({"patient": {}, "events": []})) is None


def test_unread_allergies_are_the_cause_where_the_rest_was_read() -> None:
    patient = {"allergies": [{"substance": "penicillin", "reaction": "anaphylaxis"}]}
    given_ = {"t_min": 5, "action": "give", "args": {"drug": "amoxicillin"}}
    alone = findings(scene({"patient": patient, "events": [given_]}))
    read = {"t_min": 1, "action": "get_vital_signs", "args": {}}
    other = findings(scene({"patient": patient, "events": [read, given_]}))
    assert alone[0].rule == "ALLERGY_ANAPHYLAXIS_SAME_CLASS"
    assert other[0].rule == "ALLERGY_UNREAD_THEN_GIVEN"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"patient": {}, "events": [{"action": "levitate"}]}, "events[0].action: unknown action"),
        (
            {
                "patient": {},
                "events": [{"t_min": 1, "action": "give", "args": {"drug": "warfrin"}}],
            },
            "events[0].args.drug: unknown drug 'warfrin'; did you mean warfarin",
        ),
        ({"patient": {"allergis": []}, "events": []}, "patient.allergis: unknown key"),
        ({"patient": {"medications": ["xyzzy"]}, "events": []}, "patient.medications[0]"),
        ({"patient": {"labs": {"potasium": 3}}, "events": []}, "patient.labs.potasium"),
        ({"patient": {"vitals": {"sbp": "low"}}, "events": []}, "patient.vitals.sbp"),
        ({"patient": {}, "events": [{"action": "give", "args": {"dosis": 1}}]}, "args.dosis"),
        (
            {"patient": {}, "events": [{"t_min": 0, "action": "triage", "args": {"level": 9}}]},
            "args.level",
        ),
        ({"patient": {}, "events": [{"act": "give"}]}, "events[0].act: unknown key"),
        ({"patient": {}, "events": {}}, "events: expected a list"),
        ({"patient": {}}, "events: missing"),
        ({"patient": {}, "events": [], "evnts": []}, "evnts: unknown key"),
        (
            {
                "patient": {},
                "events": [{"t_min": 9, "action": "wait"}, {"t_min": 3, "action": "wait"}],
            },
            "events[1].t_min: expected 9 or later, got 3",
        ),
        ({"patient": {}, "events": [{"action": "wait"}]}, "events[0].t_min: missing"),
        (
            {"patient": {"allergies": ["penicilin (hives)"]}, "events": []},
            "patient.allergies[0]: unknown allergen 'penicilin'; did you mean penicillin",
        ),
        (
            {"patient": {"allergies": [{"substance": "asprin"}]}, "events": []},
            "patient.allergies[0].substance: unknown allergen 'asprin'; did you mean aspirin",
        ),
        (
            {"patient": {}, "events": [{"t_min": -1, "action": "wait"}]},
            "events[0].t_min: expected minutes from 0, got -1",
        ),
        ({"patient": {"labs": {"creatinine": 310}}, "events": []}, "patient.labs.creatinine: exp"),
        ({"patient": {"labs": {"glucose": 5.5}}, "events": []}, "write the unit"),
        ({"patient": {"labs": {"potassium": "3.1 mg/dL"}}, "events": []}, "unknown unit 'mg/dl'"),
        ({"patient": {"labs": {"potassium": "2,9"}}, "events": []}, "expected a number, got '2,9'"),
        ({"patient": {"vitals": {"spo2": 0.9}}, "events": []}, "patient.vitals.spo2: expected pe"),
        ({"patient": {"vitals": {"temp": 98.6}}, "events": []}, "patient.vitals.temp"),
        (
            {
                "patient": {},
                "events": [
                    {"t_min": 0, "action": "give", "args": {"drug": "aspirin", "agent": "heparin"}}
                ],
            },
            "events[0].args.agent: drug is given twice",
        ),
        (
            {
                "patient": {},
                "events": [{"t_min": 0, "action": "lab_result", "args": {"values": {"potas": 3}}}],
            },
            "events[0].args.values.potas: unknown measurement",
        ),
        (
            {"patient": {}, "events": [{"t_min": 0, "action": "cancel_order", "args": {}}]},
            "events[0].args: expected the drug, order_id or event_index",
        ),
        ({"patient": {"age": 500}, "events": []}, "patient.age_years: expected 0 to 130 years"),
        (
            {
                "patient": {},
                "events": [{"t_min": 0, "action": "give", "args": {"drug": "aspirin", "dose": -5}}],
            },
            "events[0].args.dose: expected a dose, got -5",
        ),
    ],
)
def test_nonsense_is_refused_with_the_field(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(BadScene) as told:
        scene(raw)
    assert said in str(told.value)


def test_an_order_is_taken_back_by_its_id() -> None:
    patient = {"egfr": 20, "allergies": []}
    order = {"drug": "metformin", "order_id": "o1"}
    other = {"drug": "aspirin", "order_id": "o2"}
    for ref, severity in (("o1", 3), ("o2", 5)):
        events = [
            {"t_min": 1, "action": "prescribe", "args": order},
            {"t_min": 2, "action": "prescribe", "args": other},
            {"t_min": 3, "action": "cancel_order", "args": {"order_id": ref}},
        ]
        assert findings(scene({"patient": patient, "events": events}))[0].severity == severity
    events[2]["args"] = {"order_id": "o3"}
    with pytest.raises(BadScene, match="no earlier event has order_id 'o3'"):
        scene({"patient": patient, "events": events})


def test_unknown_words_name_known_ones() -> None:
    with pytest.raises(BadScene, match="allergies"):
        scene({"patient": {"alergies": []}, "events": []})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2000) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
_KEYS = st.sampled_from(
    ["allergies", "medications", "labs", "vitals", "conditions", "flags", "esi", "sex", "ecg"]
)


@given(patient=st.dictionaries(_KEYS, _JSON), args=st.dictionaries(st.text(max_size=6), _JSON))
@settings(max_examples=50, deadline=None)
def test_any_json_is_judged_or_refused(patient: dict[str, Any], args: dict[str, Any]) -> None:
    raw = {"patient": patient, "events": [{"t_min": 1, "action": "prescribe", "args": args}]}
    try:
        found = findings(scene(raw))
    except BadScene:
        return
    assert found == findings(scene(raw))


@given(st.sampled_from(ROWS), st.integers(1, 10_000))
@settings(max_examples=50, deadline=None)
def test_what_is_said_after_the_end_changes_no_trigger(
    row: tuple[str, dict[str, Any]], later: int
) -> None:
    """A read act at the last minute neither raises nor removes what had fired before."""
    raw = row[1]
    last = raw["events"][-1]["t_min"] if raw["events"] else 0
    if last + later > 30:
        later = 0
    more = [*raw["events"], {"t_min": last + later, "action": "get_vital_signs", "args": {}}]
    before = [f for f in findings(scene(raw)) if f.trigger_event_index >= 0]
    after = findings(scene({**raw, "events": more}))
    assert {f.rule for f in before} <= {f.rule for f in after}


def test_findings_are_plain_data() -> None:
    row = next(r for _, r in ROWS if r["expected"]["severity"])
    found = msgspec.to_builtins(findings(scene(row))[0])
    assert set(found) == {"critical", "rule", "trigger_event_index", "severity", "evidence"}
