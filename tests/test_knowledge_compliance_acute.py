"""Hand-written courses of chest pain, stroke, sepsis and ketoacidosis, and their verdicts."""

import operator

from healthgym.knowledge.compliance import Act, compliance, comply, critical
from healthgym.knowledge.conditions import Predicate
from healthgym.knowledge.drugs import formulary
from healthgym.knowledge.guidelines import guideline

WEIGHT = 80.0
COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def judge(id_: str, facts: dict[str, object], *steps: tuple, version=None, end=None):
    """Verdicts of hand-written steps (minute, items[, dose]); a fact may be a function of time."""

    def holds(p: Predicate, minute: float) -> bool | None:
        value = facts.get(p.fact)
        value = value(minute) if callable(value) else value
        if value is None:
            return None
        return value == p.value if p.op == "is" else COMPARE[p.op](value, p.value)

    acts = []
    for n, (minute, items, *size) in enumerate(steps, 1):
        names = tuple(items.split())
        drug = names[0].removeprefix("drug:") if names[0].startswith("drug:") else ""
        known = formulary().drugs.get(drug)
        given = {"drug": drug, "dose": size[0], "per_kg": size[0] / WEIGHT} if size else {}
        given |= {"unit": known.unit, "route": known.routes[0]} if size and known else {}
        acts.append(Act(n=n, minute=minute, items=names, **given))
    return comply(guideline(id_, version), acts, holds, end)


def told(id_: str, facts: dict[str, object], *steps: tuple, version=None, end=None):
    """Action -> status of all that applied."""
    found = judge(id_, facts, *steps, version=version, end=end)
    return {v.action: v.status for v in found if v.status != "not_applicable"}


def rules(verdicts) -> set[str]:
    return {v.rule for v in critical(verdicts)}


# ---------------------------------------------------------------- chest pain

NSTEMI = {"ecg": "st_depression", "vital:sbp_mmhg": 130, "allergy:aspirin": False}
CHEST_PAIN = (
    (5, "procedure:ecg seen:procedure:ecg"),
    (6, "lab:troponin_t"),
    (10, "drug:aspirin", 324),
    (15, "drug:heparin", 4000),
    (18, "consult:cardiology"),
    (75, "lab:troponin_t_serial"),
    (80, "disposition:ward"),
)
CHEST_PAIN_MET = {
    "ecg": "met",
    "troponin": "met",
    "serial_troponin": "met",
    "aspirin": "met",
    "anticoagulant": "met",
    "cardiology": "met",
}


def test_chest_pain_full():
    assert told("acs", NSTEMI, *CHEST_PAIN) == CHEST_PAIN_MET


def test_chest_pain_late():
    late = [(m + 60, *rest) for m, *rest in CHEST_PAIN]
    assert told("acs", NSTEMI, *late) == CHEST_PAIN_MET | {
        "ecg": "late",
        "troponin": "late",
        "aspirin": "late",
    }


def test_chest_pain_omitted():
    found = judge("acs", NSTEMI, (5, "lab:troponin_t"), (9, "disposition:discharge_home"))
    assert rules(found) == {"", "UNSAFE_DISCHARGE_RED_FLAG"}
    assert {v.action for v in critical(found)} == {"ecg", "discharge"}
    assert compliance(found) == 1 / 7


def test_chest_pain_aspirin_allergy():
    facts = NSTEMI | {"allergy:aspirin": True}
    without = [s for s in CHEST_PAIN if "aspirin" not in s[1]]
    expected = {k: v for k, v in CHEST_PAIN_MET.items() if k != "aspirin"}
    assert told("acs", facts, *without) == expected | {"p2y12_for_aspirin": "missed"}
    clopidogrel = (12, "drug:clopidogrel", 300)
    assert told("acs", facts, *without, clopidogrel) == expected | {"p2y12_for_aspirin": "met"}


def test_chest_pain_wrong_dose():
    low = [(10, "drug:aspirin", 81) if "aspirin" in s[1] else s for s in CHEST_PAIN]
    assert told("acs", NSTEMI, *low) == CHEST_PAIN_MET | {"aspirin": "missed"}


