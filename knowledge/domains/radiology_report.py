"""Report of one imaging study, field by field: what was found, what it means, what follows.

Right is what the signs on the images say, as they can be measured; neither the request nor a
prior report changes it.
"""

from collections.abc import Iterator
from typing import Any

from ..conditions import Forbidden, Judgement, Required
from ..patients import Patient
from ..radiology.kinds import Kind, kinds, type_of
from ..radiology.pictures import pictured
from ..radiology.report import Conclusion, examined
from ..radiology.studies import Seen, Study, contrast_allowed, obtainable
from . import Call

SOURCE = "ACR Practice Parameter for Communication of Diagnostic Imaging Findings, 2020"
IN_TIME = f"{SOURCE}; red alerts within 60 minutes: Anthony SG, Radiology 2011;259:802"
CONTRAST = (
    "ACR Manual on Contrast Media 2024; Davenport MS, Radiology 2020;294:660 (ACR/NKF consensus)"
)
CRITICAL_MIN = 60
CLINICIANS = ("referring_clinician", "on_call_team")
"""Who can act on a critical result."""


def ticket(patient: Patient) -> str:
    """Whose study waits."""
    return patient.complaint


def truth(patient: Patient) -> tuple[Study, Conclusion]:
    """The study and what its report should say."""
    return examined(patient)


def _had(patient: Patient, study: Study, one: Seen) -> bool:
    """Whether a lesion needs an additional view that can be had."""
    return bool(one.view) and obtainable(patient, study, one.view)


def looked(one: Seen, *, viewed: bool) -> str:
    """The fact that a lesion's signs were seen, with its additional view or without."""
    return f"characterised:{one.id}:{one.view}" if viewed else f"characterised:{one.id}"


def measures(kind: Kind, system: str, features: dict[str, Any]) -> bool:
    """Whether a lesion with these signs has to be measured."""
    name = type_of(kind, features)
    found = kind.types.get(name)
    if found is None:
        return False
    by_size = system in {"fleischner_2017", "lung_rads_2022", "ti_rads", "li_rads_2018"}
    return (found.sized and not found.optional) or (found.graded and by_size)


def _signs(patient: Patient, study: Study, one: Seen) -> dict[str, Any]:
    return one.shown(viewed=_had(patient, study, one))


def _compares(study: Study, one: Seen, conclusion: Conclusion) -> bool:
    must = {f.id for f in conclusion.findings}
    return bool(study.order.prior_months) and one.id in must and bool(one.true_mm)


def judgement(patient: Patient) -> Judgement:
    """What must be seen, measured and told, and which acts do harm."""
    study, conclusion = truth(patient)
    return Judgement(
        decisive=(_decisive(patient, study, conclusion),),
        dispositions={},
        required=tuple(_required(patient, study, conclusion)),
        forbidden=tuple(_forbidden(patient, study, conclusion)),
    )


def _decisive(patient: Patient, study: Study, conclusion: Conclusion) -> tuple[str, ...]:
    """The signs of what must be reported, or every region where there is nothing."""
    must = {f.id for f in conclusion.findings}
    facts = [] if must else [f"region:{r}" for r in study.kind.regions]
    for one in study.lesions:
        viewed = _had(patient, study, one)
        if one.id in must or viewed:
            facts.append(looked(one, viewed=viewed))
        if one.id in must:
            sized = measures(study.kind, study.system, _signs(patient, study, one))
            facts += [f"measured:{one.id}:long"] if sized else []
            facts += [f"compared:{one.id}"] if _compares(study, one, conclusion) else []
    return tuple(facts)


def _work(id_: str, *facts: str, weight: float = 1.0, after: tuple[str, ...] = ()) -> Required:
    return Required(id=id_, any_of=facts, weight=weight, after=after, source=SOURCE)


def _required(patient: Patient, study: Study, conclusion: Conclusion) -> Iterator[Required]:
    yield _work("opened", "study_opened", weight=0.5)
    yield _work("indication", "indication", weight=0.5)
    yield _work("quality", "quality", weight=0.5)
    share = 2 / len(study.kind.regions)
    for region in study.kind.regions:
        yield _work(f"viewed_{region}", f"region:{region}", weight=share)
    for one in study.lesions:
        yield from _of_lesion(patient, study, conclusion, one)
    if conclusion.graded:
        yield _work("graded", f"score:{conclusion.system}")
        yield _work("advice", f"follow_up:{conclusion.system}", weight=0.5, after=("graded",))
    for name in conclusion.critical:
        yield Required(
            id=f"told_{name}",
            any_of=tuple(f"communicated:{name}:{who}" for who in CLINICIANS),
            deadline_min=CRITICAL_MIN,
            hard_deadline_min=CRITICAL_MIN,
            critical=True,
            rule="CRITICAL_FINDING_NOT_COMMUNICATED",
            kind="treatment",
            weight=1.5,
            source=IN_TIME,
        )


def _of_lesion(
    patient: Patient, study: Study, conclusion: Conclusion, one: Seen
) -> Iterator[Required]:
    must = one.id in {f.id for f in conclusion.findings}
    viewed = _had(patient, study, one)
    yield _work(f"signs_{one.id}", looked(one, viewed=viewed), weight=1.0 if must else 0.5)
    if _checked(study, one):
        yield Required(
            id=f"contrast_checked_{one.id}", any_of=(_checked(study, one),), source=CONTRAST
        )
    if viewed:
        yield _work(f"view_{one.id}", f"view:{one.view}")
    if must and measures(study.kind, study.system, _signs(patient, study, one)):
        yield _work(f"measured_{one.id}", f"measured:{one.id}:long", weight=0.5)
    if _compares(study, one, conclusion):
        yield _work(f"compared_{one.id}", f"compared:{one.id}")


