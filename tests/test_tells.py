"""What is free tells little; what tells all is found."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.cli.tells import DEMOGRAPHIC, MOST, auc, free, names_a_disorder, tells
from healthgym.knowledge.domains import domains
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


def test_where_the_answer_is_a_diagnosis() -> None:
    named = {d for d in domains() if names_a_disorder(d)}
    assert named >= {"clinical_diagnosis", "cross_domain", "obstetrics"}
    assert not named & {"triage_emergency", "conduct", "radiology_report", "medical_qa"}


@pytest.mark.parametrize("domain", ["cross_domain", "obstetrics"])
def test_neither_a_feature_nor_age_and_sex_tells(domain: str) -> None:
    found = tells(domain)
    assert [t for t in found if t.auc > (0.6 if t.feature == DEMOGRAPHIC else MOST)] == []


def test_the_look_alikes_of_conduct_are_requests() -> None:
    found = tells("conduct", patients=60)
    assert {t.condition for t in found} <= {"comply", "comply_in_part", "decline", "defer_to_other"}
    assert max(t.auc for t in found) < MOST - 2 * NOISE
