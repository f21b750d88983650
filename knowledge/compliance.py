"""What became of a guideline's recommendations in a sequence of acts. Pure.

A `must` is met, late or missed; an `order` met or violated, once its later act was done; a
`must_not` can only be violated: not having been tempted earns nothing.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Literal

import msgspec

from .drugs import formulary
from .guidelines import Advice, Clause, Guideline, Holds, Limit
from .labs import catalogue

Status = Literal["met", "missed", "late", "violated", "not_applicable"]
_DONE = "done:"


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done or shown, at its place in the episode."""

    n: int
    """Position of its event in the chain."""
    minute: float
    """Simulated minutes from arrival."""
    items: tuple[str, ...]
    """What it did and what it showed; a result that was shown has `seen:` before its item, too."""
    ok: bool = True
    """It succeeded. What failed was not done."""
    drug: str = ""
    dose: float = 0.0
    unit: str = ""
    """The drug's own unit."""
    per_kg: float = 0.0
    """The dose over the body weight in kg; 0 where that is not known."""
    route: str = ""
    token: bool = False
    """Too small a dose to treat: it meets nothing, yet may violate."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one recommendation."""

    guideline: str
    version: str
    action: str
    status: Status
    weight: float
    critical: bool = False
    """A critical recommendation was missed or violated: see `rule`."""
    rule: str = ""
    event: int = 0
    """Event that shows it, 0 for none."""
    minute: float | None = None
    note: str = ""


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """A status and what shows it, before it is a verdict."""

    status: Status
    act: Act | None = None
    note: str = ""
    grave: bool = False


def _na(note: str) -> _Told:
    return _Told(status="not_applicable", note=note)


@cache
def _wider(item: str) -> tuple[str, ...]:
    """An item and, for a drug of the formulary, its classes and roles."""
    known = formulary().drugs.get(item[5:]) if item.startswith("drug:") else None
    if known is None:
        return (item,)
    return (item, *dict.fromkeys(f"class:{c}" for c in (*known.classes, *known.roles)))


@cache
def _shown_by(fact: str) -> tuple[str, ...]:
    """Items that make a fact of the hidden truth known to who looks."""
    kind, _, name = fact.partition(":")
    match kind:
        case "lab":
            tests = catalogue().tests.items()
            return tuple(f"seen:lab:{t}" for t, made in tests if name in made.components)
        case "vital":
            return ("vitals",)
        case "allergy":
            return ("allergies",)
        case "medication":
            return ("medications",)
        case "flag" | "extra" | "demo":
            return ("history",)
        case "ecg":
            return ("seen:procedure:ecg",)
        case _:
            return (f"seen:{fact}", fact)


class _Course:
    """The acts of an episode, found by item."""

    def __init__(self, acts: Sequence[Act], holds: Holds, end: float | None) -> None:
        self.acts = [a for a in acts if a.ok]
        self.holds = holds
        self.end = max([end or 0.0, *(a.minute for a in acts)])
        self.at: dict[str, list[int]] = {}
        for i, act in enumerate(self.acts):
            for name in dict.fromkeys(w for item in act.items for w in _wider(item)):
                self.at.setdefault(name, []).append(i)

    def find(self, patterns: Sequence[str]) -> list[int]:
        """Positions of all acts that one of the patterns names, in order."""
        found: dict[int, None] = {}
        for pattern in patterns:
            if pattern.endswith("*"):
                keys = [k for k in self.at if k.startswith(pattern[:-1])]
            else:
                keys = [pattern] if pattern in self.at else []
            found.update(dict.fromkeys(i for k in keys for i in self.at[k]))
        return sorted(found)

    def first(self, patterns: Sequence[str]) -> int | None:
        """Position of the first of them."""
        return next(iter(self.find(patterns)), None)

    def true(self, clause: Clause, minute: float, before: int) -> bool:
        """Whether a clause holds at a minute, to who saw only the acts before a position."""
        if clause.fact.startswith(_DONE):
            seen = self.first((clause.fact[len(_DONE) :],))
            return (seen is not None and seen < before) == clause.value
        if self.holds(clause, minute) is not True:
            return False
        if clause.known == "truth":
            return True
        seen = self.first(_shown_by(clause.fact))
        return seen is not None and seen < before


def _bounds(limit: Limit, act: Act) -> bool:
    """Whether a dose lies within the limit (of its total: only its unit and route are asked)."""
    if limit.route and act.route != limit.route:
        return False
    if not limit.unit:
        return True
    plain, _, kilo = limit.unit.partition("/")
    if act.unit != plain or (kilo and not act.per_kg):
        return False
    size = act.per_kg if kilo else act.dose
    if limit.total:
        return True
    return (
        (limit.low <= size or act.dose >= limit.cap)
        and size <= limit.high
        and act.dose <= limit.cap
    )


def _limits(action: Advice, act: Act) -> Iterator[Limit]:
    """The limits that concern what was given."""
    names = _wider(f"drug:{act.drug}") if act.drug else ()
    return (limit for limit in action.limits if limit.item in names)


def _reached(action: Advice, course: _Course, hits: list[int]) -> int | None:
    """The first act that counts; for a total, the one that completes it."""
    sums: dict[str, float] = {}
    for i in hits:
        act = course.acts[i]
        wanted = next((limit for limit in _limits(action, act) if limit.total), None)
        if wanted is None:
            return i
        dose = act.per_kg if wanted.unit.endswith("/kg") else act.dose
        sums[wanted.item] = sums.get(wanted.item, 0.0) + dose
        if sums[wanted.item] >= wanted.low - 1e-9:
            return i
    return None


