"""Mammogram, craniocaudal view, with one mass. The chest wall is on the left.

Shape, margin and density are those of the BI-RADS lexicon (Sickles 2013, 5th edition).
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
    box,
    clouds,
    ellipse,
    fixed_or,
    grain,
    grey,
    grid,
    line,
    made,
    polar,
    soft,
    tree,
    twig,
    write,
)
from .picture import Count, Picture, Positive

SIZE = (512, 512)
MM = 0.25
"""Side of a pixel, mm."""
_POINTS = 360
FAT, GLAND = 72.0, 122.0
DENSITIES = {"low": 98.0, "equal": 128.0, "high": 176.0}
"""Grey of a mass; glandular tissue has 122, fat 72."""
Margin = Literal["circumscribed", "microlobulated", "indistinct", "spiculated"]


class Truth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the picture hides."""

    margin: Margin
    density: Literal["low", "equal", "high"]
    long_axis_mm: Positive
    short_axis_mm: Positive
    turn_deg: float
    calcifications: Count
    """Punctate, grouped in the mass."""
    shape: int
    """Number that fixes how the waves of the outline lie."""


def draw(s: Stream, fixed: Mapping[str, Any]) -> Truth:
    """Calm masses are oval and seldom dense, spiculated ones are dense."""
    weights = {"circumscribed": 4.0, "microlobulated": 2.0, "indistinct": 2.0, "spiculated": 3.0}
    margin = fixed_or(fixed, "margin", s.weighted(weights))
    calm = margin == "circumscribed"
    low, high = s.choice(("low", "equal", "equal")), s.choice(("equal", "high", "high"))
    long, shape, bits = s.uniform(8.0, 26.0), s.uniform(0.68, 0.95), s.integer(5, 12)
    long = fixed_or(fixed, "long_axis_mm", round(long, 1))
    with_bits = s.bernoulli(0.35)
    return made(
        Truth,
        margin=margin,
        density=low if calm else "high" if margin == "spiculated" else high,
        long_axis_mm=long,
        short_axis_mm=round(long * shape, 1),
        turn_deg=round(s.uniform(0.0, 180.0)),
        calcifications=bits if with_bits and not calm else 0,
        shape=s.integer(0, 9999),
    )


def outline(truth: Truth) -> Field:
    """Radius of the mass at equal angles, pixels, without its spicules."""
    s = named("images", "mammogram", "outline", truth.shape)
    turn = np.arange(_POINTS) * (2.0 * math.pi / _POINTS) - math.radians(truth.turn_deg)
    a, b = truth.long_axis_mm / MM / 2.0, truth.short_axis_mm / MM / 2.0
    rim = 1.0 / np.sqrt((np.cos(turn) / a) ** 2 + (np.sin(turn) / b) ** 2)
    if truth.margin == "microlobulated":
        wave = np.cos(12.0 * turn + s.uniform(0.0, 6.28)) + 0.5 * np.cos(17.0 * turn)
        rim = rim * (1.0 + 0.058 * wave)
    return np.asarray(rim)


def render(truth: Truth, seed: int) -> Picture:
    """The picture, 512 x 512 grey values."""
    s = named("images", "mammogram", seed, "anatomy")
    at = (256.0 + s.uniform(-60.0, 60.0), s.uniform(150.0, 205.0))
    field, inside = _breast(s, at, truth, seed)
    rim = outline(truth)
    edge = 26.0 if truth.margin == "indistinct" else 3.0
    level = DENSITIES[truth.density]
    rows, cols, own = box(SIZE, at, float(rim.max()) + edge)
    part = field[rows, cols]
    mottle = 2.5 * clouds(part.shape, 12.0, "images", "mammogram", seed, "mottle")
    cover = soft(polar(part.shape, own, rim), edge) * inside[rows, cols]
    part += cover * (level + mottle - part)
    if truth.margin == "spiculated":
        _spicules(field, truth, at, s, level)
    for spot in _specks(truth, at, s):
        _bit(field, spot)
    field += 2.0 * grain(SIZE, "images", "mammogram", seed, "grain")
    write(field, "CC", (20, 440), 230.0, 3)
    return Picture(kind="mammogram", pixels=grey(field), spacing_mm=(MM, MM), modality="MG")


