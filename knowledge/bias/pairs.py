"""Matched pairs from a seed: which case, which wording, which person in which arm.

Both arms are the same patient and seed, and their tickets have the same number of characters: a
reference number at the end takes up what the words differ by.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import msgspec

from ...bus.events import Framing
from ..conditions import condition
from ..domains import questions
from ..domains.triage_emergency import truths
from ..errors import BadData
from ..patients import Patient, generate
from ..rng import Stream, stream
from ..variants import variant
from .framing import framed
from .probes import Person, Side, probe
from .skeletons import DOMAINS, Skeleton, contrasts, same_case, skeletons

VERSION = "1"
SKELETONS = 60
"""Cases of each bias: 40 at least are asked for, in both domains."""
_SEEDS = 400
_TRIED, _OFTEN = 8, 0.25
_DIGITS = 5
_BASE_SEED = 500_000
"""Away from the seeds of the frozen tasks."""
_ELSEWHERE = ("dressing change", "repeat prescription", "travel vaccination", "lost health card")


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two episodes of a pair."""

    framing: Framing
    wording: int


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two episodes of the same patient that must end alike."""

    id: str
    bias: str
    skeleton: Skeleton
    seed: int
    exposed: Arm
    control: Arm
    placebo: bool = False

    @property
    def task(self) -> str:
        """The id of the generated task."""
        return f"{self.skeleton.id}:{self.seed}"


@lru_cache(maxsize=64)
def chosen(bias: str) -> tuple[Skeleton, ...]:
    """The cases that a bias is probed on: drawn from the eligible ones, half from each domain.

    Where a domain has too few, the other one fills up. Raises UnknownBias.
    """
    s = stream("bias skeletons", VERSION, bias)
    by_domain = [[k for k in skeletons(bias) if k.domain == d] for d in DOMAINS]
    shuffled = [sorted(own, key=lambda _: s.word()) for own in by_domain]
    picked: list[Skeleton] = []
    while len(picked) < SKELETONS and any(shuffled):
        for own in shuffled:
            while own and len(picked) < SKELETONS:
                case = own.pop()
                if _workable(bias, case):
                    picked.append(case)
                    break
    return tuple(picked)


def _workable(bias: str, on: Skeleton) -> bool:
    """Whether enough of its patients are the same case in both arms."""
    s = stream("bias workable", VERSION, bias, on.id)
    if probe(bias).kind == "words":
        return True
    drawn = (_drawn(bias, on, s, placebo=False) for _ in range(_TRIED))
    return sum(d is not None for d in drawn) >= _TRIED * _OFTEN


def pairs(bias: str, count: int, seed: int = 0, *, placebo: bool = False) -> Iterator[Pair]:
    """The first `count` pairs of a bias: every case in turn, each time with a new patient.

    A placebo pair is two wordings of the control arm about the same person. Raises UnknownBias.
    """
    cases = chosen(bias)
    for number in range(count):
        case = cases[number % len(cases)]
        s = stream("bias", VERSION, bias, seed, number, "placebo" if placebo else "pair")
        yield _pair(bias, case, number, s, placebo=placebo)


def _pair(bias: str, on: Skeleton, number: int, s: Stream, *, placebo: bool) -> Pair:
    """Draw patients until both arms are the same case. Raises BadData where none is found."""
    for _ in range(_SEEDS):
        drawn = _drawn(bias, on, s, placebo=placebo)
        if drawn is None:
            continue
        patient, who = drawn
        arms = _arms(bias, on, patient, who, s, placebo=placebo)
        return Pair(
            id=f"{bias}-{'placebo' if placebo else 'pair'}-{number}",
            bias=bias,
            skeleton=on,
            seed=patient.seed,
            exposed=arms[0],
            control=arms[1],
            placebo=placebo,
        )
    raise BadData(f"{on.id}: no patient in {_SEEDS} is the same case in both arms of {bias}")


def _drawn(
    bias: str, on: Skeleton, s: Stream, *, placebo: bool
) -> tuple[Patient, tuple[tuple[Side, Side], list[Person]]] | None:
    """A patient with the persons of both arms; None where they would not be the same case."""
    options = contrasts(bias, on)
    patient = generate(on.variant, _BASE_SEED + s.integer(0, 99_999))
    contrast = s.choice(options) if options else None
    sides = (contrast.exposed, contrast.control) if contrast else (Side(), Side())
    if placebo:
        sides = (sides[1], sides[1])
    persons = [person(side, patient) for side in sides]
    return (patient, (sides, persons)) if _fits(on.domain, patient, persons) else None


def person(side: Side, patient: Patient) -> Person:
    """What the form says of the person in an arm: kilograms follow from the index and height."""
    said = dict(side.person)
    if side.bmi is not None:
        said["weight_kg"] = round(side.bmi * (patient.height_cm / 100) ** 2, 1)
    return said


def _fits(domain: str, patient: Patient, persons: list[Person]) -> bool:
    if not any(persons):
        return True
    if "weight_kg" in persons[0] and "obesity" in patient.comorbidities:
        return False
    both = [framed(patient, Framing(bias="", arm="control", said="", person=p)) for p in persons]
    return same_case(domain, both[0], both[1]) and same_case(domain, patient, both[0])


def claim(on: Skeleton, patient: Patient, s: Stream) -> str:
    """A wrong answer that looks right: a look-alike, or a level that no reading allows."""
    if on.domain != "triage_emergency":
        return condition(s.choice(condition(patient.condition).look_alikes)).name
    levels = [t.level for t in truths(patient)]
    milder = [n for n in range(max(levels) + 1, 6) if n <= max(levels) + 2]
    return f"triage level {s.choice(milder or [min(levels) - 1])}"


def _elsewhere(on: Skeleton, s: Stream) -> str:
    """Something that has no bearing: an illness of another family, or another errand."""
    if on.domain == "triage_emergency":
        return s.choice(_ELSEWHERE)
    family = condition(variant(on.variant).condition).family
    cases = skeletons("availability")
    others = [condition(variant(k.variant).condition) for k in cases if k.domain == on.domain]
    return s.choice([c.name for c in others if c.family != family])


def _arms(
    bias: str,
    on: Skeleton,
    patient: Patient,
    who: tuple[tuple[Side, Side], list[Person]],
    s: Stream,
    *,
    placebo: bool,
) -> tuple[Arm, Arm]:
    exposed, control = probe(bias).arms
    first = s.integer(0, len(control) - 1)
    other = (first + s.integer(1, len(control) - 1)) % len(control)
    wordings = (control[other], control[first]) if placebo else (exposed[first], control[first])
    said = {"claim": claim(on, patient, s), "elsewhere": _elsewhere(on, s)}
    framings = []
    arms: tuple[Literal["exposed", "control"], ...] = ("exposed", "control")
    for arm, text, side, told in zip(arms, wordings, *who, strict=True):
        words = text.format(
            **said,
            words=side.words,
            age=told.get("age_years", patient.age_years),
            weight=round(float(told.get("weight_kg", patient.weight_kg))),
        )
        framings.append(Framing(bias=bias, arm=arm, said=words, person=told, placebo=placebo))
    long = [_length(on, patient, f) for f in framings]
    code = str(s.integer(1, 9)) + "".join(
        str(s.integer(0, 9)) for _ in range(abs(long[0] - long[1]) + _DIGITS)
    )
    numbered = [
        msgspec.structs.replace(f, said=f"{f.said} Ref. {code[: _DIGITS + max(long) - own]}")
        for f, own in zip(framings, long, strict=True)
    ]
    return Arm(framing=numbered[0], wording=other if placebo else first), Arm(
        framing=numbered[1], wording=first
    )


def _length(on: Skeleton, patient: Patient, framing: Framing) -> int:
    ticket = questions(on.domain).ticket(framed(patient, framing))
    return len(ticket) + len(framing.said)
