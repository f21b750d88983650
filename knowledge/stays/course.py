"""How the illness of an inpatient moves: from admission at hour 0 to the present hour.

`Patient.severity` is the severity now. Before it: a start, a turn for the worse, a peak where
treatment begins, and an exponential way back to the present value.
"""

import math
from typing import Literal

import msgspec

from ..patients import Patient
from ..physiology import levels, rare
from ..rng import Stream, stream
from . import shelf

Fault = Literal["", "wrong_unit", "duplicate", "impossible_value"]


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a variant fixes about the stay and its question (`Variant.extra`, drawn)."""

    kind: str
    """What is asked: a name of `questions`."""
    hours: int
    """The present hour of the stay."""
    turn: int = 0
    """Hour at which the patient begins to get worse."""
    treated: int = 0
    """Hour at which treatment begins to work; 0: not yet."""
    start: float = 0.3
    """Severity at admission, as a share of the peak."""
    peak: float = 0.0
    """Largest severity; 0: the present one."""
    every: int = 4
    """Hours between two sets of vital signs."""
    draws: int = 6
    """Hours between two blood draws."""
    icu: int = -1
    """Hour of transfer to intensive care; -1: never."""
    at: int = 0
    """The hour that is asked about; 0: now."""
    since: int = 0
    """Start of the interval that is asked about."""
    of: str = ""
    """The lab, drug, score or condition that is asked about."""
    fault: Fault = ""
    """A charting error in the tables."""
    where: str = ""
    """The lab (or table) that has the error."""
    prior_creatinine: float = 0.0
    """Creatinine (mg/dL) at the last discharge as a share of the first value; 0: none known."""
    ed_visits: int = 0
    """Emergency visits in the six months before."""
    ed_visits_older: int = 0
    """Emergency visits before that."""
    elective: bool = False
    renal_failure_note: bool = False
    """The intensive care note says acute renal failure."""
    chronic_note: bool = False
    """That note says severe chronic organ insufficiency or immunocompromise."""
    target_88_92: bool = False
    """Oxygen target 88-92 percent, set by a clinician."""
    no_oral_intake: bool = False
    culture: int = -1
    """Hour of the first blood culture; -1: none."""
    antibiotic: int = -1
    """Hour of the first antibiotic; -1: none."""
    slips: tuple[str, ...] = ()
    """Mistakes in the draft of the discharge medicines."""
    stopped: bool = False
    """One home medicine was stopped on purpose, with a note."""


def plan_of(patient: Patient) -> Plan:
    """The plan of a stay. Raises msgspec.ValidationError for a key that a stay does not have."""
    if held := shelf.taken(patient.variant):
        return held.plan
    return msgspec.convert(patient.extra, Plan)


def draw(patient: Patient, *parts: object) -> Stream:
    """A stream of this stay."""
    return stream(patient.variant, patient.seed, "stay", *parts)


def severity_at(plan: Plan, now: float, hour: float) -> float:
    """Severity at an hour of the stay; `now` is the present one."""
    peak = plan.peak or now
    treated = plan.treated or plan.hours
    if hour >= treated:
        if plan.hours <= treated:
            return peak
        share = min((hour - treated) / (plan.hours - treated), 1.0)
        return peak * math.exp(share * math.log(now / peak))
    first = plan.start * peak
    if hour <= plan.turn:
        return first
    share = (hour - plan.turn) / (treated - plan.turn)
    return first + (peak - first) * share * share * (3 - 2 * share)


_SLOW = (
    "creatinine_mg_dl",
    "bun_mg_dl",
    "platelets_10e9_l",
    "bilirubin_mg_dl",
    "wbc_10e9_l",
    "hemoglobin_g_dl",
)
"""What follows the illness with a delay of hours."""
_LAGS = (2, 6, 12)
_FIO2 = (
    (0.21, "room air"),
    (0.28, "nasal cannula"),
    (0.40, "venturi mask"),
    (0.50, "high flow"),
    (0.60, "ventilator"),
    (0.80, "ventilator"),
    (1.00, "ventilator"),
)
_MAP_TARGET = 66.0
"""Norepinephrine is titrated to a mean pressure of at least 65 mmHg (SSC 2021)."""


def saturation(pao2_mmhg: float) -> float:
    """Oxygen saturation in percent from PaO2 (Severinghaus, J Appl Physiol 1979;46:599)."""
    return 100 / (1 + 23400 / (pao2_mmhg**3 + 150 * pao2_mmhg))


def _oxygen(v: dict[str, float], plan: Plan, *, intensive: bool) -> str:
    """Fill in gases on the least oxygen that reaches the target; return the device."""
    target = 88.0 if plan.target_88_92 else 92.0
    steps = _FIO2 if intensive else _FIO2[:4]
    ratio = v["pf_ratio_mmhg"]
    fraction, device = next((s for s in steps if saturation(ratio * s[0]) >= target), steps[-1])
    v["fio2_fraction"] = fraction
    v["pao2_mmhg"] = ratio * fraction
    v["spo2_pct"] = saturation(v["pao2_mmhg"])
    v["paco2_mmhg"] = v["pco2_mmhg"] - 4.0
    v["ph_arterial"] = 6.1 + math.log10(v["bicarbonate_mmol_l"] / (0.0307 * v["paco2_mmhg"]))
    v["hematocrit_pct"] = 3.0 * v["hemoglobin_g_dl"]
    return device


class State(msgspec.Struct, frozen=True, kw_only=True):
    """True values at an hour, the oxygen device and the dose of norepinephrine (ug/kg/min)."""

    values: dict[str, float]
    device: str
    norepinephrine: float


def state(patient: Patient, plan: Plan, hour: float) -> State:
    """What is so at an hour of the stay."""

    def at(severity: float) -> dict[str, float]:
        moved = msgspec.structs.replace(patient, severity=max(severity, 0.01))
        return levels(moved, (), 0)

    def course(h: float) -> float:
        return severity_at(plan, patient.severity, max(h, 0.0))

    values = at(course(hour))
    for key in ("pf_ratio_mmhg", "urine_ml_kg_h"):
        values.setdefault(key, rare(patient, key))
    late = at(sum(course(hour - lag) for lag in _LAGS) / len(_LAGS))
    values |= {key: late[key] for key in _SLOW}
    intensive = 0 <= plan.icu <= hour
    dose = 0.0
    if intensive and values["map_mmhg"] < _MAP_TARGET - 1:
        lack = _MAP_TARGET - values["map_mmhg"]
        dose = round(min(max(0.012 * lack, 0.02), 0.6), 2)
        for key in ("sbp_mmhg", "dbp_mmhg", "map_mmhg"):
            values[key] += lack
    device = _oxygen(values, plan, intensive=intensive)
    return State(values=values, device=device, norepinephrine=dose)
