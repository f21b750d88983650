"""Kidney function: how much is left, how fast it is lost, and why."""

from typing import Annotated

from .core import Inputs, Score, instrument
from .quantities import (
    Bun,
    Creatinine,
    Height,
    Osmolality,
    Potassium,
    Sex,
    Sodium,
    Weight,
    half_up,
    points,
    quantity,
    years,
)

MGDL = {"umol/L": 88.42}
AdultAge = Annotated[float, quantity(18, 120, "a")]
ChildAge = Annotated[float, quantity(1, 18, "a")]
Rise = Annotated[float, quantity(-20, 20, "mg/dL", others=MGDL)]
"""Change of creatinine; negative where it fell."""
Hours = Annotated[float, quantity(0, 168, "h", normal=0)]
UrineIon = Annotated[float, quantity(0, 400, "mmol/L")]
UrineCreatinine = Annotated[float, quantity(1, 1000, "mg/dL", others={"mmol/L": 0.0884})]
UrineUrea = Annotated[float, quantity(1, 4000, "mg/dL")]


class KdigoAki(Inputs, frozen=True, kw_only=True):
    """Inputs of the KDIGO stage. Hours: how long the urine output has been that low by now."""

    baseline_creatinine_mg_dl: Creatinine
    current_creatinine_mg_dl: Creatinine
    rise_within_48h_mg_dl: Rise
    renal_replacement_therapy: bool
    hours_urine_below_0_5_ml_kg_h: Hours
    hours_urine_below_0_3_ml_kg_h: Hours
    hours_anuria: Hours


@instrument(
    unit="category",
    version="KDIGO 2012",
    source="KDIGO Clinical Practice Guideline for Acute Kidney Injury, Kidney Int Suppl 2012;2:1",
)
def kdigo_aki(x: KdigoAki) -> Score:
    """KDIGO AKI stage: severity of acute kidney injury, 0 to 3.

    The worse of creatinine and urine output counts. A creatinine of 4.0 mg/dL is stage 3 only with
    an acute rise (0.3 in 48 h, or 1.5 times the baseline): stable chronic disease is not AKI.
    """
    ratio = x.current_creatinine_mg_dl / x.baseline_creatinine_mg_dl + 1e-9
    acute = ratio >= 1.5 or x.rise_within_48h_mg_dl >= 0.3 - 1e-9
    high = x.current_creatinine_mg_dl >= 4.0
    if ratio >= 3 or (high and acute):
        creatinine = 3
    elif ratio >= 2:
        creatinine = 2
    else:
        creatinine = int(acute)
    if x.hours_urine_below_0_3_ml_kg_h >= 24 or x.hours_anuria >= 12:
        urine = 3
    else:
        urine = points(x.hours_urine_below_0_5_ml_kg_h, (12, 2), (6, 1), below=0)
    parts = {
        "creatinine": creatinine,
        "urine_output": urine,
        "renal_replacement_therapy": 3 * x.renal_replacement_therapy,
    }
    chronic = high and not acute
    said = ("creatinine of 4.0 or more without an acute rise is not stage 3",) if chronic else ()
    return Score(value=max(parts.values()), components=dict(parts), warnings=said)


class CkdEpi(Inputs, frozen=True, kw_only=True):
    """Inputs of CKD-EPI 2021 (creatinine); adults only."""

    age_years: AdultAge
    sex: Sex
    creatinine_mg_dl: Creatinine


@instrument(
    unit="mL/min/{1.73_m2}",
    version="Inker 2021 creatinine, race-free",
    source="Inker LA, N Engl J Med 2021;385:1737; categories: KDIGO 2012",
    bands=("G1 >=90", "G2 60-89", "G3a 45-59", "G3b 30-44", "G4 15-29", "G5 <15"),
)
def ckd_epi_2021(x: CkdEpi) -> Score:
    """CKD-EPI 2021: estimated glomerular filtration rate of adults.

    Asks for a creatinine in steady state. A category alone is no chronic kidney disease: that needs
    three months, and in G1 and G2 a marker of kidney damage.
    """
    kappa, alpha, factor = (0.7, -0.241, 1.012) if x.sex == "female" else (0.9, -0.302, 1.0)
    relative = x.creatinine_mg_dl / kappa
    muscle = min(relative, 1) ** alpha * max(relative, 1) ** -1.200
    egfr = 142 * muscle * 0.9938 ** years(x.age_years) * factor
    steps = ((90, "G1"), (60, "G2"), (45, "G3a"), (30, "G3b"), (15, "G4"))
    band = next((name for limit, name in steps if egfr >= limit), "G5")
    return Score(value=half_up(egfr, 2), band=band)


class CockcroftGault(Inputs, frozen=True, kw_only=True):
    """Inputs of Cockcroft-Gault; adults only."""

    age_years: AdultAge
    sex: Sex
    weight_kg: Weight
    creatinine_mg_dl: Creatinine


@instrument(
    unit="mL/min",
    version="1976, weight as supplied",
    source="Cockcroft DW, Gault MH, Nephron 1976;16:31",
)
def cockcroft_gault(x: CockcroftGault) -> Score:
    """Cockcroft-Gault: creatinine clearance for drug dosing.

    Computes with the weight it is given and returns it. Usual choice: actual below ideal weight,
    ideal at normal weight, adjusted (`ibw_adjbw`) in obesity. Not normalised to body surface.
    """
    women = 0.85 if x.sex == "female" else 1.0
    load = (140 - years(x.age_years)) * x.weight_kg * women
    return Score(
        value=half_up(load / (72 * x.creatinine_mg_dl), 2),
        components={"weight_used_kg": x.weight_kg},
    )


