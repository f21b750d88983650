"""Tools of every domain: think, talk to the patient, answer."""

import re
from functools import cache
from typing import Annotated, Literal

from msgspec import Meta

from ...bus.events import Answer, Effect, PatientAnswered
from ...knowledge.files import merged
from ...knowledge.patients import Patient
from ...knowledge.variants import comorbidities, findings
from ..errors import invalid
from ..tool import Context, Outcome, tool

Disposition = Literal["", "discharge_home", "observation", "ward", "icu", "operating_room"]
Text = Annotated[str, Meta(max_length=4000)]
ICD = re.compile(r"^[A-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?$")


def icd(code: str, field: str = "icd10_code") -> str:
    """A well-formed ICD-10-CM code with its dot. Raises ToolRefused."""
    plain = code.strip().upper()
    if not ICD.match(plain):
        raise invalid(field, "ICD-10-CM code such as J18.9", code)
    return plain if "." in plain or len(plain) == 3 else f"{plain[:3]}.{plain[3:]}"


@tool(effect="read", minutes=0, domains=("*",))
def think(ctx: Context, thought: Text) -> Outcome:
    """Reason in private; nothing in the world changes.

    Fields:
        thought: Your reasoning.

    """
    del thought
    return Outcome(content={"noted": True, "facts_observed": len(ctx.world.observed)})


@cache
def _topics() -> dict[str, tuple[str, ...]]:
    return merged("topics", tuple[str, ...])


def _matched(question: str) -> list[str]:
    words = set(re.findall(r"[a-z]+", question.lower()))
    return [topic for topic, keys in _topics().items() if words.intersection((topic, *keys))]


def _background(patient: Patient, topic: str) -> str:
    if topic == "smoking":
        return "Yes, I smoke." if "smoker" in patient.comorbidities else "I do not smoke."
    if topic == "allergies":
        names = ", ".join(f"{a.substance} ({a.reaction})" for a in patient.allergies)
        return f"I was told I am allergic to {names}." if names else "I have no allergies."
    names = ", ".join(comorbidities()[c].name for c in patient.comorbidities)
    return f"I have had {names}." if names else "I have always been healthy."


@tool(effect="read", minutes=2, domains=("*",))
def ask_patient(
    ctx: Context, question: Annotated[str, Meta(min_length=2, max_length=500)]
) -> Outcome:
    """Ask the patient about symptoms, habits, medicines or the past.

    Fields:
        question: One question in plain words.

    """
    patient = ctx.world.patient
    said: list[str] = []
    reveals: list[str] = []
    topics = _matched(question)
    for topic in topics:
        if topic in {"smoking", "allergies", "past"}:
            said.append(_background(patient, topic))
            reveals += ["allergies"] if topic == "allergies" else []
        for id_, f in findings().items():
            if f.topic == topic:
                said.append(f.told if patient.findings.get(id_) else f.denied)
                reveals.append(f"finding:{id_}")
        reveals.append(f"asked:{topic}")
    answer = " ".join(said) or "I do not know what you mean; could you ask in another way?"
    return Outcome(
        content={"answer": answer},
        reveals=tuple(reveals),
        said=PatientAnswered(question=question, answer=answer, topics=topics),
    )


@tool(effect="submit", minutes=1, domains=("*",))
def submit_answer(
    ctx: Context,
    answer: Text = "",
    diagnosis: Text = "",
    icd10_code: str = "",
    disposition: Disposition = "",
    reasoning: Text = "",
    citations: tuple[str, ...] = (),
) -> Outcome:
    """End the episode with your final answer. Without a code, the last recorded diagnosis counts.

    Fields:
        answer: Free-text answer.
        diagnosis: Name of the diagnosis.
        icd10_code: ICD-10-CM code of the diagnosis.
        disposition: Where the patient goes.
        reasoning: Why.
        citations: Ids of observed facts the answer rests on.

    """
    last = ctx.world.recorded[-1] if ctx.world.recorded else None
    code = icd(icd10_code) if icd10_code else last.item.removeprefix("diagnosis:") if last else ""
    name = diagnosis or (last.text if last and not icd10_code else "")
    final = Answer(
        icd10_code=code,
        diagnosis=name,
        disposition=disposition,
        answer=answer,
        reasoning=reasoning,
        citations=list(citations),
    )
    item = f"disposition:{disposition}" if disposition else ""
    return Outcome(
        content={"submitted": True, "icd10_code": code, "disposition": disposition},
        effect=Effect(kind="submitted", item=item, text=code),
        answer=final,
    )
