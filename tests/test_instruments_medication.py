"""The medication instruments say what the drug rules say, in the words of the contract."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.drugs import formulary, interaction
from healthgym.knowledge.drugs.regimens import regimens
from healthgym.knowledge.errors import InvalidInput
from healthgym.knowledge.instruments.core import Result, calc

CONTRACT: dict[str, Any] = json.loads((Path(__file__).parent / "instruments.json").read_bytes())
IDS = sorted(formulary().drugs)
SEVERITIES = {
    "contraindicated",
    "indicated combination (monitor bleeding)",
    "major",
    "moderate",
    "none/minor",
    "unknown",
}
RENAL = {
    "1 mg/kg once daily",
    "15 mg daily with food",
    "150 mg bid",
    "20 mg daily",
    "30 mg daily",
    "75 mg bid (US label 15-30)",
    "750 mg q48h",
    "allowed",
    "avoid",
    "avoid in NVAF",
    "contraindicated",
    "do not initiate; reassess benefit if already taking",
    "load unchanged; reduce or stop maintenance, monitor levels",
    "max 700 mg/day once daily (15-29: 200-700)",
    "no change",
}


def said(tool: str, **inputs: Any) -> tuple[Any, str | None]:
    found = calc(tool, inputs)
    return found.value, found.band


def pair(a: str, b: str) -> Result:
    return calc("ddi_severity", {"drug_a": a, "drug_b": b})


@pytest.mark.parametrize(
    ("a", "b", "value", "band"),
    [
        ("warfarin", "metronidazole", "major", "CYP2C9"),
        ("phenelzine", "fluoxetine", "contraindicated", "serotonin syndrome"),
        ("tizanidine", "ciprofloxacin", "contraindicated", "CYP1A2"),
        ("clopidogrel", "omeprazole", "major", "CYP2C19"),
        ("warfarin", "trimethoprim-sulfamethoxazole", "major", "CYP2C9 bleeding"),
        ("warfarin", "amiodarone", "major", "CYP2C9; reduce warfarin 30-50%"),
        ("triazolam", "ketoconazole", "contraindicated", "CYP3A4"),
        ("ergotamine", "clarithromycin", "contraindicated", "CYP3A4 ergotism"),
        ("simvastatin", "clarithromycin", "contraindicated", "CYP3A4 rhabdomyolysis"),
        ("irinotecan", "ketoconazole", "contraindicated", "CYP3A4/UGT1A1"),
        (
            "aspirin",
            "clopidogrel",
            "indicated combination (monitor bleeding)",
            "DAPT after ACS/PCI: not a violation",
        ),
        ("digoxin", "amiodarone", "major", "P-gp; halve digoxin"),
        ("methadone", "haloperidol", "major", "QT"),
        ("pimozide", "clarithromycin", "contraindicated", "QT/CYP3A4"),
        ("sacubitril/valsartan", "lisinopril", "contraindicated", "angioedema; 36 h washout"),
        ("theophylline", "ciprofloxacin", "major", "CYP1A2"),
        ("Zestril", "amlodipine", "none/minor", ""),
        ("thiamine", "tamsulosin", "unknown", ""),
    ],
)
def test_pairs_in_the_words_of_the_contract(a: str, b: str, value: str, band: str) -> None:
    assert (pair(a, b).value, pair(a, b).band) == (value, band)
    assert (pair(b, a).value, pair(b, a).band) == (value, band)


def test_every_listed_band_of_pairs_is_a_mechanism() -> None:
    mechanisms = {r.mechanism for r in formulary().interactions}
    assert set(CONTRACT["ddi_severity"]["bands"]) <= mechanisms


def test_a_name_that_is_no_drug_is_unknown_and_told() -> None:
    found = pair("warfrain", "aspirin")
    assert (found.value, found.warnings) == ("unknown", ("'warfrain' is no listed drug",))


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(IDS), st.sampled_from(IDS))
def test_pairs_only_take_the_values_of_the_contract(a: str, b: str) -> None:
    value = pair(a, b).value
    assert value in SEVERITIES
    assert (value == "none/minor") is (interaction(a, b) == "none")


@pytest.mark.parametrize(
    ("allergy", "drug", "value", "band"),
    [
        ("penicillin anaphylaxis", "amoxicillin", "block", "same class"),
        ("amoxicillin anaphylaxis", "cephalexin", "block", "identical R1 side chain"),
        ("penicillin anaphylaxis", "ceftriaxone", "allow", "dissimilar side chain ~<1-2%"),
        ("penicillin anaphylaxis", "meropenem", "allow", "<1%"),
        (
            "aspirin-exacerbated respiratory disease",
            "celecoxib",
            "allow",
            "COX-2 selective tolerated",
        ),
        ("aspirin-exacerbated respiratory disease", "ibuprofen", "block", "COX-1 cross"),
        ("carbamazepine sjs", "carbamazepine", "block", "absolute"),
        ("carbamazepine sjs", "phenytoin", "block", "aromatic anticonvulsants"),
        ("carbamazepine sjs", "oxcarbazepine", "block", "aromatic"),
        ("sulfamethoxazole stevens-johnson", "sulfasalazine", "block", "arylamine metabolite"),
        ("sulfamethoxazole rash", "furosemide", "allow", "different chemical class"),
        ("lisinopril angioedema", "enalapril", "block", "class effect"),
        ("lisinopril angioedema", "losartan", "caution", "2-10% early data, usually tolerated"),
        ("heparin-induced thrombocytopenia", "enoxaparin", "block", "cross-reacts"),
        ("heparin-induced thrombocytopenia", "argatroban", "allow", "drug of choice"),
        ("heparin-induced thrombocytopenia", "bivalirudin", "allow", "drug of choice"),
        ("egg", "propofol", "allow", "no cross-reactivity"),
        ("shellfish", "iodinated contrast", "allow", "no cross-reactivity"),
        ("lisinopril angioedema", "sacubitril/valsartan", "block", "contraindicated"),
        ("codeine nausea only", "morphine", "allow", "intolerance"),
        ("penicillin anaphylaxis", "cephalosporin", "block", "identical R1 side chain"),
    ],
)
def test_allergies_in_the_words_of_the_contract(
    allergy: str, drug: str, value: str, band: str
) -> None:
    tool = "allergy_cross_reactivity"
    assert said(tool, documented_allergy=allergy, ordered_drug=drug) == (value, band)


def test_an_ordered_drug_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidInput, match="listed drug"):
        said("allergy_cross_reactivity", documented_allergy="egg", ordered_drug="unobtainium")
    known = {"documented_allergy": "unobtainium rash", "ordered_drug": "amoxicillin"}
    found = calc("allergy_cross_reactivity", known)
    assert found.value == "caution"
    assert "names no known allergen" in found.warnings[0]


@pytest.mark.parametrize(
    ("drug", "week", "value", "band"),
    [
        ("isotretinoin", 8, "block", ""),
        ("doxycycline", 20, "avoid", ""),
        ("ibuprofen", 22, "avoid from 20 weeks", "FDA 2020"),
        ("ibuprofen", 31, "block", "ductus closure >=30 w"),
        ("ibuprofen", 10, "allow", ""),
        ("methotrexate", 8, "block", "non-cancer"),
        ("valproate", 8, "block", "for migraine/bipolar/unless no alternative in epilepsy"),
        ("amoxicillin", 20, "allow", ""),
        ("fluconazole", 8, "avoid", ""),
        ("warfarin", 10, "block", "exception: mechanical valve with shared decision"),
        ("lisinopril", 12, "block", ""),
        ("atorvastatin", 12, "stop in most", "FDA 2021 removed absolute contraindication"),
        ("levothyroxine", 12, "allow", "needs increase"),
        ("aspirin", 14, "allow", "preeclampsia prophylaxis"),
        ("nifedipine", 20, "allow", ""),
        ("enoxaparin", 20, "allow", ""),
    ],
)
def test_pregnancy_in_the_words_of_the_contract(
    drug: str, week: float, value: str, band: str
) -> None:
    tool = "pregnancy_contraindication"
    assert said(tool, drug=drug, gestational_age_weeks=week) == (value, band)


def test_caution_in_pregnancy_is_a_warning() -> None:
    found = calc("pregnancy_contraindication", {"drug": "ibuprofen", "gestational_age_weeks": 10})
    assert found.warnings[0].startswith("caution")


@pytest.mark.parametrize(
    ("drug", "gfr", "value", "band"),
    [
        ("metformin", 29, "contraindicated", "eGFR <30"),
        ("metformin", 30, "do not initiate; reassess benefit if already taking", "eGFR 30-45"),
        ("metformin", 45, "allowed", ""),
        ("enoxaparin 1 mg/kg q12h", 29, "1 mg/kg once daily", "CrCl <30"),
        ("enoxaparin 1 mg/kg q12h", 30, "no change", ""),
        ("dabigatran AF 150 mg bid", 14, "avoid", ""),
        ("dabigatran AF 150 mg bid", 15, "75 mg bid (US label 15-30)", ""),
        ("dabigatran AF 150 mg bid", 30, "75 mg bid (US label 15-30)", ""),
        ("dabigatran AF 150 mg bid", 31, "150 mg bid", ""),
        ("rivaroxaban AF 20 mg", 50, "15 mg daily with food", "CrCl <=50"),
        ("rivaroxaban AF 20 mg", 51, "20 mg daily", ""),
        ("edoxaban AF 60 mg", 96, "avoid in NVAF", "CrCl >95"),
        ("edoxaban AF 60 mg", 95, "no change", ""),
        ("edoxaban AF 60 mg", 50, "30 mg daily", "15-50"),
        ("levofloxacin 750 mg q24h", 20, "750 mg q48h", "20-49"),
        ("levofloxacin 750 mg q24h", 50, "no change", ""),
        ("gabapentin 900 mg tid", 29, "max 700 mg/day once daily (15-29: 200-700)", ""),
        ("nitrofurantoin", 29, "avoid", "Beers 2019+: CrCl <30 (label: <60)"),
        ("nitrofurantoin", 61, "allowed", ""),
        (
            "magnesium sulfate 4 g + 2 g/h (severe preeclampsia)",
            25,
            "load unchanged; reduce or stop maintenance, monitor levels",
            "",
        ),
    ],
)
def test_kidneys_in_the_words_of_the_contract(drug: str, gfr: float, value: str, band: str) -> None:
    field = "egfr_ml_min_1_73m2" if drug == "metformin" else "creatinine_clearance_ml_min"
    assert said("renal_dosing", drug=drug, **{field: gfr}) == (value, band)
    other = "creatinine_clearance_ml_min" if drug == "metformin" else "egfr_ml_min_1_73m2"
    found = calc("renal_dosing", {"drug": drug, other: gfr})
    assert (found.value, found.missing) == (None, (field,))


def test_every_value_and_band_of_the_contract_is_reached() -> None:
    steps = [s for r in regimens().values() for s in r.steps]
    assert set(CONTRACT["renal_dosing"]["bands"]) == {s.band for s in steps if s.band}
    assert {s.value for s in steps} >= RENAL


def test_other_drugs_are_dosed_by_the_formulary() -> None:
    tool, crcl = "renal_dosing", "creatinine_clearance_ml_min"
    assert said(tool, drug="acamprosate", **{crcl: 20})[0] != "no change"
    assert said(tool, drug="acamprosate", **{crcl: 90}) == ("no change", "")
    assert calc(tool, {"drug": "acamprosate"}).missing == (crcl,)
    with pytest.raises(InvalidInput, match="listed drug"):
        said(tool, drug="unobtainium", **{crcl: 20})


@pytest.mark.parametrize(
    ("opioids", "value", "band"),
    [
        ({}, 0.0, "<50"),
        ({"morphine": 30}, 30.0, "<50"),
        ({"tramadol": 400}, 80.0, "50-89"),
        ({"oxycodone": 33.3}, 49.95, "<50"),
        ({"morphine": 50}, 50.0, "50-89"),
        ({"oxycodone": 60}, 90.0, ">=90"),
        ({"hydromorphone": 8, "codeine": 60}, 49.0, "<50"),
        ({"methadone": 10, "oxymorphone": 5}, 62.0, "50-89"),
        ({"fentanyl patch (mcg/h)": 25}, 60.0, "50-89"),
        ({"fentanyl_transdermal_mcg_h": 25, "tapentadol": 100}, 100.0, ">=90"),
    ],
)
def test_morphine_equivalents(opioids: dict[str, float], value: float, band: str) -> None:
    doses = [{"drug": d, "daily_dose": n} for d, n in opioids.items()]
    found = calc("mme_cdc_2022", {"opioids_mg_per_day": doses})
    assert found.value == pytest.approx(value, abs=0.01)
    assert found.band == band
    assert sum(found.components.values()) == pytest.approx(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["buprenorphine", "ibuprofen", "unobtainium"])
def test_what_has_no_factor_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="factor"):
        said("mme_cdc_2022", opioids_mg_per_day=[{"drug": name, "daily_dose": 8}])
