"""Liver disease: how far gone, who is next for a transplant, how scarred."""

import math
from typing import Annotated, Literal

from .core import Inputs, Score, instrument, total
from .quantities import (
    Age,
    Albumin,
    Bilirubin,
    Creatinine,
    Enzyme,
    Inr,
    Sex,
    Sodium,
    half_up,
    quantity,
    years,
)

PlateletsSi = Annotated[float, quantity(1, 3000, "10*9/L", normal=250, others={"/uL": 1000})]
Seconds = Annotated[float, quantity(8, 150, "s", normal=12)]


class ChildPugh(Inputs, frozen=True, kw_only=True):
    """Inputs of Child-Pugh."""

    bilirubin_mg_dl: Bilirubin
    albumin_g_dl: Albumin
    inr: Inr
    ascites: Literal["none", "mild", "moderate-severe"]
    encephalopathy: Literal["none", "grade 1-2", "grade 3-4"]


@instrument(
    unit="points",
    version="Pugh 1973 (INR form)",
    source="Pugh RN, Br J Surg 1973;60:646",
    bands=("A 5-6", "B 7-9", "C 10-15"),
)
def child_pugh(x: ChildPugh) -> Score:
    """Child-Pugh: severity of cirrhosis. Biliary cirrhosis has other bilirubin limits.

    An INR of exactly 2.3 has two points (some sources cut at 2.2).
    """
    parts = {
        "bilirubin": 1 if x.bilirubin_mg_dl < 2 else 2 if x.bilirubin_mg_dl <= 3 else 3,
        "albumin": 1 if x.albumin_g_dl > 3.5 else 2 if x.albumin_g_dl >= 2.8 else 3,
        "inr": 1 if x.inr < 1.7 else 2 if x.inr <= 2.3 else 3,
        "ascites": 1 + ("none", "mild", "moderate-severe").index(x.ascites),
        "encephalopathy": 1 + ("none", "grade 1-2", "grade 3-4").index(x.encephalopathy),
    }
    return total(parts, ((6, "A"), (9, "B")), "C")


class MeldNa(Inputs, frozen=True, kw_only=True):
    """Inputs of MELD-Na."""

    creatinine_mg_dl: Creatinine
    bilirubin_mg_dl: Bilirubin
    inr: Inr
    sodium_mmol_l: Sodium
    dialysis_twice_in_past_week: bool


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@instrument(
    unit="1",
    version="OPTN 2016",
    source="OPTN policy 9, 2016; Kim WR, N Engl J Med 2008;359:1018",
    bands=("6-40",),
)
def meld_na(x: MeldNa) -> Score:
    """MELD-Na: three-month mortality and place on the liver waiting list (2016 to 2023).

    Values below 1 count as 1, creatinine is capped at 4.0 and is 4.0 on dialysis. MELD is rounded
    to a tenth before it is multiplied; sodium (125 to 137) counts only above 11.
    """
    creatinine = 4.0 if x.dialysis_twice_in_past_week else _within(x.creatinine_mg_dl, 1, 4)
    logs = (
        0.957 * math.log(creatinine)
        + 0.378 * math.log(max(x.bilirubin_mg_dl, 1.0))
        + 1.120 * math.log(max(x.inr, 1.0))
        + 0.643
    )
    meld = half_up(logs, 1) * 10
    lack = 137 - _within(x.sodium_mmol_l, 125, 137)
    full = meld + 1.32 * lack - 0.033 * meld * lack if meld > 11 + 1e-9 else meld
    value = int(_within(half_up(half_up(full, 6)), 6, 40))
    return Score(value=value, components={"meld": half_up(meld, 1)})


class Meld3(Inputs, frozen=True, kw_only=True):
    """Inputs of MELD 3.0. Everybody below 18 years gets the term for women."""

    creatinine_mg_dl: Creatinine
    bilirubin_mg_dl: Bilirubin
    inr: Inr
    sodium_mmol_l: Sodium
    dialysis_twice_in_past_week: bool
    albumin_g_dl: Albumin
    sex: Sex


@instrument(
    unit="1",
    version="Kim 2021 / OPTN 2023",
    source="Kim WR, Gastroenterology 2021;161:1887; OPTN policy 9, 2023",
    bands=("6-40",),
)
def meld_3_0(x: Meld3) -> Score:
    """MELD 3.0: place on the liver waiting list since July 2023.

    Creatinine is capped at 3.0 (and is 3.0 on dialysis), albumin at 1.5 to 3.5, sodium 125 to 137.
    """
    creatinine = 3.0 if x.dialysis_twice_in_past_week else _within(x.creatinine_mg_dl, 1, 3)
    bilirubin = math.log(max(x.bilirubin_mg_dl, 1.0))
    lack = 137 - _within(x.sodium_mmol_l, 125, 137)
    poor = 3.5 - _within(x.albumin_g_dl, 1.5, 3.5)
    value = (
        1.33 * (x.sex == "female")
        + 4.56 * bilirubin
        + 0.82 * lack
        - 0.24 * lack * bilirubin
        + 9.09 * math.log(max(x.inr, 1.0))
        + 11.14 * math.log(creatinine)
        + 1.85 * poor
        - 1.83 * poor * math.log(creatinine)
        + 6
    )
    return Score(value=int(_within(half_up(half_up(value, 6)), 6, 40)))


class Fib4(Inputs, frozen=True, kw_only=True):
    """Inputs of FIB-4."""

    age_years: Age
    ast_u_l: Enzyme
    alt_u_l: Enzyme
    platelets_10e9_per_l: PlateletsSi


@instrument(
    unit="1",
    version="Sterling 2006; cut-offs 1.30/2.67 (NAFLD)",
    source="Sterling RK, Hepatology 2006;43:1317; Shah AG, Clin Gastroenterol Hepatol 2009;7:1104; "
    "McPherson S, Am J Gastroenterol 2017;112:740 (2.0 from 65 years)",
    bands=("low below 1.30 (2.0 from 65 years)", "indeterminate up to 2.67", "high above 2.67"),
)
def fib4(x: Fib4) -> Score:
    """FIB-4: advanced fibrosis from age, aminotransferases and platelets."""
    age = years(x.age_years)
    value = age * x.ast_u_l / (x.platelets_10e9_per_l * math.sqrt(x.alt_u_l))
    low = 2.0 if age >= 65 else 1.30
    band = "low" if value < low else "indeterminate" if value <= 2.67 else "high"
    return Score(value=half_up(value, 2), band=band)


class Maddrey(Inputs, frozen=True, kw_only=True):
    """Inputs of Maddrey's discriminant function."""

    prothrombin_time_s: Seconds
    control_prothrombin_time_s: Seconds
    bilirubin_mg_dl: Bilirubin


@instrument(
    unit="1",
    version="modified 1989",
    source="Carithers RL, Ann Intern Med 1989;110:685",
    bands=("not severe below 32", "severe 32 or more"),
)
def maddrey(x: Maddrey) -> Score:
    """Maddrey: severity of alcoholic hepatitis, 4.6 x (PT - control) + bilirubin."""
    value = 4.6 * (x.prothrombin_time_s - x.control_prothrombin_time_s) + x.bilirubin_mg_dl
    band = "severe" if half_up(value, 1) >= 32 else "not severe"
    return Score(value=half_up(value, 1), band=band)
