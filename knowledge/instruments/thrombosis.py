"""Venous thrombosis and embolism: how likely, and how dangerous."""

from typing import Annotated

from .core import Inputs, Score, instrument, total
from .quantities import (
    Age,
    HeartRate,
    RespiratoryRate,
    Sex,
    SpO2,
    SystolicBP,
    Temperature,
    half_up,
    quantity,
    years,
)

DDimer = Annotated[float, quantity(0, 100000, "ng/mL{FEU}", normal=300, others={"mg/L": 0.001})]
"""Fibrinogen equivalent units; D-dimer units are half of them."""


class WellsDvt(Inputs, frozen=True, kw_only=True):
    """Inputs of the Wells score of deep vein thrombosis."""

    active_cancer: bool
    paralysis_paresis_or_recent_plaster_of_leg: bool
    bedridden_3_days_or_major_surgery_12_weeks: bool
    localized_tenderness_deep_veins: bool
    entire_leg_swollen: bool
    calf_swelling_over_3cm: bool
    pitting_edema_symptomatic_leg: bool
    collateral_superficial_veins: bool
    previous_dvt: bool
    alternative_diagnosis_at_least_as_likely: bool


@instrument(
    unit="points",
    version="Wells 2003 (two-level) + 3-tier",
    source="Wells PS, N Engl J Med 2003;349:1227; Wells PS, Lancet 1997;350:1795 (three tiers)",
    bands=("unlikely up to 1 / likely 2 or more", "low up to 0, moderate 1-2, high 3 or more"),
)
def wells_dvt(x: WellsDvt) -> Score:
    """Wells (DVT): probability of deep vein thrombosis before testing."""
    alternative = "alternative_diagnosis_at_least_as_likely"
    parts = {n: int(getattr(x, n)) for n in x.__struct_fields__ if n != alternative}
    parts[alternative] = -2 * x.alternative_diagnosis_at_least_as_likely
    value = sum(parts.values())
    tier = "low" if value <= 0 else "moderate" if value <= 2 else "high"
    level = "likely" if value >= 2 else "unlikely"
    return Score(value=value, band=f"{level}/{tier}", components=dict(parts))


class WellsPe(Inputs, frozen=True, kw_only=True):
    """Inputs of the Wells score of pulmonary embolism."""

    clinical_signs_of_dvt: bool
    pe_most_likely_diagnosis: bool
    heart_rate_over_100: bool
    immobilised_3_days_or_surgery_4_weeks: bool
    previous_pe_or_dvt: bool
    hemoptysis: bool
    active_malignancy: bool


@instrument(
    unit="points",
    version="Wells 2000",
    source="Wells PS, Thromb Haemost 2000;83:416",
    bands=("unlikely up to 4 / likely above 4", "low below 2, moderate 2-6, high above 6"),
)
def wells_pe(x: WellsPe) -> Score:
    """Wells (PE): probability of pulmonary embolism before testing. 4.0 is still unlikely."""
    parts = {
        "dvt_signs": 3.0 * x.clinical_signs_of_dvt,
        "most_likely": 3.0 * x.pe_most_likely_diagnosis,
        "heart_rate": 1.5 * x.heart_rate_over_100,
        "immobilised": 1.5 * x.immobilised_3_days_or_surgery_4_weeks,
        "previous_vte": 1.5 * x.previous_pe_or_dvt,
        "hemoptysis": 1.0 * x.hemoptysis,
        "malignancy": 1.0 * x.active_malignancy,
    }
    value = sum(parts.values())
    tier = "low" if value < 2 else "moderate" if value <= 6 else "high"
    level = "likely" if value > 4 else "unlikely"
    return Score(value=value, band=f"{level}/{tier}", components=dict(parts))


class Perc(Inputs, frozen=True, kw_only=True):
    """Inputs of PERC."""

    age_years: Age
    heart_rate_per_min: HeartRate
    spo2_percent: SpO2
    hemoptysis: bool
    estrogen_use: bool
    prior_vte: bool
    unilateral_leg_swelling: bool
    surgery_or_trauma_4_weeks: bool


