"""REFLECT and CHOOSE are pure functions of the logbook and a seed."""

import math

from hypothesis import given
from hypothesis import strategies as st

from healthgym.agents.coach import (
    DEFAULT_WEIGHTS,
    Logbook,
    Record,
    advice,
    choose,
    herding,
    motives,
    reflect,
)
from healthgym.agents.verdicts import benchmark_result, checkpoint_verdict
from healthgym.bus.events import (
    BenchmarkStarted,
    CheckpointPromoted,
    CheckpointRejected,
    Dimension,
    EpisodeScored,
    TrainingCompleted,
)
from healthgym.knowledge.mastery import mastery
from healthgym.knowledge.statistics import interval, paired

DOMAINS = ["cardiology", "psychiatry", "obstetrics"]
unit = st.floats(0, 1, allow_nan=False)
record = st.builds(
    Record,
    episodes=st.integers(0, 60),
    recent=st.lists(unit, max_size=10).map(tuple),
    violations=st.integers(0, 5),
)
book = st.builds(
    Logbook,
    records=st.dictionaries(
        st.sampled_from(["a", "b"]), st.dictionaries(st.sampled_from(DOMAINS), record)
    ),
    workouts=st.lists(
        st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(DOMAINS)), max_size=20
    ).map(tuple),
)


@given(book, st.integers(0, 5), st.integers(1, 9))
def test_a_choice_is_reproducible_bounded_and_explained(
    logbook: Logbook, seed: int, cycle: int
) -> None:
    first = choose(logbook, "a", DOMAINS, DEFAULT_WEIGHTS, seed=seed, cycle=cycle)
    assert first == choose(logbook, "a", DOMAINS, DEFAULT_WEIGHTS, seed=seed, cycle=cycle)
    assert set(first.alternatives) == set(DOMAINS)
    totals = {d: v["total"] for d, v in first.alternatives.items()}
    assert totals[first.domain] == max(totals.values())
    assert first.reason in DEFAULT_WEIGHTS
    for domain in DOMAINS:
        assert all(0 <= v <= 1 for v in motives(logbook, "a", domain).values())


def test_each_motive_moves_the_choice() -> None:
    good = Record(episodes=50, recent=(0.95,) * 10 + (0.80,))
    weak = Record(episodes=50, recent=(0.2, 0.3))
    mine = {"cardiology": good, "psychiatry": weak, "obstetrics": good}
    chosen = choose(Logbook(records={"a": mine}), "a", DOMAINS, {"weakness": 1.0}, seed=0, cycle=1)
    assert (chosen.domain, chosen.reason) == ("psychiatry", "weakness")
    peer = Logbook(records={"a": dict.fromkeys(DOMAINS, weak), "b": {"obstetrics": good}})
    chosen = choose(peer, "a", DOMAINS, {"peer_learning": 1.0}, seed=0, cycle=1)
    assert (chosen.domain, chosen.reason) == ("obstetrics", "peer_learning")
    new = {"cardiology": good, "psychiatry": good}
    chosen = choose(Logbook(records={"a": new}), "a", DOMAINS, {"curiosity": 1.0}, seed=0, cycle=1)
    assert (chosen.domain, chosen.reason) == ("obstetrics", "curiosity")


def test_a_crowd_is_seen_over_all_domains_not_only_the_visited() -> None:
    crowd = Logbook(
        workouts=(("a", "cardiology"), ("b", "cardiology")) * 8 + (("a", "psychiatry"),)
    )
    assert herding(crowd, DOMAINS) == "cardiology"
    spread = Logbook(workouts=tuple(("a", d) for d in DOMAINS) * 6)
    assert herding(spread, DOMAINS) == ""