class Schwartz(Inputs, frozen=True, kw_only=True):
    """Inputs of the bedside Schwartz equation; children."""

    age_years: ChildAge
    height_cm: Height
    creatinine_mg_dl: Creatinine


@instrument(
    unit="mL/min/{1.73_m2}",
    version="bedside 2009, 0.413",
    source="Schwartz GJ, J Am Soc Nephrol 2009;20:629",
)
def schwartz_bedside(x: Schwartz) -> Score:
    """Bedside Schwartz: estimated glomerular filtration rate of children.

    0.413 x height / creatinine (enzymatic), derived at 1 to 16 years with chronic kidney disease.
    """
    late = years(x.age_years) > 16
    said = ("derived in children of 1 to 16 years",) if late else ()
    return Score(value=half_up(0.413 * x.height_cm / x.creatinine_mg_dl, 2), warnings=said)


class Fena(Inputs, frozen=True, kw_only=True):
    """Inputs of the fractional excretion of sodium (spot samples of the same time)."""

    urine_sodium_mmol_l: UrineIon
    serum_creatinine_mg_dl: Creatinine
    serum_sodium_mmol_l: Sodium
    urine_creatinine_mg_dl: UrineCreatinine


@instrument(
    unit="%",
    version="Espinel 1976",
    source="Espinel CH, JAMA 1976;236:579",
    bands=("prerenal (<1)", "indeterminate", "intrinsic (>2)"),
)
def fena(x: Fena) -> Score:
    """FENa: prerenal or intrinsic cause of oliguric kidney injury.

    Not on diuretics (see `fe_urea`). Below 1 also in contrast injury and glomerulonephritis.
    """
    sodium = x.urine_sodium_mmol_l / x.serum_sodium_mmol_l
    excreted = 100 * sodium * x.serum_creatinine_mg_dl / x.urine_creatinine_mg_dl
    if excreted < 1 - 1e-9:
        band = "prerenal (<1)"
    elif excreted > 2 + 1e-9:
        band = "intrinsic (>2)"
    else:
        band = "indeterminate"
    return Score(value=half_up(excreted, 4), band=band)


class FeUrea(Inputs, frozen=True, kw_only=True):
    """Inputs of the fractional excretion of urea (spot samples of the same time)."""

    urine_urea_nitrogen_mg_dl: UrineUrea
    bun_mg_dl: Bun
    serum_creatinine_mg_dl: Creatinine
    urine_creatinine_mg_dl: UrineCreatinine


@instrument(
    unit="%",
    version="Carvounis 2002",
    source="Carvounis CP, Kidney Int 2002;62:2223; upper limit of 50 unverified",
    bands=("prerenal (<=35)", "indeterminate", "intrinsic (>50)"),
)
def fe_urea(x: FeUrea) -> Score:
    """FEurea: prerenal or intrinsic kidney injury under diuretics."""
    urea = x.urine_urea_nitrogen_mg_dl / x.bun_mg_dl
    excreted = 100 * urea * x.serum_creatinine_mg_dl / x.urine_creatinine_mg_dl
    if excreted <= 35 + 1e-9:
        band = "prerenal (<=35)"
    elif excreted > 50 + 1e-9:
        band = "intrinsic (>50)"
    else:
        band = "indeterminate"
    return Score(value=half_up(excreted, 2), band=band)


class Ttkg(Inputs, frozen=True, kw_only=True):
    """Inputs of the transtubular potassium gradient."""

    urine_potassium_mmol_l: UrineIon
    serum_potassium_mmol_l: Potassium
    urine_osmolality_mosm_kg: Osmolality
    serum_osmolality_mosm_kg: Osmolality
    urine_sodium_mmol_l: UrineIon


@instrument(
    unit="1",
    version="Ethier 1990",
    source="Ethier JH, Am J Kidney Dis 1990;15:309; "
    "doubted by Kamel KS, Halperin ML, Curr Opin Nephrol Hypertens 2011;20:547",
    bands=(
        "low aldosterone effect: potassium above 5.0 and gradient below 7",
        "renal potassium loss: potassium below 3.5 and gradient above 3",
        "kidney responds: potassium outside the normal range otherwise",
        "no interpretation: normal potassium",
        "not valid: urine not more concentrated than serum, or urine sodium below 25",
    ),
)
def ttkg(x: Ttkg) -> Score:
    """TTKG: the kidney's part in a high or low potassium."""
    urine = x.urine_potassium_mmol_l / x.urine_osmolality_mosm_kg
    gradient = urine * x.serum_osmolality_mosm_kg / x.serum_potassium_mmol_l
    dilute = x.urine_osmolality_mosm_kg <= x.serum_osmolality_mosm_kg
    potassium = half_up(x.serum_potassium_mmol_l, 1)
    if dilute or x.urine_sodium_mmol_l < 25:
        band = "not valid"
    elif 3.5 <= potassium <= 5.0:
        band = "no interpretation"
    elif potassium > 5.0 and gradient < 7 - 1e-9:
        band = "low aldosterone effect"
    elif potassium < 3.5 and gradient > 3 + 1e-9:
        band = "renal potassium loss"
    else:
        band = "kidney responds"
    return Score(value=half_up(gradient, 2), band=band)
