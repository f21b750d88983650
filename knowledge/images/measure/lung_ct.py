"""Measures on a CT slice of the chest: size, density and type of a nodule."""

from typing import Any

import numpy as np

from ...errors import Unmeasurable
from ...instruments.core import calc
from ..drawing import Field
from ..lung_ct import Truth
from ..picture import Picture, Tolerance
from .regions import (
    Mask,
    diameter_px,
    extent_px,
    filled,
    grown,
    only,
    opened,
    parts,
    shrunk,
    smooth,
)

TOLERANCES = {
    "mean_diameter_mm": Tolerance(1.0, 0.06, "a pixel at either end; 1.5 mm counts as growth"),
    "long_axis_mm": Tolerance(1.2, 0.07, "a pixel at either end"),
    "solid_component_mm": Tolerance(1.2, 0.12, "a small core loses its border to blur"),
    "mean_hu": Tolerance(60.0, reason="noise and the border of a small nodule"),
}
_LUNG_BELOW, _BODY_ABOVE, _SOLID_ABOVE = -400.0, -300.0, -300.0
"""Hounsfield units; above -300 lies what a mediastinal window shows as solid."""


def measure(picture: Picture) -> dict[str, float | str]:
    """The largest thing in the lungs that is no vessel."""
    if picture.pixels.ndim != 2:
        raise Unmeasurable("a CT slice is grey")
    if picture.modality != "CT":
        raise Unmeasurable("a CT slice needs Hounsfield units: give DICOM")
    hu = picture.values
    field = smooth(hu, 0.8)
    lungs = lung_mask(field)
    body = _nodule(field, lungs)
    found = sized(field, body, picture.mm)
    kind = str(found["nodule_type"])
    around = grown(body, 8) & ~grown(body, 2) & lungs
    rays = kind == "solid" and int((around & (field > -650.0)).sum()) > 10
    found["margin"] = "spiculated" if rays else "smooth"
    col = float(np.nonzero(body)[1].mean())
    found["side"] = "right" if col < picture.pixels.shape[1] / 2.0 else "left"
    return found | {"mean_hu": _density(hu, body, kind), "lung_rads": lung_rads(found)}


def region(picture: Picture) -> Mask:
    """Where the nodule lies. Raises Unmeasurable where there is none."""
    if picture.pixels.ndim != 2 or picture.modality != "CT":
        raise Unmeasurable("this is no CT slice")
    field = smooth(picture.values, 0.8)
    return _nodule(field, lung_mask(field))


def expected(truth: Truth) -> dict[str, float | str]:
    """The truth under the names of the measure."""
    found: dict[str, float | str] = {
        "nodule_type": truth.nodule_type,
        "mean_diameter_mm": truth.mean_diameter_mm,
        "long_axis_mm": truth.long_axis_mm,
        "solid_component_mm": truth.solid_component_mm,
        "margin": truth.margin,
        "side": truth.side,
    }
    density = 35.0 if truth.nodule_type == "solid" else truth.ground_glass_hu
    return found | {"mean_hu": density, "lung_rads": lung_rads(found)}


def lung_rads(found: dict[str, float | str]) -> str:
    """Category of ACR Lung-RADS 2022 at a baseline screening."""
    inputs: dict[str, Any] = {
        "nodule_type": found["nodule_type"],
        "mean_diameter_mm": found["mean_diameter_mm"],
        "status": "baseline",
        "solid_component_mm": found["solid_component_mm"],
    }
    return str(calc("lung_rads_2022", inputs).value)


def lung_mask(hu: Field) -> Mask:
    """Both lungs with what they enclose. Raises Unmeasurable where there are not two."""
    air = hu < _LUNG_BELOW
    found = [r for r in parts(air, 4000.0) if r.bbox[0] > 0 and r.bbox[2] < hu.shape[0]]
    found = [r for r in found if r.bbox[1] > 0 and r.bbox[3] < hu.shape[1]]
    if len(found) < 2:
        raise Unmeasurable("two lungs are not to be seen")
    both = only(found[0], hu.shape) | only(found[1], hu.shape)
    return filled(both)


def _nodule(field: Field, lungs: Mask) -> Mask:
    """The largest compact thing that stands free in the lungs: branches reach their border."""
    seen = lungs & (smooth(field, 0.6) > -745.0)
    border = ~shrunk(lungs, 4)
    free = np.zeros(field.shape, bool)
    for region in parts(seen, 16.0):
        if not border[region.coords[:, 0], region.coords[:, 1]].any():
            free |= only(region, field.shape)
    # The widest disc that leaves a nodule cuts off its spicules.
    found: list[Any] = []
    for reach in (4, 3, 2):
        cut = parts(opened(free, reach), 16.0)
        found = found or [r for r in cut if r.solidity > 0.8 and _compact(r)]
    if not found:
        raise Unmeasurable("no nodule is to be seen")
    mask = filled(only(found[0], field.shape))
    lung = float(np.median(field[grown(mask, 12) & ~grown(mask, 5) & lungs]))
    solid = mask & (field > _SOLID_ABOVE)
    glass = shrunk(mask, 1) & ~grown(solid, 2)
    # The border lies half way between what makes the margin and the lung.
    pure = float(glass.sum()) < 0.12 * float(mask.sum())
    level = 35.0 if pure else float(np.median(field[glass]))
    again = grown(mask, 2) & (field > (level + lung) / 2.0)
    best = parts(opened(again, 2) if mask.sum() > 60 else again)
    return filled(only(best[0], field.shape)) if best else mask


def _compact(region: Any) -> bool:
    """Not as long as the cut of a vessel."""
    return bool(region.axis_minor_length > 0.5 * region.axis_major_length)


def sized(field: Field, mask: Mask, mm: float) -> dict[str, float | str]:
    """Axes of a nodule, its solid part and the type these make it."""
    longest, across = extent_px(mask)
    # Calipers span pixel corners at any angle: take the spread of the area along.
    area = float(mask.sum())
    short = min(across, 4.0 * area / (np.pi * longest))
    solid = mask & (field > _SOLID_ABOVE)
    share = float(solid.sum()) / area
    kind = "solid" if share > 0.68 else "part solid" if share > 0.04 else "ground glass"
    mean = (longest + short) / 2.0
    core = 0.0
    if kind == "solid":
        core = mean
    elif kind == "part solid":
        core = diameter_px(float(solid.sum()))
    return {
        "nodule_type": kind,
        "mean_diameter_mm": round(mean * mm, 2),
        "long_axis_mm": round(longest * mm, 2),
        "solid_component_mm": round(core * mm, 2),
    }


def _density(hu: Field, mask: Mask, kind: str) -> float:
    """Median density of the ground glass of a subsolid nodule, of the core of a solid one."""
    if kind == "solid":
        core = shrunk(mask, 2)
        return round(float(np.median(hu[core if core.any() else mask])), 1)
    solid = grown(mask & (smooth(hu, 0.8) > _SOLID_ABOVE - 150.0), 2)
    glass = shrunk(mask, 2) & ~solid
    return round(float(np.median(hu[glass if glass.any() else mask])), 1)
