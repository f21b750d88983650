"""What instruments are fed: measured quantities with their unit, plausible range and normal value.

The range is what a living person can show, written in that unit. It is wide on purpose: it exists
to catch a value in the wrong unit (creatinine 88 is µmol/L, albumin 33 is g/L), which is the most
frequent defect of clinical calculators, not to judge the value. Ranges are clinical estimates
(unverified); normal values are mid-reference (ABIM laboratory reference ranges, 2024).
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Literal

from msgspec import Meta


def quantity(
    low: float,
    high: float,
    unit: str,
    *,
    normal: float | None = None,
    others: Mapping[str, float] | None = None,
) -> Meta:
    """A measured quantity: plausible range in `unit` (UCUM), normal value for `assume_normal`.

    `others` maps another usual unit to its factor: value in it = value in `unit` x factor.
    """
    extra: dict[str, Any] = {"unit": unit, "normal": normal, "others": dict(others or {})}
    return Meta(ge=low, le=high, extra=extra, extra_json_schema={"unit": unit})


def count(low: int, high: int, *, normal: int | None = None) -> Meta:
    """A number without a unit: points, items, how many."""
    return quantity(low, high, "1", normal=normal)


KPA = {"kPa": 0.133322}

Sex = Literal["female", "male"]
"""Physiologic sex as the formula uses it."""
Age = Annotated[float, quantity(0, 120, "a")]
"""Years; instruments count completed years."""
AgeMonths = Annotated[float, quantity(0, 1440, "mo")]
Weight = Annotated[float, quantity(0.3, 400, "kg")]
Height = Annotated[float, quantity(20, 250, "cm", others={"m": 0.01})]
Temperature = Annotated[float, quantity(20, 45, "Cel", normal=37.0)]
HeartRate = Annotated[float, quantity(0, 350, "/min", normal=75)]
RespiratoryRate = Annotated[float, quantity(0, 120, "/min", normal=16)]
SystolicBP = Annotated[float, quantity(0, 320, "mm[Hg]", normal=120, others=KPA)]
DiastolicBP = Annotated[float, quantity(0, 220, "mm[Hg]", normal=75, others=KPA)]
MeanBP = Annotated[float, quantity(0, 250, "mm[Hg]", normal=90, others=KPA)]
SpO2 = Annotated[float, quantity(20, 100, "%", normal=98, others={"fraction": 0.01})]
FiO2 = Annotated[float, quantity(0.21, 1.0, "1", normal=0.21, others={"%": 100})]
PaO2 = Annotated[float, quantity(15, 700, "mm[Hg]", normal=90, others=KPA)]
PaCO2 = Annotated[float, quantity(5, 200, "mm[Hg]", normal=40, others=KPA)]
Ph = Annotated[float, quantity(6.5, 8.0, "[pH]", normal=7.4)]
Gcs = Annotated[int, count(3, 15, normal=15)]
Sodium = Annotated[float, quantity(90, 210, "mmol/L", normal=140)]
Potassium = Annotated[float, quantity(1.0, 12, "mmol/L", normal=4.2)]
Chloride = Annotated[float, quantity(50, 170, "mmol/L", normal=103)]
Bicarbonate = Annotated[float, quantity(1, 70, "mmol/L", normal=25)]
Creatinine = Annotated[float, quantity(0.1, 40, "mg/dL", normal=0.9, others={"umol/L": 88.42})]
Bun = Annotated[float, quantity(1, 300, "mg/dL", normal=14, others={"mmol/L of urea": 0.357})]
Glucose = Annotated[float, quantity(10, 2500, "mg/dL", normal=95, others={"mmol/L": 0.0555})]
Bilirubin = Annotated[float, quantity(0.05, 80, "mg/dL", normal=0.6, others={"umol/L": 17.1})]
Albumin = Annotated[float, quantity(0.5, 7, "g/dL", normal=4.0, others={"g/L": 10})]
Calcium = Annotated[float, quantity(3, 20, "mg/dL", normal=9.4, others={"mmol/L": 0.2495})]
Hemoglobin = Annotated[float, quantity(1, 27, "g/dL", normal=14, others={"g/L": 10})]
Hematocrit = Annotated[float, quantity(5, 80, "%", normal=42, others={"fraction": 0.01})]
Wbc = Annotated[float, quantity(0, 500, "10*3/uL", normal=7.5, others={"/uL": 1000})]
Platelets = Annotated[float, quantity(0, 3000, "10*3/uL", normal=250, others={"/uL": 1000})]
Inr = Annotated[float, quantity(0.5, 20, "1", normal=1.0)]
Enzyme = Annotated[float, quantity(1, 50000, "U/L", normal=25, others={"ukat/L": 0.0167})]
Lactate = Annotated[float, quantity(0.1, 40, "mmol/L", normal=1.0, others={"mg/dL": 9.01})]
Osmolality = Annotated[float, quantity(30, 1500, "mosm/kg")]
"""Of serum or urine."""
Percent = Annotated[float, quantity(0, 100, "%", normal=0)]
Number = Annotated[int, count(0, 100, normal=0)]


def half_up(value: float, digits: int = 0) -> float:
    """Round half away from zero, in decimal: 2.5 -> 3, 35.05 -> 35.1. Python's own is half-even."""
    step = Decimal(1).scaleb(-digits)
    rounded = float(Decimal(repr(float(value))).quantize(step, ROUND_HALF_UP))
    return rounded + 0.0


def fixed(value: float, digits: int) -> str:
    """The value with that many decimals; -0.0 is printed as 0.0."""
    text = f"{value:.{digits}f}"
    return text if float(text) else f"{0:.{digits}f}"


def years(age: float) -> int:
    """Completed years."""
    return int(age)


def points(value: float, *steps: tuple[float, int], below: int) -> int:
    """The points of the highest lower bound reached; `below` where none is.

    `points(66, (180, 4), (140, 3), (70, 0), (55, 2), below=4)` is 2. Bounds fall.
    """
    return next((earned for bound, earned in steps if value >= bound), below)
