"""Measures on a photograph of the retina: red dots, red blots, yellow deposits, disc and cup."""

import math
from typing import Any

import numpy as np

from ...errors import Unmeasurable
from ..drawing import Field
from ..fundus import Truth
from ..picture import Picture, Tolerance
from .regions import Mask, filled, grown, only, parts, shrunk, smooth

TOLERANCES = {
    "microaneurysms": Tolerance(1.0, 0.1, "a dot may hide in the grain or beside a vessel"),
    "haemorrhages": Tolerance(1.0, 0.1, "two blots may touch"),
    "hard_exudates": Tolerance(1.0, 0.1, "two deposits may touch"),
    "cup_to_disc_ratio": Tolerance(0.05, reason="a pixel of the disc's border; readers: 0.1"),
}
LARGEST_MICROANEURYSM_MM = 0.125
"""Larger red spots are haemorrhages: the width of a vein at the disc (ETDRS report 10, 1991)."""


def measure(picture: Picture) -> dict[str, float | str]:
    """Counts of lesions, the cup-to-disc ratio, which eye it is, and the stage they make."""
    if picture.pixels.ndim != 3:
        raise Unmeasurable("a photograph of the retina is in colour")
    green = picture.pixels[..., 1].astype(np.float64)
    red = smooth(picture.pixels[..., 0].astype(np.float64), 1.0)
    view = filled(red > 45.0)
    disc, cup = disc_and_cup(green)
    whole = _reach(disc, disc)
    if whole <= 0:
        raise Unmeasurable("no optic disc is seen")
    bed = _bed(green, view)
    inner = shrunk(view, 20) & ~grown(disc, 10)
    blood = _spots(bed - smooth(green, 0.5) > 19.0, inner)
    dots = [r for r in blood if _mm(r, bed - green, picture.mm) <= LARGEST_MICROANEURYSM_MM]
    fat = _spots(smooth(green, 0.5) - bed > 28.0, inner)
    blots = len(blood) - len(dots)
    width = picture.pixels.shape[1]
    return {
        "microaneurysms": float(len(dots)),
        "haemorrhages": float(blots),
        "hard_exudates": float(len(fat)),
        "cup_to_disc_ratio": round(_reach(cup, disc) / whole, 3),
        "eye": "right" if float(np.nonzero(disc)[1].mean()) > width / 2.0 else "left",
        "retinopathy": stage(len(dots), blots, len(fat)),
    }


def expected(truth: Truth) -> dict[str, float | str]:
    """The counts as drawn."""
    return {
        "microaneurysms": float(truth.microaneurysms),
        "haemorrhages": float(truth.haemorrhages),
        "hard_exudates": float(truth.hard_exudates),
        "cup_to_disc_ratio": truth.cup_to_disc_ratio,
        "eye": truth.eye,
        "retinopathy": stage(truth.microaneurysms, truth.haemorrhages, truth.hard_exudates),
    }


def stage(microaneurysms: int, haemorrhages: int, hard_exudates: int) -> str:
    """Stage of diabetic retinopathy as far as these signs tell (Wilkinson 2003, ICDR scale).

    Severe and proliferative stages need counts by quadrant, beading or new vessels.
    """
    if haemorrhages or hard_exudates:
        return "moderate"
    return "mild" if microaneurysms else "none"


def disc_and_cup(green: Field) -> tuple[Mask, Mask]:
    """The optic disc and its cup. Raises Unmeasurable where no disc is seen."""
    soft = smooth(green, 1.0)
    # Vessels cut the disc in pieces: close the gaps first.
    found = parts(shrunk(filled(grown(soft > 138.0, 6)), 6), 800.0)
    if not found:
        raise Unmeasurable("no optic disc is to be seen")
    disc = only(found[0], green.shape)
    return disc, disc & (soft > 207.0)


def _reach(mask: Mask, around: Mask) -> float:
    """Radius of a pale area around the middle of the disc, pixels.

    The upper third of the radii: where vessels cross its border the area falls short.
    """
    rows, cols = np.nonzero(around)
    turn = np.arange(180) * (math.pi / 90.0)
    steps = np.arange(0.0, 60.0, 0.25)
    at = np.rint(rows.mean() + steps * np.sin(turn)[:, None]).astype(int)
    to = np.rint(cols.mean() + steps * np.cos(turn)[:, None]).astype(int)
    size = mask.shape
    inside = mask[np.clip(at, 0, size[0] - 1), np.clip(to, 0, size[1] - 1)]
    last = inside.shape[1] - 1 - np.argmax(inside[:, ::-1], axis=1)
    return float(np.percentile(np.where(inside.any(axis=1), steps[last], 0.0), 67))


def _bed(green: Field, view: Mask) -> Field:
    """Brightness of the ground: a wide mean, then again without what stands out from it."""
    weight: Field = view.astype(np.float64)
    for _ in range(2):
        mean = smooth(green * weight, 11.0) / np.maximum(smooth(weight, 11.0), 1e-6)
        weight = np.asarray(view * (np.abs(green - mean) < 14.0), np.float64)
    result: Field = smooth(green * weight, 11.0) / np.maximum(smooth(weight, 11.0), 1e-6)
    return result


def _spots(mask: Mask, inner: Mask) -> list[Any]:
    """Compact parts that lie wholly inside: vessels are long, larger, or reach the border."""
    found = []
    for region in parts(mask, 4.0):
        rows, cols = region.coords[:, 0], region.coords[:, 1]
        long = region.axis_major_length > 2.4 * max(region.axis_minor_length, 1.0)
        if inner[rows, cols].all() and region.area < 420 and not (long and region.area > 12):
            found.append(region)
    return found


def _mm(region: Any, depth: Field, mm: float) -> float:
    """Diameter of a spot: its border is where it is half as deep as at its deepest."""
    rows, cols = region.coords[:, 0], region.coords[:, 1]
    values = depth[rows, cols]
    half = float((values > 0.5 * float(np.percentile(values, 95))).sum())
    return 2.0 * math.sqrt(half / math.pi) * mm
