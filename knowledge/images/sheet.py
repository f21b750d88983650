"""Several pictures on one sheet, three in a row, each with its kind."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .drawing import Field, grey, write
from .picture import Picture, shown

_TILE = (320, 480)
_HEAD = 26


def sheet(pictures: Sequence[Picture]) -> Picture:
    """A contact sheet in colour, without spacing: the pictures are scaled each for itself."""
    rows = (len(pictures) + 2) // 3
    field = np.full((rows * (_TILE[0] + _HEAD), 3 * _TILE[1], 3), 24.0)
    for number, picture in enumerate(pictures):
        top, left = number // 3 * (_TILE[0] + _HEAD), number % 3 * _TILE[1]
        tile = _scaled(shown(picture))
        y = top + _HEAD + (_TILE[0] - tile.shape[0]) // 2
        x = left + (_TILE[1] - tile.shape[1]) // 2
        field[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
        for channel in range(3):
            name = picture.kind.replace("_", " ")
            write(field[..., channel], name, (top + 6, left + 8), 220.0, 2)
    return Picture(kind="", pixels=grey(field), spacing_mm=None)


def _scaled(pixels: npt.NDArray[np.uint8]) -> Field:
    """Averaged over squares so that it fits a tile."""
    colour = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    size = min(_TILE[0] / colour.shape[0], _TILE[1] / colour.shape[1])
    height, width = int(colour.shape[0] * size), int(colour.shape[1] * size)
    flat = _strips(colour.astype(np.float64), height)
    return _strips(flat.transpose(1, 0, 2), width).transpose(1, 0, 2)


def _strips(field: Field, count: int) -> Field:
    edges = np.linspace(0, field.shape[0], count + 1).astype(int)
    total = np.concatenate((np.zeros((1, *field.shape[1:])), np.cumsum(field, axis=0)))
    spans = np.maximum(np.diff(edges), 1)[:, None, None]
    return np.asarray((total[edges[:-1] + spans[:, 0, 0]] - total[edges[:-1]]) / spans)
