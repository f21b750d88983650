"""The radiologist looks: study, regions, lesions, prior studies, quality and the question asked."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from ...knowledge.domains.radiology_report import looked, truth
from ...knowledge.patients import Patient
from ...knowledge.radiology.kinds import View
from ...knowledge.radiology.readings import Person, Reading
from ...knowledge.radiology.report import person_of, reading_of
from ...knowledge.radiology.studies import (
    LOW_EGFR,
    Seen,
    Study,
    contrast_allowed,
    egfr,
    reacted,
)
from ...knowledge.world import World
from ..errors import insufficient, invalid
from ..tool import Context, Outcome, tool

HERE = ("radiology_report",)
LesionId = Annotated[str, Meta(min_length=2, max_length=20)]
METFORMIN_EGFR = 60
"""Filtration below which the US label of metformin stops it for iodinated contrast (FDA 2016)."""


def opened(world: World) -> Study:
    """The study once it was opened. Raises ToolRefused (insufficient_data)."""
    if "study_opened" not in world.observed:
        raise insufficient("study_opened")
    return truth(world.patient)[0]


def found(world: World, lesion: str, *, looked_at: bool = False) -> tuple[Study, Seen]:
    """The study and a lesion that was seen on it. Raises ToolRefused."""
    study = opened(world)
    known = [one.id for one in study.lesions if f"lesion:{one.id}" in world.observed]
    one = study.lesion(lesion.strip().upper())
    if one is None or one.id not in known:
        raise invalid("lesion", f"one of: {', '.join(known) or 'none seen yet'}", lesion)
    if looked_at and f"characterised:{one.id}" not in world.observed:
        raise insufficient(f"characterised:{one.id}")
    return study, one


def viewed(world: World, one: Seen) -> bool:
    """Whether the lesion's additional view was had."""
    return bool(one.view) and f"view:{one.view}" in world.observed


def read_of(world: World, one: Seen) -> Reading:
    """A lesion as far as it was read."""
    seen = looked(one, viewed=True) in world.observed
    whole = reading_of(one, viewed=seen and bool(one.view))
    mm = {a: v for a, v in whole.mm.items() if f"measured:{one.id}:{a}" in world.observed}
    prior = whole.prior_mm if f"compared:{one.id}" in world.observed else {}
    return Reading(
        id=whole.id,
        region=whole.region,
        side=whole.side,
        features=whole.features,
        mm=mm,
        prior_mm=prior,
    )


def readings(world: World, study: Study) -> list[Reading]:
    """All lesions whose signs were looked at, as far as they were read."""
    known = world.observed
    return [read_of(world, one) for one in study.lesions if f"characterised:{one.id}" in known]


def reader_knows(world: World, study: Study) -> Person:
    """What a system asks of the patient."""
    return person_of(world.patient, study)


@tool(effect="read", minutes=1, domains=HERE)
def get_study_list(ctx: Context) -> Outcome:
    """The studies of this patient: the current one and prior ones, by age in months."""
    study, _ = truth(ctx.world.patient)
    shown: list[dict[str, Any]] = [
        {"study": "current", "name": study.kind.name, "modality": study.kind.modality}
    ]
    if study.order.prior_months:
        prior = {"study": "prior", "name": study.kind.name}
        shown.append({**prior, "months_ago": study.order.prior_months})
    return Outcome(content={"studies": shown}, reveals=("study_list",))


def _view(name: str, view: View) -> dict[str, str]:
    said = {"view": name, "shows": view.name}
    return {**said, "contrast": view.contrast} if view.contrast else said


@tool(effect="read", minutes=1, domains=HERE)
def open_study(ctx: Context, study: Literal["current", "prior"] = "current") -> Outcome:
    """Open a study: its regions, the views that could be added, the side the marker shows.

    Fields:
        study: The current study or the prior one.

    """
    now, _ = truth(ctx.world.patient)
    months = now.order.prior_months
    if study == "prior":
        if not months:
            raise insufficient("prior study")
        sizes = [max(one.prior_mm.values(), default=0.0) for one in now.lesions]
        content: dict[str, Any] = {
            "name": now.kind.name,
            "months_ago": months,
            "focal_areas": sum(bool(one.prior_mm) for one in now.lesions),
            "largest_mm": round(max(sizes, default=0.0)),
        }
        return Outcome(content=content, reveals=("prior_opened",))
    content = {
        "kind": now.kind_id,
        "name": now.kind.name,
        "regions": list(now.kind.regions),
        "views_possible": [_view(n, v) for n, v in now.kind.views.items()],
        "prior_months_ago": months or None,
    }
    if now.kind.sided:
        content["marker"] = now.order.side
    return Outcome(content=content, reveals=("study_opened",))


