"""Seeded patients: the hidden truth of a case as a pure function of (variant, seed, version).

Method: demographics by the condition's law, comorbidities by age, then
findings, a latent severity and correlated baseline noise. Each layer draws from its own stream.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from . import labs
from .conditions import Age, Condition, condition
from .drugs import Allergy, drug
from .measurements import reference
from .rng import Stream, stream
from .variants import Sex, Variant, comorbidities, comorbidities_of, family, findings_of, variant

GENERATOR_VERSION = "1"


class HomeMedication(msgspec.Struct, frozen=True, kw_only=True):
    """A drug taken at home."""

    drug: str
    text: str


class Patient(msgspec.Struct, frozen=True, kw_only=True):
    """The hidden truth of one case. Only the world and the scorers may read it."""

    id: str
    variant: str
    seed: int
    condition: str
    age_years: int
    sex: Sex
    ethnicity: str
    ses: str
    weight_kg: float
    height_cm: float
    complaint: str
    comorbidities: tuple[str, ...]
    medications: tuple[HomeMedication, ...]
    allergies: tuple[Allergy, ...]
    findings: dict[str, bool]
    severity: float
    """Severity at arrival, about 0.3 to 1.2."""
    onset_h: float
    base: dict[str, float]
    """Vitals and primary lab components without the acute illness."""
    shift: dict[str, float]
    """Change at severity 1."""
    ecg: str
    imaging: dict[str, str]
    """Study -> reading."""
    extra: dict[str, Any] = {}
    """The variant's, drawn; `pregnant_week` is the completed week of gestation."""

    @property
    def age_band(self) -> str:
        """Band of age used for fairness groups."""
        bands = ((18, "0-17"), (40, "18-39"), (65, "40-64"))
        return next((name for limit, name in bands if self.age_years < limit), "65+")


# Vital signs: healthy mean, spread, and loading on the shared stress factor (heart rate and
# temperature then correlate at about 0.45: our own choice, unverified).
_VITALS: dict[str, tuple[float, float, float]] = {
    "hr_bpm": (84, 11, 0.67),
    "sbp_mmhg": (130, 15, -0.3),
    "dbp_mmhg": (78, 9, -0.2),
    "rr_pm": (18, 2.2, 0.5),
    "temperature_c": (36.9, 0.35, 0.67),
    "spo2_pct": (97, 1.2, -0.2),
    "gcs": (15, 0, 0),
}
_LATENT: dict[str, tuple[float, float]] = {
    "ag": (9.0, 1.2),
    "pco2_mmhg": (0.0, 2.0),
    "ratio": (17, 2),
}
_ATTEMPTS = 24
ETHNICITIES = {"white": 0.58, "hispanic": 0.19, "black": 0.13, "asian": 0.07, "other": 0.03}
SES = {"low": 0.3, "middle": 0.5, "high": 0.2}


def _age(law: Age, s: Stream) -> int:
    for _ in range(20):
        value = s.normal(law.mean, law.sd)
        if law.low <= value <= law.high:
            return int(value)
    return int(law.mean)


def _comorbid(c: Condition, v: Variant, age: int, s: Stream) -> tuple[str, ...]:
    share = min(max((age - 30) / 45, 0.0), 1.2)
    chosen = []
    for id_, spec in comorbidities_of(c.family).items():
        p = c.comorbidities.get(id_, spec.young + (spec.old - spec.young) * share)
        drawn = s.bernoulli(min(p, 1.0))
        if id_ in v.comorbidities or (drawn and id_ not in v.without):
            chosen.append(id_)
    if "type_1_diabetes" in chosen and "type_2_diabetes" in chosen:
        chosen.remove(
            "type_1_diabetes" if "type_2_diabetes" in v.comorbidities else "type_2_diabetes"
        )
    return tuple(chosen)


def _medications(ids: tuple[str, ...], v: Variant, s: Stream) -> tuple[HomeMedication, ...]:
    chosen: dict[str, None] = dict.fromkeys(v.medications)
    for id_ in ids:
        options = comorbidities()[id_].drugs
        taken = s.bernoulli(0.8)
        if options:
            pick = s.choice(options)
            if taken:
                chosen[pick] = None
    return tuple(HomeMedication(drug=d, text=f"{d} {drug(d).home}".strip()) for d in chosen)


