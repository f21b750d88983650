"""Pathways: the right diagnosis on the right pathway, handed over with what the chart holds.

The credit is the code's, lowered where another pathway (or none) was run; what was done in which
phase is judged by the milestones, whose acts count only after their premise was seen.
"""

from collections.abc import Iterator, Sequence

import msgspec

from ...bus.events import Reason
from ...knowledge.handoff import Handoff, gaps, overlap
from ...knowledge.icd10 import SAME_CATEGORY, closeness
from ...knowledge.pathways import pathway_of
from ...knowledge.world import World
from ..case import Case, observed_decisive
from ..codes import worth
from ..milestones import Milestone, milestones
from . import check

_OTHER_PATHWAY = 0.5


def _activated(case: Case) -> str:
    called = [n.item for n in case.world.notes if n.item.startswith("pathway:")]
    return called[-1].removeprefix("pathway:") if called else ""


def primary(case: Case, found: Sequence[Milestone]) -> Reason:
    """Credit of the diagnosis, halved off its pathway; 0 before the decisive observation."""
    del found
    code = case.answer.icd10_code
    tree = worth(code, case.condition, case.requested.domain)
    on = _activated(case) == pathway_of(case.condition.id).id
    seen = observed_decisive(case.judgement.decisive, case.world.observed)
    note = f"{code} on {_activated(case) or 'no pathway'}" + ("" if seen else ", unseen")
    earned = tree * (1.0 if on else _OTHER_PATHWAY) if seen and case.answer.fields else 0.0
    return Reason(
        id="diagnosis", earned=round(earned, 6), possible=1.0, event=case.ended_n, note=note
    )


def right(earned: float) -> bool:
    """Whether that credit means the right diagnosis on the right pathway."""
    return earned >= SAME_CATEGORY


def told(case: Case) -> tuple[Handoff, World] | None:
    """The last hand-off, with the world before it; None where there was none."""
    for step in reversed(case.steps):
        observation = step.turn.observation
        if step.done.startswith("handoff:") and observation is not None:
            text = observation.effect.text if observation.effect is not None else ""
            return msgspec.json.decode(text, type=Handoff), step.before
    return None


def _handed(case: Case) -> Iterator[Reason]:
    """What the hand-off said, against the truth and the chart."""
    said = told(case)
    if said is None:
        yield check("handoff", 0.0, case, "none")
        return
    what, before = said
    own = pathway_of(case.condition.id).conditions[case.condition.id]
    same = worth(what.situation.icd10_code, case.condition, case.requested.domain)
    yield check("handoff_situation", same * (what.situation.acuity in own.acuity), case)
    missing = gaps(what, before, own.values)
    yield check("handoff_chart", max(1 - 0.25 * len(missing), 0.0), case, ", ".join(missing)[:200])
    yield check("handoff_next", overlap(what.recommendation, own.next), case)
    yield check("handoff_to", float(what.to_specialty == own.specialty), case, what.to_specialty)


def _topics(case: Case) -> float:
    own = pathway_of(case.condition.id).conditions[case.condition.id]
    talks = [n.text.split(",") for n in case.world.notes if n.item.startswith("family:")]
    return overlap([t for talk in talks for t in talk], own.topics) if talks else 0.0


def _complete(case: Case) -> list[str]:
    """Phases in which every act that applies to this patient was done and counts."""
    states = {m.required.id: m.credit > 0 for m in milestones(case)}
    way = pathway_of(case.condition.id)
    return [p.id for p in way.phases if all(states.get(a.id, True) for a in p.acts)]


def checks(case: Case) -> Iterator[Reason]:
    """The answer, the hand-off and the talk agree with the chart and with what was done."""
    code = case.answer.icd10_code
    seen = observed_decisive(case.judgement.decisive, case.world.observed)
    yield check("evidence", float(seen and bool(code)), case, code)
    yield from _handed(case)
    own = pathway_of(case.condition.id).conditions[case.condition.id]
    beds = [n.item.removeprefix("bed:") for n in case.world.notes if n.item.startswith("bed:")]
    yield check("bed", float(beds[-1:] == [own.bed]), case, ",".join(beds))
    yield check("family", _topics(case), case)
    fields = case.answer.fields or {}
    claimed = fields.get("completed_phases", [])
    yield check("phases", overlap(claimed, _complete(case)), case, ",".join(claimed))
    if case.world.recorded and code:
        recorded = case.world.recorded[-1].item.removeprefix("diagnosis:")
        yield check("recorded", float(closeness(recorded, code, ()) > 0), case, recorded)
