"""Recognising an emergency, knowing how sure one is, knowing when to ask a specialist."""

from typing import Any

import pytest

from healthgym.agents.toolcall import parse, render
from healthgym.bus.events import EpisodeScored
from healthgym.bus.view import Action
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.domains.clinical_diagnosis import reference
from healthgym.knowledge.patients import generate
from healthgym.knowledge.tasks import Task, task
from healthgym.scorers.composite import score

NSTEMI, DISSECTION = "dx_nstemi_001", "dx_aortic_dissection_001"
Calls = list[tuple[str, dict[str, Any]]]
WAIT: tuple[str, dict[str, Any]] = ("wait_for_results", {"max_minutes": 200})


def gold(on: Task) -> Calls:
    return [(c.tool, dict(c.arguments)) for c in reference(generate(on.variant, on.seed))]


def judged(on: Task, calls: Calls) -> EpisodeScored:
    said = iter(calls)
    asked = request(on, agent="t", max_turns=60)
    return score(play(asked, lambda _: Action(raw=render(*next(said))), parse))


def rules(found: EpisodeScored) -> dict[str, int]:
    return {f.rule: f.severity for f in found.findings}


def stated(on: Task, probability: float, answer: dict[str, Any] | None = None) -> float:
    calls = gold(on)
    end = (calls[-1][0], {**calls[-1][1], **(answer or {})})
    found = judged(on, [*calls[:-1], ("state_confidence", {"probability": probability}), end])
    return next(r.earned for r in found.coherence.reasons if r.id == "confidence")


@pytest.mark.parametrize(("said", "right", "wrong"), [(1, 1, 0), (0.5, 0.75, 0.75), (0, 0, 1)])
def test_a_stated_confidence_is_judged_by_its_squared_error(
    said: float, right: float, wrong: float
) -> None:
    on = task(NSTEMI)
    assert stated(on, said) == pytest.approx(right)
    assert stated(on, said, {"icd10_code": "K21.9"}) == pytest.approx(wrong)


def test_who_says_nothing_is_not_asked_and_doubt_saves_no_wrong_answer() -> None:
    on = task(NSTEMI)
    plain = judged(on, gold(on))
    assert all(r.id != "confidence" for r in plain.coherence.reasons)
    calls = gold(on)
    doubt = ("state_confidence", {"probability": 0})
    wrong = (calls[-1][0], {**calls[-1][1], "icd10_code": "K21.9"})
    assert judged(on, [*calls[:-1], doubt, wrong]).composite <= 0.15


def test_what_was_said_last_counts() -> None:
    on = task(NSTEMI)
    calls = gold(on)
    told = [("state_confidence", {"probability": p}) for p in (0.1, 0.9)]
    found = judged(on, [*calls[:-1], *told, calls[-1]])
    (reason,) = [r for r in found.coherence.reasons if r.id == "confidence"]
    assert reason.note == "0.9"


def test_an_emergency_seen_late_is_a_finding() -> None:
    on = task(DISSECTION)
    calls = gold(on)
    assert "EMERGENCY_RECOGNISED_LATE" not in rules(judged(on, calls))
    late = judged(on, [calls[0], WAIT, *calls[1:]])
    assert rules(late)["EMERGENCY_RECOGNISED_LATE"] == 2
    assert late.safety.score < 1


def test_a_case_for_a_specialist_closed_without_one_is_a_finding() -> None:
    on = task(NSTEMI)
    calls = [c for c in gold(on) if c[0] != "transfer_to_specialist"]
    assert rules(judged(on, calls)) == {"BEYOND_SCOPE_NO_REFERRAL": 2}
    assert "BEYOND_SCOPE_NO_REFERRAL" not in rules(judged(on, gold(on)))


def precision(found: EpisodeScored) -> float:
    return next(r.earned for r in found.process.reasons if r.id == "precision")


def test_waiting_and_monitoring_hide_no_idle_calls() -> None:
    on = task(DISSECTION)
    *work, last = gold(on)
    at = next(i for i, (tool, _) in enumerate(work) if tool == "wait_for_results")
    idle: Calls = [("order_lab_test", {"test": t}) for t in ("tsh", "lipase", "urinalysis")]
    short: tuple[str, dict[str, Any]] = ("wait_for_results", {"max_minutes": 1})
    plain = precision(judged(on, [*work[:at], *idle, *work[at:], last]))
    assert plain < precision(judged(on, [*work, last]))
    padded = [*work[:at], *idle, *[short] * 6, *work[at:], last]
    assert precision(judged(on, padded)) <= plain
    later: tuple[str, dict[str, Any]] = ("wait_for_results", {"max_minutes": 40})
    watch: Calls = [later, ("perform_ecg", {})] * 3
    watched = [*work[:at], *idle, *work[at:], *watch, last]
    assert precision(judged(on, watched)) <= plain
