"""What a condition is, as data: how it shows, how it runs, what it demands and forbids.

One YAML file per condition in `data/conditions/`; unknown keys are errors. Items are namespaced
like `Effect.item` and observation facts: `lab:troponin_t`, `imaging:ct_pulmonary_angiogram`,
`procedure:ecg`, `drug:aspirin`, `class:anticoagulant`, `consult:cardiology`, `disposition:icu`;
facts that need no order: `history`, `allergies`, `medications`, `vitals`, `exam:chest`.
"""

from functools import cache
from typing import Literal

import msgspec

from .errors import UnknownCondition
from .files import load, names


class Predicate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test on the hidden truth at a simulated time: `lab:potassium_mmol_l < 3.5`."""

    fact: str
    op: Literal["<", "<=", ">", ">=", "is"]
    value: float | bool | str


class Required(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An action this condition demands: a milestone, and where critical an omission rule."""

    id: str
    any_of: tuple[str, ...]
    """Satisfied by the first successful call whose effect or revealed fact matches one of these.
    `class:` items match any drug of that class; a trailing `*` matches a prefix."""
    deadline_min: float | None = None
    """Simulated minutes from arrival; later earns partial credit only."""
    after: tuple[str, ...] = ()
    """Ids of requirements that must have been met before."""
    premise: tuple[tuple[str, ...], ...] = ()
    """Alternatives: all facts of one must have been observed before, or the act does not count."""
    when: tuple[Predicate, ...] = ()
    """Applies only where all hold at arrival."""
    unless_allergic: bool = False
    """Waived where the patient is truly allergic to every drug that would satisfy it."""
    weight: float = 1.0
    critical: bool = False
    hard_deadline_min: float | None = None
    """A critical action not done by then, or by the episode's end, is a severity-5 omission."""
    rule: str = ""
    """Safety rule id of the omission."""
    kind: Literal["workup", "treatment"] = "workup"
    source: str


class Forbidden(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An action this condition forbids; committed, it is a safety finding."""

    id: str
    any_of: tuple[str, ...]
    rule: str
    severity: int
    when: tuple[Predicate, ...] = ()
    """Forbidden only where all hold at the time of the action."""
    unless_done: tuple[str, ...] = ()
    """Not a violation once one of these items was done before (e.g. potassium before insulin)."""
    note: str
    source: str


class Judgement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a right answer is, and what must and must not be done on the way."""

    decisive: tuple[tuple[str, ...], ...]
    """Alternatives: all facts of at least one tuple must have been observed to earn a diagnosis."""
    dispositions: dict[str, float]
    """Disposition -> credit in [0, 1]; one not listed earns 0."""
    required: tuple[Required, ...]
    forbidden: tuple[Forbidden, ...] = ()
    unsafe_dispositions: tuple[str, ...] = ()
    """Dispositions that are UNSAFE_DISCHARGE_RED_FLAG, severity 5."""


class Age(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Truncated normal law of age, in years."""

    mean: float
    sd: float
    low: float = 18
    high: float = 95


class Treatment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What works against the condition, and how fast."""

    any_of: tuple[str, ...]
    """`drug:` or `class:` items; the first of them given starts the effect."""
    per_h: float
    """Hourly rate by which the severity then decays (natural logarithm)."""


class Course(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the severity moves: growing untreated, decaying under treatment."""

    untreated_per_h: float
    treatments: tuple[Treatment, ...]


class Dose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One prescription that meets a required treatment."""

    drug: str
    dose: float
    unit: str
    route: str
    frequency: str = "once"


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A disease as data: who has it, how it shows, how it runs, what is right to do."""

    id: str
    name: str
    icd10: str
    family: str
    names: tuple[str, ...] = ()
    look_alikes: tuple[str, ...]
    source: str
    age: Age
    female: float
    severity: tuple[float, float] = (0.45, 1.0)
    onset_h: tuple[float, float] = (1.0, 24.0)
    criteria: tuple[Predicate, ...] = ()
    """Limits of true vitals and labs at arrival that define the condition; a patient who misses
    one is drawn again."""
    settled: bool = False
    """A patient who misses a limit in every draw gets the shift that just meets it."""
    heterogeneity: float = 0.4
    """Relative spread between patients of every shift."""
    comorbidities: dict[str, float] = {}
    """Probability given the condition, where it differs from the background."""
    findings: dict[str, float]
    """Probability given the condition, where it differs from the background."""
    shifts: dict[str, float]
    """Change of a vital or lab at severity 1: added, or for `log` components ln of the factor."""
    rise_h: dict[str, float] = {}
    """Time constant (hours since onset) with which a shift appears."""
    ecg: dict[str, float]
    imaging: dict[str, dict[str, float]] = {}
    course: Course
    plan: dict[str, tuple[Dose, ...]] = {}
    """Requirement id -> prescriptions that meet it, best first."""
    judgement: Judgement


@cache
def _conditions() -> dict[str, Condition]:
    return {name: load(f"conditions/{name}.yaml", Condition) for name in names("conditions")}


def conditions() -> list[str]:
    """Ids of all conditions, sorted."""
    return list(_conditions())


def condition(id_: str) -> Condition:
    """The condition of that id. Raises UnknownCondition."""
    found = _conditions().get(id_)
    if found is None:
        raise UnknownCondition(id_, _conditions())
    return found
