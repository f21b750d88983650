"""Chest pain and the heart: risk of a coronary syndrome, of stroke, of bleeding."""

from typing import Annotated, Literal

from .core import Inputs, Score, instrument, total
from .quantities import (
    Age,
    Creatinine,
    HeartRate,
    Number,
    Sex,
    SystolicBP,
    count,
    points,
    quantity,
    years,
)

Multiple = Annotated[float, quantity(0, 10000, "1", normal=0.3)]
"""Of the upper reference limit."""
Killip = Annotated[int, count(1, 4)]
Drinks = Annotated[float, quantity(0, 200, "/wk", normal=0)]


class Heart(Inputs, frozen=True, kw_only=True):
    """Inputs of HEART."""

    history: Literal["slightly suspicious", "moderately suspicious", "highly suspicious"]
    ecg: Literal["normal", "non-specific repolarisation disturbance", "significant st deviation"]
    age_years: Age
    number_of_risk_factors: Number
    known_atherosclerotic_disease: bool
    troponin_multiple_of_upper_limit: Multiple


_HISTORY = {"slightly suspicious": 0, "moderately suspicious": 1, "highly suspicious": 2}
_ECG = {"normal": 0, "non-specific repolarisation disturbance": 1, "significant st deviation": 2}


@instrument(
    unit="points",
    version="Six/Backus 2008-2013",
    source="Six AJ, Neth Heart J 2008;16:191; Backus BE, Int J Cardiol 2013;168:2153",
    bands=("low 0-3", "moderate 4-6", "high 7-10"),
)
def heart(x: Heart) -> Score:
    """HEART: six-week risk of a major cardiac event in chest pain.

    Known atherosclerotic disease is two points whatever the number of risk factors; a troponin of
    exactly three times the limit is one point.
    """
    age, troponin = years(x.age_years), x.troponin_multiple_of_upper_limit
    few = int(x.number_of_risk_factors >= 1) + int(x.number_of_risk_factors >= 3)
    parts = {
        "history": _HISTORY[x.history],
        "ecg": _ECG[x.ecg],
        "age": int(age >= 45) + int(age >= 65),
        "risk_factors": 2 if x.known_atherosclerotic_disease else few,
        "troponin": int(troponin > 1) + int(troponin > 3),
    }
    return total(parts, ((3, "low"), (6, "moderate")), "high")


class Timi(Inputs, frozen=True, kw_only=True):
    """Inputs of TIMI for unstable angina and NSTEMI."""

    age_65_or_older: bool
    three_or_more_cad_risk_factors: bool
    known_coronary_stenosis_50_percent_or_more: bool
    aspirin_use_past_7_days: bool
    two_or_more_anginal_episodes_24h: bool
    st_deviation_0_5_mm_or_more: bool
    elevated_cardiac_marker: bool


@instrument(
    unit="points",
    version="Antman 2000",
    source="Antman EM, JAMA 2000;284:835",
    bands=("low 0-2", "intermediate 3-4", "high 5-7"),
)
def timi_ua_nstemi(x: Timi) -> Score:
    """TIMI (UA/NSTEMI): fourteen-day risk of death, infarction or urgent revascularisation."""
    parts = {name: int(getattr(x, name)) for name in x.__struct_fields__}
    return total(parts, ((2, "low"), (4, "intermediate")), "high")


class Grace(Inputs, frozen=True, kw_only=True):
    """Inputs of GRACE 1.0 (in hospital)."""

    age_years: Age
    heart_rate_per_min: HeartRate
    systolic_bp_mmhg: SystolicBP
    creatinine_mg_dl: Creatinine
    killip_class: Killip
    cardiac_arrest_at_admission: bool
    st_segment_deviation: bool
    elevated_cardiac_enzymes: bool


