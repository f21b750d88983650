"""Intervals for means: the few statistics that judgements about agents rest on."""

import math
from collections.abc import Sequence

from ..bus.events import Interval

Z_95 = 1.959964


def interval(values: Sequence[float]) -> Interval:
    """Mean and normal 95 % interval (mean plus or minus 1.96 standard errors).

    One value or none has no spread to judge by: its interval is the whole range [0, 1].
    """
    if not values:
        return Interval(mean=0.0, low=0.0, high=1.0)
    mean = math.fsum(values) / len(values)
    if len(values) == 1:
        return Interval(mean=round(mean, 6), low=0.0, high=1.0)
    variance = math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1)
    half = Z_95 * math.sqrt(variance / len(values))
    return Interval(mean=round(mean, 6), low=round(mean - half, 6), high=round(mean + half, 6))


def paired(before: Sequence[float], after: Sequence[float]) -> Interval:
    """Mean and 95 % interval of the paired differences `after - before`."""
    return interval([b - a for a, b in zip(before, after, strict=True)])


def share(hits: int, of: int) -> Interval:
    """A share and its 95 % interval (Wilson, J Am Stat Assoc 1927;22:209).

    Nothing seen says nothing: 0 of 0 has the whole range. Raises ValueError for impossible counts.
    """
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} of {of} is no share")
    if of == 0:
        return Interval(mean=0.0, low=0.0, high=1.0)
    p, z2 = hits / of, Z_95 * Z_95
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = Z_95 / (1 + z2 / of) * math.sqrt(p * (1 - p) / of + z2 / (4 * of * of))
    low, high = max(middle - half, 0.0), min(middle + half, 1.0)
    return Interval(mean=round(p, 6), low=round(low, 6), high=round(high, 6))
