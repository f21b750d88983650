"""How the dimensions are judged and become one number."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.agents.toolcall import parse, render
from healthgym.bus.events import EpisodeScored, Event
from healthgym.bus.view import Action
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.conditions import condition
from healthgym.knowledge.domains.clinical_diagnosis import reference
from healthgym.knowledge.icd10 import closeness
from healthgym.knowledge.patients import generate
from healthgym.knowledge.tasks import Task, task, tasks
from healthgym.knowledge.variants import conditions_in
from healthgym.scorers.codes import worth
from healthgym.scorers.composite import (
    DIMENSIONS,
    SCORER,
    Scoring,
    default_scoring,
    gate,
    score,
    weighted,
)
from healthgym.scorers.errors import BadScoring, OtherVersion, Unfinished
from healthgym.scorers.safety import rules

CONDITIONS = conditions_in("clinical_diagnosis")

Calls = Sequence[tuple[str, dict[str, Any]]]
FIRST = [f"dx_{name}_001" for name in CONDITIONS]


def run(on: Task, calls: Calls, max_turns: int = 40) -> list[Event]:
    said = iter(calls)
    spare = ("submit_answer", {})
    asked = request(on, agent="t", max_turns=max_turns)
    return play(asked, lambda _: Action(raw=render(*next(said, spare))), parse)


def judged(on: Task, calls: Calls) -> EpisodeScored:
    return score(run(on, calls))


def gold(on: Task) -> list[tuple[str, dict[str, Any]]]:
    return [(c.tool, dict(c.arguments)) for c in reference(generate(on.variant, on.seed))]


# ---------------------------------------------------------------- one number


def test_the_published_example() -> None:
    scores = dict(zip(DIMENSIONS, (0.92, 0.88, 0.95, 1.0, 0.9), strict=True))
    assert weighted(scores, default_scoring()) == pytest.approx(0.926)
    assert gate(0.92, default_scoring()) == 1.0


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_the_weighted_sum_stays_in_bounds(values: list[float]) -> None:
    found = weighted(dict(zip(DIMENSIONS, values, strict=True)), default_scoring())
    assert min(values) - 1e-6 <= found <= max(values) + 1e-6


@pytest.mark.parametrize(
    ("accuracy", "expected"), [(0.0, 0.2), (0.25, 0.6), (0.5, 1.0), (0.9, 1.0)]
)
def test_the_gate(accuracy: float, expected: float) -> None:
    assert gate(accuracy, default_scoring()) == pytest.approx(expected)
    plain = msgspec.structs.replace(default_scoring(), gate="none")
    assert gate(accuracy, plain) == 1.0


@pytest.mark.parametrize(
    "weights",
    [
        {"accuracy": 1.0},
        dict.fromkeys(DIMENSIONS, 0.3),
        {**dict.fromkeys(DIMENSIONS, 0.5), "safety": -1.0},
    ],
)
def test_wrong_weights_are_refused(weights: dict[str, float]) -> None:
    with pytest.raises(BadScoring):
        Scoring(weights=weights)


def test_weights_are_configuration() -> None:
    on = task("dx_nstemi_001")
    only = {**dict.fromkeys(DIMENSIONS, 0.0), "format": 1.0}
    events = run(on, [("think", {"thought": "x"}), ("submit_answer", {"disposition": "ward"})])
    found = score(events, Scoring(weights=only, gate="none"))
    assert found.weighted == found.format.score == 1.0


# ---------------------------------------------------------------- diagnosis


@pytest.mark.parametrize(
    ("code", "gold_code", "others", "credit"),
    [
        ("I21.4", "I21.4", (), 1.0),
        ("J18.1", "J18.9", (), 0.8),
        ("J18", "J18.9", (), 0.8),
        ("I26.99", "I26", (), 1.0),
        ("J15.9", "J18.9", (), 0.0),
        ("E11.00", "E11.10", ("E11.00",), 0.0),
        ("E11.9", "E11.10", ("E11.00",), 0.0),
        ("E11", "E11.10", ("E11.00",), 0.0),
        ("E11.11", "E11.10", ("E11.00",), 0.8),
        ("J18.77", "J18.9", (), 0.0),
        ("", "J18.9", (), 0.0),
    ],
)
def test_closeness_in_the_code_tree(
    code: str, gold_code: str, others: tuple[str, ...], credit: float
) -> None:
    assert closeness(code, gold_code, others) == credit


@pytest.mark.parametrize(
    ("code", "name", "domain", "credit"),
    [
        ("E87.1", "hyperkalaemia", "clinical_diagnosis", 0.0),
        ("I21.02", "nstemi", "clinical_diagnosis", 0.0),
        ("E11.10", "low_sugar_weakness", "cross_domain", 0.0),
        ("K26.1", "ulcer_bleeding", "clinical_diagnosis", 0.0),
        ("F41", "panic_attacks", "psychiatry", 0.0),
        ("F41.9", "general_anxiety", "psychiatry", 0.0),
        ("F31.2", "bipolar_low", "psychiatry", 0.0),
        ("F31.5", "bipolar_low", "psychiatry", 0.8),
        ("J45.21", "bronchospasm_attack", "clinical_diagnosis", 0.8),
        ("I21.3", "nstemi", "clinical_diagnosis", 0.8),
        ("K35.80", "acute_appendicitis", "clinical_diagnosis", 0.8),
    ],
)
def test_a_code_of_another_known_condition_is_wrong(
    code: str, name: str, domain: str, credit: float
) -> None:
    assert worth(code, condition(name), domain) == credit


def test_every_condition_earns_its_own_code() -> None:
    for domain in ("clinical_diagnosis", "cross_domain", "psychiatry"):
        own = [condition(name) for name in conditions_in(domain)]
        assert all(worth(c.icd10, c, domain) == 1.0 for c in own)


def test_a_recorded_code_counts_where_the_answer_has_none() -> None:
    on = task("dx_pneumonia_001")
    calls = gold(on)
    tool, final = calls[-1]
    bare = {k: v for k, v in final.items() if k not in {"icd10_code", "diagnosis"}}
    assert judged(on, [*calls[:-1], (tool, bare)]).accuracy.score == 1.0
    words = [c for c in calls[:-1] if c[0] != "record_diagnosis"]
    assert judged(on, [*words, (tool, {**bare, "diagnosis": "pneumonia"})]).accuracy.score == 0.0


def test_the_seven_call_episode_runs_without_an_error() -> None:
    on = task("dx_nstemi_001")
    calls: Calls = [
        ("think", {"thought": "chest pain"}),
        ("get_patient_info", {"patient_id": "P001"}),
        ("get_vital_signs", {"patient_id": "P001"}),
        ("get_lab_results", {"patient_id": "P001"}),
        ("search_clinical_guidelines", {"condition": "nstemi"}),
        (
            "record_diagnosis",
            {"patient_id": "P001", "diagnosis": "NSTEMI", "icd10_code": "I21.4"},
        ),
        ("submit_answer", {"answer": "NSTEMI", "reasoning": "troponin"}),
    ]
    found = judged(on, calls)
    assert found.format.score == 1.0
    assert found.turns == 7
    assert found.composite <= 0.15


# ---------------------------------------------------------------- process, format, coherence


def test_late_acts_earn_half() -> None:
    on = task("dx_nstemi_001")
    calls = gold(on)
    first = next(i for i, c in enumerate(calls) if c[0] == "perform_ecg")
    late = [*calls[:first], ("wait_for_results", {"max_minutes": 20}), *calls[first:]]
    reasons = {r.id: r for r in judged(on, late).process.reasons}
    assert reasons["ecg"].earned == 0.5
    assert reasons["ecg"].note == "late"


def test_acts_out_of_order_earn_half() -> None:
    on = task("dx_sepsis_001")
    calls = gold(on)
    cultures = ("order_lab_test", {"test": "blood_cultures"})
    rest = [c for c in calls if c != cultures]
    given = max(i for i, c in enumerate(rest) if c[0] == "prescribe_medication")
    reasons = {
        r.id: r
        for r in judged(on, [*rest[: given + 1], cultures, *rest[given + 1 :]]).process.reasons
    }
    assert reasons["antibiotic"].note == "out of order"


def test_a_token_dose_treats_nothing() -> None:
    on = task("dx_pneumonia_001")
    calls = [
        (t, {**a, "dose": a["dose"] / 100} if t == "prescribe_medication" else a)
        for t, a in gold(on)
    ]
    found = {r.id: r for r in judged(on, calls).process.reasons}
    assert found["antibiotic"].earned == 0.0


def test_idle_calls_cost() -> None:
    on = task("dx_dka_001")
    calls = gold(on)
    padded = [*calls[:-1], *[("get_vital_signs", {})] * 8, calls[-1]]
    assert judged(on, padded).process.score < judged(on, calls).process.score
    lab, image = (
        judged(on, [*calls[:-1], idle, calls[-1]]).process.score
        for idle in (
            ("order_lab_test", {"test": "pneumocystis_pcr"}),
            ("order_imaging", {"study": "brain_mri"}),
        )
    )
    assert image < lab < judged(on, calls).process.score


def test_wrong_calls_cost_format_only_their_share() -> None:
    on = task("dx_dka_001")
    calls: Calls = [
        ("calculate_curb65", {}),
        ("no_such_tool", {}),
        ("examine_patient", {"system": "soul"}),
        ("submit_answer", {"disposition": "icu"}),
    ]
    assert judged(on, calls).format.score == 0.5


def test_contradicting_the_evidence_is_incoherent() -> None:
    on = task("dx_pneumonia_001")
    calls = gold(on)
    tool, final = calls[-1]
    other = judged(on, [*calls[:-1], (tool, {**final, "icd10_code": "I50.9"})])
    checks = {r.id: r.earned for r in other.coherence.reasons}
    assert checks["evidence"] == 0.0
    assert checks["recorded"] == 0.0
    made_up = judged(on, [*calls[:-1], (tool, {**final, "citations": ["lab:d_dimer"]})])
    assert {r.id: r.earned for r in made_up.coherence.reasons}["citations"] == 0.0


# ---------------------------------------------------------------- properties


def dose(name: str, size: float, unit: str, route: str) -> tuple[str, dict[str, Any]]:
    given = {"drug_name": name, "dose": size, "dose_unit": unit, "route": route}
    return "prescribe_medication", given


POOL: Calls = [
    ("get_lab_results", {}),
    ("get_allergies", {}),
    ("perform_ecg", {}),
    ("wait_for_results", {}),
    ("order_lab_test", {"test": "lactate"}),
    ("order_lab_test", {"test": "none"}),
    ("order_imaging", {"study": "chest_xray"}),
    ("examine_patient", {"system": "chest"}),
    dose("heparin", 4000, "units", "iv"),
    dose("Augmentin", 1, "g", "oral"),
    dose("insulin", 90, "units", "iv"),
    ("transfer_to_specialist", {"specialty": "cardiology"}),
    ("record_diagnosis", {"diagnosis": "x", "icd10_code": "I21.4"}),
    ("submit_answer", {"icd10_code": "J18.9", "disposition": "ward"}),
    ("submit_answer", {"icd10_code": "I21.4", "disposition": "discharge_home"}),
]


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(FIRST), st.lists(st.sampled_from(POOL), max_size=12))
def test_every_number_stays_in_bounds(id_: str, calls: Calls) -> None:
    events = run(task(id_), calls, max_turns=12)
    found = score(events)
    for name in DIMENSIONS:
        assert 0.0 <= getattr(found, name).score <= 1.0
    assert 0.0 <= found.composite <= found.weighted <= 1.0
    assert msgspec.json.encode(found) == msgspec.json.encode(score(events))
    placed = {e.n for e in events}
    assert all(f.event in placed and 1 <= f.severity <= 5 for f in found.findings)
    if any(f.severity == 5 for f in found.findings):
        assert found.composite <= 0.1
    assert sum(found.credit.values()) <= 1 + 1e-6


@pytest.mark.parametrize("id_", FIRST)
def test_a_required_act_never_lowers_the_score(id_: str) -> None:
    on = task(id_)
    calls = gold(on)
    whole = judged(on, calls).composite
    for i, (tool, _) in enumerate(calls):
        if tool in {"prescribe_medication", "transfer_to_specialist", "examine_patient"}:
            assert judged(on, [*calls[:i], *calls[i + 1 :]]).composite <= whole


VIOLATIONS: Calls = [
    dose("tPA", 100, "mg", "iv"),
    dose("insulin", 150, "units", "iv"),
    ("order_lab_test", {"test": "lactate", "patient_id": "P998"}),
]


@pytest.mark.parametrize("id_", FIRST)
def test_a_violation_never_raises_the_score(id_: str) -> None:
    on = task(id_)
    calls = gold(on)
    whole = judged(on, calls).composite
    for violation in VIOLATIONS:
        assert judged(on, [*calls[:-1], violation, calls[-1]]).composite <= whole


# ---------------------------------------------------------------- what else is told


def test_what_a_score_carries() -> None:
    on = task("dx_copd_exacerbation_002")
    found = judged(on, gold(on))
    patient = generate(on.variant, on.seed)
    assert found.groups == {
        "sex": patient.sex,
        "age_band": patient.age_band,
        "ethnicity": patient.ethnicity,
        "ses": patient.ses,
    }
    assert (found.task, found.condition, found.scorer) == (on.id, on.condition, SCORER)
    assert found.correct
    assert sum(found.credit.values()) == pytest.approx(1.0, abs=1e-4)


def test_an_omission_names_when_it_was_decided() -> None:
    on = task("dx_sepsis_001")
    waits: Calls = [("wait_for_results", {"max_minutes": 60})] * 5
    found = judged(on, [*waits, ("submit_answer", {"icd10_code": "A41.9", "disposition": "ward"})])
    hit = next(f for f in found.findings if f.rule == "SEPTIC_SHOCK_ANTIBIOTIC_OMITTED")
    assert hit.severity == 5
    assert run(on, waits)[hit.event - 1].at > 180 * 60_000_000


def test_rules_are_found_by_name() -> None:
    names = {rule.__name__ for rule in rules()}
    assert {"allergy_same_class", "dose_error", "forbidden_act", "unsafe_discharge"} <= names


def test_what_cannot_be_judged_is_an_error_not_a_number() -> None:
    events = run(task("dx_dka_001"), [])
    with pytest.raises(Unfinished):
        score(events[:-1])
    with pytest.raises(Unfinished):
        score([])
    old = msgspec.structs.replace(events[0].data, generator="0")
    with pytest.raises(OtherVersion):
        score([msgspec.structs.replace(events[0], data=old), *events[1:]])


def test_every_task_can_be_scored_without_an_answer() -> None:
    for on in tasks("clinical_diagnosis")[::5]:
        assert score(run(on, [("think", {"thought": "."})] * 2, max_turns=2)).composite == 0.0
