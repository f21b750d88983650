"""Hand-written courses of the smaller guidelines, and their verdicts."""

import operator

from healthgym.knowledge.compliance import Act, comply, critical
from healthgym.knowledge.conditions import Predicate
from healthgym.knowledge.drugs import formulary
from healthgym.knowledge.guidelines import guideline

WEIGHT = 80.0
COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def judge(id_: str, facts: dict[str, object], *steps: tuple, version=None, end=None):
    """Verdicts of hand-written steps (minute, items[, dose]); a fact may be a function of time."""

    def holds(p: Predicate, minute: float) -> bool | None:
        value = facts.get(p.fact)
        value = value(minute) if callable(value) else value
        if value is None:
            return None
        return value == p.value if p.op == "is" else COMPARE[p.op](value, p.value)

    acts = []
    for n, (minute, items, *size) in enumerate(steps, 1):
        names = tuple(items.split())
        drug = names[0].removeprefix("drug:") if names[0].startswith("drug:") else ""
        known = formulary().drugs.get(drug)
        given = {"drug": drug, "dose": size[0], "per_kg": size[0] / WEIGHT} if size else {}
        given |= {"unit": known.unit, "route": known.routes[0]} if size and known else {}
        acts.append(Act(n=n, minute=minute, items=names, **given))
    return comply(guideline(id_, version), acts, holds, end)


def told(id_: str, facts: dict[str, object], *steps: tuple, version=None, end=None):
    """Action -> status of all that applied."""
    found = judge(id_, facts, *steps, version=version, end=end)
    return {v.action: v.status for v in found if v.status != "not_applicable"}


WOMAN = {"demo:sex": "F", "demo:age_years": 28, "extra:complicated": False}
BELLY = (
    (5, "lab:cbc"),
    (6, "lab:crp"),
    (7, "lab:hcg"),
    (30, "seen:lab:hcg"),
    (31, "score:air"),
    (40, "imaging:abdominal_ct"),
    (60, "consult:general_surgery"),
    (200, "drug:cefoxitin", 2000),
    (240, "procedure:appendectomy"),
)


def test_appendicitis():
    met = ("blood_count", "crp", "score", "pregnancy_before_ct", "imaging", "surgeon", "surgery")
    full = dict.fromkeys((*met, "antibiotic_before_incision"), "met")
    assert told("appendicitis", WOMAN, *BELLY) == full
    early = sorted(((20, *s[1:]) if "ct" in s[1][-2:] else s for s in BELLY), key=lambda s: s[0])
    assert told("appendicitis", WOMAN, *early) == full | {"pregnancy_before_ct": "violated"}
    man = WOMAN | {"demo:sex": "M"}
    assert "pregnancy_before_ct" not in told("appendicitis", man, *early)
    late = (*BELLY[:8], (1600, "procedure:appendectomy"))
    assert told("appendicitis", WOMAN, *late)["surgery"] == "late"
    more = (*BELLY, (600, "drug:cefoxitin", 2000))
    assert told("appendicitis", WOMAN, *more)["antibiotic_after_surgery"] == "violated"
    home = told("appendicitis", WOMAN, *BELLY[:7], (70, "disposition:discharge_home"))
    assert home["discharge"] == "violated"


def test_low_back_pain():
    plain = {"extra:red_flags": False, "extra:duration_weeks": 2, "extra:cauda_equina": False}
    steps = ((3, "score:back_red_flags"), (6, "exam:neuro"), (10, "plan:stay_active"))
    full = dict.fromkeys(("red_flags", "neurology", "active"), "met")
    assert told("low_back_pain", plain, *steps) == full
    film, opioid = (12, "imaging:lumbar_mri"), (15, "drug:oxycodone", 5)
    found = told("low_back_pain", plain, *steps, film, opioid)
    assert found == full | {"early_imaging": "violated", "opioid_first": "violated"}
    tried = (14, "drug:naproxen", 500)
    assert "opioid_first" not in told("low_back_pain", plain, *steps, tried, opioid)
    grave = plain | {"extra:cauda_equina": True, "extra:red_flags": True}
    assert told("low_back_pain", grave, *steps, film)["emergency_mri"] == "met"
    found = judge("low_back_pain", grave, *steps, (20, "disposition:discharge_home"))
    assert {v.action for v in critical(found)} == {"emergency_mri", "discharge"}


