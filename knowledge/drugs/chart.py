"""What is known of a patient who takes drugs, and what a look at it says."""

from typing import Literal

import msgspec

Kind = Literal[
    "pair",
    "washout",
    "duplicate",
    "allergy",
    "renal",
    "hepatic",
    "pregnancy",
    "lactation",
    "qt",
    "dose",
    "opioids",
    "beers",
]
Grade = Literal["critical", "severe", "moderate", "minor", "info", "unknown"]


class ChartDrug(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a medication list."""

    name: str
    dose: float | None = None
    unit: str = ""
    route: str = ""
    frequency: str = ""
    times_per_day: float | None = None
    """Where it is not given it is read from `frequency`."""
    stopped_days_ago: float | None = None
    """Days since the last dose; None for a drug that is being taken."""


class ChartAllergy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One charted allergy; the reaction carries a documented later tolerance, too."""

    substance: str
    reaction: str = ""


class Chart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a patient; None is "not known"."""

    age_years: float | None = None
    sex: Literal["female", "male"] | None = None
    weight_kg: float | None = None
    egfr: float | None = None
    """mL/min/1.73 m2."""
    crcl: float | None = None
    """mL/min (Cockcroft-Gault)."""
    child_pugh: Literal["none", "A", "B", "C"] | None = None
    """"none": no cirrhosis."""
    pregnant: bool | None = None
    """False where a test or the history excludes it."""
    pregnant_week: float | None = None
    """Completed weeks of a known pregnancy."""
    lactating: bool | None = None
    qtc_ms: float | None = None
    potassium_mmol_l: float | None = None
    magnesium_mg_dl: float | None = None
    conditions: tuple[str, ...] = ()
    """Such as heart_failure, dementia, parkinson, ulcer, coronary_disease."""
    allergies: tuple[ChartAllergy, ...] | None = None
    """Empty: none known. None: nobody asked."""
    drugs: tuple[ChartDrug, ...]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to look at, with what it rests on."""

    kind: Kind
    grade: Grade
    """`unknown`: a fact of the chart is missing that this drug must be judged by."""
    drugs: tuple[str, ...]
    message: str
    management: str = ""
    source: str = ""
