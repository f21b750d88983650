"""Imaging of the breast and the thyroid."""

from typing import Annotated, Literal

from msgspec import Meta

from .core import Inputs, Score, instrument
from .quantities import quantity

Diameter = Annotated[float, quantity(0, 15, "cm", others={"mm": 10})]

BREAST = {
    "0": "incomplete: additional imaging or prior comparison",
    "1": "routine screening",
    "2": "routine screening",
    "3": "short-interval (6-month) follow-up; <=2% malignancy",
    "4A": "tissue diagnosis; >2% to <=10%",
    "4B": "tissue diagnosis; >10% to <=50%",
    "4C": "tissue diagnosis; >50% to <95%",
    "5": "tissue diagnosis; >=95%",
    "6": "known biopsy-proven; excision when appropriate",
}


class BiRads(Inputs, frozen=True, kw_only=True):
    """Inputs: the category of the report; a bare 4 is not one."""

    category: Literal["0", "1", "2", "3", "4A", "4B", "4C", "5", "6"]


@instrument(
    unit="category",
    version="5th ed. 2013",
    source="ACR BI-RADS, 5th edition, 2013 (own words)",
)
def bi_rads_management(x: BiRads) -> Score:
    """BI-RADS management: what a category of breast imaging asks for, and its risk of cancer."""
    return Score(value=BREAST[x.category])


COMPOSITION = {
    "cystic": 0,
    "spongiform": 0,
    "mixed": 1,
    "solid": 2,
    "cannot be determined": 2,
}
ECHOGENICITY = {
    "anechoic": 0,
    "hyperechoic": 1,
    "isoechoic": 1,
    "cannot be determined": 1,
    "hypoechoic": 2,
    "very hypoechoic": 3,
}
MARGIN = {
    "smooth": 0,
    "ill-defined": 0,
    "cannot be determined": 0,
    "lobulated or irregular": 2,
    "extra-thyroidal extension": 3,
}
FOCI = {
    "none": 0,
    "large comet-tail artifacts": 0,
    "macrocalcifications": 1,
    "peripheral calcifications": 2,
    "punctate echogenic foci": 3,
}
THYROID_CM = {"TR3": (2.5, 1.5), "TR4": (1.5, 1.0), "TR5": (1.0, 0.5)}
"""Diameters from which a nodule of a level is aspirated and followed, cm."""

Focus = Literal[
    "none",
    "large comet-tail artifacts",
    "macrocalcifications",
    "peripheral calcifications",
    "punctate echogenic foci",
]


class TiRads(Inputs, frozen=True, kw_only=True):
    """Inputs of a thyroid nodule; all echogenic foci that are there.

    Of a mixed nodule the echogenicity is that of its solid part.
    """

    composition: Literal["cystic", "spongiform", "mixed", "solid", "cannot be determined"]
    echogenicity: Literal[
        "anechoic",
        "hyperechoic",
        "isoechoic",
        "hypoechoic",
        "very hypoechoic",
        "cannot be determined",
    ]
    taller_than_wide: bool
    margin: Literal[
        "smooth",
        "ill-defined",
        "lobulated or irregular",
        "extra-thyroidal extension",
        "cannot be determined",
    ]
    echogenic_foci: Annotated[tuple[Focus, ...], Meta(min_length=1, max_length=10)]
    max_diameter_cm: Diameter


def _thyroid_points(x: TiRads) -> dict[str, int]:
    if x.composition == "spongiform":
        return {"composition": 0}
    return {
        "composition": COMPOSITION[x.composition],
        "echogenicity": ECHOGENICITY[x.echogenicity],
        "shape": 3 * x.taller_than_wide,
        "margin": MARGIN[x.margin],
        "echogenic_foci": sum(value for name, value in FOCI.items() if name in x.echogenic_foci),
    }


def _thyroid_level(value: int) -> str:
    steps = ((7, "TR5"), (4, "TR4"), (3, "TR3"), (1, "TR2"))
    return next((level for least, level in steps if value >= least), "TR1")


@instrument(
    unit="points",
    version="ACR TI-RADS 2017",
    source="Tessler FN, J Am Coll Radiol 2017;14:587",
    bands=(
        "TR1 0",
        "TR2 2",
        "TR3 3",
        "TR4 4-6",
        "TR5 7 and more",
        "each with ;FNA, ;follow-up or ;no further action",
    ),
)
def ti_rads(x: TiRads) -> Score:
    """TI-RADS: suspicion of cancer in a thyroid nodule, and when to aspirate or follow it.

    The foci add up, each kind once; a spongiform nodule gets no points whatever else it shows.
    From 2.5, 1.5 and 1.0 cm (TR3 to TR5) it is aspirated, from 1.5, 1.0 and 0.5 cm followed.
    """
    parts = _thyroid_points(x)
    value = sum(parts.values())
    level = _thyroid_level(value)
    action = "no further action"
    if level in THYROID_CM:
        aspirate, follow = THYROID_CM[level]
        if x.max_diameter_cm >= follow:
            action = "FNA" if x.max_diameter_cm >= aspirate else "follow-up"
    # One point is outside the published levels: the solid part of a mixed nodule has an echo.
    odd = () if value != 1 else ("1 point: check composition and echogenicity",)
    return Score(
        value=value, band=f"{level};{action}", components=dict(parts.items()), warnings=odd
    )
