"""The durable writer: group commit with optimistic concurrency, and no unknown outcomes.

Appends that wait at the same time travel as one atomic batch. Whatever goes wrong on the way
(lost acknowledgement, dead server, refused batch), each append ends as stored, Conflict,
StorageFull, Forbidden or Unavailable, after the log itself has been asked what it holds.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from nats.errors import Error as NatsError

from .errors import BusError, Conflict, Forbidden, StorageFull, Unavailable
from .events import Event, Head, Recorded, canonical, opaque_id
from .permissions import subject
from .wire import (
    DUPLICATE_IN_BATCH,
    STORAGE_CODES,
    WRONG_LAST_SEQUENCE,
    ApiError,
    Connection,
    PubAck,
)

DEADLINE_SECONDS = 30.0
MOST_EVENTS = 200
IN_FLIGHT = 4
FIRST_BACKOFF_SECONDS = 0.05
LONGEST_BACKOFF_SECONDS = 2.0

Stored = Callable[[Head], Awaitable[Sequence[Recorded]]]
"""Reads what an aggregate holds after a head."""


class _Append(msgspec.Struct):
    head: Head
    events: list[Event]
    bodies: list[bytes]
    done: asyncio.Future[int]
    """Stream sequence of the last event."""


class Writer:
    """Collects appends and commits them in batches. `run` must be running."""

    def __init__(self, connection: Connection, gym: str, stored: Stored) -> None:
        self._connection = connection
        self._gym = gym
        self._stored = stored
        self._queue: deque[_Append] = deque()
        self._wake = asyncio.Event()
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._busy: set[str] = set()
        self._batches = 0
        self._over: BaseException | None = None

    async def append(self, head: Head, events: list[Event]) -> int:
        """Store events after `head`; returns the stream sequence of the last one."""
        if self._over is not None:
            raise Unavailable(f"the writer stopped: {self._over!r}") from self._over
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        bodies = [canonical(event) for event in events]
        self._queue.append(_Append(head, events, bodies, future))
        self._wake.set()
        return await future

    async def run(self) -> None:
        """Commit what is queued, for ever; if that ends, so does every append."""
        try:
            await self._commit_all()
        except BaseException as error:
            self._over = error
            for item in self._queue:
                if not item.done.done():
                    item.done.set_exception(Unavailable(f"the writer stopped: {error!r}"))
            raise

    async def _commit_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                await self._wake.wait()
                await self._room.acquire()
                batch = self._collect()
                if not batch:
                    self._room.release()
                    self._wake.clear()
                    continue
                group.create_task(self._commit(batch))

    def _collect(self) -> list[_Append]:
        """Queued appends for one batch; an aggregate is never in two open batches."""
        batch: list[_Append] = []
        later: deque[_Append] = deque()
        count = 0
        while self._queue:
            item = self._queue.popleft()
            if item.done.cancelled():
                continue
            fits = not batch or count + len(item.events) <= MOST_EVENTS
            if not fits or item.head.aggregate in self._busy:
                later.append(item)
                continue
            self._busy.add(item.head.aggregate)
            batch.append(item)
            count += len(item.events)
        self._queue = later
        return batch

    async def _commit(self, batch: list[_Append]) -> None:
        try:
            if len(batch) > 1:
                try:
                    last = await self._publish(batch)
                except (ApiError, Forbidden, TimeoutError, NatsError):
                    pass  # each append finds out for itself below
                else:
                    _settle(batch, last)
                    return
            await asyncio.gather(*(self._settle_alone(item) for item in batch))
        finally:
            self._busy.difference_update(item.head.aggregate for item in batch)
            self._room.release()
            self._wake.set()

    async def _settle_alone(self, item: _Append) -> None:
        try:
            last = await self._persist(item)
        except BusError as error:
            if not item.done.done():
                item.done.set_exception(error)
        except BaseException as error:
            if not item.done.done():
                item.done.set_exception(Unavailable(f"{item.head.aggregate}: {error!r}"))
            raise
        else:
            if not item.done.done():
                item.done.set_result(last)

    async def _persist(self, item: _Append) -> int:
        """Publish one append until its outcome is known."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + DEADLINE_SECONDS
        pause = FIRST_BACKOFF_SECONDS
        while True:
            try:
                return await self._publish([item])
            except ApiError as error:
                if error.code in STORAGE_CODES or "no space" in error.description:
                    raise StorageFull(f"{item.head.aggregate}: {error.description}") from error
                if error.code not in {WRONG_LAST_SEQUENCE, DUPLICATE_IN_BATCH}:
                    raise
                return await self._resolve(item, refused=True)
            except (TimeoutError, NatsError) as error:
                if loop.time() > deadline:
                    raise Unavailable(
                        f"{item.head.aggregate}: not acknowledged in {DEADLINE_SECONDS:.0f} s"
                    ) from error
            await asyncio.sleep(pause)
            pause = min(LONGEST_BACKOFF_SECONDS, 2 * pause)
            try:
                return await self._resolve(item, refused=False)
            except (_NotStored, Unavailable):
                continue

    async def _resolve(self, item: _Append, *, refused: bool) -> int:
        """Ask the log whether this append is stored, or another one's event stands in its place."""
        after = await self._stored(item.head)
        wanted = item.events[-1].id
        for recorded in after:
            if recorded.event.id == wanted:
                return recorded.sequence
        if after or refused:
            actual = after[-1].event.n if after else None
            raise Conflict(item.head.aggregate, item.head.n, actual)
        raise _NotStored

    async def _publish(self, batch: Sequence[_Append]) -> int:
        """Publish one event plainly, several as an atomic batch; returns the last sequence."""
        messages = [
            (subject(self._gym, e.aggregate, e.type), body, self._headers(item, i))
            for item in batch
            for i, (e, body) in enumerate(zip(item.events, item.bodies, strict=True))
        ]
        if len(messages) > 1:
            self._batches += 1
            name = opaque_id(messages[0][2]["Nats-Msg-Id"], id(self), self._batches)
            for i, (_, _, headers) in enumerate(messages, 1):
                headers |= {"Nats-Batch-Id": name, "Nats-Batch-Sequence": str(i)}
            messages[-1][2]["Nats-Batch-Commit"] = "1"
            for name_, body, headers in messages[:-1]:
                await self._connection.client.publish(name_, body, headers=headers)
        name_, body, headers = messages[-1]
        reply = await self._connection.request(name_, body, headers)
        ack = msgspec.json.decode(reply.data, type=PubAck)
        if ack.error is not None:
            raise ApiError(ack.error.err_code or ack.error.code, ack.error.description)
        return ack.seq

    def _headers(self, item: _Append, i: int) -> dict[str, str]:
        headers = {"Nats-Msg-Id": item.events[i].id}
        if i == 0:
            headers["Nats-Expected-Last-Subject-Sequence"] = str(item.head.sequence)
            headers["Nats-Expected-Last-Subject-Sequence-Subject"] = (
                f"hg.{self._gym}.ev.{item.head.aggregate}.>"
            )
        return headers


class _NotStored(BusError):
    """The append is not in the log; it may be sent again."""


def _settle(batch: Sequence[_Append], last: int) -> None:
    """Give every append of a committed batch the sequence of its last event."""
    for item in reversed(batch):
        if not item.done.done():
            item.done.set_result(last)
        last -= len(item.events)
