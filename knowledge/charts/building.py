"""A chart while its rows come in, and the clock that turns times into minutes."""

from datetime import datetime
from typing import Any

from ..errors import BadChart
from .model import (
    Allergy,
    Chart,
    Done,
    Fluid,
    Given,
    Observed,
    Problem,
    Stay,
)


def instant(text: str, where: str) -> datetime | None:
    """A point in time (UTC without a zone), None for an empty cell. Raises BadChart."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=None) - (found.utcoffset() or found - found)
    except (ValueError, OverflowError) as error:
        raise BadChart(f"{where}: {text[:40]!r} is no time (ISO 8601)") from error


def minutes(origin: datetime, at: datetime | None) -> float | None:
    """Minutes from the origin; None for no time."""
    return None if at is None else round((at - origin).total_seconds() / 60, 3)


class Building:
    """The lists of one chart."""

    def __init__(self, **person: Any) -> None:
        self.person = person
        self.stays: list[Stay] = []
        self.observations: list[Observed] = []
        self.drugs: list[Given] = []
        self.problems: list[Problem] = []
        self.allergies: list[Allergy] = []
        self.done: list[Done] = []
        self.fluids: list[Fluid] = []

    def chart(self) -> Chart:
        """The chart, each list by time; what has no time comes first."""
        return Chart(
            **self.person,
            stays=tuple(sorted(self.stays, key=lambda s: (s.start, s.id))),
            observations=_by_time(self.observations),
            drugs=_by_time(self.drugs),
            problems=_by_time(self.problems),
            allergies=_by_time(self.allergies),
            done=_by_time(self.done),
            fluids=_by_time(self.fluids),
        )


def _by_time(rows: list[Any]) -> tuple[Any, ...]:
    return tuple(sorted(rows, key=lambda r: float("-inf") if r.at is None else r.at))
