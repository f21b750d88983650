"""Frontal chest film: two lungs, ribs, heart and diaphragm, with at most one finding.

The patient faces the reader: the patient's left is on the right of the picture.
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
    bump,
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
from .picture import Picture, Share, Size

Finding = Literal["normal", "opacity", "pneumothorax", "effusion", "cardiomegaly", "nodule"]
FINDINGS: tuple[Finding, ...] = (
    "normal",
    "opacity",
    "pneumothorax",
    "effusion",
    "cardiomegaly",
    "nodule",
)
SIZE = (512, 512)
MM = 0.8
"""Side of a pixel, mm, in the plane of the detector."""
_HALF_PX = (150.0, 168.0)
LARGE_HEART = 0.5
"""Cardiothoracic ratio above which a frontal PA film shows cardiomegaly (Danzer 1919)."""


class Truth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the film hides."""

    finding: Finding
    side: Literal["left", "right", "none"] = "none"
    """Side of the patient on which the finding lies."""
    cardiothoracic_ratio: Share = 0.45
    """Widest heart over widest inner chest."""
    pneumothorax_share: Share = 0.0
    """Width of air outside the lung, as a share of the half chest (midline to ribs)."""
    effusion_share: Share = 0.0
    """Share of the lung field's height, at the chest wall, that stands in fluid."""
    opacity_mm: Size = 0.0
    """Diameter of a circle of the area of the opacity, mm."""
    nodule_mm: Size = 0.0
    """Diameter of the nodule, mm."""
    height_share: Share = 0.5
    """Place of an opacity or nodule in the lung, 0 at the apex and 1 in the sulcus."""
    mediastinal_shift_mm: Size = 0.0
    """How far air under tension pushes heart and trachea to the other side."""


def draw(s: Stream, fixed: Mapping[str, Any]) -> Truth:
    """A film with one of the findings, all equally likely."""
    finding = fixed_or(fixed, "finding", s.choice(FINDINGS))
    sided = finding not in {"normal", "cardiomegaly"}
    side = s.choice(("left", "right"))
    small, large = s.uniform(0.40, 0.48), s.uniform(0.53, 0.64)
    air, fluid = s.uniform(0.12, 0.42), s.uniform(0.18, 0.55)
    opacity, nodule = s.uniform(40.0, 60.0), s.uniform(12.0, 26.0)
    return made(
        Truth,
        finding=finding,
        side=side if sided else "none",
        cardiothoracic_ratio=round(large if finding == "cardiomegaly" else small, 3),
        pneumothorax_share=round(air, 3) if finding == "pneumothorax" else 0.0,
        effusion_share=round(fluid, 3) if finding == "effusion" else 0.0,
        opacity_mm=round(opacity, 1) if finding == "opacity" else 0.0,
        nodule_mm=round(nodule, 1) if finding == "nodule" else 0.0,
        height_share=round(s.uniform(0.32, 0.62), 2),
    )


def half_width_mm(seed: int) -> float:
    """Half of the inner chest of the film of this seed, mm."""
    return MM * named("images", "chest_film", seed, "anatomy").uniform(*_HALF_PX)


def _pushed(truth: Truth) -> float:
    """Shift of the mediastinum towards the patient's left, pixels."""
    return truth.mediastinal_shift_mm / MM * (1.0 if truth.side == "right" else -1.0)


class _Chest(msgspec.Struct, frozen=True):
    """Where the walls are, pixels; columns count from the midline."""

    mid: float
    half: float
    top: float
    base: float
    wall: Field
    """Half width inside the ribs, by row."""
    heart: tuple[Field, Field]
    """Reach of the mediastinum to the right and left of the patient, by row."""


