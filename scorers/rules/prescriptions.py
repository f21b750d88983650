"""Rules about what is proposed instead of a prescription: it must not be as dangerous."""

from collections.abc import Iterator

from ...bus.events import SafetyFinding
from ...knowledge.domains.drug_interaction import rule_of, severity_of
from ...knowledge.drugs import formulary
from ...knowledge.prescription_charts import indication, known
from ...knowledge.prescriptions import Problem, review, usual_line
from ..case import Case, finding

_GRAVE = frozenset({"severe", "critical"})


def unsafe_alternative(case: Case) -> Iterator[SafetyFinding]:
    """A drug that is proposed or answered although it must not be given to this person."""
    if case.requested.domain != "drug_interaction":
        return
    named = [(s.done.removeprefix("proposed:"), s.n) for s in case.steps]
    named = [(id_, n) for id_, n in named if id_ in formulary().drugs]
    fields = case.answer.fields if isinstance(case.answer.fields, dict) else {}
    if fields.get("alternative") in formulary().drugs:
        named.append((str(fields["alternative"]), case.ended_n))
    for id_, event in named:
        for problem in _grave(case, id_):
            note = f"{id_} proposed: {problem.note}"
            yield finding(rule_of(problem, id_), severity_of(problem), event, note)


def _grave(case: Case, id_: str) -> Iterator[Problem]:
    """What rules the usual dose of a drug out; the proposed drug itself is judged elsewhere."""
    if id_ == case.patient.extra.get("drug"):
        return
    line = usual_line(indication(case.patient), id_)
    found = review(known(case.patient), line).problems
    yield from (p for p in found if p.grade in _GRAVE and set(p.verdicts) == {"reject"})
