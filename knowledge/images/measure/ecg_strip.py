"""Measures on a paper electrocardiogram: the ink is traced back to millivolts, beats are averaged.

Needs NumPy only. The paper is the usual one: 25 mm/s, 10 mm/mV, three rows of four leads and a
rhythm strip of lead II below.
"""

import msgspec
import numpy as np

from ...errors import InvalidInput, Unmeasurable
from ...instruments.core import calc
from ..drawing import Field
from ..ecg_strip import (
    CELL_PX,
    HALF_ROW,
    LAYOUT,
    LEADS,
    LEFT,
    ROWS,
    SIZE,
    STRIP_PX,
    TERRITORIES,
    Truth,
    st_by_lead,
)
from ..picture import Picture, Tolerance

TOLERANCES = {
    "heart_rate_per_min": Tolerance(1.5, 0.02, "a pixel at either end of the strip"),
    "pr_ms": Tolerance(15.0, reason="two pixels; readers differ by 10 to 20 ms"),
    "qrs_ms": Tolerance(12.0, reason="a pixel at either end, and the ink"),
    "qt_ms": Tolerance(20.0, reason="readers differ by 20 ms"),
    "qtc_ms": Tolerance(25.0, reason="that of QT over the root of RR"),
    "rr_variation": Tolerance(0.03, reason="own limit; regular below 0.1"),
    **{f"st_{lead}_mm": Tolerance(0.4, reason="less than half a small square") for lead in LEADS},
}
IRREGULAR = 0.1
"""Own limit: standard deviation of RR over its mean, above which no sinus rhythm is so even."""
_STEEP_MV = 0.15
"""Own limit: by how much the ink of QRS is taller within a column than the pen is thick."""
_LIMITS = {"V2": 2.0, "V3": 2.0}
"""ST elevation, mm, from which it counts (Fourth Universal Definition of MI, Thygesen 2018: 2 mm
in V2 and V3 of men of 40 years and more, else 1 mm)."""


class Ink(msgspec.Struct, frozen=True):
    """A traced strip: middle of the ink and its height, by column; mV."""

    signal: Field
    height: Field


def measure(picture: Picture) -> dict[str, float | str]:
    """Rate, rhythm, intervals, ST of every lead and the territory it points at."""
    if picture.pixels.ndim != 3 or picture.pixels.shape[:2] != SIZE:
        raise Unmeasurable("this is no electrocardiogram of the usual layout")
    ms = picture.mm / 25.0 * 1000.0
    rhythm = _ink(picture, 3, 0, STRIP_PX)
    peaks = beats(rhythm, ms)
    rr = np.diff(peaks) * ms
    variation = float(rr.std() / rr.mean())
    irregular = variation > IRREGULAR
    mean = _averaged(rhythm.signal, peaks, ms)
    found = _intervals(mean, _averaged(rhythm.height, peaks, ms), ms, rr=float(rr.mean()))
    if irregular:
        del found["pr_ms"]
    rate = 60000.0 / float(rr.mean())
    st = st_of_leads(picture, peaks, found["qrs_ms"], found.pop("onset_ms"), ms)
    try:
        qtc = calc("qtc", {"qt_ms": found["qt_ms"], "heart_rate_per_min": rate}).value
    except InvalidInput as error:
        raise Unmeasurable(f"no plausible QT is to be seen: {error}") from error
    return {
        "rhythm": "atrial fibrillation" if irregular else "sinus rhythm",
        "heart_rate_per_min": round(rate, 1),
        **{name: round(value, 1) for name, value in found.items()},
        "qtc_ms": float(qtc or 0.0),
        "rr_variation": round(variation, 3),
        **{f"st_{lead}_mm": round(st[lead], 2) for lead in LEADS},
        "st_territory": territory(st),
    }


