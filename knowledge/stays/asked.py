"""What a question of a stay is: its public part, its answer, the rows it turns on."""

from typing import Literal

import msgspec

from ..patients import Patient
from .course import Plan
from .papers import Papers
from .tables import Tables, tables

NEVER = -1.0
"""Answer to `at_hour` where it never happened."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """The public part of a question: what the ticket says."""

    kind: str
    text: str
    at: int
    """The hour asked about, or the end of an interval."""
    since: int = 0
    of: str = ""

    def ticket(self) -> str:
        """The work order as the agent reads it."""
        about = f" of: {self.of};" if self.of else ""
        span = f" from hour {self.since};" if self.since else ""
        return f"{self.text} [{self.kind};{about}{span} hour {self.at}]"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question with its answer."""

    ask: Ask
    wants: Literal["value", "at_hour", "items"]
    value: float = 0.0
    tolerance: float = 0.0
    near: float = 0.0
    """How far off still earns a little."""
    items: tuple[str, ...] = ()
    reason: str = ""
    """For an error in the data: its kind."""
    ready: bool | None = None
    evidence: tuple[str, ...]
    """Facts that must have been observed."""
    flags: tuple[str, ...] = ()
    """Faulty rows inside what is asked: to be flagged before anything is computed."""
    escalate: bool = False
    """The patient is deteriorating now: somebody must be called."""
    helpful: tuple[str, ...] = ()
    """Patterns of further facts that are worth reading."""


def row(*ids: str) -> tuple[str, ...]:
    """Facts of rows."""
    return tuple(f"row:{i}" for i in dict.fromkeys(ids))


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A patient's stay as the kinds use it."""

    patient: Patient
    plan: Plan
    rows: Tables
    """Sound rows."""
    papers: Papers

    @property
    def at(self) -> int:
        """The hour asked about."""
        return self.plan.at or self.plan.hours


def faulty_rows(v: View, after: float, upto: float) -> tuple[str, ...]:
    """Ids of the rows in (after, upto] that cannot be right."""
    wrong = (r for r in tables(v.patient).rows if r.fault and after < r.hour <= upto)
    return tuple(r.id for r in wrong)
