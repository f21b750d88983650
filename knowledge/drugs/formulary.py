"""The formulary: every ingredient with its classes closed over the class graph."""

from collections.abc import Iterable
from functools import cache

import msgspec

from ..errors import BadData
from ..files import load, merged, names
from .model import Drug, Formulary, Interaction

_PAIRS = "drugs/pairs"


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
    drugs = merged("drugs/ingredients", Drug)
    graph = merged("drugs/classes", tuple[str, ...])
    closed = {
        id_: msgspec.structs.replace(d, id=id_, classes=_wider(d.classes, graph))
        for id_, d in drugs.items()
    }
    named = {*closed, *(label for d in closed.values() for label in (*d.classes, *d.roles))}
    return Formulary(drugs=closed, classes=graph, interactions=tuple(_pairs(named)))


def _pairs(named: set[str]) -> Iterable[Interaction]:
    """The rules of every file; a rule on something that no drug is would never be heard."""
    for file in names(_PAIRS):
        for rule in load(f"{_PAIRS}/{file}.yaml", tuple[Interaction, ...]):
            unknown = sorted({rule.a, rule.b, *rule.except_for, *rule.washout_days} - named)
            if unknown:
                raise BadData(f"data/{_PAIRS}/{file}.yaml: no drug is {unknown[0]}")
            yield rule


@cache
def drug(id_: str) -> Drug:
    """The drug of that id. Raises KeyError."""
    return formulary().drugs[id_]


@cache
def of_class(name: str) -> list[Drug]:
    """All drugs of a class, by id."""
    return [d for _, d in sorted(formulary().drugs.items()) if name in d.classes]


def labels(one: Drug) -> frozenset[str]:
    """Everything a rule may call this drug: its id, classes and roles."""
    return frozenset((one.id, *one.classes, *one.roles))
