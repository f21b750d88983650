"""Colour photograph of the back of an eye: optic disc, macula, vessels, signs of retinopathy."""

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
    grain,
    grey,
    grid,
    line,
    made,
    mixed,
    polar,
    radius,
    soft,
)
from .picture import Count, Picture, Share

SIZE = (512, 512)
MM = 0.024
"""Side of a pixel on the retina, mm: a view of 45 degrees is about 12 mm wide."""
CENTRE, REACH = (256.0, 256.0), 244.0
_BLOOD = (112.0, 22.0, 16.0)
_DISC_OUT = 150.0
"""From the middle of the view to the middle of the disc, pixels: the macula is at the middle."""


class Truth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the photograph hides."""

    eye: Literal["left", "right"]
    microaneurysms: Count
    """Red dots of less than 0.125 mm (ETDRS report 10, Ophthalmology 1991)."""
    haemorrhages: Count
    """Larger red blots."""
    hard_exudates: Count
    """Yellow, sharp deposits."""
    cup_to_disc_ratio: Share
    """Diameter of the pale cup over that of the disc."""


def draw(s: Stream, fixed: Mapping[str, Any]) -> Truth:
    """A quarter of the eyes are healthy, a quarter have microaneurysms only, half have more."""
    stage = s.integer(0, 3)
    dots, blots, fat = s.integer(2, 22), s.integer(1, 10), s.integer(0, 9)
    del fixed  # No field follows from another.
    return made(
        Truth,
        eye=s.choice(("left", "right")),
        microaneurysms=dots if stage else 0,
        haemorrhages=blots if stage > 1 else 0,
        hard_exudates=fat if stage > 1 else 0,
        cup_to_disc_ratio=round(s.uniform(0.25, 0.75), 2),
    )


def render(truth: Truth, seed: int) -> Picture:
    """The photograph, 512 x 512 in colour, black outside the round view."""
    s = named("images", "fundus", seed, "anatomy")
    colour = _ground(seed)
    side = 1.0 if truth.eye == "right" else -1.0
    # The disc lies on the side of the nose: right in the picture of a right eye.
    disc = (256.0 + s.uniform(-12.0, 4.0), 256.0 + side * _DISC_OUT)
    taken = [(disc, 52.0), (CENTRE, 30.0)]
    vessels = np.zeros(SIZE)
    for quadrant in range(4):
        _arcade(vessels, s, disc, -side, quadrant)
    mixed(colour, 0.72 * vessels, (124.0, 30.0, 20.0))
    _disc(colour, disc, truth, s)
    mixed(colour, 0.65 * vessels * (radius(SIZE, disc, (34.0, 30.0)) < 1.1), (150.0, 44.0, 26.0))
    _lesions(colour, truth, vessels, taken, s)
    view = soft(np.sqrt(sum((g - 256.0) ** 2 for g in grid(SIZE))) - REACH, 4.0)
    colour *= view[..., None]
    noise = 2.2 * grain(SIZE, "images", "fundus", seed, "grain") * view
    return Picture(
        kind="fundus", pixels=grey(colour + noise[..., None]), spacing_mm=(MM, MM), modality="OP"
    )


def _ground(seed: int) -> Field:
    colour = np.empty((*SIZE, 3))
    far = radius(SIZE, CENTRE, (REACH, REACH))
    shade = 1.04 - 0.24 * far * far + 0.025 * clouds(SIZE, 46.0, "images", "fundus", seed, "bed")
    choroid = np.abs(clouds(SIZE, 22.0, "images", "fundus", seed, "choroid"))
    shade += 0.02 * soft(choroid - 0.2, 0.5)
    for channel, value in enumerate((206.0, 98.0, 48.0)):
        colour[..., channel] = value * shade
    macula = bump(radius(SIZE, CENTRE, (34.0, 34.0)))
    mixed(colour, 0.34 * macula, (120.0, 40.0, 22.0))
    return colour


def _disc(colour: Field, at: tuple[float, float], truth: Truth, s: Stream) -> None:
    height = s.uniform(34.0, 38.0)
    width = height * 0.92
    mixed(
        colour, soft((radius(SIZE, at, (height, width)) - 1.0) * height, 3.0), (238.0, 178.0, 104.0)
    )
    cup = (height * truth.cup_to_disc_ratio, width * truth.cup_to_disc_ratio)
    mixed(colour, soft((radius(SIZE, at, cup) - 1.0) * cup[0], 2.5), (252.0, 236.0, 190.0))


def _arcade(
    vessels: Field, s: Stream, disc: tuple[float, float], out: float, quadrant: int
) -> None:
    """A main vessel of one quadrant with its branches, painted as cover 0..1."""
    up = -1.0 if quadrant % 2 == 0 else 1.0
    temporal = quadrant < 2
    point = disc
    heading = s.uniform(1.15, 1.35) if temporal else s.uniform(1.9, 2.3)
    width = s.uniform(2.4, 3.0) if temporal else s.uniform(1.9, 2.3)
    bend = s.uniform(0.105, 0.125) if temporal else s.uniform(-0.03, 0.03)
    for step in range(13):
        after = _onward(point, heading, up, out, 30.0)
        _paint(vessels, point, after, width)
        if step in {3, 6, 8}:
            _branch(vessels, s, after, (heading + 0.7, up, out), width * 0.62)
        point = after
        heading -= bend * (1.0 if step < 11 else 0.3) + s.uniform(-0.05, 0.05)
        width = max(1.0, width * 0.92)


def _branch(
    vessels: Field,
    s: Stream,
    start: tuple[float, float],
    way: tuple[float, float, float],
    width: float,
) -> None:
    heading, up, out = way
    point = start
    for _ in range(5):
        after = _onward(point, heading, up, out, 24.0)
        _paint(vessels, point, after, width)
        point, width = after, max(0.8, width * 0.85)
        heading += s.uniform(-0.25, 0.2)


def _onward(
    at: tuple[float, float], heading: float, up: float, out: float, length: float
) -> tuple[float, float]:
    return at[0] + up * length * math.sin(heading), at[1] + out * length * math.cos(heading)


def _paint(vessels: Field, a: tuple[float, float], b: tuple[float, float], half: float) -> None:
    middle = ((a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0)
    if not all(-20.0 < m < 532.0 for m in middle):
        return
    rows, cols, _ = box(SIZE, middle, math.dist(a, b) / 2.0 + half + 4.0)
    part = vessels[rows, cols]
    own = [(p[0] - rows.start, p[1] - cols.start) for p in (a, b)]
    np.maximum(part, soft(line(part.shape, own[0], own[1]) - half, 1.8), out=part)


def _lesions(
    colour: Field,
    truth: Truth,
    vessels: Field,
    taken: list[tuple[tuple[float, float], float]],
    s: Stream,
) -> None:
    """Blots first, for they need most room; every lesion keeps clear of vessels and others."""
    for _ in range(truth.haemorrhages):
        size = s.uniform(4.6, 8.0)
        _lesion(colour, _free(vessels, taken, s, size + 5.0), size, s, _BLOOD)
    for _ in range(truth.hard_exudates):
        size = s.uniform(2.6, 4.6)
        _lesion(colour, _free(vessels, taken, s, size + 5.0), size, s, (246.0, 220.0, 128.0))
    for _ in range(truth.microaneurysms):
        size = s.uniform(1.5, 2.0)
        _lesion(colour, _free(vessels, taken, s, size + 6.0), size, s, _BLOOD)


def _free(
    vessels: Field, taken: list[tuple[tuple[float, float], float]], s: Stream, room: float
) -> tuple[float, float]:
    """A place in the view with room around it. The last try is taken as it is."""
    at = CENTRE
    for _ in range(400):
        r, turn = 205.0 * math.sqrt(s.uniform()), s.uniform(0.0, 2.0 * math.pi)
        at = (256.0 + r * math.sin(turn), 256.0 + r * math.cos(turn))
        rows, cols, _ = box(SIZE, at, room + 1.0)
        clear = all(math.dist(at, other) > room + reach for other, reach in taken)
        if clear and float(vessels[rows, cols].max()) < 0.05:
            break
    taken.append((at, room))
    return at


def _lesion(
    colour: Field,
    at: tuple[float, float],
    size: float,
    s: Stream,
    paint: tuple[float, float, float],
) -> None:
    turn = np.arange(36) * (2.0 * math.pi / 36)
    rim = np.ones(36)
    for wave in (2, 3):
        rim += s.uniform(0.0, 0.12) * np.cos(wave * turn + s.uniform(0.0, 6.28))
    rows, cols, own = box(SIZE, at, size * 1.6 + 4.0)
    part = colour[rows, cols]
    mixed(part, 0.9 * soft(polar(part.shape[:2], own, size * rim), 1.6), paint)
