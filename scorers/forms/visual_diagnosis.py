"""Diagnosis from a picture: what it is, its category, what follows, and the measures behind it.

d is the diagnosis times category and advice, the side, the code, and the share of the measures it
rests on that agree with the truth within the tolerance of each.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from ...bus.events import Reason
from ...knowledge.domains.visual_diagnosis import HARMLESS, asks, facts_of, truth
from ...knowledge.visual.cases import pictured, tolerance
from ...knowledge.visual.words import Conclusion
from ..case import Case, observed_decisive
from ..milestones import Milestone
from . import check

RIGHT = 0.7
WRONG_ADVICE, WRONG_CATEGORY = 0.3, 0.1
"""Credit where of category and advice only one is right; without both the answer is wrong."""
WRONG_SIDE = 0.15
WRONG_CODE = 0.85
UNMEASURED = 0.15
"""What is left of a right diagnosis whose measures are wrong or missing."""
_Said = Mapping[str, Any]


def answered(case: Case) -> _Said:
    """The fields of the answer, none for another submission."""
    fields = case.answer.fields
    return {} if isinstance(fields, msgspec.UnsetType) else fields


def meaning(said: _Said, right: Conclusion) -> float:
    """Credit of diagnosis, category and advice; 0 for another diagnosis."""
    if said.get("diagnosis") != right.diagnosis:
        return 0.0
    graded = said.get("category") == right.category
    advised = said.get("recommendation") in right.advice
    if graded:
        return 1.0 if advised else WRONG_ADVICE
    return WRONG_CATEGORY if advised else 0.0


def measured(kind: str, said: _Said, found: Mapping[str, float | str], right: Conclusion) -> float:
    """Share of the key measures that are stated within tolerance."""
    stated = said.get("measurements", {})
    close = [
        key in stated
        and abs(float(stated[key]) - float(found[key]))
        <= tolerance(kind, key).at(float(found[key])) + 1e-9
        for key in right.keys
    ]
    return sum(close) / len(close)


def coded(code: str, right: Conclusion) -> bool:
    """Whether a code fits: one of the right beginnings, or none where none is needed."""
    return any(code.startswith(c) if c else not code for c in right.codes)


def primary(case: Case, found: Sequence[Milestone]) -> Reason:
    """Credit of the answer."""
    del found
    said = answered(case)
    if not said:
        return Reason(id="diagnosis", earned=0.0, possible=1.0, event=case.ended_n, note="nothing")
    seen, right = truth(case.patient)
    kind = pictured(case.patient).kind
    meant, share = meaning(said, right), measured(kind, said, seen, right)
    earned = meant * (UNMEASURED + (1 - UNMEASURED) * share)
    earned *= 1.0 if coded(case.answer.icd10_code, right) else WRONG_CODE
    earned *= 1.0 if said.get("side") == right.side else WRONG_SIDE
    note = f"meaning {meant:.2f}, measures {share:.2f}"
    if earned and not observed_decisive(case.judgement.decisive, case.world.observed):
        note, earned = f"{note}, without the decisive observation", 0.0
    return Reason(
        id="diagnosis", earned=round(earned, 6), possible=1.0, event=case.ended_n, note=note
    )


def right(earned: float) -> bool:
    """Whether that credit means a right answer."""
    return earned >= RIGHT


def checks(case: Case) -> Iterator[Reason]:
    """The answer agrees with what was measured, graded, asked and told, and with itself."""
    said, known = answered(case), case.world.observed
    seen, right_one = truth(case.patient)
    facts = (*facts_of(pictured(case.patient).kind, seen), *asks(right_one))
    yield check("measured", sum(f in known for f in facts) / len(facts), case)
    if said.get("category", "none") not in {"none", "small", "large", "not_suspicious"}:
        yield check("graded", float(any(f.startswith("score:") for f in known)), case)
    done = [s.done for s in case.steps]
    told = any(d.startswith("alerted:") for d in done)
    yield check("told", float(bool(said.get("alerted")) == told), case)
    sampled = any(d.startswith("sample:") for d in done)
    asked = said.get("recommendation") in {"needle_biopsy", "excision"}
    yield check("sampled", float(sampled == asked), case)
    calm = said.get("diagnosis") in HARMLESS
    acute = {"chest_drain", "reperfusion", "expedite_delivery", "needle_biopsy", "tumour_board"}
    yield check("agrees", float(not (calm and said.get("recommendation") in acute)), case)
