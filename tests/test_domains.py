"""What holds for every domain: good play pays, foolish play does not, the parts fit."""

from statistics import mean

import pytest

from healthgym.cli.admission import FOOLISH, GOOD, Verdict, examine
from healthgym.environments.tool import tools
from healthgym.knowledge.domains import domain, domains, policy, questions
from healthgym.knowledge.patients import generate
from healthgym.knowledge.tasks import splits, task, tasks

AT_MOST = 24
EXPERT = 0.8
"""The least mean composite of a domain's script; docs/tasks.md has the figures."""


def sample(name: str) -> list[Verdict]:
    """The first frozen task of variants spread over the whole domain."""
    first = {}
    for one in tasks(name):
        first.setdefault(one.variant, one)
    chosen = list(first.values())
    step = max(len(chosen) // AT_MOST, 1)
    return [examine(t) for t in chosen[::step][:AT_MOST]]


@pytest.fixture(scope="module", params=domains())
def verdicts(request: pytest.FixtureRequest) -> list[Verdict]:
    return sample(request.param)


def test_good_play_pays_and_foolish_play_does_not(verdicts: list[Verdict]) -> None:
    for v in verdicts:
        assert v.errors == 0, v
        assert v.reference >= GOOD, v
        assert max(v.nothing, v.salad) <= FOOLISH, v
    assert mean(v.random for v in verdicts) <= FOOLISH
    assert mean(v.expert for v in verdicts) >= EXPERT


@pytest.mark.parametrize("name", domains())
def test_a_domain_is_whole(name: str) -> None:
    assert len(policy(name)) > 200
    assert set(domain(name).shares) <= set(tools(name))
    assert any(t.startswith("submit_") for t in tools(name))
    parts = splits(name)
    assert {"train", "validation", "test"} <= set(parts.values())
    frozen = tasks(name)
    assert len({t.id for t in frozen}) == len(frozen)
    assert {t.variant for t in frozen} == set(parts)
    assert len({t.digest for t in frozen}) == len(frozen), "no two tasks are the same patient"
    for one in frozen[:: max(len(frozen) // 10, 1)]:
        assert task(one.id) == one
        patient = generate(one.variant, one.seed)
        judgement = questions(name).judgement(patient)
        assert judgement.decisive
        assert questions(name).ticket(patient)
        assert all(r.source for r in judgement.required)
