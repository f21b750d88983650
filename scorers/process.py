"""Process: the required acts in order and in time, with as few idle calls as possible."""

from collections.abc import Sequence

from ..bus.events import Dimension, Reason
from ..knowledge.domains import questions
from ..knowledge.physiology import MINUTE
from .case import Case, Step, names_any
from .milestones import Milestone

_FREE = frozenset(
    {
        "think",
        "state_confidence",
        "search_clinical_guidelines",
        "get_differential_diagnosis",
        "record_diagnosis",
        "add_clinical_note",
    }
)
_BASE, _PRECISION = 0.5, 0.5
_DEAR = 2
_AGAIN = 30 * MINUTE
"""A test may be repeated after this long: that is monitoring, which is free but no merit."""


def _again(case: Case, step: Step) -> bool | None:
    """True for an act done for the first time, None for monitoring, False for a repetition."""
    earlier = [s for s in case.steps if s.number < step.number and s.done == step.done]
    if not earlier:
        return True
    return False if any(step.at - s.at < _AGAIN for s in earlier) else None


def _indicated(case: Case, step: Step) -> bool:
    """Whether this patient needs the drug: one for a look-alike is no help, however apt a test."""
    return any(names_any(r.any_of, (step.done,)) for r in case.judgement.required)


def _useful(
    case: Case, step: Step, milestone_turns: set[int], wanted: Sequence[str]
) -> bool | None:
    """True for useful, False for idle, None for a call that is free."""
    if not step.ok:
        return False
    if step.number in milestone_turns or step.tool.startswith("submit_"):
        return True
    if step.tool in _FREE:
        used = any(s.tool == step.tool and s.number < step.number for s in case.steps)
        return False if used else None
    if step.tool == "wait_for_results" and not names_any(wanted, step.new):
        # Needed, but no merit: else thirty waits of a minute would hide thirty idle calls.
        return None if step.before.pending() or step.new else False
    if step.drug and not _indicated(case, step):
        return False
    if step.done and names_any(wanted, (step.done,)):
        return _again(case, step)
    return names_any(wanted, step.new)


def _precision(case: Case, found: Sequence[Milestone]) -> tuple[float, list[Reason]]:
    turns = {m.step.number for m in found if m.step is not None}
    wanted = questions(case.requested.domain).relevant(case.patient)
    verdicts = [(s, _useful(case, s, turns, wanted)) for s in case.steps]
    idle = [s for s, verdict in verdicts if verdict is False]
    useful = sum(verdict is True for _, verdict in verdicts)
    note = "idle, repeated or failed call"
    reasons = [Reason(id="idle", earned=0.0, possible=0.0, event=s.n, note=note) for s in idle]
    return useful / max(useful + sum(map(_cost, idle)), 1), reasons


def _cost(step: Step) -> int:
    """What an idle call weighs: an image, a procedure or a drug costs more than a look or a lab."""
    return _DEAR if step.done.startswith(("imaging:", "procedure:", "drug:")) else 1


def judge(case: Case, found: Sequence[Milestone]) -> Dimension:
    """Share of the required acts, times what idle calls leave of it."""
    if case.empty:
        return Dimension(score=0.0, reasons=[Reason(id="empty", earned=0.0, possible=1.0)])
    total = sum(m.required.weight for m in found)
    recall = sum(m.required.weight * m.credit for m in found) / total if total else 1.0
    precision, idle = _precision(case, found)
    reasons = [
        Reason(
            id=m.required.id,
            earned=round(m.required.weight * m.credit, 6),
            possible=m.required.weight,
            event=0 if m.step is None else m.step.n,
            note=m.note,
        )
        for m in found
    ]
    reasons.append(Reason(id="precision", earned=round(precision, 6), possible=1.0))
    score = round(recall * (_BASE + _PRECISION * precision), 6)
    return Dimension(score=score, reasons=[*reasons, *idle])
