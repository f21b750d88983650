"""Movement: tardive dyskinesia and catatonia."""

from typing import Annotated

from msgspec import Meta

from .core import Inputs, Score, instrument, total
from .quantities import count

Item4 = Annotated[int, count(0, 4)]
Seven = Annotated[tuple[Item4, ...], Meta(min_length=7, max_length=7)]
Signs = Annotated[int, count(0, 14)]


class Aims(Inputs, frozen=True, kw_only=True):
    """Inputs of AIMS, items 1 to 7 (the later items, dental ones included, are not summed)."""

    items_1_to_7: Seven


@instrument(
    unit="points",
    version="Guy 1976; Schooler-Kane criteria",
    source="Guy W, ECDEU manual 1976; Schooler NR, Arch Gen Psychiatry 1982;39:486",
    bands=("positive: one item of 3 or more, or two of 2 or more", "negative"),
)
def aims(x: Aims) -> Score:
    """AIMS: tardive dyskinesia. The band is by single items, not by the total."""
    items = x.items_1_to_7
    positive = any(i >= 3 for i in items) or sum(i >= 2 for i in items) >= 2
    parts = {f"item_{number}": item for number, item in enumerate(items, 1)}
    band = "positive" if positive else "negative"
    return Score(value=sum(items), band=band, components=dict(parts))


class BushFrancis(Inputs, frozen=True, kw_only=True):
    """Input of the Bush-Francis screening: how many of its 14 signs are there."""

    signs_present_0_14: Signs


@instrument(
    unit="points",
    version="Bush 1996, screening",
    source="Bush G, Acta Psychiatr Scand 1996;93:129",
    bands=("negative 0-1", "positive 2-14"),
    name="bush_francis_screening",
)
def bush_francis(x: BushFrancis) -> Score:
    """Bush-Francis screening: catatonia (score entry). Two signs call for the full 23 items."""
    return total({"signs": x.signs_present_0_14}, ((1, "negative"),), "positive")
