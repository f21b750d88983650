"""From judged episodes to samples: flat tokens, mask, behaviour log-probabilities, advantages.

Pure: the same episodes give the same samples. What must not be learned from is left out and
counted: unjudged, masked or constrained episodes, those of another model, the too old, and groups
whose rewards do not differ.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec

from ..bus.episode import Episode
from ..bus.events import Generation
from .strategies import Shaped, Strategy

_EPSILON = 1e-6


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One episode as the model saw it: a prompt, then everything after it."""

    prompt: list[int]
    completion: list[int]
    mask: list[int]
    """1 where the policy sampled the token, 0 where it was given one."""
    logprobs: list[float]
    """Log-probability with which each masked token was sampled, 0 elsewhere."""
    advantages: list[float]
    """Advantage of each token."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What a round of groups gives."""

    samples: list[Sample]
    dropped: int
    """Episodes left out."""
    staleness: float
    """Mean number of updates since the kept episodes were played."""


def generations(episode: Episode) -> list[Generation]:
    """What the model read and sampled, turn by turn; empty if any turn was not sampled."""
    made = [turn.action.generation for turn in episode.turns]
    found = [g for g in made if g is not None]
    return found if len(found) == len(made) else []


def usable(episode: Episode, policy: str, tokenizer: str) -> bool:
    """The episode was judged, is unmasked and unconstrained, and was played by this model."""
    made = generations(episode)
    if episode.scored is None or not made or (episode.requested and episode.requested.masked):
        return False
    return all(g.policy == policy and g.tokenizer == tokenizer and not g.constrained for g in made)


def age(episode: Episode, versions: Mapping[str, int], now: int) -> int | None:
    """Updates since the version that played the episode; None for an unknown version."""
    played = versions.get(generations(episode)[0].policy_version)
    return None if played is None else now - played


def normalised(rewards: Sequence[float], scale: float) -> list[float]:
    """Rewards against their mean, divided by `scale`."""
    mean = math.fsum(rewards) / len(rewards)
    return [(r - mean) / scale for r in rewards]


def deviation(rewards: Sequence[float]) -> float:
    """Standard deviation of a sample (n - 1), as TRL and DeepSeekMath use it; 0 for one value."""
    if len(rewards) < 2:
        return 0.0
    mean = math.fsum(rewards) / len(rewards)
    return math.sqrt(math.fsum((r - mean) ** 2 for r in rewards) / (len(rewards) - 1))


def advantages(groups: Sequence[Sequence[Shaped]], scale: str) -> list[list[float]]:
    """Advantage of every episode of every group."""
    rewards = [[s.reward for s in group] for group in groups]
    whole = deviation([r for group in rewards for r in group]) + _EPSILON
    own = {
        "group": lambda group: deviation(group) + _EPSILON,
        "batch": lambda _: whole,
        "none": lambda _: 1.0,
    }[scale]
    return [normalised(group, own(group)) for group in rewards]


def sample(episode: Episode, advantage: float, turns: Sequence[float] = ()) -> Sample:
    """The flat tokens of an episode. The first turn's forced tokens are the prompt."""
    made = generations(episode)
    completion: list[int] = []
    mask: list[int] = []
    logprobs: list[float] = []
    given: list[float] = []
    for i, g in enumerate(made):
        forced = [] if i == 0 else g.forced
        completion += [*forced, *g.sampled]
        mask += [0] * len(forced) + [1] * len(g.sampled)
        logprobs += [0.0] * len(forced) + g.logprobs
        extra = turns[i] if i < len(turns) else 0.0
        given += [advantage + extra] * (len(forced) + len(g.sampled))
    return Sample(
        prompt=made[0].forced,
        completion=completion,
        mask=mask,
        logprobs=logprobs,
        advantages=given,
    )


def batch(
    groups: Sequence[Sequence[Episode]],
    strategy: Strategy,
    *,
    policy: str,
    tokenizer: str,
    versions: Mapping[str, int] | None = None,
    now: int = 0,
    max_staleness: int = 4,
) -> Batch:
    """Turn complete groups into samples.

    `versions` maps a policy version to the number of updates behind it, `now` is the number of
    updates made; without `versions` every episode counts as fresh.
    """
    kept: list[list[Episode]] = []
    ages: list[int] = []
    for group in groups:
        mine: list[Episode] = []
        for episode in group:
            if not usable(episode, policy, tokenizer):
                continue
            stale = 0 if versions is None else age(episode, versions, now)
            if stale is not None and stale <= max_staleness:
                mine.append(episode)
                ages.append(stale)
        if len(mine) > 1 and strategy.keep([strategy.shape(e) for e in mine]):
            kept.append(mine)
        elif mine:
            del ages[-len(mine) :]
    shaped = [[strategy.shape(e) for e in group] for group in kept]
    scaled = advantages(shaped, strategy.loss.scale)
    samples = [
        sample(episode, a * w, s.turns)
        for group, parts, values, weights in zip(
            kept, shaped, scaled, strategy.weight(kept), strict=True
        )
        for episode, s, a, w in zip(group, parts, values, weights, strict=True)
    ]
    total = sum(len(group) for group in groups)
    return Batch(
        samples=samples,
        dropped=total - len(samples),
        staleness=sum(ages) / len(ages) if ages else 0.0,
    )
