"""Report of an imaging study: what was found, its category, what follows, by structure.

d is the detection (F1 of the findings by place, type and side, with the size in tolerance) times
the conclusion (category, follow-up, impression). Harmless types cost nothing; calling what is not
there does.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from ...bus.events import Reason
from ...knowledge.domains.radiology_report import CLINICIANS, truth
from ...knowledge.radiology.report import Conclusion, Expected, near
from ...knowledge.radiology.systems import nearness
from ..case import Case, observed_decisive
from ..milestones import Milestone
from . import check

RIGHT = 0.8
SIZE_MM, SIZE_SHARE = 2.0, 0.2
"""Tolerance of a size: the wider of the two."""
OFF_SIZE = 0.7
"""Credit of a finding with a wrong size or without the size it needs."""
LEAST = 0.3
"""Detection below this is none: who names everything has found nothing."""
_GRADED = (0.5, 0.3, 0.2)
_PLAIN = (0.0, 0.55, 0.45)
"""Weights of category, follow-up and impression."""
_WRONG = 0.3
"""What is left where the category is wrong and the follow-up right; nothing where both are wrong.
Without a system the follow-up and the impression stand in their places."""
_Said = dict[str, Any]


def answered(case: Case) -> _Said:
    """The fields of the report, none for another submission."""
    fields = case.answer.fields
    return {} if isinstance(fields, msgspec.UnsetType) else fields


def _findings(fields: _Said) -> list[_Said]:
    return list(fields.get("findings", ()))


def matches(said: _Said, expected: Expected) -> float:
    """Credit of a reported finding for an expected one: 0 for another type, place or side."""
    keys = ("region", "type", "laterality")
    if any(said.get(k) != getattr(expected, k) for k in keys):
        return 0.0
    if not expected.sizes_mm:
        return 1.0
    size = said.get("size_mm")
    if size is None:
        return OFF_SIZE
    off = min(abs(size - s) - max(SIZE_MM, SIZE_SHARE * s) for s in expected.sizes_mm)
    return 1.0 if off <= 0 else OFF_SIZE


def detection(found: Sequence[_Said], right: Conclusion) -> float:
    """F1 of the findings; harmless ones that were named rightly count neither way."""
    left = [s for s in found if not any(_same(s, o) for o in right.optional)]
    if not left and not right.findings:
        return 1.0
    credit, open_ = 0.0, list(left)
    for expected in right.findings:
        best = max(open_, key=lambda s: matches(s, expected), default=None)
        if best is not None and matches(best, expected):
            credit += matches(best, expected)
            open_.remove(best)
    share = 2 * credit / (len(left) + len(right.findings))
    return share if share >= LEAST else 0.0


def _same(said: _Said, optional: Expected) -> bool:
    return said.get("region") == optional.region and said.get("type") == optional.type


def conclusion(fields: _Said, right: Conclusion) -> float:
    """Credit of category, follow-up and impression."""
    graded = right.categories != ("none",)
    said = str(fields.get("category", ""))
    category = max(nearness(right.system, said, c) for c in right.categories)
    follow_up = float(fields.get("follow_up") in right.follow_up)
    impression = near(str(fields.get("impression", "")), right.impressions)
    weights = _GRADED if graded else _PLAIN
    total = sum(w * v for w, v in zip(weights, (category, follow_up, impression), strict=True))
    missed, doubtful = (category, follow_up) if graded else (follow_up, impression)
    if missed == 0:
        return total * _WRONG if doubtful == 1 else 0.0
    return total


def primary(case: Case, found: Sequence[Milestone]) -> Reason:
    """Credit of the report."""
    del found
    fields = answered(case)
    if not fields:
        return Reason(id="report", earned=0.0, possible=1.0, event=case.ended_n, note="nothing")
    _, right_one = truth(case.patient)
    seen = detection(_findings(fields), right_one)
    meant = conclusion(fields, right_one)
    note = f"findings {seen:.2f}, conclusion {meant:.2f}"
    earned = round(seen * meant, 6)
    if earned and not observed_decisive(case.judgement.decisive, case.world.observed):
        note, earned = f"{note}, without the decisive observation", 0.0
    return Reason(id="report", earned=earned, possible=1.0, event=case.ended_n, note=note)


def right(earned: float) -> bool:
    """Whether that credit means a right report."""
    return earned >= RIGHT


def _looked_at(case: Case, found: Sequence[_Said]) -> float:
    """Share of the reported findings whose region was viewed and whose lesion was looked at."""
    study, _ = truth(case.patient)
    known = case.world.observed
    places = {o.region for o in study.lesions if f"characterised:{o.id}" in known}
    return sum(s.get("region") in places for s in found) / len(found)


def _measured(case: Case, found: Sequence[_Said]) -> float | None:
    """Share of the reported sizes that were measured there; None without a size."""
    study, _ = truth(case.patient)
    sized = [s for s in found if s.get("size_mm") is not None]
    if not sized:
        return None
    known = case.world.observed
    places = {o.region for o in study.lesions if f"measured:{o.id}:long" in known}
    return sum(s.get("region") in places for s in sized) / len(sized)


def _told(case: Case) -> bool:
    items = [s.done for s in case.steps if s.done.startswith("communicated:")]
    return any(item.endswith(CLINICIANS) for item in items)


def checks(case: Case) -> Iterator[Reason]:
    """The report agrees with what was looked at, measured, graded, drafted, told, and itself."""
    fields, known = answered(case), case.world.observed
    found = _findings(fields)
    study, _ = truth(case.patient)
    regions = [f"region:{r}" for r in study.kind.regions]
    yield check("searched", sum(r in known for r in regions) / len(regions), case)
    if found:
        yield check("looked_at", _looked_at(case, found), case)
    measured = _measured(case, found)
    if measured is not None:
        yield check("measured", measured, case)
    if found and fields.get("category") not in {None, "none"}:
        yield check("graded", float(f"score:{study.system}" in known), case)
    said = bool(fields.get("critical_communicated"))
    yield check("communicated", float(said == _told(case)), case)
    drafts = {n.item for n in case.world.notes if n.item.startswith("draft:")}
    if drafts:
        reported = {f"draft:{s['region']}:{s['type']}" for s in found}
        yield check("drafted", len(drafts & reported) / len(drafts | reported), case)
    yield check("agrees", float(_agrees(fields, found)), case)


def _agrees(fields: _Said, found: Sequence[_Said]) -> bool:
    """Whether impression, findings and follow-up contradict each other."""
    impression, follow_up = fields.get("impression"), fields.get("follow_up")
    if impression == "normal":
        return follow_up in {"none", "routine_screening"}
    if impression in {"significant", "acute", "incomplete", "indeterminate"}:
        return bool(found)
    return impression == "benign"
