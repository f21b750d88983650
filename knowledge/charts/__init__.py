"""Charts from outside: FHIR R4 bundles, MIMIC-III and eICU tables, read as one kind of chart.

`model` is the chart, `rows` reads tables that may be damaged, `mimic3`, `eicu` and `fhir` know one
source each (`kinds()` finds them by name), `export` writes FHIR again, `held` lets the tools of the
hospital record browse a chart. Every row or resource that came in is kept or counted with a reason.
"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import cast

from ..errors import UnknownFormat
from .model import Chart, Report

_KINDS = ("eicu", "fhir", "mimic3")


def kinds() -> tuple[str, ...]:
    """Sources that can be read, sorted."""
    return _KINDS


def charts(kind: str, path: Path, report: Report, limit: int = 0) -> Iterator[Chart]:
    """Charts of a source, one at a time, at most `limit` (0: all).

    `report` counts what came in, what was kept, and what was not and why; it is whole when the last
    chart was taken. Raises UnknownFormat, or BadChart for a file that cannot be read.
    """
    if kind not in _KINDS:
        raise UnknownFormat(kind, _KINDS)
    module = import_module(f"{__name__}.{kind}")
    return cast("Iterator[Chart]", module.read(path, report, limit))
