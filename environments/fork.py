"""Continue a copy of an episode from any of its turns, with facts changed if asked."""

from collections.abc import Callable, Sequence

import msgspec

from ..bus.episode import fold
from ..bus.events import EpisodeRequested, Event, Fork
from ..bus.view import Action, Reader, View
from ..knowledge.forks import Change
from .run import plain, play


def forked(
    events: Sequence[Event], *, at: int, changes: dict[str, Change] | None = None
) -> EpisodeRequested:
    """The request of a fork: the original's, and what was changed.

    `at` is the position of an event in the original's chain. Raises ValueError outside of it.
    """
    original = fold(events)
    if original.requested is None or not 1 <= at <= events[-1].n:
        raise ValueError(f"{original.aggregate}: a fork starts at event 1 to {events[-1].n}")
    fork = Fork(episode=original.aggregate, n=at, changes=dict(changes or {}))
    replace = msgspec.structs.replace
    return replace(original.requested, purpose="play", group=fork.name(), index=0, fork=fork)


def fork(
    events: Sequence[Event],
    policy_fn: Callable[[View], Action],
    *,
    at: int,
    changes: dict[str, Change] | None = None,
    read: Reader = plain,
) -> list[Event]:
    """Play the original's actions up to event `at` again, then let the policy go on.

    Raises ValueError, UnknownRequest, UnknownFact; whatever `policy_fn` raises passes through.
    """
    asked = forked(events, at=at, changes=changes)
    said = [turn.action.raw for turn in fold(events).turns if turn.n <= at]

    def act(view: View) -> Action:
        taken = len(view.turns)
        return Action(raw=said[taken]) if taken < len(said) else policy_fn(view)

    return play(asked, act, read)
