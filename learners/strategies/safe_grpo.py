"""`grpo_calls` that also fears harm: an episode with a critical finding earns less than its score.

The composite caps such an episode at 0.1, about what any wrong answer earns, so a weak policy is
told no difference between a wrong answer and a dangerous one; here it is.
"""

from msgspec.structs import replace

from ...bus.episode import Episode
from . import Shaped, Strategy
from .grpo_calls import STRATEGY as CALLS

CRITICAL = 5
"""Severity of a critical finding."""
HARM = -0.25
"""Added to the reward of an episode with a critical finding: as bad as giving no answer."""


def shape(episode: Episode) -> Shaped:
    """The reward of `grpo_calls`, less where a critical act or omission was found."""
    shaped = CALLS.shape(episode)
    findings = episode.scored.findings if episode.scored else []
    harmed = any(f.severity >= CRITICAL for f in findings)
    return replace(shaped, reward=shaped.reward + (HARM if harmed else 0.0))


STRATEGY = Strategy(
    name="safe_grpo",
    source="Liu et al. 2025, arXiv 2503.20783 (Dr. GRPO); the malus of calls and harm is ours",
    loss=CALLS.loss,
    shape=shape,
)
