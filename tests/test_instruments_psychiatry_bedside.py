"""Cognition, movement and what is watched under psychotropic drugs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.errors import InvalidInput
from healthgym.knowledge.instruments.core import calc


@pytest.mark.parametrize(
    ("entered", "short_education", "value", "band"),
    [
        (26, False, 26, "normal"),
        (25, False, 25, "impaired"),
        (25, True, 26, "normal"),
        (24, True, 25, "impaired"),
        (29, True, 30, "normal"),
        (30, True, 30, "normal"),
        (0, True, 1, "impaired"),
    ],
)
def test_moca_adds_a_point_for_short_education_up_to_30(entered, short_education, value, band):
    inputs = {"total_0_30": entered, "education_12_years_or_less": short_education}
    result = calc("moca_total", inputs)
    assert (result.value, result.band) == (value, band)


CALM = {
    "alertness": "normal",
    "amt4_mistakes": "none",
    "months_backwards": "seven or more",
    "acute_change_or_fluctuation": False,
}
WORST = {
    "alertness": "clearly abnormal",
    "amt4_mistakes": "two or more or untestable",
    "months_backwards": "untestable",
    "acute_change_or_fluctuation": True,
}


@pytest.mark.parametrize(
    ("change", "value", "band"),
    [
        ({}, 0, "unlikely"),
        ({"amt4_mistakes": "one"}, 1, "possible cognitive impairment"),
        ({"amt4_mistakes": WORST["amt4_mistakes"]}, 2, "possible cognitive impairment"),
        ({"months_backwards": "fewer or refuses"}, 1, "possible cognitive impairment"),
        ({"months_backwards": "untestable"}, 2, "possible cognitive impairment"),
        (
            {"amt4_mistakes": "one", "months_backwards": "untestable"},
            3,
            "possible cognitive impairment",
        ),
        (
            {"amt4_mistakes": WORST["amt4_mistakes"], "months_backwards": "untestable"},
            4,
            "possible delirium",
        ),
        ({"alertness": "clearly abnormal"}, 4, "possible delirium"),
        ({"acute_change_or_fluctuation": True}, 4, "possible delirium"),
        (WORST, 12, "possible delirium"),
    ],
)
def test_4at(change, value, band):
    result = calc("4at", {**CALM, **change})
    assert (result.value, result.band) == (value, band)


@pytest.mark.parametrize(
    ("items", "band"),
    [
        ([0, 0, 0, 0, 0, 0, 0], "negative"),
        ([1, 1, 1, 1, 1, 1, 1], "negative"),
        ([2, 1, 1, 1, 1, 1, 1], "negative"),
        ([2, 0, 0, 0, 0, 0, 2], "positive"),
        ([3, 0, 0, 0, 0, 0, 0], "positive"),
        ([0, 0, 0, 0, 0, 0, 4], "positive"),
    ],
)
def test_aims_goes_by_items_not_by_the_total(items, band):
    result = calc("aims", {"items_1_to_7": items})
    assert (result.value, result.band) == (sum(items), band)


@pytest.mark.parametrize(
    ("level", "value", "band"),
    [
        (0.54, 0.5, "low"),
        (0.55, 0.6, "maintenance"),
        (1.0, 1.0, "maintenance"),
        (1.04, 1.0, "maintenance"),
        (1.05, 1.1, "high"),
        (1.2, 1.2, "high"),
        (1.5, 1.5, "high"),
        (1.54, 1.5, "high"),
        (1.55, 1.6, "toxic"),
        (4.2, 4.2, "toxic"),
    ],
)
def test_lithium(level, value, band):
    result = calc("lithium_level", {"lithium_mmol_l": level})
    assert (result.value, result.band) == (value, band)
    assert bool(result.warnings) == (1.0 < value <= 1.2), "the range of acute mania goes further"


@pytest.mark.parametrize(
    ("level", "band"),
    [
        (49.9, "low"),
        (49.95, "therapeutic"),
        (50, "therapeutic"),
        (125, "therapeutic"),
        (125.1, "high"),
    ],
)
def test_valproate(level, band):
    assert calc("valproate_level", {"valproate_mcg_ml": level}).band == band


def test_levels_in_another_unit_are_told():
    with pytest.raises(InvalidInput, match="looks like umol/L: that is 101 ug/mL"):
        calc("valproate_level", {"valproate_mcg_ml": 700})
    with pytest.raises(InvalidInput, match="looks like ug/mL"):
        calc("lithium_level", {"lithium_mmol_l": 12})


ANC = [
    (1500, False, "may start", "continue"),
    (1499, False, "do not start", "monitor more often"),
    (1000, False, "do not start", "monitor more often"),
    (999, False, "do not start", "interrupt"),
    (500, False, "do not start", "interrupt"),
    (499, False, "do not start", "stop"),
    (1000, True, "may start", "continue"),
    (999, True, "do not start", "monitor more often"),
    (500, True, "do not start", "monitor more often"),
    (499, True, "do not start", "stop"),
]


@pytest.mark.parametrize(("count", "benign", "new", "old"), ANC)
def test_clozapine_by_neutrophils(count, benign, new, old):
    base = {"anc_per_ul": count, "benign_ethnic_neutropenia": benign}
    assert calc("clozapine_anc", {**base, "already_on_clozapine": False}).value == new
    result = calc("clozapine_anc", {**base, "already_on_clozapine": True})
    assert result.value == old
    assert (result.warnings == ()) == (old == "continue"), "a low count is confirmed"


def test_a_count_in_thousands_is_suspected():
    inputs = {"benign_ethnic_neutropenia": False, "already_on_clozapine": False}
    for count in (0.8, 1.5, 99):
        assert "10*3/uL" in calc("clozapine_anc", {**inputs, "anc_per_ul": count}).warnings[0]
    assert not calc("clozapine_anc", {**inputs, "anc_per_ul": 100}).warnings
    assert not calc("clozapine_anc", {**inputs, "anc_per_ul": 0}).warnings


ORDER = ["continue", "monitor more often", "interrupt", "stop"]


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 5000), st.floats(0, 3000), st.booleans())
def test_fewer_neutrophils_are_never_judged_milder(count, fewer, benign):
    base = {"benign_ethnic_neutropenia": benign, "already_on_clozapine": True}
    now = calc("clozapine_anc", {**base, "anc_per_ul": max(count - fewer, 0)}).value
    before = calc("clozapine_anc", {**base, "anc_per_ul": count}).value
    assert ORDER.index(now) >= ORDER.index(before)
