"""Guidelines as data: one YAML file each, pinned by version."""

import re
from functools import cache

import msgspec

from .files import load, names


class Guideline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guideline in short, checkable sentences of our own."""

    id: str
    title: str
    version: str
    source: str
    conditions: tuple[str, ...]
    words: tuple[str, ...]
    """Words by which it is found."""
    do: tuple[str, ...]
    avoid: tuple[str, ...] = ()


@cache
def guidelines() -> dict[str, Guideline]:
    """All guidelines, by id."""
    return {n: load(f"guidelines/{n}.yaml", Guideline) for n in names("guidelines")}


@cache
def _words() -> dict[str, frozenset[str]]:
    out: dict[str, frozenset[str]] = {}
    for id_, g in guidelines().items():
        text = f"{id_} {' '.join(g.words)} {' '.join(g.conditions)}".lower().replace("_", " ")
        out[id_] = frozenset(re.findall(r"[a-z0-9]+", text))
    return out


def find(query: str) -> list[Guideline]:
    """Guidelines that share words with the query, best first; rare words count more."""
    asked = dict.fromkeys(re.findall(r"[a-z0-9]+", query.lower()))
    weight = {w: sum(w in own for own in _words().values()) for w in asked}
    ranked: list[tuple[float, str]] = []
    for id_, own in _words().items():
        score = sum(1 / weight[w] for w in asked if w in own)
        if score:
            ranked.append((-score, id_))
    return [guidelines()[id_] for _, id_ in sorted(ranked)]


def versions() -> dict[str, str]:
    """Guideline id -> version, as an episode request pins them."""
    return {id_: g.version for id_, g in guidelines().items()}