def _breast(s: Stream, at: tuple[float, float], truth: Truth, seed: int) -> tuple[Field, Field]:
    """Fat with strands, a cone of gland behind the nipple, skin; and where the breast is."""
    _, x = grid(SIZE)
    reach = s.uniform(340.0, 380.0)
    shape = ellipse(SIZE, (256.0, 0.0), (s.uniform(222.0, 236.0), reach))
    rows, cols, own = box(SIZE, (256.0, reach + 4.0), 20.0)
    part = shape[rows, cols]
    np.minimum(part, ellipse(part.shape, own, (13.0, 12.0)), out=part)
    outside = shape
    inside = soft(outside, 5.0)
    tissue = FAT + 2.0 * clouds(SIZE, 18.0, "images", "mammogram", seed, "lobules")
    _strands(tissue, s, reach, at, truth.long_axis_mm / MM / 2.0)
    islands = clouds(SIZE, 34.0, "images", "mammogram", seed, "gland")
    cone = ellipse(SIZE, (256.0, 190.0), (130.0, 170.0))
    # The gland leaves room around the mass, so that its margin is to be judged.
    away = ellipse(SIZE, at, (1.0, 1.0)) - truth.long_axis_mm / MM * 0.5
    room = soft(away - 28.0 - 3.0 * islands, 24.0)
    dense = 0.62 + 0.38 * soft(0.15 - islands, 1.6)
    cover = soft(cone + 16.0 * islands, 60.0) * dense * (1.0 - room)
    tissue += cover * (GLAND - tissue) + 3.0 * islands
    thin = 1.0 - 0.28 * soft(-outside - 16.0, 30.0) * (outside < 0.0)
    tissue = tissue * thin
    field = 8.0 + inside * (tissue - 8.0)
    field += 52.0 * inside * soft(np.abs(outside + 4.0) - 2.0, 3.0)
    wall = soft(x - 22.0 + 0.0002 * (grid(SIZE)[0] - 256.0) ** 2, 12.0)
    field += wall * inside * (150.0 - field)
    return field, inside


def _strands(tissue: Field, s: Stream, reach: float, at: tuple[float, float], half: float) -> None:
    """Ligaments and ducts: thin, they gather towards the nipple; none crosses the mass."""
    laid = np.zeros(SIZE)
    for _ in range(36):
        row, col = s.uniform(30.0, 482.0), s.uniform(-10.0, 230.0)
        turn = math.atan2(256.0 - row, reach - col) + s.uniform(-0.25, 0.25)
        for piece in tree(s, (row, col), turn, 17.0, s.uniform(0.5, 1.3), s.integer(4, 9)):
            if min(math.dist(end, at) for end in piece[:2]) < half + 22.0:
                continue
            where, cover = twig(laid, piece, 2.2)
            np.maximum(laid[where], cover, out=laid[where])
    tissue += 13.0 * laid


def _spicules(field: Field, truth: Truth, at: tuple[float, float], s: Stream, level: float) -> None:
    """Straight strands from the mass, thinning outwards."""
    a, b = truth.long_axis_mm / MM / 2.0, truth.short_axis_mm / MM / 2.0
    lean = math.radians(truth.turn_deg)
    start, count = s.uniform(0.0, 6.28), 15
    rows, cols, own = box(SIZE, at, 1.0 * a + 44.0)
    part = field[rows, cols]
    cover = np.zeros(part.shape)
    for step in range(count):
        turn = start + step * 2.0 * math.pi / count + s.uniform(-0.16, 0.16)
        c, n = math.cos(turn - lean), math.sin(turn - lean)
        r = 1.0 / math.sqrt((c / a) ** 2 + (n / b) ** 2)
        far = r + s.uniform(12.0, 27.0)
        p = (own[0] + 0.8 * r * math.sin(turn), own[1] + 0.8 * r * math.cos(turn))
        middle = (own[0] + (r + far) / 2 * math.sin(turn), own[1] + (r + far) / 2 * math.cos(turn))
        q = (own[0] + far * math.sin(turn), own[1] + far * math.cos(turn))
        np.maximum(cover, 0.9 * soft(line(part.shape, p, middle) - 1.3, 1.6), out=cover)
        np.maximum(cover, 0.6 * soft(line(part.shape, middle, q) - 0.7, 1.4), out=cover)
    part[...] = np.maximum(part, part + cover * (level - 6.0 - part))


def _specks(truth: Truth, at: tuple[float, float], s: Stream) -> list[tuple[float, float]]:
    """Places of the calcifications: inside the mass, apart from each other where there is room."""
    spots: list[tuple[float, float]] = []
    for _ in range(truth.calcifications):
        best, apart = at, -1.0
        for _ in range(8):
            r = 0.62 * truth.short_axis_mm / MM / 2.0 * math.sqrt(s.uniform())
            turn = s.uniform(0.0, 6.28)
            spot = (at[0] + r * math.sin(turn), at[1] + r * math.cos(turn))
            near = min((math.dist(spot, other) for other in spots), default=99.0)
            if near > apart:
                best, apart = spot, near
        spots.append(best)
    return spots


def _bit(field: Field, at: tuple[float, float]) -> None:
    rows, cols, own = box(field.shape, at, 5.0)
    part = field[rows, cols]
    part += soft(polar(part.shape, own, np.full(8, 1.1)), 1.2) * (248.0 - part)