def test_stewardship():
    read, drug = (2, "allergies"), (10, "drug:ceftriaxone", 1000)
    why, pause = (20, "note:antibiotic_indication"), (3000, "note:antibiotic_time_out")
    full = dict.fromkeys(("allergies_first", "indication"), "met")
    assert told("stewardship", {}) == {}
    assert told("stewardship", {}, read, drug, why) == full
    assert told("stewardship", {}, read, drug, why, pause) == full | {"time_out": "met"}
    assert told("stewardship", {}, read, drug, why, end=5000)["time_out"] == "missed"
    hasty = (1000, "note:antibiotic_time_out")
    assert told("stewardship", {}, read, drug, why, hasty, end=5000)["time_out"] == "missed"
    assert told("stewardship", {}, drug, read)["allergies_first"] == "violated"
    assert told("stewardship", {"extra:viral_illness": True}, drug)["viral"] == "violated"
    urine = {"extra:asymptomatic_bacteriuria": True}
    assert told("stewardship", urine, drug)["bacteriuria"] == "violated"
    assert "bacteriuria" not in told("stewardship", urine | {"flag:pregnant": True}, drug)


def test_dissection():
    steps = (
        (5, "procedure:ecg"),
        (8, "imaging:ct_angiogram_aorta"),
        (20, "drug:esmolol", 40),
        (25, "drug:nicardipine", 5),
        (50, "consult:cardiothoracic_surgery"),
    )
    facts = {"vital:sbp_mmhg": 180, "vital:hr_bpm": 100}
    met = ("ecg", "ct_angiogram", "beta_blocker", "surgeon", "rate_first")
    assert told("aortic", facts, *steps) == dict.fromkeys(met, "met")
    swapped = (*steps[:2], (15, "drug:nicardipine", 5), steps[2], steps[4])
    assert told("aortic", facts, *swapped)["rate_first"] == "violated"
    assert "beta_blocker" not in told("aortic", facts | {"vital:sbp_mmhg": 80}, *steps[:2])
    thinned = judge("aortic", facts, *steps, (60, "drug:heparin", 4000))
    assert {v.rule for v in critical(thinned)} == {"ANTICOAGULATION_ACTIVE_MAJOR_BLEED"}
    assert [v.action for v in critical(judge("aortic", facts, *steps[:4]))] == ["surgeon"]


def test_the_milder_ones():
    copd = {"finding:sputum": True, "vital:spo2_pct": 90}
    flow = told("copd", copd, (5, "drug:oxygen", 10))
    assert (flow["high_flow_oxygen"], flow["antibiotic"]) == ("violated", "missed")
    assert "high_flow_oxygen" not in told("copd", copd, (5, "drug:oxygen", 2))
    failing = {"vital:sbp_mmhg": 150, "vital:spo2_pct": 94, "medication:sildenafil": True}
    found = told("heart_failure", failing, (5, "drug:sodium_chloride_0_9", 500))
    assert found["fluids"] == "violated"
    assert "oxygen" not in found
    nitrate = judge("heart_failure", failing, (5, "drug:nitroglycerin", 0.4))
    assert [v.action for v in critical(nitrate)] == ["nitrate_pde5"]
    starved = {"lab:glucose_mg_dl": 90, "lab:ph_venous": 7.2}
    sugar, vitamin = (9, "drug:dextrose_5_saline", 1000), (5, "drug:thiamine", 100)
    found = told("alcoholic_ketoacidosis", starved, vitamin, sugar)
    assert (found["thiamine_first"], found["dextrose"]) == ("met", "met")
    assert told("alcoholic_ketoacidosis", starved, sugar)["thiamine_first"] == "violated"
    low = starved | {"lab:glucose_mg_dl": 45}
    assert "thiamine_first" not in told("alcoholic_ketoacidosis", low, sugar)
    sweet = {"lab:potassium_mmol_l": 4.0}
    found = told("hhs", sweet, (2, "seen:lab:bmp"), (5, "drug:insulin_regular", 4))
    assert found["fluids_before_insulin"] == "violated"
    assert found["potassium_before_insulin"] == "met"
    for id_ in ("panic", "reflux"):
        found = judge(id_, {}, (5, "procedure:ecg"), (9, "drug:alteplase", 100))
        assert {v.rule for v in critical(found)} == {"THROMBOLYSIS_NOT_INDICATED"}
