"""The pharmacist checks one drug against one part of the chart, acts, and answers."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from ...bus.events import Answer, Effect
from ...knowledge.drugs import Allergy, cross_reactivity, drug
from ...knowledge.drugs.advice import (
    hepatic_advice,
    lactation_advice,
    pregnancy_advice,
    prolongs_qt,
    qt_advice,
    renal_advice,
)
from ...knowledge.drugs.doses import check_dose as dose_check
from ...knowledge.drugs.doses import deadly_route, times_per_day
from ...knowledge.drugs.model import Hepatic, Renal
from ...knowledge.prescription_charts import known, order
from ...knowledge.prescriptions import Frequency, Trouble, Verdict
from ...knowledge.world import minutes
from ..errors import invalid
from ..tool import Context, Outcome, tool
from .prescriptions import HERE, Name, listed, named, need

Dose = Annotated[float, Meta(ge=0, le=100_000)]
Text = Annotated[str, Meta(max_length=2000)]


@tool(effect="read", minutes=1, domains=HERE)
def check_allergy_cross_reactivity(ctx: Context, drug: Name) -> Outcome:
    """What each charted allergy says about a drug: block, caution or allow, and why.

    Fields:
        drug: Ingredient or brand.

    """
    need(ctx.world, "allergies")
    d = named("drug", drug)
    verdicts: list[dict[str, str]] = []
    for label in ctx.world.patient.allergies:
        charted = Allergy(
            substance=label.substance, reaction=label.reaction, severity="unknown", true=True
        )
        said = cross_reactivity(charted, d)
        verdicts.append({"allergy": label.substance, "advice": said.advice, "reason": said.reason})
    content = {"drug": d.id, "verdicts": verdicts}
    return Outcome(content=content, reveals=(f"check:allergy:{d.id}",))


def _advice(said: Renal | Hepatic | str, unit: str) -> dict[str, Any]:
    if isinstance(said, str):
        return {"advice": said}
    content: dict[str, Any] = {"advice": said.action.replace("_", " ")}
    if said.dose:
        content["dose"] = said.dose
    if said.max_daily is not None:
        content["largest_daily"] = f"{said.max_daily:g} {unit}"
    return content


@tool(effect="read", minutes=1, domains=HERE)
def check_renal_dosing(ctx: Context, drug: Name) -> Outcome:
    """What this patient's kidneys ask of a drug.

    Fields:
        drug: Ingredient or brand.

    """
    need(ctx.world, "lab:bmp", "demographics")
    d = named("drug", drug)
    of = known(ctx.world.patient)
    said = renal_advice(d, egfr=of.egfr, crcl=of.crcl)
    content = {"drug": d.id, "crcl": of.crcl, "egfr": of.egfr, **_advice(said, d.unit)}
    return Outcome(content=content, reveals=(f"check:renal:{d.id}",))


@tool(effect="read", minutes=1, domains=HERE)
def check_hepatic_dosing(ctx: Context, drug: Name) -> Outcome:
    """What this patient's liver asks of a drug, by the Child-Pugh class of a cirrhosis.

    Fields:
        drug: Ingredient or brand.

    """
    need(ctx.world, "lab:liver_panel", "history")
    d = named("drug", drug)
    stage = known(ctx.world.patient).child_pugh
    content = {"drug": d.id, "child_pugh": stage, **_advice(hepatic_advice(d, stage), d.unit)}
    return Outcome(content=content, reveals=(f"check:hepatic:{d.id}",))


@tool(effect="read", minutes=1, domains=HERE)
def check_pregnancy_lactation(ctx: Context, drug: Name) -> Outcome:
    """What is known of a drug in this patient's week of pregnancy, or in milk.

    Fields:
        drug: Ingredient or brand.

    """
    need(ctx.world, "pregnancy")
    d = named("drug", drug)
    of = known(ctx.world.patient)
    content: dict[str, Any] = {"drug": d.id}
    if of.pregnant_week is not None:
        said = pregnancy_advice(d, of.pregnant_week)
        content["pregnancy"] = said if isinstance(said, str) else said.advice
        if not isinstance(said, str) and said.note:
            content["note"] = said.note
    elif of.lactating:
        content["lactation"] = lactation_advice(d)
    else:
        content["applies"] = False
    return Outcome(content=content, reveals=(f"check:pregnancy:{d.id}",))


@tool(effect="read", minutes=1, domains=HERE)
def check_qt_risk(ctx: Context, drug: Name) -> Outcome:
    """QT risk of a drug beside the home medicines, the QTc, potassium and magnesium.

    Fields:
        drug: Ingredient or brand.

    """
    need(ctx.world, "qtc", "lab:bmp", "medications")
    d = named("drug", drug)
    of = known(ctx.world.patient)
    others = [_of(name) for name in listed(ctx.world) if name != d.id]
    content: dict[str, Any] = {"drug": d.id, "prolongs_qt": prolongs_qt(d)}
    if content["prolongs_qt"] != "none":
        said = qt_advice(
            [d, *others],
            qtc_ms=of.qtc_ms,
            potassium_mmol_l=of.potassium_mmol_l,
            magnesium_mg_dl=of.magnesium_mg_dl if "lab:magnesium" in ctx.world.observed else None,
        )
        if said is not None:
            content |= {"action": said.action, "together": list(said.drugs), "why": said.reason}
    return Outcome(content=content, reveals=(f"check:qt:{d.id}",))


_of = drug


@tool(effect="read", minutes=1, domains=HERE)
def check_dose(
    ctx: Context,
    drug: Name,
    dose: Annotated[float, Meta(gt=0, le=100_000)],
    dose_unit: Annotated[str, Meta(max_length=12)],
    frequency: Frequency,
) -> Outcome:
    """How a dose stands to the largest single and daily one, and what it is per kg of this patient.

    Fields:
        drug: Ingredient or brand.
        dose: Size of one dose.
        dose_unit: Such as mg.
        frequency: How often.

    """
    need(ctx.world, "demographics")
    d = named("drug", drug)
    of = known(ctx.world.patient)
    amount = d.in_unit(dose, dose_unit.strip().lower(), of.weight_kg)
    if amount is None:
        raise invalid("dose_unit", "one of: " + ", ".join(d.units), dose_unit)
    said = dose_check(
        d,
        amount,
        per_day=times_per_day(frequency),
        age_years=of.age_years,
        weight_kg=of.weight_kg,
    )
    content: dict[str, Any] = {"drug": d.id, "per_kg": round(amount / of.weight_kg, 3)}
    if said is not None:
        content |= {"grade": said.grade, "times_the_limit": said.factor, "limit": said.limit}
    if why := deadly_route(d, "oral" if "oral" in d.routes else d.routes[0], frequency):
        content |= {"grade": "critical", "why": why}
    return Outcome(content=content, reveals=(f"check:dose:{d.id}",))


@tool(effect="read", minutes=1, domains=HERE)
def check_duplicate_therapy(ctx: Context, drug: Name) -> Outcome:
    """Home medicines that are the same drug, or share a class with it.

    Fields:
        drug: Ingredient or brand.

    """
    need(ctx.world, "medications")
    d = named("drug", drug)
    shared = {
        name: "same drug" if name == d.id else next(c for c in d.classes if c in _of(name).classes)
        for name in listed(ctx.world)
        if name == d.id or set(d.classes) & set(_of(name).classes)
    }
    content = {"drug": d.id, "shares": shared, "compared_with": listed(ctx.world)}
    return Outcome(content=content, reveals=(f"check:duplicate:{d.id}",))


@tool(effect="order", minutes=2, domains=HERE)
def notify_prescriber(
    ctx: Context, urgency: Literal["immediate", "today", "routine"], message: Text = ""
) -> Outcome:
    """Call the prescriber about the order under review.

    Fields:
        urgency: How soon the prescriber must know.
        message: What you tell.

    """
    need(ctx.world, "order")
    wait = {"immediate": 2, "today": 60, "routine": 1440}[urgency]
    content = {
        "told_about": order(ctx.world.patient).drug,
        "answers_by_minute": minutes(ctx.done) + wait,
    }
    effect = Effect(kind="consulted", item="notified:prescriber", text=message)
    return Outcome(content=content, effect=effect)


@tool(effect="write", minutes=1, domains=HERE)
def hold_medication(ctx: Context, drug: Name) -> Outcome:
    """Hold the proposed drug, or a home medicine, until the prescriber has answered.

    Fields:
        drug: The proposed drug or one that is taken.

    """
    need(ctx.world, "order")
    d = named("drug", drug)
    taken = listed(ctx.world) if "medications" in ctx.world.observed else []
    allowed = [order(ctx.world.patient).drug, *taken]
    if d.id not in allowed:
        raise invalid("drug", "one of: " + ", ".join(allowed), drug)
    content = {"held": d.id, "proposed": d.id == allowed[0]}
    return Outcome(content=content, effect=Effect(kind="noted", item=f"held:{d.id}"))


@tool(effect="write", minutes=1, domains=HERE)
def propose_change(
    ctx: Context, drug: Name, dose: Dose = 0.0, frequency: Frequency = ""
) -> Outcome:
    """Propose another drug, or another dose of the same one, to the prescriber.

    Fields:
        drug: What should be given.
        dose: Size of one dose in the drug's unit; 0 for the usual one.
        frequency: How often; empty for the usual one.

    """
    need(ctx.world, "order")
    d = named("drug", drug)
    mine = order(ctx.world.patient)
    if d.id == mine.drug and not dose and not frequency:
        raise invalid("dose", "another dose or frequency for the same drug", dose)
    size = f"{dose:g} {d.unit} {frequency}".strip() if dose else "usual dose"
    return Outcome(
        content={"proposed": d.id, "dose": size, "instead_of": mine.text},
        effect=Effect(kind="noted", item=f"proposed:{d.id}", dose=dose, text=frequency),
    )


@tool(effect="submit", minutes=1, domains=HERE)
def submit_review(  # noqa: PLR0913, PLR0917 - the answer has these parts
    ctx: Context,
    verdict: Verdict,
    problem: Trouble = "none",
    culprit: Annotated[str, Meta(max_length=80)] = "",
    alternative: Annotated[str, Meta(max_length=80)] = "",
    dose: Dose = 0.0,
    frequency: Frequency = "",
    severity: Literal["none", "minor", "moderate", "severe", "critical"] = "none",
    reasoning: Text = "",
) -> Outcome:
    """End the review of the prescription.

    Fields:
        verdict: May it be given as written?
        problem: The gravest reason against it; none for none.
        culprit: The other medicine of a pair, or the proposed one; empty for none.
        alternative: What should be given instead of a rejected drug; empty for nothing.
        dose: New single dose in the order's unit where the dose must change.
        frequency: New frequency where the dose must change; empty for the same.
        severity: How grave the problem is.
        reasoning: Why.

    """
    fields = {
        "verdict": verdict,
        "problem": problem,
        "culprit": named("culprit", culprit).id if culprit else "",
        "alternative": named("alternative", alternative).id if alternative else "",
        "dose": dose,
        "frequency": frequency,
        "severity": severity,
    }
    return Outcome(
        content={"submitted": True, "drug": order(ctx.world.patient).drug, "verdict": verdict},
        effect=Effect(kind="submitted", item=f"review:{verdict}", text=problem),
        answer=Answer(reasoning=reasoning, fields=fields),
    )
