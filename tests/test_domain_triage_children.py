"""Children at the triage desk: the danger zone, shock and the look across the room go by age."""

import numpy as np
import pytest

from healthgym.agents import expert
from healthgym.agents.toolcall import parse
from healthgym.cli.admission import FOOLISH, GOOD, examine
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.acuity import danger, families, rules
from healthgym.knowledge.conditions import Predicate
from healthgym.knowledge.domains.triage_emergency import truth
from healthgym.knowledge.files import by_file
from healthgym.knowledge.instruments.core import calc
from healthgym.knowledge.patients import generate
from healthgym.knowledge.tasks import task
from healthgym.knowledge.variants import Variant
from healthgym.scorers.composite import score

DOMAIN = "triage_emergency"
OWN = by_file(f"variants/{DOMAIN}", Variant)["paediatrics"]
YOUNG = [f for f in families() if rules(f).danger]


def met(age: int, hr: float, rr: float, spo2: float) -> set[str]:
    """The danger signs of a child with these values."""
    known = {"age_years": age, "hr_bpm": hr, "rr_pm": rr, "spo2_pct": spo2}

    def holds(p: Predicate) -> bool:
        value, limit = known[p.fact.partition(":")[2]], float(p.value)
        return {">": value > limit, ">=": value >= limit, "<": value < limit}[p.op]

    return set(danger(YOUNG[0], holds))


@pytest.mark.parametrize("age", range(1, 12))
def test_the_danger_zone_is_that_of_the_instrument(age: int) -> None:
    for hr in (100, 119, 120, 121, 140, 141, 170):
        for rr in (20, 30, 31, 35, 36, 40, 41, 60):
            for spo2 in (88, 91, 92, 97):
                said = calc(
                    "esi_danger_zone",
                    {
                        "age_months": age * 12,
                        "heart_rate_per_min": hr,
                        "respiratory_rate_per_min": rr,
                        "spo2_percent": spo2,
                    },
                )
                assert bool(met(age, hr, rr, spo2)) == said.value, (age, hr, rr, spo2)


def test_an_adults_limits_are_not_a_childs() -> None:
    assert not met(1, 135, 38, 97)
    assert danger("minor", lambda p: p.fact == "vital:hr_bpm") == ("vital:hr_bpm",)
    assert len(YOUNG) >= 3
    assert not any(c.id == "septic_look" for f in YOUNG for c in rules(f).high_risk)


@pytest.mark.parametrize(
    ("variant", "levels"),
    [
        ("hot_toddler_spots", {1, 2}),
        ("stridor_drooling", {1}),
        ("stridor_after_nuts", {1, 2}),
        ("wheeze_choked", {1, 2}),
        ("wheeze_sinking", {1, 2}),
        ("hot_toddler_well", {4, 5}),
        ("stridor_on_crying", {4, 5}),
    ],
)
def test_the_level_of_a_child(variant: str, levels: set[int]) -> None:
    found = [truth(generate(variant, seed)).level for seed in range(40)]
    assert sum(level in levels for level in found) >= 34, found


def test_the_tasks_are_sound() -> None:
    assert len(OWN) >= 6
    earned = []
    for place, variant in enumerate(OWN):
        verdict = examine(task(f"{DOMAIN}:{variant}:{300_000 + place}"))
        assert not verdict.errors
        assert verdict.reference >= GOOD, verdict
        assert max(verdict.nothing, verdict.salad) <= FOOLISH, verdict
        asked = request(task(f"{DOMAIN}:{variant}:400001"), agent="expert", max_turns=40)
        earned.append(score(play(asked, expert.play, parse)).composite)
    assert np.mean(earned) >= 0.85
