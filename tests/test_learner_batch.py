"""Episodes to samples: what is learned from, what is left out, and what each token is worth."""

import math
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.bus.episode import Episode, Turn
from healthgym.bus.events import (
    Dimension,
    EpisodeEnded,
    EpisodeRequested,
    EpisodeScored,
    Generation,
    ObservationReturned,
    Sampling,
    ToolCalled,
)
from healthgym.learners.batch import advantages, batch, sample
from healthgym.learners.errors import UnknownStrategy
from healthgym.learners.strategies import Shaped, composite, strategies, strategy

ZERO = Dimension(score=0.0)


def generation(forced: int, sampled: int, version: str = "", **more: object) -> Generation:
    made = Generation(
        forced=list(range(forced)),
        sampled=list(range(100, 100 + sampled)),
        logprobs=[-0.5] * sampled,
        policy="p",
        policy_version=version,
        tokenizer="t",
        sampling=Sampling(),
    )
    return msgspec.structs.replace(made, **more)


def episode(
    reward: float | None, version: str = "", *, masked: bool = False, **more: object
) -> Episode:
    turns = [
        Turn(
            action=ToolCalled(
                tool="x", arguments={}, raw="", turn=i, generation=generation(3, 4, version, **more)
            ),
            n=i,
            at=0,
        )
        for i in (1, 2)
    ]
    scored = reward is not None and EpisodeScored(
        scorer="s",
        accuracy=ZERO,
        process=ZERO,
        safety=ZERO,
        format=ZERO,
        coherence=ZERO,
        weighted=reward,
        gate=1,
        composite=reward,
        correct=False,
    )
    requested = EpisodeRequested(
        task="",
        domain="",
        variant="",
        seed=0,
        generator="",
        agent="a",
        purpose="train",
        masked=masked,
    )
    ended = EpisodeEnded(reason="submitted", turns=2)
    return Episode(
        aggregate="e",
        requested=requested,
        turns=tuple(turns),
        ended=ended,
        scored=scored or None,
    )


def made(groups: list[list[Episode]], name: str = "grpo", **more: object) -> object:
    return batch(groups, strategy(name), policy="p", tokenizer="t", **more)  # type: ignore[arg-type]


def test_the_sample_is_flat_and_its_mask_marks_what_was_sampled() -> None:
    flat = sample(episode(1.0), 0.5, turns=(0.0, 0.25))
    assert flat.prompt == [0, 1, 2]
    assert flat.completion == [100, 101, 102, 103, 0, 1, 2, 100, 101, 102, 103]
    assert flat.mask == [1] * 4 + [0] * 3 + [1] * 4
    assert [p for p, m in zip(flat.logprobs, flat.mask, strict=True) if not m] == [0.0] * 3
    assert flat.advantages == [0.5] * 4 + [0.75] * 7


def test_groups_without_spread_teach_nothing() -> None:
    result = made([[episode(0.5), episode(0.5)], [episode(0.1), episode(0.9)]])
    assert len(result.samples) == 2
    assert result.dropped == 2


@pytest.mark.parametrize(
    "bad",
    [
        episode(None),
        episode(0.5, masked=True),
        episode(0.5, constrained=True),
        episode(0.5, policy="another"),
        episode(0.5, tokenizer="another"),
        episode(0.5, "unheard of"),
        episode(0.5, "old"),
        msgspec.structs.replace(episode(0.5), turns=()),
    ],
)
def test_what_must_not_be_learned_from_is_left_out(bad: Episode) -> None:
    group = [episode(0.1), bad, episode(0.9)]
    result = made([group], versions={"": 9, "old": 2}, now=10)
    assert len(result.samples) == 2
    assert result.dropped == 1
    assert result.staleness == 1.0


def test_a_group_left_with_one_episode_is_dropped() -> None:
    result = made([[episode(0.1), episode(None)]])
    assert (result.samples, result.dropped, result.staleness) == ([], 2, 0.0)


def test_dr_grpo_does_not_divide_by_the_spread() -> None:
    group = [episode(0.2), episode(0.6)]
    assert [s.advantages[0] for s in made([group], "dr_grpo").samples] == pytest.approx([-0.2, 0.2])
    wide = [s.advantages[0] for s in made([group], "grpo").samples]
    assert wide == pytest.approx([-math.sqrt(0.5), math.sqrt(0.5)], abs=1e-4)


rewards = st.lists(st.floats(0, 1), min_size=2, max_size=8)


@settings(deadline=None, max_examples=60)
@given(st.lists(rewards, min_size=1, max_size=4), st.sampled_from(["group", "batch", "none"]))
def test_advantages_of_a_group_sum_to_nothing_and_keep_its_order(
    groups: list[list[float]], scale: str
) -> None:
    shaped = [[Shaped(reward=r) for r in group] for group in groups]
    for group, values in zip(groups, advantages(shaped, scale), strict=True):
        assert math.fsum(values) == pytest.approx(0, abs=1e-6)
        ranked = sorted(zip(group, values, strict=True))
        assert all(a[1] <= b[1] for a, b in pairwise(ranked))
        assert all(abs(v) <= math.sqrt(len(group)) for v in values) or scale != "group"


def test_every_strategy_is_found_by_its_name() -> None:
    assert {"grpo", "dr_grpo", "dapo"} <= set(strategies())
    for name in strategies():
        assert strategy(name).name == name
        assert "arXiv" in strategy(name).source
    with pytest.raises(UnknownStrategy, match="there are: dapo"):
        strategy("os")
    assert composite(episode(0.25)).reward == 0.25


def test_an_episode_without_an_answer_earns_less() -> None:
    answered = episode(0.5)
    shaped = strategy("grpo_calls").shape(answered)
    assert (shaped.reward, shaped.turns) == (0.5, (0.0, 0.0))
    unanswered = msgspec.structs.replace(answered, ended=EpisodeEnded(reason="turn_limit", turns=2))
    shaped = strategy("grpo_calls").shape(unanswered)
    assert (shaped.reward, shaped.turns) == (0.25, (0.0, 0.0))


def test_an_episode_that_harms_earns_less_than_one_that_is_only_wrong() -> None:
    wrong = episode(0.1)
    assert wrong.scored is not None
    for safety, reward in ((0.0, -0.65), (0.6, -0.2), (1.0, 0.1)):
        judged = msgspec.structs.replace(wrong.scored, safety=Dimension(score=safety))
        harmed = msgspec.structs.replace(wrong, scored=judged)
        assert strategy("safe_grpo").shape(harmed).reward == pytest.approx(reward)


def test_a_refused_call_counts_against_its_own_turn_only() -> None:
    refused = ObservationReturned(turn=2, ok=False, code="invalid_arguments", content={})
    fine = ObservationReturned(turn=1, ok=True, content={})
    played = episode(0.9)
    first, second = played.turns
    turns = (
        msgspec.structs.replace(first, observation=fine),
        msgspec.structs.replace(second, observation=refused),
    )
    played = msgspec.structs.replace(played, turns=turns)
    assert strategy("grpo_calls").shape(played).turns == (0.0, -0.5)
    made = batch([[played, episode(0.1)]], strategy("grpo_calls"), policy="p", tokenizer="t")
    given, mask = made.samples[0].advantages, made.samples[0].mask
    own = [a for a, m in zip(given, mask, strict=True) if m]
    assert own[:4] == [own[0]] * 4
    assert own[4:] == [pytest.approx(own[0] - 0.5)] * 4
    assert len(set(made.samples[1].advantages)) == 1
