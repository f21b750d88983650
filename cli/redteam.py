"""`healthgym redteam`: attack the reward, and ask whether it agrees with the quality of play."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from .look import show_rows
from .shared import Json, as_json, console, fail

app = typer.Typer(help="Attack the reward by search.", invoke_without_command=True)
Domain = Annotated[str | None, typer.Option(help="Only this domain.")]
Seed = Annotated[int, typer.Option(help="Draws tasks, mutations and mistakes.")]
Processes = Annotated[int, typer.Option(help="How many at once.", min=1)]
Out = Annotated[Path | None, typer.Option(help="Write the report to this page.")]


def _known(domain: str | None) -> int:
    """How many domains are meant. Raises typer.Exit for an unknown one."""
    from ..knowledge.domains import domain as find
    from ..knowledge.domains import domains
    from ..knowledge.errors import KnowledgeError

    try:
        if domain is None:
            return len(domains())
        find(domain)
    except KnowledgeError as error:
        raise fail(str(error)) from error
    return 1


@app.callback()
def redteam(
    context: typer.Context,
    domain: Domain = None,
    budget: Annotated[int, typer.Option(help="Candidates of each attacker.", min=1)] = 300,
    seed: Seed = 1,
    processes: Processes = 2,
    out: Out = None,
    *,
    json: Json = False,
) -> None:
    """Look for reward that was not deserved. Example: healthgym redteam --budget 60.

    The exit code is 1 where a hole was found, or an attacker without medical knowledge got rich.
    """
    from rich.progress import track

    if context.invoked_subcommand is not None:
        return
    count = _known(domain)
    from .attacks import report

    going = report.attack_all(domain, budget, seed, processes=processes)
    found = list(track(going, "Attacking", total=count, console=console(), disable=json))
    if out is not None:
        out.write_text(report.attack_page(found, budget=budget, seed=seed), "utf-8")
    if json:
        as_json([{**msgspec.to_builtins(a), "held": a.held} for a in found])
    else:
        show_rows(report.attack_rows(found), "Red team", json=False)
    if not all(a.held for a in found):
        raise typer.Exit(1)


@app.command()
def agreement(
    domain: Domain = None,
    episodes: Annotated[int, typer.Option(help="For each number of mistakes.", min=3)] = 100,
    seed: Seed = 1,
    processes: Processes = 2,
    out: Out = None,
    *,
    json: Json = False,
) -> None:
    """Rank plays of graded quality. Example: healthgym redteam agreement --episodes 100.

    The exit code is 1 where the composite does not rank them.
    """
    from rich.progress import track

    count = _known(domain)
    from .attacks import report
    from .attacks.agreement import agrees

    going = report.study_all(domain, episodes, seed, processes=processes)
    found = list(track(going, "Playing", total=count, console=console(), disable=json))
    if out is not None:
        picture = out.with_suffix(".svg")
        drawn = picture.name if report.plot(found, picture) else ""
        page = report.study_page(found, episodes=episodes, seed=seed, drawn=drawn)
        out.write_text(page, "utf-8")
    if json:
        as_json(msgspec.to_builtins(found))
    else:
        show_rows(report.study_rows(found), "Agreement", json=False)
    if not all(agrees(a) for a in found):
        raise typer.Exit(1)
