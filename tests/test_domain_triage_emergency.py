"""Triage: levels follow what can be found out; hurry, delay and harm are judged."""

from typing import Any

import msgspec
import pytest

from healthgym.agents.toolcall import render
from healthgym.bus.events import EpisodeScored, Event, ObservationReturned
from healthgym.bus.view import Action
from healthgym.cli.play import by_reference
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.environments.tool import tools
from healthgym.knowledge.acuity import acuity, families, rules
from healthgym.knowledge.domains.triage_emergency import reference, truth, truths
from healthgym.knowledge.forks import changed
from healthgym.knowledge.patients import generate
from healthgym.knowledge.tasks import task, tasks
from healthgym.scorers.composite import score

DOMAIN = "triage_emergency"
SOME = [t.id for t in tasks(DOMAIN) if t.id.endswith("_001")]
Calls = list[tuple[str, dict[str, Any]]]


def run(id_: str, calls: Calls) -> tuple[list[Event], EpisodeScored]:
    said = iter(calls)
    asked = request(task(id_), agent="t", max_turns=len(calls) + 1)
    events = play(
        asked, lambda _: Action(raw=render(*next(said, ("submit_triage", {"esi_level": 3}))))
    )
    return events, score(events)


def gold(id_: str) -> Calls:
    t = task(id_)
    return [(c.tool, dict(c.arguments)) for c in reference(generate(t.variant, t.seed))]


def answered(id_: str, level: int) -> Calls:
    *work, (tool, said) = gold(id_)
    return [*work, (tool, {**said, "esi_level": level})]


@pytest.mark.parametrize("id_", SOME)
def test_a_wrong_level_after_the_right_work_up_is_worth_less(id_: str) -> None:
    t = task(id_)
    right = {a.level for a in truths(generate(t.variant, t.seed))}
    scores = {level: run(id_, answered(id_, level))[1] for level in range(1, 6)}
    assert scores[truth(generate(t.variant, t.seed)).level].correct
    for level, scored in scores.items():
        off = min(abs(level - r) for r in right)
        assert off == 0 or not scored.correct
        if off >= 2:
            assert scored.composite <= 0.2
        elif off == 1:
            assert scored.composite <= 0.75
        late = level > max(right)
        if late and off == 1 and level - 2 >= 1 and level - 2 not in right:
            assert scored.accuracy.score <= max(scores[level - 2].accuracy.score, 0.2)


@pytest.mark.parametrize("id_", SOME[::3])
def test_a_level_is_worth_what_its_grounds_are(id_: str) -> None:
    *work, (tool, said) = gold(id_)
    bare = {**said, "grounds": []}
    every = [*said["grounds"], "vital:temperature_c", "finding:cut", "resource:fluids", "flag:ckd"]
    earned = [
        run(id_, [*work, (tool, answer)])[1].accuracy.score
        for answer in (bare, {**said, "grounds": every}, said)
    ]
    assert 0 == earned[0] < earned[1] < earned[2]


@pytest.mark.parametrize("id_", SOME[::4])
def test_the_right_level_without_looking_earns_nothing(id_: str) -> None:
    t = task(id_)
    level = truth(generate(t.variant, t.seed)).level
    assert run(id_, [("submit_triage", {"esi_level": level})])[1].composite <= 0.15
    looked = [("rapid_look", {}), ("submit_triage", {"esi_level": level})]
    assert run(id_, looked)[1].accuracy.score == 0


@pytest.mark.parametrize("id_", SOME[::6])
def test_every_tool_once_is_no_triage(id_: str) -> None:
    names = [n for n in tools(DOMAIN) if not n.startswith("submit_")]
    assert run(id_, [*((n, {}) for n in names), ("submit_answer", {})])[1].composite <= 0.15
    one = [("get_vital_signs", {})] * 20
    assert run(id_, [*one, ("submit_triage", {"esi_level": 5})])[1].composite <= 0.75


def test_no_epinephrine_is_critical() -> None:
    calls = [c for c in gold("tri_anaphylaxis_shock_001") if c[0] != "start_immediate_action"]
    _, scored = run("tri_anaphylaxis_shock_001", calls)
    assert [f.rule for f in scored.findings if f.severity == 5] == ["ANAPHYLAXIS_NO_EPINEPHRINE"]
    assert scored.composite <= 0.10


def test_sending_a_red_flag_to_wait_is_severe() -> None:
    id_ = "tri_head_anticoagulated_001"
    calls = [
        (t, {"area": "waiting_room"}) if t == "place_in_area" else (t, a) for t, a in gold(id_)
    ]
    rules_ = {f.rule: f.severity for f in run(id_, calls)[1].findings}
    assert rules_["UNSAFE_WAIT_RED_FLAG"] == 4
    calm = [(t, a) for t, a in gold("tri_refill_plain_001")]
    assert not run("tri_refill_plain_001", calm)[1].findings


