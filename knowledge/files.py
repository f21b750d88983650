"""Read the package's data files. Unknown keys and wrong types are errors that name the file."""

from functools import cache
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