def render(truth: Truth, seed: int) -> Picture:
    """The film, 512 x 512 grey values."""
    s = named("images", "chest_film", seed, "anatomy")
    chest = _chest(truth, s)
    y, x = grid(SIZE)
    field = _body(chest, s, seed, _pushed(truth))
    aerated = np.zeros(SIZE)
    for side, cols in (("right", slice(0, 256)), ("left", slice(256, 512))):
        own = side == truth.side
        # Right of the patient is left of the picture.
        across = (x[:, cols] - chest.mid) * (1.0 if side == "left" else -1.0)
        lung, dome = _lung(chest, across, y, side)
        inside = _parenchyma(chest, across, y, seed, side)
        if own and truth.pneumothorax_share:
            inside = _air(inside, chest, across, y, truth.pneumothorax_share)
        if own and truth.effusion_share:
            lung = lung * _dry(chest, across, y, dome, truth.effusion_share)
        if own and truth.opacity_mm + truth.nodule_mm:
            _shadow(inside, truth, chest, s, cols.start)
        part = field[:, cols]
        part += lung * (inside - part)
        aerated[:, cols] = lung
    # Behind the heart, the liver and fluid ribs are hardly seen.
    field += _ribs(chest, x, y) * (0.35 + 0.65 * aerated)
    field += 2.2 * grain(SIZE, "images", "chest_film", seed, "grain")
    write(field, "L", (24, 470), 235.0, 3)
    return Picture(kind="chest_film", pixels=grey(field), spacing_mm=(MM, MM), modality="DX")


def _chest(truth: Truth, s: Stream) -> _Chest:
    half = s.uniform(*_HALF_PX)
    top, base = s.uniform(62.0, 74.0), s.uniform(400.0, 420.0)
    y: Field = np.arange(SIZE[0], dtype=np.float64) + 0.5
    centre, reach = top + 0.72 * (base - top), 0.72 * (base - top) + 2.0
    up = np.clip((centre - y) / reach, 0.0, 1.0)
    wall = half * np.sqrt(np.maximum(1.0 - up * up * up, 0.0))
    width = truth.cardiothoracic_ratio * 2.0 * half
    right = width * s.uniform(0.30, 0.34)
    left = width - right
    low = base - s.uniform(70.0, 78.0)
    stem = 30.0 - 6.0 * np.clip((y - top) / 200.0, 0.0, 1.0)
    # The aortic knob, on the left.
    knob = 13.0 * bump((y - top - 100.0) / 15.0) + 9.0 * bump((y - top - 158.0) / 22.0)
    # The left border falls obliquely to the apex, the right one is the atrium's bow.
    round_ = [
        r * np.sqrt(np.maximum(1.0 - (np.where(y < c, (c - y) / h, (y - c) / 92.0)) ** 2, 0.0))
        for r, c, h in ((right, low + 4.0, 92.0), (left, low + 18.0, 122.0))
    ]
    slope = np.clip((y - top - 150.0) / (low + 18.0 - top - 150.0), 0.0, 1.0)
    round_[1] = np.where(y < low + 18.0, round_[1] * (0.8 + 0.2 * slope), round_[1])
    push = _pushed(truth)
    heart = (np.maximum(stem, round_[0]) - push, np.maximum(stem + knob, round_[1]) + push)
    return _Chest(s.uniform(253.0, 259.0), half, top, base, wall, heart)


