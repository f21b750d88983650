"""Triage: how urgent, how conscious, how badly hurt, and who is first among many."""

from typing import Annotated, Literal

from .core import Inputs, Score, instrument, needed, total
from .quantities import (
    AgeMonths,
    Gcs,
    HeartRate,
    RespiratoryRate,
    SpO2,
    SystolicBP,
    Temperature,
    count,
    half_up,
    points,
    quantity,
)

Resources = Annotated[int, count(0, 20)]
AgeDays = Annotated[float, quantity(0, 6575, "d")]
"""Up to 18 years."""
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
        "heart_rate": int(half_up(x.heart_rate_per_min) > heart),
        "respiratory_rate": int(half_up(x.respiratory_rate_per_min) > breathing),
        "oxygen": int(half_up(x.spo2_percent) < 92),
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
    if x.number_of_different_resources < 2:
        return Score(value=5 - x.number_of_different_resources)
    if not x.danger_zone_vitals_confirmed_on_reassessment:
        return Score(value=3)
    return Score(value=2, warnings=("level 2 by vital signs alone is the nurse's judgement",))


class EsiFever(Inputs, frozen=True, kw_only=True):
    """Inputs of the temperature of a child at triage."""

    age_days: AgeDays
    temperature_c: Temperature


@instrument(
    unit="category",
    version="ESI v5; 3 months to 3 years as in v4",
    source=f"{ESI}; 3 months to 3 years: v4, AHRQ 2012; limits unverified against the text of v5",
    bands=(
        "at least level 2: below 28 days, 38.0 or more",
        "high risk, consider level 2: below 90 days, above 38.0 or below 36.0",
        "consider level 3: 90 days to 3 years, above 39.0",
        "no rule",
    ),
)
def esi_fever(x: EsiFever) -> Score:
    """ESI and fever: the least urgency of a child by temperature.

    Compared at one decimal. A cold infant is at as high a risk as a hot one.
    """
    temperature = half_up(x.temperature_c, 1)
    if x.age_days < 28 and temperature >= 38.0:
        return Score(value="at least level 2")
    if x.age_days < 90:
        risk = not 36.0 <= temperature <= 38.0
        return Score(value="high risk, consider level 2" if risk else "no rule")
    hot = x.age_days < 3 * 365.25 and temperature > 39.0
    return Score(value="consider level 3" if hot else "no rule")


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
    """Inputs of START (adults). It ends at the first step that decides; later ones are left out."""

    walks: bool
    breathes: bool | None = None
    breathes_after_airway_opened: bool | None = None
    """Where there is no breathing."""
    respiratory_rate_per_min: RespiratoryRate | None = None
    capillary_refill_over_2_s_or_no_radial_pulse: bool | None = None
    obeys_commands: bool | None = None


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
    if not needed(x.breathes, "breathes"):
        opened = needed(x.breathes_after_airway_opened, "breathes_after_airway_opened")
        return Score(value="immediate" if opened else "expectant")
    if needed(x.respiratory_rate_per_min, "respiratory_rate_per_min") > 30:
        return Score(value="immediate")
    field = "capillary_refill_over_2_s_or_no_radial_pulse"
    if needed(x.capillary_refill_over_2_s_or_no_radial_pulse, field):
        return Score(value="immediate")
    obeys = needed(x.obeys_commands, "obeys_commands")
    return Score(value="delayed" if obeys else "immediate")


class JumpStart(Inputs, frozen=True, kw_only=True):
    """Inputs of JumpSTART (who looks like a child). Steps after the one that decides are left out.

    `response` is AVPU, pain split by whether the answer to it is appropriate.
    """

    walks: bool
    breathes: bool | None = None
    breathes_after_airway_opened: bool | None = None
    """Where there is no breathing."""
    palpable_pulse: bool | None = None
    breathes_after_five_rescue_breaths: bool | None = None
    """Where there is a pulse and still no breathing."""
    respiratory_rate_per_min: RespiratoryRate | None = None
    irregular_breathing: bool = False
    response: (
        Literal["alert", "voice", "pain, appropriate", "pain, inappropriate", "unresponsive"] | None
    ) = None


def _apnoeic(x: JumpStart) -> str:
    if needed(x.breathes_after_airway_opened, "breathes_after_airway_opened"):
        return "immediate"
    if not needed(x.palpable_pulse, "palpable_pulse"):
        return "expectant"
    revived = needed(x.breathes_after_five_rescue_breaths, "breathes_after_five_rescue_breaths")
    return "immediate" if revived else "expectant"


@instrument(
    unit="category",
    version="JumpSTART 2002",
    source="Romig LE, JEMS 2002;27:52",
    bands=("minor", "delayed", "immediate", "expectant"),
)
def jumpstart(x: JumpStart) -> Score:
    """JumpSTART: sorting of children in a mass casualty incident.

    Unlike START, a child without breathing but with a pulse gets five breaths, and slow breathing
    (below 15) is immediate as fast (above 45) or irregular breathing is.
    """
    if x.walks:
        return Score(value="minor")
    if not needed(x.breathes, "breathes"):
        return Score(value=_apnoeic(x))
    rate = needed(x.respiratory_rate_per_min, "respiratory_rate_per_min")
    if x.irregular_breathing or not 15 <= rate <= 45:
        return Score(value="immediate")
    if not needed(x.palpable_pulse, "palpable_pulse"):
        return Score(value="immediate")
    poor = needed(x.response, "response") in {"pain, inappropriate", "unresponsive"}
    return Score(value="immediate" if poor else "delayed")
