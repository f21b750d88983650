"""APACHE II: severity at admission to intensive care."""

from typing import Annotated, Literal

from .core import Inputs, Score, instrument
from .quantities import (
    Age,
    Creatinine,
    FiO2,
    Gcs,
    HeartRate,
    Hematocrit,
    MeanBP,
    PaO2,
    Ph,
    Potassium,
    RespiratoryRate,
    Sodium,
    Temperature,
    Wbc,
    half_up,
    points,
    quantity,
    years,
)

Gradient = Annotated[float, quantity(-50, 720, "mm[Hg]", normal=10)]


class Apache2(Inputs, frozen=True, kw_only=True):
    """Inputs of APACHE II: the worst value of each in the first 24 hours; core temperature.

    Both oxygen inputs belong to the gas that is scored: the gradient counts from an FiO2 of 0.5 on,
    PaO2 below it.
    """

    temperature_c: Temperature
    mean_arterial_pressure_mmhg: MeanBP
    heart_rate_per_min: HeartRate
    respiratory_rate_per_min: RespiratoryRate
    fio2_fraction: FiO2
    pao2_mmhg: PaO2
    a_a_gradient_mmhg: Gradient
    arterial_ph: Ph
    sodium_mmol_l: Sodium
    potassium_mmol_l: Potassium
    creatinine_mg_dl: Creatinine
    acute_renal_failure: bool
    hematocrit_percent: Hematocrit
    wbc_10e3_per_ul: Wbc
    gcs: Gcs
    age_years: Age
    severe_organ_insufficiency_or_immunocompromise: bool
    admission_type: Literal["nonoperative", "emergency postoperative", "elective postoperative"]


@instrument(
    unit="points",
    version="Knaus 1985",
    source="Knaus WA, Crit Care Med 1985;13:818",
    bands=("0-71: acute physiology 0-60, age 0-6, chronic health 0-5",),
)
def apache_ii(x: Apache2) -> Score:
    """APACHE II: severity of illness at admission to intensive care.

    Values are compared at the precision of the published table. For groups of adults: a prediction
    for one patient also needs the diagnosis, and changes nothing in their care.
    """
    parts = {**_vital_signs(x), **_blood(x), "consciousness": 15 - x.gcs}
    parts["age"] = points(years(x.age_years), (75, 6), (65, 5), (55, 3), (45, 2), below=0)
    chronic = 2 if x.admission_type == "elective postoperative" else 5
    parts["chronic_health"] = chronic * x.severe_organ_insufficiency_or_immunocompromise
    child = years(x.age_years) < 16
    said = ("derived in adults: not below 16 years",) if child else ()
    return Score(value=sum(parts.values()), components=dict(parts), warnings=said)


def _vital_signs(x: Apache2) -> dict[str, int]:
    return {
        "temperature": points(
            half_up(x.temperature_c, 1),
            *((41, 4), (39, 3), (38.5, 1), (36, 0), (34, 1), (32, 2), (30, 3)),
            below=4,
        ),
        "mean_arterial_pressure": points(
            half_up(x.mean_arterial_pressure_mmhg),
            *((160, 4), (130, 3), (110, 2), (70, 0), (50, 2)),
            below=4,
        ),
        "heart_rate": points(
            half_up(x.heart_rate_per_min),
            *((180, 4), (140, 3), (110, 2), (70, 0), (55, 2), (40, 3)),
            below=4,
        ),
        "respiratory_rate": points(
            half_up(x.respiratory_rate_per_min),
            *((50, 4), (35, 3), (25, 1), (12, 0), (10, 1), (6, 2)),
            below=4,
        ),
        "oxygenation": _oxygenation(x),
    }


def _oxygenation(x: Apache2) -> int:
    if x.fio2_fraction >= 0.5:
        return points(half_up(x.a_a_gradient_mmhg), (500, 4), (350, 3), (200, 2), below=0)
    return points(half_up(x.pao2_mmhg), (71, 0), (61, 1), (55, 3), below=4)


def _blood(x: Apache2) -> dict[str, int]:
    creatinine = points(
        half_up(x.creatinine_mg_dl, 1), (3.5, 4), (2, 3), (1.5, 2), (0.6, 0), below=2
    )
    return {
        "arterial_ph": points(
            half_up(x.arterial_ph, 2),
            *((7.7, 4), (7.6, 3), (7.5, 1), (7.33, 0), (7.25, 2), (7.15, 3)),
            below=4,
        ),
        "sodium": points(
            half_up(x.sodium_mmol_l),
            *((180, 4), (160, 3), (155, 2), (150, 1), (130, 0), (120, 2), (111, 3)),
            below=4,
        ),
        "potassium": points(
            half_up(x.potassium_mmol_l, 1),
            *((7, 4), (6, 3), (5.5, 1), (3.5, 0), (3, 1), (2.5, 2)),
            below=4,
        ),
        "creatinine": creatinine * (2 if x.acute_renal_failure else 1),
        "hematocrit": points(
            half_up(x.hematocrit_percent, 1),
            *((60, 4), (50, 2), (46, 1), (30, 0), (20, 2)),
            below=4,
        ),
        "wbc": points(
            half_up(x.wbc_10e3_per_ul, 1),
            *((40, 4), (20, 2), (15, 1), (3, 0), (1, 2)),
            below=4,
        ),
    }
