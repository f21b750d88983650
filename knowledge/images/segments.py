"""The lesion of a picture as a region: where it lies, how large and how bright it is."""

import msgspec
import numpy as np

from ..errors import Unmeasurable
from . import measurer
from .picture import Picture


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A segmented region."""

    area_mm2: float
    row: float
    """Centre of gravity, pixels from the top."""
    column: float
    """Pixels from the left."""
    height_mm: float
    """Of the upright box around it."""
    width_mm: float
    mean: float
    """Mean value in the unit of the picture: Hounsfield units of a CT slice, else grey 0 to 255."""
    sd: float
    around: float
    """Mean value in a frame as wide as a quarter of the region around its box."""


def segment(kind: str, picture: Picture) -> Segment:
    """Segment the lesion of a kind of picture that has one.

    Raises UnknownPicture, MissingExtra without scikit-image, Unmeasurable where there is none to
    be seen or this kind has none (a strip of paper).
    """
    find = getattr(measurer(kind), "region", None)
    if find is None:
        raise Unmeasurable(f"a picture of kind {kind} holds no single region")
    mask = find(picture)
    rows, cols = np.nonzero(mask)
    values = picture.values if picture.pixels.ndim == 2 else picture.values.mean(axis=2)
    own = values[mask]
    top, bottom, left, right = rows.min(), rows.max() + 1, cols.min(), cols.max() + 1
    edge = max(2, int(max(bottom - top, right - left)) // 4)
    frame = np.zeros(mask.shape, bool)
    frame[max(top - edge, 0) : bottom + edge, max(left - edge, 0) : right + edge] = True
    frame[top:bottom, left:right] = False
    mm = picture.mm
    return Segment(
        area_mm2=round(float(mask.sum()) * mm * mm, 1),
        row=round(float(rows.mean()), 1),
        column=round(float(cols.mean()), 1),
        height_mm=round(float(bottom - top) * mm, 1),
        width_mm=round(float(right - left) * mm, 1),
        mean=round(float(own.mean()), 1),
        sd=round(float(own.std()), 1),
        around=round(float(values[frame].mean()), 1),
    )
