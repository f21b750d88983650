"""The whole vocabulary: every event, its envelope, its identity and its chain.

An event is a fact about one aggregate (an episode, an agent, a node). Its body is one canonical
JSON object.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from .errors import CorruptLog, UnknownEvent
from .vocabulary import *  # noqa: F403 - one place to import every word from
from .vocabulary import Data

# ---------------------------------------------------------------- envelope


REGISTRY: dict[tuple[str, int], type[Data]] = {
    (c.__name__, c.VERSION): c for c in Data.__subclasses__()
}
"""(type, version) -> payload class."""

EPISODE_TYPES = (
    "EpisodeRequested",
    "EpisodeStarted",
    "ToolCalled",
    "ActionRejected",
    "PatientAnswered",
    "ObservationReturned",
    "EpisodeEnded",
    "EpisodeScored",
    "ScoringFailed",
    "EpisodeAbandoned",
)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One fact, with its place in the chain of its aggregate."""

    id: str
    type: str
    version: int
    aggregate: str
    n: int
    at: int
    """Simulated clock in microseconds; 0 outside episodes."""
    cause: str
    """Id of the event that caused this one, "" for none."""
    correlation: str
    """Id shared by everything that belongs together (a workout, a play)."""
    prev: str
    """Digest of the aggregate's previous body, "" for its first event."""
    data: Data


class _Wire(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    type: str
    version: int
    aggregate: str
    n: int
    at: int
    cause: str
    correlation: str
    prev: str
    data: msgspec.Raw


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An event that has not been given its place yet."""

    data: Data
    at: int = 0
    cause: str = ""
    correlation: str = ""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The end of an aggregate's chain: what a writer must have seen to append."""

    aggregate: str
    n: int = 0
    digest: str = ""
    sequence: int = 0
    """Position of the last event in the whole log, as its store counts."""


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it stands in the log, with the exact stored bytes."""

    sequence: int
    event: Event
    body: bytes


_encoder = msgspec.json.Encoder(order="deterministic")
_wire = msgspec.json.Decoder(_Wire)
_payloads = {key: msgspec.json.Decoder(cls) for key, cls in REGISTRY.items()}


def digest(data: bytes) -> str:
    """BLAKE2b-128 of `data`, in hexadecimal: the one digest of bodies, ids and objects."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def canonical(value: object) -> bytes:
    """Canonical JSON bytes of any event, struct or builtin."""
    return _encoder.encode(value)


def decode(body: bytes) -> Event:
    """Read one stored body. Raises CorruptLog or UnknownEvent."""
    try:
        wire = _wire.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CorruptLog(f"not an event: {error}") from error
    payload = _payloads.get((wire.type, wire.version))
    if payload is None:
        raise UnknownEvent(f"{wire.type} version {wire.version} in {wire.aggregate}")
    try:
        data = payload.decode(wire.data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CorruptLog(f"{wire.aggregate} event {wire.n} ({wire.type}): {error}") from error
    return Event(
        id=wire.id,
        type=wire.type,
        version=wire.version,
        aggregate=wire.aggregate,
        n=wire.n,
        at=wire.at,
        cause=wire.cause,
        correlation=wire.correlation,
        prev=wire.prev,
        data=data,
    )


def identity(gym: str, aggregate: str, n: int, type_: str, prev: str, data: bytes) -> str:
    """Id of an event: the same fact at the same place is the same event, however often sent."""
    return digest(
        b"\x00".join(
            [gym.encode(), aggregate.encode(), b"%d" % n, type_.encode(), prev.encode(), data]
        )
    )


def seal(gym: str, head: Head, drafts: Sequence[Draft]) -> list[Event]:
    """Give drafts their place after `head`: position, chain, identity, cause.

    A draft without cause is caused by the event before it in the same append.
    """
    events: list[Event] = []
    prev, n = head.digest, head.n
    for draft in drafts:
        n += 1
        kind = type(draft.data).__name__
        event = Event(
            id=identity(gym, head.aggregate, n, kind, prev, canonical(draft.data)),
            type=kind,
            version=draft.data.VERSION,
            aggregate=head.aggregate,
            n=n,
            at=draft.at,
            cause=draft.cause or (events[-1].id if events else ""),
            correlation=draft.correlation,
            prev=prev,
            data=draft.data,
        )
        prev = digest(canonical(event))
        events.append(event)
    return events


def head_of(recorded: Sequence[Recorded], aggregate: str) -> Head:
    """The head after these events of one aggregate (an empty sequence: the empty head)."""
    if not recorded:
        return Head(aggregate=aggregate)
    last = recorded[-1]
    return Head(
        aggregate=aggregate, n=last.event.n, digest=digest(last.body), sequence=last.sequence
    )


def kind_of(aggregate: str) -> str:
    """The kind of an aggregate: episode, agent, node, audit."""
    return aggregate.split(".", 1)[0]


def episode(owner: str, id_: str) -> str:
    """Name of an episode's aggregate; `owner` is the party that plays it."""
    return f"episode.{owner}.{id_}"


def agent(name: str) -> str:
    """Name of an agent's aggregate."""
    return f"agent.{name}.{name}"


def owner_of(aggregate: str) -> str:
    """The owner token of an aggregate."""
    return aggregate.split(".")[1]


def opaque_id(*parts: object) -> str:
    """A name-free id derived from its parts (lower-case hexadecimal)."""
    return digest("\x1f".join(str(p) for p in parts).encode())
