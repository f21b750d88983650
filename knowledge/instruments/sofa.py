"""Organ failure in numbers: SOFA of 1996, SOFA-2 of 2025, and sepsis by Sepsis-3."""

from typing import Annotated

from .core import Inputs, Score, instrument
from .quantities import (
    Bicarbonate,
    Bilirubin,
    Creatinine,
    FiO2,
    Gcs,
    Lactate,
    MeanBP,
    PaO2,
    Ph,
    Platelets,
    Potassium,
    count,
    half_up,
    points,
    quantity,
)

Dose = Annotated[float, quantity(0, 100, "ug/kg/min", normal=0)]
UrinePerDay = Annotated[float, quantity(0, 20000, "mL/d", normal=1500, others={"L/d": 0.001})]
PfRatio = Annotated[float, quantity(20, 800, "mm[Hg]", normal=430, others={"kPa": 0.133322})]
Hours = Annotated[float, quantity(0, 168, "h", normal=0)]
SofaPoints = Annotated[int, count(0, 24)]

SOFA_BANDS = ("0-24: six organs of 0-4 points",)


class Sofa(Inputs, frozen=True, kw_only=True):
    """Inputs of SOFA: the worst of 24 hours; catecholamines given for at least an hour."""

    pao2_mmhg: PaO2
    fio2_fraction: FiO2
    respiratory_support: bool
    platelets_10e3_per_ul: Platelets
    bilirubin_mg_dl: Bilirubin
    mean_arterial_pressure_mmhg: MeanBP
    dopamine_mcg_kg_min: Dose
    dobutamine_mcg_kg_min: Dose
    epinephrine_mcg_kg_min: Dose
    norepinephrine_mcg_kg_min: Dose
    gcs: Gcs
    creatinine_mg_dl: Creatinine
    urine_output_ml_per_day: UrinePerDay


@instrument(
    unit="points",
    version="SOFA 1996 (Sepsis-3 table)",
    source="Vincent JL, Intensive Care Med 1996;22:707; Singer M, JAMA 2016;315:801, Table 1",
    bands=SOFA_BANDS,
)
def sofa(x: Sofa) -> Score:
    """SOFA: organ failure in intensive care and in Sepsis-3.

    Three or four respiratory points ask for respiratory support. Bilirubin of exactly 12.0 mg/dL
    has four points (the paper prints "above 12.0"). The value before the illness is the baseline.
    """
    ratio = x.pao2_mmhg / x.fio2_fraction + 1e-9
    lungs = points(ratio, (400, 0), (300, 1), (200, 2), (100, 3), below=4)
    parts = {
        "respiration": lungs if x.respiratory_support else min(lungs, 2),
        "coagulation": points(
            x.platelets_10e3_per_ul, (150, 0), (100, 1), (50, 2), (20, 3), below=4
        ),
        "liver": points(half_up(x.bilirubin_mg_dl, 1), (12, 4), (6, 3), (2, 2), (1.2, 1), below=0),
        "cardiovascular": _catecholamines(x),
        "nervous_system": points(x.gcs, (15, 0), (13, 1), (10, 2), (6, 3), below=4),
        "kidney": max(
            points(half_up(x.creatinine_mg_dl, 1), (5, 4), (3.5, 3), (2, 2), (1.2, 1), below=0),
            points(x.urine_output_ml_per_day, (500, 0), (200, 3), below=4),
        ),
    }
    return Score(value=sum(parts.values()), components=dict(parts))


def _catecholamines(x: Sofa) -> int:
    strong = max(x.epinephrine_mcg_kg_min, x.norepinephrine_mcg_kg_min)
    if x.dopamine_mcg_kg_min > 15 or strong > 0.1:
        return 4
    if x.dopamine_mcg_kg_min > 5 or strong > 0:
        return 3
    if x.dopamine_mcg_kg_min > 0 or x.dobutamine_mcg_kg_min > 0:
        return 2
    return int(x.mean_arterial_pressure_mmhg < 70)


class Sofa2(Inputs, frozen=True, kw_only=True):
    """Inputs of SOFA-2: the worst of 24 hours.

    Norepinephrine as base. Advanced support: high flow, CPAP, bilevel, non-invasive, invasive or
    long-term home ventilation. Without the optional inputs the kidney is scored by creatinine and
    replacement therapy alone.
    """

    gcs: Gcs
    drug_treatment_for_delirium: bool
    pao2_fio2_ratio_mmhg: PfRatio
    advanced_ventilatory_support: bool
    ecmo_for_respiratory_failure: bool
    norepinephrine_plus_epinephrine_mcg_kg_min: Dose
    other_vasopressor_or_inotrope: bool
    mechanical_circulatory_support: bool
    mean_arterial_pressure_mmhg: MeanBP
    bilirubin_mg_dl: Bilirubin
    creatinine_mg_dl: Creatinine
    receiving_rrt: bool
    platelets_10e3_per_ul: Platelets
    dopamine_alone_mcg_kg_min: Dose | None = None
    hours_urine_below_0_5_ml_kg_h: Hours | None = None
    hours_urine_below_0_3_ml_kg_h: Hours | None = None
    hours_anuria: Hours | None = None
    potassium_mmol_l: Potassium | None = None
    arterial_ph: Ph | None = None
    bicarbonate_mmol_l: Bicarbonate | None = None


