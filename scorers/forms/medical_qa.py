"""Questions: the right letter, or the number within its tolerance and in its unit."""

from collections.abc import Iterator, Sequence

from ...bus.events import Reason
from ...knowledge.domains.medical_qa import asked
from ...knowledge.exam import Question
from ..case import Case, observed_decisive
from ..milestones import Milestone
from . import check


def _matches(case: Case, q: Question) -> bool:
    fields = case.answer.fields or {}
    if q.right:
        return fields.get("letter") == q.right
    value = fields.get("value")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    named = fields.get("unit", "") in {"", q.unit}
    return named and abs(float(value) - q.value) <= q.tolerance


def primary(case: Case, found: Sequence[Milestone]) -> Reason:
    """Credit of the answer; none without the evidence."""
    del found
    seen = observed_decisive(case.judgement.decisive, case.world.observed)
    fits = _matches(case, asked(case.patient))
    note = "right" if fits else "wrong"
    note += "" if seen else ", without the evidence"
    return Reason(
        id="answer", earned=float(fits and seen), possible=1.0, event=case.ended_n, note=note
    )


def right(earned: float) -> bool:
    """Whether that credit means the right answer."""
    return earned == 1.0


def checks(case: Case) -> Iterator[Reason]:
    """An answer of the right form, resting on what was seen and cited."""
    q = asked(case.patient)
    fields = case.answer.fields or {}
    yield check("form", float(("letter" in fields) == bool(q.right) and bool(fields)), case)
    seen = case.world.observed
    cited = case.answer.citations
    share = sum(c in seen for c in cited) / len(cited) if cited else 0.0
    yield check("citations", share, case)
    yield check("evidence", float(q.fact in seen), case)
