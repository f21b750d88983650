"""`healthgym-node`: one process of the fleet, holding one or several roles."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import structlog
import typer

from . import __version__
from .bus.actor import ACK_WAIT_SECONDS, Actor
from .bus.errors import BusError
from .bus.events import Draft, Head, NodeStarted, NodeStopped, head_of
from .bus.jetstream import JetStreamLog, connect
from .bus.permissions import claim_name
from .bus.server import DEFAULT_PORT, KEEPER, Endpoint, read_endpoint, serve
from .config import ConfigError, GymConfig, load

log_ = structlog.get_logger(__name__)

OPEN_EPISODES = 4096
STOP_SECONDS = 2.0
ROLES = ("coach", "environment", "scorer", "learner", "projector", "agent")
app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


class Node:
    """What the roles of one process share."""

    def __init__(self, endpoint: Endpoint, data: Path, config: GymConfig, ack_wait: float) -> None:
        self.endpoint = endpoint
        self.data = data
        self.config = config
        self.ack_wait = ack_wait
        self.id = secrets.token_hex(8)

    @asynccontextmanager
    async def log(self, user: str) -> AsyncIterator[JetStreamLog]:
        """A connection with the credentials of one user."""
        async with connect(
            self.endpoint.url, user=user, creds=self.endpoint.creds, gym=self.endpoint.gym
        ) as log:
            yield log

    async def actor(self, user: str, make: Callable[[JetStreamLog], Awaitable[Actor]]) -> None:
        """Run one actor; say in the log that it came and went."""
        role = "agent" if user.startswith("agent-") else user
        async with self.log(user) as log:
            started = await self._announce(log, role)
            try:
                await (await make(log)).run()
            finally:
                with suppress(BusError, TimeoutError):
                    stopped = Draft(data=NodeStopped(role=role))
                    await asyncio.shield(log.append(started, [stopped]))

    async def _announce(self, log: JetStreamLog, role: str) -> Head:
        aggregate = f"node.{role}.{self.id}{secrets.token_hex(4)}"
        data = NodeStarted(role=role, version=__version__)
        stored = await log.append(Head(aggregate=aggregate), [Draft(data=data)])
        return head_of(stored, aggregate)


async def coach(node: Node) -> None:
    """Reflect, choose, plan, promote, for every registered agent."""
    from .agents.coaching import Coach

    async def make(log: JetStreamLog) -> Actor:
        return Actor(log, Coach(log), slots=64, ack_wait=node.ack_wait)

    await node.actor("coach", make)


async def environment(node: Node) -> None:
    """Open episodes and answer actions."""
    from .environments.actor import Environment

    node.config.open_library()
    async with AsyncExitStack() as stack:
        word = None
        if node.config.wording:
            from .agents.phrasing import open_wording

            word = await stack.enter_async_context(open_wording(node.config.wording))

        async def make(log: JetStreamLog) -> Actor:
            # Agents set the pace. An environment that took fewer episodes than the agents play
            # could fill its slots with new ones while the agents wait in those of a dead node.
            return Actor(log, Environment(log, word), slots=OPEN_EPISODES, ack_wait=node.ack_wait)

        await node.actor("environment", make)


async def scorer(node: Node) -> None:
    """Judge ended episodes."""
    from .scorers.actor import Scorer

    async def make(log: JetStreamLog) -> Actor:
        return Actor(log, Scorer(), slots=8, ack_wait=node.ack_wait)

    await node.actor("scorer", make)


async def learner(node: Node) -> None:
    """Turn workouts into adapters."""
    from .learners.actor import LearnerRole

    async def make(log: JetStreamLog) -> Actor:
        return Actor(log, LearnerRole(log, model_folder), slots=1, ack_wait=node.ack_wait)

    await node.actor("learner", make)


async def projector(node: Node) -> None:
    """Keep logbook, leaderboard and guideline up to date."""
    from .projections.actor import run_projector

    async with node.log("projector") as log, asyncio.TaskGroup() as group:
        group.create_task(run_projector(log, node.data))
        if node.config.wandb is not None:
            from .projections.metrics import report

            wandb = node.config.wandb
            group.create_task(report(log, wandb.project, wandb.mode, node.data))


async def agent(node: Node, names: Sequence[str] = ()) -> None:
    """Play the episodes of the named agents (all of the configuration's by default)."""
    from .agents.actor import Player
    from .agents.backends import open_policy

    async def play(name: str) -> None:
        config = node.config.agent(name)

        async def make(log: JetStreamLog) -> Actor:
            policy = await open_policy(
                config.backend, model_folder(config.model_path), fetch=log.get
            )
            slots = config.inference_batch_size or node.config.concurrent_episodes
            return Actor(log, Player(log, name, policy), slots=slots, ack_wait=node.ack_wait)

        await node.actor(claim_name(name), make)

    async with asyncio.TaskGroup() as group:
        for name in names or [a.agent_id for a in node.config.agents]:
            group.create_task(play(name))


def model_folder(path: str) -> str:
    """Where a model is: a name in the package's data/policies, else the path (or URL) itself."""
    shipped = Path(str(files(__package__) / "data" / "policies" / path)) if path else None
    return str(shipped) if shipped is not None and shipped.is_dir() else path


async def run_roles(node: Node, roles: Sequence[str], agents: Sequence[str] = ()) -> None:
    """Run roles until cancelled."""
    runners: dict[str, Callable[[Node], Awaitable[None]]] = {
        "coach": coach,
        "environment": environment,
        "scorer": scorer,
        "learner": learner,
        "projector": projector,
    }
    async with asyncio.TaskGroup() as group:
        for role in roles:
            work = agent(node, agents) if role == "agent" else runners[role](node)
            group.create_task(_named(work))


async def _named(work: Awaitable[None]) -> None:
    await work


@asynccontextmanager
async def endpoint_for(
    url: str, creds: str, data: Path, config: GymConfig, port: int
) -> AsyncIterator[Endpoint]:
    """The server to use: the one named, the one running on the data directory, or a new one."""
    if url:
        where = creds or str(data / "creds")
        yield Endpoint(url=url, gym=config.gym, creds=where)
        return
    with suppress(BusError):
        endpoint = read_endpoint(data)
        async with connect(endpoint.url, creds=endpoint.creds, gym=endpoint.gym):
            pass
        yield endpoint
        return
    names = [a.agent_id for a in config.agents]
    async with serve(data, gym=config.gym, agents=names, port=port) as endpoint:
        await provision(endpoint)
        yield endpoint


async def provision(endpoint: Endpoint) -> None:
    """Make the stream and the object store of a fresh server."""
    async with connect(endpoint.url, user="admin", creds=endpoint.creds, gym=endpoint.gym):
        pass


async def _start(
    roles: Sequence[str],
    agents: Sequence[str],
    url: str,
    creds: str,
    data: Path,
    config: GymConfig,
    port: int,
    ack_wait: float,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with AsyncExitStack() as stack:
        endpoint = await stack.enter_async_context(endpoint_for(url, creds, data, config, port))
        log_.info("node started", roles=list(roles), url=endpoint.url, pid=os.getpid())
        work = asyncio.create_task(run_roles(Node(endpoint, data, config, ack_wait), roles, agents))
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        await _stop(work)
        log_.info("node stopped", roles=list(roles))


async def _stop(work: asyncio.Task[None]) -> None:
    """Cancel the roles; where that goes unheard, cancel each of their tasks.

    The client library swallows a cancellation that reaches it while it flushes, which is likely
    while a node connects; a task group does not ask its tasks twice.
    """
    work.cancel()
    await asyncio.wait({work}, timeout=STOP_SECONDS)
    while not work.done():
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task() and task.get_name() != KEEPER:
                task.cancel()
        await asyncio.wait({work}, timeout=STOP_SECONDS)
    with suppress(asyncio.CancelledError):
        await work


@app.callback()
def about() -> None:
    """Join a fleet of Healthcare AI GYM nodes."""


@app.command()
def start(
    role: Annotated[list[str], typer.Option(help=f"One of {', '.join(ROLES)}; may be repeated.")],
    nats: Annotated[str, typer.Option(help="Server to join; without it, an embedded one.")] = "",
    creds: Annotated[str, typer.Option(help="Seed file, or folder of seed files.")] = "",
    agent: Annotated[list[str] | None, typer.Option(help="Play for this agent only.")] = None,
    config: Annotated[Path | None, typer.Option(help="Configuration of the gym.")] = None,
    data: Annotated[Path, typer.Option(help="Data directory.")] = Path(".healthgym"),
    port: Annotated[int, typer.Option(help="Port of an embedded server.")] = DEFAULT_PORT,
    ack_wait: Annotated[
        float, typer.Option(help="Seconds of silence after which a node's work is taken over.")
    ] = ACK_WAIT_SECONDS,
) -> None:
    """Hold one or several roles until stopped.

    Example: healthgym-node start --role scorer --nats nats://10.0.0.5:4222 --creds creds/
    """
    unknown = [r for r in role if r not in ROLES]
    if unknown:
        fail(f"unknown role {unknown[0]!r}; there are: {', '.join(ROLES)}")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        asyncio.run(_start(role, agent or (), nats, creds, data, load(config), port, ack_wait))
    except* (BusError, ConfigError) as group:
        fail("; ".join(str(e) for e in leaves(group)))


def leaves(error: BaseException) -> list[BaseException]:
    """The single errors inside a group of groups."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]


def fail(message: str) -> None:
    """One clear line on stderr, and exit code 1."""
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(1)


def main() -> None:
    """Run the command line of `healthgym-node`."""
    app()


if __name__ == "__main__":
    main()
