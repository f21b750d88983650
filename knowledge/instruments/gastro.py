"""Bleeding, pancreatitis, appendicitis, and who comes back to hospital."""

from typing import Annotated

from .core import Inputs, Score, instrument, total
from .quantities import (
    Age,
    Bun,
    Calcium,
    Enzyme,
    Gcs,
    Glucose,
    HeartRate,
    Hemoglobin,
    Number,
    PaO2,
    Sex,
    SystolicBP,
    Temperature,
    Wbc,
    count,
    half_up,
    points,
    quantity,
    years,
)

Criteria = Annotated[int, count(0, 4, normal=0)]
Fall = Annotated[float, quantity(-40, 60, "%", normal=0)]
Rise = Annotated[float, quantity(-100, 200, "mg/dL", normal=0)]
BaseDeficit = Annotated[float, quantity(-30, 40, "mmol/L", normal=0)]
Litres = Annotated[float, quantity(-20, 40, "L", normal=0, others={"mL": 1000})]
Days = Annotated[float, quantity(0, 1000, "d")]
Percent = Annotated[float, quantity(0, 100, "%")]


class Blatchford(Inputs, frozen=True, kw_only=True):
    """Inputs of the Glasgow-Blatchford score."""

    bun_mg_dl: Bun
    hemoglobin_g_dl: Hemoglobin
    sex: Sex
    systolic_bp_mmhg: SystolicBP
    heart_rate_per_min: HeartRate
    melena: bool
    syncope: bool
    hepatic_disease: bool
    cardiac_failure: bool


def _anemia(x: Blatchford) -> int:
    if x.sex == "male":
        return points(x.hemoglobin_g_dl, (13, 0), (12, 1), (10, 3), below=6)
    return points(x.hemoglobin_g_dl, (12, 0), (10, 1), below=6)


@instrument(
    unit="points",
    version="Blatchford 2000",
    source="Blatchford O, Lancet 2000;356:1318; outpatient limit: Laine L, Am J Gastroenterol 2021",
    bands=("very low (outpatient) 0-1", "admit 2-23"),
)
def glasgow_blatchford(x: Blatchford) -> Score:
    """Glasgow-Blatchford: need for treatment in upper gastrointestinal bleeding."""
    parts = {
        "urea": points(x.bun_mg_dl, (70, 6), (28, 4), (22.4, 3), (18.2, 2), below=0),
        "hemoglobin": _anemia(x),
        "systolic_pressure": points(x.systolic_bp_mmhg, (110, 0), (100, 1), (90, 2), below=3),
        "heart_rate": int(x.heart_rate_per_min >= 100),
        "melena": int(x.melena),
        "syncope": 2 * x.syncope,
        "hepatic_disease": 2 * x.hepatic_disease,
        "cardiac_failure": 2 * x.cardiac_failure,
    }
    return total(parts, ((1, "very low (outpatient)"),), "admit")


class Bisap(Inputs, frozen=True, kw_only=True):
    """Inputs of BISAP."""

    bun_mg_dl: Bun
    gcs: Gcs
    sirs_criteria_met: Criteria
    age_years: Age
    pleural_effusion: bool


@instrument(
    unit="points",
    version="Wu 2008",
    source="Wu BU, Gut 2008;57:1698",
    bands=("lower 0-2", "high 3-5"),
)
def bisap(x: Bisap) -> Score:
    """BISAP: mortality of acute pancreatitis in the first day."""
    parts = {
        "urea": int(x.bun_mg_dl > 25),
        "mental_status": int(x.gcs < 15),
        "sirs": int(x.sirs_criteria_met >= 2),
        "age": int(years(x.age_years) > 60),
        "pleural_effusion": int(x.pleural_effusion),
    }
    return total(parts, ((2, "lower"),), "high")


class Ranson(Inputs, frozen=True, kw_only=True):
    """Inputs of Ranson's criteria: five on admission, six within 48 hours."""

    gallstone_pancreatitis: bool
    age_years: Age
    wbc_10e3_per_ul: Wbc
    glucose_mg_dl: Glucose
    ast_u_l: Enzyme
    ldh_u_l: Enzyme
    hematocrit_fall_points: Fall
    bun_rise_mg_dl: Rise
    calcium_mg_dl: Calcium
    pao2_mmhg: PaO2
    base_deficit_mmol_l: BaseDeficit
    fluid_sequestration_l: Litres


