"""Groups of patients: how each fares, and how much a learner should hear of each.

Groups are what `EpisodeScored.groups` names: sex, age band, ethnicity, means. Pure functions of
judged episodes, for scorers' reports and for learners alike.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from ..bus.events import Interval
from .statistics import interval

Groups = Mapping[str, str]
LEAST = 8
"""A group of fewer episodes says too little: it counts as everybody."""
LOWEST, HIGHEST = 0.5, 3.0
_EVEN = 0.01


class GroupRow(msgspec.Struct, frozen=True, kw_only=True):
    """One group of one attribute."""

    attribute: str
    group: str
    episodes: int
    composite: Interval


class Fairness(msgspec.Struct, frozen=True, kw_only=True):
    """How groups fare."""

    episodes: int
    rows: list[GroupRow]
    worst: dict[str, str]
    """By attribute: the group that fares worst, of those with enough episodes."""
    worst_score: float
    """Mean composite of the group that fares worst of all; 0 without any group."""
    gap: dict[str, float]
    """By attribute: best mean less worst mean."""


def fairness(judged: Sequence[tuple[Groups, float]]) -> Fairness:
    """Mean composite of every group, the worst, and the gaps. Small groups are listed only."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for groups, composite in judged:
        for attribute, group in groups.items():
            found[attribute, group].append(composite)
    rows = [
        GroupRow(attribute=a, group=g, episodes=len(values), composite=interval(values))
        for (a, g), values in sorted(found.items())
    ]
    worst: dict[str, str] = {}
    gap: dict[str, float] = {}
    lowest: list[float] = []
    for attribute in dict.fromkeys(r.attribute for r in rows):
        own = [r for r in rows if r.attribute == attribute and r.episodes >= LEAST]
        if not own:
            continue
        least = min(own, key=lambda r: (r.composite.mean, r.group))
        worst[attribute] = least.group
        lowest.append(least.composite.mean)
        gap[attribute] = round(max(r.composite.mean for r in own) - least.composite.mean, 6)
    return Fairness(
        episodes=len(judged),
        rows=rows,
        worst=worst,
        worst_score=min(lowest, default=0.0),
        gap=gap,
    )


def fair_weights(judged: Sequence[tuple[Groups, float]]) -> list[float]:
    """A factor on the advantage of each episode: more for rare groups and for those that fare ill.

    For each attribute half from rarity (even share over own share) and half from need (mean of all
    over mean of the group), within [0.5, 3]; an episode takes the mean over its attributes, and the
    factors are scaled to a mean of 1 over all. Groups under eight episodes count as everybody. A
    factor on the reward would cancel against the mean of its group, whose episodes share a patient;
    so it belongs on the advantage (after FairGRPO, arXiv 2510.19893, whose
    weighting this simplifies).
    """
    if not judged:
        return []
    everybody = math.fsum(c for _, c in judged) / len(judged)
    members: dict[tuple[str, str], list[float]] = defaultdict(list)
    for groups, composite in judged:
        for attribute, group in groups.items():
            members[attribute, group].append(composite)
    kinds: dict[str, int] = defaultdict(int)
    for attribute, _ in members:
        kinds[attribute] += 1
    factor: dict[tuple[str, str], float] = {}
    for (attribute, group), values in members.items():
        rare = len(judged) / kinds[attribute] / len(values)
        need = (everybody + _EVEN) / (math.fsum(values) / len(values) + _EVEN)
        enough = len(values) >= LEAST
        raw = 0.5 * rare + 0.5 * need if enough else 1.0
        factor[attribute, group] = min(max(raw, LOWEST), HIGHEST)
    own = [[factor[item] for item in sorted(groups.items())] or [1.0] for groups, _ in judged]
    means = [math.fsum(several) / len(several) for several in own]
    overall = math.fsum(means) / len(means)
    return [round(m / overall, 6) for m in means]
