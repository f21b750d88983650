"""Tasks, splits and reference solutions."""

from collections import Counter

import pytest

from healthgym.knowledge.conditions import condition
from healthgym.knowledge.drugs import formulary
from healthgym.knowledge.drugs.doses import least, limits
from healthgym.knowledge.errors import BadData, UnknownDomain, UnknownTask
from healthgym.knowledge.files import load
from healthgym.knowledge.guidelines import find, guidelines
from healthgym.knowledge.labs import catalogue, printed
from healthgym.knowledge.measurements import reference
from healthgym.knowledge.patients import generate
from healthgym.knowledge.studies import studies
from healthgym.knowledge.tasks import patient_digest, splits, task, tasks, variants
from healthgym.knowledge.variants import all_variants, comorbidities, conditions_in, findings

CONDITIONS = conditions_in("clinical_diagnosis")

DOMAIN = "clinical_diagnosis"


def test_the_frozen_set():
    found = tasks(DOMAIN)
    assert len(found) >= 112
    assert len({t.id for t in found}) == len({t.digest for t in found}) == len(found)
    for t in found:
        p = generate(t.variant, t.seed)
        assert t.digest == patient_digest(p)
        assert p.id == f"P{t.id[-3:]}"


def test_the_first_infarction():
    t = task("dx_nstemi_001")
    p = generate(t.variant, t.seed)
    assert (p.id, p.age_years, p.sex) == ("P001", 58, "M")
    assert p.comorbidities == ("hypertension", "type_2_diabetes", "smoker")
    assert task("dx_pneumonia_001").condition == "pneumonia"


def test_every_family_has_unseen_variants():
    counts = Counter(
        (condition(all_variants()[v].condition).family, s) for v, s in splits(DOMAIN).items()
    )
    for family in {condition(c).family for c in CONDITIONS}:
        assert counts[family, "test"] >= 2
        assert counts[family, "validation"] >= 1
        assert counts[family, "train"] > counts[family, "test"]


def test_splits_cut_by_variant():
    parts = [set(variants(DOMAIN, s)) for s in ("train", "validation", "test")]
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(variants(DOMAIN))
    for s, part in zip(("train", "validation", "test"), parts, strict=True):
        assert {t.variant for t in tasks(DOMAIN, s)} <= part


def test_every_condition_has_four_variants():
    counts = Counter(v.condition for v in all_variants().values())
    assert all(counts[c] >= 4 for c in CONDITIONS)


def test_generated_tasks():
    t = task(f"{DOMAIN}:dka_low_potassium:12345")
    assert (t.condition, t.seed) == ("dka", 12345)
    assert t.provenance.startswith("generated")


@pytest.mark.parametrize("id_", ["dx_pneumonia_999", "clinical_diagnosis:nope:1", "", "a:b"])
def test_unknown_tasks(id_):
    with pytest.raises(UnknownTask):
        task(id_)
    with pytest.raises(UnknownDomain):
        tasks("astrology")


def test_near_matches_are_named():
    with pytest.raises(UnknownTask) as caught:
        task("dx_pneumonia_01")
    assert any(n.startswith("dx_pneumonia") for n in caught.value.near)


def _items(name):
    c = condition(name)
    judged = [i for r in c.judgement.required for i in r.any_of]
    judged += [i for f in c.judgement.forbidden for i in (*f.any_of, *f.unless_done)]
    judged += [i for facts in c.judgement.decisive for i in facts]
    return judged + [i for t in c.course.treatments for i in t.any_of]


def test_conditions_name_only_what_exists():
    drugs = formulary().drugs
    classes = {c for d in drugs.values() for c in d.classes}
    tests = {f"lab:{t}" for t in catalogue().tests} | {"lab:troponin_t_serial"}
    images = {f"imaging:{s}" for s in studies().studies}
    known = tests | images | {f"drug:{d}" for d in drugs} | {f"class:{c}" for c in classes}
    free = ("consult:", "exam:", "score:", "procedure:", "allergies", "medications")
    for name in CONDITIONS:
        c = condition(name)
        for item in _items(name):
            if item.startswith("finding:"):
                assert item[8:] in findings()
            else:
                assert item in known or item.startswith(free), (name, item)
        assert set(c.findings) <= set(findings()), name
        assert set(c.comorbidities) <= set(comorbidities()), name
        assert set(c.ecg) <= set(studies().ecg), name
        for study, readings in c.imaging.items():
            assert set(readings) <= set(studies().studies[study].readings), (name, study)
        for look in c.look_alikes:
            assert condition(look).family == c.family
        for r in c.judgement.required:
            assert r.kind == "workup" or r.id in c.plan, (name, r.id)
            assert set(r.after) <= {q.id for q in c.judgement.required}
        for options in c.plan.values():
            for dose in options:
                d = drugs[dose.drug]
                years, weight = (3, 14) if c.age.high < 18 else (40, 75)
                amount = d.in_unit(dose.dose, dose.unit, weight)
                assert dose.route in d.routes
                low = least(d, age_years=years, weight_kg=weight)
                high = limits(d, age_years=years, weight_kg=weight)[0]
                assert low * 0.99 <= amount <= high * 1.0001, (name, dose)


def test_every_condition_has_a_guideline():
    own = [g for g in guidelines().values() if "clinical_diagnosis" in g.domains]
    covered = {c for g in own for c in g.conditions}
    assert covered == set(CONDITIONS)
    for name in CONDITIONS:
        assert name in find(condition(name).name)[0].conditions, name
    assert find("zzz") == []


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("potassium_mmol_l", 2.74, "2.7 LL"),
        ("potassium_mmol_l", 3.46, "3.5"),
        ("potassium_mmol_l", 3.44, "3.4 L"),
        ("sodium_mmol_l", 146, "146 H"),
        ("troponin_t_ng_l", 53, "53 HH"),
    ],
)
def test_flags(name, value, text):
    assert printed(name, value, reference(name)).text() == text


def test_broken_data_is_named():
    with pytest.raises(BadData, match=r"labs/acute\.yaml"):
        load("labs/acute.yaml", dict[str, int])
