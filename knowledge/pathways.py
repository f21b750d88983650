"""Pathways: care of one patient through several services, with one clock, as data.

A file of `data/pathways/` has ordered phases. Each phase belongs to a service, rests on a premise
(facts that must have been observed before its acts count) and has acts with deadlines in simulated
minutes from arrival. What is done, due and overdue is folded from the world alone.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Literal

import msgspec

from .conditions import Forbidden, Judgement, Predicate, Required, condition
from .drugs import drug
from .errors import UnknownPathway
from .files import load, names
from .physiology import MINUTE
from .world import Truth, World

Known = Callable[[str], Truth]
"""Fact -> its value, None where it is not known."""
PhaseName = Literal["recognise", "stabilise", "diagnose", "treat", "hand_over"]
State = Literal["done", "pending", "overdue", "closed"]
"""Of an act: `closed` as long as its phase's premise has not been observed."""


class Act(Required, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An act of a phase. `premise` is filled in from the phase."""

    words: str = ""
    """For whom it is meant, where not for everybody: `if potassium is 3.5 mmol/L or more`."""
    options: tuple[str, ...] = ()
    """How a treatment is given, the best first: `drug dose unit route`, then the largest dose of a
    weight-based one."""
    gap_min: float = 0
    """Minutes that must lie between the acts of `after` and this one."""
    ready: tuple[Predicate, ...] = ()
    """What must be so at the moment of the act: a pressure to be lowered first."""


class Phase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stretch of a pathway."""

    id: PhaseName
    owner: str
    """The service that is responsible."""
    premise: tuple[tuple[str, ...], ...] = ()
    """Alternatives: all facts of one must have been observed."""
    acts: tuple[Act, ...]


class Handover(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a patient of one condition goes, and what the next team has to be told."""

    specialty: str
    bed: str
    acuity: tuple[str, ...] = ("immediate", "emergent")
    values: tuple[str, ...]
    """Measured values that belong into the assessment."""
    next: tuple[str, ...]
    """What is to be done next."""
    topics: tuple[str, ...]
    """What the family is told."""


class Pathway(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of `data/pathways/`."""

    id: str
    title: str
    source: str
    conditions: dict[str, Handover]
    """Conditions for which the pathway is right, whether it confirms or excludes its own."""
    bundle: tuple[str, ...]
    """Ids of the acts that are audited together."""
    phases: tuple[Phase, ...]
    forbidden: tuple[Forbidden, ...] = ()

    def acts(self) -> list[tuple[Phase, Act]]:
        """Every act with its phase, in order."""
        return [(phase, act) for phase in self.phases for act in phase.acts]


class ActState(msgspec.Struct, frozen=True, kw_only=True):
    """An act and what became of it."""

    act: Act
    state: State


class PhaseState(msgspec.Struct, frozen=True, kw_only=True):
    """A phase and what became of its acts."""

    phase: Phase
    open: bool
    acts: tuple[ActState, ...]

    @property
    def complete(self) -> bool:
        """Every act that is meant for everybody is done; the others depend on the patient."""
        return all(a.state == "done" for a in self.acts if not a.act.when)


@cache
def pathways() -> dict[str, Pathway]:
    """All pathways by id. Raises BadData."""
    return {name: load(f"pathways/{name}.yaml", Pathway) for name in names("pathways")}


def pathway(id_: str) -> Pathway:
    """The pathway of that id. Raises UnknownPathway."""
    found = pathways().get(id_)
    if found is None:
        raise UnknownPathway(id_, pathways())
    return found


@cache
def pathway_of(condition_id: str) -> Pathway:
    """The pathway that is right for a condition. Raises UnknownPathway."""
    found = next((p for p in pathways().values() if condition_id in p.conditions), None)
    if found is None:
        raise UnknownPathway(condition_id, pathways())
    return found


def seen(alternatives: Sequence[Sequence[str]], facts: Sequence[str] | frozenset[str]) -> bool:
    """Whether all facts of one alternative are among the observed; no alternative: always."""
    return not alternatives or any(all(f in facts for f in one) for one in alternatives)


def matches(pattern: str, items: Sequence[str]) -> bool:
    """Whether a pattern (`lab:lactate`, `class:insulin`, `team:*`) names one of the items."""
    if pattern.endswith("*"):
        return any(item.startswith(pattern[:-1]) for item in items)
    if pattern.startswith("class:"):
        given = (i.removeprefix("drug:") for i in items if i.startswith("drug:"))
        return any(drug(g).matches(pattern) for g in given)
    return pattern in items


def met(act: Required, items: Sequence[str]) -> bool:
    """Whether one of the act's patterns names one of the items."""
    return any(matches(p, items) for p in act.any_of)


def items_of(world: World) -> tuple[str, ...]:
    """Everything that was observed, ordered, given, written or called in a world."""
    return (
        *world.observed,
        *(o.item for o in world.orders if not o.id.startswith("A")),
        *(f"drug:{g.drug}" for g in world.given),
        *(n.item for n in (*world.recorded, *world.consults, *world.notes)),
    )


def phases(of: Pathway, world: World) -> list[PhaseState]:
    """What became of each phase, from what was observed and done; no hidden fact is read."""
    items, minute = items_of(world), world.now / MINUTE
    found: list[PhaseState] = []
    for phase in of.phases:
        ready = seen(phase.premise, world.observed)
        states = tuple(
            ActState(
                act=act,
                state=_state(
                    act, items, minute, seen(act.premise or phase.premise, world.observed)
                ),
            )
            for act in phase.acts
        )
        found.append(PhaseState(phase=phase, open=ready, acts=states))
    return found


def _state(act: Act, items: Sequence[str], minute: float, ready: bool) -> State:
    if met(act, items):
        return "done"
    if act.deadline_min is not None and minute > act.deadline_min:
        return "overdue"
    return "pending" if ready else "closed"


def satisfied(predicate: Predicate, known: Known) -> bool | None:
    """Whether a predicate holds by what is known; None where its fact is not known."""
    value, want = known(predicate.fact), predicate.value
    if value is None:
        return None
    if predicate.op == "is":
        return value == want
    if isinstance(value, bool | str) or isinstance(want, bool | str):
        return False
    return {
        "<": value < want,
        "<=": value <= want,
        ">": value > want,
        ">=": value >= want,
    }[predicate.op]


def meant(act: Act, known: Known) -> bool:
    """Whether an act is meant for this patient, by what is known."""
    return all(satisfied(p, known) is True for p in act.when)


_PLACED = 0.7
"""A bed is right where its place of care has at least this credit."""


def _asked(act: Act, phase: Phase, to: Handover, places: Mapping[str, float]) -> Act:
    """An act as it is judged: with its premise, and to the right service and bed."""
    beds = tuple(f"bed:{b}" for b, credit in places.items() if credit >= _PLACED)
    right = {"transfer:*": (f"transfer:{to.specialty}",), "bed:*": beds}
    return msgspec.structs.replace(
        act,
        premise=act.premise or phase.premise,
        any_of=right.get(act.any_of[0], act.any_of),
    )


@lru_cache(maxsize=256)
def judgement(condition_id: str) -> Judgement:
    """What a pathway demands and forbids of a patient with a condition.

    Acts of a phase carry its premise. Raises UnknownPathway or UnknownCondition.
    """
    of, own = pathway_of(condition_id), condition(condition_id).judgement
    to = of.conditions[condition_id]
    required = tuple(_asked(act, phase, to, own.dispositions) for phase, act in of.acts())
    forbidden = (*own.forbidden, *of.forbidden)
    return msgspec.structs.replace(own, required=required, forbidden=forbidden)
