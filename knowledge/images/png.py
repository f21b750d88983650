"""PNG with the same bytes on every machine: what the log names by digest is drawn anew, and equal.

Compressors differ between versions; here the pixels lie in the stored blocks of RFC 1951, section
3.2.4, so a picture of 512 x 512 grey values takes 257 KiB. Needs NumPy only.
"""

import struct
import zlib

import numpy as np
import numpy.typing as npt

from ..errors import BadPicture

_BLOCK = 65535


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _stored(data: bytes) -> bytes:
    """A zlib stream (RFC 1950) of uncompressed blocks."""
    parts = [b"\x78\x01"]
    for at in range(0, max(len(data), 1), _BLOCK):
        block = data[at : at + _BLOCK]
        last = at + _BLOCK >= len(data)
        parts.append(struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block)
    return b"".join((*parts, struct.pack(">I", zlib.adler32(data))))


def plain_png(grey: npt.NDArray[np.uint8]) -> bytes:
    """8-bit pixels, (rows, columns) or (rows, columns, 3), as a PNG file. Raises BadPicture."""
    if grey.dtype != np.uint8 or grey.ndim not in {2, 3} or (grey.ndim == 3 and grey.shape[2] != 3):
        raise BadPicture("a plain PNG holds 8-bit grey or RGB pixels")
    rows, cols = grey.shape[:2]
    lines = np.zeros((rows, 1 + grey[0].size), np.uint8)
    lines[:, 1:] = grey.reshape(rows, -1)
    header = struct.pack(">IIBBBBB", cols, rows, 8, 0 if grey.ndim == 2 else 2, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", _stored(lines.tobytes())),
            _chunk(b"IEND", b""),
        )
    )
