"""Rows of tables that come from elsewhere: plain or gzip, with or without BOM, any line ends."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import BadChart
from .model import Report

Row = dict[str, str]
_LATIN = "latin-1"


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
        raise BadChart(f"{path.name}: damaged or cut off: {error}") from error
    return "utf-8-sig"


def text(path: Path) -> str:
    """The text of a whole file. Raises BadChart."""
    with _bytes(path) as found:
        return found.read().decode(_encoding(path))


def find(folder: Path, table: str) -> Path | None:
    """The file of a table, by its name without endings, small or capital letters."""
    for path in sorted(folder.iterdir()):
        name = path.name.lower()
        if name in {f"{table}.csv", f"{table}.csv.gz"}:
            return path
    return None


def rows(path: Path, table: str, report: Report, needed: tuple[str, ...]) -> Iterator[Row]:
    """Rows as dicts with names in small letters, each counted as it comes.

    Raises BadChart: the file is damaged, lacks a column, or a row has more or fewer cells.
    """
    with _bytes(path) as found:
        lines = io.TextIOWrapper(found, encoding=_encoding(path), newline="")
        reader = csv.reader(lines)
        head = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in needed if name not in head]
        if missing:
            raise BadChart(f"{path.name}: column {missing[0]!r} is missing; there are {head}")
        try:
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(head):
                    raise BadChart(
                        f"{path.name}, line {reader.line_num}: {len(head)} cells expected, "
                        f"{len(cells)} came"
                    )
                report.came(table)
                yield dict(zip(head, cells, strict=True))
        except (csv.Error, EOFError, OSError, zlib.error) as error:
            where = f"{path.name}, line {reader.line_num}"
            raise BadChart(f"{where}: damaged or cut off: {error}") from error


def number(cell: str) -> float | None:
    """A finite number, None for an empty cell or anything else."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if value - value == 0 else None
