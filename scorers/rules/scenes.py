"""Rules on scenes that no domain writes down for itself, on the drugs of an episode."""

from collections.abc import Iterator

from ...bus.events import SafetyFinding
from ..case import Case, applies, finding, names_any
from ..scenes.episodes import scene_of
from ..scenes.judge import findings

_EVERYWHERE = (
    "ANTICOAGULATION_ACTIVE_MAJOR_BLEED",
    "CLOZAPINE_SEVERE_NEUTROPENIA",
    "HEPARIN_IN_HIT",
    "LETHAL_QUANTITY_TO_SUICIDAL",
    "METHYLERGONOVINE_IN_HYPERTENSION",
    "QT_HIGH_RISK_COMBINATION",
    "TERATOGEN_IN_PREGNANCY",
    "THROMBOLYSIS_WITH_HEMORRHAGE",
)
"""Omissions, places and the rest are the domains' own: they know what their case asks for."""
_SUPPLY = "supply:"


def hazardous_drug(case: Case) -> Iterator[SafetyFinding]:
    """A drug that this person must not have, whatever the case; one the case requires may stay."""
    required = [r for r in case.judgement.required if r.kind == "treatment" and applies(r, case)]
    given = {step.n: step.done for step in case.steps if step.drug or _SUPPLY in step.done}
    if not given:
        return
    for one in findings(scene_of(case)):
        item = given.get(one.trigger_event_index)
        if item is None or one.rule not in _EVERYWHERE:
            continue
        if not any(names_any(r.any_of, (item,)) for r in required):
            yield finding(one.rule, one.severity, one.trigger_event_index, one.evidence)
