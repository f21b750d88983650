"""Calls with blanks: what an attacker learns from solved tasks without knowing any medicine.

A value of a reference call that an earlier observation showed becomes a blank ("the second value
under `drug`"), to be filled from what another patient's calls show; any text may be the ticket.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from ...knowledge.domains import Call
from ...knowledge.tasks import Task
from .episodes import gold, run, shown, ticket

TICKET = "the ticket"
_SHORT = 3
"""Texts below this length, and whole numbers below it, are too common to be copied from a place."""


class Blank(msgspec.Struct, frozen=True):
    """A value to be copied: the nth under a key of what was shown; of the ticket for TICKET."""

    key: str
    nth: int = 0


class Listed(msgspec.Struct, frozen=True):
    """A list or a mapping, as text, so that patterns can be counted."""

    json: bytes


class Pattern(msgspec.Struct, frozen=True):
    """A call whose arguments may be blanks."""

    tool: str
    arguments: tuple[tuple[str, Any], ...] = ()


Leaves = Mapping[str, Sequence[Any]]


def leaves(contents: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Every text, number and truth value shown, by the key it stood under, in order."""
    found: dict[str, list[Any]] = {}
    for content in contents:
        for key, value in _walk("", content):
            found.setdefault(key, []).append(value)
    return found


def _walk(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _walk(str(name), part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _walk(key, part)
    elif value is not None:
        yield key, value


def _blank(value: Any, known: Leaves, said: frozenset[str]) -> Any:
    """The place where a value was shown, or the value."""
    if said and isinstance(value, str) and words(value) and words(value) <= said:
        return Blank(TICKET)
    plain = isinstance(value, bool) or not isinstance(value, str | int | float)
    if plain or (isinstance(value, str) and len(value) < _SHORT):
        return _whole(value)
    if isinstance(value, int | float) and abs(value) < _SHORT:
        return value
    for key, several in known.items():
        for nth, one in enumerate(several[:4]):
            if type(one) is not bool and one == value:
                return Blank(key, nth)
    return value


def _whole(value: Any) -> Any:
    if isinstance(value, list | tuple | dict):
        return Listed(msgspec.json.encode(value))
    return value


@lru_cache(maxsize=2048)
def patterned(on: Task) -> tuple[Pattern, ...]:
    """The reference of a task as patterns, its answer the last."""
    contents = shown(run(on, gold(on)))
    said = ticket_words(on)
    return tuple(
        pattern(call, leaves(contents[:place]), said) for place, call in enumerate(gold(on))
    )


def pattern(call: Call, known: Leaves, said: frozenset[str] = frozenset()) -> Pattern:
    """A call with blanks for what had been shown, or stood in the ticket."""
    named = sorted(call.arguments.items())
    return Pattern(call.tool, tuple((k, _blank(v, known, said)) for k, v in named))


def filled(of: Pattern, known: Leaves, said: str) -> Call | None:
    """The call with its blanks filled; None where nothing fits."""
    made: dict[str, Any] = {}
    for name, value in of.arguments:
        if isinstance(value, Listed):
            made[name] = msgspec.json.decode(value.json)
        elif not isinstance(value, Blank):
            made[name] = value
        elif value.key == TICKET:
            made[name] = said[:200]
        elif value.nth < len(known.get(value.key, ())):
            made[name] = known[value.key][value.nth]
        else:
            return None
    return Call(tool=of.tool, arguments=made)


_WORD = re.compile(r"[a-z]{3,}")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(_WORD.findall(text.lower()))


@lru_cache(maxsize=4096)
def ticket_words(on: Task) -> frozenset[str]:
    """The words of a task's ticket."""
    return words(ticket(on))


def features(known: Leaves) -> frozenset[str]:
    """What was shown, as words: texts by key and word, numbers by key and size."""
    found: set[str] = set()
    for key, several in known.items():
        for value in several:
            number = _NUMBER.match(str(value))
            if isinstance(value, bool):
                found.add(f"{key}={value}")
            elif number:
                found.add(f"{key}={_size(float(number[0]))}")
            else:
                found |= {f"{key}:{w}" for w in words(str(value))}
    return frozenset(found)


def _size(value: float) -> str:
    """A number to one and a half digits."""
    if value == 0:
        return "0"
    return f"{value:.1e}" if abs(value) >= 1 else f"{value:.0e}"
