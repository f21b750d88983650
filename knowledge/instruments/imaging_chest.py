"""Imaging of the chest: incidental and screened lung nodules, coronary CT angiography.

Management is told in own words under `components`; it is advice of the cited source, not an order.
"""

from typing import Annotated, Literal

from .core import Inputs, Needs, Score, Value, instrument
from .quantities import Age, count, half_up, quantity

Diameter = Annotated[float, quantity(0, 300, "mm")]
SolidPart = Annotated[float, quantity(0, 300, "mm", normal=0)]
Stenosis = Annotated[float, quantity(0, 100, "%", normal=0)]
NoduleType = Literal["solid", "part solid", "ground glass"]


class Fleischner2017(Inputs, frozen=True, kw_only=True):
    """Inputs of follow-up; the diameter is the mean of long and short axis.

    The optional fields only warn where the recommendation does not apply.
    """

    nodule_type: NoduleType
    multiple: bool
    diameter_mm: Diameter
    high_risk: bool
    age_years: Age | None = None
    known_cancer: bool = False
    immunosuppressed: bool = False
    perifissural: bool = False
    solid_component_mm: SolidPart | None = None


def _solid_follow_up(multiple: bool, size: float, high_risk: bool) -> str:
    if size < 6:
        return "optional CT at 12 months" if high_risk else "no routine follow-up"
    if size > 8 and not multiple:
        return "consider CT at 3 months, PET/CT, or tissue sampling"
    first = "CT at 3-6 months" if multiple else "CT at 6-12 months"
    return f"{first}, then {'' if high_risk else 'consider '}CT at 18-24 months"


def _subsolid_follow_up(kind: NoduleType, multiple: bool, size: float) -> str:
    if multiple and size < 6:
        return "CT at 3-6 months; if stable consider CT at 2 and 4 years"
    if multiple:
        return "CT at 3-6 months; then manage by most suspicious nodule"
    if size < 6:
        return "no routine follow-up"
    if kind == "ground glass":
        return "CT at 6-12 months, then every 2 years until 5 years"
    return "CT at 3-6 months; if unchanged and solid component <6 mm annual CT for 5 years"


def _fleischner_warnings(x: Fleischner2017) -> tuple[str, ...]:
    told = (
        (x.age_years is not None and x.age_years < 35, "not for people below 35 years"),
        (x.known_cancer, "not for people with known cancer"),
        (x.immunosuppressed, "not for immunosuppressed people"),
        (x.perifissural, "a typical perifissural node needs no follow-up"),
        ((x.solid_component_mm or 0) >= 6, "solid component of 6 mm or more: highly suspicious"),
    )
    return tuple(text for holds, text in told if holds)


@instrument(
    unit="category",
    version="2017 (age >=35, no cancer, not immunosuppressed, incidental)",
    source="MacMahon H, Radiology 2017;284:228",
)
def fleischner_2017(x: Fleischner2017) -> Score:
    """Fleischner 2017: follow-up of lung nodules found by chance on CT.

    The diameter counts as whole millimetres (6 mm is in 6-8, 8 mm is not above 8); risk matters
    for solid nodules alone. Not for screening, which has Lung-RADS.
    """
    size = half_up(x.diameter_mm)
    if x.nodule_type == "solid":
        value = _solid_follow_up(x.multiple, size, x.high_risk)
    else:
        value = _subsolid_follow_up(x.nodule_type, x.multiple, size)
    return Score(value=value, components={"diameter_mm": size}, warnings=_fleischner_warnings(x))


class LungRads2022(Inputs, frozen=True, kw_only=True):
    """Inputs of a screened nodule; mean diameters to 0.1 mm.

    Growing is more than 1.5 mm within 12 months; `slowly growing` grew over several scans without
    that. `stable` needs `previous_category`, and the planned interval to have passed.
    """

    nodule_type: NoduleType
    mean_diameter_mm: Diameter
    status: Literal["baseline", "new", "growing", "slowly growing", "stable"]
    solid_component_mm: SolidPart
    previous_category: Literal["2", "3", "4A", "4B"] | None = None
    suspicious_features: bool = False


LUNG_MANAGEMENT = {
    "2": "annual screening goes on: low-dose CT in 12 months",
    "3": "low-dose CT in 6 months",
    "4A": "low-dose CT in 3 months; PET/CT may help if a solid part is 8 mm or more",
    "4B": "diagnostic work-up: CT, PET/CT or tissue sampling, by likelihood and comorbidity",
    "4X": "diagnostic work-up: CT, PET/CT or tissue sampling, by likelihood and comorbidity",
}


def _graded(size: float, *steps: tuple[float, str], top: str) -> str:
    """The category of the first upper limit (exclusive) the size stays below."""
    return next((category for limit, category in steps if size < limit), top)


