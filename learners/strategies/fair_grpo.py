"""GRPO that hears rare groups and those that fare ill more: a factor on the advantages."""

from collections.abc import Sequence

from ...bus.episode import Episode
from ...knowledge.fairness import fair_weights
from . import Strategy
from .grpo import STRATEGY as GRPO


def _weights(groups: Sequence[Sequence[Episode]]) -> list[list[float]]:
    """Weights over the whole batch: a group of episodes shares one patient, and so one factor."""
    judged = [(e.scored.groups, e.scored.composite) for group in groups for e in group if e.scored]
    weights = iter(fair_weights(judged))
    return [[next(weights) if e.scored else 1.0 for e in group] for group in groups]


STRATEGY = Strategy(
    name="fair_grpo",
    source="after FairGRPO, arXiv 2510.19893; weights simplified, see fair_weights",
    loss=GRPO.loss,
    weight=_weights,
)
