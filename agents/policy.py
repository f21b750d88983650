"""What it means to play: a policy sees a view of the episode and returns one action.

Backends are modules of this room, each with `open_policy(...)`. A policy never sees the truth:
only what `EpisodeStarted` and the observations carry.
"""

from typing import Protocol, runtime_checkable

from ..bus.view import Action, View

__all__ = ["Action", "Policy", "PolicyError", "Seated", "View"]


class Policy(Protocol):
    """Plays one turn at a time. Concurrent calls may be batched inside."""

    async def act(self, view: View) -> Action:
        """Return the next action. Raises PolicyError where no action can be had."""
        ...

    async def close(self) -> None:
        """Release what the policy holds."""
        ...


@runtime_checkable
class Seated(Protocol):
    """A policy of several seats: its actions name the one that acts."""

    def seat(self, view: View) -> str:
        """The seat that acts next."""
        ...


class PolicyError(Exception):
    """The policy could not act (endpoint unreachable, adapter missing, script exhausted)."""
