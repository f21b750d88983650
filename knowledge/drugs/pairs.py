"""What two drugs do to each other: rules on ingredients, classes and roles."""

from functools import cache, lru_cache
from typing import Literal

from .formulary import drug, formulary, labels
from .model import Interaction

_RANK = {"none": 0, "moderate": 1, "major": 2, "contraindicated": 3}

Found = Interaction | Literal["none", "unknown"]


@cache
def _by_side() -> dict[str, tuple[tuple[Interaction, str], ...]]:
    """Rules by each of their sides, with the other one."""
    found: dict[str, list[tuple[Interaction, str]]] = {}
    for rule in formulary().interactions:
        for side, other in {(rule.a, rule.b): 0, (rule.b, rule.a): 0}:
            found.setdefault(side, []).append((rule, other))
    return {side: tuple(rules) for side, rules in found.items()}


@lru_cache(maxsize=65536)
def _ordered(a: str, b: str) -> tuple[Interaction, ...]:
    one, two = drug(a), labels(drug(b))
    hits: list[Interaction] = []
    for side in (one.id, *one.classes, *one.roles):
        for rule, other in _by_side().get(side, ()):
            named = other in two and not {a, b} & set(rule.except_for)
            if named and rule not in hits:
                hits.append(rule)
    ids = {a, b}
    return tuple(sorted(hits, key=lambda r: (not {r.a, r.b} <= ids, -_RANK[r.severity], r.a, r.b)))


def interactions(a: str, b: str) -> tuple[Interaction, ...]:
    """Every rule on two drug ids, the one that decides first. Raises KeyError.

    A rule that names both ingredients decides over rules on their classes and roles (it is the
    exception, or the better known case); among equals the most severe one does. A drug with itself
    is no pair.
    """
    if a == b:
        drug(a)
        return ()
    return _ordered(*sorted((a, b)))


def interaction(a: str, b: str) -> Found:
    """The rule that decides on two drug ids; see `interactions`. Raises KeyError.

    "none" where a source says there is no relevant interaction, "unknown" where the pair is not
    listed: what is unknown may still be dangerous.
    """
    hits = interactions(a, b)
    if not hits:
        return "unknown"
    return hits[0] if hits[0].severity != "none" else "none"


def washout_days(first: str, then: str) -> float:
    """Days after the last dose of `first` until `then` may be given; 0 where no rule asks for any.

    Fluoxetine before a MAO inhibitor 35 days, another SSRI 14 (FDA labels Prozac, Nardil). Raises
    KeyError.
    """
    given = drug(first)
    for side in (given.id, *given.classes, *given.roles):
        days = [r.washout_days[side] for r in interactions(first, then) if side in r.washout_days]
        if days:
            return max(days)
    return 0.0
