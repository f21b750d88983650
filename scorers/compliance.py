"""Guideline compliance of an ended episode, beside the five dimensions.

Each guideline is judged in the version that the request pinned, in the domains it names, for the
patients it is meant for, over committed acts and the hidden truth.
"""

from collections.abc import Callable

from ..knowledge.compliance import Act, Verdict, comply
from ..knowledge.conditions import Predicate
from ..knowledge.drugs import drug
from ..knowledge.drugs.doses import least
from ..knowledge.errors import UnknownGuideline
from ..knowledge.guidelines import guideline
from ..knowledge.patients import Patient
from ..knowledge.physiology import MINUTE
from ..knowledge.world import holds, truth
from .case import Case, Step
from .errors import OtherVersion
from .milestones import TOKEN_DOSE


def _act(step: Step, who: Patient) -> Act:
    observation = step.turn.observation
    shown = observation.reveals if observation is not None and step.ok else []
    items = (*step.items, *(f"seen:{fact}" for fact in shown))
    effect = observation.effect if observation is not None else None
    if not step.drug or effect is None:
        return Act(n=step.n, minute=step.at / MINUTE, items=items, ok=step.ok)
    usual = least(drug(step.drug), age_years=who.age_years, weight_kg=who.weight_kg)
    return Act(
        n=step.n,
        minute=step.at / MINUTE,
        items=items,
        ok=step.ok,
        drug=step.drug,
        dose=effect.dose,
        unit=effect.unit,
        per_kg=effect.dose / who.weight_kg,
        route=effect.route,
        token=effect.dose < TOKEN_DOSE * usual,
    )


def acts(case: Case) -> list[Act]:
    """The episode's turns as acts, in order; one without an answer is none."""
    known = (s for s in case.steps if s.turn.observation is not None)
    return [_act(s, case.patient) for s in known]


def answers(case: Case) -> Callable[[Predicate, float], bool | None]:
    """What is so of this patient at a simulated minute; None where the truth has no such fact."""

    def holds_at(predicate: Predicate, minute: float) -> bool | None:
        at = round(minute * MINUTE)
        if truth(case.world, predicate.fact, at) is None:
            return None
        return holds(predicate, case.world, at)

    return holds_at


def check(case: Case) -> list[Verdict]:
    """Every verdict of every guideline that is meant for this patient, by guideline id.

    Raises OtherVersion where a pinned version is not held.
    """
    asked = answers(case)
    done = acts(case)
    found: list[Verdict] = []
    for id_, version in sorted(case.requested.guidelines.items()):
        try:
            pinned = guideline(id_, version)
        except UnknownGuideline as error:
            raise OtherVersion(f"guideline {error}") from error
        if case.requested.domain in pinned.domains and pinned.meant_for(case.condition.id, asked):
            found += comply(pinned, done, asked, case.end / MINUTE)
    return found
