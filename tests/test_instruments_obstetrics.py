"""Dating, diabetes, labour and the fetus: values at their published boundaries."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.errors import InvalidInput
from healthgym.knowledge.instruments.core import Result, calc

LMP = "2024-01-01"


def value(name: str, base: dict[str, Any], **change: Any) -> Any:
    return calc(name, {**base, **change}).value


def both(result: Result) -> tuple[Any, str | None]:
    return result.value, result.band


def dated(lmp: str, at: str, cycle: int = 28) -> tuple[Any, str | None]:
    inputs = {"lmp_date": lmp, "assessment_date": at, "cycle_length_days": cycle}
    return both(calc("gestational_age_edd", inputs))


@pytest.mark.parametrize(
    ("at", "cycle", "age", "due"),
    [
        ("2024-01-01", 28, "0w0d", "2024-10-07"),
        ("2024-05-19", 28, "19w6d", "2024-10-07"),
        ("2024-05-20", 28, "20w0d", "2024-10-07"),
        ("2024-10-07", 28, "40w0d", "2024-10-07"),
        ("2024-10-14", 35, "40w0d", "2024-10-14"),
        ("2024-05-20", 35, "19w0d", "2024-10-14"),
        ("2024-05-20", 26, "20w2d", "2024-10-05"),
    ],
)
def test_dating_by_the_last_menstrual_period(at: str, cycle: int, age: str, due: str) -> None:
    assert dated(LMP, at, cycle) == (age, f"edd={due}")


@settings(max_examples=50, deadline=None)
@given(st.dates(date(1990, 1, 1), date(2050, 1, 1)), st.integers(21, 45), st.integers(20, 290))
def test_the_age_counts_back_from_the_due_date(lmp: date, cycle: int, days: int) -> None:
    age, band = dated(lmp.isoformat(), (lmp + timedelta(days)).isoformat(), cycle)
    weeks, rest = map(int, age.rstrip("d").split("w"))
    due = date.fromisoformat(str(band).removeprefix("edd="))
    assert due == lmp + timedelta(280 + cycle - 28)
    assert 7 * weeks + rest == 280 - (due - lmp - timedelta(days)).days
    assert 0 <= rest < 7


def test_dates_beyond_44_weeks_are_doubted() -> None:
    inputs = {"lmp_date": LMP, "cycle_length_days": 28}
    for at, warned in (("2024-11-04", 0), ("2024-11-05", 1)):
        result = calc("gestational_age_edd", {**inputs, "assessment_date": at})
        assert len(result.warnings) == warned


@pytest.mark.parametrize("bad", ["2024-02-30", "1.5.2024", "20240501", "2023-12-31", "9999-12-31"])
def test_no_age_before_the_pregnancy_or_on_no_day(bad: str) -> None:
    with pytest.raises(InvalidInput):
        dated(LMP, bad)


@pytest.mark.parametrize(
    ("formula", "mm", "age"),
    [
        ("hadlock 1992", 10, "7w0d"),
        ("hadlock 1992", 20, "8w4d"),
        ("hadlock 1992", 50, "11w5d"),
        ("hadlock 1992", 60, "12w3d"),
        ("hadlock 1992", 84, "14w2d"),
        ("robinson 1975", 10, "7w0d"),
        ("robinson 1975", 50, "11w4d"),
        ("robinson 1975", 79.6, "13w5d"),
    ],
)
def test_crown_rump_length(formula: str, mm: float, age: str) -> None:
    inputs = {"scan_date": "2024-03-11", "crown_rump_length_mm": mm, "formula": formula}
    result = calc("edd_by_ultrasound", inputs)
    assert result.value == age
    days = int(result.components["days"])
    assert result.band == f"edd={date(2024, 3, 11) + timedelta(280 - days)}"
    assert result.warnings == ()
    assert calc("edd_by_ultrasound", {**inputs, "crown_rump_length_mm": 84.1}).warnings


@pytest.mark.parametrize(
    ("lmp_days", "apart"),
    [(62, 5), (63, 7), (111, 7), (112, 10), (153, 10), (154, 14), (195, 14), (196, 21)],
)
def test_redating_thresholds(lmp_days: int, apart: int) -> None:
    for sign in (-1, 1):
        for extra, expected in ((0, "keep lmp date"), (1, "redate to ultrasound")):
            scan = lmp_days + sign * (apart + extra)
            inputs = {"ga_by_lmp_days": lmp_days, "ga_by_ultrasound_days": scan}
            assert both(calc("acog_redating", inputs)) == (expected, f"threshold={apart}")


def test_redating_is_in_days_and_warns_late() -> None:
    with pytest.raises(InvalidInput, match="looks like weeks"):
        calc("acog_redating", {"ga_by_lmp_days": 10})
    for lmp_days, scan_days, warned in ((196, 174, 1), (196, 175, 0), (195, 170, 0), (70, 60, 0)):
        inputs = {"ga_by_lmp_days": lmp_days, "ga_by_ultrasound_days": scan_days}
        assert len(calc("acog_redating", inputs).warnings) == warned


SUGAR_75 = {"fasting_mg_dl": 91, "one_hour_mg_dl": 179, "two_hour_mg_dl": 152}
SUGAR_100 = {
    "fasting_mg_dl": 94,
    "one_hour_mg_dl": 179,
    "two_hour_mg_dl": 154,
    "three_hour_mg_dl": 139,
}


@pytest.mark.parametrize("key", SUGAR_75)
def test_one_raised_value_after_75_g(key: str) -> None:
    assert both(calc("gdm_75g", SUGAR_75)) == (0, "not gdm")
    assert both(calc("gdm_75g", {**SUGAR_75, key: SUGAR_75[key] + 1})) == (1, "gdm")


@pytest.mark.parametrize("key", SUGAR_100)
def test_two_raised_values_after_100_g(key: str) -> None:
    one = {**SUGAR_100, key: SUGAR_100[key] + 1}
    assert both(calc("gdm_100g", SUGAR_100)) == (0, "not gdm")
    assert both(calc("gdm_100g", one)) == (1, "not gdm")
    other = next(k for k in SUGAR_100 if k != key)
    assert both(calc("gdm_100g", {**one, other: 200})) == (2, "gdm")


@pytest.mark.parametrize("threshold", [130, 135, 140])
def test_glucose_challenge(threshold: int) -> None:
    base = {"threshold_mg_dl": threshold}
    assert value("gdm_50g", base, one_hour_mg_dl=threshold - 1) == "negative"
    assert value("gdm_50g", base, one_hour_mg_dl=threshold).startswith("positive")
    assert calc("gdm_50g", {"one_hour_mg_dl": 150}).missing == ("threshold_mg_dl",)
    with pytest.raises(InvalidInput):
        calc("gdm_50g", {"one_hour_mg_dl": 150, "threshold_mg_dl": 145})


CARRIER = {
    "culture": "unknown",
    "gbs_bacteriuria_this_pregnancy": False,
    "previous_newborn_with_gbs_disease": False,
    "colonised_in_previous_pregnancy": False,
    "cesarean_before_labour_with_intact_membranes": False,
    "gestational_age_weeks": 37,
    "membranes_ruptured_h": 17.9,
    "temperature_c": 37.9,
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "not indicated"),
        ({"gestational_age_weeks": 36.9}, "indicated"),
        ({"membranes_ruptured_h": 18}, "indicated"),
        ({"temperature_c": 38.0}, "indicated"),
        ({"intrapartum_naat_positive": True}, "indicated"),
        ({"colonised_in_previous_pregnancy": True}, "may be offered"),
        ({"culture": "positive"}, "indicated"),
        ({"culture": "negative", "membranes_ruptured_h": 30}, "not indicated"),
        ({"culture": "negative", "previous_newborn_with_gbs_disease": True}, "indicated"),
        ({"gbs_bacteriuria_this_pregnancy": True}, "indicated"),
        (
            {"culture": "positive", "cesarean_before_labour_with_intact_membranes": True},
            "not indicated",
        ),
    ],
)
def test_group_b_streptococci(change: dict[str, Any], expected: str) -> None:
    assert value("gbs_prophylaxis", CARRIER, **change) == expected


CERVIX = {
    "dilation_cm": 0,
    "effacement_percent": 0,
    "station": -3,
    "consistency": "firm",
    "position": "posterior",
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"dilation_cm": 0.5}, 0),
        ({"dilation_cm": 1}, 1),
        ({"dilation_cm": 2}, 1),
        ({"dilation_cm": 3}, 2),
        ({"dilation_cm": 4}, 2),
        ({"dilation_cm": 5}, 3),
        ({"effacement_percent": 30}, 0),
        ({"effacement_percent": 40}, 1),
        ({"effacement_percent": 50}, 1),
        ({"effacement_percent": 60}, 2),
        ({"effacement_percent": 70}, 2),
        ({"effacement_percent": 80}, 3),
        ({"station": -2}, 1),
        ({"station": -1}, 2),
        ({"station": 0}, 2),
        ({"station": 1}, 3),
        ({"consistency": "medium"}, 1),
        ({"consistency": "soft"}, 2),
        ({"position": "mid"}, 1),
        ({"position": "anterior"}, 2),
    ],
)
def test_bishop_points(change: dict[str, Any], expected: int) -> None:
    assert value("bishop", CERVIX, **change) == expected


@pytest.mark.parametrize(
    ("station", "expected"),
    [(-2, (6, "unfavorable")), (-1, (7, "indeterminate")), (1, (8, "favorable"))],
)
def test_bishop_bands(station: int, expected: tuple[int, str]) -> None:
    ripe = {"dilation_cm": 5, "consistency": "soft"}
    assert both(calc("bishop", {**CERVIX, **ripe, "station": station})) == expected


@pytest.mark.parametrize(
    ("signs", "band"),
    [
        ((1, 1, 1, 0, 0), "low"),
        ((1, 1, 1, 1, 0), "moderately abnormal"),
        ((2, 2, 2, 0, 0), "moderately abnormal"),
        ((2, 2, 2, 1, 0), "reassuring"),
    ],
)
def test_apgar(signs: tuple[int, ...], band: str) -> None:
    names = ("appearance", "pulse", "grimace", "activity", "respiration")
    result = calc("apgar", dict(zip(names, signs, strict=True)))
    assert both(result) == (sum(signs), band)
    assert bool(result.warnings) == (sum(signs) < 7)


TRACE = {
    "baseline_bpm": 140,
    "variability": "moderate",
    "late_decelerations": "none",
    "variable_decelerations": "none",
    "prolonged_deceleration": False,
    "sinusoidal_pattern": False,
    "accelerations_present": False,
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "I"),
        ({"baseline_bpm": 110}, "I"),
        ({"baseline_bpm": 109}, "II"),
        ({"baseline_bpm": 160}, "I"),
        ({"baseline_bpm": 161}, "II"),
        ({"variability": "minimal"}, "II"),
        ({"variability": "marked"}, "II"),
        ({"variability": "absent"}, "II"),
        ({"late_decelerations": "intermittent"}, "II"),
        ({"late_decelerations": "recurrent"}, "II"),
        ({"variable_decelerations": "recurrent"}, "II"),
        ({"prolonged_deceleration": True}, "II"),
        ({"sinusoidal_pattern": True}, "III"),
        ({"variability": "absent", "late_decelerations": "recurrent"}, "III"),
        ({"variability": "absent", "late_decelerations": "intermittent"}, "II"),
        ({"variability": "absent", "variable_decelerations": "recurrent"}, "III"),
        ({"variability": "absent", "baseline_bpm": 109}, "III"),
        ({"variability": "absent", "baseline_bpm": 110}, "II"),
        ({"variability": "absent", "baseline_bpm": 170}, "II"),
        ({"variability": "minimal", "variable_decelerations": "recurrent"}, "II"),
    ],
)
def test_fetal_heart_rate_categories(change: dict[str, Any], expected: str) -> None:
    assert value("fhr_nichd", TRACE, **change) == expected
    assert value("fhr_nichd", TRACE, **change, accelerations_present=True) == expected


@pytest.mark.parametrize(
    ("present", "pocket", "expected"),
    [
        (4, 2.0, (10, "normal;fluid ok")),
        (4, 1.9, (8, "normal;oligohydramnios")),
        (3, 2.0, (8, "normal;fluid ok")),
        (3, 1.9, (6, "equivocal;oligohydramnios")),
        (2, 2.0, (6, "equivocal;fluid ok")),
        (1, 2.0, (4, "abnormal;fluid ok")),
        (0, 0, (0, "abnormal;oligohydramnios")),
    ],
)
def test_biophysical_profile(present: int, pocket: float, expected: tuple[int, str]) -> None:
    names = (
        "nst_reactive",
        "breathing_30s_in_30min",
        "three_body_movements",
        "tone_one_extension_flexion",
    )
    inputs = {name: i < present for i, name in enumerate(names)}
    assert both(calc("bpp", {**inputs, "max_vertical_pocket_cm": pocket})) == expected


@pytest.mark.parametrize(
    ("name", "field", "cm", "expected"),
    [
        ("afi", "afi_cm", 5, "oligohydramnios"),
        ("afi", "afi_cm", 5.1, "normal"),
        ("afi", "afi_cm", 23.9, "normal"),
        ("afi", "afi_cm", 24, "polyhydramnios"),
        ("mvp", "max_vertical_pocket_cm", 1.9, "oligohydramnios"),
        ("mvp", "max_vertical_pocket_cm", 2, "normal"),
        ("mvp", "max_vertical_pocket_cm", 7.9, "normal"),
        ("mvp", "max_vertical_pocket_cm", 8, "polyhydramnios"),
    ],
)
def test_amniotic_fluid(name: str, field: str, cm: float, expected: str) -> None:
    assert value(name, {field: cm}) == expected


@pytest.mark.parametrize(
    ("count", "expected"), [(0, (0, "normal")), (15, (5, "normal")), (16, (5.3333, "tachysystole"))]
)
def test_tachysystole(count: int, expected: tuple[float, str]) -> None:
    assert both(calc("tachysystole", {"contractions_in_30_min": count})) == expected
