"""Measurements of a scenario: units are converted where they are written, never guessed."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from ...knowledge.drugs.names import plain
from ...knowledge.measurements import measurements
from ..errors import BadScene
from .vocabulary import value_words
from .words import mapping, number

_UNITS: dict[str, dict[str, tuple[float, float]]] = {
    "potassium": {"mmol/l": (1, 0), "meq/l": (1, 0)},
    "sodium": {"mmol/l": (1, 0), "meq/l": (1, 0)},
    "magnesium": {"mg/dl": (1, 0), "mmol/l": (2.431, 0), "meq/l": (1.215, 0)},
    "glucose": {"mg/dl": (1, 0), "mmol/l": (18.016, 0)},
    "creatinine": {"mg/dl": (1, 0), "umol/l": (1 / 88.42, 0), "mcmol/l": (1 / 88.42, 0)},
    "lactate": {"mmol/l": (1, 0), "meq/l": (1, 0), "mg/dl": (1 / 9.008, 0)},
    "temperature": {"c": (1, 0), "cel": (1, 0), "f": (5 / 9, -160 / 9), "degf": (5 / 9, -160 / 9)},
    "weight": {
        **dict.fromkeys(("kg", "kilograms"), (1, 0)),
        **dict.fromkeys(("lb", "lbs", "pounds"), (0.45359, 0)),
        **dict.fromkeys(("g", "grams"), (0.001, 0)),
    },
}
"""Unit -> factor and offset to the unit in which rules count (molar masses: IUPAC)."""
_OWN_UNIT = {
    "creatinine_umol": ("creatinine", "umol/l"),
    "temperature_f": ("temperature", "f"),
    "glucose_mmol": ("glucose", "mmol/l"),
}
"""Measurements whose name says the unit."""
_PLAUSIBLE: dict[str, tuple[float, float]] = {
    "potassium": (0.8, 15),
    "sodium": (80, 220),
    "magnesium": (0.2, 20),
    "glucose": (10, 3000),
    "creatinine": (0.1, 40),
    "lactate": (0, 50),
    "ph": (6, 8.5),
    "sbp": (0, 400),
    "dbp": (0, 300),
    "hr": (0, 400),
    "rr": (0, 150),
    "gcs": (3, 15),
    "temperature": (10, 50),
    "qtc": (200, 1000),
    "egfr": (0, 300),
    "crcl": (0, 500),
    "news2": (0, 20),
    "weight": (0.2, 700),
}
"""What a living body shows at most (wide, unverified); beyond it the unit is another one."""
_SATURATION = (1.5, 100.0)
_ANC_IN_THOUSANDS = 50
"""Below this a neutrophil count without a unit is written in 10^9/L."""
_SHORTEST, _ALIKE = 4, 0.7
"""Letters of a name, and likeness (difflib), from which it is taken for a misspelt one."""
_PER_UL = re.compile(r"cells|/ul|/mm3|/cumm|permicrol")
_THOUSANDS = re.compile(r"10\W*[39]|k/|thou|g/l")
_AFTER = re.compile(r"^[<>~]?\s*-?[\d.,]*\d\s*(.*)$")
_YEARS = {"y": 1.0, "mo": 12.0, "w": 52.18, "d": 365.25}
_AGE = re.compile(r"[\d.]+\s*-?\s*(y|mo|w|d)", re.IGNORECASE)


def quantity(field: str, name: str, said: object) -> float:
    """A measurement in the unit of the rules; `said` is a number, a text, or {"value", "unit"}.

    Raises BadScene for a unit that is not one of this measurement, and for a magnitude that no
    living body shows in the rules' unit.
    """
    unit = ""
    if isinstance(said, dict):
        pair = mapping(field, said)
        said, unit = pair.get("value"), str(pair.get("unit") or "")
    value = number(field, said)
    if isinstance(said, str) and not unit:
        unit = _written(said, name)
    name, unit = _OWN_UNIT.get(name, (name, unit))
    if name == "anc":
        return _neutrophils(value, _plain(unit))
    return _plausible(field, name, _converted(field, name, value, _plain(unit)), value)


def years(field: str, said: object) -> float:
    """An age; a text may count months, weeks or days ("8 months"). Raises BadScene."""
    value = number(field, said)
    unit = _AGE.match(said.strip()) if isinstance(said, str) else None
    return value / (_YEARS[unit[1].lower()] if unit else 1.0)


def positive(said: object) -> bool:
    """Whether a pregnancy test says so; a number is hCG in IU/L, positive above 5."""
    high = isinstance(said, int | float) and not isinstance(said, bool) and said > 5
    return said is True or high or plain(str(said)) in {"positive", "true", "pos", "pregnant"}


def measured_as(name: str) -> str:
    """The measurement of a name that may say the unit: temperature_f is a temperature."""
    return _OWN_UNIT.get(name, (name, ""))[0]


def charted(key: str) -> bool:
    """Whether it is a quantity that the charts know, whether or not a rule asks for it."""
    name = key.lower()
    return any(id_ == name or id_.startswith(f"{name}_") for id_ in measurements())


def unasked(key: str) -> bool:
    """Whether it is a result that no rule asks for: one that the charts know, or a strange one.

    What is almost the name of a measurement that a rule asks for is taken for a slip of the pen.
    """
    name = plain(key)
    near = get_close_matches(name, value_words(), n=1, cutoff=_ALIKE)
    return charted(key) or not (len(name) >= _SHORTEST and near)


def _plain(unit: str) -> str:
    low = unit.lower().replace("µ", "u").replace("μ", "u").replace("°", "").replace("^", "")
    return "".join(low.split())


def _written(said: str, name: str) -> str:
    """The unit behind a number; a remark such as "(low)" is none."""
    rest = _AFTER.match(said.strip())
    text = _plain(rest[1]) if rest else ""
    known: Mapping[str, object] = _UNITS.get(name, {})
    return text if text in known or "/" in text or name == "anc" else ""


def _converted(field: str, name: str, value: float, unit: str) -> float:
    known = _UNITS.get(name)
    if known is None or not unit:
        return value
    if unit not in known:
        raise BadScene(f"{field}: unknown unit {unit!r}; known: {', '.join(known)}")
    factor, offset = known[unit]
    return value * factor + offset


def _plausible(field: str, name: str, value: float, said: float) -> float:
    if name == "spo2" and value and not _SATURATION[0] <= value <= _SATURATION[1]:
        raise BadScene(f"{field}: expected percent up to 100, got {said:g}")
    low, high = _PLAUSIBLE.get(name, (float("-inf"), float("inf")))
    if not low <= value <= high:
        own = next(iter(_UNITS.get(name, {})), "")
        others = ", ".join(list(_UNITS.get(name, {}))[1:])
        hint = f"; write the unit if it is another ({others})" if others else ""
        raise BadScene(
            f"{field}: expected {low:g} to {high:g} {own}".rstrip() + f", got {said:g}{hint}"
        )
    return value


def _neutrophils(value: float, unit: str) -> float:
    """Cells a microlitre."""
    if _THOUSANDS.search(unit):
        return value * 1000
    if _PER_UL.search(unit):
        return value
    return value * 1000 if value < _ANC_IN_THOUSANDS else value