_AGES = ((90, 100), (80, 91), (70, 75), (60, 58), (50, 41), (40, 25), (30, 8))
_RATES = ((200, 46), (150, 38), (110, 24), (90, 15), (70, 9), (50, 3))
_PRESSURES = ((200, 0), (160, 10), (140, 24), (120, 34), (100, 43), (80, 53))
_CREATININES = ((4, 28), (2, 21), (1.6, 13), (1.2, 10), (0.8, 7), (0.4, 4))


@instrument(
    unit="points",
    version="GRACE 1.0 in-hospital nomogram",
    source="Granger CB, Arch Intern Med 2003;163:2345",
    bands=("low up to 108", "intermediate 109-140", "high above 140"),
)
def grace(x: Grace) -> Score:
    """GRACE: in-hospital mortality of acute coronary syndromes (version 1.0, the nomogram)."""
    parts = {
        "age": points(years(x.age_years), *_AGES, below=0),
        "heart_rate": points(x.heart_rate_per_min, *_RATES, below=0),
        "systolic_pressure": points(x.systolic_bp_mmhg, *_PRESSURES, below=58),
        "creatinine": points(x.creatinine_mg_dl, *_CREATININES, below=1),
        "killip": (0, 20, 39, 59)[x.killip_class - 1],
        "cardiac_arrest": 39 * x.cardiac_arrest_at_admission,
        "st_deviation": 28 * x.st_segment_deviation,
        "enzymes": 14 * x.elevated_cardiac_enzymes,
    }
    return total(parts, ((108, "low"), (140, "intermediate")), "high")


class Cha2ds2Vasc(Inputs, frozen=True, kw_only=True):
    """Inputs of CHA2DS2-VASc."""

    age_years: Age
    sex: Sex
    heart_failure: bool
    hypertension: bool
    diabetes: bool
    stroke_tia_or_thromboembolism: bool
    vascular_disease: bool


@instrument(
    unit="points",
    version="Lip 2010 (+VA, ESC 2024)",
    source="Lip GY, Chest 2010;137:263; Van Gelder IC (ESC), Eur Heart J 2024;45:3314",
    bands=("CHA2DS2-VA: the same without the point for sex (ESC 2024)",),
)
def cha2ds2_vasc(x: Cha2ds2Vasc) -> Score:
    """CHA2DS2-VASc: risk of stroke in atrial fibrillation; the band is CHA2DS2-VA."""
    age = years(x.age_years)
    parts = {
        "heart_failure": int(x.heart_failure),
        "hypertension": int(x.hypertension),
        "age": int(age >= 65) + int(age >= 75),
        "diabetes": int(x.diabetes),
        "stroke": 2 * x.stroke_tia_or_thromboembolism,
        "vascular_disease": int(x.vascular_disease),
        "female": int(x.sex == "female"),
    }
    value = sum(parts.values())
    without = value - parts["female"]
    return Score(value=value, band=f"CHA2DS2-VA={without}", components=dict(parts))


class HasBled(Inputs, frozen=True, kw_only=True):
    """Inputs of HAS-BLED."""

    age_years: Age
    uncontrolled_hypertension_sbp_over_160: bool
    abnormal_renal_function: bool
    abnormal_liver_function: bool
    stroke_history: bool
    bleeding_history_or_predisposition: bool
    labile_inr: bool
    antiplatelet_or_nsaid_use: bool
    alcohol_drinks_per_week: Drinks


@instrument(
    unit="points",
    version="Pisters 2010",
    source="Pisters R, Chest 2010;138:1093",
    bands=("low 0-1", "moderate 2", "high 3-9"),
)
def has_bled(x: HasBled) -> Score:
    """HAS-BLED: risk of major bleeding under anticoagulation. Age counts above 65."""
    flags = [f for f in x.__struct_fields__ if f not in {"age_years", "alcohol_drinks_per_week"}]
    parts = {name: int(getattr(x, name)) for name in flags}
    parts["elderly"] = int(years(x.age_years) > 65)
    parts["alcohol"] = int(x.alcohol_drinks_per_week >= 8)
    return total(parts, ((1, "low"), (2, "moderate")), "high")
