"""Patch of a section stained with haematoxylin and eosin: nuclei in pink tissue."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import numpy as np

from ..rng import Stream
from ..rng import stream as named
from .drawing import Field, box, clouds, fixed_or, grain, grey, made, mixed, polar, soft
from .picture import Count, Picture, Positive, Share

SIZE = (512, 512)
MM = 0.0005
"""Side of a pixel, mm: half a micrometre, as scanned with a 20x objective."""
_UM = 1000.0 * MM
_NUCLEUS = (84.0, 54.0, 132.0)
_DARK = (46.0, 26.0, 84.0)


class Truth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the patch hides."""

    grade: Literal["bland", "atypical"]
    nuclei: Count
    """Nuclei in the patch, the dividing ones not counted."""
    nuclear_diameter_um: Positive
    """Mean of the diameters."""
    size_variation: Share
    """Standard deviation of the diameters over their mean (anisokaryosis)."""
    mitoses: Count
    """Dividing figures: dark, ragged plates without a membrane."""


def draw(s: Stream, fixed: Mapping[str, Any]) -> Truth:
    """Half of the patches are bland: small even nuclei, none dividing."""
    grade = fixed_or(fixed, "grade", s.choice(("bland", "atypical")))
    wild = grade == "atypical"
    calm = (s.integer(40, 80), s.uniform(6.5, 8.5), s.uniform(0.04, 0.10))
    odd = (s.integer(60, 110), s.uniform(8.5, 11.0), s.uniform(0.20, 0.30))
    count, diameter, spread = odd if wild else calm
    dividing = s.integer(1, 6)
    return made(
        Truth,
        grade=grade,
        nuclei=count,
        nuclear_diameter_um=round(diameter, 1),
        size_variation=round(spread, 2),
        mitoses=dividing if wild else 0,
    )


def diameters_um(truth: Truth, seed: int) -> Field:
    """Diameters of the nuclei with exactly the mean and variation of the truth, um."""
    s = named("images", "histology", seed, "sizes")
    raw = np.array([min(max(s.normal(), -1.9), 1.9) for _ in range(max(truth.nuclei, 1))])
    spread = float(raw.std()) or 1.0
    own = (raw - raw.mean()) / spread
    return np.asarray(truth.nuclear_diameter_um * (1.0 + truth.size_variation * own))


def render(truth: Truth, seed: int) -> Picture:
    """The patch, 512 x 512 in colour, about a quarter of a millimetre wide."""
    s = named("images", "histology", seed, "tissue")
    colour = _tissue(seed)
    taken: list[tuple[float, float, float]] = []
    for diameter in sorted(diameters_um(truth, seed)[: truth.nuclei], reverse=True):
        size = float(diameter) / _UM / 2.0
        at = _free(taken, s, size)
        _cell(colour, at, size, s)
        _nucleus(colour, at, size, s, wild=truth.grade == "atypical")
    for _ in range(truth.mitoses):
        _mitosis(colour, _free(taken, s, 8.0), s)
    noise = 3.5 * grain(SIZE, "images", "histology", seed, "grain")
    return Picture(
        kind="histology",
        pixels=grey(colour + noise[..., None]),
        spacing_mm=(MM, MM),
        modality="SM",
    )


def _tissue(seed: int) -> Field:
    """Pink ground with fibres and pale clefts."""
    colour = np.empty((*SIZE, 3))
    fibres = clouds(SIZE, 16.0, "images", "histology", seed, "fibres")
    waves = clouds(SIZE, 60.0, "images", "histology", seed, "waves")
    for channel, (value, change) in enumerate(((226.0, 5.0), (158.0, 13.0), (192.0, 7.0))):
        colour[..., channel] = value + change * (0.7 * waves + 0.6 * fibres)
    # Clefts open only here and there.
    cleft = np.abs(clouds(SIZE, 48.0, "images", "histology", seed, "clefts"))
    where = soft(0.7 - waves, 0.5)
    mixed(colour, 0.75 * where * soft(cleft - 0.06, 0.14), (244.0, 232.0, 240.0))
    return colour


