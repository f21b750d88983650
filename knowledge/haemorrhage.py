"""Bleeding in pregnancy and after birth: how much is lost while its cause is treated or not."""

from functools import cache

from .physiology import MINUTE
from .world import World

_SLOWS: dict[str, dict[str, float]] = {
    "pph_atony": {
        "oxytocin": 0.5,
        "uterine_massage": 0.6,
        "tranexamic_acid": 0.8,
        "carboprost": 0.35,
        "methylergonovine": 0.35,
        "misoprostol": 0.6,
        "balloon_tamponade": 0.1,
    },
    "pph_retained": {"manual_removal": 0.05, "oxytocin": 0.8, "tranexamic_acid": 0.8},
    "pph_trauma": {"repair_tear": 0.05, "tranexamic_acid": 0.8},
}


@cache
def _slowed(name: str) -> dict[str, float]:
    return _SLOWS.get(name, {"delivery": 0.1})


def blood_loss(world: World, at: int) -> float:
    """Blood lost by a simulated time, mL.

    It runs at a rate that every act against its cause reduces (sizes: clinical estimate,
    unverified).
    """
    patient = world.patient
    lost = float(patient.extra.get("blood_loss_ml", 0))
    rate = float(patient.extra.get("blood_rate_ml_min", 0))
    acts = [(n.item.partition(":")[2], n.at) for n in world.notes]
    acts += [(g.drug, g.at) for g in world.given]
    factors, seen, before = _slowed(patient.condition), set[str](), 0
    for act, when in sorted(acts, key=lambda a: (a[1], a[0])):
        if when > at or act in seen or act not in factors:
            continue
        seen.add(act)
        lost += rate * (when - before) / MINUTE
        before, rate = when, rate * factors[act]
    return lost + rate * (at - before) / MINUTE
