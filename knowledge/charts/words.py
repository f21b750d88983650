"""FHIR values, doses and states in words, and its dates, which may lack the day or the month."""

import re
from typing import Any

from . import resources as r
from .model import Coding

_NAMES = {url: name for name, url in r.SYSTEMS.items()}
_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?")
ERRORS = {
    "entered-in-error": "marked as an error in the source",
    "refuted": "refuted in the source",
    "not-done": "not done",
    "cancelled": "cancelled in the source",
    "planned": "planned only",
    "preparation": "planned only",
}
"""Status -> why a resource is no fact of the patient."""


def date(told: str) -> str:
    """A date of FHIR in full: of a year or a month the first day."""
    match = _PARTIAL.fullmatch(told)
    return f"{match[1]}-{match[2] or '01'}-01" if match else told


def short(value: float) -> str:
    """A number without a needless point."""
    return repr(value).removesuffix(".0")


def quantity(told: r.Quantity | None) -> str:
    """A quantity in words, "" for none."""
    if told is None or told.value is None:
        return ""
    unit = told.unit or told.code
    return f"{told.comparator}{short(told.value)}{' ' if unit else ''}{unit}"


def span(told: r.Range | None) -> str:
    """A range in words."""
    if told is None:
        return ""
    low, high = quantity(told.low), quantity(told.high)
    return f"{low}-{high}" if low and high else f">={low}" if low else f"<={high}" if high else ""


def ratio(told: r.Ratio | None) -> str:
    """A ratio in words."""
    if told is None:
        return ""
    return "/".join(t for t in (quantity(told.numerator), quantity(told.denominator)) if t)


def value(one: r.Valued, concept: str) -> dict[str, Any] | None:
    """A number with its unit, or words; `concept` is what a coded value is called. None: neither.

    A number with a comparator (< 5) is words: it is a limit, not the value.
    """
    told = one.value_quantity
    if told is not None and told.value is not None:
        unit = told.code or told.unit
        if told.comparator:
            return {"text": f"{told.comparator}{short(told.value)}", "unit": unit}
        return {"value": told.value, "unit": unit}
    if one.value_integer is not None:
        return {"value": float(one.value_integer)}
    words = one.value_string or concept or one.value_date_time or one.value_time
    if one.value_boolean is not None:
        words = "yes" if one.value_boolean else "no"
    if one.value_period is not None:
        words = f"{one.value_period.start} to {one.value_period.end}"
    words = words or span(one.value_range) or ratio(one.value_ratio)
    return {"text": words} if words else None


def _much(of: r.Much) -> str:
    told = (quantity(of.dose_quantity), span(of.dose_range), quantity(of.rate_quantity))
    return " ".join(t for t in (*told, span(of.rate_range), ratio(of.rate_ratio)) if t)


def _often(timing: r.Timing) -> str:
    repeat, told = timing.repeat, timing.code.text
    if told or repeat.period is None:
        return told
    return f"{repeat.frequency or 1} x in {short(repeat.period)} {repeat.period_unit}"


def dose(of: r.Dose) -> str:
    """A dosage as it is written, else put together from its parts."""
    if of.text:
        return of.text
    parts = [*(_much(m) for m in of.dose_and_rate), quantity(of.dose), _often(of.timing)]
    parts.append("as needed" if of.as_needed_boolean else "")
    return ", ".join(p for p in parts if p)


def wrong(*states: str) -> str:
    """Why something with such a status is no fact; "" where it is one."""
    return next((ERRORS[s] for s in states if s in ERRORS), "")


def state(concept: r.Concept) -> str:
    """The code of a status that is a concept."""
    return concept.coding[0].code if concept.coding else concept.text


def _system(code: r.Code) -> str:
    return _NAMES.get(code.system, code.system.removeprefix(r.OWN))


def coding(concept: r.Concept) -> Coding:
    """The first code of a system that is known, else the first, else the words.

    The other codes are kept beside it.
    """
    ranked = sorted((c for c in concept.coding if c.code), key=lambda c: c.system not in _NAMES)
    if not ranked:
        shown = (c.display for c in concept.coding if c.display)
        return Coding(text=concept.text or next(shown, ""))
    first, *others = ranked
    return Coding(
        system=_system(first),
        code=first.code,
        text=concept.text or first.display,
        also=tuple(f"{_system(c)}|{c.code}" for c in others),
    )


def called(concept: r.Concept | None) -> str:
    """What a concept is called: its words, else its code."""
    if concept is None:
        return ""
    found = coding(concept)
    return found.text or found.code
