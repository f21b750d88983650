"""Trauma: who needs an image of head, neck, knee or ankle by a validated rule."""

from typing import Annotated, Literal

from .core import Inputs, Needs, Score, instrument, needed, total
from .quantities import count, quantity, years

AdultAge = Annotated[float, quantity(16, 120, "a")]
"""The Canadian rules were derived from 16 years on."""
KneeAge = Annotated[float, quantity(18, 120, "a")]
ChildMonths = Annotated[float, quantity(0, 216, "mo")]
GcsMinor = Annotated[int, count(14, 15, normal=15)]


class CtHead(Inputs, frozen=True, kw_only=True):
    """Inputs of the Canadian CT head rule.

    For GCS 13 to 15 after a blow to the head with witnessed loss of consciousness, amnesia or
    disorientation; not under anticoagulation, not after a seizure, not below 16 years.
    """

    gcs_below_15_two_hours_after_injury: bool
    suspected_open_or_depressed_fracture: bool
    sign_of_basal_skull_fracture: bool
    vomited_twice_or_more: bool
    age_years: AdultAge
    amnesia_before_impact_30_min: bool
    dangerous_mechanism: bool


@instrument(
    unit="category",
    version="Stiell 2001",
    source="Stiell IG, Lancet 2001;357:1391",
    bands=("ct: high risk", "ct: medium risk", "no ct by rule"),
)
def canadian_ct_head(x: CtHead) -> Score:
    """Canadian CT head rule: who needs a CT after a minor head injury.

    High risk predicts neurosurgery, medium risk an injury on CT. A negative rule warns of whom it
    does not hold for.
    """
    high = (
        x.gcs_below_15_two_hours_after_injury,
        x.suspected_open_or_depressed_fracture,
        x.sign_of_basal_skull_fracture,
        x.vomited_twice_or_more,
        years(x.age_years) >= 65,
    )
    if any(high):
        return Score(value="ct: high risk")
    if x.amnesia_before_impact_30_min or x.dangerous_mechanism:
        return Score(value="ct: medium risk")
    limits = "does not hold under anticoagulation, after a seizure, in pregnancy or at GCS below 13"
    return Score(value="no ct by rule", warnings=(limits,))


class CSpine(Inputs, frozen=True, kw_only=True):
    """Inputs of the Canadian C-spine rule: GCS 15 and stable, neck at risk after trauma.

    The low-risk factors are a simple rear-end collision, sitting in the emergency department,
    walking at any time, delayed onset of neck pain, no midline tenderness.
    """

    age_years: AdultAge
    dangerous_mechanism: bool
    paresthesias_in_extremities: bool
    low_risk_factor_allows_motion_test: bool
    rotates_neck_45_degrees_both_sides: bool | None = None
    """Tested only where nothing is high-risk and a low-risk factor allows it."""


@instrument(
    unit="category",
    version="Stiell 2001",
    source="Stiell IG, JAMA 2001;286:1841",
    bands=("imaging", "no imaging by rule"),
)
def canadian_c_spine(x: CSpine) -> Score:
    """Canadian C-spine rule: who needs an image of the neck after trauma.

    The neck is not moved where anything is high-risk or no low-risk factor is there.
    """
    high = years(x.age_years) >= 65 or x.dangerous_mechanism or x.paresthesias_in_extremities
    if high or not x.low_risk_factor_allows_motion_test:
        return Score(value="imaging")
    free = needed(x.rotates_neck_45_degrees_both_sides, "rotates_neck_45_degrees_both_sides")
    return Score(value="no imaging by rule" if free else "imaging")


class Nexus(Inputs, frozen=True, kw_only=True):
    """Inputs of NEXUS."""

    midline_tenderness: bool
    intoxicated: bool
    altered_alertness: bool
    focal_neurologic_deficit: bool
    painful_distracting_injury: bool


@instrument(
    unit="points",
    version="Hoffman 2000",
    source="Hoffman JR, N Engl J Med 2000;343:94",
    bands=("no imaging by rule 0", "imaging 1-5"),
)
def nexus(x: Nexus) -> Score:
    """NEXUS: who needs an image of the neck after blunt trauma. One criterion is enough."""
    parts = {name: int(getattr(x, name)) for name in x.__struct_fields__}
    return total(parts, ((0, "no imaging by rule"),), "imaging")


class OttawaAnkle(Inputs, frozen=True, kw_only=True):
    """Inputs of the Ottawa ankle and foot rules.

    Tender bone: the lower 6 cm of the posterior edge or the tip of either malleolus; the base of
    the fifth metatarsal or the navicular.
    """

    malleolar_pain: bool
    tender_posterior_edge_or_tip_of_malleolus: bool
    midfoot_pain: bool
    tender_base_of_fifth_metatarsal_or_navicular: bool
    unable_to_walk_four_steps_then_and_now: bool


