"""Pictures in files: PNG, JPEG and DICOM. Needs the extra `imaging` (Pillow, pydicom)."""

import io
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadPicture, MissingExtra
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
_PHANTOM = "phantom "
"""Opens the series description of a phantom; its kind follows."""


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtra("imaging") from error


def to_png(picture: Picture) -> bytes:
    """PNG as a screen shows it, 8 bits, with the spacing as dots per metre.

    Hounsfield units are lost: a CT slice is measured as DICOM. Raises MissingExtra.
    """
    image = _library("PIL.Image")
    out = io.BytesIO()
    more = {}
    if picture.spacing_mm is not None:
        height, width = picture.spacing_mm
        more["dpi"] = (25.4 / width, 25.4 / height)
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
    data.SeriesDescription = f"{_PHANTOM}{picture.kind}"
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
        return _from_dicom(content, frame)
    raise BadPicture("this is no PNG, JPEG or DICOM file")


def from_file(path: Path, frame: int = 0) -> Picture:
    """A picture from a PNG, JPEG or DICOM file. Raises BadPicture, MissingExtra."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadPicture(f"{path}: {error.strerror}") from error
    return from_bytes(content, frame)


def _from_image(content: bytes) -> Picture:
    image = _library("PIL.Image")
    try:
        opened = image.open(io.BytesIO(content))
        opened.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise BadPicture(f"the image cannot be read: {error}") from error
    plain = opened if opened.mode in {"L", "RGB", "I;16"} else opened.convert("RGB")
    dpi = opened.info.get("dpi") if opened.format == "PNG" else None
    spacing = None
    if dpi and min(dpi) > 0:
        spacing = (25.4 / float(dpi[1]), 25.4 / float(dpi[0]))
    return Picture(kind="", pixels=np.asarray(plain), spacing_mm=spacing)


def _from_dicom(content: bytes, frame: int) -> Picture:
    pydicom = _library("pydicom")
    try:
        data = pydicom.dcmread(io.BytesIO(content))
        frames = int(data.get("NumberOfFrames", 1) or 1)
        if not 0 <= frame < frames:
            raise BadPicture(f"frame {frame} of {frames}")
        pixels = pydicom.pixels.pixel_array(data, index=frame, raw=False)
        if data.get("PhotometricInterpretation") == "PALETTE COLOR":
            pixels = pydicom.pixels.apply_color_lut(pixels, data)
    except pydicom.errors.InvalidDicomError as error:
        raise BadPicture(f"the DICOM file cannot be read: {error}") from error
    except RuntimeError as error:
        # No decoder of that transfer syntax is installed, or it gave up.
        raise MissingExtra("imaging") from error
    except (AttributeError, KeyError, ValueError, NotImplementedError, EOFError) as error:
        raise BadPicture(f"the DICOM file cannot be read: {error}") from error
    return _dicom_picture(data, pixels)


def _dicom_picture(data: Any, pixels: Any) -> Picture:
    if pixels.dtype.itemsize > 1 and pixels.ndim == 3:
        # Palettes are often 16 bits deep.
        pixels = (pixels >> 8).astype(np.uint8)
    slope = float(data.get("RescaleSlope", 1) or 1)
    intercept = float(data.get("RescaleIntercept", 0) or 0)
    window = _window(data) if pixels.ndim == 2 else None
    if data.get("PhotometricInterpretation") == "MONOCHROME1":
        # White is least: turn it, so that more is brighter everywhere.
        top = (1 << int(data.BitsStored)) - 1
        pixels = (top - pixels.astype(np.int32)).clip(0).astype(np.uint16)
        window = (slope * top + 2 * intercept - window[0], window[1]) if window else None
    description = str(data.get("SeriesDescription", ""))
    kind = description.removeprefix(_PHANTOM) if description.startswith(_PHANTOM) else ""
    return Picture(
        kind=kind,
        pixels=pixels,
        spacing_mm=_spacing(data),
        modality=str(data.get("Modality", "OT")),
        slope=slope,
        intercept=intercept,
        window=window,
    )


def _window(data: Any) -> tuple[float, float] | None:
    centre, width = data.get("WindowCenter"), data.get("WindowWidth")
    if centre is None or width is None:
        return None
    first = [float(v[0] if hasattr(v, "__len__") else v) for v in (centre, width)]
    return (first[0], first[1]) if first[1] > 0 else None


def _spacing(data: Any) -> tuple[float, float] | None:
    found = data.get("PixelSpacing") or data.get("ImagerPixelSpacing")
    if not found and (groups := data.get("SharedFunctionalGroupsSequence")):
        inner = groups[0].get("PixelMeasuresSequence")
        found = inner[0].get("PixelSpacing") if inner else None
    if found:
        height, width = float(found[0]), float(found[1])
        return (height, width) if min(height, width) > 0 else None
    if regions := data.get("SequenceOfUltrasoundRegions"):
        sides = (regions[0].get("PhysicalDeltaY"), regions[0].get("PhysicalDeltaX"))
        # Unit 3 is centimetres (DICOM PS3.3, C.8.5.5).
        if regions[0].get("PhysicalUnitsXDirection") == 3 and all(sides):
            return abs(float(sides[0])) * 10.0, abs(float(sides[1])) * 10.0
    return None
