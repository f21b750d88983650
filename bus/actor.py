"""The one loop: claim work, fold its events, step, append, acknowledge.

A role says what work is and how one job of it goes on; this loop does everything that touches the
bus. The unit of claiming is an aggregate (an episode, a workout, an agent). Claims are renewed
while the job is open; when a node dies its claims go to another node, which folds and continues.
The fence is optimistic concurrency: a node that lost its job gets Conflict and starts its fold
again, so no event is ever appended on a stale view.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec
import structlog

from .claim import Claim
from .errors import BusError, Conflict
from .events import Draft, Head, Recorded, head_of
from .jetstream import JetStreamLog

log_ = structlog.get_logger(__name__)

MOST_DELIVERIES = 5
ACK_WAIT_SECONDS = 15.0


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What a job wants appended now, and whether it is finished."""

    drafts: tuple[Draft, ...] = ()
    """For the job's own aggregate."""
    others: tuple[tuple[str, tuple[Draft, ...]], ...] = ()
    """First events of new aggregates; one that exists already is left alone."""
    done: bool = False


class Job(Protocol):
    """One piece of claimed work."""

    async def step(self, fresh: Sequence[Recorded]) -> Step:
        """Go on, given events not seen before (at first: the whole history)."""
        ...


class Role(Protocol):
    """What one kind of actor does."""

    @property
    def name(self) -> str:
        """Name of the work queue that all nodes of this role share."""
        ...

    @property
    def owner(self) -> str:
        """Only work of this owner, "*" for everyone's."""
        ...

    @property
    def claims(self) -> tuple[str, ...]:
        """Event types that create work."""
        ...

    @property
    def wakes(self) -> tuple[str, ...]:
        """Event types that let an open job go on."""
        ...

    @property
    def begins(self) -> bool:
        """A claim's first delivery is the whole history of its job."""
        ...

    def key(self, recorded: Recorded) -> str:
        """The job that an event belongs to."""
        ...

    async def history(self, log: JetStreamLog, claim: Recorded) -> list[Recorded]:
        """What has happened in this job so far, in log order."""
        ...

    def open(self, claim: Recorded) -> Job:
        """A job without memory, to be fed its history."""
        ...

    @property
    def patience(self) -> float | None:
        """Seconds without an event after which `expired` is asked; None waits for ever."""
        ...

    def expired(self, history: Sequence[Recorded]) -> Step:
        """What to do when nobody went on with the job in time."""
        ...

    def give_up(self, claim: Recorded, history: Sequence[Recorded]) -> Step:
        """How to end a job that brought down every node that took it."""
        ...


