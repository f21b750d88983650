"""Digestive, neurological, blood and poisoning families: no free answers, sound play, courses."""

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
from healthgym.knowledge.studies import report, studies
from healthgym.knowledge.tasks import task
from healthgym.knowledge.variants import (
    Variant,
    comorbidities_of,
    conditions_in,
    domain_variants,
    family,
    findings,
)
from healthgym.scorers.composite import score

HOUR = 60 * MINUTE
DOMAIN = "clinical_diagnosis"
OWN = {
    id_: v
    for file, part in by_file(f"variants/{DOMAIN}", Variant).items()
    if file.startswith("neurology_gi")
    for id_, v in part.items()
}
CONDITIONS = sorted({v.condition for v in OWN.values()})
FAMILIES = sorted({condition(c).family for c in CONDITIONS})
SEED = 700_000


def variants_of(name: str) -> list[str]:
    return [id_ for id_, v in OWN.items() if v.condition == name]


def cohort(name: str, size: int = 150) -> list[Patient]:
    own = variants_of(name)
    return [generate(own[i % len(own)], SEED + i) for i in range(size)]


def members(of: str) -> list[str]:
    return [c for c in CONDITIONS if condition(c).family == of]


def auc(a: np.ndarray, b: np.ndarray) -> float:
    """Chance that one of `a` exceeds one of `b`, ties half, in the better direction."""
    pooled = np.concatenate([a, b])
    _, place, count = np.unique(pooled, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    value = (rank[: len(a)].sum() - len(a) * (len(a) + 1) / 2) / (len(a) * len(b))
    return float(max(value, 1 - value))


def free(p: Patient) -> dict[str, float]:
    """What costs nothing to know: the ticket, demographics, history, first vitals and labs."""
    of = condition(p.condition).family
    row: dict[str, float] = {"age": p.age_years, "female": p.sex == "F", "onset": p.onset_h}
    row |= {"weight": p.weight_kg, "medicines": len(p.medications)}
    row |= {f"words:{i}": w in p.complaint for i, w in enumerate(family(of).complaints)}
    row |= {f"word:{w}": w in p.complaint.split() for c in family(of).complaints for w in c.split()}
    row |= measured_vitals(p, (), MINUTE)
    row |= {k: has for k, has in p.findings.items() if findings()[k].layer == "history"}
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
    assert len(CONDITIONS) >= 44
    assert len(FAMILIES) >= 11
    assert len(OWN) >= 176
    assert all(3 <= len(members(f)) <= 6 for f in FAMILIES)
    grown = [c for c in map(condition, conditions_in(DOMAIN)) if c.age.high >= 18]
    codes = [c.icd10 for c in grown]
    assert all(listed(condition(c).icd10) for c in CONDITIONS)
    assert all(codes.count(condition(c).icd10) == 1 for c in CONDITIONS)
    assert all(
        len({v.presentation for v in map(OWN.get, variants_of(c)) if v}) >= 2 for c in CONDITIONS
    )


@pytest.mark.parametrize("of", FAMILIES)
def test_nothing_free_gives_the_answer_away(of: str) -> None:
    rows = {c: [free(p) for p in cohort(c)] for c in members(of)}
    for c, own in rows.items():
        rest = [r for o in rows if o != c for r in rows[o]]
        for key in own[0]:
            a, b = (np.array([r[key] for r in part], float) for part in (own, rest))
            assert auc(a, b) < 0.9, (c, key)
        x = np.array([[r["age"], r["female"]] for r in own + rest], float)
        y = np.array([1.0] * len(own) + [0.0] * len(rest))
        fitted = logistic(x, y)
        assert auc(fitted[y == 1], fitted[y == 0]) < 0.6, c


def test_the_probe_would_see_a_giveaway() -> None:
    a, b = np.arange(50.0), np.arange(50.0) + 100
    assert auc(a, b) == 1.0
    assert auc(a, a) == pytest.approx(0.5)
    assert auc(np.array([1.0, 0, 0, 0]), np.array([0.0, 0, 0, 0])) == pytest.approx(0.625)


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
    for test, spec in labs.catalogue().tests.items():
        for key, value in measured_labs(p, (), test, minute * MINUTE).items():
            part = labs.catalogue().components[key]
            assert part.min <= value.value <= part.max, (test, key, spec)


@pytest.mark.parametrize("name", CONDITIONS)
def test_untreated_grows_and_the_right_drug_helps(name: str) -> None:
    c = condition(name)
    p = generate(variants_of(name)[0], 7)
    assert c.course.untreated_per_h > 0
    assert severity(p, (), 4 * HOUR) > severity(p, (), HOUR) > p.severity
    for required in c.judgement.required:
        for dose in c.plan.get(required.id, ()):
            assert any(drug(dose.drug).matches(i) for i in required.any_of), (required.id, dose)
    doses = [options[0] for options in c.plan.values()]
    given_ = [Given(drug=d.drug, dose=d.dose, unit=d.unit, route=d.route, at=HOUR) for d in doses]
    if given_:
        assert severity(p, given_, 6 * HOUR) < severity(p, given_, HOUR)


def test_only_two_conditions_are_managed_without_a_drug() -> None:
    without = [c for c in CONDITIONS if not condition(c).plan]
    assert without == ["acute_hepatitis_b", "functional_seizure"]


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
Flip = tuple[str, Callable[[Seen], Seen], Callable[[Seen], Seen], str, str]


def image(study: str, reading: str) -> Callable[[Seen], Seen]:
    return lambda seen: msgspec.structs.replace(seen, imaging={**seen.imaging, study: reading})


def value(**found: float) -> Callable[[Seen], Seen]:
    return lambda seen: msgspec.structs.replace(seen, values={**seen.values, **found})


def ecg(reading: str) -> Callable[[Seen], Seen]:
    return lambda seen: msgspec.structs.replace(seen, ecg=reading)


CT, LEVEL = "abdominal_ct", "acetaminophen_mcg_ml"
FLIPS: list[Flip] = [
    ("upper_abdominal_pain", value(lipase_u_l=900), value(lipase_u_l=30), "acute_pancreatitis", ""),
    (
        "lower_abdominal_pain",
        image(CT, "appendix"),
        image(CT, "diverticula"),
        "acute_appendicitis",
        "acute_diverticulitis",
    ),
    (
        "vomiting_blood",
        image("upper_endoscopy", "varices"),
        image("upper_endoscopy", "ulcer"),
        "variceal_bleeding",
        "ulcer_bleeding",
    ),
    (
        "yellow_skin",
        image("diagnostic_paracentesis", "infected"),
        image("diagnostic_paracentesis", "sterile"),
        "spontaneous_peritonitis",
        "hepatic_encephalopathy",
    ),
    (
        "headache",
        image("head_ct", "subarachnoid"),
        image("head_ct", "haematoma"),
        "subarachnoid_haemorrhage",
        "intracerebral_haemorrhage",
    ),
    (
        "weak_legs",
        image("mri_spine", "cord"),
        image("mri_spine", "cauda"),
        "cord_compression",
        "cauda_equina",
    ),
    ("took_something", value(**{LEVEL: 250}), value(**{LEVEL: 1}), "paracetamol_overdose", ""),
    (
        "after_a_fit",
        image("eeg", "continuous"),
        image("eeg", "periodic"),
        "status_epilepticus",
        "herpes_encephalitis",
    ),
    (
        "slow_pulse",
        value(metoprolol_ng_ml=900, diltiazem_ng_ml=1),
        value(metoprolol_ng_ml=1, diltiazem_ng_ml=900),
        "beta_blocker_poisoning",
        "calcium_channel_blocker_poisoning",
    ),
    (
        "bruises",
        value(blasts_pct=40, fibrinogen_mg_dl=120),
        value(schistocytes_pct=3, fibrinogen_mg_dl=460),
        "promyelocytic_leukaemia",
        "thrombotic_thrombocytopenic_purpura",
    ),
    (
        "pale_and_tired",
        value(vitamin_b12_pg_ml=80),
        value(vitamin_b12_pg_ml=450, ferritin_ng_ml=6),
        "pernicious_anaemia",
        "iron_deficiency_anaemia",
    ),
]


@pytest.mark.parametrize("flip", FLIPS, ids=lambda f: f[0])
def test_the_decisive_fact_decides(flip: Flip) -> None:
    of, one, other, first, second = flip
    before = ranked(one(Seen(family=of)))
    after = ranked(other(Seen(family=of)))
    assert next(iter(before)) == first
    assert next(iter(after)) != first
    assert not second or next(iter(after)) == second


def test_every_family_is_flipped_and_a_wide_qrs_decides() -> None:
    assert [f[0] for f in FLIPS] == sorted({f[0] for f in FLIPS}, key=[f[0] for f in FLIPS].index)
    assert {f[0] for f in FLIPS} == set(FAMILIES)
    assert (
        next(iter(ranked(ecg("wide_qrs")(Seen(family="took_something"))))) == "tricyclic_overdose"
    )


def test_traps_are_set() -> None:
    """A few traps by name: what the variant promises is in its patients."""
    for seed in range(20):
        p = generate("sah_normal_head_ct", seed)
        assert report(p, "head_ct") == studies().studies["head_ct"].readings["normal"]
        assert (
            report(p, "ct_angiogram_head")
            != studies().studies["ct_angiogram_head"].readings["normal"]
        )
        assert any(m.drug == "warfarin" for m in generate("haematoma_warfarin", seed).medications)
        masked = generate("methanol_with_spirits", seed)
        plain = msgspec.structs.replace(masked, shift={**masked.shift, "methanol_mg_dl": 0.0})
        gap = (
            levels(masked, (), 0)["osmolality_mosm_kg"] - levels(plain, (), 0)["osmolality_mosm_kg"]
        )
        assert gap == pytest.approx(
            (levels(masked, (), 0)["methanol_mg_dl"] - levels(plain, (), 0)["methanol_mg_dl"]) / 3.2
        )
        assert gap > 5
    anaphylaxis = [
        v for v in OWN.values() if any(a.true and a.severity == "severe" for a in v.allergies)
    ]
    assert len(anaphylaxis) >= 5
    assert set(domain_variants(DOMAIN)) > set(OWN)