def test_reflection_names_strengths_weaknesses_and_plateaus() -> None:
    flat = Record(episodes=9, recent=(0.6, 0.61, 0.6, 0.61, 0.6), errors=(("premature_stop", 2),))
    seen = reflect(
        Logbook(
            records={"a": {"cardiology": flat, "psychiatry": Record(episodes=3, recent=(0.1,))}}
        ),
        "a",
        DOMAINS,
    )
    assert seen.strengths == ["cardiology"]
    assert seen.weaknesses == ["psychiatry"]
    assert seen.plateaus == ["cardiology"]
    assert seen.errors == {"premature_stop": 2}


def test_mastery_cuts() -> None:
    cuts = [0.2999, 0.30, 0.50, 0.70, 0.85, 0.95]
    assert [mastery(c) for c in cuts] == [
        "novice",
        "beginner",
        "intermediate",
        "advanced",
        "expert",
        "master",
    ]


@given(st.lists(unit, min_size=2, max_size=30))
def test_an_interval_holds_its_mean(values: list[float]) -> None:
    found = interval(values)
    assert 0 <= found.low <= found.mean + 1e-6
    assert found.mean <= found.high + 1e-6 <= 1 + 1e-6
    assert math.isclose(found.mean, sum(values) / len(values), abs_tol=1e-5)
    assert paired(values, values).mean == 0


def score(composite: float, safety: float = 1.0) -> EpisodeScored:
    part = Dimension(score=composite)
    return EpisodeScored(
        scorer="v",
        accuracy=part,
        process=part,
        safety=Dimension(score=safety),
        format=part,
        coherence=part,
        weighted=composite,
        gate=1.0,
        composite=composite,
        correct=True,
    )


TRAINED = TrainingCompleted(
    workout="w",
    policy="p",
    policy_version="v",
    parent_version="",
    object="v",
    sha256="",
    bytes=1,
    lora_rank=16,
    target_modules=[],
    steps=1,
    strategy="grpo",
)


def test_promotion_needs_a_gain_in_composite_or_safety_and_a_fall_of_neither() -> None:
    before = [score(0.3 + 0.01 * (i % 3)) for i in range(20)]
    better = [score(0.5 + 0.01 * (i % 4)) for i in range(20)]
    assert isinstance(checkpoint_verdict(TRAINED, before, better), CheckpointPromoted)
    same = checkpoint_verdict(TRAINED, before, before)
    assert getattr(same, "reason", "") == "no improvement beyond the interval"
    unsafe = [score(0.5, safety=0.6 + 0.01 * (i % 4)) for i in range(20)]
    assert getattr(checkpoint_verdict(TRAINED, before, unsafe), "reason", "") == "safety fell"
    risky = [score(0.3 + 0.01 * (i % 3), safety=0.6) for i in range(20)]
    assert isinstance(checkpoint_verdict(TRAINED, risky, before), CheckpointPromoted)
    timid = [score(0.29 + 0.01 * (i % 3)) for i in range(20)]
    assert isinstance(checkpoint_verdict(TRAINED, risky, timid), CheckpointRejected)
    lost = [None, *better[1:]]
    assert checkpoint_verdict(TRAINED, before, lost).result.episodes == 19


def test_a_benchmark_says_how_many_it_lost() -> None:
    started = BenchmarkStarted(label="before", policy_version="", episodes=3, temperature=1.0)
    result = benchmark_result(started, [score(0.4), None, score(0.6)])
    assert (result.episodes, result.lost, result.composite.mean) == (3, 1, 0.5)


def test_advice_names_a_peer_that_is_ahead_and_its_best_trajectories() -> None:
    weak = Record(episodes=5, recent=(0.2,))
    strong = Record(episodes=5, recent=(0.9,), best=((0.95, "episode.b.x"), (0.9, "episode.b.y")))
    book = Logbook(records={"a": {"cardiology": weak}, "b": {"cardiology": strong}})
    assert advice(book, "a", "cardiology") == ("b", ["episode.b.x", "episode.b.y"])
    assert advice(book, "b", "cardiology") == ("", [])
    assert advice(book, "a", "psychiatry") == ("", [])
