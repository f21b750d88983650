"""Read the patient of a scenario. An unknown key is an error that names its neighbours."""

import re
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from ...knowledge.drugs.names import plain
from ..errors import BadScene
from .home import home
from .labels import labels
from .model import Person
from .quantities import charted, measured_as, positive, quantity, unasked, years
from .vocabulary import concepts, flag_words, key_words, named_concepts, value_words
from .words import mapping, number, texts, truthy, unknown, word

Risk = Literal["none", "low", "moderate", "high"]
_RISKS: dict[str, Risk] = {
    "high": "high", "severe": "high", "imminent": "high", "acute": "high", "very high": "high",
    "true": "high", "extreme": "high", "moderate": "moderate", "medium": "moderate",
    "intermediate": "moderate", "low": "low", "mild": "low", "none": "none", "minimal": "none",
    "false": "none", "no": "none", "negative": "none",
}  # fmt: skip
_TRIMESTER_WEEK = {1: 8.0, 2: 20.0, 3: 34.0}
_QTC = re.compile(r"\bqtc?(?: interval)?(?: of)?\s*[:=]?\s*(\d{3})\b")
_WEEK = re.compile(r"\b(\d{1,2})(?:\s*\+\s*\d|w\d?d?)?\s*(?:weeks?|wks?|w\b)")
_OLDEST = 130


class _Draft(msgspec.Struct, kw_only=True):
    """A patient while it is read."""

    fields: dict[str, Any] = {}
    statements: list[str] = []
    past: list[str] = []
    named: set[str] = set()
    values: dict[str, float] = {}
    series: dict[str, tuple[tuple[float, float], ...]] = {}
    flags: dict[str, tuple[str, ...]] = {}


def person(raw: dict[str, Any]) -> tuple[Person, float]:
    """The patient of a scenario and the minute its clock starts. Raises BadScene."""
    draft = _Draft()
    start = 0.0
    for key, said in raw.items():
        field = f"patient.{key}"
        known = key_words().get(plain(key))
        if known == "t0_min":
            start = number(field, said)
        elif known is not None:
            _keyed(draft, known, said, field)
        else:
            _unkeyed(draft, key, said, field)
    return _finished(draft), start


def _unkeyed(draft: _Draft, key: str, said: object, field: str) -> None:
    """A measurement, a flag or a condition that stands at the top of the chart."""
    if plain(key) in {"bp", "blood pressure"}:
        _pressure(draft, said, field)
    elif plain(key) in value_words():
        _measured(draft, key, said, field)
    elif plain(key) in flag_words():
        _flag(draft, key, said)
    elif key.replace(" ", "_").lower() in concepts() or named_concepts(plain(key)):
        if truthy(said):
            draft.statements.append(plain(key))
    elif not charted(key):
        words = {**key_words(), **value_words(), **flag_words()}
        raise unknown(field, key, words, "key")


def _keyed(draft: _Draft, key: str, said: object, field: str) -> None:
    if said is None:
        return
    reader = _READERS.get(key)
    if reader is not None:
        reader(draft, said, field)
    elif key == "findings" and isinstance(said, dict):
        _findings(draft, mapping(field, said), field)
    elif key in {"conditions", "complaint", "findings", "imaging", "critical_findings"}:
        found = texts(said, field)
        draft.statements += found
        if key == "critical_findings":
            draft.fields[key] = tuple(found) or ((plain(key),) if truthy(said) else ())
    elif key == "ecg":
        _ecg(draft, said, field)
    elif key == "history":
        draft.past += texts(said, field)
    elif key == "red_flags":
        draft.fields[key] = tuple(texts(said, field)) or (("red flag",) if truthy(said) else ())
    else:
        draft.fields[key] = said


def _findings(draft: _Draft, said: dict[str, Any], field: str) -> None:
    """Findings by name; one that is a key or a measurement of the patient is read as such."""
    for key, value in said.items():
        if plain(key) in value_words() and not isinstance(value, bool):
            _measured(draft, key, value, f"{field}.{key}")
        elif plain(key) in key_words() and key_words()[plain(key)] not in {"findings", "other"}:
            _keyed(draft, key_words()[plain(key)], value, f"{field}.{key}")
        elif plain(key) in flag_words():
            _flag(draft, key, value)
        else:
            draft.statements += texts({key: value}, field)


def _ecg(draft: _Draft, said: object, field: str) -> None:
    """The reading of an ECG, or an object with intervals."""
    parts = mapping(field, said) if isinstance(said, dict) else {"reading": said}
    for key, value in parts.items():
        if plain(key) in value_words():
            _measured(draft, key, value, f"{field}.{key}")
        else:
            said_ = texts({key: value}, field)
            draft.statements += said_
            found = next((m for t in said_ if (m := _QTC.search(t.lower()))), None)
            if found is not None:
                draft.values["qtc"] = float(found[1])


