"""Guidelines as data: short sentences for readers, checkable acts for the judge, pinned versions.

One YAML file per version in `data/guidelines/`, named by the guideline's id, older versions
`<id>_<year>.yaml`. Unknown keys are errors. Items are written as in `knowledge/conditions.py`;
`seen:lab:bmp` is the moment the result was shown, `lab:bmp` that or the order.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Literal

import msgspec

from .conditions import Predicate
from .errors import BadData, UnknownGuideline
from .files import load, names

Holds = Callable[[Predicate, float], bool | None]
"""Whether a predicate is true of the hidden truth at a simulated minute; None: not known."""


class Clause(Predicate, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A predicate, and who has to know it.

    The fact `done:<item>` asks whether an earlier act shows that item: it needs no truth.
    """

    known: Literal["truth", "chart"] = "truth"
    """`truth`: what is so counts. `chart`: it must be so, and the agent must have seen it."""


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The doses of a drug that count; one outside matches nothing. Bounds are included."""

    item: str
    """`drug:` or `class:` item."""
    low: float = 0.0
    high: float = float("inf")
    unit: str = ""
    """Unit of the bounds: the drug's own, or that per kg of body weight (`units/kg`)."""
    cap: float = float("inf")
    """Largest dose in the drug's own unit; to reach it is enough whatever the weight."""
    route: str = ""
    """Only by this route; "" for any."""
    total: bool = False
    """The sum of the doses since the clock started has to reach `low`."""


class Advice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One recommendation as an act that can be seen in the events.

    `when` and `exception` are tested at the minute the clock starts (the guideline's t0, or the
    act of `since`) for a `must`, at the act itself for `must_not` and `order`.
    """

    id: str
    kind: Literal["must", "must_not", "order"]
    match: tuple[str, ...]
    """The acts meant, by any of these items. A trailing `*` matches a prefix."""
    before: tuple[str, ...] = ()
    """For `order`: one of these must have been there before the first act that matches."""
    limits: tuple[Limit, ...] = ()
    since: tuple[str, ...] = ()
    """The clock starts at the first act with one of these items, and only later acts count.
    Without such an act, or where the time is not up at the episode's end, nothing is asked."""
    earliest_min: float = 0.0
    """Simulated minutes on the clock before which an act does not count yet."""
    deadline_min: float | None = None
    """Simulated minutes on the clock; for a `must_not` with `since`, how long it is forbidden."""
    hard_deadline_min: float | None = None
    """A critical act done after that is a critical miss, as one never done is."""
    when: tuple[Clause, ...] = ()
    """Asked only where all of them hold."""
    persists: bool = False
    """Not asked where `when` no longer holds at the deadline."""
    exception: tuple[Clause, ...] = ()
    """Excused where one of them holds."""
    weight: float = 1.0
    critical: bool = False
    rule: str = ""
    """Safety rule that a critical miss feeds."""
    source: str
    """Where it is recommended; "unverified" where the number rests on memory."""


class Guideline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guideline in short sentences of our own, and as acts."""

    id: str
    title: str
    version: str
    source: str
    valid_from: date
    """Day of publication."""
    valid_to: date | None = None
    """Last day before its successor was published."""
    replaces: str = ""
    replaced_by: str = ""
    """Version that followed, whether it is held here or not."""
    conditions: tuple[str, ...]
    """Conditions of the catalogue that it is for."""
    trigger: tuple[Clause, ...] = ()
    """What else must be true at arrival. Without conditions, the trigger alone decides."""
    t0: str = "arrival"
    """When its clock starts: at arrival, or at the first act with this item (arrival if none)."""
    domains: tuple[str, ...] = ()
    """Domains in which compliance is judged: their tools can do all that it asks for."""
    words: tuple[str, ...]
    """Words by which it is found."""
    do: tuple[str, ...]
    avoid: tuple[str, ...] = ()
    actions: tuple[Advice, ...]

    def meant_for(self, condition: str, holds: Holds) -> bool:
        """Whether it is for a patient with this condition, as things are at arrival."""
        if self.conditions and condition not in self.conditions:
            return False
        return all(holds(clause, 0.0) is True for clause in self.trigger)


@cache
def _versions() -> dict[str, tuple[Guideline, ...]]:
    """Every version of every guideline, the oldest first."""
    found: dict[str, list[Guideline]] = {}
    for name in names("guidelines"):
        g = load(f"guidelines/{name}.yaml", Guideline)
        if name not in {g.id, f"{g.id}_{g.valid_from.year}"}:
            raise BadData(f"data/guidelines/{name}.yaml: holds {g.id} of {g.valid_from.year}")
        found.setdefault(g.id, []).append(g)
    return {id_: tuple(sorted(own, key=lambda g: g.valid_from)) for id_, own in found.items()}


def history(id_: str) -> tuple[Guideline, ...]:
    """All versions of a guideline, the oldest first. Raises UnknownGuideline."""
    own = _versions().get(id_)
    if own is None:
        raise UnknownGuideline(id_, _versions())
    return own


def guideline(id_: str, version: str | None = None, on: date | None = None) -> Guideline:
    """A guideline: its newest version held, a pinned one, or the one in force on a day.

    Raises UnknownGuideline, also where no version held was in force on that day.
    """
    found = [
        g
        for g in history(id_)
        if (version is None or g.version == version)
        and (on is None or g.valid_from <= on <= (g.valid_to or date.max))
    ]
    if not found:
        asked = f"{id_} {version or ''} {on or ''}"
        held = [f"{g.id} {g.version}" for g in history(id_)]
        raise UnknownGuideline(" ".join(asked.split()), held)
    return found[-1]


@cache
def guidelines() -> dict[str, Guideline]:
    """The newest version of every guideline, by id."""
    return {id_: _versions()[id_][-1] for id_ in sorted(_versions())}


@cache
def _words() -> dict[str, frozenset[str]]:
    out: dict[str, frozenset[str]] = {}
    for id_, g in guidelines().items():
        text = f"{id_} {' '.join(g.words)} {' '.join(g.conditions)}".lower().replace("_", " ")
        out[id_] = frozenset(re.findall(r"[a-z0-9]+", text))
    return out


def find(query: str) -> list[Guideline]:
    """Guidelines that share words with the query, best first; rare words count more."""
    asked = dict.fromkeys(re.findall(r"[a-z0-9]+", query.lower()))
    weight = {w: sum(w in own for own in _words().values()) for w in asked}
    ranked: list[tuple[float, str]] = []
    for id_, own in _words().items():
        score = sum(1 / weight[w] for w in asked if w in own)
        if score:
            ranked.append((-score, id_))
    return [guidelines()[id_] for _, id_ in sorted(ranked)]


def versions() -> dict[str, str]:
    """Guideline id -> version, as an episode request pins them."""
    return {id_: g.version for id_, g in guidelines().items()}
