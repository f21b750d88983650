"""Every error of the bus, typed.

BusError
├── Conflict             another writer was first at this position of the aggregate
├── Unavailable          the log could not be reached before the deadline
├── Forbidden            the server refused the subject to these credentials
├── StorageFull          the log has no room; nothing was appended
├── CorruptLog           stored bytes do not decode, or break the chain
├── UnknownEvent         a type or version this code does not know
├── ObjectMissing        no object of that name, or its digest differs
├── LogGap               the log lost events that a reader had already seen
└── ServerStartFailed    the embedded nats-server did not start
"""


class BusError(Exception):
    """Base of all errors of the bus."""


class Conflict(BusError):
    """Another event already holds this position of the aggregate."""

    def __init__(self, aggregate: str, expected: int, actual: int | None = None) -> None:
        found = "another event" if actual is None else f"{actual} events"
        super().__init__(f"{aggregate}: expected to append after event {expected}, found {found}")
        self.aggregate = aggregate
        self.expected = expected
        self.actual = actual


class Unavailable(BusError):
    """The log could not be reached before the deadline."""


class Forbidden(BusError):
    """The server refused the operation to these credentials."""


class StorageFull(BusError):
    """The log has no room left. Nothing was appended; older history is intact."""


class CorruptLog(BusError):
    """Stored bytes do not decode, or the chain of an aggregate is broken."""


class UnknownEvent(BusError):
    """An event type or version that this code does not know."""


class ObjectMissing(BusError):
    """No object of that name in the store, or its bytes differ from their digest."""


class LogGap(BusError):
    """The log is shorter than the cursor of a reader, or a sequence is missing."""


class ServerStartFailed(BusError):
    """The embedded nats-server did not start (port taken, unusable data directory, no binary)."""
