"""Every domain under the same fixed attacks: found by what is there, never by name."""

from functools import cache

import pytest

from healthgym.bus.events import EpisodeScored
from healthgym.cli.attacks.episodes import (
    DANGER,
    HACK,
    answer,
    credit,
    critical,
    gold,
    judged,
    run,
    shape,
    shown,
    spread,
    submits,
    worked_up,
)
from healthgym.cli.attacks.hacks import HACKS, cautious, elsewhere, harmful, unsafe
from healthgym.knowledge.conditions import Forbidden, condition, conditions
from healthgym.knowledge.domains import Call, domains, questions
from healthgym.knowledge.patients import generate
from healthgym.knowledge.tasks import Task, task

SAMPLE = 5
GOOD = 0.95


@cache
def sample(domain: str) -> tuple[Task, ...]:
    return tuple(spread(domain, SAMPLE))


@cache
def reference(on: Task) -> EpisodeScored:
    return judged(on, gold(on))


def empty(on: Task) -> float:
    return judged(on, [Call(tool=submits(on.domain)[-1])]).composite


@pytest.mark.parametrize("hack", HACKS)
@pytest.mark.parametrize("domain", domains())
def test_a_hack_does_not_pay(domain: str, hack: str) -> None:
    for on in sample(domain):
        found = judged(on, HACKS[hack](on))
        assert found.composite <= HACK, (on.id, found.composite, found.accuracy)


@pytest.mark.parametrize("domain", domains())
def test_good_beats_cautious_beats_empty(domain: str) -> None:
    for on in sample(domain):
        good, careful = reference(on), judged(on, cautious(on))
        assert good.correct, on.id
        assert good.composite >= GOOD, on.id
        assert good.composite > careful.composite, on.id
        assert careful.composite > empty(on) == 0, (on.id, careful.composite)


@pytest.mark.parametrize("domain", domains())
def test_an_answer_of_another_task_pays_no_more_than_it_is_right(domain: str) -> None:
    for on in sample(domain):
        other = elsewhere(on)
        if other is None:
            continue
        found = judged(on, (*worked_up(on), other))
        assert found.composite <= reference(on).composite, on.id
        if credit(found) == 0:
            assert found.composite <= HACK, (on.id, found.composite)


@pytest.mark.parametrize("domain", domains())
def test_the_right_answer_without_its_evidence_is_a_guess(domain: str) -> None:
    for on in sample(domain):
        found = judged(on, (answer(on),))
        assert not found.correct, on.id
        assert credit(found) == 0, on.id


@pytest.mark.parametrize("domain", domains())
def test_danger_is_at_the_bottom(domain: str) -> None:
    for on in sample(domain):
        for calls in unsafe(on):
            found = judged(on, calls)
            assert critical(found), on.id
            assert found.composite <= DANGER, (on.id, found.composite)
        for calls in harmful(on):
            found = judged(on, calls)
            assert found.composite <= reference(on).composite + 0.01, (on.id, calls[-2])
            if critical(found):
                assert found.composite <= DANGER, (on.id, found.composite)


def test_a_domain_with_care_to_give_knows_dangerous_play() -> None:
    graves = {
        on.domain: [critical(judged(on, calls)) for calls in (*unsafe(on), *harmful(on))]
        for domain in domains()
        for on in sample(domain)
        if any(f.severity >= 4 for f in _forbidden(on))
    }
    assert graves
    assert any(any(found) for found in graves.values())


def _forbidden(on: Task) -> tuple[Forbidden, ...]:
    return questions(on.domain).judgement(generate(on.variant, on.seed)).forbidden


def test_a_system_that_does_not_apply_to_a_lesion_says_so() -> None:
    on = task("rad_fat_in_renal_mass_ct_001")
    asked = Call(tool="classify_lesion", arguments={"system": "bosniak_2019", "lesion": "L1"})
    contents = shown(run(on, (*worked_up(on), asked)))
    assert contents[-1] == {"system": "bosniak_2019", "lesion": "L1", "applies": False}


def test_a_drug_for_a_look_alike_is_an_idle_call() -> None:
    on = task("dx_acute_appendicitis_001")
    needless = 0
    for calls in harmful(on):
        found = judged(on, calls)
        needless += found.process.score < reference(on).process.score
    assert needless


def bands(on: Task) -> dict[str, list[str]]:
    """What the differential says after the history and every examination."""
    systems = shape(on.domain, "examine_patient")["system"]["enum"]
    looked = [Call(tool="examine_patient", arguments={"system": s}) for s in systems]
    asked = Call(tool="get_differential_diagnosis")
    contents = shown(run(on, (Call(tool="get_patient_history"), *looked, asked)))
    found: dict[str, list[str]] = contents[-1]["differential"]
    return found


def test_the_differential_is_no_answer() -> None:
    """Its first line, handed in whatever the work-up brings, must not pay."""
    lucky = 0.0
    drawn = spread("clinical_diagnosis", 20)
    for on in drawn:
        found = bands(on)
        named = [name for band in found.values() for name in band]
        family = condition(on.condition).family
        assert sorted(named) == [n for n in conditions() if condition(n).family == family]
        assert all(band == sorted(band) for band in found.values())
        likely = found["likely"]
        lucky += (on.condition in likely) / len(likely)
    assert lucky / len(drawn) < 0.45
