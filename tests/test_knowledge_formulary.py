"""The formulary of heart, blood, hormones, lungs, gut, birth, fluids, emergencies and bladder."""

import re
from collections import Counter
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.drugs.formulary import drug, formulary, of_class
from healthgym.knowledge.drugs.model import Drug, Pregnancy, Role
from healthgym.knowledge.drugs.names import plain, resolve
from healthgym.knowledge.files import by_file

AREAS = {
    "anesthesia": 18,
    "antithrombotic": 30,
    "cardiovascular_diuretics_lipids": 30,
    "cardiovascular_heart": 24,
    "cardiovascular_pressure": 42,
    "contrast": 14,
    "emergency_antidotes": 30,
    "endocrine_diabetes": 30,
    "endocrine_hormones": 30,
    "fluids_electrolytes": 30,
    "gastrointestinal": 42,
    "obstetrics": 20,
    "respiratory": 28,
    "urology": 18,
}
FILES = {name: ids for name, ids in by_file("drugs/ingredients", Drug).items() if name in AREAS}
IDS = sorted(i for ids in FILES.values() for i in ids)
MINE = [drug(i) for i in IDS]
ALL = [d for _, d in sorted(formulary().drugs.items())]
TERM = 45.0
"""End of the pregnancy rules, completed weeks."""


def advice(id_: str, week: float) -> Pregnancy:
    return next(p for p in drug(id_).pregnancy if p.from_week <= week < p.to_week)


def renal(id_: str, value: float) -> list[str]:
    return [r.action for r in drug(id_).renal if r.low <= value < r.high]


@pytest.mark.parametrize(("area", "least"), sorted(AREAS.items()))
def test_every_area_is_well_filled(area: str, least: int) -> None:
    assert len(FILES[area]) >= least


def test_the_whole_formulary_is_large() -> None:
    assert len(ALL) >= 270
    assert sum(bool(d.pregnancy) for d in ALL) >= 200
    assert sum(bool(d.renal) for d in ALL) >= 200
    assert sum(bool(d.hepatic) for d in ALL) >= 120
    assert len(IDS) >= 400
    assert "core" not in by_file("drugs/ingredients", Drug)


def test_doses_are_ordered() -> None:
    for d in ALL:
        low, high = d.usual
        assert 0 < low <= high <= d.max_single <= d.max_daily, d.id
        if d.per_kg is not None:
            assert 0 < d.per_kg[0] <= d.per_kg[1] <= (d.max_daily_per_kg or d.per_kg[1]), d.id


def test_every_drug_has_class_route_source_and_pregnancy() -> None:
    for d in MINE:
        assert d.classes, d.id
        assert d.routes, d.id
        assert d.pregnancy, d.id
        assert d.lactation != "unknown", d.id
        assert re.search(r"\((19|20)\d\d\)", d.source), d.id


def test_the_class_graph_is_closed_and_used() -> None:
    graph = formulary().classes
    wider = {w for classes in graph.values() for w in classes}
    named = {c for d in ALL for c in d.classes}
    assert wider <= set(graph), sorted(wider - set(graph))
    assert named <= set(graph), sorted(named - set(graph))
    assert set(graph) <= named, sorted(set(graph) - named)
    assert all(name not in wider_of(graph, name) for name in graph)


def wider_of(graph: dict[str, tuple[str, ...]], name: str) -> set[str]:
    """All classes above one, itself only when the graph turns in a circle."""
    found: set[str] = set()
    todo = list(graph[name])
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo.extend(graph[one])
    return found


def test_a_class_that_is_named_like_a_drug_holds_it() -> None:
    both = {d.id for d in ALL} & set(formulary().classes)
    assert all(name in drug(name).classes for name in both), both
    assert len(both) <= 4


