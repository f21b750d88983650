"""The numbers and texts of the rules (`data/safety/rules.yaml`, `facts.yaml`)."""

from functools import cache

import msgspec

from ...knowledge.drugs import formulary
from ...knowledge.drugs.formulary import labels
from ...knowledge.errors import BadData
from ...knowledge.files import load
from .vocabulary import concepts, vocabulary


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a rule watches, in words, and its numbers."""

    id: str
    """Capitals; `CONTRAINDICATED_PAIR_*` and `DOSE_10X_*` carry names of drugs."""
    severity: str
    """The grades it may have before cancellation, consults and exceptions are weighed."""
    trigger: str
    exceptions: tuple[str, ...]
    """Documented facts that allow it; flags of the vocabulary first, then words."""
    deadline_min: float | None = None
    """For omissions: hard deadline from the recognised start, in simulated minutes."""
    source: str


class Lethal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A supply that may kill."""

    drug: str
    amount: float
    unit: str = ""
    source: str


class TestFirst(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A drug that needs a pregnancy test first."""

    drug: str
    source: str


class Protocol(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition that asks for a drug beyond its usual limits."""

    drug: str
    concept: str
    most: float | None = None
    """Largest single dose of that protocol, in the drug's unit; None where it is titrated."""
    source: str


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of `data/safety/facts.yaml`."""

    lethal: tuple[Lethal, ...]
    test_first: tuple[TestFirst, ...]
    protocols: tuple[Protocol, ...]


@cache
def facts() -> Facts:
    """The facts. Raises BadData where one names no drug or condition."""
    found = load("safety/facts.yaml", Facts)
    known = {label for d in formulary().drugs.values() for label in labels(d)}
    named = {x.drug for x in found.lethal} | {x.drug for x in found.test_first}
    named |= {x.drug for x in found.protocols}
    wrong = sorted((named - known) | ({p.concept for p in found.protocols} - set(concepts())))
    if wrong:
        raise BadData(f"data/safety/facts.yaml: unknown {wrong[0]}")
    return found


@cache
def catalogue() -> dict[str, Rule]:
    """Every rule by id, the more specific ones first. Raises BadData."""
    found = load("safety/rules.yaml", tuple[Rule, ...])
    flags = set(vocabulary().flags)
    for rule in found:
        if not rule.exceptions:
            raise BadData(f"data/safety/rules.yaml: {rule.id} has no exceptions")
        if not any(e in flags for e in rule.exceptions):
            raise BadData(f"data/safety/rules.yaml: {rule.id} names no flag")
    return {rule.id: rule for rule in found}


def flags_of(rule: str) -> tuple[str, ...]:
    """The flags that allow what a rule watches. Raises KeyError."""
    return tuple(e for e in catalogue()[rule].exceptions if e in vocabulary().flags)


def deadline(rule: str) -> float:
    """The hard deadline of an omission in minutes. Raises BadData where it has none."""
    found = catalogue()[rule].deadline_min
    if found is None:
        raise BadData(f"data/safety/rules.yaml: {rule} has no deadline_min")
    return found
