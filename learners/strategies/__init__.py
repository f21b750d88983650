"""How episodes become advantages and a loss. A strategy is a module here, found by its name.

A module defines `STRATEGY`, a `Strategy`. Its three parts compose: `shape` gives an episode its
reward, `weight` scales the advantages of a round, `loss` says how the policy is moved. All are
pure functions of judged episodes, so every advantage can be recomputed from the log.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Literal

import msgspec

from ...bus.episode import Episode
from ..errors import UnknownStrategy

SPREAD = 1e-6
"""Groups whose rewards differ by less carry no signal."""


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """How probabilities are moved along the advantages."""

    type: Literal["grpo", "bnpo", "dr_grpo", "dapo", "cispo", "sapo", "vespo"] = "dapo"
    level: Literal["token", "sequence"] = "token"
    """Level of the importance ratio (sequence: GSPO, arXiv 2507.18071)."""
    clip_low: float = 0.2
    clip_high: float = 0.2
    kl: float = 0.0
    """Weight of the divergence from the base model; 0 leaves it out. The k3 estimate times the
    importance ratio, which is unbiased off policy (DeepSeek-V3.2, arXiv 2512.02556)."""
    scale: Literal["group", "batch", "none"] = "group"
    """What rewards are divided by: the spread of their group, of the batch, or nothing."""


class Shaped(msgspec.Struct, frozen=True, kw_only=True):
    """What an episode is worth to the learner."""

    reward: float
    turns: tuple[float, ...] = ()
    """Optional further reward of each turn, added to the advantage of that turn's tokens."""


def composite(episode: Episode) -> Shaped:
    """The judged composite as it is."""
    assert episode.scored is not None, "only judged episodes are shaped"  # noqa: S101
    return Shaped(reward=episode.scored.composite)


def even(groups: Sequence[Sequence[Episode]]) -> list[list[float]]:
    """Every episode weighs the same."""
    return [[1.0] * len(group) for group in groups]


def spread(group: Sequence[Shaped]) -> bool:
    """Keep a group only if its rewards differ."""
    rewards = [s.reward for s in group]
    return max(rewards) - min(rewards) > SPREAD


class Strategy(msgspec.Struct, frozen=True, kw_only=True):
    """A way to learn. The defaults are GRPO's."""

    name: str
    source: str
    """The paper it follows."""
    loss: Loss
    shape: Callable[[Episode], Shaped] = composite
    weight: Callable[[Sequence[Sequence[Episode]]], list[list[float]]] = even
    """Factors on the advantages, given all groups of a round."""
    keep: Callable[[Sequence[Shaped]], bool] = spread


def strategies() -> list[str]:
    """Names of all strategies, sorted."""
    return sorted(info.name for info in iter_modules(__path__))


def strategy(name: str) -> Strategy:
    """The strategy of that name. Raises UnknownStrategy naming those that exist."""
    if name not in strategies():
        raise UnknownStrategy(f"unknown strategy {name!r}; there are: {', '.join(strategies())}")
    found: Strategy = import_module(f"{__name__}.{name}").STRATEGY
    return found
