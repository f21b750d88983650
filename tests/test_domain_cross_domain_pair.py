"""Hand-overs: what is said is held against the chart; two policies play one episode."""

from typing import Any

import pytest
from typer.testing import CliRunner

from healthgym.__main__ import app
from healthgym.agents.expert import play as expert_plays
from healthgym.agents.toolcall import parse, render
from healthgym.bus.episode import fold
from healthgym.bus.events import ActionRejected, EpisodeScored, Event, ToolCalled, canonical, decode
from healthgym.bus.view import Action, View
from healthgym.environments.pair import play_pair
from healthgym.environments.replay import replay
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.domains.cross_domain import reference
from healthgym.knowledge.patients import generate
from healthgym.knowledge.seats import seat_due, visible
from healthgym.knowledge.tasks import task, tasks
from healthgym.scorers.composite import score

Call = tuple[str, dict[str, Any]]
FIRST = [t.id for t in tasks("cross_domain") if t.id.endswith("_001")]
SEPSIS = "path_septic_shock_001"


def gold(id_: str) -> list[Call]:
    t = task(id_)
    return [(c.tool, dict(c.arguments)) for c in reference(generate(t.variant, t.seed))]


def judged(id_: str, calls: list[Call]) -> EpisodeScored:
    said = iter(calls)
    asked = request(task(id_), agent="t", max_turns=len(calls))
    return score(play(asked, lambda _: Action(raw=render(*next(said)))))


def told(id_: str, part: str, what: object) -> EpisodeScored:
    calls = [(t, {**a, part: what} if t == "handoff_sbar" else a) for t, a in gold(id_)]
    return judged(id_, calls)


def reasons(found: EpisodeScored) -> dict[str, float]:
    parts = (*found.coherence.reasons, *found.process.reasons)
    return {r.id: r.earned for r in parts}


@pytest.mark.parametrize(
    ("part", "what", "check"),
    [
        ("situation", {"icd10_code": "J18.9", "acuity": "emergent"}, "handoff_situation"),
        ("situation", {"icd10_code": "A41.9", "acuity": "stable"}, "handoff_situation"),
        ("background", {"allergies": [], "given": []}, "handoff_chart"),
        ("background", {"allergies": ["peanut"], "given": ["ceftriaxone"]}, "handoff_chart"),
        ("assessment", [], "handoff_chart"),
        (
            "assessment",
            [
                {"name": "lactate_mmol_l", "number": 1.0, "unit": "mmol/L"},
                {"name": "sbp_mmhg", "number": 130, "unit": "mm[Hg]"},
            ],
            "handoff_chart",
        ),
        ("recommendation", [], "handoff_next"),
        ("recommendation", ["mobilise", "surgery", "follow_up_echo"], "handoff_next"),
    ],
)
def test_a_hand_off_that_is_wrong_or_thin_costs(part: str, what: object, check: str) -> None:
    whole, found = judged(SEPSIS, gold(SEPSIS)), told(SEPSIS, part, what)
    assert reasons(found)[check] < reasons(whole)[check]
    assert found.composite < whole.composite


def test_a_value_nobody_measured_or_in_another_unit_is_no_value() -> None:
    made_up = [{"name": "troponin_t_ng_l", "number": 9.0, "unit": "ng/L"}]
    other_unit = [{"name": "lactate_mmol_l", "number": 55.0, "unit": "mg/dL"}]
    for values in (made_up, other_unit):
        found = told(SEPSIS, "assessment", values)
        assert reasons(found)["handoff"] == 0
        assert reasons(found)["handoff_chart"] < 1


def test_a_drug_given_after_the_hand_off_is_no_fault_of_it() -> None:
    calls = gold(SEPSIS)
    fluid = next(c for c in calls if c[1].get("drug_name") == "lactated_ringers")
    found = judged(SEPSIS, [*calls[:-1], fluid, calls[-1]])
    assert reasons(found)["handoff_chart"] == 1


def pair(id_: str, first: Any = expert_plays, second: Any = expert_plays) -> list[Event]:
    return play_pair(request(task(id_), agent="t", max_turns=40), first, second, parse)


def seats(events: list[Event]) -> list[str]:
    return [e.data.seat for e in events if isinstance(e.data, ToolCalled | ActionRejected)]


