"""The formulary of infection, nerve, mind, pain, immunity, cancer, vaccines, skin, eye and diet."""

import re
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.drugs import allergic, drug, formulary, of_class, resolve
from healthgym.knowledge.drugs.model import Allergy, Drug, Pregnancy, Role
from healthgym.knowledge.files import by_file

AREAS = {
    "antibacterial_beta_lactam": 30,
    "antibacterial_other": 40,
    "antiviral": 30,
    "antifungal_antiparasitic": 25,
    "neurology": 45,
    "psychiatry": 40,
    "sleep_attention_addiction": 20,
    "analgesia": 45,
    "immunology": 30,
    "rheumatology_gout": 12,
    "oncology": 40,
    "oncology_targeted": 20,
    "vaccines": 20,
    "dermatology_ophthalmology": 20,
    "allergy_antihistamines": 15,
    "vitamins_supplements": 18,
}
FILES = {name: ids for name, ids in by_file("drugs/ingredients", Drug).items() if name in AREAS}
IDS = sorted(i for ids in FILES.values() for i in ids)
MINE = [formulary().drugs[i] for i in IDS]
BOUNDARY = 45.0
"""Last week of the pregnancy rules, completed."""


def advice(id_: str, week: float) -> Pregnancy:
    return next(p for p in drug(id_).pregnancy if p.from_week <= week < p.to_week)


@pytest.mark.parametrize(("area", "least"), sorted(AREAS.items()))
def test_every_area_is_well_filled(area: str, least: int) -> None:
    assert len(FILES[area]) >= least


def test_counts() -> None:
    assert len(IDS) >= 500
    assert sum(bool(d.pregnancy) for d in MINE) >= 0.99 * len(MINE)
    assert sum(bool(d.renal) for d in MINE) >= 160
    assert sum(bool(d.hepatic) for d in MINE) >= 120
    assert sum(d.lactation != "unknown" for d in MINE) >= 0.99 * len(MINE)
    assert sum(d.per_kg is not None for d in MINE) >= 140


def test_doses_classes_and_sources() -> None:
    graph = formulary().classes
    for d in MINE:
        low, high = d.usual
        assert 0 < low <= high <= d.max_single <= d.max_daily, d.id
        assert d.classes, d.id
        assert d.routes, d.id
        assert re.search(r"\((19|20)\d\d\)|20\d\d", d.source), d.id
        if d.per_kg:
            assert 0 < d.per_kg[0] <= d.per_kg[1] <= (d.max_daily_per_kg or d.per_kg[1]), d.id
        for c in d.classes:
            assert re.fullmatch(r"[a-z0-9_]+", c), c
    named = {c for d in formulary().drugs.values() for c in d.classes}
    own = [c for c in graph if c in _own_classes()]
    assert len(own) >= 150
    assert set(own) <= named, sorted(set(own) - named)


def _own_classes() -> set[str]:
    return set(by_file("drugs/classes", tuple[str, ...])["b"])


def test_every_class_of_these_drugs_is_in_the_graph() -> None:
    # `qt_prolonging` and `antiemetic` are a role and another area's class.
    known = {*formulary().classes, *get_args(Role), "antiemetic"}
    for d in MINE:
        assert set(d.classes) <= known, (d.id, set(d.classes) - known)


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
@given(st.sampled_from([d.id for d in MINE if d.pregnancy]), st.floats(0, BOUNDARY - 0.01))
def test_every_week_has_exactly_one_advice(id_: str, week: float) -> None:
    rules = drug(id_).pregnancy
    hits = [p for p in rules if p.from_week <= week < p.to_week]
    assert len(hits) == 1
    assert hits[0].source


