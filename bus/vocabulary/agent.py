"""What is said of an agent: its plan, its cycles, its training, its measurements."""

import msgspec

from .parts import Data, FailureKind


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much an agent practises, and how it is measured; 0 episodes leave a measurement out."""

    cycles: int = 1
    rounds: int = 40
    """Updates per workout."""
    groups_per_round: int = 4
    group_size: int = 8
    lead: int = 1
    max_staleness: int = 4
    strategy: str = "grpo"
    temperature: float = 1.0
    learning_rate: float = 1e-3
    validation_episodes: int = 48
    test_episodes: int = 100
    greedy: bool = True
    """Measure greedy play beside sampled play."""
    max_turns: int = 16
    token_limit: int = 2048
    max_new_tokens: int = 96
    seed: int = 0
    library: str | msgspec.UnsetType = msgspec.UNSET
    """Generation of the passages that search tools read; unset for the package's own."""


class AgentRegistered(Data, frozen=True, kw_only=True):
    """An agent, its personality and its plan joined the gym."""

    agent: str
    backend: str
    model_path: str = ""
    base_model_path: str = ""
    policy: str = ""
    """Digest of the base model, "" for a policy without weights."""
    weights: dict[str, float] = {}
    domains: list[str] = []
    plan: Plan = Plan()


class CycleStarted(Data, frozen=True, kw_only=True):
    """A cycle of REFLECT, CHOOSE, TRAIN, RECORD begins."""

    cycle: int
    policy_version: str


class ReflectionRecorded(Data, frozen=True, kw_only=True):
    """REFLECT: what the logbook said of this agent when it chose."""

    cycle: int
    as_of: int
    """Stream sequence up to which the logbook was read."""
    means: dict[str, float]
    """Domain -> mean composite of the recent episodes."""
    strengths: list[str] = []
    weaknesses: list[str] = []
    plateaus: list[str] = []
    errors: dict[str, int] = {}


class DomainChosen(Data, frozen=True, kw_only=True):
    """CHOOSE: the domain, and what else was weighed."""

    cycle: int
    domain: str
    alternatives: dict[str, dict[str, float]]
    """Domain -> motive -> weighted value."""
    reason: str


class WorkoutPlanned(Data, frozen=True, kw_only=True):
    """TRAIN: how the agent will practise in this cycle."""

    cycle: int
    domain: str
    strategy: str
    reason: str = ""
    policy_version: str
    rounds: int
    groups_per_round: int
    group_size: int
    lead: int = 1
    """Rounds that may be requested before the previous one has been learned from."""
    max_staleness: int = 4
    seed: int
    temperature: float = 1.0
    learning_rate: float = 1e-3


class TrainingStarted(Data, frozen=True, kw_only=True):
    """A learner took the workout."""

    workout: str
    policy: str
    policy_version: str
    strategy: str
    attempt: int = 1


class TrainingStepped(Data, frozen=True, kw_only=True):
    """One update. `policy_version` names the adapter that the next rounds are played with."""

    workout: str
    step: int
    policy_version: str
    object: str
    loss: float
    reward: float
    """Mean composite of the episodes consumed."""
    dimensions: dict[str, float] = {}
    episodes: list[str]
    dropped: int = 0
    """Episodes dropped: failed, abandoned, too stale, or of a group without spread."""
    staleness: float = 0.0
    tokens: int = 0


class TrainingCompleted(Data, frozen=True, kw_only=True):
    """The workout's last adapter, in the object store."""

    workout: str
    policy: str
    policy_version: str
    parent_version: str
    object: str
    sha256: str
    bytes: int
    lora_rank: int
    target_modules: list[str]
    steps: int
    strategy: str


class TrainingFailed(Data, frozen=True, kw_only=True):
    """The workout ended without an adapter."""

    workout: str
    failure_kind: FailureKind
    detail: str


class ValidationResult(msgspec.Struct, frozen=True, kw_only=True):
    """Paired validation of a candidate against the version in use."""

    episodes: int
    before: float
    after: float
    difference: float
    low: float
    high: float
    safety_difference: float
    safety_low: float
    safety_high: float


class CheckpointPromoted(Data, frozen=True, kw_only=True):
    """From now on this version plays."""

    workout: str
    policy_version: str
    object: str
    result: ValidationResult


class CheckpointRejected(Data, frozen=True, kw_only=True):
    """The candidate did not beat the version in use on validation."""

    workout: str
    policy_version: str
    result: ValidationResult
    reason: str


class BenchmarkStarted(Data, frozen=True, kw_only=True):
    """A measurement on the test split: variants unseen in training, seeds of its own."""

    label: str
    policy_version: str
    episodes: int
    temperature: float


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float


class BenchmarkCompleted(Data, frozen=True, kw_only=True):
    """What a measurement gave."""

    label: str
    policy_version: str
    temperature: float
    episodes: int
    lost: int
    """Episodes that were abandoned or could not be scored."""
    composite: Interval
    dimensions: dict[str, Interval]
    correct: float
    """Share of right primary answers."""


class AdviceGiven(Data, frozen=True, kw_only=True):
    """A peer's real trajectories to learn from."""

    cycle: int
    source: str
    domain: str
    episodes: list[str]
    note: str


class CycleCompleted(Data, frozen=True, kw_only=True):
    """RECORD: the cycle's outcome."""

    cycle: int
    domain: str
    before: float
    after: float
    promoted: bool
