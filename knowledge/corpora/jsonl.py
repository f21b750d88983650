"""Any texts of one's own: a line each of `{"id", "title", "text", "source"}`."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ..errors import BadCorpus
from . import Entry
from ._files import files

SOURCE = "texts of this installation"
_ID = re.compile(r"[A-Za-z0-9_-]+")


def read(path: Path) -> Iterator[Entry]:
    """Every line. Raises BadCorpus naming the line and the field."""
    decoder = msgspec.json.Decoder(Entry)
    for name, body in files(path, ".jsonl"):
        for n, line in enumerate(body.removeprefix(BOM_UTF8).splitlines(), 1):
            if not line.strip():
                continue
            try:
                entry = decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise BadCorpus(f"{name} line {n}: {error}") from error
            if not _ID.fullmatch(entry.id):
                raise BadCorpus(
                    f"{name} line {n}: id must be letters, digits, _ and -, got {entry.id!r}"
                )
            yield entry
