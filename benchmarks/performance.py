"""Performance as ratios against something real in the same run.

    python -m benchmarks.performance [--json]

Absolute numbers say what one machine did; the ratios are what to compare between versions.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import gymnasium
import msgspec
import nats
from rich.console import Console
from rich.table import Table

from healthgym.bus.events import Draft, Head, ToolCalled, episode, head_of
from healthgym.bus.jetstream import JetStreamLog, connect
from healthgym.bus.server import Endpoint, serve

EVENTS = 4000
ROUNDS = 3


class Row(msgspec.Struct):
    """One measurement and what it is compared with."""

    what: str
    ours: float
    unit: str
    beside: str
    theirs: float

    @property
    def ratio(self) -> float:
        """Ours over theirs."""
        return self.ours / self.theirs


def median(values: list[float]) -> float:
    """The middle of a few runs."""
    return statistics.median(values)


async def timed(work: Callable[[], Awaitable[None]]) -> float:
    """Seconds of one run."""
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


def call(turn: int) -> Draft:
    """An event of ordinary size."""
    arguments = {"drug_name": "aspirin", "dose": 324, "dose_unit": "mg", "route": "po"}
    return Draft(
        data=ToolCalled(tool="prescribe_medication", arguments=arguments, raw="x" * 80, turn=turn)
    )


async def bus(endpoint: Endpoint, log: JetStreamLog) -> list[Row]:
    """Append and follow, against nats-py's own publish and fetch on the same server."""
    serial = iter(range(1_000_000))

    async def write(writers: int) -> None:
        async def one() -> None:
            name = episode("bench", f"e{next(serial)}")
            head = Head(aggregate=name)
            for turn in range(0, EVENTS // writers, 2):
                stored = await log.append(head, [call(turn), call(turn + 1)])
                head = head_of(stored, name)

        await asyncio.gather(*(one() for _ in range(writers)))

    client = await nats.connect(
        endpoint.url, nkeys_seed=str(endpoint.seed_file("admin")), inbox_prefix=b"_INBOX_admin"
    )
    stream = client.jetstream(timeout=30)
    from nats.js.api import StreamConfig

    await stream.add_stream(StreamConfig(name="RAW", subjects=["raw.>"]))
    body = msgspec.json.encode(call(1).data) + b" " * 250

    async def publish() -> None:
        room = asyncio.Semaphore(64)

        async def one(i: int) -> None:
            async with room:
                await stream.publish(f"raw.{i}", body)

        await asyncio.gather(*(one(i) for i in range(EVENTS)))

    async def read_all() -> None:
        seen = 0
        async for batch in log.records("ToolCalled", follow=False):
            seen += len(batch)
            if seen >= EVENTS:
                return

    async def fetch() -> None:
        subscription = await stream.pull_subscribe("raw.>", durable=None)
        seen = 0
        while seen < EVENTS:
            messages = await subscription.fetch(1000, timeout=5)
            seen += len(messages)
            for message in messages:
                await message.ack()
        await subscription.unsubscribe()

    ours = [EVENTS / await timed(lambda: write(64)) for _ in range(ROUNDS)]
    theirs = [EVENTS / await timed(publish) for _ in range(ROUNDS)]
    ours_read = [EVENTS / await timed(read_all) for _ in range(ROUNDS)]
    theirs_read = [EVENTS / await timed(fetch) for _ in range(ROUNDS)]
    await client.close()
    return [
        Row(
            "append, 64 writers, fenced and durable",
            median(ours),
            "events/s",
            "nats-py publish, 64 at once",
            median(theirs),
        ),
        Row(
            "follow",
            median(ours_read),
            "events/s",
            "nats-py fetch(1000) and ack",
            median(theirs_read),
        ),
    ]


async def projections(folder: Path) -> list[Row]:
    """Rebuild the logbook from scored episodes, against the bare inserts of its rows."""
    import sqlite3

    from healthgym.bus.log import FileLog
    from healthgym.projections.store import projection, rebuild

    events = scored_events(400)
    async with FileLog(folder / "log") as log:
        for i, draft in enumerate(events):
            await log.append(Head(aggregate=episode("bench", f"p{i}")), [draft])
        runs = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            await rebuild(log, projection("logbook"), folder)
            runs.append(len(events) / (time.perf_counter() - started))
    rows = [(i, f"e{i}", *["x"] * 18) for i in range(len(events))]
    bare = []
    for _ in range(ROUNDS):
        connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
        connection.execute("pragma journal_mode = wal")
        connection.execute("drop table if exists t")
        connection.execute(f"create table t ({', '.join(f'c{i}' for i in range(20))})")
        started = time.perf_counter()
        connection.execute("begin")
        for row in rows:
            connection.execute(f"insert into t values ({','.join('?' * 20)})", row)
        connection.execute("commit")
        bare.append(len(rows) / (time.perf_counter() - started))
        connection.close()
    return [
        Row("projection rebuild", median(runs), "events/s", "bare SQLite inserts", median(bare))
    ]


def scored_events(count: int) -> list[Draft]:
    """Real judgements of scripted episodes, repeated."""
    from healthgym.environments.run import play
    from healthgym.environments.session import request
    from healthgym.knowledge.domains.clinical_diagnosis import reference
    from healthgym.knowledge.patients import generate
    from healthgym.knowledge.tasks import tasks
    from healthgym.scorers.composite import score

    found = []
    for task in tasks("clinical_diagnosis")[:20]:
        calls = reference(generate(task.variant, task.seed))
        events = play(request(task, agent="bench"), scripted(calls))
        found.append(Draft(data=score(events), at=events[-1].at))
    return [found[i % len(found)] for i in range(count)]


def scripted(calls):
    """A policy that plays a fixed list of calls."""
    from healthgym.bus.view import Action

    texts = [
        msgspec.json.encode({"name": c.tool, "arguments": c.arguments}).decode() for c in calls
    ]
    return lambda view: Action(raw=texts[min(len(view.turns), len(texts) - 1)])


def environment() -> list[Row]:
    """Steps of BioAgent-v0 in process, against gymnasium's CartPole."""
    from healthgym.knowledge.domains.clinical_diagnosis import reference
    from healthgym.knowledge.patients import generate
    from healthgym.knowledge.tasks import tasks

    env = gymnasium.make("BioAgent-v0").unwrapped
    scripts = [
        (t.id, reference(generate(t.variant, t.seed))) for t in tasks("clinical_diagnosis")[:30]
    ]
    runs, plain = [], []
    for _ in range(ROUNDS):
        steps, started = 0, time.perf_counter()
        for name, calls in scripts:
            env.reset(options={"task_id": name})
            for c in calls:
                env.step(msgspec.json.encode({"name": c.tool, "arguments": c.arguments}).decode())
                steps += 1
        runs.append(steps / (time.perf_counter() - started))
        cart = gymnasium.make("CartPole-v1")
        cart.reset(seed=0)
        started = time.perf_counter()
        for _ in range(steps * 10):
            _, _, terminated, truncated, _ = cart.step(cart.action_space.sample())
            if terminated or truncated:
                cart.reset()
        plain.append(steps * 10 / (time.perf_counter() - started))
    return [
        Row(
            "environment with scoring, in process",
            median(runs),
            "steps/s",
            "CartPole-v1",
            median(plain),
        )
    ]


def startup(folder: Path) -> list[Row]:
    """Seconds until `healthgym --help` is printed and until a node is up."""

    def seconds(*command: str) -> float:
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        return time.perf_counter() - started

    def node() -> float:
        started = time.perf_counter()
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "healthgym.node",
                "start",
                "--role",
                "scorer",
                "--data",
                str(folder / "node"),
                "--port",
                "-1",
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        for line in process.stderr:
            if "node started" in line:
                break
        took = time.perf_counter() - started
        process.terminate()
        process.wait()
        return took

    plain = median([seconds(sys.executable, "-c", "pass") for _ in range(ROUNDS)])
    help_ = median([seconds(sys.executable, "-m", "healthgym", "--help") for _ in range(ROUNDS)])
    up = median([node() for _ in range(ROUNDS)])
    return [
        Row("healthgym --help", help_, "s", "python -c pass", plain),
        Row("node with embedded server, ready", up, "s", "python -c pass", plain),
    ]


def learner() -> list[Row]:
    """One update from recorded episodes, against TRL's own trainer on a batch of its making."""
    from benchmarks.learner import update_against_trl

    ours, theirs = update_against_trl(ROUNDS)
    return [Row("GRPO update, same batch", ours, "s", "TRL GRPOTrainer", theirs)]


async def measure() -> list[Row]:
    """All measurements."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            serve(folder / "data", port=-1, durable=True) as endpoint,
            connect(endpoint.url, user="admin", creds=endpoint.creds) as log,
        ):
            rows += await bus(endpoint, log)
        rows += await projections(folder)
        rows += environment()
        rows += startup(folder)
        rows += learner()
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    rows = asyncio.run(measure())
    if parser.parse_args().json:
        print(
            msgspec.json.encode(
                [{**msgspec.to_builtins(r), "ratio": r.ratio} for r in rows]
            ).decode()
        )
        return
    table = Table("what", "ours", "", "beside", "theirs", "ratio")
    for r in rows:
        table.add_row(
            r.what, f"{r.ours:,.3g}", r.unit, r.beside, f"{r.theirs:,.3g}", f"{r.ratio:.2f}"
        )
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
