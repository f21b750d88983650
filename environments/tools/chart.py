"""Read and write the patient's chart."""

from typing import Annotated, Literal

from msgspec import Meta

from ...bus.events import Effect
from ...knowledge.rng import stream
from ...knowledge.variants import comorbidities, findings
from ...knowledge.world import minutes
from ..tool import Context, Outcome, tool
from .shared import Text, icd

NoteType = Literal["progress", "assessment", "plan", "handoff", "discharge"]


@tool(effect="read", minutes=1)
def get_patient_info(ctx: Context) -> Outcome:
    """Demographics, body size and reason for the visit."""
    p = ctx.world.patient
    return Outcome(
        content={
            "patient_id": p.id,
            "age_years": p.age_years,
            "sex": p.sex,
            "ethnicity": p.ethnicity,
            "ses": p.ses,
            "weight_kg": p.weight_kg,
            "height_cm": p.height_cm,
            "complaint": p.complaint,
        },
        reveals=("demographics",),
    )


@tool(effect="read", minutes=1)
def get_patient_history(ctx: Context) -> Outcome:
    """Past illness and the history taken at triage."""
    p = ctx.world.patient
    told = {k: f for k, f in findings().items() if f.layer == "history" and k in p.findings}
    return Outcome(
        content={
            "past": [comorbidities()[c].name for c in p.comorbidities],
            "present": [f.text for k, f in told.items() if p.findings[k]],
            "absent": [f.text for k, f in told.items() if not p.findings[k]],
        },
        reveals=("history", *(f"finding:{k}" for k in told)),
    )


@tool(effect="read", minutes=1)
def get_allergies(ctx: Context) -> Outcome:
    """Charted allergies with reaction and severity."""
    listed = [
        {"substance": a.substance, "reaction": a.reaction, "severity": a.severity}
        for a in ctx.world.patient.allergies
    ]
    return Outcome(content={"allergies": listed}, reveals=("allergies",))


@tool(effect="read", minutes=1)
def get_medications(ctx: Context) -> Outcome:
    """Home medicines, and what was given in this visit."""
    world = ctx.world
    given = [f"{g.drug} {g.dose:g} {g.unit} {g.route} at {minutes(g.at)} min" for g in world.given]
    content: dict[str, object] = {"home": [m.text for m in world.patient.medications]}
    if given:
        content["given"] = given
    return Outcome(content=content, reveals=("medications",))


@tool(effect="read", minutes=1)
def get_clinical_notes(ctx: Context, note_type: Literal["", "triage"] | NoteType = "") -> Outcome:
    """Notes of this visit: triage, and those you wrote.

    Fields:
        note_type: Only notes of this type; empty for all.

    """
    world = ctx.world
    notes = [{"type": "triage", "text": world.patient.complaint, "minute": 0}]
    notes += [
        {"type": n.item.removeprefix("note:"), "text": n.text, "minute": minutes(n.at)}
        for n in world.notes
    ]
    shown = [n for n in notes if note_type in {"", n["type"]}]
    return Outcome(content={"notes": shown}, reveals=("notes",))


@tool(effect="write", minutes=2)
def add_clinical_note(
    ctx: Context, note_type: NoteType, content: Annotated[str, Meta(min_length=1, max_length=4000)]
) -> Outcome:
    """Write a note into the chart.

    Fields:
        note_type: Kind of note.
        content: Text of the note.

    """
    count = len(ctx.world.notes) + 1
    return Outcome(
        content={"written": note_type, "notes": count},
        effect=Effect(kind="noted", item=f"note:{note_type}", text=content),
    )


@tool(effect="write", minutes=1)
def record_diagnosis(
    ctx: Context,
    diagnosis: Annotated[str, Meta(min_length=1, max_length=200)],
    icd10_code: str,
    confidence: Annotated[float, Meta(ge=0, le=1)]
    | Literal["low", "moderate", "high"] = "moderate",
    reasoning: Text = "",
) -> Outcome:
    """Record the working diagnosis in the problem list.

    Fields:
        diagnosis: Name of the diagnosis.
        icd10_code: ICD-10-CM code.
        confidence: 0 to 1, or low, moderate, high.
        reasoning: Why.

    """
    code = icd(icd10_code)
    del reasoning
    return Outcome(
        content={
            "recorded": code,
            "problems": len(ctx.world.recorded) + 1,
            "confidence": confidence,
        },
        effect=Effect(kind="recorded", item=f"diagnosis:{code}", text=diagnosis),
    )


Specialty = Literal[
    "cardiology",
    "cardiothoracic_surgery",
    "vascular_surgery",
    "pulmonology",
    "critical_care",
    "endocrinology",
    "gastroenterology",
    "psychiatry",
    "nephrology",
    "infectious_disease",
    "urology",
    "general_surgery",
    "hematology",
    "neurology",
    "neurosurgery",
    "toxicology",
    "orthopedics",
    "child_protection",
]


@tool(effect="write", minutes=3)
def transfer_to_specialist(ctx: Context, specialty: Specialty, summary: Text = "") -> Outcome:
    """Call a specialist to the patient.

    Fields:
        specialty: Which service.
        summary: What they should know.

    """
    p = ctx.world.patient
    way = stream(p.variant, p.seed, "consult", specialty)
    return Outcome(
        content={
            "called": specialty,
            "arrives_in_min": way.integer(10, 30),
        },
        effect=Effect(kind="consulted", item=f"consult:{specialty}", text=summary),
    )