def test_chest_pain_forbidden_acts():
    facts = NSTEMI | {
        "medication:sildenafil": True,
        "flag:heparin_induced_thrombocytopenia": True,
        "vital:sbp_mmhg": lambda minute: 130 if minute < 20 else 84,
    }
    wrong = ((16, "drug:nitroglycerin", 0.4), (19, "drug:tenecteplase", 20))
    later = ((25, "drug:nitroglycerin", 0.4), (26, "drug:ibuprofen", 400))
    steps = sorted((*CHEST_PAIN, *wrong, *later), key=lambda s: s[0])
    found = {v.action: v for v in judge("acs", facts, *steps) if v.status == "violated"}
    assert set(found) == {
        "nitrate_pde5",
        "nitrate_hypotension",
        "lysis_without_elevation",
        "heparin_in_hit",
        "nsaid",
    }
    assert found["nitrate_pde5"].minute == 16
    assert found["nitrate_hypotension"].minute == 25
    assert not found["nsaid"].critical


def test_infarction_with_st_elevation():
    facts = NSTEMI | {"ecg": "st_elevation", "extra:pci_capable": True}
    steps = (*CHEST_PAIN[:2], (9, "team:cath_lab"), (10, "drug:ticagrelor", 180), *CHEST_PAIN[2:])
    done = (*steps, (90, "procedure:pci"))
    reperfused = {"cath_activation": "met", "p2y12_in_stemi": "met", "primary_pci": "met"}
    assert told("acs", facts, *done) == CHEST_PAIN_MET | reperfused
    assert told("acs", facts, *steps, (91, "procedure:pci"))["primary_pci"] == "late"
    assert rules(judge("acs", facts, *CHEST_PAIN)) == {"MISSED_STEMI_NO_REPERFUSION"}
    far = facts | {"extra:pci_capable": False, "extra:pci_within_120_min": False}
    lysis = far | {"extra:onset_h": 3}
    assert told("acs", lysis, *steps, (30, "drug:tenecteplase", 40))["lysis"] == "met"
    assert told("acs", lysis, *steps, (36, "drug:tenecteplase", 40))["lysis"] == "late"
    assert "lysis" not in told("acs", lysis | {"flag:lysis_contraindicated": True}, *steps)


# ---------------------------------------------------------------- stroke

STROKE = {
    "extra:lysis_eligible": True,
    "extra:last_known_well_h": 2.0,
    "extra:large_vessel_occlusion": False,
    "vital:sbp_mmhg": 170,
    "vital:dbp_mmhg": 95,
}
CODE = (
    (2, "team:stroke"),
    (3, "lab:glucose_poc seen:lab:glucose_poc"),
    (6, "score:nihss asked:lastwell"),
    (8, "imaging:head_ct"),
    (22, "imaging:head_ct seen:imaging:head_ct"),
)
LYSIS = (35, "drug:tenecteplase", 20)
CODE_MET = dict.fromkeys(
    ("stroke_team", "glucose", "nihss", "last_known_well", "brain_imaging"), "met"
)
LYSIS_MET = dict.fromkeys(("lysis", "imaging_before_lysis", "glucose_before_lysis"), "met")


def test_stroke_full():
    assert told("stroke", STROKE, *CODE, LYSIS) == CODE_MET | LYSIS_MET
    assert told("stroke", STROKE, *CODE, (35, "drug:alteplase", 72)) == CODE_MET | LYSIS_MET


def test_stroke_late_and_omitted():
    assert told("stroke", STROKE, *CODE, (61, *LYSIS[1:]))["lysis"] == "late"
    assert told("stroke", STROKE, *CODE) == CODE_MET | {"lysis": "missed"}
    found = judge("stroke", STROKE, *CODE[:2])
    assert [v.action for v in critical(found)] == ["brain_imaging"]


def test_stroke_out_of_order():
    early = (*CODE[:4], (10, *LYSIS[1:]), CODE[4])
    found = judge("stroke", STROKE, *early)
    assert rules(found) == {"THROMBOLYSIS_BEFORE_IMAGING"}
    (shown,) = critical(found)
    assert (shown.status, shown.event, shown.minute) == ("violated", 5, 10)


def test_stroke_forbidden_acts():
    high = STROKE | {"vital:sbp_mmhg": 200, "vital:dbp_mmhg": 118}
    wrong = told("stroke", high, *CODE, (35, "drug:tenecteplase", 32), (50, "drug:aspirin", 300))
    assert {k for k, v in wrong.items() if v == "violated"} == {
        "lysis_high_systolic",
        "lysis_high_diastolic",
        "tenecteplase_high_dose",
        "antithrombotic_after_lysis",
    }
    assert wrong["lysis"] == "missed"
    bled = STROKE | {"flag:intracranial_haemorrhage": True}
    assert rules(judge("stroke", bled, *CODE, LYSIS)) == {"THROMBOLYSIS_WITH_HEMORRHAGE"}
    old = STROKE | {"extra:last_known_well_h": 6.0, "extra:lysis_eligible": False}
    assert told("stroke", old, *CODE, LYSIS)["lysis_after_window"] == "violated"
    later = (1480, "drug:aspirin", 300)
    assert "antithrombotic_after_lysis" not in told("stroke", STROKE, *CODE, LYSIS, later)


