"""The embedded server: who may speak, what it survives, how it fails."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from healthgym.bus.errors import (
    Conflict,
    Forbidden,
    LogGap,
    ServerStartFailed,
    StorageFull,
    Unavailable,
)
from healthgym.bus.events import (
    Dimension,
    Draft,
    EpisodeEnded,
    EpisodeScored,
    Head,
    NodeStarted,
    ToolCalled,
    TrainingFailed,
    agent,
    episode,
    head_of,
)
from healthgym.bus.jetstream import JetStreamLog, connect
from healthgym.bus.permissions import STREAM
from healthgym.bus.server import Endpoint, read_endpoint, serve
from healthgym.bus.wire import Puller, api


def score() -> Draft:
    full = Dimension(score=1.0)
    return Draft(
        data=EpisodeScored(
            scorer="forged",
            accuracy=full,
            process=full,
            safety=full,
            format=full,
            coherence=full,
            weighted=1.0,
            gate=1.0,
            composite=1.0,
            correct=True,
        )
    )


def call(turn: int = 1) -> Draft:
    return Draft(data=ToolCalled(tool="think", arguments={}, raw="", turn=turn))


@pytest.mark.parametrize(
    ("user", "aggregate", "draft"),
    [
        ("agent-alice", episode("alice", "e"), score()),
        ("learner", episode("alice", "e"), score()),
        ("environment", episode("alice", "e"), score()),
        ("agent-alice", episode("bob", "e"), call()),
        ("viewer", episode("alice", "e"), call()),
        (
            "scorer",
            agent("alice"),
            Draft(data=TrainingFailed(workout="w", failure_kind="learner_error", detail="")),
        ),
    ],
)
async def test_a_forged_event_is_refused_at_once(
    jetstream: JetStreamLog, endpoint: Endpoint, user: str, aggregate: str, draft: Draft
) -> None:
    async with connect(endpoint.url, user=user, creds=endpoint.creds) as log:
        started = time.monotonic()
        with pytest.raises(Forbidden, match="permissions violation"):
            await log.append(Head(aggregate=aggregate), [draft])
        assert time.monotonic() - started < 1.0
    assert await jetstream.last_sequence() == 0


async def test_an_agent_reads_its_own_turns_and_never_the_truth(
    jetstream: JetStreamLog, endpoint: Endpoint
) -> None:
    name = episode("alice", "e")
    stored = await jetstream.append(Head(aggregate=name), [score(), call()])
    async with connect(endpoint.url, user="agent-alice", creds=endpoint.creds) as log:
        assert [r.event.type for r in await log.read(name)] == ["ToolCalled"]
        for wanted, owner in (
            ("EpisodeScored", "alice"),
            ("EpisodeRequested", "alice"),
            ("ToolCalled", "bob"),
        ):
            with pytest.raises(Forbidden):
                async for _ in log.records(wanted, owner=owner, follow=False):
                    pass
        more = await log.append(head_of(stored, name), [call(2)])
        assert more[0].event.n == 3


async def test_an_agents_reader_that_is_lost_is_made_again(
    jetstream: JetStreamLog, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = episode("alice", "e")
    await jetstream.append(Head(aggregate=name), [score(), call()])
    take, lost = Puller.take, []

    async def losing(self: Puller, *arguments: Any) -> Any:
        if len(lost) < 2:  # as a server that was killed loses what it held in memory
            lost.append(self._consumer)
            await api(jetstream._connection, f"CONSUMER.DELETE.{STREAM}.{self._consumer}")
        return await take(self, *arguments)

    monkeypatch.setattr(Puller, "take", losing)
    async with connect(endpoint.url, user="agent-alice", creds=endpoint.creds) as log:
        assert [r.event.type for r in await log.read(name)] == ["ToolCalled"]
    assert len(lost) == 2


async def test_a_stranger_gets_no_connection(endpoint: Endpoint, tmp_path: Path) -> None:
    from healthgym.bus.server import make_user

    seed = tmp_path / "stranger.nk"
    make_user(seed)
    with pytest.raises(Unavailable):
        async with connect(endpoint.url, user="admin", creds=seed):
            pass


async def test_seeds_and_configuration_are_private(endpoint: Endpoint) -> None:
    creds = Path(endpoint.creds)
    assert creds.stat().st_mode & 0o777 == 0o700
    assert all(f.stat().st_mode & 0o777 == 0o600 for f in creds.iterdir())
    assert "127.0.0.1" in (creds.parent / "nats-server.conf").read_text()


async def test_a_taken_port_is_a_clear_error(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with pytest.raises(ServerStartFailed, match=f"port {port} on 127.0.0.1 is taken"):
            async with serve(tmp_path, port=port):
                pass


async def test_one_server_a_data_directory(endpoint: Endpoint) -> None:
    data = Path(endpoint.creds).parent
    with pytest.raises(ServerStartFailed, match="in use by another node"):
        async with serve(data, port=-1):
            pass


async def test_an_unusable_data_directory_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("not a folder")
    with pytest.raises(ServerStartFailed, match="not usable"):
        async with serve(path, port=-1):
            pass
    with pytest.raises(ServerStartFailed, match="no server is known"):
        read_endpoint(tmp_path)


async def test_nobody_there_is_unavailable(endpoint: Endpoint) -> None:
    with pytest.raises(Unavailable, match="no log server answers"):
        async with connect("nats://127.0.0.1:1", user="admin", creds=endpoint.creds):
            pass


async def test_a_killed_server_comes_back_with_everything_acknowledged(
    jetstream: JetStreamLog, endpoint: Endpoint
) -> None:
    pid_file = Path(endpoint.creds).parent / "nats-server.pid"
    acknowledged: dict[str, int] = {}

    async def write(i: int) -> None:
        name = episode("alice", f"e{i}")
        last = Head(aggregate=name)
        for turn in range(8):
            stored = await jetstream.append(last, [call(2 * turn), call(2 * turn + 1)])
            last = head_of(stored, name)
            acknowledged[name] = last.n
            await asyncio.sleep(0.02)

    async def kill() -> None:
        await asyncio.sleep(0.06)
        os.kill(int(pid_file.read_text()), signal.SIGKILL)

    await asyncio.gather(kill(), *(write(i) for i in range(8)))
    for name, count in acknowledged.items():
        assert count == 16
        stored = await jetstream.read(name)
        assert [r.event.n for r in stored] == list(range(1, 17))
        assert [r.event.data.turn for r in stored] == list(range(16))


async def test_a_reader_goes_on_after_the_server_was_killed(
    jetstream: JetStreamLog, endpoint: Endpoint
) -> None:
    pid_file = Path(endpoint.creds).parent / "nats-server.pid"
    seen: list[int] = []

    async def follow() -> None:
        async for batch in jetstream.records("ToolCalled"):
            seen.extend(r.sequence for r in batch)
            if seen[-1] == 20:
                return

    async def write() -> None:
        for i in range(20):
            if i == 10:
                os.kill(int(pid_file.read_text()), signal.SIGKILL)
            await jetstream.append(Head(aggregate=episode("alice", f"e{i}")), [call()])

    await asyncio.gather(follow(), write())
    assert seen == list(range(1, 21))


async def test_a_full_store_refuses_and_loses_nothing(jetstream: JetStreamLog) -> None:
    from healthgym.bus.wire import api

    connection = jetstream._connection
    import msgspec

    info = msgspec.json.decode(await api(connection, "STREAM.INFO.EV"))
    await api(connection, "STREAM.UPDATE.EV", info["config"] | {"max_bytes": 4096})
    stored = 0

    async def fill() -> None:
        nonlocal stored
        for i in range(100):
            await jetstream.append(Head(aggregate=episode("alice", f"e{i}")), [call()])
            stored += 1

    with pytest.raises(StorageFull):
        await fill()
    assert await jetstream.last_sequence() == stored > 0
    await api(connection, "STREAM.UPDATE.EV", info["config"] | {"max_bytes": -1})
    await jetstream.append(Head(aggregate=episode("alice", "more")), [call()])


async def test_a_cursor_beyond_the_log_is_a_gap(jetstream: JetStreamLog) -> None:
    with pytest.raises(LogGap, match="rebuild"):
        async for _ in jetstream.records(after=5):
            pass


async def test_a_durable_follower_sees_an_interrupted_event_again(
    jetstream: JetStreamLog, endpoint: Endpoint
) -> None:
    for i in range(3):
        data = EpisodeEnded(reason="submitted", turns=i)
        await jetstream.append(Head(aggregate=episode("alice", f"e{i}")), [Draft(data=data)])

    async def take(count: int) -> list[int]:
        turns: list[int] = []
        async with connect(endpoint.url, creds=endpoint.creds) as log:
            follower = log.follow("EpisodeEnded", durable="mine")
            async for event in follower:
                turns.append(event.data.turns)
                if len(turns) == count:
                    break
            await follower.aclose()
        return turns

    assert await take(2) == [0, 1]
    assert (await take(1))[0] in {1, 2}


async def test_two_writers_on_one_episode_lose_nothing(
    jetstream: JetStreamLog, endpoint: Endpoint
) -> None:
    name = episode("alice", "e")
    async with connect(endpoint.url, user="agent-alice", creds=endpoint.creds) as log:
        await jetstream.append(Head(aggregate=name), [call(1)])
        with pytest.raises(Conflict):
            await log.append(Head(aggregate=name), [call(2)])


def test_the_server_dies_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import asyncio, pathlib, sys\n"
        "from healthgym.bus.server import serve\n"
        "async def main():\n"
        "    async with serve(pathlib.Path(sys.argv[1]), port=-1):\n"
        "        print('up', flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == "up\n"
        pid = int((tmp_path / "nats-server.pid").read_text())
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and Path(f"/proc/{pid}").exists():
        state = Path(f"/proc/{pid}/stat").read_text().split()[2]
        if state == "Z":
            return
        time.sleep(0.02)
    assert not Path(f"/proc/{pid}").exists()


async def test_many_starts_leave_nothing_behind(tmp_path: Path) -> None:
    for _ in range(10):
        async with (
            serve(tmp_path, port=-1, durable=False) as endpoint,
            connect(endpoint.url, user="admin", creds=endpoint.creds) as log,
        ):
            await log.append(
                Head(aggregate=f"node.scorer.n{await log.last_sequence()}"),
                [Draft(data=NodeStarted(role="scorer", version="1"))],
            )
    assert not list(tmp_path.glob("*.ports"))
    assert not (tmp_path / "connection.json").exists()
