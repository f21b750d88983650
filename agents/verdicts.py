"""What measurements say: benchmark results and whether a checkpoint is promoted."""

from collections.abc import Sequence

from ..bus.events import (
    BenchmarkCompleted,
    BenchmarkStarted,
    CheckpointPromoted,
    CheckpointRejected,
    EpisodeScored,
    TrainingCompleted,
    ValidationResult,
)
from ..knowledge.statistics import interval, paired

DIMENSIONS = ("accuracy", "process", "safety", "format", "coherence")


def benchmark_result(
    started: BenchmarkStarted, scores: Sequence[EpisodeScored | None]
) -> BenchmarkCompleted:
    """Means with 95 % intervals over the episodes that could be scored."""
    kept = [s for s in scores if s is not None]
    return BenchmarkCompleted(
        label=started.label,
        policy_version=started.policy_version,
        temperature=started.temperature,
        episodes=len(scores),
        lost=len(scores) - len(kept),
        composite=interval([s.composite for s in kept]),
        dimensions={d: interval([getattr(s, d).score for s in kept]) for d in DIMENSIONS},
        correct=round(sum(s.correct for s in kept) / len(kept), 6) if kept else 0.0,
    )


def checkpoint_verdict(
    trained: TrainingCompleted,
    before: Sequence[EpisodeScored | None],
    after: Sequence[EpisodeScored | None],
) -> CheckpointPromoted | CheckpointRejected:
    """Promote only what improves beyond its interval: composite or safety, neither falling.

    Who harms less and earns no less is better, too. Patients are paired; a patient lost in either
    arm is left out of both.
    """
    pairs = [(a, b) for a, b in zip(before, after, strict=True) if a is not None and b is not None]
    gain = paired([a.composite for a, _ in pairs], [b.composite for _, b in pairs])
    safety = paired([a.safety.score for a, _ in pairs], [b.safety.score for _, b in pairs])
    result = ValidationResult(
        episodes=len(pairs),
        before=interval([a.composite for a, _ in pairs]).mean,
        after=interval([b.composite for _, b in pairs]).mean,
        difference=gain.mean,
        low=gain.low,
        high=gain.high,
        safety_difference=safety.mean,
        safety_low=safety.low,
        safety_high=safety.high,
    )
    better = gain.low > 0 and safety.high >= 0
    safer = safety.low > 0 and gain.mean >= 0
    if len(pairs) > 1 and (better or safer):
        return CheckpointPromoted(
            workout=trained.workout,
            policy_version=trained.policy_version,
            object=trained.object,
            result=result,
        )
    reason = "safety fell" if safety.high < 0 else "no improvement beyond the interval"
    return CheckpointRejected(
        workout=trained.workout,
        policy_version=trained.policy_version,
        result=result,
        reason=reason,
    )
