"""Early warning: vital signs that call somebody to the bedside."""

from typing import Annotated, Literal

from .core import Inputs, Score, instrument
from .quantities import (
    DiastolicBP,
    FiO2,
    HeartRate,
    RespiratoryRate,
    SpO2,
    SystolicBP,
    Temperature,
    count,
    half_up,
    points,
    quantity,
)

Scale = Annotated[int, count(1, 2, normal=1)]
UrinePerHour = Annotated[float, quantity(0, 2000, "mL/h", normal=60)]
Excess = Annotated[float, quantity(0, 200, "/min", normal=0)]
"""How far a rate is outside the normal range for age; 0 within it."""
Refill = Annotated[float, quantity(0, 20, "s", normal=2)]
OxygenFlow = Annotated[float, quantity(0, 80, "L/min", normal=0)]


class News2(Inputs, frozen=True, kw_only=True):
    """Inputs of NEWS2. SpO2 scale 2 only where a clinician has set a target of 88-92 percent."""

    respiratory_rate_per_min: RespiratoryRate
    spo2_percent: SpO2
    spo2_scale: Scale
    on_supplemental_oxygen: bool
    systolic_bp_mmhg: SystolicBP
    pulse_per_min: HeartRate
    consciousness_acvpu: Literal["alert", "new confusion", "voice", "pain", "unresponsive"]
    temperature_c: Temperature


@instrument(
    unit="points",
    version="NEWS2 2017",
    source="Royal College of Physicians, National Early Warning Score (NEWS) 2, 2017",
    bands=(
        "low 0-4",
        "low-medium (single parameter 3): 0-4 with one sign of 3 points",
        "medium 5-6",
        "high 7 or more",
    ),
)
def news2(x: News2) -> Score:
    """NEWS2: deterioration of adults in hospital.

    Not below 16 years and not in pregnancy. On scale 2 a saturation of 93 or more scores on oxygen
    only. New confusion is 3 points.
    """
    signs = {
        "respiratory_rate": points(
            half_up(x.respiratory_rate_per_min), (25, 3), (21, 2), (12, 0), (9, 1), below=3
        ),
        "spo2": _saturation(x),
        "systolic_bp": points(
            half_up(x.systolic_bp_mmhg), (220, 3), (111, 0), (101, 1), (91, 2), below=3
        ),
        "pulse": points(
            half_up(x.pulse_per_min), (131, 3), (111, 2), (91, 1), (51, 0), (41, 1), below=3
        ),
        "consciousness": 0 if x.consciousness_acvpu == "alert" else 3,
        "temperature": points(
            half_up(x.temperature_c, 1), (39.1, 2), (38.1, 1), (36.1, 0), (35.1, 1), below=3
        ),
    }
    parts = {**signs, "supplemental_oxygen": 2 * x.on_supplemental_oxygen}
    value = sum(parts.values())
    if value >= 5:
        band = "high" if value >= 7 else "medium"
    else:
        band = "low-medium (single parameter 3)" if 3 in signs.values() else "low"
    return Score(value=value, band=band, components=dict(parts))


def _saturation(x: News2) -> int:
    spo2 = half_up(x.spo2_percent)
    if x.spo2_scale == 1:
        return points(spo2, (96, 0), (94, 1), (92, 2), below=3)
    if spo2 >= 93 and x.on_supplemental_oxygen:
        return points(spo2, (97, 3), (95, 2), below=1)
    return points(spo2, (88, 0), (86, 1), (84, 2), below=3)


class MaternalWarning(Inputs, frozen=True, kw_only=True):
    """Inputs of the maternal early warning criteria."""

    systolic_bp_mmhg: SystolicBP
    diastolic_bp_mmhg: DiastolicBP
    heart_rate_per_min: HeartRate
    respiratory_rate_per_min: RespiratoryRate
    spo2_percent: SpO2
    urine_output_ml_per_h_for_2h: UrinePerHour
    agitation_confusion_or_unresponsive: bool
    preeclampsia_with_headache_or_dyspnea: bool


