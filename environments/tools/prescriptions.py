"""The pharmacist reads: the order, the chart beside it, and what is known of drugs."""

from typing import Annotated, Any

from msgspec import Meta

from ...knowledge.drugs import Drug, drug, interactions, resolve, washout_days
from ...knowledge.instruments.core import calc
from ...knowledge.prescription_charts import (
    fertile,
    indication,
    known,
    order,
    qtc_ms,
    unlisted_known,
)
from ...knowledge.prescriptions import usual_line
from ...knowledge.world import World
from ..errors import insufficient, invalid
from ..tool import Context, Outcome, tool

HERE = ("drug_interaction",)
Name = Annotated[str, Meta(min_length=2, max_length=80)]


def need(world: World, *facts: str) -> None:
    """Refuse a call that lacks facts of the chart. Raises ToolRefused (insufficient_data)."""
    missing = [f for f in facts if f not in world.observed]
    if missing:
        raise insufficient(*missing)


def named(field: str, name: str) -> Drug:
    """The drug of that name. Raises ToolRefused naming the field."""
    found = resolve(name)
    if found is None:
        raise invalid(field, "a listed ingredient or brand name", name)
    return found


def listed(world: World) -> list[str]:
    """Medicines that are known to be taken: the list, and what the patient told."""
    told = unlisted_known(world)
    return [*(m.drug for m in world.patient.medications), *told]


@tool(effect="read", minutes=1, domains=HERE)
def get_order(ctx: Context) -> Outcome:
    """The new prescription that waits for your review, and what it is for."""
    patient = ctx.world.patient
    mine = order(patient)
    return Outcome(
        content={
            "drug": mine.drug,
            "dose": mine.dose,
            "unit": mine.unit,
            "route": mine.route,
            "frequency": mine.frequency,
            "indication": indication(patient).name,
        },
        reveals=("order",),
    )


@tool(effect="read", minutes=1, domains=HERE)
def get_stopped_medications(ctx: Context) -> Outcome:
    """Medicines stopped in the last three months, and days since the last dose."""
    gone = known(ctx.world.patient).stopped
    shown = [{"drug": name, "days_since_last_dose": days} for name, days in gone]
    return Outcome(content={"stopped": shown}, reveals=("stopped",))


@tool(effect="read", minutes=1, domains=HERE)
def get_ecg(ctx: Context) -> Outcome:
    """The corrected QT interval of the last ECG, and the limit for the patient's sex."""
    limit = 460 if ctx.world.patient.sex == "F" else 450
    value = qtc_ms(ctx.world.patient)
    return Outcome(content={"qtc_ms": value, "upper_limit_ms": limit}, reveals=("qtc",))


@tool(effect="read", minutes=1, domains=HERE)
def get_reproductive_status(ctx: Context) -> Outcome:
    """Whether the patient is pregnant (and in which week) or breastfeeding."""
    of = known(ctx.world.patient)
    if not fertile(of):
        content: dict[str, Any] = {"pregnant": False, "applies": False}
    elif of.pregnant_week is not None:
        content = {"pregnant": True, "completed_weeks": of.pregnant_week}
    else:
        content = {"pregnant": False, "breastfeeding": of.lactating}
    return Outcome(content=content, reveals=("pregnancy",))


@tool(effect="read", minutes=1, domains=HERE)
def get_drug_info(ctx: Context, drug: Name) -> Outcome:
    """Classes, usual and largest doses, routes and monitoring of a drug, from the formulary.

    Fields:
        drug: Ingredient or brand.

    """
    d = named("drug", drug)
    taken = listed(ctx.world) if "medications" in ctx.world.observed else []
    content: dict[str, Any] = {
        "drug": d.id,
        "classes": list(d.classes[:4]),
        "usual_single": f"{d.usual[0]:g}-{d.usual[1]:g} {d.unit}",
        "largest_daily": f"{d.max_daily:g} {d.unit}",
        "routes": list(d.routes),
        "monitor": list(d.monitoring[:3]),
    }
    if "demographics" in ctx.world.observed:
        weight = ctx.world.patient.weight_kg
        low, high = (round(usual / weight, 3) for usual in d.usual)
        content["usual_per_kg_of_this_patient"] = f"{low:g}-{high:g} {d.unit}/kg"
    if d.id in taken:
        content["taken_already"] = True
    return Outcome(content=content, reveals=(f"drug_info:{d.id}",))


