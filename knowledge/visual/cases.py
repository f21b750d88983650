"""The pictures of a patient: hidden truths drawn from the seed, and what is read off the pixels.

`Patient.extra` names the kind of picture and fixes fields of its truth; the rest is drawn. A prior
picture shows the same body earlier, its lesion scaled. Readings are rounded, so that the arithmetic
of another machine gives the same ones but for a value on the very border.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

import msgspec

from .. import images
from ..images import Measured
from ..images.chest_film import half_width_mm
from ..images.ecg_strip import TERRITORIES
from ..images.measure.chest_film import inner_width_mm
from ..images.measure.ecg_strip import territory
from ..images.picture import Tolerance
from ..images.skin import SIGNS
from ..patients import GENERATOR_VERSION, Patient
from ..radiology.pictures import Shot, measured, picture
from ..rng import Stream, stream
from .words import Setting

Role = Literal["current", "prior"]
FIRST_ID, LAST_ID = 1000, 9999
SCALED = {
    "skin": ("diameter_mm",),
    "thyroid": ("max_diameter_mm",),
    "lung_ct": ("mean_diameter_mm", "long_axis_mm", "solid_component_mm"),
    "mammogram": ("long_axis_mm", "short_axis_mm"),
}
"""Fields of a truth that grow with the lesion; a kind that is not here has no prior picture."""
_CALM: dict[str, dict[str, Any]] = {"skin": dict.fromkeys(SIGNS, False)}
"""What a variant leaves out is not there."""
_SHADOWS = {"opacity_mm": "shadow_mm", "nodule_mm": "shadow_mm"}
_NAMES = {**_SHADOWS, "pneumothorax_share": "air_share", "effusion_share": "fluid_share"}
"""Names of the measures of a film, told so that they do not say what they mean."""
_VERDICTS = frozenset(
    {"finding", "retinopathy", "grade", "ti_rads", "lung_rads", "bi_rads", "nichd_category"}
    | {"seven_point_signs", "st_territory"}
)
"""Conclusions that a measure draws by itself: they are for the reader to draw."""
_DIGITS = {"area_mm2": 0, "mean_hu": -1, "qt_ms": 0, "qtc_ms": 0, "pr_ms": 0, "qrs_ms": 0}
SIZES = frozenset(
    {"diameter_mm", "area_mm2", "border_irregularity", "asymmetry", "max_diameter_mm"}
    | {"height_over_width", "mean_diameter_mm", "long_axis_mm", "short_axis_mm"}
    | {"solid_component_mm"}
)
"""What measuring a lesion tells; the rest are its features."""
_SHARES = ("share", "ratio", "variation", "irregularity", "asymmetry", "over_width")
RIM = Tolerance(3.0, reason="3 pixels of the lung's edge, and the half chest")
ST = Tolerance(0.5, reason="that of a lead, and the highest of several errs upwards")


class Pictured(msgspec.Struct, frozen=True, kw_only=True):
    """What the variant says of the pictures: the keys of `extra` that are meant for this room."""

    kind: str
    setting: Setting = "clinic"
    truth: dict[str, Any] = {}
    """Fields of the truth: fixed, `{between: [a, b]}` or `{one_of: [...]}`."""
    prior_months: int = 0
    """Age of the prior picture; 0 for none."""
    prior_scale: tuple[float, float] = (1.0, 1.0)
    """Size of the lesion then over its size now."""


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of the patient."""

    id: str
    role: Role
    months_ago: int
    shot: Shot


def pictured(patient: Patient) -> Pictured:
    """What the variant says of the pictures."""
    return _pictured(patient.variant, patient.seed, msgspec.json.encode(patient.extra))


@lru_cache(maxsize=256)
def _pictured(variant: str, seed: int, extra: bytes) -> Pictured:
    del variant, seed
    said = msgspec.json.decode(extra)
    return msgspec.convert(
        {k: v for k, v in said.items() if k in Pictured.__struct_fields__}, Pictured
    )


def drawn(spec: Mapping[str, Any], s: Stream) -> dict[str, Any]:
    """Fields with their ranges and choices drawn, one number of the stream each."""
    found: dict[str, Any] = {}
    for name, value in spec.items():
        share = s.uniform()
        match value:
            case {"between": [low, high]}:
                found[name] = round(low + share * (high - low), 2)
            case {"whole": [low, high]}:
                found[name] = min(low + int(share * (high - low + 1)), high)
            case {"one_of": list(options)}:
                found[name] = options[int(share * len(options))]
            case _:
                found[name] = value
    return found


