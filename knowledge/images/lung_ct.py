"""Axial CT of the chest with one nodule. The patient's left is on the right of the picture."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import numpy as np

from ..rng import Stream
from ..rng import stream as named
from .drawing import (
    Field,
    Twig,
    box,
    clouds,
    ellipse,
    fixed_or,
    grain,
    grid,
    line,
    made,
    polar,
    soft,
    tree,
    twig,
)
from .picture import Picture, Positive, Size

SIZE = (512, 512)
MM = 0.7
"""Side of a pixel, mm."""
OFFSET = -1024.0
"""Hounsfield units of a stored 0."""
LUNG_WINDOW = (-500.0, 1500.0)
AIR, LUNG, FAT, MUSCLE, BLOOD, BONE = -1000.0, -860.0, -95.0, 55.0, 45.0, 420.0
_POINTS = 180
_THIN_PX = 1.3
_SMALL_PX = 5.7
NoduleType = Literal["solid", "part solid", "ground glass"]


class Truth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the slice hides."""

    nodule_type: NoduleType
    """By the names of the instruments `fleischner_2017` and `lung_rads_2022`."""
    side: Literal["left", "right"]
    mean_diameter_mm: Positive
    """Mean of long and short axis."""
    long_axis_mm: Positive
    solid_component_mm: Size
    """Mean diameter of the solid part; 0 for pure ground glass."""
    ground_glass_hu: float
    """Density of the ground glass part, Hounsfield units."""
    margin: Literal["smooth", "spiculated"]
    turn_deg: float


def draw(s: Stream, fixed: Mapping[str, Any]) -> Truth:
    """Half of the nodules are solid, a quarter part solid, a quarter ground glass."""
    kind = fixed_or(
        fixed, "nodule_type", s.choice(("solid", "solid", "part solid", "ground glass"))
    )
    diameter = fixed_or(fixed, "mean_diameter_mm", round(s.uniform(5.0, 24.0), 1))
    if kind == "part solid" and "mean_diameter_mm" not in fixed:
        diameter = round(max(diameter, 10.0), 1)
    shape, core, rays = s.uniform(0.72, 0.98), s.uniform(0.4, 0.68), s.bernoulli(0.3)
    # A rim of ground glass thinner than 2.5 mm would be lost at the border.
    inner = max(3.0, min(core * diameter, diameter - 5.0))
    solid = {"solid": diameter, "part solid": round(inner, 1), "ground glass": 0.0}[kind]
    return made(
        Truth,
        nodule_type=kind,
        side=s.choice(("left", "right")),
        mean_diameter_mm=diameter,
        long_axis_mm=round(2.0 * diameter / (1.0 + shape), 1),
        solid_component_mm=solid,
        ground_glass_hu=round(s.uniform(-680.0, -580.0)),
        margin="spiculated" if kind == "solid" and diameter >= 8.0 and rays else "smooth",
        turn_deg=round(s.uniform(0.0, 180.0)),
    )


def render(truth: Truth, seed: int) -> Picture:
    """The slice: 16-bit values, Hounsfield units above -1024."""
    s = named("images", "lung_ct", seed, "anatomy")
    field = _chest(s, seed)
    at = _place(truth, s)
    for side in (-1.0, 1.0):
        _vessels(field, s, side, at, truth.long_axis_mm / MM / 2.0)
    _nodule(field, truth, at, s)
    field += 16.0 * grain(SIZE, "images", "lung_ct", seed, "grain")
    stored = np.clip(np.rint(field - OFFSET), 0, 4095).astype(np.uint16)
    return Picture(
        kind="lung_ct",
        pixels=stored,
        spacing_mm=(MM, MM),
        modality="CT",
        intercept=OFFSET,
        window=LUNG_WINDOW,
    )


def _cover(field: Field, cover: Field, hu: float | Field) -> None:
    field += cover * (hu - field)


def _oval(
    field: Field,
    at: tuple[float, float],
    axes: tuple[float, float],
    hu: float,
    *,
    edge: float = 2.0,
    rim: tuple[float, float] | None = None,
    turn_rad: float = 0.0,
) -> None:
    """Fill an ellipse; `rim` draws a shell of that half width and density around it."""
    rows, cols, own = box(SIZE, at, max(axes) + 6.0)
    part = field[rows, cols]
    distance = ellipse(part.shape, own, axes, turn_rad)
    _cover(part, soft(distance, edge), hu)
    if rim is not None:
        _cover(part, soft(np.abs(distance + rim[0]) - rim[0], edge), rim[1])


