"""Read the events of a scenario. An unknown action or argument names its neighbours."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from ...knowledge.drugs.names import plain
from ..errors import BadScene
from .model import Act, Kind
from .vocabulary import action_words, argument_words, key_words, value_words, vocabulary
from .words import amount, drug_of, drug_or_none, mapping, number, texts, truthy, unknown

_EVENT_KEYS = {
    "t min": "t_min",
    "t": "t_min",
    "minute": "t_min",
    "time min": "t_min",
    "at min": "t_min",
    "time": "t_min",
    "tmin": "t_min",
    "action": "action",
    "tool": "action",
    "name": "action",
    "event": "action",
    "type": "action",
    "args": "args",
    "arguments": "args",
    "params": "args",
    "parameters": "args",
    "result": "values",
    "observation": "values",
    "patient id": "patient",
    "note": "",
    "id": "",
    "comment": "",
    "ok": "",
}
_VERBS: dict[str, Kind] = {
    "give": "give",
    "administer": "give",
    "infuse": "give",
    "inject": "give",
    "push": "give",
    "bolus": "give",
    "start": "prescribe",
    "prescribe": "prescribe",
    "order": "prescribe",
    "initiate": "prescribe",
    "resume": "prescribe",
    "continue": "prescribe",
    "dispense": "prescribe",
    "stop": "stop",
    "hold": "stop",
    "discontinue": "stop",
    "cancel": "cancel",
    "restart": "prescribe",
}
_OTHERS: dict[str, Kind] = {
    "order": "test",
    "repeat": "test",
    "recheck": "test",
    "obtain": "test",
    "measure": "read",
    "check": "read",
    "get": "read",
    "review": "read",
    "read": "read",
    "view": "read",
    "perform": "procedure",
    "consult": "consult",
    "activate": "consult",
    "notify": "communicate",
    "call": "communicate",
    "page": "consult",
    "admit": "admit",
    "transfer": "transfer",
    "discharge": "discharge",
    "calculate": "other",
    "assess": "read",
    "document": "other",
    "request": "test",
    "interpret": "read",
    "escalate": "consult",
    "refer": "consult",
    "send": "test",
    "search": "other",
    "browse": "other",
    "describe": "other",
    "define": "other",
    "convert": "other",
    "compare": "other",
    "count": "other",
    "grade": "other",
    "stage": "other",
    "find": "other",
    "list": "other",
    "flag": "other",
    "draft": "other",
    "prepare": "other",
    "query": "read",
    "classify": "read",
    "characterise": "read",
    "inspect": "read",
    "oral": "test",
}
_DRUG_KINDS = frozenset({"prescribe", "give", "cancel", "stop"})
_HOME = re.compile(r"\b(?:home|discharged?|released?)\b")
_ELSEWHERE = re.compile(
    r"\b(?:transfer|hospice|psychiatr(?:ic|y)|facility|another hospital|rehab|tertiary|nursing)\b"
)
_INSIDE = re.compile(
    r"\b(?:icu|ward|admit|admission|inpatient|observation|floor|operating|unit|telemetry|cath)\b"
)
_PER_DAY = re.compile(r"(\d+)\s*(?:day|d\b)")
_DOSE_UNITS = {
    "dose mg": "mg",
    "dose g": "g",
    "dose mcg": "mcg",
    "dose units": "units",
    "dose mmol": "mmol",
    "strength mg": "mg",
}


def acts(raw: object, field: str) -> list[Act]:
    """The acts of a list of events, in their order. Raises BadScene."""
    if not isinstance(raw, list):
        raise BadScene(f"{field}: expected a list, got {raw!r}")
    return [act for n, one in enumerate(raw) for act in _event(n, one, f"{field}[{n}]")]


def _event(index: int, raw: object, field: str) -> Iterator[Act]:
    found: dict[str, Any] = {}
    for key, value in mapping(field, raw).items():
        if plain(key) not in _EVENT_KEYS:
            raise unknown(f"{field}.{key}", key, _EVENT_KEYS, "key")
        found.setdefault(_EVENT_KEYS[plain(key)], value)
    if not isinstance(found.get("action"), str):
        raise BadScene(
            f"{field}.action: expected the name of an action, got {found.get('action')!r}"
        )
    kind, item = action(found["action"], f"{field}.action")
    idle = kind in {"read", "other", "wait"}
    args = _arguments(found.get("args"), f"{field}.args", idle=idle)
    if isinstance(found.get("values"), dict):
        args.setdefault("values", {}).update(_values(found["values"], f"{field}.result"))
    if "patient" in found:
        args.setdefault("patient", found["patient"])
    minute = number(f"{field}.t_min", found.get("t_min", 0))
    yield from _acts(Act(index=index, minute=minute, kind=kind, item=item), args, f"{field}.args")


def action(said: str, field: str) -> tuple[Kind, str]:
    """What an action is and what it is about, from its name. Raises BadScene."""
    name = plain(said)
    if name in action_words():
        found = vocabulary().actions[action_words()[name]]
        item = found.item
        if not item and name.split()[-1] in {"psychiatry", "icu", "hold", "observation"}:
            item = name
        return found.kind, item or _said_by(name)
    verb, _, rest = name.partition(" ")
    if verb in _VERBS and rest and drug_or_none(rest):
        return _VERBS[verb], rest
    if verb in _OTHERS and rest:
        return _OTHERS[verb], rest.removeprefix("to ")
    raise unknown(field, said, action_words(), "action")


_TELLING = {
    "intubate": "intubation",
    "one to one observation": "one to one observation",
    "suicide precautions": "suicide precautions",
    "pregnancy test": "pregnancy test",
    "order pregnancy test": "pregnancy test",
    "urine pregnancy test": "pregnancy test",
    "order ct": "ct",
    "order mri": "mri",
    "recheck potassium": "potassium",
    "operate": "surgery",
    "surgery": "surgery",
    "involuntary hold": "psychiatric hold",
}
"""Actions whose word says what they are about."""


def _said_by(name: str) -> str:
    return _TELLING.get(name, "")


def _arguments(raw: object, field: str, *, idle: bool = False) -> dict[str, Any]:
    """Arguments by their canonical names. Raises BadScene for an unknown one.

    What an idle act (one that only reads, notes or waits) is told beyond that changes nothing.
    """
    found: dict[str, Any] = {}
    for key, value in mapping(field, raw or {}).items():
        name = argument_words().get(plain(key))
        if plain(key) in value_words() and name is None:
            found.setdefault("values", {})[value_words()[plain(key)]] = number(
                f"{field}.{key}", value
            )
        elif name is None:
            if plain(key) not in key_words() and not idle:
                raise unknown(
                    f"{field}.{key}", key, {**argument_words(), **value_words()}, "argument"
                )
        elif name == "values":
            _read_values(found, value, f"{field}.{key}")
        elif name == "reason":
            found["reason"] = " ".join([found.get("reason", ""), *texts(value, field)]).strip()
        else:
            found.setdefault(name, value)
            if plain(key) in _DOSE_UNITS:
                found.setdefault("unit", _DOSE_UNITS[plain(key)])
    return found


def _read_values(found: dict[str, Any], value: object, field: str) -> None:
    if isinstance(value, dict):
        found.setdefault("values", {}).update(_values(value, field))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found["number"] = float(value)
    else:
        found["reason"] = " ".join([found.get("reason", ""), *texts(value, field)]).strip()


def _values(said: dict[str, Any], field: str) -> dict[str, float]:
    return {
        value_words()[plain(key)]: number(f"{field}.{key}", value)
        for key, value in said.items()
        if plain(key) in value_words() and value is not None
    }


def _acts(bare: Act, args: dict[str, Any], field: str) -> Iterator[Act]:
    """One event's acts: one for each drug that it names."""
    item = bare.item or " ".join(plain(t) for t in texts(args.get("item"), field))
    kind = bare.kind
    if kind == "test" and ("drug" in args or drug_or_none(item)) and item not in value_words():
        kind = "prescribe"
    if kind == "procedure" and drug_or_none(item.removesuffix(" im")):
        kind, item = "give", item.removesuffix(" im")
    act = msgspec.structs.replace(
        bare,
        kind=_disposed(kind, args, item),
        item=_about(kind, args, item),
        level=_level(args, item, field) if kind == "triage" else None,
        quantity=_maybe(args, "quantity", field) if kind == "prescribe" else None,
        days=_days(args, field),
        patient=str(args.get("patient", "") or ""),
        reason=plain(str(args.get("reason", ""))),
        values=_measured(args, item),
        event=None if args.get("event") is None else _index(args["event"]),
        blocked=truthy(args.get("blocked")),
        route=plain(str(args.get("route", "") or "")),
        frequency=str(args.get("frequency", "") or ""),
    )
    if kind in _DRUG_KINDS:
        yield from _drugs(act, args, item, field)
        return
    if kind == "discharge" and "drug" in args:
        yield from _drugs(msgspec.structs.replace(act, kind="prescribe"), args, "", field)
    yield act


