"""The judgement of a free text: similarity counts only for what is asserted, and asserted well.

`score = gates x must x (0.5 + 0.5 similarity)`. `must` is the share of required concepts that are
asserted. The gates close for what similarity rewards and a reader would not: denied concepts, a
soup of keywords, naming everything there is, the wrong order.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise

import msgspec

from ...knowledge.claims import Mention, Names, cues, lexicon, mentions, polarity, words
from ...knowledge.conditions import condition, conditions
from ...knowledge.drugs import formulary
from ...knowledge.free_text import Concept, Gold
from .measures import Similarity, rouge_l

_SENTENCE_SHARE = 0.15
"""Words of grammar and doing in running clinical text: at least this share."""
_SEVERAL = 2
_STRAY = 1
"""Names beside the reference's that cost nothing."""
_DISORDER = 0.5


class TextJudgement(msgspec.Struct, frozen=True, kw_only=True):
    """A judged text. All parts lie in [0, 1]; `score` is their product as the module says."""

    score: float
    must: float
    """Share of the required concepts that are asserted."""
    similarity: float
    polarity: float
    """Share of the named concepts whose polarity is right; 0 with a forbidden one asserted."""
    prose: float
    """1 for running text, towards 0 for a list of keywords or endless repetition."""
    precision: float
    """Falls with every known drug or condition that is asserted and not in the reference."""
    order: float


@cache
def _known() -> Names:
    """Every drug and condition by name: what a shotgun answer is made of."""
    drugs = (
        Concept(id=f"drug:{d.id}", names=(d.id.replace("_", " "), *d.names, *d.brands))
        for d in formulary().drugs.values()
    )
    ills = (Concept(id=f"condition:{c}", names=(condition(c).name,)) for c in conditions())
    return lexicon((*drugs, *ills))


@lru_cache(maxsize=1024)
def _allowed(gold: Gold) -> frozenset[str]:
    texts = [gold.reference, *(name for c in gold.must for name in c.names)]
    return frozenset(m.concept for text in texts for m in mentions(text, _known()))


def _prose(said: Sequence[str]) -> float:
    if len(said) < _SEVERAL:
        return 1.0
    grammar = sum(w in cues().grammar or w in cues().doing for w in said) / len(said)
    variety = min(1.0, 2.5 * len(set(said)) / len(said)) if len(said) > 20 else 1.0
    return min(1.0, grammar / _SENTENCE_SHARE) * variety


def _polarity(said: dict[str, bool], gold: Gold) -> float:
    named = [said[c.id] for c in gold.must if c.id in said]
    if any(said.get(c.id, False) for c in gold.must_not):
        return 0.0
    return sum(named) / len(named) if named else 1.0


def _precision(answer: str, gold: Gold, asserted: int) -> float:
    strays = {id_ for id_, yes in polarity(answer, _known()).items() if yes} - _allowed(gold)
    extra = max(0, len(strays) - _STRAY)
    return asserted / (asserted + extra) if asserted else 1.0


def _order(found: Sequence[Mention], wanted: Sequence[str]) -> float:
    first: dict[str, int] = {}
    for m in found:
        if m.asserted:
            first.setdefault(m.concept, m.place)
    places = [first[id_] for id_ in wanted if id_ in first]
    pairs = list(pairwise(places))
    if not pairs:
        return 1.0
    right = sum(a < b for a, b in pairs) / len(pairs)
    return _DISORDER + (1 - _DISORDER) * right


def judge(answer: str, gold: Gold, similarity: Similarity = rouge_l) -> TextJudgement:
    """Judge an answer against its reference.

    `similarity(reference, answer)` is `rouge_l`, fast enough for training, `semantic_f1`, or a
    mean of them. Raises ValueError for a gold without a required concept.
    """
    if not gold.must:
        raise ValueError("a free-text reference needs at least one required concept")
    said = polarity(answer, lexicon((*gold.must, *gold.must_not)))
    asserted = sum(said.get(c.id, False) for c in gold.must)
    must = asserted / len(gold.must)
    likeness = max(0.0, min(1.0, similarity(gold.reference, answer))) if must else 0.0
    parts = {
        "polarity": _polarity(said, gold),
        "prose": _prose([w for w in words(answer) if w != ","]),
        "precision": _precision(answer, gold, asserted),
        "order": _order(mentions(answer, lexicon(gold.must)), gold.order),
    }
    gates = 1.0
    for part in parts.values():
        gates *= part
    return TextJudgement(
        score=round(gates * must * (0.5 + 0.5 * likeness), 6),
        must=round(must, 6),
        similarity=round(likeness, 6),
        **{name: round(part, 6) for name, part in parts.items()},
    )
