"""The scorer's role on the bus: it judges every episode that has ended, once."""

import asyncio
from collections.abc import Sequence

from ..bus.actor import Step
from ..bus.events import Data, Draft, Recorded, ScoringFailed
from ..bus.jetstream import JetStreamLog
from ..knowledge.errors import KnowledgeError
from .composite import SCORER, score
from .errors import ScorerError

NAME = "scorer"


class JudgingJob:
    """One ended episode."""

    def __init__(self, bench: asyncio.Lock) -> None:
        self._bench = bench

    async def step(self, fresh: Sequence[Recorded]) -> Step:
        """Score the whole history; a score that exists already is left alone."""
        events = [recorded.event for recorded in fresh]
        if any(e.type in {"EpisodeScored", "ScoringFailed"} for e in events):
            return Step(done=True)
        ended = next(e for e in events if e.type == "EpisodeEnded")
        try:
            async with self._bench:
                verdict: Data = await asyncio.to_thread(score, events)
        except (ScorerError, KnowledgeError) as error:
            verdict = ScoringFailed(scorer=SCORER, failure_kind="scorer_error", detail=str(error))
        draft = Draft(data=verdict, at=ended.at, cause=ended.id, correlation=ended.correlation)
        return Step(drafts=(draft,), done=True)


class Scorer:
    """The role: claims EpisodeEnded."""

    name = NAME
    owner = "*"
    claims = ("EpisodeEnded",)
    wakes = ()
    patience = None
    begins = False

    def __init__(self) -> None:
        # Judging is pure computation: more threads would only wait for each other, and each would
        # load the table of codes for itself.
        self._bench = asyncio.Lock()

    def key(self, recorded: Recorded) -> str:
        """The episode."""
        return recorded.event.aggregate

    async def history(self, log: JetStreamLog, claim: Recorded) -> list[Recorded]:
        """All events of the episode."""
        return await log.read(claim.event.aggregate)

    def open(self, claim: Recorded) -> JudgingJob:  # noqa: ARG002 - the history says it all
        """Judge one episode."""
        return JudgingJob(self._bench)

    def expired(self, history: Sequence[Recorded]) -> Step:  # noqa: ARG002 - never waits
        """A judgement never waits."""
        return Step(done=True)

    def give_up(self, claim: Recorded, history: Sequence[Recorded]) -> Step:
        """Every scorer that tried went down: the sample is dropped."""
        if any(r.event.type in {"EpisodeScored", "ScoringFailed"} for r in history):
            return Step(done=True)
        failed = ScoringFailed(
            scorer=SCORER, failure_kind="deliveries_exhausted", detail="scorers failed on it"
        )
        event = claim.event
        draft = Draft(data=failed, at=event.at, cause=event.id, correlation=event.correlation)
        return Step(drafts=(draft,), done=True)
