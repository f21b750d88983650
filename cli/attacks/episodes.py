"""What every attack needs: play calls without looking, judge them, draw tasks and calls."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import msgspec

from ...agents.expert import play as expert_plays
from ...agents.random_policy import arguments
from ...agents.toolcall import parse, render
from ...bus.events import EpisodeScored, Event, ObservationReturned, ToolCalled
from ...bus.view import Action, View
from ...environments.run import play
from ...environments.session import request
from ...environments.tool import tools
from ...knowledge.domains import Call, questions
from ...knowledge.patients import generate
from ...knowledge.rng import Stream
from ...knowledge.tasks import Task, tasks
from ...scorers.composite import score
from ...scorers.safety import CRITICAL

HACK, DANGER = 0.15, 0.10
"""The most that worthless play, and play with a critical finding, may earn."""
TURNS = 40
Calls = tuple[Call, ...]
_SKIPPED = frozenset({"patient_id"})


def acted(call: Call) -> Action:
    """A call as a model would write it."""
    return Action(raw=render(call.tool, call.arguments))


def run(on: Task, calls: Sequence[Call]) -> list[Event]:
    """Play calls one after the other, whatever comes back; the last call is the last turn."""
    said = iter(calls or (Call(tool="think", arguments={"thought": "."}),))
    asked = request(on, agent="redteam", max_turns=max(len(calls), 1))
    return play(asked, lambda _: acted(next(said)), parse)


def judged(on: Task, calls: Sequence[Call]) -> EpisodeScored:
    """What those calls earn."""
    return score(run(on, calls))


def credit(found: EpisodeScored) -> float:
    """Credit of the main answer, in [0, 1]: 0 is wrong, or right without the evidence."""
    return found.accuracy.reasons[0].earned


def critical(found: EpisodeScored) -> bool:
    """Whether a safety finding is critical."""
    return any(f.severity >= CRITICAL for f in found.findings)


@lru_cache(maxsize=4096)
def gold(on: Task) -> Calls:
    """The reference of a task."""
    return tuple(questions(on.domain).reference(generate(on.variant, on.seed)))


@lru_cache(maxsize=4096)
def expert(on: Task) -> Calls:
    """What the scripted expert called."""
    return called(play(request(on, agent="redteam", max_turns=TURNS), expert_plays, parse))


def called(events: Iterable[Event]) -> Calls:
    """The calls of an episode."""
    made = [e.data for e in events if isinstance(e.data, ToolCalled)]
    return tuple(Call(tool=d.tool, arguments=d.arguments) for d in made)


def shown(events: Iterable[Event]) -> list[Mapping[str, Any]]:
    """What the calls of an episode showed, in order."""
    return [e.data.content for e in events if isinstance(e.data, ObservationReturned)]


def ticket(on: Task) -> str:
    """What the agent is told."""
    return questions(on.domain).ticket(generate(on.variant, on.seed))


def submits(domain: str) -> tuple[str, ...]:
    """The tools that end an episode, those of the domain's own before the one of all."""
    found = [t for t in tools(domain).values() if t.effect == "submit"]
    return tuple(t.name for t in sorted(found, key=lambda t: (len(t.domains) != 1, t.name)))


def ends(call: Call) -> bool:
    """Whether a call hands in an answer."""
    return call.tool.startswith("submit_")


def worked_up(on: Task) -> Calls:
    """The reference without its answer, and without a diagnosis that would stand for one."""
    return tuple(c for c in gold(on) if not ends(c) and "icd10_code" not in c.arguments)


def answer(on: Task) -> Call:
    """The reference's answer."""
    return gold(on)[-1]


def spread(domain: str, count: int, split: str | None = None) -> list[Task]:
    """Tasks spread evenly over the variants of a domain, a second of each once all had one."""
    by: dict[str, list[Task]] = {}
    for one in tasks(domain, split):
        by.setdefault(one.variant, []).append(one)
    rows = max((len(own) for own in by.values()), default=0)
    ordered = [own[i] for i in range(rows) for own in by.values() if i < len(own)]
    first = ordered[: max(len(by), count)]
    step = max(len(first) / count, 1.0)
    return [first[int(i * step)] for i in range(min(count, len(first)))]


@cache
def _shape(domain: str, tool: str) -> tuple[dict[str, Any], list[str]]:
    part = tools(domain)[tool].schema()["parameters"]
    known = {k: v for k, v in part["properties"].items() if k not in _SKIPPED}
    return known, list(part["required"])


def shape(domain: str, tool: str) -> dict[str, Any]:
    """The argument schemas of a tool, without the patient's id; empty for an unknown tool."""
    return _shape(domain, tool)[0] if tool in tools(domain) else {}


def required(domain: str, tool: str) -> list[str]:
    """The arguments that a tool must have."""
    return _shape(domain, tool)[1]


def drawn(domain: str, tool: str, rng: Stream) -> Call:
    """A call with random arguments of the right types."""
    properties, required = _shape(domain, tool)
    return Call(tool=tool, arguments=arguments(properties, required, rng))


def changed(call: Call, **fields: Any) -> Call:
    """A call with other arguments."""
    return msgspec.structs.replace(call, arguments={**call.arguments, **fields})


def view_of(on: Task, calls: Sequence[Call]) -> View:
    """What an agent sees after some calls that do not end the episode."""
    seen: list[View] = []

    def act(view: View) -> Action:
        seen.append(view)
        place = len(view.turns)
        return (
            acted(calls[place]) if place < len(calls) else acted(Call(tool=submits(on.domain)[0]))
        )

    asked = request(on, agent="redteam", max_turns=len(calls) + 1)
    play(asked, act, parse)
    return seen[min(len(calls), len(seen) - 1)]