# Charted labels: about 10 % of adults carry a penicillin label and nine in ten of these are not
# allergic (Shenoy et al., JAMA 2019).
_LABELS = (
    (0.01, Allergy(substance="penicillin", reaction="anaphylaxis", severity="severe", true=True)),
    (
        0.08,
        Allergy(
            substance="penicillin",
            reaction="stomach upset as a child, later took amoxicillin without harm",
            severity="mild",
            true=False,
        ),
    ),
    (
        0.03,
        Allergy(
            substance="sulfonamide antibiotic", reaction="rash", severity="moderate", true=True
        ),
    ),
    (0.03, Allergy(substance="morphine", reaction="nausea", severity="mild", true=False)),
)


def _allergies(v: Variant, s: Stream) -> tuple[Allergy, ...]:
    drawn = tuple(label for p, label in _LABELS if s.bernoulli(p))
    taken = {a.substance for a in v.allergies}
    substances: dict[str, Allergy] = {}
    for a in drawn:
        if a.substance not in taken:
            substances.setdefault(a.substance, a)
    return v.allergies or tuple(substances.values())


# Median height (cm) and weight (kg) in the middle of each year of age from 1 on, both sexes (CDC
# growth charts 2000, rounded, unverified).
_HEIGHT_CM = (81, 91, 98, 105, 112, 118, 124, 130, 135, 141, 147, 153, 159, 164, 168, 170, 171)
_WEIGHT_KG = (11, 13, 15, 17, 19.5, 22, 24.5, 27.5, 31, 35, 39, 43, 48, 53, 57, 61, 64)
_ADULT = 18
_GROWS = ("hr_bpm", "sbp_mmhg", "dbp_mmhg", "rr_pm", "creatinine_mg_dl")


def childhood(age: int) -> dict[str, float]:
    """How far a child's baseline lies from an adult's: the middles of their reference ranges."""
    out: dict[str, float] = {}
    for key in _GROWS if age < _ADULT else ():
        own, adult = reference(key, age), reference(key)
        if own.low is not None and own.high is not None and own != adult:
            mean = _VITALS[key][0] if key in _VITALS else labs.catalogue().components[key].mean
            out[key] = (own.low + own.high) / 2 - mean
    return out


def _base(v: Variant, ids: tuple[str, ...], age: int, s: Stream) -> dict[str, float]:
    stress = s.normal()
    base: dict[str, float] = {}
    of = family(condition(v.condition).family)
    for key, (mean, sd, loading) in _VITALS.items():
        own = math.sqrt(1 - loading * loading)
        base[key] = mean + sd * of.spread.get(key, 1.0) * (loading * stress + own * s.normal())
    for key, c in labs.usual().items():
        if not c.derived:
            base[key] = c.mean * math.exp(c.sd * s.normal()) if c.log else s.normal(c.mean, c.sd)
    for key, (mean, sd) in _LATENT.items():
        base[key] = s.normal(mean, sd)
    for effects in (childhood(age), of.base, *(comorbidities()[i].effects for i in ids), v.base):
        for key, delta in effects.items():
            base[key] = base[key] * math.exp(delta) if _log(key) else base[key] + delta
    return {key: round(value, 6) for key, value in base.items()}


def _log(key: str) -> bool:
    c = labs.catalogue().components.get(key)
    return c is not None and c.log


def _shift(c: Condition, v: Variant, s: Stream) -> dict[str, float]:
    full = {**c.shifts, **v.shifts}
    spread = c.heterogeneity
    return {k: round(d * max(1 + spread * s.normal(), 0.1), 6) for k, d in full.items()}


def _findings(c: Condition, v: Variant, s: Stream) -> dict[str, bool]:
    own = {**c.findings, **v.findings}
    return {id_: s.bernoulli(own.get(id_, f.p)) for id_, f in findings_of(c.family).items()}


def _extra(v: Variant, s: Stream) -> dict[str, Any]:
    drawn = dict(v.extra)
    for key, spec in v.extra.items():
        match spec:
            case {"between": [int(low), int(high)]}:
                drawn[key] = s.integer(low, high)
            case {"between": [low, high]}:
                drawn[key] = round(s.uniform(low, high), 2)
            case {"one_of": list(options)}:
                drawn[key] = s.choice(options)
            case _:
                pass
    return drawn


def _since(hours: float) -> str:
    if hours < 2:
        return "about an hour"
    return f"{round(hours)} hours" if hours < 36 else f"{round(hours / 24)} days"


