"""Regions of a picture: found, refined, and how large and how regular they are.

Needs the extra `imaging` (scikit-image).
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import MissingExtra, Unmeasurable
from ..drawing import Field

Mask = npt.NDArray[np.bool_]


def skimage(part: str) -> Any:
    """A part of scikit-image, such as `measure`. Raises MissingExtra."""
    from importlib import import_module

    try:
        return import_module(f"skimage.{part}")
    except ImportError as error:
        raise MissingExtra("imaging") from error


def scipy_ndimage() -> Any:
    """The image filters of SciPy, which scikit-image brings. Raises MissingExtra."""
    from importlib import import_module

    try:
        return import_module("scipy.ndimage")
    except ImportError as error:
        raise MissingExtra("imaging") from error


def parts(mask: Mask, least_px: float = 1.0) -> list[Any]:
    """Connected parts of a mask, the largest first (ties: the upper one first)."""
    labelled = skimage("measure").label(mask, connectivity=1)
    found = [r for r in skimage("measure").regionprops(labelled) if r.area >= least_px]
    return sorted(found, key=lambda r: (-r.area, r.label))


def only(region: Any, shape: tuple[int, ...]) -> Mask:
    """The mask of one part."""
    mask = np.zeros(shape[:2], bool)
    mask[region.coords[:, 0], region.coords[:, 1]] = True
    return mask


def filled(mask: Mask) -> Mask:
    """The mask without holes."""
    result: Mask = scipy_ndimage().binary_fill_holes(mask)
    return result


def _around(mask: Mask, reach: int) -> tuple[slice, slice]:
    """The rows and columns of a mask and `reach` beyond: distances are dear on a whole picture."""
    rows, cols = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    return (
        slice(max(0, int(rows[0]) - reach), int(rows[-1]) + reach + 1),
        slice(max(0, int(cols[0]) - reach), int(cols[-1]) + reach + 1),
    )


def grown(mask: Mask, reach: int) -> Mask:
    """The mask grown by a disc."""
    result = np.zeros(mask.shape, bool)
    if mask.any():
        part = _around(mask, reach + 1)
        result[part] = scipy_ndimage().distance_transform_edt(~mask[part]) <= reach
    return result


def shrunk(mask: Mask, reach: int) -> Mask:
    """The mask shrunk by a disc; what lies beyond the picture counts as outside."""
    result = np.zeros(mask.shape, bool)
    if mask.any():
        part = _around(mask, 0)
        inner = scipy_ndimage().distance_transform_edt(np.pad(mask[part], 1))[1:-1, 1:-1]
        result[part] = inner > reach
    return result


def opened(mask: Mask, reach: int) -> Mask:
    """The mask without what is narrower than the disc."""
    return grown(shrunk(mask, reach), reach)


def smooth(field: Field, sigma_px: float) -> Field:
    """Gaussian blur."""
    result: Field = scipy_ndimage().gaussian_filter(field, sigma_px)
    return result


def otsu(values: Field) -> float:
    """Threshold between two groups of values (Otsu 1979). Raises Unmeasurable on a flat field."""
    if float(np.ptp(values)) == 0.0:
        raise Unmeasurable("the picture is flat")
    return float(skimage("filters").threshold_otsu(values))


def half_height(field: Field, mask: Mask, reach: int, within: Mask | None = None) -> Mask:
    """The part again, its border where the field is half way to what surrounds it.

    `reach` is the distance, pixels, in which the border is sought; `within` limits what counts
    as surroundings.
    """
    near = grown(mask, reach)
    around = grown(mask, 2 * reach) & ~near
    if within is not None:
        around &= within
    core = shrunk(mask, 2)
    inside = float(np.median(field[core if core.any() else mask]))
    if not around.any():
        return mask
    outside = float(np.median(field[around]))
    middle = (inside + outside) / 2.0
    again = near & ((field > middle) if inside > outside else (field < middle))
    found = parts(again)
    return filled(only(found[0], mask.shape)) if found else mask


def diameter_px(area_px: float) -> float:
    """Diameter of the circle of this area."""
    return 2.0 * math.sqrt(area_px / math.pi)


def extent_px(mask: Mask) -> tuple[float, float]:
    """Longest diameter of a mask, and the extent at right angles to it.

    Raises Unmeasurable where the mask is empty.
    """
    rows, cols = np.nonzero(mask ^ shrunk(mask, 1))
    if len(rows) == 0:
        raise Unmeasurable("there is nothing to measure")
    turn = np.arange(0.0, math.pi, math.pi / 90.0)
    along = rows[:, None] * np.sin(turn) + cols[:, None] * np.cos(turn)
    reach = along.max(axis=0) - along.min(axis=0) + 1.0
    best = int(np.argmax(reach))
    return float(reach[best]), float(reach[(best + 45) % 90])


def turn_of(mask: Mask) -> float:
    """Angle of the longest diameter, degrees from the horizontal, 0 to 180."""
    rows, cols = np.nonzero(mask)
    turn = np.arange(0.0, math.pi, math.pi / 90.0)
    along = rows[:, None] * np.sin(turn) + cols[:, None] * np.cos(turn)
    reach = along.max(axis=0) - along.min(axis=0)
    return float(np.degrees(turn[int(np.argmax(reach))]))


def rim(mask: Mask, points: int = 180) -> Field:
    """Radius of a mask around its centre of gravity at equal angles, pixels: the outer border."""
    rows, cols = np.nonzero(mask)
    if len(rows) == 0:
        raise Unmeasurable("there is nothing to measure")
    y, x = float(rows.mean()), float(cols.mean())
    turn = np.arange(points) * (2.0 * math.pi / points)
    steps = np.arange(0.0, float(np.hypot(rows - y, cols - x).max()) + 2.0, 0.25)
    at = np.rint(y + steps * np.sin(turn)[:, None]).astype(int)
    to = np.rint(x + steps * np.cos(turn)[:, None]).astype(int)
    inside = mask[np.clip(at, 0, mask.shape[0] - 1), np.clip(to, 0, mask.shape[1] - 1)]
    last = inside.shape[1] - 1 - np.argmax(inside[:, ::-1], axis=1)
    return np.asarray(steps[last] + 0.25)


def roughness(radii: Field, upto: int = 3) -> float:
    """Share of the mean radius by which an outline departs from its first waves (0: smooth).

    Root mean square of what the first `upto` Fourier waves of the radius leave over.
    """
    waves = np.fft.rfft(radii)
    waves[: upto + 1] = 0.0
    rest = np.fft.irfft(waves, len(radii))
    return float(np.sqrt(np.mean(rest * rest)) / radii.mean())
