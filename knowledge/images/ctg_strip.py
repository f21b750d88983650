"""Cardiotocogram of twenty minutes on paper: fetal heart rate above, contractions below.

Paper of 1 cm/min, 20 beats a minute to the centimetre. Patterns follow NICHD 2008 (Macones, Obstet
Gynecol 112:661): an early or late deceleration takes 30 s or more from onset to nadir, a variable
one less; an acceleration is 15 beats for 15 s.
"""

import math
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import numpy as np

from ..rng import Stream
from ..rng import stream as named
from .drawing import Field, fixed_or, grain, grey, made, write
from .picture import Count, Picture, Positive, Size

SIZE = (520, 860)
MM = 0.25
"""Side of a pixel, mm: 1.5 seconds and half a beat a minute."""
S_PER_PX = MM * 6.0
BPM_PER_PX = MM * 2.0
LEFT, COLUMNS = 40, 800
FHR_ROW, FHR_BPM = 340.0, 50.0
"""Row of the picture at which the upper paper has 50 a minute."""
TOCO_ROW, TOCO_PX = 500.0, 1.2
"""Row of an empty contraction channel, and pixels for each unit of it."""
Variability = Literal["absent", "minimal", "moderate", "marked"]
Decelerations = Literal["none", "early", "late", "variable"]
RANGES: dict[str, tuple[float, float]] = {
    "absent": (0.0, 0.9),
    "minimal": (2.5, 4.3),
    "moderate": (8.0, 20.0),
    "marked": (28.0, 34.0),
}
"""Amplitude of the baseline's variability, beats a minute; the classes of NICHD 2008 are none to
be seen, up to 5, 6 to 25, above 25. Drawn clear of the borders."""


