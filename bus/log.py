"""What a log is, and the log in one file.

`Log` is the protocol that everything above the bus uses. `FileLog` keeps the same promises in a
JSON-lines file for one process: exported runs, golden logs, play without a server.
"""

import asyncio
import errno
import fcntl
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol, Self

from .errors import Conflict, CorruptLog, ObjectMissing, StorageFull, Unavailable
from .events import Draft, Event, Head, Recorded, canonical, decode, digest, head_of, owner_of, seal

BATCH = 500


class Log(Protocol):
    """An append-only log of events, with the objects (schemas, adapters) they name."""

    gym: str

    async def append(self, head: Head, drafts: Sequence[Draft]) -> list[Recorded]:
        """Store drafts right after `head`, all or none.

        Raises Conflict where the aggregate has gone on, StorageFull, Forbidden, Unavailable.
        """
        ...

    async def read(self, aggregate: str, after: int = 0) -> list[Recorded]:
        """Events of one aggregate with `n > after`, in order."""
        ...

    async def last_sequence(self) -> int:
        """Sequence of the newest event, 0 for an empty log."""
        ...

    async def created(self) -> str:
        """What tells this log from another that replaced it."""
        ...

    def records(
        self, *types: str, owner: str = "*", after: int = 0, follow: bool = True
    ) -> AsyncIterator[list[Recorded]]:
        """Batches of events (of these types, of this owner) after a sequence, in log order.

        With `follow` it waits for more for ever; without, it ends at the newest event.
        """
        ...

    async def put(self, data: bytes) -> str:
        """Store an object under its digest and return the digest."""
        ...

    async def get(self, name: str) -> bytes:
        """The object with this digest. Raises ObjectMissing."""
        ...


async def events(log: Log, *types: str, owner: str = "*", after: int = 0) -> AsyncIterator[Event]:
    """Events already in the log, one by one."""
    async for batch in log.records(*types, owner=owner, after=after, follow=False):
        for recorded in batch:
            yield recorded.event


class FileLog:
    """A log in `<folder>/events.jsonl` with objects beside it; one process at a time."""

    def __init__(self, folder: Path, gym: str = "gym", *, writable: bool = True) -> None:
        """Open the log, or create it for `gym`; an existing log keeps the gym it was made for.

        Raises CorruptLog naming the first bad line, and Unavailable.
        """
        self._folder = folder
        self._records: list[Recorded] = []
        self._by_aggregate: dict[str, list[Recorded]] = {}
        self._grown = asyncio.Condition()
        self._file: BinaryIO | None = None
        path = folder / "events.jsonl"
        try:
            if writable:
                folder.mkdir(parents=True, exist_ok=True)
                self._file = path.open("ab", buffering=0)
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            content = path.read_bytes()
            self.gym = self._named(gym)
            self._load(content, path)
        except BlockingIOError as error:
            self.close()
            raise Unavailable(f"{path} is in use by another process") from error
        except OSError as error:
            self.close()
            raise Unavailable(f"{path} cannot be opened: {error}") from error
        except CorruptLog:
            self.close()
            raise

    def _named(self, gym: str) -> str:
        path = self._folder / "gym"
        if not path.exists():
            path.write_text(gym)
        return path.read_text().strip()

    def _load(self, content: bytes, path: Path) -> None:
        if content and not content.endswith(b"\n"):
            raise CorruptLog(f"{path}: the last line is torn; cut it off to go on")
        for number, line in enumerate(content.splitlines(), 1):
            try:
                event = decode(line)
            except CorruptLog as error:
                raise CorruptLog(f"{path} line {number}: {error}") from error
            self._index(Recorded(sequence=number, event=event, body=line))

    def _index(self, recorded: Recorded) -> None:
        self._records.append(recorded)
        self._by_aggregate.setdefault(recorded.event.aggregate, []).append(recorded)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def append_now(self, head: Head, drafts: Sequence[Draft]) -> list[Recorded]:
        """`append`, without an event loop."""
        if self._file is None:
            raise Unavailable("the log was opened for reading")
        current = head_of(self._by_aggregate.get(head.aggregate, []), head.aggregate)
        sealed = seal(self.gym, head, drafts)
        if current.n != head.n or current.digest != head.digest:
            stored = self._by_aggregate[head.aggregate][head.n : head.n + len(sealed)]
            if [r.event.id for r in stored] == [e.id for e in sealed]:
                return stored
            raise Conflict(head.aggregate, head.n, current.n)
        bodies = [canonical(event) for event in sealed]
        self._write(b"".join(body + b"\n" for body in bodies))
        first = len(self._records) + 1
        fresh = [
            Recorded(sequence=first + i, event=event, body=body)
            for i, (event, body) in enumerate(zip(sealed, bodies, strict=True))
        ]
        for recorded in fresh:
            self._index(recorded)
        return fresh

    def _write(self, data: bytes) -> None:
        """Write all or nothing: a short write is cut off again."""
        assert self._file is not None  # noqa: S101 - checked by the only caller
        size = self._file.tell()
        try:
            written = self._file.write(data)
            os.fsync(self._file.fileno())
        except OSError as error:
            os.ftruncate(self._file.fileno(), size)
            if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise StorageFull(
                    f"{self._folder}: {error.strerror}; nothing was appended"
                ) from error
            raise Unavailable(f"{self._folder}: {error}") from error
        if written != len(data):
            os.ftruncate(self._file.fileno(), size)
            raise StorageFull(f"{self._folder}: no space left; nothing was appended")

    async def append(self, head: Head, drafts: Sequence[Draft]) -> list[Recorded]:
        """See Log.append."""
        async with self._grown:
            fresh = self.append_now(head, drafts)
            self._grown.notify_all()
        return fresh

    async def read(self, aggregate: str, after: int = 0) -> list[Recorded]:
        """See Log.read."""
        return self._by_aggregate.get(aggregate, [])[after:]

    async def last_sequence(self) -> int:
        """See Log.last_sequence."""
        return len(self._records)

    async def created(self) -> str:
        """See Log.created."""
        return self._records[0].event.id if self._records else ""

    async def records(
        self, *types: str, owner: str = "*", after: int = 0, follow: bool = True
    ) -> AsyncIterator[list[Recorded]]:
        """See Log.records."""
        wanted = frozenset(types)
        while True:
            part = self._records[after : after + BATCH]
            after += len(part)
            chosen = [
                r
                for r in part
                if (not wanted or r.event.type in wanted)
                and owner in ("*", owner_of(r.event.aggregate))
            ]
            if chosen:
                yield chosen
            if part:
                continue
            if not follow:
                return
            async with self._grown:
                while len(self._records) <= after:
                    await self._grown.wait()

    async def put(self, data: bytes) -> str:
        """See Log.put."""
        name = digest(data)
        folder = self._folder / "objects"
        folder.mkdir(exist_ok=True)
        path = folder / name
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_bytes(data)
            part.replace(path)
        return name

    async def get(self, name: str) -> bytes:
        """See Log.get."""
        path = self._folder / "objects" / name
        if not path.is_file() or digest(data := path.read_bytes()) != name:
            raise ObjectMissing(f"object {name} is not in {path.parent}, or its bytes were changed")
        return data
