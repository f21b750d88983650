"""The world: folding observations, truth and predicates."""

import pytest

from healthgym.bus.events import Effect, ObservationReturned
from healthgym.knowledge.conditions import Predicate
from healthgym.knowledge.patients import generate
from healthgym.knowledge.physiology import MINUTE
from healthgym.knowledge.world import evolve, holds, open_world, truth


def seen(effect=None, reveals=(), ok=True):
    return ObservationReturned(turn=1, ok=ok, content={}, reveals=list(reveals), effect=effect)


@pytest.fixture
def world():
    return open_world(generate("dka_low_potassium", 4))


def test_the_arrival_panel_is_there(world):
    assert {o.item for o in world.resulted()} == {"lab:cbc", "lab:bmp"}
    chest = open_world(generate("gerd_typical", 3))
    assert "lab:troponin_t" in {o.item for o in chest.resulted()}


def test_orders_become_due(world):
    order = Effect(kind="ordered", item="lab:vbg", order="R1", due=20 * MINUTE)
    after = evolve(world, seen(order), 5 * MINUTE)
    assert [o.id for o in after.pending()] == ["R1"]
    later = evolve(after, seen(), 20 * MINUTE)
    assert not later.pending()


def test_failed_calls_change_nothing_but_the_clock(world):
    given = Effect(kind="given", item="drug:aspirin", due=MINUTE, dose=300, unit="mg", route="oral")
    after = evolve(world, seen(given, ok=False), MINUTE)
    assert after.given == ()
    assert after.now == MINUTE


def test_insulin_lowers_potassium(world):
    dose = Effect(
        kind="given", item="drug:insulin_regular", due=MINUTE, dose=7, unit="units", route="iv"
    )
    after = evolve(world, seen(dose), MINUTE)
    at = 120 * MINUTE
    before = truth(world, "lab:potassium_mmol_l", at)
    assert truth(after, "lab:potassium_mmol_l", at) < before - 0.2
    assert truth(after, "lab:glucose_mg_dl", at) < truth(world, "lab:glucose_mg_dl", at)


def test_facts_are_kept_once_and_in_order(world):
    after = evolve(world, seen(reveals=["vitals", "history"]), MINUTE)
    after = evolve(after, seen(reveals=["history", "allergies"]), 2 * MINUTE)
    assert after.observed == ("vitals", "history", "allergies")


def test_predicates(world):
    def check(fact, op, value):
        return holds(Predicate(fact=fact, op=op, value=value), world, 0)

    assert check("lab:potassium_mmol_l", "<", 3.9)
    assert not check("lab:potassium_mmol_l", ">=", 3.9)
    assert check("condition", "is", "dka")
    assert check("flag:heparin_induced_thrombocytopenia", "is", False)
    assert not check("lab:kryptonite", "<", 1e9)
    assert not check("lab:kryptonite", ">=", -1e9)
