"""Labs and vital signs: LOINC, UCUM units, conversion, reference ranges by age, sex, pregnancy."""

from functools import cache
from typing import Literal

import msgspec

from .errors import UnknownMeasurement, UnknownUnit
from .files import merged


class Range(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reference range, limits inclusive, in the measurement's own unit."""

    low: float | None = None
    high: float | None = None
    ages: tuple[float, float] | None = None
    """Completed years, from (inclusive) and to (exclusive)."""
    sex: Literal["female", "male"] | None = None
    trimester: Literal[1, 2, 3] | None = None

    def fits(self, age_years: float, sex: str, trimester: int) -> bool:
        """Whether this range speaks of such a person."""
        return (
            (self.ages is None or self.ages[0] <= age_years < self.ages[1])
            and self.sex in {None, sex}
            and self.trimester in {None, trimester}
        )

    @property
    def narrowness(self) -> tuple[bool, bool, bool]:
        """Order among ranges that fit: pregnancy before age before sex before all."""
        return (self.trimester is not None, self.ages is not None, self.sex is not None)


class Measurement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One measured quantity; its key is the id used in charts and laws."""

    name: str
    loinc: str
    ucum: str
    units: dict[str, float | tuple[float, float]] = {}
    """Another UCUM unit -> factor, or factor and offset, from the own unit."""
    ranges: tuple[Range, ...] = ()


@cache
def measurements() -> dict[str, Measurement]:
    """All of `data/measurements/`, by id."""
    return merged("measurements", Measurement)


def measurement(id_: str) -> Measurement:
    """The measurement of that id. Raises UnknownMeasurement."""
    found = measurements().get(id_)
    if found is None:
        raise UnknownMeasurement(id_, measurements())
    return found


@cache
def _by_loinc() -> dict[str, str]:
    return {m.loinc: id_ for id_, m in measurements().items()}


def of_loinc(code: str) -> str | None:
    """The id of a LOINC code, None where we have no such measurement."""
    return _by_loinc().get(code)


def _line(id_: str, unit: str) -> tuple[float, float]:
    known = measurement(id_)
    if unit == known.ucum:
        return 1.0, 0.0
    if unit not in known.units:
        raise UnknownUnit(id_, unit, (known.ucum, *known.units))
    line = known.units[unit]
    return line if isinstance(line, tuple) else (line, 0.0)


def convert(id_: str, value: float, from_unit: str, to_unit: str) -> float:
    """A value in another UCUM unit; none is guessed. Raises UnknownMeasurement or UnknownUnit."""
    factor, offset = _line(id_, from_unit)
    to_factor, to_offset = _line(id_, to_unit)
    return (value - offset) / factor * to_factor + to_offset


def trimester(pregnant_week: float | None) -> int:
    """Trimester of a completed week of gestation (14 and 28 begin the next); 0: not pregnant."""
    return 0 if pregnant_week is None else 1 + (pregnant_week >= 14) + (pregnant_week >= 28)


@cache
def reference(
    id_: str, age_years: int = 40, sex: str = "", pregnant_week: float | None = None
) -> Range:
    """The narrowest reference range for such a person; open on both sides where there is none."""
    third = trimester(pregnant_week)
    fitting = [r for r in measurement(id_).ranges if r.fits(age_years, sex, third)]
    return max(fitting, key=lambda r: r.narrowness, default=Range())
