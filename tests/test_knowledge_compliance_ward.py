"""Hand-written courses of the other guidelines, and their verdicts."""

import operator

from healthgym.knowledge.compliance import Act, compliance, comply, critical
from healthgym.knowledge.conditions import Predicate
from healthgym.knowledge.drugs import formulary
from healthgym.knowledge.guidelines import guideline

WEIGHT = 20.0
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


def all_met(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "met")


def rules(found) -> set[str]:
    return {v.rule for v in critical(found)}


def without(steps, word: str):
    return tuple(s for s in steps if word not in s[1])


def moved(steps, word: str, minutes: float):
    shifted = [(s[0] + minutes, *s[1:]) if word in s[1] else s for s in steps]
    return sorted(shifted, key=lambda s: s[0])


# ---------------------------------------------------------------- embolism

PE = {"vital:sbp_mmhg": 112}
CLOT = (
    (4, "procedure:ecg"),
    (6, "score:wells_pe"),
    (8, "imaging:ct_pulmonary_angiogram"),
    (15, "drug:enoxaparin", 80),
    (60, "seen:imaging:ct_pulmonary_angiogram"),
    (65, "disposition:ward"),
)
CLOT_MET = all_met("ecg", "risk", "ctpa", "anticoagulant")


def test_embolism_full_late_omitted():
    assert told("pulmonary_embolism", PE, *CLOT) == CLOT_MET
    late = moved(CLOT, "enoxaparin", 60)
    assert told("pulmonary_embolism", PE, *late) == CLOT_MET | {"anticoagulant": "late"}
    assert critical(judge("pulmonary_embolism", PE, *late)) == []
    none = judge("pulmonary_embolism", PE, *without(CLOT, "enoxaparin"))
    assert rules(none) == {"PE_ANTICOAGULATION_OMITTED"}
    assert compliance(none) == 2 / 3.5


def test_embolism_exceptions_and_forbidden_acts():
    hit = PE | {"flag:heparin_induced_thrombocytopenia": True}
    assert rules(judge("pulmonary_embolism", hit, *CLOT)) == {"HEPARIN_IN_HIT"}
    bleeding = PE | {"flag:active_bleeding": True}
    assert told("pulmonary_embolism", bleeding, *CLOT) == {
        "ecg": "met",
        "risk": "met",
        "ctpa": "met",
        "anticoagulant_bleeding": "violated",
    }
    lysis = (70, "drug:alteplase", 100)
    assert told("pulmonary_embolism", PE, *CLOT, lysis)["lysis_when_stable"] == "violated"
    shock = PE | {"vital:sbp_mmhg": 78, "extra:high_risk_pe": True}
    assert told("pulmonary_embolism", shock, *CLOT, lysis) == CLOT_MET | {"lysis_in_shock": "met"}
    assert len(critical(judge("pulmonary_embolism", shock, *CLOT))) == 1
    barred = shock | {"flag:lysis_contraindicated": True}
    assert "lysis_in_shock" not in told("pulmonary_embolism", barred, *CLOT)
    pregnant = PE | {"flag:pregnant": True}
    doac = (15, "drug:rivaroxaban", 15)
    found = told("pulmonary_embolism", pregnant, *without(CLOT, "enoxaparin"), doac)
    assert found == CLOT_MET | {"doac_in_pregnancy": "violated"}


def test_embolism_home_after_a_score_only():
    home = (66, "disposition:discharge_home")
    bare, scored = (*CLOT[:5], home), (*CLOT[:5], (61, "score:spesi"), home)
    assert told("pulmonary_embolism", PE, *bare)["risk_before_discharge"] == "violated"
    assert told("pulmonary_embolism", PE, *scored)["risk_before_discharge"] == "met"


# ---------------------------------------------------------------- preeclampsia

MOTHER = {
    "vital:sbp_mmhg": 172,
    "vital:dbp_mmhg": 104,
    "extra:severe_features": True,
    "extra:pregnant_week": 31.0,
    "flag:pregnant": True,
    "flag:myasthenia_gravis": False,
}
WARD = (
    (2, "vitals"),
    (12, "vitals"),
    (14, "drug:labetalol", 20),
    (16, "drug:magnesium_sulfate", 4),
    (17, "ready:calcium_gluconate"),
    (18, "lab:cbc"),
    (19, "lab:bmp"),
    (20, "lab:liver_panel"),
    (21, "lab:urine_protein_creatinine"),
    (22, "procedure:fetal_monitoring"),
    (25, "drug:betamethasone"),
    (60, "procedure:reflexes"),
)
WARD_MET = all_met(
    "confirm_systolic",
    "antihypertensive_systolic",
    "magnesium",
    "magnesium_checks",
    "calcium_ready",
    "blood_count",
    "creatinine",
    "liver_enzymes",
    "proteinuria",
    "fetal_monitoring",
    "lung_maturity",
)


