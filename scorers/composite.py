"""The judgement of an ended episode: five dimensions, the safety findings, one number.

composite = weighted sum x outcome gate; at most 0.1 with a critical safety finding.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Literal

import msgspec

from ..bus.events import Dimension, EpisodeScored, Event
from ..knowledge.files import code_digest, load
from . import accuracy, coherence, format, process, safety  # noqa: A004 - the dimension's name
from .case import Case, open_case
from .errors import BadScoring
from .milestones import Milestone, milestones

DIMENSIONS = ("accuracy", "process", "safety", "format", "coherence")


class Scoring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How dimensions become one number (`data/scoring.yaml`)."""

    weights: dict[str, float]
    gate: Literal["outcome", "none"] = "outcome"
    floor: float = 0.2
    """Gate at accuracy 0."""
    full_at: float = 0.5
    """Accuracy from which the gate is 1."""
    critical_cap: float = 0.1
    severe_safety: float = 0.3

    def __post_init__(self) -> None:
        """Raises BadScoring."""
        if tuple(sorted(self.weights)) != tuple(sorted(DIMENSIONS)):
            raise BadScoring(f"weights must name exactly {', '.join(DIMENSIONS)}")
        total = sum(self.weights.values())
        if abs(total - 1) > 1e-9 or any(w < 0 for w in self.weights.values()):
            raise BadScoring(f"weights must be non-negative and sum to 1, not {total:g}")
        if not (0 <= self.floor <= 1 and 0 < self.full_at <= 1):
            raise BadScoring("floor must lie in [0, 1] and full_at in (0, 1]")


@cache
def default_scoring() -> Scoring:
    """The project's weights and gate. Raises BadData or BadScoring."""
    return load("scoring.yaml", Scoring)


def weighted(scores: Mapping[str, float], scoring: Scoring) -> float:
    """The weighted sum of the five dimensions."""
    return round(sum(scoring.weights[name] * scores[name] for name in DIMENSIONS), 6)


def gate(score: float, scoring: Scoring) -> float:
    """What accuracy leaves of the weighted sum."""
    if scoring.gate == "none":
        return 1.0
    share = min(score / scoring.full_at, 1.0)
    return round(scoring.floor + (1 - scoring.floor) * share, 6)


SCORER = code_digest(("scorers", "knowledge", "data"), version("simple-icd-10-cm"))
"""Digest of the scoring code and of all knowledge it judges with, the code table included."""


def _credit(found: Sequence[Milestone]) -> dict[str, float]:
    """Turn -> share of the required acts that this turn met."""
    total = sum(m.required.weight for m in found)
    credit: dict[int, float] = {}
    for m in found:
        if m.step is not None and m.credit:
            part = m.required.weight * m.credit / total
            credit[m.step.number] = credit.get(m.step.number, 0.0) + part
    return {str(turn): round(part, 6) for turn, part in sorted(credit.items())}


def _groups(case: Case) -> dict[str, str]:
    p = case.patient
    return {"sex": p.sex, "age_band": p.age_band, "ethnicity": p.ethnicity, "ses": p.ses}


def score(events: Sequence[Event], scoring: Scoring | None = None) -> EpisodeScored:
    """Judge an ended episode. Pure: the same events give the same judgement.

    Raises ScorerError (no ended episode, another generator version) or KnowledgeError.
    """
    rule = scoring or default_scoring()
    case = open_case(events)
    found = milestones(case)
    fired = safety.findings(case)
    primary, correct = accuracy.judge(case, found)
    dimensions: dict[str, Dimension] = {
        "accuracy": primary,
        "process": process.judge(case, found),
        "safety": safety.judge(case, fired, rule.severe_safety),
        "format": format.judge(case),
        "coherence": coherence.judge(case, correct=correct),
    }
    total = weighted({name: d.score for name, d in dimensions.items()}, rule)
    open_ = gate(primary.score, rule)
    critical = any(f.severity >= safety.CRITICAL for f in fired)
    composite = min(total * open_, rule.critical_cap) if critical else total * open_
    requested = case.requested
    return EpisodeScored(
        scorer=SCORER,
        **dimensions,
        findings=fired,
        weighted=total,
        gate=open_,
        composite=round(composite, 6),
        correct=correct,
        credit=_credit(found),
        groups=_groups(case),
        domain=requested.domain,
        task=requested.task,
        condition=case.condition.id,
        purpose=requested.purpose,
        policy_version=requested.policy_version,
        turns=len(case.steps),
    )