def _asked(action: Advice, course: _Course, minute: float, before: int) -> str:
    """Why nothing is asked at a minute, "" where it is."""
    if not all(course.true(c, minute, before) for c in action.when):
        return "does not apply"
    for clause in action.exception:
        if course.true(clause, minute, before):
            return f"excused: {clause.fact} {clause.op} {clause.value}"
    return ""


def _start(action: Advice, course: _Course, t0: float) -> tuple[int, float] | None:
    """From which position acts count, and when the clock starts; None if it never does."""
    if not action.since:
        return 0, t0
    first = course.first(action.since)
    if first is None:
        return None
    summed = any(limit.total for limit in action.limits)
    return (first if summed else first + 1), course.acts[first].minute


def _must(action: Advice, course: _Course, t0: float) -> _Told:
    start = _start(action, course, t0)
    if start is None:
        return _na("its clock never started")
    position, clock = start
    if reason := _asked(action, course, clock, len(course.acts)):
        return _na(reason)
    tried = [i for i in course.find(action.match) if i >= position]
    soon = clock + action.earliest_min
    hits = [i for i in tried if course.acts[i].minute >= soon and _counts(action, course.acts[i])]
    done = _reached(action, course, hits)
    if done is None:
        return _undone(action, course, clock, tried)
    act = course.acts[done]
    if action.deadline_min is None or act.minute <= clock + action.deadline_min:
        return _Told(status="met", act=act)
    hard = action.hard_deadline_min
    return _Told(
        status="late",
        act=act,
        note=f"due at minute {clock + action.deadline_min:g}",
        grave=hard is not None and act.minute > clock + hard,
    )


def _undone(action: Advice, course: _Course, clock: float, tried: list[int]) -> _Told:
    """What to say of an act that never counted; `tried` are the ones in vain."""
    if action.deadline_min is not None:
        deadline = clock + action.deadline_min
        if action.since and course.end < deadline:
            return _na(f"not due before minute {deadline:g}")
        after = len(course.acts)
        if action.persists and not all(course.true(c, deadline, after) for c in action.when):
            return _na("no longer needed when due")
    if tried:
        return _Told(status="missed", act=course.acts[tried[0]], note="dose or time", grave=True)
    return _Told(status="missed", note="not done", grave=True)


def _counts(action: Advice, act: Act) -> bool:
    """Whether a dose is one that treats: within the limits or, where none is set, no token."""
    own = list(_limits(action, act))
    if not all(_bounds(limit, act) for limit in own):
        return False
    return not act.token or any(limit.unit for limit in own)


def _must_not(action: Advice, course: _Course, t0: float) -> _Told:
    start = _start(action, course, t0)
    if start is None:
        return _na("its clock never started")
    position, clock = start
    window = float("inf") if action.deadline_min is None else clock + action.deadline_min
    for i in course.find(action.match):
        act = course.acts[i]
        if i < position or act.minute > window:
            continue
        if not all(_bounds(limit, act) for limit in _limits(action, act)):
            continue
        if not _asked(action, course, act.minute, i):
            return _Told(status="violated", act=act, note="done", grave=True)
    return _na("not done")


def _order(action: Advice, course: _Course) -> _Told:
    later = course.first(action.match)
    if later is None:
        return _na("not done")
    act = course.acts[later]
    if reason := _asked(action, course, act.minute, later):
        return _na(reason)
    earlier = course.first(action.before)
    if earlier is not None and earlier < later:
        return _Told(status="met", act=act)
    return _Told(status="violated", act=act, note=f"before {action.before[0]}", grave=True)


def _told(action: Advice, course: _Course, t0: float) -> _Told:
    match action.kind:
        case "must":
            return _must(action, course, t0)
        case "must_not":
            return _must_not(action, course, t0)
        case "order":
            return _order(action, course)


def comply(
    guideline: Guideline, acts: Sequence[Act], holds: Holds, end: float | None = None
) -> list[Verdict]:
    """One verdict for each recommendation of a guideline that is meant for the patient.

    `acts` in the order of the episode, `holds` the hidden truth at a simulated minute, `end` the
    minute at which the episode ended (by default that of its last act).
    """
    course = _Course(acts, holds, end)
    first = None if guideline.t0 == "arrival" else course.first((guideline.t0,))
    t0 = 0.0 if first is None else course.acts[first].minute
    found: list[Verdict] = []
    for action in guideline.actions:
        told = _told(action, course, t0)
        found.append(
            Verdict(
                guideline=guideline.id,
                version=guideline.version,
                action=action.id,
                status=told.status,
                weight=action.weight,
                critical=action.critical and told.grave,
                rule=action.rule,
                event=told.act.n if told.act else 0,
                minute=told.act.minute if told.act else None,
                note=told.note,
            )
        )
    return found


def compliance(verdicts: Sequence[Verdict]) -> float:
    """Weight of what was met over the weight of all that applied, in [0, 1]; 0 if nothing did."""
    asked = sum(v.weight for v in verdicts if v.status != "not_applicable")
    return sum(v.weight for v in verdicts if v.status == "met") / asked if asked else 0.0


def critical(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Critical recommendations that were missed, done past the hard deadline, or violated."""
    return [v for v in verdicts if v.critical]
