"""Kinds of imaging study as data: regions, what a lesion is called by its signs, views, systems.

One YAML file per kind in `data/radiology/`; unknown keys are errors. Looks and
signs are simplified from the sources named there; the steps of the impression are our own.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import msgspec

from ..errors import BadData
from ..files import load, names

Impression = Literal["normal", "benign", "indeterminate", "significant", "acute", "incomplete"]
FollowUp = Literal[
    "none",
    "optional_12_months",
    "routine_screening",
    "12_months",
    "6_to_12_months",
    "6_months",
    "3_to_6_months",
    "3_months",
    "6_weeks",
    "additional_imaging",
    "functional_test",
    "prevention",
    "tissue_diagnosis",
    "multidisciplinary",
    "specialist_referral",
    "invasive_angiography",
    "immediate_care",
]
Range = tuple[float, float]
Features = dict[str, Any]
GRAVITY = ("normal", "benign", "indeterminate", "incomplete", "significant", "acute")
"""Impressions, the gravest last."""


class Lesion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a lesion is drawn from."""

    look: str
    """What is seen before it is looked at closely."""
    regions: tuple[str, ...]
    features: Features
    """A list is a choice of the seed."""
    mm: dict[str, Range] = {}
    """Axis (`long`, `solid`, `wall`) -> limits of its true length, mm."""
    shape: Range = (0.76, 0.96)
    """Limits of the short axis as a share of the long one."""
    grew_mm: Range | None = None
    """Growth of every axis since the prior study, mm; None: it was not there."""
    view: str = ""
    """Additional view without which the hidden features are not seen."""
    hidden: Features = {}


class Type(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a reader calls a lesion with certain signs, and what that means."""

    signs: Features
    """All of these features make it so; of several types the one with most signs."""
    optional: bool = False
    """May be reported or left out: harmless."""
    sized: bool = False
    graded: bool = False
    """The reporting system of the study decides about impression and follow-up."""
    category: str = ""
    """Category in a system whose categories the reader assigns (BI-RADS)."""
    critical: str = ""
    """Name under which it is told to the clinician at once."""
    urgent: str = ""
    """Name under which it may be told at once."""
    impression: Impression = "benign"
    follow_up: tuple[FollowUp, ...] = ("none",)
    by_mm: dict[str, FollowUp] = {}
    """Long axis (mm) from which another follow-up is due, the largest last."""


class View(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An additional view, phase or manoeuvre."""

    name: str
    minutes: int = 15
    contrast: Literal["", "iodinated", "gadolinium"] = ""


class Kind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of study."""

    name: str
    modality: str
    source: str
    regions: dict[str, str]
    """Region -> what a normal one looks like."""
    sided: bool = False
    """Shows one side of the body, which the variant names as `side`."""
    picture: str = ""
    """Kind of picture that its lesions can be drawn in; "" for none."""
    error_mm: float
    """Standard deviation of one measurement, mm."""
    decimals: int = 0
    """Decimals of a printed length."""
    axes: tuple[str, ...] = ()
    systems: dict[str, str] = {}
    """Setting -> instrument; "" for none."""
    views: dict[str, View] = {}
    types: dict[str, Type]
    incidental: tuple[Lesion, ...] = ()
    """Harmless things of which the seed draws up to two."""
    notes: tuple[str, ...]
    """Remarks on quality, of which the seed draws one."""

    def side(self, region: str) -> str:
        """Side of a region by its name, "none" for an unpaired one."""
        head = region.partition("_")[0]
        return head if head in {"left", "right"} else "none"


def _check(id_: str, kind: Kind) -> Kind:
    for one in kind.incidental:
        if unknown := set(one.regions) - set(kind.regions):
            raise BadData(f"data/radiology/{id_}.yaml: no region {min(unknown)!r}")
        if one.view and one.view not in kind.views:
            raise BadData(f"data/radiology/{id_}.yaml: no view {one.view!r}")
    return kind


@cache
def kinds() -> dict[str, Kind]:
    """All kinds of study by id. Raises BadData."""
    return {n: _check(n, load(f"radiology/{n}.yaml", Kind)) for n in names("radiology")}


def type_of(kind: Kind, features: Mapping[str, Any]) -> str:
    """What a lesion with these features is called; "" where nothing fits."""
    fitting = [
        (len(t.signs), name)
        for name, t in kind.types.items()
        if all(_shows(features.get(sign), want) for sign, want in t.signs.items())
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else ""


def _shows(value: object, want: object) -> bool:
    return value in want if isinstance(want, list) else value == want