def title(age_years: int, sex: Sex) -> str:
    """How a ticket speaks of somebody, e.g. `54-year-old woman`."""
    adult = age_years >= _ADULT
    names = ("woman" if adult else "girl", "man" if adult else "boy")
    return f"{age_years}-year-old {names[sex == 'M']}"


class _Person(NamedTuple):
    age: int
    sex: Sex
    height: float
    bmi: float
    ethnicity: str
    ses: str


def _person(c: Condition, v: Variant, s: Stream) -> _Person:
    age = _age(v.age or c.age, s)
    female = s.bernoulli(c.female)
    sex: Sex = v.sex or ("F" if female else "M")
    height = float(round(s.normal(163 if sex == "F" else 177, 6)))
    bmi = s.normal(25.5, 2.6)
    if age < _ADULT:
        year = max(age - 1, 0)
        usual, weight = _HEIGHT_CM[year], _WEIGHT_KG[year]
        height = float(round(usual + (height - (163 if sex == "F" else 177)) / 2))
        bmi = weight / (usual / 100) ** 2 * bmi / 25.5
    return _Person(age, sex, height, bmi, s.weighted(ETHNICITIES), s.weighted(SES))


def _defined(patient: Patient, c: Condition, v: Variant) -> Patient:
    """The patient with the first drawn course of illness that meets the definition."""
    from .physiology import levels  # it reads Patient, so it cannot be imported above

    limits = [(p.fact.partition(":")[2], p.op, float(p.value)) for p in (*c.criteria, *v.criteria)]
    drawn = patient
    for attempt in range(_ATTEMPTS):
        s = stream(GENERATOR_VERSION, patient.variant, patient.seed, "shift", attempt)
        drawn = msgspec.structs.replace(patient, shift=_shift(c, v, s))
        if not limits:
            break
        true = levels(drawn, (), 0)
        if all(true[k] >= x if op == ">=" else true[k] <= x for k, op, x in limits):
            break
    return _settled(drawn, limits) if c.settled else drawn


def _settled(patient: Patient, limits: Sequence[tuple[str, str, float]]) -> Patient:
    """The patient with the shifts that meet the limits the draws have missed."""
    from .physiology import levels

    for key, op, limit in limits:
        value = levels(patient, (), 0)[key]
        if value >= limit if op == ">=" else value <= limit:
            continue
        more = math.log(limit / value) if _log(key) else limit - value
        own = patient.shift.get(key, 0.0) + 1.001 * more / patient.severity
        patient = msgspec.structs.replace(patient, shift={**patient.shift, key: round(own, 6)})
    return patient


@lru_cache(maxsize=4096)
def generate(variant_id: str, seed: int) -> Patient:
    """The patient of a variant and a seed. Pure: the same on every machine.

    Raises UnknownVariant.
    """
    v = variant(variant_id)
    c = condition(v.condition)

    def s(part: str) -> Stream:
        return stream(GENERATOR_VERSION, variant_id, seed, part)

    who = _person(c, v, s("demographics"))
    ids = _comorbid(c, v, who.age, s("comorbidities"))
    thinnest = 17.5 if who.age >= _ADULT else 12.5
    bmi = max(who.bmi + (8.5 if "obesity" in ids else 0.0), thinnest)
    course = s("course")
    low, high = v.severity or c.severity
    start, end = v.onset_h or c.onset_h
    severity = round(course.uniform(low, high), 3)
    onset = round(course.uniform(start, end), 1)
    readings = s("readings")
    ticket = s("ticket").choice(family(c.family).complaints)
    patient = Patient(
        id=f"P{seed % 1000:03d}",
        variant=variant_id,
        seed=seed,
        condition=c.id,
        age_years=who.age,
        sex=who.sex,
        ethnicity=who.ethnicity,
        ses=who.ses,
        weight_kg=round(bmi * (who.height / 100) ** 2, 1),
        height_cm=who.height,
        complaint=ticket.format(who=title(who.age, who.sex), since=_since(onset)),
        comorbidities=ids,
        medications=_medications(ids, v, s("medications")),
        allergies=_allergies(v, s("allergies")),
        findings=_findings(c, v, s("findings")),
        severity=severity,
        onset_h=onset,
        base=_base(v, ids, who.age, s("base")),
        shift={},
        ecg=readings.weighted(v.ecg or c.ecg),
        imaging={k: readings.weighted(w) for k, w in sorted({**c.imaging, **v.imaging}.items())},
        extra=_extra(v, s("extra")),
    )
    return _defined(patient, c, v)
