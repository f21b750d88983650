"""Pictures on the real bus: stored by the environment, named in the answer, seen by the agent."""

import asyncio

import msgspec

from healthgym.agents.actor import Player
from healthgym.agents.policy import Action, View
from healthgym.bus.actor import Actor
from healthgym.bus.events import Draft, Event, Head, ObservationReturned, digest, episode
from healthgym.bus.jetstream import JetStreamLog, connect
from healthgym.bus.permissions import claim_name
from healthgym.bus.server import Endpoint
from healthgym.environments.actor import Environment
from healthgym.environments.replay import replay
from healthgym.environments.session import request
from healthgym.knowledge.domains import questions
from healthgym.knowledge.patients import generate
from healthgym.knowledge.tasks import tasks

PNG = b"\x89PNG\r\n\x1a\n"


class Looker:
    """Plays the reference, looks at the first picture on the way, and keeps what it was shown."""

    def __init__(self, calls: list[bytes]) -> None:
        self.calls = calls
        self.seen: dict[str, bytes] = {}

    async def act(self, view: View) -> Action:
        self.seen |= view.images
        return Action(raw=self.calls[min(len(view.turns), len(self.calls) - 1)].decode())

    async def close(self) -> None:
        """Nothing to release."""


async def ended(log: JetStreamLog, aggregate: str) -> list[Event]:
    async for batch in log.records("EpisodeEnded"):
        if any(r.event.aggregate == aggregate for r in batch):
            break
    return [r.event for r in await log.read(aggregate)]


async def test_a_picture_reaches_the_agent_through_the_object_store(
    endpoint: Endpoint, jetstream: JetStreamLog
) -> None:
    chosen = tasks("visual_diagnosis")[0]
    plan = questions(chosen.domain).reference(generate(chosen.variant, chosen.seed))
    image = next(c.arguments["image"] for c in plan if "image" in c.arguments)
    look = {"name": "view_image", "arguments": {"image": image}}
    said = [{"name": c.tool, "arguments": c.arguments} for c in plan]
    listed = next(i for i, c in enumerate(said) if c["name"] == "list_images") + 1
    calls = [msgspec.json.encode(c) for c in (*said[:listed], look, *said[listed:])]
    asked = request(chosen, agent="alice", max_turns=40)
    name, looker = episode("alice", "pictures1"), Looker(calls)
    users = ("environment", claim_name("alice"))
    opened = [connect(endpoint.url, user=u, creds=endpoint.creds) for u in users]
    async with asyncio.timeout(60):
        hospital, agent = [await each.__aenter__() for each in opened]
        roles = [
            Actor(hospital, Environment(hospital), ack_wait=5),
            Actor(agent, Player(agent, "alice", looker), ack_wait=5),
        ]
        running = [asyncio.create_task(role.run()) for role in roles]
        await jetstream.append(Head(aggregate=name), [Draft(data=asked, correlation="w1")])
        events = await ended(jetstream, name)
        while not all(each.done() for each in running):
            for each in running:
                each.cancel()
            await asyncio.sleep(0.05)
        for each in opened:
            await each.__aexit__(None, None, None)
    answers = [e.data for e in events if isinstance(e.data, ObservationReturned)]
    named = [n for a in answers for n in a.images or ()]
    assert named
    for one in named:
        stored = await jetstream.get(one)
        assert stored.startswith(PNG)
        assert digest(stored) == one
        assert looker.seen[one] == stored
    assert replay(events).verdict == "same"
