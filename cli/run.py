"""`healthgym run`: a whole gym on this machine, and `healthgym start`: one node of a fleet."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ..bus.events import (
    AgentRegistered,
    BenchmarkCompleted,
    CheckpointPromoted,
    CheckpointRejected,
    Draft,
    EpisodeScored,
    Event,
    Head,
    TrainingStepped,
    agent,
    owner_of,
)
from ..bus.jetstream import JetStreamLog, connect
from ..bus.server import DEFAULT_PORT, Endpoint, die_with_parent, serve
from ..bus.weights import policy_digest
from ..config import AgentConfig, GymConfig, load
from ..node import model_folder, provision
from ..node import start as start_node
from .report import Progress, finish_report
from .shared import DATA, Data, finish

PROCESSES = (
    ("hospital", ("coach", "environment", "scorer", "projector")),
    ("agents", ("agent",)),
    ("learner", ("learner",)),
)
QUICK_DEATH_SECONDS = 60.0
MOST_QUICK_DEATHS = 5
STOP_SECONDS = 15.0


def run(
    config: Annotated[Path | None, typer.Option(help="Configuration of the gym.")] = None,
    cycles: Annotated[
        int | None, typer.Option(help="Cycles of every learning agent.", min=0)
    ] = None,
    rounds: Annotated[int | None, typer.Option(help="Updates per cycle.", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="Training seed.")] = None,
    data: Data = DATA,
    port: Annotated[int, typer.Option(help="Port of the server, -1 for any.")] = DEFAULT_PORT,
) -> None:
    """Run everything on this machine. Example: healthgym run --cycles 1."""
    chosen = load_with(config, cycles=cycles, rounds=rounds, seed=seed)
    finish(run_gym(chosen, data, port))


def load_with(path: Path | None, **changes: int | None) -> GymConfig:
    """The configuration with some numbers of its plan replaced."""

    async def read() -> GymConfig:
        return load(path)

    config = finish(read())
    given = {k: v for k, v in changes.items() if v is not None}
    return msgspec.structs.replace(config, plan=msgspec.structs.replace(config.plan, **given))


async def run_gym(config: GymConfig, data: Path, port: int) -> None:
    """Serve, start the nodes, register the agents, show progress, report."""
    data.mkdir(parents=True, exist_ok=True)
    file = data / "config.yaml"
    file.write_bytes(msgspec.yaml.encode(config))
    names = [a.agent_id for a in config.agents]
    async with serve(data, gym=config.gym, agents=names, port=port) as endpoint:
        await provision(endpoint)
        async with processes(file, data), _log(endpoint, "coach") as log:
            for entry in config.agents:
                await register(log, entry, config)
            await _watch(log, config)
        async with _log(endpoint, "projector") as log:
            await finish_report(log, data)


@asynccontextmanager
async def _log(endpoint: Endpoint, user: str) -> AsyncIterator[JetStreamLog]:
    async with connect(endpoint.url, user=user, creds=endpoint.creds, gym=endpoint.gym) as log:
        yield log


async def register(log: JetStreamLog, entry: AgentConfig, config: GymConfig) -> None:
    """Append AgentRegistered, unless the agent is known already."""
    aggregate = agent(entry.agent_id)
    if await log.read(aggregate):
        return
    folder = Path(model_folder(entry.model_path)) if entry.model_path else Path()
    has_weights = (folder / "config.json").is_file()
    data = AgentRegistered(
        agent=entry.agent_id,
        backend=entry.backend,
        model_path=entry.model_path,
        base_model_path=entry.base_model_path,
        policy=policy_digest(folder) if has_weights else "",
        weights=entry.weights(),
        domains=config.domains,
        plan=config.plan_of(entry),
    )
    await log.append(Head(aggregate=aggregate), [Draft(data=data)])


# ---------------------------------------------------------------- processes


@asynccontextmanager
async def processes(config: Path, data: Path) -> AsyncIterator[None]:
    """The nodes as child processes; one that dies is started again."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_keep(name, roles, config, data)) for name, roles in PROCESSES]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _keep(name: str, roles: tuple[str, ...], config: Path, data: Path) -> None:
    from ..bus.errors import Unavailable

    arguments = [item for role in roles for item in ("--role", role)]
    deaths = 0
    while True:
        started = time.monotonic()
        with (data / f"{name}.log").open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "healthgym.node",
                "start",
                *arguments,
                "--config",
                str(config),
                "--data",
                str(data),
                stdout=sink,
                stderr=sink,
                preexec_fn=die_with_parent,
            )
        (data / f"{name}.pid").write_text(str(process.pid))
        try:
            await process.wait()
        except asyncio.CancelledError:
            await _stop(process)
            raise
        quick = time.monotonic() - started < QUICK_DEATH_SECONDS
        deaths = deaths + 1 if quick else 1
        if deaths >= MOST_QUICK_DEATHS:
            tail = (data / f"{name}.log").read_text(errors="replace").strip().splitlines()
            raise Unavailable(
                f"the {name} process keeps failing: {tail[-1] if tail else ''} "
                f"(see {data / name}.log)"
            )
        await asyncio.sleep(0.5 * deaths)


