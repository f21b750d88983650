"""Read the package's data files. Unknown keys and wrong types are errors that name the file."""

from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeVar

import msgspec

from .errors import BadData

T = TypeVar("T")


@cache
def root() -> Traversable:
    """The package itself; `root() / "data"` holds the data."""
    return files(__name__.split(".", 1)[0])


def load(path: str, type_: type[T]) -> T:
    """Read one YAML file below `data/` as `type_`. Raises BadData naming the file and the field."""
    text = (root() / "data").joinpath(*path.split("/")).read_bytes()
    try:
        return msgspec.yaml.decode(text, type=type_)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise BadData(f"data/{path}: {error}") from error


def names(folder: str) -> list[str]:
    """Names (without `.yaml`) of the YAML files in a folder below `data/`, sorted."""
    found = (root() / "data").joinpath(*folder.split("/")).iterdir()
    return sorted(f.name.removesuffix(".yaml") for f in found if f.name.endswith(".yaml"))


def by_file(folder: str, type_: type[T]) -> dict[str, dict[str, T]]:
    """The mapping of every file of a folder below `data/`, by the file's name. Raises BadData."""
    return {n: load(f"{folder}/{n}.yaml", dict[str, type_]) for n in names(folder)}  # type: ignore[valid-type]


def merged(folder: str, type_: type[T]) -> dict[str, T]:
    """All mappings of a folder's files as one. Raises BadData where two files hold the same key."""
    return joined(folder, by_file(folder, type_))


def joined(folder: str, parts: dict[str, dict[str, T]]) -> dict[str, T]:
    """Several files' mappings as one. Raises BadData where two of them hold the same key."""
    found: dict[str, T] = {}
    for name, part in parts.items():
        for key, value in part.items():
            if key in found:
                raise BadData(f"data/{folder}/{name}.yaml: {key!r} is in another file, too")
            found[key] = value
    return found


def _sources(folder: Traversable, endings: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir() and entry.name not in {"__pycache__", "policies"}:
            for name, body in _sources(entry, endings):
                yield f"{entry.name}/{name}", body
        elif entry.name.endswith(endings):
            yield entry.name, entry.read_bytes()


def code_digest(rooms: Sequence[str], *more: str) -> str:
    """Digest of the sources and data of some rooms (models left out): what they would answer."""
    whole = blake2b(digest_size=16)
    for room in rooms:
        for name, body in _sources(root() / room, (".py", ".yaml", ".md")):
            whole.update(f"{room}/{name}\0{len(body)}\0".encode() + body)
    for text in more:
        whole.update(text.encode())
    return whole.hexdigest()
