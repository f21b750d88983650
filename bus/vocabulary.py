"""What can be said: the payload of every event.

The class name is the event's type. Adding a field needs a default; a changed meaning is a new
VERSION. Payloads hold only what a replay reproduces: no wall clock, no node, no process.
"""

from typing import Any, ClassVar, Literal

import msgspec

MICROSECONDS_PER_MINUTE = 60_000_000

Purpose = Literal["train", "validation", "test", "benchmark", "safety", "bias", "play"]
ErrorCode = Literal[
    "",
    "unparsable",
    "unknown_tool",
    "invalid_arguments",
    "unknown_patient",
    "insufficient_data",
    "not_permitted",
    "ended",
]
EndReason = Literal["submitted", "turn_limit", "token_limit", "deadline"]
FailureKind = Literal[
    "policy_error",
    "policy_unavailable",
    "environment_error",
    "scorer_error",
    "learner_error",
    "unknown_task",
    "other_version",
    "deliveries_exhausted",
    "cancelled",
]


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Base of all event payloads. The class name is the type; `VERSION` grows with the meaning."""

    VERSION: ClassVar[int] = 1


# ---------------------------------------------------------------- shared payload parts


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """How a model samples. `temperature` 0 is greedy; log-probabilities are of the same law."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    max_new_tokens: int = 96
    seed: int = 0


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """What a model read and sampled in one turn, in tokens.

    Concatenating `forced + sampled` over the turns of an episode gives the flat token list the
    model saw; a learner trains on the `sampled` tokens only.
    """

    forced: list[int]
    """Token ids given to the model since its previous turn (prompt, then observations)."""
    sampled: list[int]
    """Token ids the model sampled in this turn, the end-of-turn token included."""
    logprobs: list[float]
    """Log-probability of each sampled token under the sampling law (after temperature)."""
    policy: str
    """Policy id: the base model's digest."""
    policy_version: str
    """Adapter digest, or "" for the base model."""
    tokenizer: str
    """Digest of the tokenizer."""
    sampling: Sampling
    grammar: str = ""
    constrained: bool = False


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The structured answer of a clinical episode."""

    icd10_code: str = ""
    diagnosis: str = ""
    disposition: str = ""
    answer: str = ""
    reasoning: str = ""
    citations: list[str] = []
    """Ids of the observed facts that the answer rests on, e.g. `lab:troponin_t`."""


class Effect(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a successful call changed in the world, in canonical ids: what scorers judge.

    `item` is namespaced: `lab:troponin_t`, `imaging:ct_pulmonary_angiogram`, `procedure:ecg`,
    `drug:aspirin`, `consult:cardiology`, `diagnosis:I21.4`, `disposition:ward`.
    """

    kind: Literal["ordered", "given", "recorded", "consulted", "submitted", "noted", "waited"]
    item: str = ""
    order: str = ""
    """Order id, unique in the episode."""
    due: int = 0
    """Simulated microsecond at which the result is available or the drug is in."""
    dose: float = 0.0
    unit: str = ""
    route: str = ""
    text: str = ""


# ---------------------------------------------------------------- episode


class EpisodeRequested(Data, frozen=True, kw_only=True):
    """A task to be played. Holds the truth's key (variant, seed): agents may not read it."""

    task: str
    domain: str
    variant: str
    seed: int
    generator: str
    """Version of the patient generator."""
    guidelines: dict[str, str] = {}
    """Guideline id -> pinned version."""
    agent: str
    policy_version: str = ""
    """Adapter to play with; "" is the base model or a policy without weights."""
    purpose: Purpose
    group: str = ""
    index: int = 0
    group_size: int = 1
    sampling: Sampling = Sampling()
    max_turns: int = 24
    token_limit: int = 4096
    attempt: int = 1
    supersedes: str = ""
    masked: bool = False
    """Keep this episode out of training."""


