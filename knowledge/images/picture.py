"""A picture: pixels with their spacing, and simple views of it. Needs NumPy only."""

from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt

from ..errors import BadPicture

Positive = Annotated[float, msgspec.Meta(gt=0)]
Size = Annotated[float, msgspec.Meta(ge=0, le=400)]
"""A length that may be missing."""
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=300)]

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.int16]


class Tolerance(msgspec.Struct, frozen=True):
    """How far a measure may be off: the larger of two limits."""

    absolute: float
    """In the unit of the measure."""
    relative: float = 0.0
    """Share of the true value."""
    reason: str = ""

    def at(self, true: float) -> float:
        """The limit at a true value."""
        return max(self.absolute, self.relative * abs(true))


class Picture(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Pixels, grey (rows, columns) or colour (rows, columns, 3), and what they measure."""

    kind: str
    """Kind of phantom, or "" for a picture that came from elsewhere."""
    pixels: Pixels
    spacing_mm: tuple[float, float] | None
    """Height and width of a pixel, mm; None where it is not known."""
    modality: str = "OT"
    """DICOM modality: DX, CT, MG, US, XC (photograph), OP (fundus), SM (slide), ECG, OT."""
    slope: float = 1.0
    intercept: float = 0.0
    """Meaning of a stored value: value * slope + intercept, Hounsfield units for CT."""
    window: tuple[float, float] | None = None
    """Centre and width of the usual window, in those units."""

    @property
    def mm(self) -> float:
        """Side of a square pixel, mm. Raises BadPicture where it is unknown or not square."""
        if self.spacing_mm is None:
            raise BadPicture("the picture does not say how large its pixels are")
        height, width = self.spacing_mm
        if abs(height - width) > 1e-3 * width:
            raise BadPicture(f"pixels of {height} x {width} mm are not square")
        return height

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """Pixels in the unit of the modality."""
        return self.pixels.astype(np.float64) * self.slope + self.intercept


def windowed(picture: Picture, centre: float, width: float) -> npt.NDArray[np.uint8]:
    """Grey values 0..255 of a window, in the units of the picture. Raises BadPicture."""
    if width <= 0:
        raise BadPicture(f"a window {width} wide shows nothing")
    share = (picture.values - (centre - width / 2)) / width
    return np.rint(np.clip(share, 0.0, 1.0) * 255.0).astype(np.uint8)


def shown(picture: Picture) -> npt.NDArray[np.uint8]:
    """The picture as a screen shows it: 8 bits, through its window or from least to largest."""
    if picture.window is not None:
        return windowed(picture, *picture.window)
    if picture.pixels.dtype == np.uint8:
        return picture.pixels.astype(np.uint8)
    low, high = float(picture.values.min()), float(picture.values.max())
    return windowed(picture, (low + high) / 2, max(high - low, 1.0))


def contrast(picture: Picture, factor: float) -> npt.NDArray[np.uint8]:
    """The shown picture with its grey values spread around their mean. Raises BadPicture."""
    if factor <= 0:
        raise BadPicture(f"a contrast of {factor} shows nothing")
    grey = shown(picture).astype(np.float64)
    spread = (grey - grey.mean()) * factor + grey.mean()
    return np.asarray(np.clip(np.rint(spread), 0, 255), np.uint8)


def histogram(picture: Picture, bins: int = 32) -> list[tuple[float, float, int]]:
    """From, to and count of pixels by value, in the units of the picture. Raises BadPicture."""
    if bins < 1:
        raise BadPicture("a histogram needs a bin")
    counts, edges = np.histogram(picture.values, bins=bins)
    return [
        (float(a), float(b), int(n)) for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True)
    ]


def crop(picture: Picture, top: int, left: int, height: int, width: int) -> Picture:
    """A part of the picture. Raises BadPicture where it does not lie wholly inside."""
    rows, cols = picture.pixels.shape[:2]
    if min(top, left) < 0 or min(height, width) < 1 or top + height > rows or left + width > cols:
        raise BadPicture(f"{height} x {width} from ({top}, {left}) leaves {rows} x {cols} pixels")
    part = picture.pixels[top : top + height, left : left + width].copy()
    return msgspec.structs.replace(picture, pixels=part)
