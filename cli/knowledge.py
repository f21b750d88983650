"""`healthgym knowledge`: what the knowledge room holds, as pages."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="What the gym knows, and where it has it from.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `pages` a command of its own."""


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
