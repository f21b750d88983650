"""`healthgym knowledge`: what the knowledge room holds, as pages."""

from pathlib import Path
from typing import Annotated

import typer

from .shared import Json, as_json, fail

app = typer.Typer(help="What the gym knows, and where it has it from.", no_args_is_help=True)


@app.command()
def pages(
    out: Annotated[Path, typer.Option(help="Folder for the pages.")] = Path("docs"),
) -> None:
    """Write instruments.md and clinical-sources.md. Example: healthgym knowledge pages."""
    from ..knowledge.sources import instruments_page, sources_page

    out.mkdir(parents=True, exist_ok=True)
    for name, text in (("instruments", instruments_page()), ("clinical-sources", sources_page())):
        path = out / f"{name}.md"
        path.write_text(text, "utf-8")
        typer.echo(str(path))


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="The subject in plain words.")],
    kind: Annotated[
        str, typer.Option(help="Only drug, instrument, guideline, condition or measurement.")
    ] = "",
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=40)] = 5,
    *,
    json: Json = False,
) -> None:
    """Search what the gym knows. Example: healthgym knowledge search "enoxaparin kidney"."""
    from ..knowledge.passages import KINDS
    from ..knowledge.passages import search as find

    if kind not in {"", *KINDS}:
        raise fail(f"--kind must be one of {', '.join(KINDS)}, got {kind!r}")
    found = find(query, kind=kind, limit=limit)
    if json:
        as_json(found)
        return
    for passage in found:
        typer.echo(f"{passage.id}\n  {passage.text}\n  [{passage.source}]")
