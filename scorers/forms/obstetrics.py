"""Obstetrics: a diagnosis in ICD-10-CM, and whether and when the child is born.

Neither is right without the other: severe preeclampsia at 36 weeks that is only watched is as
wrong as a healthy pregnancy that is ended. So the credit is the product of both.
"""

from collections.abc import Iterator, Sequence

from ...bus.events import Reason
from ...knowledge.domains.obstetrics import knowing
from ...knowledge.icd10 import SAME_CATEGORY, closeness
from ...knowledge.obstetrics import BIRTH, code, near, timing
from ..case import Case, observed_decisive
from ..milestones import Milestone
from . import check


def _delivery(case: Case) -> str:
    return str((case.answer.fields or {}).get("delivery", ""))


def primary(case: Case, found: Sequence[Milestone]) -> Reason:
    """Credit of the diagnosis times that of the time of birth."""
    del found
    known, name = knowing(case.patient), case.condition.id
    given = case.answer.icd10_code
    tree = closeness(given, code(name, known), near(name, known))
    when = timing(name, known).get(_delivery(case), 0.0)
    seen = observed_decisive(case.judgement.decisive, case.world.observed)
    note = f"{given} {_delivery(case)}" + ("" if seen else ", without the observation")
    earned = round(tree * when, 6) if seen else 0.0
    return Reason(id="plan", earned=earned, possible=1.0, event=case.ended_n, note=note)


def right(earned: float) -> bool:
    """Whether that credit means a right diagnosis with an acceptable time of birth."""
    return earned >= SAME_CATEGORY * SAME_CATEGORY


def checks(case: Case) -> Iterator[Reason]:
    """The answer agrees with what was seen, done and recorded."""
    given, when = case.answer.icd10_code, _delivery(case)
    seen = observed_decisive(case.judgement.decisive, case.world.observed)
    yield check("evidence", float(seen and bool(given)), case, given)
    done = {n.item for n in case.world.notes if n.item in BIRTH}
    begun = {"now": BIRTH[0] in done, "within_24h": bool(done)}
    yield check("birth", float(begun.get(when, not done and bool(when))), case, when)
    placed = case.judgement.dispositions.get(case.answer.disposition, 0.0)
    yield check("place", float(placed > 0), case, case.answer.disposition)
    if case.world.recorded and given:
        recorded = case.world.recorded[-1].item.removeprefix("diagnosis:")
        yield check("recorded", float(closeness(recorded, given, ()) > 0), case, recorded)
