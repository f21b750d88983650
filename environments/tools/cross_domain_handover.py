"""Pathways: hand over, move, speak with the family, answer."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ...bus.events import Answer, Effect, canonical
from ...knowledge.handoff import (
    Assessment,
    Background,
    Handoff,
    Recommendation,
    Situation,
    gaps,
)
from ...knowledge.measurements import measurements
from ...knowledge.pathways import pathways
from ...knowledge.rng import stream
from ...knowledge.world import World, minutes
from ..errors import insufficient, invalid
from ..tool import Context, Outcome, tool
from .cross_domain import HERE, need, noted
from .shared import Text, icd

Specialty = Literal[
    "cardiology",
    "cardiothoracic_surgery",
    "critical_care",
    "general_surgery",
    "internal_medicine",
    "neurology",
    "neurosurgery",
    "paediatric_cardiology",
    "paediatrics",
    "pulmonology",
]
Unit = Literal["observation", "ward", "icu", "operating_room"]
Topic = Literal["diagnosis", "treatment", "risks", "prognosis", "prevention"]
Phases = tuple[Literal["recognise", "stabilise", "diagnose", "treat", "hand_over"], ...]
Place = Literal["discharge_home", "observation", "ward", "icu", "operating_room"]


def _wanted(world: World, told: Handoff) -> tuple[str, ...]:
    """The values that the active pathway puts into a hand-off to that specialty."""
    called = [n.item.removeprefix("pathway:") for n in world.notes if n.item[:8] == "pathway:"]
    if not called:
        return ()
    ways = pathways()[called[-1]].conditions.values()
    own = [w.values for w in ways if w.specialty == told.to_specialty]
    shared = set(own[0]).intersection(*own) if own else set()
    return tuple(sorted(shared))


@tool(effect="write", minutes=3, domains=HERE)
def handoff_sbar(
    ctx: Context,
    to_specialty: Specialty,
    situation: Situation,
    background: Background,
    assessment: Assessment,
    recommendation: Recommendation,
) -> Outcome:
    """Hand the patient over by situation, background, assessment, recommendation.

    The receiving team compares it with the chart and asks for what is missing.

    Fields:
        to_specialty: Who takes over.
        situation: icd10_code of the working diagnosis and acuity.
        background: allergies as charted (substances), given: ids of drugs given in this visit.
        assessment: Key values as measured: name such as lactate_mmol_l, number, UCUM unit.
        recommendation: What is to be done next.

    """
    world = ctx.world
    need(world, "allergies", "vitals")
    code = icd(situation.icd10_code)
    unknown = [r.name for r in assessment if r.name not in measurements()]
    if unknown:
        raise invalid("assessment", "names of measured values, such as sbp_mmhg", unknown[0])
    told = Handoff(
        to_specialty=to_specialty,
        situation=msgspec.structs.replace(situation, icd10_code=code),
        background=background,
        assessment=assessment,
        recommendation=recommendation,
    )
    asked = gaps(told, world, _wanted(world, told))
    body = canonical(told)
    return Outcome(
        content={"to": to_specialty, "told": msgspec.json.decode(body), "asks_for": asked},
        reveals=(f"handed_to:{to_specialty}",),
        effect=Effect(
            kind="noted", item=f"handoff:{'partial' if asked else 'whole'}", text=body.decode()
        ),
    )


@tool(effect="order", minutes=2, domains=HERE)
def transfer_care(ctx: Context, to_specialty: Specialty) -> Outcome:
    """Give the responsibility to another service, after a hand-off to it.

    Fields:
        to_specialty: Who is responsible from now on.

    """
    need(ctx.world, f"handed_to:{to_specialty}")
    return Outcome(
        content={"responsible": to_specialty, "from_minute": minutes(ctx.done)},
        effect=Effect(kind="noted", item=f"transfer:{to_specialty}"),
    )


@tool(effect="order", minutes=1, domains=HERE)
def request_bed(ctx: Context, unit: Unit) -> Outcome:
    """Ask for a bed on a unit for this patient.

    Fields:
        unit: Where.

    """
    p = ctx.world.patient
    wait = stream(p.variant, p.seed, "bed", unit).integer(10, 90)
    return Outcome(
        content={"unit": unit, "free_at_minute": minutes(ctx.done) + wait},
        effect=Effect(kind="noted", item=f"bed:{unit}"),
    )


@tool(effect="write", minutes=5, domains=HERE)
def family_communication(
    ctx: Context,
    topics: Annotated[tuple[Topic, ...], Meta(min_length=1, max_length=5)],
    to: Literal["patient", "family"] = "family",
) -> Outcome:
    """Speak with the patient or the family about what is found and done.

    Fields:
        topics: What is spoken of.
        to: With whom.

    """
    world = ctx.world
    if "diagnosis" in topics and not world.recorded:
        raise insufficient("diagnosis")
    named = list(dict.fromkeys(topics))
    times = sum(n.item.startswith("family:") for n in world.notes) + 1
    return Outcome(
        content={"told": named, "to": to, "talks": times},
        effect=Effect(kind="noted", item=f"family:{named[0]}", text=",".join(named)),
    )


@tool(effect="submit", minutes=1, domains=HERE)
def submit_pathway(
    ctx: Context,
    diagnosis: Annotated[str, Meta(min_length=1, max_length=200)],
    icd10_code: str,
    disposition: Place,
    completed_phases: Phases,
    outcome_summary: Text = "",
) -> Outcome:
    """End the case: diagnosis, place of care, and which phases are complete.

    Fields:
        diagnosis: Name of the diagnosis.
        icd10_code: Its ICD-10-CM code.
        disposition: Where the patient goes.
        completed_phases: Phases of the pathway in which everything meant for this patient is done.
        outcome_summary: Course in your words.

    """
    code = icd(icd10_code)
    done = list(dict.fromkeys(completed_phases))
    answer = Answer(
        icd10_code=code,
        diagnosis=diagnosis,
        disposition=disposition,
        reasoning=outcome_summary,
        fields={"completed_phases": done},
    )
    handed = any(noted(ctx.world, f"handoff:{kind}") for kind in ("whole", "partial"))
    return Outcome(
        content={"submitted": True, "icd10_code": code, "phases": len(done), "handed_over": handed},
        effect=Effect(kind="submitted", item=f"disposition:{disposition}", text=code),
        answer=answer,
    )