def test_renal_and_hepatic_rules_are_ordered_and_never_raise_the_dose() -> None:
    for d in MINE:
        for measure in ("crcl", "egfr"):
            rules = [r for r in d.renal if r.measure == measure]
            assert all(a.high <= b.low for a, b in pairwise(rules)), d.id
            assert all(r.low < r.high and (r.max_daily or 0) <= d.max_daily for r in rules), d.id
            assert all(r.source for r in rules), d.id
        grades = [h.child_pugh for h in d.hepatic]
        assert grades == sorted(set(grades)), d.id
        assert all((h.max_daily or 0) <= d.max_daily and h.source for h in d.hepatic), d.id


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(IDS), st.floats(0, TERM - 0.01))
def test_every_week_has_exactly_one_advice(id_: str, week: float) -> None:
    hits = [p for p in drug(id_).pregnancy if p.from_week <= week < p.to_week]
    assert len(hits) == 1
    assert hits[0].source


def test_no_name_means_two_drugs() -> None:
    owners = Counter(n for d in ALL for n in {plain(x) for x in (d.id, *d.names, *d.brands)})
    assert [n for n, count in owners.items() if count > 1] == []


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("adrenaline", "epinephrine"),
        ("noradrenaline", "norepinephrine"),
        ("salbutamol", "albuterol"),
        ("frusemide", "furosemide"),
        ("GTN", "nitroglycerin"),
        ("glibenclamide", "glyburide"),
        ("suxamethonium", "succinylcholine"),
        ("lignocaine", "lidocaine"),
        ("Entresto", "sacubitril_valsartan"),
        ("sacubitril/valsartan", "sacubitril_valsartan"),
        ("metoprolol succinate", "metoprolol"),
        ("atorvastatin calcium", "atorvastatin"),
        ("TXA", "tranexamic_acid"),
        ("ergometrine", "ergonovine"),
        ("methylergometrine", "methylergonovine"),
        ("anti-D immunoglobulin", "rho_d_immune_globulin"),
        ("normal saline", "sodium_chloride_0_9"),
        ("Hartmann's", "lactated_ringers"),
        ("HES", "hydroxyethyl_starch"),
        ("Humulin R U-500", "insulin_regular_u500"),
        ("magnesium sulphate", "magnesium_sulfate"),
        ("magnesium citrate", "magnesium_citrate"),
        ("NAC", "acetylcysteine"),
        ("4F-PCC", "prothrombin_complex"),
        ("GoLYTELY", "polyethylene_glycol"),
        ("oral contraceptive", "ethinyl_estradiol_levonorgestrel"),
        ("VIAGRA", "sildenafil"),
    ],
)
def test_names(name: str, id_: str) -> None:
    found = resolve(name)
    assert found is not None
    assert found.id == id_


@pytest.mark.parametrize(
    ("id_", "wider"),
    [
        ("enoxaparin", "low_molecular_weight_heparin heparin anticoagulant antithrombotic"),
        ("apixaban", "doac factor_xa anticoagulant"),
        ("clopidogrel", "p2y12_inhibitor antiplatelet"),
        ("carvedilol", "alpha_beta_blocker nonselective_beta_blocker beta_blocker"),
        ("clevidipine", "dihydropyridine calcium_blocker vasodilator"),
        ("chlorthalidone", "thiazide_like thiazide diuretic sulfonamide_nonantibiotic"),
        ("eplerenone", "aldosterone_antagonist potassium_sparing diuretic"),
        ("lovastatin", "cyp3a4_statin statin lipid_lowering"),
        ("sacubitril_valsartan", "neprilysin_inhibitor arb"),
        ("glyburide", "sulfonylurea antidiabetic sulfonamide_nonantibiotic"),
        ("tiotropium", "anticholinergic_inhaled bronchodilator"),
        ("esomeprazole", "ppi acid_suppressant"),
        ("prochlorperazine", "phenothiazine antipsychotic antiemetic"),
        ("methylergonovine", "ergot oxytocic"),
        ("ethinyl_estradiol_drospirenone", "estrogen_contraceptive contraceptive estrogen"),
        ("plasma_lyte", "isotonic_crystalloid iv_fluid"),
        ("midazolam", "benzodiazepine sedative_hypnotic"),
        ("methylene_blue", "maoi antidote"),
        ("naloxone", "opioid_antagonist antidote"),
        ("rocuronium", "neuromuscular_blocker"),
        ("iohexol", "iodinated_contrast contrast"),
        ("oxybutynin", "bladder_antimuscarinic anticholinergic_drug"),
    ],
)
def test_classes_close_over_the_graph(id_: str, wider: str) -> None:
    assert set(wider.split()) <= set(drug(id_).classes)


