"""Measures on a skin lesion: outline, size, symmetry, colours, 7-point checklist."""

import math

import numpy as np

from ...errors import Unmeasurable
from ..drawing import Field, polar
from ..picture import Picture, Tolerance
from ..skin import MM, SIGNS, SIZE, Truth, outline
from .regions import (
    Mask,
    extent_px,
    filled,
    grown,
    only,
    opened,
    otsu,
    parts,
    rim,
    roughness,
    shrunk,
    smooth,
)

TOLERANCES = {
    "diameter_mm": Tolerance(0.25, 0.04, "soft border of a quarter of a millimetre"),
    "area_mm2": Tolerance(1.0, 0.06, "soft border"),
    "border_irregularity": Tolerance(0.012, 0.25, "notches narrower than streaks are smoothed"),
    "asymmetry": Tolerance(0.03, 0.25, "the axes of a nearly round lesion are uncertain"),
    "colours": Tolerance(0.0, reason="a count of six"),
    "seven_point_signs": Tolerance(0.0, reason="a count of seven"),
}
_STREAK_PX = 5
"""What a disc of this radius does not pass through is a streak or a hair."""
_BLOTCH_PX = 6
_DARK, _LIGHT_GROUND = 39.0, 100.0


def measure(picture: Picture) -> dict[str, float | str]:
    """Size, shape, colours and criteria ("yes" or "no")."""
    if picture.pixels.ndim != 3:
        raise Unmeasurable("a photograph of skin is in colour")
    body, whole = lesion(picture)
    signs = criteria(picture, body, whole)
    seen = colours(picture, body, signs)
    return shape(body, picture.mm) | {
        "colours": float(len(seen)),
        "colour_names": ", ".join(seen),
        **signs,
        "seven_point_signs": float(sum(v == "yes" for v in signs.values())),
    }


def region(picture: Picture) -> Mask:
    """Where the lesion lies, without its streaks. Raises Unmeasurable where there is none."""
    if picture.pixels.ndim != 3:
        raise Unmeasurable("a photograph of skin is in colour")
    return lesion(picture)[0]


def expected(truth: Truth) -> dict[str, float | str]:
    """The outline's own measures, and the signs as they were drawn."""
    mask = polar(SIZE, (256.0, 256.0), outline(truth)) < 0.0
    signs = {name: "yes" if getattr(truth, name) else "no" for name in SIGNS}
    own = shape(opened(mask, _STREAK_PX), MM)
    return own | {
        "diameter_mm": truth.diameter_mm,
        "colours": float(len(truth.colours)),
        "colour_names": ", ".join(truth.colours),
        **signs,
        "seven_point_signs": float(sum(v == "yes" for v in signs.values())),
    }


def shape(mask: Mask, mm: float) -> dict[str, float | str]:
    """Longest diameter, area, irregularity of the border and asymmetry of a mask."""
    longest, _ = extent_px(mask)
    return {
        "diameter_mm": round(longest * mm, 2),
        "area_mm2": round(float(mask.sum()) * mm * mm, 2),
        "border_irregularity": round(roughness(rim(mask), 5), 4),
        "asymmetry": round(asymmetry(mask), 3),
    }


def asymmetry(mask: Mask) -> float:
    """Share of a lesion that does not fall on itself when folded: the worse of its two axes.

    Axes are those of inertia through the centre of gravity; 0 is symmetrical.
    """
    rows, cols = np.nonzero(mask)
    y, x = rows - rows.mean(), cols - cols.mean()
    turn = 0.5 * math.atan2(2.0 * float((x * y).mean()), float((x * x).mean() - (y * y).mean()))
    worst = 0.0
    for axis in (turn, turn + math.pi / 2.0):
        c, s = math.cos(2.0 * axis), math.sin(2.0 * axis)
        at = np.rint(rows.mean() + s * x - c * y).astype(int)
        to = np.rint(cols.mean() + c * x + s * y).astype(int)
        at, to = np.clip(at, 0, mask.shape[0] - 1), np.clip(to, 0, mask.shape[1] - 1)
        worst = max(worst, float(1.0 - mask[at, to].mean()))
    return worst


