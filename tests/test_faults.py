"""Kill every kind of process in the middle of a run: it completes, nothing is lost or doubled."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from healthgym.bus.audit import Verifier
from healthgym.bus.events import Event, Recorded
from healthgym.bus.jetstream import JetStreamLog, connect
from healthgym.bus.server import Endpoint, serve
from healthgym.cli.audit import audit_log
from healthgym.cli.run import register
from healthgym.config import AgentConfig, GymConfig
from healthgym.node import provision
from healthgym.projections.store import Store, catch_up, names, projection, rebuild

pytestmark = pytest.mark.faults
ROLES = ("coach", "environment", "scorer", "projector", "agent", "learner")


class Fleet:
    """One process for each role, by the command that people use."""

    def __init__(self, endpoint: Endpoint, data: Path, config: GymConfig) -> None:
        self._endpoint = endpoint
        self._data = data
        self._config = data / "config.yaml"
        self._config.write_bytes(msgspec.yaml.encode(config))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, role: str) -> None:
        with (self._data / f"{role}.log").open("ab") as sink:
            self._processes[role] = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "healthgym.node",
                    "start",
                    "--role",
                    role,
                    "--nats",
                    self._endpoint.url,
                    "--creds",
                    self._endpoint.creds,
                    "--config",
                    str(self._config),
                    "--data",
                    str(self._data),
                    "--ack-wait",
                    "2",
                ],
                stdout=sink,
                stderr=sink,
            )

    def kill(self, role: str) -> None:
        self._processes[role].kill()
        self._processes[role].wait()

    def logs(self) -> str:
        return "\n".join(
            f"== {p.name}\n{p.read_text()[-600:]}" for p in sorted(self._data.glob("*.log"))
        )

    def stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@asynccontextmanager
async def gym(tmp_path: Path, config: GymConfig) -> AsyncIterator[tuple[Fleet, JetStreamLog]]:
    data = tmp_path / "data"
    agents = [a.agent_id for a in config.agents]
    async with serve(data, agents=agents, port=-1, durable=False) as endpoint:
        await provision(endpoint)
        fleet = Fleet(endpoint, data, config)
        async with connect(endpoint.url, user="admin", creds=endpoint.creds) as log:
            for entry in config.agents:
                await register(log, entry, config)
            try:
                yield fleet, log
            finally:
                fleet.stop()


async def count(log: JetStreamLog, *types: str) -> int:
    total = 0
    async for batch in log.records(*types, follow=False):
        total += len(batch)
    return total


async def wait_for(log: JetStreamLog, fleet: Fleet, type_: str, at_least: int) -> None:
    try:
        async with asyncio.timeout(50):
            while await count(log, type_) < at_least:
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"no {at_least} {type_}: {fleet.logs()}")


async def everything(log: JetStreamLog) -> list[Recorded]:
    return [r async for batch in log.records(follow=False) for r in batch]


def check(stored: list[Recorded], acknowledged: list[Recorded], episodes: int) -> None:
    """Whole chains, what was acknowledged is there, one score an episode."""
    verifier = Verifier("gym")
    for recorded in stored:
        verifier.add(recorded)
    assert verifier.report().problems == []
    bodies = {r.sequence: r.body for r in stored}
    assert all(bodies[r.sequence] == r.body for r in acknowledged)
    scored = [r.event.aggregate for r in stored if r.event.type == "EpisodeScored"]
    assert len(scored) == len(set(scored)) == episodes


def of_type(stored: list[Recorded], type_: str) -> list[Event]:
    return [r.event for r in stored if r.event.type == type_]


@pytest.mark.timeout(120)
async def test_every_role_and_the_server_are_killed_in_one_run(tmp_path: Path) -> None:
    plan = GymConfig(agents=[]).plan
    plan = msgspec.structs.replace(plan, test_episodes=160, greedy=False, max_turns=24)
    agents = [AgentConfig(agent_id="expert", backend="expert", train=False)]
    config = GymConfig(agents=agents, plan=plan, concurrent_episodes=12)
    async with gym(tmp_path, config) as (fleet, log):
        for role in ROLES[:-1]:
            fleet.start(role)
        acknowledged: list[Recorded] = []
        for i, role in enumerate(ROLES[:-1]):
            await wait_for(log, fleet, "EpisodeScored", 8 * (i + 1))
            acknowledged = await everything(log)
            fleet.kill(role)
            fleet.start(role)
        await wait_for(log, fleet, "EpisodeScored", 60)
        acknowledged = await everything(log)
        os.kill(int((tmp_path / "data" / "nats-server.pid").read_text()), signal.SIGKILL)
        await wait_for(log, fleet, "BenchmarkCompleted", 1)
        stored = await everything(log)
        check(stored, acknowledged, 160)
        (result,) = of_type(stored, "BenchmarkCompleted")
        assert (result.data.episodes, result.data.lost) == (160, 0)
        audited = await audit_log(log)
        assert (audited.differences, audited.replayed) == ([], 160)
        fleet.stop()
        for name in names():
            with Store(projection(name), tmp_path / "data") as store:
                await catch_up(log, store)
                lived = store.fingerprint()
            assert lived == await rebuild(log, projection(name), tmp_path / "fresh")


@pytest.mark.learn
@pytest.mark.timeout(170)
async def test_a_learner_killed_in_the_middle_of_a_workout_is_replaced(tmp_path: Path) -> None:
    plan = msgspec.structs.replace(
        GymConfig(agents=[]).plan,
        rounds=4,
        groups_per_round=1,
        group_size=4,
        test_episodes=0,
        validation_episodes=2,
        greedy=False,
        max_turns=10,
    )
    agents = [AgentConfig(agent_id="tiny", backend="transformers", model_path="tiny")]
    async with gym(tmp_path, GymConfig(agents=agents, plan=plan)) as (fleet, log):
        for role in ROLES:
            fleet.start(role)
        await wait_for(log, fleet, "TrainingStepped", 1)
        acknowledged = await everything(log)
        fleet.kill("learner")
        fleet.start("learner")
        await wait_for(log, fleet, "CycleCompleted", 1)
        stored = await everything(log)
        check(stored, acknowledged, 4 * 4 + 2 * 2)
        steps = [e.data for e in of_type(stored, "TrainingStepped")]
        assert [s.step for s in steps] == [1, 2, 3, 4]
        assert [e.data.attempt for e in of_type(stored, "TrainingStarted")] == [1, 2]
        played = {e.data.policy_version for e in of_type(stored, "EpisodeRequested")}
        assert {"", steps[0].policy_version, steps[1].policy_version} <= played
        assert len(of_type(stored, "TrainingCompleted")) == 1


def test_a_killed_run_leaves_no_process_behind(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("agents: [{agent_id: expert, backend: expert, train: false}]\n")
    data = tmp_path / "data"
    with (tmp_path / "out").open("wb") as sink:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "healthgym",
                "run",
                "--config",
                str(config),
                "--port",
                "-1",
                "--data",
                str(data),
            ],
            stdout=sink,
            stderr=sink,
        )
    wanted = ("nats-server.pid", "hospital.pid", "agents.pid", "learner.pid")

    def until(condition, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (tmp_path / "out").read_text()
            time.sleep(0.05)

    until(lambda: all((data / name).exists() for name in wanted), 20)
    pids = [int((data / name).read_text()) for name in wanted]
    process.kill()
    process.wait()

    def gone(pid: int) -> bool:
        stat = Path(f"/proc/{pid}/stat")
        return not stat.exists() or stat.read_text().split()[2] == "Z"

    until(lambda: all(gone(pid) for pid in pids), 20)


@pytest.mark.parametrize("role", ["scorer", "environment"])
def test_a_node_told_to_stop_while_it_starts_stops(tmp_path: Path, role: str) -> None:
    with (tmp_path / "out").open("wb") as sink:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "healthgym.node",
                "start",
                "--role",
                role,
                "--port",
                "-1",
                "--data",
                str(tmp_path / "data"),
            ],
            stdout=sink,
            stderr=sink,
        )
    deadline = time.monotonic() + 20
    while b"node started" not in (tmp_path / "out").read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.terminate()
    assert process.wait(20) == 0
    assert "node stopped" in (tmp_path / "out").read_text()
