"""Whether other words say the same: a patient's answer may be worded anew, never changed."""

from collections.abc import Iterable
from functools import cache

from ..claims import cues, lexicon, polarity, words
from ..free_text import Concept
from .words import disorders, phrases, topical

LONGEST = 600
"""Characters of an answer; who says more says something else."""


@cache
def _idle() -> frozenset[str]:
    """Words that carry nothing, as they stand and as `words` cuts them."""
    known, common = cues(), phrases()
    idle = known.grammar | known.negations | known.auxiliaries | common.sentence | common.manner
    return frozenset(w for word in idle for w in (word, *words(word))) | {","}


def _content(text: str) -> set[str]:
    """The words that carry what a text says."""
    return {w for w in words(text) if w not in _idle()}


def _denied(text: str, content: Iterable[str]) -> dict[str, bool]:
    names = lexicon(tuple(Concept(id=w, names=(w,)) for w in sorted(content)))
    return polarity(text, names)


def unfaithful(plain: str, said: str) -> str:
    """Why `said` is no wording of `plain`, "" where it is one.

    It keeps every word that carries meaning, asserted or denied as before, and adds no number, no
    disorder and no word of a topic that one could have asked about. Strict on purpose: a good
    wording that is refused costs nothing, since then the plain words are said.
    """
    if not said.strip() or len(said) > LONGEST:
        return f"empty, or longer than {LONGEST} characters"
    if not said.isprintable():
        return "characters that cannot be printed"
    meant, told = _content(plain), _content(said)
    new = sorted(w for w in told - meant if any(c.isdigit() for c in w))
    new += sorted(disorders(said) - disorders(plain))
    new += sorted(topical(said) - topical(plain) - _idle())
    if new:
        return f"adds {new[0]}"
    if meant - told:
        return f"leaves out {min(meant - told)}"
    before, after = _denied(plain, meant), _denied(said, meant)
    turned = sorted(w for w in meant if before.get(w) != after.get(w))
    return f"turns {turned[0]}" if turned else ""
