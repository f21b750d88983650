"""Measures on a cardiotocogram: baseline, variability, accelerations, decelerations, category.

Needs NumPy only.
"""

import msgspec
import numpy as np

from ...errors import Unmeasurable
from ...instruments.core import calc
from ..ctg_strip import (
    BPM_PER_PX,
    COLUMNS,
    FHR_BPM,
    FHR_ROW,
    LEFT,
    S_PER_PX,
    SIZE,
    TOCO_PX,
    TOCO_ROW,
    Truth,
)
from ..drawing import Field
from ..picture import Picture, Tolerance

TOLERANCES = {
    "baseline_bpm": Tolerance(5.0, reason="NICHD rounds the baseline to 5 beats"),
    "variability_bpm": Tolerance(2.0, 0.25, "the amplitude differs from minute to minute"),
    "accelerations": Tolerance(0.0, reason="a small count"),
    "deceleration_count": Tolerance(0.0, reason="a small count"),
    "deceleration_bpm": Tolerance(6.0, 0.2, "the fluctuation rides on the floor"),
    "contractions": Tolerance(0.0, reason="a small count"),
}
_ACCELERATION_BPM, _EVENT_S = 15.0, 15.0
"""An acceleration is 15 beats above the baseline for 15 s (NICHD 2008, from 32 weeks)."""
_ABRUPT_S = 30.0
"""A deceleration that takes less from onset to nadir is variable (NICHD 2008)."""
_LATE_S = 16.0
"""Own limit between nadirs with and after the contraction."""
_CLASSES = ((1.8, "absent"), (5.5, "minimal"), (25.0, "moderate"))
"""Upper limits of the amplitude; NICHD 2008 has 5 and 25, and what the eye calls absent."""


class Event(msgspec.Struct, frozen=True):
    """A stretch away from the baseline."""

    start: int
    end: int
    depth: float
    """Beats a minute, of the smoothed rate."""
    middle_s: float


def measure(picture: Picture) -> dict[str, float | str]:
    """Baseline, variability, events, and the NICHD category they make."""
    if picture.pixels.ndim != 3 or picture.pixels.shape[:2] != SIZE:
        raise Unmeasurable("this is no cardiotocogram of the usual layout")
    rate = FHR_BPM + (FHR_ROW - _ink(picture, 20, 362)) * BPM_PER_PX
    toco = (TOCO_ROW - _ink(picture, 376, 504)) / TOCO_PX
    peaks = contractions(toco)
    base = baseline(rate)
    smooth = _mean(rate, 13) - base
    quick = rate - _mean(rate, 15)
    # Marked variability swings far by itself: an event has to outdo it.
    least = 0.55 * float(np.percentile(quick, 97) - np.percentile(quick, 3))
    rises = _events(smooth, least)
    falls = _events(-smooth, least)
    amplitude = variability(rate, [*rises, *falls])
    kind = _kind(-smooth, falls, peaks)
    found: dict[str, float | str] = {
        "baseline_bpm": round(base, 1),
        "variability": next((name for top, name in _CLASSES if amplitude <= top), "marked"),
        "variability_bpm": round(amplitude, 1),
        "accelerations": float(len(rises)),
        "decelerations": kind,
        "deceleration_count": float(len(falls)),
        "deceleration_bpm": round(float(np.median([f.depth for f in falls])), 1) if falls else 0.0,
        "contractions": float(len(peaks)),
    }
    return found | {"nichd_category": category(found)}


def expected(truth: Truth) -> dict[str, float | str]:
    """The truth under the names of the measure."""
    found: dict[str, float | str] = {
        "baseline_bpm": truth.baseline_bpm,
        "variability": truth.variability,
        "variability_bpm": truth.variability_bpm,
        "accelerations": float(truth.accelerations),
        "decelerations": truth.decelerations,
        "deceleration_count": float(truth.deceleration_count),
        "deceleration_bpm": truth.deceleration_bpm,
        "contractions": float(truth.contractions),
    }
    return found | {"nichd_category": category(found)}


def category(found: dict[str, float | str]) -> str:
    """NICHD category I, II or III of what was found."""
    count, kind = float(found["deceleration_count"]), found["decelerations"]
    recurrent = count > 0 and 2 * count >= float(found["contractions"])
    late = "none" if kind != "late" else "recurrent" if recurrent else "intermittent"
    inputs = {
        "baseline_bpm": found["baseline_bpm"],
        "variability": found["variability"],
        "late_decelerations": late,
        "variable_decelerations": "recurrent" if kind == "variable" and recurrent else "none",
        "prolonged_deceleration": False,
        "sinusoidal_pattern": False,
        "accelerations_present": float(found["accelerations"]) > 0,
    }
    return str(calc("fhr_nichd", inputs).value)


