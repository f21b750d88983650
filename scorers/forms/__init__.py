"""How the answer of each domain is judged. A form is a module here, named like its domain.

A module has three functions: `primary(case, milestones) -> Reason` (credit d of the main answer
in [0, 1], 0 before the decisive observation), `right(earned) -> bool`, and
`checks(case) -> Iterator[Reason]` (each worth 1: what a coherent answer agrees with).
"""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from ...bus.events import Reason
from ..case import Case
from ..milestones import Milestone


class Form(Protocol):
    """The module of a domain."""

    def primary(self, case: Case, found: Sequence[Milestone]) -> Reason:
        """Credit of the main answer."""

    def right(self, earned: float) -> bool:
        """Whether that credit means a right answer."""

    def checks(self, case: Case) -> Iterator[Reason]:
        """What a coherent answer agrees with."""


@cache
def form(domain: str) -> Form:
    """The form of a domain."""
    module: Any = import_module(f"{__name__}.{domain}")
    return module  # type: ignore[no-any-return]


def check(id_: str, earned: float, case: Case, note: str = "") -> Reason:
    """One check of coherence."""
    return Reason(id=id_, earned=round(earned, 6), possible=1.0, event=case.ended_n, note=note)
