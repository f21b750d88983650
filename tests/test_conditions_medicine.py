"""Heart, lung, fever, joint, gland and kidney families: no free answers, sound play, courses."""

from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.agents import expert
from healthgym.agents.differential import ranked
from healthgym.agents.reading import Seen, family_of
from healthgym.agents.toolcall import parse
from healthgym.cli.admission import FOOLISH, GOOD, examine
from healthgym.cli.tells import auc
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge import labs
from healthgym.knowledge.conditions import condition
from healthgym.knowledge.drugs import drug
from healthgym.knowledge.files import by_file
from healthgym.knowledge.icd10 import listed
from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.physiology import (
    MINUTE,
    Given,
    levels,
    measured_labs,
    measured_vitals,
    severity,
)
from healthgym.knowledge.studies import ecg_text, report
from healthgym.knowledge.tasks import task
from healthgym.knowledge.variants import (
    Variant,
    comorbidities_of,
    conditions_in,
    family,
    findings,
)
from healthgym.scorers.composite import score

HOUR = 60 * MINUTE
DOMAIN = "clinical_diagnosis"
OWN = {
    id_: v
    for file, part in by_file(f"variants/{DOMAIN}", Variant).items()
    if file.startswith("medicine")
    for id_, v in part.items()
}
CONDITIONS = sorted({v.condition for v in OWN.values()})
FAMILIES = sorted({condition(c).family for c in CONDITIONS})
SEED = 800_000


def variants_of(name: str) -> list[str]:
    return [id_ for id_, v in OWN.items() if v.condition == name]


def cohort(name: str, size: int = 150) -> list[Patient]:
    own = variants_of(name)
    return [generate(own[i % len(own)], SEED + i) for i in range(size)]


def members(of: str) -> list[str]:
    return [c for c in CONDITIONS if condition(c).family == of]


def free(p: Patient) -> dict[str, float]:
    """What costs nothing to know: the ticket, demographics, history, first vitals and labs."""
    of = condition(p.condition).family
    told = {k: has for k, has in p.findings.items() if findings()[k].layer == "history"}
    row: dict[str, float] = {"age": p.age_years, "female": p.sex == "F", "onset": p.onset_h}
    row |= {"weight": p.weight_kg, "medicines": len(p.medications), "history": sum(told.values())}
    words = {w for text in family(of).complaints for w in text.split()}
    row |= {f"word:{w}": w in p.complaint.split() for w in sorted(words)}
    row |= measured_vitals(p, (), MINUTE) | told
    row |= {f"past:{k}": k in p.comorbidities for k in comorbidities_of(of)}
    for test in family(of).arrival:
        row |= {f"lab:{k}": v.value for k, v in measured_labs(p, (), test, 0).items()}
    return row


def logistic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Scores of a logistic regression, by Newton's method."""
    x = np.column_stack([np.ones(len(x)), (x - x.mean(0)) / (x.std(0) + 1e-9)])
    w = np.zeros(x.shape[1])
    for _ in range(25):
        p = 1 / (1 + np.exp(-x @ w))
        w += np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]) + 1e-6, x.T @ (y - p))
    return x @ w


def test_counts() -> None:
    assert len(CONDITIONS) >= 45
    assert len(FAMILIES) >= 10
    assert len(OWN) >= 180
    assert all(3 <= len(members(f)) <= 6 for f in FAMILIES)
    codes = [condition(c).icd10 for c in conditions_in(DOMAIN)]
    assert all(listed(condition(c).icd10) for c in CONDITIONS)
    assert all(codes.count(condition(c).icd10) == 1 for c in CONDITIONS)
    for c in CONDITIONS:
        own = [OWN[v] for v in variants_of(c)]
        assert len(own) >= 3
        assert len({v.presentation for v in own}) >= 2, c
        assert sum(bool(v.trap) for v in own) >= 2, c
        assert set(condition(c).look_alikes) == set(members(condition(c).family)) - {c}


@pytest.mark.parametrize("of", FAMILIES)
def test_nothing_free_gives_the_answer_away(of: str) -> None:
    rows = {c: [free(p) for p in cohort(c)] for c in members(of)}
    for c, own in rows.items():
        rest = [r for o in rows if o != c for r in rows[o]]
        for key in own[0]:
            a, b = ([float(r[key]) for r in part] for part in (own, rest))
            assert auc(a, b) < 0.9, (c, key)
        x = np.array([[r["age"], r["female"]] for r in own + rest], float)
        y = np.array([1.0] * len(own) + [0.0] * len(rest))
        fitted = logistic(x, y)
        assert auc(fitted[y == 1].tolist(), fitted[y == 0].tolist()) < 0.6, c


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_patient_meets_the_definition(name: str) -> None:
    for p in cohort(name, 60):
        true = levels(p, (), 0)
        for limit in (*condition(name).criteria, *OWN[p.variant].criteria):
            value, want = true[limit.fact.partition(":")[2]], float(limit.value)
            assert value >= want if limit.op == ">=" else value <= want, (p.variant, p.seed, limit)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(sorted(OWN)), st.integers(0, 10**6), st.integers(0, 480))
