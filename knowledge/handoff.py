"""A hand-off in the form SBAR, and how far it says what the chart holds.

Situation, background, assessment, recommendation: Haig, Jt Comm J Qual Patient Saf 2006;32:167.
What is said is compared with what was charted, measured and given; words are not read.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from .labs import catalogue
from .measurements import measurement, measurements
from .physiology import MINUTE, levels
from .world import World

Acuity = Literal["immediate", "emergent", "urgent", "stable"]
Next = Literal[
    "anticoagulation_plan",
    "blood_pressure_control",
    "catheterisation",
    "chest_physiotherapy",
    "defer_live_vaccines",
    "find_trigger",
    "finish_antibiotic",
    "follow_cultures",
    "follow_up_echo",
    "mobilise",
    "monitor_rhythm",
    "repeat_assessment",
    "repeat_glucose",
    "repeat_imaging",
    "repeat_lactate",
    "repeat_potassium",
    "source_control",
    "surgery",
    "swallow_screen",
    "watch_bleeding",
]
Name = Annotated[str, Meta(min_length=1, max_length=60)]
VITALS = frozenset(
    ("hr_bpm", "sbp_mmhg", "dbp_mmhg", "map_mmhg", "rr_pm", "temperature_c", "spo2_pct", "gcs")
)
_TOLERANCE = 0.15
_STEPS_MIN = 15


class Situation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it is, and how urgent."""

    icd10_code: Name
    acuity: Acuity


class Background(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must not be forgotten: charted allergies, ids of the drugs given in this visit."""

    allergies: Annotated[tuple[Name, ...], Meta(max_length=12)] = ()
    given: Annotated[tuple[Name, ...], Meta(max_length=24)] = ()


class Reading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A measured value with its UCUM unit."""

    name: Name
    number: float
    unit: Name


Assessment = Annotated[tuple[Reading, ...], Meta(max_length=8)]
Recommendation = Annotated[tuple[Next, ...], Meta(max_length=8)]


class Handoff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one team tells the next."""

    to_specialty: str
    situation: Situation
    background: Background
    assessment: Assessment = ()
    recommendation: Recommendation = ()


def measured_in(world: World, name: str) -> bool:
    """Whether a vital sign or laboratory value was measured and looked at."""
    if name in VITALS:
        return "vitals" in world.observed
    if name == "glucose_mg_dl" and "lab:glucose_poc" in world.observed:
        return True
    tests = (f"lab:{t}" for t, test in catalogue().tests.items() if name in test.components)
    return any(t in world.observed for t in tests)


def _moments(now: int) -> Iterable[int]:
    return (*range(0, now, _STEPS_MIN * MINUTE), now)


def agrees(world: World, reading: Reading) -> bool:
    """Whether a told value was measured and lies near what was so at some time of the visit.

    Near: within 15 percent (or twice the printed precision), about the error of measurement.
    """
    known = reading.name in measurements() and measured_in(world, reading.name)
    if not known or reading.unit != measurement(reading.name).ucum:
        return False
    values = (
        levels(world.patient, world.given, at).get(reading.name) for at in _moments(world.now)
    )
    return any(
        v is not None and abs(v - reading.number) <= max(_TOLERANCE * abs(v), 0.3) for v in values
    )


def gaps(told: Handoff, world: World, wanted: Sequence[str]) -> list[str]:
    """What the receiving team finds missing or at odds with the chart; empty for a whole hand-off.

    `wanted` are the values that the pathway puts into the assessment.
    """
    found: list[str] = []
    charted = {a.substance.lower() for a in world.patient.allergies}
    if (
        "allergies" not in world.observed
        or {a.lower() for a in told.background.allergies} != charted
    ):
        found.append("allergies")
    if set(told.background.given) != {g.drug for g in world.given}:
        found.append("drugs given")
    if not (told.assessment or wanted):
        found.append("measured values")
    named = {r.name for r in told.assessment}
    found += [f"value of {name}" for name in wanted if name not in named]
    found += [f"{r.name} is not so in the chart" for r in told.assessment if not agrees(world, r)]
    recorded = [n.item.removeprefix("diagnosis:") for n in world.recorded]
    if recorded and recorded[-1] != told.situation.icd10_code:
        found.append("diagnosis differs from the problem list")
    if not told.recommendation:
        found.append("next steps")
    return found


def overlap(said: Iterable[str], wanted: Iterable[str]) -> float:
    """F1 of what was said against what should be: omissions and additions both cost."""
    a, b = set(said), set(wanted)
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0