def _body(chest: _Chest, s: Stream, seed: int, push: float) -> Field:
    y, x = grid(SIZE)
    across = np.abs(x - chest.mid)
    rows = np.arange(SIZE[0]) + 0.5
    shoulder = 70.0 + 190.0 * np.clip((rows - 26.0) / 70.0, 0.0, 1.0) ** 0.8
    outline = np.minimum(shoulder, chest.half + 52.0 + 0.05 * np.abs(rows - 220.0))[:, None]
    flesh = 172.0 + 5.0 * clouds(SIZE, 40.0, "images", "chest_film", seed, "flesh")
    field = 10.0 + soft(across - outline, 10.0) * (flesh - 10.0)
    field += 14.0 * soft(across - chest.half * 0.5, 120.0) * soft(chest.base - 20.0 - y, 60.0)
    spine = soft(across - 17.0, 8.0)
    field += spine * (14.0 + 8.0 * bump(((y % 24.0) - 12.0) / 3.0))
    # The windpipe leans over as it goes down.
    lean = push * np.clip((y - chest.top) / 95.0, 0.0, 1.0)
    windpipe = soft(np.abs(x - chest.mid - lean) - 9.0, 6.0)
    field -= 34.0 * windpipe * soft(y - chest.top - 95.0, 20.0)
    bone = np.zeros(SIZE)
    for sign in (-1.0, 1.0):
        inner = (chest.top + s.uniform(34.0, 40.0), chest.mid + sign * 24.0)
        outer = (chest.top - s.uniform(4.0, 10.0), chest.mid + sign * 168.0)
        part = bone[:150]
        np.maximum(part, soft(line(part.shape, inner, outer) - 7.0, 5.0), out=part)
    # Air in the stomach, under the left dome.
    down, along, at = box(SIZE, (chest.base + 8.0, chest.mid + s.uniform(56.0, 72.0)), 44.0)
    part = field[down, along]
    part -= 22.0 * soft(ellipse(part.shape, at, (13.0, 30.0), -0.15), 9.0)
    return field + 22.0 * bone * soft(across - outline, 10.0)


def _lung(chest: _Chest, across: Field, y: Field, side: str) -> tuple[Field, Field]:
    """How much lung covers a pixel, and the row of the diaphragm by column."""
    inner = chest.heart[1 if side == "left" else 0][:, None]
    lift = 12.0 if side == "right" else 0.0
    share = across / chest.half
    dome = chest.base - lift - 46.0 * (1.0 - np.clip((share - 0.42) / 0.58, -1.0, 1.0) ** 2)
    cover = soft(across - chest.wall[:, None], 4.0) * soft(inner - across, 6.0)
    return cover * soft(y - dome, 5.0), dome


def _parenchyma(chest: _Chest, across: Field, y: Field, seed: int, side: str) -> Field:
    shape = (SIZE[0], across.shape[1])
    hilum = (across / chest.half - 0.24) ** 2 * 3.0 + ((y - chest.top - 172.0) / 200.0) ** 2
    field = 64.0 + 8.0 * bump(np.sqrt(hilum) * 3.6) + 5.0 * bump(np.sqrt(hilum) * 1.5)
    field = field + 2.0 * clouds(shape, 22.0, "images", "chest_film", seed, "haze", side)
    # Vessels fan out from the hilum, those to the base the thickest.
    s = named("images", "chest_film", seed, "vessels", side)
    sign = 1.0 if side == "left" else -1.0
    root = (chest.top + 170.0, (0.0 if side == "left" else 256.0) + sign * 40.0)
    root = (root[0], root[1] - (256.0 - chest.mid if side == "left" else chest.mid - 256.0) * sign)
    dark = np.zeros(shape)
    for turn in (-1.4, -1.0, -0.55, -0.1, 0.35, 0.75, 1.1, 1.45):
        lean = turn + s.uniform(-0.12, 0.12)
        wide = s.uniform(2.3, 3.0) + 0.5 * (turn > 0.0)
        stem = tree(s, root, lean if sign > 0 else math.pi - lean, 19.0, wide, 9)
        for piece in stem:
            where, cover = twig(dark, piece, 2.4)
            np.maximum(dark[where], cover * min(1.0, 0.25 + piece[2] / 3.4), out=dark[where])
    return field + 25.0 * dark


def _air(lung: Field, chest: _Chest, across: Field, y: Field, share: float) -> Field:
    """Lung fallen back from the wall, a thin pleural line around it, black air outside."""
    edge = chest.wall[:, None] * (1.0 - share)
    outside = soft(edge - across, 3.0)
    air = lung + outside * (30.0 - lung)
    return air + 38.0 * bump((across - edge) / 1.1) + 0.0 * y


