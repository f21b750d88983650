"""Does the score agree with how good a play is? The expert with k mistakes against the composite.

Every mistake is one that a person would make and none that harms gravely: a version in which a
critical finding appears is drawn again, and counted apart. Agreement is Spearman's rank
correlation (Spearman, Am J Psychol 1904) of the number of mistakes with the composite.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from statistics import mean

import msgspec
import numpy as np

from ...agents.experts import script
from ...bus.events import Interval
from ...environments.tool import tools
from ...knowledge.domains import Call
from ...knowledge.rng import Stream, stream
from ...knowledge.statistics import interval
from ...knowledge.tasks import Task, tasks
from .episodes import (
    DANGER,
    Calls,
    changed,
    critical,
    drawn,
    ends,
    expert,
    judged,
    required,
    submits,
    view_of,
)
from .fuzz import perturbed

MOST = 8
"""Mistakes in the worst play."""
AGREES = 0.9
"""Least rank correlation of the mean composites, its sign turned."""
_REDRAWN = 12
_ENOUGH, _ATTEMPTS = 5, 3
_READS = frozenset({"read"})
_ACTS = frozenset({"order", "give", "write"})

Mistake = Callable[[Task, list[Call], Stream], list[Call] | None]
"""The play with one more mistake; None where this one cannot be made."""


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """The plays with one number of mistakes."""

    mistakes: int
    episodes: int
    composite: Interval
    correct: float


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How the composite ranks plays of graded quality in a domain."""

    domain: str
    levels: tuple[Level, ...]
    of_means: float
    """Rank correlation of mistakes with the lack of composite, over the mean of each number."""
    of_episodes: float
    """The same over single episodes: tasks and kinds of mistakes differ, so it is lower."""
    critical: int
    """Versions with a critical finding, drawn again and not among the levels."""
    worst_critical: float
    """The most that one of those earned."""
    of_right: float
    """The same over the means of those plays whose answer stayed right."""
    kinds: dict[str, int]
    """Mistakes made, by kind."""
    costs: dict[str, float]
    """What a single mistake of a kind costs, in the mean."""


# ---------------------------------------------------------------- mistakes


def _places(on: Task, calls: Sequence[Call], effects: frozenset[str]) -> list[int]:
    known = tools(on.domain)
    return [i for i, c in enumerate(calls) if c.tool in known and known[c.tool].effect in effects]


def _without(
    on: Task, calls: list[Call], rng: Stream, effects: frozenset[str]
) -> list[Call] | None:
    places = _places(on, calls, effects)
    if not places:
        return None
    gone = rng.choice(places)
    return calls[:gone] + calls[gone + 1 :]


def omitted_look(on: Task, calls: list[Call], rng: Stream) -> list[Call] | None:
    """A piece of the work-up left out."""
    return _without(on, calls, rng, _READS)


def omitted_act(on: Task, calls: list[Call], rng: Stream) -> list[Call] | None:
    """An order, a drug or a note left out."""
    return _without(on, calls, rng, _ACTS)


