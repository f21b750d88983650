"""Sickle cells, chemotherapy, consumed clotting, ethylene glycol: what tells apart, what harms."""

from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.agents.toolcall import render
from healthgym.bus.view import Action, View
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.conditions import condition
from healthgym.knowledge.domains.clinical_diagnosis import reference
from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.physiology import MINUTE, levels, measured_labs
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


def one_by_one(actions: list[Action]) -> Callable[[View], Action]:
    return lambda view: actions[len(view.turns)]


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