@pytest.mark.parametrize(
    ("id_", "week", "expected", "note"),
    [
        ("isotretinoin", 8, "block", ""),
        ("thalidomide", 30, "block", ""),
        ("mycophenolate", 12, "block", ""),
        ("leflunomide", 12, "block", ""),
        ("ribavirin", 20, "block", ""),
        ("methotrexate", 8, "block", "non-cancer"),
        ("valproate", 8, "block", "for migraine/bipolar/unless no alternative in epilepsy"),
        ("ibuprofen", 19.9, "caution", ""),
        ("ibuprofen", 20, "avoid", "FDA 2020"),
        ("naproxen", 29.9, "avoid", "FDA 2020"),
        ("ketorolac", 30, "block", "ductus closure >=30 w"),
        ("celecoxib", 38, "block", "ductus closure >=30 w"),
        ("doxycycline", 14, "caution", ""),
        ("doxycycline", 20, "avoid", ""),
        ("fluconazole", 8, "avoid", "high dose"),
        ("nitrofurantoin", 20, "allow", ""),
        ("nitrofurantoin", 39, "block", "haemolysis of the newborn"),
        ("amoxicillin", 20, "allow", ""),
        ("acetaminophen", 20, "allow", ""),
        ("influenza_inactivated_vaccine", 20, "allow", "recommended in any trimester"),
        ("mmr_vaccine", 20, "block", "give after delivery"),
    ],
)
def test_pregnancy(id_: str, week: float, expected: str, note: str) -> None:
    found = advice(id_, week)
    assert (found.advice, found.note) == (expected, note)


def test_tetracyclines_name_their_exception() -> None:
    assert advice("doxycycline", 20).exception == "Rocky Mountain spotted fever"


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("paracetamol", "acetaminophen"),
        ("pethidine", "meperidine"),
        ("aciclovir", "acyclovir"),
        ("rifampicin", "rifampin"),
        ("ciclosporin", "cyclosporine"),
        ("valproic acid", "valproate"),
        ("Depakote", "valproate"),
        ("Bactrim", "trimethoprim_sulfamethoxazole"),
        ("co-trimoxazole", "trimethoprim_sulfamethoxazole"),
        ("co-amoxiclav", "amoxicillin_clavulanate"),
        ("morphine sulfate", "morphine"),
        ("Duragesic", "fentanyl_transdermal"),
        ("St John's wort", "st_johns_wort"),
        ("d-penicillamine", "penicillamine"),
        ("6-MP", "mercaptopurine"),
        ("MTX", "methotrexate"),
        ("IVIG", "ivig"),
        ("vitamin K", "phytonadione"),
        ("PAXLOVID", "nirmatrelvir_ritonavir"),
        ("chlorphenamine", "chlorpheniramine"),
    ],
)
def test_names(name: str, id_: str) -> None:
    found = resolve(name)
    assert found is not None
    assert found.id == id_


@pytest.mark.parametrize(
    ("id_", "wider"),
    [
        ("ampicillin", "aminopenicillin penicillin beta_lactam antibiotic"),
        ("cefoxitin", "cephamycin second_generation_cephalosporin cephalosporin beta_lactam"),
        ("linezolid", "oxazolidinone maoi antibiotic"),
        ("ritonavir", "protease_inhibitor antiretroviral antiviral"),
        ("ketoconazole", "azole_antifungal antifungal"),
        ("carbamazepine", "aromatic_anticonvulsant anticonvulsant mood_stabilizer"),
        ("sumatriptan", "triptan sulfonamide_nonantibiotic"),
        ("amitriptyline", "tca antidepressant serotonergic"),
        ("tranylcypromine", "irreversible_maoi maoi"),
        ("clonazepam", "benzodiazepine sedative_hypnotic anticonvulsant"),
        ("morphine", "phenanthrene_opioid opioid"),
        ("azathioprine", "thiopurine immunosuppressant antimetabolite"),
        ("yellow_fever_vaccine", "live_vaccine vaccine"),
        ("dapsone", "sulfone arylamine"),
        ("ergotamine", "ergot"),
        ("clozapine", "second_generation_antipsychotic antipsychotic"),
    ],
)
def test_classes_close_over_the_graph(id_: str, wider: str) -> None:
    assert set(wider.split()) <= set(drug(id_).classes)


