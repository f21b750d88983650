"""The hospital record: admissions, labs, vital signs, fluids, orders, notes, intensive care."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from ...knowledge.measurements import measurement, reference
from ...knowledge.patients import Patient
from ...knowledge.stays.census import ward
from ...knowledge.stays.course import plan_of
from ...knowledge.stays.papers import Admission, papers
from ...knowledge.stays.shelf import UNCHARTED
from ...knowledge.stays.tables import LABS, SIGNS, Flow, Lab, Signs, Tables, tables
from ...knowledge.world import World
from ..errors import insufficient, invalid
from ..tool import Context, Outcome, tool

HERE = ("ehr_management",)
LIMIT = 24
"""Rows shown at once."""
COLUMNS = {"row": "id", "charttime": "hour", "valuenum": "value", "valueuom": "unit"}
"""Column of a table -> field of a row, where they differ."""
Hour = Annotated[int, Meta(ge=0, le=400)]
HadmId = Annotated[int, Meta(ge=0, le=99_999_999)]
LabLabel = Literal[
    "sodium",
    "potassium",
    "bicarbonate",
    "urea_nitrogen",
    "creatinine",
    "glucose",
    "lactate",
    "wbc",
    "hemoglobin",
    "hematocrit",
    "platelets",
    "bilirubin",
    "ph",
    "pao2",
    "paco2",
    "fio2",
]
OrderKind = Literal["", "medication", "culture", "oxygen", "fluid", "transfer"]
NoteKind = Literal["", "admission", "progress", "nursing", "pharmacy", "icu"]
_GASES = ("ph", "pao2", "paco2", "fio2")


def flagged(world: World) -> frozenset[str]:
    """Ids of the rows that the agent has taken out."""
    return frozenset(n.item[5:] for n in world.notes if n.item.startswith("flag:"))


def charted(world: World) -> Tables:
    """All rows of this stay, without those taken out."""
    t, out = tables(world.patient), flagged(world)
    return t.only(frozenset(r.id for r in t.rows) - out)


def read(world: World) -> Tables:
    """The rows of this stay that the agent has read and not taken out."""
    seen = frozenset(f[4:] for f in world.observed if f.startswith("row:"))
    return charted(world).only(seen)


def need(world: World, *facts: str) -> None:
    """Refuse where a fact has not been observed. Raises ToolRefused."""
    missing = [f for f in facts if f not in world.observed]
    if missing:
        raise insufficient(*missing)


def window(world: World, from_h: int, to_h: int) -> None:
    """Check an interval of the stay. Raises ToolRefused."""
    past(world, to_h, "to_h")
    if from_h > to_h:
        raise invalid("from_h", f"at most to_h ({to_h})", from_h)


def past(world: World, hour: int, field: str = "hour") -> None:
    """Check that an hour is not after the present one. Raises ToolRefused."""
    now = plan_of(world.patient).hours
    if hour > now:
        raise invalid(field, f"at most the present hour {now}", hour)


def _shown(rows: list[Any], columns: tuple[str, ...], owner: str = "") -> Outcome:
    """Rows as a small table, with the hour to go on from where there are more."""
    part = rows[:LIMIT]
    body = [[_cell(getattr(r, COLUMNS.get(c, c))) for c in columns] for r in part]
    content: dict[str, Any] = {"columns": list(columns), "rows": body}
    if len(rows) > LIMIT:
        content["more_from_h"] = _cell(rows[LIMIT].hour)
    return Outcome(content=content, reveals=tuple(f"row:{owner}{r.id}" for r in part))


def _cell(value: Any) -> Any:
    if value == UNCHARTED or value != value:  # noqa: PLR0124 - NaN: not charted
        return None
    return int(value) if isinstance(value, float) and value.is_integer() else value


def admission_note(patient: Patient) -> str:
    """Id of the note on admission. Raises ToolRefused where the chart has none."""
    for note in papers(patient).notes:
        if note.kind == "admission":
            return note.id
    raise insufficient("an admission note")


@tool(effect="read", minutes=1, domains=HERE)
def get_admission(ctx: Context) -> Outcome:
    """The present stay: ids, person, weight, way of admission, and the present hour of the stay."""
    p = ctx.world.patient
    plan = plan_of(p)
    content = {
        "subject_id": p.id,
        "hadm_id": papers(p).hadm_id,
        "age_years": p.age_years,
        "sex": p.sex,
        "weight_kg": p.weight_kg,
        "admission_type": "elective" if plan.elective else "emergency",
        "hour_now": plan.hours,
        "days_completed": plan.hours // 24,
    }
    return Outcome(content=content, reveals=("admission",))


@tool(effect="read", minutes=1, domains=HERE)
def list_admissions(ctx: Context) -> Outcome:
    """Earlier stays and emergency visits, with the days from each to this admission."""
    rows = [
        [a.hadm_id, a.kind, a.days_before, a.los_days] for a in papers(ctx.world.patient).earlier
    ]
    columns = ["hadm_id", "kind", "days_before", "los_days"]
    return Outcome(content={"columns": columns, "rows": rows}, reveals=("earlier_admissions",))


def earlier(patient: Patient, hadm_id: int) -> Admission:
    """An earlier contact. Raises ToolRefused."""
    known = {a.hadm_id: a for a in papers(patient).earlier}
    if hadm_id not in known:
        raise invalid("hadm_id", "an earlier hadm_id of list_admissions", hadm_id)
    return known[hadm_id]


@tool(effect="read", minutes=1, domains=HERE)
def compare_admissions(ctx: Context, hadm_id: HadmId) -> Outcome:
    """An earlier stay beside this one: days between them, creatinine at discharge, weight.

    Fields:
        hadm_id: The earlier stay, from list_admissions.

    """
    p = ctx.world.patient
    need(ctx.world, "earlier_admissions")
    before = earlier(p, hadm_id)
    content: dict[str, Any] = {"days_before": before.days_before, "kind": before.kind}
    if before.creatinine is not None:
        content |= {"creatinine_at_discharge_mg_dl": before.creatinine}
        content |= {"weight_kg_then": before.weight_kg, "weight_kg_now": p.weight_kg}
    return Outcome(content=content, reveals=("compared", f"compared:{hadm_id}"))


@tool(effect="read", minutes=1, domains=HERE)
def query_labs(
    ctx: Context, from_h: Hour, to_h: Hour, label: LabLabel | Literal["gas", ""] = ""
) -> Outcome:
    """Rows of labevents, both hours included, at most 24; charttime in hours since admission.

    Fields:
        label: A lab; gas for ph, pao2, paco2 and fio2 together; empty for all.
        from_h: First hour of the stay.
        to_h: Last hour of the stay, not after the present one.

    """
    window(ctx.world, from_h, to_h)
    wanted = _GASES if label == "gas" else (label,) if label else tuple(LABS)
    rows = [r for r in charted(ctx.world).labs if r.label in wanted and from_h <= r.hour <= to_h]
    return _shown(rows, ("row", "charttime", "label", "valuenum", "valueuom"))


@tool(effect="read", minutes=1, domains=HERE)
def query_vitals(ctx: Context, from_h: Hour, to_h: Hour, hadm_id: HadmId = 0) -> Outcome:
    """Sets of vital signs, both hours included; at most 24 sets. Pressures in mmHg, temp in Cel.

    Fields:
        from_h: First hour of the stay.
        to_h: Last hour of the stay, not after the present one.
        hadm_id: Another inpatient of search_census; 0 or left out, this stay.

    """
    columns = ("row", "charttime", *SIGNS, "acvpu", "device")
    rows, owner = signs_of(ctx.world, hadm_id)
    if not owner:
        window(ctx.world, from_h, to_h)
    return _shown([r for r in rows if from_h <= r.hour <= to_h], columns, owner)


def signs_of(world: World, hadm_id: int) -> tuple[tuple[Signs, ...], str]:
    """Vital signs of a stay and the prefix of its row facts. Raises ToolRefused."""
    if hadm_id in {0, papers(world.patient).hadm_id}:
        return charted(world).signs, ""
    for bed in ward(world.patient):
        if bed.hadm_id == hadm_id:
            return bed.rows.signs, bed.prefix
    raise invalid("hadm_id", "a hadm_id of search_census", hadm_id)


@tool(effect="read", minutes=1, domains=HERE)
def query_inputs_outputs(ctx: Context, from_h: Hour, to_h: Hour) -> Outcome:
    """Rows of fluids in and out, mL of the four hours up to charttime; rate in ug/kg/min.

    Fields:
        from_h: First hour of the stay.
        to_h: Last hour of the stay, not after the present one.

    """
    window(ctx.world, from_h, to_h)
    rows = [r for r in charted(ctx.world).flows if from_h <= r.hour <= to_h]
    return _shown(rows, ("row", "charttime", "kind", "label", "ml", "rate"))


@tool(effect="read", minutes=1, domains=HERE)
def get_orders(ctx: Context, kind: OrderKind = "") -> Outcome:
    """Orders of this stay with the hour of each.

    Fields:
        kind: Only orders of this kind; empty for all.

    """
    rows = [o for o in papers(ctx.world.patient).orders if kind in {"", o.kind}]
    return _shown(rows, ("row", "charttime", "kind", "text"))


@tool(effect="read", minutes=1, domains=HERE)
def get_notes(ctx: Context, kind: NoteKind = "") -> Outcome:
    """Notes of this stay.

    Fields:
        kind: Only notes of this kind; empty for all.

    """
    rows = [n for n in papers(ctx.world.patient).notes if kind in {"", n.kind}]
    return _shown(rows, ("row", "charttime", "kind", "text"))


@tool(effect="read", minutes=1, domains=HERE)
def get_icu_stays(ctx: Context) -> Outcome:
    """Stays in intensive care: first and last hour (null: still there)."""
    plan = plan_of(ctx.world.patient)
    rows = [[plan.icu, None]] if plan.icu >= 0 else []
    return Outcome(content={"columns": ["in_h", "out_h"], "rows": rows}, reveals=("icu_stays",))


@tool(effect="read", minutes=1, domains=HERE)
def get_lab_trend(ctx: Context, label: LabLabel, from_h: Hour, to_h: Hour) -> Outcome:
    """First, last, lowest and highest result of a lab, both hours included; flagged rows left out.

    Fields:
        label: A lab.
        from_h: First hour of the stay.
        to_h: Last hour of the stay, not after the present one.

    """
    window(ctx.world, from_h, to_h)
    labs = charted(ctx.world).labs
    rows = [r for r in labs if r.label == label and from_h <= r.hour <= to_h]
    if not rows:
        raise insufficient(f"{label} between {from_h} and {to_h}")
    named = {
        "first": rows[0],
        "last": rows[-1],
        "lowest": min(rows, key=_value),
        "highest": max(rows, key=_value),
    }
    content: dict[str, Any] = {
        k: {"row": r.id, "hour": _cell(r.hour), "value": _cell(r.value)} for k, r in named.items()
    }
    content |= {"n": len(rows), "unit": rows[0].unit}
    return Outcome(
        content=content, reveals=(f"trend:{label}", *(f"row:{r.id}" for r in named.values()))
    )


def _value(row: Lab) -> float:
    return row.value


@tool(effect="read", minutes=2, domains=HERE)
def find_abnormal(ctx: Context, from_h: Hour, to_h: Hour) -> Outcome:
    """Lab rows outside their reference range, both hours included; at most 24 rows.

    Fields:
        from_h: First hour of the stay.
        to_h: Last hour of the stay, not after the present one.

    """
    window(ctx.world, from_h, to_h)
    p = ctx.world.patient
    rows = [r for r in charted(ctx.world).labs if from_h <= r.hour <= to_h and _abnormal(p, r)]
    shown = _shown(rows, ("row", "charttime", "label", "valuenum", "valueuom"))
    return Outcome(content=shown.content, reveals=("abnormal", *shown.reveals))


def _abnormal(patient: Patient, row: Lab) -> bool:
    key = LABS[row.label]
    if not measurement(key).ranges:
        return False
    normal = reference(key, patient.age_years, "female" if patient.sex == "F" else "male", None)
    low = normal.low is not None and row.value < normal.low
    return low or (normal.high is not None and row.value > normal.high)


Row = Lab | Signs | Flow


def row_of(world: World, table: str, id_: str) -> Row:
    """A charted row. Raises ToolRefused."""
    t = charted(world)
    rows: dict[str, tuple[Row, ...]] = {
        "labs": t.labs,
        "vitals": t.signs,
        "inputs_outputs": t.flows,
    }
    found = next((r for r in rows[table] if r.id == id_), None)
    if found is None:
        raise invalid("row", f"a row id of {table} that is not flagged", id_)
    return found