def _chest(s: Stream, seed: int) -> Field:
    """Body wall, ribs, spine, lungs, heart and great vessels at the level of the hila."""
    field = np.full(SIZE, AIR)
    body = ellipse(SIZE, (262.0, 256.0), (168.0 + s.uniform(-6.0, 6.0), 236.0))
    _cover(field, soft(body, 2.0), FAT + 8.0 * clouds(SIZE, 20.0, "images", "lung_ct", seed, "fat"))
    _cover(field, soft(body + 14.0 + s.uniform(0.0, 5.0), 3.0), MUSCLE)
    _muscles(field, body, seed)
    lungs = np.full(SIZE, 99.0)
    for side in (-1.0, 1.0):
        outer = ellipse(SIZE, (256.0, 256.0 + side * 96.0), (124.0, 108.0), 0.06 * side)
        lungs = np.minimum(lungs, outer)
    middle = ellipse(SIZE, (250.0, 256.0 + 2.0), (150.0, 40.0))
    heart = ellipse(SIZE, (208.0, 282.0), (62.0, 76.0), 0.5)
    spine = ellipse(SIZE, (358.0, 256.0), (44.0, 40.0))
    centre = np.minimum(np.minimum(middle, heart), spine)
    lungs = np.maximum(lungs, -centre)
    haze = 18.0 * clouds(SIZE, 26.0, "images", "lung_ct", seed, "haze")
    # The dependent lung holds more blood (the patient lies on the back).
    heavy = 0.16 * (grid(SIZE)[0] - 256.0)
    _cover(field, soft(lungs, 2.0), LUNG + haze + heavy)
    inside = soft(np.minimum(middle, heart), 3.0)
    _cover(field, inside * (lungs > 0.0), BLOOD - 12.0)
    # Fat lies around the heart and between the great vessels.
    _cover(field, soft(np.abs(heart + 5.0) - 1.0, 3.0) * (lungs > 2.0), FAT * 0.4)
    _cover(field, soft(heart + 9.0, 4.0), BLOOD + 6.0)
    for at, axes in (((306.0, 286.0), (15.0, 15.0)), ((206.0, 232.0), (11.0, 9.0))):
        _oval(field, at, axes, BLOOD + 14.0)
    for side in (-1.0, 1.0):
        _oval(field, (262.0, 256.0 + side * 19.0), (8.0, 7.0), AIR)
    _bones(field, s)
    field[445:452] = -700.0
    return field


def _muscles(field: Field, body: Field, seed: int) -> None:
    """Fat between the layers of the wall and in its midline."""
    y, x = grid(SIZE)
    layer = np.abs(body + 27.0 + 3.0 * clouds(SIZE, 60.0, "images", "lung_ct", seed, "layers"))
    _cover(field, 0.8 * soft(layer - 1.6, 2.5) * soft(np.abs(x - 256.0) - 190.0, 30.0), FAT)
    _cover(field, 0.7 * soft(np.abs(x - 256.0) - 2.0, 3.0) * soft(400.0 - y, 3.0) * (body < 0), FAT)


def _bones(field: Field, s: Stream) -> None:
    _oval(field, (352.0, 256.0), (24.0, 28.0), BONE * 0.55, rim=(2.0, BONE))
    _oval(field, (390.0, 256.0), (9.0, 10.0), 25.0)
    _oval(field, (408.0, 256.0), (13.0, 5.0), BONE * 0.8)
    _oval(field, (107.0, 256.0), (7.0, 24.0), BONE * 0.7)
    start = s.uniform(-0.1, 0.1)
    for side in (-1.0, 1.0):
        for turn in (-0.85, -0.35, 0.12, 0.55, 0.92):
            angle = turn + start
            at = (262.0 + 164.0 * math.sin(angle), 256.0 + side * 215.0 * math.cos(angle))
            # A rib runs along the wall.
            along = math.atan2(164.0 * math.cos(angle), -side * 215.0 * math.sin(angle))
            lean = math.pi / 2.0 - along
            _oval(field, at, (22.0, 5.5), BONE * 0.6, rim=(1.0, BONE), turn_rad=lean)


