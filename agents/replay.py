"""Play recorded actions again, turn by turn."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from ..bus.episode import fold
from ..bus.errors import BusError
from ..bus.events import ActionRejected, Event, ToolCalled, decode
from .policy import Action, PolicyError, View


def recorded(events: Sequence[Event]) -> list[Action]:
    """The actions of an episode, in order, with what the model sampled."""
    return [_action(turn.action) for turn in fold(events).turns]


def _action(said: ToolCalled | ActionRejected) -> Action:
    return Action(raw=said.raw, generation=said.generation)


class ReplayPolicy:
    """Says what was said before, by the number of the turn."""

    def __init__(self, actions: Sequence[Action]) -> None:
        self._actions = tuple(actions)

    def play(self, view: View) -> Action:
        """The recorded action of this turn. Raises PolicyError past the last one."""
        turn = len(view.turns)
        if turn >= len(self._actions):
            raise PolicyError(f"the recording ends after {len(self._actions)} turns")
        return self._actions[turn]

    async def act(self, view: View) -> Action:
        """The recorded action of this turn. Raises PolicyError past the last one."""
        return self.play(view)

    async def close(self) -> None:
        """Nothing is held."""


async def open_policy(model: str, fetch: object) -> ReplayPolicy:  # noqa: ARG001 - no weights
    """Open a file of event bodies, one JSON object a line. Raises PolicyError."""
    try:
        body = await asyncio.to_thread(Path(model).read_bytes)
        events = [decode(line) for line in body.splitlines() if line.strip()]
    except (OSError, BusError) as error:
        raise PolicyError(f"no recording in {model!r}: {error}") from error
    return ReplayPolicy(recorded(events))
