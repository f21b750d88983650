"""Take-over of episodes: two nodes of a role, one of them killed, frozen or drained."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

import pytest

from healthgym.bus.actor import Actor, Step
from healthgym.bus.episode import Episode, evolve
from healthgym.bus.events import (
    Draft,
    EpisodeEnded,
    EpisodeRequested,
    EpisodeStarted,
    Head,
    ObservationReturned,
    Recorded,
    Sampling,
    ToolCalled,
    episode,
)
from healthgym.bus.jetstream import JetStreamLog, connect
from healthgym.bus.permissions import claim_name
from healthgym.bus.server import Endpoint

pytestmark = pytest.mark.faults
TURNS = 12
EPISODES = 6
ACK_WAIT = 1.0


class Table:
    """A toy environment: it answers every call and ends the episode after TURNS."""

    name, owner = "environment", "*"
    claims, wakes = ("EpisodeRequested",), ("ToolCalled",)
    patience, begins = None, True

    def key(self, recorded: Recorded) -> str:
        return recorded.event.aggregate

    async def history(self, log: JetStreamLog, claim: Recorded) -> list[Recorded]:
        return await log.read(claim.event.aggregate)

    def open(self, claim: Recorded) -> "Sitting":
        return Sitting(claim, environment=True)

    def expired(self, history: Sequence[Recorded]) -> Step:
        return Step(done=True)

    def give_up(self, claim: Recorded, history: Sequence[Recorded]) -> Step:
        return Step(done=True)


class Guest(Table):
    """A toy agent: it calls a tool whenever it is its turn."""

    claims = ("EpisodeStarted",)
    wakes = ("ObservationReturned", "EpisodeEnded")
    owner, name = "alice", claim_name("alice")

    def open(self, claim: Recorded) -> "Sitting":
        return Sitting(claim, environment=False)


class Sitting:
    def __init__(self, claim: Recorded, *, environment: bool) -> None:
        self._state = Episode(aggregate=claim.event.aggregate)
        self._environment = environment

    async def step(self, fresh: Sequence[Recorded]) -> Step:
        for recorded in fresh:
            self._state = evolve(self._state, recorded.event)
        if self._state.ended is not None:
            return Step(done=True)
        await asyncio.sleep(0.01)
        return self._environment_step() if self._environment else self._agent_step()

    def _environment_step(self) -> Step:
        if self._state.started is None:
            data = EpisodeStarted(
                domain="toy", patient_id="P001", ticket="", policy_md="", tools="", code=""
            )
            return Step(drafts=(Draft(data=data),))
        if not self._state.waiting_for_environment:
            return Step()
        turn = len(self._state.turns)
        drafts = [Draft(data=ObservationReturned(turn=turn, ok=True, content={}))]
        if turn == TURNS:
            drafts.append(Draft(data=EpisodeEnded(reason="submitted", turns=turn)))
        return Step(drafts=tuple(drafts), done=turn == TURNS)

    def _agent_step(self) -> Step:
        if not self._state.waiting_for_agent:
            return Step()
        turn = len(self._state.turns) + 1
        call = ToolCalled(tool=f"by {os.getpid()}", arguments={}, raw="", turn=turn)
        return Step(drafts=(Draft(data=call),))


async def hold(url: str, creds: str, user: str) -> None:
    role = Table() if user == "environment" else Guest()
    async with connect(url, user=user, creds=creds) as log:
        actor = Actor(log, role, slots=EPISODES, ack_wait=ACK_WAIT)
        print("ready", flush=True)
        await actor.run()


class Fleet:
    """Toy nodes as real processes."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.processes: list[subprocess.Popen[str]] = []

    def node(self, user: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, __file__, self._endpoint.url, self._endpoint.creds, user],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        self.processes.append(process)
        return process

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


@pytest.fixture
def fleet(endpoint: Endpoint, jetstream: JetStreamLog):
    found = Fleet(endpoint)
    yield found
    found.close()


async def request(log: JetStreamLog) -> list[str]:
    names = [episode("alice", f"e{i}") for i in range(EPISODES)]
    for name in names:
        data = EpisodeRequested(
            task="t",
            domain="toy",
            variant="v",
            seed=1,
            generator="1",
            agent="alice",
            purpose="train",
            sampling=Sampling(),
        )
        await log.append(Head(aggregate=name), [Draft(data=data)])
    return names


async def ended(log: JetStreamLog) -> int:
    count = 0
    async for batch in log.records("EpisodeEnded", follow=False):
        count += len(batch)
    return count


async def turns(log: JetStreamLog) -> int:
    count = 0
    async for batch in log.records("ToolCalled", follow=False):
        count += len(batch)
    return count


async def until(condition, seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


async def check(log: JetStreamLog, names: list[str]) -> set[str]:
    """Every episode is whole: one start, turns 1 to TURNS once each, one end."""
    players: set[str] = set()
    for name in names:
        events = [r.event for r in await log.read(name)]
        assert [e.n for e in events] == list(range(1, 2 * TURNS + 4))
        calls = [e.data for e in events if isinstance(e.data, ToolCalled)]
        assert [c.turn for c in calls] == list(range(1, TURNS + 1))
        assert [e.type for e in events].count("EpisodeEnded") == 1
        players |= {c.tool for c in calls}
    return players


@pytest.mark.parametrize("role", ["agent-alice", "environment"])
async def test_a_killed_node_is_replaced_in_the_middle_of_its_episodes(
    fleet: Fleet, jetstream: JetStreamLog, role: str
) -> None:
    first = {user: fleet.node(user) for user in ("environment", "agent-alice")}
    names = await request(jetstream)

    async def midway() -> bool:
        return await turns(jetstream) >= EPISODES * TURNS // 3

    await until(midway)
    first[role].send_signal(signal.SIGKILL)
    fleet.node(role)

    async def all_ended() -> bool:
        return await ended(jetstream) == EPISODES

    await until(all_ended)
    players = await check(jetstream, names)
    if role == "agent-alice":
        assert len(players) == 2, "both nodes played"


async def test_two_nodes_share_the_work(fleet: Fleet, jetstream: JetStreamLog) -> None:
    for user in ("environment", "environment", "agent-alice", "agent-alice"):
        fleet.node(user)
    names = await request(jetstream)

    async def all_ended() -> bool:
        return await ended(jetstream) == EPISODES

    await until(all_ended)
    assert len(await check(jetstream, names)) == 2


async def test_a_frozen_node_that_wakes_up_changes_nothing(
    fleet: Fleet, jetstream: JetStreamLog
) -> None:
    fleet.node("environment")
    frozen = fleet.node("agent-alice")
    names = await request(jetstream)

    async def midway() -> bool:
        return await turns(jetstream) >= EPISODES * TURNS // 3

    await until(midway)
    frozen.send_signal(signal.SIGSTOP)
    fleet.node("agent-alice")

    async def almost() -> bool:
        return await turns(jetstream) >= EPISODES * TURNS * 2 // 3

    await until(almost)
    frozen.send_signal(signal.SIGCONT)

    async def all_ended() -> bool:
        return await ended(jetstream) == EPISODES

    await until(all_ended)
    await check(jetstream, names)


if __name__ == "__main__":
    asyncio.run(hold(*sys.argv[1:4]))
