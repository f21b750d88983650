"""Measures on a frontal chest film: lung fields, heart, air, fluid, shadows."""

from typing import Any

import msgspec
import numpy as np

from ...errors import Unmeasurable
from ..chest_film import LARGE_HEART, Truth, meniscus
from ..drawing import Field
from ..picture import Picture, Tolerance
from .regions import (
    Mask,
    diameter_px,
    filled,
    half_height,
    only,
    opened,
    otsu,
    parts,
    shrunk,
    smooth,
)

TOLERANCES = {
    "cardiothoracic_ratio": Tolerance(
        0.02, reason="readers differ by 0.02 to 0.03; 2 pixels at either border"
    ),
    "pneumothorax_share": Tolerance(0.02, reason="3 pixels of the half chest"),
    "effusion_share": Tolerance(0.04, reason="the hidden diaphragm is judged by the other side"),
    "opacity_mm": Tolerance(3.0, 0.08, reason="soft border"),
    "nodule_mm": Tolerance(2.0, 0.12, reason="a pixel at either side, ribs across"),
    "height_share": Tolerance(0.05, reason="apex and dome are judged by the lung field"),
}
_BLUR_PX = 1.2
_LEAST_FLUID = 0.115
_LEAST_AIR = 0.05
_RIGHT_DIAPHRAGM_HIGHER_MM = 9.6
"""The right dome stands about a finger's breadth higher."""
_LARGEST_NODULE_MM = 30.0
"""A larger round shadow is a mass (Fleischner Society glossary, Hansell 2008)."""


class Chest(msgspec.Struct, frozen=True):
    """What is seen of a film: lungs by side, levels of grey."""

    fields: dict[str, Mask]
    lung: float
    flesh: float
    mid: float
    smoothed: Field
    mm: float


def measure(picture: Picture) -> dict[str, float | str]:
    """Finding, side, and the sizes that go with it."""
    chest = lungs(picture)
    found: dict[str, float | str] = {"finding": "normal", "side": "none"}
    air = {side: air_share(chest, side) for side in chest.fields}
    fluid = {side: fluid_share(chest, side) for side in chest.fields}
    if max(fluid.values()) > _LEAST_FLUID:
        side = max(fluid, key=lambda s: fluid[s])
        return {"finding": "effusion", "side": side, "effusion_share": round(fluid[side], 3)}
    ratio = cardiothoracic_ratio(chest)
    found["cardiothoracic_ratio"] = round(ratio, 3)
    if max(air.values()) > _LEAST_AIR:
        side = max(air, key=lambda s: air[s])
        return found | {
            "finding": "pneumothorax",
            "side": side,
            "pneumothorax_share": round(air[side], 3),
        }
    shadow = _shadow(chest)
    if shadow is not None:
        return found | shadow
    return found | {"finding": "cardiomegaly" if ratio > LARGE_HEART else "normal"}


def expected(truth: Truth) -> dict[str, float | str]:
    """What a perfect reader finds; fluid hides the border of the heart."""
    found: dict[str, float | str] = {"finding": truth.finding, "side": truth.side}
    if truth.finding != "effusion":
        found["cardiothoracic_ratio"] = truth.cardiothoracic_ratio
    for name in ("pneumothorax_share", "effusion_share", "opacity_mm", "nodule_mm"):
        if value := getattr(truth, name):
            found[name] = value
    if truth.finding in {"opacity", "nodule"}:
        found["height_share"] = truth.height_share
    return found


def lungs(picture: Picture) -> Chest:
    """The two lung fields. Raises Unmeasurable where there are not two."""
    if picture.pixels.ndim != 2:
        raise Unmeasurable("a chest film is grey")
    field = smooth(picture.values, _BLUR_PX)
    dark = field < otsu(field)
    inner = [r for r in parts(dark, 2000.0) if not _at_border(r, field.shape)]
    if len(inner) < 2:
        raise Unmeasurable("two lung fields are not to be seen")
    seen = only(inner[0], field.shape) | only(inner[1], field.shape)
    lung = float(np.median(field[seen]))
    flesh = float(np.median(field[~dark]))
    near = opened(field < lung + 0.6 * (flesh - lung), 2)
    best = [r for r in parts(near, 2000.0) if not _at_border(r, field.shape)][:2]
    if len(best) < 2:
        raise Unmeasurable("two lung fields are not to be seen")
    left, right = sorted(best, key=lambda r: -r.centroid[1])
    fields = {
        "right": filled(only(right, field.shape)),
        "left": filled(only(left, field.shape)),
    }
    mid = (right.bbox[1] + left.bbox[3]) / 2.0
    return Chest(fields, lung, flesh, mid, field, picture.mm)


def _at_border(region: Any, shape: tuple[int, ...]) -> bool:
    top, left, bottom, right = region.bbox
    return bool(top == 0 or left == 0 or bottom == shape[0] or right == shape[1])


