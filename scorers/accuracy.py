"""Accuracy: the structured answer against the hidden truth. `d x (0.6 + 0.4 r)`.

d judges the diagnosis by its place in ICD-10-CM, and only after the decisive evidence was seen;
r judges treatment and disposition.
"""

from collections.abc import Iterable, Sequence

from ..bus.events import Dimension, Reason
from ..knowledge.conditions import Condition, condition
from ..knowledge.icd10 import SAME_CATEGORY, closeness
from .case import Case, commits
from .milestones import Milestone

UNCERTAIN = 0.2
_PRIMARY, _REST = 0.6, 0.4
_TREATED, _PLACED = 0.6, 0.4
_FAULT = 0.5
_WORKED_UP = 0.5


def matches_condition(code: str, of: Condition) -> float:
    """Credit of a code for a condition, its look-alikes told apart."""
    return closeness(code, of.icd10, tuple(condition(o).icd10 for o in of.look_alikes))


def observed_decisive(alternatives: Iterable[Sequence[str]], observed: Sequence[str]) -> bool:
    """Whether all facts of one alternative have been seen."""
    return any(all(fact in observed for fact in facts) for facts in alternatives)


def _uncertain(case: Case, found: Sequence[Milestone]) -> bool:
    """Doubt, stated by a symptom code, kept in hospital, with help called and half a work-up."""
    code, kept = case.answer.icd10_code, case.answer.disposition in {"observation", "ward"}
    if not (code.startswith("R") and kept and case.world.consults):
        return False
    asked = [m for m in found if m.required.kind == "workup"]
    total = sum(m.required.weight for m in asked)
    return sum(m.required.weight * m.credit for m in asked) >= _WORKED_UP * total


def _primary(case: Case, found: Sequence[Milestone]) -> Reason:
    code = case.answer.icd10_code
    tree = matches_condition(code, case.condition)
    if tree == 0 and _uncertain(case, found):
        return Reason(id="uncertain", earned=UNCERTAIN, possible=1.0, event=case.ended_n, note=code)
    seen = observed_decisive(case.judgement.decisive, case.world.observed)
    note = code if seen or not tree else f"{code} without the decisive observation"
    earned = tree if seen else 0.0
    return Reason(id="diagnosis", earned=earned, possible=1.0, event=case.ended_n, note=note)


def _faults(case: Case) -> list[Reason]:
    faults: list[Reason] = []
    for forbidden in case.judgement.forbidden:
        earlier: list[str] = []
        for step in case.steps:
            if commits(step, forbidden, earlier):
                faults.append(Reason(id=forbidden.id, earned=0.0, possible=0.0, event=step.n))
                break
            earlier += step.items
    return faults


def judge(case: Case, found: Sequence[Milestone]) -> tuple[Dimension, bool]:
    """The dimension, and whether the primary answer is right (d of at least 0.8)."""
    primary = _primary(case, found)
    treated = [m for m in found if m.required.kind == "treatment"]
    total = sum(m.required.weight for m in treated)
    given = sum(m.required.weight * m.credit for m in treated) / total if total else 1.0
    placed = case.judgement.dispositions.get(case.answer.disposition, 0.0)
    faults = _faults(case)
    rest = (_TREATED * given + _PLACED * placed) * _FAULT ** len(faults)
    reasons = [
        primary,
        Reason(id="treatment", earned=round(given, 6), possible=1.0),
        Reason(id="disposition", earned=placed, possible=1.0, event=case.ended_n),
        *faults,
    ]
    score = round(primary.earned * (_PRIMARY + _REST * rest), 6)
    return Dimension(score=score, reasons=reasons), primary.earned >= SAME_CATEGORY
