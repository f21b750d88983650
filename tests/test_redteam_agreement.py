"""The score agrees with the quality of play: more mistakes, less composite, in every domain."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.cli.attacks.agreement import AGREES, MISTAKES, MOST, agreement, flawed, spearman
from healthgym.cli.attacks.episodes import DANGER, expert, judged
from healthgym.cli.attacks.report import study_page
from healthgym.knowledge.domains import domains
from healthgym.knowledge.rng import stream
from healthgym.knowledge.tasks import task


def test_ranks() -> None:
    assert spearman([(0, 0.9), (1, 0.5), (2, 0.1)]) == 1.0
    assert spearman([(0, 0.1), (1, 0.5), (2, 0.9)]) == -1.0
    assert spearman([(0, 0.5), (1, 0.5)]) == 0.0
    assert 0 < spearman([(0, 1.0), (1, 0.2), (2, 0.5), (3, 0.1)]) < 1


def test_each_kind_of_mistake_changes_the_play() -> None:
    on = task("ob_abruption_accident_001")
    for kind, (mistake, _) in MISTAKES.items():
        worse = mistake(on, list(expert(on)), stream("one", kind))
        assert worse is not None, kind
        assert tuple(worse) != expert(on), kind
        assert judged(on, worse).composite <= judged(on, expert(on)).composite, kind


@settings(max_examples=50, deadline=None)
@given(count=st.integers(0, MOST), seed=st.integers(0, 1000))
def test_as_many_mistakes_as_asked(count: int, seed: int) -> None:
    calls, kinds = flawed(task("qa_ask_code_001"), count, stream("many", seed))
    assert len(kinds) == count
    assert set(kinds) <= set(MISTAKES)
    assert calls


@pytest.mark.parametrize("domain", domains())
def test_the_score_agrees_with_the_quality_of_play(domain: str) -> None:
    # The page has 100; pictures are drawn and measured for each play.
    found = agreement(domain, 6 if domain == "visual_diagnosis" else 40, seed=1)
    assert [level.mistakes for level in found.levels] == list(range(MOST + 1))
    assert found.of_means >= AGREES, found
    assert found.of_episodes > 0
    assert found.worst_critical <= DANGER


def test_the_page_says_what_was_run() -> None:
    study = study_page([agreement("medical_qa", 4, seed=5)], episodes=4, seed=5, drawn="a.svg")
    assert "--episodes 4 --seed 5" in study
    assert "](a.svg)" in study
