"""Scripts that play a domain well from observations alone; one module each, named like its domain.

A module has three functions of the view: `proposals` (what the script would do now, the most urgent
first, an answer last), `slips` (answers, most of them wrong) and `harms` (acts that are wrong for
most patients; None for no act): what a clumsy player draws its mistakes from.
"""

from functools import cache
from importlib import import_module
from typing import Any, Protocol

import msgspec

from ..policy import View


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A proposed tool call."""

    tool: str
    arguments: dict[str, Any] = {}


class Script(Protocol):
    """The module of a domain."""

    def proposals(self, view: View) -> list[Call]:
        """What the script would do now, the most urgent first; never empty."""

    def slips(self, view: View) -> list[Call]:
        """Answers, most of them wrong."""

    def harms(self, view: View) -> list[Call | None]:
        """Acts that are wrong for most patients."""


@cache
def script(domain: str) -> Script:
    """The script of a domain."""
    module: Any = import_module(f"{__name__}.{domain}")
    return module  # type: ignore[no-any-return]
