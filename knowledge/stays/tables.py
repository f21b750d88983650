"""The tables of a stay: labs, vital signs, fluids, as a hospital database holds them.

Rows carry an id (L001, V001, F001). A charting error is a row like any other; only its hidden
`fault` tells the judge. Scores and sums are computed from rows, never stored.
"""

from functools import lru_cache
from typing import Any

import msgspec

from ..labs import catalogue
from ..measurements import measurement
from ..patients import Patient
from ..rng import Stream
from . import shelf
from .course import Fault, Plan, draw, plan_of, state

LABS: dict[str, str] = {
    "sodium": "sodium_mmol_l",
    "potassium": "potassium_mmol_l",
    "bicarbonate": "bicarbonate_mmol_l",
    "urea_nitrogen": "bun_mg_dl",
    "creatinine": "creatinine_mg_dl",
    "glucose": "glucose_mg_dl",
    "lactate": "lactate_mmol_l",
    "wbc": "wbc_10e9_l",
    "hemoglobin": "hemoglobin_g_dl",
    "hematocrit": "hematocrit_pct",
    "platelets": "platelets_10e9_l",
    "bilirubin": "bilirubin_mg_dl",
    "ph": "ph_arterial",
    "pao2": "pao2_mmhg",
    "paco2": "paco2_mmhg",
    "fio2": "fio2_fraction",
}
"""Label in the chart -> measurement."""
_GASES = ("ph", "pao2", "paco2", "fio2")
SIGNS = ("hr", "sbp", "dbp", "map", "rr", "temp", "spo2", "gcs")
"""Numeric columns of a row of vital signs."""
FLOW_H = 4
"""Hours that a row of inputs and outputs covers."""


class Lab(msgspec.Struct, frozen=True, kw_only=True):
    """A row of labevents; `hour` counts from admission."""

    id: str
    hour: float
    label: str
    value: float
    unit: str
    fault: Fault = ""


