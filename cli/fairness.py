"""`healthgym fairness`: how groups of patients fare in a log."""

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated

import typer

from ..bus.errors import BusError
from ..bus.events import EpisodeScored, owner_of
from ..bus.log import Log
from .shared import DATA, Data, Json, LogFile, as_json, console, fail, finish, open_log

if TYPE_CHECKING:
    from ..knowledge.fairness import Fairness

Judged = list[tuple[dict[str, str], float]]


def fairness(
    agent: Annotated[str, typer.Option(help="Only this agent's episodes.")] = "*",
    domain: Annotated[str, typer.Option(help="Only this domain.")] = "",
    purpose: Annotated[str, typer.Option(help="Only episodes of this purpose.")] = "",
    *,
    json: Json = False,
    data: Data = DATA,
    log: LogFile = None,
) -> None:
    """Show how groups of patients fare with each agent. Example: healthgym fairness --agent tiny.

    Groups are sex, age band, ethnicity and means, as the judged episodes name them. A group of
    fewer than eight episodes is listed and never called the worst.
    """
    from ..knowledge.fairness import fairness as measured

    async def found() -> dict[str, Judged]:
        async with open_log(data, log) as opened:
            return await _judged(opened, agent, domain, purpose)

    try:
        shown = {name: measured(rows) for name, rows in sorted(finish(found()).items())}
    except BusError as error:
        raise fail(str(error)) from error
    if json:
        as_json(shown)
        return
    if not shown:
        raise fail("no judged episode in this log answers to that")
    for name, of_agent in shown.items():
        _tell(name, of_agent)


def _tell(name: str, shown: "Fairness") -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table("attribute", "group", "episodes", "mean composite (95 %)", "")
    table.title, table.title_justify = f"{escape(name)}, {shown.episodes} episodes", "left"
    for row in shown.rows:
        known = row.composite
        mean = f"{known.mean:.3f} ({known.low:.3f} to {known.high:.3f})"
        mark = "worst" if shown.worst.get(row.attribute) == row.group else ""
        table.add_row(row.attribute, escape(row.group), str(row.episodes), mean, mark)
    console().print(table)
    gaps = ", ".join(f"{name} {gap:.3f}" for name, gap in shown.gap.items())
    console().print(f"worst group {shown.worst_score:.3f}; gaps: {gaps or 'none to be told'}")


async def _judged(log: Log, agent: str, domain: str, purpose: str) -> dict[str, Judged]:
    """By agent, groups and composite of every judged episode that is asked for, from one pass."""
    out: dict[str, Judged] = defaultdict(list)
    async for batch in log.records("EpisodeScored", owner=agent, follow=False):
        for recorded in batch:
            data = recorded.event.data
            if not isinstance(data, EpisodeScored):
                continue
            if domain in {"", data.domain} and purpose in {"", data.purpose}:
                out[owner_of(recorded.event.aggregate)].append((data.groups, data.composite))
    return out


COMMANDS = (fairness,)