@pytest.mark.parametrize(
    ("id_", "foreign"),
    [
        ("penicillamine", "penicillin"),
        ("celecoxib", "nsaid_cox1"),
        ("celecoxib", "sulfonamide_antibiotic"),
        ("sumatriptan", "arylamine"),
        ("ferrous_sulfate", "sulfonamide_antibiotic"),
        ("rasagiline", "maoi"),
        ("zoster_recombinant_vaccine", "live_vaccine"),
        ("levetiracetam", "aromatic_anticonvulsant"),
    ],
)
def test_near_misses_stay_out_of_a_class(id_: str, foreign: str) -> None:
    assert not drug(id_).matches(f"class:{foreign}")


@pytest.mark.parametrize(
    "group",
    [
        "amoxicillin ampicillin cephalexin cefaclor cefadroxil cefprozil",
        "ceftriaxone cefotaxime cefepime cefpodoxime",
        "ceftazidime aztreonam cefiderocol",
    ],
)
def test_side_chain_groups(group: str) -> None:
    chains = {drug(id_).r1 for id_ in group.split()}
    assert len(chains) == 1
    chain = chains.pop()
    assert chain
    others = {d.id for d in of_class("beta_lactam") if d.r1 == chain} - set(group.split())
    # Fixed combinations of a member share its side chain.
    assert others <= {"amoxicillin_clavulanate", "ampicillin_sulbactam", "ceftazidime_avibactam"}
    assert drug("cefazolin").r1 != chain


def test_penicillin_allergy_leaves_penicillamine_free() -> None:
    charted = [Allergy(substance="penicillin", reaction="hives", severity="severe", true=True)]
    assert allergic(charted, "penicillamine") is None
    assert allergic(charted, "cefadroxil") is not None


@pytest.mark.parametrize(
    ("id_", "factor"),
    [
        ("morphine", 1.0),
        ("codeine", 0.15),
        ("fentanyl_transdermal", 2.4),
        ("hydrocodone", 1.0),
        ("hydromorphone", 5.0),
        ("methadone", 4.7),
        ("oxycodone", 1.5),
        ("oxymorphone", 3.0),
        ("tapentadol", 0.4),
        ("tramadol", 0.2),
    ],
)
def test_morphine_equivalents_cdc_2022(id_: str, factor: float) -> None:
    assert drug(id_).mme == factor


def test_only_opioids_have_morphine_equivalents() -> None:
    assert all("opioid" in d.classes for d in MINE if d.mme is not None)
    assert drug("buprenorphine").mme is None


@pytest.mark.parametrize(
    ("id_", "clearance", "action", "max_daily"),
    [
        ("levofloxacin", 49, "reduce", 750),
        ("levofloxacin", 50, "", None),
        ("gabapentin", 29, "reduce", 700),
        ("gabapentin", 30, "reduce", 1400),
        ("nitrofurantoin", 29, "avoid", None),
        ("colchicine", 29, "reduce", None),
        ("meropenem", 26, "reduce", 4000),
        ("acamprosate", 30, "contraindicated", None),
        ("amoxicillin", 30, "", None),
    ],
)
def test_renal_cut_offs(id_: str, clearance: float, action: str, max_daily: float | None) -> None:
    hits = [r for r in drug(id_).renal if r.low <= clearance < r.high]
    assert ([r.action for r in hits] or [""]) == [action]
    assert (hits[0].max_daily if hits else None) == max_daily


