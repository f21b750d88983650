"""`healthgym fairness`: how groups of patients fare in a log."""

from typing import Annotated

import typer

from ..bus.errors import BusError
from ..bus.events import EpisodeScored
from ..bus.log import Log
from .shared import DATA, Data, Json, LogFile, as_json, console, fail, finish, open_log


def fairness(
    agent: Annotated[str, typer.Option(help="Only this agent's episodes.")] = "*",
    domain: Annotated[str, typer.Option(help="Only this domain.")] = "",
    purpose: Annotated[str, typer.Option(help="Only episodes of this purpose.")] = "",
    *,
    json: Json = False,
    data: Data = DATA,
    log: LogFile = None,
) -> None:
    """Show each group's mean score, the worst group and the gaps. Example: healthgym fairness.

    Groups are sex, age band, ethnicity and means, as the judged episodes name them. A group of
    fewer than eight episodes is listed and never called the worst.
    """
    from ..knowledge.fairness import fairness as measured

    async def found() -> list[tuple[dict[str, str], float]]:
        async with open_log(data, log) as opened:
            return await _judged(opened, agent, domain, purpose)

    try:
        shown = measured(finish(found()))
    except BusError as error:
        raise fail(str(error)) from error
    if json:
        as_json(shown)
        return
    from rich.table import Table

    table = Table("attribute", "group", "episodes", "mean composite (95 %)", "")
    for row in shown.rows:
        known = row.composite
        mean = f"{known.mean:.3f} ({known.low:.3f} to {known.high:.3f})"
        mark = "worst" if shown.worst.get(row.attribute) == row.group else ""
        table.add_row(row.attribute, row.group, str(row.episodes), mean, mark)
    console().print(table)
    gaps = ", ".join(f"{name} {gap:.3f}" for name, gap in shown.gap.items())
    console().print(f"worst group {shown.worst_score:.3f}; gaps: {gaps or 'none to be told'}")


async def _judged(
    log: Log, agent: str, domain: str, purpose: str
) -> list[tuple[dict[str, str], float]]:
    """Groups and composite of every judged episode that is asked for, from one pass."""
    out: list[tuple[dict[str, str], float]] = []
    async for batch in log.records("EpisodeScored", owner=agent, follow=False):
        for recorded in batch:
            data = recorded.event.data
            if not isinstance(data, EpisodeScored):
                continue
            if domain in {"", data.domain} and purpose in {"", data.purpose}:
                out.append((data.groups, data.composite))
    return out


COMMANDS = (fairness,)
