"""Triage and trauma: how urgent, how conscious, what needs an image."""

from typing import Annotated

from .core import Inputs, Score, instrument, total
from .quantities import (
    Age,
    AgeMonths,
    Gcs,
    HeartRate,
    RespiratoryRate,
    SpO2,
    SystolicBP,
    count,
    half_up,
    points,
    years,
)

Resources = Annotated[int, count(0, 20)]
Eye = Annotated[int, count(1, 4, normal=4)]
Verbal = Annotated[int, count(1, 5, normal=5)]
Motor = Annotated[int, count(1, 6, normal=6)]
ESI = "Emergency Severity Index handbook, 5th ed., ENA 2023; logic in our own words"
_DANGER = ((144, 100, 20), (60, 120, 30), (36, 120, 35), (12, 140, 40), (1, 180, 55), (0, 190, 60))
"""From this age in months: heart rate and respiratory rate beyond which a sign is dangerous."""


class DangerZone(Inputs, frozen=True, kw_only=True):
    """Inputs of the danger zone of ESI-style triage."""

    age_months: AgeMonths
    heart_rate_per_min: HeartRate
    respiratory_rate_per_min: RespiratoryRate
    spo2_percent: SpO2


@instrument(unit="category", version="ESI v5 (ENA 2023)", source=ESI)
def esi_danger_zone(x: DangerZone) -> Score:
    """ESI danger zone: vital signs that make a nurse consider level 2 (decision point D).

    Strictly beyond the limits of the age band, or a saturation below 92 percent.
    """
    _, heart, breathing = next(row for row in _DANGER if x.age_months >= row[0])
    parts = {
        "heart_rate": int(x.heart_rate_per_min > heart),
        "respiratory_rate": int(x.respiratory_rate_per_min > breathing),
        "oxygen": int(x.spo2_percent < 92),
    }
    return Score(value=any(parts.values()), components=dict(parts))


class EsiLevel(Inputs, frozen=True, kw_only=True):
    """Inputs of the decision points A to D."""

    requires_immediate_lifesaving_intervention: bool
    high_risk_situation: bool
    new_confusion_lethargy_disorientation: bool
    severe_pain_or_distress_needing_priority: bool
    number_of_different_resources: Resources
    danger_zone_vitals_confirmed_on_reassessment: bool


@instrument(unit="category", version="ESI v5", source=ESI, bands=("1 now, 5 last",))
def esi_level(x: EsiLevel) -> Score:
    """ESI v5-style level: urgency of an emergency visit.

    Danger-zone vital signs are to be considered: here they count once reassessment confirms them.
    """
    if x.requires_immediate_lifesaving_intervention:
        return Score(value=1)
    now = (
        x.high_risk_situation,
        x.new_confusion_lethargy_disorientation,
        x.severe_pain_or_distress_needing_priority,
    )
    if any(now):
        return Score(value=2)
    if x.number_of_different_resources >= 2:
        return Score(value=2 if x.danger_zone_vitals_confirmed_on_reassessment else 3)
    return Score(value=5 - x.number_of_different_resources)


class GcsItems(Inputs, frozen=True, kw_only=True):
    """Inputs of the Glasgow Coma Scale."""

    eye_1_4: Eye
    verbal_1_5: Verbal
    motor_1_6: Motor


@instrument(
    unit="points",
    version="1974",
    source="Teasdale G, Jennett B, Lancet 1974;2:81",
    bands=("mild 13-15", "moderate 9-12", "severe 3-8"),
)
def gcs(x: GcsItems) -> Score:
    """Glasgow Coma Scale: level of consciousness."""
    parts = {"eye": x.eye_1_4, "verbal": x.verbal_1_5, "motor": x.motor_1_6}
    return total(parts, ((8, "severe"), (12, "moderate")), "mild")


@instrument(
    unit="points",
    version="James 1986",
    source="James HE, Pediatr Ann 1986;15:16",
    bands=("mild 13-15", "moderate 9-12", "severe 3-8"),
)
def pediatric_gcs(x: GcsItems) -> Score:
    """Paediatric Glasgow Coma Scale: level of consciousness before speech.

    The points are those of adults; verbal is crying and smiling, motor is spontaneous movement.
    """
    parts = {"eye": x.eye_1_4, "verbal": x.verbal_1_5, "motor": x.motor_1_6}
    return total(parts, ((8, "severe"), (12, "moderate")), "mild")


