"""`healthgym fork`: what if? A copy of an episode goes on from any event, with facts changed."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ..bus.events import EpisodeRequested, Event
from ..projections.transcript import transcript
from .audit import find_episode
from .play import judged, player, save_log
from .shared import DATA, Data, Json, LogFile, as_json, fail, finish, open_log


def fork(
    episode: Annotated[str, typer.Argument(help="Episode id, or its end.")],
    at: Annotated[int, typer.Option(help="Take over the actions up to this event of it.")],
    change: Annotated[
        list[str] | None, typer.Option("--set", help="FACT=VALUE, such as fever=true.")
    ] = None,
    policy: Annotated[str, typer.Option(help="Who goes on: as in `healthgym play`.")] = "expert",
    save: Annotated[Path | None, typer.Option(help="Keep the events in this folder.")] = None,
    *,
    json: Json = False,
    data: Data = DATA,
    log: LogFile = None,
) -> None:
    """Continue a copy of an episode. Example: healthgym fork 3f9a --at 12 --set fever=true."""
    changes = dict(map(_change, change or []))

    async def original() -> list[Event]:
        async with open_log(data, log) as opened:
            return await find_episode(opened, episode)

    events = finish(original())
    made = _forked(events, at, changes, policy)
    if save is not None:
        finish(save_log(made, save))
    if json:
        as_json([msgspec.to_builtins(e) for e in made])
    else:
        typer.echo(transcript(made))


def _change(text: str) -> tuple[str, float | bool | str]:
    fact, sign, value = text.partition("=")
    if not sign or not fact:
        raise fail(f"--set: expected FACT=VALUE, got {text!r}")
    if value.lower() in {"true", "false"}:
        return fact, value.lower() == "true"
    try:
        return fact, float(value)
    except ValueError:
        return fact, value


def _forked(
    events: list[Event], at: int, changes: dict[str, float | bool | str], policy: str
) -> list[Event]:
    from ..agents.policy import PolicyError
    from ..agents.toolcall import parse
    from ..environments.errors import EnvironmentFault
    from ..environments.fork import fork as play_fork
    from ..environments.fork import forked
    from ..knowledge.errors import KnowledgeError

    try:
        asked: EpisodeRequested = forked(events, at=at, changes=changes)
        with player(asked, policy) as act:
            return judged(play_fork(events, act, at=at, changes=changes, read=parse))
    except (EnvironmentFault, KnowledgeError, PolicyError, ValueError) as error:
        raise fail(str(error)) from error


COMMANDS = (fork,)
