"""Triage: an ESI v5-style level, and the place that fits it.

One level too urgent costs the department; one level too late can cost the patient. So neither is
right, and the second is worth less (Hinson, Int J Emerg Med 2019, on under- and over-triage).
"""

from collections.abc import Iterator, Sequence

from ...bus.events import Reason
from ...knowledge.domains.triage_emergency import AREAS, truths
from ..case import Case, observed_decisive
from ..milestones import Milestone
from . import check

OVER, UNDER = 0.4, 0.2


def level(case: Case) -> int:
    """The submitted level; 0 for none."""
    fields = case.answer.fields or {}
    return int(fields.get("esi_level", 0))


def primary(case: Case, found: Sequence[Milestone]) -> Reason:
    """Credit of the level; none before the decisive observation."""
    del found
    levels, given = [t.level for t in truths(case.patient)], level(case)
    near = max({0: 1.0, -1: OVER, 1: UNDER}.get(given - t, 0.0) for t in levels) if given else 0.0
    seen = observed_decisive(case.judgement.decisive, case.world.observed)
    note = f"level {given}, right is {levels[0]}" + ("" if seen else ", without the observation")
    return Reason(
        id="level", earned=near if seen else 0.0, possible=1.0, event=case.ended_n, note=note
    )


def right(earned: float) -> bool:
    """Whether that credit means the right level."""
    return earned == 1.0


def checks(case: Case) -> Iterator[Reason]:
    """The place fits the level, and so does what was set in motion."""
    fields, given = case.answer.fields or {}, level(case)
    yield check("level_given", float(given > 0), case)
    yield check("place", float(fields.get("area", "") == AREAS.get(given)), case)
    called = any(c.item.startswith(("team:", "notified:")) for c in case.world.consults)
    yield check("called", float(called == (given <= 2)), case)
