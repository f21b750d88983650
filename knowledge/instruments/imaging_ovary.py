"""Ultrasound of ovarian and adnexal lesions.

The category and management are told in own words; the lexicon itself belongs to its authors.
"""

from typing import Annotated, Literal, TypeVar

from .core import Inputs, Needs, Score, instrument
from .quantities import count, quantity

Diameter = Annotated[float, quantity(0, 40, "cm", others={"mm": 10})]
ColorScore = Annotated[int, count(1, 4)]
"""Blood flow in the lesion: 1 none, 2 minimal, 3 moderate, 4 very strong."""
Projections = Annotated[int, count(0, 50)]
Risk = Annotated[float, quantity(0, 100, "%")]
Category = Literal[0, 1, 2, 3, 4, 5]

MANAGEMENT = {
    0: "repeat ultrasound or MRI",
    1: "none",
    2: "none or follow-up by size and menopause; gynecologist where not typical",
    3: "ultrasound specialist or MRI; management by a gynecologist",
    4: "ultrasound specialist or MRI; gynecologist with gynecologic oncology advice",
    5: "gynecologic oncologist",
}
RISKS = ("not assessed", "normal", "<1%", "1% to <10%", "10% to <50%", ">=50%")


def _category(category: Category, *warnings: str) -> Score:
    return Score(
        value=category,
        components={"risk": RISKS[category], "management": MANAGEMENT[category]},
        warnings=warnings,
    )


class ORads(Inputs, frozen=True, kw_only=True):
    """Inputs of one lesion. What a kind of lesion does not need may be left out.

    `irregular` is the inner wall or a septum of a cyst (below 3 mm), the outer contour of a solid
    lesion; from 3 mm in height an irregularity is a solid component.
    """

    lesion: Literal[
        "incomplete evaluation",
        "normal ovary",
        "corpus luteum",
        "typical benign ovarian",
        "typical benign extraovarian",
        "simple cyst",
        "unilocular cyst",
        "bilocular cyst",
        "multilocular cyst",
        "solid",
    ]
    ascites: bool
    peritoneal_nodules: bool
    max_diameter_cm: Diameter | None = None
    postmenopausal: bool | None = None
    irregular: bool | None = None
    solid_component: bool | None = None
    papillary_projections: Projections | None = None
    color_score: ColorScore | None = None
    acoustic_shadowing: bool | None = None


Known = TypeVar("Known")


def _need(value: Known | None, field: str) -> Known:
    """An optional input that this lesion does need. Raises Needs naming it."""
    if value is None:
        raise Needs(field)
    return value


def _simple(x: ORads) -> Category:
    size = _need(x.max_diameter_cm, "max_diameter_cm")
    if size >= 10:
        return 3
    after = _need(x.postmenopausal, "postmenopausal") if size <= 3 else True
    return 2 if after else 1


def _cystic_with_solid(x: ORads) -> Category:
    if x.lesion == "unilocular cyst":
        return 5 if _need(x.papillary_projections, "papillary_projections") >= 4 else 4
    return 5 if _need(x.color_score, "color_score") >= 3 else 4


def _cystic(x: ORads) -> Category:
    if _need(x.solid_component, "solid_component"):
        return _cystic_with_solid(x)
    if _need(x.irregular, "irregular"):
        return 3 if x.lesion == "unilocular cyst" else 4
    large = _need(x.max_diameter_cm, "max_diameter_cm") >= 10
    if x.lesion != "multilocular cyst":
        return 3 if large else 2
    return 4 if large or _need(x.color_score, "color_score") == 4 else 3


def _solid(x: ORads) -> Category:
    if _need(x.irregular, "irregular"):
        return 5
    flow = _need(x.color_score, "color_score")
    if flow in {1, 4}:
        return 3 if flow == 1 else 5
    return 3 if _need(x.acoustic_shadowing, "acoustic_shadowing") else 4


def _lesion(x: ORads) -> Category:
    if x.lesion in {"normal ovary", "corpus luteum"}:
        return 1
    if x.lesion == "typical benign extraovarian":
        return 2
    if x.lesion == "typical benign ovarian":
        return 3 if _need(x.max_diameter_cm, "max_diameter_cm") >= 10 else 2
    if x.lesion == "simple cyst":
        return _simple(x)
    return _solid(x) if x.lesion == "solid" else _cystic(x)


@instrument(
    unit="category",
    version="US v2022 style",
    source="Strachowski LM, Radiology 2023;308:e230685 (bilocular and shadowing rows unverified)",
)
def o_rads(x: ORads) -> Score:
    """O-RADS ultrasound: risk category of an adnexal lesion from its descriptors, 0 to 5.

    Covers typical benign lesions as named by the reader, cysts by locules, wall, solid component,
    projections, size and flow, and solid lesions by contour, shadowing and flow. Peritoneal
    nodules are 5, ascites is 5 beside a lesion of category 3 or 4; beside 1 or 2 it has another
    cause. The subcategories of follow-up by size and menopause are not covered.
    """
    if x.lesion == "incomplete evaluation":
        return _category(0)
    if x.peritoneal_nodules:
        return _category(5)
    category = _lesion(x)
    if x.ascites and category >= 3:
        return _category(5)
    if x.ascites:
        return _category(category, "ascites beside a benign-looking lesion: seek another cause")
    return _category(category)


class ORadsRisk(Inputs, frozen=True, kw_only=True):
    """Inputs: risk of malignancy by a validated model such as IOTA ADNEX."""

    malignancy_risk_percent: Risk


@instrument(
    unit="category",
    version="US v2022 style",
    source="Andreotti RF, Radiology 2020;294:168",
)
def o_rads_by_risk(x: ORadsRisk) -> Score:
    """O-RADS by risk: the category of a lesion whose risk of malignancy a model has given, 2 to 5.

    Below 1% is 2, below 10% is 3, below 50% is 4.
    """
    limits: tuple[tuple[float, Category], ...] = ((1, 2), (10, 3), (50, 4))
    risk = x.malignancy_risk_percent
    return _category(next((c for limit, c in limits if risk < limit), 5))
