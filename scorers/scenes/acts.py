"""Read the events of a scenario. An unknown action or argument names its neighbours."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from ...knowledge.drugs.doses import way
from ...knowledge.drugs.names import plain
from ..errors import BadScene
from .arguments import arguments, days_of, level_of, maybe, measured, values_of
from .model import ORDERS, Act, Kind
from .vocabulary import action_words, value_words, vocabulary
from .words import (
    amount,
    drug_line,
    drug_or_none,
    leading_drug,
    mapping,
    number,
    order_line,
    texts,
    truthy,
    unknown,
)

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
_PUSHES = frozenset({"push", "bolus", "give bolus"})
_DRUG_KINDS = frozenset({"prescribe", "give", "cancel", "stop"})
_HOME = re.compile(r"\b(?:home|discharged?|released?)\b")
_ELSEWHERE = re.compile(
    r"\b(?:transfer|hospice|psychiatr(?:ic|y)|facility|another hospital|rehab|tertiary|nursing)\b"
)
_INSIDE = re.compile(
    r"\b(?:icu|ward|admit|admission|inpatient|observation|floor|operating|unit|telemetry|cath)\b"
)


def acts(raw: object, field: str) -> list[Act]:
    """The acts of a list of events, in their order. Raises BadScene."""
    if not isinstance(raw, list):
        raise BadScene(f"{field}: expected a list, got {raw!r}")
    done: list[Act] = []
    orders: dict[str, int] = {}
    for n, one in enumerate(raw):
        done += _event(n, one, f"{field}[{n}]", done, orders)
    return done


def _event(
    index: int, raw: object, field: str, before: list[Act], orders: dict[str, int]
) -> list[Act]:
    found: dict[str, Any] = {}
    for key, value in mapping(field, raw).items():
        if plain(key) not in _EVENT_KEYS:
            raise unknown(f"{field}.{key}", key, _EVENT_KEYS, "key")
        name = _EVENT_KEYS[plain(key)]
        if found.setdefault(name, value) != value and name:
            raise BadScene(f"{field}.{key}: {name} is given twice: {found[name]!r} and {value!r}")
    if not isinstance(found.get("action"), str):
        raise BadScene(
            f"{field}.action: expected the name of an action, got {found.get('action')!r}"
        )
    kind, item = action(found["action"], f"{field}.action")
    idle = kind in {"read", "other", "wait"}
    args = arguments(found.get("args"), f"{field}.args", idle=idle)
    if isinstance(found.get("values"), dict):
        told = values_of(found["values"], f"{field}.result", idle=True)
        args.setdefault("values", {}).update(told)
    if "patient" in found:
        args.setdefault("patient", found["patient"])
    if plain(found["action"]) in _PUSHES and "duration" not in mapping(
        field, found.get("args") or {}
    ):
        args["route"] = f"{way(str(args.get('route') or ''))} push".replace("push push", "push")
    if kind in {"cancel", "stop"}:
        _takes_back(args, item, before, orders, f"{field}.args")
    else:
        orders.update({str(ref): index for ref in texts(args.get("order_ref"), field)})
    bare = Act(index=index, minute=_minute(found, field), kind=kind, item=item)
    return list(_acts(bare, args, f"{field}.args"))


def _minute(found: dict[str, Any], field: str) -> float:
    if "t_min" not in found:
        raise BadScene(f"{field}.t_min: missing; expected minutes from the start")
    minute = number(f"{field}.t_min", found["t_min"])
    if minute < 0:
        raise BadScene(f"{field}.t_min: expected minutes from 0, got {minute:g}")
    return minute


def _takes_back(
    args: dict[str, Any], item: str, before: list[Act], orders: dict[str, int], field: str
) -> None:
    """Find the order that a cancellation means where it does not name it. Raises BadScene."""
    ref = next(iter(texts(args.get("order_ref"), field)), None)
    if ref is not None:
        if ref not in orders:
            raise BadScene(f"{field}.order_id: no earlier event has order_id {ref!r}")
        args["event"] = orders[ref]
    if item or any(key in args for key in ("event", "drug", "item", "place")):
        return
    taken = {a.event for a in before if a.kind in {"cancel", "stop"}}
    open_ = {a.index for a in before if a.kind in ORDERS and a.index not in taken}
    if len(open_) != 1:
        raise BadScene(f"{field}: expected the drug, order_id or event_index that is taken back")
    args["event"] = open_.pop()


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


def _acts(bare: Act, args: dict[str, Any], field: str) -> Iterator[Act]:
    """One event's acts: one for each drug that it names."""
    said = [plain(t) for t in texts(args.get("item"), field)]
    kind, item = bare.kind, bare.item or " ".join(said)
    if kind == "test":
        # What an action says by its name and by its arguments belongs together: a CT of the chest.
        item = " ".join(dict.fromkeys(f"{bare.item} {' '.join(said)}".split()))
        drug = next((t for t in said if drug_or_none(t) and t not in value_words()), "")
        kind, item = ("prescribe", drug or item) if drug or "drug" in args else (kind, item)
    if kind == "procedure":
        drug = next((t for t in (item, *said) if drug_or_none(t.removesuffix(" im"))), "")
        kind, item = ("give", drug.removesuffix(" im")) if drug else (kind, item)
    act = msgspec.structs.replace(
        bare,
        kind=_disposed(kind, args, item),
        item=_about(kind, args, item),
        level=level_of(args, item, field) if kind == "triage" else None,
        quantity=maybe(args, "quantity", field) if kind == "prescribe" else None,
        days=days_of(args, field),
        patient=str(args.get("patient", "") or ""),
        reason=plain(str(args.get("reason", ""))),
        values=measured(args, said or [item], field),
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
    if act.kind in {"cancel", "stop"}:
        found = leading_drug(named) if isinstance(named, str) else None
        yield msgspec.structs.replace(act, item=found[0] if found else plain(str(named or "")))
        return
    for one in named if isinstance(named, list) else [named]:
        more = {**args, **(arguments(one, field) if isinstance(one, dict) else {"drug": one})}
        written = more.get("drug") or next(iter(texts(more.get("item"), field)), None)
        (id_, labels), rest = drug_line(f"{field}.drug", written)
        dose, unit, route = order_line(rest)
        if more.get("dose") is not None:
            dose, unit = amount(f"{field}.dose", more["dose"])
        yield msgspec.structs.replace(
            act,
            item=id_,
            labels=labels,
            dose=dose,
            unit=str(more.get("unit") or unit).lower().strip(),
            route=plain(str(more.get("route") or act.route or route)),
            quantity=maybe(more, "quantity", field),
            days=days_of(more, field),
        )


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
