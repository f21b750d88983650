"""Questions that are answered in sentences: read first, then told; no trick of words pays."""

from functools import cache
from typing import Any

import pytest

from healthgym.agents.toolcall import render
from healthgym.bus.events import EpisodeScored
from healthgym.bus.view import Action
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.domains.medical_qa import asked, reference
from healthgym.knowledge.guidelines import guidelines
from healthgym.knowledge.management import management
from healthgym.knowledge.patients import generate
from healthgym.knowledge.tasks import Task, tasks
from healthgym.scorers.composite import score
from healthgym.scorers.text.judge import judge

TASKS = [t for t in tasks("medical_qa") if t.variant.startswith("ask_manage")]
Calls = list[tuple[str, dict[str, Any]]]


@cache
def gold(on: Task) -> tuple[tuple[str, dict[str, Any]], ...]:
    calls = reference(generate(on.variant, on.seed))
    return tuple((c.tool, dict(c.arguments)) for c in calls)


def judged(on: Task, calls: Calls) -> EpisodeScored:
    said = iter(calls)
    asked_for = request(on, agent="t", max_turns=len(calls))
    return score(play(asked_for, lambda _: Action(raw=render(*next(said)))))


def told(on: Task, text: str) -> float:
    """The reference's work-up, then this text."""
    calls = list(gold(on))
    return judged(on, [*calls[:-1], ("submit_text", {**calls[-1][1], "text": text})]).composite


def tricks(on: Task) -> dict[str, str]:
    wanted = management(asked(generate(on.variant, on.seed)).guideline)
    ideas = [c.names[0] for c in wanted.must]
    others = [g for g in guidelines() if management(g).must and management(g) != wanted]
    return {
        "soup": " ".join(ideas * 3),
        "list": ", ".join(ideas * 2),
        "echo": asked(generate(on.variant, on.seed)).text,
        "denied": " ".join(f"Do not give the patient {idea}." for idea in ideas),
        "withheld": f"The patient must avoid {', '.join(ideas)}.",
        "refusal": "I cannot say what the guideline asks for, so I would ask a specialist.",
        "another guideline": management(others[len(ideas) % len(others)]).reference,
    }


@pytest.mark.parametrize("on", TASKS, ids=lambda t: t.id)
def test_no_trick_of_words_pays(on: Task) -> None:
    assert told(on, gold(on)[-1][1]["text"]) == pytest.approx(1.0)
    for name, text in tricks(on).items():
        limit = 0.5 if name == "another guideline" else 0.15  # it may share an act or two
        assert told(on, text) <= limit, (name, text)


@pytest.mark.parametrize("on", TASKS[::4], ids=lambda t: t.id)
def test_a_text_without_having_read_earns_nothing(on: Task) -> None:
    assert judged(on, [gold(on)[-1]]).composite <= 0.15


@pytest.mark.parametrize("on", TASKS[::4], ids=lambda t: t.id)
def test_half_of_it_earns_less_and_own_words_do(on: Task) -> None:
    wanted = management(asked(generate(on.variant, on.seed)).guideline)
    ideas = [c.names[-1] for c in wanted.must]
    own = " ".join(f"I would arrange {idea} for her without delay." for idea in ideas)
    half = " ".join(own.split(". ")[:1])
    assert told(on, own) > 0.6
    assert told(on, half) < told(on, own) <= 1


def test_every_guideline_says_what_it_asks_for() -> None:
    for on in TASKS:
        for id_ in str(generate(on.variant, on.seed).extra["of"]).split():
            wanted = management(id_)
            assert len(wanted.must) >= 3
            assert judge(wanted.reference, wanted).score == pytest.approx(1.0)
