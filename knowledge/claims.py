"""Which concepts a text asserts and which it denies.

Negation is found by cue words with a scope, after NegEx (Chapman, J Biomed Inform 2001;34:301):
a cue before a concept reaches to the end of its clause, to a contrast, or to a new verb of doing;
a cue after it reaches back to the start of the clause. Two cues undo each other, so that "do not
withhold aspirin" asserts aspirin.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

import msgspec

from .files import load
from .free_text import Concept

_CLAUSE = re.compile(
    r"[.;:!?\n]+(?=\s|$)|\b(?:but|however|although|whereas|though|yet)\b", re.IGNORECASE
)
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|,")
_JOINTS = frozenset({",", "and", "then"})
_NEAR = 2
"""A negation reaches a word of judgement at most this many words on."""


class Cues(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The words that carry polarity and grammar (`data/text/cues.yaml`)."""

    phrases: dict[str, str]
    negations: frozenset[str]
    auxiliaries: frozenset[str]
    before: frozenset[str]
    after: frozenset[str]
    after_negated: frozenset[str]
    doing: frozenset[str]
    grammar: frozenset[str]


@cache
def cues() -> Cues:
    """The cue words. Raises BadData."""
    return load("text/cues.yaml", Cues)


Names = dict[str, list[tuple[tuple[str, ...], str]]]
"""By first word: names as words, the longest first, and whose they are."""


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A concept at its place in the text."""

    concept: str
    place: int
    """Number of its first word in the text."""
    asserted: bool


def words(text: str) -> list[str]:
    """The words of a text in lower case, and its commas; plurals lose their s."""
    plain = text.lower()
    for old, new in cues().phrases.items():
        plain = plain.replace(old, new)
    return [_stem(w) for w in _WORD.findall(plain)]


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@lru_cache(maxsize=1024)
def lexicon(concepts: tuple[Concept, ...]) -> Names:
    """By first word: every name as words, the longest first, and whose it is."""
    found: Names = {}
    for concept in concepts:
        for name in concept.names:
            parts = tuple(words(name))
            if parts:
                found.setdefault(parts[0], []).append((parts, concept.id))
    for entries in found.values():
        entries.sort(key=lambda e: (-len(e[0]), e[1]))
    return found


def _match(said: Sequence[str], at: int, names: Names) -> tuple[int, list[str]]:
    """Length of the longest name that starts here, and the concepts of that name."""
    fits = [e for e in names.get(said[at], ()) if tuple(said[at : at + len(e[0])]) == e[0]]
    if not fits:
        return 0, []
    longest = len(fits[0][0])
    return longest, [id_ for parts, id_ in fits if len(parts) == longest]


def _parallel(said: Sequence[str], at: int) -> bool:
    """Whether a cue stands beside an earlier one: in "no fever, no cough" neither undoes any."""
    known, word = cues(), said[at]
    if word not in known.negations and word not in known.before:
        return False
    before = at - 2 if said[at - 1] in known.auxiliaries else at - 1
    return word == "nor" or (before > 0 and said[before] in _JOINTS)


def _clause(said: Sequence[str], start: int, names: Names) -> Iterator[Mention]:
    """Mentions of one clause; each holds how many cues turn it."""
    known = cues()
    found: list[tuple[str, int, int]] = []
    turned, at, cue, waits = 0, 0, -_NEAR - 1, False
    while at < len(said):
        length, ids = _match(said, at, names)
        found += [(id_, start + at, turned) for id_ in ids]
        if length:
            at += length
            continue
        word, last = said[at], said[at - 1] if at else ""
        negated = at - cue <= _NEAR
        if turned and not waits and _parallel(said, at):
            turned = 0
        if word in (known.after_negated if negated else known.after):
            found = [(id_, place, n + 1) for id_, place, n in found]
        if word in known.negations:
            # "Do not, for any reason, give": the verb is still to come, and is the one denied.
            turned, cue, waits = turned + 1, at, last in known.auxiliaries or word == "never"
        elif word in known.before:
            turned += 1
        elif word in known.after:
            turned = 0
        elif word in known.doing:
            turned = 0 if last in _JOINTS and not waits else turned
            waits = False
        at += 1
    for id_, place, n in found:
        yield Mention(concept=id_, place=place, asserted=n % 2 == 0)


def mentions(text: str, names: Names) -> list[Mention]:
    """Every concept of a lexicon that a text names, in order, and whether it is asserted."""
    found: list[Mention] = []
    start = 0
    for clause in _CLAUSE.split(text):
        said = words(clause)
        found += _clause(said, start, names)
        start += len(said)
    return found


def polarity(text: str, names: Names) -> dict[str, bool]:
    """By named concept: asserted. One that is once denied counts as denied: it is not both."""
    found: dict[str, bool] = {}
    for m in mentions(text, names):
        found[m.concept] = found.get(m.concept, True) and m.asserted
    return found
