"""Dr. GRPO that also tells turns apart: calls that lead nowhere count against themselves.

The composite is one number for a whole episode. Where a good episode holds a refused call (no tool
call at all, an unknown tool, wrong arguments), plain GRPO pushes that call up with the rest; here
the tokens of that turn get a fixed, bounded malus on top of the episode's advantage. An episode
that runs out of turns earns less than its score, and the calls it repeated word for word, which
are what it ran out on, get the same malus. Rewards are not divided by their group's spread: that
magnifies small differences between poor episodes.
"""

import msgspec

from ...bus.episode import Episode, Turn
from ...bus.events import ToolCalled
from . import Loss, Shaped, Strategy, composite

REFUSED = frozenset({"unparsable", "unknown_tool", "invalid_arguments", "unknown_patient"})
MALUS = -0.5
"""In units of the composite, like the advantage it is added to."""

UNANSWERED = -0.25
"""Added to the reward of an episode that ended without an answer."""


def shape(episode: Episode) -> Shaped:
    """The composite, less where no answer was given, and the malus of each turn to blame."""
    answered = episode.ended is not None and episode.ended.reason == "submitted"
    blamed = [_refused(turn) for turn in episode.turns]
    if not answered:
        blamed = [a or b for a, b in zip(blamed, _repeated(episode.turns), strict=True)]
    return Shaped(
        reward=composite(episode).reward + (0.0 if answered else UNANSWERED),
        turns=tuple(MALUS if blame else 0.0 for blame in blamed),
    )


def _refused(turn: Turn) -> bool:
    return turn.observation is not None and turn.observation.code in REFUSED


def _repeated(turns: tuple[Turn, ...]) -> list[bool]:
    """Whether the same call with the same arguments was made before, turn by turn."""
    calls = [_call(turn) for turn in turns]
    return [bool(call) and call in calls[:place] for place, call in enumerate(calls)]


def _call(turn: Turn) -> bytes:
    if not isinstance(turn.action, ToolCalled):
        return b""
    return msgspec.json.encode((turn.action.tool, turn.action.arguments), order="deterministic")


STRATEGY = Strategy(
    name="grpo_calls",
    source="Liu et al. 2025, arXiv 2503.20783 (Dr. GRPO); the malus of calls is ours",
    loss=Loss(type="dr_grpo", clip_low=0.2, clip_high=0.2, scale="none"),
    shape=shape,
)
