"""Pathways across services: one patient, one clock, from the door to the next team.

A reference solution walks a copy of the world: each call's reveals and effects are played as the
tools would, so that what it plans next rests on what it would have seen.
"""

from functools import lru_cache
from typing import Any

import msgspec

from .. import labs
from ..conditions import Judgement, condition
from ..drugs import drug
from ..pathway_plan import TOOLS, Chart, steps
from ..pathways import judgement as demanded
from ..patients import Patient
from ..physiology import MINUTE, Given
from ..studies import studies
from ..world import Note, Order, Truth, World, holds, open_world, truth
from . import Call, worth

LATENCY = {
    "perform_ecg": 5,
    "examine_patient": 3,
    "prescribe_medication": 2,
    "establish_last_known_well": 2,
    "assess_nihss": 4,
    "count_kawasaki_signs": 2,
    "swab_throat": 10,
    "handoff_sbar": 3,
    "transfer_care": 2,
    "family_communication": 5,
    "perform_pathway_procedure": 3,
}
"""Simulated minutes of the tools a plan uses, where it is not 1."""
SERIAL = 30 * MINUTE
SUGAR_LOW = 70
"""Glucose (mg/dL) below which a weak side may come from it (ADA Standards of Care 2024)."""
SUGAR_MIN = 10
"""Minutes after which sugar that went in has done what it can for a weak side."""
_MOST = 70
_PATIENCE = 240 * MINUTE
_ROUTES = {"oral": 5, "sublingual": 2, "inhaled": 3}
_FACT = {tool: fact for fact, tool in TOOLS.items() if fact != "score:nihss_again"}
_NOTED = {
    "activate_pathway": ("pathway", "pathway"),
    "call_pathway_team": ("team", "team"),
    "perform_pathway_procedure": ("procedure", "procedure"),
    "transfer_care": ("transfer", "to_specialty"),
    "request_bed": ("bed", "unit"),
    "record_diagnosis": ("diagnosis", "icd10_code"),
}


def ticket(patient: Patient) -> str:
    """The complaint."""
    return patient.complaint


def judgement(patient: Patient) -> Judgement:
    """What the pathway demands of this patient at arrival, and forbids."""
    return _judged(msgspec.json.encode(patient))


@lru_cache(maxsize=4096)
def _judged(body: bytes) -> Judgement:
    world = open_world(msgspec.json.decode(body, type=Patient))
    whole = demanded(world.patient.condition)
    due = tuple(r for r in whole.required if all(holds(p, world, 0) for p in r.when))
    return msgspec.structs.replace(whole, required=due)


def relevant(patient: Patient) -> tuple[str, ...]:
    """What the pathway asks for, and what tells the condition from its look-alikes."""
    others = (condition(o).judgement for o in condition(patient.condition).look_alikes)
    seen = ("imaging:chest_xray", "lab:troponin_t", "lab:coagulation", "demographics")
    pages = ("exam:*", "handoff:*", "phases:seen", "score:qsofa")
    more = Judgement(decisive=((*seen, *pages),), dispositions={}, required=())
    return worth((demanded(patient.condition), more, *others))


def _resulted(world: World) -> tuple[str, ...]:
    found = [o.item for o in world.resulted()]
    drawn = [o.placed for o in world.resulted() if o.item == "lab:troponin_t"]
    if drawn and max(drawn) - min(drawn) >= SERIAL:
        found.append("lab:troponin_t_serial")
    return tuple(found)


def _unread(world: World, order: Order) -> bool:
    return order.id.startswith("R") and f"result:{order.id}" not in world.observed


def _ordered(world: World, call: Call, done: int) -> World:
    if call.tool == "order_lab_test":
        name = str(call.arguments["test"])
        item, wait = f"lab:{name}", labs.catalogue().tests[name].minutes
    else:
        name = str(call.arguments["study"])
        item, wait = f"imaging:{name}", studies().studies[name].minutes
    id_ = f"R{sum(o.id.startswith('R') for o in world.orders) + 1}"
    new = Order(item=item, id=id_, placed=done, due=done + wait * MINUTE)
    return msgspec.structs.replace(world, orders=(*world.orders, new))