def _free(taken: list[tuple[float, float, float]], s: Stream, size: float) -> tuple[float, float]:
    """A place clear of the border and of other nuclei; the last try is taken as it is."""
    at, edge = (0.0, 0.0), size * 1.3 + 3.0
    for _ in range(600):
        at = (s.uniform(edge, SIZE[0] - edge), s.uniform(edge, SIZE[1] - edge))
        near = any(
            (at[0] - y) ** 2 + (at[1] - x) ** 2 < (1.3 * (size + r) + 3.0) ** 2 for y, x, r in taken
        )
        if not near:
            break
    taken.append((*at, size))
    return at


def _cell(colour: Field, at: tuple[float, float], size: float, s: Stream) -> None:
    """A rim of denser cytoplasm around the nucleus."""
    reach = size * s.uniform(1.7, 2.1)
    turn = np.arange(48) * (2.0 * math.pi / 48)
    rim = reach * (1.0 + 0.08 * np.cos(2.0 * turn + s.uniform(0.0, 6.28)))
    rows, cols, own = box(SIZE, at, reach * 1.3 + 4.0)
    part = colour[rows, cols]
    distance = polar(part.shape[:2], own, rim)
    mixed(part, 0.35 * soft(distance, 4.0), (212.0, 140.0, 184.0))
    mixed(part, 0.22 * soft(np.abs(distance) - 0.8, 2.0), (176.0, 96.0, 150.0))


def _nucleus(colour: Field, at: tuple[float, float], size: float, s: Stream, *, wild: bool) -> None:
    """Violet, darker at its membrane, with grains of chromatin; the area is that of the size."""
    turn = np.arange(60) * (2.0 * math.pi / 60)
    tilt, flat = s.uniform(0.0, 6.28), s.uniform(0.76, 0.96)
    rim = 1.0 / np.sqrt(np.cos(turn - tilt) ** 2 + (np.sin(turn - tilt) / flat) ** 2)
    rim += (0.06 if wild else 0.02) * np.cos(3.0 * turn + s.uniform(0.0, 6.28))
    rim *= size / math.sqrt(float(np.mean(rim * rim)))
    rows, cols, own = box(SIZE, at, size * 1.4 + 4.0)
    part = colour[rows, cols]
    distance = polar(part.shape[:2], own, rim)
    key = s.word()
    chromatin = clouds(part.shape[:2], 2.6, "images", "histology", key, "chromatin")
    cover = soft(distance, 1.6)
    mixed(part, cover, _NUCLEUS)
    mixed(part, cover * np.clip(0.25 + 0.22 * chromatin, 0.0, 0.7), _DARK)
    mixed(part, 0.6 * soft(np.abs(distance + 1.2) - 0.6, 1.2), _DARK)
    if wild:
        spot = (own[0] + s.uniform(-0.3, 0.3) * size, own[1] + s.uniform(-0.3, 0.3) * size)
        nucleolus = polar(part.shape[:2], spot, np.full(8, 1.8))
        mixed(part, 0.8 * soft(nucleolus, 1.5), (150.0, 40.0, 120.0))


def _mitosis(colour: Field, at: tuple[float, float], s: Stream) -> None:
    """A ragged plate, nearly black, in a clear cell."""
    rows, cols, own = box(SIZE, at, 24.0)
    part = colour[rows, cols]
    mixed(
        part, 0.8 * soft(polar(part.shape[:2], own, np.full(8, 15.0)), 5.0), (238.0, 196.0, 218.0)
    )
    turn = np.arange(60) * (2.0 * math.pi / 60)
    tilt = s.uniform(0.0, 3.14)
    rim = 1.0 / np.sqrt((np.cos(turn - tilt) / 10.5) ** 2 + (np.sin(turn - tilt) / 3.4) ** 2)
    rim *= 1.0 + 0.14 * np.cos(9.0 * turn + s.uniform(0.0, 6.28))
    mixed(part, soft(polar(part.shape[:2], own, rim), 1.4), (26.0, 14.0, 44.0))
