"""The script of the reading room: open, search, look, tell, measure, grade, report."""

from collections.abc import Iterator
from typing import Any

import msgspec

from ...knowledge.domains.radiology_report import CLINICIANS, answer, drafts, measures
from ...knowledge.radiology.kinds import Kind, kinds, type_of
from ...knowledge.radiology.readings import Person, Reading, Unread
from ...knowledge.radiology.report import Conclusion, conclude
from ...knowledge.radiology.systems import FOLLOW_UPS
from ..policy import View
from . import Call

_FIRST = {
    "study_opened": "open_study",
    "indication": "get_clinical_indication",
    "quality": "assess_image_quality",
}


class _Seen(msgspec.Struct):
    """What the calls have shown."""

    facts: set[str] = msgspec.field(default_factory=set)
    done: set[str] = msgspec.field(default_factory=set)
    failed: set[str] = msgspec.field(default_factory=set)
    shown: dict[str, Any] = msgspec.field(default_factory=dict)
    lesions: dict[str, Reading] = msgspec.field(default_factory=dict)
    hidden: dict[str, str] = msgspec.field(default_factory=dict)
    """Lesion -> view that would show more."""
    contrast: bool | None = None


def _call(tool: str, **arguments: Any) -> Call:
    return Call(tool=tool, arguments=arguments)


def _take(seen: _Seen, content: dict[str, Any]) -> None:
    """Read one answer into what is known."""
    for one in content.get("seen", ()):
        blank = Reading(id=one["lesion"], region=content["region"], side="none", features={})
        seen.lesions.setdefault(one["lesion"], blank)
    id_ = content.get("lesion", "")
    replace = msgspec.structs.replace
    if "signs" in content:
        seen.lesions[id_] = replace(
            seen.lesions[id_], side=content["laterality"], features=content["signs"]
        )
        seen.hidden.pop(id_, None)
        if "more_with_view" in content:
            seen.hidden[id_] = content["more_with_view"]
    elif "sd_mm" in content:
        known = seen.lesions[id_]
        seen.lesions[id_] = replace(known, mm={**known.mm, **content["mm"]})
    elif "prior_mm" in content:
        seen.lesions[id_] = replace(seen.lesions[id_], prior_mm=content["prior_mm"])
    elif "may_be_given" in content:
        seen.contrast = content["may_be_given"]
    else:
        seen.shown |= content


def _read(view: View) -> _Seen:
    seen = _Seen()
    for turn in view.turns:
        told = turn.observation
        if told is None:
            continue
        name = getattr(turn.action, "tool", "")
        if not told.ok:
            seen.failed.add(name)
            continue
        seen.facts |= set(told.reveals)
        if told.effect is not None and told.effect.item:
            seen.done.add(told.effect.item)
        _take(seen, dict(told.content))
    return seen


def _look(seen: _Seen, kind: Kind) -> Iterator[Call]:
    """Signs of every lesion, with the view that shows them where it may be had."""
    for id_ in seen.lesions:
        if f"characterised:{id_}" not in seen.facts:
            yield _call("characterise_lesion", lesion=id_)
            continue
        name = seen.hidden.get(id_)
        if name is None or not seen.shown.get("patient_on_site", True):
            continue
        contrast = kind.views[name].contrast
        if f"view:{name}" in seen.facts:
            yield _call("characterise_lesion", lesion=id_)
        elif contrast and seen.contrast is None:
            yield _call("check_contrast_safety", contrast=contrast)
        elif not contrast or seen.contrast:
            yield _call("request_additional_view", view=name)


def _measure(seen: _Seen, kind: Kind, system: str) -> Iterator[Call]:
    prior = seen.shown.get("prior_months_ago")
    for id_, one in seen.lesions.items():
        if not measures(kind, system, one.features):
            continue
        if not one.mm:
            yield _call("measure_lesion", lesion=id_)
        elif prior and f"compared:{id_}" not in seen.facts:
            yield _call("compare_with_prior", lesion=id_)


def _person(seen: _Seen) -> Person:
    return Person(
        age_years=float(seen.shown.get("age_years", 60)),
        setting=str(seen.shown.get("setting", "")),
        risk_factors=tuple(seen.shown.get("risk_factors", ())),
        prior_months=int(seen.shown.get("prior_months_ago") or 0),
    )


def _tell(seen: _Seen, kind: Kind) -> Iterator[Call]:
    """Critical results that are seen and not told yet."""
    named = (type_of(kind, one.features) for one in seen.lesions.values())
    critical = dict.fromkeys(kind.types[n].critical for n in named if n)
    for name in critical:
        if name and f"communicated:{name}:{CLINICIANS[0]}" not in seen.done:
            yield Call(
                tool="communicate_critical_result",
                arguments={"to": CLINICIANS[0], "finding": name},
            )


def _grade(seen: _Seen, found: Conclusion) -> Iterator[Call]:
    if not found.graded:
        return
    if f"score:{found.system}" not in seen.facts:
        named = {"system": found.system, "lesion": found.graded}
        yield Call(tool="classify_lesion", arguments=named)
    elif f"follow_up:{found.system}" not in seen.facts:
        yield _call("get_follow_up_recommendation", system=found.system)


def _nothing() -> Call:
    return _call(
        "submit_reading",
        findings=[],
        impression="normal",
        category="none",
        follow_up="none",
        critical_communicated=False,
    )


def _report(seen: _Seen, kind: Kind, system: str) -> list[Call]:
    """Grading, then the report; an empty one where too little was read."""
    try:
        found = conclude(kind, system, _person(seen), list(seen.lesions.values()))
    except Unread:
        return [_nothing()]
    noted = [
        Call(tool="draft_finding", arguments=a)
        for a in drafts(found)
        if f"draft:{a['region']}:{a['finding_type']}" not in seen.done
    ]
    return [*_grade(seen, found), *noted, Call(tool="submit_reading", arguments=answer(found))]


def proposals(view: View) -> list[Call]:
    """What a careful radiologist would do now, the most urgent first."""
    seen = _read(view)
    open_ = [Call(tool=t) for fact, t in _FIRST.items() if fact not in seen.facts]
    open_ = [c for c in open_ if c.tool not in seen.failed]
    if "kind" not in seen.shown:
        return [*open_, _nothing()]
    kind = kinds()[seen.shown["kind"]]
    system = kind.systems.get(str(seen.shown.get("setting", "")), "")
    regions = (r for r in kind.regions if f"region:{r}" not in seen.facts)
    calls = [*open_, *(_call("view_region", region=r) for r in regions)]
    calls = [*calls, *_look(seen, kind)]
    final = _report(seen, kind, system)
    last = len(view.turns) >= view.started.max_turns - 1
    if last:
        return final[-1:]
    return [*_tell(seen, kind), *calls, *_measure(seen, kind, system), *final]


def slips(view: View) -> list[Call]:
    """Reports of nothing, with every follow-up: at most one is right."""
    del view
    said = _nothing()
    return [
        Call(tool=said.tool, arguments={**said.arguments, "follow_up": f}) for f in FOLLOW_UPS[:6]
    ]


def harms(view: View) -> list[Call | None]:
    """False alarms and needless contrast."""
    seen = _read(view)
    if "kind" not in seen.shown:
        return [None]
    views = kinds()[seen.shown["kind"]].views
    return [
        _call("communicate_critical_result", to="on_call_team", finding="free_air"),
        *(_call("request_additional_view", view=v) for v in views),
        None,
    ]
