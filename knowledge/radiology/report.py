"""What a report on a study should say: findings, category, impression, follow-up, critical result.

One function draws the conclusion, from the true study for the judge and from what was seen for a
reader.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from ..patients import Patient, generate
from .kinds import GRAVITY, FollowUp, Impression, Kind, Type, type_of
from .readings import Person, Reading
from .studies import MEASURED_AGAIN, Seen, Study, obtainable, study_of
from .systems import EMPTY, Grade, grade, graded, means, rank

NEAR = 0.5
"""Credit of an impression one step beside."""


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """A finding of the report."""

    id: str
    region: str
    type: str
    laterality: str
    sizes_mm: tuple[float, ...]
    """Lengths that fit (long axis, mean); none where it has no size."""


class Conclusion(msgspec.Struct, frozen=True, kw_only=True):
    """What the report should say."""

    findings: tuple[Expected, ...]
    optional: tuple[Expected, ...]
    """Harmless: reported or left out."""
    system: str
    graded: str
    """The lesion that the category is of; "" where nothing that must be reported is graded."""
    categories: tuple[str, ...]
    """All that are right, the best first."""
    impressions: tuple[str, ...]
    follow_up: tuple[str, ...]
    critical: tuple[str, ...]
    """Names of results that are told at once."""
    urgent: tuple[str, ...]
    """Names of results that may be told at once."""


def person_of(patient: Patient, study: Study) -> Person:
    """What a reporting system asks of the patient."""
    return Person(
        age_years=patient.age_years,
        setting=study.order.setting,
        risk_factors=study.order.risk_factors,
        prior_months=study.order.prior_months,
    )


def reading_of(seen: Seen, *, viewed: bool) -> Reading:
    """A lesion read completely."""
    return Reading(
        id=seen.id,
        region=seen.region,
        side=seen.side,
        features=seen.shown(viewed=viewed),
        mm=seen.mm,
        prior_mm=seen.prior_mm,
    )


def _expected(one: Reading, name: str, found: Type) -> Expected:
    sizes = tuple(s for s in (one.mean_mm, one.mm.get("long")) if s is not None)
    return Expected(
        id=one.id,
        region=one.region,
        type=name,
        laterality=one.side,
        sizes_mm=sizes if found.sized else (),
    )


def worst(
    kind: Kind, system: str, person: Person, readings: Sequence[Reading]
) -> tuple[Grade | None, str]:
    """The gravest grade of a study and its lesion; None, "" where there is nothing to grade.

    Raises Unread.
    """
    known = graded(kind, readings)
    grades = [(grade(system, one, person, known), one.id) for one in known] if system else []
    return max(grades, key=lambda pair: rank(pair[0])) if grades else (None, "")


def _plain(one: Reading, found: Type) -> tuple[Impression, tuple[FollowUp, ...]]:
    """What a type means without a system."""
    follow_up = found.follow_up
    for least, code in found.by_mm.items():
        if one.mm.get("long", 0.0) >= float(least):
            follow_up = (code,)
    return found.impression, follow_up


def conclude(kind: Kind, system: str, person: Person, readings: Sequence[Reading]) -> Conclusion:
    """What the report should say of a study that was read so. Raises Unread."""
    named = [(one, type_of(kind, one.features)) for one in readings]
    known = [(one, name, kind.types[name]) for one, name in named if name]
    must = [(one, name, t) for one, name, t in known if not t.optional]
    may = [(one, name, t) for one, name, t in known if t.optional]
    grave, lesion = worst(kind, system, person, [one for one, _, _ in must])
    any_grade, _ = worst(kind, system, person, readings)
    best = grave or any_grade
    empty = EMPTY.get(system, "none")
    categories = [best.category if best else empty]
    if grave is None:
        # Harmless things may be left out, and then nothing is graded.
        categories.append(empty)
    meant = [_plain(one, t) for one, _, t in must if not (t.graded and system)]
    meant += [means(g) for g in (grave,) if g is not None]
    impressions, follow_up = _most_grave(meant, system, bool(may))
    return Conclusion(
        findings=tuple(_expected(*entry) for entry in must),
        optional=tuple(_expected(*entry) for entry in may),
        system=system,
        graded=lesion,
        categories=tuple(dict.fromkeys(categories)),
        impressions=impressions,
        follow_up=follow_up,
        critical=tuple(dict.fromkeys(t.critical for _, _, t in must if t.critical)),
        urgent=tuple(dict.fromkeys(t.urgent for _, _, t in must if t.urgent)),
    )


def _most_grave(
    meant: Sequence[tuple[Impression, tuple[FollowUp, ...]]], system: str, harmless: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Impressions and follow-ups that are right, the best first."""
    if not meant:
        routine = {"lung_rads_2022", "bi_rads_management"}
        said = ("benign", "normal") if harmless else ("normal",)
        return said, ("routine_screening",) if system in routine else ("none",)
    top = max(GRAVITY.index(i) for i, _ in meant)
    follow_up = dict.fromkeys(f for i, fs in meant if GRAVITY.index(i) == top for f in fs)
    return (GRAVITY[top],), tuple(follow_up)


def near(impression: str, right: Sequence[str]) -> float:
    """1 for the impression, a half for one step beside it in gravity."""
    if impression in right:
        return 1.0
    steps = [n for n in GRAVITY if n != "incomplete"]
    if impression not in steps:
        return 0.0
    places = [steps.index(r) for r in right if r in steps]
    return NEAR if any(abs(steps.index(impression) - p) == 1 for p in places) else 0.0


def _concluded(patient: Patient, study: Study) -> Conclusion:
    readings = [
        reading_of(one, viewed=bool(one.view) and obtainable(patient, study, one.view))
        for one in study.lesions
    ]
    return conclude(study.kind, study.system, person_of(patient, study), readings)


def _same(one: Conclusion, other: Conclusion) -> bool:
    keys = ("categories", "impressions", "follow_up", "critical")
    return all(getattr(one, k) == getattr(other, k) for k in keys)


def examined(patient: Patient) -> tuple[Study, Conclusion]:
    """The study as it can be read, and what its report should say.

    The errors of measurement are drawn anew until they change no conclusion; if none fits, there
    is no error.
    """
    if patient is generate(patient.variant, patient.seed):
        return _kept(patient.variant, patient.seed)
    return _examined(patient)


@lru_cache(maxsize=1024)
def _kept(variant: str, seed: int) -> tuple[Study, Conclusion]:
    return _examined(generate(variant, seed))


def _examined(patient: Patient) -> tuple[Study, Conclusion]:
    exact = study_of(patient, -1)
    true = _concluded(patient, exact)
    for attempt in range(MEASURED_AGAIN):
        study = study_of(patient, attempt)
        found = _concluded(patient, study)
        if _same(true, found):
            return study, found
    return exact, true