def test_stroke_thrombectomy():
    facts = STROKE | {"extra:large_vessel_occlusion": True, "extra:transferred": False}
    steps = (*CODE, LYSIS, (40, "imaging:ct_angiogram_head_neck"), (88, "procedure:thrombectomy"))
    found = told("stroke", facts, *steps)
    assert (found["vessel_imaging"], found["thrombectomy"]) == ("met", "met")
    moved = told("stroke", facts | {"extra:transferred": True}, *steps)
    assert moved["thrombectomy_transferred"] == "late"
    low = facts | {"vital:sbp_mmhg": 135}
    treated = (*steps, (120, "drug:labetalol", 20))
    assert told("stroke", low, *treated)["pressure_after_thrombectomy"] == "violated"
    former = told("stroke", low, *treated, version="AHA/ASA 2019")
    assert "pressure_after_thrombectomy" not in former


def test_stroke_of_2019_knew_alteplase_alone():
    pinned = {"version": "AHA/ASA 2019"}
    assert told("stroke", STROKE, *CODE, LYSIS, **pinned)["lysis"] == "missed"
    assert told("stroke", STROKE, *CODE, (35, "drug:alteplase", 72), **pinned)["lysis"] == "met"


# ---------------------------------------------------------------- sepsis

SEPSIS = {"condition": "sepsis", "vital:map_mmhg": 72, "lab:lactate_mmol_l": 3.1}
BUNDLE = (
    (3, "lab:lactate"),
    (4, "lab:blood_cultures"),
    (5, "lab:urinalysis"),
    (20, "seen:lab:lactate"),
    (25, "drug:ceftriaxone", 2000),
    (30, "drug:lactated_ringers", 1000),
)
BUNDLE_MET = dict.fromkeys(
    ("lactate", "cultures", "urine", "antibiotic", "cultures_first", "fluids"), "met"
)


def test_sepsis_full():
    assert told("sepsis", SEPSIS, *BUNDLE) == BUNDLE_MET
    whole = told("sepsis", SEPSIS, *BUNDLE, (150, "lab:lactate"), end=300)
    assert whole == BUNDLE_MET | {"repeat_lactate": "met"}


def test_sepsis_late_and_omitted():
    late = [(m + (50 if "ceftriaxone" in i else 0), i, *d) for m, i, *d in BUNDLE]
    late.sort(key=lambda s: s[0])
    assert told("sepsis", SEPSIS, *late) == BUNDLE_MET | {"antibiotic": "late"}
    assert critical(judge("sepsis", SEPSIS, *late)) == []
    far = [(m + (160 if "ceftriaxone" in i else 0), i, *d) for m, i, *d in BUNDLE]
    far.sort(key=lambda s: s[0])
    assert rules(judge("sepsis", SEPSIS, *far)) == {"SEPTIC_SHOCK_ANTIBIOTIC_OMITTED"}
    assert told("sepsis", SEPSIS, *BUNDLE, end=261)["repeat_lactate"] == "missed"


def test_sepsis_out_of_order():
    swapped = (BUNDLE[0], (4, "drug:ceftriaxone", 2000), (5, "lab:blood_cultures"), *BUNDLE[2:4])
    found = told("sepsis", SEPSIS, *swapped, BUNDLE[5])
    assert found == BUNDLE_MET | {"cultures_first": "violated"}


def test_septic_shock():
    shock = SEPSIS | {"vital:map_mmhg": 55, "lab:lactate_mmol_l": 5.0}
    steps = (*BUNDLE, (50, "drug:sodium_chloride_0_9", 1400), (70, "drug:norepinephrine", 8))
    found = told("sepsis", shock, *steps)
    assert found == BUNDLE_MET | {"fluids_30_ml_kg": "met", "norepinephrine": "met"}
    wrong = (*BUNDLE, (40, "drug:dopamine", 5), (45, "drug:epinephrine", 0.1))
    found = told("sepsis", shock, *wrong, end=400)
    assert found == BUNDLE_MET | {
        "dopamine": "violated",
        "norepinephrine_first": "violated",
        "norepinephrine": "missed",
        "fluids_30_ml_kg": "missed",
        "repeat_lactate": "missed",
    }
    weak = shock | {"flag:heart_failure": True}
    assert "fluids_30_ml_kg" not in told("sepsis", weak, *steps, end=400)
    mended = shock | {"vital:map_mmhg": lambda minute: 55 if minute < 60 else 75}
    assert "norepinephrine" not in told("sepsis", mended, *BUNDLE, end=200)


