"""Brushes of the phantoms: grain, clouds, soft shapes, lettering. Units are pixels.

Basic arithmetic where it will do: adding and multiplying round the same on every machine, while
exponentials and cosines of NumPy may differ in the last bit between processors.
"""

import math
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
from numpy.random import Philox

from ..rng import Stream
from .font import GLYPHS

Field = npt.NDArray[np.float64]
T = TypeVar("T")


def fixed_or(fixed: Mapping[str, Any], name: str, drawn: T) -> T:
    """The given value of a field, else the drawn one; the dice fall either way."""
    value: T = fixed.get(name, drawn)
    return value


def made(truth: type[T], **fields: Any) -> T:
    """A truth from its fields, checked against their types. Raises msgspec.ValidationError."""
    return msgspec.convert(fields, truth)


def words(count: int, *parts: object) -> npt.NDArray[np.uint64]:
    """Raw 64-bit words of the stream named by `parts`."""
    name = "\x1f".join(str(p) for p in parts).encode()
    key = int.from_bytes(blake2b(name, digest_size=16).digest(), "little")
    return np.asarray(Philox(key=key).random_raw(count), np.uint64)


def grain(shape: tuple[int, int], *parts: object) -> Field:
    """Independent noise of mean 0 and standard deviation 1, nearly Gaussian.

    The sum of the four 16-bit quarters of a word: exact in integers.
    """
    w = words(shape[0] * shape[1], *parts)
    mask = np.uint64(0xFFFF)
    total = (w & mask) + ((w >> np.uint64(16)) & mask)
    total += ((w >> np.uint64(32)) & mask) + (w >> np.uint64(48))
    return ((total.astype(np.float64) - 131070.0) / 37837.0).reshape(shape)


def clouds(shape: tuple[int, int], cell: float, *parts: object) -> Field:
    """Smooth noise of standard deviation about 1 that changes over `cell` pixels."""
    rows, cols = (int(n / cell) + 3 for n in shape)
    coarse = grain((rows, cols), *parts) * 1.5
    return _stretched(_stretched(coarse, shape[0], cell).T, shape[1], cell).T


def _stretched(coarse: Field, size: int, cell: float) -> Field:
    at = np.arange(size) / cell
    low = at.astype(np.int64)
    t = at - low
    t = (t * t * (3.0 - 2.0 * t))[:, None]
    stretched: Field = coarse[low] * (1.0 - t) + coarse[low + 1] * t
    return stretched


def grid(shape: tuple[int, int]) -> tuple[Field, Field]:
    """Row and column of every pixel's centre, as a column and a row that broadcast."""
    return (
        np.arange(shape[0], dtype=np.float64)[:, None] + 0.5,
        np.arange(shape[1], dtype=np.float64)[None, :] + 0.5,
    )


