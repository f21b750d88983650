"""What a reading of a picture means: diagnosis, category, what follows, what cannot wait.

Rules are those of the cited instrument or guideline; limits of our own are told as such. The same
functions conclude from the hidden truth and from measured values.
"""

from collections.abc import Callable

from ..instruments.core import calc
from .cases import lifted
from .inputs import (
    STABLE_MONTHS,
    breast_category,
    grown,
    icdr_inputs,
    lung_inputs,
    nichd_inputs,
    seven_point,
    ti_rads_inputs,
)
from .words import About, Conclusion, Found


def conclude(kind: str, found: Found, about: About) -> Conclusion:
    """What a reading means."""
    return _RULES[kind](found, about)


def _chest_film(found: Found, about: About) -> Conclusion:
    """BTS 2010 (MacDuff, Thorax 65 Suppl 2:ii18): a rim of 2 cm is large and is drained."""
    del about
    side = str(found.get("side", "none"))
    ratio = ("cardiothoracic_ratio",)
    keys: tuple[str, ...] = ratio
    if "fluid_share" in found:
        name, code, advice, keys = "pleural_effusion", "J90", "thoracentesis", ("fluid_share",)
    elif "air_share" in found:
        large = float(found["rim_mm"]) >= LARGE_RIM_MM
        return Conclusion(
            diagnosis="pneumothorax",
            codes=("J93",),
            category="large" if large else "small",
            advice=("chest_drain",) if large else ("observe_and_repeat_film",),
            keys=("air_share", "rim_mm"),
            side=side,
            critical="pneumothorax",
        )
    elif "shadow_mm" in found and float(found["shadow_mm"]) <= LARGEST_NODULE_MM:
        name, code, advice = "nodule_on_chest_film", "R91.1", "ct_chest"
        keys = ("shadow_mm", *ratio)
    elif "shadow_mm" in found:
        name, code, advice = "lung_opacity", "J18", "treat_and_repeat_film"
        keys = ("shadow_mm", *ratio)
    elif float(found["cardiothoracic_ratio"]) > LARGE_HEART:
        name, code, advice, keys = "cardiomegaly", "I51.7", "echocardiography", ratio
    else:
        name, code, advice, keys = "normal_chest_film", "", "no_action", ratio
    return Conclusion(
        diagnosis=name, codes=_CODES.get(name, (code,)), advice=(advice,), keys=keys, side=side
    )


LARGE_RIM_MM = 20.0
LARGEST_NODULE_MM = 30.0
"""A larger round shadow is a mass (Fleischner Society glossary, Hansell 2008)."""
LARGE_HEART = 0.5
"""Danzer 1919."""
_CODES = {
    "lung_opacity": ("J18", "R91.8"),
    "cardiomegaly": ("I51.7", "I50"),
    "normal_chest_film": ("", "Z"),
}


def _skin(found: Found, about: About) -> Conclusion:
    """7-point checklist (Argenziano 1998); a naevus that grows is excised.

    Atypical naevi are looked at again after three months (Menzies 2001, Arch Dermatol 137:1583).
    """
    points, suspicious = seven_point(found)
    category = "suspicious" if suspicious else "not_suspicious"
    keys = ("diameter_mm", "area_mm2")
    codes: tuple[str, ...] = ("D22",)
    if suspicious:
        name, codes, advice = "suspected_melanoma", ("D48.5", "C43", "D03", "D49.2"), "excision"
    elif grown(found, about, "diameter_mm") >= SKIN_GROWTH:
        name, codes, advice = "atypical_naevus", ("D22", "D48.5"), "excision"
    elif points:
        name, advice = "atypical_naevus", "follow_up_3_months"
    else:
        name, advice = "benign_naevus", "no_action"
    return Conclusion(
        diagnosis=name,
        codes=codes,
        category=category,
        advice=(advice,),
        keys=keys,
        system="dermoscopy_7_point",
    )


SKIN_GROWTH = 0.15
"""Own limit of growth in diameter; well beyond what measuring errs (unverified)."""


