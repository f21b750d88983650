"""Measures on an ultrasound of a thyroid nodule: the features of ACR TI-RADS."""

from typing import Any

import numpy as np

from ...errors import Unmeasurable
from ...instruments.core import calc
from ..drawing import Field
from ..picture import Picture, Tolerance
from ..thyroid import Truth
from .regions import (
    Mask,
    extent_px,
    filled,
    grown,
    only,
    opened,
    parts,
    rim,
    roughness,
    shrunk,
    smooth,
)

TOLERANCES = {
    "max_diameter_mm": Tolerance(1.0, 0.06, "calipers on speckle; readers differ by 1 to 2 mm"),
    "height_over_width": Tolerance(0.06, 0.06, "both sides are blurred by speckle"),
}
_IRREGULAR = 0.032
"""Own limit of the roughness of a smooth outline on these phantoms."""
_HYPOECHOIC = 0.78
"""Share of the gland's brightness below which a nodule is darker than the gland."""
_FLUID, _CALCIUM = 45.0, 183.0


def measure(picture: Picture) -> dict[str, float | str]:
    """Size, sides, and the features TI-RADS scores, under the names of the instrument."""
    if picture.pixels.ndim != 3:
        field = picture.values
    else:
        raise Unmeasurable("an ultrasound is grey")
    calcium = _calcium(field)
    plain = _without_shadow(field, calcium)
    gland, level = _gland(plain)
    mask = nodule(plain, gland, level)
    longest, _ = extent_px(mask)
    rows, cols = np.nonzero(mask)
    ratio = float((np.ptp(rows) + 1) / (np.ptp(cols) + 1))
    composition, tissue = _inside(plain, mask)
    smooth_border = composition != "solid" or roughness(rim(mask), 4) < _IRREGULAR
    found: dict[str, float | str] = {
        "max_diameter_mm": round(longest * picture.mm, 2),
        "height_over_width": round(ratio, 3),
        "composition": composition,
        "echogenicity": _echogenicity(composition, tissue / level),
        "margin": "smooth" if smooth_border else "lobulated or irregular",
        "echogenic_foci": _foci(calcium, mask),
    }
    return found | {"ti_rads": ti_rads(found)}


def region(picture: Picture) -> Mask:
    """Where the nodule lies. Raises Unmeasurable where there is none."""
    if picture.pixels.ndim != 2:
        raise Unmeasurable("an ultrasound is grey")
    field = picture.values
    plain = _without_shadow(field, _calcium(field))
    return nodule(plain, *_gland(plain))


def expected(truth: Truth) -> dict[str, float | str]:
    """The truth under the names of the measure."""
    found: dict[str, float | str] = {
        name: getattr(truth, name)
        for name in (
            "max_diameter_mm",
            "height_over_width",
            "composition",
            "echogenicity",
            "margin",
            "echogenic_foci",
        )
    }
    return found | {"ti_rads": ti_rads(found)}


def ti_rads(found: dict[str, float | str]) -> str:
    """Level of ACR TI-RADS 2017 for these features, such as TR4."""
    inputs: dict[str, Any] = {
        "composition": found["composition"],
        "echogenicity": found["echogenicity"],
        "taller_than_wide": float(found["height_over_width"]) > 1.0,
        "margin": found["margin"],
        "echogenic_foci": [found["echogenic_foci"]],
        "max_diameter_cm": float(found["max_diameter_mm"]) / 10.0,
    }
    return str(calc("ti_rads", inputs).band).partition(";")[0]


def _calcium(field: Field) -> Mask:
    seen: Mask = smooth(field, 1.0) > _CALCIUM
    # The skin is bright, too.
    seen[:90] = False
    seen[:, :40] = False
    return seen


def _without_shadow(field: Field, calcium: Mask) -> Field:
    """The picture with calcifications and the shadow below a coarse one painted over."""
    plain = field.copy()
    for region in parts(calcium, 9.0):
        top, left, bottom, right = region.bbox
        coarse = region.area > 60
        edge = 10 if coarse else 3
        low = field.shape[0] if coarse else bottom + 3
        left, right = max(left - edge, 12), min(right + edge, field.shape[1] - 12)
        rows = slice(max(top - 4, 0), low)
        before = plain[rows, left - 12 : left].mean(axis=1)[:, None]
        after = plain[rows, right : right + 12].mean(axis=1)[:, None]
        share = (np.arange(right - left) / (right - left))[None, :]
        plain[rows, left:right] = before * (1.0 - share) + after * share
    return plain


def _gland(field: Field) -> tuple[Mask, float]:
    """The lobe, nodule included, and its brightness. Raises Unmeasurable."""
    wide = smooth(field, 5.0)
    # The band of skin and muscle above does not belong to it.
    bright = wide > 112.0
    bright[:90] = False
    found = parts(opened(bright, 6), 10000.0)
    if not found:
        raise Unmeasurable("no thyroid lobe is to be seen")
    lobe = shrunk(filled(grown(only(found[0], field.shape), 8)), 20)
    return lobe, float(np.median(field[only(found[0], field.shape)]))


def nodule(field: Field, gland: Mask, level: float) -> Mask:
    """The nodule: what is darker than the gland, or enclosed by a dark halo."""
    soft = smooth(field, 2.2)
    for share in (0.8, 0.84):
        dark = gland & (soft < share * level)
        # A halo may be broken by speckle: close it before it is filled.
        whole = opened(shrunk(filled(grown(dark, 3)), 3), 8)
        found = parts(whole, 1200.0)
        if found:
            return filled(only(found[0], field.shape))
    raise Unmeasurable("no nodule is to be seen")


def _inside(field: Field, mask: Mask) -> tuple[str, float]:
    """Composition, and the brightness of the solid part (of all, where there is none)."""
    core = shrunk(mask, 10)
    if not core.any():
        core = shrunk(mask, 4)
    soft = smooth(field, 1.2)
    fluid = core & (soft < _FLUID)
    share = float(fluid.sum()) / float(core.sum())
    solid = core & ~grown(fluid, 4)
    level = float(np.median(field[solid if solid.any() else core]))
    if share > 0.9:
        return "cystic", level
    if share < 0.08:
        return "solid", level
    lake = opened(fluid, 9).sum() > 0.5 * fluid.sum()
    return ("mixed" if lake else "spongiform"), level


def _echogenicity(composition: str, share: float) -> str:
    if composition == "cystic":
        return "anechoic"
    if composition == "spongiform":
        return "isoechoic"
    return "hypoechoic" if share < _HYPOECHOIC else "isoechoic"


def _foci(calcium: Mask, mask: Mask) -> str:
    sizes = [r.area for r in parts(calcium & shrunk(mask, 4), 4.0)]
    if any(size > 60 for size in sizes):
        return "macrocalcifications"
    return "punctate echogenic foci" if len(sizes) >= 3 else "none"
