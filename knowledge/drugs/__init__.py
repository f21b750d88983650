"""Drugs: names, doses, class graph, allergies and interactions, all by ingredient id.

A class is reached through the graph, never by a substring: penicillamine is no penicillin.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Literal

import msgspec

from ..errors import BadData
from ..files import load, merged
from .model import Advice, Allergy, Drug, Formulary, Interaction, Severity

__all__ = ["Advice", "Allergy", "Drug", "Formulary", "Interaction", "Severity"]

_RANK = {"none": 0, "moderate": 1, "major": 2, "contraindicated": 3}


def _wider(classes: Iterable[str], graph: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    todo = list(classes)
    while todo:
        name = todo.pop(0)
        if name not in found:
            found[name] = None
            todo.extend(graph.get(name, ()))
    return tuple(found)


@cache
def formulary() -> Formulary:
    """The formulary, with classes closed over the graph. Raises BadData."""
    raw = Formulary(
        drugs=merged("drugs/ingredients", Drug),
        classes=merged("drugs/classes", tuple[str, ...]),
        interactions=load("drugs/pairs.yaml", tuple[Interaction, ...]),
    )
    drugs = {
        id_: msgspec.structs.replace(d, id=id_, classes=_wider(d.classes, raw.classes))
        for id_, d in raw.drugs.items()
    }
    known = {*drugs, *(c for d in drugs.values() for c in (*d.classes, *d.roles))}
    for pair in raw.interactions:
        if pair.a not in known or pair.b not in known:
            raise BadData(f"data/drugs/pairs.yaml: pair of unknown {pair.a} or {pair.b}")
    return msgspec.structs.replace(raw, drugs=drugs)


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").replace("-", " ").replace("/", " ").split())


@cache
def _index() -> dict[str, str]:
    index: dict[str, str] = {}
    for id_, d in formulary().drugs.items():
        for name in (id_, *d.names, *d.brands):
            if index.setdefault(_plain(name), id_) != id_:
                raise BadData(f"data/drugs/ingredients: {name!r} names two drugs")
    return index


def resolve(name: str) -> Drug | None:
    """The drug of that ingredient, brand or salt name, in any case; None if not listed.

    Nothing is guessed: a misspelt name is not a drug.
    """
    id_ = _index().get(_plain(name))
    return formulary().drugs[id_] if id_ else None


def drug(id_: str) -> Drug:
    """The drug of that id. Raises KeyError."""
    return formulary().drugs[id_]


def of_class(name: str) -> list[Drug]:
    """All drugs of a class, by id."""
    return [d for _, d in sorted(formulary().drugs.items()) if name in d.classes]


def _members(substance: str) -> list[Drug]:
    """The drugs an allergy label speaks of: a class by its name, or one drug."""
    group = of_class(_plain(substance).replace(" ", "_"))
    one = resolve(substance)
    return group or ([one] if one else [])


def allergic(allergies: Sequence[Allergy], drug_id: str) -> Allergy | None:
    """The first charted allergy that speaks against this drug, or None.

    It does for the same drug, the same class, or the same beta-lactam R1 side chain
    (Khan et al., J Allergy Clin Immunol Pract 2022).
    """
    given = drug(drug_id)
    for allergy in allergies:
        members = _members(allergy.substance)
        classes = {_narrow(m) for m in members} - {""}
        chains = {m.r1 for m in members} - {""}
        same = any(m.id == given.id for m in members)
        if same or classes & set(given.classes) or given.r1 in chains:
            return allergy
    return None


_ALLERGY_CLASSES = (
    "penicillin",
    "sulfonamide_antibiotic",
    "fluoroquinolone",
    "macrolide",
    "nsaid_cox1",
    "heparin",
    "ace_inhibitor",
    "carbapenem",
    "tetracycline",
)


def _narrow(member: Drug) -> str:
    """The class within which an allergy to this drug is taken to cross-react."""
    return next((c for c in _ALLERGY_CLASSES if c in member.classes), "")


def interaction(a: str, b: str) -> Interaction | Literal["none", "unknown"]:
    """The most severe listed interaction of two drug ids.

    "none" where a source says there is none, "unknown" where the pair is not listed.
    """
    one, two = ({d.id, *d.classes, *d.roles} for d in (drug(a), drug(b)))
    hits = [
        pair
        for pair in formulary().interactions
        if (pair.a in one and pair.b in two) or (pair.a in two and pair.b in one)
    ]
    if not hits or a == b:
        return "unknown"
    worst = max(hits, key=lambda pair: _RANK[pair.severity])
    return worst if worst.severity != "none" else "none"
