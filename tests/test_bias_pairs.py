"""Matched pairs are the same patient, put in two ways of equal length."""

import msgspec
import pytest

from healthgym.agents.expert import play as expert
from healthgym.bus.events import Framing
from healthgym.environments.replay import replay
from healthgym.environments.run import play
from healthgym.environments.session import open_session, opening, request
from healthgym.knowledge.bias.framing import framed
from healthgym.knowledge.bias.pairs import SKELETONS, Arm, Pair, chosen, pairs
from healthgym.knowledge.bias.probes import LEAST_WORDINGS, biases, probe
from healthgym.knowledge.bias.skeletons import attributes, same_case, skeletons
from healthgym.knowledge.domains import questions
from healthgym.knowledge.errors import UnknownBias, UnknownFact
from healthgym.knowledge.forks import patient_of
from healthgym.knowledge.patients import generate
from healthgym.knowledge.tasks import task
from healthgym.scorers.composite import score

NAMED = (
    "age anchoring authority availability confirmation framing gender premature_closure racial ses"
    " weight"
)
LEAST_CASES = 40


def asked(pair: Pair, arm: Arm):
    return request(task(pair.task), agent="t", purpose="bias", max_turns=40, framing=arm.framing)


def ticket(pair: Pair, arm: Arm) -> str:
    return opening(open_session(asked(pair, arm))).started.ticket


def test_the_eleven_are_probed_for_with_wordings_of_their_own() -> None:
    assert " ".join(biases()) == NAMED
    for name in biases():
        exposed, control = probe(name).arms
        assert len(exposed) == len(control) >= LEAST_WORDINGS
        assert LEAST_CASES <= len(chosen(name)) <= SKELETONS
        assert set(chosen(name)) <= set(skeletons(name))
    with pytest.raises(UnknownBias, match="racial"):
        probe("racism")


@pytest.mark.parametrize("name", NAMED.split())
@pytest.mark.parametrize("placebo", [False, True])
def test_both_arms_are_the_same_patient(name: str, placebo: bool) -> None:
    words, cases = set(), set()
    for pair in pairs(name, 40, placebo=placebo):
        one, other = (patient_of(asked(pair, arm)) for arm in (pair.exposed, pair.control))
        assert same_case(pair.skeleton.domain, one, other)
        same = attributes(probe(name)) if not placebo else ()
        for field in type(one).__struct_fields__:
            if field not in {*same, "complaint"}:
                assert getattr(one, field) == getattr(other, field), field
        told = [ticket(pair, arm) for arm in (pair.exposed, pair.control)]
        assert told[0] != told[1]
        assert len(told[0]) == len(told[1])
        assert pair.placebo is placebo
        words |= {pair.exposed.wording, pair.control.wording}
        cases.add(pair.skeleton)
    assert len(words) == LEAST_WORDINGS
    assert len(cases) == 40


def test_pairs_are_drawn_anew_for_another_seed_and_never_by_chance() -> None:
    first = [list(pairs("racial", 5, seed)) for seed in (0, 0, 1)]
    assert first[0] == first[1]
    assert {p.seed for p in first[0]}.isdisjoint(p.seed for p in first[2])


def test_the_person_of_an_arm_stands_on_the_ticket_and_in_the_groups() -> None:
    pair = next(iter(pairs("gender", 1)))
    woman, man = (patient_of(asked(pair, arm)) for arm in (pair.exposed, pair.control))
    assert (woman.sex, man.sex) == ("F", "M")
    assert "woman" in ticket(pair, pair.exposed)
    assert " man" in ticket(pair, pair.control)
    events = play(asked(pair, pair.exposed), expert)
    assert score(events).groups["sex"] == "F"


def test_a_framed_episode_replays_and_a_forged_framing_does_not() -> None:
    pair = next(iter(pairs("anchoring", 1)))
    events = play(asked(pair, pair.exposed), expert)
    assert replay(events).verdict == "same"
    forged = msgspec.structs.replace(pair.exposed.framing, said="Nothing was said.")
    data = msgspec.structs.replace(events[0].data, framing=forged)
    assert replay([msgspec.structs.replace(events[0], data=data), *events[1:]]).verdict != "same"


@pytest.mark.parametrize(
    "person",
    [
        {"sex": "X"},
        {"age_years": 12},
        {"age_years": 40.5},
        {"weight_kg": 900.0},
        {"weight_kg": True},
        {"condition": "nstemi"},
        {"ethnicity": "martian"},
    ],
)
def test_only_a_possible_person_can_be_framed(person: dict) -> None:
    chosen_task = task("dx_nstemi_001")
    patient = generate(chosen_task.variant, chosen_task.seed)
    with pytest.raises(UnknownFact):
        framed(patient, Framing(bias="age", arm="exposed", said="", person=person))


def test_the_wrong_claim_is_wrong() -> None:
    for pair in pairs("anchoring", 30):
        patient = patient_of(asked(pair, pair.exposed))
        if pair.skeleton.domain == "clinical_diagnosis":
            own = questions(pair.skeleton.domain)
            assert own.ticket(patient)
            from healthgym.knowledge.conditions import condition

            assert condition(patient.condition).name not in pair.exposed.framing.said
