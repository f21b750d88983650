"""Ultrasound of a thyroid nodule in cross section, with the features that ACR TI-RADS scores.

The features and their names are those of Tessler 2017 (J Am Coll Radiol 14:587); the skin is at
the top.
"""

import math
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import numpy as np

from ..rng import Stream
from ..rng import stream as named
from .drawing import (
    Field,
    blurred,
    box,
    clouds,
    ellipse,
    fixed_or,
    grain,
    grey,
    grid,
    made,
    polar,
    radius,
    soft,
    write,
)
from .picture import Picture, Positive

SIZE = (512, 512)
MM = 0.1
"""Side of a pixel, mm."""
_POINTS = 360
_GLAND = 128.0
LEVELS = {"anechoic": 12.0, "hypoechoic": 74.0, "isoechoic": 128.0}
"""Grey of a nodule against a gland of 128."""
Composition = Literal["cystic", "mixed", "solid", "spongiform"]
Echogenicity = Literal["anechoic", "hypoechoic", "isoechoic"]
Foci = Literal["none", "macrocalcifications", "punctate echogenic foci"]


class Truth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the nodule hides."""

    composition: Composition
    echogenicity: Echogenicity
    margin: Literal["smooth", "lobulated or irregular"]
    echogenic_foci: Foci
    max_diameter_mm: Positive
    height_over_width: Positive
    """Above 1 it is taller than wide."""
    shape: int
    """Number that fixes how the waves of the outline lie."""

    @property
    def taller_than_wide(self) -> bool:
        """Whether the front-to-back size exceeds the width."""
        return self.height_over_width > 1.0


def draw(s: Stream, fixed: Mapping[str, Any]) -> Truth:
    """Half of the nodules are solid; fluid is anechoic, and only solid parts have foci."""
    weights = {"solid": 4.0, "mixed": 1.5, "cystic": 1.5, "spongiform": 1.0}
    composition = fixed_or(fixed, "composition", s.weighted(weights))
    solid = composition == "solid"
    level, margin = s.choice(("hypoechoic", "isoechoic")), s.bernoulli(0.4)
    foci = s.weighted({"none": 2.0, "macrocalcifications": 1.0, "punctate echogenic foci": 1.0})
    flat, tall, is_tall = s.uniform(0.62, 0.88), s.uniform(1.12, 1.35), s.bernoulli(0.3)
    return made(
        Truth,
        composition=composition,
        echogenicity="anechoic" if composition == "cystic" else level if solid else "isoechoic",
        margin="lobulated or irregular" if solid and margin else "smooth",
        echogenic_foci=foci if solid else "none",
        max_diameter_mm=round(s.uniform(8.0, 28.0), 1),
        height_over_width=round(tall if solid and is_tall else flat, 2),
        shape=s.integer(0, 9999),
    )


def outline(truth: Truth) -> Field:
    """Radius of the nodule at equal angles, pixels; its longest diameter is the truth's."""
    s = named("images", "thyroid", "outline", truth.shape)
    turn = np.arange(_POINTS) * (2.0 * math.pi / _POINTS)
    tall = truth.height_over_width
    rim = 1.0 / np.sqrt(np.cos(turn) ** 2 + (np.sin(turn) / tall) ** 2)
    if truth.margin != "smooth":
        for k in (6, 8, 11):
            rim = rim * (1.0 + s.uniform(0.045, 0.06) * np.cos(k * turn + s.uniform(0.0, 6.28)))
    y, x = rim * np.sin(turn), rim * np.cos(turn)
    height, width = float(np.ptp(y)), float(np.ptp(x))
    # The sides keep their ratio whatever the waves do.
    y *= tall * width / height
    directions = np.arange(0.0, math.pi, math.pi / 180.0)
    along = y[:, None] * np.sin(directions) + x[:, None] * np.cos(directions)
    scale = truth.max_diameter_mm / MM / float((along.max(axis=0) - along.min(axis=0)).max())
    at = np.arctan2(y, x) % (2.0 * math.pi)
    order = np.argsort(at)
    radii = np.hypot(y, x)[order] * scale
    return np.asarray(np.interp(turn, at[order], radii, period=2.0 * math.pi))


def render(truth: Truth, seed: int) -> Picture:
    """The scan, 512 x 512 grey values."""
    s = named("images", "thyroid", seed, "anatomy")
    at = (268.0 + s.uniform(-10.0, 10.0), 250.0 + s.uniform(-20.0, 20.0))
    distance = polar(SIZE, at, outline(truth))
    field = _neck(s, at, seed)
    field += soft(distance, 4.0) * (_body(truth, distance, seed) - field)
    if truth.composition == "cystic":
        field *= 1.0 + 0.18 * _behind(distance, at)
    field = _speckled(field, seed)
    _foci(field, truth, at, s)
    field += 1.5 * grain(SIZE, "images", "thyroid", seed, "grain")
    _ruler(field)
    return Picture(kind="thyroid", pixels=grey(field), spacing_mm=(MM, MM), modality="US")


