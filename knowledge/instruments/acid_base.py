"""Acid-base disorders and the gaps that name what was not measured."""

from typing import Annotated

from ..errors import InvalidInput
from .core import Inputs, Score, instrument
from .quantities import (
    Albumin,
    Bicarbonate,
    Bun,
    Chloride,
    Glucose,
    Osmolality,
    PaCO2,
    Sodium,
    fixed,
    half_up,
    quantity,
)

Ethanol = Annotated[float, quantity(0, 1000, "mg/dL", normal=0)]
UrineIon = Annotated[float, quantity(0, 400, "mmol/L")]


class AnionGap(Inputs, frozen=True, kw_only=True):
    """Inputs of the anion gap."""

    sodium_mmol_l: Sodium
    chloride_mmol_l: Chloride
    bicarbonate_mmol_l: Bicarbonate
    albumin_g_dl: Albumin


@instrument(
    unit="mmol/L",
    version="without potassium; albumin correction 2.5",
    source="Emmett M, Narins RG, Medicine 1977;56:38; "
    "correction: Figge J, Crit Care Med 1998;26:1807",
    bands=(
        "albumin_corrected=G, the gap plus 2.5 for each g/dL of albumin below 4; raised above 12",
    ),
)
def anion_gap(x: AnionGap) -> Score:
    """Anion gap: unmeasured anions in metabolic acidosis.

    Potassium is left out. A low albumin hides a raised gap, so the corrected gap stands beside it.
    """
    gap = x.sodium_mmol_l - x.chloride_mmol_l - x.bicarbonate_mmol_l
    corrected = gap + 2.5 * (4.0 - x.albumin_g_dl)
    return Score(
        value=half_up(gap, 2),
        band=f"albumin_corrected={fixed(corrected, 2)}",
        components={"albumin_corrected": half_up(corrected, 2)},
    )


class DeltaRatio(Inputs, frozen=True, kw_only=True):
    """Inputs of the delta ratio."""

    sodium_mmol_l: Sodium
    chloride_mmol_l: Chloride
    bicarbonate_mmol_l: Bicarbonate


@instrument(
    unit="1",
    version="(AG-12)/(24-HCO3)",
    source="Wrenn K, Ann Emerg Med 1990;19:1310; limits of the patterns unverified",
)
def delta_ratio(x: DeltaRatio) -> Score:
    """Delta ratio: a second disorder behind a high anion gap acidosis.

    Below 0.4 normal-gap acidosis, to 0.8 both, to 2 high-gap acidosis alone, above 2 an added
    metabolic alkalosis. Raises InvalidInput at a bicarbonate of exactly 24, where nothing is lost
    and the ratio does not exist.
    """
    lost = 24 - x.bicarbonate_mmol_l
    if lost == 0:
        raise InvalidInput(
            "delta_ratio", "bicarbonate_mmol_l", "a value other than 24 mmol/L", 24, "no ratio"
        )
    gap = x.sodium_mmol_l - x.chloride_mmol_l - x.bicarbonate_mmol_l
    ratio = (gap - 12) / lost
    parts: dict[str, float | int | str] = {"anion_gap": half_up(gap, 2)}
    if lost < 0 or gap <= 12:
        said = "read it only where the gap is above 12 and bicarbonate below 24"
        return Score(value=half_up(ratio, 4), components=parts, warnings=(said,))
    return Score(value=half_up(ratio, 4), components={**parts, "pattern": _pattern(ratio)})


def _pattern(ratio: float) -> str:
    if ratio < 0.4 - 1e-9:
        return "normal-gap acidosis"
    if ratio < 0.8 - 1e-9:
        return "high-gap and normal-gap acidosis"
    if ratio <= 2 + 1e-9:
        return "high-gap acidosis"
    return "high-gap acidosis with metabolic alkalosis"