def _solid_category(size: float, status: str) -> str:
    if status == "baseline":
        return _graded(size, (6, "2"), (8, "3"), (15, "4A"), top="4B")
    if status == "new":
        return _graded(size, (4, "2"), (6, "3"), (8, "4A"), top="4B")
    if status == "growing":
        return _graded(size, (8, "4A"), top="4B")
    return "4B"


def _part_solid_category(size: float, solid: float, status: str) -> str:
    if status == "baseline":
        return "2" if size < 6 else _graded(solid, (6, "3"), (8, "4A"), top="4B")
    if status == "slowly growing":
        return "4B"
    if solid < 4:
        # A new nodule below 6 mm in all has its own row, before that of new solid parts.
        return "3" if status == "new" and size < 6 else "4A"
    return "4B"


def _lung_category(x: LungRads2022) -> str:
    size, solid = half_up(x.mean_diameter_mm, 1), half_up(x.solid_component_mm, 1)
    if x.status == "stable":
        if x.previous_category is None:
            raise Needs("previous_category")
        return {"3": "2", "4A": "3"}.get(x.previous_category, x.previous_category)
    if x.nodule_type == "solid":
        return _solid_category(size, x.status)
    if x.nodule_type == "part solid":
        return _part_solid_category(size, solid, x.status)
    return "2" if size < 30 or x.status == "slowly growing" else "3"


@instrument(
    unit="category",
    version="ACR v2022 (core size rules)",
    source="Christensen J, Chest 2024;165:738 (ACR Lung-RADS v2022)",
)
def lung_rads_2022(x: LungRads2022) -> Score:
    """Lung-RADS 2022: category of the most suspicious nodule in lung cancer screening.

    Covers nodules by size, growth and stability, and 4X where a nodule of category 3 or 4 has
    further suspicious features; cysts, airway nodules and category 0 are not covered.
    """
    category = _lung_category(x)
    if x.suspicious_features and category in {"3", "4A", "4B"}:
        category = "4X"
    wide = x.nodule_type == "part solid" and x.solid_component_mm > x.mean_diameter_mm
    return Score(
        value=category,
        components={"management": LUNG_MANAGEMENT[category]},
        warnings=("the solid part is wider than the nodule: check",) if wide else (),
    )


class CadRads2(Inputs, frozen=True, kw_only=True):
    """Inputs of the patient's worst stenoses; the plaque segments (SIS) only add a P category."""

    max_stenosis_percent: Stenosis
    left_main_stenosis_percent: Stenosis
    vessels_with_70_percent_or_more: Annotated[int, count(0, 4, normal=0)]
    segments_with_plaque: Annotated[int, count(0, 18)] | None = None


CORONARY_MANAGEMENT = {
    "0": "no coronary disease seen: other causes; general prevention",
    "1": "non-obstructive: prevention and risk factor treatment",
    "2": "non-obstructive: prevention and risk factor treatment",
    "3": "moderate: consider functional assessment; guideline-directed treatment",
    "4A": "severe: functional assessment or invasive angiography; guideline-directed treatment",
    "4B": "high-risk anatomy: invasive angiography; guideline-directed treatment",
    "5": "occlusion: consider invasive angiography or viability assessment",
}


def _plaque(segments: int) -> str:
    """Plaque burden by the number of involved segments: 1-2 P1, 3-4 P2, 5-7 P3, 8 or more P4."""
    steps = ((8, "P4"), (5, "P3"), (3, "P2"), (1, "P1"))
    return next((name for least, name in steps if segments >= least), "P0")


@instrument(
    unit="category",
    version="2.0 (2022)",
    source="Cury RC, J Cardiovasc Comput Tomogr 2022;16:536",
)
def cad_rads_2(x: CadRads2) -> Score:
    """CAD-RADS 2.0: stenosis category of coronary CT angiography.

    An occlusion is 5 before all; left main 50% or more, or 70% or more in three vessels, is 4B.
    """
    worst = max(x.max_stenosis_percent, x.left_main_stenosis_percent)
    if worst >= 100:
        category = "5"
    elif x.left_main_stenosis_percent >= 50 or x.vessels_with_70_percent_or_more >= 3:
        category = "4B"
    else:
        steps = ((70, "4A"), (50, "3"), (25, "2"))
        lesser = "1" if worst > 0 else "0"
        category = next((name for least, name in steps if worst >= least), lesser)
    components: dict[str, Value] = {"management": CORONARY_MANAGEMENT[category]}
    if x.segments_with_plaque is not None:
        components["plaque"] = _plaque(x.segments_with_plaque)
    odd = x.vessels_with_70_percent_or_more > 0 and worst < 70
    return Score(
        value=category,
        components=components,
        warnings=("vessels of 70% or more beside a lower maximal stenosis: check",) if odd else (),
    )
