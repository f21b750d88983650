"""What is done with a record: reconcile, flag, count over the ward, write, report."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from ...bus.events import Answer, Effect
from ...knowledge.stays.census import everyone
from ...knowledge.stays.papers import egfr, papers
from ...knowledge.stays.tables import SIGNS
from ..errors import insufficient, invalid
from ..tool import Context, Outcome, tool
from .ehr_management import HERE, LabLabel, admission_note, need, read, row_of
from .shared import Text

Reason = Literal["", "wrong_unit", "duplicate", "impossible_value"]
Label = Annotated[str, Meta(max_length=60)]
Items = Annotated[tuple[Label, ...], Meta(max_length=40)]


@tool(effect="read", minutes=2, domains=HERE)
def reconcile_medications(ctx: Context) -> Outcome:
    """Home medicines beside the draft of the discharge list; needs the admission note.

    Shows the eGFR (CKD-EPI 2021) of the last creatinine that was read.
    """
    p = ctx.world.patient
    own = papers(p)
    note = admission_note(p)
    need(ctx.world, f"row:{note}")
    names = dict.fromkeys((*own.home, *own.draft))
    rows = [[d, own.home.get(d, ""), own.draft.get(d, "")] for d in names]
    content: dict[str, Any] = {"columns": ["medicine", "home", "discharge_draft"], "rows": rows}
    known = [r.value for r in read(ctx.world).labs if r.label == "creatinine"]
    if known:
        content["egfr_ml_min_1_73"] = round(egfr(p, known[-1]))
    return Outcome(content=content, reveals=("reconciled", "draft"))


@tool(effect="write", minutes=1, domains=HERE)
def flag_data_error(
    ctx: Context,
    table: Literal["labs", "vitals", "inputs_outputs"],
    row: Annotated[str, Meta(min_length=2, max_length=8)],
    reason: Literal["wrong_unit", "duplicate", "impossible_value"],
) -> Outcome:
    """Take a row out of the record because it cannot be right; scores then leave it out.

    Fields:
        table: Table of the row.
        row: Id of a row that you have read, such as L014.
        reason: What is wrong with it.

    """
    found = row_of(ctx.world, table, row)
    need(ctx.world, f"row:{found.id}")
    return Outcome(
        content={"flagged": found.id, "reason": reason},
        reveals=(f"flag:{found.id}",),
        effect=Effect(kind="noted", item=f"flag:{found.id}", text=reason),
    )


@tool(effect="read", minutes=2, domains=HERE)
def search_census(
    ctx: Context,
    label: LabLabel | Literal["hr", "sbp", "dbp", "map", "rr", "temp", "spo2", "gcs"],
    above: float | None = None,
    below: float | None = None,
) -> Outcome:
    """Inpatients of this ward with the first and last value of a lab or vital sign.

    Patients marked gone have left the ward.

    Fields:
        label: A lab or a vital sign.
        above: Only patients whose last value is above this.
        below: Only patients whose last value is below this.

    """
    if above is not None and below is not None and above >= below:
        raise invalid("above", f"below {below:g}", above)
    rows: list[list[Any]] = []
    for bed in everyone(ctx.world.patient):
        if label in SIGNS:
            told = ((r.hour, float(getattr(r, label))) for r in bed.rows.signs)
            found = [(hour, value) for hour, value in told if value == value]  # noqa: PLR0124
        else:
            found = [(r.hour, r.value) for r in bed.rows.labs if r.label == label]
        if not found:
            continue
        hour, last = found[-1]
        if (above is None or last > above) and (below is None or last < below):
            status = "present" if bed.present else "gone"
            rows.append([bed.hadm_id, status, found[0][1], last, int(hour)])
    columns = ["hadm_id", "status", "first", "last", "last_hour"]
    return Outcome(content={"columns": columns, "rows": rows}, reveals=(f"census:{label}",))


@tool(effect="write", minutes=2, domains=HERE)
def write_note(
    ctx: Context,
    kind: Literal["progress", "escalation", "handoff", "discharge"],
    text: Annotated[str, Meta(min_length=3, max_length=2000)],
) -> Outcome:
    """Write a note; an escalation calls the team that answers emergencies to the bedside.

    Fields:
        kind: Kind of note.
        text: What it says.

    """
    if not ctx.world.observed:
        raise insufficient("anything of the record")
    count = sum(n.item.startswith("note:") for n in ctx.world.notes) + 1
    return Outcome(
        content={"written": kind, "notes": count},
        reveals=(f"note:{kind}",),
        effect=Effect(kind="noted", item=f"note:{kind}", text=text),
    )


@tool(effect="submit", minutes=1, domains=HERE)
def submit_report(
    ctx: Context,
    value: float | None = None,
    at_hour: Annotated[float, Meta(ge=-1, le=400)] | None = None,
    items: Items | None = None,
    reason: Reason = "",
    *,
    ready: bool | None = None,
    summary: Text = "",
) -> Outcome:
    """End the work order with the report in the form it asks for.

    Fields:
        value: A number.
        at_hour: An hour of the stay; -1 for never.
        items: Row ids, medicines or criteria; an empty list for none.
        reason: What is wrong with a row.
        ready: Whether the patient may go home.
        summary: In words; not judged.

    """
    del ctx
    given = {"value": value, "at_hour": at_hour, "reason": reason or None, "ready": ready}
    fields: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    if items is not None:
        fields["items"] = sorted(dict.fromkeys(items))
    place = "" if ready is None else "discharge_home" if ready else "ward"
    return Outcome(
        content={"submitted": True, **fields},
        effect=Effect(kind="submitted", item=f"disposition:{place}" if place else ""),
        answer=Answer(answer=summary, disposition=place, fields=fields),
    )
