"""Severity of infection and pneumonia."""

from .core import Inputs, Score, instrument, total
from .quantities import (
    Age,
    Bun,
    DiastolicBP,
    Gcs,
    Glucose,
    HeartRate,
    Hematocrit,
    PaCO2,
    PaO2,
    Percent,
    Ph,
    RespiratoryRate,
    Sex,
    Sodium,
    SystolicBP,
    Temperature,
    Wbc,
    half_up,
    years,
)


class Curb65(Inputs, frozen=True, kw_only=True):
    """Inputs of CURB-65."""

    new_confusion: bool
    bun_mg_dl: Bun
    respiratory_rate_per_min: RespiratoryRate
    systolic_bp_mmhg: SystolicBP
    diastolic_bp_mmhg: DiastolicBP
    age_years: Age


@instrument(
    unit="points",
    version="Lim 2003",
    source="Lim WS, Thorax 2003;58:377",
    bands=("low 0-1", "moderate 2", "severe 3-5"),
)
def curb65(x: Curb65) -> Score:
    """CURB-65: severity of community-acquired pneumonia.

    Urea counts above 7 mmol/L, which is a BUN above 19.6 mg/dL; a low systolic or a low diastolic
    pressure is one point together.
    """
    parts = {
        "confusion": int(x.new_confusion),
        "urea": int(x.bun_mg_dl > 19.6),
        "respiratory_rate": int(x.respiratory_rate_per_min >= 30),
        "blood_pressure": int(x.systolic_bp_mmhg < 90 or x.diastolic_bp_mmhg <= 60),
        "age": int(years(x.age_years) >= 65),
    }
    return total(parts, ((1, "low"), (2, "moderate")), "severe")


class Sirs(Inputs, frozen=True, kw_only=True):
    """Inputs of SIRS."""

    temperature_c: Temperature
    heart_rate_per_min: HeartRate
    respiratory_rate_per_min: RespiratoryRate
    paco2_mmhg: PaCO2
    wbc_10e3_per_ul: Wbc
    band_neutrophils_percent: Percent


@instrument(
    unit="points",
    version="1992",
    source="Bone RC, Chest 1992;101:1644",
    bands=("not met 0-1", "met 2-4"),
)
def sirs(x: Sirs) -> Score:
    """SIRS: systemic inflammatory response.

    Rate and carbon dioxide are one criterion together, as are the leukocyte count and its bands.
    """
    temperature = half_up(x.temperature_c, 1)
    parts = {
        "temperature": int(temperature > 38.0 or temperature < 36.0),
        "heart_rate": int(x.heart_rate_per_min > 90),
        "breathing": int(x.respiratory_rate_per_min > 20 or x.paco2_mmhg < 32),
        "leukocytes": int(
            x.wbc_10e3_per_ul > 12 or x.wbc_10e3_per_ul < 4 or x.band_neutrophils_percent > 10
        ),
    }
    return total(parts, ((1, "not met"),), "met")


class Qsofa(Inputs, frozen=True, kw_only=True):
    """Inputs of qSOFA."""

    respiratory_rate_per_min: RespiratoryRate
    systolic_bp_mmhg: SystolicBP
    gcs: Gcs


@instrument(
    unit="points",
    version="2016",
    source="Singer M, JAMA 2016;315:801",
    bands=("negative 0-1", "positive 2-3"),
)
def qsofa(x: Qsofa) -> Score:
    """qSOFA: bedside prompt for sepsis outside intensive care.

    SSC 2021 recommends against it as the only screen.
    """
    parts = {
        "respiratory_rate": int(x.respiratory_rate_per_min >= 22),
        "systolic_pressure": int(x.systolic_bp_mmhg <= 100),
        "mentation": int(x.gcs < 15),
    }
    return total(parts, ((1, "negative"),), "positive")


class PsiPort(Inputs, frozen=True, kw_only=True):
    """Inputs of the pneumonia severity index."""

    age_years: Age
    sex: Sex
    nursing_home_resident: bool
    neoplastic_disease: bool
    liver_disease: bool
    heart_failure: bool
    cerebrovascular_disease: bool
    renal_disease: bool
    altered_mental_status: bool
    pleural_effusion: bool
    respiratory_rate_per_min: RespiratoryRate
    systolic_bp_mmhg: SystolicBP
    temperature_c: Temperature
    pulse_per_min: HeartRate
    arterial_ph: Ph
    bun_mg_dl: Bun
    sodium_mmol_l: Sodium
    glucose_mg_dl: Glucose
    hematocrit_percent: Hematocrit
    pao2_mmhg: PaO2


@instrument(
    unit="points",
    version="Fine 1997",
    source="Fine MJ, N Engl J Med 1997;336:243",
    bands=("I: see text", "II up to 70", "III 71-90", "IV 91-130", "V above 130"),
)
def psi_port(x: PsiPort) -> Score:
    """PSI: risk of death in community-acquired pneumonia.

    Class I is not a matter of points: age up to 50, none of the five comorbidities, normal mental
    status and vital signs. Living in a nursing home does not keep anybody out of it.
    """
    temperature = half_up(x.temperature_c, 1)
    illnesses = {
        "neoplastic_disease": 30 * x.neoplastic_disease,
        "liver_disease": 20 * x.liver_disease,
        "heart_failure": 10 * x.heart_failure,
        "cerebrovascular_disease": 10 * x.cerebrovascular_disease,
        "renal_disease": 10 * x.renal_disease,
    }
    signs = {
        "altered_mental_status": 20 * x.altered_mental_status,
        "respiratory_rate": 20 * (x.respiratory_rate_per_min >= 30),
        "systolic_pressure": 20 * (x.systolic_bp_mmhg < 90),
        "temperature": 15 * (temperature < 35 or temperature >= 40),
        "pulse": 10 * (x.pulse_per_min >= 125),
    }
    tests = {
        "arterial_ph": 30 * (half_up(x.arterial_ph, 2) < 7.35),
        "bun": 20 * (x.bun_mg_dl >= 30),
        "sodium": 20 * (x.sodium_mmol_l < 130),
        "glucose": 10 * (x.glucose_mg_dl >= 250),
        "hematocrit": 10 * (x.hematocrit_percent < 30),
        "oxygen": 10 * (x.pao2_mmhg < 60),
        "pleural_effusion": 10 * x.pleural_effusion,
    }
    age = years(x.age_years)
    own = {
        "age": age - 10 * (x.sex == "female"),
        "nursing_home": 10 * x.nursing_home_resident,
    }
    parts = {**own, **illnesses, **signs, **tests}
    value = sum(parts.values())
    if age <= 50 and not any(illnesses.values()) and not any(signs.values()):
        return Score(value=value, band="I", components=dict(parts))
    limits = ((70, "II"), (90, "III"), (130, "IV"))
    band = next((name for limit, name in limits if value <= limit), "V")
    return Score(value=value, band=band, components=dict(parts))
