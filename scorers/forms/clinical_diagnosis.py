"""Clinical diagnosis: a diagnosis in ICD-10-CM, treatment and disposition.

d judges the diagnosis by its place in the code's tree, and only after the decisive evidence was
seen; coherence asks whether the answer agrees with what was recorded, seen, cited and given.
"""

from collections.abc import Iterator, Sequence

from ...bus.events import Reason
from ...knowledge.conditions import Condition, condition, conditions
from ...knowledge.icd10 import SAME_CATEGORY, closeness
from ..case import Case, names_any, observed_decisive
from ..codes import worth
from ..milestones import Milestone
from . import check

UNCERTAIN = 0.2
_HERE = "clinical_diagnosis"
_WORKED_UP = 0.5


def _uncertain(case: Case, found: Sequence[Milestone]) -> bool:
    """Doubt, stated by a symptom code, kept in hospital, with help called and half a work-up."""
    code, kept = case.answer.icd10_code, case.answer.disposition in {"observation", "ward"}
    if not (code.startswith("R") and kept and case.world.consults):
        return False
    if any(code == condition(o).icd10 for o in conditions()):
        return False  # syncope can be a diagnosis: that is a claim, not a doubt
    asked = [m for m in found if m.required.kind == "workup"]
    total = sum(m.required.weight for m in asked)
    return sum(m.required.weight * m.credit for m in asked) >= _WORKED_UP * total


def primary(case: Case, found: Sequence[Milestone]) -> Reason:
    """Credit of the diagnosis."""
    code = case.answer.icd10_code
    tree = worth(code, case.condition, _HERE)
    if tree == 0 and _uncertain(case, found):
        return Reason(id="uncertain", earned=UNCERTAIN, possible=1.0, event=case.ended_n, note=code)
    seen = observed_decisive(case.judgement.decisive, case.world.observed)
    note = code if seen or not tree else f"{code} without the decisive observation"
    earned = tree if seen else 0.0
    return Reason(id="diagnosis", earned=earned, possible=1.0, event=case.ended_n, note=note)


def right(earned: float) -> bool:
    """Whether that credit means the right diagnosis."""
    return earned >= SAME_CATEGORY


def claimed(code: str) -> Condition | None:
    """The known condition that an ICD-10-CM code stands for; None where there is none."""
    known = [condition(name) for name in conditions()]
    exact = next((c for c in known if c.icd10 == code), None)
    return exact or next((c for c in known if worth(code, c, _HERE) > 0), None)


def _treated(case: Case, claim: Condition) -> float:
    """Share of the claim's required treatments that were begun."""
    wanted = [r for r in claim.judgement.required if r.kind == "treatment" and not r.when]
    done = [s.done for s in case.steps if s.done]
    met = sum(names_any(r.any_of, done) for r in wanted)
    return met / len(wanted) if wanted else 1.0


def checks(case: Case) -> Iterator[Reason]:
    """What a coherent answer agrees with."""
    code, claim = case.answer.icd10_code, claimed(case.answer.icd10_code)
    known = case.world.observed
    truth_seen = observed_decisive(case.judgement.decisive, known)
    if claim is None:
        # A code outside the known conditions can only be an honest doubt before the evidence.
        yield check("evidence", 0.0 if truth_seen else 0.5, case, code)
    else:
        own = observed_decisive(claim.judgement.decisive, known)
        contradicted = truth_seen and claim.id != case.condition.id
        yield check("evidence", float(own and not contradicted), case, code)
        given = [s.done for s in case.steps if s.drug]
        bad = [f for f in claim.judgement.forbidden if not f.when and not f.unless_done]
        against = any(names_any(f.any_of, given) for f in bad)
        yield check("treatment", 0.0 if against else _treated(case, claim), case)
        placed = claim.judgement.dispositions.get(case.answer.disposition, 0.0)
        yield check("disposition", float(placed > 0), case, case.answer.disposition)
    if case.world.recorded and code:
        recorded = case.world.recorded[-1].item.removeprefix("diagnosis:")
        yield check("recorded", float(closeness(recorded, code, ()) > 0), case, recorded)
    if cited := case.answer.citations:
        share = sum(c in known for c in cited) / len(cited)
        yield check("citations", share, case)