@pytest.mark.parametrize("id_", FIRST[::4])
def test_two_experts_are_as_good_as_one_and_replay(id_: str) -> None:
    events = pair(id_)
    named = seats(events)
    assert set(named) == {"referrer", "receiver"}
    assert named == sorted(named, reverse=True), "the receiver acts after the referrer"
    assert score(events).composite >= 0.9
    assert replay(events).verdict == "same"
    assert [decode(canonical(e)) for e in events] == events
    moved = next(i for i, s in enumerate(named) if s == "receiver")
    turns = fold(events).turns
    assert getattr(turns[moved - 1].action, "tool", "") == "transfer_care"


def test_the_receiver_sees_the_hand_off_and_its_own_turns_only() -> None:
    views: list[View] = []

    def watching(view: View) -> Action:
        views.append(view)
        return expert_plays(view)

    events = pair(SEPSIS, expert_plays, watching)
    whole = fold(events).turns
    assert len(views[0].turns) == 1
    assert getattr(views[0].turns[0].action, "tool", "") == "handoff_sbar"
    for number, view in enumerate(views):
        assert len(view.turns) == number + 1
        hidden = len(whole) - len(views) + number - len(view.turns)
        assert view.started.max_turns == 40 - hidden
    assert {v.started.ticket for v in views} == {generate("septic_shock", 100001).complaint}


def early(id_: str) -> Any:
    """A referrer who hands over as soon as the antibiotic is in, and says so truthfully."""
    t = task(id_)
    calls = [c for c in gold(id_) if c[0] != "wait_for_results"]
    stop = next(i for i, c in enumerate(calls) if c[0] == "prescribe_medication") + 1
    patient = generate(t.variant, t.seed)
    drug = calls[stop - 1][1]["drug_name"]
    said = dict(next(a for n, a in calls if n == "handoff_sbar"))
    said["background"] = {"allergies": [a.substance for a in patient.allergies], "given": [drug]}
    plan = [
        *calls[:stop],
        ("handoff_sbar", said),
        ("transfer_care", {"to_specialty": "critical_care"}),
    ]

    def act(view: View) -> Action:
        return Action(raw=render(*plan[min(len(view.turns), len(plan) - 1)]))

    return act


def test_the_receiver_goes_on_with_what_is_open() -> None:
    events = pair(SEPSIS, early(SEPSIS), expert_plays)
    assert seats(events).count("receiver") >= 5
    mine = [
        str(e.data.arguments)
        for e in events
        if isinstance(e.data, ToolCalled) and e.data.seat == "receiver"
    ]
    assert any("lactated_ringers" in a or "sodium_chloride" in a for a in mine)
    found = score(events)
    assert not [f for f in found.findings if f.severity >= 5]
    assert found.composite > 0.5
    assert replay(events).verdict == "same"


def test_without_a_transfer_the_referrer_plays_alone() -> None:
    alone = [c for c in gold(SEPSIS) if c[0] != "transfer_care"]

    def act(view: View) -> Action:
        return Action(raw=render(*alone[min(len(view.turns), len(alone) - 1)]))

    def never(view: View) -> Action:
        raise AssertionError("the receiver was asked")

    assert set(seats(pair(SEPSIS, act, never))) == {"referrer"}


def test_a_text_that_is_no_call_names_its_seat() -> None:
    events = pair(SEPSIS, expert_plays, lambda _: Action(raw="no call"))
    bad = [e.data for e in events if isinstance(e.data, ActionRejected)]
    assert bad
    assert {b.seat for b in bad} == {"receiver"}


def test_seats_follow_from_the_turns() -> None:
    turns = fold(pair(SEPSIS)).turns
    due = [seat_due(turns[:n]) for n in range(len(turns))]
    assert due == seats(pair(SEPSIS))
    assert visible(turns, "referrer") == turns[: due.index("receiver")]
    assert len(visible(turns, "receiver")) == due.count("receiver") + 1


def test_the_command_plays_a_pair() -> None:
    base = ["play", "--task", SEPSIS, "--max-turns", "40", "--json"]
    result = CliRunner().invoke(app, [*base, "--receiver", "expert"])
    assert result.exit_code == 0, result.output
    events = [decode(line.encode()) for line in result.output.splitlines()]
    assert set(seats(events)) == {"referrer", "receiver"}
    refused = CliRunner().invoke(app, [*base, "--receiver", "reference"])
    assert refused.exit_code != 0