def out_of_order(on: Task, calls: list[Call], rng: Stream) -> list[Call] | None:
    """An early call made at the end."""
    del on
    if len(calls) < 4:
        return None
    moved = rng.integer(0, len(calls) // 2 - 1)
    return [*calls[:moved], *calls[moved + 1 : -1], calls[moved], calls[-1]]


def needless(on: Task, calls: list[Call], rng: Stream) -> list[Call] | None:
    """A test or a look that nothing asked for."""
    known = tools(on.domain)
    names = sorted(n for n, t in known.items() if t.effect in {"read", "order"})
    made = drawn(on.domain, rng.choice(names), rng)
    if made in calls:
        return None
    place = rng.integer(0, len(calls) - 1)
    return [*calls[:place], made, *calls[place:]]


def late(on: Task, calls: list[Call], rng: Stream) -> list[Call] | None:
    """Time lost with idle thoughts before anything is done."""
    del on, rng
    idle = Call(tool="think", arguments={"thought": "Let me think about this again."})
    return [idle, idle, *calls]


def refused(on: Task, calls: list[Call], rng: Stream) -> list[Call] | None:
    """A call that is refused for a bad argument, and then made rightly."""
    places = [i for i, c in enumerate(calls) if required(on.domain, c.tool)]
    if not places:
        place = rng.integer(0, len(calls) - 1)
        bad = changed(calls[place], mistaken="yes")
    else:
        place = rng.choice(places)
        name = required(on.domain, calls[place].tool)[0]
        bad = changed(calls[place], **{name: {"not": "this"}})
    return [*calls[:place], bad, *calls[place:]]


def duplicate(on: Task, calls: list[Call], rng: Stream) -> list[Call] | None:
    """The same call twice."""
    del on
    if len(calls) < 2:
        return None
    place = rng.integer(0, len(calls) - 2)
    return [*calls[: place + 1], *calls[place:]]


def wrong_detail(on: Task, calls: list[Call], rng: Stream) -> list[Call] | None:
    """A detail of the answer wrong: the place, the severity, a size, a citation left out."""
    last = calls[-1]
    minor = [k for k in sorted(last.arguments) if k not in {"reasoning", "answer", "diagnosis"}]
    if not ends(last) or not minor:
        return None
    name = rng.choice(minor)
    made = perturbed(on.domain, last, name, rng)
    if made == last:
        kept = {k: v for k, v in last.arguments.items() if k != name}
        made = Call(tool=last.tool, arguments=kept)
    return [*calls[:-1], made]


def near_miss(on: Task, calls: list[Call], rng: Stream) -> list[Call] | None:
    """The answer of a look-alike."""
    slips = [Call(tool=s.tool, arguments=s.arguments) for s in _slips(on)]
    other = [s for s in slips if s != calls[-1] and s.tool in submits(on.domain)]
    return [*calls[:-1], rng.choice(other)] if other and ends(calls[-1]) else None


@lru_cache(maxsize=2048)
def _slips(on: Task) -> tuple[Call, ...]:
    view = view_of(on, expert(on)[:-1])
    return tuple(Call(tool=s.tool, arguments=s.arguments) for s in script(on.domain).slips(view))


MISTAKES: dict[str, tuple[Mistake, float]] = {
    "omitted look": (omitted_look, 2.0),
    "omitted act": (omitted_act, 1.0),
    "out of order": (out_of_order, 1.0),
    "needless call": (needless, 1.0),
    "late": (late, 0.5),
    "refused call": (refused, 1.0),
    "duplicate call": (duplicate, 1.0),
    "wrong detail": (wrong_detail, 1.0),
    "near miss": (near_miss, 0.5),
}
"""Kinds of mistakes and how often each is drawn, relative to the others."""


def flawed(on: Task, count: int, rng: Stream) -> tuple[Calls, list[str]]:
    """The expert's play with that many mistakes, and their kinds."""
    calls = list(expert(on))
    made: list[str] = []
    weights = {name: weight for name, (_, weight) in MISTAKES.items()}
    while len(made) < count:
        kind = rng.weighted(weights)
        worse = MISTAKES[kind][0](on, list(calls), rng)
        if worse is not None and len(worse) > 0:
            calls, made = worse, [*made, kind]
    return tuple(calls), made


# ---------------------------------------------------------------- the study


class _Played(msgspec.Struct, frozen=True, kw_only=True):
    composite: float
    correct: bool
    kinds: tuple[str, ...]


def _one(on: Task, count: int, rng: Stream, grave: list[float]) -> _Played | None:
    """A play without a critical finding; those that had one are noted. None if all had."""
    for _ in range(_REDRAWN):
        calls, kinds = flawed(on, count, rng)
        found = judged(on, calls)
        if not critical(found):
            return _Played(composite=found.composite, correct=found.correct, kinds=tuple(kinds))
        grave.append(found.composite)
    return None


def _level(domain: str, count: int, episodes: int, seed: int, grave: list[float]) -> list[_Played]:
    """Plays with one number of mistakes, on tasks drawn anew."""
    rng = stream("agreement", seed, domain, count)
    played: list[_Played] = []
    for _ in range(episodes * _ATTEMPTS):
        if len(played) == episodes:
            break
        one = _one(rng.choice(tasks(domain)), count, rng, grave)
        played += [one] if one is not None else []
    return played


def _summed(count: int, played: Sequence[_Played]) -> Level:
    return Level(
        mistakes=count,
        episodes=len(played),
        composite=interval([p.composite for p in played]),
        correct=round(mean([p.correct for p in played] or [False]), 4),
    )


def agreement(domain: str, episodes: int, *, seed: int) -> Agreement:
    """Play so many episodes with each number of mistakes, and compare their composites."""
    grave: list[float] = []
    all_played = {n: _level(domain, n, episodes, seed, grave) for n in range(MOST + 1)}
    right = {n: [p.composite for p in own if p.correct] for n, own in all_played.items()}
    levels = tuple(_summed(n, own) for n, own in all_played.items())
    kinds = Counter(k for own in all_played.values() for p in own for k in p.kinds)
    return Agreement(
        domain=domain,
        levels=levels,
        of_means=spearman([(level.mistakes, level.composite.mean) for level in levels]),
        of_episodes=spearman([(n, p.composite) for n, own in all_played.items() for p in own]),
        of_right=spearman([(n, mean(own)) for n, own in right.items() if len(own) >= _ENOUGH]),
        critical=len(grave),
        worst_critical=max(grave, default=0.0),
        kinds=dict(sorted(kinds.items())),
        costs=costs(domain, max(episodes // 3, 10), seed=seed),
    )


def costs(domain: str, episodes: int, *, seed: int) -> dict[str, float]:
    """What one mistake of each kind takes from the expert's composite, in the mean."""
    found: dict[str, float] = {}
    for kind, (mistake, _) in MISTAKES.items():
        rng, lost = stream("cost", seed, domain, kind), []
        for _ in range(episodes):
            on = rng.choice(tasks(domain))
            worse = mistake(on, list(expert(on)), rng)
            if worse:
                lost.append(judged(on, expert(on)).composite - judged(on, worse).composite)
        if lost:
            found[kind] = round(mean(lost), 4)
    return found


def spearman(pairs: Sequence[tuple[float, float]]) -> float:
    """Rank correlation of the first with the negative of the second; ties share their rank.

    0 where one of them never changes.
    """
    if len({x for x, _ in pairs}) < 2 or len({y for _, y in pairs}) < 2:
        return 0.0
    a = _ranks([x for x, _ in pairs])
    b = _ranks([-y for _, y in pairs])
    return round(float(np.corrcoef(a, b)[0, 1]), 4)


def _ranks(values: Sequence[float]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    _, place, count = np.unique(np.asarray(values, float), return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]


def agrees(of: Agreement) -> bool:
    """Whether the score ranks the plays, and nothing gravely harmful paid."""
    return of.of_means >= AGREES and of.worst_critical <= DANGER
