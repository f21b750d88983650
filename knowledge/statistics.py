"""Intervals for means: the few statistics that judgements about agents rest on."""

import math
from collections.abc import Sequence

from ..bus.events import Interval

Z_95, Z_90 = 1.959964, 1.644854


def interval(values: Sequence[float]) -> Interval:
    """Mean of scores and its normal 95 % interval (1.96 standard errors), within [0, 1].

    One value or none has no spread to judge by: its interval is the whole range [0, 1].
    """
    found = _normal(values)
    return Interval(mean=found.mean, low=max(found.low, 0.0), high=min(found.high, 1.0))


def _normal(values: Sequence[float]) -> Interval:
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
    return _normal([b - a for a, b in zip(before, after, strict=True)])


def share(hits: int, of: int) -> Interval:
    """A share and its 95 % interval (Wilson, J Am Stat Assoc 1927;22:209).

    Nothing seen says nothing: 0 of 0 has the whole range. Raises ValueError for impossible counts.
    """
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} of {of} is no share")
    if of == 0:
        return Interval(mean=0.0, low=0.0, high=1.0)
    low, high = _wilson(hits / of, of, Z_95)
    return Interval(mean=round(hits / of, 6), low=round(low, 6), high=round(high, 6))


def _wilson(p: float, of: int, z: float) -> tuple[float, float]:
    z2 = z * z
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = z / (1 + z2 / of) * math.sqrt(p * (1 - p) / of + z2 / (4 * of * of))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def paired_shares(both: int, first: int, second: int, neither: int, z: float = Z_95) -> Interval:
    """Difference of two shares of the same units (first less second) and its interval.

    `first` counts units that have it the first time only, `second` the second time only. Newcombe's
    method 10 (Stat Med 1998;17:2635). Raises ValueError without any unit.
    """
    n = both + first + second + neither
    if n == 0 or min(both, first, second, neither) < 0:
        raise ValueError("no units to compare")
    p1, p2 = (both + first) / n, (both + second) / n
    (low1, high1), (low2, high2) = _wilson(p1, n, z), _wilson(p2, n, z)
    spread = (both + first) * (second + neither) * (both + second) * (first + neither)
    turned = both * neither - first * second
    phi = 0.0
    if spread:
        phi = (max(turned - n / 2, 0.0) if turned > 0 else turned) / math.sqrt(spread)
    down, up, up2, down2 = p1 - low1, high1 - p1, high2 - p2, p2 - low2
    below = math.sqrt(max(down**2 - 2 * phi * down * up2 + up2**2, 0.0))
    above = math.sqrt(max(up**2 - 2 * phi * up * down2 + down2**2, 0.0))
    d = p1 - p2
    return Interval(mean=round(d, 6), low=round(d - below, 6), high=round(d + above, 6))


def holm(ps: Sequence[float]) -> list[float]:
    """P values adjusted for having asked several questions (Holm, Scand J Stat 1979;6:65)."""
    adjusted, worst = [0.0] * len(ps), 0.0
    for rank, i in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        worst = max(worst, min(ps[i] * (len(ps) - rank), 1.0))
        adjusted[i] = worst
    return adjusted
