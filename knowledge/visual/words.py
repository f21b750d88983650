"""Words of the answer: diagnoses, categories, what follows, what is measured."""

from collections.abc import Mapping
from typing import Literal

import msgspec

Diagnosis = Literal[
    "normal_chest_film",
    "lung_opacity",
    "pneumothorax",
    "pleural_effusion",
    "cardiomegaly",
    "nodule_on_chest_film",
    "benign_naevus",
    "atypical_naevus",
    "suspected_melanoma",
    "no_retinopathy",
    "mild_retinopathy",
    "moderate_retinopathy",
    "glaucoma_suspect",
    "bland_tissue",
    "cellular_atypia",
    "malignant_tissue",
    "thyroid_nodule",
    "solid_lung_nodule",
    "part_solid_lung_nodule",
    "ground_glass_lung_nodule",
    "breast_mass",
    "normal_ecg",
    "atrial_fibrillation",
    "long_qt",
    "anterior_stemi",
    "inferior_stemi",
    "lateral_stemi",
    "normal_tracing",
    "early_decelerations",
    "late_decelerations",
    "variable_decelerations",
    "fetal_tachycardia",
    "fetal_bradycardia",
    "reduced_variability",
]
Category = Literal[
    "none",
    "small",
    "large",
    "suspicious",
    "not_suspicious",
    "icdr_none",
    "icdr_mild",
    "icdr_moderate",
    "TR1",
    "TR2",
    "TR3",
    "TR4",
    "TR5",
    "2",
    "3",
    "4A",
    "4B",
    "4C",
    "4X",
    "5",
    "I",
    "II",
    "III",
]
Advice = Literal[
    "no_action",
    "routine_screening",
    "follow_up_3_months",
    "follow_up_3_to_6_months",
    "follow_up_6_months",
    "follow_up_6_to_12_months",
    "follow_up_12_months",
    "needle_biopsy",
    "excision",
    "tumour_board",
    "ct_chest",
    "echocardiography",
    "chest_drain",
    "observe_and_repeat_film",
    "thoracentesis",
    "treat_and_repeat_film",
    "ophthalmology_referral",
    "cardiology_referral",
    "stop_qt_drug",
    "rate_and_stroke_risk_control",
    "reperfusion",
    "routine_monitoring",
    "conservative_measures",
    "expedite_delivery",
]
Critical = Literal["pneumothorax", "st_elevation", "long_qt", "category_three_tracing"]
System = Literal[
    "dermoscopy_7_point",
    "icdr_retinopathy",
    "ti_rads",
    "bi_rads_management",
    "fleischner_2017",
    "lung_rads_2022",
    "qtc",
    "fhr_nichd",
]
Measure = Literal[
    "cardiothoracic_ratio",
    "air_share",
    "rim_mm",
    "fluid_share",
    "shadow_mm",
    "diameter_mm",
    "area_mm2",
    "microaneurysms",
    "haemorrhages",
    "cup_to_disc_ratio",
    "nuclei",
    "size_variation",
    "mitoses",
    "max_diameter_mm",
    "height_over_width",
    "mean_diameter_mm",
    "solid_component_mm",
    "long_axis_mm",
    "short_axis_mm",
    "heart_rate_per_min",
    "qtc_ms",
    "qrs_ms",
    "st_highest_mm",
    "baseline_bpm",
    "variability_bpm",
    "contractions",
]
Setting = Literal["clinic", "screening", "incidental"]
Found = Mapping[str, float | str]
"""A reading: lengths in the unit of their name, features in words."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What is known beside the picture."""

    setting: Setting = "clinic"
    smoker: bool = False
    qt_drug: bool = False
    """Takes a drug with a known risk of torsades."""
    prior: dict[str, float | str] = {}
    """Reading of the prior picture, empty without one."""
    prior_months: int = 0


class Conclusion(msgspec.Struct, frozen=True, kw_only=True):
    """What a right answer is."""

    diagnosis: str
    codes: tuple[str, ...]
    """Beginnings of ICD-10-CM codes that fit, the best first; "" where none is needed."""
    advice: tuple[str, ...]
    """What may follow, the best first."""
    keys: tuple[str, ...]
    """Measures that the answer rests on and states."""
    category: str = "none"
    system: str = ""
    """The instrument the category or the advice comes from."""
    side: str = "none"
    critical: str = ""
