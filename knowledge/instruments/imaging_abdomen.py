"""Imaging of the abdomen: liver, kidney, prostate, gallbladder and colon.

Management is told in own words under `components`; it is advice of the cited source, not an order.
"""

from typing import Annotated, Literal

from .core import Inputs, Score, instrument
from .quantities import Creatinine, Inr, Platelets, Wbc, count, half_up, quantity

Size = Annotated[float, quantity(0, 400, "mm")]
Thickness = Annotated[float, quantity(0, 100, "mm", normal=1)]
Septa = Annotated[int, count(0, 50, normal=0)]
PiradsScore = Annotated[int, count(1, 5)]
Hours = Annotated[float, quantity(0, 2000, "h")]
OxygenRatio = Annotated[float, quantity(20, 700, "mm[Hg]", normal=450)]


class LiRads2018(Inputs, frozen=True, kw_only=True):
    """Inputs of an untreated observation in a patient at high risk of liver cancer.

    Threshold growth is 50% or more within six months; the two optional findings come first.
    """

    nonrim_aphe: bool
    size_mm: Size
    nonperipheral_washout: bool
    enhancing_capsule: bool
    threshold_growth: bool
    targetoid: bool = False
    tumor_in_vein: bool = False


LIVER_MANAGEMENT = {
    "LR-3": "repeat or alternative imaging in 3-6 months",
    "LR-4": "multidisciplinary discussion; biopsy or repeat imaging within 3 months",
    "LR-5": "treat as hepatocellular carcinoma after multidisciplinary discussion",
    "LR-M": "multidisciplinary discussion; usually biopsy",
    "LR-TIV": "multidisciplinary discussion; biopsy where it changes treatment",
}


def _liver_table(x: LiRads2018, features: int) -> str:
    """The diagnostic table: hyperenhancement and size by the number of further major features."""
    if not x.nonrim_aphe:
        return "LR-4" if features >= (2 if x.size_mm < 20 else 1) else "LR-3"
    if x.size_mm >= 20:
        return "LR-5" if features else "LR-4"
    if features == 0:
        return "LR-3"
    if x.size_mm < 10 or (features == 1 and x.enhancing_capsule):
        return "LR-4"
    return "LR-5"


@instrument(
    unit="category",
    version="CT/MRI v2018 diagnostic table",
    source="Chernyak V, Radiology 2018;289:816 (ACR CT/MRI LI-RADS v2018)",
)
def li_rads_2018(x: LiRads2018) -> Score:
    """LI-RADS 2018: likelihood of hepatocellular carcinoma on CT or MRI.

    Covers the diagnostic table (LR-3 to LR-5), LR-M for a targetoid mass and LR-TIV. Ancillary
    features, which move a category by one, and LR-1 and LR-2, which are the reader's, are not.
    """
    parts = {
        "washout": int(x.nonperipheral_washout),
        "capsule": int(x.enhancing_capsule),
        "threshold_growth": int(x.threshold_growth),
    }
    if x.tumor_in_vein:
        value = "LR-TIV"
    else:
        value = "LR-M" if x.targetoid else _liver_table(x, sum(parts.values()))
    return Score(value=value, components={**parts, "management": LIVER_MANAGEMENT[value]})


class Bosniak2019(Inputs, frozen=True, kw_only=True):
    """Inputs of a cystic renal mass of simple fluid; thickness of the thickest enhancing part.

    A nodule is a convex protrusion with acute margins, or of 4 mm or more with obtuse ones.
    """

    enhancing_nodule: bool
    max_enhancing_wall_or_septum_thickness_mm: Thickness
    irregular_thickening: bool
    number_of_thin_septa: Septa


RENAL_MANAGEMENT = {
    "I": "no follow-up",
    "II": "no follow-up",
    "IIF": "imaging at 6 and 12 months, then yearly for 5 years",
    "III": "urology: active surveillance or resection",
    "IV": "urology: resection unless frail or life expectancy is short",
}


@instrument(
    unit="category",
    version="2019 (septa/wall rules, simple-fluid content)",
    source="Silverman SG, Radiology 2019;292:475 (follow-up intervals unverified)",
)
def bosniak_2019(x: Bosniak2019) -> Score:
    """Bosniak 2019: class of a cystic renal mass.

    Thin is up to 2 mm, minimally thickened 3 mm (IIF), thick 4 mm or more (III); four or more thin
    septa are IIF. Attenuation, signal and calcification are not covered.
    """
    thickness = half_up(x.max_enhancing_wall_or_septum_thickness_mm)
    if x.enhancing_nodule:
        value = "IV"
    elif thickness >= 4 or x.irregular_thickening:
        value = "III"
    elif thickness >= 3 or x.number_of_thin_septa >= 4:
        value = "IIF"
    else:
        value = "II" if x.number_of_thin_septa else "I"
    return Score(value=value, components={"management": RENAL_MANAGEMENT[value]})


