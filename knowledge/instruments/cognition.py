"""Cognition and delirium. Of protected tests the total only, no items."""

from typing import Annotated, Literal

from .core import Inputs, Score, instrument, total
from .quantities import count

Moca = Annotated[int, count(0, 30)]


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