def test_a_patient_is_possible(variant: str, seed: int, minute: int) -> None:
    p = generate(variant, seed)
    true = levels(p, (), minute * MINUTE)
    bmp = {k: v.value for k, v in measured_labs(p, (), "bmp", minute * MINUTE).items()}
    gap = bmp["sodium_mmol_l"] - bmp["chloride_mmol_l"] - bmp["bicarbonate_mmol_l"]
    assert gap == round(true["anion_gap"])
    v = measured_vitals(p, (), minute * MINUTE)
    assert v["map_mmhg"] == round((v["sbp_mmhg"] + 2 * v["dbp_mmhg"]) / 3)
    assert v["dbp_mmhg"] < v["sbp_mmhg"]
    assert 3 <= v["gcs"] <= 15
    assert family_of(p.complaint) == condition(p.condition).family
    if true["bicarbonate_mmol_l"] < 18 and not p.shift.get("pco2_mmhg"):
        assert abs(true["pco2_mmhg"] - 4 - (1.5 * true["bicarbonate_mmol_l"] + 8)) < 10
    for test in labs.catalogue().tests:
        for key, value in measured_labs(p, (), test, minute * MINUTE).items():
            part = labs.catalogue().components[key]
            assert part.min <= value.value <= part.max, (test, key)


@pytest.mark.parametrize("name", CONDITIONS)
def test_untreated_grows_and_the_right_drug_helps(name: str) -> None:
    c = condition(name)
    p = generate(variants_of(name)[0], 7)
    assert c.course.untreated_per_h > 0
    assert severity(p, (), 2 * HOUR) >= severity(p, (), HOUR) > p.severity
    for required in c.judgement.required:
        for dose in c.plan.get(required.id, ()):
            assert any(drug(dose.drug).matches(i) for i in required.any_of), (required.id, dose)
    doses = [options[0] for options in c.plan.values()]
    at_one = [Given(drug=d.drug, dose=d.dose, unit=d.unit, route=d.route, at=HOUR) for d in doses]
    if at_one:
        assert severity(p, at_one, 6 * HOUR) < severity(p, (), 6 * HOUR)


def test_the_right_drug_turns_the_course_where_a_drug_is_the_cure() -> None:
    """Decompression, drainage, stents and valves are no drugs: there the drug only buys time."""
    slower = {"tension_pneumothorax"}
    for name in CONDITIONS:
        c = condition(name)
        p = generate(variants_of(name)[0], 7)
        doses = [options[0] for options in c.plan.values()]
        given_ = [Given(drug=d.drug, dose=d.dose, unit=d.unit, route=d.route, at=0) for d in doses]
        if given_ and name not in slower:
            assert severity(p, given_, 6 * HOUR) < p.severity, name


def test_three_conditions_are_managed_without_a_drug() -> None:
    without = [c for c in CONDITIONS if not condition(c).plan]
    assert without == ["aortic_stenosis", "primary_polydipsia", "vasovagal_syncope"]


@pytest.mark.parametrize("name", CONDITIONS)
def test_good_play_pays_and_folly_does_not(name: str) -> None:
    for place, variant in enumerate(variants_of(name)[::2]):
        verdict = examine(task(f"{DOMAIN}:{variant}:{300_000 + place}"))
        assert verdict.errors == 0
        assert verdict.reference >= GOOD, verdict
        assert max(verdict.nothing, verdict.salad) <= FOOLISH, verdict


def test_the_expert_manages_the_families() -> None:
    earned = []
    for variant in list(OWN)[::3]:
        asked = request(task(f"{DOMAIN}:{variant}:400001"), agent="expert", max_turns=40)
        earned.append(score(play(asked, expert.play, parse)).composite)
    assert np.mean(earned) >= 0.85


# One decisive fact of each family, and what it turns the answer from and to.
Change = Callable[[Seen], Seen]
Flip = tuple[str, Change, Change, str, str]


def image(study: str, reading: str) -> Change:
    return lambda seen: msgspec.structs.replace(seen, imaging={**seen.imaging, study: reading})


