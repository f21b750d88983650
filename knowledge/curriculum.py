"""Which patients an agent meets: training rounds, validation sets, tests.

Pure functions of the plan and a seed. Train, validation and test use different variants and
disjoint seed ranges, so no tested patient was ever met in training.
"""

from collections.abc import Sequence
from itertools import cycle, islice

import msgspec

from ..bus.events import (
    AgentRegistered,
    Draft,
    EpisodeRequested,
    Purpose,
    Sampling,
    WorkoutPlanned,
    episode,
    opaque_id,
)
from .guidelines import versions
from .patients import GENERATOR_VERSION
from .rng import stream
from .tasks import variants

TRAIN_SEEDS = (0, 400_000)
VALIDATION_SEEDS = (500_000, 600_000)
TEST_SEEDS = (1_000_000, 2_000_000)

Request = tuple[str, tuple[Draft, ...]]
"""Aggregate of a new episode, and its first event."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One patient to be met."""

    domain: str
    variant: str
    seed: int

    @property
    def task(self) -> str:
        """Id of the generated task."""
        return f"{self.domain}:{self.variant}:{self.seed}"


def training_cases(workout: WorkoutPlanned, number: int) -> list[Case]:
    """Cases of one round of a workout, one a group."""
    pool = variants(workout.domain, "train")
    draw = stream(workout.seed, "workout", workout.cycle, "round", number)
    return [
        Case(
            domain=workout.domain,
            variant=draw.choice(pool),
            seed=draw.integer(*TRAIN_SEEDS),
        )
        for _ in range(workout.groups_per_round)
    ]


def held_out_cases(domains: Sequence[str], split: str, count: int, salt: object) -> list[Case]:
    """Cases of the validation or test split: the domains in turn, each over all its variants."""
    low, high = VALIDATION_SEEDS if split == "validation" else TEST_SEEDS
    draw = stream("held out", split, salt)
    pools = {d: cycle(variants(d, split)) for d in domains}
    return [
        Case(domain=d, variant=next(pools[d]), seed=draw.integer(low, high))
        for d in islice(cycle(domains), count)
    ]


Place = tuple[str, str, int, int, int]
"""Stage, correlation, group, index in the group, group size."""


def request(
    case: Case,
    *,
    who: AgentRegistered,
    purpose: Purpose,
    version: str,
    temperature: float,
    place: Place,
) -> Request:
    """First event of one episode; the same arguments give the same episode."""
    stage, correlation, group, index, size = place
    plan = who.plan
    data = EpisodeRequested(
        task=case.task,
        domain=case.domain,
        variant=case.variant,
        seed=case.seed,
        generator=GENERATOR_VERSION,
        guidelines=versions(),
        agent=who.agent,
        policy_version=version,
        purpose=purpose,
        group=f"{stage}/{group}",
        index=index,
        group_size=size,
        sampling=Sampling(
            temperature=temperature,
            seed=plan.seed * 1_000_003 + index,
            max_new_tokens=plan.max_new_tokens,
        ),
        max_turns=plan.max_turns,
        token_limit=plan.token_limit,
        library=plan.library,
    )
    name = episode(who.agent, opaque_id(correlation, stage, group, index))
    return name, (Draft(data=data, cause=correlation, correlation=correlation),)


def round_requests(
    workout: WorkoutPlanned, workout_id: str, who: AgentRegistered, number: int, version: str
) -> list[Request]:
    """All episodes of one round: each case played `group_size` times with one version."""
    return [
        request(
            case,
            who=who,
            purpose="train",
            version=version,
            temperature=workout.temperature,
            place=(f"round{number}", workout_id, group, index, workout.group_size),
        )
        for group, case in enumerate(training_cases(workout, number))
        for index in range(workout.group_size)
    ]


def round_names(
    workout: WorkoutPlanned, workout_id: str, agent: str, number: int
) -> list[list[str]]:
    """Aggregates of a round's episodes, by group."""
    return [
        [
            episode(agent, opaque_id(workout_id, f"round{number}", group, index))
            for index in range(workout.group_size)
        ]
        for group in range(workout.groups_per_round)
    ]
