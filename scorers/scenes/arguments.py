"""Read the arguments of a scenario's event. An unknown one names its neighbours."""

import re
from typing import Any

from ...knowledge.drugs.names import plain
from ..errors import BadScene
from .quantities import charted, measured_as, positive, quantity, unasked
from .vocabulary import argument_words, key_words, value_words
from .words import mapping, number, texts, unknown

_DOSE_UNITS = {
    "dose mg": "mg",
    "dose g": "g",
    "dose mcg": "mcg",
    "dose units": "units",
    "dose mmol": "mmol",
    "strength mg": "mg",
}


def arguments(raw: object, field: str, *, idle: bool = False) -> dict[str, Any]:
    """Arguments by their canonical names. Raises BadScene for an unknown one.

    What an idle act (one that only reads, notes or waits) is told beyond that changes nothing.
    """
    found: dict[str, Any] = {}
    for key, value in mapping(field, {} if raw is None else raw).items():
        name, place = argument_words().get(plain(key)), f"{field}.{key}"
        if name is None:
            if not _result(found, key, value, place) and not idle:
                known = {**argument_words(), **value_words()}
                raise unknown(place, key, known, "argument")
        elif name == "values":
            _read_values(found, value, place, idle=idle)
        elif name in {"item", "other"}:
            found.setdefault(name, []).append(value)
        elif name == "reason":
            found["reason"] = " ".join([found.get("reason", ""), *texts(value, field)]).strip()
        elif found.setdefault(name, value) != value and not idle:
            raise BadScene(f"{place}: {name} is given twice: {found[name]!r} and {value!r}")
        elif plain(key) in _DOSE_UNITS:
            found.setdefault("unit", _DOSE_UNITS[plain(key)])
    return found


def _result(found: dict[str, Any], key: str, value: object, field: str) -> bool:
    """Take a measurement; whether the key is one, or one of the patient's."""
    name = key_words().get(plain(key))
    if plain(key) in {"bp", "blood pressure"}:
        high, _, low = str(value).partition("/")
        said = {"sbp": quantity(field, "sbp", high)}
        found.setdefault("values", {}).update(
            said | ({"dbp": quantity(field, "dbp", low)} if low else {})
        )
    elif plain(key) in value_words():
        id_ = value_words()[plain(key)]
        if value is not None:
            found.setdefault("values", {})[measured_as(id_)] = quantity(field, id_, value)
    elif name == "pregnancy_test":
        if value is not None:
            found.setdefault("values", {})[name] = float(positive(value))
    else:
        return name is not None or charted(key)
    return True


def _read_values(found: dict[str, Any], value: object, field: str, *, idle: bool) -> None:
    if isinstance(value, dict):
        found.setdefault("values", {}).update(values_of(value, field, idle=idle))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found["number"] = float(value)
    else:
        found["reason"] = " ".join([found.get("reason", ""), *texts(value, field)]).strip()


def values_of(said: dict[str, Any], field: str, *, idle: bool) -> dict[str, float]:
    """The measurements of a result. Raises BadScene for an unknown one, where it is no idle act."""
    found: dict[str, Any] = {}
    for key, value in said.items():
        known = _result(found, key, value, f"{field}.{key}") or unasked(key)
        if not known and not idle:
            raise unknown(f"{field}.{key}", key, value_words(), "measurement")
    values: dict[str, float] = found.get("values", {})
    return values


def maybe(args: dict[str, Any], key: str, field: str) -> float | None:
    """A number that may be missing. Raises BadScene."""
    said = args.get(key)
    return None if said is None else number(f"{field}.{key}", said)


def days_of(args: dict[str, Any], field: str) -> float | None:
    """Days of supply; a text may count weeks or months. Raises BadScene."""
    said = args.get("days")
    if said is None:
        return None
    text = str(said).lower()
    factor = 30.0 if "month" in text else 7.0 if "week" in text else 1.0
    return number(f"{field}.days", said) * factor


def measured(args: dict[str, Any], items: list[str], field: str) -> dict[str, float]:
    """What is so from this act on: named values, or the one result of the test it names."""
    values = dict(args.get("values", {}))
    tests = {*items, *(w for item in items for w in item.split())}
    if any(key_words().get(t) == "pregnancy_test" for t in tests) and "reason" in args:
        said = plain(args["reason"]).split()
        if {"positive", "negative", "pos", "neg"} & set(said):
            values["pregnancy_test"] = float(bool({"positive", "pos"} & set(said)))
    for item in items:
        if "number" in args and item in value_words():
            values[value_words()[item]] = quantity(field, value_words()[item], args["number"])
    return values


def level_of(args: dict[str, Any], item: str, field: str) -> int:
    """The triage level. Raises BadScene."""
    said = args.get("level", item)
    text = re.sub(r"[^0-9]", "", str(said))
    if len(text) != 1 or text not in "12345":
        raise BadScene(f"{field}.level: expected a triage level from 1 to 5, got {said!r}")
    return int(text)
