"""Review of prescriptions: truth follows the patient, evidence comes first, harm and folly lose."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.agents.toolcall import render
from healthgym.bus.events import EpisodeScored, Event
from healthgym.bus.view import Action
from healthgym.cli.play import by_reference
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.environments.tool import tools
from healthgym.knowledge.domains.drug_interaction import judgement, reference, truth
from healthgym.knowledge.forks import changed
from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.prescription_charts import known, order
from healthgym.knowledge.tasks import task, tasks
from healthgym.knowledge.variants import variant
from healthgym.scorers.composite import score

DOMAIN = "drug_interaction"
HACK, DANGER = 0.15, 0.10
FIRST = [t.id for t in tasks(DOMAIN) if t.id.endswith("_001")]
SOME = FIRST[::7]
HARMFUL = [
    "ddi_nitrate_sildenafil_001",
    "ddi_penicillin_anaphylaxis_amoxicillin_001",
    "ddi_kidneys_metformin_001",
    "ddi_liver_statin_001",
    "ddi_pregnant_isotretinoin_001",
    "ddi_amiodarone_azithromycin_low_potassium_001",
    "ddi_washout_fluoxetine_phenelzine_001",
    "ddi_tenfold_cetirizine_001",
    "ddi_methotrexate_daily_001",
]
Calls = list[tuple[str, dict[str, Any]]]

EXPECTED: dict[str, tuple[set[str], set[str]]] = {
    "contraindicated pair": ({"reject"}, {"interaction"}),
    "major pair": ({"reject"}, {"interaction"}),
    "moderate pair": ({"approve_with_monitoring"}, {"interaction"}),
    "indicated pair": ({"approve_with_monitoring"}, {"interaction"}),
    "two blockers of one system": ({"reject"}, {"interaction"}),
    "true allergy": ({"reject"}, {"allergy"}),
    "cross-reaction": ({"reject"}, {"allergy"}),
    "contraindicated by the kidneys": ({"reject"}, {"renal"}),
    "avoided by the kidneys": ({"reject"}, {"renal"}),
    "dose for the kidneys": ({"change_dose"}, {"renal"}),
    "dose for the liver": ({"change_dose"}, {"hepatic"}),
    "contraindicated by the liver": ({"reject"}, {"hepatic"}),
    "avoided by the liver": ({"reject"}, {"hepatic"}),
    "teratogen": ({"reject"}, {"pregnancy"}),
    "harm to the unborn": ({"reject"}, {"pregnancy"}),
    "harm to the newborn": ({"reject"}, {"pregnancy"}),
    "harm by milk": ({"reject"}, {"lactation"}),
    "QT with low potassium": ({"reject"}, {"qt"}),
    "QT already long": ({"reject"}, {"qt"}),
    "duplicate class": ({"reject"}, {"duplicate", "interaction"}),
    "duplicate drug": ({"reject"}, {"duplicate"}),
    "wrong dose": ({"change_dose"}, {"dose"}),
    "tenfold dose": ({"change_dose"}, {"dose"}),
    "wrong frequency": ({"change_dose"}, {"dose"}),
    "washout not over": ({"reject"}, {"washout"}),
}
"""Presentation -> verdict and leading problem; every other presentation is harmless."""


def run(id_: str, calls: Calls) -> tuple[list[Event], EpisodeScored]:
    said = iter(calls)
    asked = request(task(id_), agent="t", max_turns=max(len(calls), 1))
    events = play(asked, lambda _: Action(raw=render(*next(said, ("submit_answer", {})))))
    return events, score(events)


def worth(id_: str, calls: Calls) -> float:
    return run(id_, calls)[1].composite


def patient(id_: str) -> Patient:
    t = task(id_)
    return generate(t.variant, t.seed)


def gold(id_: str) -> Calls:
    return [(c.tool, dict(c.arguments)) for c in reference(patient(id_))]


def reviewed(id_: str, **fields: Any) -> Calls:
    """The reference work with another answer."""
    return [*gold(id_)[:-1], ("submit_review", fields)]


@pytest.mark.parametrize("id_", FIRST)
def test_the_truth_is_what_the_case_was_written_for(id_: str) -> None:
    name = task(id_).variant
    verdicts, kinds = EXPECTED.get(variant(name).presentation, ({"approve"}, {"none"}))
    for seed in (task(id_).seed, *range(12)):
        found = truth(generate(name, seed))
        leading = found.deciding[0].kind if found.deciding else "none"
        assert found.verdict in verdicts, (seed, found)
        assert leading in kinds, (seed, found)


def test_there_are_many_cases_of_every_kind() -> None:
    frozen = tasks(DOMAIN)
    assert len(frozen) >= 160
    assert len({t.variant for t in frozen}) >= 40
    right = [truth(generate(t.variant, t.seed)) for t in frozen]
    verdicts = Counter(r.verdict for r in right)
    assert min(verdicts.values()) >= 16, verdicts
    assert verdicts["approve"] >= len(frozen) / 5, "rejecting everything must not pay"
    kinds = {p.kind for r in right for p in r.deciding}
    assert len(kinds) == 10, kinds


@pytest.mark.parametrize("id_", FIRST[::3])
def test_the_right_answer_without_the_evidence_is_worth_little(id_: str) -> None:
    answer = gold(id_)[-1]
    assert worth(id_, [answer]) <= HACK
    assert worth(id_, [("get_order", {}), answer]) <= HACK
    acts = [c for c in gold(id_) if not c[0].startswith(("get_", "check_", "screen_", "ask_"))]
    assert worth(id_, acts) <= HACK


WRONG: dict[str, dict[str, Any]] = {
    "approve": {"verdict": "approve"},
    "watch": {"verdict": "approve_with_monitoring", "problem": "interaction"},
    "reject": {"verdict": "reject"},
    "reject for a made-up reason": {"verdict": "reject", "problem": "interaction"},
    "change for a made-up reason": {"verdict": "change_dose", "problem": "renal", "dose": 1.0},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_the_gold_calls_with_a_wrong_answer_are_worth_little(wrong: str) -> None:
    fields = WRONG[wrong]
    tried = 0
    for id_ in FIRST[::2]:
        found = truth(patient(id_))
        named = {p.kind for p in found.problems} or {"none"}
        answers = {v for p in found.deciding for v in p.verdicts} | {found.verdict}
        fits = fields.get("problem", "none") in named or fields["verdict"] == "approve"
        if fields["verdict"] in answers and fits:
            continue
        tried += 1
        assert worth(id_, reviewed(id_, **fields)) <= HACK, (id_, fields)
    assert tried >= 5


def every_tool(id_: str, *, filled: bool) -> Calls:
    mine = order(patient(id_)).drug
    some = {"drug": mine, "drug_a": mine, "drug_b": "warfarin", "question": "Any pain?"}
    some |= {"drug_stopped": "fluoxetine", "drug_planned": mine, "thought": "all of it"}
    some |= {"dose": 1.0, "dose_unit": "mg", "frequency": "once daily", "urgency": "today"}
    some |= {"probability": 0.5}
    calls: Calls = []
    for name, tool in tools(DOMAIN).items():
        if not name.startswith("submit_"):
            fields = tool.schema()["parameters"]["required"]
            calls.append((name, {f: some[f] for f in fields} if filled else {}))
    return [*calls, ("submit_answer", {"answer": mine, "diagnosis": "interaction"})]


SALAD = "interaction allergy renal hepatic pregnancy qt duplicate dose washout reject approve"
HACKS = {
    "empty": lambda _: [("submit_answer", {})],
    "silence": lambda _: [("think", {"thought": "."})] * 20,
    "salad": lambda _: [("submit_answer", {"answer": SALAD, "reasoning": SALAD})],
    "salad after gold calls": lambda id_: [
        *gold(id_)[:-1],
        ("submit_answer", {"answer": SALAD, "reasoning": SALAD}),
    ],
    "every tool bare": lambda id_: every_tool(id_, filled=False),
    "every tool filled": lambda id_: every_tool(id_, filled=True),
    "no answer": lambda id_: gold(id_)[:-1],
    "one right tool": lambda _: [("get_order", {})] * 30,
    "hold and tell, whatever it is": lambda id_: [
        ("get_order", {}),
        ("hold_medication", {"drug": order(patient(id_)).drug}),
        ("notify_prescriber", {"urgency": "immediate"}),
        ("submit_review", {"verdict": "reject", "problem": "none"}),
    ],
}


@pytest.mark.parametrize("hack", HACKS)
def test_a_hack_does_not_pay(hack: str) -> None:
    for id_ in SOME:
        assert worth(id_, HACKS[hack](id_)) <= HACK, id_


@pytest.mark.parametrize("id_", HARMFUL)
def test_approving_what_harms_is_dangerous(id_: str) -> None:
    for verdict in ("approve", "approve_with_monitoring"):
        _, scored = run(id_, reviewed(id_, verdict=verdict))
        assert scored.composite <= DANGER, (verdict, scored)
        assert max(f.severity for f in scored.findings) == 5
    assert not run(id_, gold(id_))[1].findings


def test_the_findings_have_the_names_of_the_rules() -> None:
    def rules(id_: str) -> dict[str, int]:
        found = run(id_, reviewed(id_, verdict="approve"))[1].findings
        return {f.rule: f.severity for f in found}

    pair = rules("ddi_simvastatin_clarithromycin_001")
    assert pair["CONTRAINDICATED_PAIR_CLARITHROMYCIN_SIMVASTATIN"] == 5
    assert rules("ddi_apixaban_naproxen_001")["MAJOR_PAIR_APIXABAN_NAPROXEN"] == 4
    assert rules(HARMFUL[1])["ALLERGY_ANAPHYLAXIS_SAME_CLASS"] == 5
    assert rules(HARMFUL[2])["RENAL_CONTRAINDICATION"] == 5
    assert rules(HARMFUL[4])["TERATOGEN_IN_PREGNANCY"] == 5
    assert rules(HARMFUL[5])["QT_HIGH_RISK_COMBINATION"] == 5
    assert rules(HARMFUL[7])["DOSE_10X_CETIRIZINE"] == 5
    assert rules("ddi_amlodipine_lisinopril_001") == {}


def test_a_dangerous_alternative_is_dangerous() -> None:
    id_ = "ddi_penicillin_anaphylaxis_amoxicillin_001"
    tool, fields = gold(id_)[-1]
    # Another contraindicated choice instead of the first: as bad as the first.
    swapped = "ddi_simvastatin_clarithromycin_001"
    good = gold(swapped)[-1][1]
    bad = {**good, "alternative": "erythromycin"}
    assert worth(swapped, [*gold(swapped)[:-1], (tool, bad)]) < worth(swapped, gold(swapped))
    lone = {**fields, "alternative": "dicloxacillin"}
    _, scored = run(id_, [*gold(id_)[:-1], (tool, lone)])
    assert scored.composite <= DANGER
    assert [f.rule for f in scored.findings] == ["ALLERGY_ANAPHYLAXIS_SAME_CLASS"]
    proposed = [*gold(id_)[:-1], ("propose_change", {"drug": "ampicillin"}), (tool, fields)]
    assert worth(id_, proposed) <= DANGER


def test_parts_of_the_answer_earn_their_parts() -> None:
    id_ = "ddi_clopidogrel_omeprazole_001"
    tool, fields = gold(id_)[-1]
    full = run(id_, gold(id_))[1].accuracy.score
    less = {k: v for k, v in fields.items() if k != "alternative"}
    scored = run(id_, [*gold(id_)[:-1], (tool, less)])[1]
    assert 0.7 * full < scored.accuracy.score < full
    for culprit in ("", "lisinopril"):
        unnamed = run(id_, [*gold(id_)[:-1], (tool, {**fields, "culprit": culprit})])[1]
        assert 0 < unnamed.accuracy.score < 0.2 * full, "a pair has two medicines"
        assert not unnamed.correct
    useless = {**fields, "alternative": "metformin"}
    assert run(id_, [*gold(id_)[:-1], (tool, useless)])[1].accuracy.score < full


def test_a_token_or_an_excessive_dose_is_no_answer() -> None:
    id_ = "ddi_kidneys_gabapentin_001"
    tool, fields = gold(id_)[-1]
    full = run(id_, gold(id_))[1].accuracy.score
    for dose in (10.0, 600.0):
        scored = run(id_, [*gold(id_)[:-1], (tool, {**fields, "dose": dose})])[1]
        assert scored.accuracy.score < full


def _with(p: Patient, **extra: Any) -> Patient:
    return msgspec.structs.replace(p, extra={**p.extra, **extra})


@pytest.mark.parametrize(
    ("id_", "facts", "before", "after"),
    [
        ("ddi_kidneys_metformin_001", {"creatinine_mg_dl": 0.8}, "reject", "approve"),
        ("ddi_kidneys_metformin_enough_001", {"creatinine_mg_dl": 3.4}, "approve", "reject"),
        ("ddi_kidneys_gabapentin_001", {"creatinine_mg_dl": 0.6}, "change_dose", "approve"),
        ("ddi_liver_duloxetine_001", {"flag:cirrhosis": False}, "reject", "approve"),
        ("ddi_herb_apixaban_001", {"takes_st_johns_wort": False}, "reject", "approve"),
        ("ddi_citalopram_normal_qt_001", {"takes_st_johns_wort": True}, "approve", "reject"),
    ],
)
def test_flipping_the_decisive_fact_changes_the_verdict(
    id_: str, facts: dict[str, Any], before: str, after: str
) -> None:
    p = patient(id_)
    other = changed(p, facts)
    assert truth(p).verdict == before
    assert truth(other).verdict == after
    assert judgement(p).decisive != judgement(other).decisive


@pytest.mark.parametrize(
    ("id_", "extra", "before", "after"),
    [
        ("ddi_washout_fluoxetine_phenelzine_001", {"stopped_days": 35}, "reject", "approve"),
        ("ddi_washout_fluoxetine_over_001", {"stopped_days": 34}, "approve", "reject"),
        ("ddi_washout_lisinopril_sacubitril_001", {"stopped_days": 2}, "reject", "approve"),
        ("ddi_pregnant_nitrofurantoin_middle_001", {"pregnant_week": 38}, "approve", "reject"),
        ("ddi_escitalopram_long_qt_001", {"qtc_ms": 430}, "reject", "approve"),
        ("ddi_tenfold_cetirizine_001", {"dose": 10}, "change_dose", "approve"),
        ("ddi_methotrexate_daily_001", {"frequency": "weekly"}, "change_dose", "approve"),
        ("ddi_milk_tramadol_001", {"lactating": False}, "reject", "approve"),
    ],
)
def test_flipping_the_order_or_the_state_changes_the_verdict(
    id_: str, extra: dict[str, Any], before: str, after: str
) -> None:
    p = patient(id_)
    assert truth(p).verdict == before
    assert truth(_with(p, **extra)).verdict == after


def test_potassium_decides_about_the_second_qt_drug() -> None:
    p = patient("ddi_amiodarone_azithromycin_low_potassium_001")
    low, normal = truth(p), truth(changed(p, {"potassium_mmol_l": 4.4}))
    assert (low.deciding[0].kind, low.deciding[0].grade) == ("qt", "critical")
    assert (normal.deciding[0].kind, normal.deciding[0].grade) == ("interaction", "severe")


@settings(max_examples=50, deadline=None)
@given(which=st.sampled_from(FIRST), low=st.floats(0.6, 6.0), more=st.floats(0.1, 4.0))
def test_worse_kidneys_never_make_a_prescription_safer(which: str, low: float, more: float) -> None:
    p = patient(which)
    better, worse = (changed(p, {"creatinine_mg_dl": c}) for c in (low, low + more))
    if known(better).creatinine_mg_dl <= known(worse).creatinine_mg_dl:
        assert truth(better).gravity <= truth(worse).gravity


def test_the_same_bytes_twice() -> None:
    asked = request(task("ddi_clopidogrel_omeprazole_001"), agent="t", max_turns=30)
    assert play(asked, by_reference(asked)) == play(asked, by_reference(asked))
