"""How urgent a visit is: ESI v5-style decision points over what is true at the door.

Rules are data (`data/triage/<family>.yaml` and `any.yaml`). The Emergency Severity Index is a
trademark of the Emergency Nurses Association; this is its published logic in our own words, by
what the nurse can find out, not by the hidden diagnosis (ESI handbook, 5th ed., ENA 2023).
"""

from collections.abc import Callable, Collection, Sequence
from functools import cache

import msgspec

from .conditions import Predicate, Required
from .files import load, names

Holds = Callable[[Predicate], bool]
DANGER = (
    Predicate(fact="vital:hr_bpm", op=">", value=100),
    Predicate(fact="vital:rr_pm", op=">", value=20),
    Predicate(fact="vital:spo2_pct", op="<", value=92),
)
"""Decision point D for adults: strictly beyond these."""
MANY = 2
RAISED = 2
"""The level that danger signs make of a third."""


class Clause(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reason for a level: all its predicates hold."""

    id: str
    when: tuple[Predicate, ...]
    source: str


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What makes a complaint urgent, what it will need, and what must be done at once."""

    lifesaving: tuple[Clause, ...]
    high_risk: tuple[Clause, ...]
    resources: dict[str, tuple[tuple[Predicate, ...], ...]] = {}
    """Kind of resource -> alternatives of which one must hold; none: always needed."""
    required: tuple[Required, ...] = ()
    danger: tuple[Clause, ...] = ()
    """Decision point D where it is not the adult's: each ends in the vital sign it is about."""
    common: str = "any"
    """The file of the rules that hold for every complaint of such patients."""


class Acuity(msgspec.Struct, frozen=True, kw_only=True):
    """A level and what it rests on."""

    level: int
    because: tuple[Clause, ...]
    """Clauses that hold at the decisive point (A or B); empty below."""
    resources: tuple[str, ...]
    danger: tuple[str, ...]
    """Vital signs in the danger zone."""


@cache
def rules(family: str) -> Rules:
    """The rules of a family of complaints, those of every complaint included."""
    own = load(f"triage/{family}.yaml", Rules)
    common = load(f"triage/{own.common}.yaml", Rules)
    return Rules(
        lifesaving=(*common.lifesaving, *own.lifesaving),
        high_risk=(*common.high_risk, *own.high_risk),
        resources=own.resources,
        required=own.required,
        danger=common.danger,
    )


def families() -> list[str]:
    """Families of complaints that have rules."""
    return [n for n in names("triage") if n.partition("_")[0] != "any"]


def _met(clauses: Sequence[Clause], holds: Holds) -> tuple[Clause, ...]:
    return tuple(c for c in clauses if all(holds(p) for p in c.when))


def danger(family: str, holds: Holds) -> tuple[str, ...]:
    """The vital signs in the danger zone (decision point D) of such patients."""
    own = rules(family).danger
    if not own:
        return tuple(p.fact for p in DANGER if holds(p))
    return tuple(c.when[-1].fact for c in _met(own, holds))


def acuity(family: str, holds: Holds) -> Acuity:
    """The level of a patient of whom `holds` tells what is true (or known)."""
    own = rules(family)
    beyond = danger(family, holds)
    needed = tuple(
        kind
        for kind, options in own.resources.items()
        if not options or any(all(holds(p) for p in option) for option in options)
    )
    for level, clauses in ((1, own.lifesaving), (2, own.high_risk)):
        if met := _met(clauses, holds):
            return Acuity(level=level, because=met, resources=needed, danger=beyond)
    level = 5 - min(len(needed), MANY)
    if level == RAISED + 1 and beyond:
        level = RAISED
    return Acuity(level=level, because=(), resources=needed, danger=beyond)


def grounds(found: Acuity) -> tuple[str, ...]:
    """What a level rests on: the facts of its reasons, or danger signs and kinds of resources."""
    if found.because:
        return tuple(dict.fromkeys(p.fact for c in found.because for p in c.when))
    needed = tuple(f"resource:{kind}" for kind in found.resources) or ("resource:none",)
    return (*needed, *(found.danger if found.level == RAISED else ()))


def is_seen(ground: str, observed: Collection[str]) -> bool:
    """Whether an agent that observed these facts can know a ground; the ticket tells the age."""
    kind = ground.partition(":")[0]
    return kind in {"resource", "demo"} or observed_by(ground) in observed


def observed_by(fact: str) -> str:
    """The observation that makes a fact of these rules known."""
    kind, _, name = fact.partition(":")
    match kind:
        case "vital":
            return "vitals"
        case "demo":
            return "look"
        case "flag":
            return "history"
        case "lab":
            return f"lab:{name.split('_')[0]}_poc"
        case _:
            return fact
