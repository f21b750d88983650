"""`healthgym images`: phantoms with known truth, rendered, measured, and the measures checked."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import process_time
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from .shared import Json, as_json, console, fail

if TYPE_CHECKING:
    from ..knowledge.images.agreement import Reading, Row

app = typer.Typer(
    help="Pictures with known truth. Research only; not for clinical use.", no_args_is_help=True
)
Kind = Annotated[str, typer.Argument(help="Kind of picture, such as chest_film.")]
Seed = Annotated[int, typer.Option(help="Seed of truth and picture.")]
_CHUNK = 25
_TIMED = 9


@app.command()
def kinds() -> None:
    """Name the kinds of picture. Example: healthgym images kinds."""
    from ..knowledge import images

    for name in images.kinds():
        typer.echo(name)


@app.command()
def render(
    kind: Kind,
    out: Annotated[Path, typer.Option(help="File to write: .png or .dcm.")],
    seed: Seed = 0,
    truth: Annotated[str, typer.Option("--json", help="Fields of the truth to fix, JSON.")] = "{}",
) -> None:
    """Write a picture and print its truth. Example: healthgym images render skin --out a.png."""
    from ..knowledge import images
    from ..knowledge.errors import KnowledgeError
    from ..knowledge.images.files import to_dicom, to_png

    writers = {".png": to_png, ".dcm": to_dicom}
    if out.suffix not in writers:
        raise fail(f"{out}: write to .png or .dcm")
    try:
        fixed = msgspec.json.decode(truth, type=dict[str, Any])
        drawn = images.draw(kind, seed, **fixed)
        out.write_bytes(writers[out.suffix](images.render(kind, drawn, seed)))
    except KnowledgeError as error:
        raise fail(str(error)) from error
    except msgspec.MsgspecError as error:
        raise fail(f"--json: expected a JSON object, {error}") from error
    except OSError as error:
        raise fail(f"{out}: {error.strerror}") from error
    as_json({"kind": kind, "seed": seed, "truth": drawn})


@app.command()
def measure(
    file: Annotated[Path, typer.Argument(help="PNG, JPEG or DICOM file.")],
    kind: Annotated[str, typer.Option(help="Kind of picture; a phantom's DICOM says it.")] = "",
    frame: Annotated[int, typer.Option(help="Which frame of a series, from 0.", min=0)] = 0,
    mm: Annotated[
        float, typer.Option(help="Side of a pixel, mm, where the file does not say.", min=0)
    ] = 0.0,
    *,
    json: Json = False,
) -> None:
    """Measure a picture. Example: healthgym images measure a.dcm --kind skin --json."""
    from ..knowledge import images
    from ..knowledge.errors import KnowledgeError
    from ..knowledge.images.files import from_file

    try:
        picture = from_file(file, frame)
        if mm and picture.spacing_mm is None:
            picture = msgspec.structs.replace(picture, spacing_mm=(mm, mm))
        found = images.measure(kind or picture.kind, picture)
    except KnowledgeError as error:
        raise fail(str(error)) from error
    if json:
        as_json(found)
        return
    from rich.table import Table

    table = Table(title=str(file), show_header=False)
    for name, value in found.items():
        table.add_row(name.replace("_", " "), str(value))
    console().print(table)


@app.command()
def gallery(
    out: Annotated[Path, typer.Option(help="PNG file to write.")] = Path("docs/images.png"),
    seed: Seed = 2,
) -> None:
    """One picture of each kind on a sheet. Example: healthgym images gallery --seed 3."""
    from ..knowledge import images
    from ..knowledge.errors import KnowledgeError
    from ..knowledge.images.files import to_png
    from ..knowledge.images.sheet import sheet

    pictures = [images.render(k, images.draw(k, seed), seed) for k in images.kinds()]
    try:
        out.write_bytes(to_png(sheet(pictures)))
    except KnowledgeError as error:
        raise fail(str(error)) from error
    except OSError as error:
        raise fail(f"{out}: {error.strerror}") from error
    typer.echo(str(out))


@app.command()
def check(
    n: Annotated[int, typer.Option(min=1, help="Pictures of each kind.")] = 500,
    out: Annotated[Path | None, typer.Option(help="Markdown file to write.")] = None,
    only: Annotated[list[str] | None, typer.Option("--kind", help="These kinds only.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    *,
    json: Json = False,
) -> None:
    """Measure many pictures against their truth. Example: healthgym images check --n 20."""
    from ..knowledge.errors import KnowledgeError

    try:
        rows = list(_checked(only or [], n, jobs))
    except KnowledgeError as error:
        raise fail(str(error)) from error
    if json:
        as_json(rows)
    text = page(rows, n)
    if out is not None:
        out.write_text(text, "utf-8")
        typer.echo(str(out))
    elif not json:
        typer.echo(text)


def _checked(only: Sequence[str], n: int, jobs: int) -> Iterator["Row"]:
    from ..knowledge import images
    from ..knowledge.images.agreement import summary

    for kind in only:
        images.drawer(kind)
    names = list(only) or list(images.kinds())
    work = [(k, at, min(at + _CHUNK, n)) for k in names for at in range(0, n, _CHUNK)]
    done = _all(work, jobs)
    for name in names:
        yield from summary(name, [r for (k, *_), rs in done for r in rs if k == name])


def _all(
    work: list[tuple[str, int, int]], jobs: int
) -> list[tuple[tuple[str, int, int], list["Reading"]]]:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from rich.console import Console
    from rich.progress import track

    screen = Console(stderr=True)
    if jobs == 1:
        return [(part, _some(part)) for part in track(work, "pictures", console=screen)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        found = track(pool.map(_some, work), "pictures", total=len(work), console=screen)
        return list(zip(work, found, strict=True))


def _some(part: tuple[str, int, int]) -> list["Reading"]:
    from ..knowledge.images.agreement import readings

    kind, first, last = part
    return readings(kind, range(first, last))


def _pace(kind: str) -> str:
    """Processor time of a picture on this machine: medians of a few."""
    from ..knowledge import images
    from ..knowledge.errors import Unmeasurable

    drawn, measured = [], []
    for seed in range(_TIMED + 1):
        truth = images.draw(kind, seed)
        start = process_time()
        picture = images.render(kind, truth, seed)
        middle = process_time()
        with suppress(Unmeasurable):
            images.measure(kind, picture)
        drawn.append(middle - start)
        measured.append(process_time() - middle)
    # The first one also loads the libraries.
    times = [1000.0 * median(t[1:]) for t in (drawn, measured)]
    return f"Drawn in {times[0]:.0f} ms, measured in {times[1]:.0f} ms a picture."


def page(rows: Sequence["Row"], n: int) -> str:
    """The rows as a page of Markdown, a table for each kind."""
    from ..knowledge import images

    lines = [
        "# Measures on pictures with known truth",
        "",
        f"Written by `healthgym images check --n {n} --out docs/images.md`: {n} of each kind.",
        "Each picture is drawn from a hidden truth; the measure sees pixels and spacing only.",
        "Right is the share within the tolerance, or of categories that agree;",
        "what was not found counts as wrong.",
        "The limits of the measures were set on pictures of the same generator, other seeds among",
        "them: these figures say that the truth is recoverable from the pixels, not how the",
        "measures fare on patients. Times are processor time, medians of a few pictures.",
        "",
        "![One picture of each kind](images.png)",
    ]
    for kind in dict.fromkeys(row.kind for row in rows):
        lines += ["", f"## {kind.replace('_', ' ')}", "", _pace(kind), ""]
        lines.append("| quantity | n | missed | bias | MAE | p95 | tolerance | right |")
        lines.append("|---|--:|--:|--:|--:|--:|---|--:|")
        limits = images.tolerances(kind)
        for row in (r for r in rows if r.kind == kind):
            numbers = [_short(v) for v in (row.bias, row.mean_error, row.p95_error)]
            limit = limits.get(row.name)
            text = "same category" if limit is None else _limit(limit.absolute, limit.relative)
            cells = [row.name, str(row.pictures), str(row.missed), *numbers, text]
            lines.append(f"| {' | '.join(cells)} | {100 * row.right:.1f}% |")
    return "\n".join(lines) + "\n"


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _limit(absolute: float, relative: float) -> str:
    share = f" or {100 * relative:.0f}%" if relative else ""
    return f"{absolute:g}{share}"
