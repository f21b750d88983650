"""Pictures of a study: a lesion's hidden truth drawn as pixels, and measured on them.

A kind of study names its kind of picture. A lesion is drawn where that kind can show all that is
true of it in a size that the measures are good for; what cannot be drawn is only described. The
rest of the picture (anatomy, noise) follows from the seed of the patient, the same for the prior
study. Drawn when first asked for, and kept.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from .. import images
from ..images.chest_film import half_width_mm
from ..images.measure.chest_film import inner_width_mm
from ..images.picture import Picture
from ..images.segments import Segment, segment
from ..patients import GENERATOR_VERSION, Patient
from ..rng import stream
from .kinds import Features
from .studies import Seen, Study

KEPT = 128
"""Pictures kept in memory, under 100 MB: those of the episodes under way."""
READINGS = 4096
"""Measures kept: they are small, and take longer to make than a picture."""
Fields = dict[str, Any] | None
"""Fields of a truth, None where the lesion cannot be drawn."""


class Shot(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that could be drawn."""

    kind: str
    truth: Any
    seed: int


def shot(
    patient: Patient, study: Study, one: Seen, *, viewed: bool = True, prior: bool = False
) -> Shot | None:
    """The picture of a lesion, None where there is none.

    `viewed`: what only the additional view shows is drawn, too. `prior`: as it was then.
    """
    kind = study.kind.picture
    mm = one.prior_mm if prior else one.true_mm
    if not kind or (prior and not mm):
        return None
    features = one.shown(viewed=viewed)
    s = stream(GENERATOR_VERSION, patient.variant, patient.seed, "radiology", "picture", one.id)
    seed = s.integer(0, 2**31 - 1)
    fields = _fields(kind, one, features, mm, seed)
    if fields is None:
        return None
    return Shot(kind=kind, truth=images.draw(kind, seed, **fields), seed=seed)


def _fields(kind: str, one: Seen, features: Features, mm: Mapping[str, float], seed: int) -> Fields:
    match kind:
        case "chest_film":
            return _chest_film(one, features, mm, seed)
        case "lung_ct":
            return _lung_ct(one.side, features, mm)
        case "mammogram":
            return _mammogram(features, mm)
        case "thyroid":
            return _thyroid(features, mm)
        case _:
            return None


def pictured(patient: Patient, study: Study) -> bool:
    """Whether any lesion of the study has a picture."""
    return any(shot(patient, study, one) for one in study.lesions)


@lru_cache(maxsize=KEPT)
def _drawn(kind: str, truth: Any, seed: int) -> Picture:
    return images.render(kind, truth, seed)


def picture(one: Shot) -> Picture:
    """The pixels."""
    return _drawn(one.kind, one.truth, one.seed)


@lru_cache(maxsize=READINGS)
def _measured(kind: str, truth: Any, seed: int) -> dict[str, float | str]:
    return images.measure(kind, _drawn(kind, truth, seed))


def measured(one: Shot) -> dict[str, float | str]:
    """All that the pixels tell. Raises MissingExtra, Unmeasurable."""
    return dict(_measured(one.kind, one.truth, one.seed))


@lru_cache(maxsize=READINGS)
def _segmented(kind: str, truth: Any, seed: int) -> Segment:
    return segment(kind, _drawn(kind, truth, seed))


def segmented(one: Shot) -> Segment:
    """The lesion as a region. Raises MissingExtra, Unmeasurable."""
    return _segmented(one.kind, one.truth, one.seed)


def axes(one: Shot) -> dict[str, float]:
    """Lengths on the picture by axis, mm. Raises MissingExtra, Unmeasurable."""
    found = {k: v for k, v in measured(one).items() if isinstance(v, float | int)}
    if one.kind == "lung_ct":
        long = found["long_axis_mm"]
        sizes = {"long": long, "short": 2.0 * found["mean_diameter_mm"] - long}
        if one.truth.nodule_type == "part solid":
            sizes["solid"] = found["solid_component_mm"]
    elif one.kind == "mammogram":
        sizes = {"long": found["long_axis_mm"], "short": found["short_axis_mm"]}
    elif one.kind == "thyroid":
        long, ratio = found["max_diameter_mm"], found["height_over_width"]
        sizes = {"long": long, "short": long * min(ratio, 1.0 / ratio)}
    elif "pneumothorax_share" in found:
        half = inner_width_mm(picture(one)) / 2.0
        sizes = {"long": found["pneumothorax_share"] * half}
    else:
        shadows = [found[k] for k in ("nodule_mm", "opacity_mm") if k in found]
        sizes = {"mean": shadows[0]} if shadows else {}
    return {axis: round(value, 1) for axis, value in sizes.items()}


