"""The world of one episode: the patient, the clock, and everything that was done.

Pure: `evolve` folds observations, `truth` tells what is so at a simulated time. Environments
serve the world, scorers judge with it.
"""

from typing import assert_never

import msgspec

from ..bus.events import ObservationReturned
from .conditions import Predicate, condition
from .patients import Patient
from .physiology import MINUTE, Given, levels, severity
from .variants import family

Truth = float | bool | str | None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A test that was asked for. Times in simulated microseconds."""

    item: str
    """`lab:<test>` or `imaging:<study>` or `procedure:<name>`."""
    id: str
    placed: int
    due: int


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Something written into the chart."""

    item: str
    text: str
    at: int


class World(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is so, after some of the episode's observations."""

    patient: Patient
    now: int = 0
    orders: tuple[Order, ...] = ()
    given: tuple[Given, ...] = ()
    recorded: tuple[Note, ...] = ()
    """Recorded diagnoses: item `diagnosis:<ICD-10>`, text the name."""
    consults: tuple[Note, ...] = ()
    notes: tuple[Note, ...] = ()
    observed: tuple[str, ...] = ()
    """Fact ids the agent has been shown, in order of first appearance."""
    calls: int = 0

    def resulted(self) -> list[Order]:
        """Orders whose result is there."""
        return [o for o in self.orders if o.due <= self.now]

    def pending(self) -> list[Order]:
        """Orders still on their way, the next due first."""
        return sorted((o for o in self.orders if o.due > self.now), key=lambda o: (o.due, o.id))


def open_world(patient: Patient) -> World:
    """The world at arrival, with the triage panel resulted."""
    tests = family(condition(patient.condition).family).arrival
    orders = tuple(
        Order(item=f"lab:{t}", id=f"A{i}", placed=0, due=0) for i, t in enumerate(tests, start=1)
    )
    return World(patient=patient, orders=orders)


def evolve(world: World, observation: ObservationReturned, at: int) -> World:
    """The world after one observation that was returned at `at`."""
    replace = msgspec.structs.replace
    new = tuple(f for f in dict.fromkeys(observation.reveals) if f not in world.observed)
    after = replace(world, now=at, calls=world.calls + 1, observed=(*world.observed, *new))
    effect = observation.effect
    if effect is None or not observation.ok:
        return after
    note = Note(item=effect.item, text=effect.text, at=at)
    match effect.kind:
        case "ordered":
            order = Order(item=effect.item, id=effect.order, placed=at, due=effect.due)
            return replace(after, orders=(*world.orders, order))
        case "given":
            dose = Given(
                drug=effect.item.removeprefix("drug:"),
                dose=effect.dose,
                unit=effect.unit,
                route=effect.route,
                at=effect.due,
            )
            return replace(after, given=(*world.given, dose))
        case "recorded":
            return replace(after, recorded=(*world.recorded, note))
        case "consulted":
            return replace(after, consults=(*world.consults, note))
        case "noted":
            return replace(after, notes=(*world.notes, note))
        case "submitted" | "waited":
            return after
        case _:
            assert_never(effect.kind)


def truth(world: World, fact: str, at: int) -> Truth:
    """The true value of a fact at a simulated time (microseconds); None where there is none.

    `lab:potassium_mmol_l`, `vital:sbp_mmhg`, `flag:<comorbidity>`, `flag:pregnant`,
    `finding:<id>`, `demo:age_years`, `extra:pregnant_week`, `imaging:<study>`, `ecg`, `severity`,
    `condition`, `onset_h` (hours from the first symptom to arrival).
    """
    patient = world.patient
    kind, _, name = fact.partition(":")
    match kind:
        case "lab" | "vital":
            return levels(patient, world.given, at).get(name)
        case "flag":
            return name in patient.comorbidities or bool(patient.extra.get(name))
        case "finding":
            return patient.findings.get(name)
        case "allergy":
            return any(a.true and a.substance == name for a in patient.allergies)
        case "imaging":
            return patient.imaging.get(name, "normal")
        case "demo":
            demo: dict[str, Truth] = {
                "age_years": float(patient.age_years),
                "sex": patient.sex,
                "weight_kg": patient.weight_kg,
            }
            return demo.get(name)
        case "extra":
            value: Truth = patient.extra.get(name)
            return value
        case "medication":
            return any(m.drug == name for m in patient.medications)
        case _:
            single: dict[str, Truth] = {
                "severity": severity(patient, world.given, at),
                "condition": patient.condition,
                "ecg": patient.ecg,
                "onset_h": patient.onset_h,
            }
            return single.get(fact)


def holds(predicate: Predicate, world: World, at: int) -> bool:
    """Whether a predicate is true at a simulated time. An unknown fact satisfies nothing."""
    value = truth(world, predicate.fact, at)
    want = predicate.value
    if predicate.op == "is":
        return value == want
    if isinstance(value, bool | str | None) or isinstance(want, bool | str):
        return False
    match predicate.op:
        case "<":
            return value < want
        case "<=":
            return value <= want
        case ">":
            return value > want
        case ">=":
            return value >= want


def minutes(at: int) -> int:
    """Whole simulated minutes."""
    return at // MINUTE