def soft(distance: Field, width: float) -> Field:
    """1 inside (distance < 0), 0 outside, a smooth step `width` wide around the border."""
    t = np.clip(0.5 - distance / width, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def bump(x: Field) -> Field:
    """About exp(-x*x/2), by squaring only."""
    y = np.maximum(1.0 - x * x / 32.0, 0.0)
    for _ in range(4):
        y = y * y
    return y


def radius(shape: tuple[int, int], at: tuple[float, float], axes: tuple[float, float]) -> Field:
    """Distance from `at` (row, column) in units of the half axes (rows, columns)."""
    y, x = grid(shape)
    return np.sqrt(((y - at[0]) / axes[0]) ** 2 + ((x - at[1]) / axes[1]) ** 2)


def ellipse(
    shape: tuple[int, int],
    at: tuple[float, float],
    axes: tuple[float, float],
    turn_rad: float = 0.0,
) -> Field:
    """Signed distance to an ellipse, near its border in pixels; negative inside."""
    y, x = grid(shape)
    dy, dx = y - at[0], x - at[1]
    c, s = math.cos(turn_rad), math.sin(turn_rad)
    u, v = (dy * c + dx * s) / axes[0], (dx * c - dy * s) / axes[1]
    r = np.sqrt(u * u + v * v)
    slope = np.sqrt((u / axes[0]) ** 2 + (v / axes[1]) ** 2)
    return (r - 1.0) * r / np.maximum(slope, 1e-9)


def _angles(shape: tuple[int, int], at: tuple[float, float]) -> Field:
    """Angle of every pixel seen from `at`, radians."""
    y, x = grid(shape)
    return np.arctan2(y - at[0], x - at[1])


def polar(shape: tuple[int, int], at: tuple[float, float], rim: Field) -> Field:
    """Distance outside a closed outline around `at`: `rim` is its radius at equal angles."""
    y, x = grid(shape)
    r = np.sqrt((y - at[0]) ** 2 + (x - at[1]) ** 2)
    place = (_angles(shape, at) / (2.0 * math.pi) % 1.0) * len(rim)
    low = place.astype(np.int64) % len(rim)
    t = place - np.floor(place)
    return r - (rim[low] * (1.0 - t) + rim[(low + 1) % len(rim)] * t)


def line(shape: tuple[int, int], a: tuple[float, float], b: tuple[float, float]) -> Field:
    """Distance to the segment between two points (row, column)."""
    y, x = grid(shape)
    dy, dx = b[0] - a[0], b[1] - a[1]
    t = ((y - a[0]) * dy + (x - a[1]) * dx) / max(dy * dy + dx * dx, 1e-9)
    t = np.clip(t, 0.0, 1.0)
    return np.sqrt((y - a[0] - t * dy) ** 2 + (x - a[1] - t * dx) ** 2)


Twig = tuple[tuple[float, float], tuple[float, float], float]
"""A piece of a vessel: from, to (row, column) and half width."""


def tree(
    s: Stream, root: tuple[float, float], turn: float, step: float, width: float, left: int
) -> list[Twig]:
    """A vessel that wanders, tapers and forks: `left` pieces of `step` pixels along its stem.

    `turn` is its first direction in radians, 0 to the right and growing downwards.
    """
    twigs: list[Twig] = []
    while left > 0 and width > 0.45:
        tip = (root[0] + step * math.sin(turn), root[1] + step * math.cos(turn))
        twigs.append((root, tip, width))
        root, left, width = tip, left - 1, width * s.uniform(0.82, 0.92)
        if s.bernoulli(0.45):
            fork = s.choice((-1.0, 1.0)) * s.uniform(0.4, 0.8)
            twigs += tree(s, tip, turn + fork, step * 0.9, width * 0.75, left - 1)
            turn -= 0.4 * fork
        turn += s.uniform(-0.22, 0.22)
    return twigs


def twig(field: Field, piece: Twig, edge: float) -> tuple[tuple[slice, slice], Field]:
    """The part of a picture around a piece of a vessel, and how much the piece covers of it."""
    a, b, half = piece
    middle = ((a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0)
    rows, cols, _ = box(
        (field.shape[0], field.shape[1]), middle, math.dist(a, b) / 2.0 + half + edge + 1.0
    )
    shape = field[rows, cols].shape
    own = [(p[0] - rows.start, p[1] - cols.start) for p in (a, b)]
    return (rows, cols), soft(line(shape, own[0], own[1]) - half, edge)


def blurred(field: Field, reach: int) -> Field:
    """Mean over a square of side 2 * reach + 1, the borders repeated."""
    if reach < 1:
        return field
    for _ in range(2):
        padded = np.pad(field, ((reach + 1, reach), (0, 0)), mode="edge")
        total = np.cumsum(padded, axis=0)
        field = ((total[2 * reach + 1 :] - total[: -2 * reach - 1]) / (2 * reach + 1)).T
    return field


def box(
    shape: tuple[int, int], at: tuple[float, float], reach: float
) -> tuple[slice, slice, tuple[float, float]]:
    """The part of a picture within `reach` of a point, and the point seen from there."""
    top, left = max(0, int(at[0] - reach)), max(0, int(at[1] - reach))
    bottom, right = min(shape[0], int(at[0] + reach) + 2), min(shape[1], int(at[1] + reach) + 2)
    # What lies wholly outside is an empty part.
    rows, cols = slice(top, max(top, bottom)), slice(left, max(left, right))
    return rows, cols, (at[0] - top, at[1] - left)


def write(field: Field, text: str, at: tuple[int, int], value: float, scale: int = 1) -> None:
    """Letter a text in place, its upper left corner at (row, column); unknown letters are blank."""
    row, col = at
    for letter in text:
        for dy, bits in enumerate(GLYPHS.get(letter, ())):
            for dx in range(5):
                if bits >> (4 - dx) & 1:
                    y, x = row + dy * scale, col + dx * scale
                    field[y : y + scale, x : x + scale] = value
        col += 6 * scale


def grey(field: Field) -> npt.NDArray[np.uint8]:
    """Rounded and cut to 0..255."""
    return np.clip(np.rint(field), 0, 255).astype(np.uint8)


def mixed(colour: Field, share: Field, paint: tuple[float, float, float]) -> None:
    """Lay a paint over a colour picture in place, opaque where `share` is 1."""
    for channel, value in enumerate(paint):
        colour[..., channel] += share * (value - colour[..., channel])