@instrument(
    unit="points",
    version="NPMS MEWC (Mhyre 2014)",
    source="Mhyre JM, Obstet Gynecol 2014;124:782",
    bands=("no trigger: 0", "trigger: 1 or more calls a clinician to the bedside"),
)
def maternal_early_warning_criteria(x: MaternalWarning) -> Score:
    """Maternal early warning criteria: deterioration in pregnancy and after birth.

    The value counts the criteria that are met; one is enough for a prompt bedside evaluation.
    """
    parts = {
        "systolic_bp": int(not 90 <= x.systolic_bp_mmhg <= 160),
        "diastolic_bp": int(x.diastolic_bp_mmhg > 100),
        "heart_rate": int(not 50 <= x.heart_rate_per_min <= 120),
        "respiratory_rate": int(not 10 <= x.respiratory_rate_per_min <= 30),
        "spo2": int(x.spo2_percent < 95),
        "oliguria": int(x.urine_output_ml_per_h_for_2h < 35),
        "mental_state": int(x.agitation_confusion_or_unresponsive),
        "preeclampsia_symptoms": int(x.preeclampsia_with_headache_or_dyspnea),
    }
    value = sum(parts.values())
    return Score(value=value, band="trigger" if value else "no trigger", components=dict(parts))


class Pews(Inputs, frozen=True, kw_only=True):
    """Inputs of the Brighton PEWS. Rates are given relative to the normal range for age."""

    behaviour: Literal[
        "playing or appropriate",
        "sleeping",
        "irritable",
        "lethargic, confused or reduced response to pain",
    ]
    skin_colour: Literal["pink", "pale", "grey", "grey and mottled"]
    capillary_refill_s: Refill
    heart_rate_above_normal_per_min: Excess
    bradycardia: bool
    respiratory_rate_above_normal_per_min: Excess
    respiratory_rate_below_normal_per_min: Excess
    work_of_breathing: Literal["none", "accessory muscles", "recession", "sternal or grunting"]
    fio2_fraction: FiO2
    oxygen_l_min: OxygenFlow
    quarter_hourly_nebulisers: bool
    persistent_vomiting_after_surgery: bool


COLOUR = {"pink": 0, "pale": 1, "grey": 2, "grey and mottled": 3}
EFFORT = {"none": 0, "accessory muscles": 1, "recession": 2, "sternal or grunting": 3}
BEHAVIOUR = {
    "playing or appropriate": 0,
    "sleeping": 1,
    "irritable": 2,
    "lethargic, confused or reduced response to pain": 3,
}


@instrument(
    unit="points",
    version="Brighton 2005",
    source="Monaghan A, Paediatr Nurs 2005;17:32; cut-offs within a category unverified",
    bands=("below trigger", "trigger: 4 or more, or 3 in one category"),
)
def pews(x: Pews) -> Score:
    """Brighton PEWS: deterioration of children in hospital.

    In each category the worst sign counts; quarter-hourly nebulisers and persistent vomiting after
    surgery add two points each.
    """
    refill = points(half_up(x.capillary_refill_s), (5, 3), (4, 2), (3, 1), below=0)
    heart = points(x.heart_rate_above_normal_per_min, (30, 3), (20, 2), below=0)
    slow = 3 * (x.respiratory_rate_below_normal_per_min >= 5)
    fast = sum(x.respiratory_rate_above_normal_per_min > limit for limit in (10, 20, 30))
    fio2 = points(x.fio2_fraction + 1e-9, (0.5, 3), (0.4, 2), (0.3, 1), below=0)
    flow = points(x.oxygen_l_min, (8, 3), (6, 2), (4, 1), below=0)
    signs = {
        "behaviour": BEHAVIOUR[x.behaviour],
        "cardiovascular": max(COLOUR[x.skin_colour], refill, heart, 3 * x.bradycardia),
        "respiratory": max(EFFORT[x.work_of_breathing], slow, fast, fio2, flow),
    }
    added = {
        "nebulisers": 2 * x.quarter_hourly_nebulisers,
        "vomiting": 2 * x.persistent_vomiting_after_surgery,
    }
    parts = {**signs, **added}
    value = sum(parts.values())
    trigger = value >= 4 or 3 in signs.values()
    band = "trigger" if trigger else "below trigger"
    return Score(value=value, band=band, components=dict(parts))
