"""Format: the share of turns that were valid calls."""

from ..bus.events import Dimension, Reason
from .case import Case, Step

_VALID = frozenset({"", "insufficient_data", "duplicate_order"})


def _valid(step: Step) -> bool:
    observation = step.turn.observation
    return observation is not None and observation.code in _VALID


def judge(case: Case) -> Dimension:
    """Valid calls over turns; 0 without a turn or for an empty answer."""
    if case.empty or not case.steps:
        return Dimension(score=0.0, reasons=[Reason(id="empty", earned=0.0, possible=1.0)])
    wrong = [s for s in case.steps if not _valid(s)]
    reasons = [
        Reason(
            id=s.turn.observation.code if s.turn.observation else "unanswered",
            earned=0.0,
            possible=1.0,
            event=s.n,
        )
        for s in wrong
    ]
    return Dimension(score=round(1 - len(wrong) / len(case.steps), 6), reasons=reasons)
