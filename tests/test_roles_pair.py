"""A pair on the real bus: one party, two policies, one episode that replays like any other."""

import asyncio

import pytest

from healthgym.agents.actor import Player
from healthgym.agents.backends import open_policy
from healthgym.agents.expert import play as expert_plays
from healthgym.agents.pair import PairPolicy
from healthgym.agents.policy import PolicyError, Seated
from healthgym.agents.toolcall import parse
from healthgym.bus.actor import Actor
from healthgym.bus.events import Draft, Event, Head, ToolCalled, episode
from healthgym.bus.jetstream import JetStreamLog, connect
from healthgym.bus.permissions import claim_name
from healthgym.bus.server import Endpoint
from healthgym.environments.actor import Environment
from healthgym.environments.pair import play_pair
from healthgym.environments.replay import replay
from healthgym.environments.session import request
from healthgym.knowledge.tasks import task
from healthgym.scorers import actor as scoring

TASK = "path_septic_shock_001"


async def no_adapter(name: str) -> bytes:
    raise AssertionError(name)


async def a_pair() -> PairPolicy:
    found = await open_policy("pair", "expert,expert:1", fetch=no_adapter)
    assert isinstance(found, PairPolicy)
    return found


def calls(events: list[Event]) -> list[tuple[str, str, dict[str, object]]]:
    said = [e.data for e in events if isinstance(e.data, ToolCalled)]
    return [(d.seat, d.tool, d.arguments) for d in said]


async def _scored(log: JetStreamLog, aggregate: str) -> list[Event]:
    async for batch in log.records("EpisodeScored"):
        if any(r.event.aggregate == aggregate for r in batch):
            break
    return [r.event for r in await log.read(aggregate)]


async def test_a_pair_plays_one_episode_on_the_bus(
    endpoint: Endpoint, jetstream: JetStreamLog
) -> None:
    asked = request(task(TASK), agent="alice", max_turns=40)
    name = episode("alice", "pair1")
    users = ("environment", claim_name("alice"), "scorer")
    opened = [connect(endpoint.url, user=u, creds=endpoint.creds) for u in users]
    async with asyncio.timeout(60):
        hospital, agent, judge = [await each.__aenter__() for each in opened]
        roles = [
            Actor(hospital, Environment(hospital), ack_wait=5),
            Actor(agent, Player(agent, "alice", await a_pair()), ack_wait=5),
            Actor(judge, scoring.Scorer(), ack_wait=5),
        ]
        running = [asyncio.create_task(role.run()) for role in roles]
        await jetstream.append(Head(aggregate=name), [Draft(data=asked, correlation="w1")])
        events = await _scored(jetstream, name)
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for each in opened:
            await each.__aexit__(None, None, None)
    assert {seat for seat, _, _ in calls(events)} == {"referrer", "receiver"}
    assert events[-1].data.composite > 0.85
    assert replay(events[:-1]).verdict == "same"
    alone = play_pair(asked, expert_plays, expert_plays, parse)
    assert calls(alone) == calls(events)


@pytest.mark.parametrize(
    "model", ["", "expert", "expert,", "expert,expert,expert", "expert,nobody"]
)
async def test_a_pair_names_two_policies(model: str) -> None:
    with pytest.raises(PolicyError):
        await open_policy("pair", model, fetch=no_adapter)


async def test_only_a_pair_has_seats() -> None:
    assert isinstance(await a_pair(), Seated)
    assert not isinstance(await open_policy("expert", fetch=no_adapter), Seated)