class _Open:
    """An open job: its claim and the events waiting for it."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.waiting: asyncio.Queue[Recorded] = asyncio.Queue()

    async def next(self, after: int) -> list[Recorded]:
        """Events after a sequence; waits for at least one of them."""
        while True:
            first = await self.waiting.get()
            fresh = [first]
            while not self.waiting.empty():
                fresh.append(self.waiting.get_nowait())
            if fresh := [r for r in fresh if r.sequence > after]:
                return fresh


class Actor:
    """Runs one role on one connection until cancelled or told to stop."""

    def __init__(
        self, log: JetStreamLog, role: Role, *, slots: int = 32, ack_wait: float = ACK_WAIT_SECONDS
    ) -> None:
        self._log = log
        self._role = role
        self._slots = asyncio.Semaphore(slots)
        self._ack_wait = ack_wait
        self._open: dict[str, _Open] = {}
        self._listening = asyncio.Event()
        self.idle = asyncio.Event()
        """Set while no job is open."""
        self.idle.set()

    async def run(self) -> None:
        """Work for ever; on cancellation hand open jobs to other nodes."""
        start = await self._log.last_sequence()
        async with asyncio.TaskGroup() as group:
            for types in self._readers():
                group.create_task(self._listen(types, start))
            group.create_task(self._renew())
            group.create_task(self._claim(group))

    def _readers(self) -> list[tuple[str, ...]]:
        """One reader for all wakes; an agent's credentials allow one type a reader."""
        wakes = self._role.wakes
        if self._log.user.startswith("agent-"):
            return [(t,) for t in wakes]
        return [wakes] if wakes else []

    async def _listen(self, types: tuple[str, ...], start: int) -> None:
        """Hand every event of these types to the open job it belongs to."""
        async for batch in self._log.records(*types, owner=self._role.owner, after=start):
            for recorded in batch:
                job = self._open.get(self._role.key(recorded))
                if job is not None:
                    job.waiting.put_nowait(recorded)

    async def _renew(self) -> None:
        """Tell the server that open jobs are still being worked on."""
        while True:
            await asyncio.sleep(self._ack_wait / 3)
            for job in list(self._open.values()):
                await job.claim.in_progress()

    async def _claim(self, group: asyncio.TaskGroup) -> None:
        claims: AsyncIterator[Claim] = self._log.claims(
            self._role.name,
            *self._role.claims,
            owner=self._role.owner,
            ack_wait=self._ack_wait,
            slots=self._slots,
        )
        async for claim in claims:
            key = self._role.key(claim.recorded)
            if key in self._open:
                # redelivered although this node still works on it: the newer claim is to be acked
                self._open[key].claim = claim
                self._slots.release()
                continue
            self._open[key] = _Open(claim)
            self.idle.clear()
            group.create_task(self._work(key))

    async def _work(self, key: str) -> None:
        job = self._open[key]
        try:
            await self._drive(job)
            await job.claim.ack()
        except asyncio.CancelledError:
            with suppress(BusError, TimeoutError):
                await asyncio.shield(job.claim.hand_back())
            raise
        finally:
            del self._open[key]
            self._slots.release()
            if not self._open:
                self.idle.set()

    async def _drive(self, job: _Open) -> None:
        """Step until done; on Conflict fold again from the log."""
        claim, first = job.claim.recorded, True
        while True:
            fresh = first and self._role.begins and job.claim.deliveries == 1
            history = [claim] if fresh else await self._role.history(self._log, claim)
            first = False
            try:
                if job.claim.deliveries > MOST_DELIVERIES:
                    log_.warning("gave up", aggregate=claim.event.aggregate)
                    await self._append(
                        claim, _last_of(claim, history, None), self._role.give_up(claim, history)
                    )
                else:
                    await self._continue(job, history)
            except Conflict as conflict:
                log_.info("folding again", aggregate=conflict.aggregate, after=conflict.expected)
            else:
                return

    async def _continue(self, job: _Open, history: list[Recorded]) -> None:
        claim = job.claim.recorded
        work = self._role.open(claim)
        fresh = history
        floor = max((r.sequence for r in history), default=0)
        last = _last_of(claim, history, None)
        while True:
            step = await work.step(fresh)
            stored = await self._append(claim, last, step)
            last = _last_of(claim, stored, last)
            if step.done:
                return
            if stored:
                fresh = stored
                continue
            waited = await self._wait(job, floor)
            if waited is None:
                return
            fresh = waited
            last = _last_of(claim, fresh, last)

    async def _wait(self, job: _Open, floor: int) -> list[Recorded] | None:
        """The next events of a job; None if it was ended because nobody went on with it."""
        claim = job.claim.recorded
        while True:
            try:
                async with asyncio.timeout(self._role.patience):
                    return await job.next(floor)
            except TimeoutError:
                history = await self._role.history(self._log, claim)
                step = self._role.expired(history)
                await self._append(claim, _last_of(claim, history, None), step)
                if step.done:
                    return None

    async def _append(self, claim: Recorded, last: Recorded | None, step: Step) -> list[Recorded]:
        await asyncio.gather(*(self._begin(name, drafts) for name, drafts in step.others))
        if not step.drafts:
            return []
        head = head_of([last] if last else [], claim.event.aggregate)
        return await self._log.append(head, step.drafts)

    async def _begin(self, aggregate: str, drafts: tuple[Draft, ...]) -> None:
        with suppress(Conflict):
            await self._log.append(Head(aggregate=aggregate), drafts)


def _last_of(
    claim: Recorded, recorded: Sequence[Recorded], known: Recorded | None
) -> Recorded | None:
    """The newest event of the claim's aggregate among these."""
    own = [r for r in recorded if r.event.aggregate == claim.event.aggregate]
    newest = max(own, key=lambda r: r.event.n, default=known)
    return known if known and newest and known.event.n > newest.event.n else newest
