"""Sickle cells, chemotherapy, consumed clotting, ethylene glycol: no free answers, sound play."""

from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.agents import expert
from healthgym.agents.differential import ranked
from healthgym.agents.reading import Seen, family_of
from healthgym.agents.toolcall import parse, render
from healthgym.bus.view import Action, View
from healthgym.cli.admission import FOOLISH, GOOD, examine
from healthgym.cli.tells import DEMOGRAPHIC, MOST, tells
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.conditions import condition
from healthgym.knowledge.domains.clinical_diagnosis import reference
from healthgym.knowledge.drugs import drug
from healthgym.knowledge.icd10 import listed
from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.physiology import MINUTE, Given, levels, measured_labs, severity
from healthgym.knowledge.tasks import task, variants
from healthgym.knowledge.variants import conditions_in, variant
from healthgym.scorers.composite import score

HOUR = 60 * MINUTE
DOMAIN = "clinical_diagnosis"
SICKLE = [c for c in conditions_in(DOMAIN) if condition(c).family == "sickle_unwell"]
CHEMO = [c for c in conditions_in(DOMAIN) if condition(c).family == "after_chemotherapy"]
NEW = [*SICKLE, *CHEMO, "disseminated_coagulation", "ethylene_glycol_poisoning"]
OWN = [v for v in variants(DOMAIN) if variant(v).condition in NEW]
SEED = 900_000


def variants_of(name: str) -> list[str]:
    return [v for v in OWN if variant(v).condition == name]


def cohort(name: str, size: int = 60) -> list[Patient]:
    own = variants_of(name)
    return [generate(own[i % len(own)], SEED + i) for i in range(size)]


def test_counts() -> None:
    assert (len(SICKLE), len(CHEMO)) == (4, 3)
    assert all(len(variants_of(c)) >= 4 for c in NEW)
    assert all(variant(v).trap or variant(v).difficulty == "easy" or v == OWN[0] for v in OWN)
    codes = [condition(c).icd10 for c in conditions_in(DOMAIN)]
    for c in NEW:
        assert listed(condition(c).icd10)
        assert codes.count(condition(c).icd10) == 1
        assert len(condition(c).look_alikes) >= 2