def _pressure(draft: _Draft, said: object, field: str) -> None:
    if isinstance(said, dict):
        for key, value in mapping(field, said).items():
            _measured(draft, key, value, f"{field}.{key}")
        return
    parts = str(said).split("/")
    draft.values["sbp"] = number(field, parts[0])
    if len(parts) > 1:
        draft.values["dbp"] = number(field, parts[1])


def _measured(draft: _Draft, key: str, said: object, field: str) -> None:
    name = word(field, key, value_words(), "measurement")
    if isinstance(said, list):
        points = [_point(field, name, p) for p in said]
        if points:
            points.sort()
            draft.series[measured_as(name)] = tuple(points)
        return
    if said is not None and not (isinstance(said, dict) and said.get("value") is None):
        draft.values[measured_as(name)] = quantity(field, name, said)


def _point(field: str, name: str, said: object) -> tuple[float, float]:
    if isinstance(said, list) and len(said) == 2:
        return number(field, said[0]), quantity(field, name, said[1])
    point = mapping(field, said)
    at = next((point[k] for k in ("t_min", "minute", "at_min", "t") if k in point), None)
    if at is None or "value" not in point:
        raise BadScene(f"{field}: expected objects with t_min and value, got {said!r}")
    unit = point.get("unit", "")
    return number(field, at), quantity(field, name, {"value": point["value"], "unit": unit})


def _table(draft: _Draft, said: object, field: str) -> None:
    """Vital signs or laboratory values."""
    for key, value in mapping(field, said).items():
        place = f"{field}.{key}"
        if plain(key) in {"bp", "blood pressure"}:
            _pressure(draft, value, place)
        elif key_words().get(plain(key)) in {"pregnancy_test", "avpu"}:
            _keyed(draft, key_words()[plain(key)], value, place)
        elif plain(key) in value_words():
            _measured(draft, key, value, place)
        elif isinstance(value, str) and named_concepts(f"{key} {value}"):
            draft.statements.append(f"{plain(key)} {value}")
        elif plain(key) not in key_words() and not unasked(key):
            raise unknown(place, key, value_words(), "measurement")


def _flag(draft: _Draft, key: str, said: object) -> None:
    name = flag_words()[plain(key)]
    if not truthy(said):
        return
    about = tuple(plain(t) for t in texts(said, key) if plain(t) not in {"true", "yes"})
    draft.flags[name] = (*draft.flags.get(name, ()), *about)


def _flags(draft: _Draft, said: object, field: str) -> None:
    parts = (
        mapping(field, said) if isinstance(said, dict) else dict.fromkeys(texts(said, field), True)
    )
    for key, value in parts.items():
        if plain(key) in flag_words():
            _flag(draft, key, value)
        elif plain(key) in key_words() and key_words()[plain(key)] in _READERS:
            _keyed(draft, key_words()[plain(key)], value, f"{field}.{key}")
        elif named_concepts(plain(key)):
            draft.statements += [plain(key)] if truthy(value) else []
        else:
            known = next((f for f in flag_words() if f in plain(key)), None)
            if known is None:
                raise unknown(f"{field}.{key}", key, flag_words(), "flag")
            _flag(draft, known, plain(key) if value is True else value)


def _allergies(draft: _Draft, said: object, field: str) -> None:
    draft.fields["allergies"] = tuple(labels(said, field))


def _medications(draft: _Draft, said: object, field: str) -> None:
    found = home(said, field, stopped=field.endswith(("recent_medications", "stopped_medications")))
    draft.fields["medications"] = (*draft.fields.get("medications", ()), *found)


def _test(draft: _Draft, said: object, _field: str) -> None:
    draft.fields["tested"] = "positive" if positive(said) else "negative"


def _suicide(draft: _Draft, said: object, field: str) -> None:
    if isinstance(said, bool) or not isinstance(said, int | float):
        text = plain(str(said)).removesuffix(" risk")
        found = _RISKS.get(text)
        if found is None:
            raise unknown(field, said, _RISKS, "suicide risk")
        draft.fields["risk"] = found
    else:
        draft.fields["risk"] = "high" if said >= 4 else "moderate" if said >= 3 else "low"


def _level(draft: _Draft, said: object, field: str) -> None:
    draft.fields["level"] = int(
        number(field, str(said).lower().replace("esi", "").replace("level", "").strip())
    )


def _fetal(draft: _Draft, said: object, field: str) -> None:
    text = plain(str(said)).removeprefix("category ").removeprefix("cat ").strip()
    known = {"1": "i", "2": "ii", "3": "iii", "i": "i", "ii": "ii", "iii": "iii"}
    if word(field, text, known, "category") == "iii":
        draft.named.add("category_iii")