def _s(patient: Patient, part: str) -> Stream:
    return stream(GENERATOR_VERSION, patient.variant, patient.seed, "pictures", part)


@lru_cache(maxsize=256)
def _images(patient_key: tuple[str, int], said: bytes) -> tuple[Image, ...]:
    variant, seed = patient_key
    of = msgspec.json.decode(said, type=Pictured)

    def s(part: str) -> Stream:
        return stream(GENERATOR_VERSION, variant, seed, "pictures", part)

    fields = {**_CALM.get(of.kind, {}), **drawn(of.truth, s("fields"))}
    own = s("body").integer(0, 2**31 - 1)
    now = images.draw(of.kind, own, **fields)
    ids = [s("ids").integer(FIRST_ID, LAST_ID)]
    found = [Image(id=f"IMG-{ids[0]}", role="current", months_ago=0, shot=_shot(of, now, own))]
    if of.prior_months:
        scale = s("prior").uniform(*of.prior_scale)
        sizes = {k: round(getattr(now, k) * scale, 2) for k in SCALED[of.kind]}
        then = images.truth_of(of.kind, {**msgspec.to_builtins(now), **sizes})
        older = (ids[0] - FIRST_ID + 1 + s("ids older").integer(0, 8000)) % 9000 + FIRST_ID
        found.append(
            Image(
                id=f"IMG-{older}",
                role="prior",
                months_ago=of.prior_months,
                shot=_shot(of, then, own),
            )
        )
    return tuple(found)


def _shot(of: Pictured, truth: Any, seed: int) -> Shot:
    return Shot(kind=of.kind, truth=truth, seed=seed)


def images_of(patient: Patient) -> tuple[Image, ...]:
    """The pictures of a patient, the current one first."""
    return _images((patient.variant, patient.seed), msgspec.json.encode(pictured(patient)))


def image(patient: Patient, role: Role) -> Image | None:
    """The current or the prior picture."""
    return next((one for one in images_of(patient) if one.role == role), None)


def read(one: Image) -> Measured:
    """What the pixels tell, rounded. Raises MissingExtra, Unmeasurable."""
    found = measured(one.shot)
    if "pneumothorax_share" in found:
        half = inner_width_mm(picture(one.shot)) / 2.0
        found["rim_mm"] = float(found["pneumothorax_share"]) * half
    return _told(one.shot.kind, found)


def true_reading(one: Image) -> Measured:
    """What a perfect reader of the picture would read. Raises MissingExtra for a mole."""
    return dict(_true(one.shot.kind, one.shot.truth, one.shot.seed))


@lru_cache(maxsize=1024)
def _true(kind: str, truth: Any, seed: int) -> Measured:
    found = images.expected(kind, truth)
    if "pneumothorax_share" in found:
        found["rim_mm"] = float(found["pneumothorax_share"]) * half_width_mm(seed)
    return _told(kind, found)


def _told(kind: str, found: Mapping[str, float | str]) -> Measured:
    told: Measured = {}
    for name, value in found.items():
        if name not in _VERDICTS:
            told[_NAMES.get(name, name)] = value if isinstance(value, str) else _round(name, value)
    if kind == "ecg_strip":
        where = lifted(told)
        leads = TERRITORIES.get(where, ())
        told["st_highest_mm"] = max((float(told[f"st_{lead}_mm"]) for lead in leads), default=0.0)
    return told


def lifted(found: Mapping[str, float | str]) -> str:
    """Territory with ST elevation by the levels of the leads, "none" where there is none."""
    return territory(
        {k[3:-3]: float(v) for k, v in found.items() if k.startswith("st_") and k[3:-3] in _LEADS}
    )


_LEADS = frozenset(lead for leads in TERRITORIES.values() for lead in leads)


def _round(name: str, value: float) -> float:
    digits = _DIGITS.get(name, 2 if any(part in name for part in _SHARES) else 1)
    return float(round(value, digits)) + 0.0


def tolerance(kind: str, name: str) -> Tolerance:
    """How far a stated measure may be off: that of the measure, where it is one."""
    if name == "rim_mm":
        return RIM
    if name == "st_highest_mm":
        return ST
    known = images.tolerances(kind)
    if kind != "chest_film" or name in known:
        return known[name]
    return next(known[old] for old, new in reversed(_NAMES.items()) if new == name)
