"""Measures on a stained section: nuclei counted and sized, dividing figures counted."""

import math
from typing import Any

import numpy as np

from ...errors import Unmeasurable
from ..histology import Truth
from ..picture import Picture, Tolerance
from .regions import filled, opened, otsu, parts, smooth

TOLERANCES = {
    "nuclei": Tolerance(2.0, 0.05, "crowded nuclei touch"),
    "nuclear_diameter_um": Tolerance(0.4, 0.05, "a pixel is half a micrometre"),
    "size_variation": Tolerance(0.03, 0.15, "touching nuclei count as one large one"),
    "mitoses": Tolerance(0.0, reason="a small count"),
}
_LEAST_UM = 3.0
_ATYPICAL_VARIATION = 0.15
"""Own limit between even and uneven nuclei of these phantoms; no published criterion."""


def measure(picture: Picture) -> dict[str, float | str]:
    """Count, mean diameter and variation of the nuclei, and dividing figures."""
    if picture.pixels.ndim != 3:
        raise Unmeasurable("a stained section is in colour")
    um = picture.mm * 1000.0
    red = smooth(picture.pixels[..., 0].astype(np.float64), 0.7)
    seen = opened(filled(red < otsu(red)), 2)
    found = parts(seen, math.pi * (_LEAST_UM / um / 2.0) ** 2)
    plates = [r for r in found if _dividing(r, red)]
    nuclei = [r for r in found if not _dividing(r, red)]
    if not nuclei:
        raise Unmeasurable("no nuclei are to be seen")
    sizes = np.array([2.0 * math.sqrt(r.area / math.pi) * um for r in nuclei])
    variation = float(sizes.std() / sizes.mean())
    return {
        "nuclei": float(len(nuclei)),
        "nuclear_diameter_um": round(float(sizes.mean()), 2),
        "size_variation": round(variation, 3),
        "mitoses": float(len(plates)),
        "grade": "atypical" if variation > _ATYPICAL_VARIATION or plates else "bland",
    }


def expected(truth: Truth) -> dict[str, float | str]:
    """The truth under the names of the measure."""
    return {
        "nuclei": float(truth.nuclei),
        "nuclear_diameter_um": truth.nuclear_diameter_um,
        "size_variation": truth.size_variation,
        "mitoses": float(truth.mitoses),
        "grade": truth.grade,
    }


def _dividing(region: Any, red: Any) -> bool:
    """A plate: long, and nearly black throughout."""
    rows, cols = region.coords[:, 0], region.coords[:, 1]
    long = region.axis_major_length > 1.8 * max(region.axis_minor_length, 1.0)
    return bool(long and float(np.median(red[rows, cols])) < 52.0)