def expected(truth: Truth) -> dict[str, float | str]:
    """The truth under the names of the measure; how irregular a fibrillation is, is not fixed."""
    rate = truth.heart_rate_per_min
    qtc = calc("qtc", {"qt_ms": truth.qt_ms, "heart_rate_per_min": rate}).value
    found: dict[str, float | str] = {
        "rhythm": truth.rhythm,
        "heart_rate_per_min": rate,
        "qrs_ms": truth.qrs_ms,
        "qt_ms": truth.qt_ms,
        "qtc_ms": float(qtc or 0.0),
        **{f"st_{lead}_mm": value for lead, value in st_by_lead(truth).items()},
        "st_territory": truth.st_territory,
    }
    if truth.pr_ms:
        found |= {"pr_ms": truth.pr_ms, "rr_variation": 0.012}
    return found


def territory(st: dict[str, float]) -> str:
    """The territory with most ST elevation of those with two leads above the limit."""
    best, most = "none", 0.0
    for name, leads in TERRITORIES.items():
        over = [st[lead] for lead in leads if st[lead] >= _LIMITS.get(lead, 1.0)]
        if len(over) >= 2 and sum(over) / len(leads) > most:
            best, most = name, sum(over) / len(leads)
    return best


def _ink(picture: Picture, row: int, left: int, width: int) -> Ink:
    """Trace a strip. Columns without ink take their neighbour's value."""
    zero = int(ROWS[row])
    first = zero - HALF_ROW
    red = picture.pixels[
        first : first + 2 * HALF_ROW + 1, LEFT + left : LEFT + left + width, 0
    ].astype(np.float64)
    dark = np.clip((214.0 - red) / 190.0, 0.0, 1.0)
    black = dark > 0.6
    if black.any(axis=0).mean() < 0.9 or black.mean() > 0.5:
        raise Unmeasurable("the trace is broken or missing")
    y = np.arange(dark.shape[0])[:, None] + first + 0.5
    top = np.where(black, y, 1e9).min(axis=0)
    bottom = np.where(black, y, -1e9).max(axis=0)
    # Where the ink is flat its centre of gravity is finer than a pixel.
    weight = np.where((y >= top - 1.5) & (y <= bottom + 1.5), dark, 0.0)
    centre = (weight * y).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-6)
    middle = np.where(bottom - top > 4.0, (top + bottom) / 2.0, centre)
    columns = np.arange(width)
    seen = black.any(axis=0)
    middle = np.interp(columns, columns[seen], middle[seen])
    height = np.interp(columns, columns[seen], (bottom - top)[seen])
    scale = 10.0 / picture.mm
    return Ink((ROWS[row] - middle) / scale, height / scale)


def beats(ink: Ink, ms: float) -> Field:
    """Columns of the R peaks, finer than a pixel. Raises Unmeasurable for fewer than three."""
    tall = ink.signal + ink.height / 2.0
    level = float(np.median(tall))
    limit = level + 0.55 * (float(np.percentile(tall, 99.7)) - level)
    over = np.nonzero(tall > limit)[0]
    if len(over) == 0:
        raise Unmeasurable("no beats are to be seen")
    groups = np.split(over, np.nonzero(np.diff(over) > 160.0 / ms)[0] + 1)
    # A T wave on a raised ST may be as tall as R, but it is never as steep.
    steep = float(np.median(ink.height)) + _STEEP_MV
    groups = [g for g in groups if ink.height[max(g[0] - 4, 0) : g[-1] + 5].max() > steep]
    peaks = [float(np.average(g, weights=tall[g] - limit + 1e-6)) for g in groups]
    kept = [p for p in peaks if 6 < p < len(tall) - 6]
    if len(kept) < 3:
        raise Unmeasurable("fewer than three beats are to be seen")
    return np.array(kept)


_BEFORE_MS, _AFTER_MS = 330.0, 700.0


