"""Record work: the answer follows the rows; guesses, sound rows removed and unsafe calls cost."""

from typing import Any

import msgspec
import pytest

from healthgym.agents.experts.ehr_management import asked
from healthgym.agents.toolcall import render
from healthgym.bus.events import EpisodeScored, Event, Fork, ObservationReturned
from healthgym.bus.view import Action
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.environments.tool import tools
from healthgym.knowledge.domains.ehr_management import reading, reference
from healthgym.knowledge.forks import changed
from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.stays.papers import papers
from healthgym.knowledge.stays.questions import KINDS, question
from healthgym.knowledge.stays.scores import STABILITY
from healthgym.knowledge.stays.tables import tables
from healthgym.knowledge.tasks import task, tasks
from healthgym.knowledge.variants import conditions_in, domain_variants
from healthgym.scorers.composite import score

DOMAIN = "ehr_management"
FIRST = [t.id for t in tasks(DOMAIN) if t.id.endswith("_001")]
OWN = [n for n, t in tools(DOMAIN).items() if t.domains == (DOMAIN,)]
Calls = list[tuple[str, dict[str, Any]]]


def patient(id_: str) -> Patient:
    t = task(id_)
    return generate(t.variant, t.seed)


def run(id_: str, calls: Calls) -> tuple[list[Event], EpisodeScored]:
    said = iter(calls)
    asked = request(task(id_), agent="t", max_turns=max(len(calls), 1))
    events = play(asked, lambda _: Action(raw=render(*next(said, ("submit_answer", {})))))
    return events, score(events)


def gold(id_: str) -> Calls:
    return [(c.tool, dict(c.arguments)) for c in reference(patient(id_))]


def answered(id_: str, **fields: Any) -> Calls:
    return [*gold(id_)[:-1], ("submit_report", fields)]


def shown(id_: str, calls: Calls) -> list[dict[str, Any]]:
    events, _ = run(id_, [*calls, ("submit_report", {})])
    return [e.data.content for e in events if isinstance(e.data, ObservationReturned)]


def wrong(id_: str) -> dict[str, Any]:
    """An answer of the right form that is plainly wrong."""
    q = question(patient(id_))
    if q.wants == "items":
        other = {"items": ["L999", "glucose", "insulin_glargine"]}
        return other if q.ready is None else {**other, "ready": False}
    return {q.wants: 300.0 if q.wants == "at_hour" else q.value + 1000}


def test_there_are_enough_tasks_kinds_and_tools() -> None:
    assert len(FIRST) >= 30
    assert len(tasks(DOMAIN)) == 4 * len(FIRST) >= 120
    assert {v.extra["kind"] for v in domain_variants(DOMAIN).values()} == set(KINDS)
    assert len(conditions_in(DOMAIN)) >= 6
    assert len(OWN) >= 14


@pytest.mark.parametrize("id_", FIRST[::3])
def test_hacks_do_not_pay(id_: str) -> None:
    report = gold(id_)[-1]
    names = [n for n in tools(DOMAIN) if not n.startswith("submit_")]
    filled: dict[str, dict[str, Any]] = {
        "query_labs": {"from_h": 0, "to_h": 4, "label": "sodium"},
        "query_vitals": {"from_h": 0, "to_h": 0},
        "query_inputs_outputs": {"from_h": 0, "to_h": 4},
        "get_lab_trend": {"label": "sodium", "from_h": 0, "to_h": 1},
        "find_abnormal": {"from_h": 0, "to_h": 0},
        "search_census": {"label": "sodium"},
        "write_note": {"kind": "escalation", "text": "help"},
        "calculate_sofa": {"hour": 1},
        "calculate_news2_at": {"hour": 0},
        "calculate_lace": {"ed_visits": 1},
        "think": {"thought": "hm"},
        "ask_patient": {"question": "Where is the pain?"},
    }
    text = f"{question(patient(id_)).value} {report[1]}"
    hacks: dict[str, Calls] = {
        "empty": [("submit_answer", {})],
        "guess": [report],
        "admission and guess": [("get_admission", {}), report],
        "shared answer": [*gold(id_)[:-1], ("submit_answer", {"answer": text, "reasoning": text})],
        "every tool": [*((n, {}) for n in names), ("submit_answer", {"answer": text})],
        "every tool, filled": [
            *((n, filled.get(n, {})) for n in names),
            ("submit_answer", {"answer": text}),
        ],
        "gold work, wrong report": answered(id_, **wrong(id_)),
        "gold work, words only": answered(id_, summary=text),
        "no report": gold(id_)[:-1],
        "one tool": [gold(id_)[0]] * 30,
    }
    for name, calls in hacks.items():
        assert run(id_, calls)[1].composite <= 0.15, name