def _index(said: object) -> int | None:
    return said if isinstance(said, int) and not isinstance(said, bool) else None


def _drugs(act: Act, args: dict[str, Any], item: str, field: str) -> Iterator[Act]:
    named = args.get("drug", item)
    if act.kind in {"cancel", "stop"} and not (isinstance(named, str) and drug_or_none(named)):
        yield msgspec.structs.replace(act, item=plain(str(named or "")))
        return
    for one in named if isinstance(named, list) else [named]:
        parts = one if isinstance(one, dict) else {"drug": one}
        more = {**args, **(_arguments(parts, field) if isinstance(one, dict) else {})}
        id_, labels = drug_of(
            f"{field}.drug", more.get("drug", more.get("item")) if isinstance(one, dict) else one
        )
        dose, unit = (
            amount(f"{field}.dose", more["dose"]) if more.get("dose") is not None else (None, "")
        )
        yield msgspec.structs.replace(
            act,
            item=id_,
            labels=labels,
            dose=dose,
            unit=str(more.get("unit") or unit).lower().strip(),
            quantity=_maybe(more, "quantity", field),
            days=_days(more, field),
        )


def _maybe(args: dict[str, Any], key: str, field: str) -> float | None:
    said = args.get(key)
    return None if said is None else number(f"{field}.{key}", said)


