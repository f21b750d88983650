"""Circulation: pressures, rates, repolarisation, and the drugs that hold them up."""

from typing import Annotated

from ..errors import InvalidInput
from .core import Inputs, Score, instrument
from .quantities import (
    KPA,
    DiastolicBP,
    HeartRate,
    Lactate,
    SystolicBP,
    fixed,
    half_up,
    quantity,
)

BeatingRate = Annotated[float, quantity(10, 350, "/min", normal=75)]
"""A heart rate to divide by."""
PulsatileBP = Annotated[float, quantity(20, 320, "mm[Hg]", normal=120, others=KPA)]
"""A systolic pressure to divide by."""
Qt = Annotated[float, quantity(150, 900, "ms", normal=400, others={"s": 0.001})]
Dose = Annotated[float, quantity(0, 50, "ug/kg/min", normal=0)]
VasopressinDose = Annotated[float, quantity(0, 0.01, "U/kg/min", normal=0)]
Hours = Annotated[float, quantity(0, 72, "h")]


class MeanPressure(Inputs, frozen=True, kw_only=True):
    """Inputs of the mean arterial pressure."""

    systolic_bp_mmhg: SystolicBP
    diastolic_bp_mmhg: DiastolicBP


@instrument(
    unit="mm[Hg]",
    version="(SBP+2DBP)/3",
    source="Textbook formula, e.g. Hall JE, Guyton and Hall Textbook of Medical Physiology, 2020",
    name="map",
)
def mean_arterial_pressure(x: MeanPressure) -> Score:
    """Mean arterial pressure: perfusion pressure from a cuff reading.

    Raises InvalidInput where the diastolic pressure is above the systolic.
    """
    if x.diastolic_bp_mmhg > x.systolic_bp_mmhg:
        raise InvalidInput(
            "map", "diastolic_bp_mmhg", "at most the systolic pressure", x.diastolic_bp_mmhg
        )
    return Score(value=half_up((x.systolic_bp_mmhg + 2 * x.diastolic_bp_mmhg) / 3, 2))


class ShockIndex(Inputs, frozen=True, kw_only=True):
    """Inputs of the shock index."""

    heart_rate_per_min: HeartRate
    systolic_bp_mmhg: PulsatileBP


@instrument(
    unit="1",
    version="Allgower 1967",
    source="Allgower M, Burri C, Dtsch Med Wochenschr 1967;92:1947; "
    "limits 0.7 and 1.0 in common use, unverified",
    bands=("normal <=0.7", "elevated", "high >=1.0"),
)
def shock_index(x: ShockIndex) -> Score:
    """Shock index: occult shock, heart rate over systolic pressure."""
    index = x.heart_rate_per_min / x.systolic_bp_mmhg
    if index >= 1.0 - 1e-9:
        band = "high"
    elif index > 0.7 + 1e-9:
        band = "elevated"
    else:
        band = "normal"
    return Score(value=half_up(index, 4), band=band)


class Qtc(Inputs, frozen=True, kw_only=True):
    """Inputs of the corrected QT interval."""

    qt_ms: Qt
    heart_rate_per_min: BeatingRate


@instrument(
    unit="ms",
    version="Bazett (value); others in band",
    source="Bazett HC, Heart 1920;7:353; Fridericia LS, Acta Med Scand 1920;53:469; "
    "Sagie A (Framingham), Am J Cardiol 1992;70:797; Hodges M, J Am Coll Cardiol 1983;1:694",
    bands=(
        "fridericia=Q;framingham=Q;hodges=Q",
        "prolonged above 470 (men) or 480 (women), high risk from 500",
    ),
)
def qtc(x: Qtc) -> Score:
    """QTc: repolarisation at a heart rate of 60, by four formulas.

    Bazett overcorrects above 90/min and undercorrects below 60: Fridericia is better then.
    """
    seconds = 60 / x.heart_rate_per_min
    others = {
        "fridericia": x.qt_ms / seconds ** (1 / 3),
        "framingham": x.qt_ms + 154 * (1 - seconds),
        "hodges": x.qt_ms + 1.75 * (x.heart_rate_per_min - 60),
    }
    value = half_up(x.qt_ms / seconds**0.5, 1)
    said = ("500 ms or more: high risk of torsades de pointes",) if value >= 500 else ()
    return Score(
        value=value,
        band=";".join(f"{name}={fixed(ms, 1)}" for name, ms in others.items()),
        components={name: half_up(ms, 1) for name, ms in others.items()},
        warnings=said,
    )


class LactateClearance(Inputs, frozen=True, kw_only=True):
    """Inputs of the lactate clearance."""

    initial_lactate_mmol_l: Lactate
    later_lactate_mmol_l: Lactate
    hours_between: Hours


@instrument(
    unit="%",
    version="Jones 2010",
    source="Jones AE, JAMA 2010;303:739",
    bands=("cleared >=10", "not cleared <10"),
)
def lactate_clearance(x: LactateClearance) -> Score:
    """Lactate clearance: response of shock to resuscitation.

    Fall in percent of the first lactate; negative where it rose.
    """
    fall = 100 * (1 - x.later_lactate_mmol_l / x.initial_lactate_mmol_l)
    early = x.hours_between < 2
    return Score(
        value=half_up(fall, 1),
        band="cleared" if fall >= 10 - 1e-9 else "not cleared",
        warnings=("the 10 % limit was studied two hours or more apart",) if early else (),
    )


class VasoactiveScore(Inputs, frozen=True, kw_only=True):
    """Inputs of the vasoactive-inotropic score: infusion rates of the same time."""

    dopamine_mcg_kg_min: Dose
    dobutamine_mcg_kg_min: Dose
    epinephrine_mcg_kg_min: Dose
    milrinone_mcg_kg_min: Dose
    vasopressin_units_kg_min: VasopressinDose
    norepinephrine_mcg_kg_min: Dose


@instrument(
    unit="points",
    version="Gaies 2010",
    source="Gaies MG, Pediatr Crit Care Med 2010;11:234; "
    "bands of adults: Koponen T, Br J Anaesth 2019;122:428",
    bands=("0-5", ">5-15", ">15-30", ">30-45", ">45"),
)
def vasoactive_inotropic_score(x: VasoactiveScore) -> Score:
    """Vasoactive-inotropic score: how much drug support the circulation needs.

    Vasopressin is in units/kg/min: units per minute must be divided by the weight.
    """
    parts = {
        "dopamine": x.dopamine_mcg_kg_min,
        "dobutamine": x.dobutamine_mcg_kg_min,
        "epinephrine": 100 * x.epinephrine_mcg_kg_min,
        "milrinone": 10 * x.milrinone_mcg_kg_min,
        "vasopressin": 10_000 * x.vasopressin_units_kg_min,
        "norepinephrine": 100 * x.norepinephrine_mcg_kg_min,
    }
    rounded = {name: half_up(value, 2) for name, value in parts.items()}
    value = half_up(sum(rounded.values()), 2)
    steps = ((5, "0-5"), (15, ">5-15"), (30, ">15-30"), (45, ">30-45"))
    band = next((name for limit, name in steps if value <= limit), ">45")
    return Score(value=value, band=band, components=dict(rounded))
