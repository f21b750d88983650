"""Obstetrics: standing orders, procedures, teams, birth, and the plan that ends the case."""

from typing import Annotated, Literal

from msgspec import Meta

from ...bus.events import Answer, Effect
from ...knowledge.domains.obstetrics import STANDING
from ...knowledge.haemorrhage import blood_loss
from ...knowledge.obstetrics import week
from ...knowledge.physiology import MINUTE
from ...knowledge.rng import stream
from ...knowledge.world import minutes
from ..errors import insufficient
from ..tool import Context, Outcome, tool
from .obstetrics import HERE
from .shared import Text, icd

Standing = Literal[
    "betamethasone",
    "oxytocin",
    "tranexamic_acid",
    "carboprost",
    "methylergonovine",
    "misoprostol",
    "rho_d_immune_globulin",
]
Procedure = Literal[
    "uterine_massage",
    "balloon_tamponade",
    "manual_removal",
    "repair_tear",
    "lift_presenting_part",
    "intrauterine_resuscitation",
    "diet_and_meter",
]
_AFTER_BIRTH = ("uterine_massage", "balloon_tamponade", "manual_removal", "repair_tear")
Team = Literal["obstetric", "anaesthesia", "neonatal", "massive_transfusion", "surgery"]
Delivery = Literal["now", "within_24h", "expectant", "not_applicable"]
Place = Literal["discharge_home", "observation", "ward", "icu", "operating_room"]


@tool(effect="give", minutes=1, domains=HERE)
def give_standing_order(ctx: Context, order: Standing) -> Outcome:
    """Give a drug of the labour ward's standing orders in its fixed dose.

    Fields:
        order: Which drug.

    """
    dose, unit, route = STANDING[order]
    due = ctx.done + MINUTE
    before = sum(g.drug == order for g in ctx.world.given)
    effect = Effect(
        kind="given",
        item=f"drug:{order}",
        due=due,
        dose=float(dose),
        unit=unit,
        route=route,
        text="once",
    )
    return Outcome(
        content={"given": f"{order} {dose:g} {unit} {route}", "dose_number": before + 1},
        effect=effect,
    )


@tool(effect="order", minutes=3, domains=HERE)
def perform_obstetric_procedure(ctx: Context, procedure: Procedure) -> Outcome:
    """Do something with the hands, or teach diet and glucose metering.

    Fields:
        procedure: What to do; those of the womb and the tract only after birth.

    """
    weeks = week(ctx.world.patient)
    if procedure in _AFTER_BIRTH and weeks is not None:
        raise insufficient("birth")
    if procedure not in _AFTER_BIRTH and weeks is None:
        raise insufficient("pregnancy")
    content: dict[str, object] = {"done": procedure, "at_minute": minutes(ctx.done)}
    if weeks is None:
        content["blood_loss_ml"] = round(blood_loss(ctx.world, ctx.done))
    return Outcome(content=content, effect=Effect(kind="noted", item=f"act:{procedure}"))


@tool(effect="order", minutes=1, domains=HERE)
def prepare_calcium_gluconate(ctx: Context) -> Outcome:
    """Lay 1 g of calcium gluconate beside her, the antidote of magnesium (ACOG PB 222, 2020)."""
    grams = sum(g.dose for g in ctx.world.given if g.drug == "magnesium_sulfate")
    return Outcome(
        content={"ready": "calcium gluconate 1 g iv over 3 min", "magnesium_given_g": grams},
        effect=Effect(kind="noted", item="ready:calcium_gluconate"),
    )


@tool(effect="order", minutes=1, domains=HERE)
def call_team(ctx: Context, team: Team) -> Outcome:
    """Call a team to her bed.

    Fields:
        team: Which team.

    """
    p = ctx.world.patient
    wait = stream(p.variant, p.seed, "team", team).integer(3, 10)
    return Outcome(
        content={"called": team, "arrives_at_minute": minutes(ctx.done) + wait},
        effect=Effect(kind="consulted", item=f"team:{team}"),
    )


@tool(effect="order", minutes=1, domains=HERE)
def deliver(
    ctx: Context,
    mode: Literal["vaginal", "assisted", "induction", "cesarean"],
    when: Literal["now", "within_24h"],
) -> Outcome:
    """Start the birth now, or plan it for the next 24 hours.

    Fields:
        mode: How.
        when: now or within_24h.

    """
    if week(ctx.world.patient) is None:
        raise insufficient("pregnancy")
    item = "procedure:delivery" if when == "now" else "plan:delivery"
    return Outcome(
        content={"mode": mode, "when": when, "at_minute": minutes(ctx.done)},
        reveals=(f"mode:{mode}",),
        effect=Effect(kind="noted", item=item, text=mode),
    )


@tool(effect="submit", minutes=1, domains=HERE)
def submit_plan(
    ctx: Context,
    diagnosis: Annotated[str, Meta(min_length=1, max_length=200)],
    icd10_code: str,
    delivery: Delivery,
    disposition: Place,
    reasoning: Text = "",
) -> Outcome:
    """End the case with diagnosis, time of birth and place of care.

    Fields:
        diagnosis: Name of the diagnosis.
        icd10_code: Its ICD-10-CM code.
        delivery: now, within_24h, expectant (go on with the pregnancy or labour), not_applicable.
        disposition: Where she goes.
        reasoning: Why.

    """
    del ctx
    code = icd(icd10_code)
    answer = Answer(
        icd10_code=code,
        diagnosis=diagnosis,
        disposition=disposition,
        reasoning=reasoning,
        fields={"delivery": delivery},
    )
    return Outcome(
        content={"submitted": True, "icd10_code": code, "delivery": delivery},
        effect=Effect(kind="submitted", item=f"disposition:{disposition}", text=code),
        answer=answer,
    )
