"""`healthgym tasks`: the frozen tasks, and whether each may stay."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from .look import show_rows
from .shared import Json, as_json, console, fail

app = typer.Typer(help="The frozen tasks.", invoke_without_command=True)


@app.callback()
def tasks(
    context: typer.Context,
    domain: Annotated[str | None, typer.Option(help="Only this domain.")] = None,
    split: Annotated[str | None, typer.Option(help="train, validation or test.")] = None,
    *,
    json: Json = False,
) -> None:
    """List the frozen tasks. Example: healthgym tasks --split test --json."""
    from ..knowledge.errors import KnowledgeError
    from ..knowledge.tasks import tasks as all_tasks

    if context.invoked_subcommand is not None:
        return
    if split not in {None, "train", "validation", "test"}:
        raise fail(f"--split must be train, validation or test, got {split!r}")
    try:
        found = all_tasks(domain, split)
    except KnowledgeError as error:
        raise fail(str(error)) from error
    show_rows([msgspec.to_builtins(t) for t in found], "Tasks", json=json)


@app.command()
def check(
    domain: Annotated[str | None, typer.Option(help="Only this domain.")] = None,
    processes: Annotated[int, typer.Option(help="How many at once.", min=1)] = 2,
    out: Annotated[Path | None, typer.Option(help="Write the report to this page.")] = None,
    *,
    json: Json = False,
) -> None:
    """Let good and foolish players play every task. Example: healthgym tasks check."""
    from rich.progress import track

    from ..knowledge.errors import KnowledgeError
    from ..knowledge.tasks import tasks as all_tasks
    from . import admission

    try:
        count = len(all_tasks(domain))
    except KnowledgeError as error:
        raise fail(str(error)) from error
    going = admission.check(domain, processes=processes)
    verdicts = list(track(going, "Playing", total=count, console=console(), disable=json))
    if out is not None:
        out.write_text(admission.page(verdicts), "utf-8")
    if json:
        as_json([{**msgspec.to_builtins(v), "admitted": v.admitted} for v in verdicts])
    else:
        show_rows(admission.summary(verdicts), "Admission", json=False)
        for v in verdicts:
            if not v.admitted:
                typer.echo(f"not admitted: {v}")
    if not admission.sound(verdicts):
        raise typer.Exit(1)
