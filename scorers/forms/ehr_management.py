"""Work on the record: a number within its tolerance, an hour, or a set.

Almost right is worth little: a score one point off is a wrong score, but nearer than a guess.
"""

from collections.abc import Iterator, Sequence

from ...bus.events import Reason
from ...knowledge.domains.ehr_management import computed
from ...knowledge.stays.asked import Question
from ...knowledge.stays.questions import question
from ..case import Case, observed_decisive
from ..milestones import Milestone
from . import check

NEAR = 0.15
"""Credit of a number that is almost right."""
LEAST_OVERLAP = 2 / 3
"""Jaccard index below which a set earns nothing."""
_WRONG_REASON = 0.5


def _number(case: Case, q: Question) -> float:
    said = (case.answer.fields or {}).get(q.wants)
    if not isinstance(said, int | float) or isinstance(said, bool):
        return 0.0
    off = abs(float(said) - q.value)
    if off <= q.tolerance + 1e-3:
        return 1.0
    return NEAR if off <= q.near + 1e-3 else 0.0


def _set(case: Case, q: Question) -> float:
    fields = case.answer.fields or {}
    said = fields.get("items")
    if not isinstance(said, list):
        return 0.0
    named, wanted = {str(i) for i in said}, set(q.items)
    both = named | wanted
    overlap = len(named & wanted) / len(both) if both else 1.0
    if overlap < LEAST_OVERLAP:
        return 0.0
    if q.ready is not None and fields.get("ready") is not q.ready:
        return 0.0
    factor = 1.0 if not q.reason or fields.get("reason") == q.reason else _WRONG_REASON
    return factor * overlap * overlap


def primary(case: Case, found: Sequence[Milestone]) -> Reason:
    """Credit of the report; none before the rows it turns on were read."""
    del found
    q = question(case.patient)
    credit = _set(case, q) if q.wants == "items" else _number(case, q)
    seen = observed_decisive(case.judgement.decisive, case.world.observed)
    note = "right" if credit >= 1 else "nearly right" if credit else "wrong"
    note += "" if seen else ", without the rows"
    earned = credit if seen else 0.0
    return Reason(id="report", earned=earned, possible=1.0, event=case.ended_n, note=note)


def right(earned: float) -> bool:
    """Whether that credit means the right report."""
    return earned >= 1.0


def checks(case: Case) -> Iterator[Reason]:
    """A report of the form that was asked for, resting on what was read, flagged and computed."""
    q = question(case.patient)
    fields = case.answer.fields or {}
    yield check("form", float(q.wants in fields), case)
    known = case.world.observed
    share = sum(f in known for f in q.evidence) / len(q.evidence)
    yield check("evidence", share, case)
    if fact := computed(q):
        yield check("computed", float(fact in known), case, fact)
    flagged = {n.item.removeprefix("flag:") for n in case.world.notes if n.item[:5] == "flag:"}
    if q.flags or flagged:
        agreed = len(flagged & set(q.flags)) / len(flagged | set(q.flags))
        yield check("flags", agreed, case)