@instrument(
    unit="points",
    version="Kline 2004",
    source="Kline JA, J Thromb Haemost 2004;2:1247",
    bands=("negative 0", "positive 1-8"),
)
def perc(x: Perc) -> Score:
    """PERC: rule out embolism without a D-dimer, where the pre-test probability is below 15 %."""
    parts = {
        "age": int(years(x.age_years) >= 50),
        "heart_rate": int(x.heart_rate_per_min >= 100),
        "oxygen": int(x.spo2_percent < 95),
        "hemoptysis": int(x.hemoptysis),
        "estrogen": int(x.estrogen_use),
        "prior_vte": int(x.prior_vte),
        "leg_swelling": int(x.unilateral_leg_swelling),
        "surgery_or_trauma": int(x.surgery_or_trauma_4_weeks),
    }
    scored = total(parts, ((0, "negative"),), "positive")
    note = "valid only where the pre-test probability is below 15 percent"
    return Score(
        value=scored.value, band=scored.band, components=scored.components, warnings=(note,)
    )


class Years(Inputs, frozen=True, kw_only=True):
    """Inputs of YEARS."""

    clinical_signs_of_dvt: bool
    hemoptysis: bool
    pe_most_likely_diagnosis: bool
    d_dimer_ng_ml_feu: DDimer


@instrument(
    unit="points",
    version="van der Hulle 2017",
    source="van der Hulle T, Lancet 2017;390:289",
    bands=("pe excluded: D-dimer below 1000 without an item, below 500 with one", "ctpa indicated"),
    name="years",
)
def years_rule(x: Years) -> Score:
    """YEARS: who with suspected embolism needs a CT angiogram."""
    parts = {
        "dvt_signs": int(x.clinical_signs_of_dvt),
        "hemoptysis": int(x.hemoptysis),
        "most_likely": int(x.pe_most_likely_diagnosis),
    }
    value = sum(parts.values())
    limit = 500 if value else 1000
    band = "pe excluded" if x.d_dimer_ng_ml_feu < limit else "ctpa indicated"
    return Score(value=value, band=band, components=dict(parts))


class Spesi(Inputs, frozen=True, kw_only=True):
    """Inputs of the simplified PESI."""

    age_years: Age
    cancer_history: bool
    chronic_cardiopulmonary_disease: bool
    heart_rate_per_min: HeartRate
    systolic_bp_mmhg: SystolicBP
    spo2_percent: SpO2


@instrument(
    unit="points",
    version="Jimenez 2010",
    source="Jimenez D, Arch Intern Med 2010;170:1383",
    bands=("low 0", "high 1-6"),
)
def spesi(x: Spesi) -> Score:
    """sPESI: thirty-day mortality of pulmonary embolism."""
    parts = {
        "age": int(years(x.age_years) > 80),
        "cancer": int(x.cancer_history),
        "chronic_disease": int(x.chronic_cardiopulmonary_disease),
        "heart_rate": int(x.heart_rate_per_min >= 110),
        "systolic_pressure": int(x.systolic_bp_mmhg < 100),
        "oxygen": int(x.spo2_percent < 90),
    }
    return total(parts, ((0, "low"),), "high")


class Pesi(Inputs, frozen=True, kw_only=True):
    """Inputs of the full PESI."""

    age_years: Age
    sex: Sex
    cancer_history: bool
    heart_failure: bool
    chronic_lung_disease: bool
    heart_rate_per_min: HeartRate
    systolic_bp_mmhg: SystolicBP
    respiratory_rate_per_min: RespiratoryRate
    temperature_c: Temperature
    altered_mental_status: bool
    spo2_percent: SpO2


@instrument(
    unit="points",
    version="Aujesky 2005",
    source="Aujesky D, Am J Respir Crit Care Med 2005;172:1041",
    bands=("I up to 65", "II 66-85", "III 86-105", "IV 106-125", "V above 125"),
)
def pesi(x: Pesi) -> Score:
    """PESI: thirty-day mortality of pulmonary embolism in five classes."""
    parts = {
        "age": years(x.age_years),
        "male": 10 * (x.sex == "male"),
        "cancer": 30 * x.cancer_history,
        "heart_failure": 10 * x.heart_failure,
        "lung_disease": 10 * x.chronic_lung_disease,
        "heart_rate": 20 * (x.heart_rate_per_min >= 110),
        "systolic_pressure": 30 * (x.systolic_bp_mmhg < 100),
        "respiratory_rate": 20 * (x.respiratory_rate_per_min >= 30),
        "temperature": 20 * (half_up(x.temperature_c, 1) < 36.0),
        "mental_status": 60 * x.altered_mental_status,
        "oxygen": 20 * (x.spo2_percent < 90),
    }
    return total(parts, ((65, "I"), (85, "II"), (105, "III"), (125, "IV")), "V")
