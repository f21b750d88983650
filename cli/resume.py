"""`healthgym resume`: play on where an episode was broken off, in the same log."""

from typing import Annotated

import typer

from ..bus.events import Draft, Event, head_of
from ..bus.log import Log
from ..projections.transcript import transcript
from .audit import find_episode
from .play import judged, player
from .shared import DATA, Data, Json, LogFile, as_json, fail, finish, open_log


def resume(
    episode: Annotated[str, typer.Argument(help="Episode id, or its end.")],
    policy: Annotated[str, typer.Option(help="Who goes on: as in `healthgym play`.")] = "expert",
    *,
    json: Json = False,
    data: Data = DATA,
    log: LogFile = None,
) -> None:
    """Play an episode that was broken off to its end. Example: healthgym resume 3f9a.

    What is new is appended to the log. Where nodes are running they do this by themselves.
    """

    async def before() -> tuple[str, list[Event]]:
        async with open_log(data, log) as opened:
            return opened.gym, await find_episode(opened, episode)

    async def after(events: list[Event], known: int) -> None:
        async with open_log(data, log, "admin", writable=True) as opened:
            await _append(opened, events, known)

    gym, events = finish(before())
    whole = judged(_played(gym, events, policy), gym)
    finish(after(whole, len(events)))
    if json:
        for event in whole:
            as_json(event)
    else:
        typer.echo(transcript(whole))


def _played(gym: str, events: list[Event], policy: str) -> list[Event]:
    from ..agents.policy import PolicyError
    from ..agents.toolcall import parse
    from ..bus.episode import fold
    from ..environments.errors import EnvironmentFault
    from ..environments.run import resume as play_on

    requested = fold(events).requested
    if requested is None:
        raise fail(f"{events[0].aggregate} does not begin with its request")
    try:
        with player(requested, policy) as act:
            return play_on(events, act, parse, gym=gym)
    except (EnvironmentFault, PolicyError, ValueError) as error:
        raise fail(str(error)) from error


async def _append(log: Log, events: list[Event], known: int) -> None:
    """Append what comes after the first `known` events, unless others have gone on meanwhile."""
    name = events[0].aggregate
    head = head_of(await log.read(name), name)
    if head.n != known:
        raise fail(f"{name}: somebody else went on; it has {head.n} events now")
    drafts = [
        Draft(data=e.data, at=e.at, cause=e.cause, correlation=e.correlation)
        for e in events[known:]
    ]
    await log.append(head, drafts)


COMMANDS = (resume,)
