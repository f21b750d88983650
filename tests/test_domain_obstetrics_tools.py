"""Obstetrics: what the tools tell, of whom, and what they refuse."""

from typing import Any

import msgspec
import pytest

from healthgym.agents.toolcall import render
from healthgym.bus.events import ObservationReturned
from healthgym.bus.view import Action
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.environments.tool import tools
from healthgym.knowledge.domains.obstetrics import LATENCY
from healthgym.knowledge.tasks import task

DOMAIN = "obstetrics"
OWN = [n for n, t in tools(DOMAIN).items() if t.domains == (DOMAIN,)]
Calls = list[tuple[str, dict[str, Any]]]


def shown(id_: str, calls: Calls) -> list[ObservationReturned]:
    said = iter(calls)
    asked = request(task(id_), agent="t", max_turns=len(calls))
    events = play(asked, lambda _: Action(raw=render(*next(said))))
    return [e.data for e in events if isinstance(e.data, ObservationReturned)]


def test_tools_tell_of_this_patient() -> None:
    story: Calls = [
        ("get_vital_signs", {}),
        ("get_obstetric_history", {}),
        ("get_patient_history", {}),
    ]
    ctg: Calls = [("read_ctg", {})]
    cervix: Calls = [("perform_cervical_exam", {})]
    labs: Calls = [
        ("order_lab_test", {"test": t})
        for t in ("cbc", "bmp", "liver_panel", "urine_protein_creatinine")
    ]
    waits: Calls = [("wait_for_results", {"max_minutes": 60})] * 5
    salt = {"drug_name": "magnesium_sulfate", "dose": 4, "dose_unit": "g", "route": "iv"}
    given_salt: Calls = [("prescribe_medication", salt)]
    one, other = "ob_pre_severe_35_001", "ob_pre_mild_32_001"
    for calls, pair in (
        (story[1:2], (one, other)),
        ([story[1], ("calculate_gestational_age", {})], (one, other)),
        ([("repeat_blood_pressure", {})], (one, other)),
        (
            [
                *story,
                ("repeat_blood_pressure", {}),
                *labs,
                *waits,
                ("check_preeclampsia_criteria", {}),
            ],
            (one, other),
        ),
        ([*given_salt, ("check_magnesium_toxicity", {})], ("ob_pre_myasthenia_001", one)),
        ([*story, ("assess_maternal_warning_criteria", {})], (one, other)),
        ([("measure_blood_loss", {})], ("ob_atony_001", "ob_show_typical_001")),
        (
            [story[0], ("measure_blood_loss", {}), ("stage_hemorrhage", {})],
            ("ob_atony_massive_001", "ob_cervical_tear_001"),
        ),
        ([("inspect_birth_tract", {})], ("ob_atony_001", "ob_cervical_tear_001")),
        ([("check_rh_status", {})], ("ob_abruption_accident_001", "ob_abruption_term_001")),
        ([("oral_glucose_tolerance_test", {})], ("ob_gdm_not_001", "ob_gdm_overt_001")),
        ([("measure_fundal_height", {})], (one, other)),
        (ctg, ("ob_tracing_late_001", "ob_labour_typical_001")),
        ([*ctg, ("classify_tracing", {})], ("ob_tracing_late_001", "ob_labour_typical_001")),
        ([*cervix, ("calculate_bishop", {})], ("ob_show_typical_001", "ob_labour_typical_001")),
        ([("measure_amniotic_fluid", {})], (one, other)),
        ([("biophysical_profile", {})], ("ob_tracing_late_001", "ob_labour_typical_001")),
        ([("obstetric_ultrasound", {})], ("ob_praevia_term_001", "ob_show_typical_001")),
        ([("check_pregnancy_safety", {"drug_name": "lisinopril"})], ("ob_atony_001", one)),
    ):
        told = [shown(id_, calls) for id_ in pair]
        assert all(o.ok for seen in told for o in seen), (calls[-1], told)
        first, second = (msgspec.json.encode(seen[len(calls) - 1].content) for seen in told)
        assert first != second, calls[-1]


def test_the_bleeding_slows_only_when_its_cause_is_treated() -> None:
    def last(id_: str, act: str) -> int:
        calls: Calls = [
            ("perform_obstetric_procedure", {"procedure": act}),
            ("measure_blood_loss", {}),
        ]
        return int(shown(id_, calls)[1].content["last_minutes_ml"])

    assert last("ob_cervical_tear_001", "repair_tear") < 5
    assert last("ob_cervical_tear_001", "uterine_massage") >= 25
    assert last("ob_atony_001", "balloon_tamponade") < last("ob_atony_001", "uterine_massage")
    assert last("ob_atony_001", "uterine_massage") < last("ob_atony_001", "repair_tear")


def test_blood_goes_on_being_lost_while_time_passes() -> None:
    weighed = shown(
        "ob_atony_001",
        [("measure_blood_loss", {}), ("repeat_blood_pressure", {}), ("measure_blood_loss", {})],
    )
    first, later = (weighed[i].content["blood_loss_ml"] for i in (0, 2))
    assert later - first == 20 * 12


@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("submit_plan", {"diagnosis": "x", "icd10_code": "O80", "disposition": "ward"}, "delivery"),
        (
            "submit_plan",
            {"diagnosis": "x", "icd10_code": "?", "delivery": "now", "disposition": "ward"},
            "icd10_code",
        ),
        ("deliver", {"mode": "magic", "when": "now"}, "mode"),
        ("deliver", {"mode": "cesarean", "when": "soon"}, "when"),
        ("call_team", {"team": "x"}, "team"),
        ("give_standing_order", {"order": "x"}, "order"),
        ("perform_obstetric_procedure", {"procedure": "x"}, "procedure"),
        ("check_pregnancy_safety", {"drug_name": "nonsense"}, "drug_name"),
    ],
)
def test_bad_arguments_are_named(tool: str, arguments: dict[str, Any], field: str) -> None:
    refused = shown("ob_labour_typical_001", [(tool, arguments)])[0]
    assert (refused.ok, refused.code) == (False, "invalid_arguments")
    assert refused.content["field"] == field


@pytest.mark.parametrize(
    ("id_", "tool", "missing"),
    [
        ("ob_labour_typical_001", "classify_tracing", "procedure:fetal_monitoring"),
        ("ob_labour_typical_001", "calculate_bishop", "exam:cervix"),
        ("ob_labour_typical_001", "calculate_gestational_age", "ob_history"),
        ("ob_atony_001", "stage_hemorrhage", "blood_loss"),
        ("ob_atony_001", "read_ctg", "pregnancy"),
        ("ob_tubal_stable_001", "read_ctg", "gestation of 24 weeks"),
        ("ob_pre_mild_32_001", "check_preeclampsia_criteria", "vitals"),
    ],
)
def test_a_tool_that_lacks_something_says_so(id_: str, tool: str, missing: str) -> None:
    refused = shown(id_, [(tool, {})])[0]
    assert refused.code == "insufficient_data"
    assert missing in refused.content["missing"]


def test_the_plan_knows_how_long_its_tools_take() -> None:
    every = tools(DOMAIN)
    for name, t in every.items():
        if name in OWN and not name.startswith(("submit_", "biophysical", "calculate_")):
            assert t.minutes == LATENCY.get(name, 1), name
