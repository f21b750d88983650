"""Scores and sums from rows of a stay: what was observed goes in, what lacks is named.

The same functions serve the tools (on the rows an agent has read, flagged ones left out) and the
judge (on all sound rows).
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from ..instruments.core import calc
from .tables import FLOW_H, Flow, Lab, Signs, Tables

DAY = 24
CHARLSON = {
    "type_2_diabetes": 1,
    "type_1_diabetes": 1,
    "heart_failure": 2,
    "copd": 2,
    "ckd": 2,
    "cancer": 2,
}
"""Points of the Charlson list in LACE (van Walraven, CMAJ 2010;182:551; as tabulated in BMJ Open
2017;7:e016921): diabetes as without complications, `cancer` as any tumour, `ckd` as renal disease,
whose weight is unverified against the table of 2010."""
ROOM_AIR = "room air"


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """A score, its parts, and the rows it rests on. `missing` is what was not read: no value."""

    value: float = 0.0
    parts: dict[str, Any] = {}
    rows: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()
    """What was not measured in the window and counts as normal."""
    unread: tuple[str, ...] = ()
    """Of what some rows of the window were not read: the worst may be among them."""
    band: str = ""


def labs_in(t: Tables, label: str, after: float, upto: float) -> list[Lab]:
    """Results of a lab in (after, upto], by time."""
    return [r for r in t.labs if r.label == label and after < r.hour <= upto]


def signs_in(t: Tables, after: float, upto: float) -> list[Signs]:
    """Sets of vital signs in (after, upto], by time."""
    return [r for r in t.signs if after < r.hour <= upto]


def flows_in(t: Tables, after: float, upto: float) -> list[Flow]:
    """Fluid rows whose interval ends in (after, upto], by time."""
    return [r for r in t.flows if after < r.hour <= upto]


def news2(row: Signs, scale: int = 1) -> Scored:
    """NEWS2 of one set of vital signs (RCP 2017)."""
    inputs = {
        "respiratory_rate_per_min": row.rr,
        "spo2_percent": row.spo2,
        "spo2_scale": scale,
        "on_supplemental_oxygen": row.device != ROOM_AIR,
        "systolic_bp_mmhg": row.sbp,
        "pulse_per_min": row.hr,
        "consciousness_acvpu": row.acvpu,
        "temperature_c": row.temp,
    }
    result = calc("news2", inputs)
    return Scored(
        value=float(result.value or 0),
        parts=dict(result.components),
        rows=(row.id,),
        band=result.band or "",
    )


def last_signs(t: Tables, hour: float) -> Signs | None:
    """The last set of vital signs at or before an hour."""
    found = [r for r in t.signs if r.hour <= hour and r.complete]
    return found[-1] if found else None


def kdigo(t: Tables, every: Tables, hour: float, baseline: float, weight_kg: float) -> Scored:
    """KDIGO stage at an hour from the creatinine then, its 48 hours and the urine (KDIGO 2012)."""
    current = labs_in(t, "creatinine", -1, hour)
    if not current:
        return Scored(missing=("creatinine",))
    charted_values = labs_in(every, "creatinine", max(hour - 48, -1), hour)
    recent = labs_in(t, "creatinine", max(hour - 48, -1), hour)
    if len(recent) < len(charted_values):
        return Scored(missing=("creatinine of the last 48 hours",))
    urine = [f for f in flows_in(t, -1, hour) if f.label == "urine"]
    charted = [f for f in flows_in(every, -1, hour) if f.label == "urine"]
    if len(urine) < len(charted):
        return Scored(missing=("urine",))
    low = {limit: dry_hours(urine, limit, weight_kg) for limit in DRY}
    inputs = {
        "baseline_creatinine_mg_dl": baseline,
        "current_creatinine_mg_dl": current[-1].value,
        "rise_within_48h_mg_dl": current[-1].value - min(r.value for r in recent or current),
        "renal_replacement_therapy": False,
        "hours_urine_below_0_5_ml_kg_h": low[0.5],
        "hours_urine_below_0_3_ml_kg_h": low[0.3],
        "hours_anuria": low[0.02],
    }
    result = calc("kdigo_aki", inputs)
    lowest = min(recent, key=lambda r: r.value, default=current[-1])
    rows = (current[-1].id, lowest.id, *(f.id for f in urine))
    return Scored(value=float(result.value or 0), parts=dict(result.components), rows=rows)


DRY = (0.5, 0.3, 0.02)
"""Limits of the urine flow, mL/kg/h; the last one stands for anuria."""


def longest_dry(urine: Sequence[Flow], limit: float, weight_kg: float) -> float:
    """The longest run of hours with a urine flow below `limit` mL/kg/h."""
    ends = (dry_hours(urine[: n + 1], limit, weight_kg) for n in range(len(urine)))
    return max(ends, default=0.0)


def dry_hours(urine: Sequence[Flow], limit: float, weight_kg: float) -> float:
    """Hours, up to the last row, for which the urine has been below `limit` mL/kg/h."""
    total = 0.0
    for row in reversed(urine):
        if row.ml / FLOW_H / weight_kg >= limit:
            break
        total += FLOW_H
    return total


def lace(days: int, *, acute: bool, illnesses: Sequence[str], ed_visits: int) -> Scored:
    """LACE: early death or readmission (van Walraven, CMAJ 2010;182:551); days in whole days."""
    steps = ((14, 7), (7, 5), (4, 4))
    stay = next((p for low, p in steps if days >= low), min(days, 3))
    charlson = sum(CHARLSON.get(i, 0) for i in illnesses)
    parts = {
        "length_of_stay": stay,
        "acute_admission": 3 * acute,
        "comorbidity": charlson if charlson <= 3 else 5,
        "emergency_visits": min(ed_visits, 4),
    }
    return Scored(value=float(sum(parts.values())), parts=parts)


def balance(t: Tables, after: float, upto: float) -> float:
    """Inputs less outputs in mL over (after, upto]."""
    return sum(f.ml if f.kind == "in" else -f.ml for f in flows_in(t, after, upto))


def change_percent(first: float, last: float) -> float:
    """Change from the first to the last value, percent of the first; a fall is negative."""
    return 100.0 * (last - first) / first


STABILITY = (
    "temperature",
    "heart_rate",
    "respiratory_rate",
    "systolic_pressure",
    "oxygen",
    "mental_state",
    "oral_intake",
)
"""Criteria of clinical stability."""


def unstable(row: Signs, *, eats: bool) -> tuple[str, ...]:
    """Criteria of clinical stability that are not met (Halm, JAMA 1998;279:1452; IDSA/ATS 2007).

    Met: temperature at most 37.8 Cel, heart rate at most 100, respiratory rate at most 24, systolic
    pressure at least 90, saturation at least 90 percent on room air, alert, able to eat.
    """
    met = {
        "temperature": row.temp <= 37.8,
        "heart_rate": row.hr <= 100,
        "respiratory_rate": row.rr <= 24,
        "systolic_pressure": row.sbp >= 90,
        "oxygen": row.spo2 >= 90 and row.device == ROOM_AIR,
        "mental_state": row.acvpu == "alert",
        "oral_intake": eats,
    }
    return tuple(name for name in STABILITY if not met[name])
