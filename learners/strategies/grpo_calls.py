"""Dr. GRPO that also tells turns apart: by what each call earned, or by its being refused.

The composite is one number for a whole episode. Where a good episode holds a refused call (no
tool call at all, an unknown tool, wrong arguments) or orders the same thing twice, plain GRPO
pushes that call up with the rest; here the tokens of that turn get a fixed, bounded malus on top
of the episode's advantage. A call that met something the case requires gets a bonus: its share of
all that is required, as the judge credited it. Rewards are not divided by their group's spread:
that magnifies small differences between poor episodes.
"""

from ...bus.episode import Episode, Turn
from . import Loss, Shaped, Strategy, composite

REFUSED = frozenset({"unparsable", "unknown_tool", "invalid_arguments", "unknown_patient"})
REFUSED_MALUS = -0.5
"""In units of the composite, like the advantage it is added to."""
REPEATED_MALUS = -0.25
CREDIT_BONUS = 0.5
"""Times the share of the required acts that the turn met."""
ORDERS = frozenset({"ordered", "given", "consulted"})


def _worth(turn: Turn, before: frozenset[str], credit: float) -> float:
    seen = turn.observation
    if seen is None:
        return 0.0
    if seen.code in REFUSED:
        return REFUSED_MALUS
    ordered = seen.effect is not None and seen.effect.kind in ORDERS
    if ordered and turn.action.raw in before:
        return REPEATED_MALUS
    return CREDIT_BONUS * credit


def shape(episode: Episode) -> Shaped:
    """The composite, and what each turn earned or spoiled."""
    turns = episode.turns
    raws = [turn.action.raw for turn in turns]
    credit = episode.scored.credit if episode.scored else {}
    worth = tuple(
        _worth(turn, frozenset(raws[:i]), credit.get(str(turn.action.turn), 0.0))
        for i, turn in enumerate(turns)
    )
    return Shaped(reward=composite(episode).reward, turns=worth)


STRATEGY = Strategy(
    name="grpo_calls",
    source="Liu et al. 2025, arXiv 2503.20783 (Dr. GRPO); the per-turn malus is ours",
    loss=Loss(type="dr_grpo", clip_low=0.2, clip_high=0.2, scale="none"),
    shape=shape,
)
