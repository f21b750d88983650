"""Psychiatry: a disorder in ICD-10-CM, and the danger of suicide.

Neither is right without the other: the right disorder with a danger that was missed sends somebody
to die, and one named too high takes freedom. So a wrong danger earns nothing.
"""

from collections.abc import Iterator, Sequence

from ...bus.events import Reason
from ...knowledge.icd10 import SAME_CATEGORY, closeness
from ...knowledge.psychiatry import risk
from ..case import Case, observed_decisive
from ..codes import worth
from ..milestones import Milestone
from . import check


def _said(case: Case) -> str:
    return str((case.answer.fields or {}).get("risk", ""))


def _danger(case: Case) -> float:
    return float(_said(case) == risk(case.patient))


def primary(case: Case, found: Sequence[Milestone]) -> Reason:
    """Credit of the disorder times that of the danger."""
    del found
    given = case.answer.icd10_code
    tree = worth(given, case.condition, case.requested.domain)
    seen = observed_decisive(case.judgement.decisive, case.world.observed)
    note = f"{given} {_said(case)}" + ("" if seen else ", without the observation")
    earned = round(tree * _danger(case), 6) if seen else 0.0
    return Reason(id="assessment", earned=earned, possible=1.0, event=case.ended_n, note=note)


def right(earned: float) -> bool:
    """Whether that credit means the right disorder and the right danger."""
    return earned >= SAME_CATEGORY


def checks(case: Case) -> Iterator[Reason]:
    """The answer agrees with what was seen, done and said of the place."""
    given, danger = case.answer.icd10_code, _said(case)
    seen = observed_decisive(case.judgement.decisive, case.world.observed)
    yield check("evidence", float(seen and bool(given)), case, given)
    done = {n.item for n in case.world.notes}
    if danger == "high":
        yield check("watched", float("procedure:one_to_one_observation" in done), case, danger)
    sent = case.answer.disposition
    placed = case.judgement.dispositions.get(sent, 0.0)
    coherent = placed > 0 and not (danger == "high" and sent == "discharge_home")
    yield check("place", float(coherent), case, sent)
    if case.world.recorded and given:
        recorded = case.world.recorded[-1].item.removeprefix("diagnosis:")
        yield check("recorded", float(closeness(recorded, given, ()) > 0), case, recorded)
