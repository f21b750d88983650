"""What is seen on skin and retina: pigmented lesions, diabetic retinopathy and macular edema."""

from typing import Annotated, Literal

from .core import Inputs, Score, instrument, total
from .quantities import count, half_up, quantity

Axes = Annotated[int, count(0, 2)]
Segments = Annotated[int, count(0, 8)]
Colors = Annotated[int, count(1, 6)]
Structures = Annotated[int, count(1, 5)]
Quadrants = Annotated[int, count(0, 4, normal=0)]
Diameter = Annotated[float, quantity(0, 300, "mm")]


class Dermoscopy7Point(Inputs, frozen=True, kw_only=True):
    """Inputs of the checklist: three major and four minor criteria on dermoscopy."""

    atypical_pigment_network: bool
    blue_whitish_veil: bool
    atypical_vascular_pattern: bool
    irregular_streaks: bool
    irregular_pigmentation: bool
    irregular_dots_globules: bool
    regression_structures: bool


@instrument(
    unit="points",
    version="Argenziano 1998",
    source="Argenziano G, Arch Dermatol 1998;134:1563",
    bands=("not suspicious 0-2", "suspicious (>=3)"),
)
def dermoscopy_7_point(x: Dermoscopy7Point) -> Score:
    """Dermoscopy 7-point checklist: suspicion of melanoma; major criteria 2, minor 1."""
    parts = {
        "network": 2 * x.atypical_pigment_network,
        "veil": 2 * x.blue_whitish_veil,
        "vessels": 2 * x.atypical_vascular_pattern,
        "streaks": int(x.irregular_streaks),
        "pigmentation": int(x.irregular_pigmentation),
        "dots_globules": int(x.irregular_dots_globules),
        "regression": int(x.regression_structures),
    }
    return total(parts, ((2, "not suspicious"),), "suspicious (>=3)")


class AbcdDermoscopy(Inputs, frozen=True, kw_only=True):
    """Inputs of a melanocytic lesion: axes of asymmetry, abrupt segments, colours, structures."""

    asymmetry_axes: Axes
    abrupt_border_segments: Segments
    colors: Colors
    dermoscopic_structures: Structures


@instrument(
    unit="points",
    version="Stolz 1994",
    source="Stolz W, Eur J Dermatol 1994;4:521; Nachbar F, J Am Acad Dermatol 1994;30:551",
    bands=("benign <4.75", "suspicious 4.75-5.45", "highly suspicious >5.45"),
)
def abcd_dermoscopy_tds(x: AbcdDermoscopy) -> Score:
    """ABCD rule of dermoscopy: total dermoscopy score of a melanocytic lesion, 1.0 to 8.9.

    Weights: asymmetry 1.3, border 0.1, colours 0.5, structures 0.5. For melanocytic lesions alone.
    """
    parts = {
        "asymmetry": half_up(1.3 * x.asymmetry_axes, 1),
        "border": half_up(0.1 * x.abrupt_border_segments, 1),
        "colors": 0.5 * x.colors,
        "structures": 0.5 * x.dermoscopic_structures,
    }
    value = half_up(sum(parts.values()), 1)
    band = "highly suspicious" if value > 5.45 else "suspicious" if value >= 4.75 else "benign"
    return Score(value=value, band=band, components=dict(parts.items()))


class AbcdeMelanoma(Inputs, frozen=True, kw_only=True):
    """Inputs of the naked-eye look at a mole."""

    asymmetry: bool
    border_irregular: bool
    color_variegated: bool
    diameter_mm: Diameter
    evolving: bool


@instrument(
    unit="category",
    version="ABCDE (Abbasi 2004)",
    source="Friedman RJ, CA Cancer J Clin 1985;35:130; Abbasi NR, JAMA 2004;292:2771",
)
def abcde_melanoma(x: AbcdeMelanoma) -> Score:
    """ABCDE of melanoma: which warning signs of melanoma a mole shows to the naked eye.

    No sum is validated: any sign asks for a closer look, and change (E) weighs most. Absence of
    all five does not exclude melanoma; nodular and amelanotic ones often show none.
    """
    signs = {
        "asymmetry": int(x.asymmetry),
        "border": int(x.border_irregular),
        "color": int(x.color_variegated),
        "diameter": int(x.diameter_mm > 6),
        "evolving": int(x.evolving),
    }
    value = "warning sign: examine with dermoscopy" if any(signs.values()) else "no warning sign"
    return Score(value=value, components=dict(signs.items()))


class IcdrRetinopathy(Inputs, frozen=True, kw_only=True):
    """Inputs of the dilated fundus of one eye; counts are of quadrants."""

    microaneurysms: bool
    other_retinopathy: bool
    quadrants_over_20_hemorrhages: Quadrants
    quadrants_venous_beading: Quadrants
    quadrants_prominent_irma: Quadrants
    neovascularization: bool
    vitreous_or_preretinal_hemorrhage: bool


@instrument(
    unit="category",
    version="ICDR 2003",
    source="Wilkinson CP, Ophthalmology 2003;110:1677",
    bands=("none 0", "mild NPDR 1", "moderate NPDR 2", "severe NPDR 3", "PDR 4"),
)
def icdr_retinopathy(x: IcdrRetinopathy) -> Score:
    """International diabetic retinopathy scale: 0 none to 4 proliferative.

    Severe is any of 4-2-1: more than 20 hemorrhages in each of four quadrants, venous beading in
    two, prominent microvascular abnormalities (IRMA) in one. Microaneurysms alone are mild; other
    retinopathy is hemorrhages, exudates or cotton wool short of that.
    """
    severe = (
        x.quadrants_over_20_hemorrhages == 4
        or x.quadrants_venous_beading >= 2
        or x.quadrants_prominent_irma >= 1
    )
    more = (
        x.other_retinopathy
        or x.quadrants_over_20_hemorrhages >= 1
        or x.quadrants_venous_beading >= 1
    )
    if x.neovascularization or x.vitreous_or_preretinal_hemorrhage:
        grade = 4
    elif severe:
        grade = 3
    else:
        grade = 2 if more else int(x.microaneurysms)
    return Score(
        value=grade, band=("none", "mild NPDR", "moderate NPDR", "severe NPDR", "PDR")[grade]
    )


class IcdrMacularEdema(Inputs, frozen=True, kw_only=True):
    """Inputs: where thickening or hard exudates in the posterior pole lie."""

    thickening_or_exudates: Literal[
        "none", "distant from the center", "approaching the center", "involving the center"
    ]


@instrument(
    unit="category",
    version="ICDR 2003",
    source="Wilkinson CP, Ophthalmology 2003;110:1677",
)
def icdr_macular_edema(x: IcdrMacularEdema) -> Score:
    """International diabetic macular edema scale: absent, mild, moderate or severe.

    It goes by the distance of thickening or hard exudates from the center of the macula.
    """
    names = {
        "none": "absent",
        "distant from the center": "mild",
        "approaching the center": "moderate",
        "involving the center": "severe",
    }
    return Score(value=names[x.thickening_or_exudates])