@instrument(
    unit="points",
    version="Ranson 1974/1982",
    source="Ranson JH, Surg Gynecol Obstet 1974;139:69; Ranson JH, Am J Gastroenterol 1982;77:633",
    bands=("mild 0-2", "severe likely 3-11"),
)
def ranson(x: Ranson) -> Score:
    """Ranson: severity of acute pancreatitis. Gallstone pancreatitis has limits of its own."""
    stone = x.gallstone_pancreatitis
    parts = {
        "age": int(years(x.age_years) > (70 if stone else 55)),
        "leukocytes": int(x.wbc_10e3_per_ul > (18 if stone else 16)),
        "glucose": int(x.glucose_mg_dl > (220 if stone else 200)),
        "ast": int(x.ast_u_l > 250),
        "ldh": int(x.ldh_u_l > (400 if stone else 350)),
        "hematocrit_fall": int(x.hematocrit_fall_points > 10),
        "urea_rise": int(x.bun_rise_mg_dl > (2 if stone else 5)),
        "calcium": int(x.calcium_mg_dl < 8),
        "oxygen": int(not stone and x.pao2_mmhg < 60),
        "base_deficit": int(x.base_deficit_mmol_l > (5 if stone else 4)),
        "fluid": int(x.fluid_sequestration_l > (4 if stone else 6)),
    }
    return total(parts, ((2, "mild"),), "severe likely")


class Alvarado(Inputs, frozen=True, kw_only=True):
    """Inputs of the Alvarado score."""

    migration_of_pain: bool
    anorexia: bool
    nausea_or_vomiting: bool
    right_lower_quadrant_tenderness: bool
    rebound_tenderness: bool
    temperature_c: Temperature
    wbc_10e3_per_ul: Wbc
    left_shift: bool


@instrument(
    unit="points",
    version="Alvarado 1986",
    source="Alvarado A, Ann Emerg Med 1986;15:557",
    bands=("unlikely 0-4", "possible 5-6", "probable 7-10"),
)
def alvarado(x: Alvarado) -> Score:
    """Alvarado: probability of appendicitis."""
    parts = {
        "migration": int(x.migration_of_pain),
        "anorexia": int(x.anorexia),
        "nausea": int(x.nausea_or_vomiting),
        "tenderness": 2 * x.right_lower_quadrant_tenderness,
        "rebound": int(x.rebound_tenderness),
        "temperature": int(half_up(x.temperature_c, 1) >= 37.3),
        "leukocytes": 2 * (x.wbc_10e3_per_ul > 10),
        "left_shift": int(x.left_shift),
    }
    return total(parts, ((4, "unlikely"), (6, "possible")), "probable")


class Lace(Inputs, frozen=True, kw_only=True):
    """Inputs of LACE. The Charlson points are those of the LACE paper."""

    length_of_stay_days: Days
    acute_admission: bool
    charlson_points: Number
    emergency_visits_past_6_months: Number


@instrument(
    unit="points",
    version="van Walraven 2010",
    source="van Walraven C, CMAJ 2010;182:551",
    bands=("low 0-4", "moderate 5-9", "high 10-19"),
)
def lace(x: Lace) -> Score:
    """LACE: death or unplanned readmission within thirty days of discharge."""
    parts = {
        "length_of_stay": points(
            x.length_of_stay_days, (14, 7), (7, 5), (4, 4), (3, 3), (2, 2), (1, 1), below=0
        ),
        "acute": 3 * x.acute_admission,
        "comorbidity": 5 if x.charlson_points >= 4 else x.charlson_points,
        "emergency_visits": min(x.emergency_visits_past_6_months, 4),
    }
    return total(parts, ((4, "low"), (9, "moderate")), "high")


class GoldGrade(Inputs, frozen=True, kw_only=True):
    """Inputs of the GOLD grade: after a bronchodilator."""

    fev1_fvc_ratio_percent: Percent
    fev1_percent_predicted: Percent


@instrument(
    unit="category",
    version="GOLD 2024",
    source="Global Initiative for Chronic Obstructive Lung Disease report, 2024",
    bands=("GOLD 1 80 and more", "GOLD 2 50-79", "GOLD 3 30-49", "GOLD 4 below 30"),
)
def gold_copd(x: GoldGrade) -> Score:
    """GOLD grade: airflow limitation of COPD."""
    if x.fev1_fvc_ratio_percent >= 70:
        return Score(value="no obstruction")
    grade = 1 + sum(x.fev1_percent_predicted < limit for limit in (80, 50, 30))
    return Score(value=f"GOLD {grade}")