def _fundus(found: Found, about: About) -> Conclusion:
    """ICDR 2003 (Wilkinson, Ophthalmology 110:1677); recall by ICO 2017 (Wong 2018)."""
    del about
    inputs = icdr_inputs(found)
    grade = ("none", "mild", "moderate")[int(float(str(calc("icdr_retinopathy", inputs).value)))]
    cupped = float(found["cup_to_disc_ratio"]) >= LARGE_CUP
    name, codes, advice = {
        "none": ("no_retinopathy", ("E11.9", "", "Z", "E10.9"), "follow_up_12_months"),
        "mild": ("mild_retinopathy", ("E11.32", "E10.32"), "follow_up_12_months"),
        "moderate": ("moderate_retinopathy", ("E11.33", "E10.33"), "ophthalmology_referral"),
    }[grade]
    if grade == "none" and cupped:
        name, codes, advice = "glaucoma_suspect", ("H40.0",), "ophthalmology_referral"
    return Conclusion(
        diagnosis=name,
        codes=codes,
        category=f"icdr_{grade}",
        advice=(advice,),
        keys=("microaneurysms", "haemorrhages", "cup_to_disc_ratio"),
        system="icdr_retinopathy",
        side=str(found["eye"]),
    )


LARGE_CUP = 0.65
"""Own limit; 97.5 % of healthy discs lie below 0.7 (Foster 2002, Br J Ophthalmol 86:238)."""


def _histology(found: Found, about: About) -> Conclusion:
    """Even nuclei are bland, uneven ones atypical, with dividing figures malignant.

    A rule for these phantoms (own, unverified as pathology): a core of a breast lump.
    """
    del about
    uneven = float(found["size_variation"]) > UNEVEN
    codes: tuple[str, ...]
    if not uneven:
        name, codes, advice = "bland_tissue", ("N60", "D24", "N63"), "no_action"
    elif float(found["mitoses"]) == 0:
        name, codes, advice = "cellular_atypia", ("N60", "D48.6"), "excision"
    else:
        name, codes, advice = "malignant_tissue", ("C50",), "tumour_board"
    keys = ("nuclei", "size_variation", "mitoses")
    return Conclusion(diagnosis=name, codes=codes, advice=(advice,), keys=keys)


UNEVEN = 0.15


def _thyroid(found: Found, about: About) -> Conclusion:
    """ACR TI-RADS 2017; the first follow-up is after a year at every level."""
    del about
    level, _, act = str(calc("ti_rads", ti_rads_inputs(found)).band).partition(";")
    advice = {"FNA": "needle_biopsy", "follow-up": "follow_up_12_months"}.get(act, "no_action")
    return Conclusion(
        diagnosis="thyroid_nodule",
        codes=("E04.1", "D44.0"),
        category=level,
        advice=(advice,),
        keys=("max_diameter_mm", "height_over_width"),
        system="ti_rads",
    )


_CT_ADVICE = {
    "no routine": ("no_action",),
    "optional CT": ("follow_up_12_months", "no_action"),
    "CT at 6-12": ("follow_up_6_to_12_months",),
    "CT at 3-6": ("follow_up_3_to_6_months",),
    "consider CT": ("follow_up_3_months", "needle_biopsy"),
}
_SCREENED = {
    "2": ("follow_up_12_months", "routine_screening"),
    "3": ("follow_up_6_months",),
    "4A": ("follow_up_3_months",),
    "4B": ("needle_biopsy",),
    "4X": ("needle_biopsy",),
}
FAST_DAYS = 400.0
"""A volume doubling time up to this asks for tissue (BTS 2015: Callister, Thorax 70 Suppl 2)."""


def _lung_ct(found: Found, about: About) -> Conclusion:
    """Fleischner 2017 for what is found by chance, Lung-RADS 2022 for the screened."""
    system, inputs = lung_inputs(found, about)
    value = str(calc(system, inputs).value)
    screened = system == "lung_rads_2022"
    if screened:
        advice = _SCREENED[value]
    else:
        advice = next(a for head, a in _CT_ADVICE.items() if value.startswith(head))
        share = grown(found, about, "mean_diameter_mm")
        if about.prior and share >= LUNG_GROWTH:
            advice = ("needle_biopsy",)
        elif (
            about.prior and found["nodule_type"] == "solid" and about.prior_months >= STABLE_MONTHS
        ):
            advice = ("no_action",)
    kind = str(found["nodule_type"])
    keys = ("mean_diameter_mm", *(("solid_component_mm",) if kind == "part solid" else ()))
    return Conclusion(
        diagnosis=f"{kind.replace(' ', '_')}_lung_nodule",
        codes=("R91.1",),
        category=value if screened else "none",
        advice=advice,
        keys=keys,
        system=system,
        side=str(found["side"]),
    )


