"""Water and fluids: what is missing, what to give, what is lost."""

from typing import Annotated, Literal

from .core import Inputs, Score, instrument
from .quantities import Sodium, Weight, half_up, quantity

BurnedArea = Annotated[float, quantity(0, 100, "%")]
HoursSinceBurn = Annotated[float, quantity(0, 24, "h")]
StoolIon = Annotated[float, quantity(0, 200, "mmol/L")]

WATER = {
    "adult male": 0.6,
    "adult female": 0.5,
    "elderly male": 0.5,
    "elderly female": 0.45,
    "child": 0.6,
}
"""Litres of body water per kg."""


class FreeWaterDeficit(Inputs, frozen=True, kw_only=True):
    """Inputs of the free water deficit."""

    patient_group: Literal["adult male", "adult female", "elderly male", "elderly female", "child"]
    weight_kg: Weight
    sodium_mmol_l: Sodium


@instrument(
    unit="L",
    version="TBW x (Na/140-1)",
    source="Adrogue HJ, Madias NE, N Engl J Med 2000;342:1493 (shares of body water)",
)
def free_water_deficit(x: FreeWaterDeficit) -> Score:
    """Free water deficit: water to replace in hypernatraemia.

    Ongoing losses come on top. Below a sodium of 140 the value is negative: a surplus.
    """
    water = WATER[x.patient_group] * x.weight_kg
    said = () if x.sodium_mmol_l >= 140 else ("sodium is below 140 mmol/L: there is no deficit",)
    return Score(
        value=half_up(water * (x.sodium_mmol_l / 140 - 1), 2),
        components={"body_water_l": half_up(water, 2)},
        warnings=said,
    )


class MaintenanceFluid(Inputs, frozen=True, kw_only=True):
    """Input of the 4-2-1 rule."""

    weight_kg: Weight


@instrument(
    unit="mL/h",
    version="Holliday-Segar hourly",
    source="Holliday MA, Segar WE, Pediatrics 1957;19:823, in its hourly form",
)
def maintenance_fluid_4_2_1(x: MaintenanceFluid) -> Score:
    """Maintenance fluid: hourly need by the 4-2-1 rule.

    4 mL/kg for the first 10 kg, 2 for the next 10, 1 for every further kg. Not for newborns, and
    to be lessened where antidiuretic hormone is high or the heart or kidneys fail.
    """
    parts = {
        "first_10_kg": 4 * min(x.weight_kg, 10),
        "next_10_kg": 2 * min(max(x.weight_kg - 10, 0), 10),
        "above_20_kg": max(x.weight_kg - 20, 0),
    }
    rounded = {name: half_up(value, 2) for name, value in parts.items()}
    return Score(value=int(half_up(sum(parts.values()))), components=dict(rounded))


class Parkland(Inputs, frozen=True, kw_only=True):
    """Inputs of Parkland. Burned area: second and third degree only, in percent of the surface."""

    weight_kg: Weight
    tbsa_percent: BurnedArea
    hours_since_burn: HoursSinceBurn


@instrument(
    unit="mL",
    version="Baxter 4 mL (2nd/3rd degree only; ATLS 10 starts adults at 2 mL)",
    source="Baxter CR, Shires T, Ann N Y Acad Sci 1968;150:874; "
    "American College of Surgeons, ATLS 10th edition, 2018",
    bands=(
        "first_8h_ml=V;remaining_hours_of_first_8h=H: half of the volume by hour 8 of the burn",
    ),
)
def parkland(x: Parkland) -> Score:
    """Parkland formula: crystalloid in the first 24 hours of a burn.

    4 mL x kg x percent burned. The clock starts at the burn and not at arrival, so a late arrival
    has fewer hours for the first half. Urine output then leads.
    """
    volume = 4 * x.weight_kg * x.tbsa_percent
    half = int(half_up(volume / 2))
    left = max(8 - x.hours_since_burn, 0)
    warnings = ["ATLS 10 starts adults at 2 mL and children at 3 mL per kg and percent"]
    if not left:
        warnings.append("the first 8 hours since the burn are over")
    return Score(
        value=int(half_up(volume)),
        band=f"first_8h_ml={half};remaining_hours_of_first_8h={left:g}",
        components={"first_8h_ml": half, "remaining_hours_of_first_8h": half_up(left, 2)},
        warnings=tuple(warnings),
    )


class StoolGap(Inputs, frozen=True, kw_only=True):
    """Inputs of the stool osmotic gap."""

    stool_sodium_mmol_l: StoolIon
    stool_potassium_mmol_l: StoolIon


@instrument(
    unit="mosm/kg",
    version="290 - 2(Na+K)",
    source="Eherer AJ, Fordtran JS, Gastroenterology 1992;103:545; upper limit of 125 unverified",
    bands=("secretory <50", "indeterminate 50-125", "osmotic >125"),
)
def stool_osmotic_gap(x: StoolGap) -> Score:
    """Stool osmotic gap: secretory or osmotic chronic watery diarrhoea.

    290 stands for the stool's osmolality, because a measured one rises in the sample.
    """
    gap = 290 - 2 * (x.stool_sodium_mmol_l + x.stool_potassium_mmol_l)
    if gap < 50 - 1e-9:
        band = "secretory"
    elif gap > 125 + 1e-9:
        band = "osmotic"
    else:
        band = "indeterminate"
    negative = gap < -1e-9
    said = ("a negative gap suggests sodium phosphate or sulfate",) if negative else ()
    return Score(value=half_up(gap, 2), band=band, warnings=said)