class Rts(Inputs, frozen=True, kw_only=True):
    """Inputs of the revised trauma score."""

    gcs: Gcs
    systolic_bp_mmhg: SystolicBP
    respiratory_rate_per_min: RespiratoryRate


@instrument(
    unit="1",
    version="Champion 1989 weighted",
    source="Champion HR, J Trauma 1989;29:623",
    bands=("0 to 7.8408, lower is worse",),
)
def rts(x: Rts) -> Score:
    """RTS: severity of trauma. Breathing above 29 a minute scores 3, less than 10 to 29."""
    breaths = half_up(x.respiratory_rate_per_min)
    parts = {
        "gcs": points(x.gcs, (13, 4), (9, 3), (6, 2), (4, 1), below=0),
        "systolic_pressure": points(
            half_up(x.systolic_bp_mmhg), (90, 4), (76, 3), (50, 2), (1, 1), below=0
        ),
        "respiratory_rate": points(breaths, (30, 3), (10, 4), (6, 2), (1, 1), below=0),
    }
    value = (
        0.9368 * parts["gcs"]
        + 0.7326 * parts["systolic_pressure"]
        + 0.2908 * parts["respiratory_rate"]
    )
    return Score(value=half_up(value, 4), components=dict(parts))


class StartTriage(Inputs, frozen=True, kw_only=True):
    """Inputs of START (adults)."""

    walks: bool
    breathes: bool
    breathes_after_airway_opened: bool
    respiratory_rate_per_min: RespiratoryRate
    capillary_refill_over_2_s_or_no_radial_pulse: bool
    obeys_commands: bool


@instrument(
    unit="category",
    version="START 1996",
    source="Benson M, Prehosp Disaster Med 1996;11:117",
    bands=("minor", "delayed", "immediate", "expectant"),
)
def start_triage(x: StartTriage) -> Score:
    """START: sorting of adults in a mass casualty incident."""
    if x.walks:
        return Score(value="minor")
    if not x.breathes:
        return Score(value="immediate" if x.breathes_after_airway_opened else "expectant")
    poor = x.capillary_refill_over_2_s_or_no_radial_pulse
    if x.respiratory_rate_per_min > 30 or poor or not x.obeys_commands:
        return Score(value="immediate")
    return Score(value="delayed")


class CtHead(Inputs, frozen=True, kw_only=True):
    """Inputs of the Canadian CT head rule.

    For a minor head injury with loss of consciousness, amnesia or disorientation; not under
    anticoagulation, not after a seizure.
    """

    gcs_below_15_two_hours_after_injury: bool
    suspected_open_or_depressed_fracture: bool
    sign_of_basal_skull_fracture: bool
    vomited_twice_or_more: bool
    age_years: Age
    amnesia_before_impact_30_min: bool
    dangerous_mechanism: bool


@instrument(
    unit="category",
    version="Stiell 2001",
    source="Stiell IG, Lancet 2001;357:1391",
    bands=("ct: high risk", "ct: medium risk", "no ct by rule"),
)
def canadian_ct_head(x: CtHead) -> Score:
    """Canadian CT head rule: who needs a CT after a minor head injury."""
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
    return Score(value="no ct by rule")


class CSpine(Inputs, frozen=True, kw_only=True):
    """Inputs of the Canadian C-spine rule: alert and stable, neck at risk after trauma."""

    age_years: Age
    dangerous_mechanism: bool
    paresthesias_in_extremities: bool
    low_risk_factor_allows_motion_test: bool
    rotates_neck_45_degrees_both_sides: bool


@instrument(
    unit="category",
    version="Stiell 2001",
    source="Stiell IG, JAMA 2001;286:1841",
    bands=("imaging", "no imaging by rule"),
)
def canadian_c_spine(x: CSpine) -> Score:
    """Canadian C-spine rule: who needs an image of the neck after trauma."""
    high = years(x.age_years) >= 65 or x.dangerous_mechanism or x.paresthesias_in_extremities
    free = x.low_risk_factor_allows_motion_test and x.rotates_neck_45_degrees_both_sides
    return Score(value="imaging" if high or not free else "no imaging by rule")


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
    """NEXUS: who needs an image of the neck after blunt trauma."""
    parts = {name: int(getattr(x, name)) for name in x.__struct_fields__}
    return total(parts, ((0, "no imaging by rule"),), "imaging")


class OttawaAnkle(Inputs, frozen=True, kw_only=True):
    """Inputs of the Ottawa ankle and foot rules."""

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
