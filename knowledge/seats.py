"""Who acts in an episode of two: the referrer until care is transferred, then the receiver.

The seat follows from the turns alone, so that a recorded episode says who was to act when. The
receiver knows the ticket, the last hand-off, and what it sees itself.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from ..bus.episode import Turn
from ..bus.view import View

Seat = Literal["referrer", "receiver"]


def _effect(turn: Turn) -> str:
    observation = turn.observation
    if observation is None or not observation.ok or observation.effect is None:
        return ""
    return observation.effect.item


def transferred(turns: Sequence[Turn]) -> int:
    """How many turns the referrer had: up to and with the transfer; all where there was none."""
    for index, turn in enumerate(turns):
        if _effect(turn).startswith("transfer:"):
            return index + 1
    return len(turns)


def seat_due(turns: Sequence[Turn]) -> Seat:
    """Who acts next, every turn being answered."""
    moved = any(_effect(turn).startswith("transfer:") for turn in turns)
    return "receiver" if moved else "referrer"


def visible(turns: Sequence[Turn], seat: Seat) -> tuple[Turn, ...]:
    """The turns that a seat knows: its own, and for the receiver the last hand-off before them."""
    first = transferred(turns)
    before, since = tuple(turns[:first]), tuple(turns[first:])
    if seat == "referrer":
        return before
    told = [turn for turn in before if _effect(turn).startswith("handoff:")]
    return (*told[-1:], *since)


def seated(view: View) -> tuple[Seat, View]:
    """Who acts next, and what of the whole episode's view that seat may know.

    The turns that are hidden from a seat are taken off its turn limit.
    """
    seat = seat_due(view.turns)
    seen = visible(view.turns, seat)
    left = view.started.max_turns - (len(view.turns) - len(seen))
    started = msgspec.structs.replace(view.started, max_turns=left)
    return seat, msgspec.structs.replace(view, started=started, turns=seen)