def cardiothoracic_ratio(chest: Chest) -> float:
    """Widest heart, right reach plus left reach, over the widest inner chest."""
    reach, walls = 0.0, 0.0
    for side, field in chest.fields.items():
        rows = np.nonzero(field.any(axis=1))[0]
        top, bottom = int(rows[0]), int(rows[-1])
        part = field[top + (bottom - top) // 2 : bottom + 1]
        flip = part if side == "left" else part[:, ::-1]
        mid = chest.mid if side == "left" else field.shape[1] - chest.mid
        rows_seen = flip.sum(axis=1) > 8
        first = np.argmax(flip[rows_seen], axis=1)
        reach += _until_dome(first.astype(np.float64)) - mid
        whole = field if side == "left" else field[:, ::-1]
        walls += float(np.nonzero(whole.any(axis=0))[0][-1]) + 1.0 - mid
    return reach / walls


def inner_width_mm(picture: Picture) -> float:
    """Widest inner chest, from rib to rib. Raises Unmeasurable where there are not two lungs."""
    chest = lungs(picture)
    columns = np.nonzero((chest.fields["right"] | chest.fields["left"]).any(axis=0))[0]
    return float(columns[-1] - columns[0] + 1) * picture.mm


def region(picture: Picture) -> Mask:
    """Where the opacity or nodule lies. Raises Unmeasurable where there is none."""
    found = _largest(lungs(picture))
    if found is None:
        raise Unmeasurable("no shadow is to be seen in the lungs")
    return found[1]


def _until_dome(first: Field) -> float:
    """Largest reach of a heart border above its corner with the dome.

    From the bottom up the field's inner edge first follows the dome, by more than a pixel a row.
    """
    steps = (first[4:] - first[:-4]) / 4.0
    corner = len(steps)
    while corner > 1 and steps[corner - 1] > 0.7:
        corner -= 1
    return float(np.percentile(first[:corner], 99))


def air_share(chest: Chest, side: str) -> float:
    """Width of the black margin over the half chest, middle of the field."""
    field = chest.fields[side]
    black = field & (chest.smoothed < chest.lung - 0.2 * (chest.flesh - chest.lung))
    rows = np.nonzero(field.any(axis=1))[0]
    span = rows[int(len(rows) * 0.3) : int(len(rows) * 0.75)]
    wall = field.shape[1] - np.argmax(field[span][:, ::-1], axis=1) - chest.mid
    if side == "right":
        wall = chest.mid - np.argmax(field[span], axis=1)
    wide = black[span].sum(axis=1)
    # The blur eats a width of itself at the pleural line and at the wall.
    wide = np.where(wide > 4, wide + 2.0 * _BLUR_PX, 0.0)
    return float(np.median(wide / np.maximum(wall, 1.0)))


def fluid_share(chest: Chest, side: str) -> float:
    """Height of white at the chest wall over the height of the lung field."""
    other = "left" if side == "right" else "right"
    own, whole = chest.fields[side], chest.fields[other]
    rows = np.nonzero(whole.any(axis=1))[0]
    top = float(rows[0])
    lift = _RIGHT_DIAPHRAGM_HIGHER_MM / chest.mm
    base = float(rows[-1]) + (lift if other == "right" else 0.0)
    cols = np.nonzero(own.any(axis=0))[0]
    edge = cols[-1] if side == "left" else cols[0]
    wall = abs(edge - chest.mid)
    share = (0.91, 0.96)
    sign = 1.0 if side == "left" else -1.0
    places = sorted(int(chest.mid + sign * wall * s) for s in share)
    band = own[:, places[0] : places[1] + 1]
    bottoms = own.shape[0] - np.argmax(band[::-1], axis=0)
    level = float(np.median(bottoms)) - float(meniscus(np.asarray(1.0 - sum(share) / 2.0)))
    # Without fluid the sulcus rises to this level by itself.
    return max(0.0, (base - level) / (base - top))


def _shadow(chest: Chest) -> dict[str, float | str] | None:
    found = _largest(chest)
    return None if found is None else _sized(chest, *found)


def _largest(chest: Chest) -> tuple[str, Mask] | None:
    """The largest round or cloudy shadow in a lung, and its side."""
    level = chest.lung + 0.45 * (chest.flesh - chest.lung)
    best: tuple[str, Mask] | None = None
    largest = 0.0
    for side, field in chest.fields.items():
        seen = opened(field & (smooth(chest.smoothed, 1.5) > level), 3)
        inner = opened(field, 2)
        for region in parts(seen, 60.0):
            mask = only(region, field.shape)
            if region.area <= largest or _touches(mask, inner):
                continue
            largest = region.area
            best = (side, half_height(chest.smoothed, mask, 8, field))
    return best


def _touches(mask: Mask, field: Mask) -> bool:
    return bool((mask & ~shrunk(field, 6)).sum() > 0.3 * mask.sum())


def _sized(chest: Chest, side: str, mask: Mask) -> dict[str, float | str]:
    mm = diameter_px(float(mask.sum())) * chest.mm
    rows = np.nonzero(chest.fields[side].any(axis=1))[0]
    row = float(np.nonzero(mask)[0].mean())
    share = (row - rows[0]) / max(1.0, rows[-1] - rows[0])
    name = "nodule" if mm <= _LARGEST_NODULE_MM else "opacity"
    return {
        "finding": name,
        "side": side,
        f"{name}_mm": round(mm, 1),
        "height_share": round(float(share), 2),
    }
