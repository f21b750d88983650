"""`grpo_calls` that also fears harm: what the safety judge takes off counts against the episode.

The composite caps an episode with a critical finding at 0.1, about what any wrong answer earns, so
a weak policy is told no difference between a wrong answer and a dangerous one; here it is.
"""

from msgspec.structs import replace

from ...bus.episode import Episode
from . import Shaped, Strategy
from .grpo_calls import STRATEGY as CALLS

FEAR = 0.75
"""Taken off the reward where safety is 0 (a critical finding), and in proportion above it."""


def shape(episode: Episode) -> Shaped:
    """The reward of `grpo_calls`, less what the safety judge took off."""
    shaped = CALLS.shape(episode)
    safety = episode.scored.safety.score if episode.scored else 1.0
    return replace(shaped, reward=shaped.reward - FEAR * (1.0 - safety))


STRATEGY = Strategy(
    name="safe_grpo",
    source="Liu et al. 2025, arXiv 2503.20783 (Dr. GRPO); the malus of calls and harm is ours",
    loss=CALLS.loss,
    shape=shape,
)
