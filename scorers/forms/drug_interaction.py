"""Review of a prescription: verdict, problem, culprit, and what is proposed instead.

d multiplies the credit of the verdict and of the problem (both must be right), then weighs the
culprit and the alternative or new dose, which are screened anew for this patient. A pair without
its other medicine is hardly more than a guess: a habit of crying "interaction" must not pay.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from ...bus.events import Reason
from ...knowledge.domains.drug_interaction import checks_shown, truth
from ...knowledge.drugs import resolve
from ...knowledge.prescription_charts import indication, known, order
from ...knowledge.prescriptions import (
    GRAVITY,
    Problem,
    Review,
    best_alternative,
    worth_as_alternative,
    worth_as_dose,
)
from ..case import Case, names_any, observed_decisive
from ..milestones import Milestone
from . import check

RIGHT = 0.6
_CULPRIT, _INSTEAD = 0.2, 0.2
_UNNAMED = 0.15
"""What is left of the credit where the other medicine of a pair is missing or wrong."""
_TOO_CAREFUL = 0.2
"""Credit of watching a harmless prescription."""


def answered(case: Case) -> dict[str, Any]:
    """The fields of the submitted review; empty where there are none."""
    return case.answer.fields if isinstance(case.answer.fields, dict) else {}


def _verdict(found: Review, verdict: str) -> float:
    """Credit of the verdict alone. An approval must answer every problem, the gravest counts."""
    if not found.problems:
        return {"approve": 1.0, "approve_with_monitoring": _TOO_CAREFUL}.get(verdict, 0.0)
    earned = [c for p in found.deciding for v, c in p.verdicts.items() if v == verdict]
    lenient = verdict in {"approve", "approve_with_monitoring"}
    if lenient and len(earned) < len(found.deciding):
        return 0.0
    return min(earned, default=0.0) if lenient else max(earned, default=0.0)


def _named(found: Review, problem: str, verdict: str) -> tuple[float, tuple[Problem, ...]]:
    """Credit of the problem, and the true problems of that kind."""
    if not found.problems:
        return float(problem == "none"), ()
    if verdict == "approve" and problem == "none":
        return 1.0, ()
    top = found.deciding[0]
    mine = tuple(p for p in found.deciding if p.kind == problem)
    if not mine:
        return 0.0, ()
    # Two names for one thing: a second drug of a class is a pair and a duplicate.
    as_grave = any(p.grade == top.grade or p.culprit == top.culprit for p in mine)
    return (1.0 if as_grave else 0.5), mine


def _id(name: object) -> str:
    found = resolve(str(name)) if name else None
    return found.id if found else ""


def _instead(case: Case, verdict: str) -> float | None:
    """Credit of what is proposed instead; None where nothing needs to be."""
    of, mine, goal = known(case.patient), order(case.patient), indication(case.patient)
    fields = answered(case)
    other = _id(fields.get("alternative"))
    if verdict == "change_dose":
        dose, often = fields.get("dose") or 0.0, fields.get("frequency") or mine.frequency
        return worth_as_dose(of, mine, dose, often)
    if verdict == "reject":
        if not other:
            return float(not best_alternative(of, goal, mine.drug))
        return worth_as_alternative(of, goal, other, mine.drug)
    return None


def primary(case: Case, found: Sequence[Milestone]) -> Reason:
    """Credit of the review."""
    del found
    fields, right_one = answered(case), truth(case.patient)
    verdict, problem = str(fields.get("verdict", "")), str(fields.get("problem", ""))
    note = f"{verdict or 'nothing'}, {problem or 'nothing'}"
    credit = _verdict(right_one, verdict)
    named, mine = _named(right_one, problem, verdict)
    parts = [(1.0 - _CULPRIT - _INSTEAD, 1.0)]
    if mine:
        named_one, own = _id(fields.get("culprit")), order(case.patient).drug
        hit = named_one in {p.culprit for p in mine}
        parts.append((_CULPRIT, float(hit)))
        if not hit and all(p.culprit != own for p in mine):
            named *= _UNNAMED
    instead = _instead(case, verdict)
    if instead is not None:
        parts.append((_INSTEAD, instead))
    share = sum(w * v for w, v in parts) / sum(w for w, _ in parts)
    earned = round(credit * named * share, 6)
    if earned and not observed_decisive(case.judgement.decisive, case.world.observed):
        note, earned = f"{note} without the decisive observation", 0.0
    return Reason(id="review", earned=earned, possible=1.0, event=case.ended_n, note=note)


def right(earned: float) -> bool:
    """Whether that credit means a right review."""
    return earned >= RIGHT


def checks(case: Case) -> Iterator[Reason]:
    """The review agrees with what was read, looked up, told, and with its own severity."""
    fields = answered(case)
    verdict, problem = str(fields.get("verdict", "")), str(fields.get("problem", ""))
    known_facts, mine = case.world.observed, order(case.patient)
    seen = {"order", "medications", "allergies"} & set(known_facts)
    yield check("chart", len(seen) / 3, case)
    if problem not in {"", "none"}:
        shown = checks_shown(problem, mine.drug, _id(fields.get("culprit")))
        yield check("looked_up", float(names_any(shown, known_facts)), case, problem)
        yield check("severity", _severity(truth(case.patient), problem, fields), case)
    unsound = verdict in {"change_dose", "reject"} and problem == "none"
    yield check("reason", 0.0 if unsound or not verdict else 1.0, case, verdict)
    if verdict in {"change_dose", "reject"}:
        done = [s.done for s in case.steps if s.done]
        yield check("told", float(names_any(("notified:prescriber",), done)), case)
    else:
        held = [s.done for s in case.steps if s.done.startswith("held:")]
        yield check("not_held", float(f"held:{mine.drug}" not in held), case)


def _severity(found: Review, problem: str, fields: dict[str, Any]) -> float:
    """1 for the true grade, a half for its neighbour."""
    grades = [GRAVITY[p.grade] for p in found.problems if p.kind == problem]
    said = {"none": 0, "minor": 1, "moderate": 2, "severe": 3, "critical": 4}
    given = said.get(str(fields.get("severity", "none")), 0)
    off = min((abs(given - g) for g in grades), default=4)
    return {0: 1.0, 1: 0.5}.get(off, 0.0)
