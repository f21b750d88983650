"""Stays that were charted elsewhere: the tables of a patient who was not generated."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .course import Plan
    from .papers import Papers
    from .tables import Tables

UNCHARTED = -1
"""A Glasgow Coma Scale that was not charted; other vital signs are NaN then."""


class Held(NamedTuple):
    """Everything that the record's tools read of a stay."""

    plan: "Plan"
    tables: "Tables"
    papers: "Papers"


_SHELF: dict[str, Held] = {}


def put(variant: str, stay: Held) -> None:
    """Keep a stay for the patient of that variant, for this process."""
    _SHELF[variant] = stay


def taken(variant: str) -> Held | None:
    """The stay of a patient who was not generated; None for all others."""
    return _SHELF.get(variant)