def test_preeclampsia_full_late_omitted():
    assert told("preeclampsia", MOTHER, *WARD) == WARD_MET
    late = moved(WARD, "labetalol", 60)
    assert told("preeclampsia", MOTHER, *late) == WARD_MET | {"antihypertensive_systolic": "late"}
    slow = moved(WARD, "reflexes", 60)
    assert told("preeclampsia", MOTHER, *slow)["magnesium_checks"] == "late"
    none = judge("preeclampsia", MOTHER, *WARD[:2], *WARD[5:])
    assert rules(none) == {"SEVERE_PREECLAMPSIA_NO_TREATMENT"}
    assert len(critical(none)) == 2
    low = [(16, "drug:magnesium_sulfate", 1) if "magnesium" in s[1] else s for s in WARD]
    assert told("preeclampsia", MOTHER, *low)["magnesium"] == "missed"


def test_preeclampsia_myasthenia_and_forbidden_drugs():
    weak = MOTHER | {"flag:myasthenia_gravis": True}
    found = judge("preeclampsia", weak, *WARD)
    assert {v.action for v in critical(found)} == {"magnesium_in_myasthenia"}
    assert "magnesium" not in told("preeclampsia", weak, *without(WARD, "magnesium"))
    bad = (*WARD, (70, "drug:methylergonovine"), (71, "drug:lisinopril", 10))
    found = judge("preeclampsia", MOTHER, *bad, (72, "drug:ibuprofen", 400))
    assert rules(found) == {"METHYLERGONOVINE_IN_HYPERTENSION"}
    assert {v.action for v in found if v.status == "violated"} == {
        "methylergonovine",
        "renin_blockade",
        "nsaid",
    }
    asthma = MOTHER | {"flag:asthma": True}
    assert told("preeclampsia", asthma, *WARD)["labetalol_in_asthma"] == "violated"


def test_preeclampsia_delivery_by_week():
    late = MOTHER | {"extra:pregnant_week": 35.0}
    found = told("preeclampsia", late, *WARD, (300, "plan:delivery"))
    assert found["delivery_if_severe"] == "met"
    assert "lung_maturity" not in found
    mild = {"vital:sbp_mmhg": 146, "vital:dbp_mmhg": 92, "extra:severe_features": False}
    mild |= {"extra:pregnant_week": 37.0, "flag:pregnant": True}
    found = told("preeclampsia", mild, (2, "vitals"))
    assert found["delivery_at_term"] == "missed"
    assert not {"magnesium", "antihypertensive_systolic", "confirm_systolic"} & set(found)
    diastolic = mild | {"vital:dbp_mmhg": 112}
    assert told("preeclampsia", diastolic, (2, "vitals"))["antihypertensive_diastolic"] == "missed"


# ---------------------------------------------------------------- pneumonia

CAP = {"vital:sbp_mmhg": 118, "vital:spo2_pct": 88, "extra:severe_cap": False}
LUNG = (
    (3, "imaging:chest_xray"),
    (6, "drug:oxygen", 3),
    (9, "score:curb65"),
    (40, "drug:ceftriaxone", 2000),
    (42, "drug:azithromycin", 500),
    (50, "disposition:ward"),
)
LUNG_MET = all_met("chest_film", "severity_score", "antibiotic", "atypical", "oxygen")


def test_pneumonia_full_late_omitted():
    assert told("pneumonia", CAP, *LUNG) == LUNG_MET
    late = moved(LUNG, "ceftriaxone", 240)
    late = moved(late, "azithromycin", 240)
    found = told("pneumonia", CAP, *late)
    assert found == LUNG_MET | {"antibiotic": "late", "atypical": "late"}
    never = judge("pneumonia", CAP, *LUNG[:3], (50, "disposition:discharge_home"))
    assert rules(never) == {"PNEUMONIA_ANTIBIOTIC_OMITTED"}
    shock = CAP | {"vital:sbp_mmhg": 82}
    assert told("pneumonia", shock, *LUNG)["antibiotic_in_shock"] == "met"
    assert told("pneumonia", shock, *moved(LUNG, "a", 30))["antibiotic_in_shock"] == "late"


