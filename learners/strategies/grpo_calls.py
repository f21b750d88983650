"""Dr. GRPO that also tells turns apart: a call that was refused counts against itself.

The composite is one number for a whole episode. Where a good episode holds a refused call (no tool
call at all, an unknown tool, wrong arguments, a duplicate order), plain GRPO pushes that call up
with the rest; here the tokens of that turn get a fixed, bounded malus on top of the episode's
advantage. An episode that runs out of turns earns less than its score. Rewards are not divided by
their group's spread: that magnifies small differences between poor episodes.
"""

from ...bus.episode import Episode, Turn
from . import Loss, Shaped, Strategy, composite

REFUSED = frozenset(
    {"unparsable", "unknown_tool", "invalid_arguments", "unknown_patient", "duplicate_order"}
)
MALUS = -0.5
"""In units of the composite, like the advantage it is added to."""

UNANSWERED = -0.25
"""Added to the reward of an episode that ended without an answer."""


def _worth(turn: Turn) -> float:
    refused = turn.observation is not None and turn.observation.code in REFUSED
    return MALUS if refused else 0.0


def shape(episode: Episode) -> Shaped:
    """The composite, less where no answer was given, and the malus of each refused turn."""
    answered = episode.ended is not None and episode.ended.reason == "submitted"
    return Shaped(
        reward=composite(episode).reward + (0.0 if answered else UNANSWERED),
        turns=tuple(_worth(turn) for turn in episode.turns),
    )


STRATEGY = Strategy(
    name="grpo_calls",
    source="Liu et al. 2025, arXiv 2503.20783 (Dr. GRPO); the malus of calls is ours",
    loss=Loss(type="dr_grpo", clip_low=0.2, clip_high=0.2, scale="none"),
    shape=shape,
)
