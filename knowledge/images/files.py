"""Pictures in files: PNG, JPEG and DICOM. Needs the extra `imaging` (Pillow, pydicom)."""

import io
import math
import struct
import warnings
import zlib
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadPicture, MissingExtra
from .dicom import PHANTOM, from_dicom
from .picture import Picture, shown

_CLASSES = {
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "MG": "1.2.840.10008.5.1.4.1.1.1.2",
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
}
"""Modality -> storage class (DICOM PS3.4, table B.5-1); any other is a secondary capture."""
_SECONDARY = "1.2.840.10008.5.1.4.1.1.7"
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_SPACING = "healthgym spacing mm"
"""Text of a PNG that holds height and width of a pixel: dots per inch tell of paper only."""


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtra("imaging") from error


def to_png(picture: Picture) -> bytes:
    """PNG as a screen shows it, 8 bits, with the spacing as text and as dots per metre.

    Hounsfield units are lost: a CT slice is measured as DICOM. Raises MissingExtra.
    """
    image = _library("PIL.Image")
    out = io.BytesIO()
    more: dict[str, Any] = {}
    if picture.spacing_mm is not None:
        height, width = picture.spacing_mm
        more["dpi"] = (25.4 / width, 25.4 / height)
        more["pnginfo"] = _library("PIL.PngImagePlugin").PngInfo()
        more["pnginfo"].add_text(_SPACING, f"{height!r} {width!r}")
    image.fromarray(shown(picture)).save(out, "PNG", compress_level=6, **more)
    return out.getvalue()


def to_dicom(picture: Picture) -> bytes:
    """DICOM, explicit little endian, without dates; identifiers follow from the pixels.

    Raises MissingExtra.
    """
    pydicom = _library("pydicom")
    digest = blake2b(picture.pixels.tobytes() + picture.kind.encode(), digest_size=16).digest()
    base = int.from_bytes(digest, "big")
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID = _CLASSES.get(picture.modality, _SECONDARY)
    # 2.25 is the root of identifiers made from a 128-bit number (ITU-T X.667).
    meta.MediaStorageSOPInstanceUID = f"2.25.{base}"
    meta.TransferSyntaxUID = _EXPLICIT_LITTLE
    data = pydicom.dataset.Dataset()
    data.file_meta = meta
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, f"2.25.{base}"
    data.StudyInstanceUID = f"2.25.{base ^ 1}"
    data.SeriesInstanceUID = f"2.25.{base ^ 2}"
    data.PatientName, data.PatientID = "PHANTOM", "PHANTOM"
    data.Modality = picture.modality
    data.SeriesDescription = f"{PHANTOM}{picture.kind}"
    _put_pixels(data, picture)
    out = io.BytesIO()
    pydicom.dcmwrite(out, data, enforce_file_format=True)
    return out.getvalue()


def _put_pixels(data: Any, picture: Picture) -> None:
    pixels = picture.pixels
    colour = pixels.ndim == 3
    bits = 8 * pixels.dtype.itemsize
    data.Rows, data.Columns = pixels.shape[:2]
    data.SamplesPerPixel = 3 if colour else 1
    data.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        data.PlanarConfiguration = 0
    data.BitsAllocated = data.BitsStored = bits
    data.HighBit = bits - 1
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    if not colour:
        data.RescaleSlope, data.RescaleIntercept = picture.slope, picture.intercept
    if picture.window is not None:
        data.WindowCenter, data.WindowWidth = picture.window
    if picture.spacing_mm is not None:
        data.PixelSpacing = [f"{side:.8g}" for side in picture.spacing_mm]
    data.PixelData = np.ascontiguousarray(pixels).tobytes()


def from_bytes(content: bytes, frame: int = 0) -> Picture:
    """A picture from the bytes of a PNG, JPEG or DICOM file; `frame` of one with several.

    Raises BadPicture, or MissingExtra where a library or a decoder is not installed.
    """
    if content[:8] == b"\x89PNG\r\n\x1a\n" or content[:3] == b"\xff\xd8\xff":
        return _from_image(content)
    if content[128:132] == b"DICM":
        return from_dicom(content, frame)
    raise BadPicture("this is no PNG, JPEG or DICOM file")


def from_file(path: Path, frame: int = 0) -> Picture:
    """A picture from a PNG, JPEG or DICOM file. Raises BadPicture (names it), MissingExtra."""
    try:
        return from_bytes(path.read_bytes(), frame)
    except OSError as error:
        raise BadPicture(f"{path}: {error.strerror}") from error
    except BadPicture as error:
        raise BadPicture(f"{path}: {error}") from error


def _from_image(content: bytes) -> Picture:
    image, turn = _library("PIL.Image"), _library("PIL.ImageOps")
    bombs = (image.DecompressionBombError, image.DecompressionBombWarning)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", image.DecompressionBombWarning)
            opened = image.open(io.BytesIO(content))
            told = opened.info.get(_SPACING, "")
            # A camera's picture may lie on its side and say so (EXIF).
            upright = turn.exif_transpose(opened)
        spacing = _told(told)
    except bombs as error:
        raise BadPicture(f"the image is too large: {error}") from error
    except (OSError, SyntaxError, ValueError, LookupError, struct.error, zlib.error) as error:
        raise BadPicture(f"the image cannot be read: {error}") from error
    return Picture(kind="", pixels=_plain(upright), spacing_mm=spacing)


def _plain(opened: Any) -> Any:
    """Grey of 8 or 16 bits, or RGB of 8."""
    if opened.mode.startswith("I"):
        return np.asarray(opened).clip(0, 65535).astype(np.uint16)
    grey = {"1", "L", "LA"}
    return np.asarray(opened.convert("L" if opened.mode in grey else "RGB"))


def _told(text: str) -> tuple[float, float] | None:
    """The spacing that `to_png` wrote. Raises ValueError."""
    if not text:
        return None
    height, width = (float(side) for side in text.split())
    if not (0 < height < math.inf and 0 < width < math.inf):
        raise ValueError(f"a pixel of {text} mm")
    return height, width
