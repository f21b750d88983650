"""The parts of NATS JetStream that the client library does not offer, as plain requests.

Consumer creation with names and single filters that the server checks, continuous pull, batched
direct reads, atomic batches.
"""

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from .errors import BusError, Forbidden, LogGap, Unavailable
from .permissions import STREAM

REQUEST_SECONDS = 5.0
PATIENCE_SECONDS = 30.0
RETRY_SECONDS = 0.25
PULL_BATCH = 500
PULL_EXPIRES_NS = 20_000_000_000
HEARTBEAT_NS = 2_000_000_000
HEARTBEAT_MISSED_SECONDS = 6.0
INACTIVE_NS = 30_000_000_000

NO_MESSAGES = "404"
EXISTS = 10148
WRONG_LAST_SEQUENCE = 10071
DUPLICATE_IN_BATCH = 10201
STORAGE_CODES = (10077, 10023, 10047)


class ApiError(BusError):
    """JetStream refused a request; `code` is its error code."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"JetStream error {code}: {description}")
        self.code = code
        self.description = description


class _Error(msgspec.Struct, frozen=True):
    code: int = 0
    err_code: int = 0
    description: str = ""


class _Reply(msgspec.Struct, frozen=True):
    error: _Error | None = None


class PubAck(msgspec.Struct, frozen=True):
    """Acknowledgement of a publish or of a batch's commit: `seq` is the last one stored."""

    stream: str = ""
    seq: int = 0
    duplicate: bool = False
    error: _Error | None = None


class Place(msgspec.Struct, frozen=True):
    """Where a delivered message stands, read from its reply subject."""

    sequence: int
    delivered: int
    pending: int


def place(message: Msg) -> Place:
    """Stream sequence, delivery count and messages left, of a message from a consumer."""
    tokens = message.reply.split(".")
    # `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>`,
    # two tokens more (domain, account) in the newer form
    delivered, sequence, _, _, pending = tokens[4:9] if len(tokens) == 9 else tokens[6:11]
    return Place(int(sequence), int(delivered), int(pending))


