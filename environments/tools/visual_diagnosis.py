"""The reader's pictures: listed, looked at, windowed, segmented, measured, counted.

Every value is read off the pixels of this patient's picture.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta

from ...knowledge.domains.visual_diagnosis import LESIONS, MEASURED
from ...knowledge.errors import BadPicture, Unmeasurable
from ...knowledge.images.picture import contrast, histogram, shown, windowed
from ...knowledge.images.png import plain_png
from ...knowledge.radiology.pictures import picture, segmented
from ...knowledge.visual.cases import SIZES, Image, images_of, pictured, read
from ...knowledge.world import World
from ..errors import insufficient, invalid
from ..tool import Context, Outcome, tool

HERE = ("visual_diagnosis",)
ImageId = Annotated[str, Meta(min_length=3, max_length=20)]


def found(world: World, image: str, *, viewed: bool = True) -> Image:
    """The picture of that id. Raises ToolRefused: unknown, or not looked at yet."""
    if "listed" not in world.observed:
        raise insufficient("listed")
    one = next((i for i in images_of(world.patient) if i.id == image.strip().upper()), None)
    if one is None:
        raise invalid("image", "an id that list_images has shown", image)
    if viewed and _viewed(one) not in world.observed:
        raise insufficient(_viewed(one))
    return one


def _viewed(one: Image) -> str:
    return "viewed" if one.role == "current" else "viewed_prior"


def reading(one: Image) -> dict[str, float | str]:
    """What the pixels tell. Raises ToolRefused where they tell nothing."""
    try:
        return read(one)
    except Unmeasurable as error:
        raise insufficient(str(error)) from error


def fit(one: Image, fact: str) -> None:
    """Refuse a measure that this kind of picture does not have. Raises ToolRefused."""
    if fact not in MEASURED.get(one.shot.kind, LESIONS):
        raise invalid("image", "a picture of a kind that this tool measures", one.shot.kind)


def _told(one: Image, fact: str, values: Mapping[str, float | str]) -> Outcome:
    facts = (fact,) if one.role == "current" else (f"{fact}_prior",)
    return Outcome(content={"image": one.id, **values}, reveals=facts)


@tool(effect="read", minutes=1, domains=HERE)
def list_images(ctx: Context) -> Outcome:
    """The pictures of this patient: id, kind, age, and in which setting they were taken."""
    patient = ctx.world.patient
    listed = [
        {"image": one.id, "kind": one.shot.kind, "months_ago": one.months_ago}
        for one in images_of(patient)
    ]
    content = {"images": listed, "setting": pictured(patient).setting}
    return Outcome(content=content, reveals=("listed",))


@tool(effect="read", minutes=1, domains=HERE)
def view_image(ctx: Context, image: ImageId) -> Outcome:
    """Put a picture on the screen; from then on it can be measured.

    Fields:
        image: Id that list_images has shown, such as IMG-1234.

    """
    one = found(ctx.world, image, viewed=False)
    seen = picture(one.shot)
    content: dict[str, Any] = {
        "image": one.id,
        "kind": one.shot.kind,
        "months_ago": one.months_ago,
        "modality": seen.modality,
        "rows": seen.pixels.shape[0],
        "columns": seen.pixels.shape[1],
        "colour": seen.pixels.ndim == 3,
        "pixel_mm": seen.mm,
    }
    if seen.window is not None:
        content["window"] = {"centre": seen.window[0], "width": seen.window[1], "unit": "HU"}
    return Outcome(content=content, reveals=(_viewed(one),), pictures=(plain_png(shown(seen)),))


@tool(effect="read", minutes=1, domains=HERE)
def window_image(
    ctx: Context,
    image: ImageId,
    centre: Annotated[float, Meta(ge=-2000, le=4000)],
    width: Annotated[float, Meta(ge=1, le=6000)],
) -> Outcome:
    """Show a picture through another window: what is black and white in it.

    Fields:
        image: Id of a picture that was viewed.
        centre: Middle of the window: Hounsfield units of CT, grey values 0 to 255 otherwise.
        width: Width of the window, same unit.

    """
    one = found(ctx.world, image)
    grey = windowed(picture(one.shot), centre, width)
    content = {
        "image": one.id,
        "centre": centre,
        "width": width,
        "share_black": round(float((grey == 0).mean()), 2),
        "share_white": round(float((grey == 255).mean()), 2),
    }
    return Outcome(content=content, reveals=("window",), pictures=(plain_png(grey),))


@tool(effect="read", minutes=1, domains=HERE)
def enhance_contrast(
    ctx: Context, image: ImageId, factor: Annotated[float, Meta(gt=0, le=8)]
) -> Outcome:
    """Spread the grey values of a picture around their mean.

    Fields:
        image: Id of a picture that was viewed.
        factor: Above 1 for more contrast, below 1 for less.

    """
    one = found(ctx.world, image)
    try:
        grey = contrast(picture(one.shot), factor)
    except BadPicture as error:
        raise invalid("factor", str(error), factor) from error
    content = {
        "image": one.id,
        "factor": factor,
        "grey_sd": round(float(grey.std())),
        "clipped_share": round(float(((grey == 0) | (grey == 255)).mean()), 2),
    }
    return Outcome(content=content, reveals=("contrast",), pictures=(plain_png(grey),))


@tool(effect="read", minutes=1, domains=HERE)
def count_pixel_values(
    ctx: Context, image: ImageId, bins: Annotated[int, Meta(ge=2, le=32)] = 12
) -> Outcome:
    """Histogram of a picture: shares of its pixels by value (Hounsfield units of CT, else grey).

    Fields:
        image: Id of a picture that was viewed.
        bins: Number of equal classes from the least to the greatest value.

    """
    one = found(ctx.world, image)
    counted = histogram(picture(one.shot), bins)
    whole = sum(n for _, _, n in counted)
    content: dict[str, Any] = {
        "image": one.id,
        "from": [round(low) for low, _, _ in counted],
        "to": round(counted[-1][1]),
        "share": [round(n / whole, 3) for _, _, n in counted],
    }
    return Outcome(content=content, reveals=("histogram",))


@tool(effect="read", minutes=1, domains=HERE)
def segment_lesion(ctx: Context, image: ImageId) -> Outcome:
    """Outline the lesion of a picture: area, place, box, mean value inside and around.

    Fields:
        image: Id of a viewed picture of a mole, nodule, mass or film with a shadow.

    """
    one = found(ctx.world, image)
    try:
        region = segmented(one.shot)
    except Unmeasurable as error:
        return Outcome(content={"image": one.id, "note": str(error)})
    content: dict[str, Any] = {
        "image": one.id,
        "area_mm2": round(region.area_mm2),
        "centre_px": [round(region.row), round(region.column)],
        "box_mm": [region.height_mm, region.width_mm],
        "mean": round(region.mean),
        "mean_around": round(region.around),
    }
    return Outcome(content=content, reveals=("segmented",))


@tool(effect="read", minutes=1, domains=HERE)
def measure_image_lesion(ctx: Context, image: ImageId) -> Outcome:
    """Measure a mole, nodule or mass: lengths in mm, area in mm2, shape.

    Fields:
        image: Id of a viewed picture.

    """
    one = found(ctx.world, image)
    fit(one, "sized")
    values = reading(one)
    return _told(one, "sized", {k: v for k, v in values.items() if k in SIZES})


@tool(effect="read", minutes=1, domains=HERE)
def read_image_features(ctx: Context, image: ImageId) -> Outcome:
    """Features of a mole, nodule or mass that its category rests on.

    Fields:
        image: Id of a viewed picture.

    """
    one = found(ctx.world, image)
    fit(one, "features")
    values = reading(one)
    return _told(one, "features", {k: v for k, v in values.items() if k not in SIZES})


@tool(effect="read", minutes=1, domains=HERE)
def inspect_lung_fields(ctx: Context, image: ImageId) -> Outcome:
    """Air outside the lung, fluid at its base, shadows in it, with the patient's side.

    `air_share` is the width of air over the half chest and `rim_mm` that width; `fluid_share` the
    white part of the field's height at the wall; `shadow_mm` a diameter. What is not told was not
    found.

    Fields:
        image: Id of a viewed chest film.

    """
    one = found(ctx.world, image)
    fit(one, "lung_fields")
    values = reading(one)
    return _told(
        one, "lung_fields", {k: v for k, v in values.items() if k != "cardiothoracic_ratio"}
    )


@tool(effect="read", minutes=1, domains=HERE)
def cardiothoracic_ratio(ctx: Context, image: ImageId) -> Outcome:
    """Widest heart over widest inner chest of a film.

    Fields:
        image: Id of a viewed chest film.

    """
    one = found(ctx.world, image)
    fit(one, "heart_width")
    value = reading(one).get("cardiothoracic_ratio")
    if value is None:
        raise insufficient("border of the heart: fluid hides it")
    return _told(one, "heart_width", {"cardiothoracic_ratio": value})


@tool(effect="read", minutes=1, domains=HERE)
def count_structures(ctx: Context, image: ImageId) -> Outcome:
    """Count and size: red dots, blots and deposits of a retina with its cup; nuclei of a section.

    Fields:
        image: Id of a viewed photograph of a retina or stained section.

    """
    one = found(ctx.world, image)
    fit(one, "counted")
    return _told(one, "counted", reading(one))


@tool(effect="read", minutes=1, domains=HERE)
def measure_ecg(ctx: Context, image: ImageId) -> Outcome:
    """Rhythm, rate, intervals in ms and ST level of every lead in mm, off the paper.

    Fields:
        image: Id of a viewed electrocardiogram.

    """
    one = found(ctx.world, image)
    fit(one, "ecg_measured")
    return _told(one, "ecg_measured", reading(one))


@tool(effect="read", minutes=1, domains=HERE)
def measure_ctg(ctx: Context, image: ImageId) -> Outcome:
    """Baseline, variability, accelerations, decelerations and contractions of a fetal tracing.

    Fields:
        image: Id of a viewed tracing.

    """
    one = found(ctx.world, image)
    fit(one, "ctg_measured")
    return _told(one, "ctg_measured", reading(one))
