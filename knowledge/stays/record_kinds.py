"""Questions about a record: medicine lists, errors, readiness for discharge, the ward."""

from . import scores
from .asked import Ask, Question, View, faulty_rows, row
from .census import COHORTS, everyone
from .tables import tables


def reconcile(v: View) -> Question:
    """Medicines of the discharge draft that need correction."""
    text = (
        "Reconcile the discharge draft with the home medicines. Report as items every medicine "
        "left out without a documented reason, with another dose than at home, added in the class "
        "of a home medicine, or metformin with an eGFR (CKD-EPI 2021) below 30; none: no items."
    )
    notes = [n.id for n in v.papers.notes if n.kind in {"admission", "pharmacy"}]
    creatinine = scores.labs_in(v.rows, "creatinine", -1, v.at)[-1]
    kidney = row(creatinine.id) if "metformin" in v.papers.draft else ()
    return Question(
        ask=Ask(kind="reconcile", text=text, at=v.at),
        wants="items",
        items=v.papers.discrepancies,
        evidence=(*row(*notes), "reconciled", *kidney),
        helpful=("row:N*", "row:O*", "row:L*", "draft"),
    )


def data_error(v: View) -> Question:
    """The one wrong row."""
    wrong = faulty_rows(v, -1, v.plan.hours)
    fault = next((r.fault for r in tables(v.patient).rows if r.fault), "")
    table = {"L": "labs", "V": "vitals", "F": "inputs_outputs"}.get(
        wrong[0][0] if wrong else "", ""
    )
    name = v.plan.where if v.plan.of == "named" else table
    text = (
        f"One row of {name} up to hour {v.at} cannot be right (wrong unit, duplicate or impossible "
        "value; of two equal rows the second). Flag it, then report its row id as items and the "
        "reason; none: no items."
    )
    return Question(
        ask=Ask(kind="data_error", text=text, at=v.at, of=name),
        wants="items",
        items=wrong,
        reason=fault,
        evidence=row(*wrong) or row(*(r.id for r in v.rows.labs if r.label == v.plan.where)),
        flags=wrong,
        helpful=("row:L*", "row:V*", "row:F*", "abnormal"),
    )


def readiness(v: View) -> Question:
    """Criteria of stability that are not met."""
    end = v.rows.signs[-1]
    note = next(n.id for n in v.papers.notes if n.kind == "nursing")
    unmet = scores.unstable(end, eats=not v.plan.no_oral_intake)
    text = (
        "May the patient go home by the criteria of clinical stability (last vital signs, oral "
        "intake)? Report ready, and as items the criteria that are not met."
    )
    return Question(
        ask=Ask(kind="readiness", text=text, at=v.at),
        wants="items",
        items=unmet,
        ready=not unmet,
        evidence=row(end.id, note),
        helpful=("row:V*", "row:N*"),
    )


def cohort(v: View) -> Question:
    """How many inpatients of the ward meet a definition."""
    here = [b for b in everyone(v.patient) if b.present]
    count, facts, text = COHORTS[v.plan.of](here)
    return Question(
        ask=Ask(kind="cohort", text=text, at=v.at, of=v.plan.of),
        wants="value",
        value=count,
        evidence=facts,
        helpful=("census:*", "row:*", "score:news2:*"),
    )
