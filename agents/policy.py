"""What it means to play: a policy sees a view of the episode and returns one action.

Backends are modules of this room, each with `open_policy(...)`. A policy never sees the truth:
only what `EpisodeStarted` and the observations carry.
"""

from typing import Protocol

from ..bus.view import Action, View

__all__ = ["Action", "Policy", "PolicyError", "View"]


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