def _neck(s: Stream, at: tuple[float, float], seed: int) -> Field:
    """Skin, fat, strap muscles, the gland, trachea on one side and carotid on the other."""
    y, _ = grid(SIZE)
    wavy = 6.0 * clouds((1, SIZE[1]), 120.0, "images", "thyroid", seed, "layers")[0][None, :]
    field = 96.0 + 6.0 * clouds(SIZE, 30.0, "images", "thyroid", seed, "tissue")
    depth = y - wavy
    field += 74.0 * soft(depth - 16.0, 8.0) - 26.0 * soft(np.abs(depth - 34.0) - 10.0, 8.0)
    muscle = soft(np.abs(depth - 62.0) - 16.0, 8.0)
    stripes = clouds((SIZE[0], 1), 4.0, "images", "thyroid", seed, "fibres")
    field += muscle * (58.0 + 12.0 * stripes - field)
    gland = soft(ellipse(SIZE, (at[0], 252.0), (172.0, 214.0)), 8.0) * soft(82.0 - depth, 8.0)
    field += gland * (_GLAND - field)
    # The capsule is a thin bright line.
    rim = np.abs(ellipse(SIZE, (at[0], 252.0), (172.0, 214.0)) - 2.0)
    field += 16.0 * soft(rim - 1.0, 3.0) * soft(86.0 - depth, 6.0)
    side = s.choice((-1.0, 1.0))
    _tube(field, (270.0, 256.0 + side * 268.0), (120.0, 62.0), 22.0, 70.0)
    _tube(field, (300.0, 256.0 - side * 236.0), (44.0, 40.0), 12.0, 46.0)
    field -= 0.05 * np.maximum(y - 330.0, 0.0)
    return field


def _tube(
    field: Field, at: tuple[float, float], axes: tuple[float, float], level: float, wall: float
) -> None:
    """A dark hollow with a bright wall."""
    rows, cols, own = box(SIZE, at, max(axes) + 10.0)
    part = field[rows, cols]
    distance = ellipse(part.shape, own, axes)
    part += soft(distance, 5.0) * (level - part) + wall * soft(np.abs(distance) - 2.5, 5.0)


def _body(truth: Truth, distance: Field, seed: int) -> Field:
    """What fills the nodule."""
    level = LEVELS[truth.echogenicity]
    texture = 1.0 + 0.04 * clouds(SIZE, 12.0, "images", "thyroid", seed, "texture")
    if truth.composition == "cystic":
        return LEVELS["anechoic"] + 0.0 * texture
    body = level * texture
    if truth.composition == "spongiform":
        holes = clouds(SIZE, 7.0, "images", "thyroid", seed, "holes")
        body *= 1.0 - 0.85 * soft(0.05 - holes, 0.5)
    if truth.composition == "mixed":
        # A smooth lake that takes the middle of the nodule.
        deep = -float(distance.min())
        lake = (
            distance
            + 0.36 * deep
            + 0.06 * deep * clouds(SIZE, 40.0, "images", "thyroid", seed, "lake")
        )
        body += soft(lake, 5.0) * (LEVELS["anechoic"] - body)
    # A thin dark halo sets it off where it is as bright as the gland.
    return body - 76.0 * soft(np.abs(distance + 5.0) - 3.4, 4.0) * (level > 100.0)


def _behind(distance: Field, at: tuple[float, float]) -> Field:
    """Brighter echoes below fluid."""
    y, _ = grid(SIZE)
    covered = np.asarray(distance < 0.0).any(axis=0, keepdims=True)
    return blurred(covered * soft(at[0] - y, 60.0), 6) * (distance > 0.0)


def _speckled(field: Field, seed: int) -> Field:
    """Speckle: grain that grows with brightness, wider across the beam."""
    raw = grain(SIZE, "images", "thyroid", seed, "speckle")
    wide = (raw + np.roll(raw, 1, 1) + np.roll(raw, 2, 1)) / math.sqrt(3.0)
    wide = (wide + np.roll(wide, 1, 0)) / math.sqrt(2.0)
    return np.asarray(field * (1.0 + 0.17 * wide))


def _foci(field: Field, truth: Truth, at: tuple[float, float], s: Stream) -> None:
    """Coarse calcifications throw a shadow, punctate foci do not."""
    mean = truth.max_diameter_mm / MM / 2.0
    low = 0.55 * mean * min(1.0, truth.height_over_width, 1.0 / truth.height_over_width)
    if truth.echogenic_foci == "punctate echogenic foci":
        for _ in range(9):
            r, turn = low * math.sqrt(s.uniform()), s.uniform(0.0, 6.28)
            _bright(field, (at[0] + r * math.sin(turn), at[1] + r * math.cos(turn)), 1.9, 2.1)
    elif truth.echogenic_foci == "macrocalcifications":
        r, turn = 0.3 * low, s.uniform(0.0, 6.28)
        place = (at[0] + r * math.sin(turn), at[1] + r * math.cos(turn))
        size = max(6.5, 0.14 * mean)
        y, x = grid(SIZE)
        shadow = soft(np.abs(x - place[1]) - size * 1.2, 5.0) * soft(place[0] - y, 4.0)
        field *= 1.0 - 0.6 * shadow
        _bright(field, place, size * 0.7, size * 1.6)


def _bright(field: Field, at: tuple[float, float], high: float, wide: float) -> None:
    rows, cols, own = box(field.shape, at, wide * 2.0 + 4.0)
    part = field[rows, cols]
    part += soft((radius(part.shape, own, (high, wide)) - 1.0) * high, 2.0) * (238.0 - part)


def _ruler(field: Field) -> None:
    """Marks of one centimetre at the left border."""
    for step in range(6):
        row = 4 + step * 100
        field[row : row + 2, 2:12] = 210.0
        write(field, str(step), (row - 3 if step else row, 16), 210.0)
