"""An attacker without medical knowledge: a template of calls and an answer rule, tuned by score.

It sees the tools, the tickets, and the reference solutions of training tasks, never the truth of
the task it plays; evolution tunes which calls it makes and how it guesses. A blind attacker does
not look at what its calls show except to copy names into later calls; a reader also compares what
was shown with what solved tasks showed, which is learning from examples.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from statistics import mean
from typing import Any, Literal

import msgspec

from ...agents.policy import View
from ...agents.toolcall import parse
from ...bus.events import Event, Interval
from ...bus.view import Action
from ...environments.run import play
from ...environments.session import request
from ...environments.tool import tools
from ...knowledge.domains import Call
from ...knowledge.rng import Stream, stream
from ...knowledge.statistics import interval
from ...knowledge.tasks import Task, tasks
from ...scorers.composite import score
from .episodes import acted, answer, drawn, shown, spread, submits
from .patterns import (
    TICKET,
    Blank,
    Pattern,
    features,
    filled,
    leaves,
    pattern,
    patterned,
    ticket_words,
)

Guess = Literal["constant", "ticket", "shown"]
BATCH, PARENTS, FINALISTS, AGAIN = 24, 8, 4, 72
LONGEST, ROWS = 24, 160
LIMIT = 0.3
"""The most that such an attacker may earn on tasks of unseen variants, in the mean."""


class Plan(msgspec.Struct, frozen=True):
    """What the attacker does."""

    calls: tuple[Pattern, ...] = ()
    borrowed: bool = False
    """Make the calls of the solved task with the most similar ticket instead."""
    guess: Guess = "constant"
    rank: int = 0
    """Which of the most common answers, for a constant one."""
    near: int = 1
    """How many similar tasks vote, field by field."""
    copies: bool = False
    """Copy values from what was shown into the answer."""


class Climbed(msgspec.Struct, frozen=True, kw_only=True):
    """What an attacker reached in a domain."""

    domain: str
    reader: bool
    candidates: int
    episodes: int
    train: Interval
    test: Interval
    test_tasks: int
    correct: float
    """Share of the test tasks whose main answer was right."""
    commonest: float
    """Share of the test tasks that have the commonest answer of the test tasks."""
    strategy: str


# ---------------------------------------------------------------- what it knows


@lru_cache(maxsize=16)
def rows(domain: str) -> tuple[Task, ...]:
    """The solved tasks an attacker may look into."""
    return tuple(spread(domain, ROWS, "train"))


@lru_cache(maxsize=4096)
def _near(on: Task, count: int) -> tuple[Task, ...]:
    """Solved tasks of other variants with the most similar tickets."""
    own = ticket_words(on)
    others = [r for r in rows(on.domain) if r.variant != on.variant]
    return tuple(sorted(others, key=lambda r: -_alike(own, ticket_words(r)))[:count])


def _alike(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / max(len(a | b), 1)


@lru_cache(maxsize=16)
def _pool(domain: str) -> tuple[tuple[Pattern, float, float], ...]:
    """Patterns of reference calls, their share of the solved tasks and their mean place."""
    places: dict[Pattern, list[int]] = {}
    for row in rows(domain):
        for place, one in enumerate(dict.fromkeys(patterned(row)[:-1])):
            places.setdefault(one, []).append(place)
    many = len(rows(domain))
    found = [(p, len(at) / many, mean(at)) for p, at in places.items()]
    return tuple(sorted(found, key=lambda f: -f[1]))


@lru_cache(maxsize=16)
def _common(domain: str) -> tuple[Pattern, ...]:
    """Answers of solved tasks, the most common first."""
    return tuple(p for p, _ in Counter(_plain(row) for row in rows(domain)).most_common(12))


@lru_cache(maxsize=2048)
def _plain(row: Task) -> Pattern:
    """The answer of a solved task without the words that no judge reads."""
    last = pattern(answer(row), {})
    kept = tuple((k, v) for k, v in last.arguments if k not in {"reasoning", "summary", "note"})
    return Pattern(last.tool, kept)


def _voted(several: Sequence[Pattern]) -> Pattern:
    """Field by field what most of them say, of those that use the tool that most use."""
    tool = Counter(p.tool for p in several).most_common(1)[0][0]
    same = [dict(p.arguments) for p in several if p.tool == tool]
    fields: dict[str, Counter[Any]] = {}
    for one in same:
        for name, value in one.items():
            fields.setdefault(name, Counter())[value] += 1
    kept = {k: c for k, c in fields.items() if 2 * c.total() > len(same)}
    return Pattern(tool, tuple((k, c.most_common(1)[0][0]) for k, c in sorted(kept.items())))


# ---------------------------------------------------------------- how it plays


@lru_cache(maxsize=8192)
def _features(on: Task, calls: tuple[Pattern, ...]) -> frozenset[str]:
    """What a template shows of a solved task."""
    return features(leaves(shown(_events(on, calls, None))))


def _guessed(on: Task, plan: Plan, contents: Sequence[Any]) -> Call | None:
    """The answer."""
    several: Sequence[Task] = _near(on, plan.near)
    known = leaves(contents)
    if plan.guess == "constant":
        return filled(_common(on.domain)[plan.rank % len(_common(on.domain))], {}, "")
    if plan.guess == "shown":
        mine = features(known)
        others = [r for r in _near(on, ROWS) if r.variant != on.variant]
        ranked = sorted(others, key=lambda r: -_alike(mine, _features(r, plan.calls)))
        several = ranked[: plan.near]
    answers = [patterned(r)[-1] if plan.copies else _plain(r) for r in several]
    return filled(_voted(answers), known, "") or filled(
        _voted([_plain(r) for r in several]), {}, ""
    )


def _events(
    on: Task, calls: Sequence[Pattern], ending: Callable[[Sequence[Any]], Call | None] | None
) -> list[Event]:
    """Play a template; without an ending it hands in nothing."""
    left = list(calls)
    said = " ".join(sorted(ticket_words(on)))

    def act(view: View) -> Action:
        contents = [t.observation.content for t in view.turns if t.observation is not None]
        while left and len(view.turns) < LONGEST:
            made = filled(left.pop(0), leaves(contents), view.started.ticket or said)
            if made is not None:
                return acted(made)
        final = ending(contents) if ending is not None else None
        return acted(final or Call(tool=submits(on.domain)[0]))

    return play(request(on, agent="redteam", max_turns=LONGEST + 2), act, parse)


def played(on: Task, plan: Plan) -> tuple[float, bool]:
    """What a plan earns on a task, and whether its answer was right."""
    calls = patterned(_near(on, 1)[0])[:-1] if plan.borrowed else plan.calls
    found = score(_events(on, calls, lambda contents: _guessed(on, plan, contents)))
    return found.composite, found.correct


# ---------------------------------------------------------------- how it is tuned


def _template(domain: str, share: float) -> tuple[Pattern, ...]:
    """The calls that at least this share of the solved tasks made, in their usual order."""
    usual = [f for f in _pool(domain) if f[1] >= share]
    return tuple(p for p, _, _ in sorted(usual, key=lambda f: f[2]))[:LONGEST]


def _seeds(domain: str, *, reader: bool) -> list[Plan]:
    templates = list(dict.fromkeys(_template(domain, s) for s in (0.05, 0.15, 0.3, 0.6, 2.0)))
    rules: list[tuple[Guess, int, int]] = [("constant", 0, 1), ("constant", 1, 1)]
    rules += [("ticket", 0, 1), ("ticket", 0, 7)]
    rules += [("shown", 0, 1), ("shown", 0, 5)] if reader else []
    made = [Plan(t, guess=g, rank=r, near=n) for t in templates for g, r, n in rules]
    made += [Plan(borrowed=True, guess="ticket", near=n) for n in (1, 3, 7)]
    copying = [msgspec.structs.replace(p, copies=True) for p in made if p.guess != "constant"]
    return made + (copying if reader else [])


def _changed(domain: str, plan: Plan, rng: Stream, *, reader: bool) -> Plan:
    calls = list(plan.calls)
    what = rng.uniform()
    if what < 0.3:
        calls.insert(rng.integer(0, len(calls)), _new(domain, rng))
    elif what < 0.5 and calls:
        calls.pop(rng.integer(0, len(calls) - 1))
    elif what < 0.6 and calls:
        moved = calls.pop(rng.integer(0, len(calls) - 1))
        calls.insert(rng.integer(0, len(calls)), moved)
    elif what < 0.7:
        return msgspec.structs.replace(plan, borrowed=not plan.borrowed and reader)
    else:
        guesses = ("constant", "ticket", "shown") if reader else ("constant", "ticket")
        return msgspec.structs.replace(
            plan,
            guess=rng.choice(guesses),
            rank=rng.integer(0, 11),
            near=rng.choice((1, 3, 5, 9, 15)),
            copies=reader and rng.bernoulli(0.5),
        )
    return msgspec.structs.replace(plan, calls=tuple(calls[:LONGEST]))


def _new(domain: str, rng: Stream) -> Pattern:
    """A call that solved tasks made, often or seldom; or any; its texts perhaps the ticket."""
    if rng.bernoulli(0.7) and _pool(domain):
        place = int(len(_pool(domain)) * rng.uniform() ** 3)
        return _pool(domain)[place][0]
    names = sorted(n for n in tools(domain) if not n.startswith("submit_"))
    made = pattern(drawn(domain, rng.choice(names), rng), {})
    if rng.bernoulli(0.5):
        texts = {"query", "question", "text", "topic", "thought"}
        filled_in = tuple((k, Blank(TICKET) if k in texts else v) for k, v in made.arguments)
        return Pattern(made.tool, filled_in)
    return made


def climb(domain: str, candidates: int, *, seed: int, reader: bool) -> Climbed:
    """Tune a plan on training tasks and score the best once on the test tasks."""
    rng = stream("climb", seed, domain, reader)
    train = tasks(domain, "train")
    waiting = _seeds(domain, reader=reader)[:candidates]
    scored: list[tuple[float, int, Plan]] = []
    for number in range(candidates):
        best = sorted(scored, key=lambda s: (-s[0], s[1]))[:PARENTS]
        plan = (
            waiting.pop(0) if waiting else _changed(domain, rng.choice(best)[2], rng, reader=reader)
        )
        batch = [rng.choice(train) for _ in range(BATCH)]
        scored.append((mean(played(t, plan)[0] for t in batch), number, plan))
    finalists = [p for _, _, p in sorted(scored, key=lambda s: (-s[0], s[1]))[:FINALISTS]]
    again = [rng.choice(train) for _ in range(AGAIN)]
    trained = {i: [played(t, p)[0] for t in again] for i, p in enumerate(finalists)}
    chosen = max(trained, key=lambda i: mean(trained[i]))
    held = tasks(domain, "test")
    earned = [played(t, finalists[chosen]) for t in held]
    return Climbed(
        domain=domain,
        reader=reader,
        candidates=candidates,
        episodes=candidates * BATCH + FINALISTS * AGAIN + len(held),
        train=interval(trained[chosen]),
        test=interval([c for c, _ in earned]),
        test_tasks=len(held),
        correct=round(mean(right for _, right in earned), 4),
        commonest=round(_commonest(held), 4),
        strategy=strategy(finalists[chosen]),
    )


def _commonest(held: Sequence[Task]) -> float:
    counted = Counter(_plain(t) for t in held)
    return counted.most_common(1)[0][1] / len(held) if held else 0.0


def strategy(plan: Plan) -> str:
    """A plan in words."""
    named = ", ".join(_names(plan.calls)) or "no call"
    made = "the calls of the task with the most similar ticket" if plan.borrowed else named
    who = {
        "constant": f"common answer number {plan.rank + 1}",
        "ticket": f"what {plan.near} tasks with similar tickets were answered",
        "shown": f"what {plan.near} tasks that showed similar things were answered",
    }[plan.guess]
    copied = ", values copied from what was shown" if plan.copies else ""
    return f"{made}; then {who}{copied}"


def _names(calls: Iterable[Pattern]) -> list[str]:
    counted = Counter(p.tool for p in calls)
    return [name if n == 1 else f"{name} x{n}" for name, n in counted.items()]
