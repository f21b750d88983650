"""Pictures out of DICOM (PS3.3): pixels as numbers, what they mean, and how large they are."""

import io
import struct
import subprocess
import sys
import zlib
from importlib import import_module
from typing import Any

import numpy as np

from ..errors import BadPicture, MissingExtra
from .picture import Picture

PHANTOM = "phantom "
"""Opens the series description of a phantom; its kind follows."""
_MOST = 1 << 28
"""Most samples of a frame: a mammogram has a tenth of that."""
_DEFLATED = b"1.2.840.10008.1.2.1.99"
"""Deflated Explicit VR Little Endian (PS3.5 A.5): the data set is packed as a whole."""
_INFLATED, _PIECE = 1 << 30, 1 << 24
"""Bytes that a packed data set may have, and how many are unpacked at once to count them."""
_FRAGILE = "gdcm"
"""Ends the process with a segmentation fault on some damaged files (lossless JPEG, 3.2.6)."""
_PATIENCE_S = 60
_CHILD = """
import io, sys, warnings
import numpy, pydicom, pydicom.pixels
warnings.simplefilter("ignore")
data = pydicom.dcmread(io.BytesIO(sys.stdin.buffer.read()), force=True)
numpy.save(sys.stdout.buffer, pydicom.pixels.pixel_array(data, index=int(sys.argv[1]), raw=False))
"""
_DAMAGED = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What reading and decoding a damaged file ends in."""


def from_dicom(content: bytes, frame: int) -> Picture:
    """A frame of a DICOM file.

    Raises BadPicture, or MissingExtra where a library or a decoder is not installed.
    """
    try:
        pydicom = import_module("pydicom")
    except ImportError as error:
        raise MissingExtra("imaging") from error
    try:
        _measure(content)
        data = pydicom.dcmread(io.BytesIO(content))
        _check(data, frame)
        pixels = _pixels(pydicom, data, frame)
        return _picture(pydicom, data, pixels, frame)
    except (
        pydicom.errors.InvalidDicomError,
        pydicom.errors.BytesLengthException,
        *_DAMAGED,
    ) as error:
        raise BadPicture(f"the DICOM file cannot be read: {error}") from error


def _measure(content: bytes) -> None:
    """Refuse a small file that unpacks to a huge one, before anything keeps it in memory."""
    start = 144 + int.from_bytes(content[140:144], "little")
    if _DEFLATED not in content[:start]:
        return
    packed, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    left = content[start:]
    while left and size <= _INFLATED:
        size += len(packed.decompress(left, _PIECE))
        left = packed.unconsumed_tail
    if size > _INFLATED:
        raise BadPicture(f"the data set unpacks to more than {_INFLATED:,} bytes")


def _check(data: Any, frame: int) -> None:
    frames = int(data.get("NumberOfFrames", 1) or 1)
    if not 0 <= frame < frames:
        raise BadPicture(f"there is no frame {frame}: the frames are 0 to {frames - 1}")
    size = int(data.Rows), int(data.Columns), int(data.SamplesPerPixel)
    if min(size) < 1 or size[0] * size[1] * size[2] > _MOST:
        raise BadPicture(f"a frame of {size[0]} x {size[1]} pixels with {size[2]} samples each")


def _pixels(pydicom: Any, data: Any, frame: int) -> Any:
    syntax = data.file_meta.TransferSyntaxUID
    decoder = pydicom.pixels.get_decoder(syntax)
    if not decoder.is_available:
        raise MissingExtra("imaging")
    if syntax.is_compressed:
        pixels = _unpacked(pydicom, data, frame, decoder.available_plugins)
    else:
        pixels = pydicom.pixels.pixel_array(data, index=frame, raw=False)
    bits = int(data.BitsStored)
    if data.PhotometricInterpretation == "PALETTE COLOR":
        pixels = pydicom.pixels.apply_color_lut(pixels, data)
        # Palettes are often 16 bits deep.
        bits = 8 * pixels.dtype.itemsize
    if pixels.dtype.itemsize > 1 and pixels.ndim == 3:
        pixels = (pixels >> max(bits - 8, 0)).astype(np.uint8)
    return pixels


def _unpacked(pydicom: Any, data: Any, frame: int, plugins: tuple[str, ...]) -> Any:
    """The pixels by the first library that can, the fragile one last."""
    said: Exception | None = None
    for name in plugins:
        if name != _FRAGILE:
            try:
                return pydicom.pixels.pixel_array(
                    data, index=frame, raw=False, decoding_plugin=name
                )
            except RuntimeError as error:
                said = error
    if _FRAGILE in plugins:
        return _apart(data, frame)
    raise BadPicture(f"the pixels cannot be decoded: {said}") from said


def _apart(data: Any, frame: int) -> Any:
    """The pixels by the fragile library, in a process of its own: it may die with it."""
    whole = io.BytesIO()
    data.save_as(whole)
    run = [sys.executable, "-c", _CHILD, str(frame)]
    try:
        done = subprocess.run(  # noqa: S603 - our own words, and a number
            run, input=whole.getvalue(), capture_output=True, timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BadPicture(f"the pixels were not decoded in {_PATIENCE_S} s") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [
            f"the decoder died with {done.returncode}"
        ]
        raise BadPicture(f"the pixels cannot be decoded: {said[-1]}")
    return np.load(io.BytesIO(done.stdout))


def _picture(pydicom: Any, data: Any, pixels: Any, frame: int) -> Picture:
    if "ModalityLUTSequence" in data and pixels.ndim == 2:
        pixels = pydicom.pixels.apply_modality_lut(pixels, data)
        slope, intercept = 1.0, 0.0
    else:
        meaning = _group(data, frame, "PixelValueTransformationSequence")
        slope = float(meaning.get("RescaleSlope", 1) or 1)
        intercept = float(meaning.get("RescaleIntercept", 0) or 0)
    shown = _window(_group(data, frame, "FrameVOILUTSequence")) if pixels.ndim == 2 else None
    if data.PhotometricInterpretation == "MONOCHROME1":
        pixels, sum_ = _turned(pixels, int(data.BitsStored), signed=bool(data.PixelRepresentation))
        shown = (slope * sum_ + 2 * intercept - shown[0], shown[1]) if shown else None
    description = str(data.get("SeriesDescription", ""))
    return Picture(
        kind=description.removeprefix(PHANTOM) if description.startswith(PHANTOM) else "",
        pixels=pixels,
        spacing_mm=_spacing(data, frame),
        modality=str(data.get("Modality", "OT")),
        slope=slope,
        intercept=intercept,
        window=shown,
    )


def _turned(pixels: Any, bits: int, *, signed: bool) -> tuple[Any, int]:
    """White is least: turn it, so that more is brighter everywhere. Also least plus largest."""
    if signed:
        return (-1 - pixels.astype(np.int32)).astype(np.int16), -1
    top = (1 << bits) - 1
    return (top - pixels.astype(np.int32)).clip(0).astype(np.uint16), top


def _group(data: Any, frame: int, name: str) -> Any:
    """Where a frame's attributes stand: with the frame, with all frames, or in the file."""
    for groups, at in (
        ("PerFrameFunctionalGroupsSequence", frame),
        ("SharedFunctionalGroupsSequence", 0),
    ):
        if (found := data.get(groups)) and (inner := found[at].get(name)):
            return inner[0]
    return data


