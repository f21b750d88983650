"""Order tests, read and await results, prescribe."""

from typing import Annotated, Any, Literal

from msgspec import Meta
from msgspec.structs import replace

from ...bus.events import Effect
from ...knowledge import drugs, labs, studies
from ...knowledge.physiology import MINUTE, measured_labs
from ...knowledge.world import Order, World, minutes
from ..errors import duplicate, invalid
from ..tool import Context, Outcome, tool

SERIAL = 30 * MINUTE
"""Two troponins drawn at least this far apart are a series (`lab:troponin_t_serial`)."""
Dose = Annotated[float, Meta(gt=0, le=100_000)]


def _order_id(world: World) -> str:
    return f"R{sum(o.id.startswith('R') for o in world.orders) + 1}"


@tool(effect="order", minutes=1)
def order_lab_test(
    ctx: Context, test: str, priority: Literal["stat", "routine"] = "stat"
) -> Outcome:
    """Draw blood (or urine) and send it to the laboratory.

    Fields:
        test: Test id such as lactate, troponin_t, d_dimer, bmp, vbg, blood_cultures.
        priority: stat, or routine (three times as slow).

    """
    id_ = labs.resolve(test)
    if id_ is None:
        raise invalid("test", "one of: " + ", ".join(labs.catalogue().tests), test)
    known = labs.catalogue().tests[id_]
    wait = known.minutes * (1 if priority == "stat" else 3)
    return _ordered(ctx, f"lab:{id_}", wait, known.repeat_min)


@tool(effect="order", minutes=1)
def order_imaging(ctx: Context, study: str) -> Outcome:
    """Send the patient to imaging.

    Fields:
        study: Study id such as chest_xray, ct_pulmonary_angiogram, ct_angiogram_aorta.

    """
    id_ = studies.resolve(study)
    if id_ is None:
        raise invalid("study", "one of: " + ", ".join(studies.studies().studies), study)
    known = studies.studies().studies[id_]
    return _ordered(ctx, f"imaging:{id_}", known.minutes, known.repeat_min)


def _ordered(ctx: Context, item: str, wait_min: int, repeat_min: int) -> Outcome:
    for earlier in ctx.world.orders:
        again = earlier.placed + repeat_min * MINUTE
        if earlier.item == item and ctx.done < again:
            raise duplicate(earlier.id, minutes(earlier.due), minutes(again))
    due = ctx.done + wait_min * MINUTE
    id_ = _order_id(ctx.world)
    return Outcome(
        content={"ordered": item.partition(":")[2], "order": id_, "due_minute": minutes(due)},
        effect=Effect(kind="ordered", item=item, order=id_, due=due),
    )


def _facts(world: World, orders: list[Order]) -> list[str]:
    facts = [o.item for o in orders]
    facts += [f"result:{o.id}" for o in orders if o.id.startswith("R")]
    drawn = [o.placed for o in world.resulted() if o.item == "lab:troponin_t"]
    if "lab:troponin_t" in facts and max(drawn) - min(drawn) >= SERIAL:
        facts.append("lab:troponin_t_serial")
    return facts


def _unread(world: World, order: Order) -> bool:
    """An own order whose result has not been shown (the triage panel is not waited for)."""
    return order.id.startswith("R") and f"result:{order.id}" not in world.observed


def _read(world: World, order: Order) -> dict[str, str]:
    test = order.item.removeprefix("lab:")
    values = measured_labs(world.patient, world.given, test, order.placed)
    return {key: value.text() for key, value in values.items()}


def _labs(world: World, orders: list[Order], now: int) -> dict[str, Any]:
    results: dict[str, str] = {}
    earlier: dict[str, list[str]] = {}
    for order in sorted(orders, key=lambda o: (o.placed, o.id)):
        for key, text in _read(world, order).items():
            if key in results:
                earlier.setdefault(key, []).append(results[key])
            results[key] = text
    content: dict[str, Any] = {"results": results} if results else {}
    if earlier:
        content["earlier"] = earlier
    pending = {o.item.partition(":")[2]: minutes(o.due) for o in world.orders if o.due > now}
    if pending:
        content["pending"] = pending
    return content


def _at(world: World, now: int) -> World:
    return replace(world, now=now)


Category = Literal[
    "",
    "chemistry",
    "hematology",
    "cardiac",
    "coagulation",
    "inflammation",
    "toxicology",
    "urine",
    "microbiology",
]


@tool(effect="read", minutes=1)
def get_lab_results(ctx: Context, category: Category = "") -> Outcome:
    """All laboratory results so far, and what is still pending with its due minute.

    Fields:
        category: Only this kind of test; empty for all.

    """
    world = _at(ctx.world, ctx.done)
    tests = labs.catalogue().tests
    done = [o for o in world.resulted() if o.item.startswith("lab:")]
    done = [o for o in done if category in {"", tests[o.item.removeprefix("lab:")].category}]
    return Outcome(content=_labs(world, done, ctx.done), reveals=tuple(_facts(world, done)))


