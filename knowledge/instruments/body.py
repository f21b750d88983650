"""Size of the body and of what it holds: surface, weights, cells, iron."""

from typing import Annotated

from ..errors import InvalidInput
from .core import Inputs, Score, instrument
from .quantities import (
    Age,
    Height,
    Hemoglobin,
    Percent,
    Sex,
    Wbc,
    Weight,
    fixed,
    half_up,
    quantity,
    years,
)

TargetHemoglobin = Annotated[float, quantity(8, 18, "g/dL", others={"g/L": 10})]


class Bsa(Inputs, frozen=True, kw_only=True):
    """Inputs of the body surface area."""

    height_cm: Height
    weight_kg: Weight


@instrument(unit="m2", version="Mosteller 1987", source="Mosteller RD, N Engl J Med 1987;317:1098")
def bsa_mosteller(x: Bsa) -> Score:
    """Body surface area: dosing and indexing by body size."""
    return Score(value=half_up((x.height_cm * x.weight_kg / 3600) ** 0.5, 4))


class IdealWeight(Inputs, frozen=True, kw_only=True):
    """Inputs of the ideal and adjusted weight; adults."""

    sex: Sex
    height_cm: Height
    weight_kg: Weight


@instrument(
    unit="kg",
    version="Devine 1974; AdjBW 0.4",
    source="Devine BJ, Drug Intell Clin Pharm 1974;8:650; factor 0.4: Bauer LA, "
    "Eur J Clin Pharmacol 1983;24:643",
    bands=("adjusted=W, ideal weight plus 0.4 of the difference to the actual weight",),
)
def ibw_adjbw(x: IdealWeight) -> Score:
    """Ideal and adjusted body weight: drug doses in obesity, tidal volume.

    Devine counts inches above 60 only: a shorter adult gets the base weight, with a warning.
    """
    base = 50.0 if x.sex == "male" else 45.5
    inches = x.height_cm / 2.54
    ideal = base + 2.3 * max(inches - 60, 0)
    adjusted = ideal + 0.4 * (x.weight_kg - ideal)
    warnings = []
    if inches < 60 - 1e-9:
        warnings.append("height is below 60 inches (152.4 cm): Devine is not defined there")
    if x.weight_kg < ideal - 1e-9:
        warnings.append("actual weight is below ideal: dose by the actual weight")
    return Score(
        value=half_up(ideal, 2),
        band=f"adjusted={fixed(adjusted, 2)}",
        components={"adjusted_kg": half_up(adjusted, 2)},
        warnings=tuple(warnings),
    )


class Bmi(Inputs, frozen=True, kw_only=True):
    """Inputs of the body mass index."""

    age_years: Age
    height_cm: Height
    weight_kg: Weight


@instrument(
    unit="kg/m2",
    version="WHO 2000",
    source="World Health Organization, Technical Report Series 894, 2000",
    bands=(
        "underweight <18.5",
        "normal 18.5-24.9",
        "overweight 25-29.9",
        "obesity class 1 30-34.9",
        "obesity class 2 35-39.9",
        "obesity class 3 >=40",
    ),
)
def bmi(x: Bmi) -> Score:
    """Body mass index: weight for height.

    The bands are for adults from 20 years; a child is read against centiles and gets no band.
    """
    value = x.weight_kg / (x.height_cm / 100) ** 2
    if years(x.age_years) < 20:
        said = "below 20 years the index is read against age and sex centiles"
        return Score(value=half_up(value, 1), warnings=(said,))
    steps = (
        (40, "obesity class 3"),
        (35, "obesity class 2"),
        (30, "obesity class 1"),
        (25, "overweight"),
        (18.5, "normal"),
    )
    band = next((name for limit, name in steps if half_up(value, 1) >= limit), "underweight")
    return Score(value=half_up(value, 1), band=band)


class IronDeficit(Inputs, frozen=True, kw_only=True):
    """Inputs of the iron deficit. Weight: ideal weight where overweight."""

    weight_kg: Weight
    hemoglobin_g_dl: Hemoglobin
    target_hemoglobin_g_dl: TargetHemoglobin


@instrument(
    unit="mg",
    version="Ganzoni 1970",
    source="Ganzoni AM, Schweiz Med Wochenschr 1970;100:301",
)
def iron_deficit(x: IronDeficit) -> Score:
    """Iron deficit: total iron to replace by infusion.

    Weight x (target - actual haemoglobin) x 2.4 + stores of 500 mg, below 35 kg of 15 mg/kg. Usual
    targets are 15 g/dL, and 13 below 35 kg. It is no single dose: each product has its own limit.
    """
    gap = max(x.target_hemoglobin_g_dl - x.hemoglobin_g_dl, 0)
    stores = 500.0 if x.weight_kg >= 35 else 15 * x.weight_kg
    blood = x.weight_kg * gap * 2.4
    said = () if gap else ("haemoglobin is at its target: only the stores are counted",)
    parts = {"haemoglobin_mg": half_up(blood, 1), "stores_mg": half_up(stores, 1)}
    return Score(value=half_up(blood + stores, 1), components=dict(parts), warnings=said)


class NeutrophilCount(Inputs, frozen=True, kw_only=True):
    """Inputs of the absolute neutrophil count."""

    wbc_10e3_per_ul: Wbc
    neutrophils_percent: Percent
    bands_percent: Percent


@instrument(
    unit="/uL",
    version="CTCAE 5.0 limits",
    source="National Cancer Institute, CTCAE 5.0, 2017 (grades 2 to 4)",
    bands=(
        "severe neutropenia <500",
        "moderate neutropenia 500-999",
        "mild neutropenia 1000-1499",
        "no neutropenia >=1500",
    ),
)
def absolute_neutrophil_count(x: NeutrophilCount) -> Score:
    """Absolute neutrophil count: risk of infection by neutropenia.

    Segmented and band forms together. Raises InvalidInput where both exceed 100 percent. Healthy
    people with the Duffy-null phenotype may have 1000 to 1500.
    """
    share = x.neutrophils_percent + x.bands_percent
    if share > 100 + 1e-9:
        raise InvalidInput(
            "absolute_neutrophil_count", "bands_percent", "at most 100 % together", share
        )
    count = half_up(x.wbc_10e3_per_ul * 10 * share)
    steps = ((1500, "no neutropenia"), (1000, "mild neutropenia"), (500, "moderate neutropenia"))
    band = next((name for limit, name in steps if count >= limit), "severe neutropenia")
    return Score(value=int(count), band=band)
