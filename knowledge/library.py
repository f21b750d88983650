"""Search over passages: the package's own, and libraries that add texts from outside.

The package's own passages are indexed in memory on first use. `build` writes a larger library to a
folder; its generation is a digest of all its passages, so an episode that names a generation finds
the same passages in every process that has opened that library.
"""

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from .corpora import formats, passages_of
from .errors import BadCorpus, UnknownLibrary
from .passages import KINDS, Passage, passages

OWN = ""
"""The generation of the package's own passages: they are named by the code's digest."""
_MANIFEST = "library.json"
_STOP = frozenset(
    {"a", "an", "and", "are", "as", "at", "be", "by", "does", "for", "from", "has", "have", "how"}
    | {"if", "in", "is", "it", "of", "on", "or", "should", "that", "the", "to", "what", "when"}
    | {"which", "who", "whose", "why", "with", "you"}
)
_BEST = 40
_HEAP = 128_000_000


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a library holds."""

    generation: str
    """Digest of all its passages."""
    own: str
    """Digest of the package's own passages among them."""
    passages: dict[str, int]
    """Number of passages by kind."""


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """An open index."""

    index: Any
    searcher: Any
    kinds: tuple[str, ...]


_open: dict[str, Shelf] = {}


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    for name in ("id", "kind"):
        builder.add_text_field(name, stored=name == "id", tokenizer_name="raw")
    for name in ("title", "text", "source"):
        builder.add_text_field(name, stored=True, tokenizer_name="en_stem")
    builder.add_text_field("body", stored=False, tokenizer_name="en_stem")
    return builder.build()


def _write(index: Any, found: Iterable[Passage]) -> None:
    import tantivy

    writer = index.writer(heap_size=_HEAP, num_threads=1)
    try:
        for p in found:
            fields = {"title": p.title, "text": p.text, "source": p.source}
            body = f"{p.title}. {p.text}"
            writer.add_document(tantivy.Document(id=p.id, kind=p.kind, body=body, **fields))
        writer.commit()
    finally:
        # Its threads write files until they are waited for, also when the passages break off.
        writer.wait_merging_threads()
    index.reload()


@cache
def _own() -> Shelf:
    import tantivy

    index = tantivy.Index(_schema())
    _write(index, passages().values())
    return Shelf(index=index, searcher=index.searcher(), kinds=KINDS)


def _shelf(generation: str) -> Shelf:
    if generation == OWN:
        return _own()
    found = _open.get(generation)
    if found is None:
        raise UnknownLibrary(
            f"library {generation} is not open here; `healthgym knowledge build` makes one, and "
            "--library FOLDER opens it"
        )
    return found


def _digest(found: Iterable[Passage]) -> str:
    whole = blake2b(digest_size=16)
    for p in found:
        whole.update(msgspec.json.encode(p))
    return whole.hexdigest()


@cache
def own_digest() -> str:
    """Digest of the package's own passages."""
    return _digest(passages().values())


def kinds(generation: str = OWN) -> tuple[str, ...]:
    """The kinds of passage a library holds. Raises UnknownLibrary."""
    return _shelf(generation).kinds


def known(generation: str) -> bool:
    """Whether that library is open in this process."""
    return generation == OWN or generation in _open


def build(folder: Path, sources: Sequence[tuple[str, Path]]) -> Manifest:
    """Write a library of the package's own passages and of corpora, `(format, path)` each.

    Raises BadCorpus (a source cannot be read, an id comes twice, the folder holds something) and
    UnknownFormat.
    """
    import tantivy

    if folder.exists() and not folder.is_dir():
        raise BadCorpus(f"{folder}: is a file; give a new folder")
    if folder.exists() and any(folder.iterdir()):
        raise BadCorpus(f"{folder}: is not empty; give a new folder")
    whole = blake2b(digest_size=16)
    counts: dict[str, int] = {}

    def counted() -> Iterator[Passage]:
        seen: set[str] = set()
        for p in _all(sources):
            if p.id in seen:
                raise BadCorpus(f"passage {p.id} comes twice")
            seen.add(p.id)
            whole.update(msgspec.json.encode(p))
            counts[p.kind] = counts.get(p.kind, 0) + 1
            yield p

    # Written beside its place: a build that breaks off leaves no half library there.
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        _write(tantivy.Index(_schema(), path=str(part)), counted())
        manifest = Manifest(generation=whole.hexdigest(), own=own_digest(), passages=counts)
        (part / _MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
        part.replace(folder)
    except OSError as error:
        raise BadCorpus(f"{folder}: cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return manifest


def _all(sources: Sequence[tuple[str, Path]]) -> Iterator[Passage]:
    yield from passages().values()
    for name, path in sources:
        count = 0
        for count, passage in enumerate(passages_of(name, path), 1):  # noqa: B007 - counted behind
            yield passage
        if not count:
            raise BadCorpus(f"{path}: no text in the format {name}")


def attach(folder: Path) -> Manifest:
    """Open a library for this process; episodes name it by its generation.

    Raises BadCorpus where the folder holds none, or one of other facts than this package's.
    """
    import tantivy

    try:
        manifest = msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=Manifest)
        index = tantivy.Index.open(str(folder))
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise BadCorpus(f"{folder}: no library: {error}") from error
    if manifest.own != own_digest():
        raise BadCorpus(f"{folder}: was built with other facts than this package has; build again")
    found = tuple(k for k in (*KINDS, *formats()) if k in manifest.passages)
    _open[manifest.generation] = Shelf(index=index, searcher=index.searcher(), kinds=found)
    return manifest


def passage(id_: str, generation: str = OWN) -> Passage | None:
    """The passage of that id; None if there is none. Raises UnknownLibrary."""
    if generation == OWN:
        return passages().get(id_)
    import tantivy

    shelf = _shelf(generation)
    wanted = tantivy.Query.term_query(shelf.index.schema, "id", id_)
    hits = shelf.searcher.search(wanted, 1, count=False).hits
    return _read(shelf, hits[0][1]) if hits else None


def _read(shelf: Shelf, address: Any) -> Passage:
    doc = shelf.searcher.doc(address)
    return Passage(
        id=doc["id"][0], title=doc["title"][0], text=doc["text"][0], source=doc["source"][0]
    )


def search(query: str, *, kind: str = "", limit: int = 5, generation: str = OWN) -> list[Passage]:
    """Passages that share stems with the query, best first; equal ones by their ids.

    Raises UnknownLibrary.
    """
    import tantivy

    words = [w for w in re.findall(r"[a-z0-9]+", query.lower()) if w not in _STOP]
    if not words:
        return []
    shelf = _shelf(generation)
    wanted = shelf.index.parse_query(
        " ".join(words), ["body", "title"], field_boosts={"title": 0.5}
    )
    if kind:
        only = tantivy.Query.term_query(shelf.index.schema, "kind", kind)
        must = tantivy.Occur.Must
        wanted = tantivy.Query.boolean_query([(must, wanted), (must, only)])
    hits = [(round(s, 4), at) for s, at in shelf.searcher.search(wanted, _BEST, count=False).hits]
    least = hits[min(limit, len(hits)) - 1][0] if hits else 0.0
    found = [(-score, _read(shelf, at)) for score, at in hits if score >= least]
    return [p for _, p in sorted(found, key=lambda f: (f[0], f[1].id))[:limit]]
