"""Measured concentrations corrected for what distorts them."""

from typing import Annotated

from .core import Inputs, Score, instrument
from .quantities import Albumin, Calcium, Glucose, Hematocrit, Sodium, fixed, half_up, quantity

Phenytoin = Annotated[float, quantity(0.1, 100, "mg/L", others={"umol/L": 3.964})]
Reticulocytes = Annotated[float, quantity(0, 60, "%", normal=1.2)]


class CorrectedCalcium(Inputs, frozen=True, kw_only=True):
    """Inputs of the corrected calcium."""

    calcium_mg_dl: Calcium
    albumin_g_dl: Albumin


@instrument(
    unit="mg/dL",
    version="Payne-type, 0.8, ref 4.0",
    source="Payne RB, Br Med J 1973;4:643, in its bedside form",
)
def corrected_calcium(x: CorrectedCalcium) -> Score:
    """Corrected calcium: total calcium at an albumin of 4.0 g/dL.

    Unreliable in critical illness and kidney failure; ionised calcium decides.
    """
    return Score(value=half_up(x.calcium_mg_dl + 0.8 * (4.0 - x.albumin_g_dl), 2))


class CorrectedSodium(Inputs, frozen=True, kw_only=True):
    """Inputs of the corrected sodium."""

    sodium_mmol_l: Sodium
    glucose_mg_dl: Glucose


@instrument(
    unit="mmol/L",
    version="Hillier 2.4 (value) and Katz 1.6 (band)",
    source="Hillier TA, Am J Med 1999;106:399; Katz MA, N Engl J Med 1973;289:843",
    bands=("katz_1.6=N, the sodium by the older factor",),
)
def corrected_sodium(x: CorrectedSodium) -> Score:
    """Corrected sodium: the sodium expected once a high glucose is gone.

    Adds 2.4 mmol/L (Katz: 1.6) for each 100 mg/dL of glucose above 100.
    """
    hundreds = (x.glucose_mg_dl - 100) / 100
    katz = x.sodium_mmol_l + 1.6 * hundreds
    low = x.glucose_mg_dl < 100
    return Score(
        value=half_up(x.sodium_mmol_l + 2.4 * hundreds, 2),
        band=f"katz_1.6={fixed(katz, 2)}",
        components={"katz_1.6": half_up(katz, 2)},
        warnings=("glucose is below 100 mg/dL: no correction is needed",) if low else (),
    )


class AdjustedPhenytoin(Inputs, frozen=True, kw_only=True):
    """Inputs of the adjusted phenytoin."""

    phenytoin_mg_l: Phenytoin
    albumin_g_dl: Albumin
    creatinine_clearance_below_10_or_dialysis: bool


@instrument(
    unit="mg/L",
    version="Sheiner-Tozer, 0.2 and 0.1",
    source="Sheiner LB, Tozer TN, in: Melmon KL, Morrelli HF, Clinical Pharmacology, 1978; "
    "10-20 mg/L for total phenytoin as in its FDA label, year of revision unverified",
    bands=("below range <10", "in range 10-20", "above range >20"),
)
def adjusted_phenytoin(x: AdjustedPhenytoin) -> Score:
    """Adjusted phenytoin: total phenytoin as if albumin were normal.

    Level / (0.2 x albumin + 0.1), with 0.1 in place of 0.2 in end-stage kidney disease. An
    estimate: a measured free level is better, and valproate makes the formula invalid.
    """
    share = 0.1 if x.creatinine_clearance_below_10_or_dialysis else 0.2
    level = x.phenytoin_mg_l / (share * x.albumin_g_dl + 0.1)
    if level < 10 - 1e-9:
        band = "below range"
    elif level > 20 + 1e-9:
        band = "above range"
    else:
        band = "in range"
    return Score(value=half_up(level, 2), band=band)


class ReticulocyteIndex(Inputs, frozen=True, kw_only=True):
    """Inputs of the reticulocyte production index."""

    reticulocytes_percent: Reticulocytes
    hematocrit_percent: Hematocrit


@instrument(
    unit="1",
    version="normal hematocrit 45; maturation 1, 1.5, 2, 2.5 days",
    source="Hillman RS, J Clin Invest 1969;48:443; hematocrit steps and bands unverified",
    bands=(
        "inadequate marrow response <2",
        "borderline 2-3",
        "adequate marrow response >3",
    ),
)
def corrected_reticulocyte_index(x: ReticulocyteIndex) -> Score:
    """Reticulocyte production index: does the marrow answer the anaemia.

    Reticulocytes x hematocrit/45, divided by the days a reticulocyte matures in the blood: 1 above
    a hematocrit of 35, 1.5 above 25, 2 above 15, else 2.5. Read it in anaemia only.
    """
    steps = ((35, 1.0), (25, 1.5), (15, 2.0))
    days = next((d for limit, d in steps if half_up(x.hematocrit_percent) > limit), 2.5)
    corrected = x.reticulocytes_percent * x.hematocrit_percent / 45
    index = corrected / days
    if index < 2 - 1e-9:
        band = "inadequate marrow response"
    elif index > 3 + 1e-9:
        band = "adequate marrow response"
    else:
        band = "borderline"
    parts = {"corrected_percent": half_up(corrected, 2), "maturation_days": days}
    return Score(value=half_up(index, 2), band=band, components=dict(parts))
