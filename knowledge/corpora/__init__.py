"""Texts from outside, read into passages. A format is a module here, named like itself.

A module has `SOURCE` (who wrote it and under which licence) and
`read(path) -> Iterator[Entry]`, which raises BadCorpus naming the file that is broken.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Protocol

import msgspec

from ..errors import UnknownFormat
from ..passages import Passage

WORDS = 100
"""Most words of a passage: what a search shows is short enough to be read."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One text of a corpus, of any length."""

    id: str
    """Unique in its corpus: letters, digits, `_` and `-`."""
    title: str
    text: str
    source: str = ""
    """Where exactly it stands (an address, a module); "" for the corpus as a whole."""


class Format(Protocol):
    """The module of a format."""

    SOURCE: str

    def read(self, path: Path) -> Iterator[Entry]:
        """Every text below a path (a folder, a file or a packed archive)."""


def formats() -> tuple[str, ...]:
    """Names of all formats, sorted."""
    return tuple(sorted(m.name for m in iter_modules(__path__) if not m.name.startswith("_")))


@cache
def format_of(name: str) -> Format:
    """The module of a format. Raises UnknownFormat."""
    if name not in formats():
        raise UnknownFormat(name, formats())
    module: Any = import_module(f"{__name__}.{name}")
    return module  # type: ignore[no-any-return]


def pieces(text: str, most: int = WORDS) -> Iterator[str]:
    """A text in pieces of whole sentences, each of at most so many words.

    A sentence that is longer by itself is cut between words.
    """
    held: list[str] = []
    for sentence in _SENTENCE.split(" ".join(text.split())):
        words = sentence.split()
        if held and len(held) + len(words) > most:
            yield " ".join(held)
            held = []
        held += words
        while len(held) > most:
            yield " ".join(held[:most])
            held = held[most:]
    if held:
        yield " ".join(held)


def passages_of(name: str, path: Path) -> Iterator[Passage]:
    """The passages of a corpus: `<format>:<entry>:<piece>`. Raises BadCorpus, UnknownFormat."""
    corpus = format_of(name)
    for entry in corpus.read(path):
        where = f"{entry.source}; {corpus.SOURCE}" if entry.source else corpus.SOURCE
        for n, piece in enumerate(pieces(entry.text), 1):
            id_ = f"{name}:{entry.id}:{n}"
            yield Passage(id=id_, title=entry.title, text=piece, source=where)
