"""What a player has seen: the observations of a view, read into a chart. Nothing is inferred."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from ..knowledge.drugs import Allergy, resolve
from ..knowledge.studies import studies
from ..knowledge.variants import comorbidities, families, family, findings
from .policy import View

_MINUTE = 60_000_000
_PATIENCE = 180 * _MINUTE
"""A culture that grows for days is not waited for."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's own picture of the case."""

    family: str
    """Family of conditions that the ticket speaks of."""
    facts: frozenset[str] = frozenset()
    """Fact ids that were revealed."""
    findings: dict[str, bool] = {}
    past: tuple[str, ...] = ()
    """Ids of known comorbidities."""
    medications: tuple[str, ...] = ()
    """Ids of home drugs."""
    allergies: tuple[Allergy, ...] = ()
    """As charted; every label is believed, save that of a later tolerated drug."""
    values: dict[str, float] = {}
    """Newest laboratory value or vital sign, by component id."""
    rise: dict[str, float] = {}
    """Newest over first value of what was measured again."""
    ecg: str = ""
    imaging: dict[str, str] = {}
    """Study -> id of its reading."""
    done: tuple[str, ...] = ()
    """Items that were ordered, given, consulted or recorded."""
    failed: frozenset[str] = frozenset()
    """Tools whose last call was refused."""
    pending: bool = False
    """Results are still to come within the next hours."""
    minute: int = 0


@cache
def _tickets() -> tuple[tuple[re.Pattern[str], str], ...]:
    found = []
    for name in families():
        for complaint in family(name).complaints:
            text = re.escape(complaint).replace(r"\{who\}", ".+").replace(r"\{since\}", ".+")
            found.append((re.compile(text), name))
    return tuple(found)


def family_of(ticket: str) -> str:
    """Family of conditions whose ticket it is; chest pain for words nobody knows.

    The complaint is the first line; what others have added below it is no evidence.
    """
    complaint = ticket.partition("\n")[0]
    return next((name for text, name in _tickets() if text.fullmatch(complaint)), "chest_pain")


def number(text: str) -> float | None:
    """The number at the head of a printed value such as `131 L`."""
    head = text.split(" ", 1)[0]
    try:
        return float(head)
    except ValueError:
        return None


@cache
def _past_names() -> dict[str, str]:
    return {c.name: id_ for id_, c in comorbidities().items()}


def _values(content: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for part in ("results", "vitals"):
        for key, text in content.get(part, {}).items():
            value = number(str(text))
            if value is not None:
                yield key, value


def _findings(reveals: list[str], content: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    present = list(content.get("present", ()))
    for texts in content.get("exam", {}).values():
        present += texts
    answer = str(content.get("answer", ""))
    for fact in reveals:
        id_ = fact.removeprefix("finding:")
        if id_ != fact and id_ in findings():
            found = findings()[id_]
            yield id_, found.text in present or bool(found.told and found.told in answer)


def _allergy(charted: Mapping[str, str]) -> Allergy:
    """A label is a real allergy unless the chart itself says that the drug was tolerated."""
    reaction = charted["reaction"]
    tolerated = "without harm" in reaction or "nausea" in reaction
    return msgspec.convert({**charted, "true": not tolerated}, Allergy)


def _imaging(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for study, text in content.get("imaging", {}).items():
        for id_, reading in studies().studies[study].readings.items():
            if reading == text:
                yield study, id_


def _ecg(text: str) -> str:
    return next((id_ for id_, said in studies().ecg.items() if text.endswith(said)), "")


def _drug_ids(texts: list[str]) -> tuple[str, ...]:
    found = (resolve(t.split(" ", 1)[0]) for t in texts)
    return tuple(d.id for d in found if d is not None)


def _measured(shown: Sequence[Mapping[str, Any]]) -> tuple[dict[str, float], dict[str, float]]:
    """Newest value of everything measured, and its ratio to the first one where it changed."""
    first: dict[str, float] = {}
    values: dict[str, float] = {}
    for content in shown:
        for key, value in _values(content):
            first.setdefault(key, value)
            values[key] = value
    changed = {k: v / first[k] for k, v in values.items() if first[k] > 0 and v != first[k]}
    return values, changed


def read(view: View) -> Seen:
    """Everything that the answered turns of a view have shown."""
    answered = [(t, t.observation) for t in view.turns if t.observation is not None]
    good = [o for _, o in answered if o.ok]
    shown = [o.content for o in good]
    single: dict[str, Any] = {}
    for content in shown:
        single.update({k: content[k] for k in ("past", "home", "allergies", "ecg") if k in content})
    effects = [o.effect for o in good if o.effect is not None and o.effect.item]
    now = answered[-1][0].observed_at if answered else 0
    values, rise = _measured(shown)
    return Seen(
        family=family_of(view.started.ticket),
        facts=frozenset(fact for o in good for fact in o.reveals),
        findings={k: v for o in good for k, v in _findings(o.reveals, o.content)},
        past=tuple(_past_names()[n] for n in single.get("past", ()) if n in _past_names()),
        medications=_drug_ids(single.get("home", [])),
        allergies=tuple(_allergy(a) for a in single.get("allergies", ())),
        values=values,
        rise=rise,
        ecg=_ecg(str(single.get("ecg", ""))),
        imaging={k: v for content in shown for k, v in _imaging(content)},
        done=tuple(e.item for e in effects),
        failed=frozenset(getattr(t.action, "tool", "") for t, o in answered if not o.ok),
        pending=any(e.kind == "ordered" and now < e.due <= now + _PATIENCE for e in effects),
        minute=now // _MINUTE,
    )
