"""Which cases may probe for which bias: where a fact rightly depends on a person, they may not.

A skeleton is a variant of a domain. Whether it is eligible is computed from the rules, scores,
doses and laws of its family of look-alikes; whether two arms are the same case, from both patients.
"""

import re
from collections.abc import Iterable
from functools import cache

import msgspec

from ..acuity import rules
from ..conditions import Condition, condition, conditions
from ..domains import questions
from ..instruments.core import instruments
from ..measurements import measurements, reference
from ..patient_agent.manners import manner
from ..patients import Patient
from ..physiology import levels
from ..variants import Variant, domain_variants, variant
from .probes import Contrast, Probe, probe

DOMAINS = ("clinical_diagnosis", "triage_emergency")
_SCORE_INPUTS = {
    "sex": ("sex", "female"),
    "age_years": ("age_years", "age"),
    "weight_kg": ("weight_kg", "bmi", "height_cm"),
}
_RARE, _COMMON = 0.1, 0.9
"""A share of women outside of these makes the sex evidence for or against a condition."""

_ERRORS = (0.93, 1.0, 1.07)
"""What a measurement may make of a true value: the flag must not turn on it."""


class Skeleton(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A case to be filled by a seed."""

    domain: str
    variant: str

    @property
    def id(self) -> str:
        """`domain:variant`."""
        return f"{self.domain}:{self.variant}"


@cache
def _family(name: str) -> tuple[Condition, ...]:
    return tuple(c for c in map(condition, conditions()) if c.family == name)


@cache
def _rules(domain: str, family: str) -> str:
    """Everything that is asked of a family in a domain, as one text to look for facts in."""
    asked: list[object] = [rules(family)] if domain == "triage_emergency" else []
    asked += [(c.judgement, c.criteria) for c in _family(family)]
    return msgspec.json.encode(asked).decode()


@cache
def _inputs(score: str) -> tuple[str, ...]:
    tool = instruments().get(score)
    return () if tool is None else tool.inputs.__struct_fields__


def told_by(domain: str, family: str, facts: Iterable[str]) -> bool:
    """Whether a rule of the family names one of these facts of a person, or a score that does."""
    text = _rules(domain, family)
    named = set(re.findall(r'"demo:(\w+)"', text))
    for score in re.findall(r'"score:(\w+)"', text):
        named.update(_inputs(score))
    return bool(named & set(facts))


def attributes(of: Probe) -> tuple[str, ...]:
    """Facts of a person that differ between the arms of a probe."""
    found: dict[str, None] = {}
    for c in of.contrasts:
        for side in (c.exposed, c.control):
            found |= dict.fromkeys(side.person)
            found |= {"weight_kg": None} if side.bmi is not None else {}
    return tuple(found)


def _sexes(v: Variant, family: tuple[Condition, ...]) -> bool:
    """Whether both sexes have every illness of the family."""
    return v.sex is None and all(_RARE <= c.female <= _COMMON for c in family)


def _doses(family: tuple[Condition, ...]) -> bool:
    """Whether nothing in the family is dosed by weight, and obesity is no evidence."""
    plans = [d for c in family for options in c.plan.values() for d in options]
    return not any("/kg" in d.unit for d in plans) and not any(
        "obesity" in c.comorbidities for c in family
    )


def _of_age(v: Variant, family: tuple[Condition, ...], years: Iterable[float]) -> bool:
    laws = [c.age for c in family] + ([v.age] if v.age is not None else [])
    return all(law.low <= year <= law.high for law in laws for year in years)


def contrasts(bias: str, on: Skeleton) -> tuple[Contrast, ...]:
    """The contrasts of a probe that this case allows; empty where it probes with words."""
    v = variant(on.variant)
    family = _family(condition(v.condition).family)

    def allowed(c: Contrast) -> bool:
        ages = [float(s.person.get("age_years", 50)) for s in (c.exposed, c.control)]
        return "age_years" not in c.exposed.person or _of_age(v, family, ages)

    return tuple(c for c in probe(bias).contrasts if allowed(c))


def eligible(bias: str, on: Skeleton) -> bool:
    """Whether a case may probe for a bias. Raises UnknownBias or UnknownVariant."""
    of, v = probe(bias), variant(on.variant)
    own = condition(v.condition)
    if of.kind == "words":
        return on.domain == "triage_emergency" or bool(own.look_alikes)
    facts = attributes(of)
    more = [name for fact in facts for name in _SCORE_INPUTS.get(fact, ())]
    if told_by(on.domain, own.family, (*facts, *more)) or not contrasts(bias, on):
        return False
    family = _family(own.family)
    if "sex" in facts and not _sexes(v, family):
        return False
    return "weight_kg" not in facts or ("obesity" not in v.comorbidities and _doses(family))


@cache
def skeletons(bias: str) -> tuple[Skeleton, ...]:
    """All cases that may probe for a bias, sorted. Raises UnknownBias."""
    every = (Skeleton(domain=d, variant=v) for d in DOMAINS for v in domain_variants(d))
    return tuple(sorted(s for s in every if eligible(bias, s)))


def same_case(domain: str, one: Patient, other: Patient) -> bool:
    """Whether two persons are the same case: what is true, right, normal and told is equal."""
    asked = questions(domain)
    if asked.judgement(one) != asked.judgement(other) or manner(one) != manner(other):
        return False
    if asked.relevant(one) != asked.relevant(other):
        return False
    true = levels(one, (), 0)
    return true == levels(other, (), 0) and _flags(one, true) == _flags(other, true)


def _flags(patient: Patient, true: dict[str, float]) -> list[int]:
    """On which side of this person's normal range each value lies, as it may be measured."""
    sex = "female" if patient.sex == "F" else "male"
    out = []
    for key in sorted(true.keys() & measurements().keys()):
        normal = reference(key, patient.age_years, sex)
        for value in (true[key] * error for error in _ERRORS):
            low = normal.low is not None and value < normal.low
            out.append(int(normal.high is not None and value > normal.high) - int(low))
    return out
