"""Tools of every domain: think, talk to the patient, answer."""

import re
from typing import Annotated, Literal

from msgspec import Meta

from ...bus.events import Answer, Effect, PatientAnswered
from ...knowledge.patient_agent import answer as answered
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


@tool(effect="write", minutes=0, domains=("*",))
def state_confidence(ctx: Context, probability: Annotated[float, Meta(ge=0, le=1)]) -> Outcome:
    """Say how sure you are that the answer you are about to give is right.

    Fields:
        probability: 0 for surely wrong, 1 for surely right. What you say last counts.

    """
    del ctx
    return Outcome(
        content={"noted": True, "probability": probability},
        effect=Effect(kind="noted", item=f"confidence:{probability:.2f}"),
    )


@tool(effect="read", minutes=2, domains=("*",))
def ask_patient(
    ctx: Context, question: Annotated[str, Meta(min_length=2, max_length=500)]
) -> Outcome:
    """Ask the patient about symptoms, habits, medicines or the past.

    Fields:
        question: One question in plain words, about at most three things.

    """
    told = answered(ctx.world.patient, ctx.world.observed, question)
    return Outcome(
        content={"answer": told.text},
        reveals=told.said,
        said=PatientAnswered(question=question, answer=told.text, topics=list(told.topics)),
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
