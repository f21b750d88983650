"""What a task asks of a stay: the words, the right answer, the rows that must have been read.

A kind is a function from the patient's stay to a Question. The answer is computed from the sound
rows; the rows named as evidence are those the answer turns on.
"""

from collections.abc import Callable
from functools import lru_cache

import msgspec

from ..errors import BadData
from ..patients import Patient
from . import course_kinds, record_kinds, score_kinds
from .asked import Question, View
from .course import plan_of
from .papers import papers
from .tables import tables

KINDS: dict[str, Callable[[View], Question]] = {
    f.__name__: f
    for f in (
        *(score_kinds.sofa, score_kinds.sofa2, score_kinds.news2),
        *(score_kinds.apache, score_kinds.kdigo, score_kinds.lace),
        *(course_kinds.trend, course_kinds.extreme, course_kinds.deterioration),
        *(course_kinds.time_zero, course_kinds.balance),
        *(record_kinds.reconcile, record_kinds.data_error),
        *(record_kinds.readiness, record_kinds.cohort),
    )
}


@lru_cache(maxsize=256)
def _question(body: bytes) -> Question:
    patient = msgspec.json.decode(body, type=Patient)
    plan = plan_of(patient)
    if plan.kind not in KINDS:
        raise BadData(f"{patient.variant}: no kind {plan.kind!r}; there are: {', '.join(KINDS)}")
    rows = tables(patient).sound()
    return KINDS[plan.kind](View(patient=patient, plan=plan, rows=rows, papers=papers(patient)))


def question(patient: Patient) -> Question:
    """The question of a patient's stay. Raises BadData for an unknown kind."""
    return _question(msgspec.json.encode(patient))
