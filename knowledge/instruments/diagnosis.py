"""Scores of clinical diagnosis. Definitions and sources: the paper named in each docstring.

Every function takes measured values only; a missing value is the caller's to report, nothing is
assumed to be normal. Comparisons are made on values rounded to their printed precision.
"""

import msgspec


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A computed score: value, band, and the points of every component."""

    value: float
    band: str
    components: dict[str, float]


def _score(components: dict[str, float], bands: tuple[tuple[float, str], ...], top: str) -> Score:
    value = sum(components.values())
    band = next((name for limit, name in bands if value <= limit), top)
    return Score(value=value, band=band, components=components)


def curb65(
    *, confusion: bool, bun_mg_dl: float, rr_pm: float, bp_mmhg: tuple[float, float], age_years: int
) -> Score:
    """CURB-65 pneumonia severity (Lim, Thorax 2003). `bp_mmhg` is systolic, diastolic."""
    sbp, dbp = bp_mmhg
    parts = {
        "confusion": float(confusion),
        "urea": float(bun_mg_dl > 19.6),
        "respiratory_rate": float(rr_pm >= 30),
        "blood_pressure": float(sbp < 90 or dbp <= 60),
        "age": float(age_years >= 65),
    }
    return _score(parts, ((1, "low"), (2, "moderate")), "severe")


def qsofa(*, rr_pm: float, sbp_mmhg: float, gcs: float) -> Score:
    """Quick SOFA (Singer, JAMA 2016). SSC 2021 advises against it as the only screen."""
    parts = {
        "respiratory_rate": float(rr_pm >= 22),
        "systolic_pressure": float(sbp_mmhg <= 100),
        "mentation": float(gcs < 15),
    }
    return _score(parts, ((1, "below 2"),), "at least 2")


def wells_pe(
    *,
    dvt_signs: bool,
    most_likely: bool,
    hr_bpm: float,
    immobilised: bool,
    previous_vte: bool,
    hemoptysis: bool,
    cancer: bool,
) -> Score:
    """Wells score of pulmonary embolism (Wells, Thromb Haemost 2000), two bands."""
    parts = {
        "dvt_signs": 3.0 * dvt_signs,
        "most_likely": 3.0 * most_likely,
        "heart_rate": 1.5 * (hr_bpm > 100),
        "immobilised": 1.5 * immobilised,
        "previous_vte": 1.5 * previous_vte,
        "hemoptysis": 1.0 * hemoptysis,
        "cancer": 1.0 * cancer,
    }
    return _score(parts, ((4.0, "unlikely"),), "likely")


def heart_score(
    *, history: int, ecg: int, age_years: int, risk_factors: int, known_ascvd: bool, troponin: float
) -> Score:
    """HEART score (Six 2008, Backus 2013).

    `history`, `ecg` 0-2; `troponin` in multiples of the upper reference limit.
    """
    parts = {
        "history": float(history),
        "ecg": float(ecg),
        "age": float((age_years >= 45) + (age_years >= 65)),
        "risk_factors": 2.0 if known_ascvd else float((risk_factors >= 1) + (risk_factors >= 3)),
        "troponin": float((troponin > 1) + (troponin > 3)),
    }
    return _score(parts, ((3, "low"), (6, "moderate")), "high")


def anion_gap(*, sodium_mmol_l: float, chloride_mmol_l: float, bicarbonate_mmol_l: float) -> Score:
    """Anion gap, Na - Cl - HCO3, in mmol/L; above 12 is raised."""
    gap = sodium_mmol_l - chloride_mmol_l - bicarbonate_mmol_l
    return Score(value=gap, band="raised" if gap > 12 else "not raised", components={})
