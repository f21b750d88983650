"""What a psychiatric patient would answer and show: one hidden truth behind every questionnaire.

The danger of suicide is drawn apart from the disorder (`extra.suicide_risk`); who conceals
(`extra.concealed`) tells of it only after somebody close was heard. All points are a pure function
of the patient. Items are scored by topic; no wording of a questionnaire is kept here.
"""

from typing import Any

from .patients import Patient
from .rng import Stream, stream

Inputs = dict[str, Any]
RISKS = ("low", "moderate", "high")
_LOW_MOOD = {"depressive_episode": 2.4, "bipolar_low": 2.4, "thyroid_low": 1.4}
_LOW_MOOD |= {"adjustment_low": 1.0, "trauma_stress": 1.3, "general_anxiety": 0.9}
_FEAR = {"general_anxiety": 2.5, "panic_attacks": 2.0, "trauma_stress": 1.8}
_FEAR |= {"thyroid_fretful": 1.8, "opioid_abstinence": 1.8, "depressive_episode": 1.2}
_DELIRIOUS = ("withdrawal_delirium", "infection_delirium")


def risk(patient: Patient) -> str:
    """The danger of suicide: low, moderate or high (VA/DoD suicide risk guideline 2024)."""
    return str(patient.extra["suicide_risk"])


def concealed(patient: Patient) -> bool:
    """Whether thoughts of suicide are denied until somebody close was heard."""
    return bool(patient.extra.get("concealed", False))


def _way(patient: Patient, name: str) -> Stream:
    return stream(patient.variant, patient.seed, "psychiatry", name)


def _points(way: Stream, mean: float, most: int) -> int:
    return max(0, min(most, round(mean + way.normal() * 0.6)))


def cssrs(patient: Patient) -> Inputs:
    """Answers to the screener of Posner (Am J Psychiatry 2011) that show the true danger."""
    way, level = _way(patient, "cssrs"), RISKS.index(risk(patient))
    wish, kind = way.bernoulli(0.6), way.integer(0, 2)
    recent = level == 2 and kind == 2
    return {
        "q1_wish_to_be_dead": level > 0 or wish,
        "q2_nonspecific_suicidal_thoughts": level > 0,
        "q3_thoughts_with_method": level > 0 and not (level == 1 and kind == 1),
        "q4_intent_without_plan": level == 2 and kind == 0,
        "q5_intent_with_plan": level == 2 and kind == 1,
        "q6_behavior_lifetime": recent or (level == 1 and kind == 1),
        "q6_behavior_past_3_months": recent,
    }


def denied() -> Inputs:
    """Answers to the screener of one who conceals."""
    names = (
        "q1_wish_to_be_dead",
        "q2_nonspecific_suicidal_thoughts",
        "q3_thoughts_with_method",
        "q4_intent_without_plan",
        "q5_intent_with_plan",
        "q6_behavior_lifetime",
        "q6_behavior_past_3_months",
    )
    return dict.fromkeys(names, False)


def phq9(patient: Patient, *, hiding: bool) -> tuple[int, ...]:
    """Points of the nine topics of PHQ-9; the ninth is the danger, unless it is hidden."""
    way, has = _way(patient, "phq9"), patient.findings
    mean = _LOW_MOOD.get(patient.condition, 0.7)
    items = [_points(way, mean, 3) for _ in range(8)]
    if "psy_no_joy" in has:
        items[0] = max(items[0], 2) if has["psy_no_joy"] else min(items[0], 1)
        items[5] = max(items[5], 2) if has["psy_guilt"] else min(items[5], 1)
    return (*items, 0 if hiding else RISKS.index(risk(patient)))


def gad7(patient: Patient) -> tuple[int, ...]:
    """Points of the seven topics of GAD-7."""
    way = _way(patient, "gad7")
    return tuple(_points(way, _FEAR.get(patient.condition, 0.8), 3) for _ in range(7))


def pcl5(patient: Patient) -> tuple[int, ...]:
    """Points of the twenty topics of PCL-5."""
    way = _way(patient, "pcl5")
    mean = 2.6 if patient.findings.get("psy_nightmares") else 0.6
    return tuple(_points(way, mean, 4) for _ in range(20))


def audit_c(patient: Patient) -> tuple[int, ...]:
    """Points of the three topics of AUDIT-C."""
    way = _way(patient, "audit_c")
    drinks = patient.findings.get("psy_last_drink") or "alcohol_use" in patient.comorbidities
    return tuple(_points(way, 3.4 if drinks else 0.6, 4) for _ in range(3))


def mdq(patient: Patient) -> Inputs:
    """Number of yes and consequences in the MDQ."""
    way = _way(patient, "mdq")
    high = patient.findings.get("psy_high_spell") or patient.findings.get("psy_no_need_of_sleep")
    yes = way.integer(8, 12) if high else way.integer(0, 5)
    problem = "serious" if high else "minor"
    return {"yes_count_of_13": yes, "symptoms_co_occurred": bool(high), "problem_level": problem}


def ciwa_ar(patient: Patient) -> Inputs:
    """Points of CIWA-Ar (Sullivan, Br J Addict 1989): unease scores in other disorders, too."""
    way = _way(patient, "ciwa_ar")
    mean = 3.0 if patient.condition == "withdrawal_delirium" else 0.9
    items = tuple(_points(way, mean, 7) for _ in range(9))
    away = patient.findings.get("psy_inattentive", False)
    return {"nine_items_0_7": items, "orientation_0_4": way.integer(2, 4) if away else 0}


def cows(patient: Patient) -> Inputs:
    """Sum of COWS (Wesson, J Psychoactive Drugs 2003)."""
    way, has = _way(patient, "cows"), patient.findings
    signs = ("psy_gooseflesh", "psy_wide_pupils", "psy_fine_tremor")
    ill = patient.condition == "opioid_abstinence"
    total = (way.integer(11, 22) if ill else way.integer(1, 4)) + sum(has.get(s, 0) for s in signs)
    return {"total_0_48": total}


def four_at(patient: Patient) -> Inputs:
    """What the 4AT sees."""
    away = bool(patient.findings.get("psy_inattentive"))
    acute = away and (patient.condition in _DELIRIOUS or _way(patient, "4at").bernoulli(0.5))
    return {
        "alertness": "clearly abnormal" if acute else "normal",
        "amt4_mistakes": "one" if away else "none",
        "months_backwards": "fewer or refuses" if away else "seven or more",
        "acute_change_or_fluctuation": acute,
    }
