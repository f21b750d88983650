"""Accuracy: the structured answer against the hidden truth. `d x (0.6 + 0.4 r)`.

d judges the main answer by the domain's form, and only after the decisive evidence was seen;
r judges treatment and, where the domain asks for one, disposition.
"""

from collections.abc import Sequence

from ..bus.events import Dimension, Reason
from .case import Case, commits
from .forms import form
from .milestones import Milestone

_PRIMARY, _REST = 0.6, 0.4
_TREATED, _PLACED = 0.6, 0.4
_FAULT = 0.5


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
    """The dimension, and whether the primary answer is right (by the form)."""
    of = form(case.requested.domain)
    primary = of.primary(case, found)
    treated = [m for m in found if m.required.kind == "treatment"]
    total = sum(m.required.weight for m in treated)
    given = sum(m.required.weight * m.credit for m in treated) / total if total else 1.0
    wanted = case.judgement.dispositions
    placed = wanted.get(case.answer.disposition, 0.0) if wanted else 1.0
    faults = _faults(case)
    rest = (_TREATED * given + _PLACED * placed) * _FAULT ** len(faults)
    reasons = [
        primary,
        Reason(id="treatment", earned=round(given, 6), possible=1.0),
        Reason(id="disposition", earned=placed, possible=1.0, event=case.ended_n),
        *faults,
    ]
    score = round(primary.earned * (_PRIMARY + _REST * rest), 6)
    return Dimension(score=score, reasons=reasons), of.right(primary.earned)
