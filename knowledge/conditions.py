"""What a condition is, as data: how it shows, how it runs, what it demands and forbids.

One YAML file per condition in `data/conditions/`; unknown keys are errors. Items are namespaced
like `Effect.item` and observation facts: `lab:troponin_t`, `imaging:ct_pulmonary_angiogram`,
`procedure:ecg`, `drug:aspirin`, `class:anticoagulant`, `consult:cardiology`, `disposition:icu`;
facts that need no order: `history`, `allergies`, `medications`, `vitals`, `exam:chest`.
"""

from typing import Literal

import msgspec


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
    when: tuple[Predicate, ...] = ()
    """Applies only where all hold at arrival."""
    unless_allergic: bool = False
    """Waived where the patient is truly allergic to every drug that would satisfy it."""
    weight: float = 1.0
    critical: bool = False
    hard_deadline_min: float | None = None
    """A critical action not done by then (or by the end of the episode) is a severity-5 omission."""
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