async def _stop(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


# ---------------------------------------------------------------- progress


class Standing(msgspec.Struct):
    """How far one agent's plan is."""

    plan: AgentRegistered
    benchmarks: int = 0
    cycles: int = 0

    @property
    def done(self) -> bool:
        """Everything measured and every cycle recorded."""
        plan = self.plan.plan
        labels = (2 if plan.cycles else 1) if plan.test_episodes else 0
        wanted = labels * (2 if plan.greedy else 1)
        return self.benchmarks >= wanted and self.cycles >= plan.cycles


async def _watch(log: JetStreamLog, config: GymConfig) -> None:
    """Show what happens until every agent's plan is done."""
    standings: dict[str, Standing] = {}
    types = (
        "AgentRegistered",
        "EpisodeScored",
        "TrainingStepped",
        "BenchmarkCompleted",
        "CheckpointPromoted",
        "CheckpointRejected",
        "CycleCompleted",
        "TrainingFailed",
    )
    with Progress(config) as progress:
        async for batch in log.records(*types):
            for recorded in batch:
                _tell(recorded.event, standings, progress)
            if len(standings) == len(config.agents) and all(s.done for s in standings.values()):
                return


def _tell(event: Event, standings: dict[str, Standing], progress: Progress) -> None:
    name = owner_of(event.aggregate)
    match event.data:
        case AgentRegistered() as data:
            standings[name] = Standing(plan=data)
        case EpisodeScored() as data:
            progress.scored(name, data)
        case TrainingStepped() as data:
            progress.stepped(name, data)
        case BenchmarkCompleted() as data:
            standings[name].benchmarks += 1
            progress.measured(name, data)
        case CheckpointPromoted() | CheckpointRejected() as data:
            progress.judged(name, data)
        case _ if event.type == "CycleCompleted":
            standings[name].cycles += 1
        case _:
            progress.say(f"{name}: {event.type}: {getattr(event.data, 'detail', '')}")


def start(
    role: Annotated[list[str], typer.Option(help="coach, environment, scorer, learner, ...")],
    nats: Annotated[str, typer.Option(help="Server to join; without it, an embedded one.")] = "",
    creds: Annotated[str, typer.Option(help="Seed file, or folder of seed files.")] = "",
    config: Annotated[Path | None, typer.Option(help="Configuration of the gym.")] = None,
    data: Data = DATA,
    port: Annotated[int, typer.Option(help="Port of an embedded server.")] = DEFAULT_PORT,
) -> None:
    """Hold one or several roles: the same as `healthgym-node start`.

    Example: healthgym start --role scorer --nats nats://10.0.0.5:4222 --creds creds/
    """
    start_node(role=role, nats=nats, creds=creds, config=config, data=data, port=port)


COMMANDS = (run, start)
