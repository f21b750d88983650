"""The base of all payloads, and the parts that several of them share."""

from hashlib import blake2b
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
    "duplicate_order",
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


class Fork(msgspec.Struct, frozen=True, kw_only=True):
    """Where an episode was copied from, and what was changed."""

    episode: str
    n: int
    """Actions up to this event of the original were taken over."""
    changes: dict[str, float | bool | str] = {}
    """Facts of the hidden truth that differ from the generated patient's."""

    def name(self) -> str:
        """A short name of its own, the same for the same fork."""
        body = msgspec.json.encode(self, order="deterministic")
        return f"fork-{blake2b(body, digest_size=8).hexdigest()}"


class Framing(msgspec.Struct, frozen=True, kw_only=True):
    """One arm of a matched pair: how a case is put that is the same patient otherwise."""

    bias: str
    """What is probed, e.g. `anchoring`."""
    arm: Literal["exposed", "control"]
    said: str
    """Text that stands below the ticket."""
    person: dict[str, str | int | float] = {}
    """Who the patient is, where it differs from the generated one: `sex`, `age_years`,
    `ethnicity`, `ses`, `weight_kg`. The illness, the findings and the chart stay."""
    placebo: bool = False
    """The pair differs in neutral words only: what it shows is noise."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The structured answer of a clinical episode."""

    icd10_code: str = ""
    diagnosis: str = ""
    disposition: str = ""
    answer: str = ""
    reasoning: str = ""
    citations: list[str] = []
    """Ids of the observed facts that the answer rests on, e.g. `lab:troponin_t`."""
    fields: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    """The structured answer of a domain with a submission of its own, e.g. `esi_level`. Left out
    of the encoding where there is none: events written before it existed keep their digests."""


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
