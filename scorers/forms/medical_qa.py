"""Questions: the right letter, the number within its tolerance and in its unit, or a free text."""

from collections.abc import Iterator, Sequence

from ...bus.events import Reason
from ...knowledge.domains.medical_qa import asked
from ...knowledge.exam import Question
from ...knowledge.management import management
from ..case import Case, observed_decisive
from ..milestones import Milestone
from ..text.judge import judge
from . import check

_TOLD = 0.6
"""A free text of at least this score is a right answer."""


def _credit(case: Case, q: Question) -> float:
    if q.guideline:
        said = (case.answer.fields or {}).get("text", "")
        return judge(said, management(q.guideline)).score if isinstance(said, str) else 0.0
    return float(_matches(case, q))


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
    credit = _credit(case, asked(case.patient))
    note = "right" if right(credit) else "partly right" if credit else "wrong"
    note += "" if seen else ", without the evidence"
    return Reason(
        id="answer", earned=credit if seen else 0.0, possible=1.0, event=case.ended_n, note=note
    )


def right(earned: float) -> bool:
    """Whether that credit means the right answer."""
    return earned >= _TOLD


def checks(case: Case) -> Iterator[Reason]:
    """An answer of the right form, resting on what was seen and cited."""
    q = asked(case.patient)
    fields = case.answer.fields or {}
    form = "text" if q.guideline else "letter" if q.right else "value"
    yield check("form", float(form in fields), case)
    seen = case.world.observed
    cited = case.answer.citations
    share = sum(c in seen for c in cited) / len(cited) if cited else 0.0
    yield check("citations", share, case)
    yield check("evidence", float(q.fact in seen), case)
