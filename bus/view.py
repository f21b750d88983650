"""What a policy sees and returns: shared words of those who play and those who let play."""

from collections.abc import Callable
from typing import Any

import msgspec

from .episode import Turn
from .events import ActionRejected, EpisodeStarted, Generation, ToolCalled


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a policy may know when it acts."""

    episode: str
    """Opaque aggregate name; also the name of the policy's random stream."""
    started: EpisodeStarted
    turns: tuple[Turn, ...] = ()
    policy_md: str = ""
    tools: str = ""
    """JSON text of the tool schemas."""
    images: dict[str, bytes] = {}
    """By digest, the pictures (PNG) that the observations name."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One turn's output: the raw text and, where a model sampled it, its tokens."""

    raw: str
    generation: Generation | None = None


class Parsed(msgspec.Struct, frozen=True):
    """A call that was said clearly."""

    tool: str
    arguments: dict[str, Any]


class Unparsable(msgspec.Struct, frozen=True):
    """Text that is not one tool call, and why."""

    reason: str


Reader = Callable[[str], Parsed | Unparsable]
"""Reads a call out of a raw text."""


def acted(
    action: Action, turn: int, read: Reader, seat: str = "agent"
) -> ToolCalled | ActionRejected:
    """The event of an action: a tool call, or a rejected text."""
    found = read(action.raw)
    if isinstance(found, Unparsable):
        return ActionRejected(
            raw=action.raw,
            reason=found.reason,
            turn=turn,
            seat=seat,
            generation=action.generation,
        )
    return ToolCalled(
        tool=found.tool,
        arguments=found.arguments,
        raw=action.raw,
        turn=turn,
        seat=seat,
        generation=action.generation,
    )