class Winters(Inputs, frozen=True, kw_only=True):
    """Inputs of Winters' formula."""

    bicarbonate_mmol_l: Bicarbonate
    paco2_mmhg: PaCO2


@instrument(
    unit="mm[Hg]",
    version="Albert 1967",
    source="Albert MS, Dell RB, Winters RW, Ann Intern Med 1967;66:312",
    bands=(
        "appropriate: within 2 of the expected",
        "concurrent respiratory acidosis: above",
        "concurrent respiratory alkalosis: below",
    ),
)
def winters(x: Winters) -> Score:
    """Winters' formula: expected PaCO2 in a metabolic acidosis.

    The value is 1.5 x bicarbonate + 8; the band says where the measured PaCO2 lies.
    """
    expected = 1.5 * x.bicarbonate_mmol_l + 8
    excess = x.paco2_mmhg - expected
    if excess > 2 + 1e-9:
        band = "concurrent respiratory acidosis"
    elif excess < -2 - 1e-9:
        band = "concurrent respiratory alkalosis"
    else:
        band = "appropriate"
    acidosis = x.bicarbonate_mmol_l < 24
    said = () if acidosis else ("bicarbonate is not low: for metabolic acidosis only",)
    return Score(
        value=half_up(expected, 2),
        band=band,
        components={"measured_minus_expected": half_up(excess, 2)},
        warnings=said,
    )


class OsmolalityGap(Inputs, frozen=True, kw_only=True):
    """Inputs of the osmolality gap."""

    sodium_mmol_l: Sodium
    glucose_mg_dl: Glucose
    bun_mg_dl: Bun
    ethanol_mg_dl: Ethanol
    measured_osmolality_mosm_kg: Osmolality


@instrument(
    unit="mosm/kg",
    version="2Na+Glu/18+BUN/2.8+EtOH/4.6",
    source="Hoffman RS, J Toxicol Clin Toxicol 1993;31:81; some laboratories divide ethanol by 3.7",
    bands=("gap=G, measured minus calculated; raised above 10",),
)
def osmolality_gap(x: OsmolalityGap) -> Score:
    """Osmolality gap: unmeasured osmoles such as toxic alcohols.

    The value is the calculated osmolality, the band carries the gap. A normal gap does not exclude
    a late toxic alcohol ingestion.
    """
    known = 2 * x.sodium_mmol_l + x.glucose_mg_dl / 18 + x.bun_mg_dl / 2.8
    calculated = known + x.ethanol_mg_dl / 4.6
    gap = x.measured_osmolality_mosm_kg - calculated
    return Score(
        value=half_up(calculated, 2),
        band=f"gap={fixed(gap, 1)}",
        components={"gap": half_up(gap, 2)},
    )


class UrineAnionGap(Inputs, frozen=True, kw_only=True):
    """Inputs of the urine anion gap (spot urine)."""

    urine_sodium_mmol_l: UrineIon
    urine_potassium_mmol_l: UrineIon
    urine_chloride_mmol_l: UrineIon


@instrument(
    unit="mmol/L",
    version="Batlle 1988",
    source="Batlle DC, N Engl J Med 1988;318:594",
    bands=("negative: ammonium is excreted", "zero or positive: ammonium excretion is low"),
)
def urine_anion_gap(x: UrineAnionGap) -> Score:
    """Urine anion gap: kidney or gut as the source of a normal-gap acidosis.

    Sodium + potassium - chloride of the urine. Negative suits bicarbonate loss by the gut, positive
    distal renal tubular acidosis. It misleads with ketones or other anions in the urine.
    """
    gap = x.urine_sodium_mmol_l + x.urine_potassium_mmol_l - x.urine_chloride_mmol_l
    low = x.urine_sodium_mmol_l < 25
    said = ("urine sodium below 25 mmol/L: distal acidification cannot be judged",) if low else ()
    band = "negative" if gap < -1e-9 else "zero or positive"
    return Score(value=half_up(gap, 2), band=band, warnings=said)
