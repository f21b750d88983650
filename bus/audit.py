"""Verify the log: positions, chains and identities of every aggregate, and its root hash."""

import sys
from collections.abc import Iterable

import msgspec

from .errors import CorruptLog, UnknownEvent
from .events import LogSealed, Recorded, canonical, decode, digest, identity


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The first thing that is wrong with an aggregate."""

    aggregate: str
    n: int
    what: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit of the chains found."""

    events: int
    aggregates: int
    root: str
    """Hash over the sorted heads of all aggregates: it names this log's whole content."""
    problems: list[Problem]
    seals: list["Seal"] = []
    through: int = 0
    """Sequence of the last event that was added."""


def root_of(heads: dict[str, str]) -> str:
    """Root hash of a log, given the head digest of each aggregate."""
    return digest("\n".join(f"{name} {head}" for name, head in sorted(heads.items())).encode())


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """A root that was written into the log, and whether the log still has it."""

    through: int
    root: str
    now: str

    @property
    def holds(self) -> bool:
        """The events up to `through` are those that were sealed."""
        return self.root == self.now


class Verifier:
    """Takes events in log order and remembers the head of each aggregate."""

    def __init__(self, gym: str) -> None:
        self._gym = gym
        self._heads: dict[str, tuple[int, str]] = {}
        self._events = 0
        self._through = 0
        self._problems: dict[str, Problem] = {}
        self._seals: dict[int, list[str]] = {}
        self._held: list[Seal] = []

    def expect(self, sealed: LogSealed) -> None:
        """Compare the root after `sealed.through` with the sealed one; say so before `add`."""
        self._seals.setdefault(sealed.through, []).append(sealed.root)

    def _close(self, until: int) -> None:
        """Judge the seals of everything before sequence `until`."""
        for through in sorted(t for t in self._seals if t < until):
            now = self._root()
            self._held += [
                Seal(through=through, root=root, now=now) for root in self._seals.pop(through)
            ]

    def _root(self) -> str:
        return root_of({name: head for name, (_, head) in self._heads.items()})

    def add(self, recorded: Recorded) -> None:
        """Check one event against the chain so far."""
        event = recorded.event
        self._close(recorded.sequence)
        self._events += 1
        self._through = recorded.sequence
        n, prev = self._heads.get(event.aggregate, (0, ""))
        if event.aggregate not in self._problems and (what := self._fault(recorded, n, prev)):
            self._problems[event.aggregate] = Problem(
                aggregate=event.aggregate, n=event.n, what=what
            )
        self._heads[event.aggregate] = (event.n, digest(recorded.body))

    def _fault(self, recorded: Recorded, n: int, prev: str) -> str:
        event = recorded.event
        if event.n != n + 1:
            return f"position {event.n} follows {n}"
        if event.prev != prev:
            return f"`prev` is {event.prev or 'empty'}, the previous body's digest is {prev}"
        data = canonical(event.data)
        wanted = identity(self._gym, event.aggregate, event.n, event.type, event.prev, data)
        if event.id != wanted:
            return f"id is {event.id}, the content gives {wanted}"
        if canonical(event) != recorded.body:
            return "the stored bytes are not the event's canonical bytes"
        return ""

    def report(self) -> Report:
        """What has been found in all that was added."""
        self._close(sys.maxsize)
        return Report(
            events=self._events,
            aggregates=len(self._heads),
            root=self._root(),
            problems=[self._problems[name] for name in sorted(self._problems)],
            seals=list(self._held),
            through=self._through,
        )


def verify(recorded: Iterable[Recorded], gym: str) -> Report:
    """Verify a finite log."""
    verifier = Verifier(gym)
    for item in recorded:
        verifier.add(item)
    return verifier.report()


def verify_lines(lines: Iterable[bytes], gym: str) -> Report:
    """Verify stored bodies, one a line; a line that does not decode is a problem, not a crash."""
    verifier = Verifier(gym)
    broken: list[Problem] = []
    for number, body in enumerate(lines, 1):
        try:
            event = decode(body)
        except (CorruptLog, UnknownEvent) as error:
            broken.append(Problem(aggregate="", n=number, what=str(error)))
        else:
            verifier.add(Recorded(sequence=number, event=event, body=body))
    report = verifier.report()
    return msgspec.structs.replace(report, problems=[*broken, *report.problems])