def _dry(chest: _Chest, across: Field, y: Field, dome: Field, share: float) -> Field:
    """1 above the fluid: its level rises towards the wall (meniscus)."""
    level = chest.base - share * (chest.base - chest.top)
    surface = level + meniscus(np.clip(1.0 - across / chest.half, 0.0, 1.0))
    return soft(y - np.minimum(surface, dome + 30.0), 9.0)


def meniscus(inward: Field) -> Field:
    """How far the border of fluid falls from the wall (0) towards the midline (1), pixels."""
    out = 1.0 - inward
    return 58.0 * (1.0 - out * out * out)


def _shadow(field: Field, truth: Truth, chest: _Chest, s: Stream, first: int) -> None:
    """Opacity (cloudy, irregular outline) or nodule (round, sharp) inside a lung.

    `first` is the column of the picture at which the field begins.
    """
    side = truth.side
    lift = 12.0 if side == "right" else 0.0
    row = chest.top + truth.height_share * (chest.base - lift - chest.top)
    inner = float(chest.heart[1 if side == "left" else 0][int(row)])
    wall = float(chest.wall[int(row)])
    out = inner + (wall - inner) * s.uniform(0.5, 0.6)
    at = (row, chest.mid + out * (1.0 if side == "left" else -1.0) - first)
    mm = truth.opacity_mm or truth.nodule_mm
    wanted = math.pi * (mm / MM / 2.0) ** 2
    if truth.nodule_mm:
        rim = np.full(90, math.sqrt(wanted / math.pi))
        _brighten(field, at, rim, 62.0, 2.5)
        return
    turn = np.arange(90) * (2.0 * math.pi / 90)
    rim = np.ones(90)
    for wave in (2, 3, 5):
        rim += s.uniform(0.03, 0.09) * np.sin(wave * turn + s.uniform(0.0, 6.28))
    # An opacity lies in the lung: narrower than the field it fills, hence taller.
    wide = min(1.0, (wall - inner) * 0.35 / (mm / MM / 2.0))
    rim *= 1.0 / np.sqrt((np.cos(turn) / wide) ** 2 + (np.sin(turn) * wide) ** 2)
    rim *= math.sqrt(wanted / (float(np.mean(rim * rim)) * math.pi))
    # Filled air spaces hide most of the vessels in them.
    _brighten(field, at, rim, 66.0, 14.0, hides=0.75)


def _brighten(
    field: Field,
    at: tuple[float, float],
    rim: Field,
    by: float,
    edge: float,
    hides: float = 0.0,
) -> None:
    rows, cols, own = box(field.shape, at, float(rim.max()) + edge)
    part = field[rows, cols]
    plain = float(np.median(part))
    part += soft(polar(part.shape, own, rim), edge) * (by + hides * (plain - part))


def _ribs(chest: _Chest, x: Field, y: Field) -> Field:
    """Posterior ribs fall slightly outwards, anterior ones, fainter, rise."""
    share = np.abs(x - chest.mid) / chest.half
    inside = soft(np.abs(x - chest.mid) - chest.wall[:, None] - 6.0, 6.0)
    inside = inside * soft(y - chest.base + 4.0, 20.0) * soft(20.0 - np.abs(x - chest.mid), 10.0)
    pace = (chest.base - chest.top) / 10.5
    back = (y - chest.top + 40.0 * (1.0 - share) ** 2 - 34.0 * share * share) / pace % 1.0
    front = (y - chest.top - 78.0 * (1.0 - share) * (1.6 - share)) / pace % 1.0
    # The cortex is denser than the marrow.
    away = np.abs(back - 0.5)
    ribs = 10.0 * soft(away - 0.19, 0.1) + 5.0 * bump((away - 0.17) / 0.035)
    ribs += 6.0 * soft(np.abs(front - 0.5) - 0.14, 0.1) * soft(0.38 - share, 0.16)
    return inside * ribs
