"""Coherence: the answer agrees with what was recorded, seen, cited and given. No words are read."""

from ..bus.events import Dimension, Reason
from .case import Case
from .forms import form


def judge(case: Case) -> Dimension:
    """Mean of the checks that apply; 0 for an empty answer."""
    if case.empty:
        return Dimension(score=0.0, reasons=[Reason(id="empty", earned=0.0, possible=1.0)])
    checks = list(form(case.requested.domain).checks(case))
    score = sum(c.earned for c in checks) / len(checks)
    return Dimension(score=round(score, 6), reasons=checks)
