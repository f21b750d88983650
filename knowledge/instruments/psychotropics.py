"""Levels and counts that are watched under psychotropic drugs."""

from typing import Annotated

from .core import Inputs, Score, instrument
from .quantities import half_up, quantity

Lithium = Annotated[float, quantity(0, 10, "mmol/L", others={"mg/dL": 0.694, "ug/mL": 6.94})]
Valproate = Annotated[float, quantity(0, 500, "ug/mL", others={"umol/L": 6.934})]
Anc = Annotated[float, quantity(0, 60000, "/uL", others={"10*3/uL": 0.001})]


class LithiumLevel(Inputs, frozen=True, kw_only=True):
    """Input of the lithium level, twelve hours after a dose."""

    lithium_mmol_l: Lithium


@instrument(
    unit="mmol/L",
    version="maintenance range",
    source="FDA label lithium 2024; NICE CG185 2023; range of acute mania unverified",
    bands=("low below 0.6", "maintenance 0.6-1.0", "high 1.1-1.5", "toxic above 1.5"),
)
def lithium_level(x: LithiumLevel) -> Score:
    """Lithium level: within the range of maintenance or toxic. Signs count more than the number.

    Compared at one decimal. In acute mania up to 1.2 is aimed at. In chronic poisoning signs come
    at levels that an acute overdose shows without any.
    """
    value = half_up(x.lithium_mmol_l, 1)
    steps = ((0.5, "low"), (1.0, "maintenance"), (1.5, "high"))
    band = next((name for limit, name in steps if value <= limit), "toxic")
    mania = ("within the range of acute mania (0.8-1.2)",) if 1.0 < value <= 1.2 else ()
    return Score(value=value, band=band, warnings=mania)


class ValproateLevel(Inputs, frozen=True, kw_only=True):
    """Input of the trough level of total valproate."""

    valproate_mcg_ml: Valproate


@instrument(
    unit="ug/mL",
    version="total, trough",
    source="FDA label Depakote 2024",
    bands=("low below 50", "therapeutic 50-125", "high above 125"),
)
def valproate_level(x: ValproateLevel) -> Score:
    """Valproate level: within the range for mania. A low albumin hides a high free level."""
    value = half_up(x.valproate_mcg_ml, 1)
    band = "low" if value < 50 else "therapeutic" if value <= 125 else "high"
    return Score(value=value, band=band)


class ClozapineAnc(Inputs, frozen=True, kw_only=True):
    """Inputs of neutrophil monitoring under clozapine."""

    anc_per_ul: Anc
    benign_ethnic_neutropenia: bool
    already_on_clozapine: bool


@instrument(
    unit="category",
    version="label thresholds",
    source="FDA label Clozaril 2024 (the REMS programme ended in 2025, unverified)",
    bands=(
        "may start: 1500 (benign ethnic neutropenia 1000) or more",
        "do not start",
        "continue: 1500 (1000) or more",
        "monitor more often: 1000-1499 (500-999), three times weekly",
        "interrupt: 500-999 (not with benign ethnic neutropenia)",
        "stop: below 500",
    ),
)
def clozapine_anc(x: ClozapineAnc) -> Score:
    """Clozapine and neutrophils: may it be started or go on.

    A first low count is confirmed within 24 hours. A single-digit or two-digit count is taken as
    it is, with a warning: it may be meant in thousands.
    """
    odd = 0 < x.anc_per_ul < 100
    warnings = ("is this count in 10*3/uL? 1.5 of them are 1500 /uL",) if odd else ()
    start, hold = (1000, 500) if x.benign_ethnic_neutropenia else (1500, 1000)
    if not x.already_on_clozapine:
        value = "may start" if x.anc_per_ul >= start else "do not start"
        return Score(value=value, warnings=warnings)
    if x.anc_per_ul >= start:
        return Score(value="continue")
    steps = ((hold, "monitor more often"), (500, "interrupt"))
    value = next((name for least, name in steps if x.anc_per_ul >= least), "stop")
    return Score(value=value, warnings=(*warnings, "confirm within 24 h"))