class Connection:
    """A client and what its server refused: a refusal answers the request it belongs to."""

    def __init__(self) -> None:
        self.client = Client()
        self._waiting: dict[str, asyncio.Future[Msg]] = {}

    async def on_error(self, error: Exception) -> None:
        """Error callback of the client: the server lower-cases the subject it refuses."""
        text = str(error)
        if "permissions violation" in text.lower():
            for subject, future in self._waiting.items():
                if f'"{subject}"' in text.lower() and not future.done():
                    future.set_exception(Forbidden(text))

    async def request(
        self, subject: str, body: bytes, headers: dict[str, str] | None = None
    ) -> Msg:
        """One request. Raises Forbidden at once if refused, TimeoutError, NatsError."""
        refused: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        key = subject.lower()
        self._waiting[key] = refused
        asked = asyncio.ensure_future(
            self.client.request(subject, body, timeout=REQUEST_SECONDS, headers=headers)
        )
        try:
            done, _ = await asyncio.wait({asked, refused}, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            self._waiting.pop(key, None)
            asked.cancel()
            refused.cancel()


async def api(connection: Connection, verb: str, body: dict[str, Any] | None = None) -> bytes:
    """One JetStream API request, asked again while the server is away.

    Raises ApiError or Forbidden at once, Unavailable after the deadline.
    """
    payload = msgspec.json.encode(body) if body is not None else b""
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            return _checked(await connection.request(f"$JS.API.{verb}", payload))
        except (TimeoutError, NatsError) as error:
            if asyncio.get_running_loop().time() > deadline:
                raise Unavailable(f"no answer to {verb} in {PATIENCE_SECONDS:.0f} s") from error
            await asyncio.sleep(RETRY_SECONDS)


def _checked(reply: Msg) -> bytes:
    error = msgspec.json.decode(reply.data, type=_Reply).error
    if error is not None:
        raise ApiError(error.err_code or error.code, error.description)
    return bytes(reply.data)


async def create_consumer(
    connection: Connection,
    name: str,
    filters: Sequence[str],
    *,
    start: int = 0,
    durable: bool = False,
    ack_wait: float = 0.0,
    max_ack_pending: int = 1000,
    node: str = "",
) -> int:
    """Create a pull consumer on the log and return how many messages wait in it.

    `start` is the first stream sequence wanted (0: all). `ack_wait` 0 means no acknowledgements.
    An ephemeral consumer is tied to `node`: another node's attempt on the same name is refused.
    """
    config: dict[str, Any] = {
        "name": name,
        "ack_policy": "explicit" if ack_wait else "none",
        "deliver_policy": "by_start_sequence" if start > 1 else "all",
        "replay_policy": "instant",
        "max_deliver": -1,
    }
    if start > 1:
        config["opt_start_seq"] = start
    if ack_wait:
        config |= {"ack_wait": int(ack_wait * 1e9), "max_ack_pending": max_ack_pending}
    if durable:
        config["durable_name"] = name
    else:
        config |= {
            "mem_storage": True,
            "inactive_threshold": INACTIVE_NS,
            "metadata": {"node": node},
        }
    if len(filters) == 1:
        config["filter_subject"] = filters[0]
        verb = f"CONSUMER.CREATE.{STREAM}.{name}.{filters[0]}"
    else:
        config["filter_subjects"] = list(filters)
        verb = f"CONSUMER.CREATE.{STREAM}.{name}"
    body = {"stream_name": STREAM, "config": config, "action": "" if durable else "create"}
    answer = msgspec.json.decode(await api(connection, verb, body))
    waiting: int = answer.get("num_pending", 0)
    return waiting


class Puller:
    """Continuous pull from one consumer: the callback only buffers, readers take batches."""

    def __init__(self, client: Client, consumer: str, *, batch: int = PULL_BATCH) -> None:
        self._client = client
        self._consumer = consumer
        self._batch = batch
        self._buffer: deque[Msg] = deque()
        self._arrived = asyncio.Event()
        self._wanted = 0
        self._inbox = client.new_inbox()
        self._subscription: Any = None
        self._gone = False

    async def open(self) -> None:
        """Start listening. Nothing is requested before `take`."""
        self._subscription = await self._client.subscribe(self._inbox, cb=self._on_message)

    async def _on_message(self, message: Msg) -> None:
        status = (message.headers or {}).get("Status") if message.headers else None
        if status is None:
            self._wanted = max(0, self._wanted - 1)
            self._buffer.append(message)
        elif status == "409" and "Consumer Deleted" in str(message.headers):
            self._gone = True
        elif status in {NO_MESSAGES, "408", "409"}:
            self._wanted = 0
        elif status == "503":
            self._gone = True
        self._arrived.set()

    async def _request(self, count: int) -> None:
        self._wanted += count
        body = {"batch": count, "expires": PULL_EXPIRES_NS, "idle_heartbeat": HEARTBEAT_NS}
        await self._client.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{self._consumer}",
            msgspec.json.encode(body),
            reply=self._inbox,
        )

    async def take(self, most: int = PULL_BATCH, patience: float = math.inf) -> list[Msg]:
        """Wait for messages and return at most `most`.

        Raises LogGap if the consumer is gone, or if nothing came for `patience` seconds.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        while not self._buffer:
            if loop.time() > deadline:
                raise LogGap(f"nothing came from {self._consumer} in {patience:.0f} s")
            if self._gone:
                raise LogGap(f"consumer {self._consumer} no longer exists")
            if self._wanted <= 0:
                await self._request(min(self._batch, most))
            self._arrived.clear()
            try:
                async with asyncio.timeout(HEARTBEAT_MISSED_SECONDS):
                    await self._arrived.wait()
            except TimeoutError:
                # no message and no heartbeat: the server went away and came back
                self._wanted = 0
        taken = [self._buffer.popleft() for _ in range(min(most, len(self._buffer)))]
        if self._wanted < self._batch // 2:
            await self._request(min(self._batch, most) - self._wanted)
        return taken

    async def close(self) -> None:
        """Stop listening."""
        if self._subscription is not None and not self._client.is_closed:
            await self._subscription.unsubscribe()


async def read_subjects(client: Client, filter_: str, start: int = 1) -> list[Msg]:
    """All stored messages whose subject matches, from stream sequence `start`, in order."""
    found: list[Msg] = []
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            part = await _direct_batch(client, filter_, start)
        except (Unavailable, NatsError) as error:
            if asyncio.get_running_loop().time() > deadline:
                raise Unavailable(f"{filter_} could not be read: {error}") from error
            await asyncio.sleep(RETRY_SECONDS)
            continue
        found += part
        if len(part) < PULL_BATCH:
            return found
        start = int((part[-1].headers or {})["Nats-Sequence"]) + 1


async def _direct_batch(client: Client, filter_: str, start: int) -> list[Msg]:
    messages: list[Msg] = []
    done = asyncio.get_running_loop().create_future()

    async def on_message(message: Msg) -> None:
        status = (message.headers or {}).get("Status")
        if status is None:
            messages.append(message)
        elif not done.done():
            done.set_result(status)

    inbox = client.new_inbox()
    subscription = await client.subscribe(inbox, cb=on_message)
    verb = f"$JS.API.DIRECT.GET.{STREAM}"
    body = {"seq": start, "batch": PULL_BATCH, "next_by_subj": filter_}
    try:
        await client.publish(verb, msgspec.json.encode(body), reply=inbox)
        async with asyncio.timeout(REQUEST_SECONDS):
            status = await done
    except TimeoutError as error:
        raise Unavailable("no answer to a read") from error
    finally:
        if not client.is_closed:
            await subscription.unsubscribe()
    if status not in {"204", NO_MESSAGES}:
        raise Unavailable(f"read of {filter_} answered with status {status}")
    return messages
