"""Dermoscopy of a pigmented skin lesion with the signs of the ABCD rule and the 7-point checklist.

The signs are those of Argenziano 1998 (Arch Dermatol 134:1563) and the six colours of Stolz 1994
(Eur J Dermatol 4:521); how a sign looks here is our own, plain drawing of it.
"""

import math
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from ..rng import Stream
from ..rng import stream as named
from .drawing import Field, box, clouds, fixed_or, grain, grey, grid, line, made, mixed, polar, soft
from .picture import Picture, Positive, Share

SIZE = (512, 512)
MM = 0.032
"""Side of a pixel on the skin, mm."""
SIGNS = (
    "atypical_pigment_network",
    "blue_whitish_veil",
    "atypical_vascular_pattern",
    "irregular_streaks",
    "irregular_pigmentation",
    "irregular_dots_globules",
    "regression_structures",
)
"""The seven criteria, by the names of the instrument `dermoscopy_7_point`."""
PAINTS: dict[str, tuple[float, float, float]] = {
    "white": (236.0, 226.0, 220.0),
    "red": (196.0, 58.0, 62.0),
    "light brown": (176.0, 122.0, 82.0),
    "dark brown": (104.0, 62.0, 40.0),
    "blue-grey": (98.0, 112.0, 140.0),
    "black": (34.0, 26.0, 26.0),
}
SKIN = (226.0, 182.0, 158.0)
_POINTS = 360


class Truth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the lesion hides."""

    diameter_mm: Positive
    """Longest diameter."""
    elongation: Positive
    """Short axis over long axis of the ellipse that the outline departs from."""
    lopsidedness: Share
    """Amplitude of the waves that spoil the symmetry, share of the radius."""
    roughness: Share
    """Amplitude of the notches of the border, share of the radius."""
    turn_deg: float
    shape: int
    """Number that fixes how the waves of the outline lie."""
    dark: bool
    """Ground of dark instead of light brown."""
    atypical_pigment_network: bool = False
    blue_whitish_veil: bool = False
    atypical_vascular_pattern: bool = False
    irregular_streaks: bool = False
    irregular_pigmentation: bool = False
    irregular_dots_globules: bool = False
    regression_structures: bool = False

    @property
    def colours(self) -> tuple[str, ...]:
        """Colours that take a visible part of the lesion, of the six of the ABCD rule."""
        also = {
            "white": self.regression_structures,
            "red": self.atypical_vascular_pattern,
            "light brown": not self.dark,
            "dark brown": self.dark or self.atypical_pigment_network,
            "blue-grey": self.blue_whitish_veil,
            "black": self.irregular_pigmentation,
        }
        return tuple(name for name in PAINTS if also[name])


def draw(s: Stream, fixed: Mapping[str, Any]) -> Truth:
    """Half of the lesions are calm, half bear several of the criteria."""
    wild = s.bernoulli(0.5)
    signs = {name: s.bernoulli(0.45 if wild else 0.06) for name in SIGNS}
    return made(
        Truth,
        diameter_mm=round(s.uniform(6.0, 12.5) if wild else s.uniform(4.0, 9.0), 1),
        elongation=round(s.uniform(0.66, 0.96), 2),
        lopsidedness=round(s.uniform(0.08, 0.2) if wild else s.uniform(0.0, 0.03), 3),
        roughness=round(s.uniform(0.03, 0.09) if wild else s.uniform(0.0, 0.015), 3),
        turn_deg=round(s.uniform(0.0, 180.0), 0),
        shape=s.integer(0, 9999),
        dark=s.bernoulli(0.5),
        **{name: fixed_or(fixed, name, signs[name]) for name in SIGNS},
    )


def outline(truth: Truth) -> Field:
    """Radius of the lesion at equal angles, pixels; its longest diameter is the truth's."""
    s = named("images", "skin", "outline", truth.shape)
    turn = np.arange(_POINTS) * (2.0 * math.pi / _POINTS)
    own = turn - math.radians(truth.turn_deg)
    rim = 1.0 / np.sqrt(np.cos(own) ** 2 + (np.sin(own) / truth.elongation) ** 2)
    waves = truth.lopsidedness * np.cos(own - s.uniform(0.6, 1.0))
    waves += truth.lopsidedness * np.cos(3.0 * own + s.uniform(0.3, 1.2))
    for k in (7, 9, 11):
        waves += truth.roughness * np.cos(k * own + s.uniform(0.0, 6.28))
    rim = rim * (1.0 + waves)
    y, x = rim * np.sin(turn), rim * np.cos(turn)
    directions = np.arange(0.0, math.pi, math.pi / 180.0)
    along = y[:, None] * np.sin(directions) + x[:, None] * np.cos(directions)
    longest = float((along.max(axis=0) - along.min(axis=0)).max())
    return np.asarray(rim * (truth.diameter_mm / MM / longest))


