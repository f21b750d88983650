"""The reader compares, grades, tells what cannot wait, orders, and answers."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ...bus.events import Answer, Effect
from ...knowledge.domains.visual_diagnosis import CRITICAL_MIN, LESIONS, MEASURED
from ...knowledge.images.series import track_lesion_changes as growth
from ...knowledge.instruments.core import calc
from ...knowledge.patients import Patient
from ...knowledge.visual.cases import SIZES, Image, pictured, tolerance
from ...knowledge.visual.cases import image as image_of
from ...knowledge.visual.conclusions import SKIN_GROWTH
from ...knowledge.visual.inputs import graded, grown
from ...knowledge.visual.words import About, Advice, Category, Critical, Diagnosis, Measure, System
from ...knowledge.world import World, minutes
from ..errors import insufficient, invalid
from ..tool import Context, Outcome, tool
from .shared import icd
from .visual_diagnosis import HERE, ImageId, found, reading

_DAYS = 30.4375
_LENGTH = {
    "skin": "diameter_mm",
    "thyroid": "max_diameter_mm",
    "lung_ct": "mean_diameter_mm",
    "mammogram": "long_axis_mm",
}


class Measurement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A measure of the answer."""

    name: Measure
    value: float


def _pair(world: World, image: str, prior_image: str) -> tuple[Image, Image]:
    """A current and an earlier picture, both viewed. Raises ToolRefused."""
    now, before = found(world, image), found(world, prior_image)
    if now.role != "current":
        raise invalid("image", "id of the current picture", image)
    if before.role != "prior":
        raise invalid("prior_image", "id of an earlier picture", prior_image)
    return now, before


@tool(effect="read", minutes=1, domains=HERE)
def compare_images(ctx: Context, image: ImageId, prior_image: ImageId) -> Outcome:
    """Measure the lesion on the current and on an earlier picture: what changed beyond error.

    Fields:
        image: Id of the viewed current picture.
        prior_image: Id of the viewed earlier picture.

    """
    now, before = _pair(ctx.world, image, prior_image)
    new, old = reading(now), reading(before)
    kind = now.shot.kind
    changes = []
    for name in (n for n in new if n in SIZES and n in old):
        a, b = float(old[name]), float(new[name])
        limit = tolerance(kind, name).at(a)
        changes.append({"name": name, "prior": a, "current": b, "changed": abs(b - a) > limit})
    months = pictured(ctx.world.patient).prior_months
    content = {"image": now.id, "months_ago": months, "changes": changes}
    return Outcome(content=content, reveals=("compared",))


@tool(effect="read", minutes=1, domains=HERE)
def track_lesion_changes(ctx: Context, image: ImageId, prior_image: ImageId) -> Outcome:
    """Growth of a compared lesion in mm and percent, and its volume doubling time in days.

    Fields:
        image: Id of the viewed current picture.
        prior_image: Id of the viewed earlier picture.

    """
    now, before = _pair(ctx.world, image, prior_image)
    if "compared" not in ctx.world.observed:
        raise insufficient("compared")
    days = round(pictured(ctx.world.patient).prior_months * _DAYS)
    key = _LENGTH[now.shot.kind]
    sizes = ((0.0, float(reading(before)[key])), (float(days), float(reading(now)[key])))
    course = growth(sizes)
    content: dict[str, Any] = {
        "measure": key,
        "days": days,
        "growth_mm": round(course.growth_mm, 1),
        "growth_percent": round(course.growth_percent),
        "volume_doubling_days": course.volume_doubling_days
        and round(course.volume_doubling_days, -1),
    }
    return Outcome(content=content, reveals=("tracked",))


def _observed(world: World, one: Image) -> dict[str, float | str]:
    """The reading, where all of it was taken. Raises ToolRefused naming what is missing."""
    values = reading(one)
    facts = MEASURED.get(one.shot.kind, LESIONS)
    missing = [f for f in facts if f not in world.observed]
    if missing:
        raise insufficient(*missing)
    return values


def _about(patient: Patient, world: World, one: Image) -> About:
    """What the reader knows beside the picture. Raises ToolRefused."""
    of = pictured(patient)
    needs = ["compared"] if of.prior_months else []
    solid = reading(one).get("nodule_type") == "solid" and of.setting != "screening"
    needs += ["history"] if solid else []
    missing = [f for f in needs if f not in world.observed]
    if missing:
        raise insufficient(*missing)
    return About(
        setting=of.setting,
        smoker="smoker" in patient.comorbidities,
        prior=_prior(patient),
        prior_months=of.prior_months,
    )


def _prior(patient: Patient) -> dict[str, float | str]:
    before = image_of(patient, "prior")
    return reading(before) if before else {}


@tool(effect="read", minutes=1, domains=HERE)
def grade_image_finding(ctx: Context, image: ImageId, system: System) -> Outcome:
    """Run the instrument of a kind of picture on what was measured: category and what it asks for.

    Fields:
        image: Id of a viewed and measured current picture.
        system: Instrument that fits the kind of picture and the setting.

    """
    one = found(ctx.world, image)
    values = _observed(ctx.world, one)
    about = _about(ctx.world.patient, ctx.world, one)
    inputs = graded(one.shot.kind, system, values, about)
    if inputs is None:
        raise invalid("system", "an instrument for this kind of picture and setting", system)
    result = calc(system, inputs)
    content: dict[str, Any] = {"image": one.id, "system": system, "value": result.value}
    if result.band:
        content["band"] = result.band
    if management := result.components.get("management"):
        content["management"] = management
    return Outcome(content=content, reveals=(f"score:{system}",))


