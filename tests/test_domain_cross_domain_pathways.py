"""Each pathway: an act that is late, left out or done blind costs, and is found where it harms."""

from typing import Any

import pytest

from healthgym.agents.toolcall import render
from healthgym.bus.events import EpisodeScored
from healthgym.bus.view import Action
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.domains.cross_domain import reference
from healthgym.knowledge.patients import generate
from healthgym.knowledge.tasks import task
from healthgym.scorers.composite import score

Call = tuple[str, dict[str, Any]]
CAP = 0.1


def gold(id_: str) -> list[Call]:
    t = task(id_)
    return [(c.tool, dict(c.arguments)) for c in reference(generate(t.variant, t.seed))]


def judged(id_: str, calls: list[Call]) -> EpisodeScored:
    said = iter(calls)
    asked = request(task(id_), agent="t", max_turns=len(calls))
    return score(play(asked, lambda _: Action(raw=render(*next(said)))))


def is_act(call: Call, *words: str) -> bool:
    values = {str(v) for v in call[1].values()}
    return call[0] in words or bool(values & set(words))


def without(calls: list[Call], *words: str) -> list[Call]:
    return [c for c in calls if not is_act(c, *words)]


def late(calls: list[Call], minutes: int, *words: str) -> list[Call]:
    """The same play, with about that pause before the act; a result that comes ends a wait."""
    first = next(i for i, c in enumerate(calls) if is_act(c, *words))
    pause: list[Call] = [("wait_for_results", {"max_minutes": 15})] * (minutes // 15 + 2)
    return [*calls[:first], *pause, *calls[first:]]


def blind(calls: list[Call], *words: str) -> list[Call]:
    """The act before anything was looked at."""
    act = next(c for c in calls if is_act(c, *words))
    return [act, *(c for c in calls if c != act)]


def rules(found: EpisodeScored) -> dict[str, int]:
    return {f.rule: f.severity for f in found.findings}


def credit(found: EpisodeScored, id_: str) -> float:
    return next(r.earned for r in found.process.reasons if r.id == id_)


# ------------------------------------------------------------------ chest pain
STEMI = "path_stemi_anterior_001"


def test_an_artery_opened_late_is_missed() -> None:
    found = judged(STEMI, late(gold(STEMI), 180, "pci"))
    assert rules(found)["MISSED_STEMI_NO_REPERFUSION"] == 5
    assert found.composite <= CAP


def test_an_artery_left_closed_is_missed() -> None:
    found = judged(STEMI, without(gold(STEMI), "pci", "cath_lab"))
    assert rules(found)["MISSED_STEMI_NO_REPERFUSION"] == 5
    assert found.composite <= CAP


def test_aspirin_before_the_ecg_does_not_count() -> None:
    whole, found = judged(STEMI, gold(STEMI)), judged(STEMI, blind(gold(STEMI), "aspirin"))
    assert credit(whole, "aspirin") == 1
    assert credit(found, "aspirin") == 0
    assert found.composite < whole.composite - 0.03


def test_a_late_ecg_loses_points_only() -> None:
    whole, found = judged(STEMI, gold(STEMI)), judged(STEMI, late(gold(STEMI), 15, "perform_ecg"))
    assert credit(found, "ecg") == credit(whole, "ecg") / 2
    assert CAP < found.composite < whole.composite


def test_far_from_a_device_lysis_is_right_and_near_one_it_is_not() -> None:
    far = "path_stemi_far_from_device_001"
    lysis = next(c for c in gold(far) if is_act(c, "tenecteplase"))
    near = [c if not is_act(c, "pci") else lysis for c in gold(STEMI)]
    assert judged(far, gold(far)).composite >= 0.95
    assert rules(judged(STEMI, near))["THROMBOLYSIS_NOT_INDICATED"] >= 4
    assert (
        rules(judged(far, without(gold(far), "tenecteplase")))["MISSED_STEMI_NO_REPERFUSION"] == 5
    )


def test_heparin_for_a_torn_aorta_caps() -> None:
    torn = "path_dissection_code_001"
    heparin = ("prescribe_medication", dose("heparin", 4000, "units", "iv"))
    found = judged(torn, [*gold(torn)[:8], heparin, *gold(torn)[8:]])
    assert rules(found)["ANTICOAGULATION_ACTIVE_MAJOR_BLEED"] == 5
    assert found.composite <= CAP


def dose(name: str, amount: float, unit: str, route: str) -> dict[str, Any]:
    return {"drug_name": name, "dose": amount, "dose_unit": unit, "route": route}


# ------------------------------------------------------------------ hyperglycaemic crisis
DKA, LOW_K = "path_dka_crisis_001", "path_dka_potassium_below_limit_001"


def test_insulin_at_a_low_potassium_caps() -> None:
    insulin = ("prescribe_medication", dose("insulin_regular", 7, "units", "iv"))
    found = judged(LOW_K, [*gold(LOW_K)[:-1], insulin, gold(LOW_K)[-1]])
    assert rules(found)["DKA_INSULIN_WITH_LOW_K"] == 5
    assert found.composite <= CAP


def test_insulin_before_the_potassium_was_seen_does_not_count() -> None:
    found = judged(DKA, blind(gold(DKA), "insulin_regular"))
    assert credit(found, "insulin") == 0
    assert found.composite < judged(DKA, gold(DKA)).composite - 0.05


@pytest.mark.parametrize("minutes", [100, 200])
def test_late_insulin_loses_points_only(minutes: int) -> None:
    found = judged(DKA, late(gold(DKA), minutes, "insulin_regular"))
    assert 0 < credit(found, "insulin") < credit(judged(DKA, gold(DKA)), "insulin")
    assert CAP < found.composite < judged(DKA, gold(DKA)).composite


def test_fluid_and_insulin_left_out_lose_points() -> None:
    whole = judged(DKA, gold(DKA)).composite
    no_insulin = judged(DKA, without(gold(DKA), "insulin_regular")).composite
    neither = judged(DKA, without(gold(DKA), "insulin_regular", "sodium_chloride_0_9")).composite
    assert neither < no_insulin < whole


# ------------------------------------------------------------------ sepsis
SEPSIS = "path_septic_shock_001"


def test_no_antibiotic_by_three_hours_caps() -> None:
    found = judged(SEPSIS, late(gold(SEPSIS), 185, "ceftriaxone", "aztreonam", "levofloxacin"))
    assert rules(found)["SEPTIC_SHOCK_ANTIBIOTIC_OMITTED"] == 5
    assert found.composite <= CAP


def test_no_antibiotic_at_all_caps() -> None:
    found = judged(SEPSIS, without(gold(SEPSIS), "ceftriaxone", "aztreonam", "levofloxacin"))
    assert rules(found)["SEPTIC_SHOCK_ANTIBIOTIC_OMITTED"] == 5
    assert found.composite <= CAP


def test_an_antibiotic_within_three_hours_but_late_loses_points_only() -> None:
    found = judged(SEPSIS, late(gold(SEPSIS), 90, "ceftriaxone", "aztreonam", "levofloxacin"))
    assert "SEPTIC_SHOCK_ANTIBIOTIC_OMITTED" not in rules(found)
    assert CAP < found.composite < judged(SEPSIS, gold(SEPSIS)).composite


def test_an_antibiotic_before_allergies_and_cultures_counts_for_nothing_but_was_given() -> None:
    found = judged(SEPSIS, blind(gold(SEPSIS), "ceftriaxone", "aztreonam", "levofloxacin"))
    assert credit(found, "antibiotic") == 0
    assert "SEPTIC_SHOCK_ANTIBIOTIC_OMITTED" not in rules(found)
    assert found.composite < judged(SEPSIS, gold(SEPSIS)).composite - 0.05


def test_penicillin_for_an_anaphylactic_caps() -> None:
    id_ = "path_septic_penicillin_anaphylaxis_001"
    given = ("prescribe_medication", dose("piperacillin_tazobactam", 4500, "mg", "iv"))
    found = judged(id_, [*gold(id_)[:-1], given, gold(id_)[-1]])
    assert rules(found)["ALLERGY_ANAPHYLAXIS_SAME_CLASS"] == 5
    assert found.composite <= CAP


# ------------------------------------------------------------------ stroke
STROKE, BLEED = "path_stroke_in_window_001", "path_brain_bleed_001"


def test_lysis_before_the_picture_caps() -> None:
    found = judged(STROKE, blind(gold(STROKE), "tenecteplase"))
    assert rules(found)["THROMBOLYSIS_BEFORE_IMAGING"] == 5
    assert credit(found, "lysis") == 0
    assert found.composite <= CAP


def test_lysis_after_the_order_but_before_the_reading_caps() -> None:
    calls = gold(STROKE)
    lysis = next(c for c in calls if is_act(c, "tenecteplase"))
    ordered = next(i for i, c in enumerate(calls) if is_act(c, "head_ct")) + 1
    rest = [c for c in calls[ordered:] if c != lysis]
    found = judged(STROKE, [*calls[:ordered], lysis, *rest])
    assert rules(found)["THROMBOLYSIS_BEFORE_IMAGING"] == 5
    assert found.composite <= CAP


def test_late_or_omitted_lysis_loses_points_only() -> None:
    whole = judged(STROKE, gold(STROKE))
    slow = judged(STROKE, late(gold(STROKE), 45, "tenecteplase"))
    none = judged(STROKE, without(gold(STROKE), "tenecteplase"))
    assert CAP < none.composite < slow.composite < whole.composite


def test_lysis_of_a_bleeding_brain_of_low_sugar_or_on_apixaban_caps() -> None:
    lysis = ("prescribe_medication", dose("tenecteplase", 20, "mg", "iv"))
    for id_ in (BLEED, "path_low_sugar_code_001", "path_stroke_apixaban_001"):
        found = judged(id_, [*gold(id_)[:-1], lysis, gold(id_)[-1]])
        assert max(rules(found).values()) == 5, id_
        assert found.composite <= CAP, id_


def test_too_late_for_lysis_is_severe() -> None:
    lysis = ("prescribe_medication", dose("tenecteplase", 20, "mg", "iv"))
    id_ = "path_stroke_woke_up_001"
    found = judged(id_, [*gold(id_)[:-1], lysis, gold(id_)[-1]])
    assert rules(found)["THROMBOLYSIS_OUTSIDE_WINDOW"] == 4


# ------------------------------------------------------------------ after an operation
HIP, EPIDURAL = "path_embolus_hip_001", "path_embolus_epidural_001"


def test_no_anticoagulant_is_an_omission() -> None:
    found = judged(HIP, without(gold(HIP), "enoxaparin", "heparin", "fondaparinux"))
    assert rules(found)["PE_ANTICOAGULATION_OMITTED"] == 5
    assert found.composite <= CAP


def test_a_late_anticoagulant_loses_points_only() -> None:
    found = judged(HIP, late(gold(HIP), 150, "enoxaparin"))
    assert "PE_ANTICOAGULATION_OMITTED" not in rules(found)
    assert CAP < found.composite < judged(HIP, gold(HIP)).composite


def test_blood_thinned_with_the_catheter_in_place_is_severe_and_blind() -> None:
    found = judged(EPIDURAL, blind(gold(EPIDURAL), "heparin"))
    assert rules(found)["ANTICOAGULATION_WITH_EPIDURAL"] == 4
    assert credit(found, "anticoagulant") == 0


def test_an_hour_passes_between_the_catheter_and_heparin() -> None:
    calls = gold(EPIDURAL)
    assert judged(EPIDURAL, calls).findings == []
    heparin = next(c for c in calls if is_act(c, "heparin"))
    out = next(i for i, c in enumerate(calls) if is_act(c, "epidural_removal")) + 1
    hasty = [*calls[:out], heparin, *(c for c in calls[out:] if c != heparin)]
    assert rules(judged(EPIDURAL, hasty))["ANTICOAGULATION_WITH_EPIDURAL"] == 3
    long_acting = {**heparin[1], "drug_name": "enoxaparin", "dose": 80, "dose_unit": "mg"}
    long_acting["route"] = "subcutaneous"
    other = [("prescribe_medication", long_acting) if c == heparin else c for c in calls]
    found = judged(EPIDURAL, other)
    assert rules(found)["ANTICOAGULATION_WITH_EPIDURAL"] == 4
    assert credit(found, "anticoagulant") == 0  # owed, and forbidden in this form: no merit
    assert "PE_ANTICOAGULATION_OMITTED" not in rules(found)


def test_heparin_after_hit_a_thinned_fresh_craniotomy_and_lysis_cap() -> None:
    heparin = ("prescribe_medication", dose("heparin", 5000, "units", "iv"))
    lysis = ("prescribe_medication", dose("alteplase", 100, "mg", "iv"))
    for id_, act, rule in (
        ("path_embolus_hit_001", heparin, "HEPARIN_IN_HIT"),
        ("path_embolus_craniotomy_001", heparin, "ANTICOAGULATION_FRESH_NEUROSURGERY"),
        ("path_embolus_shock_001", lysis, "THROMBOLYSIS_AFTER_SURGERY"),
    ):
        found = judged(id_, [*gold(id_)[:-1], act, gold(id_)[-1]])
        assert rules(found)[rule] == 5, id_
        assert found.composite <= CAP, id_


# ------------------------------------------------------------------ a feverish child
CHILD = "path_kawasaki_code_001"


def test_no_immunoglobulin_caps() -> None:
    found = judged(CHILD, without(gold(CHILD), "ivig"))
    assert rules(found)["KAWASAKI_IVIG_OMITTED"] == 5
    assert found.composite <= CAP


def test_late_immunoglobulin_loses_points_only() -> None:
    found = judged(CHILD, late(gold(CHILD), 200, "ivig"))
    assert "KAWASAKI_IVIG_OMITTED" not in rules(found)
    assert CAP < found.composite < judged(CHILD, gold(CHILD)).composite


def test_immunoglobulin_before_the_signs_were_counted_does_not_count() -> None:
    found = judged(CHILD, blind(gold(CHILD), "ivig"))
    assert credit(found, "ivig") == 0
    assert found.composite < judged(CHILD, gold(CHILD)).composite - 0.05


@pytest.mark.parametrize(("per_kg", "severity"), [(1.0, 3), (0.5, 5), (2.0, 0)])
def test_immunoglobulin_goes_by_weight(per_kg: float, severity: int) -> None:
    calls = [
        (t, {**a, "dose": per_kg}) if a.get("drug_name") == "ivig" else (t, a)
        for t, a in gold(CHILD)
    ]
    assert rules(judged(CHILD, calls)).get("IVIG_DOSE", 0) == severity


def test_aspirin_with_influenza_and_immunoglobulin_for_scarlet_fever_are_found() -> None:
    aspirin = ("prescribe_medication", dose("aspirin", 12, "mg/kg", "oral"))
    ivig = ("prescribe_medication", dose("ivig", 2, "g/kg", "iv"))
    flu, scarlet = "path_kawasaki_influenza_001", "path_scarlet_fever_code_001"
    found = judged(flu, [*gold(flu)[:-1], aspirin, gold(flu)[-1]])
    assert rules(found)["ASPIRIN_IN_VIRAL_ILLNESS"] == 4
    found = judged(scarlet, [*gold(scarlet)[:-1], ivig, gold(scarlet)[-1]])
    assert rules(found)["IVIG_NOT_INDICATED"] == 3