class EpisodeStarted(Data, frozen=True, kw_only=True):
    """What the agent is given: nothing here may tell the truth of the case."""

    domain: str
    patient_id: str
    ticket: str
    policy_md: str
    """Digest of the domain's policy.md in the object store."""
    tools: str
    """Digest of the tool schemas in the object store."""
    code: str
    """Digest of the tool code and data that will answer."""
    policy_version: str = ""
    sampling: Sampling = Sampling()
    max_turns: int = 24
    token_limit: int = 4096


class ToolCalled(Data, frozen=True, kw_only=True):
    """The agent acted."""

    tool: str
    arguments: dict[str, Any]
    raw: str
    turn: int
    seat: str = "agent"
    generation: Generation | None = None


class ActionRejected(Data, frozen=True, kw_only=True):
    """The agent's text was no tool call."""

    raw: str
    reason: str
    turn: int
    seat: str = "agent"
    generation: Generation | None = None


class PatientAnswered(Data, frozen=True, kw_only=True):
    """The simulated patient spoke."""

    question: str
    answer: str
    topics: list[str] = []


class ObservationReturned(Data, frozen=True, kw_only=True):
    """The environment answered one action; the event's `at` is the simulated time after it."""

    turn: int
    ok: bool
    code: ErrorCode = ""
    content: dict[str, Any]
    reveals: list[str] = []
    """Fact ids that the agent has now observed, e.g. `vitals`, `allergies`, `lab:lactate`."""
    effect: Effect | None = None


class EpisodeEnded(Data, frozen=True, kw_only=True):
    """No further action is accepted."""

    reason: EndReason
    turns: int
    answer: Answer | None = None


class EpisodeAbandoned(Data, frozen=True, kw_only=True):
    """The episode will not go on; it is never scored."""

    failure_kind: FailureKind
    detail: str
    attempt: int = 1


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a dimension has its score: one line of the ledger, with the event that shows it."""

    id: str
    earned: float
    possible: float
    event: int = 0
    """Position `n` of the triggering event, 0 for none."""
    note: str = ""


class Dimension(msgspec.Struct, frozen=True, kw_only=True):
    """One judged dimension, in [0, 1], with its reasons."""

    score: float
    reasons: list[Reason] = []


class SafetyFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A safety rule that fired. Severity 5 caps the composite."""

    rule: str
    severity: int
    event: int
    """Position `n` of the event that triggered (for an omission: that decided) the finding."""
    evidence: list[int] = []
    note: str = ""


class EpisodeScored(Data, frozen=True, kw_only=True):
    """The judgement. Every number can be recomputed from the episode's events and its task."""

    scorer: str
    """Version: digest of the scoring code and data."""
    accuracy: Dimension
    process: Dimension
    safety: Dimension
    format: Dimension
    coherence: Dimension
    findings: list[SafetyFinding] = []
    weighted: float
    gate: float
    composite: float
    correct: bool
    credit: dict[str, float] = {}
    """Turn -> credit that the action of that turn earned, for per-turn rewards."""
    groups: dict[str, str] = {}
    """Demographic groups of the patient (sex, age_band, ethnicity, ses)."""
    domain: str = ""
    task: str = ""
    condition: str = ""
    purpose: str = ""
    policy_version: str = ""
    turns: int = 0


class ScoringFailed(Data, frozen=True, kw_only=True):
    """The scorer could not judge; the sample is dropped, it never becomes a number."""

    scorer: str
    failure_kind: FailureKind
    detail: str


# ---------------------------------------------------------------- agent


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


# ---------------------------------------------------------------- node, audit


class NodeStarted(Data, frozen=True, kw_only=True):
    """A node joined the fleet."""

    role: str
    version: str


class NodeStopped(Data, frozen=True, kw_only=True):
    """A node left after finishing or handing back its work."""

    role: str


class LogSealed(Data, frozen=True, kw_only=True):
    """Root hash over all events up to `through`."""

    through: int
    events: int
    root: str
