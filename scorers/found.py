"""Finding the rules of a room: what is public in its modules is a rule."""

from collections.abc import Callable
from importlib import import_module
from inspect import isfunction
from pkgutil import iter_modules
from typing import Any


def public_functions(package: str) -> tuple[Callable[..., Any], ...]:
    """The public functions that a package's modules define, by module and name."""
    room = import_module(package)
    found: list[Callable[..., Any]] = []
    for info in sorted(iter_modules(room.__path__), key=lambda i: i.name):
        module = import_module(f"{package}.{info.name}")
        own = (f for _, f in sorted(vars(module).items()) if isfunction(f))
        found += [f for f in own if f.__module__ == module.__name__ and f.__name__[0] != "_"]
    return tuple(found)
