"""Triage: an ESI v5-style level, all that it rests on, and the place that fits it.

A level alone can be a habit (most who come with chest pain are a 2), so it earns little; the
grounds are judged against those that hold and that the agent has seen, by a power of F1.

One level too urgent costs the department; one level too late can cost the patient. So neither is
right, and the second is worth less (Hinson, Int J Emerg Med 2019, on under- and over-triage).
"""

from collections.abc import Iterator, Sequence

from ...bus.events import Reason
from ...knowledge.acuity import Acuity, grounds, is_seen
from ...knowledge.domains.triage_emergency import AREAS, truths
from ..case import Case, observed_decisive
from ..milestones import Milestone
from . import check

OVER, UNDER = 0.1, 0.05
SHARP = 4
"""Half of the grounds are hardly a reason."""
RIGHT = 0.5


def level(case: Case) -> int:
    """The submitted level; 0 for none."""
    fields = case.answer.fields or {}
    return int(fields.get("esi_level", 0))


def agreement(case: Case, right: Acuity) -> float:
    """F1 of the given grounds: of all that hold, those that were seen have to be named."""
    every = set(grounds(right))
    wanted = {g for g in every if is_seen(g, case.world.observed)}
    given = set(map(str, (case.answer.fields or {}).get("grounds", ())))
    if not given or not wanted:
        return 0.0
    precision, recall = len(given & every) / len(given), len(given & wanted) / len(wanted)
    return 2 * precision * recall / (precision + recall) if precision and recall else 0.0


def _credit(case: Case, given: int, right: Acuity) -> float:
    near = {0: 1.0, -1: OVER, 1: UNDER}.get(given - right.level, 0.0)
    return near * agreement(case, right) ** SHARP


def primary(case: Case, found: Sequence[Milestone]) -> Reason:
    """Credit of the level; none before the decisive observation."""
    del found
    known, given = truths(case.patient), level(case)
    near = round(max(_credit(case, given, t) for t in known), 6) if given else 0.0
    seen = observed_decisive(case.judgement.decisive, case.world.observed)
    named = max(agreement(case, t) for t in known)
    note = f"level {given}, right is {known[0].level}; grounds {named:.2f}"
    note += "" if seen else ", without the observation"
    return Reason(
        id="level", earned=near if seen else 0.0, possible=1.0, event=case.ended_n, note=note
    )


def right(earned: float) -> bool:
    """Whether that credit means the right level on most of its grounds."""
    return earned >= RIGHT


def checks(case: Case) -> Iterator[Reason]:
    """The place fits the level, and so does what was set in motion."""
    fields, given = case.answer.fields or {}, level(case)
    yield check("level_given", float(given > 0), case)
    yield check("place", float(fields.get("area", "") == AREAS.get(given)), case)
    called = any(c.item.startswith(("team:", "notified:")) for c in case.world.consults)
    yield check("called", float(called == (given <= 2)), case)
