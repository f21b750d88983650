"""Measures on a mammogram: size, margin and density of a mass, calcifications in it."""

import msgspec
import numpy as np

from ...errors import Unmeasurable
from ..drawing import Field
from ..mammogram import Truth
from ..picture import Picture, Tolerance
from .regions import (
    Mask,
    extent_px,
    filled,
    grown,
    half_height,
    only,
    opened,
    parts,
    rim,
    roughness,
    shrunk,
    smooth,
)

TOLERANCES = {
    "long_axis_mm": Tolerance(1.2, 0.08, "an indistinct margin has no sharp end"),
    "short_axis_mm": Tolerance(1.2, 0.08, "an indistinct margin has no sharp end"),
    "calcifications": Tolerance(2.0, 0.25, "grouped specks overlap"),
}
CATEGORIES = {"circumscribed": "3", "microlobulated": "4B", "indistinct": "4C", "spiculated": "5"}
"""BI-RADS category that this project's mammography readers give to a mass of that margin."""
_LOBULATED, _BLUNT_PX = 0.0235, 5.0
"""Own limits on these phantoms: roughness of the outline, width of the edge in pixels."""


def measure(picture: Picture) -> dict[str, float | str]:
    """Axes, margin, density against the gland, specks, and the category these make."""
    if picture.pixels.ndim != 2:
        raise Unmeasurable("a mammogram is grey")
    seen = _seen(picture)
    soft, bits, fat, gland, body = seen.field, seen.specks, seen.fat, seen.gland, seen.body
    longest, across = extent_px(body)
    short = min(across, 4.0 * float(body.sum()) / (np.pi * longest))
    margin = _margin(soft, body)
    inside = float(np.median(soft[shrunk(body, 5)])) if shrunk(body, 5).any() else gland
    return {
        "long_axis_mm": round(longest * picture.mm, 2),
        "short_axis_mm": round(short * picture.mm, 2),
        "margin": margin,
        "density": _density(inside, fat, gland),
        "calcifications": float(len(parts(bits & grown(body, 2), 2.0))),
        "bi_rads": CATEGORIES[margin],
    }


class Seen(msgspec.Struct, frozen=True):
    """What is seen of a picture: without its specks, with its levels of grey."""

    field: Field
    specks: Mask
    fat: float
    gland: float
    body: Mask
    """The mass."""


def region(picture: Picture) -> Mask:
    """Where the mass lies. Raises Unmeasurable where there is none."""
    if picture.pixels.ndim != 2:
        raise Unmeasurable("a mammogram is grey")
    return _seen(picture).body


def _seen(picture: Picture) -> Seen:
    field = picture.values
    soft = smooth(field, 1.0)
    bits = _specks(field)
    for region in parts(grown(bits, 2)):
        rows, cols = region.coords[:, 0], region.coords[:, 1]
        near = grown(only(region, field.shape), 3) & ~grown(bits, 2)
        soft[rows, cols] = float(np.median(soft[near])) if near.any() else soft[rows, cols]
    fat, gland = _tissue(soft)
    core = mass(soft, fat)
    body = core
    for reach in (10, 6):
        # Strands that the border reaches are cut off again before the next step.
        found = parts(opened(half_height(soft, body, reach), 4))
        body = only(found[0], field.shape) if found else body
    return Seen(soft, bits, fat, gland, body)


def expected(truth: Truth) -> dict[str, float | str]:
    """The truth under the names of the measure."""
    return {
        "long_axis_mm": truth.long_axis_mm,
        "short_axis_mm": truth.short_axis_mm,
        "margin": truth.margin,
        "density": truth.density,
        "calcifications": float(truth.calcifications),
        "bi_rads": CATEGORIES[truth.margin],
    }


def _specks(field: Field) -> Mask:
    """Small points far brighter than what lies around them."""
    return (field - smooth(field, 4.0) > 26.0) & (field > 200.0)


def _tissue(field: Field) -> tuple[float, float]:
    """Grey of fat and of gland: the inner breast's tenth and eightieth percentile."""
    breast = shrunk(filled(opened(field > 35.0, 4)), 24)
    breast[:, :40] = False
    if not breast.any():
        raise Unmeasurable("no breast is to be seen")
    values = field[breast]
    return float(np.percentile(values, 10)), float(np.percentile(values, 80))


def mass(field: Field, fat: float) -> Mask:
    """The roundest large thing brighter than fat. Raises Unmeasurable where there is none."""
    breast = shrunk(filled(opened(field > 35.0, 4)), 14)
    breast[:, :40] = False
    best, score = None, 0.0
    for step in (14.0, 20.0, 28.0, 45.0):
        seen = opened(breast & (smooth(field, 1.0) > fat + step), 5)
        for region in parts(seen, 350.0):
            if region.area > 12000 or region.euler_number < 1:
                continue
            ratio = region.axis_minor_length / max(region.axis_major_length, 1.0)
            round_ = region.solidity * min(1.0, ratio / 0.62)
            if round_ < 0.75:
                continue
            alone = round_ * _isolation(field, only(region, field.shape), fat)
            if alone > score + 0.01:
                best, score = region, alone
    if best is None or score < 0.5:
        raise Unmeasurable("no mass is to be seen")
    rough = only(best, field.shape)
    # Spicules blur into it at a low step: keep what is above half of its brighter part.
    top = float(np.percentile(field[rough], 85))
    inner = parts(opened(rough & (field > (fat + top) / 2.0), 4))
    return filled(only(inner[0], field.shape)) if inner else rough


def _isolation(field: Field, mask: Mask, fat: float) -> float:
    """1 for a thing in pure fat, 0 for the knob of a larger one."""
    ring = grown(mask, 13) & ~grown(mask, 7)
    inside = float(np.median(field[mask]))
    if not ring.any() or inside <= fat:
        return 0.0
    return float(np.clip((inside - np.median(field[ring])) / (inside - fat), 0.0, 1.0))


def _margin(field: Field, body: Mask) -> str:
    """Spicules first, then a blunt edge, then a wavy outline."""
    inside = float(np.median(field[shrunk(body, 4)])) if shrunk(body, 4).any() else 0.0
    near = grown(body, 14) & ~grown(body, 3)
    outside = float(np.median(field[near]))
    strands = near & (field - smooth(field, 4.0) > max(6.0, 0.12 * (inside - outside)))
    if int(strands.sum()) > 0.06 * int(near.sum()):
        return "spiculated"
    if _edge_px(field, body, inside, outside) > _BLUNT_PX:
        return "indistinct"
    return "microlobulated" if roughness(rim(body), 6) > _LOBULATED else "circumscribed"


def _edge_px(field: Field, body: Mask, inside: float, outside: float) -> float:
    """Width of the band between a quarter and three quarters of the step, pixels."""
    near = grown(body, 14) & ~shrunk(body, 14)
    share = (field - outside) / max(inside - outside, 1.0)
    band = near & (share > 0.25) & (share < 0.75)
    border = max(1, int((body & ~shrunk(body, 1)).sum()))
    return float(band.sum()) / border


def _density(inside: float, fat: float, gland: float) -> str:
    share = (inside - fat) / max(gland - fat, 1.0)
    return "low" if share < 0.98 else "high" if share > 1.78 else "equal"
