"""Coherence: the answer agrees with what was recorded, seen, cited and given. No words are read."""

from ..bus.events import Dimension, Reason
from .case import Case
from .forms import check, form


def judge(case: Case, *, correct: bool) -> Dimension:
    """Mean of the checks that apply; 0 for an empty answer.

    A stated confidence is one of them: 1 less its squared error (Brier, Mon Weather Rev 1950).
    """
    if case.empty:
        return Dimension(score=0.0, reasons=[Reason(id="empty", earned=0.0, possible=1.0)])
    checks = list(form(case.requested.domain).checks(case))
    if (stated := _confidence(case)) is not None:
        checks.append(check("confidence", 1 - (stated - correct) ** 2, case, f"{stated:g}"))
    score = sum(c.earned for c in checks) / len(checks)
    return Dimension(score=round(score, 6), reasons=checks)


def _confidence(case: Case) -> float | None:
    """The last probability that the agent put on its answer."""
    told = (s.done.partition(":") for s in reversed(case.steps))
    return next((float(value) for head, _, value in told if head == "confidence"), None)
