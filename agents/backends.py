"""Find a policy backend by name: a module of this room with `open_policy`."""

import importlib
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import cast

from .policy import Policy, PolicyError

Fetch = Callable[[str], Awaitable[bytes]]
"""Gets an object (an adapter) by its digest."""
Open = Callable[[str, Fetch], Awaitable[Policy]]
ALIASES = {"random": "random_policy", "transformers": "transformer"}


async def open_policy(backend: str, model: str = "", *, fetch: Fetch) -> Policy:
    """Open a backend. Raises PolicyError for an unknown name or a missing extra."""
    name = f"{__package__}.{ALIASES.get(backend, backend)}"
    if not backend.isidentifier() or find_spec(name) is None:
        raise PolicyError(
            f"unknown policy backend {backend!r}; try expert, random, transformers, openai, smol"
        )
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise PolicyError(
            f"policy backend {backend!r} needs the package {error.name!r}, which is not installed:"
            f" pip install 'healthgym[{_extra(backend)}]'"
        ) from error
    opener = getattr(module, "open_policy", None)
    if opener is None:
        raise PolicyError(f"{backend!r} is no policy backend")
    return await cast("Open", opener)(model, fetch)


def _extra(backend: str) -> str:
    return {"transformers": "learn", "openai": "openai", "smol": "smol"}.get(backend, "learn")