def _place(truth: Truth, s: Stream) -> tuple[float, float]:
    """In the middle of the lung, clear of the wall and of the hilum."""
    side = -1.0 if truth.side == "right" else 1.0
    if side > 0:
        # The heart takes the front of the left side.
        return 272.0 + s.uniform(0.0, 44.0), 256.0 + s.uniform(124.0, 150.0)
    return 262.0 + s.uniform(-46.0, 60.0), 256.0 - s.uniform(96.0, 140.0)


def _vessels(field: Field, s: Stream, side: float, keep: tuple[float, float], reach: float) -> None:
    """Branches that taper from the hilum, and cut ones as dots; none runs through the nodule."""
    hilum = (262.0, 256.0 + side * 33.0)
    for turn in (-1.2, -0.65, -0.15, 0.4, 0.95):
        lean = turn + s.uniform(-0.2, 0.2)
        lean = lean if side > 0 else math.pi - lean
        for piece in tree(s, hilum, lean, 15.0, s.uniform(2.0, 2.8), 6):
            # Thin vessels leave the slice again.
            if s.bernoulli(0.7) or piece[2] > _THIN_PX:
                _vessel(field, piece, keep, reach)
    for _ in range(34):
        at = (262.0 + s.uniform(-95.0, 95.0), 256.0 + side * s.uniform(60.0, 185.0))
        _vessel(field, (at, (at[0] + 1.5, at[1]), s.uniform(0.6, 1.3)), keep, reach)


def _vessel(field: Field, piece: Twig, keep: tuple[float, float], reach: float) -> None:
    a, b, _ = piece
    middle = ((a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0)
    # The lung ends before the vessel reaches the pleura; the nodule stands alone.
    apart = min(math.dist(p, keep) for p in (a, middle, b))
    out = ((middle[0] - 256.0) / 112.0) ** 2 + ((abs(middle[1] - 256.0) - 96.0) / 96.0) ** 2
    if apart < reach + 21.0 or out > 1.0:
        return
    where, cover = twig(field, piece, 1.8)
    part = field[where]
    # Where a slice cuts only a part of a thin vessel, it is less dense.
    part[...] = np.maximum(part, part + cover * min(1.0, 0.55 + piece[2] / 4.0) * (BLOOD - part))


def _nodule(field: Field, truth: Truth, at: tuple[float, float], s: Stream) -> None:
    long = truth.long_axis_mm / MM / 2.0
    short = (2.0 * truth.mean_diameter_mm - truth.long_axis_mm) / MM / 2.0
    rows, cols, own = box(SIZE, at, long * 2.0 + 12.0)
    part = field[rows, cols]
    turn = math.radians(truth.turn_deg)
    whole = ellipse(part.shape, own, (short, long), turn)
    if truth.nodule_type == "solid":
        _cover(part, soft(whole, 2.0), 35.0)
        if truth.margin == "spiculated":
            _rays(part, own, (short + long) / 2.0, s)
        return
    _cover(part, soft(whole, 2.0), truth.ground_glass_hu)
    if truth.solid_component_mm:
        r = truth.solid_component_mm / MM / 2.0
        core = polar(part.shape, (own[0] + 0.1 * r, own[1]), np.full(_POINTS, r))
        _cover(part, soft(core, 2.0), 25.0)


def _rays(part: Field, at: tuple[float, float], size: float, s: Stream) -> None:
    start = s.uniform(0.0, 6.28)
    # Strands of a small nodule are few and short.
    count = 11 if size >= _SMALL_PX else 6
    for step in range(count):
        turn = start + step * 6.283 / count + s.uniform(-0.2, 0.2)
        far = size + s.uniform(4.5, 10.0) * min(1.0, (size / _SMALL_PX) ** 2)
        a = (at[0] + 0.7 * size * math.sin(turn), at[1] + 0.7 * size * math.cos(turn))
        b = (at[0] + far * math.sin(turn), at[1] + far * math.cos(turn))
        cover = 0.7 * soft(line(part.shape, a, b) - 0.7, 1.4)
        part[...] = np.maximum(part, part + cover * (0.0 - part))
