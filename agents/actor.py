"""The agent's role on the bus: it plays the episodes of one party with one policy."""

from collections.abc import Sequence

from ..bus.actor import Step
from ..bus.episode import Episode, evolve, pictures
from ..bus.events import Draft, Recorded
from ..bus.jetstream import JetStreamLog
from ..bus.permissions import claim_name
from ..bus.view import acted
from .policy import Policy, Seated, View
from .toolcall import parse


class PlayJob:
    """One episode, played turn by turn."""

    def __init__(self, log: JetStreamLog, policy: Policy, claim: Recorded) -> None:
        self._log = log
        self._policy = policy
        self._episode = Episode(aggregate=claim.event.aggregate)
        self._policy_md = ""
        self._tools = ""
        self._images: dict[str, bytes] = {}

    async def step(self, fresh: Sequence[Recorded]) -> Step:
        """Act where it is the agent's turn."""
        for recorded in fresh:
            self._episode = evolve(self._episode, recorded.event)
        episode = self._episode
        if episode.ended is not None or episode.abandoned is not None:
            return Step(done=True)
        if not episode.waiting_for_agent or episode.started is None:
            return Step()
        if not self._tools:
            self._policy_md = (await self._log.get(episode.started.policy_md)).decode()
            self._tools = (await self._log.get(episode.started.tools)).decode()
        for name in pictures(episode.turns):
            if name not in self._images:
                self._images[name] = await self._log.get(name)
        view = View(
            episode=episode.aggregate,
            started=episode.started,
            turns=episode.turns,
            policy_md=self._policy_md,
            tools=self._tools,
            images=self._images,
        )
        action = await self._policy.act(view)
        seat = self._policy.seat(view) if isinstance(self._policy, Seated) else "agent"
        data = acted(action, len(episode.turns) + 1, parse, seat)
        last = fresh[-1].event
        draft = Draft(data=data, at=episode.at, cause=last.id, correlation=episode.correlation)
        return Step(drafts=(draft,))


class Player:
    """The role: claims EpisodeStarted of one agent, wakes on its observations."""

    claims = ("EpisodeStarted",)
    wakes = ("ObservationReturned", "EpisodeEnded", "EpisodeAbandoned")
    patience = None
    begins = True

    def __init__(self, log: JetStreamLog, agent: str, policy: Policy) -> None:
        self.owner = agent
        self.name = claim_name(agent)
        self._log = log
        self._policy = policy

    def key(self, recorded: Recorded) -> str:
        """The episode."""
        return recorded.event.aggregate

    async def history(self, log: JetStreamLog, claim: Recorded) -> list[Recorded]:
        """The agent's own view of the episode so far."""
        return await log.read(claim.event.aggregate)

    def open(self, claim: Recorded) -> PlayJob:
        """Play one episode."""
        return PlayJob(self._log, self._policy, claim)

    def expired(self, history: Sequence[Recorded]) -> Step:  # noqa: ARG002 - waits for ever
        """The environment decides when an episode is abandoned."""
        return Step(done=True)

    def give_up(self, claim: Recorded, history: Sequence[Recorded]) -> Step:  # noqa: ARG002
        """Leave it to the environment, which abandons an episode whose agent is silent."""
        return Step(done=True)