class PiRads21(Inputs, frozen=True, kw_only=True):
    """Inputs of a prostate lesion on MRI, each sequence scored 1 to 5."""

    zone: Literal["peripheral", "transition"]
    t2_score: PiradsScore
    dwi_score: PiradsScore
    dce_positive: bool


@instrument(
    unit="category",
    version="v2.1 2019",
    source="Turkbey B, Eur Urol 2019;76:340",
)
def pi_rads_2_1(x: PiRads21) -> Score:
    """PI-RADS 2.1: likelihood of significant prostate cancer on MRI, 1 to 5.

    Diffusion decides in the peripheral zone, where contrast raises a 3 to 4; T2 in the transition
    zone, where diffusion raises a 2 to 3 (at 4 or 5) and a 3 to 4 (at 5).
    """
    if x.zone == "peripheral":
        raised = x.dwi_score == 3 and x.dce_positive
        value = x.dwi_score + raised
    else:
        raised = (x.t2_score == 2 and x.dwi_score >= 4) or (x.t2_score == 3 and x.dwi_score == 5)
        value = x.t2_score + raised
    likelihood = ("very low", "low", "intermediate", "high", "very high")[value - 1]
    return Score(value=value, components={"likelihood": likelihood})


class TokyoCholecystitis(Inputs, frozen=True, kw_only=True):
    """Inputs of the severity of acute cholecystitis once it is diagnosed."""

    vasopressor_for_hypotension: bool
    decreased_consciousness: bool
    pao2_fio2_mmhg: OxygenRatio
    oliguria: bool
    creatinine_mg_dl: Creatinine
    inr: Inr
    platelets_10e3_per_ul: Platelets
    wbc_10e3_per_ul: Wbc
    palpable_tender_mass: bool
    symptoms_h: Hours
    marked_local_inflammation: bool


@instrument(
    unit="category",
    version="TG18 (2018)",
    source="Yokoe M, J Hepatobiliary Pancreat Sci 2018;25:41",
    bands=("mild", "moderate", "severe"),
)
def tokyo_cholecystitis(x: TokyoCholecystitis) -> Score:
    """Tokyo 2018 cholecystitis severity: grade III any failing organ, II any local sign, else I.

    The vasopressor is dopamine of 5 ug/kg/min or more or any norepinephrine. Marked inflammation
    is gangrene, abscess, biliary peritonitis or gas in the wall.
    """
    organs = {
        "circulation": int(x.vasopressor_for_hypotension),
        "consciousness": int(x.decreased_consciousness),
        "lung": int(x.pao2_fio2_mmhg < 300),
        "kidney": int(x.oliguria or x.creatinine_mg_dl > 2.0),
        "liver": int(x.inr > 1.5),
        "platelets": int(x.platelets_10e3_per_ul < 100),
    }
    local = {
        "wbc": int(x.wbc_10e3_per_ul > 18),
        "mass": int(x.palpable_tender_mass),
        "duration": int(x.symptoms_h > 72),
        "inflammation": int(x.marked_local_inflammation),
    }
    value, band = "I", "mild"
    if any(organs.values()):
        value, band = "III", "severe"
    elif any(local.values()):
        value, band = "II", "moderate"
    return Score(value=value, band=band, components={**organs, **local})


class Hinchey(Inputs, frozen=True, kw_only=True):
    """Inputs of acute diverticulitis on CT or at operation."""

    pericolic_inflammation: bool
    abscess: Literal["none", "pericolic", "pelvic or distant"]
    peritonitis: Literal["none", "purulent", "fecal"]


@instrument(
    unit="category",
    version="modified Hinchey (Wasvary 1999)",
    source="Hinchey EJ, Adv Surg 1978;12:85; Wasvary H, Am Surg 1999;65:632; Klarenbeek BR, Int J"
    " Colorectal Dis 2012;27:207",
    bands=("uncomplicated", "complicated"),
)
def hinchey(x: Hinchey) -> Score:
    """Hinchey, modified: stage of acute diverticulitis, 0, Ia, Ib, II, III or IV.

    0 is mild clinical diverticulitis, Ia inflammation around the colon; from Ib, an abscess, it is
    complicated.
    """
    if x.peritonitis != "none":
        value = "IV" if x.peritonitis == "fecal" else "III"
    elif x.abscess != "none":
        value = "Ib" if x.abscess == "pericolic" else "II"
    else:
        value = "Ia" if x.pericolic_inflammation else "0"
    return Score(value=value, band="uncomplicated" if value in {"0", "Ia"} else "complicated")
