"""Twelve-lead electrocardiogram on paper, 25 mm/s and 10 mm/mV.

Three rows of four leads and a rhythm strip of lead II.

Limb leads follow from I and III (Einthoven, Goldberger), so reciprocal changes are as they must be.
Ends of P and T waves are where the steepest tangent meets the baseline (Lepeschkin 1952,
Circulation 6:378).
"""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from ..rng import Stream
from ..rng import stream as named
from .drawing import Field, fixed_or, grain, grey, made, write
from .picture import Picture, Positive, Size

SIZE = (660, 1290)
MM = 0.2
"""Side of a pixel, mm: 8 ms and 0.02 mV."""
MS_PER_PX = MM / 25.0 * 1000.0
PX_PER_MV = 10.0 / MM
LEFT = 20
ROWS = (110.0, 260.0, 410.0, 570.0)
"""Rows of the picture at which the four strips have their zero."""
HALF_ROW = 74
CELL_PX = 312
"""Width of a lead's cell: 2.5 seconds, nearly."""
STRIP_PX = 1250
LAYOUT = (
    ("I", "aVR", "V1", "V4"),
    ("II", "aVL", "V2", "V5"),
    ("III", "aVF", "V3", "V6"),
)
LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
Rate = Annotated[float, msgspec.Meta(ge=20, le=250)]
Territory = Literal["none", "anterior", "inferior", "lateral"]
TERRITORIES: dict[str, tuple[str, ...]] = {
    "anterior": ("V1", "V2", "V3", "V4"),
    "inferior": ("II", "III", "aVF"),
    "lateral": ("I", "aVL", "V5", "V6"),
}
_CLIMB = 0.3
"""By which share an elevated ST rises from 60 ms after J to the top of T."""
TANGENT = 0.866
"""Where the steepest tangent of a wave meets the baseline, share of its half width."""
_WAVES: dict[str, tuple[float, float, float, float, float]] = {
    "I": (0.09, -0.06, 0.78, -0.10, 0.24),
    "III": (0.05, -0.02, 0.30, -0.08, 0.06),
    "V1": (0.06, 0.0, 0.25, -0.95, -0.08),
    "V2": (0.08, 0.0, 0.45, -1.20, 0.36),
    "V3": (0.08, 0.0, 0.80, -0.80, 0.40),
    "V4": (0.09, -0.04, 1.15, -0.50, 0.36),
    "V5": (0.09, -0.06, 1.05, -0.25, 0.30),
    "V6": (0.09, -0.06, 0.85, -0.12, 0.25),
}
"""Lead -> height of P, Q, R, S and T, mV; the other limb leads follow."""
_LIFTS: dict[str, dict[str, float]] = {
    "none": {},
    "anterior": {"V1": 0.5, "V2": 1.0, "V3": 1.0, "V4": 0.8, "I": 0.2, "III": -0.2},
    "inferior": {"I": -0.3, "III": 1.0},
    "lateral": {"I": 1.0, "III": -0.8, "V5": 0.8, "V6": 0.8},
}


