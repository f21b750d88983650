"""Rank the conditions of a family by what was seen: naive Bayes over findings, values, readings."""

import math
from collections.abc import Iterator
from functools import cache

from ..knowledge import labs
from ..knowledge.conditions import Condition, condition, conditions
from ..knowledge.patients import childhood
from ..knowledge.studies import studies
from ..knowledge.variants import comorbidities, family, findings
from .reading import Seen

# Typical adult emergency vital signs: mean and spread (those of knowledge/patients.py).
_VITALS = {
    "hr_bpm": (84.0, 12.0),
    "sbp_mmhg": (130.0, 17.0),
    "rr_pm": (18.0, 2.6),
    "temperature_c": (36.9, 0.4),
    "spo2_pct": (97.0, 1.6),
}
_SEVERITY, _SEVERITY_SD = 0.72, 0.2
_FLOOR = 0.02
"""No finding is ever certain."""
_TEMPER = 0.8
"""Findings are not independent: their joint evidence counts for less than its product."""
_WIDER = 1.25


@cache
def members(family: str) -> tuple[Condition, ...]:
    """The conditions of a family."""
    return tuple(c for c in map(condition, conditions()) if c.family == family)


def _odds(p: float, present: bool) -> float:
    p = min(max(p, _FLOOR), 1 - _FLOOR)
    return math.log(p if present else 1 - p)


def _signs(c: Condition, seen: Seen) -> Iterator[float]:
    for id_, present in seen.findings.items():
        yield _odds(c.findings.get(id_, findings()[id_].p), present)
    for id_ in seen.past:
        if id_ in c.comorbidities:
            spec = comorbidities()[id_]
            usual = max((spec.young + spec.old) / 2, _FLOOR)
            yield math.log(max(c.comorbidities[id_], _FLOOR) / usual)


def _readings(c: Condition, seen: Seen) -> Iterator[float]:
    if seen.ecg:
        floor = _FLOOR / 10 if seen.ecg in studies().rhythm else _FLOOR
        yield math.log(max(c.ecg.get(seen.ecg, 0.0), floor))
    for study, reading in seen.imaging.items():
        expected = c.imaging.get(study, {"normal": 1.0})
        yield math.log(max(expected.get(reading, 0.0), _FLOOR / 10)) / _TEMPER


def _baseline(key: str) -> tuple[float, float, bool] | None:
    if key in _VITALS:
        return (*_VITALS[key], False)
    part = labs.catalogue().components.get(key)
    if part is None or part.derived or key in {"bicarbonate_mmol_l", "sodium_mmol_l"}:
        return None
    return (math.log(part.mean) if part.log else part.mean, part.sd, part.log)


def _value(c: Condition, key: str, value: float, seen: Seen) -> float:
    base = _baseline(key)
    if base is None:
        return 0.0
    mean, sd, log = base
    mean += sum(comorbidities()[i].effects.get(key, 0.0) for i in seen.past)
    mean += family(seen.family).base.get(key, 0.0) + childhood(int(c.age.mean)).get(key, 0.0)
    full = c.shifts.get(key, 0.0)
    grown = 1 - math.exp(-6 / c.rise_h[key]) if key in c.rise_h else 1.0
    mean += _SEVERITY * full * grown
    spread = math.hypot(sd, full * _SEVERITY * c.heterogeneity, full * _SEVERITY_SD) * _WIDER
    x = math.log(max(value, 0.01)) if log else value
    z = min(abs(x - mean) / spread, 4.0)
    return -0.5 * z * z - math.log(spread)


def _rise(c: Condition, seen: Seen) -> float:
    """A changing troponin is an acute injury; a level one is chronic or none."""
    change = seen.rise.get("troponin_t_ng_l")
    if change is None:
        return 0.0
    mean, sd = (0.4, 0.4) if "troponin_t_ng_l" in c.rise_h else (0.0, 0.12)
    z = min(abs(math.log(change) - mean) / sd, 4.0)
    return -0.5 * z * z - math.log(sd)


def ranked(seen: Seen) -> dict[str, float]:
    """Condition id -> probability within the family, the likeliest first."""
    logs: dict[str, float] = {}
    for c in members(seen.family):
        total = sum(_signs(c, seen)) + sum(_readings(c, seen))
        total += _rise(c, seen)
        total += sum(_value(c, key, value, seen) for key, value in seen.values.items())
        logs[c.id] = total * _TEMPER
    top = max(logs.values())
    weights = {id_: math.exp(value - top) for id_, value in logs.items()}
    whole = sum(weights.values())
    shares = {id_: w / whole for id_, w in weights.items()}
    return dict(sorted(shares.items(), key=lambda kv: (-kv[1], kv[0])))
