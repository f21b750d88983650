"""The learner's role on the bus: it turns the scored episodes of a workout into adapters.

A round is learned from when every episode of it is over. The rounds after next are played with the
adapter of this one, so staleness is bounded by the workout's `lead`; each sampled token carries the
log-probability it was sampled with, which is what the update corrects by.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..bus.actor import Step
from ..bus.episode import Episode, fold
from ..bus.events import (
    AgentRegistered,
    Data,
    Draft,
    EpisodeScored,
    Event,
    Recorded,
    TrainingCompleted,
    TrainingFailed,
    TrainingStarted,
    TrainingStepped,
    WorkoutPlanned,
    owner_of,
)
from ..bus.jetstream import JetStreamLog
from ..knowledge.curriculum import round_names
from .errors import LearnerError

if TYPE_CHECKING:
    from .trainer import Learner

NAME = "learner"
OUTCOMES = ("EpisodeScored", "ScoringFailed", "EpisodeAbandoned")
DIMENSIONS = ("accuracy", "process", "safety", "format", "coherence")
READS_AT_ONCE = 16

Models = Callable[[str], str]
"""Finds the folder of a model by the path its agent is registered with."""


class TrainingJob:
    """One workout."""

    def __init__(self, log: JetStreamLog, claim: Recorded, models: Models) -> None:
        self._log = log
        self._models = models
        self._workout_id = claim.event.id
        self._agent = owner_of(claim.event.aggregate)
        self._registered: AgentRegistered | None = None
        self._workout: WorkoutPlanned | None = None
        self._steps: list[TrainingStepped] = []
        self._attempts = 0
        self._started = False
        self._over = False
        self._outcomes: dict[str, EpisodeScored | None] = {}
        self._learner: Learner | None = None

    def _fold(self, event: Event) -> None:
        match event.data:
            case AgentRegistered() as data:
                self._registered = data
            case WorkoutPlanned() as data if event.id == self._workout_id:
                self._workout = data
            case TrainingStarted(workout=self._workout_id):
                self._attempts += 1
            case TrainingStepped(workout=self._workout_id) as data:
                self._steps.append(data)
            case TrainingCompleted() | TrainingFailed() as data:
                self._over = self._over or data.workout == self._workout_id
            case EpisodeScored() as data:
                self._outcomes[event.aggregate] = data
            case _:
                if event.type in OUTCOMES:
                    self._outcomes[event.aggregate] = None

    async def step(self, fresh: Sequence[Recorded]) -> Step:
        """Start, learn from the next complete round, or complete the workout."""
        for recorded in fresh:
            self._fold(recorded.event)
        workout, registered = self._workout, self._registered
        if workout is None or registered is None or self._over:
            return Step(done=self._over)
        if not self._started:
            self._started = True
            return self._start(workout, registered)
        try:
            if self._learner is None:
                self._learner = await self._prepare(workout, registered)
            if len(self._steps) < workout.rounds:
                return await self._learn(workout, self._learner)
            return await self._finish(workout, self._learner)
        except LearnerError as error:
            failed = TrainingFailed(
                workout=self._workout_id, failure_kind="learner_error", detail=str(error)
            )
            return self._append(failed, done=True)

    def _start(self, workout: WorkoutPlanned, registered: AgentRegistered) -> Step:
        return self._append(
            TrainingStarted(
                workout=self._workout_id,
                policy=registered.policy,
                policy_version=self._version(workout),
                strategy=workout.strategy,
                attempt=self._attempts + 1,
            )
        )

    def _version(self, workout: WorkoutPlanned) -> str:
        return self._steps[-1].policy_version if self._steps else workout.policy_version

    async def _prepare(self, workout: WorkoutPlanned, registered: AgentRegistered) -> "Learner":
        """Load the model with the newest adapter; loading torch takes seconds, so in a thread."""
        version = self._version(workout)
        adapter = await self._log.get(version) if version else None
        return await asyncio.to_thread(
            _open_learner,
            Path(self._models(registered.model_path)),
            adapter,
            learning_rate=workout.learning_rate,
            temperature=workout.temperature,
            strategy=workout.strategy,
            seed=workout.seed,
        )

    async def _learn(self, workout: WorkoutPlanned, learner: "Learner") -> Step:
        number = len(self._steps) + 1
        names = round_names(workout, self._workout_id, self._agent, number)
        flat = [name for group in names for name in group]
        if any(name not in self._outcomes for name in flat):
            return Step()
        room = asyncio.Semaphore(READS_AT_ONCE)

        async def load(name: str) -> Episode | None:
            if self._outcomes[name] is None:
                return None
            async with room:
                return fold([r.event for r in await self._log.read(name)])

        groups = [
            [e for e in await asyncio.gather(*(load(name) for name in group)) if e is not None]
            for group in names
        ]
        result = await asyncio.to_thread(
            learner.update,
            groups,
            versions=self._versions(workout),
            now=number - 1,
            max_staleness=workout.max_staleness,
        )
        adapter = await asyncio.to_thread(learner.adapter)
        version = await self._log.put(adapter)
        scored = [s for name in flat if (s := self._outcomes[name]) is not None]
        return self._append(
            TrainingStepped(
                workout=self._workout_id,
                step=number,
                policy_version=version,
                object=version,
                loss=round(result.loss, 6),
                reward=_mean([s.composite for s in scored]),
                dimensions={d: _mean([getattr(s, d).score for s in scored]) for d in DIMENSIONS},
                episodes=flat,
                dropped=len(flat) - len(scored) + result.dropped,
                staleness=round(result.staleness, 6),
                tokens=result.tokens,
            )
        )

    def _versions(self, workout: WorkoutPlanned) -> dict[str, int]:
        """Policy version -> number of updates behind it."""
        return {
            workout.policy_version: 0,
            **{step.policy_version: step.step for step in self._steps},
        }

    async def _finish(self, workout: WorkoutPlanned, learner: "Learner") -> Step:
        adapter = await asyncio.to_thread(learner.adapter)
        version = await self._log.put(adapter)
        return self._append(
            TrainingCompleted(
                workout=self._workout_id,
                policy=learner.policy,
                policy_version=version,
                parent_version=workout.policy_version,
                object=version,
                sha256=learner.sha256(adapter),
                bytes=len(adapter),
                lora_rank=learner.lora_rank,
                target_modules=learner.target_modules,
                steps=len(self._steps),
                strategy=workout.strategy,
            ),
            done=True,
        )

    def _append(self, data: Data, *, done: bool = False) -> Step:
        return Step(
            drafts=(Draft(data=data, cause=self._workout_id, correlation=self._workout_id),),
            done=done,
        )


def _open_learner(model: Path, adapter: bytes | None, **options: Any) -> "Learner":
    """Import torch and TRL only when there is something to learn: it takes seconds."""
    from .trainer import Learner

    return Learner(model, adapter, **options)


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 6) if values else 0.0


class LearnerRole:
    """The role: claims WorkoutPlanned, wakes on the outcomes of its episodes."""

    name = NAME
    owner = "*"
    claims = ("WorkoutPlanned",)
    wakes = OUTCOMES
    patience = None
    begins = False

    def __init__(self, log: JetStreamLog, models: Models) -> None:
        self._log = log
        self._models = models

    def key(self, recorded: Recorded) -> str:
        """The workout."""
        event = recorded.event
        return event.id if event.type == "WorkoutPlanned" else event.correlation

    async def history(self, log: JetStreamLog, claim: Recorded) -> list[Recorded]:
        """The agent's events, and the outcomes of the episodes since the workout was planned."""
        own = await log.read(claim.event.aggregate)
        async for batch in log.records(
            *OUTCOMES, owner=owner_of(claim.event.aggregate), after=claim.sequence, follow=False
        ):
            own += [r for r in batch if r.event.correlation == claim.event.id]
        return sorted(own, key=lambda r: r.sequence)

    def open(self, claim: Recorded) -> TrainingJob:
        """Train through one workout."""
        return TrainingJob(self._log, claim, self._models)

    def expired(self, history: Sequence[Recorded]) -> Step:  # noqa: ARG002 - waits for ever
        """A workout has no time limit."""
        return Step(done=True)

    def give_up(self, claim: Recorded, history: Sequence[Recorded]) -> Step:
        """Every learner that tried went down."""
        over = {"TrainingCompleted", "TrainingFailed"}
        workout = claim.event.id
        if any(
            r.event.type in over and getattr(r.event.data, "workout", "") == workout
            for r in history
        ):
            return Step(done=True)
        failed = TrainingFailed(
            workout=workout, failure_kind="deliveries_exhausted", detail="learners failed on it"
        )
        return Step(drafts=(Draft(data=failed, cause=workout, correlation=workout),), done=True)