LUNG_GROWTH = 0.15
"""Growth in diameter that is beyond error: the volume by half (own limit, unverified)."""


def _mammogram(found: Found, about: About) -> Conclusion:
    """BI-RADS 5th edition (own words)."""
    category = breast_category(found, about)
    value = str(calc("bi_rads_management", {"category": category}).value)
    heads = {"routine": "routine_screening", "short": "follow_up_6_months"}
    advice = next((a for head, a in heads.items() if value.startswith(head)), "needle_biopsy")
    return Conclusion(
        diagnosis="breast_mass",
        codes=("N63", "R92.8", "D48.6", "D49.3", "D24"),
        category=category,
        advice=(advice,),
        keys=("long_axis_mm", "short_axis_mm"),
        system="bi_rads_management",
    )


def _ecg_strip(found: Found, about: About) -> Conclusion:
    """ST elevation by the Fourth Universal Definition of MI (2018), QTc by Bazett."""
    where = lifted(found)
    rate = "heart_rate_per_min"
    if where != "none":
        return Conclusion(
            diagnosis=f"{where}_stemi",
            codes=({"anterior": "I21.0", "inferior": "I21.1", "lateral": "I21.2"}[where],),
            advice=("reperfusion",),
            keys=(rate, "st_highest_mm"),
            critical="st_elevation",
        )
    if found["rhythm"] == "atrial fibrillation":
        return Conclusion(
            diagnosis="atrial_fibrillation",
            codes=("I48",),
            advice=("rate_and_stroke_risk_control",),
            keys=(rate, "qrs_ms"),
        )
    keys = (rate, "qtc_ms")
    if float(found["qtc_ms"]) >= LONG_QTC_MS:
        advice = "stop_qt_drug" if about.qt_drug else "cardiology_referral"
        return Conclusion(
            diagnosis="long_qt",
            codes=("I45.81", "R94.31"),
            advice=(advice,),
            keys=keys,
            system="qtc",
            critical="long_qt",
        )
    return Conclusion(
        diagnosis="normal_ecg", codes=("", "Z"), advice=("no_action",), keys=keys, system="qtc"
    )


LONG_QTC_MS = 490.0
"""Between what is normal here (below 460) and the high risk of 500 and more, less the error."""


def _ctg_strip(found: Found, about: About) -> Conclusion:
    """NICHD 2008 (Macones, Obstet Gynecol 112:661); management by ACOG Practice Bulletin 116."""
    del about
    category = str(calc("fhr_nichd", nichd_inputs(found)).value)
    base = float(found["baseline_bpm"])
    codes: tuple[str, ...] = ("O76", "O36.83")
    if found["decelerations"] != "none":
        name = f"{found['decelerations']}_decelerations"
    elif base > 160:
        name = "fetal_tachycardia"
    elif base < 110:
        name = "fetal_bradycardia"
    elif found["variability"] in {"absent", "minimal"}:
        name = "reduced_variability"
    else:
        name = "normal_tracing"
    if category == "I":
        codes = ("", "Z", "O80", "O76")
    advice = {"I": "routine_monitoring", "II": "conservative_measures", "III": "expedite_delivery"}
    return Conclusion(
        diagnosis=name,
        codes=codes,
        category=category,
        advice=(advice[category],),
        keys=("baseline_bpm", "variability_bpm", "contractions"),
        system="fhr_nichd",
        critical="category_three_tracing" if category == "III" else "",
    )


_RULES: dict[str, Callable[[Found, About], Conclusion]] = {
    "chest_film": _chest_film,
    "skin": _skin,
    "fundus": _fundus,
    "histology": _histology,
    "thyroid": _thyroid,
    "lung_ct": _lung_ct,
    "mammogram": _mammogram,
    "ecg_strip": _ecg_strip,
    "ctg_strip": _ctg_strip,
}
