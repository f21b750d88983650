"""The words a scene may be written in: actions, arguments, keys, conditions (`data/safety/`)."""

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

import msgspec

from ...knowledge.drugs import formulary
from ...knowledge.drugs.names import plain
from ...knowledge.errors import BadData
from ...knowledge.files import load
from .model import Kind
from .statements import parts, polarity

_ICD = re.compile(r"[A-TV-Z]\d[0-9A-Z](?:\.?[0-9A-Z]{1,4})?", re.IGNORECASE)


class Action(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an action word means."""

    kind: Kind
    item: str = ""
    """What it is about where the word says it all."""
    names: tuple[str, ...] = ()


class Concept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition or finding that rules ask for."""

    names: tuple[str, ...] = ()
    """Phrases that mean it; one with a leading `=` must be the whole text."""
    icd10: tuple[str, ...] = ()
    """Code prefixes."""
    implies: tuple[str, ...] = ()


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of `data/safety/vocabulary.yaml`."""

    actions: dict[str, Action]
    arguments: dict[str, tuple[str, ...]]
    keys: dict[str, tuple[str, ...]]
    values: dict[str, tuple[str, ...]]
    flags: dict[str, tuple[str, ...]]
    drugs: dict[str, tuple[str, ...]]
    """Drug id or class -> further words for it."""


@cache
def vocabulary() -> Vocabulary:
    """Every word. Raises BadData."""
    return load("safety/vocabulary.yaml", Vocabulary)


@cache
def concepts() -> dict[str, Concept]:
    """Conditions and findings by id. Raises BadData where one implies an unknown one."""
    found = load("safety/concepts.yaml", dict[str, Concept])
    for id_, one in found.items():
        unknown = set(one.implies) - set(found)
        if unknown:
            raise BadData(f"data/safety/concepts.yaml: {id_} implies {min(unknown)}")
    return found


def index(words: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Plain word -> its id. Raises BadData where one word means two things."""
    found: dict[str, str] = {}
    for id_, names in words.items():
        for name in (id_, *names):
            if found.setdefault(plain(name), id_) != id_:
                raise BadData(f"data/safety/vocabulary.yaml: {name!r} means two things")
    return found


@cache
def action_words() -> dict[str, str]:
    """Every word for an action."""
    return index({id_: a.names for id_, a in vocabulary().actions.items()})


@cache
def argument_words() -> dict[str, str]:
    """Every word for an argument."""
    return index(vocabulary().arguments)


@cache
def value_words() -> dict[str, str]:
    """Every word for a vital sign, a lab or another number."""
    return index(vocabulary().values)


@cache
def key_words() -> dict[str, str]:
    """Every word for a key of the patient."""
    return index(vocabulary().keys)


@cache
def flag_words() -> dict[str, str]:
    """Every word for a documented exception."""
    return index(vocabulary().flags)


@cache
def drug_words() -> dict[str, str]:
    """Further words for drugs and classes."""
    return index(vocabulary().drugs)


@cache
def classes() -> frozenset[str]:
    """Every class that a drug of the formulary belongs to."""
    return frozenset(c for d in formulary().drugs.values() for c in d.classes)


@lru_cache(maxsize=4096)
def named_concepts(text: str) -> frozenset[str]:
    """The conditions and findings a text speaks of, with `past:` for history.

    A part of the sentence that denies something names nothing.
    """
    found: set[str] = set()
    for said, denied in parts(text):
        found |= set() if denied else set(_matches(said))
    codes = _ICD.fullmatch(text.strip())
    if codes:
        found |= set(_of_code(text.strip().upper().replace(".", "")))
    return frozenset(found | set(_implied(found)))


def _matches(said: str) -> Iterator[str]:
    for pattern, id_ in _patterns():
        for hit in pattern.finditer(said):
            found = polarity(said[: hit.start()], said[hit.end() :])
            if found != "denied":
                yield f"past:{id_}" if found == "past" else id_


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    found: list[tuple[re.Pattern[str], str]] = []
    for id_, one in concepts().items():
        for name in (id_, *one.names):
            words = re.escape(plain(name.removeprefix("="))).replace(r"\ ", " ")
            whole = rf"^{words}$" if name.startswith("=") else rf"\b{words}s?\b"
            found.append((re.compile(whole), id_))
    return tuple(found)


def _of_code(code: str) -> Iterator[str]:
    for id_, one in concepts().items():
        if any(code.startswith(p.replace(".", "")) for p in one.icd10):
            yield id_


def _implied(found: Iterable[str]) -> Iterator[str]:
    for name in found:
        past, _, id_ = name.rpartition(":")
        for wider in concepts()[id_].implies:
            full = f"{past}:{wider}" if past else wider
            yield full
            yield from _implied([full])
