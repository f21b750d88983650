"""What is said in an episode."""

from typing import Any

import msgspec

from .parts import (
    Answer,
    Data,
    Effect,
    EndReason,
    ErrorCode,
    FailureKind,
    Fork,
    Framing,
    Generation,
    Purpose,
    Sampling,
)


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
    fork: Fork | msgspec.UnsetType = msgspec.UNSET
    """Set where this episode continues a copy of another one."""
    library: str | msgspec.UnsetType = msgspec.UNSET
    """Generation of the passages that search tools read; unset for the package's own."""
    framing: Framing | msgspec.UnsetType = msgspec.UNSET
    """Set where this episode is one arm of a matched pair that probes for a bias."""


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
    plain: str | msgspec.UnsetType = msgspec.UNSET
    """What the simulation said, where `answer` is a policy's wording of it."""


class ObservationReturned(Data, frozen=True, kw_only=True):
    """The environment answered one action; the event's `at` is the simulated time after it."""

    turn: int
    ok: bool
    code: ErrorCode = ""
    content: dict[str, Any]
    reveals: list[str] = []
    """Fact ids that the agent has now observed, e.g. `vitals`, `allergies`, `lab:lactate`."""
    effect: Effect | None = None
    images: list[str] | msgspec.UnsetType = msgspec.UNSET
    """Digests of the pictures that go with it (PNG, in the object store); unset for none."""


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
