"""Scores at their boundaries, by their published definitions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthgym.knowledge.instruments.diagnosis import (
    anion_gap,
    curb65,
    heart_score,
    qsofa,
    wells_pe,
)

WELL = {"confusion": False, "bun_mg_dl": 10.0, "rr_pm": 16.0, "bp_mmhg": (120, 75), "age_years": 50}
NO_PE = dict.fromkeys(
    ("dvt_signs", "most_likely", "immobilised", "previous_vte", "hemoptysis", "cancer"), False
)


@pytest.mark.parametrize(
    ("change", "value", "band"),
    [
        ({}, 0, "low"),
        ({"bun_mg_dl": 19.6}, 0, "low"),
        ({"bun_mg_dl": 19.7}, 1, "low"),
        ({"rr_pm": 30}, 1, "low"),
        ({"bp_mmhg": (120, 60)}, 1, "low"),
        ({"bp_mmhg": (90, 61)}, 0, "low"),
        ({"bp_mmhg": (85, 50)}, 1, "low"),
        ({"age_years": 65, "confusion": True}, 2, "moderate"),
        ({"age_years": 65, "confusion": True, "rr_pm": 31}, 3, "severe"),
    ],
)
def test_curb65(change, value, band):
    score = curb65(**{**WELL, **change})
    assert (score.value, score.band) == (value, band)


@pytest.mark.parametrize(
    ("rr", "sbp", "gcs", "value"),
    [(21, 101, 15, 0), (22, 101, 15, 1), (22, 100, 15, 2), (22, 100, 14, 3)],
)
def test_qsofa(rr, sbp, gcs, value):
    score = qsofa(rr_pm=rr, sbp_mmhg=sbp, gcs=gcs)
    assert score.value == value
    assert score.band == ("at least 2" if value >= 2 else "below 2")


@pytest.mark.parametrize(
    ("present", "hr", "value", "band"),
    [
        ((), 100, 0, "unlikely"),
        ((), 101, 1.5, "unlikely"),
        (("dvt_signs", "cancer"), 90, 4, "unlikely"),
        (("most_likely",), 101, 4.5, "likely"),
        (tuple(NO_PE), 120, 12.5, "likely"),
    ],
)
def test_wells_pe(present, hr, value, band):
    score = wells_pe(hr_bpm=hr, **{**NO_PE, **dict.fromkeys(present, True)})
    assert (score.value, score.band) == (value, band)


def heart(**change):
    base = {"history": 0, "ecg": 0, "age_years": 44, "risk_factors": 0, "known_ascvd": False}
    return heart_score(**{**base, "troponin": 1.0, **change}).value


def test_heart_score():
    assert heart() == 0
    assert heart(age_years=45) == 1
    assert heart(age_years=65) == 2
    assert heart(risk_factors=2) == 1
    assert heart(risk_factors=3) == 2
    assert heart(known_ascvd=True) == 2
    assert heart(troponin=1.1) == 1
    assert heart(troponin=3.0) == 1
    assert heart(troponin=3.1) == 2
    assert heart(history=2, ecg=2, age_years=70, known_ascvd=True, troponin=9.0) == 10


@given(st.integers(110, 170), st.integers(70, 130), st.integers(3, 45))
def test_anion_gap(na, cl, hco3):
    score = anion_gap(sodium_mmol_l=na, chloride_mmol_l=cl, bicarbonate_mmol_l=hco3)
    assert score.value == na - cl - hco3
    assert (score.band == "raised") == (score.value > 12)