def _awake(draft: _Draft, said: object, _field: str) -> None:
    if plain(str(said)) in {
        "p",
        "u",
        "pain",
        "unresponsive",
        "responds to pain",
        "responds only to pain",
    }:
        draft.named.add("level_1")


_READERS: dict[str, Callable[[_Draft, object, str], None]] = {
    "allergies": _allergies,
    "avpu": _awake,
    "cssrs": _suicide,
    "esi": _level,
    "fetal_category": _fetal,
    "flags": _flags,
    "labs": _table,
    "medications": _medications,
    "recent_medications": _medications,
    "pregnancy_test": _test,
    "suicide_risk": _suicide,
    "vitals": _table,
    "qtc_ms": lambda d, s, f: _measured(d, "qtc", s, f),
}


def _finished(draft: _Draft) -> Person:
    f = draft.fields
    named = set(draft.named)
    for statement in draft.statements:
        named |= named_concepts(statement)
    for statement in draft.past:
        named |= {n if n.startswith("past:") else f"past:{n}" for n in named_concepts(statement)}
    _more_concepts(f, named)
    week = _week(f)
    if week is None and "expecting" in named:
        week = _written_week(draft.statements)
    about = f.get("observed")
    return Person(
        id=str(f.get("id", "")),
        age_years=_age(f),
        sex=_sex(f.get("sex")),
        weight_kg=None
        if f.get("weight_kg") is None
        else quantity("patient.weight_kg", "weight", f["weight_kg"]),
        pregnant=_pregnant(f, week, named),
        pregnant_week=week,
        allergies=f.get("allergies", ()),
        allergies_read=None if f.get("allergies_read") is None else truthy(f["allergies_read"]),
        medications=f.get("medications", ()),
        concepts=frozenset(named),
        values={**draft.values, **_numbers(f)},
        series=draft.series,
        flags=_all_flags(draft, named),
        observed=frozenset(plain(t) for t in texts(about, "patient.observed")),
        risk=_risk(f, named),
        level=f.get("level"),
        critical_findings=f.get("critical_findings", ()),
        red_flags=f.get("red_flags", ()),
    )


def _all_flags(draft: _Draft, named: set[str]) -> dict[str, tuple[str, ...]]:
    flags = dict(draft.flags)
    if draft.fields.get("tested") == "negative" or "not_expecting" in named:
        flags.setdefault("tested_not_pregnant", ())
    if "hospice" in named:
        flags.setdefault("goals_of_care", ())
    return flags


def _more_concepts(f: dict[str, Any], named: set[str]) -> None:
    for key, concept in (("postpartum", "birth"), ("dialysis", "dialysis")):
        if truthy(f.get(key)) and f.get(key) is not None:
            named.add(concept)


def _numbers(f: dict[str, Any]) -> dict[str, float]:
    wanted = ("onset_h", "last_known_well_min", "fever_days")
    return {k: number(f"patient.{k}", f[k]) for k in wanted if f.get(k) is not None}


def _age(f: dict[str, Any]) -> float | None:
    for key, per_year in (("age_years", 1.0), ("age_months", 12.0), ("age_days", 365.25)):
        if f.get(key) is not None:
            found = years if per_year == 1.0 else number
            age = found(f"patient.{key}", f[key]) / per_year
            if not 0 <= age <= _OLDEST:
                raise BadScene(f"patient.{key}: expected 0 to {_OLDEST} years, got {f[key]!r}")
            return age
    return None


def _sex(said: object) -> Literal["female", "male"] | None:
    first = plain(str(said or ""))[:1]
    return "female" if first in {"f", "w"} else "male" if first == "m" else None


def _week(f: dict[str, Any]) -> float | None:
    if f.get("pregnant_week") is not None:
        return number("patient.pregnant_week", f["pregnant_week"])
    if f.get("trimester") is not None:
        return _TRIMESTER_WEEK.get(int(number("patient.trimester", f["trimester"])))
    return None


def _written_week(statements: list[str]) -> float | None:
    """The week that stands beside a pregnancy in words."""
    told = (_WEEK.search(s.lower()) for s in statements if "expecting" in named_concepts(s))
    return next((float(found[1]) for found in told if found), None)


def _pregnant(f: dict[str, Any], week: float | None, named: set[str]) -> bool | None:
    if f.get("postpartum"):
        return False
    if week is not None or f.get("tested") == "positive":
        return True
    if f.get("pregnant") is not None:
        said = f["pregnant"]
        return None if plain(str(said)) in {"unknown", "possible"} else truthy(said)
    return True if "expecting" in named else None


def _risk(f: dict[str, Any], named: set[str]) -> Risk | None:
    if "risk" in f:
        risk: Risk = f["risk"]
        return risk
    return "high" if "suicide_attempt" in named else "moderate" if "suicidal" in named else None
