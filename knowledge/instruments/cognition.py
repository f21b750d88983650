"""Cognition, movement disorder by drugs, and levels of psychotropic drugs."""

from typing import Annotated, Literal

from msgspec import Meta

from .core import Inputs, Score, instrument, total
from .quantities import count, half_up, quantity

Moca = Annotated[int, count(0, 30)]
Item4 = Annotated[int, count(0, 4)]
Seven = Annotated[tuple[Item4, ...], Meta(min_length=7, max_length=7)]
Lithium = Annotated[float, quantity(0, 10, "mmol/L")]
Valproate = Annotated[float, quantity(0, 500, "ug/mL", others={"umol/L": 6.934})]
Anc = Annotated[float, quantity(0, 60000, "/uL", others={"10*3/uL": 0.001})]


class MocaTotal(Inputs, frozen=True, kw_only=True):
    """Inputs of MoCA (copyright: the total only, by a certified rater)."""

    total_0_30: Moca
    education_12_years_or_less: bool


@instrument(
    unit="points",
    version="Nasreddine 2005",
    source="Nasreddine ZS, J Am Geriatr Soc 2005;53:695",
    bands=("normal 26-30", "impaired 0-25"),
)
def moca_total(x: MocaTotal) -> Score:
    """MoCA: mild cognitive impairment (score entry). Up to 12 years of education add a point."""
    extra = int(x.education_12_years_or_less and x.total_0_30 < 30)
    return total({"total": x.total_0_30, "education": extra}, ((25, "impaired"),), "normal")


class MmseTotal(Inputs, frozen=True, kw_only=True):
    """Input of MMSE (copyright: the total only)."""

    total_0_30: Moca


@instrument(
    unit="points",
    version="Folstein 1975",
    source="Folstein MF, J Psychiatr Res 1975;12:189",
    bands=("impaired 0-23", "normal 24-30"),
)
def mmse_total(x: MmseTotal) -> Score:
    """MMSE: cognitive impairment (score entry)."""
    return total({"total": x.total_0_30}, ((23, "impaired"),), "normal")


class FourAt(Inputs, frozen=True, kw_only=True):
    """Inputs of the 4AT."""

    alertness: Literal["normal", "clearly abnormal"]
    amt4_mistakes: Literal["none", "one", "two or more or untestable"]
    months_backwards: Literal["seven or more", "fewer or refuses", "untestable"]
    acute_change_or_fluctuation: bool


_AMT4 = {"none": 0, "one": 1, "two or more or untestable": 2}
_MONTHS = {"seven or more": 0, "fewer or refuses": 1, "untestable": 2}


@instrument(
    unit="points",
    version="MacLullich 2014",
    source="Bellelli G, Age Ageing 2014;43:496",
    bands=("unlikely 0", "possible cognitive impairment 1-3", "possible delirium 4-12"),
    name="4at",
)
def four_at(x: FourAt) -> Score:
    """4AT: delirium at the bedside."""
    parts = {
        "alertness": 4 * (x.alertness == "clearly abnormal"),
        "amt4": _AMT4[x.amt4_mistakes],
        "attention": _MONTHS[x.months_backwards],
        "acute_change": 4 * x.acute_change_or_fluctuation,
    }
    limits = ((0, "unlikely"), (3, "possible cognitive impairment"))
    return total(parts, limits, "possible delirium")


class Aims(Inputs, frozen=True, kw_only=True):
    """Inputs of AIMS, items 1 to 7 (the later items, dental ones included, are not summed)."""

    items_1_to_7: Seven


@instrument(
    unit="points",
    version="Guy 1976; Schooler-Kane criteria",
    source="Guy W, ECDEU manual 1976; Schooler NR, Arch Gen Psychiatry 1982;39:486",
    bands=("positive: one item of 3 or more, or two of 2 or more", "negative"),
)
def aims(x: Aims) -> Score:
    """AIMS: tardive dyskinesia. The band is by single items, not by the total."""
    items = x.items_1_to_7
    positive = any(i >= 3 for i in items) or sum(i >= 2 for i in items) >= 2
    parts = {f"item_{number}": item for number, item in enumerate(items, 1)}
    band = "positive" if positive else "negative"
    return Score(value=sum(items), band=band, components=dict(parts))


class LithiumLevel(Inputs, frozen=True, kw_only=True):
    """Input of the lithium level, twelve hours after a dose."""

    lithium_mmol_l: Lithium


@instrument(
    unit="mmol/L",
    version="maintenance range",
    source="FDA label lithium 2024; NICE CG185 2023",
    bands=("low below 0.6", "maintenance 0.6-1.0", "high 1.1-1.5", "toxic above 1.5"),
)
def lithium_level(x: LithiumLevel) -> Score:
    """Lithium level: within the range of maintenance or toxic. Signs count more than the number."""
    value = half_up(x.lithium_mmol_l, 1)
    steps = ((0.5, "low"), (1.0, "maintenance"), (1.5, "high"))
    band = next((name for limit, name in steps if value <= limit), "toxic")
    return Score(value=value, band=band)


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
    bands=("may start", "do not start", "continue", "monitor more often", "interrupt", "stop"),
)
def clozapine_anc(x: ClozapineAnc) -> Score:
    """Clozapine and neutrophils: may it be started or go on."""
    start, hold = (1000, 500) if x.benign_ethnic_neutropenia else (1500, 1000)
    if not x.already_on_clozapine:
        return Score(value="may start" if x.anc_per_ul >= start else "do not start")
    if x.anc_per_ul < 500:
        return Score(value="stop")
    if x.anc_per_ul < hold:
        return Score(value="interrupt")
    return Score(value="continue" if x.anc_per_ul >= start else "monitor more often")
