"""Coherence: the answer agrees with what was recorded, seen, cited and given. No words are read."""

from collections.abc import Iterator

from ..bus.events import Dimension, Reason
from ..knowledge.conditions import Condition, condition, conditions
from ..knowledge.icd10 import closeness
from .accuracy import matches_condition, observed_decisive
from .case import Case, names_any


def claimed(code: str) -> Condition | None:
    """The known condition that an ICD-10-CM code stands for; None where there is none."""
    known = [condition(name) for name in conditions()]
    exact = next((c for c in known if c.icd10 == code), None)
    return exact or next((c for c in known if matches_condition(code, c) > 0), None)


def _check(id_: str, earned: float, case: Case, note: str = "") -> Reason:
    return Reason(id=id_, earned=round(earned, 6), possible=1.0, event=case.ended_n, note=note)


def _treated(case: Case, claim: Condition) -> float:
    """Share of the claim's required treatments that were begun."""
    wanted = [r for r in claim.judgement.required if r.kind == "treatment" and not r.when]
    done = [s.done for s in case.steps if s.done]
    met = sum(names_any(r.any_of, done) for r in wanted)
    return met / len(wanted) if wanted else 1.0


def _checks(case: Case) -> Iterator[Reason]:
    code, claim = case.answer.icd10_code, claimed(case.answer.icd10_code)
    known = case.world.observed
    truth_seen = observed_decisive(case.judgement.decisive, known)
    if claim is None:
        # A code outside the known conditions can only be an honest doubt before the evidence.
        yield _check("evidence", 0.0 if truth_seen else 0.5, case, code)
    else:
        own = observed_decisive(claim.judgement.decisive, known)
        contradicted = truth_seen and claim.id != case.condition.id
        yield _check("evidence", float(own and not contradicted), case, code)
        given = [s.done for s in case.steps if s.drug]
        bad = [f for f in claim.judgement.forbidden if not f.when and not f.unless_done]
        against = any(names_any(f.any_of, given) for f in bad)
        yield _check("treatment", 0.0 if against else _treated(case, claim), case)
        placed = claim.judgement.dispositions.get(case.answer.disposition, 0.0)
        yield _check("disposition", float(placed > 0), case, case.answer.disposition)
    if case.world.recorded and code:
        recorded = case.world.recorded[-1].item.removeprefix("diagnosis:")
        yield _check("recorded", float(closeness(recorded, code, ()) > 0), case, recorded)
    if cited := case.answer.citations:
        share = sum(c in known for c in cited) / len(cited)
        yield _check("citations", share, case)


def judge(case: Case) -> Dimension:
    """Mean of the checks that apply; 0 for an empty answer."""
    if case.empty:
        return Dimension(score=0.0, reasons=[Reason(id="empty", earned=0.0, possible=1.0)])
    checks = list(_checks(case))
    score = sum(c.earned for c in checks) / len(checks)
    return Dimension(score=round(score, 6), reasons=checks)
