"""Psychiatry: disorder and danger follow what is found; harm, guesses and hidden danger cost."""

from typing import Any

import msgspec
import pytest

from healthgym.agents.toolcall import render
from healthgym.bus.events import EpisodeScored, Event, ObservationReturned
from healthgym.bus.view import Action
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.environments.tool import tools
from healthgym.knowledge import psychiatry as hidden
from healthgym.knowledge.conditions import condition
from healthgym.knowledge.domains.psychiatry import judgement, reference
from healthgym.knowledge.instruments.core import calc
from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.tasks import splits, task, tasks
from healthgym.knowledge.variants import conditions_in, variant
from healthgym.scorers.composite import score

DOMAIN = "psychiatry"
ALL = tasks(DOMAIN)
SOME = [t.id for t in ALL if t.id.endswith("_001")]
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
    calls = gold(id_)
    return [*calls[:-1], (calls[-1][0], {**calls[-1][1], **fields})]


def rules(id_: str, calls: Calls) -> dict[str, int]:
    return {f.rule: f.severity for f in run(id_, calls)[1].findings}


def at(danger: str, name: str = "") -> str:
    """A task of a danger of suicide (and a variant)."""
    return next(
        t.id
        for t in ALL
        if hidden.risk(generate(t.variant, t.seed)) == danger and name in t.variant
    )


def test_there_are_enough_cases_and_tools() -> None:
    assert len(SOME) >= 26
    assert len(ALL) == 5 * len(SOME)
    assert len(conditions_in(DOMAIN)) >= 10
    assert len(OWN) >= 20
    families: dict[str, set[str]] = {}
    for name, split in splits(DOMAIN).items():
        families.setdefault(condition(variant(name).condition).family, set()).add(split)
    assert set(map(frozenset, families.values())) == {frozenset({"train", "validation", "test"})}


@pytest.mark.parametrize("id_", SOME[::2])
def test_disorder_and_danger_must_both_be_right(id_: str) -> None:
    true = hidden.risk(patient(id_))
    for danger in hidden.RISKS:
        scored = run(id_, answered(id_, risk=danger))[1]
        assert scored.correct == (danger == true), danger
        if danger != true:
            assert scored.composite <= 0.15, danger
    for other in condition(patient(id_).condition).look_alikes:
        wrong = run(id_, answered(id_, icd10_code=condition(other).icd10))[1]
        assert wrong.composite <= 0.15, other


@pytest.mark.parametrize("id_", SOME[::5])
def test_hacks_do_not_pay(id_: str) -> None:
    plan = gold(id_)[-1]
    names = [n for n in tools(DOMAIN) if not n.startswith("submit_")]
    text = " ".join(condition(c).name for c in conditions_in(DOMAIN))
    hacks: dict[str, Calls] = {
        "guess": [plan],
        "one look": [("administer_cssrs", {}), plan],
        "shared answer": [
            *gold(id_)[:-1],
            ("submit_answer", {"icd10_code": plan[1]["icd10_code"], "answer": text}),
        ],
        "every tool": [*((n, {}) for n in names), ("submit_answer", {"answer": text})],
        "no answer": gold(id_)[:-1],
    }
    for name, calls in hacks.items():
        assert run(id_, calls)[1].composite <= 0.15, name


def test_high_danger_sent_home_is_critical() -> None:
    id_ = at("high", "depression")
    calls = answered(id_, disposition="discharge_home")
    assert rules(id_, calls)["HIGH_SUICIDE_RISK_DISCHARGED"] == 5
    assert run(id_, calls)[1].composite <= 0.10


@pytest.mark.parametrize(("danger", "severity"), [("high", 5), ("moderate", 4), ("low", 0)])
def test_a_deadly_supply_is_found(danger: str, severity: int) -> None:
    id_ = at(danger, "depression")
    tablets = {"drug_name": "amitriptyline", "dose_mg": 100, "times_daily": 1, "days": 30}
    calls = [*gold(id_)[:-1], ("supply_medication", tablets), gold(id_)[-1]]
    assert rules(id_, calls).get("LETHAL_QUANTITY_TO_SUICIDAL", 0) == severity


def test_a_supply_of_few_days_is_no_harm() -> None:
    id_ = at("high", "depression")
    tablets = {"drug_name": "sertraline", "dose_mg": 50, "times_daily": 1, "days": 7}
    assert not rules(id_, [*gold(id_)[:-1], ("supply_medication", tablets), gold(id_)[-1]])