def test_pneumonia_allergy_and_qt():
    allergic = CAP | {"allergy:penicillin": True, "extra:severe_cap": True}
    alone = (*LUNG[:3], (40, "drug:levofloxacin", 750), (400, "vitals"))
    found = told("pneumonia", allergic, *alone)
    assert "fluoroquinolone_alone_if_severe" not in found
    assert (found["antibiotic"], found["atypical"]) == ("met", "met")
    severe = CAP | {"extra:severe_cap": True}
    found = told("pneumonia", severe, *alone)
    assert found["fluoroquinolone_alone_if_severe"] == "missed"
    assert (found["severe_cultures"], found["severe_icu"]) == ("missed", "missed")
    amiodarone = CAP | {"medication:amiodarone": True}
    found = told("pneumonia", amiodarone, *LUNG)
    assert found["qt"] == "violated"
    assert "atypical" not in found
    found = told("pneumonia", CAP | {"extra:mrsa_risk": False}, *LUNG, (60, "drug:linezolid", 600))
    assert found["mrsa_cover"] == "violated"
    steroid = (60, "drug:prednisone", 40)
    assert told("pneumonia", CAP, *LUNG, steroid)["steroid"] == "violated"
    assert "steroid" not in told("pneumonia", CAP | {"flag:copd": True}, *LUNG, steroid)


# ---------------------------------------------------------------- asthma

ATTACK = {"vital:spo2_pct": 90, "extra:severe_attack": True, "extra:life_threatening": False}
PUFFS = (
    (2, "vitals"),
    (4, "drug:oxygen", 2),
    (5, "drug:albuterol", 2.5),
    (12, "drug:ipratropium", 0.5),
    (20, "drug:prednisone", 40),
    (25, "drug:albuterol", 2.5),
    (30, "procedure:peak_flow"),
    (45, "drug:albuterol", 2.5),
)
PUFFS_MET = all_met(
    "severity", "peak_flow", "oxygen", "saba", "saba_again", "saba_third", "ipratropium", "steroid"
)


def test_asthma_full_late_omitted():
    assert told("asthma", ATTACK, *PUFFS) == PUFFS_MET
    late = moved(PUFFS, "prednisone", 60)
    assert told("asthma", ATTACK, *late) == PUFFS_MET | {"steroid": "late"}
    assert critical(judge("asthma", ATTACK, *without(PUFFS, "prednisone"))) == []
    grave = ATTACK | {"extra:life_threatening": True}
    assert rules(judge("asthma", grave, *without(PUFFS, "prednisone"))) == {
        "ASTHMA_STEROID_OMITTED"
    }
    assert told("asthma", grave, *PUFFS)["steroid_life_threatening"] == "met"
    single = told("asthma", ATTACK, *PUFFS[:5], PUFFS[6], end=90)
    assert (single["saba_again"], single["saba_third"]) == ("missed", "missed")


def test_asthma_sedation_and_discharge():
    calm = (50, "drug:lorazepam", 1)
    assert rules(judge("asthma", ATTACK, *PUFFS, calm)) == {"SEDATIVE_IN_RESPIRATORY_FAILURE"}
    tube = (48, "procedure:intubation")
    assert critical(judge("asthma", ATTACK, *PUFFS, tube, calm)) == []
    home = (90, "disposition:discharge_home")
    assert told("asthma", ATTACK, *PUFFS, home) == PUFFS_MET | {
        "inhaled_steroid_at_discharge": "violated",
        "visit_after_discharge": "violated",
    }
    ready = ((80, "class:inhaled_corticosteroid"), (81, "followup:2_7_days"))
    assert told("asthma", ATTACK, *PUFFS, *ready, home) == PUFFS_MET | all_met(
        "inhaled_steroid_at_discharge", "visit_after_discharge"
    )
    hard = ATTACK | {"extra:refractory": True}
    magnesium = (60, "drug:magnesium_sulfate", 2)
    assert told("asthma", hard, *PUFFS, magnesium)["magnesium"] == "met"


# ---------------------------------------------------------------- Kawasaki

CHILD = {"onset_h": 144}
FEVER = (
    (5, "lab:crp"),
    (6, "lab:esr"),
    (7, "lab:cbc"),
    (8, "lab:liver_panel"),
    (9, "lab:urinalysis"),
    (30, "imaging:echocardiogram"),
    (120, "drug:ivig", 40),
    (130, "drug:aspirin", 400),
)
FEVER_MET = all_met(
    "crp", "esr", "blood_count", "liver_and_albumin", "urine", "echocardiogram", "ivig", "aspirin"
)