@tool(effect="read", minutes=1, domains=HERE)
def view_region(ctx: Context, region: Annotated[str, Meta(min_length=2, max_length=60)]) -> Outcome:
    """Look at one region of the opened study: what stands out there, with ids of lesions.

    Fields:
        region: A region that open_study has named.

    """
    study = opened(ctx.world)
    name = region.strip().lower().replace(" ", "_")
    if name not in study.kind.regions:
        raise invalid("region", f"one of: {', '.join(study.kind.regions)}", region)
    here = [one for one in study.lesions if one.region == name]
    content: dict[str, Any] = {
        "region": name,
        "seen": [{"lesion": one.id, "look": one.look} for one in here],
    }
    if not here:
        content["otherwise"] = study.kind.regions[name]
    return Outcome(content=content, reveals=(f"region:{name}", *(f"lesion:{o.id}" for o in here)))


@tool(effect="read", minutes=1, domains=HERE)
def characterise_lesion(ctx: Context, lesion: LesionId) -> Outcome:
    """Look closely at a lesion: its signs, and the view without which some stay hidden.

    Fields:
        lesion: Id of a lesion that view_region has shown, such as L1.

    """
    _, one = found(ctx.world, lesion)
    seen = viewed(ctx.world, one)
    content: dict[str, Any] = {
        "lesion": one.id,
        "region": one.region,
        "laterality": one.side,
        "signs": one.shown(viewed=seen),
    }
    if one.view and not seen:
        content["more_with_view"] = one.view
    facts = (looked(one, viewed=False), *((looked(one, viewed=True),) if seen else ()))
    return Outcome(content=content, reveals=facts)


@tool(effect="read", minutes=1, domains=HERE)
def get_clinical_indication(ctx: Context) -> Outcome:
    """Why the study was asked for, in which setting, and known risks."""
    patient = ctx.world.patient
    order = truth(patient)[0].order
    content: dict[str, Any] = {
        "reason": order.reason,
        "setting": order.setting,
        "age_years": patient.age_years,
        "sex": patient.sex,
        "risk_factors": list(order.risk_factors),
    }
    if order.side != "none":
        content["side_in_request"] = order.asked_side or order.side
    return Outcome(content=content, reveals=("indication",))


@tool(effect="read", minutes=1, domains=HERE)
def get_prior_reports(ctx: Context) -> Outcome:
    """What the report of the prior study says; it may be wrong."""
    order = truth(ctx.world.patient)[0].order
    said: list[dict[str, Any]] = []
    if order.prior_months:
        said.append({"months_ago": order.prior_months, "text": order.prior_said or "not filed"})
    return Outcome(content={"reports": said}, reveals=("prior_reports",))


@tool(effect="read", minutes=1, domains=HERE)
def assess_image_quality(ctx: Context) -> Outcome:
    """Technical quality of the opened study, and whether further views can be had now."""
    study = opened(ctx.world)
    content: dict[str, Any] = {
        "quality": study.note,
        "diagnostic": True,
        "patient_on_site": study.order.view_possible,
    }
    asked = study.order.asked_side
    if asked and asked != study.order.side:
        content["label"] = f"marker says {study.order.side}, request says {asked}"
    return Outcome(content=content, reveals=("quality",))


def _metformin(patient: Patient, rate: float) -> str:
    if not any(m.drug == "metformin" for m in patient.medications):
        return "not taken"
    if rate < LOW_EGFR:
        return "stop; contraindicated at this eGFR"
    if rate < METFORMIN_EGFR:
        return "stop for 48 h by the US label, then check the kidneys"
    return "goes on"


@tool(effect="read", minutes=1, domains=HERE)
def check_contrast_safety(
    ctx: Context, contrast: Literal["iodinated", "gadolinium"] = "iodinated"
) -> Outcome:
    """Whether contrast may be given: eGFR (CKD-EPI 2021), earlier reactions, metformin.

    Fields:
        contrast: Class of contrast medium.

    """
    patient = ctx.world.patient
    rate = egfr(patient)
    reactions = [
        f"{a.substance}: {a.reaction}" for a in patient.allergies if reacted(a.substance, contrast)
    ]
    allowed = contrast_allowed(patient, contrast)
    content: dict[str, Any] = {
        "contrast": contrast,
        "egfr_ml_min_1_73": round(rate),
        "earlier_reactions": reactions,
        "metformin": _metformin(patient, rate) if contrast == "iodinated" else "goes on",
        "may_be_given": allowed,
    }
    return Outcome(content=content, reveals=(f"contrast_safety:{contrast}",))
