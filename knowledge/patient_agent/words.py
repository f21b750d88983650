"""What a question is about: topics, findings it names, disorders it names. Nothing is hidden here.

A question is known by the words of `data/topics/` and their simple inflections, or because it holds
every word by which the chart would print a finding.
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Literal

import msgspec

from ..conditions import condition, conditions
from ..files import load, merged
from ..variants import findings

MOST_TOPICS = 3
"""A question about more than these is asked too broadly to be answered."""
_MOST_ALIEN = 6
"""The same, with topics beside them that this patient has nothing to say about."""
GENERAL = ("smoking", "allergies", "past")
"""Topics that no finding has: they are answered from the background."""
_WORD = re.compile(r"[a-z0-9]+")
_ENDINGS = ("ing", "es", "ed", "s", "d")
_SHORT = 3
_NOUN = re.compile("(itis|sis|emia|nia|oma|thorax|lism|ction|psia|stroke)$")
_LONG = 7
"""A shorter last word of a disorder's name is no disorder by itself."""
_TEXT_WORDS = 2
"""A finding's printed text of fewer words is no direct question."""
Kind = Literal["topics", "open", "diagnosis", "too_much", "unknown"]


class Phrases(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every patient may say, and by which words a question is known."""

    one_thing: tuple[str, ...]
    not_understood: tuple[str, ...]
    why_i_came: tuple[str, ...]
    unknown: tuple[str, ...]
    nothing_new: tuple[str, ...]
    masked: str
    """Stands for a past illness that would name the disorder."""
    reaction: str
    """Stands for a reaction to a drug that would."""
    open: tuple[str, ...]
    sentence: frozenset[str]
    manner: frozenset[str]
    """Words that claim nothing, in whatever manner."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question, understood."""

    kind: Kind
    topics: tuple[str, ...] = ()
    """In the order of the data, the patient's own and others."""
    named: frozenset[str] = frozenset()
    """Findings that a word of the question names, beyond their topic."""
    exact: frozenset[str] = frozenset()
    """Findings of which it holds every printed word."""


@cache
def phrases() -> Phrases:
    """The common phrases."""
    return load("patient_agent/phrases.yaml", Phrases)


@cache
def topics() -> dict[str, tuple[str, ...]]:
    """Topic -> the words that make a question about it."""
    return merged("topics", tuple[str, ...])


@cache
def _topics_of_word() -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for topic, keys in topics().items():
        for key in (topic, *keys):
            if _WORD.fullmatch(key):
                found.setdefault(key, {})[topic] = None
    return {word: tuple(several) for word, several in found.items()}


@cache
def _order() -> dict[str, int]:
    return {topic: i for i, topic in enumerate(topics())}


def _forms(word: str) -> list[str]:
    """The word and what it may be an inflection of."""
    stems = [
        word.removesuffix(e) for e in _ENDINGS if word.endswith(e) and len(word) - len(e) >= _SHORT
    ]
    doubled = [s[:-1] for s in stems if s[-1] == s[-2]]
    return [word, *stems, *(s + "e" for s in stems), *doubled, word + "s"]


@lru_cache(maxsize=16384)
def _about(word: str) -> tuple[str, ...]:
    """Topics of one word: as it stands, else by the first inflection that is known."""
    known = _topics_of_word()
    return next((known[form] for form in _forms(word) if form in known), ())


@cache
def _names() -> dict[str, tuple[tuple[tuple[str, ...], str], ...]]:
    """First word -> (all words of a disorder's name, id of the condition).

    A noun by which people know it ("pneumonia") stands for all it may mean, under the id "".
    """
    found: dict[str, dict[tuple[tuple[str, ...], str], None]] = {}
    for id_ in conditions():
        c = condition(id_)
        for name in (c.name, *c.names):
            words = tuple(_WORD.findall(name.lower()))
            found.setdefault(words[0], {})[words, id_] = None
            for word in words:
                noun = _NOUN.search(word) or (word == words[-1] and len(word) >= _LONG)
                if noun and word not in _topics_of_word():
                    found.setdefault(word, {})[(word,), ""] = None
    return {first: tuple(several) for first, several in found.items()}


def _spoken(words: list[str]) -> list[tuple[int, int, str]]:
    """Disorders named: start and end of the words, and the condition."""
    known = _names()
    return [
        (i, i + len(name), id_)
        for i, word in enumerate(words)
        for name, id_ in known.get(word, ())
        if tuple(words[i : i + len(name)]) == name
    ]


def names_diagnosis(text: str, condition_id: str) -> bool:
    """Whether a text holds the name of a condition, or a synonym of it, as whole words."""
    words = _WORD.findall(text.lower())
    return any(id_ == condition_id for _, _, id_ in _spoken(words))


def disorders(text: str) -> frozenset[str]:
    """Words by which a text names disorders, whichever they may be."""
    words = _WORD.findall(text.lower())
    return frozenset(" ".join(words[start:end]) for start, end, _ in _spoken(words))


def topical(text: str) -> frozenset[str]:
    """Words of a text that belong to a topic one may ask about, inflected ones included."""
    return frozenset(w for w in _WORD.findall(text.lower()) if _about(w))


@lru_cache(maxsize=4096)
def _content(id_: str) -> tuple[frozenset[str], frozenset[str]]:
    """Words of a finding as charted, and all those that name it beyond its topic."""
    f = findings()[id_]
    idle = phrases().sentence | {
        "and",
        "by",
        "from",
        "like",
        "my",
        "no",
        "not",
        "or",
        "some",
        "too",
    }
    charted = frozenset(_WORD.findall(f.text.lower())) - idle
    spoken = charted | (frozenset(_WORD.findall(f.told.lower())) - idle)
    return charted, frozenset(w for w in spoken if f.topic not in _about(w))


@lru_cache(maxsize=1024)
def _askable(ids: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((id_, findings()[id_].topic) for id_ in ids if findings()[id_].topic)


def spoken_name(topic: str) -> str:
    """A word by which one asks about a topic."""
    return topic if _WORD.fullmatch(topic) else topics()[topic][0]


def _is_list(words: list[str], matched: Iterable[str]) -> bool:
    return len(list(matched)) > 1 and not phrases().sentence.intersection(words)


def understand(question: str, ids: tuple[str, ...]) -> Asked:
    """What a question is about, for a patient who has something to say about these findings."""
    words = _WORD.findall(question.lower())
    plain = f" {' '.join(words)} "
    opening = max((p for p in phrases().open if f" {p} " in plain), key=len, default="")
    if opening:
        words = plain.replace(f" {opening} ", " ").split()
    askable = _askable(ids)
    unique = frozenset(words)
    charted = [
        (id_, topic)
        for id_, topic in askable
        if len(_content(id_)[0]) >= _TEXT_WORDS and _content(id_)[0] <= unique
    ]
    # A word of a printed finding asks for that finding alone, whatever else it may mean.
    taken = frozenset[str]().union(*(_content(id_)[0] for id_, _ in charted))
    matched = dict.fromkeys(t for w in words if w not in taken for t in _about(w))
    matched.update(dict.fromkeys(topic for _, topic in charted))
    spoken = _spoken(words)
    if spoken and not _beyond(words, spoken):
        return Asked(kind="diagnosis")
    if not matched:
        return Asked(kind="open" if opening else "unknown")
    own = {topic for _, topic in askable}.union(GENERAL).intersection(matched)
    limit = _MOST_ALIEN if own else MOST_TOPICS
    if len(own) > MOST_TOPICS or len(matched) > limit or _is_list(words, matched):
        return Asked(kind="too_much")
    named = frozenset(id_ for id_, topic in askable if topic in own and _names_it(id_, unique))
    return Asked(
        kind="topics",
        topics=tuple(sorted(matched, key=_order().__getitem__)),
        named=named,
        exact=frozenset(id_ for id_, _ in charted),
    )


def _names_it(id_: str, words: frozenset[str]) -> bool:
    charted, beyond = _content(id_)
    return bool(beyond & words) or bool(charted and charted <= words)


def _beyond(words: list[str], spoken: list[tuple[int, int, str]]) -> bool:
    """Whether a topic stands outside the disorders named, or the one word named is a topic."""
    inside = {i for start, end, _ in spoken for i in range(start, end)}
    if any(_about(w) for i, w in enumerate(words) if i not in inside):
        return True
    return any(end - start == 1 and words[start] in _topics_of_word() for start, end, _ in spoken)