def _waited(world: World, call: Call) -> World:
    if any(_unread(world, o) for o in world.resulted()):
        until = world.now + MINUTE
    else:
        limit = world.now + int(call.arguments["max_minutes"]) * MINUTE
        until = min([*(o.due for o in world.pending()[:1]), limit])
    later = msgspec.structs.replace(world, now=until)
    fresh = [o for o in later.resulted() if _unread(later, o)]
    shown = [o.item for o in fresh] + [f"result:{o.id}" for o in fresh]
    if "lab:troponin_t" in shown:
        shown += [i for i in _resulted(later) if i == "lab:troponin_t_serial"]
    return _seen(later, *shown)


def _seen(world: World, *facts: str) -> World:
    new = (f for f in dict.fromkeys(facts) if f not in world.observed)
    return msgspec.structs.replace(world, observed=(*world.observed, *new))


def _given(world: World, call: Call, done: int) -> World:
    a = call.arguments
    chosen = drug(str(a["drug_name"]))
    dose = chosen.in_unit(float(a["dose"]), str(a["dose_unit"]), world.patient.weight_kg)
    went_in = done + _ROUTES.get(str(a["route"]), 3) * MINUTE
    one = Given(drug=chosen.id, dose=dose or 0.0, unit="", route="", at=went_in)
    return msgspec.structs.replace(world, given=(*world.given, one))


def _noted(world: World, item: str, at: int) -> World:
    note = Note(item=item, text="", at=at)
    return msgspec.structs.replace(world, notes=(*world.notes, note))


def _sugar_long_in(world: World, done: int) -> bool:
    sugar = [g.at for g in world.given if g.drug.startswith("dextrose")]
    return any(done - at >= SUGAR_MIN * MINUTE for at in sugar)


def after(world: World, call: Call) -> World:
    """The world after a planned call, as the tools would leave it."""
    if call.tool == "wait_for_results":
        return _waited(world, call)
    done = world.now + LATENCY.get(call.tool, 1) * MINUTE
    later = msgspec.structs.replace(world, now=done)
    match call.tool:
        case "order_lab_test" | "order_imaging":
            return _ordered(later, call, done)
        case "prescribe_medication":
            return _given(later, call, done)
        case "get_lab_results":
            items = [i for i in _resulted(later) if i.startswith("lab:")]
            results = [f"result:{o.id}" for o in later.resulted() if o.item in items]
            return _seen(later, *items, *results)
        case "examine_patient":
            return _seen(later, f"exam:{call.arguments['system']}")
        case "handoff_sbar":
            return _noted(later, "handoff:whole", done)
        case "family_communication":
            return _noted(later, f"family:{call.arguments['topics'][0]}", done)
        case "assess_nihss" if _sugar_long_in(world, done):
            return _seen(later, "score:nihss", "score:nihss_again")
        case tool if tool in _NOTED:
            kind, argument = _NOTED[tool]
            return _noted(later, f"{kind}:{call.arguments[argument]}", done)
        case tool:
            return _seen(later, _FACT[tool])


def _knowing(world: World, at: int) -> Any:
    def known(fact: str) -> Truth:
        kind, _, name = fact.partition(":")
        if kind == "value":
            return truth(world, f"vital:{name}", at)
        if kind == "extra" and name == "device_min" and "team:cath_lab" not in _items(world):
            return None
        return truth(world, fact, at)

    return known


def _items(world: World) -> dict[str, int]:
    items = {o.item: o.placed // MINUTE for o in world.orders if o.id.startswith("R")}
    items |= {f"drug:{g.drug}": g.at // MINUTE for g in world.given}
    return items | {n.item: n.at // MINUTE for n in world.notes}


def chart(world: World) -> Chart:
    """What a plan that knows the truth has seen and done in a world."""
    p = world.patient
    soon = [o for o in world.orders if o.id.startswith("R") and o.due < world.now + _PATIENCE]
    return Chart(
        name=p.condition,
        minute=world.now // MINUTE,
        facts=frozenset(world.observed),
        done=_items(world),
        awaited=tuple(o.item for o in soon if _unread(world, o)),
        charted=p.allergies,
        home=tuple(m.drug for m in p.medications),
        weight_kg=p.weight_kg if "demographics" in world.observed else None,
        vitals_at=world.now // MINUTE,
        known=_knowing(world, 0),
        now=_knowing(world, world.now),
    )


def reference(patient: Patient) -> list[Call]:
    """The calls that take this patient through the pathway, ending with submit_pathway."""
    world, calls = open_world(patient), list[Call]()
    while len(calls) < _MOST:
        call = steps(chart(world))[0]
        calls.append(call)
        if call.tool == "submit_pathway":
            break
        world = after(world, call)
    return calls