def _days(args: dict[str, Any], field: str) -> float | None:
    said = args.get("days")
    if said is None:
        return None
    text = str(said).lower()
    factor = 30.0 if "month" in text else 7.0 if "week" in text else 1.0
    return number(f"{field}.days", said) * factor


def _measured(args: dict[str, Any], item: str) -> dict[str, float]:
    values = dict(args.get("values", {}))
    if "number" in args and item in value_words():
        values[value_words()[item]] = args["number"]
    return values


def _level(args: dict[str, Any], item: str, field: str) -> int:
    said = args.get("level", item)
    text = re.sub(r"[^0-9]", "", str(said))
    if len(text) != 1 or text not in "12345":
        raise BadScene(f"{field}.level: expected a triage level from 1 to 5, got {said!r}")
    return int(text)


def _about(kind: Kind, args: dict[str, Any], item: str) -> str:
    if kind in {"consult", "communicate"}:
        said = texts(args.get("specialty"), "specialty")
        return " ".join(plain(t) for t in (item, *said) if t)
    if kind in {"discharge", "admit", "transfer"}:
        said = texts(args.get("place"), "place")
        return plain(" ".join(t for t in (item, *said) if t != "by argument"))
    return item


def _disposed(kind: Kind, args: dict[str, Any], item: str) -> Kind:
    """Where a disposition leads: the place that it names decides."""
    if kind not in {"discharge", "admit"}:
        return kind
    place = plain(" ".join(texts(args.get("place"), "place")))
    if kind == "discharge" and item == "by argument":
        if not _HOME.search(place) and not _ELSEWHERE.search(place):
            return "admit" if _INSIDE.search(place) else "other"
        return "transfer" if _ELSEWHERE.search(place) else "discharge"
    if kind == "discharge" and _ELSEWHERE.search(f"{place} {item}"):
        return "transfer"
    if kind == "discharge" and _INSIDE.search(place) and not _HOME.search(place):
        return "admit"
    return kind
