"""What several commands need: opening a log, printing, failing with one clear line."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer

if TYPE_CHECKING:
    from rich.console import Console

from ..bus.errors import BusError
from ..bus.log import FileLog, Log
from ..config import ConfigError
from ..knowledge.errors import KnowledgeError
from ..projections.errors import ProjectionError

T = TypeVar("T")

KNOWN = (BusError, ConfigError, KnowledgeError, ProjectionError)
"""Errors that are told in one line; anything else is a defect and shows its traceback."""

DATA = Path(".healthgym")
Data = Annotated[Path, typer.Option(help="Data directory of the gym.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
LogFile = Annotated[
    Path | None, typer.Option("--log", help="A log in files (folder) instead of a server's.")
]

Library = Annotated[
    Path | None,
    typer.Option(help="Library that the search tools read: `healthgym knowledge build` makes one."),
]


def attached(folder: Path | None) -> str:
    """Open a library for this process; its generation, "" without one."""
    from ..knowledge import library

    if folder is None:
        return library.OWN
    try:
        return library.attach(folder).generation
    except KnowledgeError as error:
        raise fail(str(error)) from error


def fail(message: str) -> typer.Exit:
    """Print one line on stderr; the caller raises what is returned."""
    typer.echo(f"error: {message}", err=True)
    return typer.Exit(1)


def finish(work: Coroutine[object, object, T]) -> T:
    """Run a command's coroutine; turn the typed errors of the rooms into one clear line."""
    try:
        return asyncio.run(work)
    except KNOWN as error:
        raise fail(str(error)) from error
    except BaseExceptionGroup as group:
        _, strange = group.split(KNOWN)
        if strange is not None:
            raise
        raise fail(_first(group)) from group
    except KeyboardInterrupt as error:
        raise typer.Exit(130) from error


def _first(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)


def as_json(value: object) -> None:
    """Print a value as one line of JSON."""
    typer.echo(msgspec.json.encode(value, order="deterministic").decode())


@asynccontextmanager
async def open_log(
    data: Path, folder: Path | None = None, user: str = "viewer", *, writable: bool = False
) -> AsyncIterator[Log]:
    """Open the log to read: a folder's, the running server's, or the data directory's at rest."""
    if folder is not None:
        async with FileLog(folder, writable=writable) as log:
            yield log
        return
    from ..bus.errors import ServerStartFailed
    from ..bus.jetstream import connect
    from ..bus.server import serve

    if await _answers(data):
        async with connect(data=data, user=user) as log:
            yield log
        return
    if not (data / "nats").is_dir():
        raise ServerStartFailed(f"there is no gym in {data}: start one with `healthgym run`")
    async with (
        serve(data, port=-1, agents=_agents(data)) as endpoint,
        connect(endpoint.url, user=user, creds=endpoint.creds, gym=endpoint.gym) as log,
    ):
        yield log


async def _answers(data: Path) -> bool:
    """Whether a server runs on the data directory; one that was killed leaves its address."""
    from ..bus.jetstream import connect

    with suppress(BusError):
        async with connect(data=data):
            return True
    return False


def _agents(data: Path) -> list[str]:
    """Agents that this data directory knows, so that their users stay."""
    return sorted(path.stem.removeprefix("agent-") for path in (data / "creds").glob("agent-*.nk"))


def console() -> "Console":
    """The terminal as wide as it is; a file or a pipe wide enough for the tables."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160)
