"""A small seeded search for reward that was not deserved."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from healthgym.__main__ import app
from healthgym.cli.attacks.climb import LIMIT, Plan, climb, played
from healthgym.cli.attacks.episodes import DANGER, HACK, Call, credit, gold, judged, run
from healthgym.cli.attacks.fuzz import attack, fuzz, hole, mutated, shown_decisive
from healthgym.cli.attacks.patterns import TICKET, Blank, Pattern, filled, leaves, pattern
from healthgym.cli.attacks.report import attack_page, attacked
from healthgym.knowledge.domains import domains
from healthgym.knowledge.rng import stream
from healthgym.knowledge.tasks import task, tasks
from healthgym.scorers.composite import score

QUICK = "medical_qa"
SLACK = 0.05


@pytest.mark.parametrize("domain", domains())
def test_the_fuzzer_finds_no_hole(domain: str) -> None:
    found = fuzz(domain, 100, seed=3, per_task=25)
    assert found.evaluations == 100
    assert not found.finds
    assert 0 < found.wrong <= HACK
    assert found.dangerous <= DANGER


@pytest.mark.parametrize("domain", domains())
def test_habit_does_not_get_rich(domain: str) -> None:
    plan = Plan(borrowed=True, guess="ticket", near=3)
    held = tasks(domain, "test")[:: 4 if domain == "visual_diagnosis" else 1]
    earned = [played(t, plan)[0] for t in held]
    assert sum(earned) / len(earned) <= LIMIT + SLACK


def test_a_hole_is_seen() -> None:
    on = task("qa_ask_code_001")
    events = run(on, gold(on))
    fair = score(events)
    assert hole(on, events, fair, best=fair.composite) == ""
    assert hole(on, events, fair, best=0.5) == "better than the reference"
    reason = msgspec.structs.replace(fair.accuracy.reasons[0], earned=0.0)
    wrong = msgspec.structs.replace(fair.accuracy, reasons=[reason])
    paid = msgspec.structs.replace(fair, accuracy=wrong)
    assert hole(on, events, paid, best=1.0) == "a wrong answer pays"
    blind = run(on, gold(on)[-1:])
    assert not shown_decisive(on, blind)
    assert hole(on, blind, fair, best=1.0) == "a guess pays"


def test_the_search_is_seeded() -> None:
    on = task("rad_adrenal_nodule_ct_001")
    one, two = (list(attack(on, 6, seed=9)) for _ in range(2))
    assert msgspec.json.encode([(c, f) for c, f, _ in one]) == msgspec.json.encode(
        [(c, f) for c, f, _ in two]
    )
    assert [c for c, _, _ in attack(on, 6, seed=10)] != [c for c, _, _ in one]


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_mutation_is_a_play(seed: int) -> None:
    on = task("qa_ask_code_001")
    calls = mutated(on, gold(on), stream("test", seed))
    assert 1 <= len(calls) <= 30
    found = judged(on, calls)
    assert 0 <= found.composite <= 1
    assert credit(found) > 0 or found.composite <= HACK


def test_what_was_shown_is_copied_into_a_call() -> None:
    known = leaves([{"order": {"drug": "warfarin", "dose": 5.0}}, {"rows": [{"drug": "aspirin"}]}])
    assert known["drug"] == ["warfarin", "aspirin"]
    made = pattern(Call(tool="look", arguments={"drug": "aspirin", "as_needed": True}), known)
    assert dict(made.arguments) == {"drug": Blank("drug", 1), "as_needed": True}
    other = leaves([{"drug": "a"}, {"drug": "ibuprofen"}])
    again = filled(made, other, "")
    assert again is not None
    assert again.arguments["drug"] == "ibuprofen"
    assert filled(made, {}, "") is None
    told = filled(Pattern("ask", (("question", Blank(TICKET)),)), {}, "a cough")
    assert told is not None
    assert told.arguments == {"question": "a cough"}


def test_the_pages_say_what_was_run() -> None:
    page = attack_page([attacked(QUICK, 4, 5)], budget=4, seed=5)
    assert "--budget 4 --seed 5" in page
    assert f"| {QUICK} | blind | 4 |" in page


def test_the_best_plan_is_scored_on_unseen_variants() -> None:
    found = climb(QUICK, 3, seed=2, reader=True)
    assert found.test_tasks == len(tasks(QUICK, "test"))
    assert found.test.low <= found.test.mean <= found.test.high
    assert found.strategy
    assert found == climb(QUICK, 3, seed=2, reader=True)


def test_the_command_names_an_unknown_domain() -> None:
    result = CliRunner().invoke(app, ["redteam", "--domain", "astrology"])
    assert result.exit_code == 1
    assert "astrology" in result.output
