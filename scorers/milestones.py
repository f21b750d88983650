"""The required acts of a case: which were met, when, by which turn."""

import msgspec

from ..knowledge.conditions import Required
from ..knowledge.drugs import drug
from ..knowledge.drugs.doses import least
from ..knowledge.physiology import MINUTE
from .case import Case, Step, applies, commits, named, observed_decisive

LATE = 0.5
"""Credit for an act after its deadline."""
DISORDERED = 0.5
"""Factor for an act before what had to come first."""
TOKEN_DOSE = 0.5
"""A dose below this share of the lowest usual one treats nothing."""


class Milestone(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement of this case and what became of it."""

    required: Required
    step: Step | None
    """The first successful call that met it."""
    credit: float
    note: str = ""

    @property
    def minute(self) -> float:
        """Simulated minutes from arrival at which it was met; infinity if never."""
        return float("inf") if self.step is None else self.step.at / MINUTE


def _sufficient(step: Step) -> bool:
    """A token dose meets no requirement."""
    if not step.drug or step.turn.observation is None or step.turn.observation.effect is None:
        return True
    who = step.before.patient
    usual = least(drug(step.drug), age_years=who.age_years, weight_kg=who.weight_kg)
    return step.turn.observation.effect.dose >= TOKEN_DOSE * usual


def _meets(step: Step, pattern: str) -> bool:
    if not step.ok:
        return False
    if pattern.startswith(("drug:", "class:")):
        return bool(step.drug) and named(pattern, (step.done,)) and _sufficient(step)
    return named(pattern, step.items)


def _credit(required: Required, step: Step, met: dict[str, Step]) -> tuple[float, str]:
    credit, note = 1.0, ""
    if required.deadline_min is not None and step.at > required.deadline_min * MINUTE:
        credit, note = LATE, "late"
    first = [met[id_] for id_ in required.after if id_ in met]
    if len(first) < len(required.after) or any(s.number > step.number for s in first):
        credit, note = credit * DISORDERED, f"{note} out of order".strip()
    return credit, note


def _harmful(case: Case) -> frozenset[int]:
    """Numbers of the turns that commit what the case forbids."""
    found: set[int] = set()
    for forbidden in case.judgement.forbidden:
        earlier: list[str] = []
        for step in case.steps:
            if commits(step, forbidden, earlier):
                found.add(step.number)
            earlier += step.items
    return frozenset(found)


def _fault(required: Required, step: Step, harmful: frozenset[int]) -> str:
    """Why an act earns nothing, "" where it counts.

    What was owed and is forbidden at that moment (an anticoagulant beside an epidural catheter)
    ends the omission, but is no merit.
    """
    if step.number in harmful:
        return "forbidden at that time"
    if required.premise and not observed_decisive(required.premise, step.before.observed):
        return "before its premise was seen"
    return ""


def _first(case: Case, required: Required, harmful: frozenset[int]) -> Step | None:
    """The first act that counts; where none does, the first one that was blind or harmful."""
    steps = [s for s in case.steps if any(_meets(s, p) for p in required.any_of)]
    good = (s for s in steps if not _fault(required, s, harmful))
    return next(good, steps[0] if steps else None)


def milestones(case: Case) -> list[Milestone]:
    """Every requirement that applies to this patient, with its credit in [0, 1]."""
    wanted = [r for r in case.judgement.required if applies(r, case)]
    met: dict[str, Step] = {}
    harmful = _harmful(case)
    for required in wanted:
        first = _first(case, required, harmful)
        if first is not None:
            met[required.id] = first
    asked = {r.id for r in wanted}
    found: list[Milestone] = []
    for required in wanted:
        done = met.get(required.id)
        if done is None:
            found.append(Milestone(required=required, step=None, credit=0.0, note="not done"))
            continue
        live = msgspec.structs.replace(
            required, after=tuple(a for a in required.after if a in asked)
        )
        credit, note = _credit(live, done, met)
        if fault := _fault(required, done, harmful):
            credit, note = 0.0, fault
        found.append(Milestone(required=required, step=done, credit=credit, note=note))
    return found
