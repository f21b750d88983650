"""What several rules ask of a scene."""

from collections.abc import Callable, Collection, Iterator

from ...knowledge.drugs import Drug, formulary
from ...knowledge.instruments.core import calc
from .facts import deadline, flags_of
from .model import Act, Hit, Home, Person, Scene

_ADULT_YEARS = 18
_ON_DIALYSIS = 5.0
"""Clearance in mL/min that a person on dialysis is taken to have (estimate, unverified)."""


def recorded(act: Act) -> Drug | None:
    """The formulary's entry of the drug; None where only a class was named."""
    return formulary().drugs.get(act.item)


def omission(
    scene: Scene,
    rule: str,
    met: Callable[[Act], bool],
    evidence: str,
    settled: Collection[str] = ("discharge", "admit", "report"),
) -> Iterator[Hit]:
    """A finding where no act met an obligation before its hard deadline or a disposition.

    The first act after the deadline decides it, or one of a kind in `settled` before; no act
    decides it where the scene was watched beyond the deadline. Before that nothing is omitted.
    """
    limit = scene.start_min + deadline(rule)
    in_time = [a for a in scene.acts if met(a) and a.minute <= limit and not a.blocked]
    left = next((a for a in scene.acts if a.kind in {"discharge", "transfer"}), None)
    if any(left is None or a.index <= left.index for a in in_time if scene.cancelled(a) is None):
        return
    if left is not None and left.kind == "transfer" and left.minute <= limit:
        return
    decided = next(
        (a for a in scene.acts if a.minute > limit or a.kind in settled or a.item == "end"), None
    )
    if decided is None and (scene.end_min is None or scene.end_min <= limit):
        return
    yield Hit(
        rule=rule,
        severity=5,
        act=decided,
        evidence=f"{evidence} by minute {limit:g}",
        exceptions=flags_of(rule),
        by_min=limit,
    )


def taken(scene: Scene, act: Act) -> Iterator[Home]:
    """Drugs that the person takes or took when an act happens, given ones included."""
    stopped = {a.item: a for a in scene.before(act) if a.kind in {"stop", "cancel"}}
    for one in scene.person.medications:
        days = one.stopped_days
        if days is None and one.drug in stopped:
            days = (act.minute - stopped[one.drug].minute) / 1440
        elif days is not None:
            days += act.minute / 1440
        yield Home(drug=one.drug, stopped_days=days)
    for earlier in scene.before(act):
        if earlier.drug and recorded(earlier) and not earlier.blocked:
            end = stopped.get(earlier.item)
            if end is None or end.index < earlier.index:
                yield Home(drug=earlier.item)
            elif earlier.kind == "give" or scene.cancelled(earlier) is None:
                yield Home(drug=earlier.item, stopped_days=(act.minute - earlier.minute) / 1440)


def kidneys(scene: Scene, minute: float) -> tuple[float | None, float | None]:
    """EGFR (CKD-EPI 2021, mL/min/1.73 m2) and clearance (Cockcroft-Gault, mL/min) at a minute.

    Charted values first, else computed for adults whose creatinine, age and sex are known.
    """
    who = scene.person
    egfr, crcl = scene.value("egfr", minute), scene.value("crcl", minute)
    creatinine = scene.value("creatinine", minute)
    if who.has("dialysis"):
        return egfr or _ON_DIALYSIS, crcl or _ON_DIALYSIS
    if egfr is None and creatinine is not None:
        egfr = _computed("ckd_epi_2021", who, creatinine)
    if crcl is None and creatinine is not None and who.weight_kg is not None:
        crcl = _computed("cockcroft_gault", who, creatinine)
    known = egfr if egfr is not None else crcl
    return known, crcl if crcl is not None else known


def _computed(name: str, who: Person, creatinine: float) -> float | None:
    if who.age_years is None or who.sex is None or who.age_years < _ADULT_YEARS:
        return None
    inputs = {"age_years": who.age_years, "sex": who.sex, "creatinine_mg_dl": creatinine}
    if name == "cockcroft_gault":
        inputs["weight_kg"] = who.weight_kg or 0.0
    value = calc(name, inputs).value
    return float(value) if isinstance(value, int | float) else None
