"""The study of a patient: its lesions and their true and measured sizes, drawn from the seed.

`Patient.extra` holds what the variant fixes; the seed draws places, features, sizes, harmless
by-findings and the error of each measurement. Nothing here is seen by the agent but through tools.
"""

from typing import Any

import msgspec

from ..instruments.core import calc
from ..patients import GENERATOR_VERSION, Patient
from ..physiology import measured_labs
from ..rng import Stream, stream
from .kinds import Features, Kind, Lesion, kinds

MEASURED_AGAIN = 16
"""Draws of the measurement errors until they change no conclusion."""
_TWO_SD = 2.0


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the variant says of the study (the keys of `extra` that are meant for this room)."""

    study: str
    setting: str
    reason: str
    lesions: tuple[Lesion, ...] = ()
    side: str = "none"
    """Side that the marker on the film shows."""
    asked_side: str = ""
    """Side that the request names, where it is another."""
    risk_factors: tuple[str, ...] = ()
    prior_months: int = 0
    """Months since the prior study; 0 for none."""
    prior_said: str = ""
    """What the prior report says, right or wrong."""
    view_possible: bool = True
    incidental: int = -1
    """Number of harmless by-findings; -1 leaves it to the seed."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A lesion of the study."""

    id: str
    region: str
    side: str
    look: str
    features: Features
    hidden: Features
    view: str
    true_mm: dict[str, float]
    mm: dict[str, float]
    """As measured."""
    prior_mm: dict[str, float]
    """On the prior study; empty where it was not there."""

    def shown(self, *, viewed: bool) -> Features:
        """The features that can be seen with or without the additional view."""
        return {**self.features, **self.hidden} if viewed else dict(self.features)


class Study(msgspec.Struct, frozen=True, kw_only=True):
    """A study with everything on it."""

    kind_id: str
    kind: Kind
    order: Order
    lesions: tuple[Seen, ...]
    note: str
    """Remark on the quality."""

    @property
    def system(self) -> str:
        """The reporting system of the study in its setting, "" for none."""
        return self.kind.systems[self.order.setting]

    def lesion(self, id_: str) -> Seen | None:
        """The lesion of that id."""
        return next((one for one in self.lesions if one.id == id_), None)


def order_of(patient: Patient) -> Order:
    """What the variant says of the study."""
    known = {k: v for k, v in patient.extra.items() if k in Order.__struct_fields__}
    return msgspec.convert(known, Order)


def _s(patient: Patient, *parts: object) -> Stream:
    return stream(GENERATOR_VERSION, patient.variant, patient.seed, "radiology", *parts)


def _features(spec: Features, s: Stream) -> Features:
    drawn: dict[str, Any] = {}
    for key, value in spec.items():
        pick = s.uniform()
        drawn[key] = value[int(pick * len(value))] if isinstance(value, list) else value
    return drawn


def _sizes(spec: Lesion, kind: Kind, s: Stream) -> dict[str, float]:
    true = {axis: round(s.uniform(*limits), 2) for axis, limits in spec.mm.items()}
    share = s.uniform(*spec.shape)
    if "long" in true and "short" in kind.axes:
        true["short"] = round(true["long"] * share, 2)
    return true


def _prior(spec: Lesion, true: dict[str, float], s: Stream) -> dict[str, float]:
    if spec.grew_mm is None:
        return {}
    grew = s.uniform(*spec.grew_mm)
    return {axis: round(max(size - grew, 0.5), 1) for axis, size in true.items()}


def _incidental(order: Order, kind: Kind, s: Stream) -> list[Lesion]:
    """Up to two of the kind's harmless by-findings, each at most once."""
    wanted = s.integer(0, 2)
    wanted = wanted if order.incidental < 0 else order.incidental
    left = list(kind.incidental)
    return [left.pop(s.integer(0, len(left) - 1)) for _ in range(min(wanted, len(left)))]


def _drawn(patient: Patient, order: Order, kind: Kind) -> list[Seen]:
    specs = [*order.lesions, *_incidental(order, kind, _s(patient, "incidental"))]
    taken: list[str] = []
    found: list[Seen] = []
    for number, spec in enumerate(specs):
        s = _s(patient, "lesion", number)
        free = [r for r in spec.regions if r not in taken]
        if not free and number >= len(order.lesions):
            continue
        region = s.choice(free or spec.regions)
        taken.append(region)
        true = _sizes(spec, kind, s)
        found.append(
            Seen(
                id="",
                region=region,
                side=order.side if kind.sided else kind.side(region),
                look=spec.look,
                features=_features(spec.features, s),
                hidden=_features(spec.hidden, s),
                view=spec.view,
                true_mm=true,
                mm=true,
                prior_mm=_prior(spec, true, s) if order.prior_months else {},
            )
        )
    places = list(kind.regions)
    return sorted(found, key=lambda one: places.index(one.region))


def _measured(true: dict[str, float], kind: Kind, s: Stream) -> dict[str, float]:
    shown = {}
    for axis, size in true.items():
        error = min(max(s.normal(), -_TWO_SD), _TWO_SD) * kind.error_mm
        shown[axis] = max(round(size + error, kind.decimals), 10.0**-kind.decimals)
    return shown


def study_of(patient: Patient, attempt: int = 0) -> Study:
    """The study; `attempt` numbers the draw of the measurement errors, -1 is without error."""
    order = order_of(patient)
    kind = kinds()[order.study]
    lesions = []
    for number, one in enumerate(_drawn(patient, order, kind), start=1):
        s = _s(patient, "error", attempt, number)
        mm = one.true_mm if attempt < 0 else _measured(one.true_mm, kind, s)
        lesions.append(msgspec.structs.replace(one, id=f"L{number}", mm=mm))
    return Study(
        kind_id=order.study,
        kind=kind,
        order=order,
        lesions=tuple(lesions),
        note=_s(patient, "note").choice(kind.notes),
    )


def egfr(patient: Patient) -> float:
    """Estimated filtration (CKD-EPI 2021, mL/min/1.73 m2) from the arrival creatinine."""
    creatinine = measured_labs(patient, (), "bmp", 0)["creatinine_mg_dl"].value
    inputs = {
        "age_years": patient.age_years,
        "sex": "female" if patient.sex == "F" else "male",
        "creatinine_mg_dl": creatinine,
    }
    return float(calc("ckd_epi_2021", inputs).value or 0.0)


LOW_EGFR = 30
"""Filtration below which iodinated contrast is kept for what cannot wait (ACR/NKF, Davenport MS,
Radiology 2020;294:660)."""


def contrast_allowed(patient: Patient, contrast: str) -> bool:
    """Whether contrast of that class may be given for a question that can wait.

    No to a true severe reaction to the class, and to iodinated contrast below 30 mL/min/1.73 m2
    (ACR Manual on Contrast Media 2024; group II gadolinium has no such limit).
    """
    if any(reacted(a.substance, contrast) and a.severity == "severe" for a in patient.allergies):
        return False
    return contrast != "iodinated" or egfr(patient) >= LOW_EGFR


def reacted(substance: str, contrast: str) -> bool:
    """Whether a charted substance is contrast of that class."""
    return bool(contrast) and substance == f"{contrast} contrast"


def obtainable(patient: Patient, study: Study, view: str) -> bool:
    """Whether an additional view can and may be had."""
    contrast = study.kind.views[view].contrast
    return study.order.view_possible and (not contrast or contrast_allowed(patient, contrast))
