"""Imaging of chest, ovary, breast and thyroid: categories on both sides of every limit."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.errors import InvalidInput
from healthgym.knowledge.instruments.core import calc


def value(name: str, base: dict[str, Any], **change: Any) -> Any:
    return calc(name, {**base, **change}).value


NONE, OPTIONAL = "no routine follow-up", "optional CT at 12 months"
BIG = "consider CT at 3 months, PET/CT, or tissue sampling"
LATER = ", then CT at 18-24 months"
CONSIDER = ", then consider CT at 18-24 months"
GGO = "CT at 6-12 months, then every 2 years until 5 years"
PART = "CT at 3-6 months; if unchanged and solid component <6 mm annual CT for 5 years"
MANY_SMALL = "CT at 3-6 months; if stable consider CT at 2 and 4 years"
MANY = "CT at 3-6 months; then manage by most suspicious nodule"


@pytest.mark.parametrize(
    ("kind", "multiple", "mm", "low", "high"),
    [
        ("solid", False, 5.4, NONE, OPTIONAL),
        ("solid", False, 5.5, f"CT at 6-12 months{CONSIDER}", f"CT at 6-12 months{LATER}"),
        ("solid", False, 6, f"CT at 6-12 months{CONSIDER}", f"CT at 6-12 months{LATER}"),
        ("solid", False, 8, f"CT at 6-12 months{CONSIDER}", f"CT at 6-12 months{LATER}"),
        ("solid", False, 9, BIG, BIG),
        ("solid", True, 5, NONE, OPTIONAL),
        ("solid", True, 6, f"CT at 3-6 months{CONSIDER}", f"CT at 3-6 months{LATER}"),
        ("solid", True, 20, f"CT at 3-6 months{CONSIDER}", f"CT at 3-6 months{LATER}"),
        ("ground glass", False, 5, NONE, NONE),
        ("ground glass", False, 6, GGO, GGO),
        ("part solid", False, 5, NONE, NONE),
        ("part solid", False, 6, PART, PART),
        ("ground glass", True, 5, MANY_SMALL, MANY_SMALL),
        ("part solid", True, 5, MANY_SMALL, MANY_SMALL),
        ("ground glass", True, 6, MANY, MANY),
        ("part solid", True, 12, MANY, MANY),
    ],
)
def test_fleischner(kind: str, multiple: bool, mm: float, low: str, high: str) -> None:
    base = {"nodule_type": kind, "multiple": multiple, "diameter_mm": mm}
    assert value("fleischner_2017", base, high_risk=False) == low
    assert value("fleischner_2017", base, high_risk=True) == high


def test_fleischner_says_where_it_does_not_apply() -> None:
    base = {"nodule_type": "solid", "multiple": False, "diameter_mm": 7, "high_risk": False}
    assert calc("fleischner_2017", {**base, "age_years": 35}).warnings == ()
    for change in (
        {"age_years": 34},
        {"known_cancer": True},
        {"immunosuppressed": True},
        {"perifissural": True},
        {"solid_component_mm": 6},
    ):
        assert len(calc("fleischner_2017", {**base, **change}).warnings) == 1


@pytest.mark.parametrize(
    ("kind", "status", "mm", "solid", "expected"),
    [
        ("solid", "baseline", 5.9, 0, "2"),
        ("solid", "baseline", 6, 0, "3"),
        ("solid", "baseline", 7.9, 0, "3"),
        ("solid", "baseline", 8, 0, "4A"),
        ("solid", "baseline", 14.9, 0, "4A"),
        ("solid", "baseline", 15, 0, "4B"),
        ("solid", "new", 3.9, 0, "2"),
        ("solid", "new", 4, 0, "3"),
        ("solid", "new", 5.9, 0, "3"),
        ("solid", "new", 6, 0, "4A"),
        ("solid", "new", 7.9, 0, "4A"),
        ("solid", "new", 8, 0, "4B"),
        ("solid", "growing", 5, 0, "4A"),
        ("solid", "growing", 7.9, 0, "4A"),
        ("solid", "growing", 8, 0, "4B"),
        ("solid", "slowly growing", 7, 0, "4B"),
        ("part solid", "baseline", 5.9, 5, "2"),
        ("part solid", "baseline", 6, 5.9, "3"),
        ("part solid", "baseline", 10, 6, "4A"),
        ("part solid", "baseline", 10, 7.9, "4A"),
        ("part solid", "baseline", 10, 8, "4B"),
        ("part solid", "new", 5.9, 3, "3"),
        ("part solid", "new", 6, 3.9, "4A"),
        ("part solid", "new", 6, 4, "4B"),
        ("part solid", "growing", 5, 3.9, "4A"),
        ("part solid", "growing", 10, 4, "4B"),
        ("ground glass", "baseline", 29.9, 0, "2"),
        ("ground glass", "baseline", 30, 0, "3"),
        ("ground glass", "new", 30, 0, "3"),
        ("ground glass", "growing", 29, 0, "2"),
        ("ground glass", "slowly growing", 35, 0, "2"),
    ],
)
def test_lung_rads(kind: str, status: str, mm: float, solid: float, expected: str) -> None:
    inputs = {
        "nodule_type": kind,
        "mean_diameter_mm": mm,
        "status": status,
        "solid_component_mm": solid,
    }
    assert value("lung_rads_2022", inputs) == expected
    suspicious = value("lung_rads_2022", inputs, suspicious_features=True)
    assert suspicious == ("2" if expected == "2" else "4X")


def test_lung_rads_steps_down_once_where_stable() -> None:
    stable = {
        "nodule_type": "solid",
        "mean_diameter_mm": 9,
        "status": "stable",
        "solid_component_mm": 0,
    }
    assert calc("lung_rads_2022", stable).missing == ("previous_category",)
    steps = {"2": "2", "3": "2", "4A": "3", "4B": "4B"}
    for before, after in steps.items():
        assert value("lung_rads_2022", stable, previous_category=before) == after


NO_PLAQUE = {
    "max_stenosis_percent": 0,
    "left_main_stenosis_percent": 0,
    "vessels_with_70_percent_or_more": 0,
}


@pytest.mark.parametrize(
    ("worst", "left_main", "vessels", "expected"),
    [
        (0, 0, 0, "0"),
        (1, 0, 0, "1"),
        (24, 0, 0, "1"),
        (25, 0, 0, "2"),
        (49, 0, 0, "2"),
        (50, 0, 0, "3"),
        (69, 0, 0, "3"),
        (70, 0, 1, "4A"),
        (99, 0, 2, "4A"),
        (99, 0, 3, "4B"),
        (60, 49, 0, "3"),
        (60, 50, 0, "4B"),
        (100, 0, 1, "5"),
        (100, 60, 3, "5"),
        (0, 30, 0, "2"),
    ],
)
def test_cad_rads(worst: int, left_main: int, vessels: int, expected: str) -> None:
    inputs = dict(zip(NO_PLAQUE, (worst, left_main, vessels), strict=True))
    result = calc("cad_rads_2", inputs)
    assert result.value == expected
    assert "management" in result.components


@pytest.mark.parametrize(
    ("segments", "plaque"),
    [(0, "P0"), (1, "P1"), (2, "P1"), (3, "P2"), (4, "P2"), (5, "P3"), (7, "P3"), (8, "P4")],
)
def test_plaque_burden(segments: int, plaque: str) -> None:
    result = calc("cad_rads_2", {**NO_PLAQUE, "segments_with_plaque": segments})
    assert result.components["plaque"] == plaque


def test_findings_that_contradict_each_other_are_doubted() -> None:
    nodule = {"nodule_type": "part solid", "mean_diameter_mm": 8, "status": "baseline"}
    for kind, solid, warned in (("part solid", 8, 0), ("part solid", 9, 1), ("solid", 9, 0)):
        inputs = {**nodule, "nodule_type": kind, "solid_component_mm": solid}
        assert len(calc("lung_rads_2022", inputs).warnings) == warned
    for vessels, percent, warned in ((0, 50, 0), (1, 69, 1), (1, 70, 0)):
        change = {"vessels_with_70_percent_or_more": vessels, "max_stenosis_percent": percent}
        assert len(calc("cad_rads_2", {**NO_PLAQUE, **change}).warnings) == warned


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 3))
def test_more_stenosis_is_never_a_lower_category(one: int, other: int, vessels: int) -> None:
    order = ["0", "1", "2", "3", "4A", "4B", "5"]
    base = {**NO_PLAQUE, "vessels_with_70_percent_or_more": vessels}
    low, high = (
        order.index(value("cad_rads_2", base, max_stenosis_percent=percent))
        for percent in sorted((one, other))
    )
    assert low <= high


BENIGN = {"ascites": False, "peritoneal_nodules": False}
CYST = {**BENIGN, "max_diameter_cm": 9.9, "solid_component": False, "irregular": False}
SOLID = {**BENIGN, "lesion": "solid", "irregular": False}


@pytest.mark.parametrize(
    ("base", "change", "expected"),
    [
        (BENIGN, {"lesion": "incomplete evaluation"}, 0),
        (BENIGN, {"lesion": "normal ovary"}, 1),
        (BENIGN, {"lesion": "corpus luteum"}, 1),
        (BENIGN, {"lesion": "typical benign extraovarian"}, 2),
        (CYST, {"lesion": "typical benign ovarian"}, 2),
        (CYST, {"lesion": "typical benign ovarian", "max_diameter_cm": 10}, 3),
        (CYST, {"lesion": "simple cyst"}, 2),
        (CYST, {"lesion": "simple cyst", "max_diameter_cm": 10}, 3),
        (CYST, {"lesion": "simple cyst", "max_diameter_cm": 3, "postmenopausal": False}, 1),
        (CYST, {"lesion": "simple cyst", "max_diameter_cm": 3, "postmenopausal": True}, 2),
        (CYST, {"lesion": "simple cyst", "max_diameter_cm": 3.1, "postmenopausal": False}, 2),
        (CYST, {"lesion": "unilocular cyst"}, 2),
        (CYST, {"lesion": "unilocular cyst", "max_diameter_cm": 10}, 3),
        (CYST, {"lesion": "unilocular cyst", "irregular": True}, 3),
        (
            CYST,
            {"lesion": "unilocular cyst", "solid_component": True, "papillary_projections": 3},
            4,
        ),
        (
            CYST,
            {"lesion": "unilocular cyst", "solid_component": True, "papillary_projections": 4},
            5,
        ),
        (CYST, {"lesion": "bilocular cyst"}, 2),
        (CYST, {"lesion": "bilocular cyst", "max_diameter_cm": 10}, 3),
        (CYST, {"lesion": "bilocular cyst", "irregular": True}, 4),
        (CYST, {"lesion": "bilocular cyst", "solid_component": True, "color_score": 2}, 4),
        (CYST, {"lesion": "bilocular cyst", "solid_component": True, "color_score": 3}, 5),
        (CYST, {"lesion": "multilocular cyst", "color_score": 3}, 3),
        (CYST, {"lesion": "multilocular cyst", "color_score": 4}, 4),
        (CYST, {"lesion": "multilocular cyst", "max_diameter_cm": 10, "color_score": 1}, 4),
        (CYST, {"lesion": "multilocular cyst", "irregular": True}, 4),
        (CYST, {"lesion": "multilocular cyst", "solid_component": True, "color_score": 2}, 4),
        (CYST, {"lesion": "multilocular cyst", "solid_component": True, "color_score": 3}, 5),
        (SOLID, {"color_score": 1}, 3),
        (SOLID, {"color_score": 3, "acoustic_shadowing": True}, 3),
        (SOLID, {"color_score": 3, "acoustic_shadowing": False}, 4),
        (SOLID, {"color_score": 4}, 5),
        (SOLID, {"irregular": True}, 5),
        (SOLID, {"color_score": 1, "ascites": True}, 5),
        (CYST, {"lesion": "unilocular cyst", "ascites": True}, 2),
        (BENIGN, {"lesion": "normal ovary", "peritoneal_nodules": True}, 5),
    ],
)
def test_o_rads(base: dict[str, Any], change: dict[str, Any], expected: int) -> None:
    result = calc("o_rads", {**base, **change})
    assert (result.missing, result.value) == ((), expected)


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"lesion": "solid"}, "irregular"),
        (SOLID, "color_score"),
        ({**SOLID, "color_score": 2}, "acoustic_shadowing"),
        ({**CYST, "lesion": "multilocular cyst"}, "color_score"),
        ({"lesion": "simple cyst", "max_diameter_cm": 2}, "postmenopausal"),
    ],
)
def test_o_rads_asks_only_for_what_the_lesion_needs(inputs: dict[str, Any], field: str) -> None:
    result = calc("o_rads", {**BENIGN, **inputs})
    assert (result.value, result.missing) == (None, (field,))


@pytest.mark.parametrize(
    ("risk", "expected"), [(0.9, 2), (1, 3), (9.9, 3), (10, 4), (49.9, 4), (50, 5), (100, 5)]
)
def test_o_rads_by_risk(risk: float, expected: int) -> None:
    assert value("o_rads_by_risk", {"malignancy_risk_percent": risk}) == expected


@pytest.mark.parametrize(
    ("category", "part"),
    [
        ("0", "incomplete"),
        ("1", "routine screening"),
        ("2", "routine screening"),
        ("3", "<=2% malignancy"),
        ("4A", ">2% to <=10%"),
        ("4B", ">10% to <=50%"),
        ("4C", ">50% to <95%"),
        ("5", ">=95%"),
        ("6", "biopsy-proven"),
    ],
)
def test_bi_rads(category: str, part: str) -> None:
    assert part in value("bi_rads_management", {"category": category})


def test_bi_rads_4_alone_is_no_category() -> None:
    with pytest.raises(InvalidInput):
        calc("bi_rads_management", {"category": "4"})


NODULE = {
    "composition": "solid",
    "echogenicity": "isoechoic",
    "taller_than_wide": False,
    "margin": "smooth",
    "echogenic_foci": ["none"],
    "max_diameter_cm": 1.0,
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, 3),
        ({"composition": "mixed"}, 2),
        ({"composition": "cystic", "echogenicity": "anechoic"}, 0),
        ({"composition": "cannot be determined"}, 3),
        ({"echogenicity": "hyperechoic"}, 3),
        ({"echogenicity": "hypoechoic"}, 4),
        ({"echogenicity": "very hypoechoic"}, 5),
        ({"taller_than_wide": True}, 6),
        ({"margin": "ill-defined"}, 3),
        ({"margin": "lobulated or irregular"}, 5),
        ({"margin": "extra-thyroidal extension"}, 6),
        ({"echogenic_foci": ["large comet-tail artifacts"]}, 3),
        ({"echogenic_foci": ["macrocalcifications"]}, 4),
        ({"echogenic_foci": ["peripheral calcifications"]}, 5),
        ({"echogenic_foci": ["punctate echogenic foci"]}, 6),
        ({"echogenic_foci": ["macrocalcifications", "punctate echogenic foci"]}, 7),
        ({"echogenic_foci": ["macrocalcifications", "macrocalcifications"]}, 4),
        ({"composition": "spongiform", "taller_than_wide": True}, 0),
        ({"composition": "spongiform", "echogenic_foci": ["punctate echogenic foci"]}, 0),
    ],
)
def test_ti_rads_points(change: dict[str, Any], expected: int) -> None:
    assert value("ti_rads", NODULE, **change) == expected


TR4 = {"echogenicity": "hypoechoic"}
TR5 = {"taller_than_wide": True, "echogenic_foci": ["macrocalcifications"]}


@pytest.mark.parametrize(
    ("change", "cm", "band"),
    [
        ({"composition": "spongiform"}, 6, "TR1;no further action"),
        ({"composition": "mixed"}, 6, "TR2;no further action"),
        ({}, 1.4, "TR3;no further action"),
        ({}, 1.5, "TR3;follow-up"),
        ({}, 2.4, "TR3;follow-up"),
        ({}, 2.5, "TR3;FNA"),
        (TR4, 0.9, "TR4;no further action"),
        (TR4, 1.0, "TR4;follow-up"),
        (TR4, 1.4, "TR4;follow-up"),
        (TR4, 1.5, "TR4;FNA"),
        ({"taller_than_wide": True}, 1.5, "TR4;FNA"),
        (TR5, 0.4, "TR5;no further action"),
        (TR5, 0.5, "TR5;follow-up"),
        (TR5, 0.9, "TR5;follow-up"),
        (TR5, 1.0, "TR5;FNA"),
    ],
)
def test_ti_rads_bands(change: dict[str, Any], cm: float, band: str) -> None:
    assert calc("ti_rads", {**NODULE, **change, "max_diameter_cm": cm}).band == band


def test_ti_rads_one_point_is_doubted_and_foci_are_needed() -> None:
    odd = calc("ti_rads", {**NODULE, "composition": "mixed", "echogenicity": "anechoic"})
    assert (odd.value, odd.band) == (1, "TR2;no further action")
    assert odd.warnings
    with pytest.raises(InvalidInput):
        calc("ti_rads", {**NODULE, "echogenic_foci": []})
