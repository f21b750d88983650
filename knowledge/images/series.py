"""Pictures of the same thing over time: what changed, and how fast it grows."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec

from ..errors import BadPicture
from . import Measured, measure, tolerances
from .picture import Picture


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A measure in two pictures."""

    prior: float | str | None
    """None where the prior picture does not show it."""
    current: float | str | None
    difference: float | None = None
    changed: bool
    """Differs by more than measuring errs, or is another category."""


def compare_with_prior(kind: str, prior: Picture, current: Picture) -> dict[str, Change]:
    """Every measure of a kind in two pictures, and whether it changed.

    Raises what `measure` raises.
    """
    before, now = measure(kind, prior), measure(kind, current)
    return {name: _change(kind, name, before, now) for name in sorted({*before, *now})}


def _change(kind: str, name: str, before: Measured, now: Measured) -> Change:
    a, b = before.get(name), now.get(name)
    if a is None or b is None or isinstance(a, str) or isinstance(b, str):
        return Change(prior=a, current=b, changed=a != b)
    known: Mapping[str, object] = tolerances(kind)
    limit = tolerances(kind)[name].at(a) if name in known else 0.0
    return Change(prior=a, current=b, difference=round(b - a, 4), changed=abs(b - a) > limit)


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """Change of a diameter from the first to the last picture."""

    days: float
    growth_mm: float
    growth_percent: float
    volume_doubling_days: float | None
    """Of a sphere of that diameter; negative where it shrinks, None where it stays."""


def track_lesion_changes(sizes: Sequence[tuple[float, float]]) -> Growth:
    """Growth of a lesion from pairs of day and diameter in mm, in order of time.

    The volume doubling time is t ln 2 / (3 ln(d2 / d1)) (Schwartz 1961, Cancer 14:1272).
    Raises BadPicture for fewer than two sizes, days out of order or a size of 0.
    """
    if len(sizes) < 2:
        raise BadPicture("growth needs two pictures")
    if any(b[0] <= a[0] for a, b in pairwise(sizes)):
        raise BadPicture("the pictures are not in order of time")
    if any(mm <= 0 for _, mm in sizes):
        raise BadPicture("a size of 0 mm does not grow")
    (first, small), (last, large) = sizes[0], sizes[-1]
    doubling = None
    if large != small:
        doubling = round((last - first) * math.log(2) / (3 * math.log(large / small)), 1)
    return Growth(
        days=last - first,
        growth_mm=round(large - small, 2),
        growth_percent=round(100 * (large / small - 1), 1),
        volume_doubling_days=doubling,
    )