def _window(data: Any) -> tuple[float, float] | None:
    centre, width = data.get("WindowCenter"), data.get("WindowWidth")
    if centre is None or width is None:
        return None
    first = [float(v[0] if hasattr(v, "__len__") else v) for v in (centre, width)]
    return (first[0], first[1]) if first[1] > 0 else None


def _spacing(data: Any, frame: int) -> tuple[float, float] | None:
    """Height and width of a pixel in the patient, mm; None where the file does not tell."""
    found = _group(data, frame, "PixelMeasuresSequence").get("PixelSpacing")
    magnified = 1.0
    if not found and (factor := data.get("EstimatedRadiographicMagnificationFactor")):
        # Spacing at the detector is larger than in the patient; without the factor, nobody knows
        # by how much (PS3.3, 10.7.1.3).
        found, magnified = data.get("ImagerPixelSpacing"), float(factor)
    if found:
        sides = float(found[0]) / magnified, float(found[1]) / magnified
        return sides if min(sides) > 0 else None
    return _ultrasound(data.get("SequenceOfUltrasoundRegions") or ())


def _ultrasound(regions: Any) -> tuple[float, float] | None:
    """The scale of the regions in centimetres; None where there are several."""
    found = set()
    for one in regions:
        # Unit 3 is centimetres (PS3.3, C.8.5.5).
        units = one.get("PhysicalUnitsXDirection"), one.get("PhysicalUnitsYDirection")
        sides = one.get("PhysicalDeltaY"), one.get("PhysicalDeltaX")
        if units == (3, 3) and all(sides):
            found.add((abs(float(sides[0])) * 10.0, abs(float(sides[1])) * 10.0))
    return found.pop() if len(found) == 1 else None
