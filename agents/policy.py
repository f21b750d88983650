"""What it means to play: a policy sees a view of the episode and returns one action.

Backends are modules of this room, each with `open_policy(...)`. A policy never sees the truth:
only what `EpisodeStarted` and the observations carry.
"""

from typing import Protocol

import msgspec

from ..bus.episode import Turn
from ..bus.events import EpisodeStarted, Generation


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a policy may know when it acts."""

    episode: str
    """Opaque aggregate name; also the name of the policy's random stream."""
    started: EpisodeStarted
    turns: tuple[Turn, ...] = ()
    policy_md: str = ""
    tools: str = ""
    """JSON text of the tool schemas."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One turn's output: the raw text and, where a model sampled it, its tokens."""

    raw: str
    generation: Generation | None = None


class Policy(Protocol):
    """Plays one turn at a time. Concurrent calls may be batched inside."""

    async def act(self, view: View) -> Action:
        """Return the next action. Raises PolicyError where no action can be had."""
        ...

    async def close(self) -> None:
        """Release what the policy holds."""
        ...


class PolicyError(Exception):
    """The policy could not act (endpoint unreachable, adapter missing, script exhausted)."""
