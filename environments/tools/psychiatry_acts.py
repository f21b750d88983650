"""Psychiatry: safety, means, plans, supplies, holds, and the assessment that ends the case."""

from typing import Annotated, Literal

from msgspec import Meta

from ...bus.events import Answer, Effect
from ...knowledge.drugs import resolve
from ..errors import insufficient, invalid
from ..tool import Context, Outcome, tool
from .psychiatry import HERE, hiding
from .shared import Text, icd

Risk = Literal["low", "moderate", "high"]
Place = Literal["discharge_home", "observation", "ward", "icu"]


def _noted(item: str, **content: object) -> Outcome:
    return Outcome(content={"done": item, **content}, effect=Effect(kind="noted", item=item))


@tool(effect="order", minutes=1, domains=HERE)
def start_one_to_one_observation(ctx: Context) -> Outcome:
    """Somebody stays within arm's reach (Joint Commission NPSG 15.01.01, 2019)."""
    return _noted("procedure:one_to_one_observation", patient=ctx.world.patient.id)


@tool(effect="order", minutes=2, domains=HERE)
def remove_means(ctx: Context) -> Outcome:
    """Take belts, blades, cords and pills out of reach."""
    kept = len(ctx.world.patient.medications)
    return _noted("procedure:means_removed", home_medicines_taken=kept)


@tool(effect="write", minutes=5, domains=HERE)
def lethal_means_counselling(
    ctx: Context, means: Literal["medicines", "firearms", "other"]
) -> Outcome:
    """Agree how means of suicide are kept away at home.

    Fields:
        means: What is kept away.

    """
    return _noted("note:lethal_means_counselling", means=means, guarded=hiding(ctx))


@tool(effect="write", minutes=10, domains=HERE)
def create_safety_plan(
    ctx: Context, warning_sign: Annotated[str, Meta(min_length=3, max_length=200)]
) -> Outcome:
    """Write the plan of Stanley and Brown (2012) together; needs an honest C-SSRS screen.

    Fields:
        warning_sign: The patient's own first warning sign.

    """
    if "score:c_ssrs" not in ctx.world.observed:
        raise insufficient("score:c_ssrs")
    return _noted("note:safety_plan", warning_sign=warning_sign)


@tool(effect="write", minutes=2, domains=HERE)
def arrange_follow_up(
    ctx: Context,
    days: Annotated[int, Meta(ge=1, le=60)],
    kind: Literal["visit", "cognitive_therapy"] = "visit",
) -> Outcome:
    """Book a visit, or a course of cognitive behavioural therapy.

    Fields:
        days: Days from now.
        kind: What is booked.

    """
    later = "followup:within_7_days" if days <= 7 else "followup:later"
    item = later if kind == "visit" else "plan:cognitive_therapy"
    return _noted(item, days=days, home_medicines=len(ctx.world.patient.medications))


@tool(effect="order", minutes=2, domains=HERE)
def supply_medication(
    ctx: Context,
    drug_name: Annotated[str, Meta(min_length=2, max_length=80)],
    dose_mg: Annotated[float, Meta(gt=0, le=5000)],
    times_daily: Annotated[int, Meta(ge=1, le=4)],
    days: Annotated[int, Meta(ge=1, le=90)],
) -> Outcome:
    """Hand out tablets to take home.

    Fields:
        drug_name: Ingredient or brand.
        dose_mg: One dose in mg.
        times_daily: Doses a day.
        days: Days of supply.

    """
    found = resolve(drug_name)
    if found is None or "oral" not in found.routes:
        raise invalid("drug_name", "a listed drug that is taken by mouth", drug_name)
    amount = found.in_unit(dose_mg, "mg", ctx.world.patient.weight_kg)
    if amount is None:
        raise invalid("drug_name", "a drug dosed by weight of substance", drug_name)
    effect = Effect(
        kind="noted",
        item=f"supply:{found.id}",
        dose=round(amount * times_daily * days, 4),
        unit=found.unit,
        route="oral",
        text=f"{times_daily} times daily for {days} days",
    )
    total = f"{amount * times_daily * days:g} {found.unit}"
    return Outcome(content={"supplied": found.id, "total": total}, effect=effect)


@tool(effect="order", minutes=5, domains=HERE)
def request_involuntary_hold(
    ctx: Context, ground: Literal["danger_to_self", "danger_to_others", "gravely_disabled"]
) -> Outcome:
    """Ask for a hold against the patient's will; needs the mental state to be seen.

    Fields:
        ground: The legal ground.

    """
    if "mental_status" not in ctx.world.observed:
        raise insufficient("mental_status")
    return _noted("act:involuntary_hold", ground=ground, guarded=hiding(ctx))


@tool(effect="submit", minutes=1, domains=HERE)
def submit_assessment(
    ctx: Context,
    icd10_code: str,
    risk: Risk,
    disposition: Place,
    diagnosis: Text = "",
    reasoning: Text = "",
) -> Outcome:
    """End the episode: disorder, danger of suicide, place.

    Fields:
        icd10_code: ICD-10-CM code of the disorder.
        risk: Danger of suicide.
        disposition: Where the patient goes.
        diagnosis: Name of the disorder.
        reasoning: Why.

    """
    del ctx
    code = icd(icd10_code)
    return Outcome(
        content={"submitted": True, "icd10_code": code, "risk": risk, "disposition": disposition},
        effect=Effect(kind="submitted", item=f"disposition:{disposition}", text=code),
        answer=Answer(
            icd10_code=code,
            diagnosis=diagnosis,
            disposition=disposition,
            reasoning=reasoning,
            fields={"risk": risk},
        ),
    )