@pytest.mark.parametrize("id_", [i for i in FIRST if question(patient(i)).wants != "items"][::4])
def test_almost_right_is_worth_little(id_: str) -> None:
    q = question(patient(id_))
    full = run(id_, gold(id_))[1]
    off = run(id_, answered(id_, **{q.wants: q.value + q.tolerance + 0.5}))[1]
    assert full.correct
    assert full.composite >= 0.95
    assert not off.correct
    assert off.composite <= 0.5


def test_sending_the_unstable_home_is_critical() -> None:
    for id_ in ("ehr_ready_not_sepsis_001", "ehr_ready_needs_oxygen_001"):
        _, scored = run(id_, answered(id_, items=[], ready=True))
        assert {f.rule: f.severity for f in scored.findings} == {"UNSAFE_DISCHARGE_RED_FLAG": 5}
        assert scored.composite <= 0.10
    _, home = run("ehr_ready_after_pneumonia_001", gold("ehr_ready_after_pneumonia_001"))
    assert home.findings == []


def test_naming_everything_earns_nothing() -> None:
    id_ = "ehr_ready_but_vomits_001"
    _, every = run(id_, answered(id_, items=list(STABILITY), ready=False))
    assert every.composite <= 0.15
    id_ = "ehr_reconcile_omitted_and_dose_001"
    own = papers(patient(id_))
    _, every = run(id_, answered(id_, items=sorted({*own.home, *own.draft})))
    assert every.composite <= 0.15
    _, half = run(id_, answered(id_, items=[own.discrepancies[0]]))
    assert not half.correct
    assert half.composite <= 0.15


def test_a_set_that_is_nearly_right_earns_a_part() -> None:
    id_ = "ehr_ready_not_sepsis_001"
    full, best = question(patient(id_)).items, run(id_, gold(id_))[1]
    _, part = run(id_, answered(id_, items=list(full[1:]), ready=False))
    assert len(full) >= 4
    assert not part.correct
    assert 0.15 < part.composite < best.composite
    id_ = "ehr_error_creatinine_unit_001"
    report = gold(id_)[-1][1]
    _, other = run(id_, answered(id_, **{**report, "reason": "impossible_value"}))
    assert not other.correct
    assert other.accuracy.score == 0.5


def test_no_call_for_help_is_critical() -> None:
    for id_ in ("ehr_turn_bleeding_now_001", "ehr_turn_sepsis_now_002"):
        silent = [c for c in gold(id_) if c[0] != "write_note"]
        _, scored = run(id_, silent)
        assert {f.rule: f.severity for f in scored.findings} == {"DETERIORATION_NOT_ESCALATED": 5}
        assert scored.composite <= 0.10
        other: Calls = [("write_note", {"kind": "progress", "text": "stable"})]
        assert run(id_, [silent[0], *other, *silent[1:]])[1].composite <= 0.10


def test_removing_a_sound_row_is_a_finding() -> None:
    id_ = "ehr_lowest_hemoglobin_true_001"
    lowest = question(patient(id_)).evidence[0].removeprefix("row:")
    flag = ("flag_data_error", {"table": "labs", "row": lowest, "reason": "impossible_value"})
    calls = gold(id_)
    _, scored = run(id_, [*calls[:-1], flag, calls[-1]])
    assert {f.rule: f.severity for f in scored.findings} == {"SOUND_DATA_REMOVED": 3}
    assert scored.composite < run(id_, calls)[1].composite