_ENZYMES = ("cyp", "ugt", "pgp", "oatp")


def _enzymes(d: Drug) -> list[str]:
    return [r for r in d.roles if r.startswith(_ENZYMES)]


@tool(effect="read", minutes=1, domains=HERE)
def get_cyp_profile(ctx: Context, drug: Name) -> Outcome:
    """Enzymes and transporters of a drug, and home medicines that share one of them.

    Fields:
        drug: Ingredient or brand.

    """
    need(ctx.world, "medications")
    d = named("drug", drug)
    own = {r.split("_")[0] for r in _enzymes(d)}
    shared = {
        name: hits
        for name in listed(ctx.world)
        if name != d.id
        if (hits := [r for r in _enzymes(_drug(name)) if r.split("_")[0] in own])
    }
    content = {"drug": d.id, "roles": _enzymes(d), "home_medicines": shared}
    return Outcome(content=content, reveals=(f"cyp:{d.id}",))


def _drug(id_: str) -> Drug:
    return drug(id_)


@tool(effect="read", minutes=1, domains=HERE)
def screen_medication_list(ctx: Context) -> Outcome:
    """Which home medicines interact with the proposed drug, by severity; pairs only."""
    need(ctx.world, "order", "medications")
    mine = order(ctx.world.patient).drug
    pairs: dict[str, str] = {}
    for other in listed(ctx.world):
        rules = interactions(mine, other)
        if rules and rules[0].severity != "none":
            pairs[other] = "indicated, watch" if rules[0].indicated else rules[0].severity
    content = {"drug": mine, "checked": len(listed(ctx.world)), "pairs": pairs}
    return Outcome(content=content, reveals=(f"check:pairs:{mine}",))


@tool(effect="read", minutes=1, domains=HERE)
def get_washout(ctx: Context, drug_stopped: Name, drug_planned: Name) -> Outcome:
    """Days that must pass after the last dose of one drug before another may follow.

    Fields:
        drug_stopped: The drug that was stopped.
        drug_planned: The drug that is to follow.

    """
    first = named("drug_stopped", drug_stopped)
    then = named("drug_planned", drug_planned)
    days = washout_days(first.id, then.id)
    content: dict[str, Any] = {"stopped": first.id, "planned": then.id, "days_needed": days}
    if "stopped" in ctx.world.observed:
        gone = dict(known(ctx.world.patient).stopped)
        content["stopped_list"] = list(gone)
        if first.id in gone:
            content["days_passed"] = gone[first.id]
    return Outcome(content=content, reveals=(f"check:washout:{then.id}",))


@tool(effect="read", minutes=1, domains=HERE)
def calculate_creatinine_clearance(ctx: Context) -> Outcome:
    """Cockcroft-Gault clearance (mL/min, actual weight) and CKD-EPI 2021 eGFR of this patient."""
    need(ctx.world, "lab:bmp", "demographics")
    of = known(ctx.world.patient)
    inputs = {
        "age_years": of.age_years,
        "sex": of.sex,
        "creatinine_mg_dl": of.creatinine_mg_dl,
    }
    stage = calc("ckd_epi_2021", inputs)
    return Outcome(
        content={
            "creatinine_clearance_ml_min": of.crcl,
            "egfr_ml_min_1_73": of.egfr,
            "band": stage.band,
        },
        reveals=("score:cockcroft_gault",),
    )


@tool(effect="read", minutes=1, domains=HERE)
def find_alternatives(ctx: Context) -> Outcome:
    """What else usually treats the indication, with usual doses; not yet checked here."""
    need(ctx.world, "order")
    patient = ctx.world.patient
    goal = indication(patient)
    others = [o.drug for o in goal.options if o.drug != order(patient).drug]
    return Outcome(
        content={
            "indication": goal.name,
            "usual_choices": [usual_line(goal, name).text for name in others],
            "source": goal.source,
        },
        reveals=("alternatives",),
    )
