"""The log on NATS JetStream, and the door to it: `connect`."""

import asyncio
import math
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
from nats.errors import Error as NatsError
from nats.errors import NoServersError
from nats.js.errors import NotFoundError, ObjectNotFoundError
from nkeys import NkeysError

from .claim import Claim, recorded
from .errors import Forbidden, LogGap, ObjectMissing, Unavailable
from .events import Draft, Event, Head, Recorded, digest, seal
from .permissions import AGENT_READS, AGENT_SLOTS, BUCKET, STREAM, inbox, pattern, reader_name
from .server import read_endpoint
from .wire import (
    EXISTS,
    PULL_BATCH,
    RETRY_SECONDS,
    ApiError,
    Connection,
    Puller,
    api,
    create_consumer,
    place,
    read_subjects,
)
from .writer import Writer

CONNECT_SECONDS = 5.0
DRAIN_SECONDS = 5
OBJECTS_KEPT = 16
STALL_SECONDS = 4.0
LOST_READERS = 20
STREAM_EXISTS = (10058, 10065)
MAX_EVENT_BYTES = 262_144


class JetStreamLog:
    """A log on a JetStream server, with the credentials of one user."""

    def __init__(self, connection: Connection, gym: str, user: str) -> None:
        self.gym = gym
        self.user = user
        self._connection = connection
        self._client = connection.client
        self._agent = user.removeprefix("agent-") if user.startswith("agent-") else ""
        self._node = secrets.token_hex(6)
        self._folding = asyncio.Lock()
        self._storing = asyncio.Lock()
        self._objects: OrderedDict[str, bytes] = OrderedDict()
        self._writer = Writer(connection, gym, self._after)

    # ------------------------------------------------------------ life

    async def provision(self) -> None:
        """Create the stream and the bucket; needs the admin's credentials."""
        from nats.js.api import ObjectStoreConfig

        config = {
            "name": STREAM,
            "subjects": ["hg.*.ev.>"],
            "storage": "file",
            "retention": "limits",
            "discard": "new",
            "max_msg_size": MAX_EVENT_BYTES,
            "duplicate_window": 120_000_000_000,
            "deny_delete": True,
            "deny_purge": True,
            "allow_direct": True,
            "allow_atomic": True,
            "num_replicas": 1,
        }
        try:
            await api(self._connection, f"STREAM.CREATE.{STREAM}", config)
        except ApiError as error:
            if error.code not in STREAM_EXISTS:
                raise
        with suppress(NatsError):
            await self._client.jetstream().create_object_store(
                BUCKET, ObjectStoreConfig(bucket=BUCKET)
            )

    async def run(self) -> None:
        """Keep the writer going; `connect` does this for you."""
        await self._writer.run()

    # ------------------------------------------------------------ write

    async def append(self, head: Head, drafts: Sequence[Draft]) -> list[Recorded]:
        """See Log.append."""
        from .events import canonical

        sealed = seal(self.gym, head, drafts)
        last = await self._writer.append(head, sealed)
        first = last - len(sealed) + 1
        return [
            Recorded(sequence=first + i, event=event, body=canonical(event))
            for i, event in enumerate(sealed)
        ]

    async def _after(self, head: Head) -> list[Recorded]:
        return await self.read(head.aggregate, after=head.n)

    # ------------------------------------------------------------ read

    async def read(self, aggregate: str, after: int = 0) -> list[Recorded]:
        """See Log.read. An agent sees its own kinds of events only."""
        prefix = f"hg.{self.gym}.ev.{aggregate}"
        if self._agent:
            found = await self._read_as_agent(prefix)
        else:
            messages = await read_subjects(self._client, f"{prefix}.*")
            found = [recorded(message) for message in messages]
        return [r for r in found if r.event.n > after]

    async def _read_as_agent(self, prefix: str) -> list[Recorded]:
        found: list[Recorded] = []
        async with self._folding:
            for type_ in AGENT_READS:
                found += await self._drain(f"{prefix}.{type_}", type_)
        return sorted(found, key=lambda r: r.event.n)

    async def _drain(self, filter_: str, type_: str) -> list[Recorded]:
        """Everything that matches now. A reader that is lost with its server is made again."""
        for _ in range(LOST_READERS):
            with suppress(LogGap):
                return await self._drained(filter_, type_)
            await asyncio.sleep(RETRY_SECONDS)
        return await self._drained(filter_, type_)

    async def _drained(self, filter_: str, type_: str) -> list[Recorded]:
        """Everything that matches now, through a short-lived consumer of an agent."""
        name, waiting = await self._agent_consumer(type_, filter_, start=0)
        puller = Puller(self._client, name)
        found: list[Recorded] = []
        try:
            await puller.open()
            while len(found) < waiting:
                found += [recorded(m) for m in await puller.take(waiting - len(found))]
        finally:
            await puller.close()
            await self._delete(name)
        return found

    async def _agent_consumer(self, type_: str, filter_: str, start: int) -> tuple[str, int]:
        for slot in range(AGENT_SLOTS):
            name = reader_name(self._agent, slot, type_)
            try:
                waiting = await create_consumer(
                    self._connection, name, [filter_], start=start, node=secrets.token_hex(4)
                )
            except ApiError as error:
                if error.code != EXISTS:
                    raise
            else:
                return name, waiting
        raise Unavailable(f"{AGENT_SLOTS} nodes already read {type_} for agent {self._agent}")

    async def _delete(self, name: str) -> None:
        """Free an agent's reader for its next use; other readers vanish when left alone."""
        if self._agent and not self._client.is_closed:
            with suppress(ApiError, Unavailable, Forbidden):
                await api(self._connection, f"CONSUMER.DELETE.{STREAM}.{name}")

    async def last_sequence(self) -> int:
        """See Log.last_sequence."""
        answer = msgspec.json.decode(await api(self._connection, f"STREAM.INFO.{STREAM}"))
        last: int = answer["state"]["last_seq"]
        return last

    async def created(self) -> str:
        """When this stream was made: a projection of another stream must be rebuilt."""
        answer = msgspec.json.decode(await api(self._connection, f"STREAM.INFO.{STREAM}"))
        return str(answer["created"])

    async def records(
        self, *types: str, owner: str = "*", after: int = 0, follow: bool = True
    ) -> AsyncIterator[list[Recorded]]:
        """See Log.records. A consumer lost with its server is made again from the cursor."""
        filters = [pattern(self.gym, t, owner) for t in types] or [f"hg.{self.gym}.ev.>"]
        stalled = -1
        while True:
            last = await self.last_sequence()
            if last < after:
                raise LogGap(f"the log ends at {last}, but {after} had been read: rebuild")
            name, waiting = await self._reader(types, filters, after + 1)
            if not follow and not waiting:
                await self._delete(name)
                return
            puller = Puller(self._client, name)
            await puller.open()
            try:
                while True:
                    patience = math.inf if follow else STALL_SECONDS
                    messages = await puller.take(PULL_BATCH, patience)
                    batch = [recorded(m) for m in messages]
                    yield batch
                    after = batch[-1].sequence
                    if not follow and place(messages[-1]).pending == 0:
                        return
            except LogGap as gap:
                if not follow and stalled == after:
                    raise LogGap(
                        f"the store lost events: {waiting} wait after {after}, none can be read"
                    ) from gap
                stalled = after
                await asyncio.sleep(0.1)
            finally:
                await puller.close()
                await self._delete(name)

    async def _reader(
        self, types: Sequence[str], filters: Sequence[str], start: int
    ) -> tuple[str, int]:
        if self._agent:
            if len(types) != 1:
                raise Forbidden("an agent follows one type of event at a time")
            return await self._agent_consumer(types[0], filters[0], start)
        name = f"{self.user}-{secrets.token_hex(8)}"
        waiting = await create_consumer(
            self._connection, name, filters, start=start, node=self._node
        )
        return name, waiting

    async def follow(self, *types: str, durable: str = "", after: int = 0) -> AsyncIterator[Event]:
        """Events of these types, one by one, for ever.

        With `durable` the server remembers the place under that name: an event whose loop body was
        left normally is not seen again, one that was interrupted is.
        """
        if not durable:
            async for batch in self.records(*types, after=after):
                for each in batch:
                    yield each.event
            return
        async for claim in self.claims(durable, *types, slots=asyncio.Semaphore(PULL_BATCH)):
            yield claim.recorded.event
            await claim.ack()

    async def claims(
        self,
        name: str,
        *types: str,
        owner: str = "*",
        ack_wait: float = 30.0,
        slots: asyncio.Semaphore,
    ) -> AsyncIterator[Claim]:
        """Work from a queue that all nodes with the same durable name share.

        One slot is taken for each claim; whoever finishes the work releases it.
        """
        filters = [pattern(self.gym, t, owner) for t in types]
        await create_consumer(
            self._connection, name, filters, durable=True, ack_wait=ack_wait, max_ack_pending=-1
        )
        puller = Puller(self._client, name, batch=1)
        await puller.open()
        try:
            while True:
                await slots.acquire()
                try:
                    (message,) = await puller.take(1)
                except LogGap:
                    slots.release()
                    await create_consumer(
                        self._connection,
                        name,
                        filters,
                        durable=True,
                        ack_wait=ack_wait,
                        max_ack_pending=-1,
                    )
                    continue
                except BaseException:
                    slots.release()
                    raise
                yield Claim(message)
        finally:
            await puller.close()

    # ------------------------------------------------------------ objects

    async def put(self, data: bytes) -> str:
        """See Log.put."""
        name = digest(data)
        async with self._storing:
            if name not in self._objects:
                await self._store(name, data)
                self._remember(name, data)
        return name

    async def _store(self, name: str, data: bytes) -> None:
        try:
            store = await self._client.jetstream().object_store(BUCKET)
            try:
                await store.get_info(name)
            except (NotFoundError, ObjectNotFoundError):
                await store.put(name, data)
        except (TimeoutError, NatsError) as error:
            raise Unavailable(f"object {name} could not be stored: {error}") from error

    def _remember(self, name: str, data: bytes) -> None:
        """Keep the latest objects: policies and schemas are asked for by every episode."""
        self._objects[name] = data
        while len(self._objects) > OBJECTS_KEPT:
            self._objects.popitem(last=False)

    async def get(self, name: str) -> bytes:
        """See Log.get."""
        async with self._storing:
            if name not in self._objects:
                self._remember(name, await self._fetch(name))
            return self._objects[name]

    async def _fetch(self, name: str) -> bytes:
        try:
            store = await self._client.jetstream().object_store(BUCKET)
            data = (await store.get(name)).data or b""
        except (NotFoundError, ObjectNotFoundError) as error:
            raise ObjectMissing(f"object {name} is not in the store") from error
        except (TimeoutError, NatsError) as error:
            raise Unavailable(f"object {name} could not be read: {error}") from error
        if digest(data) != name:
            raise ObjectMissing(f"object {name}: its bytes do not have that digest")
        return data


