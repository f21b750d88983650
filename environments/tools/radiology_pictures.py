"""The radiologist's pictures and measurements: displayed, windowed, counted, measured, compared."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from ...knowledge.errors import BadPicture, Unmeasurable
from ...knowledge.images.picture import histogram, shown, windowed
from ...knowledge.images.png import plain_png
from ...knowledge.patients import Patient
from ...knowledge.radiology.pictures import Shot, axes, picture, segmented, shot
from ...knowledge.radiology.studies import Seen, Study
from ...knowledge.world import World
from ..errors import insufficient, invalid
from ..tool import Context, Outcome, tool
from .radiology_report import HERE, LesionId, found, viewed

Which = Literal["current", "prior"]
Axis = Literal["all", "long", "short", "solid", "wall"]
_NONE = "described only: no picture shows it"


def _shot(world: World, study: Study, one: Seen, which: Which) -> Shot | None:
    """The picture of a lesion as far as its views were had. Raises ToolRefused."""
    if which == "prior" and not study.order.prior_months:
        raise insufficient("prior study")
    patient: Patient = world.patient
    return shot(patient, study, one, viewed=viewed(world, one), prior=which == "prior")


def _fact(one: Seen, which: Which) -> str:
    return f"picture:{one.id}" if which == "current" else f"picture:{one.id}:prior"


def looked_at(world: World, study: Study, one: Seen, which: Which) -> Shot | None:
    """The picture of a lesion, where it was looked at."""
    return _shot(world, study, one, which) if _fact(one, which) in world.observed else None


def _displayed(world: World, lesion: str, which: Which) -> tuple[Seen, Shot]:
    study, one = found(world, lesion)
    seen = looked_at(world, study, one, which)
    if seen is None:
        raise insufficient(_fact(one, which))
    return one, seen


def on_picture(seen: Shot) -> dict[str, Any]:
    """Lengths on a picture by axis, mm, or why there are none. Raises MissingExtra."""
    try:
        return {"mm": axes(seen)}
    except Unmeasurable as error:
        return {"mm": {}, "note": str(error)}


@tool(effect="read", minutes=1, domains=HERE)
def display_study_image(ctx: Context, lesion: LesionId, study: Which = "current") -> Outcome:
    """Put the picture of a lesion on the screen; from then on it can be measured there.

    Fields:
        lesion: Id of a lesion that view_region has shown.
        study: The current study or the prior one.

    """
    whole, one = found(ctx.world, lesion)
    seen = _shot(ctx.world, whole, one, study)
    if seen is None:
        note = "not there before" if study == "prior" and not one.prior_mm else _NONE
        return Outcome(content={"lesion": one.id, "study": study, "picture": "none", "note": note})
    image = picture(seen)
    content: dict[str, Any] = {
        "lesion": one.id,
        "study": study,
        "picture": seen.kind,
        "rows": image.pixels.shape[0],
        "columns": image.pixels.shape[1],
        "pixel_mm": image.mm,
    }
    if image.window is not None:
        content["window"] = {"centre": image.window[0], "width": image.window[1], "unit": "HU"}
    return Outcome(
        content=content, reveals=(_fact(one, study),), pictures=(plain_png(shown(image)),)
    )


@tool(effect="read", minutes=1, domains=HERE)
def adjust_window(
    ctx: Context,
    lesion: LesionId,
    centre: Annotated[float, Meta(ge=-2000, le=4000)],
    width: Annotated[float, Meta(ge=1, le=6000)],
    study: Which = "current",
) -> Outcome:
    """Show a displayed picture through another window: what is black, grey and white in it.

    Fields:
        lesion: Id of a lesion whose picture is displayed.
        centre: Middle of the window: Hounsfield units of CT, grey values 0 to 255 otherwise.
        width: Width of the window, same unit.
        study: The current study or the prior one.

    """
    one, seen = _displayed(ctx.world, lesion, study)
    image = picture(seen)
    try:
        grey = windowed(image, centre, width)
    except BadPicture as error:
        raise invalid("width", str(error), width) from error
    content: dict[str, Any] = {
        "lesion": one.id,
        "centre": centre,
        "width": width,
        "share_black": round(float((grey == 0).mean()), 3),
        "share_white": round(float((grey == 255).mean()), 3),
        "mean_grey": round(float(grey.mean()), 1),
    }
    return Outcome(content=content, reveals=(f"window:{one.id}",), pictures=(plain_png(grey),))


@tool(effect="read", minutes=1, domains=HERE)
def image_histogram(
    ctx: Context,
    lesion: LesionId,
    bins: Annotated[int, Meta(ge=2, le=32)] = 12,
    study: Which = "current",
) -> Outcome:
    """How many pixels of a displayed picture have which value (Hounsfield units of CT, else grey).

    Fields:
        lesion: Id of a lesion whose picture is displayed.
        bins: Number of equal classes from the least to the greatest value.
        study: The current study or the prior one.

    """
    one, seen = _displayed(ctx.world, lesion, study)
    counted = histogram(picture(seen), bins)
    content: dict[str, Any] = {
        "lesion": one.id,
        "from": [round(low, 1) for low, _, _ in counted],
        "to": round(counted[-1][1], 1),
        "pixels": [n for _, _, n in counted],
    }
    return Outcome(content=content, reveals=(f"histogram:{one.id}",))


@tool(effect="read", minutes=1, domains=HERE)
def segment_region(ctx: Context, lesion: LesionId, study: Which = "current") -> Outcome:
    """Outline a lesion on its displayed picture: area, box, mean value inside and around.

    Fields:
        lesion: Id of a lesion whose picture is displayed.
        study: The current study or the prior one.

    """
    one, seen = _displayed(ctx.world, lesion, study)
    try:
        region = segmented(seen)
    except Unmeasurable as error:
        return Outcome(content={"lesion": one.id, "note": str(error)})
    content: dict[str, Any] = {
        "lesion": one.id,
        "area_mm2": region.area_mm2,
        "centre_px": [region.row, region.column],
        "box_mm": [region.height_mm, region.width_mm],
        "mean": region.mean,
        "sd": region.sd,
        "mean_around": region.around,
        "unit": "HU" if picture(seen).modality == "CT" else "grey 0 to 255",
    }
    return Outcome(content=content, reveals=(f"segmented:{one.id}",))


def _measurable(study: Study, one: Seen, *, seen: bool) -> dict[str, float]:
    """Lengths with borders that can be seen."""
    signs = one.shown(viewed=seen)
    shown = {a: v for a, v in one.mm.items() if a in study.kind.axes}
    if signs.get("walls") == "not assessable":
        shown.pop("wall", None)
    return shown


@tool(effect="read", minutes=1, domains=HERE)
def measure_lesion(ctx: Context, lesion: LesionId, axis: Axis = "all") -> Outcome:
    """Measure a lesion in mm, with the standard deviation of one measurement.

    Where its picture is displayed, it is measured on the pixels as well.

    Fields:
        lesion: Id of a lesion that view_region has shown.
        axis: One axis, or all that have borders: long, short, solid part, wall or septum.

    """
    study, one = found(ctx.world, lesion)
    known = _measurable(study, one, seen=viewed(ctx.world, one))
    shown = known if axis == "all" else {a: v for a, v in known.items() if a == axis}
    content: dict[str, Any] = {"lesion": one.id, "mm": shown, "sd_mm": study.kind.error_mm}
    if not shown:
        content["note"] = "no borders to measure"
    if seen := looked_at(ctx.world, study, one, "current"):
        content["on_picture"] = on_picture(seen)
    return Outcome(content=content, reveals=tuple(f"measured:{one.id}:{a}" for a in shown))


def _changes(now: Shot, before: Shot) -> dict[str, Any]:
    """Lengths on both pictures and their differences, mm. Raises MissingExtra."""
    new, old = on_picture(now)["mm"], on_picture(before)["mm"]
    change = {axis: round(v - old[axis], 1) for axis, v in new.items() if axis in old}
    return {"mm": new, "prior_mm": old, "change_mm": change}


@tool(effect="read", minutes=1, domains=HERE)
def compare_with_prior(ctx: Context, lesion: LesionId) -> Outcome:
    """Compare a measured lesion with the images of the prior study.

    Where both pictures are displayed, what is measured on their pixels is compared as well.

    Fields:
        lesion: Id of a lesion that was measured.

    """
    study, one = found(ctx.world, lesion)
    months = study.order.prior_months
    if not months:
        raise insufficient("prior study")
    if f"measured:{one.id}:long" not in ctx.world.observed:
        raise insufficient(f"measured:{one.id}:long")
    content: dict[str, Any] = {"lesion": one.id, "months_ago": months, "prior_mm": one.prior_mm}
    if one.prior_mm:
        content["long_axis_change_mm"] = round(one.mm["long"] - one.prior_mm["long"], 1)
    else:
        content["note"] = "not there before"
    now, before = (looked_at(ctx.world, study, one, w) for w in ("current", "prior"))
    if now and before:
        content["on_pictures"] = _changes(now, before)
    return Outcome(content=content, reveals=(f"compared:{one.id}",))
