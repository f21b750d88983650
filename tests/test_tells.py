"""What is free tells little; what tells all is found."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.cli.tells import DEMOGRAPHIC, MOST, auc, free, tells
from healthgym.knowledge.patients import generate

NOISE = 0.04
"""Of an area near 0.9 over 100 patients a side, twice its standard error at most."""
NUMBERS = st.lists(st.integers(0, 9).map(float), min_size=1, max_size=12)


def test_the_area_of_known_samples() -> None:
    assert auc([1, 2, 3], [4, 5]) == 1.0
    assert auc([4, 5], [1, 2, 3]) == 1.0
    assert auc([1, 1], [1, 1]) == 0.5
    assert auc([1, 3], [2, 2]) == 0.5
    assert auc([1, 2], [2, 3]) == pytest.approx(3.5 / 4)


@settings(max_examples=50, deadline=None)
@given(NUMBERS, NUMBERS)
def test_the_area_counts_pairs(ours: list[float], theirs: list[float]) -> None:
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in ours for b in theirs]
    above = sum(pairs) / len(pairs)
    assert auc(ours, theirs) == pytest.approx(max(above, 1 - above))


def test_free_features_need_no_call() -> None:
    known = free(generate("nstemi_classic_risk", 581000))
    assert known["age"] >= 50
    assert known["past smoker"] == 1.0
    assert any(k.startswith("word ") for k in known)
    assert "finding:pressure" not in known


def test_nothing_free_gives_a_diagnosis_away() -> None:
    found = tells("clinical_diagnosis", patients=100)
    assert {t.feature for t in found} >= {"age", DEMOGRAPHIC, "vital hr_bpm"}
    assert [t for t in found if t.auc > MOST + NOISE] == []
