"""Rules on pairs: each has its pair, a near miss beside it, and decides alike in either order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.drugs import (
    drug,
    find,
    formulary,
    interaction,
    interactions,
    resolve,
    washout_days,
)
from healthgym.knowledge.drugs.doses import decimal_slip
from healthgym.knowledge.errors import UnknownDrug

IDS = sorted(formulary().drugs)
SERIOUS = {"contraindicated", "major"}

# pair, severity, mechanism, near miss: a drug that takes the second one's place without harm of
# that severity.
PAIRS = [
    ("phenelzine fluoxetine", "contraindicated", "serotonin syndrome", "gabapentin"),
    ("tranylcypromine sertraline", "contraindicated", "serotonin syndrome", "lithium"),
    ("phenelzine amitriptyline", "contraindicated", "serotonin syndrome", "omeprazole"),
    ("phenelzine tramadol", "contraindicated", "serotonin syndrome", "acetaminophen"),
    ("phenelzine meperidine", "contraindicated", "serotonin syndrome", "ibuprofen"),
    ("phenelzine sumatriptan", "contraindicated", "serotonin syndrome", "naratriptan"),
    ("phenelzine dextromethorphan", "contraindicated", "serotonin syndrome", "guaifenesin"),
    ("phenelzine amphetamine", "contraindicated", "serotonin syndrome", "melatonin"),
    ("phenelzine pseudoephedrine", "contraindicated", "hypertensive crisis", "loratadine"),
    ("phenelzine ephedrine", "contraindicated", "hypertensive crisis", "loratadine"),
    ("phenelzine bupropion", "contraindicated", "hypertensive crisis", "nicotine"),
    ("linezolid sertraline", "contraindicated", "serotonin syndrome", "valproate"),
    ("rasagiline meperidine", "contraindicated", "serotonin syndrome", "acetaminophen"),
    ("tramadol sertraline", "major", "serotonin syndrome", "gabapentin"),
    ("pimozide clarithromycin", "contraindicated", "QT/CYP3A4", "doxycycline"),
    ("haloperidol methadone", "major", "QT", "acetaminophen"),
    ("thioridazine citalopram", "contraindicated", "QT", "acetaminophen"),
    ("dofetilide hydrochlorothiazide", "contraindicated", "QT", "furosemide"),
    ("simvastatin clarithromycin", "contraindicated", "CYP3A4 rhabdomyolysis", "azithromycin"),
    ("simvastatin itraconazole", "contraindicated", "CYP3A4 rhabdomyolysis", "terbinafine"),
    ("simvastatin ritonavir", "contraindicated", "CYP3A4 rhabdomyolysis", "dolutegravir"),
    ("simvastatin diltiazem", "major", "CYP3A4 rhabdomyolysis", "lisinopril"),
    ("simvastatin gemfibrozil", "contraindicated", "rhabdomyolysis", "fenofibrate"),
    ("ergotamine clarithromycin", "contraindicated", "CYP3A4 ergotism", "azithromycin"),
    ("ergotamine ritonavir", "contraindicated", "CYP3A4 ergotism", "acyclovir"),
    ("triazolam ketoconazole", "contraindicated", "CYP3A4", "terbinafine"),
    ("ranolazine ketoconazole", "contraindicated", "CYP3A4", "terbinafine"),
    ("eplerenone clarithromycin", "contraindicated", "CYP3A4", "azithromycin"),
    ("irinotecan ketoconazole", "contraindicated", "CYP3A4/UGT1A1", "terbinafine"),
    ("tizanidine ciprofloxacin", "contraindicated", "CYP1A2", "amoxicillin"),
    ("tizanidine fluvoxamine", "contraindicated", "CYP1A2", "mirtazapine"),
    ("ramelteon fluvoxamine", "contraindicated", "CYP1A2", "sertraline"),
    ("clozapine fluvoxamine", "major", "CYP1A2", "sertraline"),
    ("clozapine carbamazepine", "major", "agranulocytosis; CYP3A4", "lamotrigine"),
    ("azathioprine febuxostat", "contraindicated", "xanthine oxidase", "probenecid"),
    ("azathioprine allopurinol", "major", "xanthine oxidase", "probenecid"),
    ("mercaptopurine allopurinol", "major", "xanthine oxidase", "probenecid"),
    ("atazanavir omeprazole", "major", "gastric pH", "amlodipine"),
    ("darunavir rifampin", "contraindicated", "CYP3A4", "pyrazinamide"),
    ("sildenafil nitroglycerin", "contraindicated", "hypotension", "amlodipine"),
    ("sildenafil riociguat", "contraindicated", "hypotension", "lisinopril"),
    (
        "sacubitril_valsartan lisinopril",
        "contraindicated",
        "angioedema; 36 h washout",
        "metoprolol",
    ),
    ("morphine lorazepam", "major", "respiratory depression", "sertraline"),
    (
        "methotrexate trimethoprim_sulfamethoxazole",
        "major",
        "folate and renal clearance",
        "cephalexin",
    ),
    ("warfarin trimethoprim_sulfamethoxazole", "major", "CYP2C9 bleeding", "cephalexin"),
    ("warfarin metronidazole", "major", "CYP2C9", "cephalexin"),
    ("warfarin fluconazole", "major", "CYP2C9", "terbinafine"),
    ("warfarin amiodarone", "major", "CYP2C9; reduce warfarin 30-50%", "metoprolol"),
    ("warfarin ibuprofen", "major", "bleeding", "acetaminophen"),
    ("lithium hydrochlorothiazide", "major", "lithium clearance", "amlodipine"),
    ("lithium lisinopril", "major", "lithium clearance", "amlodipine"),
    ("lithium ibuprofen", "major", "lithium clearance", "acetaminophen"),
    ("lisinopril spironolactone", "major", "hyperkalaemia", "hydrochlorothiazide"),
    ("spironolactone trimethoprim_sulfamethoxazole", "major", "hyperkalaemia", "cephalexin"),
    ("lisinopril trimethoprim_sulfamethoxazole", "major", "hyperkalaemia", "cephalexin"),
    ("digoxin amiodarone", "major", "P-gp; halve digoxin", "lisinopril"),
    ("digoxin verapamil", "major", "P-gp; halve digoxin", "amlodipine"),
    ("digoxin clarithromycin", "major", "P-gp", "azithromycin"),
    ("apixaban rifampin", "major", "CYP3A4/P-gp", "famotidine"),
    ("rivaroxaban carbamazepine", "major", "CYP3A4/P-gp", "levetiracetam"),
    ("apixaban phenytoin", "major", "CYP3A4/P-gp", "levetiracetam"),
    ("rivaroxaban ketoconazole", "major", "CYP3A4/P-gp", "terbinafine"),
    ("apixaban ritonavir", "major", "CYP3A4/P-gp", "dolutegravir"),
    ("valproate meropenem", "major", "valproate level falls", "ceftriaxone"),
    ("carbamazepine clarithromycin", "major", "CYP3A4", "azithromycin"),
    ("atorvastatin gemfibrozil", "major", "OATP1B1 rhabdomyolysis", "fenofibrate"),
    ("colchicine clarithromycin", "major", "CYP3A4/P-gp", "azithromycin"),
    ("clopidogrel omeprazole", "major", "CYP2C19", "pantoprazole"),
    ("tamoxifen paroxetine", "major", "CYP2D6", "venlafaxine"),
    ("theophylline ciprofloxacin", "major", "CYP1A2", "ceftriaxone"),
    ("theophylline fluvoxamine", "major", "CYP1A2", "sertraline"),
    ("midazolam itraconazole", "contraindicated", "CYP3A4", "terbinafine"),
    ("methylene_blue sertraline", "contraindicated", "serotonin syndrome", "lithium"),
    ("estrogen_contraceptive rifampin", "major", "CYP3A4", "amoxicillin"),
    ("rifampin atazanavir", "contraindicated", "CYP3A4", "dolutegravir"),
    ("levothyroxine calcium_carbonate", "moderate", "chelation", "lisinopril"),
    ("tadalafil nitroglycerin", "contraindicated", "hypotension", "acetaminophen"),
    ("opioid naltrexone", "contraindicated", "antagonism", "acetaminophen"),
    (
        "live_vaccine methotrexate",
        "contraindicated",
        "live vaccine infection",
        "hydroxychloroquine",
    ),
]


def member(name: str) -> str:
    """A drug id, or the first drug of a class."""
    return name if name in formulary().drugs else next(i for i in IDS if name in drug(i).classes)


@pytest.mark.parametrize(("pair", "severity", "mechanism", "near"), PAIRS)
def test_each_rule_has_its_pair_and_a_near_miss(
    pair: str, severity: str, mechanism: str, near: str
) -> None:
    a, b = map(member, pair.split())
    found = interaction(a, b)
    assert not isinstance(found, str)
    assert (found.severity, found.mechanism) == (severity, mechanism)
    assert found.effect
    assert found.management
    assert found.source
    other = interaction(a, near)
    assert isinstance(other, str) or (other.severity, other.mechanism) != (severity, mechanism)
    assert isinstance(other, str) or other.severity != "contraindicated"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("aspirin", "atorvastatin"),
        ("acetaminophen", "ibuprofen"),
        ("ceftriaxone", "azithromycin"),
        ("clopidogrel", "pantoprazole"),
        ("levetiracetam", "warfarin"),
        ("oseltamivir", "amoxicillin"),
        ("amlodipine", "lisinopril"),
        ("rivaroxaban", "omeprazole"),
        ("insulin_regular", "lactated_ringers"),
        ("prednisone", "albuterol"),
    ],
)
def test_a_known_negative_is_not_an_unknown_one(a: str, b: str) -> None:
    assert interaction(a, b) == "none"
    assert interactions(a, b)[0].severity == "none"


def test_enough_negatives_and_rules_all_with_sources() -> None:
    rules = formulary().interactions
    negatives = [r for r in rules if r.severity == "none"]
    assert len(negatives) >= 50
    assert len(rules) >= 400
    for r in rules:
        assert r.source, (r.a, r.b)
        assert r.management, (r.a, r.b)
        assert r.severity == "none" or r.mechanism, (r.a, r.b)
        assert not r.indicated or r.exception, (r.a, r.b)
    named = [tuple(sorted((r.a, r.b))) for r in rules]
    assert len(named) == len(set(named)), sorted(n for n in named if named.count(n) > 1)


def test_only_intended_ingredient_rules_decide_over_graver_class_rules() -> None:
    """Two named ingredients lower a class rule only where the label is milder on them."""
    rank = ["none", "moderate", "major", "contraindicated"]
    lowered = set()
    for r in formulary().interactions:
        if r.a in formulary().drugs and r.b in formulary().drugs:
            worst = max(rank.index(hit.severity) for hit in interactions(r.a, r.b))
            if rank.index(r.severity) < worst:
                lowered.add((r.a, r.b, r.severity, rank[worst]))
    assert lowered <= LOWERED
    assert any(pair[:2] == ("linezolid", "pseudoephedrine") for pair in lowered)


# Linezolid is a weak, reversible inhibitor: pressors are titrated, not forbidden (label Zyvox).
LOWERED = {
    ("linezolid", "ephedrine", "major", "contraindicated"),
    ("linezolid", "phenylephrine", "major", "contraindicated"),
    ("linezolid", "pseudoephedrine", "major", "contraindicated"),
}


def test_a_rule_on_two_ingredients_decides_over_a_graver_one_on_a_class() -> None:
    found = interaction("linezolid", "pseudoephedrine")
    assert not isinstance(found, str)
    assert found.severity == "major"
    assert "contraindicated" in {r.severity for r in interactions("linezolid", "pseudoephedrine")}


def test_dual_antiplatelets_are_indicated() -> None:
    found = interaction("aspirin", "clopidogrel")
    assert not isinstance(found, str)
    assert found.indicated
    assert found.severity == "moderate"
    triple = interaction("warfarin", "clopidogrel")
    assert not isinstance(triple, str)
    assert not triple.indicated


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(IDS), st.sampled_from(IDS))
def test_order_does_not_matter(a: str, b: str) -> None:
    assert interactions(a, b) == interactions(b, a)
    assert interaction(a, b) == interaction(b, a)
    assert all(a not in r.except_for and b not in r.except_for for r in interactions(a, b))


def test_a_drug_with_itself_is_no_pair() -> None:
    assert interaction("warfarin", "warfarin") == "unknown"
    with pytest.raises(KeyError):
        interactions("no_such_drug", "no_such_drug")


def test_exceptions_of_a_class_rule_hold() -> None:
    assert interaction("phenelzine", "eletriptan") == "unknown"
    assert interaction("warfarin", "silver_sulfadiazine") == "unknown"
    found = interaction("phenelzine", "rizatriptan")
    assert not isinstance(found, str)
    assert found.severity == "contraindicated"


@pytest.mark.parametrize(
    ("first", "then", "days"),
    [
        ("sertraline", "phenelzine", 14),
        ("fluoxetine", "phenelzine", 35),
        ("phenelzine", "sertraline", 14),
        ("phenelzine", "fluoxetine", 14),
        ("venlafaxine", "phenelzine", 7),
        ("vortioxetine", "tranylcypromine", 21),
        ("linezolid", "sertraline", 1),
        ("sacubitril_valsartan", "lisinopril", 1.5),
        ("lisinopril", "sacubitril_valsartan", 1.5),
        ("sildenafil", "nitroglycerin", 1),
        ("tadalafil", "nitroglycerin", 2),
        ("avanafil", "nitroglycerin", 0.5),
        ("morphine", "naltrexone", 7),
        ("methadone", "naltrexone", 10),
        ("lisinopril", "losartan", 0),
        ("warfarin", "ibuprofen", 0),
        ("aspirin", "atorvastatin", 0),
    ],
)
def test_washouts(first: str, then: str, days: float) -> None:
    assert washout_days(first, then) == days


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("Metoprolol Tartrate", "metoprolol"),
        ("lithium carbonate", "lithium"),
        ("clindamycin hydrochloride", "clindamycin"),
        ("morphine sulphate", "morphine"),
        ("PLAVIX", "clopidogrel"),
        ("valproate sodium", "valproate"),
        ("tramadol HCl", "tramadol"),
    ],
)
def test_a_trailing_salt_is_dropped(name: str, id_: str) -> None:
    assert find(name).id == id_


@pytest.mark.parametrize(
    "name",
    [
        "magnesium chloride",
        "zinc chloride",
        "sulfate",
        "sodium",
        "warfarin tablets",
        "salt of warfarin",
    ],
)
def test_a_salt_makes_no_other_drug(name: str) -> None:
    assert resolve(name) is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [("warfrain", "warfarin"), ("penicilamine", "penicillamine"), ("asprin", "aspirin")],
)
def test_a_misspelt_name_is_suggested_and_never_taken(name: str, meant: str) -> None:
    assert resolve(name) is None
    with pytest.raises(UnknownDrug) as caught:
        find(name)
    assert meant in caught.value.near


def test_a_far_name_gets_no_suggestion() -> None:
    with pytest.raises(UnknownDrug) as caught:
        find("unobtainium")
    assert caught.value.near == []


def test_a_loading_dose_by_weight_is_no_slip() -> None:
    assert not decimal_slip(drug("levetiracetam"), 4500, "iv")
    assert decimal_slip(drug("levetiracetam"), 10000, "iv")
    assert decimal_slip(drug("morphine"), 100, "iv")