_UPPER, _LOWER = 0.38, 0.56
"""Heights in the lung of a film's upper and lower zone."""
_LEAST_AIR = 0.1
"""Narrower air is not drawn: it could not be measured."""
_TENSION_MM = 14.0
"""Drawn shift of the mediastinum under tension."""


def _chest_film(one: Seen, features: Features, mm: Mapping[str, float], seed: int) -> Fields:
    where = {"side": one.side, "height_share": _UPPER if "upper" in one.region else _LOWER}
    if features.get("pleural_line") == "visible":
        shift = _TENSION_MM if features.get("mediastinal_shift") == "away" else 0.0
        air = {**where, "finding": "pneumothorax", "mediastinal_shift_mm": shift}
        if "long" not in mm:
            return air
        share = round(mm["long"] / half_width_mm(seed), 3)
        return {**air, "pneumothorax_share": share} if share >= _LEAST_AIR else None
    match features.get("opacity"):
        case "airspace":
            return {**where, "finding": "opacity"}
        case "meniscus":
            return {"side": one.side, "finding": "effusion"}
        case "round" if features.get("calcification") == "none" and mm.get("long", 0.0) >= 12.0:
            mean = round((mm["long"] + mm["short"]) / 2.0, 1)
            return {**where, "finding": "nodule", "nodule_mm": mean}
    return None


def _lung_ct(side: str, features: Features, mm: Mapping[str, float]) -> Fields:
    kind = features.get("attenuation")
    plain = features.get("calcification") == "none" and features.get("contact") != "fissure"
    if kind not in {"solid", "part solid", "ground glass"} or not plain or side == "none":
        return None
    mean, core = (mm["long"] + mm["short"]) / 2.0, mm.get("solid", 0.0)
    if mean < 4.5 or (kind == "part solid" and (core < 3.0 or mean - core < 4.5)):
        return None
    # An uneven outline of a solid nodule is drawn as spicules.
    rays = kind == "solid" and features.get("outline") == "irregular"
    if rays and mean < 5.0:
        return None
    return {
        "nodule_type": kind,
        "side": side,
        "mean_diameter_mm": round(mean, 2),
        "long_axis_mm": mm["long"],
        "solid_component_mm": {"solid": round(mean, 2), "part solid": core}.get(kind, 0.0),
        "margin": "spiculated" if rays else "smooth",
    }


def _mammogram(features: Features, mm: Mapping[str, float]) -> Fields:
    if features.get("form") != "mass" or features.get("fat") or not 7.0 <= mm["long"] <= 26.0:
        return None
    return {
        "margin": features["margin"],
        "long_axis_mm": mm["long"],
        "short_axis_mm": mm["short"],
        "calcifications": 0,
    }


def _thyroid(features: Features, mm: Mapping[str, float]) -> Fields:
    shown = ("composition", "echogenicity", "margin")
    known = {
        "composition": {"cystic", "mixed", "solid", "spongiform"},
        "echogenicity": {"anechoic", "hypoechoic", "isoechoic"},
        "margin": {"smooth", "lobulated or irregular"},
        "foci": {"none", "macrocalcifications", "punctate echogenic foci"},
    }
    drawable = all(features.get(name) in values for name, values in known.items())
    if features.get("organ") != "thyroid" or not drawable or not 7.0 <= mm["long"] <= 28.0:
        return None
    ratio = mm["short"] / mm["long"]
    return {
        **{name: features[name] for name in shown},
        "echogenic_foci": features["foci"],
        "max_diameter_mm": mm["long"],
        "height_over_width": round(1.0 / ratio if features["taller_than_wide"] else ratio, 2),
    }
