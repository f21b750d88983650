"""Psychiatry: bands at every limit, items of suicide whatever the total, and contradictions."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.errors import InvalidInput
from healthgym.knowledge.instruments.core import calc

LISTS = {
    "phq9": ("items_1_to_9", 9, 3),
    "gad7": ("items_1_to_7", 7, 3),
    "epds": ("items_1_to_10", 10, 3),
    "pcl5": ("items_1_to_20", 20, 4),
    "audit_c": ("items_1_to_3", 3, 4),
    "audit": ("items_1_to_10", 10, 4),
    "aims": ("items_1_to_7", 7, 4),
    "ciwa_ar": ("nine_items_0_7", 9, 7),
}
REST = {"audit_c": {"sex": "female"}, "ciwa_ar": {"orientation_0_4": 0}}


def items(name, *values):
    field, length, _ = LISTS[name]
    return {field: [*values, *[0] * (length - len(values))], **REST.get(name, {})}


def spread(name, total):
    """Items from the front that sum to the total."""
    field, length, top = LISTS[name]
    found = []
    for _ in range(length):
        found.append(min(top, total))
        total -= found[-1]
    return {field: found, **REST.get(name, {})}


@pytest.mark.parametrize("name", sorted(LISTS))
def test_lists_of_items_have_their_length_and_range(name):
    field, length, top = LISTS[name]
    whole = items(name)[field]
    for wrong in (whole[1:], [*whole, 0], [top + 1, *whole[1:]], [-1, *whole[1:]], [0.5, *whole]):
        with pytest.raises(InvalidInput, match=field):
            calc(name, {**items(name), field: wrong})
    worst = calc(name, {**items(name), field: [top] * length})
    assert worst.value == top * length
    numbered = [key for key in worst.components if key.startswith("item_")]
    assert numbered == [f"item_{number}" for number in range(1, length + 1)]


LIMITS = {
    "phq9": [
        (0, "minimal"),
        (4, "minimal"),
        (5, "mild"),
        (9, "mild"),
        (10, "moderate"),
        (14, "moderate"),
        (15, "moderately severe"),
        (19, "moderately severe"),
        (20, "severe"),
        (24, "severe"),
    ],
    "gad7": [
        (4, "minimal"),
        (5, "mild"),
        (9, "mild"),
        (10, "moderate"),
        (14, "moderate"),
        (15, "severe"),
        (21, "severe"),
    ],
    "epds": [
        (0, "unlikely"),
        (9, "unlikely"),
        (10, "possible depression"),
        (12, "possible depression"),
        (13, "probable depression"),
        (27, "probable depression"),
    ],
    "audit": [
        (0, "zone I"),
        (7, "zone I"),
        (8, "zone II"),
        (15, "zone II"),
        (16, "zone III"),
        (19, "zone III"),
        (20, "zone IV"),
        (40, "zone IV"),
    ],
    "ciwa_ar": [
        (0, "mild (<10)"),
        (9, "mild (<10)"),
        (10, "moderate (10-18)"),
        (18, "moderate (10-18)"),
        (19, "severe (>=19)"),
        (63, "severe (>=19)"),
    ],
}


@pytest.mark.parametrize(
    ("name", "total", "band"), [(n, t, b) for n, rows in LIMITS.items() for t, b in rows]
)
def test_bands_of_item_lists(name, total, band):
    result = calc(name, spread(name, total))
    assert (result.value, result.band) == (total, band)
    assert not result.warnings


ENTRIES = {
    ("cows", "total_0_48", 48): [
        (0, "none"),
        (4, "none"),
        (5, "mild"),
        (12, "mild"),
        (13, "moderate"),
        (24, "moderate"),
        (25, "moderately severe"),
        (36, "moderately severe"),
        (37, "severe"),
        (48, "severe"),
    ],
    ("dast10", "positive_answers_0_10", 10): [
        (0, "none"),
        (1, "low"),
        (2, "low"),
        (3, "moderate"),
        (5, "moderate"),
        (6, "substantial"),
        (8, "substantial"),
        (9, "severe"),
    ],
    ("ymrs_total", "total_0_60", 60): [
        (0, "remission"),
        (12, "remission"),
        (13, "hypomanic"),
        (19, "hypomanic"),
        (20, "manic"),
    ],
    ("hamd17_total", "total_0_52", 52): [
        (0, "none"),
        (7, "none"),
        (8, "mild"),
        (16, "mild"),
        (17, "moderate"),
        (23, "moderate"),
        (24, "severe"),
    ],
    ("madrs_total", "total_0_60", 60): [
        (0, "none"),
        (6, "none"),
        (7, "mild"),
        (19, "mild"),
        (20, "moderate"),
        (34, "moderate"),
        (35, "severe"),
    ],
    ("mmse_total", "total_0_30", 30): [(23, "impaired"), (24, "normal")],
    ("bush_francis_screening", "signs_present_0_14", 14): [
        (0, "negative"),
        (1, "negative"),
        (2, "positive"),
    ],
}


@pytest.mark.parametrize(
    ("name", "field", "top", "total", "band"),
    [(*key, total, band) for key, rows in ENTRIES.items() for total, band in rows],
)
def test_bands_of_entered_totals(name, field, top, total, band):
    result = calc(name, {field: total})
    assert (result.value, result.band) == (total, band)
    for wrong in (-1, top + 1):
        with pytest.raises(InvalidInput, match=field):
            calc(name, {field: wrong})


@pytest.mark.parametrize("score", [1, 2, 3])
@pytest.mark.parametrize(
    ("name", "last", "said"),
    [("phq9", 9, "suicide item positive"), ("epds", 10, "self-harm item positive")],
)
def test_the_item_of_suicide_counts_whatever_the_total(name, last, said, score):
    low = calc(name, items(name, *[0] * (last - 1), score))
    assert low.band.endswith(f";{said}")
    assert low.warnings
    high = calc(name, items(name, *[3] * (last - 1), score))
    assert high.band == f"{'severe' if name == 'phq9' else 'probable depression'};{said}"
    without = calc(name, items(name, *[3] * (last - 1)))
    assert ";" not in without.band
    assert not without.warnings


CLUSTERS = {"B": range(5), "C": range(5, 7), "D": range(7, 14), "E": range(14, 20)}
NEEDED = {"B": 1, "C": 1, "D": 2, "E": 2}


def pcl5(rated):
    return calc("pcl5", {"items_1_to_20": [rated.get(i, 0) for i in range(20)]})


def just_met():
    return {i: 2 for name, places in CLUSTERS.items() for i in list(places)[-NEEDED[name] :]}


def test_pcl5_needs_every_cluster_rated_two():
    assert pcl5(just_met()).band == "below 31;dsm clusters met"
    for place in just_met():
        assert pcl5({**just_met(), place: 1}).band == "below 31;dsm clusters not met", place


@pytest.mark.parametrize("name", sorted(CLUSTERS))
def test_each_item_of_pcl5_counts_in_its_own_cluster_only(name):
    others = {i: 2 for i in just_met() if i not in CLUSTERS[name]}
    for place in range(20):
        inside = [place, *(i for i in CLUSTERS[name] if i != place)][: NEEDED[name]]
        met = pcl5({**others, **dict.fromkeys(inside, 2)}).band.endswith("clusters met")
        assert met == (place in CLUSTERS[name]), place


@pytest.mark.parametrize(
    ("total", "band"),
    [(30, "below 31"), (31, "31-32"), (32, "31-32"), (33, "at/above 33"), (44, "at/above 33")],
)
def test_cut_points_of_pcl5_whatever_the_clusters(total, band):
    result = calc("pcl5", spread("pcl5", total))
    assert (result.value, result.band) == (total, f"{band};dsm clusters not met")


QUESTIONS = (
    "q1_wish_to_be_dead",
    "q2_nonspecific_suicidal_thoughts",
    "q3_thoughts_with_method",
    "q4_intent_without_plan",
    "q5_intent_with_plan",
    "q6_behavior_lifetime",
    "q6_behavior_past_3_months",
)
RISK = ("none", "low", "low", "moderate", "high", "high", "moderate", "high")


def test_cssrs_is_as_high_as_its_worst_answer_in_all_128():
    order = ["none", "low", "moderate", "high"]
    for answers in product((False, True), repeat=7):
        result = calc("cssrs_screener", dict(zip(QUESTIONS, answers, strict=True)))
        worst = max([0, *(order.index(r) for r, a in zip(RISK[1:], answers, strict=True) if a)])
        assert result.value == order[worst], answers


def test_cssrs_behaviour_counts_where_thoughts_are_denied_and_contradictions_warn():
    none = dict.fromkeys(QUESTIONS, False)
    past = calc("cssrs_screener", {**none, "q6_behavior_lifetime": True})
    assert (past.value, past.warnings) == ("moderate", ())
    assert calc("cssrs_screener", {**none, "q6_behavior_past_3_months": True}).warnings
    assert calc("cssrs_screener", {**none, "q4_intent_without_plan": True}).warnings
    asked = {**none, "q2_nonspecific_suicidal_thoughts": True, "q4_intent_without_plan": True}
    assert calc("cssrs_screener", asked).warnings == ()
    for key in QUESTIONS:
        partial = {k: v for k, v in none.items() if k != key}
        assert calc("cssrs_screener", partial).value is None, "unanswered is not no"


@pytest.mark.parametrize(
    ("count", "together", "problem", "value"),
    [
        (7, True, "moderate", "positive"),
        (13, True, "serious", "positive"),
        (6, True, "serious", "negative"),
        (0, True, "serious", "negative"),
        (7, False, "serious", "negative"),
        (7, True, "minor", "negative"),
        (7, True, "none", "negative"),
    ],
)
def test_mdq_needs_count_time_and_problem(count, together, problem, value):
    inputs = {"yes_count_of_13": count, "symptoms_co_occurred": together, "problem_level": problem}
    assert calc("mdq", inputs).value == value


@pytest.mark.parametrize(
    ("total", "sex", "band"),
    [
        (2, "female", "negative"),
        (3, "female", "positive"),
        (3, "male", "negative"),
        (4, "male", "positive"),
        (12, "male", "positive"),
    ],
)
def test_audit_c_has_a_limit_for_each_sex(total, sex, band):
    result = calc("audit_c", {**spread("audit_c", total), "sex": sex})
    assert (result.value, result.band) == (total, band)


@pytest.mark.parametrize(("place", "score"), list(product((8, 9), (1, 3))))
def test_the_last_items_of_audit_have_three_answers(place, score):
    answers = [0] * 10
    answers[place] = score
    with pytest.raises(InvalidInput, match=f"0, 2 or 4 for item {place + 1}"):
        calc("audit", {"items_1_to_10": answers})


def test_cage_is_positive_from_two():
    keys = ("cut_down", "annoyed", "guilty", "eye_opener")
    for answers in product((False, True), repeat=4):
        result = calc("cage", dict(zip(keys, answers, strict=True)))
        assert result.value == sum(answers)
        assert result.band == ("positive" if sum(answers) >= 2 else "negative")


def test_orientation_of_ciwa_ends_at_four_and_the_scale_at_67():
    worst = {"nine_items_0_7": [7] * 9, "orientation_0_4": 4}
    assert calc("ciwa_ar", worst).value == 67
    with pytest.raises(InvalidInput, match="orientation_0_4"):
        calc("ciwa_ar", {**worst, "orientation_0_4": 5})


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_an_item_more_never_lowers_a_total(data):
    name = data.draw(st.sampled_from(["ciwa_ar", "epds", "gad7", "pcl5", "phq9"]))
    field, length, top = LISTS[name]
    base = data.draw(st.lists(st.integers(0, top), min_size=length, max_size=length))
    place = data.draw(st.integers(0, length - 1))
    worse = [top if i == place else item for i, item in enumerate(base)]
    rest = REST.get(name, {})
    gained = calc(name, {field: worse, **rest}).value - calc(name, {field: base, **rest}).value
    assert gained == top - base[place]