@pytest.mark.parametrize(
    ("id_", "fact", "value", "before", "after"),
    [
        ("tri_throat_simple_002", "drools", True, 5, 2),
        ("tri_ankle_walks_001", "cannot_walk", True, 5, 4),
        ("tri_ankle_walks_001", "numb_below", True, 5, 2),
        ("tri_head_anticoagulated_002", "blood_thinner", False, 2, 4),
        ("tri_cellulitis_mild_001", "pain_beyond", True, 5, 2),
        ("tri_stroke_window_001", "sbp_mmhg", 70, 2, 1),
        ("tri_chest_reflux_young_002", "pressure", True, 3, 2),
    ],
)
def test_flipping_the_decisive_finding_changes_the_level(
    id_: str, fact: str, value: bool, before: int, after: int
) -> None:
    t = task(id_)
    patient = generate(t.variant, t.seed)
    assert truth(patient).level == before
    assert truth(changed(patient, {fact: value})).level == after


def test_every_level_occurs_and_every_reason_can_hold() -> None:
    levels = [truth(generate(t.variant, t.seed)).level for t in tasks(DOMAIN)]
    assert set(levels) == {1, 2, 3, 4, 5}
    for name in families():
        own = rules(name)
        for level, clauses in ((1, own.lifesaving), (2, own.high_risk)):
            for clause in clauses:
                found = acuity(name, lambda p, c=clause: p in c.when)
                assert clause in found.because or found.level < level
        assert acuity(name, lambda _: False).level >= 3


def test_tools_tell_of_this_patient() -> None:
    sick, well = "tri_aneurysm_shock_001", "tri_refill_plain_001"
    for calls in (
        [("rapid_look", {})],
        [("assess_pain", {})],
        [("measure_glucose", {})],
        [("get_vital_signs", {}), ("calculate_news2", {})],
        [("get_vital_signs", {}), ("calculate_shock_index", {})],
        [("get_vital_signs", {}), ("check_danger_zone_vitals", {})],
        [("reassess", {})],
        [("check_red_flags", {})],
    ):
        shown = []
        for id_ in (sick, well):
            events, _ = run(id_, list(calls))
            seen = [e.data for e in events if isinstance(e.data, ObservationReturned)]
            assert all(o.ok for o in seen)
            shown.append(msgspec.json.encode(seen[len(calls) - 1].content))
        assert shown[0] != shown[1], calls


@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("submit_triage", {"esi_level": 6}, "esi_level"),
        ("submit_triage", {}, "esi_level"),
        ("place_in_area", {"area": "roof"}, "area"),
        ("activate_team", {"team": "x"}, "team"),
        ("start_immediate_action", {"action": "pray"}, "action"),
        ("count_resources", {"resources": ["magic"]}, "resources"),
    ],
)
def test_bad_arguments_are_named(tool: str, arguments: dict[str, Any], field: str) -> None:
    events, _ = run("tri_refill_plain_001", [(tool, arguments)])
    refused = next(e.data for e in events if isinstance(e.data, ObservationReturned))
    assert (refused.ok, refused.code) == (False, "invalid_arguments")
    assert refused.content["field"] == field


def test_scores_need_the_vital_signs() -> None:
    events, _ = run("tri_refill_plain_001", [("calculate_news2", {})])
    refused = next(e.data for e in events if isinstance(e.data, ObservationReturned))
    assert (refused.code, refused.content["missing"]) == ("insufficient_data", ["vitals"])


def test_resources_are_counted_by_kind() -> None:
    asked = {"resources": ["laboratory", "laboratory", "oral_drugs", "imaging"]}
    events, _ = run("tri_refill_plain_001", [("count_resources", asked)])
    said = next(e.data for e in events if isinstance(e.data, ObservationReturned)).content
    assert said == {"counted": ["laboratory", "imaging"], "level_without_risk": 3}


def test_the_same_bytes_twice() -> None:
    asked = request(task("tri_stroke_window_001"), agent="t", max_turns=30)
    assert play(asked, by_reference(asked)) == play(asked, by_reference(asked))


def test_a_team_for_nobody_urgent_is_an_idle_call() -> None:
    mild = next(
        t.id
        for t in tasks(DOMAIN)
        if min(a.level for a in truths(generate(t.variant, t.seed))) >= 3
    )
    *work, last = gold(mild)
    called = [("activate_team", {"team": "trauma"}), ("activate_team", {"team": "stroke"})]
    precision = {
        len(more): next(
            r.earned
            for r in run(mild, [*work, *more, last])[1].process.reasons
            if r.id == "precision"
        )
        for more in ([], called)
    }
    assert precision[2] < precision[0]