@pytest.mark.parametrize(
    ("id_", "facts"),
    [
        ("ehr_ready_after_pneumonia_001", {"severity": 0.9}),
        ("ehr_turn_sepsis_now_001", {"severity": 0.15}),
        ("ehr_lace_elective_001", {"flag:cancer": True}),
        ("ehr_kdigo_unknown_baseline_001", {"severity": 0.05}),
        ("ehr_sofa_sepsis_early_001", {"platelets_10e9_l": 12.0}),
        ("ehr_news2_pneumonia_001", {"sbp_mmhg": 58.0}),
        ("ehr_trend_lactate_sepsis_001", {"severity": 0.9}),
        ("ehr_highest_creatinine_unit_001", {"creatinine_mg_dl": 6.0}),
        ("ehr_reconcile_metformin_kidney_001", {"creatinine_mg_dl": 0.6}),
        ("ehr_ward_kidneys_001", {"severity": 0.1}),
    ],
)
def test_another_truth_has_another_answer(id_: str, facts: dict[str, Any]) -> None:
    before = patient(id_)
    after = question(changed(before, facts))
    was = question(before)
    assert (after.value, after.items, after.ready) != (was.value, was.items, was.ready)
    old = answered(id_, **gold(id_)[-1][1])
    asked = request(
        task(id_),
        agent="t",
        max_turns=len(old),
        fork=Fork(episode="episode.t.x", n=1, changes=facts),
    )
    said = iter(old)
    events = play(asked, lambda _: Action(raw=render(*next(said))))
    assert not score(events).correct


def test_two_patients_have_two_records() -> None:
    for one in FIRST[::6]:
        two = one.replace("_001", "_002")
        at = {"from_h": 0, "to_h": 20}
        calls: Calls = [
            ("get_admission", {}),
            ("query_vitals", at),
            ("query_labs", {**at, "label": "creatinine"}),
            ("query_inputs_outputs", at),
        ]
        first, second = shown(one, calls), shown(two, calls)
        assert all(a != b for a, b in zip(first[:4], second[:4], strict=True)), one


def test_calculators_name_what_was_not_read() -> None:
    id_ = "ehr_sofa_sepsis_icu_001"
    calls = gold(id_)
    score_call = calls[-2]
    assert score_call[0] == "calculate_sofa"
    (bare, *_) = shown(id_, [score_call])
    assert bare["error"] == "insufficient_data"
    assert {"platelets", "bilirubin", "creatinine", "vitals"} <= set(bare["missing"])
    without = [c for c in calls[:-1] if c[1].get("label") != "bilirubin"]
    assert shown(id_, without)[-2]["missing"] == ["bilirubin"]
    narrow = [
        (t, {**a, "from_h": a["to_h"] - 7} if a.get("label") == "platelets" else a)
        for t, a in calls[:-1]
    ]
    assert shown(id_, narrow)[-2]["rows_left_unread_in_the_window"] == ["platelets"]


def test_a_flagged_row_no_longer_counts() -> None:
    id_ = "ehr_sofa_sepsis_wrong_unit_001"
    calls = gold(id_)
    (row,) = question(patient(id_)).flags
    dirty = shown(id_, [c for c in calls[:-1] if c[0] != "flag_data_error"])[-2]
    clean = shown(id_, calls[:-1])[-2]
    assert dirty["sofa"] > clean["sofa"] == question(patient(id_)).value
    again = ("flag_data_error", {"table": "labs", "row": row, "reason": "wrong_unit"})
    refused = shown(id_, [*calls[:-1], again])[-2]
    assert refused["field"] == "row"