@tool(effect="read", minutes=1)
def get_imaging_results(ctx: Context) -> Outcome:
    """All imaging reports so far, and what is still pending."""
    world = _at(ctx.world, ctx.done)
    done = [o for o in world.resulted() if o.item.startswith("imaging:")]
    reports = {o.item.removeprefix("imaging:"): _report(world, o) for o in done}
    content: dict[str, Any] = {"imaging": reports}
    pending = {o.item[8:]: minutes(o.due) for o in world.pending() if o.item[:8] == "imaging:"}
    if pending:
        content["pending"] = pending
    return Outcome(content=content, reveals=tuple(_facts(world, done)))


def _report(world: World, order: Order) -> str:
    return studies.report(world.patient, order.item.removeprefix("imaging:"))


@tool(effect="read", minutes=1)
def wait_for_results(ctx: Context, max_minutes: Annotated[int, Meta(ge=1, le=240)] = 60) -> Outcome:
    """Wait until the next result is there, at most `max_minutes`, and read what is new.

    Fields:
        max_minutes: Longest wait, 1 to 240 minutes.

    """
    before = ctx.world
    limit = before.now + max_minutes * MINUTE
    unread = [o for o in before.resulted() if _unread(before, o)]
    due = [o.due for o in before.pending()]
    until = before.now + MINUTE if unread else min([*due[:1], limit])
    world = _at(before, until)
    was = {o.id for o in before.resulted()} - {o.id for o in unread}
    new = [o for o in world.resulted() if o.id not in was and o.id.startswith("R")]
    fresh = [o for o in new if o.item.startswith("lab:")]
    content: dict[str, Any] = {"minute": minutes(until), **_labs(world, fresh, until)}
    images = {o.item[8:]: _report(world, o) for o in new if o.item.startswith("imaging:")}
    if images:
        content["imaging"] = images
    if not new:
        content["new"] = "nothing"
    return Outcome(
        content=content,
        reveals=tuple(_facts(world, new)),
        effect=Effect(kind="waited"),
        at=until,
    )


@tool(effect="read", minutes=1)
def check_drug_interaction(ctx: Context, drug_a: str, drug_b: str) -> Outcome:
    """Ask the pharmacy whether two drugs go together, for this patient.

    Fields:
        drug_a: Ingredient or brand.
        drug_b: Ingredient or brand.

    """
    a, b = _drug("drug_a", drug_a), _drug("drug_b", drug_b)
    found = drugs.interaction(a.id, b.id)
    content: dict[str, Any] = {"a": a.id, "b": b.id}
    if isinstance(found, str):
        content["severity"] = found
    else:
        content |= {
            "severity": found.severity,
            "effect": found.effect,
            "management": found.management,
        }
    charted = ctx.world.patient.allergies
    hits = {d.id: drugs.allergic(charted, d.id) for d in (a, b)}
    alerts = [
        f"{name}: allergy label {hit.substance} ({hit.reaction})"
        for name, hit in hits.items()
        if hit
    ]
    if alerts:
        content["alerts"] = alerts
    return Outcome(content=content, reveals=(f"interaction:{a.id}+{b.id}",))


def _drug(field: str, name: str) -> drugs.Drug:
    found = drugs.resolve(name)
    if found is None:
        raise invalid(field, "a listed ingredient or brand name", name)
    return found


Route = Literal["oral", "iv", "intramuscular", "subcutaneous", "sublingual", "inhaled"]
_ADMIN_MIN = {"oral": 5, "sublingual": 2, "inhaled": 3}


@tool(effect="give", minutes=2)
def prescribe_medication(
    ctx: Context,
    drug_name: str,
    dose: Dose,
    dose_unit: str,
    route: Route,
    frequency: Annotated[str, Meta(max_length=40)] = "once",
) -> Outcome:
    """Prescribe a drug; the nurse gives the first dose at once. Fluids and oxygen are drugs too.

    Fields:
        drug_name: Ingredient or brand.
        dose: Size of one dose.
        dose_unit: mg, g, mcg, units, mmol, ml, l_min or mcg_min, or per kg such as mg/kg.
        route: How it is given.
        frequency: Such as once or twice daily.

    """
    found = _drug("drug_name", drug_name)
    unit = dose_unit.strip().lower().replace("mls", "ml").replace("l/min", "l_min")
    amount = found.in_unit(dose, unit, ctx.world.patient.weight_kg)
    if amount is None:
        raise invalid("dose_unit", "one of: " + ", ".join(found.units), dose_unit)
    if route not in found.routes:
        raise invalid("route", "one of: " + ", ".join(found.routes), route)
    due = ctx.done + _ADMIN_MIN.get(route, 3) * MINUTE
    text = f"{found.id} {amount:g} {found.unit} {route} {frequency}"
    effect = Effect(
        kind="given",
        item=f"drug:{found.id}",
        due=due,
        dose=round(amount, 4),
        unit=found.unit,
        route=route,
        text=frequency,
    )
    return Outcome(content={"given": text, "in_at_minute": minutes(due)}, effect=effect)
