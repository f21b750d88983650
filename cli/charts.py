"""`healthgym import`, `healthgym browse`: charts from outside, and the record's tools on them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from .shared import Json, as_json, console, fail

if TYPE_CHECKING:
    from ..knowledge.charts.model import Chart, Report


def import_(
    kind: Annotated[str, typer.Argument(help="fhir, mimic3 or eicu.")],
    path: Annotated[Path, typer.Argument(help="A bundle, or a folder of bundles or tables.")],
    out: Annotated[
        Path | None, typer.Option(help="Write the charts to this file, one a line.")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most this many charts; 0: all.", min=0)] = 0,
    *,
    fhir: Annotated[bool, typer.Option("--fhir", help="Write FHIR R4 bundles instead.")] = False,
    json: Json = False,
) -> None:
    """Read charts from outside. Example: healthgym import mimic3 FOLDER --out charts.jsonl.

    Everything that came in is counted: kept, or left out and why. Exit code 1 for a file that
    cannot be read; nothing is written over until all was read.
    """
    from ..knowledge.charts import charts
    from ..knowledge.charts.model import Report
    from ..knowledge.errors import KnowledgeError

    report = Report()
    try:
        found = charts(kind, path, report, limit)
        count = sum(1 for _ in found) if out is None else _write(found, out, fhir=fhir)
    except (KnowledgeError, OSError) as error:
        raise fail(str(error)) from error
    _tell(report, count, json=json)


def _write(found: Iterator["Chart"], out: Path, *, fhir: bool) -> int:
    """Charts to a file, which takes its place when it is whole; their number. Raises OSError."""
    if out.is_dir():
        raise IsADirectoryError(f"{out}: is a folder; name a file")
    part, count = out.with_name(f"{out.name}.part"), 0
    try:
        with part.open("wb") as file:
            for chart in found:
                file.write(_line(chart, fhir=fhir) + b"\n")
                count += 1
        part.replace(out)
    finally:
        # Nothing half written stays, however the reading ended.
        part.unlink(missing_ok=True)
    return count


def _line(chart: "Chart", *, fhir: bool) -> bytes:
    from ..knowledge.charts import export

    return msgspec.json.encode(export.fhir(chart) if fhir else chart)


def _tell(report: "Report", count: int, *, json: bool) -> None:
    tables: list[dict[str, Any]] = [
        {
            "table": name,
            "read": report.read[name],
            "kept": report.kept[name],
            "left": dict(report.left.get(name, {})),
        }
        for name in sorted(report.read)
    ]
    if json:
        as_json({"charts": count, "tables": tables, "lost": report.lost()})
        return
    from rich.table import Table

    shown = Table("table", "read", "kept", "left out, and why", title=f"charts: {count}")
    for row in tables:
        why = "; ".join(f"{n} {reason}" for reason, n in report.left.get(row["table"], {}).items())
        shown.add_row(str(row["table"]), f"{row['read']:,}", f"{row['kept']:,}", why)
    console().print(shown)


def browse(
    file: Annotated[Path, typer.Argument(help="Charts, as `healthgym import --out` writes them.")],
    subject: Annotated[str, typer.Option(help="Whose chart; the first one without it.")] = "",
    stay: Annotated[str, typer.Option(help="Which stay; the last one without it.")] = "",
    tool: Annotated[
        str, typer.Option(help="A tool of ehr_management to run; without it the stays are listed.")
    ] = "",
    arguments: Annotated[str, typer.Option("--arguments", help="Its arguments as JSON.")] = "{}",
    *,
    json: Json = False,
) -> None:
    """Look into an imported chart with the tools of the hospital record.

    Example: healthgym browse charts.jsonl --tool query_labs --arguments '{"from_h":0,"to_h":24}'.
    """
    from ..environments.errors import ToolRefused
    from ..environments.record import look
    from ..knowledge.charts.held import attach, unseen
    from ..knowledge.errors import KnowledgeError

    chart = _find(file, subject)
    try:
        if tool:
            given = msgspec.json.decode(arguments, type=dict[str, Any])
            as_json(look(attach(chart, stay), tool, given))
            return
        listed = {s.id: dict(unseen(chart, s)) for s in chart.stays}
    except ToolRefused as refusal:
        as_json(refusal.content)
        raise typer.Exit(1) from refusal
    except (KnowledgeError, msgspec.DecodeError) as error:
        raise fail(str(error)) from error
    if json:
        as_json({"subject": chart.subject, "stays": chart.stays, "not_in_the_tables": listed})
        return
    _print(chart, listed)


def _find(file: Path, subject: str) -> "Chart":
    names: list[str] = []
    for chart in _charts(file):
        if subject in {"", chart.subject}:
            return chart
        names.append(chart.subject)
    raise fail(f"{file}: no subject {subject!r}; there are {', '.join(names[:8])} ...")


def _charts(file: Path) -> Iterator["Chart"]:
    from ..knowledge.charts.model import Chart

    try:
        with file.open("rb") as lines:
            for n, line in enumerate(lines, 1):
                try:
                    yield msgspec.json.decode(line, type=Chart)
                except msgspec.DecodeError as error:
                    raise fail(
                        f"{file}, line {n}: no chart of `healthgym import`: {error}"
                    ) from error
    except OSError as error:
        raise fail(f"{file}: {error.strerror}") from error


def _print(chart: "Chart", unseen: dict[str, dict[str, int]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    age = "?" if chart.age_years is None else chart.age_years
    title = f"{chart.source} {chart.subject}, {chart.sex or '?'}, {age} years"
    if chart.dead:
        title += ", died" if chart.died is None else f", died at hour {chart.died / 60:.0f}"
    shown = Table("stay", "kind", "hours", "reason", "outcome", "not in the tables", title=title)
    for s in chart.stays:
        hours = "" if s.end is None else f"{(s.end - s.start) / 60:.0f}"
        rest = str(sum(unseen[s.id].values()))
        shown.add_row(s.id, escape(s.kind), hours, escape(s.reason), escape(s.outcome), rest)
    console().print(shown)
    console().print(
        f"{len(chart.observations):,} observations, {len(chart.drugs):,} drugs, "
        f"{len(chart.problems):,} problems, {len(chart.done):,} procedures and events, "
        f"{len(chart.fluids):,} fluids, {len(chart.allergies):,} allergies"
    )