def test_kawasaki_full_late_omitted():
    assert told("kawasaki", CHILD, *FEVER) == FEVER_MET
    late = moved(FEVER, "ivig", 1440)
    assert told("kawasaki", CHILD, *late)["ivig"] == "late"
    assert rules(judge("kawasaki", CHILD, *without(FEVER, "ivig"))) == {"KAWASAKI_IVIG_OMITTED"}
    third = [(120, "drug:ivig", 8) if "ivig" in s[1] else s for s in FEVER]
    assert rules(judge("kawasaki", CHILD, *third)) == {"KAWASAKI_IVIG_OMITTED"}
    allergic = CHILD | {"allergy:immunoglobulin": True}
    assert "ivig" not in told("kawasaki", allergic, *without(FEVER, "ivig"))


def test_kawasaki_later():
    day = 1440
    weeks = (
        *FEVER,
        (3 * day, "drug:aspirin", 80),
        (10 * day, "imaging:echocardiogram"),
        (35 * day, "imaging:echocardiogram"),
    )
    found = told("kawasaki", CHILD, *weeks, end=60 * day)
    assert found == FEVER_MET | all_met(
        "low_dose_aspirin", "echocardiogram_1_2_weeks", "echocardiogram_4_6_weeks"
    )
    wrong = (*FEVER, (200, "drug:ibuprofen", 200), (90 * day, "drug:mmr_vaccine", 0.5))
    found = told("kawasaki", CHILD, *wrong)
    assert (found["ibuprofen"], found["live_vaccine"]) == ("violated", "violated")
    patient = (*FEVER, (340 * day, "drug:mmr_vaccine", 0.5))
    assert "live_vaccine" not in told("kawasaki", CHILD, *patient)
    flu = CHILD | {"flag:influenza": True}
    assert told("kawasaki", flu, *FEVER)["aspirin_in_viral_illness"] == "violated"
    assert "aspirin" not in told("kawasaki", flu, *without(FEVER, "aspirin"))


# ---------------------------------------------------------------- suicide

RISK = {"extra:suicide_risk": "high", "demo:age_years": 40, "extra:major_depression": True}
CRISIS = (
    (20, "score:c_ssrs"),
    (24, "score:phq9"),
    (28, "procedure:one_to_one_observation"),
    (35, "procedure:means_removed"),
    (90, "consult:psychiatry"),
)
PLANS = (
    (100, "note:safety_plan"),
    (101, "note:lethal_means_counselling"),
    (102, "followup:within_7_days"),
    (110, "disposition:discharge_home"),
)
CRISIS_MET = all_met("suicide_screen", "depression_score", "observation", "means_removed")
CRISIS_MET |= {"psychiatry": "met"}
PLANS_MET = all_met("safety_plan", "lethal_means", "visit_within_7_days")


def test_suicide_full_late_omitted():
    assert told("suicide_risk", RISK, *CRISIS, *PLANS) == CRISIS_MET | PLANS_MET
    slow = moved(CRISIS, "observation", 10)
    assert told("suicide_risk", RISK, *slow)["observation"] == "late"
    found = judge("suicide_risk", RISK, *CRISIS[:4], PLANS[3])
    assert rules(found) == {"HIGH_SUICIDE_RISK_DISCHARGED"}
    assert {v.action for v in found if v.status == "violated"} == {
        "discharge_unevaluated",
        "safety_plan",
        "lethal_means",
        "visit_within_7_days",
    }
    after = (*CRISIS[:4], PLANS[3], (120, "consult:psychiatry"))
    assert rules(judge("suicide_risk", RISK, *after)) == {"HIGH_SUICIDE_RISK_DISCHARGED"}


def test_suicide_drugs():
    tricyclic = (95, "drug:amitriptyline", 50)
    assert rules(judge("suicide_risk", RISK, *CRISIS, tricyclic)) == {"LETHAL_QUANTITY_TO_SUICIDAL"}
    few = (94, "plan:limited_supply")
    assert critical(judge("suicide_risk", RISK, *CRISIS, few, tricyclic)) == []
    ssri = (95, "drug:sertraline", 50)
    treated = CRISIS_MET | {"treatment": "met"}
    assert told("suicide_risk", RISK, *CRISIS, ssri) == treated
    young = RISK | {"demo:age_years": 22}
    assert told("suicide_risk", young, *CRISIS, ssri)["boxed_warning"] == "violated"
    bipolar = RISK | {"flag:bipolar": True}
    assert told("suicide_risk", bipolar, *CRISIS, ssri)["unopposed_antidepressant"] == "violated"
    lithium = (93, "drug:lithium", 300)
    assert "unopposed_antidepressant" not in told("suicide_risk", bipolar, *CRISIS, lithium, ssri)
    fits = RISK | {"flag:seizure_disorder": True}
    bupropion = (95, "drug:bupropion", 150)
    assert told("suicide_risk", fits, *CRISIS, bupropion)["bupropion_seizure"] == "violated"
