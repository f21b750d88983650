"""Imaging of abdomen and skeleton, skin and retina: categories on both sides of every limit."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.instruments.core import calc


def value(name: str, base: dict[str, Any], **change: Any) -> Any:
    return calc(name, {**base, **change}).value


MAJOR = ("nonperipheral_washout", "enhancing_capsule", "threshold_growth")
LIVER_TABLE = {
    (False, 19): ("LR-3", "LR-3", "LR-4", "LR-4"),
    (False, 20): ("LR-3", "LR-4", "LR-4", "LR-4"),
    (True, 9): ("LR-3", "LR-4", "LR-4", "LR-4"),
    (True, 20): ("LR-4", "LR-5", "LR-5", "LR-5"),
}


@pytest.mark.parametrize(("column", "cells"), LIVER_TABLE.items())
def test_li_rads_table(column: tuple[bool, int], cells: tuple[str, ...]) -> None:
    base = {"nonrim_aphe": column[0], "size_mm": column[1]}
    for present in product((False, True), repeat=3):
        features = dict(zip(MAJOR, present, strict=True))
        assert value("li_rads_2018", base, **features) == cells[sum(present)]


@pytest.mark.parametrize("mm", [10, 19.9])
def test_li_rads_between_10_and_19_mm_the_capsule_alone_is_not_enough(mm: float) -> None:
    base = {"nonrim_aphe": True, "size_mm": mm}
    expected = {
        (False, False, False): "LR-3",
        (True, False, False): "LR-5",
        (False, True, False): "LR-4",
        (False, False, True): "LR-5",
    }
    for present in product((False, True), repeat=3):
        features = dict(zip(MAJOR, present, strict=True))
        assert value("li_rads_2018", base, **features) == expected.get(present, "LR-5")
    plain = {**base, **dict.fromkeys(MAJOR, True)}
    assert value("li_rads_2018", plain, targetoid=True) == "LR-M"
    assert value("li_rads_2018", plain, targetoid=True, tumor_in_vein=True) == "LR-TIV"


@pytest.mark.parametrize(
    ("nodule", "mm", "irregular", "septa", "expected"),
    [
        (False, 1, False, 0, "I"),
        (False, 2, False, 0, "I"),
        (False, 2, False, 1, "II"),
        (False, 2, False, 3, "II"),
        (False, 2, False, 4, "IIF"),
        (False, 3, False, 0, "IIF"),
        (False, 3, False, 9, "IIF"),
        (False, 4, False, 0, "III"),
        (False, 3, True, 0, "III"),
        (True, 1, False, 0, "IV"),
        (True, 5, True, 5, "IV"),
    ],
)
def test_bosniak(nodule: bool, mm: float, irregular: bool, septa: int, expected: str) -> None:
    inputs = {
        "enhancing_nodule": nodule,
        "max_enhancing_wall_or_septum_thickness_mm": mm,
        "irregular_thickening": irregular,
        "number_of_thin_septa": septa,
    }
    assert value("bosniak_2019", inputs) == expected


@pytest.mark.parametrize("t2", range(1, 6))
@pytest.mark.parametrize("dwi", range(1, 6))
@pytest.mark.parametrize("dce", [False, True])
def test_pi_rads(t2: int, dwi: int, dce: bool) -> None:
    base = {"t2_score": t2, "dwi_score": dwi, "dce_positive": dce}
    peripheral = 4 if (dwi, dce) == (3, True) else dwi
    transition = {(2, 4): 3, (2, 5): 3, (3, 5): 4}.get((t2, dwi), t2)
    assert value("pi_rads_2_1", base, zone="peripheral") == peripheral
    assert value("pi_rads_2_1", base, zone="transition") == transition


GALLBLADDER = {
    "vasopressor_for_hypotension": False,
    "decreased_consciousness": False,
    "pao2_fio2_mmhg": 300,
    "oliguria": False,
    "creatinine_mg_dl": 2.0,
    "inr": 1.5,
    "platelets_10e3_per_ul": 100,
    "wbc_10e3_per_ul": 18,
    "palpable_tender_mass": False,
    "symptoms_h": 72,
    "marked_local_inflammation": False,
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "I"),
        ({"wbc_10e3_per_ul": 18.1}, "II"),
        ({"palpable_tender_mass": True}, "II"),
        ({"symptoms_h": 73}, "II"),
        ({"marked_local_inflammation": True}, "II"),
        ({"vasopressor_for_hypotension": True}, "III"),
        ({"decreased_consciousness": True}, "III"),
        ({"pao2_fio2_mmhg": 299}, "III"),
        ({"oliguria": True}, "III"),
        ({"creatinine_mg_dl": 2.1}, "III"),
        ({"inr": 1.6}, "III"),
        ({"platelets_10e3_per_ul": 99, "wbc_10e3_per_ul": 25}, "III"),
    ],
)
def test_cholecystitis(change: dict[str, Any], expected: str) -> None:
    assert value("tokyo_cholecystitis", GALLBLADDER, **change) == expected


@pytest.mark.parametrize(
    ("pericolic", "abscess", "peritonitis", "expected"),
    [
        (False, "none", "none", ("0", "uncomplicated")),
        (True, "none", "none", ("Ia", "uncomplicated")),
        (True, "pericolic", "none", ("Ib", "complicated")),
        (True, "pelvic or distant", "none", ("II", "complicated")),
        (False, "pericolic", "purulent", ("III", "complicated")),
        (True, "none", "fecal", ("IV", "complicated")),
    ],
)
def test_hinchey(pericolic: bool, abscess: str, peritonitis: str, expected: Any) -> None:
    inputs = {
        "pericolic_inflammation": pericolic,
        "abscess": abscess,
        "peritonitis": peritonitis,
    }
    result = calc("hinchey", inputs)
    assert (result.value, result.band) == expected


JOINT = ("osteophytes", "joint_space_narrowing", "sclerosis", "bone_end_deformity")


@pytest.mark.parametrize(
    ("findings", "grade"),
    [
        (("none", "none", "none", "none"), 0),
        (("possible", "none", "none", "none"), 1),
        (("none", "doubtful", "none", "none"), 1),
        (("none", "definite", "none", "none"), 1),
        (("definite", "none", "none", "none"), 2),
        (("multiple", "doubtful", "none", "none"), 2),
        (("multiple", "definite", "some", "possible"), 3),
        (("large", "marked", "severe", "possible"), 3),
        (("large", "marked", "some", "definite"), 3),
        (("multiple", "marked", "severe", "definite"), 3),
        (("large", "definite", "severe", "definite"), 3),
        (("large", "marked", "severe", "definite"), 4),
    ],
)
def test_kellgren_lawrence(findings: tuple[str, ...], grade: int) -> None:
    result = calc("kellgren_lawrence", dict(zip(JOINT, findings, strict=True)))
    assert result.value == grade
    assert bool(result.warnings) == (findings[:2] == ("none", "definite"))


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (19.9, (0, "normal")),
        (20, (1, "mild")),
        (24.9, (1, "mild")),
        (25, (2, "moderate")),
        (40, (2, "moderate")),
        (40.1, (3, "severe")),
    ],
)
def test_genant(loss: float, expected: tuple[int, str]) -> None:
    result = calc("vertebral_genant", {"height_loss_percent": loss, "shape": "wedge"})
    assert (result.value, result.band) == expected
    assert result.components == {"shape": "wedge"}


CRITERIA = {
    "atypical_pigment_network": 2,
    "blue_whitish_veil": 2,
    "atypical_vascular_pattern": 2,
    "irregular_streaks": 1,
    "irregular_pigmentation": 1,
    "irregular_dots_globules": 1,
    "regression_structures": 1,
}


@settings(max_examples=50, deadline=None)
@given(st.sets(st.sampled_from(sorted(CRITERIA))))
def test_dermoscopy_checklist(present: set[str]) -> None:
    result = calc("dermoscopy_7_point", {name: name in present for name in CRITERIA})
    expected = sum(CRITERIA[name] for name in present)
    assert result.value == expected
    assert result.band == ("suspicious (>=3)" if expected >= 3 else "not suspicious")


@pytest.mark.parametrize(
    ("a", "b", "c", "d", "expected"),
    [
        (0, 0, 1, 1, (1.0, "benign")),
        (1, 4, 3, 3, (4.7, "benign")),
        (1, 5, 3, 3, (4.8, "suspicious")),
        (2, 3, 2, 3, (5.4, "suspicious")),
        (2, 4, 2, 3, (5.5, "highly suspicious")),
        (2, 8, 6, 5, (8.9, "highly suspicious")),
    ],
)
def test_total_dermoscopy_score(a: int, b: int, c: int, d: int, expected: Any) -> None:
    inputs = {
        "asymmetry_axes": a,
        "abrupt_border_segments": b,
        "colors": c,
        "dermoscopic_structures": d,
    }
    result = calc("abcd_dermoscopy_tds", inputs)
    assert (result.value, result.band) == expected


MOLE = {
    "asymmetry": False,
    "border_irregular": False,
    "color_variegated": False,
    "diameter_mm": 6,
    "evolving": False,
}


@pytest.mark.parametrize(
    "change",
    [
        {"asymmetry": True},
        {"border_irregular": True},
        {"color_variegated": True},
        {"diameter_mm": 6.1},
        {"evolving": True},
    ],
)
def test_abcde_any_sign_asks_for_a_closer_look(change: dict[str, Any]) -> None:
    assert value("abcde_melanoma", MOLE) == "no warning sign"
    assert value("abcde_melanoma", MOLE, **change).startswith("warning sign")


FUNDUS = {
    "microaneurysms": False,
    "other_retinopathy": False,
    "quadrants_over_20_hemorrhages": 0,
    "quadrants_venous_beading": 0,
    "quadrants_prominent_irma": 0,
    "neovascularization": False,
    "vitreous_or_preretinal_hemorrhage": False,
}


@pytest.mark.parametrize(
    ("change", "grade"),
    [
        ({}, 0),
        ({"microaneurysms": True}, 1),
        ({"other_retinopathy": True}, 2),
        ({"microaneurysms": True, "other_retinopathy": True}, 2),
        ({"quadrants_over_20_hemorrhages": 1}, 2),
        ({"quadrants_over_20_hemorrhages": 3}, 2),
        ({"quadrants_over_20_hemorrhages": 4}, 3),
        ({"quadrants_venous_beading": 1}, 2),
        ({"quadrants_venous_beading": 2}, 3),
        ({"quadrants_prominent_irma": 1}, 3),
        ({"neovascularization": True}, 4),
        ({"vitreous_or_preretinal_hemorrhage": True, "quadrants_prominent_irma": 2}, 4),
    ],
)
def test_diabetic_retinopathy(change: dict[str, Any], grade: int) -> None:
    assert value("icdr_retinopathy", FUNDUS, **change) == grade


def test_macular_edema_goes_by_the_distance() -> None:
    places = ("none", "distant from the center", "approaching the center", "involving the center")
    grades = [value("icdr_macular_edema", {"thickening_or_exudates": p}) for p in places]
    assert grades == ["absent", "mild", "moderate", "severe"]