@tool(effect="read", minutes=1, domains=HERE)
def assess_abcde(ctx: Context, image: ImageId) -> Outcome:
    """ABCDE warning signs of a mole; E from the earlier picture, else from what the patient said.

    Fields:
        image: Id of the viewed and measured current picture of a mole.

    """
    one = found(ctx.world, image)
    if one.shot.kind != "skin":
        raise invalid("image", "a picture of a mole", one.shot.kind)
    values, known = _observed(ctx.world, one), ctx.world.observed
    patient = ctx.world.patient
    if "compared" in known:
        about = About(prior=_prior(patient), prior_months=pictured(patient).prior_months)
        evolving = grown(values, about, "diameter_mm") >= SKIN_GROWTH
    elif "finding:mole_changed" in known:
        evolving = patient.findings["mole_changed"]
    else:
        raise insufficient("change of the mole: ask, or compare with an earlier picture")
    result = calc(
        "abcde_melanoma",
        {
            "asymmetry": float(values["asymmetry"]) >= _ASYMMETRIC,
            "border_irregular": float(values["border_irregularity"]) >= _NOTCHED,
            "color_variegated": float(values["colours"]) >= _COLOURFUL,
            "diameter_mm": values["diameter_mm"],
            "evolving": evolving,
        },
    )
    content: dict[str, Any] = {"image": one.id, "value": result.value, **result.components}
    return Outcome(content=content, reveals=("score:abcde_melanoma",))


_ASYMMETRIC, _NOTCHED, _COLOURFUL = 0.1, 0.03, 3
"""Own limits on these phantoms; the letters have no published ones (unverified)."""


@tool(effect="write", minutes=2, domains=HERE)
def alert_clinician(ctx: Context, image: ImageId, finding: Critical) -> Outcome:
    """Tell the clinician in charge at once what cannot wait.

    Fields:
        image: Id of the viewed picture that shows it.
        finding: What is told.

    """
    one = found(ctx.world, image)
    content = {"image": one.id, "told": finding, "minute": minutes(ctx.done), "limit": CRITICAL_MIN}
    return Outcome(content=content, effect=Effect(kind="noted", item=f"alerted:{finding}"))


@tool(effect="order", minutes=2, domains=HERE)
def request_tissue_sample(
    ctx: Context, image: ImageId, method: Literal["needle", "excision"]
) -> Outcome:
    """Ask for tissue of the lesion on a picture.

    Fields:
        image: Id of a viewed picture.
        method: Needle (fine or core) or excision.

    """
    one = found(ctx.world, image)
    content = {"image": one.id, "requested": method}
    return Outcome(content=content, effect=Effect(kind="noted", item=f"sample:{method}"))


@tool(effect="order", minutes=2, domains=HERE)
def refer_patient(
    ctx: Context, image: ImageId, to: Literal["ophthalmology", "cardiology", "tumour_board"]
) -> Outcome:
    """Refer the patient for what a picture shows.

    Fields:
        image: Id of a viewed picture.
        to: Who should see the patient.

    """
    one = found(ctx.world, image)
    content = {"image": one.id, "referred_to": to}
    return Outcome(content=content, effect=Effect(kind="noted", item=f"referral:{to}"))


@tool(effect="submit", minutes=1, domains=HERE)
def submit_visual_diagnosis(
    ctx: Context,
    diagnosis: Diagnosis,
    recommendation: Advice,
    category: Category = "none",
    icd10_code: str = "",
    side: Literal["left", "right", "none"] = "none",
    measurements: Annotated[tuple[Measurement, ...], Meta(max_length=8)] = (),
    alerted: bool = False,
) -> Outcome:
    """End the episode with the diagnosis of the current picture.

    Fields:
        diagnosis: What the picture shows.
        recommendation: What follows.
        category: Category of the grading system, size of a pneumothorax, "none" without one.
        icd10_code: ICD-10-CM code; may be left out where nothing is wrong.
        side: Side of the finding, or the eye, where the kind of picture has one.
        measurements: Measures the diagnosis rests on, each once: name and value as the tools tell.
        alerted: Whether the clinician was told at once.

    """
    names = [m.name for m in measurements]
    if len(set(names)) < len(names):
        raise invalid("measurements", "each measure once", ", ".join(names))
    code = icd(icd10_code) if icd10_code else ""
    fields = {
        "diagnosis": diagnosis,
        "recommendation": recommendation,
        "category": category,
        "side": side,
        "measurements": {m.name: m.value for m in measurements},
        "alerted": alerted,
    }
    del ctx
    return Outcome(
        content={"submitted": True, "diagnosis": diagnosis},
        effect=Effect(kind="submitted", item=f"reading:{diagnosis}", text=code),
        answer=Answer(icd10_code=code, diagnosis=diagnosis, fields=fields),
    )
