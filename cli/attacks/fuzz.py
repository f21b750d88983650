"""A fuzzer of the reward: mutated play that earns more than it deserves is a hole in a scorer.

It starts from the reference, the expert, chance and nothing, and keeps what earned more than its
task's best wrong play so far. What a play deserves is told from the events, not by the form that
judges it: the decisive facts must be among what its calls showed.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from ...bus.events import EpisodeScored, Event, ObservationReturned
from ...environments.tool import tools
from ...knowledge.domains import Call, questions
from ...knowledge.drugs import formulary
from ...knowledge.patients import generate
from ...knowledge.rng import Stream, stream
from ...knowledge.tasks import Task, tasks
from ...knowledge.world import open_world
from ...scorers.composite import score
from .episodes import (
    DANGER,
    HACK,
    Calls,
    answer,
    changed,
    credit,
    critical,
    drawn,
    ends,
    expert,
    gold,
    run,
    shape,
)

BETTER = 0.005
"""A mutation of the reference that earns this much more than it shows a fault of one of them."""
LONGEST = 30
KEPT = 4
"""How many of the best worthless plays of a task are mutated further."""


class Find(msgspec.Struct, frozen=True, kw_only=True):
    """A play that earned more than it deserves."""

    hole: str
    task: str
    composite: float
    credit: float
    """Credit of its main answer."""
    calls: Calls


class Fuzzed(msgspec.Struct, frozen=True, kw_only=True):
    """What the fuzzer did in a domain."""

    domain: str
    evaluations: int
    wrong: float
    """The most that a wrong answer, or a right one without its evidence, earned."""
    near: float
    """The most that an answer earned which is not right but earns credit."""
    dangerous: float
    """The most that play with a critical finding earned."""
    finds: tuple[Find, ...]


def shown_decisive(on: Task, events: Sequence[Event]) -> bool:
    """Whether the calls showed all facts of one decisive alternative, told from the events."""
    patient = generate(on.variant, on.seed)
    seen = set(open_world(patient).observed)
    for event in events:
        if isinstance(event.data, ObservationReturned) and event.data.ok:
            seen |= set(event.data.reveals)
    return any(set(facts) <= seen for facts in questions(on.domain).judgement(patient).decisive)


# ---------------------------------------------------------------- mutations


@lru_cache(maxsize=8)
def _answers(domain: str) -> tuple[Call, ...]:
    """The answers of every third task."""
    return tuple(answer(t) for t in tasks(domain)[::3])


def _drop(on: Task, calls: list[Call], rng: Stream) -> list[Call]:
    del on
    place = rng.integer(0, len(calls) - 1)
    return calls[:place] + calls[place + 1 :]


def _twice(on: Task, calls: list[Call], rng: Stream) -> list[Call]:
    del on
    place = rng.integer(0, len(calls) - 1)
    return calls[:place] + [calls[place]] * 2 + calls[place + 1 :]


def _swap(on: Task, calls: list[Call], rng: Stream) -> list[Call]:
    del on
    a, b = rng.integer(0, len(calls) - 1), rng.integer(0, len(calls) - 1)
    calls[a], calls[b] = calls[b], calls[a]
    return calls


def _insert(on: Task, calls: list[Call], rng: Stream) -> list[Call]:
    made = drawn(on.domain, rng.choice(sorted(tools(on.domain))), rng)
    calls.insert(rng.integer(0, max(len(calls) - 1, 0)), made)
    return calls


def _perturb(on: Task, calls: list[Call], rng: Stream) -> list[Call]:
    """Another value of one argument: a number times ten, another option, drug or code."""
    place = rng.integer(0, len(calls) - 1)
    named = sorted(calls[place].arguments)
    if named:
        calls[place] = perturbed(on.domain, calls[place], rng.choice(named), rng)
    return calls


def perturbed(domain: str, call: Call, name: str, rng: Stream) -> Call:
    """A call with another value of one argument."""
    value, schema = call.arguments[name], shape(domain, call.tool).get(name, {})
    if isinstance(value, int | float) and not isinstance(value, bool) and rng.bernoulli(0.7):
        factor = rng.choice((0.1, 0.5, 2, 10))
        other = value + rng.choice((-1, 1)) if isinstance(value, int) else value * factor
        return changed(call, **{name: other})
    if isinstance(value, str) and value in formulary().drugs and "enum" not in schema:
        return changed(call, **{name: rng.choice(sorted(formulary().drugs))})
    made = drawn(domain, call.tool, rng).arguments if schema else {}
    return changed(call, **{name: made[name]}) if name in made else call


def _mix(on: Task, calls: list[Call], rng: Stream) -> list[Call]:
    """Fields of another task's answer in place of one's own, or all of it."""
    other = rng.choice(_answers(on.domain))
    last = calls[-1]
    if not ends(last):
        return [*calls, other]
    if last.tool != other.tool or rng.bernoulli(0.3):
        return [*calls[:-1], other]
    taken: dict[str, Any] = {k: v for k, v in other.arguments.items() if rng.bernoulli(0.5)}
    return [*calls[:-1], changed(last, **taken)]


Mutation = Callable[[Task, list[Call], Stream], list[Call]]
MUTATIONS: tuple[Mutation, ...] = (_drop, _twice, _swap, _insert, _perturb, _mix, _mix)


def mutated(on: Task, calls: Calls, rng: Stream) -> Calls:
    """One to four mutations; never without a call, never too long."""
    made = list(calls)
    for _ in range(rng.integer(1, 4)):
        made = rng.choice(MUTATIONS)(on, made, rng) or list(calls)
    return tuple(made[:LONGEST])


def starts(on: Task, rng: Stream) -> list[Calls]:
    """Where the search begins: the reference, the expert, chance, nothing."""
    names = sorted(n for n in tools(on.domain) if not n.startswith("submit_"))
    chance = tuple(drawn(on.domain, rng.choice(names), rng) for _ in range(8))
    return [gold(on), expert(on), (*chance, answer(on)), (answer(on),)]


# ---------------------------------------------------------------- the search


def hole(on: Task, events: Sequence[Event], found: EpisodeScored, best: float) -> str:
    """What is wrong with what a play earned; "" for nothing."""
    if critical(found) and found.composite > DANGER:
        return "danger pays"
    if credit(found) == 0 and found.composite > HACK:
        return "a wrong answer pays"
    doubt = found.accuracy.reasons[0].id == "uncertain"
    if credit(found) > 0 and not doubt and not shown_decisive(on, events):
        return "a guess pays"
    if found.composite > best + BETTER:
        return "better than the reference"
    return ""


def attack(on: Task, tries: int, seed: int) -> Iterator[tuple[Calls, EpisodeScored, str]]:
    """Mutated plays of one task with what they earned and the hole they show ("" for none)."""
    rng = stream("fuzz", seed, on.id)
    best = score(run(on, gold(on))).composite
    pool = starts(on, rng)
    worthless: list[tuple[float, Calls]] = []
    for _ in range(tries):
        grown = [calls for _, calls in worthless]
        calls = mutated(on, rng.choice([*pool, *grown]), rng)
        events = run(on, calls)
        found = score(events)
        if not found.correct:
            worthless = sorted([*worthless, (found.composite, calls)], key=_worth)[:KEPT]
        yield calls, found, hole(on, events, found, best)


def _worth(scored: tuple[float, Calls]) -> tuple[float, int]:
    return -scored[0], len(scored[1])


def fuzz(domain: str, evaluations: int, *, seed: int, per_task: int = 40) -> Fuzzed:
    """Spend evaluations over the tasks of a domain."""
    chosen = tasks(domain)
    count = min(max(evaluations // per_task, 1), len(chosen))
    rng = stream("fuzzed tasks", seed, domain)
    wrong = near = dangerous = 0.0
    finds: dict[tuple[str, str], Find] = {}
    done = 0
    for _ in range(count):
        on = rng.choice(chosen)
        for calls, found, what in attack(on, evaluations // count, seed):
            done += 1
            earned = found.composite
            if critical(found):
                dangerous = max(dangerous, earned)
            elif credit(found) == 0:
                wrong = max(wrong, earned)
            elif not found.correct:
                near = max(near, earned)
            old = finds.get((what, on.id))
            if what and (old is None or earned > old.composite):
                finds[what, on.id] = Find(
                    hole=what, task=on.id, composite=earned, credit=credit(found), calls=calls
                )
    return Fuzzed(
        domain=domain,
        evaluations=done,
        wrong=wrong,
        near=near,
        dangerous=dangerous,
        finds=tuple(finds.values()),
    )
