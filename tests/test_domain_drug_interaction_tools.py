"""The pharmacist's tools tell of this patient, need what they rest on and name what is wrong."""

from typing import Any

import msgspec
import pytest

from healthgym.agents.toolcall import render
from healthgym.bus.events import ObservationReturned
from healthgym.bus.view import Action
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.environments.tool import tools
from healthgym.knowledge.domains import domain
from healthgym.knowledge.domains.drug_interaction import ASK
from healthgym.knowledge.tasks import task

DOMAIN = "drug_interaction"
Calls = list[tuple[str, dict[str, Any]]]
CHART: Calls = [
    ("get_order", {}),
    ("get_patient_info", {}),
    ("get_patient_history", {}),
    ("get_medications", {}),
    ("get_allergies", {}),
    ("get_lab_results", {}),
    ("get_stopped_medications", {}),
    ("get_ecg", {}),
    ("get_reproductive_status", {}),
]


def said(id_: str, calls: Calls) -> list[ObservationReturned]:
    left = iter(calls)
    asked = request(task(id_), agent="t", max_turns=len(calls))
    events = play(asked, lambda _: Action(raw=render(*next(left))))
    return [e.data for e in events if isinstance(e.data, ObservationReturned)]


def told(id_: str, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool says once the chart was read."""
    last = said(id_, [*CHART, (tool, arguments)])[-1]
    assert last.ok, last
    return last.content


def test_there_are_enough_tools_and_they_are_in_no_other_domain() -> None:
    own = [t for t in tools(DOMAIN).values() if t.domains == (DOMAIN,)]
    assert len(own) >= 18
    assert {"get_patient_info", "get_allergies", "check_drug_interaction"} <= set(tools(DOMAIN))
    assert not {t.name for t in own} & set(tools("clinical_diagnosis"))
    assert set(domain(DOMAIN).shares) <= set(tools(DOMAIN))


PAIRS: dict[str, tuple[str, str]] = {
    "check_hepatic_dosing": ("ddi_liver_duloxetine_001", "ddi_duplicate_ppi_001"),
    "check_qt_risk": ("ddi_amiodarone_azithromycin_low_potassium_001", "ddi_duplicate_ppi_001"),
    "get_cyp_profile": ("ddi_simvastatin_clarithromycin_001", "ddi_duplicate_ppi_001"),
    "check_allergy_cross_reactivity": (
        "ddi_penicillin_anaphylaxis_amoxicillin_001",
        "ddi_ace_cough_losartan_001",
    ),
    "get_washout": ("ddi_washout_fluoxetine_over_001", "ddi_washout_fluoxetine_phenelzine_001"),
    "get_ecg": ("ddi_escitalopram_long_qt_001", "ddi_citalopram_normal_qt_001"),
}
"""Two patients of whom a tool tells different things, where not any two do."""
ARGUMENTS: dict[str, dict[str, Any]] = {
    "get_washout": {"drug_stopped": "fluoxetine", "drug_planned": "phenelzine"},
    "check_dose": {"dose": 300.0, "dose_unit": "mg", "frequency": "three times daily"},
}


def test_every_own_reading_tool_tells_of_this_patient() -> None:
    for name, tool in tools(DOMAIN).items():
        if tool.domains != (DOMAIN,) or tool.effect != "read":
            continue
        arguments = dict(ARGUMENTS.get(name, {}))
        if "drug" in tool.schema()["parameters"]["required"]:
            arguments["drug"] = "clarithromycin"
        two = PAIRS.get(name, ("ddi_kidneys_gabapentin_001", "ddi_milk_tramadol_001"))
        shown = [msgspec.json.encode(told(id_, name, **arguments)) for id_ in two]
        assert shown[0] != shown[1], name


def test_the_checks_find_what_is_there() -> None:
    assert told("ddi_simvastatin_clarithromycin_001", "screen_medication_list")["pairs"] == {
        "simvastatin": "contraindicated"
    }
    stent = told("ddi_clopidogrel_after_stent_001", "screen_medication_list")["pairs"]
    assert stent["aspirin"] == "indicated, watch"
    kidneys = told("ddi_kidneys_metformin_001", "check_renal_dosing", drug="metformin")
    assert kidneys["advice"] == "contraindicated"
    assert kidneys["egfr"] < 30
    liver = told("ddi_liver_acetaminophen_001", "check_hepatic_dosing", drug="Tylenol")
    assert liver["child_pugh"] in {"A", "B"}
    assert liver["largest_daily"] == "2000 mg"
    unborn = told("ddi_pregnant_valproate_001", "check_pregnancy_lactation", drug="valproate")
    assert unborn["pregnancy"] == "block"
    milk = told("ddi_milk_tramadol_001", "check_pregnancy_lactation", drug="tramadol")
    assert milk["lactation"] == "avoid"
    twice = told("ddi_duplicate_ppi_001", "check_duplicate_therapy", drug="lansoprazole")
    assert twice["shares"] == {"pantoprazole": "ppi"}
    wait = told(
        "ddi_washout_fluoxetine_phenelzine_001",
        "get_washout",
        drug_stopped="Prozac",
        drug_planned="Nardil",
    )
    assert wait["days_needed"] == 35 > wait["days_passed"]


def test_allergies_are_told_apart() -> None:
    check = "check_allergy_cross_reactivity"

    def advice(id_: str, drug: str) -> list[str]:
        return [v["advice"] for v in told(id_, check, drug=drug)["verdicts"]]

    assert advice("ddi_penicillin_anaphylaxis_amoxicillin_001", "Augmentin") == ["block"]
    assert advice("ddi_penicillin_tolerated_amoxicillin_001", "amoxicillin") == ["allow"]
    assert advice("ddi_penicillin_rash_cefazolin_001", "cefazolin") == ["allow"]
    assert advice("ddi_penicillin_penicillamine_001", "penicillamine") == ["allow"]
    assert advice("ddi_sulfa_furosemide_001", "furosemide") == ["allow"]
    assert advice("ddi_amoxicillin_hives_cephalexin_001", "cephalexin") == ["block"]


def test_qt_needs_two_drugs_or_a_long_interval() -> None:
    low = told("ddi_amiodarone_azithromycin_low_potassium_001", "check_qt_risk", drug="Zithromax")
    assert (low["action"], low["together"]) == ("contraindicated", ["azithromycin", "amiodarone"])
    calm = told("ddi_citalopram_normal_qt_001", "check_qt_risk", drug="citalopram")
    assert calm["action"] == "info"
    none = told("ddi_citalopram_normal_qt_001", "check_qt_risk", drug="amoxicillin")
    assert none["prolongs_qt"] == "none"


def test_what_stands_in_no_list_is_told_when_asked() -> None:
    id_ = "ddi_shop_ibuprofen_naproxen_001"
    screen = ("screen_medication_list", {})
    before = said(id_, [*CHART, screen])[-1].content
    after = said(id_, [*CHART, ("ask_patient", {"question": ASK}), screen])[-1].content
    assert "ibuprofen" not in before["pairs"]
    assert after["pairs"]["ibuprofen"] == "major"
    denied = said("ddi_duplicate_ppi_001", [("ask_patient", {"question": ASK})])[-1]
    assert "No herbs" in denied.content["answer"]


@pytest.mark.parametrize(
    ("tool", "arguments", "missing"),
    [
        ("screen_medication_list", {}, ["order", "medications"]),
        ("check_allergy_cross_reactivity", {"drug": "aspirin"}, ["allergies"]),
        ("check_renal_dosing", {"drug": "metformin"}, ["lab:bmp", "demographics"]),
        ("check_hepatic_dosing", {"drug": "metformin"}, ["lab:liver_panel", "history"]),
        ("check_pregnancy_lactation", {"drug": "metformin"}, ["pregnancy"]),
        ("check_qt_risk", {"drug": "sotalol"}, ["qtc", "lab:bmp", "medications"]),
        ("check_duplicate_therapy", {"drug": "metformin"}, ["medications"]),
        ("get_cyp_profile", {"drug": "metformin"}, ["medications"]),
        ("calculate_creatinine_clearance", {}, ["lab:bmp", "demographics"]),
        ("find_alternatives", {}, ["order"]),
        ("notify_prescriber", {"urgency": "today"}, ["order"]),
        ("hold_medication", {"drug": "aspirin"}, ["order"]),
        ("propose_change", {"drug": "aspirin"}, ["order"]),
    ],
)
def test_a_tool_needs_what_it_rests_on(
    tool: str, arguments: dict[str, Any], missing: list[str]
) -> None:
    refused = said("ddi_duplicate_ppi_001", [(tool, arguments)])[0]
    assert (refused.ok, refused.code) == (False, "insufficient_data")
    assert refused.content["missing"] == missing


@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("check_renal_dosing", {"drug": "unobtainium"}, "drug"),
        ("get_washout", {"drug_stopped": "x1", "drug_planned": "aspirin"}, "drug_stopped"),
        ("get_washout", {"drug_stopped": "aspirin", "drug_planned": "x1"}, "drug_planned"),
        ("notify_prescriber", {"urgency": "never"}, "urgency"),
        ("hold_medication", {"drug": "insulin_glargine"}, "drug"),
        ("propose_change", {"drug": "omeprazole"}, "dose"),
        ("propose_change", {"drug": "ranitidine", "dose": -1.0}, "dose"),
        ("submit_review", {}, "verdict"),
        ("submit_review", {"verdict": "perhaps"}, "verdict"),
        ("submit_review", {"verdict": "reject", "problem": "bad"}, "problem"),
        ("submit_review", {"verdict": "reject", "culprit": "nonsense"}, "culprit"),
        ("submit_review", {"verdict": "reject", "alternative": "nonsense"}, "alternative"),
        (
            "check_dose",
            {"drug": "aspirin", "dose": 1.0, "dose_unit": "litres", "frequency": "once"},
            "dose_unit",
        ),
    ],
)
def test_bad_arguments_are_named(tool: str, arguments: dict[str, Any], field: str) -> None:
    id_ = next(
        i
        for i in (f"ddi_duplicate_ppi_{n:03d}" for n in range(1, 5))
        if said(i, CHART[:1])[0].content["drug"] == "omeprazole"
    )
    refused = said(id_, [*CHART, (tool, arguments)])[-1]
    assert (refused.ok, refused.code) == (False, "invalid_arguments"), refused
    assert refused.content["field"] == field


def test_alternatives_are_named_but_not_judged() -> None:
    shown = told("ddi_pregnant_lisinopril_001", "find_alternatives")
    drugs = [text.split(" ")[0] for text in shown["usual_choices"]]
    assert {"labetalol", "amlodipine"} <= set(drugs)
    assert {"lisinopril", "losartan"} & set(drugs), "the harmful ones stand among them"
