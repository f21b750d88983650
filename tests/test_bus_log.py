"""One contract, two logs: JetStream and a file."""

import asyncio
from collections.abc import Sequence

import pytest

from healthgym.bus.errors import Conflict, ObjectMissing
from healthgym.bus.events import (
    Draft,
    EpisodeEnded,
    Head,
    NodeStarted,
    Recorded,
    decode,
    digest,
    episode,
    head_of,
)
from healthgym.bus.log import Log, events


def ended(turns: int) -> Draft:
    return Draft(data=EpisodeEnded(reason="submitted", turns=turns))


def head(name: str) -> Head:
    return Head(aggregate=name)


async def test_append_gives_positions_chain_and_sequence(log: Log) -> None:
    name = episode("alice", "e1")
    first = await log.append(head(name), [ended(1), ended(2)])
    second = await log.append(head_of(first, name), [ended(3)])
    stored = [*first, *second]
    assert [r.event.n for r in stored] == [1, 2, 3]
    assert [r.sequence for r in stored] == [1, 2, 3]
    assert [r.event.prev for r in stored] == ["", digest(stored[0].body), digest(stored[1].body)]
    assert await log.read(name) == stored
    assert await log.read(name, after=2) == second
    assert await log.read(episode("alice", "e2")) == []


async def test_a_retry_is_the_same_event(log: Log) -> None:
    name = episode("alice", "e1")
    first = await log.append(head(name), [ended(1), ended(2)])
    again = await log.append(head(name), [ended(1), ended(2)])
    assert again == first
    assert await log.last_sequence() == 2


async def test_another_event_at_the_same_place_is_a_conflict(log: Log) -> None:
    name = episode("alice", "e1")
    await log.append(head(name), [ended(1)])
    with pytest.raises(Conflict, match="expected to append after event 0") as caught:
        await log.append(head(name), [ended(9)])
    assert caught.value.actual == 1
    assert await log.last_sequence() == 1


async def test_of_many_writers_exactly_one_wins_each_place(log: Log) -> None:
    name = episode("alice", "race")

    async def write(me: int) -> int:
        wins, last = 0, head(name)
        while last.n < 12:
            try:
                stored = await log.append(last, [ended(100 * me + last.n)])
                wins += 1
            except Conflict:
                stored = await log.read(name)
            last = head_of(stored, name)
        return wins

    wins = await asyncio.gather(*(write(i) for i in range(4)))
    stored = await log.read(name)
    assert [r.event.n for r in stored] == list(range(1, len(stored) + 1))
    assert sum(wins) == len(stored)


async def test_records_filter_by_type_owner_and_cursor(log: Log) -> None:
    for i, owner in enumerate(["alice", "bob", "alice"]):
        await log.append(head(episode(owner, f"e{i}")), [ended(i)])
    await log.append(head("node.scorer.x"), [Draft(data=NodeStarted(role="scorer", version="1"))])

    async def collect(*types: str, owner: str = "*", after: int = 0) -> list[int]:
        return [
            r.sequence
            async for batch in log.records(*types, owner=owner, after=after, follow=False)
            for r in batch
        ]

    assert await collect() == [1, 2, 3, 4]
    assert await collect("EpisodeEnded") == [1, 2, 3]
    assert await collect("EpisodeEnded", owner="alice") == [1, 3]
    assert await collect("EpisodeEnded", after=2) == [3]
    assert await collect("EpisodeScored") == []
    assert [e.type async for e in events(log, "NodeStarted")] == ["NodeStarted"]


async def test_follow_sees_what_is_appended_later(log: Log) -> None:
    seen: list[Recorded] = []

    async def follow() -> None:
        async for batch in log.records("EpisodeEnded"):
            seen.extend(batch)
            if len(seen) == 3:
                return

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(follow())
        for i in range(3):
            await asyncio.sleep(0.01)
            await log.append(head(episode("alice", f"e{i}")), [ended(i)])
    assert [r.event.data.turns for r in seen] == [0, 1, 2]


async def test_many_appends_at_once_are_all_stored_in_order(log: Log) -> None:
    async def play(i: int) -> Sequence[Recorded]:
        name = episode("alice", f"e{i}")
        stored: list[Recorded] = []
        for turn in range(5):
            stored += await log.append(head_of(stored, name), [ended(turn), ended(turn)])
        return stored

    played = await asyncio.gather(*(play(i) for i in range(40)))
    assert await log.last_sequence() == 400
    for stored in played:
        assert await log.read(stored[0].event.aggregate) == list(stored)
        assert [decode(r.body) for r in stored] == [r.event for r in stored]


async def test_objects_are_named_by_their_bytes(log: Log) -> None:
    data = b"x" * 300_000
    name = await log.put(data)
    assert name == digest(data) == await log.put(data)
    assert await log.get(name) == data
    with pytest.raises(ObjectMissing):
        await log.get(digest(b"never stored"))
