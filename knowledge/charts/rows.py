"""Rows of tables that come from elsewhere: plain or gzip, with or without BOM, any line ends."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import BadChart
from .model import Report

_LATIN = "latin-1"


class Row(dict[str, str]):
    """Cells by the names of their columns, and where the row stands."""

    where = ""
    """File and line."""

    def __missing__(self, column: str) -> str:
        raise BadChart(f"{self.where}: column {column!r} is missing; there are {list(self)}")

    def number(self, column: str) -> float | None:
        """The number in a column, None for an empty cell. Raises BadChart for anything else."""
        cell = self[column]
        if not cell.strip():
            return None
        found = number(cell)
        if found is None:
            raise BadChart(f"{self.where}, {column}: expected a number, got {cell[:40]!r}")
        return found


@contextmanager
def _bytes(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if packed:
            with gzip.open(raw) as unpacked:
                yield unpacked  # type: ignore[misc]
        else:
            yield raw


def _encoding(path: Path) -> str:
    """UTF-8 (a BOM is taken off); Latin-1 where some byte is not. Raises BadChart."""
    utf8 = codecs.getincrementaldecoder("utf-8")()
    try:
        with _bytes(path) as found:
            while block := found.read(1 << 20):
                utf8.decode(block)
            utf8.decode(b"", final=True)
    except UnicodeDecodeError:
        return _LATIN
    except (OSError, EOFError, zlib.error) as error:
        raise BadChart(f"{path.name}: {_why(error)}") from error
    return "utf-8-sig"


def _why(error: Exception) -> str:
    """A file that the system does not give is told apart from one that is damaged."""
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    return f"damaged or cut off: {error}"


def text(path: Path) -> str:
    """The text of a whole file. Raises BadChart."""
    encoding = _encoding(path)
    with _bytes(path) as found:
        return found.read().decode(encoding)


def tables(folder: Path) -> dict[str, Path]:
    """Every table of a folder: its name in small letters without endings, and its file.

    Raises BadChart where two files are the same table: neither is taken for the better one.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        name = path.name.lower().removesuffix(".gz")
        if not name.endswith(".csv"):
            continue
        name = name.removesuffix(".csv")
        if name in found:
            raise BadChart(f"{found[name].name} and {path.name}: two files of one table")
        found[name] = path
    return found


def count_others(folder: Path, known: Collection[str], report: Report) -> None:
    """Count the rows of tables that nothing is read from, so that none is passed over in silence.

    Raises BadChart.
    """
    for name, path in tables(folder).items():
        if name not in known:
            for _ in rows(path, name, report, ()):
                report.leave(name, "a table that is not read")


def rows(path: Path, table: str, report: Report, needed: tuple[str, ...]) -> Iterator[Row]:
    """Rows with names in small letters, each counted as it comes.

    Raises BadChart: the file is damaged, lacks a column or has one twice, a row has more or fewer
    cells, a quotation mark is not closed.
    """
    encoding = _encoding(path)
    with _bytes(path) as found:
        lines = io.TextIOWrapper(found, encoding=encoding, newline="")
        # Not strict, an open quotation mark would swallow the rows behind it.
        reader = csv.reader(lines, strict=True)
        try:
            head = _head(path, next(reader, []), needed)
            for cells in reader:
                if not cells:
                    continue
                where = f"{path.name}, line {reader.line_num}"
                if len(cells) != len(head):
                    raise BadChart(f"{where}: {len(head)} cells expected, {len(cells)} came")
                report.came(table)
                row = Row(zip(head, cells, strict=True))
                row.where = where
                yield row
        except (csv.Error, EOFError, OSError, zlib.error) as error:
            where = f"{path.name}, line {reader.line_num}"
            raise BadChart(f"{where}: {_why(error)}") from error


def _head(path: Path, cells: list[str], needed: tuple[str, ...]) -> list[str]:
    head = [name.strip().lower() for name in cells]
    missing = [name for name in needed if name not in head]
    if missing:
        raise BadChart(f"{path.name}: column {missing[0]!r} is missing; there are {head}")
    twice = [name for name in head if head.count(name) > 1]
    if twice:
        raise BadChart(f"{path.name}: column {twice[0]!r} comes twice")
    return head


def number(cell: str) -> float | None:
    """A finite number, None for an empty cell or anything else."""
    try:
        # Python reads 1_000, nobody's table means it.
        value = float(cell if "_" not in cell else "")
    except ValueError:
        return None
    return value if value - value == 0 else None
