"""`healthgym knowledge`: what the knowledge room holds, as pages."""

from pathlib import Path
from typing import Annotated

import typer

from .shared import Json, Library, as_json, attached, console, fail

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
def build(
    folder: Annotated[Path, typer.Argument(help="New folder for the library.")],
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--from", help="FORMAT=PATH; may be repeated. Formats: medquad, openstax, jsonl."
        ),
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Make a library of our passages and of texts from outside.

    PATH is a folder, a file or a tar archive. Example:
    healthgym knowledge build my-library --from medquad=MedQuAD.tar.gz --from jsonl=notes.jsonl
    """
    from ..knowledge.errors import KnowledgeError
    from ..knowledge.library import build as make

    told = [s.partition("=") for s in source or []]
    if lacking := [name for name, _, path in told if not path]:
        raise fail(f"--from: expected FORMAT=PATH, got {lacking[0]!r}")
    pairs = [(name, Path(path)) for name, _, path in told]
    try:
        with console().status("Reading and indexing; some seconds for 50,000 passages"):
            made = make(folder, pairs)
    except KnowledgeError as error:
        raise fail(str(error)) from error
    if json:
        as_json(made)
        return
    for kind, count in made.passages.items():
        typer.echo(f"{kind:<12} {count:>8,} passages")
    typer.echo(f"library {made.generation} in {folder}")


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="The subject in plain words.")],
    kind: Annotated[
        str,
        typer.Option(help="Only drug, instrument, guideline, condition, measurement, or a format."),
    ] = "",
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=40)] = 5,
    library: Library = None,
    *,
    json: Json = False,
) -> None:
    """Search what the gym knows. Example: healthgym knowledge search "enoxaparin kidney"."""
    from ..knowledge.library import kinds
    from ..knowledge.library import search as find

    generation = attached(library)
    if kind not in {"", *kinds(generation)}:
        raise fail(f"--kind must be one of {', '.join(kinds(generation))}, got {kind!r}")
    found = find(query, kind=kind, limit=limit, generation=generation)
    if json:
        as_json(found)
        return
    for passage in found:
        typer.echo(f"{passage.id}\n  {passage.text}\n  [{passage.source}]")
