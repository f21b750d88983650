"""The one trajectory reader: fold the events of an episode into an Episode."""

from collections.abc import Sequence

import msgspec

from .events import (
    ActionRejected,
    EpisodeAbandoned,
    EpisodeEnded,
    EpisodeRequested,
    EpisodeScored,
    EpisodeStarted,
    Event,
    ObservationReturned,
    PatientAnswered,
    ScoringFailed,
    ToolCalled,
)


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One action and, once it has come, its observation, with their positions in the chain."""

    action: ToolCalled | ActionRejected
    n: int
    at: int
    """Simulated time at which the agent acted."""
    observation: ObservationReturned | None = None
    observed_n: int = 0
    observed_at: int = 0


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an episode after some of its events."""

    aggregate: str
    n: int = 0
    at: int = 0
    correlation: str = ""
    requested: EpisodeRequested | None = None
    started: EpisodeStarted | None = None
    turns: tuple[Turn, ...] = ()
    said: tuple[PatientAnswered, ...] = ()
    ended: EpisodeEnded | None = None
    ended_n: int = 0
    scored: EpisodeScored | None = None
    failed: ScoringFailed | None = None
    abandoned: EpisodeAbandoned | None = None

    @property
    def waiting_for_agent(self) -> bool:
        """The agent is to move."""
        return self.open and (not self.turns or self.turns[-1].observation is not None)

    @property
    def waiting_for_environment(self) -> bool:
        """The environment is to answer."""
        return self.open and bool(self.turns) and self.turns[-1].observation is None

    @property
    def open(self) -> bool:
        """Started and neither ended nor abandoned."""
        return self.started is not None and self.ended is None and self.abandoned is None

    @property
    def over(self) -> bool:
        """Nothing more will happen: judged, failed to be judged, or abandoned."""
        return bool(self.scored or self.failed or self.abandoned)


def pictures(turns: Sequence[Turn]) -> tuple[str, ...]:
    """Digests of the pictures that observations of these turns name, the earliest first."""
    found = [t.observation.images for t in turns if t.observation is not None]
    return tuple(dict.fromkeys(name for names in found for name in names or ()))


def evolve(state: Episode, event: Event) -> Episode:
    """The episode after one more event."""
    base = msgspec.structs.replace(
        state,
        n=event.n,
        at=max(state.at, event.at),
        correlation=event.correlation or state.correlation,
    )
    change = msgspec.structs.replace
    match event.data:
        case EpisodeRequested() as data:
            return change(base, requested=data)
        case EpisodeStarted() as data:
            return change(base, started=data)
        case ToolCalled() | ActionRejected() as data:
            return change(base, turns=(*state.turns, Turn(action=data, n=event.n, at=state.at)))
        case PatientAnswered() as data:
            return change(base, said=(*state.said, data))
        case ObservationReturned() as data:
            answered = change(
                state.turns[-1], observation=data, observed_n=event.n, observed_at=event.at
            )
            return change(base, turns=(*state.turns[:-1], answered))
        case EpisodeEnded() as data:
            return change(base, ended=data, ended_n=event.n)
        case EpisodeScored() as data:
            return change(base, scored=data)
        case ScoringFailed() as data:
            return change(base, failed=data)
        case EpisodeAbandoned() as data:
            return change(base, abandoned=data)
        case _:
            return base


def fold(events: Sequence[Event], aggregate: str = "") -> Episode:
    """Fold events, in order, into an Episode."""
    state = Episode(aggregate=aggregate or (events[0].aggregate if events else ""))
    for event in events:
        state = evolve(state, event)
    return state