@pytest.mark.parametrize(
    ("id_", "foreign"),
    [
        ("furosemide", "sulfonamide_antibiotic"),
        ("magnesium_sulfate", "sulfonamide_antibiotic"),
        ("ethacrynic_acid", "sulfonamide_nonantibiotic"),
        ("fondaparinux", "heparin"),
        ("aspirin", "nsaid"),
        ("nifedipine", "nondihydropyridine"),
        ("gadobutrol", "iodinated_contrast"),
        ("pravastatin", "cyp3a4_statin"),
        ("norepinephrine", "sympathomimetic"),
        ("albumin_5", "isotonic_crystalloid"),
    ],
)
def test_near_misses_stay_out_of_a_class(id_: str, foreign: str) -> None:
    assert not drug(id_).matches(f"class:{foreign}")


@pytest.mark.parametrize(
    ("id_", "week", "expected", "note"),
    [
        ("lisinopril", 8, "block", ""),
        ("losartan", 30, "block", ""),
        ("warfarin", 8, "block", "exception: mechanical valve with shared decision"),
        ("atorvastatin", 8, "avoid", "FDA 2021 removed absolute contraindication"),
        ("misoprostol", 8, "block", ""),
        ("aspirin", 12, "allow", "preeclampsia prophylaxis"),
        ("labetalol", 30, "allow", ""),
        ("methyldopa", 30, "allow", ""),
        ("insulin_nph", 20, "allow", ""),
        ("levothyroxine", 8, "allow", "needs increase"),
        ("methimazole", 8, "avoid", "malformations, propylthiouracil instead"),
        ("propylthiouracil", 8, "allow", "preferred in the first trimester"),
        ("dapagliflozin", 20, "avoid", ""),
        ("bosentan", 20, "block", ""),
        ("finasteride", 20, "block", "male fetus, not even handled crushed"),
        ("methylergonovine", 30, "block", "only after delivery"),
    ],
)
def test_pregnancy(id_: str, week: float, expected: str, note: str) -> None:
    found = advice(id_, week)
    assert (found.advice, found.note) == (expected, note)


@pytest.mark.parametrize("class_", ["ace_inhibitor", "arb", "endothelin_antagonist"])
def test_classes_that_harm_the_fetus_are_blocked_in_every_week(class_: str) -> None:
    assert all({p.advice for p in d.pregnancy} == {"block"} for d in of_class(class_))


@pytest.mark.parametrize("class_", ["insulin", "low_molecular_weight_heparin"])
def test_classes_that_are_wanted_in_pregnancy(class_: str) -> None:
    assert all({p.advice for p in d.pregnancy} == {"allow"} for d in of_class(class_))


@pytest.mark.parametrize(
    ("id_", "value", "actions"),
    [
        ("metformin", 29.9, ["contraindicated"]),
        ("metformin", 30, ["do_not_start"]),
        ("metformin", 45, []),
        ("enoxaparin", 29, ["reduce"]),
        ("enoxaparin", 30, []),
        ("dabigatran", 14, ["avoid"]),
        ("dabigatran", 30, ["reduce"]),
        ("rivaroxaban", 50, ["reduce"]),
        ("rivaroxaban", 51, []),
        ("edoxaban", 95, []),
        ("edoxaban", 96, ["avoid"]),
        ("edoxaban", 50, ["reduce"]),
        ("magnesium_sulfate", 20, ["reduce"]),
        ("dofetilide", 19, ["contraindicated"]),
        ("eplerenone", 30, ["contraindicated"]),
        ("mirabegron", 14, ["avoid"]),
        ("sitagliptin", 44, ["reduce"]),
        ("gadodiamide", 29, ["contraindicated"]),
        ("labetalol", 10, []),
    ],
)
def test_renal_cut_offs(id_: str, value: float, actions: list[str]) -> None:
    assert renal(id_, value) == actions