def render(truth: Truth, seed: int) -> Picture:
    """The photograph, 512 x 512 in colour."""
    s = named("images", "skin", seed, "place")
    at = (256.0 + s.uniform(-12.0, 12.0), 256.0 + s.uniform(-12.0, 12.0))
    rim = outline(truth)
    distance = polar(SIZE, at, rim)
    colour = np.empty((*SIZE, 3))
    shade = 1.0 + 0.02 * clouds(SIZE, 90.0, "images", "skin", seed, "light")
    lines = np.abs(clouds(SIZE, 11.0, "images", "skin", seed, "lines"))
    shade -= 0.035 * soft(lines - 0.1, 0.25)
    for channel in range(3):
        colour[..., channel] = SKIN[channel] * shade
    inside = soft(distance, 6.0)
    ground = PAINTS["dark brown" if truth.dark else "light brown"]
    mixed(colour, inside, ground)
    uneven = (5.0 if truth.dark else 8.0) * clouds(SIZE, 24.0, "images", "skin", seed, "ground")
    # Pigment thins towards the border, and a fine regular net shows through.
    deep = np.clip(-distance / float(rim.mean()), 0.0, 1.0)
    uneven += (9.0 if truth.dark else 14.0) * (0.5 - deep)
    net = np.abs(clouds(SIZE, 9.0, "images", "skin", seed, "fine net"))
    uneven -= (5.0 if truth.dark else 9.0) * soft(net - 0.2, 0.3)
    colour += (uneven * inside)[..., None]
    if truth.atypical_pigment_network:
        _network(colour, distance, truth, seed)
    _signs(colour, truth, at, rim, s)
    _hairs(colour, s)
    noise = 3.0 * grain(SIZE, "images", "skin", seed, "grain")
    return Picture(
        kind="skin", pixels=grey(colour + noise[..., None]), spacing_mm=(MM, MM), modality="XC"
    )


def _network(colour: Field, distance: Field, truth: Truth, seed: int) -> None:
    """A coarse, uneven net of dark lines."""
    mesh = np.abs(clouds(SIZE, 13.0, "images", "skin", seed, "net"))
    mesh = soft(mesh - 0.22, 0.16) * soft(distance + 10.0, 8.0)
    paint = PAINTS["dark brown"] if not truth.dark else (70.0, 40.0, 27.0)
    mixed(colour, mesh * 0.95, paint)


def _spot(
    s: Stream, at: tuple[float, float], rim: Field, low: float, high: float
) -> tuple[float, float]:
    """A place between two shares of the radius."""
    turn = s.uniform(0.0, 2.0 * math.pi)
    r = float(rim[int(turn / (2.0 * math.pi) * _POINTS) % _POINTS]) * s.uniform(low, high)
    return at[0] + r * math.sin(turn), at[1] + r * math.cos(turn)


def _patch(
    colour: Field, s: Stream, at: tuple[float, float], size: float, name: str, edge: float
) -> None:
    """A patch of one of the colours with a wavy border."""
    turn = np.arange(72) * (2.0 * math.pi / 72)
    rim = np.ones(72)
    for wave in (2, 3, 4):
        rim += s.uniform(0.04, 0.10) * np.cos(wave * turn + s.uniform(0.0, 6.28))
    rows, cols, own = box(SIZE, at, 2.0 * size)
    part = colour[rows, cols]
    cloudy = 0.95 + 0.025 * clouds(part.shape[:2], 9.0, "images", "skin", round(size), name)
    mixed(part, cloudy * soft(polar(part.shape[:2], own, size * rim), edge), PAINTS[name])


