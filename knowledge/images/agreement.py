"""How well the measures recover the hidden truth, over many pictures of a kind."""

import math
from collections.abc import Iterable, Sequence

import msgspec

from ..errors import Unmeasurable
from . import agrees, draw, expected, measure, render


class Reading(msgspec.Struct, frozen=True):
    """One quantity of one picture."""

    name: str
    seed: int
    want: float | str
    got: float | str | None
    """None where the measure found nothing."""
    right: bool


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A quantity over all pictures. Errors are of numbers that were found at all."""

    kind: str
    name: str
    pictures: int
    missed: int
    """Pictures in which it was to be found and was not."""
    bias: float | None = None
    mean_error: float | None = None
    """Mean absolute error."""
    p95_error: float | None = None
    right: float
    """Share within tolerance, or of categories that agree; what was missed counts as wrong."""


def readings(kind: str, seeds: Iterable[int]) -> list[Reading]:
    """Draw, render and measure a picture for each seed. Raises MissingExtra, UnknownPicture."""
    found = []
    for seed in seeds:
        truth = draw(kind, seed)
        try:
            got = measure(kind, render(kind, truth, seed))
        except Unmeasurable:
            got = {}
        for name, want in expected(kind, truth).items():
            value = got.get(name)
            right = value is not None and agrees(kind, name, value, want)
            found.append(Reading(name, seed, want, value, right))
    return found


def summary(kind: str, found: Sequence[Reading]) -> list[Row]:
    """A row for each quantity, in the order in which they first came."""
    rows = []
    for name in dict.fromkeys(r.name for r in found):
        own = [r for r in found if r.name == name]
        errors = [
            float(r.got) - float(r.want)
            for r in own
            if not isinstance(r.want, str) and isinstance(r.got, int | float)
        ]
        sizes = sorted(abs(e) for e in errors)
        rows.append(
            Row(
                kind=kind,
                name=name,
                pictures=len(own),
                missed=sum(r.got is None for r in own),
                bias=sum(errors) / len(errors) if errors else None,
                mean_error=sum(sizes) / len(sizes) if sizes else None,
                p95_error=sizes[math.ceil(0.95 * len(sizes)) - 1] if sizes else None,
                right=sum(r.right for r in own) / len(own),
            )
        )
    return rows
