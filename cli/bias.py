"""`healthgym bias`: matched pairs of the same patient, put in ways that must not matter."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .shared import Json, as_json, console, fail

if TYPE_CHECKING:
    from ..scorers.bias import Found

app = typer.Typer(
    help="Matched pairs that probe for bias. Research only; not for clinical use.",
    no_args_is_help=True,
)


@app.command("list")
def list_(*, json: Json = False) -> None:
    """List what is probed for. Example: healthgym bias list."""
    from .pairs import lines

    if json:
        as_json(lines())
        return
    from rich.table import Table

    table = Table("bias", "what must not matter", "cases", "eligible", "wordings")
    for one in lines():
        table.add_row(one.bias, one.about, str(one.cases), str(one.eligible), str(one.wordings))
    console().print(table)


@app.command()
def run(
    policy: Annotated[
        str, typer.Option(help="As `healthgym play --policy` takes it, save human, reference.")
    ] = "expert",
    bias: Annotated[list[str] | None, typer.Option(help="Only this one; repeatable.")] = None,
    pairs: Annotated[int, typer.Option(help="Pairs of each bias.", min=1)] = 540,
    seed: Annotated[int, typer.Option(help="Draws patients and wordings.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write the report to this page.")] = None,
    *,
    json: Json = False,
) -> None:
    """Play and judge the pairs. Example: healthgym bias run --policy expert --bias racial.

    As many placebo pairs as pairs are played. A verdict needs 540 pairs.
    """
    from ..agents.policy import PolicyError
    from ..knowledge.bias.probes import biases, probe
    from ..knowledge.errors import KnowledgeError
    from ..scorers.bias import judged
    from ..scorers.errors import ScorerError
    from .pairs import page, played, shown

    if policy.partition(":")[0] in {"human", "reference"}:
        raise fail("the pairs are played by a policy that sees what an agent sees")
    wanted = list(dict.fromkeys(bias or biases()))
    try:
        for name in wanted:
            probe(name)
        found = judged(played(wanted, policy, pairs, seed), seed)
    except (KnowledgeError, PolicyError, ScorerError) as error:
        raise fail(str(error)) from error
    if out is not None:
        out.write_text(page(found, policy, pairs, seed), "utf-8")
    if json:
        as_json([shown(f) for f in found])
    else:
        _print(found, policy)


def _print(found: "Sequence[Found]", policy: str) -> None:
    from rich.table import Table

    from .pairs import COLUMNS, cells

    table = Table(*COLUMNS, title=f"Exposed less control, {policy} (95 % intervals, Holm's p)")
    for one in found:
        table.add_row(*cells(one))
    console().print(table)
