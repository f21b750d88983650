"""Play one episode in memory, without a log: for tests, warm starts and gymnasium."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from ..bus.episode import Episode, evolve, fold
from ..bus.events import (
    Data,
    Draft,
    EpisodeRequested,
    Event,
    Head,
    PatientAnswered,
    canonical,
    digest,
    episode,
    opaque_id,
    seal,
)
from ..bus.view import Action, Parsed, Reader, Unparsable, View, acted
from ..knowledge.patients import Patient
from .session import Session, answer_waiting, open_session, opening, respond, restore, worded

PolicyFn = Callable[[View], Action]
WordFn = Callable[[PatientAnswered, Patient], str]
"""Words a patient's answer anew; "" leaves it."""
_GYM = "local"


class _Call(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    arguments: dict[str, Any] = {}


def plain(raw: str) -> Parsed | Unparsable:
    """Accept nothing but the bare JSON object."""
    try:
        call = msgspec.json.decode(raw, type=_Call)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Unparsable(str(error))
    return Parsed(call.name, call.arguments)


class Record:
    """An episode growing in memory, chained as it would be in a log."""

    def __init__(self, name: str, gym: str = _GYM) -> None:
        self._gym = gym
        self.events: list[Event] = []
        self.state = Episode(aggregate=name)

    def append(self, drafts: Sequence[Draft]) -> None:
        """Seal drafts after what there is."""
        last = self.events[-1] if self.events else None
        head = Head(
            aggregate=self.state.aggregate,
            n=last.n if last else 0,
            digest=digest(canonical(last)) if last else "",
        )
        for event in seal(self._gym, head, drafts):
            self.events.append(event)
            self.state = evolve(self.state, event)

    def say(self, data: Data, at: int = 0) -> None:
        """Append one fact."""
        self.append([Draft(data=data, at=at)])


def play(
    requested: EpisodeRequested,
    policy_fn: PolicyFn,
    read: Reader = plain,
    word: WordFn | None = None,
) -> list[Event]:
    """Play an episode to its end and return its events (request first, end last).

    Raises UnknownRequest or OtherVersion; whatever `policy_fn` raises passes through.
    """
    session = open_session(requested)
    key = opaque_id(requested.agent, requested.task, requested.group, requested.index)
    record = Record(episode(requested.agent.replace(".", "-"), key))
    record.say(requested)
    record.say(opening(session).started)
    return _to_the_end(record, session, policy_fn, read, word)


def resume(
    events: Sequence[Event], policy_fn: PolicyFn, read: Reader = plain, *, gym: str = _GYM
) -> list[Event]:
    """Play an episode that was broken off to its end, in the same chain; returns all events.

    `gym` is the log's, since ids depend on it. Raises ValueError (nothing was requested, or it
    has ended), UnknownRequest or OtherVersion.
    """
    record = Record(events[0].aggregate if events else "", gym)
    record.events, record.state = list(events), fold(events)
    requested = record.state.requested
    over = record.state.ended or record.state.abandoned
    if requested is None or over is not None:
        raise ValueError(f"{record.state.aggregate or 'no events'}: is not an open episode")
    session = restore(requested, record.state)
    if record.state.started is None:
        record.say(opening(session).started)
    elif record.state.waiting_for_environment:
        session, drafts = respond(session, record.state)
        record.append(drafts)
    return _to_the_end(record, session, policy_fn, read)


def _to_the_end(
    record: Record,
    session: Session,
    policy_fn: PolicyFn,
    read: Reader,
    word: WordFn | None = None,
) -> list[Event]:
    start = opening(session)
    started = record.state.started or start.started
    policy_md = start.objects[start.started.policy_md].decode()
    tools = start.objects[start.started.tools].decode()
    images = dict(session.objects)
    while record.state.open:
        view = View(
            episode=record.state.aggregate,
            started=started,
            turns=record.state.turns,
            policy_md=policy_md,
            tools=tools,
            images=dict(images),
        )
        turn = len(record.state.turns) + 1
        record.say(acted(policy_fn(view), turn, read), at=record.state.at)
        session, drafts = respond(session, record.state)
        said = answer_waiting(drafts)
        if word is not None and said is not None:
            drafts = worded(drafts, word(said, session.patient))
        record.append(drafts)
        images |= session.objects
    return record.events