def test_possible_sepsis_has_three_hours():
    facts = SEPSIS | {"extra:possible_sepsis_only": True}
    late = [(m + (120 if "ceftriaxone" in i else 0), i, *d) for m, i, *d in BUNDLE]
    found = told("sepsis", facts, *sorted(late, key=lambda s: s[0]))
    assert found["antibiotic_if_possible"] == "met"
    assert "antibiotic" not in found


# ---------------------------------------------------------------- ketoacidosis

DKA = {"lab:potassium_mmol_l": 4.4, "lab:glucose_mg_dl": 480, "lab:ph_venous": 7.05}
CRISIS = (
    (2, "lab:bmp seen:lab:bmp"),
    (3, "lab:beta_hydroxybutyrate"),
    (4, "lab:vbg"),
    (8, "drug:sodium_chloride_0_9", 1000),
    (12, "drug:potassium_chloride", 20),
    (15, "drug:insulin_regular", 8),
)
CRISIS_MET = dict.fromkeys(
    (
        "glucose",
        "potassium_known",
        "ketones",
        "blood_gas",
        "fluids",
        "fluid_volume",
        "potassium",
        "insulin_in_time",
        "insulin",
        "potassium_before_insulin",
    ),
    "met",
)


def test_ketoacidosis_full():
    assert told("dka", DKA, *CRISIS) == CRISIS_MET
    hours = (*CRISIS, (20, "procedure:ecg"), (80, "lab:bmp"), (200, "lab:bmp"))
    followed = {"glucose_hourly": "met", "panel_repeat": "met", "ecg": "met"}
    assert told("dka", DKA, *hours, end=300) == CRISIS_MET | followed


def test_ketoacidosis_late_and_omitted():
    late = (*CRISIS[:5], (160, *CRISIS[5][1:]))
    assert told("dka", DKA, *late) == CRISIS_MET | {"insulin": "late", "insulin_in_time": "late"}
    assert told("dka", DKA, *CRISIS[:5], end=200)["insulin"] == "missed"
    assert told("dka", DKA, *CRISIS, end=300)["glucose_hourly"] == "missed"
    assert told("dka", DKA, *CRISIS[:5], (15, "drug:insulin_regular", 80))["insulin"] == "missed"


def test_ketoacidosis_insulin_before_the_potassium_is_known():
    blind = ((1, *CRISIS[5][1:]), *CRISIS[:5])
    found = judge("dka", DKA, *blind)
    assert rules(found) == {"DKA_INSULIN_WITH_LOW_K"}
    assert critical(found)[0].event == 1


def test_ketoacidosis_low_potassium():
    low = DKA | {"lab:potassium_mmol_l": lambda minute: 3.4 if minute < 60 else 3.8}
    found = judge("dka", low, *CRISIS)
    assert {v.action for v in critical(found)} == {"insulin_low_potassium"}
    held = told("dka", low, *CRISIS[:5], (70, *CRISIS[5][1:]))
    assert "insulin_low_potassium" not in held
    assert "insulin" not in held
    assert held["potassium_before_insulin"] == "met"
    # In 2009 insulin was held below 3.3 only.
    former = judge("dka", low, *CRISIS, version="ADA 2009")
    assert critical(former) == []


def test_ketoacidosis_dextrose_and_bicarbonate():
    sweet = DKA | {"lab:glucose_mg_dl": 220}
    assert told("dka", sweet, *CRISIS, end=120)["dextrose"] == "missed"
    fed = (*CRISIS, (20, "drug:dextrose_5_saline", 1000))
    assert told("dka", sweet, *fed)["dextrose"] == "met"
    assert "dextrose" not in told("dka", sweet, *fed, version="ADA 2009")
    alkali = (*CRISIS, (30, "drug:sodium_bicarbonate", 50))
    assert told("dka", DKA, *alkali)["bicarbonate"] == "violated"
    acid = DKA | {"lab:ph_venous": 6.95}
    assert "bicarbonate" not in told("dka", acid, *alkali)
    assert told("dka", acid, *alkali, version="ADA 2009")["bicarbonate"] == "violated"
    stopped = (600, "stopped:insulin_regular")
    assert told("dka", DKA, *CRISIS, stopped)["basal_before_stopping"] == "violated"
    basal = (500, "drug:insulin_glargine", 20)
    assert told("dka", DKA, *CRISIS, basal, stopped)["basal_before_stopping"] == "met"