@pytest.mark.parametrize(
    ("id_", "roles"),
    [
        ("amiodarone", "qt_prolonging cyp2c9_inhibitor cyp2d6_inhibitor pgp_inhibitor"),
        ("verapamil", "cyp3a4_moderate_inhibitor pgp_inhibitor"),
        ("digoxin", "pgp_substrate"),
        ("simvastatin", "cyp3a4_sensitive_substrate oatp1b1_substrate"),
        ("gemfibrozil", "oatp1b1_inhibitor"),
        ("omeprazole", "cyp2c19_inhibitor"),
        ("clopidogrel", "cyp2c19_substrate bleeding_risk"),
        ("warfarin", "cyp2c9_substrate bleeding_risk"),
        ("theophylline", "cyp1a2_substrate"),
        ("dabigatran", "pgp_substrate"),
        ("apixaban", "cyp3a4_substrate pgp_substrate"),
        ("midazolam", "cyp3a4_sensitive_substrate sedating"),
        ("spironolactone", "potassium_raising"),
        ("quinidine", "cyp2d6_inhibitor qt_prolonging"),
    ],
)
def test_roles(id_: str, roles: str) -> None:
    assert set(roles.split()) <= set(drug(id_).roles) <= set(get_args(Role))


def test_a_labelled_qt_warning_is_also_a_role() -> None:
    assert [d.id for d in ALL if d.qt == "known" and "qt_prolonging" not in d.roles] == []


@pytest.mark.parametrize(
    "class_",
    ["insulin", "anticoagulant", "thrombolytic", "neuromuscular_blocker", "cardiac_glycoside"],
)
def test_high_alert_classes(class_: str) -> None:
    assert all(d.high_alert for d in of_class(class_))


@pytest.mark.parametrize(
    ("id_", "unit", "usual", "max_single", "max_daily", "home"),
    [
        ("aspirin", "mg", (75, 325), 650, 4000, "81 mg oral once daily"),
        ("heparin", "units", (4000, 10000), 12000, 40000, ""),
        ("alteplase", "mg", (50, 100), 100, 100, ""),
        ("lisinopril", "mg", (2.5, 40), 40, 80, "10 mg oral once daily"),
        ("furosemide", "mg", (20, 120), 200, 600, "40 mg oral once daily"),
        ("insulin_regular", "units", (2, 12), 12, 300, ""),
        ("potassium_chloride", "mmol", (10, 40), 40, 240, ""),
        ("magnesium_sulfate", "g", (1, 4), 6, 40, ""),
        ("sodium_chloride_0_9", "ml", (250, 2000), 3000, 12000, ""),
        ("tiotropium", "mcg", (18, 18), 36, 36, "18 mcg inhaled once daily"),
        ("norepinephrine", "mcg_min", (2, 30), 100, 100, ""),
        ("epinephrine", "mg", (0.1, 0.5), 1, 5, ""),
        ("oxygen", "l_min", (1, 15), 15, 15, ""),
        ("tamsulosin", "mg", (0.4, 0.8), 0.8, 0.8, "0.4 mg oral once daily"),
    ],
)
def test_doses_of_running_patients_are_unchanged(
    id_: str, unit: str, usual: tuple[float, float], max_single: float, max_daily: float, home: str
) -> None:
    d = drug(id_)
    found = (d.unit, d.usual, d.max_single, d.max_daily, d.home)
    assert found == (unit, usual, max_single, max_daily, home)


@pytest.mark.parametrize(
    ("id_", "effects"),
    [
        ("nitroglycerin", {"sbp_mmhg": -12, "hr_bpm": 4}),
        ("insulin_regular", {"potassium_mmol_l": -0.6, "glucose_mg_dl": -60}),
        ("potassium_chloride", {"potassium_mmol_l": 0.5}),
        ("dextrose_5_saline", {"glucose_mg_dl": 25, "sbp_mmhg": 4}),
        ("epinephrine", {"hr_bpm": 25, "sbp_mmhg": 15}),
        ("oxygen", {"spo2_pct": 5}),
    ],
)
def test_effects_on_running_patients_are_unchanged(id_: str, effects: dict[str, float]) -> None:
    assert drug(id_).effects == effects


def test_u100_and_u500_insulin_are_two_drugs() -> None:
    assert drug("insulin_regular_u500").max_single > 10 * drug("insulin_regular").max_single
    assert resolve("insulin") is drug("insulin_regular")