@pytest.mark.parametrize(
    ("id_", "roles"),
    [
        ("clarithromycin", "cyp3a4_strong_inhibitor pgp_inhibitor qt_prolonging"),
        ("rifampin", "cyp3a4_inducer cyp2c9_inducer ugt_inducer pgp_inducer"),
        ("fluconazole", "cyp3a4_moderate_inhibitor cyp2c9_inhibitor cyp2c19_inhibitor"),
        ("fluvoxamine", "cyp1a2_inhibitor cyp2c19_inhibitor serotonergic"),
        ("ciprofloxacin", "cyp1a2_inhibitor qt_prolonging"),
        ("tizanidine", "cyp1a2_substrate"),
        ("paroxetine", "cyp2d6_inhibitor serotonergic"),
        ("tamoxifen", "cyp2d6_substrate"),
        ("colchicine", "cyp3a4_sensitive_substrate pgp_substrate"),
        ("st_johns_wort", "cyp3a4_inducer serotonergic"),
        ("trimethoprim_sulfamethoxazole", "cyp2c9_inhibitor potassium_raising"),
        ("methadone", "qt_prolonging"),
    ],
)
def test_roles(id_: str, roles: str) -> None:
    assert set(roles.split()) <= set(drug(id_).roles)


def test_azithromycin_is_no_cyp3a4_inhibitor() -> None:
    assert not any(r.startswith("cyp3a4") for r in drug("azithromycin").roles)
    assert "cyp3a4_inhibitor" not in drug("azithromycin").classes


def test_a_labelled_qt_warning_is_also_a_role() -> None:
    for d in MINE:
        if d.qt == "known":
            assert "qt_prolonging" in d.roles, d.id


@pytest.mark.parametrize("class_", ["cytotoxic", "opioid"])
def test_high_alert_classes(class_: str) -> None:
    # Weekly thiopurines for inflammation are not handled as chemotherapy.
    exempt = {"azathioprine"}
    assert all(d.high_alert for d in of_class(class_) if d.id not in exempt)


@pytest.mark.parametrize(
    ("id_", "unit", "usual", "max_single", "max_daily", "home"),
    [
        ("ceftriaxone", "mg", (1000, 2000), 2000, 4000, ""),
        ("piperacillin_tazobactam", "mg", (3375, 4500), 4500, 18000, ""),
        ("vancomycin", "mg", (500, 2000), 3000, 4500, ""),
        ("gentamicin", "mg", (80, 500), 600, 700, ""),
        ("sertraline", "mg", (25, 100), 200, 200, "50 mg oral once daily"),
        ("lorazepam", "mg", (0.5, 2), 4, 10, ""),
        ("morphine", "mg", (1, 10), 20, 120, ""),
        ("fentanyl", "mcg", (25, 100), 200, 1000, ""),
        ("acetaminophen", "mg", (325, 1000), 1000, 4000, ""),
        ("thiamine", "mg", (100, 500), 500, 1500, ""),
        ("linezolid", "mg", (600, 600), 600, 1200, ""),
    ],
)
def test_doses_of_running_patients_are_unchanged(
    id_: str, unit: str, usual: tuple[float, float], max_single: float, max_daily: float, home: str
) -> None:
    d = drug(id_)
    assert (d.unit, d.usual, d.max_single, d.max_daily, d.home) == (
        unit,
        usual,
        max_single,
        max_daily,
        home,
    )


@pytest.mark.parametrize(
    ("id_", "effects"),
    [
        ("morphine", {"rr_pm": -2}),
        ("lorazepam", {"hr_bpm": -5, "rr_pm": -2}),
        ("acetaminophen", {"temperature_c": -0.5}),
    ],
)
def test_effects_on_running_patients_are_unchanged(id_: str, effects: dict[str, float]) -> None:
    assert drug(id_).effects == effects


def test_systemic_antibiotics_of_the_running_patients_stay_so() -> None:
    broad = {d.id for d in of_class("systemic_antibiotic")}
    assert {"ceftriaxone", "cefepime", "meropenem", "levofloxacin", "gentamicin"} <= broad
    assert not broad & {"amoxicillin", "azithromycin", "vancomycin", "doxycycline", "cephalexin"}
