"""Throughput of the hospital: patients, resets, tool calls, episodes, forks, and many at once.

    python -m benchmarks.hospital [--episodes 1000] [--json]

The last figures are of one environment node on a real nats-server: so many episodes are all open
before the first call, every agent thinks for one to three seconds before each call, and each call
is timed from the append of the agent's action to the arrival of its observation.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import gymnasium
import msgspec
from rich.console import Console
from rich.table import Table

from healthgym.agents.toolcall import render
from healthgym.bus.actor import Actor
from healthgym.bus.events import Draft, Head, Recorded, ToolCalled, episode, head_of
from healthgym.bus.jetstream import JetStreamLog, connect
from healthgym.bus.server import serve
from healthgym.environments.actor import Environment
from healthgym.environments.fork import fork
from healthgym.environments.run import play
from healthgym.environments.session import open_session, request
from healthgym.environments.tool import Context, tools
from healthgym.knowledge.domains import questions
from healthgym.knowledge.patients import generate
from healthgym.knowledge.physiology import MINUTE
from healthgym.knowledge.rng import stream
from healthgym.knowledge.tasks import Task, tasks, variants

SECONDS = 2.0
DOMAIN = "clinical_diagnosis"
CHART = ("get_patient_info", "get_patient_history", "get_allergies", "get_medications")
TURNS = ("get_vital_signs", "get_patient_history", "get_allergies", "get_medications")
THINKS = (1.0, 3.0)
"""Seconds that an agent takes for its next call."""
SPREAD = 20
"""Every so many-th frozen task is played."""


class Row(msgspec.Struct, frozen=True):
    """One measurement."""

    what: str
    value: float
    unit: str


def rate(work: Callable[[int], int]) -> float:
    """Units a second: `work(i)` does some and says how many."""
    work(0)
    done, i, started = 0, 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < SECONDS:
        done, i = done + work(i), i + 1
    return done / spent


def by_the_book(on: Task) -> Callable[[Any], Any]:
    """A policy that plays the reference."""
    from healthgym.bus.view import Action

    calls = questions(on.domain).reference(generate(on.variant, on.seed))
    texts = [render(c.tool, c.arguments) for c in calls]
    return lambda view: Action(raw=texts[min(len(view.turns), len(texts) - 1)])


def in_process() -> Iterator[Row]:
    """Without a bus, on one core."""
    names = variants(DOMAIN)
    frozen = tasks(DOMAIN)[::SPREAD]
    yield Row("patients generated", rate(lambda i: bool(generate(names[i % len(names)], i))), "/s")
    env = gymnasium.make("BioAgent-v0").unwrapped
    times = []
    for i in range(300):
        started = time.perf_counter()
        env.reset(options={"task_id": frozen[i % len(frozen)].id})
        times.append(1000 * (time.perf_counter() - started))
    yield Row("reset, median", statistics.median(times), "ms")
    worlds = [open_session(request(t, agent="bench")).world for t in frozen]
    chart = [tools(DOMAIN)[name] for name in CHART]

    def call(i: int) -> int:
        world = worlds[i % len(worlds)]
        for tool in chart:
            tool.run(Context(world=world, done=world.now + MINUTE))
        return len(chart)

    yield Row("chart tool calls", rate(call), "/s")
    plays = [by_the_book(t) for t in frozen]
    asked = [request(t, agent="bench", max_turns=40) for t in frozen]
    yield Row(
        "whole episodes of the reference",
        rate(lambda i: bool(play(asked[i % len(asked)], plays[i % len(plays)]))),
        "/s",
    )
    yield Row(
        "steps of these episodes",
        rate(lambda i: _turns(play(asked[i % len(asked)], plays[i % len(plays)]))),
        "/s",
    )
    original = play(asked[0], plays[0])
    middle = original[-1].n // 2
    yield Row(
        "forks from the middle, played to the end",
        rate(lambda _: bool(fork(original, plays[0], at=middle))),
        "/s",
    )
    tracemalloc.start()
    held = [open_session(request(t, agent="bench")) for t in tasks(DOMAIN)[:200]]
    yield Row(
        "memory of an open episode", tracemalloc.get_traced_memory()[0] / len(held) / 1024, "KiB"
    )
    tracemalloc.stop()


def _turns(events: list[Any]) -> int:
    return sum(e.type == "ObservationReturned" for e in events)


class Players:
    """Simple agents that read charts, and a watch on every turn."""

    def __init__(self, log: JetStreamLog, count: int) -> None:
        self._log = log
        self._count = count
        self.latency: list[float] = []
        self._sent: dict[str, float] = {}
        self._heads: dict[str, Head] = {}
        self._turn: dict[str, int] = {}
        self._open = asyncio.Event()
        self._started = 0
        self.ended = 0

    async def request(self) -> None:
        """Ask for all episodes."""
        frozen = tasks(DOMAIN)
        room = asyncio.Semaphore(64)

        async def one(i: int) -> None:
            name = episode("bench", f"many{i}")
            asked = request(frozen[i % len(frozen)], agent="bench", max_turns=len(TURNS))
            async with room:
                stored = await self._log.append(Head(aggregate=name), [Draft(data=asked)])
            self._heads[name] = head_of(stored, name)
            self._turn[name] = 0

        await asyncio.gather(*(one(i) for i in range(self._count)))

    async def follow(self) -> None:
        """Act on every observation until all episodes have ended."""
        kinds = ("EpisodeStarted", "ObservationReturned", "EpisodeEnded")
        async with asyncio.TaskGroup() as group:
            async for batch in self._log.records(*kinds):
                for recorded in batch:
                    self._see(recorded, group)
                if self.ended == self._count:
                    return

    def _see(self, recorded: Recorded, group: asyncio.TaskGroup) -> None:
        event = recorded.event
        name = event.aggregate
        if event.type == "EpisodeEnded":
            self.ended += 1
            return
        if event.type == "ObservationReturned":
            self.latency.append(1000 * (time.perf_counter() - self._sent[name]))
        else:
            self._started += 1
            if self._started == self._count:
                self._open.set()
        self._heads[name] = head_of([recorded], name)
        if self._turn[name] < len(TURNS):
            group.create_task(self._act(name))

    async def _act(self, name: str) -> None:
        tool = TURNS[self._turn[name]]
        self._turn[name] += 1
        await self._open.wait()
        await asyncio.sleep(stream("think", name, self._turn[name]).uniform(*THINKS))
        raw = render(tool, {})
        called = ToolCalled(tool=tool, arguments={}, raw=raw, turn=self._turn[name])
        self._sent[name] = time.perf_counter()
        await self._log.append(self._heads[name], [Draft(data=called)])


async def many(count: int) -> list[Row]:
    """So many episodes open at once in one environment node."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            serve(Path(folder), port=-1) as endpoint,
            connect(endpoint.url, user="admin", creds=endpoint.creds) as log,
            connect(endpoint.url, user="environment", creds=endpoint.creds) as hospital,
        ):
            players = Players(log, count)
            await players.request()
            node = asyncio.create_task(Actor(hospital, Environment(hospital), slots=count).run())
            started = time.perf_counter()
            await players.follow()
            spent = time.perf_counter() - started
            node.cancel()
            with suppress(asyncio.CancelledError):
                await node
    cut = statistics.quantiles(players.latency, n=100)
    return [
        Row(f"{count} episodes at once over the bus: turns", len(players.latency) / spent, "/s"),
        Row("turn latency, median", cut[49], "ms"),
        Row("turn latency, 99th percentile", cut[98], "ms"),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [*in_process(), *asyncio.run(many(options.episodes))]
    if options.json:
        print(msgspec.json.encode(rows).decode())
        return
    table = Table("what", "value", "")
    for row in rows:
        table.add_row(row.what, f"{row.value:,.4g}", row.unit)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