class Signs(msgspec.Struct, frozen=True, kw_only=True):
    """A row of vital signs (chartevents, one set a row)."""

    id: str
    hour: float
    hr: float
    sbp: float
    dbp: float
    map: float
    rr: float
    temp: float
    spo2: float
    gcs: int
    acvpu: str
    device: str
    """Oxygen device; `room air` for none."""
    fault: Fault = ""

    @property
    def complete(self) -> bool:
        """Every sign was charted, as it always is here and not in charts from outside."""
        told = (self.hr, self.sbp, self.dbp, self.map, self.rr, self.temp, self.spo2)
        known = all(value == value for value in told)  # noqa: PLR0124 - NaN is not itself
        return known and self.gcs > shelf.UNCHARTED and bool(self.acvpu and self.device)


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of inputs and outputs: volume of the hours up to `hour`."""

    id: str
    hour: float
    kind: str
    """`in` or `out`."""
    label: str
    ml: float
    rate: float = 0.0
    """Norepinephrine: ug/kg/min."""
    fault: Fault = ""


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """All charted rows of a stay, by time."""

    labs: tuple[Lab, ...]
    signs: tuple[Signs, ...]
    flows: tuple[Flow, ...]

    def sound(self) -> "Tables":
        """Without the faulty rows."""
        return Tables(
            labs=tuple(r for r in self.labs if not r.fault),
            signs=tuple(r for r in self.signs if not r.fault),
            flows=tuple(r for r in self.flows if not r.fault),
        )

    @property
    def rows(self) -> tuple["Lab | Signs | Flow", ...]:
        """All rows, table by table."""
        return (*self.labs, *self.signs, *self.flows)

    def only(self, ids: frozenset[str]) -> "Tables":
        """The rows of these ids."""
        return Tables(
            labs=tuple(r for r in self.labs if r.id in ids),
            signs=tuple(r for r in self.signs if r.id in ids),
            flows=tuple(r for r in self.flows if r.id in ids),
        )


def unit_of(label: str) -> str:
    """The unit (UCUM) in which a lab of that label is charted."""
    return measurement(LABS[label]).ucum


def draw_hours(plan: Plan) -> list[int]:
    """Hours of the blood draws: the first an hour after admission."""
    return list(range(1, plan.hours + 1, plan.draws))


def _labs(patient: Patient, plan: Plan) -> list[Lab]:
    rows: list[Lab] = []
    components = catalogue().components
    for hour in draw_hours(plan):
        now = state(patient, plan, hour)
        s = draw(patient, "labs", hour)
        gases = now.device != "room air" or 0 <= plan.icu <= hour
        for label, key in LABS.items():
            c = components[key]
            noise = 1 + c.cv * s.normal()
            if label in _GASES and not gases:
                continue
            value = min(max(now.values[key] * noise, c.min), c.max)
            shown = round(value, c.decimals) + 0.0
            rows.append(Lab(id="", hour=hour, label=label, value=shown, unit=unit_of(label)))
    return rows


def acvpu(gcs: int) -> str:
    """Level of consciousness that nurses chart (GCS medians 15, 13, 8, 6: Kelly, 2004)."""
    limits = ((15, "alert"), (14, "new confusion"), (10, "voice"), (6, "pain"))
    return next((word for low, word in limits if gcs >= low), "unresponsive")


def _signs(patient: Patient, plan: Plan) -> list[Signs]:
    rows: list[Signs] = []
    for hour in range(0, plan.hours + 1, plan.every):
        now = state(patient, plan, hour)
        v, s = now.values, draw(patient, "signs", hour)
        sbp = round(v["sbp_mmhg"] + s.normal(0, 2.0))
        dbp = min(round(v["dbp_mmhg"] + s.normal(0, 1.5)), sbp - 10)
        gcs = int(v["gcs"])
        rows.append(
            Signs(
                id="",
                hour=hour,
                hr=round(v["hr_bpm"] + s.normal(0, 2.0)),
                sbp=sbp,
                dbp=dbp,
                map=round((sbp + 2 * dbp) / 3),
                rr=round(v["rr_pm"] + s.normal(0, 0.6)),
                temp=round(v["temperature_c"] + s.normal(0, 0.1), 1),
                spo2=min(round(v["spo2_pct"] + s.normal(0, 0.4)), 100),
                gcs=gcs,
                acvpu=acvpu(gcs),
                device=now.device,
            )
        )
    return rows


def _flows(patient: Patient, plan: Plan) -> list[Flow]:
    rows: list[Flow] = []

    def add(hour: int, kind: str, label: str, ml: float, rate: float = 0.0) -> None:
        rows.append(Flow(id="", hour=hour, kind=kind, label=label, ml=ml, rate=rate))

    for hour in range(FLOW_H, plan.hours + 1, FLOW_H):
        now, s = state(patient, plan, hour - FLOW_H / 2), draw(patient, "flows", hour)
        per_h = max(now.values["urine_ml_kg_h"], 0.02) * (1 + s.normal(0, 0.06))
        add(hour, "out", "urine", 5.0 * round(per_h * patient.weight_kg * FLOW_H / 5))
        add(hour, "in", "crystalloid", 10.0 * s.integer(28, 36))
        bolus = plan.treated and plan.treated <= hour < plan.treated + 2 * FLOW_H
        if bolus:
            add(hour, "in", "crystalloid bolus", 250.0 * s.integer(2, 4))
        if hour % 12 == 8 and not plan.no_oral_intake:
            add(hour, "in", "oral", 50.0 * s.integer(3, 9))
        if hour % 12 == 0:
            add(hour, "out", "drain", 5.0 * s.integer(4, 30))
        end = state(patient, plan, hour)
        if end.norepinephrine:
            add(hour, "in", "norepinephrine", float(s.integer(8, 16)), end.norepinephrine)
    return rows


_SHRUNK = {"sodium": 0.1, "potassium": 0.1, "hemoglobin": 0.1, "platelets": 0.01}
"""A lost digit: no living person has such a value."""
_OTHER_UNIT = {
    "creatinine": 88.42,
    "glucose": 0.0555,
    "hemoglobin": 10.0,
    "bilirubin": 17.1,
    "urea_nitrogen": 0.357,
    "lactate": 9.01,
}
"""Factor to the other usual unit; charted under the wrong one."""


def faulty(row: Lab, fault: Fault) -> Lab:
    """The same lab charted wrongly. Raises KeyError for a label that has no such fault."""
    factor = {"wrong_unit": _OTHER_UNIT, "impossible_value": _SHRUNK}
    value = row.value if fault == "duplicate" else row.value * factor[fault][row.label]
    return msgspec.structs.replace(row, value=round(value, 2) + 0.0, fault=fault)


def _with_faults(rows: list[Any], plan: Plan, table: str, s: Stream) -> list[Any]:
    """Put the plan's error into a table: a repeated row, or one in the place of a sound one."""
    if not plan.fault or table != _table_of(plan.where):
        return rows
    known = [r for r in rows if _asked(r.hour, plan) and _named(r, table) == plan.where]
    if not known:
        return rows
    chosen = s.choice(known)
    place = rows.index(chosen)
    wrong = _wrong(chosen, plan.fault)
    if plan.fault == "duplicate":
        return [*rows[: place + 1], wrong, *rows[place + 1 :]]
    return [*rows[:place], wrong, *rows[place + 1 :]]


def _named(row: Any, table: str) -> str:
    return table if isinstance(row, Signs) else str(row.label)


def _table_of(where: str) -> str:
    return "labs" if where in LABS else "signs" if where == "signs" else "flows"


def _wrong(row: Any, fault: Fault) -> Any:
    if isinstance(row, Lab):
        return faulty(row, fault)
    if isinstance(row, Signs) and fault == "impossible_value":
        return msgspec.structs.replace(row, temp=round(row.temp / 10, 1), fault=fault)
    return msgspec.structs.replace(row, fault=fault)


def _asked(hour: float, plan: Plan) -> bool:
    """Whether an hour lies inside what is asked about, neither first nor last of it."""
    return plan.since < hour < (plan.at or plan.hours)


def _numbered(rows: list[Any], letter: str) -> tuple[Any, ...]:
    ids = (f"{letter}{n:03d}" for n in range(1, len(rows) + 1))
    named = zip(rows, ids, strict=True)
    return tuple(msgspec.structs.replace(r, id=i) for r, i in named)


@lru_cache(maxsize=256)
def _tables(body: bytes) -> Tables:
    patient = msgspec.json.decode(body, type=Patient)
    plan = plan_of(patient)

    def rows(table: str, made: list[Any], letter: str) -> tuple[Any, ...]:
        return _numbered(_with_faults(made, plan, table, draw(patient, "fault", table)), letter)

    return Tables(
        labs=rows("labs", _labs(patient, plan), "L"),
        signs=rows("signs", _signs(patient, plan), "V"),
        flows=rows("flows", _flows(patient, plan), "F"),
    )


def tables(patient: Patient) -> Tables:
    """The tables of a patient's stay, errors included."""
    if held := shelf.taken(patient.variant):
        return held.tables
    return _tables(msgspec.json.encode(patient))