def _ink(picture: Picture, first: int, last: int) -> Field:
    """Row of the ink's middle, by column."""
    red = picture.pixels[first:last, LEFT : LEFT + COLUMNS, 0].astype(np.float64)
    dark = np.clip((224.0 - red) / 190.0, 0.0, 1.0)
    dark[dark < 0.25] = 0.0
    y = np.arange(first, last)[:, None] + 0.5
    weight = dark.sum(axis=0)
    seen = weight > 0.5
    if seen.mean() < 0.9 or dark.mean() > 0.5:
        raise Unmeasurable("the trace is broken or missing")
    middle = (dark * y).sum(axis=0) / np.maximum(weight, 1e-6)
    columns = np.arange(COLUMNS)
    return np.asarray(np.interp(columns, columns[seen], middle[seen]))


def _mean(values: Field, width: int) -> Field:
    half = width // 2
    padded = np.pad(values, half, mode="edge")
    return np.asarray(np.convolve(padded, np.ones(width) / width, "valid"))


def baseline(rate: Field) -> float:
    """The rate that most of the strip keeps to, events left out, beats a minute."""
    slow = _mean(rate, 21)
    counts, edges = np.histogram(slow, bins=np.arange(40.0, 222.0, 1.0))
    near = np.convolve(counts, np.ones(9), "same")
    base = float(edges[int(np.argmax(near))] + 0.5)
    for _ in range(3):
        base = float(np.median(slow[np.abs(slow - base) < 9.0]))
    return base


def variability(rate: Field, events: list[Event]) -> float:
    """Peak to trough of the fluctuation, median over stretches of half a minute without events."""
    free = np.ones(len(rate), bool)
    for event in events:
        free[max(event.start - 16, 0) : event.end + 16] = False
    width = round(40.0 / S_PER_PX)
    ranges = [
        float(np.ptp(rate[at : at + width]))
        for at in range(0, len(rate) - width, width // 2)
        if free[at : at + width].all()
    ]
    if not ranges:
        slow = rate - _mean(rate, 15)
        return float(np.percentile(slow, 97) - np.percentile(slow, 3))
    return float(np.median(ranges))


def _events(smooth: Field, least: float) -> list[Event]:
    """Stretches of 15 s and more that rise 15 beats above the baseline."""
    over = np.concatenate(([False], smooth > 8.0, [False]))
    edges = np.nonzero(np.diff(over.astype(int)))[0]
    found = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        height = float(np.percentile(smooth[start:end], 96))
        long = (end - start) * S_PER_PX >= _EVENT_S
        if not long or height < max(_ACCELERATION_BPM - 0.5, least):
            continue
        weight = np.maximum(smooth[start:end] - 0.4 * height, 0.0)
        middle = float(np.average(np.arange(start, end), weights=weight)) * S_PER_PX
        found.append(Event(int(start), int(end), height, middle))
    return found


def _kind(depth: Field, falls: list[Event], peaks: list[float]) -> str:
    """Kind of the decelerations of a strip, by their mean course and their lag."""
    if not falls:
        return "none"
    reach = round(90.0 / S_PER_PX)
    padded = np.pad(depth, reach, mode="edge")
    at = [round(f.middle_s / S_PER_PX) for f in falls]
    course = np.mean([padded[m : m + 2 * reach + 1] for m in at], axis=0)
    top = float(course.max())
    nadir = int(np.argmax(course >= 0.75 * top))
    onset = nadir
    while onset > 0 and course[onset] > 0.25 * top:
        onset -= 1
    # Half of the depth takes half of the time from onset to nadir.
    if (nadir - onset) * S_PER_PX / 0.5 < _ABRUPT_S or not peaks:
        return "variable"
    lags = [min((f.middle_s - p for p in peaks), key=abs) for f in falls]
    return "late" if float(np.median(lags)) > _LATE_S else "early"


def contractions(toco: Field) -> list[float]:
    """Seconds at which the contractions peak."""
    slow = _mean(toco, 9)
    rest = float(np.percentile(slow, 15))
    over = np.concatenate(([False], slow > rest + 20.0, [False]))
    edges = np.nonzero(np.diff(over.astype(int)))[0]
    return [
        float(np.average(np.arange(a, b), weights=slow[a:b] - rest)) * S_PER_PX
        for a, b in zip(edges[::2], edges[1::2], strict=True)
        if (b - a) * S_PER_PX > 20.0
    ]
