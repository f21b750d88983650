"""The environment's role on the bus: it opens requested episodes and answers every action."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from ..bus.actor import Step
from ..bus.episode import Episode, evolve, fold
from ..bus.events import (
    Draft,
    EpisodeAbandoned,
    EpisodeRequested,
    FailureKind,
    PatientAnswered,
    Recorded,
)
from ..bus.jetstream import JetStreamLog
from ..knowledge.errors import MissingExtra
from ..knowledge.patients import Patient
from .errors import OtherVersion, UnknownRequest
from .session import Session, answer_waiting, open_session, opening, respond, restore, worded

NAME = "environment"
PATIENCE_SECONDS = 300.0
Word = Callable[[PatientAnswered, Patient], Awaitable[str]]
"""Words a patient's answer anew; "" leaves it."""


def _abandon(episode: Episode, kind: FailureKind, detail: str) -> Step:
    if episode.ended is not None or episode.abandoned is not None:
        return Step(done=True)
    attempt = episode.requested.attempt if episode.requested else 1
    data = EpisodeAbandoned(failure_kind=kind, detail=detail, attempt=attempt)
    return Step(drafts=(Draft(data=data, correlation=episode.correlation),), done=True)


class EpisodeJob:
    """One episode, from its request to its end."""

    def __init__(self, log: JetStreamLog, claim: Recorded, word: Word | None = None) -> None:
        self._log = log
        self._word = word
        self._episode = Episode(aggregate=claim.event.aggregate)
        self._session: Session | None = None

    async def step(self, fresh: Sequence[Recorded]) -> Step:
        """Answer what is unanswered."""
        for recorded in fresh:
            self._episode = evolve(self._episode, recorded.event)
        episode = self._episode
        if episode.ended is not None or episode.abandoned is not None:
            return Step(done=True)
        if episode.requested is None:
            return _abandon(episode, "environment_error", "the episode was never requested")
        cause = fresh[-1].event.id
        if self._session is None:
            try:
                self._session = self._restored(episode.requested)
            except UnknownRequest as error:
                return _abandon(episode, "unknown_task", str(error))
            except OtherVersion as error:
                return _abandon(episode, "other_version", str(error))
        if episode.started is None:
            return await self._begin(self._session, cause)
        if not episode.waiting_for_environment:
            return Step()
        return await self._respond(self._session, cause)

    def _restored(self, requested: EpisodeRequested) -> Session:
        if self._episode.turns:
            return restore(requested, self._episode)
        return open_session(requested)

    async def _begin(self, session: Session, cause: str) -> Step:
        first = opening(session)
        for data in first.objects.values():
            await self._log.put(data)
        return Step(drafts=self._stamp([Draft(data=first.started)], cause))

    async def _respond(self, session: Session, cause: str) -> Step:
        """Answer; the pictures that the answer names are stored before it is appended.

        Off the event loop: a picture takes up to a tenth of a second to draw.
        """
        try:
            after, drafts = await asyncio.to_thread(respond, session, self._episode)
        except MissingExtra as error:
            return _abandon(self._episode, "environment_error", str(error))
        self._session = after
        said = answer_waiting(drafts)
        if self._word is not None and said is not None:
            drafts = worded(drafts, await self._word(said, session.patient))
        for data in after.objects.values():
            await self._log.put(data)
        stamped = self._stamp(drafts, cause)
        return Step(drafts=stamped, done=any(_ends(draft) for draft in stamped))

    def _stamp(self, drafts: Sequence[Draft], cause: str) -> tuple[Draft, ...]:
        """Name the cause of the first draft and the correlation of all."""
        return tuple(
            msgspec.structs.replace(
                draft, cause="" if i else cause, correlation=self._episode.correlation
            )
            for i, draft in enumerate(drafts)
        )


def _ends(draft: Draft) -> bool:
    return type(draft.data).__name__ == "EpisodeEnded"


class Environment:
    """The role: claims EpisodeRequested, wakes on the agent's actions."""

    name = NAME
    owner = "*"
    claims = ("EpisodeRequested",)
    wakes = ("ToolCalled", "ActionRejected")
    patience = PATIENCE_SECONDS
    begins = True

    def __init__(self, log: JetStreamLog, word: Word | None = None) -> None:
        self._log = log
        self._word = word

    def key(self, recorded: Recorded) -> str:
        """The episode."""
        return recorded.event.aggregate

    async def history(self, log: JetStreamLog, claim: Recorded) -> list[Recorded]:
        """All events of the episode."""
        return await log.read(claim.event.aggregate)

    def open(self, claim: Recorded) -> EpisodeJob:
        """Play one episode."""
        return EpisodeJob(self._log, claim, self._word)

    def expired(self, history: Sequence[Recorded]) -> Step:
        """The agent went silent in mid-episode: an outage, not a score.

        One that has not begun to play may have others to finish first.
        """
        episode = fold([r.event for r in history])
        if not episode.turns:
            return Step()
        return _abandon(
            episode, "policy_unavailable", f"no action for {PATIENCE_SECONDS:.0f} seconds"
        )

    def give_up(self, claim: Recorded, history: Sequence[Recorded]) -> Step:
        """The episode brought down every environment that took it."""
        episode = fold([r.event for r in history], claim.event.aggregate)
        return _abandon(episode, "deliveries_exhausted", "environments failed on this episode")