class Truth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the strip hides."""

    rhythm: Literal["sinus rhythm", "atrial fibrillation"]
    heart_rate_per_min: Rate
    pr_ms: Size
    """0 in atrial fibrillation."""
    qrs_ms: Positive
    qt_ms: Positive
    st_territory: Territory = "none"
    st_elevation_mm: float = 0.0
    """ST elevation 60 ms after the J point in the lead of the territory that shows most."""


def draw(s: Stream, fixed: Mapping[str, Any]) -> Truth:
    """A third normal; else atrial fibrillation, a long QT or an elevated ST, one at a time."""
    picture = s.weighted({"normal": 3.0, "fibrillation": 2.0, "long": 2.0, "elevated": 3.0})
    irregular = fixed_or(fixed, "rhythm", "") == "atrial fibrillation" or (
        "rhythm" not in fixed and picture == "fibrillation"
    )
    lifted = s.choice(("anterior", "inferior", "lateral"))
    where = fixed_or(
        fixed,
        "st_territory",
        lifted if picture == "elevated" or fixed.get("st_elevation_mm") else "none",
    )
    calm, fast, slow = s.uniform(55.0, 95.0), s.uniform(72.0, 115.0), s.uniform(52.0, 78.0)
    rate = fast if irregular else slow if picture == "long" else calm
    rate = fixed_or(fixed, "heart_rate_per_min", round(rate, 0))
    corrected = s.uniform(485.0, 560.0) if picture == "long" else s.uniform(380.0, 440.0)
    lift = s.uniform(2.2, 4.0)
    pr = s.uniform(130.0, 195.0)
    return made(
        Truth,
        rhythm="atrial fibrillation" if irregular else "sinus rhythm",
        heart_rate_per_min=rate,
        pr_ms=0.0 if irregular else round(pr, 0),
        qrs_ms=round(s.uniform(80.0, 108.0), 0),
        qt_ms=round(corrected * math.sqrt(60.0 / rate), 0),
        st_territory=where,
        st_elevation_mm=round(lift, 1) if where != "none" else 0.0,
    )


def st_by_lead(truth: Truth) -> dict[str, float]:
    """ST elevation of every lead, mm."""
    own = {
        lead: truth.st_elevation_mm * _LIFTS[truth.st_territory].get(lead, 0.0) for lead in LEADS
    }
    return {lead: round(value, 3) for lead, value in _limb(own).items()}


def _limb(own: Mapping[str, Any]) -> dict[str, Any]:
    one, three = own["I"], own["III"]
    two = one + three
    limb = {
        "I": one,
        "II": two,
        "III": three,
        "aVR": -(one + two) / 2.0,
        "aVL": (one - three) / 2.0,
        "aVF": (two + three) / 2.0,
    }
    return {lead: limb[lead] if lead in limb else own[lead] for lead in LEADS}


def render(truth: Truth, seed: int) -> Picture:
    """The paper, 660 x 1290 in colour."""
    s = named("images", "ecg_strip", seed, "beats")
    colour = _paper()
    signals = _limb(_signals(truth, s, seed))
    for row, leads in enumerate(LAYOUT):
        for cell, lead in enumerate(leads):
            left = cell * CELL_PX
            _trace(colour, signals[lead][left * 4 : (left + CELL_PX) * 4], ROWS[row], LEFT + left)
            _name(colour, lead, (round(ROWS[row]) - 68, LEFT + left + 6))
    _trace(colour, signals["II"], ROWS[3], LEFT)
    _name(colour, "II", (round(ROWS[3]) - 68, LEFT + 6))
    _name(colour, "25 mm/s   10 mm/mV", (10, LEFT + 6))
    noise = 1.2 * grain(SIZE, "images", "ecg_strip", seed, "grain")
    return Picture(
        kind="ecg_strip",
        pixels=grey(colour + noise[..., None]),
        spacing_mm=(MM, MM),
        modality="ECG",
    )


def _paper() -> Field:
    colour = np.empty((*SIZE, 3))
    colour[...] = (254.0, 242.0, 240.0)
    for step, paint in ((5, (250.0, 214.0, 212.0)), (25, (240.0, 168.0, 166.0))):
        colour[10::step, :] = paint
        colour[:, LEFT::step] = paint
    return colour


def _name(colour: Field, text: str, at: tuple[int, int]) -> None:
    for channel, value in enumerate((176.0, 52.0, 60.0)):
        write(colour[..., channel], text, at, value, 2)


def _onsets(truth: Truth, s: Stream) -> list[float]:
    """Onset of every QRS, ms; those that fit on the paper have the rate of the truth."""
    mean = 60000.0 / truth.heart_rate_per_min
    span = STRIP_PX * MS_PER_PX - 420.0
    count = max(2, int(span / mean))
    wide = truth.rhythm == "atrial fibrillation"
    raw = [s.uniform(0.74, 1.32) if wide else s.uniform(0.98, 1.02) for _ in range(count)]
    scale = mean * count / sum(raw)
    first = 60.0 + s.uniform(0.0, max(1.0, min(span - mean * count, mean - 120.0)))
    onsets = [first]
    for share in raw:
        onsets.append(onsets[-1] + share * scale)
    return [first - mean, *onsets, onsets[-1] + mean]


def _signals(truth: Truth, s: Stream, seed: int) -> dict[str, Field]:
    """Voltages (mV) of the independent leads, four samples a pixel."""
    at: Field = np.arange(STRIP_PX * 4, dtype=np.float64) * (MS_PER_PX / 4.0)
    onsets = _onsets(truth, s)
    size = s.uniform(0.88, 1.12)
    lifts = _LIFTS[truth.st_territory]
    shapes = _shapes(truth, at, onsets)
    signals = {}
    for number, (lead, heights) in enumerate(_WAVES.items()):
        wave = 0.02 * np.sin(at * (2.0 * math.pi / 3700.0) + s.uniform(0.0, 6.28))
        for height, shape in zip(heights, shapes[:5], strict=True):
            wave = wave + size * height * shape
        wave = wave + 0.1 * truth.st_elevation_mm * lifts.get(lead, 0.0) * shapes[5]
        if truth.rhythm == "atrial fibrillation":
            wave = wave + _flutter(at, lead, seed)
        wiggle = grain((1, len(at)), "images", "ecg_strip", seed, "muscle", number)[0]
        signals[lead] = wave + 0.004 * wiggle
    return signals


def _flutter(at: Field, lead: str, seed: int) -> Field:
    """Fibrillatory waves, five to seven a second, largest in V1."""
    s = named("images", "ecg_strip", seed, "flutter")
    height = 0.05 if lead == "V1" else 0.022
    wave = np.zeros(len(at))
    for _ in range(3):
        pace = 2.0 * math.pi * s.uniform(4.8, 7.2) / 1000.0
        wave += height / 2.0 * np.sin(pace * at + s.uniform(0.0, 6.28))
    return wave


def _hump(at: Field, centre: float, half: float) -> Field:
    u = (at - centre) / half
    return np.maximum(1.0 - u * u, 0.0) ** 2


def _tent(at: Field, a: float, b: float) -> Field:
    return np.maximum(1.0 - np.abs(at - (a + b) / 2.0) / ((b - a) / 2.0), 0.0)


def _shapes(truth: Truth, at: Field, onsets: list[float]) -> tuple[Field, ...]:
    """Unit waves P, Q, R, S, T and the ST plateau, summed over the beats."""
    shapes = tuple(np.zeros(len(at)) for _ in range(6))
    p_half, t_half = 52.0, 0.21 * truth.qt_ms
    qrs, peak = truth.qrs_ms, truth.qt_ms - TANGENT * t_half
    for onset in onsets:
        low, high = np.searchsorted(at, (onset - 320.0, onset + truth.qt_ms + 120.0))
        t = at[low:high] - onset
        if truth.pr_ms:
            shapes[0][low:high] += _hump(t, TANGENT * p_half - truth.pr_ms, p_half)
        shapes[1][low:high] += _tent(t, 0.0, 0.24 * qrs)
        shapes[2][low:high] += _tent(t, 0.2 * qrs, 0.7 * qrs)
        shapes[3][low:high] += _tent(t, 0.62 * qrs, qrs)
        shapes[4][low:high] += _hump(t, peak, t_half)
        rise = np.clip((t - 0.86 * qrs) / (0.14 * qrs), 0.0, 1.0)
        # The segment climbs into the T wave: as high as the truth says 60 ms after J.
        climb = 1.0 + _CLIMB * np.clip((t - qrs - 60.0) / (peak - qrs - 60.0), -1.0, 1.0)
        dome = (1.0 + _CLIMB) * _hump(t, peak, t_half)
        shapes[5][low:high] += rise * np.where(t < peak, climb, dome)
    return shapes


def _trace(colour: Field, signal: Field, zero: float, left: int) -> None:
    """Ink: every column is covered from its least to its greatest sample, 2.4 pixels thick."""
    columns = len(signal) // 4
    rows = zero - PX_PER_MV * signal[: columns * 4].reshape(columns, 4)
    top, bottom = rows.min(axis=1), rows.max(axis=1)
    # Neighbouring columns touch.
    top[1:] = np.minimum(top[1:], rows[:-1, -1])
    bottom[1:] = np.maximum(bottom[1:], rows[:-1, -1])
    first = int(zero) - HALF_ROW
    y = np.arange(first, first + 2 * HALF_ROW + 1)[:, None] + 0.5
    away = np.maximum(np.maximum(top[None, :] - y, y - bottom[None, :]), 0.0)
    cover = np.clip(1.7 - away, 0.0, 1.0)
    part = colour[first : first + 2 * HALF_ROW + 1, left : left + columns]
    part += cover[..., None] * (np.array((24.0, 22.0, 34.0)) - part)
