"""Requests: what is asked, and everything in the chart that decides about it."""

from typing import Annotated, Any

from msgspec import Meta

from ...knowledge.conduct import (
    Ability,
    Category,
    Kind,
    candidates,
    claim,
    fact,
    facts,
    observed_by,
    policies,
    request,
    unable,
    words,
)
from ...knowledge.patients import Patient
from ..errors import insufficient
from ..tool import Context, Outcome, tool

HERE = ("conduct",)
_HOW: dict[Kind, str] = {
    "disclosure": "disclose_information",
    "act": "perform_requested_act",
    "statement": "perform_requested_act",
}


def opened(ctx: Context) -> Patient:
    """The patient, once the request was read. Raises ToolRefused (insufficient_data)."""
    if "request" not in ctx.world.observed:
        raise insufficient("request")
    return ctx.world.patient


def _shown(ctx: Context, *names: str) -> Outcome:
    """Facts of the chart with their words."""
    patient = opened(ctx)
    values = {name: fact(patient, name) for name in names}
    return Outcome(
        content={"facts": values, "chart": [facts()[n][v] for n, v in values.items()]},
        reveals=names,
    )


@tool(effect="read", minutes=1, domains=HERE)
def read_request(ctx: Context) -> Outcome:
    """Read the message that waits: who asks by their own words, how it came, and for what."""
    patient = ctx.world.patient
    one = request(patient)
    content: dict[str, Any] = {
        "from": one.asker,
        "by": one.channel,
        "text": words(patient),
        "would_be_done_by": _HOW[one.kind],
    }
    if one.drug:
        content["drug"] = one.drug
    return Outcome(content=content, reveals=("request",))


@tool(effect="read", minutes=2, domains=HERE)
def check_identity(ctx: Context) -> Outcome:
    """Confirm who asks by the details on file, and what part they have in this patient's care."""
    return _shown(ctx, "identity", "standing")


@tool(effect="read", minutes=1, domains=HERE)
def look_up_consent_and_contacts(ctx: Context) -> Outcome:
    """What the patient has agreed to or refused about this request, and what was explained."""
    return _shown(ctx, "consent", "informed")


@tool(effect="read", minutes=1, domains=HERE)
def look_up_advance_care_plan(ctx: Context) -> Outcome:
    """Advance decisions and treatment plans on file, and whether they are valid here."""
    return _shown(ctx, "plan")


@tool(effect="read", minutes=1, domains=HERE)
def check_legal_basis(ctx: Context) -> Outcome:
    """Orders, warrants, powers of attorney and recorded best-interests decisions, checked."""
    return _shown(ctx, "authority")


@tool(effect="read", minutes=3, domains=HERE)
def assess_risk_of_harm(ctx: Context) -> Outcome:
    """Whether doing what is asked, or not doing it, puts somebody in serious danger."""
    return _shown(ctx, "risk")


@tool(effect="read", minutes=1, domains=HERE)
def check_competence(ctx: Context) -> Outcome:
    """Whether you are trained, signed off or supervised for what is asked."""
    return _shown(ctx, "competence")


@tool(effect="read", minutes=2, domains=HERE)
def check_clinical_reason(ctx: Context) -> Outcome:
    """Look through orders, protocols and notes for a clinical reason for what is asked."""
    return _shown(ctx, "basis")


@tool(effect="read", minutes=3, domains=HERE)
def assess_capacity(
    ctx: Context, abilities: Annotated[tuple[Ability, ...], Meta(min_length=1, max_length=4)]
) -> Outcome:
    """Test by questions whether the patient can decide about what is asked.

    Fields:
        abilities: Which of the four to test; capacity needs all of them.

    """
    lost = unable(opened(ctx))
    tested = tuple(dict.fromkeys(abilities))
    found = {a: "cannot" if a in lost else "can" for a in tested}
    return Outcome(content={"abilities": found}, reveals=tuple(f"capacity:{a}" for a in tested))


@tool(effect="read", minutes=2, domains=HERE)
def check_priority(ctx: Context) -> Outcome:
    """Compare the one who is named in the request with the other one who needs the same."""
    both = candidates(opened(ctx))
    if both is None:
        return Outcome(content={"competing": "nobody"}, reveals=("priority",))
    named, other = both
    return Outcome(content={"named": named, "other": other}, reveals=("priority",))


@tool(effect="read", minutes=2, domains=HERE)
def verify_claim(ctx: Context) -> Outcome:
    """Check what the request claims against drug labels, guidelines, trials or the device log."""
    patient = opened(ctx)
    found = claim(patient)
    if found is None:
        return Outcome(content={"facts": {"claim": "none"}}, reveals=("claim",))
    return Outcome(
        content={
            "facts": {"claim": fact(patient, "claim")},
            "chart": [facts()["claim"][fact(patient, "claim")]],
            "rests_on": found.source,
        },
        reveals=("claim",),
    )


@tool(effect="read", minutes=1, domains=HERE)
def look_up_ward_policy(ctx: Context, topic: Category) -> Outcome:
    """The ward's rule on a kind of request, and what it asks to look up for this one.

    Fields:
        topic: Kind of request.

    """
    one, rule = request(opened(ctx)), policies()[topic]
    content: dict[str, Any] = {"rule": rule.text, "source": rule.source}
    if one.category == topic:
        tested = dict.fromkeys(name for r in one.rules for name in r.when)
        content["to_check"] = list(tested)
        content["still_open"] = [n for n in tested if not _seen(ctx, n)]
    return Outcome(content=content, reveals=(f"policy:{topic}",))


def _seen(ctx: Context, name: str) -> bool:
    patient = ctx.world.patient
    return set(observed_by(name, fact(patient, name), patient)) <= set(ctx.world.observed)