def lesion(picture: Picture) -> tuple[Mask, Mask]:
    """The lesion without streaks, and with what sticks out of it.

    Raises Unmeasurable where none is to be seen.
    """
    green = smooth(picture.pixels[..., 1].astype(np.float64), 1.0)
    first = parts(opened(green < otsu(green), _STREAK_PX), 200.0)
    if not first:
        raise Unmeasurable("no lesion is to be seen")
    inner = only(first[0], green.shape)
    skin = float(np.median(green[~grown(inner, 25)]))
    # The ground shows at the margin; patches of other colours lie deeper.
    ring = filled(inner) & ~shrunk(filled(inner), 22) & shrunk(filled(inner), 6)
    ground = float(np.median(green[ring if ring.any() else inner]))
    near = green < (skin + ground) / 2.0
    whole = filled(only(parts(near)[0], green.shape))
    body = parts(opened(whole, _STREAK_PX))
    return only(body[0], green.shape), whole


def light(picture: Picture) -> Field:
    """Brightness, 0 to 255 (ITU-R BT.601)."""
    rgb = picture.pixels.astype(np.float64)
    return 0.299 * rgb[..., 0] + 0.587 * rgb[..., 1] + 0.114 * rgb[..., 2]


def _ground(picture: Picture, body: Mask) -> float:
    """Brightness of the ground of a lesion: the commonest one."""
    values = light(picture)[shrunk(body, 8)]
    counts, edges = np.histogram(values, bins=np.arange(40.0, 200.0, 2.0))
    near = np.convolve(counts, np.ones(7), "same")
    return float(edges[int(np.argmax(near))] + 1.0)


def criteria(picture: Picture, body: Mask, whole: Mask) -> dict[str, float | str]:
    """The seven criteria, "yes" or "no"."""
    rgb = picture.pixels.astype(np.float64)
    blurred = [smooth(rgb[..., c], 0.8) for c in range(3)]
    red, green, blue = blurred
    glow = 0.299 * red + 0.587 * green + 0.114 * blue
    inside, size = shrunk(body, 5), float(body.sum())
    dark = inside & (glow < _DARK + 6.0)
    blotch = opened(dark, _BLOTCH_PX)
    dots = [r for r in parts(dark & ~grown(blotch, 4), 10.0) if r.area < 400]
    ground = _ground(picture, body)
    odd = (blue > red) | (red - green > 85.0) | (glow > 185.0) | (glow < _DARK + 6.0)
    plain = inside & ~grown(inside & odd, 6)
    lines = plain & (glow < 0.8 * ground)
    streaks = [r for r in parts(whole & ~grown(body, 2), 12.0) if r.area < 400]
    found = {
        "atypical_pigment_network": lines.sum() > 0.08 * max(1.0, float(plain.sum())),
        "blue_whitish_veil": (inside & (blue > red + 8.0)).sum() > 0.015 * size,
        "atypical_vascular_pattern": (inside & (red - green > 85.0)).sum() > 0.004 * size,
        "irregular_streaks": len(streaks) >= 4,
        "irregular_pigmentation": blotch.sum() > 0.015 * size,
        "irregular_dots_globules": len(dots) >= 5,
        "regression_structures": (inside & (glow > 195.0)).sum() > 0.01 * size,
    }
    return {name: "yes" if found[name] else "no" for name in SIGNS}


def colours(picture: Picture, body: Mask, signs: dict[str, float | str]) -> tuple[str, ...]:
    """Which of the six colours of the ABCD rule take a visible part of the lesion."""
    pale = _ground(picture, body) > _LIGHT_GROUND
    seen = {
        "white": signs["regression_structures"] == "yes",
        "red": signs["atypical_vascular_pattern"] == "yes",
        "light brown": pale,
        "dark brown": not pale or signs["atypical_pigment_network"] == "yes",
        "blue-grey": signs["blue_whitish_veil"] == "yes",
        "black": signs["irregular_pigmentation"] == "yes",
    }
    return tuple(name for name, there in seen.items() if there)