def _checked(study: Study, one: Seen) -> str:
    """The fact that contrast for the lesion's view was thought over, "" where it needs none."""
    contrast = study.kind.views[one.view].contrast if one.view else ""
    return f"contrast_safety:{contrast}" if contrast else ""


def _forbidden(patient: Patient, study: Study, conclusion: Conclusion) -> Iterator[Forbidden]:
    for name, view in study.kind.views.items():
        if view.contrast:
            yield _contrast(patient, name, view.contrast)
    if conclusion.critical:
        yield Forbidden(
            id="critical_overlooked",
            any_of=("report:nothing",),
            rule="CRITICAL_FINDING_MISSED",
            severity=5,
            note=f"reported as nothing: {', '.join(conclusion.critical)}",
            source=SOURCE,
        )
    right = {*conclusion.critical, *conclusion.urgent}
    yield Forbidden(
        id="false_alarm",
        any_of=tuple(f"communicated:{n}:*" for n in alarms() if n not in right),
        rule="CRITICAL_RESULT_FALSE_ALARM",
        severity=3,
        note="a critical result was called that is not there",
        source=SOURCE,
    )


def _contrast(patient: Patient, view: str, contrast: str) -> Forbidden:
    allowed = contrast_allowed(patient, contrast)
    return Forbidden(
        id=f"contrast_{view}",
        any_of=(f"view:{view}",),
        rule="CONTRAST_WITHOUT_CHECK" if allowed else "CONTRAST_CONTRAINDICATED",
        severity=3 if allowed else 5,
        unless_done=(f"contrast_safety:{contrast}",) if allowed else (),
        note=f"{contrast} contrast"
        + (", not checked before" if allowed else " in spite of a risk"),
        source=CONTRAST,
    )


def alarms() -> tuple[str, ...]:
    """Names of all results that may be told at once, sorted."""
    types = [t for kind in kinds().values() for t in kind.types.values()]
    return tuple(sorted({n for t in types for n in (t.critical, t.urgent) if n}))


def relevant(patient: Patient) -> tuple[str, ...]:
    """What is worth looking at in this study."""
    study, conclusion = truth(patient)
    facts = ["study_list", "study_opened", "indication", "quality", "template", "region:*"]
    facts += ["characterised:*", "measured:*", "draft:*", "demographics"]
    if study.order.prior_months:
        facts += ["prior_opened", "prior_reports", "compared:*"]
    if pictured(patient, study):
        facts += ["picture:*", "window:*", "histogram:*", "segmented:*"]
    if study.system:
        facts += [f"score:{study.system}", f"follow_up:{study.system}"]
    for one in study.lesions:
        if one.view:
            facts.append(f"view:{one.view}")
        if checked := _checked(study, one):
            facts += [checked, "allergies", "lab:bmp", "medications"]
    told = (*conclusion.critical, *conclusion.urgent)
    return (*facts, *(f"communicated:{n}:{w}" for n in told for w in CLINICIANS))


def answer(conclusion: Conclusion) -> dict[str, Any]:
    """The fields of the report."""
    findings = []
    for f in conclusion.findings:
        said: dict[str, Any] = {"region": f.region, "type": f.type, "laterality": f.laterality}
        findings.append({**said, "size_mm": round(f.sizes_mm[0], 1)} if f.sizes_mm else said)
    return {
        "findings": findings,
        "impression": conclusion.impressions[0],
        "category": conclusion.categories[0],
        "follow_up": conclusion.follow_up[0],
        "critical_communicated": bool(conclusion.critical),
    }


def drafts(conclusion: Conclusion) -> list[dict[str, Any]]:
    """Arguments by which each finding is noted before the report is signed."""
    said = answer(conclusion)["findings"]
    return [
        {"finding_type": f["type"], **{k: v for k, v in f.items() if k != "type"}} for f in said
    ]


def _call(tool: str, **arguments: Any) -> Call:
    return Call(tool=tool, arguments=arguments)


def _look(patient: Patient, study: Study, one: Seen) -> Iterator[Call]:
    yield _call("characterise_lesion", lesion=one.id)
    if _checked(study, one):
        yield _call("check_contrast_safety", contrast=study.kind.views[one.view].contrast)
    if _had(patient, study, one):
        yield _call("request_additional_view", view=one.view)
        yield _call("characterise_lesion", lesion=one.id)


def reference(patient: Patient) -> list[Call]:
    """Open, search every region, look, tell what is critical, measure, grade, report."""
    study, conclusion = truth(patient)
    calls = [_call(t) for t in ("open_study", "get_clinical_indication", "assess_image_quality")]
    calls += [_call("view_region", region=r) for r in study.kind.regions]
    for one in study.lesions:
        calls += [c for c in _look(patient, study, one) if c not in calls or c.tool[:4] == "char"]
    for name in conclusion.critical:
        arguments = {"to": CLINICIANS[0], "finding": name}
        calls.append(Call(tool="communicate_critical_result", arguments=arguments))
    for one in study.lesions:
        if measures(study.kind, study.system, _signs(patient, study, one)):
            calls.append(_call("measure_lesion", lesion=one.id))
        if _compares(study, one, conclusion):
            calls.append(_call("compare_with_prior", lesion=one.id))
    if conclusion.graded:
        named = {"system": conclusion.system, "lesion": conclusion.graded}
        calls.append(Call(tool="classify_lesion", arguments=named))
        calls.append(_call("get_follow_up_recommendation", system=conclusion.system))
    calls += [Call(tool="draft_finding", arguments=a) for a in drafts(conclusion)]
    return [*calls, Call(tool="submit_reading", arguments=answer(conclusion))]