@instrument(
    unit="points",
    version="SOFA-2 2025",
    source="Ranzani OT, JAMA 2025, doi 10.1001/jama.2025.20516; "
    "urine, dopamine-alone and replacement criteria of the footnotes unverified",
    bands=SOFA_BANDS,
)
def sofa2(x: Sofa2) -> Score:
    """SOFA-2: organ failure in intensive care, the revision of 2025.

    Not the score of Sepsis-3, which is SOFA of 1996: nearly every limit differs.
    """
    parts = {
        "brain": max(
            points(x.gcs, (15, 0), (13, 1), (9, 2), (6, 3), below=4),
            int(x.drug_treatment_for_delirium),
        ),
        "respiratory": _lungs2(x),
        "cardiovascular": _circulation2(x),
        "liver": _above(x.bilirubin_mg_dl, 1.2, 3.0, 6.0, 12.0),
        "kidney": _kidney2(x),
        "hemostasis": 4 - _above(x.platelets_10e3_per_ul, 50, 80, 100, 150),
    }
    urine = (x.hours_urine_below_0_5_ml_kg_h, x.hours_urine_below_0_3_ml_kg_h, x.hours_anuria)
    silent = all(hours is None for hours in urine) and parts["kidney"] < 4
    said = ("urine output is not given: kidney by creatinine alone",) if silent else ()
    return Score(value=sum(parts.values()), components=dict(parts), warnings=said)


def _above(value: float, *limits: float) -> int:
    """How many of the limits the value is above; at a limit it is not."""
    return sum(value > limit + 1e-9 for limit in limits)


def _lungs2(x: Sofa2) -> int:
    if x.ecmo_for_respiratory_failure:
        return 4
    failing = 4 - _above(x.pao2_fio2_ratio_mmhg, 75, 150, 225, 300)
    return failing if x.advanced_ventilatory_support else min(failing, 2)


def _circulation2(x: Sofa2) -> int:
    if x.mechanical_circulatory_support:
        return 4
    dose = x.norepinephrine_plus_epinephrine_mcg_kg_min
    # doses of two decimals add up to 0.30000000000000004 and the like, hence `_above`
    base = 2 + _above(dose, 0.2, 0.4) if dose > 0 else 0
    other = x.other_vasopressor_or_inotrope
    drugs = min(base + 1, 4) if base and other else max(base, 2 * other)
    alone = x.dopamine_alone_mcg_kg_min or 0
    if alone > 0:
        drugs = max(drugs, 2 + _above(alone, 20, 40))
    return drugs or int(x.mean_arterial_pressure_mmhg < 70)


def _kidney2(x: Sofa2) -> int:
    if x.receiving_rrt or _replacement_criteria(x):
        return 4
    very_low = x.hours_urine_below_0_3_ml_kg_h or 0
    if very_low >= 24 or (x.hours_anuria or 0) >= 12:
        urine = 3
    else:
        urine = points(x.hours_urine_below_0_5_ml_kg_h or 0, (12, 2), (6, 1), below=0)
    return max(urine, _above(x.creatinine_mg_dl, 1.2, 2.0, 3.5))


def _replacement_criteria(x: Sofa2) -> bool:
    """Kidney failure with potassium or acid at which replacement is due, though not given."""
    failing = x.creatinine_mg_dl > 1.2 or (x.hours_urine_below_0_3_ml_kg_h or 0) > 6
    potassium = x.potassium_mmol_l is not None and half_up(x.potassium_mmol_l, 1) >= 6.0
    low_ph = x.arterial_ph is not None and half_up(x.arterial_ph, 2) <= 7.20
    low_base = x.bicarbonate_mmol_l is not None and x.bicarbonate_mmol_l <= 12
    return failing and (potassium or (low_ph and low_base))


class Sepsis3(Inputs, frozen=True, kw_only=True):
    """Inputs of Sepsis-3. Baseline SOFA: before this illness, 0 only where known to be healthy."""

    suspected_infection: bool
    sofa_points: SofaPoints
    baseline_sofa_points: SofaPoints
    adequate_fluid_resuscitation: bool
    vasopressor_to_keep_map_65: bool
    lactate_mmol_l: Lactate


@instrument(
    unit="category",
    version="Sepsis-3 2016",
    source="Singer M, JAMA 2016;315:801",
    bands=("no sepsis", "sepsis", "septic shock"),
)
def sepsis3(x: Sepsis3) -> Score:
    """Sepsis-3: is an infection sepsis or septic shock.

    Sepsis is an infection with a rise of SOFA (1996) by two or more. Septic shock is sepsis that
    needs a vasopressor for a mean pressure of 65 and has a lactate above 2, both despite fluids.
    """
    rise = x.sofa_points - x.baseline_sofa_points
    band = "sepsis" if x.suspected_infection and rise >= 2 else "no sepsis"
    # 2.0 is not above 2: lactate is printed to a tenth
    shock = x.vasopressor_to_keep_map_65 and half_up(x.lactate_mmol_l, 1) > 2
    warnings: tuple[str, ...] = ()
    if band == "sepsis" and shock:
        if x.adequate_fluid_resuscitation:
            band = "septic shock"
        else:
            warnings = ("shock criteria are met before fluids were adequate",)
    return Score(value=band, band=band, components={"sofa_rise": rise}, warnings=warnings)