def value(**found: float) -> Change:
    return lambda seen: msgspec.structs.replace(seen, values={**seen.values, **found})


def ecg(reading: str) -> Change:
    return lambda seen: msgspec.structs.replace(seen, ecg=reading)


ECHO, TAP = "echocardiogram", "thoracentesis"
FLIPS: list[Flip] = [
    ("breastbone_pain", ecg("anterior_st"), ecg("inferior_st"), "stemi_anterior", "stemi_inferior"),
    (
        "racing_heart",
        ecg("narrow_regular"),
        ecg("broad_regular"),
        "nodal_tachycardia",
        "ventricular_tachycardia",
    ),
    (
        "passed_out",
        image(ECHO, "stenosis"),
        image(ECHO, "thick_septum"),
        "aortic_stenosis",
        "hypertrophic_cardiomyopathy",
    ),
    ("gasping", image(TAP, "infected"), image(TAP, "malignant"), "empyema", "malignant_effusion"),
    (
        "cough_and_fever",
        value(sars_cov_2_index=5.0, influenza_index=0.05),
        value(sars_cov_2_index=0.05, influenza_index=5.0),
        "covid_19",
        "influenza",
    ),
    (
        "fever_and_shivers",
        value(csf_white_cells_ul=2400.0, csf_glucose_ratio=0.2),
        value(csf_white_cells_ul=90.0, csf_glucose_ratio=0.62),
        "bacterial_meningitis",
        "viral_meningitis",
    ),
    (
        "hot_knee",
        value(synovial_bacteria=2.0, urate_crystals=0.0),
        value(synovial_bacteria=0.0, urate_crystals=2.0),
        "septic_arthritis",
        "gout_attack",
    ),
    (
        "weak_and_foggy",
        value(cortisol_mcg_dl=2.0, tsh_miu_l=2.0),
        value(cortisol_mcg_dl=22.0, tsh_miu_l=60.0),
        "adrenal_crisis",
        "myxoedema_coma",
    ),
    (
        "always_thirsty",
        value(copeptin_pmol_l=2.5, urine_osmolality_mosm_kg=90.0),
        value(copeptin_pmol_l=70.0, urine_osmolality_mosm_kg=120.0),
        "arginine_vasopressin_deficiency",
        "lithium_diabetes_insipidus",
    ),
    (
        "little_urine",
        value(sodium_excretion_pct=0.2, granular_casts_lpf=0.0),
        value(sodium_excretion_pct=5.0, granular_casts_lpf=12.0),
        "prerenal_injury",
        "tubular_necrosis",
    ),
]


@pytest.mark.parametrize("flip", FLIPS, ids=lambda f: f[0])
def test_the_decisive_fact_decides(flip: Flip) -> None:
    of, one, other, first, second = flip
    assert next(iter(ranked(one(Seen(family=of))))) == first
    assert next(iter(ranked(other(Seen(family=of))))) == second


def test_every_family_is_flipped() -> None:
    assert sorted(f[0] for f in FLIPS) == FAMILIES


def test_an_electrocardiogram_names_its_own_rhythm() -> None:
    for variant, rhythm in (
        ("nodal_tachycardia_typical", "regular narrow tachycardia"),
        ("ventricular_tachycardia_scar", "regular broad tachycardia"),
        ("rapid_fibrillation_preexcited", "pre-excited atrial fibrillation"),
        ("block_sustained", "ventricular escape rhythm"),
        ("block_intermittent", "sinus"),
    ):
        for seed in range(10):
            assert ecg_text(generate(variant, seed), (), 0).startswith(rhythm), variant


def test_traps_are_set() -> None:
    """A few traps by name: what the variant promises is in its patients."""
    for seed in range(20):
        p = generate("collapse_lying_film", seed)
        assert report(p, "chest_xray") == "no acute cardiopulmonary finding"
        assert report(p, "lung_ultrasound") == "no lung sliding on one side"
        home = [m.drug for m in generate("gout_knee_clarithromycin", seed).medications]
        assert {"clarithromycin", "warfarin"} <= set(home)
        assert levels(generate("adrenal_steroid_stopped", seed), (), 0)["cortisol_mcg_dl"] <= 5.001
    rates = {
        v: np.mean([levels(generate(v, seed), (), 0)["hr_bpm"] for seed in range(40)])
        for v in ("block_sustained", "block_intermittent")
    }
    assert rates["block_sustained"] < 50 < 60 < rates["block_intermittent"]
    severe = [a for v in OWN.values() for a in v.allergies if a.true and a.severity == "severe"]
    assert len(severe) >= 8