class Truth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the strip hides."""

    baseline_bpm: Positive
    variability: Variability
    variability_bpm: Size
    """Peak to trough of the fluctuation around the baseline."""
    accelerations: Count
    decelerations: Decelerations
    deceleration_count: Count
    deceleration_bpm: Size
    """Depth of the decelerations."""
    contractions: Count
    """In twenty minutes."""

    @property
    def recurrent(self) -> bool:
        """Decelerations with half of the contractions or more."""
        return self.deceleration_count > 0 and 2 * self.deceleration_count >= self.contractions


def draw(s: Stream, fixed: Mapping[str, Any]) -> Truth:
    """Strips of all three categories; decelerations go with recurrent contractions."""
    weights = {"none": 4.0, "early": 1.0, "late": 2.0, "variable": 2.0}
    drops = fixed_or(fixed, "decelerations", s.weighted(weights))
    spread = s.weighted({"absent": 1.0, "minimal": 1.5, "moderate": 5.0, "marked": 0.7})
    if drops != "none" and spread == "marked":
        spread = "moderate"
    variability = fixed_or(fixed, "variability", spread)
    low, high = RANGES[variability]
    amplitude = s.uniform(low, high)
    contractions = fixed_or(fixed, "contractions", s.integer(4, 6))
    lifts = s.integer(1, 4) if s.bernoulli(0.75) else 0
    calm = variability == "moderate" and drops == "none"
    normal, off = (
        s.uniform(114.0, 156.0),
        s.choice((s.uniform(96.0, 106.0), s.uniform(166.0, 178.0))),
    )
    odd = s.bernoulli(0.25) and drops == "none"
    depth = s.uniform(22.0, 45.0)
    return made(
        Truth,
        baseline_bpm=round(off if odd else normal, 0),
        variability=variability,
        variability_bpm=round(amplitude, 1),
        accelerations=lifts if calm else 0,
        decelerations=drops,
        deceleration_count=contractions if drops != "none" else 0,
        deceleration_bpm=round(depth, 0) if drops != "none" else 0.0,
        contractions=contractions,
    )


def render(truth: Truth, seed: int) -> Picture:
    """The paper, 520 x 860 in colour."""
    s = named("images", "ctg_strip", seed, "events")
    colour = _paper()
    at: Field = np.arange(COLUMNS * 2, dtype=np.float64) * (S_PER_PX / 2.0)
    peaks = _contraction_peaks(truth, s)
    rate = _rate(truth, s, at, peaks, seed)
    rows = FHR_ROW - (rate - FHR_BPM) / BPM_PER_PX
    _trace(colour, rows, (28.0, 30.0, 60.0), 1.4)
    toco: Field = 8.0 + 1.2 * _smooth_noise(at, seed, "toco", 6.0)
    for peak in peaks:
        toco = toco + s.uniform(48.0, 62.0) * _bell(at - peak, 36.0)
    _trace(colour, TOCO_ROW - TOCO_PX * toco, (28.0, 30.0, 60.0), 1.2)
    noise = 1.2 * grain(SIZE, "images", "ctg_strip", seed, "grain")
    return Picture(
        kind="ctg_strip",
        pixels=grey(colour + noise[..., None]),
        spacing_mm=(MM, MM),
        modality="OT",
    )


def _paper() -> Field:
    colour = np.empty((*SIZE, 3))
    colour[...] = (252.0, 250.0, 240.0)
    upper, lower = slice(20, 341), slice(380, 501)
    for band, step in ((upper, 20), (lower, 24)):
        part = colour[band, LEFT : LEFT + COLUMNS + 1]
        part[:: step // 2] = (240.0, 222.0, 206.0)
        part[:, ::20] = (240.0, 222.0, 206.0)
        part[::step] = (228.0, 176.0, 150.0)
        part[:, ::40] = (228.0, 176.0, 150.0)
    for channel, value in enumerate((150.0, 96.0, 70.0)):
        paper = colour[..., channel]
        for bpm in range(60, 211, 30):
            write(paper, str(bpm), (round(FHR_ROW - (bpm - 50) / BPM_PER_PX) - 4, 8), value)
        for units in (0, 50, 100):
            write(paper, str(units), (round(TOCO_ROW - TOCO_PX * units) - 6, 8), value)
        write(paper, "FHR bpm      1 cm/min", (6, LEFT), value)
        write(paper, "UA", (364, LEFT), value)
        for minute in range(3, 20, 3):
            write(paper, str(minute), (365, LEFT + round(minute * 60.0 / S_PER_PX) - 3), value)
        write(paper, "min", (365, LEFT + COLUMNS - 20), value)
    return colour


def _contraction_peaks(truth: Truth, s: Stream) -> list[float]:
    """Seconds at which the contractions peak, evenly but for a little."""
    step = 1200.0 / max(truth.contractions, 1)
    return [(k + 0.42) * step + s.uniform(-10.0, 10.0) for k in range(truth.contractions)]


def _bell(t: Field, width_s: float) -> Field:
    """A smooth bell that ends 2 widths from its middle."""
    u = np.clip(t / (2.0 * width_s), -1.0, 1.0)
    return (1.0 - u * u) ** 3


def _rate(truth: Truth, s: Stream, at: Field, peaks: list[float], seed: int) -> Field:
    """Beats a minute over time: baseline, fluctuation, accelerations, decelerations."""
    # Swings alone would be a sinusoidal pattern: half of it is without any rhythm.
    free = _smooth_noise(at, seed, "variability", 7.0)
    free = free / np.sqrt(1.0 + 0.6 * free * free)
    wave = 0.55 * _oscillation(at, seed) + 0.5 * free
    wave = 1.24 * wave + 0.12 * _smooth_noise(at, seed, "fine", 3.0)
    rate = truth.baseline_bpm + 0.5 * truth.variability_bpm * wave
    if truth.variability != "absent":
        rate = rate + 0.8 * _smooth_noise(at, seed, "wander", 110.0)
    step = 1200.0 / max(truth.contractions, 1)
    for k in range(truth.accelerations):
        middle = (k + 0.92 if k + 1 < truth.contractions else 0.12) * step
        rate = rate + s.uniform(19.0, 26.0) * _plateau(at - middle, s.uniform(14.0, 20.0), 9.0)
    # Depth varies, but stays clear of what would be no deceleration.
    for peak in peaks[: truth.deceleration_count]:
        depth = truth.deceleration_bpm * s.uniform(0.92, 1.08)
        rate = rate - depth * _drop(truth.decelerations, at, peak, s)
    return rate


def _oscillation(at: Field, seed: int) -> Field:
    """Three to five swings a minute, uneven in pace and height; parabolas for a sine."""
    pace = np.clip(1.0 + 0.3 * _smooth_noise(at, seed, "pace", 20.0), 0.45, 1.7)
    phase = np.cumsum(pace) * (S_PER_PX / 2.0 / 14.0) + float(grain((1, 1), seed, "phase")[0, 0])
    half = phase % 1.0
    swing = 4.0 * half * (1.0 - half) * np.where(phase % 2.0 < 1.0, 1.0, -1.0)
    height = np.clip(0.92 + 0.13 * _smooth_noise(at, seed, "height", 45.0), 0.7, 1.1)
    return np.asarray(height * swing)


def _drop(kind: str, at: Field, peak: float, s: Stream) -> Field:
    if kind == "early":
        return _bell(at - peak, 32.0)
    if kind == "late":
        return _bell(at - peak - s.uniform(30.0, 38.0), 34.0)
    # Abrupt: down in a quarter of a minute, hardly a floor, up again.
    return _plateau(at - peak - s.uniform(-6.0, 10.0), s.uniform(8.0, 14.0), 12.0)


def _plateau(t: Field, half_s: float, ramp_s: float) -> Field:
    share = np.clip((half_s + ramp_s - np.abs(t)) / ramp_s, 0.0, 1.0)
    return share * share * (3.0 - 2.0 * share)


def _smooth_noise(at: Field, seed: int, name: str, cell_s: float) -> Field:
    """Noise of standard deviation about 1 that turns every `cell_s` seconds."""
    count = int(at[-1] / cell_s) + 3
    knots = grain((1, count), "images", "ctg_strip", seed, name)[0]
    place = at / cell_s
    low = place.astype(np.int64)
    share = place - low
    share = share * share * (3.0 - 2.0 * share)
    return np.asarray(1.2 * (knots[low] * (1.0 - share) + knots[low + 1] * share))


def _trace(colour: Field, rows: Field, paint: tuple[float, float, float], reach: float) -> None:
    """Ink over all columns, two samples each."""
    pairs = rows.reshape(COLUMNS, 2)
    top, bottom = pairs.min(axis=1), pairs.max(axis=1)
    top[1:] = np.minimum(top[1:], pairs[:-1, 1])
    bottom[1:] = np.maximum(bottom[1:], pairs[:-1, 1])
    first, last = int(top.min()) - 4, math.ceil(float(bottom.max())) + 4
    y = np.arange(first, last)[:, None] + 0.5
    away = np.maximum(np.maximum(top[None, :] - y, y - bottom[None, :]), 0.0)
    cover = np.clip(reach - away, 0.0, 1.0)
    part = colour[first:last, LEFT : LEFT + COLUMNS]
    part += cover[..., None] * (np.array(paint) - part)