@instrument(
    unit="category",
    version="Stiell 1994",
    source="Stiell IG, JAMA 1994;271:827",
    bands=("no film by rule", "ankle film", "foot film", "ankle and foot films"),
)
def ottawa_ankle(x: OttawaAnkle) -> Score:
    """Ottawa ankle rules: who needs a film of ankle or foot."""
    lame = x.unable_to_walk_four_steps_then_and_now
    ankle = x.malleolar_pain and (x.tender_posterior_edge_or_tip_of_malleolus or lame)
    foot = x.midfoot_pain and (x.tender_base_of_fifth_metatarsal_or_navicular or lame)
    words = {
        (False, False): "no film by rule",
        (True, False): "ankle film",
        (False, True): "foot film",
        (True, True): "ankle and foot films",
    }
    return Score(value=words[ankle, foot])


class OttawaKnee(Inputs, frozen=True, kw_only=True):
    """Inputs of the Ottawa knee rule, for an acute injury of the knee from 18 years on."""

    age_years: KneeAge
    isolated_patellar_tenderness: bool
    tender_fibular_head: bool
    unable_to_flex_90_degrees: bool
    unable_to_walk_four_steps_then_and_now: bool


@instrument(
    unit="points",
    version="Stiell 1996",
    source="Stiell IG, JAMA 1996;275:611",
    bands=("no film by rule 0", "knee film 1-5"),
)
def ottawa_knee(x: OttawaKnee) -> Score:
    """Ottawa knee rule: who needs a film of the knee. One criterion is enough."""
    parts = {
        "age": int(years(x.age_years) >= 55),
        "patella": int(x.isolated_patellar_tenderness),
        "fibular_head": int(x.tender_fibular_head),
        "flexion": int(x.unable_to_flex_90_degrees),
        "walking": int(x.unable_to_walk_four_steps_then_and_now),
    }
    return total(parts, ((0, "no film by rule"),), "knee film")


class Pecarn(Inputs, frozen=True, kw_only=True):
    """Inputs of the PECARN head injury rules: within 24 h, GCS 14 or 15, below 18 years.

    Severe mechanism: ejection, rollover or a death in the car; struck by a motor vehicle on foot
    or on a bicycle without helmet; a fall of more than 0.9 m below 2 years and 1.5 m from then on;
    a blow by a high-impact object.
    """

    age_months: ChildMonths
    gcs: GcsMinor
    altered_mental_status: bool
    loss_of_consciousness: Literal["none", "under 5 s", "5 s or more"]
    severe_mechanism: bool
    palpable_skull_fracture: bool | None = None
    """Below 2 years, or unclear whether there is one."""
    nonfrontal_scalp_hematoma: bool | None = None
    """Below 2 years: occipital, parietal or temporal."""
    acts_normally_to_parent: bool | None = None
    """Below 2 years."""
    basilar_skull_fracture_signs: bool | None = None
    """From 2 years."""
    vomiting: bool | None = None
    """From 2 years."""
    severe_headache: bool | None = None
    """From 2 years."""


_UNDER_2 = ("palpable_skull_fracture", "nonfrontal_scalp_hematoma", "acts_normally_to_parent")
_FROM_2 = ("basilar_skull_fracture_signs", "vomiting", "severe_headache")


def _of_age(x: Pecarn) -> tuple[bool, bool]:
    """Whether this age has a sign of fracture, and a finding of the middle risk."""
    young = x.age_months < 24
    names = _UNDER_2 if young else _FROM_2
    if unknown := [name for name in names if getattr(x, name) is None]:
        raise Needs(*unknown)
    if young:
        long = x.loss_of_consciousness == "5 s or more"
        odd = not x.acts_normally_to_parent
        return bool(x.palpable_skull_fracture), bool(x.nonfrontal_scalp_hematoma) or odd or long
    fainted = x.loss_of_consciousness != "none"
    return (
        bool(x.basilar_skull_fracture_signs),
        bool(x.vomiting) or bool(x.severe_headache) or fainted,
    )


@instrument(
    unit="category",
    version="Kuppermann 2009, both age groups",
    source="Kuppermann N, Lancet 2009;374:1160",
    bands=(
        "ct recommended: important injury in about 4%",
        "observation or ct: about 0.9%",
        "ct not recommended by rule: below 0.02% under 2 years, below 0.05% from then on",
    ),
)
def pecarn(x: Pecarn) -> Score:
    """PECARN: which child with a head injury needs a CT.

    Below 2 years a loss of consciousness counts from 5 seconds, from 2 years any does. Between
    observation and CT decide several findings at once, worsening, an age below 3 months, the
    experience of the physician and the parents' wish.
    """
    fracture, middle = _of_age(x)
    if x.gcs == 14 or x.altered_mental_status or fracture:
        return Score(value="ct recommended")
    if middle or x.severe_mechanism:
        return Score(value="observation or ct")
    return Score(value="ct not recommended by rule")