def _signs(colour: Field, truth: Truth, at: tuple[float, float], rim: Field, s: Stream) -> None:
    mean = float(rim.mean())
    sector = s.uniform(0.0, 2.0 * math.pi)
    for order, (shown, name) in enumerate(
        (
            (truth.blue_whitish_veil, "blue-grey"),
            (truth.regression_structures, "white"),
            (truth.irregular_pigmentation, "black"),
        )
    ):
        if shown:
            turn = sector + order * 2.0 * math.pi / 3.0
            first = int(turn / (2.0 * math.pi) * _POINTS)
            out = 0.48 * float(rim[(first + np.arange(-25, 26)) % _POINTS].min())
            place = (at[0] + out * math.sin(turn), at[1] + out * math.cos(turn))
            _patch(colour, s, place, 0.27 * mean, name, 13.0)
    if truth.irregular_dots_globules:
        for _ in range(14):
            _dot(colour, _spot(s, at, rim, 0.25, 0.85), s.uniform(3.2, 4.6), (44.0, 26.0, 20.0))
    if truth.atypical_vascular_pattern:
        for _ in range(12):
            a = _spot(s, at, rim, 0.1, 0.8)
            turn, length = s.uniform(0.0, 6.28), s.uniform(0.10, 0.18) * mean
            b = (a[0] + length * math.sin(turn), a[1] + length * math.cos(turn))
            _stroke(colour, a, b, 2.6, PAINTS["red"])
    if truth.irregular_streaks:
        ground = PAINTS["dark brown" if truth.dark else "light brown"]
        start = s.uniform(0.0, 6.28)
        for step in range(9):
            turn = start + 0.3 * step + s.uniform(-0.07, 0.07)
            r = float(rim[int(turn / (2.0 * math.pi) * _POINTS) % _POINTS])
            far = r + s.uniform(13.0, 26.0)
            sin, cos = math.sin(turn), math.cos(turn)
            # Broad at the lesion, thin at the tip, slightly bent.
            points = [
                (at[0] + out * sin + bend * cos, at[1] + out * cos - bend * sin)
                for out, bend in ((r - 8.0, 0.0), (r + 6.0, s.uniform(-1.5, 1.5)), (far, 0.0))
            ]
            _stroke(colour, points[0], points[1], 3.0, ground)
            _stroke(colour, points[1], points[2], 1.9, ground)


def _dot(
    colour: Field, at: tuple[float, float], size: float, paint: tuple[float, float, float]
) -> None:
    rows, cols, own = box(SIZE, at, size + 4.0)
    part = colour[rows, cols]
    y, x = grid(part.shape[:2])
    mixed(part, soft(np.sqrt((y - own[0]) ** 2 + (x - own[1]) ** 2) - size, 2.0), paint)


def _stroke(
    colour: Field,
    a: tuple[float, float],
    b: tuple[float, float],
    half_width: float,
    paint: tuple[float, float, float],
) -> None:
    middle = ((a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0)
    reach = math.dist(a, b) / 2.0 + half_width + 4.0
    rows, cols, _ = box(SIZE, middle, reach)
    part = colour[rows, cols]
    own = [(p[0] - rows.start, p[1] - cols.start) for p in (a, b)]
    mixed(part, soft(line(part.shape[:2], own[0], own[1]) - half_width, 2.0), paint)


def _hairs(colour: Field, s: Stream) -> None:
    """A few fine hairs at the border of the view."""
    for _ in range(s.integer(0, 5)):
        row, turn = s.choice((s.uniform(4.0, 40.0), s.uniform(470.0, 506.0))), s.uniform(-0.3, 0.3)
        at, bend = (row, s.uniform(10.0, 330.0)), s.uniform(-0.05, 0.05)
        for _ in range(s.integer(4, 8)):
            end = (at[0] + 26.0 * math.sin(turn), at[1] + 26.0 * math.cos(turn))
            if not (2.0 < end[0] < 48.0 or 462.0 < end[0] < 510.0):
                break
            _stroke(colour, at, end, 0.7, (92.0, 66.0, 52.0))
            at, turn = end, turn + bend