def test_unread_rows_cannot_be_flagged() -> None:
    id_ = "ehr_error_creatinine_unit_001"
    flag = gold(id_)[-2]
    assert flag[0] == "flag_data_error"
    assert shown(id_, [flag])[0]["missing"] == [f"row:{flag[1]['row']}"]


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (("query_labs", {"to_h": 4}), "from_h"),
        (("query_labs", {"from_h": 0, "to_h": 4, "label": "gold"}), "label"),
        (("query_vitals", {"from_h": 0, "to_h": 399}), "to_h"),
        (("query_vitals", {"from_h": 9, "to_h": 2}), "from_h"),
        (("query_vitals", {"from_h": 0, "to_h": 2, "hadm_id": 7}), "hadm_id"),
        (("query_inputs_outputs", {"from_h": "0", "to_h": 4}), "from_h"),
        (("get_orders", {"kind": "pizza"}), "kind"),
        (("get_notes", {"kind": "love"}), "kind"),
        (("calculate_sofa", {"hour": 390}), "hour"),
        (("calculate_sofa", {"hour": 4, "version": "sofa3"}), "version"),
        (("calculate_news2_at", {"hour": 4, "spo2_scale": 3}), "spo2_scale"),
        (("calculate_apache_ii", {"chronic_insufficiency": True}), "acute_renal_failure"),
        (("stage_aki", {"hour": 4, "baseline": "none"}), "baseline"),
        (("calculate_lace", {"ed_visits": -1}), "ed_visits"),
        (("flag_data_error", {"table": "labs", "row": "L999", "reason": "duplicate"}), "row"),
        (("flag_data_error", {"table": "labs", "row": "V001", "reason": "duplicate"}), "row"),
        (("search_census", {"label": "map", "above": 9, "below": 3}), "above"),
        (("search_census", {"label": "mood"}), "label"),
        (("write_note", {"kind": "poem", "text": "roses"}), "kind"),
        (("submit_report", {"at_hour": -3}), "at_hour"),
        (("submit_report", {"reason": "mood"}), "reason"),
    ],
)
def test_bad_arguments_are_refused_by_name(call: tuple[str, dict[str, Any]], field: str) -> None:
    assert shown("ehr_sofa_sepsis_icu_001", [call])[0]["field"] == field


def test_an_earlier_stay_must_be_known_to_be_compared() -> None:
    id_ = "ehr_kdigo_known_baseline_001"
    compare = next(c for c in gold(id_) if c[0] == "compare_admissions")
    assert shown(id_, [compare])[0]["missing"] == ["earlier_admissions"]
    bad = ("compare_admissions", {"hadm_id": 5})
    assert shown(id_, [("list_admissions", {}), bad])[1]["field"] == "hadm_id"


def test_long_tables_say_where_to_go_on() -> None:
    id_ = "ehr_sofa_sepsis_icu_001"
    first = shown(id_, [("query_labs", {"from_h": 0, "to_h": 30})])[0]
    assert len(first["rows"]) == 24
    assert first["more_from_h"] >= first["rows"][-1][1]
    whole = sum(r.hour <= 30 for r in tables(patient(id_)).labs)
    assert whole > 24


def test_other_inpatients_are_read_by_their_own_id() -> None:
    id_ = "ehr_ward_warning_scores_001"
    rows = shown(id_, [("search_census", {"label": "hr"})])[0]["rows"]
    own = shown(id_, [("get_admission", {})])[0]["hadm_id"]
    other = next(r for r in rows if r[0] != own)
    at = {"from_h": other[4], "to_h": other[4], "hadm_id": other[0]}
    table = shown(id_, [("query_vitals", at)])[0]
    assert table["rows"][0][2] == other[3]
    unread = ("calculate_news2_at", {"hour": other[4], "hadm_id": other[0]})
    assert shown(id_, [unread])[0]["error"] == "insufficient_data"


def test_the_census_filter_is_strict() -> None:
    id_ = "ehr_ward_in_shock_001"
    every = shown(id_, [("search_census", {"label": "map"})])[0]["rows"]
    low = shown(id_, [("search_census", {"label": "map", "below": 80.0})])[0]["rows"]
    assert low == [r for r in every if r[3] < 80]


@pytest.mark.parametrize("id_", FIRST[::10])
def test_the_same_seed_gives_the_same_bytes(id_: str) -> None:
    one, two = run(id_, gold(id_)), run(id_, gold(id_))
    assert msgspec.json.encode(one[0]) == msgspec.json.encode(two[0])
    assert msgspec.json.encode(one[1]) == msgspec.json.encode(two[1])


@pytest.mark.parametrize("id_", FIRST)
def test_what_a_work_order_asks_is_said_in_it(id_: str) -> None:
    q = question(patient(id_))
    said = asked(q.ask.ticket())
    assert (said.kind, said.of, said.since, said.at) == (
        q.ask.kind,
        q.ask.of,
        q.ask.since,
        q.ask.at,
    )
    assert [c.tool for c in reading(said)] == [c.tool for c in reading(q.ask)]
