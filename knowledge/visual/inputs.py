"""Inputs of the instruments that grade a picture, from its reading."""

from typing import Any

from ..images.measure.mammogram import CATEGORIES as BREAST_BY_MARGIN
from ..images.skin import SIGNS
from ..instruments.core import calc
from .words import About, Found


def seven_point(found: Found) -> tuple[int, bool]:
    """Score of the 7-point checklist and whether it is suspicious."""
    result = calc("dermoscopy_7_point", {name: found[name] == "yes" for name in SIGNS})
    return int(float(str(result.value))), str(result.band).startswith("suspicious")


def grown(found: Found, about: About, key: str) -> float:
    """Growth of a length since the prior picture, share of the older one."""
    if key not in about.prior:
        return 0.0
    return float(found[key]) / float(about.prior[key]) - 1.0


def icdr_inputs(found: Found) -> dict[str, Any]:
    """Inputs of the ICDR scale; ten haemorrhages of one eye never fill a quadrant."""
    more = float(found["haemorrhages"]) > 0 or float(found["hard_exudates"]) > 0
    return {
        "microaneurysms": float(found["microaneurysms"]) > 0,
        "other_retinopathy": more,
        "quadrants_over_20_hemorrhages": 0,
        "quadrants_venous_beading": 0,
        "quadrants_prominent_irma": 0,
        "neovascularization": False,
        "vitreous_or_preretinal_hemorrhage": False,
    }


def ti_rads_inputs(found: Found) -> dict[str, Any]:
    """Inputs of ACR TI-RADS."""
    return {
        "composition": found["composition"],
        "echogenicity": found["echogenicity"],
        "taller_than_wide": float(found["height_over_width"]) > 1.0,
        "margin": found["margin"],
        "echogenic_foci": [found["echogenic_foci"]],
        "max_diameter_cm": round(float(found["max_diameter_mm"]) / 10.0, 2),
    }


GROWN_MM = 1.5
"""Growth of a mean diameter that counts, within 12 months (ACR Lung-RADS 2022)."""
STABLE_MONTHS = 24
"""A solid nodule without growth for two years needs nothing more (MacMahon 2017)."""


def lung_inputs(found: Found, about: About) -> tuple[str, dict[str, Any]]:
    """The instrument of the setting and its inputs."""
    size, kind = found["mean_diameter_mm"], found["nodule_type"]
    solid = found["solid_component_mm"]
    if about.setting != "screening":
        inputs: dict[str, Any] = {"nodule_type": kind, "multiple": False, "diameter_mm": size}
        return "fleischner_2017", inputs | {"high_risk": about.smoker}
    more = float(size) - float(about.prior.get("mean_diameter_mm", size))
    status = "growing" if more > GROWN_MM and about.prior_months <= 12 else "baseline"
    return "lung_rads_2022", {
        "nodule_type": kind,
        "mean_diameter_mm": size,
        "solid_component_mm": solid,
        "status": status,
        "suspicious_features": found["margin"] == "spiculated",
    }


def nichd_inputs(found: Found) -> dict[str, Any]:
    """Inputs of the category of a tracing of twenty minutes."""
    count, kind = float(found["deceleration_count"]), found["decelerations"]
    recurrent = "recurrent" if count and 2 * count >= float(found["contractions"]) else "none"
    return {
        "baseline_bpm": found["baseline_bpm"],
        "variability": found["variability"],
        "late_decelerations": recurrent if kind == "late" else "none",
        "variable_decelerations": recurrent if kind == "variable" else "none",
        "prolonged_deceleration": False,
        "sinusoidal_pattern": False,
        "accelerations_present": float(found["accelerations"]) > 0,
    }


BREAST_GROWTH = 0.2


def breast_category(found: Found, about: About) -> str:
    """BI-RADS category of a mass by its margin and its course.

    A circumscribed mass that grew by a fifth is 4A (Gordon 2003, Radiology 229:233, unverified),
    one that is stable for two years 2.
    """
    category = BREAST_BY_MARGIN[str(found["margin"])]
    if category != "3" or not about.prior:
        return category
    if grown(found, about, "long_axis_mm") >= BREAST_GROWTH:
        return "4A"
    return "2" if about.prior_months >= STABLE_MONTHS else category


def graded(kind: str, system: str, found: Found, about: About) -> dict[str, Any] | None:
    """Inputs of an instrument for a reading, None where it is not for this kind or setting."""
    match kind, system:
        case "skin", "dermoscopy_7_point":
            return {name: found[name] == "yes" for name in SIGNS}
        case "fundus", "icdr_retinopathy":
            return icdr_inputs(found)
        case "thyroid", "ti_rads":
            return ti_rads_inputs(found)
        case "mammogram", "bi_rads_management":
            return {"category": breast_category(found, about)}
        case "ctg_strip", "fhr_nichd":
            return nichd_inputs(found)
        case "ecg_strip", "qtc":
            return {"qt_ms": found["qt_ms"], "heart_rate_per_min": found["heart_rate_per_min"]}
        case "lung_ct", _:
            named, inputs = lung_inputs(found, about)
            return inputs if named == system else None
        case _:
            return None