def _averaged(values: Field, peaks: Field, ms: float) -> Field:
    """Median beat, from 330 ms before R to 700 ms after it, by column."""
    steps = np.arange(-round(_BEFORE_MS / ms), round(_AFTER_MS / ms) + 1)
    columns = np.arange(len(values))
    inner = [p for p in peaks if p + steps[0] >= 0 and p + steps[-1] < len(values)]
    rows = [np.interp(p + steps, columns, values) for p in (inner or list(peaks))]
    return np.asarray(np.median(np.array(rows), axis=0))


def _intervals(mean: Field, height: Field, ms: float, rr: float) -> dict[str, float]:
    """PR, QRS and QT of the median beat, and where QRS begins before R, ms."""
    zero = round(_BEFORE_MS / ms)
    flat = float(np.median(height))
    start, end = zero, zero
    # Within QRS the ink of a column is taller than the pen is thick.
    while start > 1 and max(height[start - 1], height[start - 2]) > flat + 0.03:
        start -= 1
    while end < len(height) - 2 and max(height[end + 1], height[end + 2]) > flat + 0.03:
        end += 1
    # A flat Q is no taller than the pen but leaves the line.
    first_tall, quiet = start, float(np.median(mean[start - 5 : start - 2]))
    while start > first_tall - 2 and abs(mean[start - 1] - quiet) > 0.02:
        start -= 1
    onset, offset = start + 0.0, end + 1.0
    base = float(np.median(mean[max(start - 6, 0) : start - 1]))
    smooth = np.convolve(mean, np.ones(5) / 5.0, "same")
    slope = np.gradient(smooth)
    # P: the steepest rise that ends before QRS, and its tangent to the baseline.
    first = max(2, start - round(min(300.0, 0.45 * rr) / ms))
    fine = np.convolve(mean, np.array([0.25, 0.5, 0.25]), "same")
    climb = np.gradient(fine)
    rise = first + int(np.argmax(slope[first : start - 8]))
    peak = rise + int(np.argmax(smooth[rise : start - 4]))
    low = float(np.median(fine[max(peak - round(110.0 / ms), 0) : max(peak - round(72.0 / ms), 1)]))
    rise = max(rise - 2, 1) + int(np.argmax(climb[max(rise - 2, 1) : rise + 3]))
    p_onset = rise - (fine[rise] - low) / max(climb[rise], 1e-6)
    # T: the steepest fall after its top.
    from_, last = end + round(50.0 / ms), min(len(mean) - 3, start + round(0.72 * rr / ms))
    top = from_ + int(np.argmax(smooth[from_:last]))
    fall = top + int(np.argmin(slope[top : min(last + 12, len(slope) - 2)]))
    t_end = fall + (base - smooth[fall]) / min(slope[fall], -1e-6)
    return {
        # The pen is a column wide: P seems to begin that much early.
        "pr_ms": float((onset - p_onset - 1.0) * ms),
        "qrs_ms": float((offset - onset) * ms),
        "qt_ms": float((t_end - onset) * ms),
        "onset_ms": (zero - onset) * ms,
    }


def st_of_leads(
    picture: Picture, peaks: Field, qrs_ms: float, onset_ms: float, ms: float
) -> dict[str, float]:
    """ST level 60 ms after the J point over the level just before QRS, mm, by lead."""
    levels = {}
    for row, leads in enumerate(LAYOUT):
        for cell, lead in enumerate(leads):
            left = cell * CELL_PX
            ink = _ink(picture, row, left, CELL_PX)
            found = []
            for peak in peaks - left:
                onset = peak - onset_ms / ms
                j60 = onset + (qrs_ms + 60.0) / ms
                if onset < 8 or j60 > CELL_PX - 3:
                    continue
                before = np.median(ink.signal[int(onset) - 6 : int(onset) - 1])
                after = np.median(ink.signal[int(j60) - 2 : int(j60) + 3])
                found.append(float(after - before))
            if not found:
                raise Unmeasurable(f"lead {lead} shows no whole beat")
            levels[lead] = 10.0 * float(np.median(found))
    return levels
