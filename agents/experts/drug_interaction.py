"""The script of prescription review: read the chart, ask once, look it up, act, answer."""

from collections.abc import Iterator
from typing import Any

import msgspec

from ...knowledge.domains.drug_interaction import (
    ASK,
    acts,
    answer,
    lookup,
)
from ...knowledge.drugs import ChartAllergy
from ...knowledge.prescription_charts import FERTILE
from ...knowledge.prescriptions import Indication, Known, Line, indications, review
from ...knowledge.variants import findings
from ..interview import next_question
from ..policy import View
from ..reading import Seen, read
from . import Call

_CIRRHOSIS = "cirrhosis"
_READS = {
    "order": "get_order",
    "demographics": "get_patient_info",
    "medications": "get_medications",
    "allergies": "get_allergies",
    "lab:bmp": "get_lab_results",
    "history": "get_patient_history",
    "stopped": "get_stopped_medications",
    "qtc": "get_ecg",
}


def _shown(view: View) -> dict[str, Any]:
    """What the calls have shown: the first of each field."""
    found: dict[str, Any] = {}
    for turn in view.turns:
        seen = turn.observation
        if seen is not None and seen.ok:
            found = {**seen.content, **found}
    return found


def _order(view: View) -> tuple[Line, Indication] | None:
    """The prescription and its purpose, once they were read."""
    for turn in view.turns:
        seen = turn.observation
        if seen is not None and seen.ok and "order" in seen.reveals:
            shown = dict(seen.content)
            name = shown.pop("indication")
            goal = next(i for i in indications().values() if i.name == name)
            return msgspec.convert(shown, Line), goal
    return None


def _known(seen: Seen, shown: dict[str, Any]) -> Known:
    told = tuple(k.removeprefix("takes_") for k, has in seen.findings.items() if has)
    gone = shown.get("stopped", ())
    return Known(
        age_years=float(shown.get("age_years", 60)),
        female=shown.get("sex") == "F",
        weight_kg=float(shown.get("weight_kg", 75)),
        creatinine_mg_dl=seen.values.get("creatinine_mg_dl", 1.0),
        potassium_mmol_l=seen.values.get("potassium_mmol_l"),
        magnesium_mg_dl=seen.values.get("magnesium_mg_dl"),
        child_pugh=shown.get("child_pugh", "none"),
        pregnant_week=shown.get("completed_weeks"),
        lactating=bool(shown.get("breastfeeding")),
        qtc_ms=shown.get("qtc_ms"),
        allergies=tuple(
            ChartAllergy(substance=a.substance, reaction=a.reaction) for a in seen.allergies
        ),
        taken=(*seen.medications, *told),
        stopped=tuple((g["drug"], g["days_since_last_dose"]) for g in gone),
    )


def _unread(view: View, seen: Seen, shown: dict[str, Any], mine: Line | None) -> Iterator[Call]:
    """What of the chart is still to be read."""
    for fact, tool in _READS.items():
        if fact not in seen.facts:
            yield Call(tool=tool)
    age = float(shown.get("age_years", 60))
    may_be = shown.get("sex", "F") == "F" and FERTILE[0] <= age <= FERTILE[1]
    if may_be and "pregnancy" not in seen.facts:
        yield Call(tool="get_reproductive_status")
    if "asked:over_the_counter" not in seen.facts:
        yield Call(tool="ask_patient", arguments={"question": ASK})
    else:
        sold = [id_ for id_, f in findings().items() if f.topic == "over_the_counter"]
        question = next_question(view, seen, sold)
        if question is not None:
            yield Call(tool="ask_patient", arguments={"question": question})
    if _CIRRHOSIS in seen.past and "child_pugh" not in shown and mine is not None:
        yield Call(tool="check_hepatic_dosing", arguments={"drug": mine.drug})


def _done(call: Call, view: View) -> bool:
    """Whether a call was made with these arguments."""
    return any(
        getattr(t.action, "tool", "") == call.tool
        and getattr(t.action, "arguments", None) == call.arguments
        for t in view.turns
    )


def proposals(view: View) -> list[Call]:
    """What a careful pharmacist would do now, the most urgent first."""
    seen, shown = read(view), _shown(view)
    read_order = _order(view)
    mine = read_order[0] if read_order else None
    open_ = [c for c in _unread(view, seen, shown, mine) if c.tool not in seen.failed]
    if read_order is None:
        return [*open_, Call(tool="submit_review", arguments={"verdict": "reject"})]
    of = _known(seen, shown)
    plan = answer(of, *read_order)
    grave = review(of, read_order[0]).gravity >= 3
    last = len(view.turns) >= view.started.max_turns - 1
    look = lookup(plan.problem, read_order[0], plan.culprit)
    todo = [look, *acts(plan, read_order[0], grave=grave)]
    calls = [Call(tool=c.tool, arguments=c.arguments) for c in todo]
    if last:
        return calls[-1:]
    left = [c for c in calls[:-1] if c.tool not in seen.failed and not _done(c, view)]
    return [*open_, *left, calls[-1]]


def slips(view: View) -> list[Call]:
    """Every verdict without a reason: at most one is right."""
    del view
    verdicts = ("approve", "approve_with_monitoring", "change_dose", "reject")
    return [Call(tool="submit_review", arguments={"verdict": v}) for v in verdicts]


def harms(view: View) -> list[Call | None]:
    """Acts that are wrong for most patients."""
    read_order = _order(view)
    if read_order is None:
        return [None]
    mine, goal = read_order
    return [
        Call(tool="hold_medication", arguments={"drug": mine.drug}),
        *(Call(tool="propose_change", arguments={"drug": o.drug}) for o in goal.options[-2:]),
        None,
    ]
