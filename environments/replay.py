"""Re-execute a recorded episode: the same actions must give the same bytes."""

from collections.abc import Sequence

import msgspec

from ..bus.episode import Episode, evolve
from ..bus.events import Draft, EpisodeRequested, Event, PatientAnswered, canonical
from .errors import OtherVersion
from .session import TOOL_CODE, Session, open_session, opening, respond, worded

ANSWERS = ("PatientAnswered", "ObservationReturned", "EpisodeEnded")


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The first event that a re-execution answers differently."""

    n: int
    type: str
    recorded: str
    now: str


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What a re-execution showed."""

    aggregate: str
    verdict: str
    """`same`, `differs`, or `other version` (played with other tool code, and it differs)."""
    events: int
    difference: Difference | None = None


def replay(events: Sequence[Event]) -> Replay:
    """Feed the recorded actions to the environment and compare its answers byte for byte.

    Nothing is appended and no policy is asked. Raises UnknownRequest if the patient is not known.
    """
    requested = events[0].data
    if not isinstance(requested, EpisodeRequested):
        raise TypeError(f"{events[0].aggregate} does not begin with EpisodeRequested")
    try:
        session = open_session(requested)
    except OtherVersion:
        return Replay(aggregate=events[0].aggregate, verdict="other version", events=len(events))
    difference = _first_difference(session, events)
    verdict = "same" if difference is None else "differs"
    started = next((e.data for e in events if e.type == "EpisodeStarted"), None)
    if difference is not None and getattr(started, "code", TOOL_CODE) != TOOL_CODE:
        verdict = "other version"
    return Replay(
        aggregate=events[0].aggregate, verdict=verdict, events=len(events), difference=difference
    )


def _first_difference(session: Session, events: Sequence[Event]) -> Difference | None:
    state = Episode(aggregate=events[0].aggregate)
    expected: list[Draft] = []
    for event in events:
        if event.type == "EpisodeStarted":
            code = getattr(event.data, "code", "")
            started = msgspec.structs.replace(opening(session).started, code=code)
            expected = [Draft(data=started)]
        if event.type in {"EpisodeStarted", *ANSWERS}:
            if not expected or not _same(expected[0], event):
                return _difference(event, expected)
            expected = expected[1:]
        state = evolve(state, event)
        if event.type in {"ToolCalled", "ActionRejected"}:
            session, expected = respond(session, state)
            expected = worded(expected, _wording(events, event.n))
    return None


def _wording(events: Sequence[Event], n: int) -> str:
    """The words that a policy gave the patient after event `n`; "" for the plain ones."""
    after = events[n].data if n < len(events) else None
    if isinstance(after, PatientAnswered) and after.plain is not msgspec.UNSET:
        return after.answer
    return ""


def _same(draft: Draft, event: Event) -> bool:
    return draft.at == event.at and canonical(draft.data) == canonical(event.data)


def _difference(event: Event, expected: Sequence[Draft]) -> Difference:
    return Difference(
        n=event.n,
        type=event.type,
        recorded=canonical(event.data).decode(),
        now=canonical(expected[0].data).decode() if expected else "nothing",
    )