@pytest.mark.parametrize("members", [SICKLE, CHEMO], ids=["sickle", "chemotherapy"])
def test_nothing_free_gives_the_answer_away(
    members: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tuple(v for v in OWN if variant(v).condition in members)
    monkeypatch.setattr("healthgym.cli.tells.variants", lambda _: own)
    found = tells(DOMAIN)
    assert {t.condition for t in found} == set(members)
    assert [t for t in found if t.auc > (0.6 if t.feature == DEMOGRAPHIC else MOST)] == []


@pytest.mark.parametrize("name", NEW)
def test_a_patient_meets_the_definition(name: str) -> None:
    for p in cohort(name):
        true = levels(p, (), 0)
        for limit in (*condition(name).criteria, *variant(p.variant).criteria):
            value, want = true[limit.fact.partition(":")[2]], float(limit.value)
            assert value >= want if limit.op == ">=" else value <= want, (p.variant, p.seed)
        assert family_of(p.complaint) == condition(name).family


def test_what_tells_them_apart_is_in_the_patients() -> None:
    def middle(name: str, key: str) -> float:
        return float(np.median([levels(p, (), 0)[key] for p in cohort(name)]))

    retics = {c: middle(c, "reticulocytes_pct") for c in ("aplastic_crisis", *SICKLE)}
    assert retics["aplastic_crisis"] < 0.6 < 5 < retics["splenic_sequestration"]
    kept = middle("sickle_pain_crisis", "hemoglobin_g_dl")
    assert kept - middle("splenic_sequestration", "hemoglobin_g_dl") > 2
    assert middle("disseminated_coagulation", "fibrinogen_mg_dl") < 150
    films = [measured_labs(p, (), "blood_film", 0) for p in cohort("disseminated_coagulation")]
    assert all(film["blasts_pct"].value < 1 for film in films)
    assert middle("neutropenic_sepsis", "neutrophils_10e9_l") < 0.5
    assert middle("chemotherapy_mucositis", "neutrophils_10e9_l") > 1
    assert all("sickle_cell_disease" in p.comorbidities for c in SICKLE for p in cohort(c))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_ethylene_glycol_widens_the_osmolar_gap(seed: int) -> None:
    p = generate("glycol_coolant", seed)
    plain = msgspec.structs.replace(p, shift={**p.shift, "ethylene_glycol_mg_dl": 0.0})
    one, other = levels(p, (), 0), levels(plain, (), 0)
    more = one["ethylene_glycol_mg_dl"] - other["ethylene_glycol_mg_dl"]
    gap = one["osmolality_mosm_kg"] - other["osmolality_mosm_kg"]
    assert gap == pytest.approx(more / 6.2)
    shown = measured_labs(p, (), "toxic_alcohols", 0)
    assert shown["ethylene_glycol_mg_dl"].value > 10 * shown["methanol_mg_dl"].value


@pytest.mark.parametrize("name", NEW)
def test_untreated_grows_and_the_right_drug_helps(name: str) -> None:
    c = condition(name)
    p = generate(variants_of(name)[0], 7)
    assert severity(p, (), 4 * HOUR) > severity(p, (), HOUR) > p.severity
    for required in c.judgement.required:
        for dose in c.plan.get(required.id, ()):
            assert any(drug(dose.drug).matches(i) for i in required.any_of), (required.id, dose)
    first = [options[0] for options in c.plan.values()]
    doses = [Given(drug=d.drug, dose=d.dose, unit=d.unit, route=d.route, at=HOUR) for d in first]
    assert severity(p, doses, 6 * HOUR) < severity(p, doses, HOUR)


@pytest.mark.parametrize("name", NEW)
def test_good_play_pays_and_folly_does_not(name: str) -> None:
    for place, own in enumerate(variants_of(name)):
        verdict = examine(task(f"{DOMAIN}:{own}:{300_000 + place}"))
        assert verdict.errors == 0
        assert verdict.reference >= GOOD, verdict
        assert max(verdict.nothing, verdict.salad, verdict.swapped) <= FOOLISH, verdict


def test_the_expert_manages_them() -> None:
    earned = []
    for own in OWN:
        asked = request(task(f"{DOMAIN}:{own}:400001"), agent="expert", max_turns=40)
        earned.append(score(play(asked, expert.play, parse)).composite)
    assert np.mean(earned) >= 0.85


def one_by_one(actions: list[Action]) -> Callable[[View], Action]:
    return lambda view: actions[len(view.turns)]


def value(**found: float) -> Callable[[Seen], Seen]:
    return lambda seen: msgspec.structs.replace(seen, values={**seen.values, **found})


def film(reading: str) -> Callable[[Seen], Seen]:
    return lambda seen: msgspec.structs.replace(seen, imaging={"chest_xray": reading})


LOW = {"hemoglobin_g_dl": 5.4}
Flip = tuple[str, Callable[[Seen], Seen], Callable[[Seen], Seen], str, str]
FLIPS: list[Flip] = [
    (
        "sickle_unwell",
        film("consolidation"),
        value(hemoglobin_g_dl=8.6, reticulocytes_pct=6),
        "acute_chest_syndrome",
        "sickle_pain_crisis",
    ),
    (
        "sickle_unwell",
        value(**LOW, reticulocytes_pct=0.2),
        value(**LOW, reticulocytes_pct=16, platelets_10e9_l=150),
        "aplastic_crisis",
        "splenic_sequestration",
    ),
    (
        "bruises",
        value(fibrinogen_mg_dl=100, inr=2.2, blasts_pct=0.1),
        value(fibrinogen_mg_dl=460, inr=1.0, schistocytes_pct=4),
        "disseminated_coagulation",
        "thrombotic_thrombocytopenic_purpura",
    ),
    (
        "after_chemotherapy",
        value(neutrophils_10e9_l=0.2),
        value(neutrophils_10e9_l=3, uric_acid_mg_dl=12, potassium_mmol_l=6.5),
        "neutropenic_sepsis",
        "tumour_lysis",
    ),
    (
        "took_something",
        value(ethylene_glycol_mg_dl=90, methanol_mg_dl=1),
        value(ethylene_glycol_mg_dl=1, methanol_mg_dl=90),
        "ethylene_glycol_poisoning",
        "methanol_poisoning",
    ),
]


@pytest.mark.parametrize("flip", FLIPS, ids=lambda f: f[3])
def test_the_decisive_fact_decides(flip: Flip) -> None:
    of, one, other, first, second = flip
    start = Seen(family=of, past=("sickle_cell_disease",) if of == "sickle_unwell" else ())
    assert next(iter(ranked(one(start)))) == first
    assert next(iter(ranked(other(start)))) == second


@pytest.mark.parametrize(
    ("own", "drug_name", "dose", "unit", "rule"),
    [
        ("crisis_typical", "red_blood_cells", 1, "units", "TRANSFUSION_NOT_INDICATED"),
        ("chest_syndrome_typical", "prednisone", 40, "mg", "STEROID_IN_SICKLE_CRISIS"),
        ("lysis_typical", "potassium_chloride", 20, "mmol", "POTASSIUM_IN_HYPERKALAEMIA"),
        ("dic_oozing", "tranexamic_acid", 1000, "mg", "ANTIFIBRINOLYTIC_IN_DIC"),
    ],
)
def test_what_harms_is_found(own: str, drug_name: str, dose: float, unit: str, rule: str) -> None:
    asked = request(task(f"{DOMAIN}:{own}:300500"), agent="t", max_turns=60)
    calls = [(c.tool, dict(c.arguments)) for c in reference(generate(own, 300500))]
    route = "oral" if drug_name == "prednisone" else "iv"
    chosen = {"drug_name": drug_name, "dose": dose, "dose_unit": unit, "route": route}
    for tried, there in ((calls, False), ([("prescribe_medication", chosen), *calls], True)):
        played = [Action(raw=render(*call)) for call in tried]
        scored = score(play(asked, one_by_one(played)))
        assert (rule in {f.rule for f in scored.findings}) is there
