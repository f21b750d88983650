"""Questions about medical knowledge: look it up or compute it, then answer with the evidence."""

from typing import Any

from ..conditions import Judgement, Required
from ..exam import Question, question
from ..management import management
from ..measurements import measurements
from ..patients import Patient
from . import Call

OURS = "the facts of this package"


def asked(patient: Patient) -> Question:
    """The question of this task."""
    extra = patient.extra
    return question(str(extra["kind"]), str(extra["of"]), patient.variant, patient.seed)


def ticket(patient: Patient) -> str:
    """The question as it is asked."""
    return asked(patient).ticket()


def judgement(patient: Patient) -> Judgement:
    """The fact that shows the answer must have been seen."""
    fact = asked(patient).fact
    required = [Required(id="evidence", any_of=(fact,), weight=2.0, source=OURS)]
    if fact.startswith("passage:"):
        searched = Required(id="searched", any_of=("searched",), source=OURS)
        required = [
            searched,
            Required(id="evidence", any_of=(fact,), after=("searched",), source=OURS),
        ]
    return Judgement(decisive=((fact,),), dispositions={}, required=tuple(required))


def relevant(patient: Patient) -> tuple[str, ...]:
    """The evidence, and other passages on the same subject."""
    fact = asked(patient).fact
    subject = ":".join(fact.split(":")[:3])
    return ("searched", fact, f"{subject}*")


def reference(patient: Patient) -> list[Call]:
    """Search, read, answer; or compute and answer."""
    q = asked(patient)
    kind, _, name = q.fact.partition(":")
    if kind == "passage":
        calls = [
            Call(tool="search", arguments={"query": q.subject}),
            Call(tool="browse_passage", arguments={"passage_id": name}),
        ]
        if q.guideline:
            told = {"text": management(q.guideline).reference, "citations": [q.fact]}
            return [*calls, Call(tool="submit_text", arguments=told)]
        option: dict[str, Any] = {"letter": q.right, "citations": [q.fact]}
        return [*calls, Call(tool="submit_option", arguments=option)]
    said: dict[str, Any] = {"value": q.value, "unit": q.unit, "citations": [q.fact]}
    return [_worked(q, name), Call(tool="submit_number", arguments=said)]


def _worked(q: Question, name: str) -> Call:
    if q.fact.startswith("computed:"):
        return Call(tool="compute_instrument", arguments={"name": name, "inputs": q.inputs})
    own = measurements()[name].ucum
    return Call(
        tool="convert_unit",
        arguments={"measurement": name, "value": q.given, "from_unit": own, "to_unit": q.unit},
    )