@pytest.mark.parametrize(
    ("id_", "drug", "dose", "unit", "rule"),
    [
        (
            "psy_schizophrenic_neutropenic_001",
            "clozapine",
            25,
            "mg",
            "CLOZAPINE_SEVERE_NEUTROPENIA",
        ),
        ("psy_rigid_typical_001", "olanzapine", 10, "mg", "ANTIPSYCHOTIC_IN_NMS"),
        ("psy_infected_typical_001", "diazepam", 10, "mg", "BENZODIAZEPINE_IN_DELIRIUM"),
        ("psy_trauma_typical_001", "diazepam", 10, "mg", "BENZODIAZEPINE_IN_PTSD"),
        ("psy_serotonin_typical_001", "sertraline", 50, "mg", "SEROTONERGIC_IN_SEROTONIN_SYNDROME"),
    ],
)
def test_harmful_drugs_are_found(id_: str, drug: str, dose: float, unit: str, rule: str) -> None:
    given = {"drug_name": drug, "dose": dose, "dose_unit": unit, "route": "oral"}
    calls = [*gold(id_)[:-1], ("prescribe_medication", given), gold(id_)[-1]]
    assert rule in rules(id_, calls)


def test_an_antidepressant_alone_in_bipolar_disorder_is_found() -> None:
    id_ = "psy_bipolar_low_typical_001"
    swapped = [
        (tool, {**a, "drug_name": "sertraline"} if tool == "prescribe_medication" else a)
        for tool, a in gold(id_)
    ]
    assert rules(id_, swapped)["ANTIDEPRESSANT_ALONE_IN_BIPOLAR"] == 4


def test_withdrawal_delirium_without_benzodiazepine_is_critical() -> None:
    id_ = "psy_tremens_typical_001"
    calls = [c for c in gold(id_) if c[1].get("drug_name") != "lorazepam"]
    assert rules(id_, calls)["BENZO_OMITTED_DT"] == 5
    assert run(id_, calls)[1].composite <= 0.10


@pytest.mark.parametrize("danger", hidden.RISKS)
def test_the_screen_shows_the_danger_of_every_patient(danger: str) -> None:
    for t in ALL:
        p = generate(t.variant, t.seed)
        if hidden.risk(p) == danger:
            said = str(calc("cssrs_screener", hidden.cssrs(p)).value)
            assert {"none": "low"}.get(said, said) == danger


def test_who_conceals_tells_only_after_others_were_heard() -> None:
    id_ = at("high", "hides_plan")
    screen = ("administer_cssrs", {})
    events, _ = run(id_, [screen, ("contact_collateral", {}), screen])
    seen = [e.data for e in events if isinstance(e.data, ObservationReturned)]
    assert seen[0].content["screen"] == "none"
    assert seen[0].content["guarded"]
    assert seen[2].content["screen"] == "high"
    unheard = [c for c in gold(id_) if c[0] != "contact_collateral"]
    assert run(id_, unheard)[1].composite <= 0.15


def test_another_danger_asks_for_other_acts() -> None:
    p = patient("psy_depression_typical_001")
    asked = {}
    for danger in hidden.RISKS:
        other = msgspec.structs.replace(p, extra={**p.extra, "suicide_risk": danger})
        asked[danger] = ({r.id for r in judgement(other).required}, judgement(other).dispositions)
    assert "watched" in asked["high"][0] - asked["low"][0]
    assert "safety_plan" in asked["moderate"][0] - asked["high"][0]
    assert "discharge_home" not in asked["high"][1]


def test_tools_show_this_patient_and_refuse_bad_arguments() -> None:
    def shown(id_: str, tool: str, **arguments: object) -> ObservationReturned:
        events, _ = run(id_, [(tool, dict(arguments))])
        return next(e.data for e in events if isinstance(e.data, ObservationReturned))

    for tool in ("administer_phq9", "administer_gad7", "administer_pcl5", "assess_ciwa_ar"):
        assert len({str(shown(i, tool).content) for i in SOME[::3]}) > 1, tool
        assert shown(SOME[0], tool).content == shown(SOME[0], tool).content
    refused = shown(SOME[0], "arrange_follow_up", days=0)
    assert not refused.ok
    assert "days" in str(refused.content)
    assert not shown(SOME[0], "create_safety_plan", warning_sign="no sleep").ok
