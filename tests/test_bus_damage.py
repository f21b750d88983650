"""A damaged store is found, whatever part of it is hit."""

from pathlib import Path

import pytest

from healthgym.bus.audit import Verifier
from healthgym.bus.errors import BusError, CorruptLog, LogGap, StorageFull
from healthgym.bus.events import Draft, Head, ToolCalled, episode, head_of
from healthgym.bus.jetstream import connect
from healthgym.bus.log import FileLog
from healthgym.bus.server import serve

EVENTS = 40


def call(turn: int) -> Draft:
    return Draft(data=ToolCalled(tool="think", arguments={"thought": "x" * 40}, raw="", turn=turn))


async def write(data: Path) -> str:
    """A closed log of some events; returns its root."""
    async with (
        serve(data, port=-1) as endpoint,
        connect(endpoint.url, user="admin", creds=endpoint.creds) as log,
    ):
        for i in range(EVENTS // 4):
            name = episode("alice", f"e{i % 5}")
            last = head_of(await log.read(name), name)
            for turn in (1, 2):
                stored = await log.append(last, [call(turn), call(turn)])
                last = head_of(stored, name)
        return await audit(log)


async def audit(log) -> str:
    verifier = Verifier("gym")
    async for batch in log.records(follow=False):
        for recorded in batch:
            verifier.add(recorded)
    report = verifier.report()
    return "; ".join(p.what for p in report.problems) or report.root


async def read_again(data: Path) -> str:
    async with (
        serve(data, port=-1) as endpoint,
        connect(endpoint.url, user="admin", creds=endpoint.creds) as log,
    ):
        return await audit(log)


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
async def test_a_flipped_byte_in_the_servers_store_is_found(tmp_path: Path, place: float) -> None:
    root = await write(tmp_path)
    assert await read_again(tmp_path) == root
    (block,) = tmp_path.glob("nats/jetstream/**/EV/msgs/*.blk")
    content = bytearray(block.read_bytes())
    target = content.index(b"think", int(len(content) * place))
    content[target] ^= 1
    block.write_bytes(content)
    try:
        found = await read_again(tmp_path)
    except BusError:
        return
    assert found != root


async def test_a_flipped_byte_in_a_file_log_is_found(tmp_path: Path) -> None:
    async with FileLog(tmp_path) as log:
        await log.append(Head(aggregate=episode("alice", "e1")), [call(1), call(2), call(3)])
        root = await audit(log)
    path = tmp_path / "events.jsonl"
    content = bytearray(path.read_bytes())
    content[content.index(b"think", len(content) // 2)] ^= 1
    path.write_bytes(content)
    async with FileLog(tmp_path, writable=False) as log:
        found = await audit(log)
    assert "the content gives" in found
    assert found != root


async def test_a_torn_or_foreign_file_is_refused_with_its_line(tmp_path: Path) -> None:
    async with FileLog(tmp_path) as log:
        await log.append(Head(aggregate=episode("alice", "e1")), [call(1), call(2)])
    path = tmp_path / "events.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    with pytest.raises(CorruptLog, match="the last line is torn"):
        FileLog(tmp_path)
    path.write_bytes(whole + b"this is no event\n")
    with pytest.raises(CorruptLog, match="line 3"):
        FileLog(tmp_path)


async def test_a_file_log_is_written_by_one_process(tmp_path: Path) -> None:
    async with FileLog(tmp_path):
        with pytest.raises(BusError, match="in use by another process"):
            FileLog(tmp_path)
        async with FileLog(tmp_path, writable=False) as reader:
            with pytest.raises(BusError, match="opened for reading"):
                await reader.append(Head(aggregate=episode("alice", "e1")), [call(1)])


async def test_a_full_disk_refuses_the_append_and_keeps_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = episode("alice", "e1")
    async with FileLog(tmp_path) as log:
        stored = await log.append(Head(aggregate=name), [call(1)])
        size = (tmp_path / "events.jsonl").stat().st_size
        inner = log._file

        class Full:
            """A file on a disk with room for a few bytes only."""

            def write(self, data: bytes) -> int:
                return inner.write(data[:7])

            def __getattr__(self, name: str):
                return getattr(inner, name)

        monkeypatch.setattr(log, "_file", Full())
        with pytest.raises(StorageFull, match="nothing was appended"):
            await log.append(head_of(stored, name), [call(2)])
        monkeypatch.undo()
        assert (tmp_path / "events.jsonl").stat().st_size == size
        assert await log.append(head_of(stored, name), [call(2)])
    async with FileLog(tmp_path) as log:
        assert len(await log.read(name)) == 2


async def test_a_store_restored_from_an_older_copy_is_a_gap(tmp_path: Path) -> None:
    await write(tmp_path)
    async with (
        serve(tmp_path, port=-1) as endpoint,
        connect(endpoint.url, user="admin", creds=endpoint.creds) as log,
    ):
        with pytest.raises(LogGap, match="rebuild"):
            async for _ in log.records(after=EVENTS + 1, follow=False):
                pass