async def _reach(url: str, seed: Path, user: str) -> Connection:
    """Connect as a user, or raise Unavailable with the reason."""
    connection = Connection()
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await connection.client.connect(
                servers=[url],
                nkeys_seed=str(seed),
                inbox_prefix=inbox(user).encode(),
                error_cb=connection.on_error,
                max_reconnect_attempts=-1,
                reconnect_time_wait=0.1,
                pending_size=8 << 20,
                drain_timeout=DRAIN_SECONDS,
            )
    except NkeysError as error:
        raise Unavailable(f"{seed} is no seed of a user: {error!r}") from error
    except (TimeoutError, NoServersError, NatsError, OSError) as error:
        with suppress(NatsError, OSError):
            await connection.client.close()
        raise Unavailable(f"no log server answers at {url}") from error
    return connection


@asynccontextmanager
async def connect(
    url: str = "",
    *,
    user: str = "viewer",
    creds: str | Path = "",
    gym: str = "gym",
    data: Path = Path(".healthgym"),
) -> AsyncIterator[JetStreamLog]:
    """Open the log of a running gym.

    `creds` is a seed file, or the directory that holds `<user>.nk`; without it, and without `url`,
    both come from `<data>/connection.json`. Raises Unavailable if nothing answers.
    """
    if not url or not creds:
        endpoint = read_endpoint(data)
        url = url or endpoint.url
        creds = creds or endpoint.creds
        gym = endpoint.gym
    seed = Path(creds) / f"{user}.nk" if Path(creds).is_dir() else Path(creds)
    if not seed.is_file():
        raise Unavailable(f"no credentials for {user}: {seed} does not exist")
    connection = await _reach(url, seed, user)
    log = JetStreamLog(connection, gym, user)
    writer = asyncio.create_task(log.run())
    try:
        if user == "admin":
            await log.provision()
        yield log
    finally:
        writer.cancel()
        with suppress(asyncio.CancelledError):
            await writer
        with suppress(NatsError, TimeoutError):
            await connection.client.close()
