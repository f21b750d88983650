"""The roles on the real bus, in one process: what they do with good and with bad input."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from healthgym.agents.actor import Player
from healthgym.agents.expert import ExpertPolicy
from healthgym.agents.policy import Action, Policy, View
from healthgym.bus.actor import Actor
from healthgym.bus.events import (
    Draft,
    EpisodeRequested,
    Event,
    Head,
    PatientAnswered,
    Recorded,
    episode,
)
from healthgym.bus.jetstream import JetStreamLog, connect
from healthgym.bus.permissions import claim_name
from healthgym.bus.server import Endpoint
from healthgym.environments.actor import Environment, Word
from healthgym.environments.replay import replay
from healthgym.environments.session import request
from healthgym.knowledge.patients import Patient
from healthgym.knowledge.tasks import task
from healthgym.scorers import actor as scoring
from healthgym.scorers.errors import ScorerError


class Babbler:
    """A policy that never says anything a tool could understand."""

    async def act(self, view: View) -> Action:
        return Action(raw=f"Let me think about it. {len(view.turns)}\x1b[2J")

    async def close(self) -> None:
        """Nothing to release."""


@asynccontextmanager
async def staff(
    endpoint: Endpoint, policy: Policy, scorers: int = 1, word: Word | None = None
) -> AsyncIterator[None]:
    """An environment, an agent and some scorers, each with its own credentials."""
    async with asyncio.TaskGroup() as group, connections(endpoint, scorers) as logs:
        hospital, agent, *judges = logs
        roles = [
            Actor(hospital, Environment(hospital, word), ack_wait=5),
            Actor(agent, Player(agent, "alice", policy), ack_wait=5),
            *(Actor(log, scoring.Scorer(), ack_wait=5) for log in judges),
        ]
        tasks = [group.create_task(role.run()) for role in roles]
        try:
            yield
        finally:
            # nats-py swallows a cancellation that reaches it while it flushes.
            while not all(running.done() for running in tasks):
                for running in tasks:
                    running.cancel()
                await asyncio.sleep(0.05)


@asynccontextmanager
async def connections(endpoint: Endpoint, scorers: int) -> AsyncIterator[list[JetStreamLog]]:
    users = ["environment", claim_name("alice"), *["scorer"] * scorers]
    async with asyncio.timeout(30):
        opened = [connect(endpoint.url, user=u, creds=endpoint.creds) for u in users]
        logs = [await each.__aenter__() for each in opened]
        try:
            yield logs
        finally:
            for each in opened:
                await each.__aexit__(None, None, None)


async def ask(log: JetStreamLog, name: str, **changes: object) -> str:
    requested = request(task("dx_gerd_001"), agent="alice", max_turns=16)
    requested = msgspec.structs.replace(requested, **changes)
    aggregate = episode("alice", name)
    await log.append(Head(aggregate=aggregate), [Draft(data=requested, correlation="w1")])
    return aggregate


def in_triage(name: str) -> dict[str, object]:
    chosen = task(name)
    return {
        "task": name,
        "domain": chosen.domain,
        "variant": chosen.variant,
        "seed": chosen.seed,
        "max_turns": 30,
    }


async def until(log: JetStreamLog, aggregate: str, *types: str) -> list[Event]:
    async for batch in log.records(*types):
        if any(r.event.aggregate == aggregate for r in batch):
            return [r.event for r in await log.read(aggregate)]
    raise AssertionError


async def test_an_episode_is_played_judged_and_chained_by_cause(
    endpoint: Endpoint, jetstream: JetStreamLog
) -> None:
    async with staff(endpoint, ExpertPolicy(), scorers=3):
        events = await until(jetstream, await ask(jetstream, "e1"), "EpisodeScored")
        await asyncio.sleep(0.2)
        assert len(await jetstream.read(events[0].aggregate)) == len(events)
    assert events[-1].data.composite > 0.8
    assert {e.correlation for e in events} == {"w1"}
    ids = {e.id for e in events}
    assert all(e.cause in ids for e in events[1:])
    assert [e.at for e in events] == sorted(e.at for e in events)


async def test_patients_are_worded_on_the_bus_and_the_log_replays(
    endpoint: Endpoint, jetstream: JetStreamLog
) -> None:
    async def word(said: PatientAnswered, _: Patient) -> str:
        return f"Well, doctor. {said.answer}"

    async with staff(endpoint, ExpertPolicy(), word=word):
        name = await ask(jetstream, "e1", **in_triage("tri_anaphylaxis_airway_001"))
        events = await until(jetstream, name, "EpisodeScored")
    told = [e.data for e in events if isinstance(e.data, PatientAnswered)]
    assert told
    assert all(t.answer == f"Well, doctor. {t.plain}" for t in told)
    assert replay(events).verdict == "same"


async def test_a_babbling_policy_is_data_not_a_crash(
    endpoint: Endpoint, jetstream: JetStreamLog
) -> None:
    async with staff(endpoint, Babbler()):
        name = await ask(jetstream, "e1", max_turns=4)
        events = await until(jetstream, name, "EpisodeScored")
    rejected = [e for e in events if e.type == "ActionRejected"]
    answers = [e.data for e in events if e.type == "ObservationReturned"]
    assert len(rejected) == len(answers) == 4
    assert {a.code for a in answers} == {"unparsable"}
    assert events[-2].data.reason == "turn_limit"
    assert events[-1].data.composite <= 0.15


@pytest.mark.parametrize(
    ("changes", "kind", "says"),
    [
        ({"variant": "nstemi_typcial"}, "unknown_task", "did you mean"),
        ({"domain": "astrology"}, "unknown_task", "unknown domain"),
        ({"generator": "0"}, "other_version", "generator 0"),
    ],
)
async def test_a_request_that_cannot_be_played_is_abandoned_with_its_reason(
    endpoint: Endpoint,
    jetstream: JetStreamLog,
    changes: dict[str, object],
    kind: str,
    says: str,
) -> None:
    async with staff(endpoint, ExpertPolicy()):
        bad = await until(jetstream, await ask(jetstream, "bad", **changes), "EpisodeAbandoned")
        assert (bad[-1].data.failure_kind, says in bad[-1].data.detail) == (kind, True)
        good = await until(jetstream, await ask(jetstream, "good"), "EpisodeScored")
    assert good[-1].type == "EpisodeScored"


async def test_a_scorer_that_fails_gives_no_number(
    endpoint: Endpoint, jetstream: JetStreamLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(events: list[Event]) -> None:
        raise ScorerError("the rule book is torn")

    monkeypatch.setattr(scoring, "score", fail)
    async with staff(endpoint, ExpertPolicy()):
        events = await until(jetstream, await ask(jetstream, "e1"), "ScoringFailed")
    assert events[-1].data.detail == "the rule book is torn"
    assert not [e for e in events if e.type == "EpisodeScored"]


async def test_a_silent_agent_is_an_outage_only_once_it_has_begun() -> None:
    role = Environment.__new__(Environment)
    requested = request(task("dx_gerd_001"), agent="alice")

    def history(*data: object) -> list[Recorded]:
        from healthgym.bus.events import canonical, seal

        drafts = [Draft(data=d) for d in data]
        events = seal("gym", Head(aggregate=episode("alice", "e1")), drafts)
        return [Recorded(sequence=e.n, event=e, body=canonical(e)) for e in events]

    from healthgym.bus.events import ToolCalled
    from healthgym.environments.session import open_session, opening

    started = opening(open_session(requested)).started
    assert not role.expired(history(requested, started)).done
    call = ToolCalled(tool="think", arguments={}, raw="", turn=1)
    step = role.expired(history(requested, started, call))
    assert step.done
    assert step.drafts[0].data.failure_kind == "policy_unavailable"
    assert isinstance(requested, EpisodeRequested)


async def test_the_example_consumer_follows_scores(
    endpoint: Endpoint, jetstream: JetStreamLog
) -> None:
    async with staff(endpoint, ExpertPolicy()):
        await until(jetstream, await ask(jetstream, "e1"), "EpisodeScored")
    example = Path(__file__).parent.parent / "examples" / "follow_scores.py"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(example),
        "--data",
        str(Path(endpoint.creds).parent),
        "--count",
        "1",
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    assert b"episode.alice.e1  gerd" in output
