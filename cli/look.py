"""Commands that show: tools, tasks, domains, events, leaderboard, logbook, guideline."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ..bus.events import Recorded
from .shared import DATA, Data, Json, LogFile, as_json, console, fail, finish, open_log

Domain = Annotated[str, typer.Option(help="Only this domain.")]


def domains(*, json: Json = False) -> None:
    """List the domains. Example: healthgym domains --json."""
    from ..environments.tool import tools as tools_of
    from ..knowledge.domains import domains as all_domains
    from ..knowledge.tasks import tasks as all_tasks

    rows: list[dict[str, object]] = [
        {"domain": name, "tools": len(tools_of(name)), "tasks": len(all_tasks(name))}
        for name in all_domains()
    ]
    show_rows(rows, "Domains", json=json)


def tools(
    domain: Domain = "clinical_diagnosis",
    out: Annotated[
        Path | None, typer.Option(help="Write the tools of every domain to this page.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """List a domain's tools. Example: healthgym tools --domain clinical_diagnosis."""
    from ..environments.tool import tools as tools_of
    from ..environments.toolbook import page
    from ..knowledge.domains import domain as known
    from ..knowledge.errors import KnowledgeError

    if out is not None:
        out.write_text(page(), "utf-8")
        typer.echo(str(out))
        return
    try:
        known(domain)
    except KnowledgeError as error:
        raise fail(str(error)) from error
    found = [t.schema() for t in tools_of(domain).values()]
    if json:
        as_json(found)
        return
    rows = [
        {
            "tool": s["name"],
            "arguments": ", ".join(s["parameters"]["properties"]),
            "what it does": s["description"],
        }
        for s in found
    ]
    show_rows(rows, f"Tools of {domain}", json=False)


def events(
    type_: Annotated[list[str] | None, typer.Option("--type", help="Only these types.")] = None,
    episode: Annotated[str, typer.Option(help="Only this episode or aggregate.")] = "",
    *,
    follow: Annotated[bool, typer.Option(help="Wait for more.")] = False,
    after: Annotated[int, typer.Option(help="Only events after this sequence.")] = 0,
    json: Json = False,
    data: Data = DATA,
    log: LogFile = None,
) -> None:
    """Print events. Example: healthgym events --type EpisodeScored --follow --json."""

    async def printed() -> None:
        async with open_log(data, log) as opened:
            async for batch in opened.records(*(type_ or ()), after=after, follow=follow):
                for recorded in batch:
                    if recorded.event.aggregate.endswith(episode):
                        _print_event(recorded, json=json)

    finish(printed())


def _print_event(recorded: Recorded, *, json: bool) -> None:
    if json:
        typer.echo(recorded.body.decode())
        return
    event = recorded.event
    minutes = f"{event.at / 60e6:7.1f} min" if event.at else " " * 11
    text = msgspec.json.encode(event.data).decode()
    typer.echo(
        f"{recorded.sequence:>8} {minutes} {event.aggregate} #{event.n} {event.type} {text[:140]}"
    )


def leaderboard(*, json: Json = False, data: Data = DATA) -> None:
    """Show the agents by their latest measurement. Example: healthgym leaderboard."""
    from ..projections.leaderboard import board

    rows = board(_database(data, "leaderboard"))
    if json:
        as_json(rows)
        return
    from .report import print_board

    print_board(console(), rows)


def logbook(
    agent: Annotated[str, typer.Option(help="Only this agent.")] = "",
    last: Annotated[int, typer.Option(help="How many episodes.", min=1)] = 20,
    *,
    json: Json = False,
    data: Data = DATA,
) -> None:
    """Show the latest scored episodes. Example: healthgym logbook --agent tiny --last 5."""
    import sqlite3

    connection = sqlite3.connect(f"file:{_database(data, 'logbook')}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    rows = connection.execute(
        "select agent, condition, purpose, composite as total, accuracy as acc, process as proc,"
        " safety as safe, format as form, coherence as coh, turns, rules, episode"
        " from episodes where ? in ('', agent)"
        " order by sequence desc limit ?",
        (agent, last),
    ).fetchall()
    connection.close()
    show_rows([dict(row) for row in rows], "Logbook, latest first", json=json)


def guideline(*, data: Data = DATA) -> None:
    """Print the living guideline. Example: healthgym guideline > AGENT_GUIDELINE.md."""
    from ..projections.guideline import render

    typer.echo(render(_database(data, "logbook"), _database(data, "leaderboard")), nl=False)


def _database(data: Path, name: str) -> Path:
    from ..projections.errors import ProjectionError
    from ..projections.store import projection, up_to_date

    path = data / f"{name}.db"
    if not path.is_file():
        raise fail(
            f"{path} does not exist: run `healthgym run` first, or `healthgym rebuild {name}`"
        )
    try:
        fresh = up_to_date(projection(name), path)
    except ProjectionError as error:
        raise fail(str(error)) from error
    if not fresh:
        raise fail(f"{path} was written by another version: run `healthgym rebuild {name}`")
    return path


def show_rows(rows: list[dict[str, object]], title: str, *, json: bool) -> None:
    """Print rows as a table, or as JSON."""
    if json:
        as_json(rows)
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for name in rows[0] if rows else ():
        table.add_column(str(name), overflow="fold")
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row.values()))
    console().print(table if rows else f"{title}: nothing yet")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, dict):
        return " ".join(f"{k} {_cell(v)}" for k, v in value.items())
    return "" if value is None else str(value)


COMMANDS = (domains, tools, events, leaderboard, logbook, guideline)
