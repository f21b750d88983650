"""What a guideline asks for, as a free text with the concepts that a right answer asserts."""

from collections.abc import Iterator
from functools import lru_cache

from .claims import lexicon, polarity
from .drugs import Drug, formulary
from .free_text import Concept, Gold
from .guidelines import guidelines

_NAMED = frozenset({"lab", "imaging", "consult", "team", "procedure"})


def wording(do: tuple[str, ...], avoid: tuple[str, ...]) -> str:
    """Recommendations in sentences."""
    told = [f"The patient should have this: {item}." for item in do]
    told += [f"It is right to avoid {item}." for item in avoid]
    return " ".join(told).replace("_", " ")


def _spoken(d: Drug) -> tuple[str, ...]:
    return (d.id.replace("_", " "), *d.names, *d.brands)


def _names(item: str) -> Iterator[str]:
    """What an item of a guideline's act is called in a text."""
    kind, _, name = item.partition(":")
    if kind in _NAMED or kind == "class":
        yield name.replace("_", " ") + (" team" if kind == "team" else "")
    if kind in {"drug", "class"}:
        for d in formulary().drugs.values():
            if d.matches(item):
                yield from _spoken(d)


@lru_cache(maxsize=256)
def management(guideline: str) -> Gold:
    """The reference text of a guideline, and its unconditional acts as far as the text names them.

    Raises KeyError for an unknown guideline.
    """
    of = guidelines()[guideline]
    reference = wording(of.do, of.avoid)
    wanted = [a.match for a in of.actions if a.kind == "must" and not a.when]
    acts = {
        "|".join(match): tuple(dict.fromkeys(n for item in match for n in _names(item)))
        for match in wanted
    }
    concepts = tuple(Concept(id=id_, names=names) for id_, names in acts.items() if names)
    said, given_away = (polarity(text, lexicon(concepts)) for text in (reference, of.title))
    must = tuple(c for c in concepts if said.get(c.id) and c.id not in given_away)
    return Gold(reference=reference, must=must)
