"""Which allergies speak against which drugs: every rule with a case and a near miss."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.drugs import Allergy, allergic, cross_reactivity, drug, formulary
from healthgym.knowledge.drugs.allergy import allergies, reaction_kind, read_allergy

IDS = sorted(formulary().drugs)
ANAPHYLAXIS = "penicillin anaphylaxis"
AERD = "aspirin-exacerbated respiratory disease"
SJS = "sulfamethoxazole stevens-johnson"
HIT = "heparin-induced thrombocytopenia"

CASES = [
    (ANAPHYLAXIS, "amoxicillin", "block", "same class"),
    (ANAPHYLAXIS, "piperacillin_tazobactam", "block", "same class"),
    (ANAPHYLAXIS, "cephalexin", "block", "identical R1 side chain"),
    (ANAPHYLAXIS, "ceftriaxone", "allow", "dissimilar side chain ~<1-2%"),
    (ANAPHYLAXIS, "cefazolin", "allow", "dissimilar side chain ~<1-2%"),
    (ANAPHYLAXIS, "meropenem", "allow", "<1%"),
    (ANAPHYLAXIS, "aztreonam", "allow", "no cross-reactivity"),
    (ANAPHYLAXIS, "penicillamine", "allow", "not a penicillin"),
    (ANAPHYLAXIS, "azithromycin", "allow", "no known cross-reactivity"),
    ("amoxicillin anaphylaxis", "amoxicillin", "block", "same drug"),
    ("amoxicillin anaphylaxis", "ampicillin", "block", "same class"),
    *(
        ("amoxicillin anaphylaxis", c, "block", "identical R1 side chain")
        for c in ("cephalexin", "cefaclor", "cefadroxil", "cefprozil")
    ),
    ("amoxicillin anaphylaxis", "cefuroxime", "allow", "dissimilar side chain ~<1-2%"),
    ("ceftriaxone anaphylaxis", "cefotaxime", "block", "identical R1 side chain"),
    ("ceftriaxone anaphylaxis", "cefepime", "block", "identical R1 side chain"),
    ("ceftriaxone anaphylaxis", "cefpodoxime", "block", "identical R1 side chain"),
    ("ceftriaxone anaphylaxis", "cefazolin", "allow", "unique side chain"),
    ("ceftriaxone anaphylaxis", "cephalexin", "caution", "dissimilar side chain"),
    ("ceftriaxone anaphylaxis", "amoxicillin", "allow", "dissimilar side chain"),
    ("ceftazidime anaphylaxis", "aztreonam", "block", "identical R1 side chain"),
    ("ceftazidime anaphylaxis", "cefiderocol", "block", "identical R1 side chain"),
    ("ceftazidime anaphylaxis", "ceftriaxone", "caution", "dissimilar side chain"),
    ("meropenem anaphylaxis", "ertapenem", "block", "same class"),
    ("sulfa rash", "trimethoprim_sulfamethoxazole", "block", "same class"),
    ("sulfamethoxazole rash", "sulfadiazine", "block", "same class"),
    ("sulfamethoxazole rash", "furosemide", "allow", "different chemical class"),
    ("sulfamethoxazole rash", "hydrochlorothiazide", "allow", "different chemical class"),
    ("sulfamethoxazole rash", "celecoxib", "allow", "different chemical class"),
    ("sulfamethoxazole rash", "sulfasalazine", "block", "arylamine metabolite"),
    ("sulfamethoxazole rash", "dapsone", "caution", "arylamine metabolite"),
    ("sulfamethoxazole rash", "magnesium_sulfate", "allow", "not a sulfonamide"),
    ("sulfamethoxazole rash", "morphine", "allow", "not a sulfonamide"),
    (SJS, "trimethoprim_sulfamethoxazole", "block", "absolute"),
    (SJS, "dapsone", "block", "arylamine metabolite"),
    (SJS, "sulfasalazine", "block", "arylamine metabolite"),
    (SJS, "furosemide", "allow", "different chemical class"),
    ("carbamazepine sjs", "carbamazepine", "block", "absolute"),
    ("carbamazepine sjs", "phenytoin", "block", "aromatic anticonvulsants"),
    ("carbamazepine DRESS", "phenobarbital", "block", "aromatic anticonvulsants"),
    ("carbamazepine sjs", "lamotrigine", "block", "aromatic"),
    ("carbamazepine sjs", "valproate", "allow", "non-aromatic"),
    ("carbamazepine sjs", "levetiracetam", "allow", "non-aromatic"),
    (AERD, "ibuprofen", "block", "COX-1 cross"),
    (AERD, "ketorolac", "block", "COX-1 cross"),
    (AERD, "aspirin", "block", "COX-1 cross"),
    (AERD, "celecoxib", "allow", "COX-2 selective tolerated"),
    (AERD, "salsalate", "caution", "weak COX-1 inhibitor"),
    (AERD, "acetaminophen", "allow", "weak COX-1 inhibitor"),
    ("lisinopril angioedema", "lisinopril", "block", "same drug"),
    ("lisinopril angioedema", "enalapril", "block", "class effect"),
    ("lisinopril angioedema", "sacubitril_valsartan", "block", "contraindicated"),
    ("lisinopril angioedema", "losartan", "caution", "2-10% early data, usually tolerated"),
    ("lisinopril angioedema", "metoprolol", "allow", "no known cross-reactivity"),
    ("lisinopril cough", "losartan", "allow", "intolerance"),
    ("lisinopril cough", "enalapril", "caution", "class effect"),
    ("codeine anaphylaxis", "codeine", "block", "same drug"),
    ("codeine anaphylaxis", "morphine", "block", "same class"),
    ("codeine anaphylaxis", "fentanyl", "allow", "different chemical class"),
    ("codeine nausea only", "morphine", "allow", "intolerance"),
    ("codeine nausea only", "codeine", "allow", "intolerance"),
    (HIT, "heparin", "block", "same drug"),
    (HIT, "enoxaparin", "block", "cross-reacts"),
    (HIT, "argatroban", "allow", "drug of choice"),
    (HIT, "bivalirudin", "allow", "drug of choice"),
    (HIT, "fondaparinux", "caution", "rarely cross-reacts"),
    (HIT, "apixaban", "allow", "no cross-reactivity"),
    ("heparin anaphylaxis", "enoxaparin", "block", "same class"),
    ("egg", "influenza_inactivated_vaccine", "allow", "no extra precaution"),
    ("egg anaphylaxis", "yellow_fever_vaccine", "caution", "grown in eggs"),
    ("egg", "propofol", "allow", "no cross-reactivity"),
    ("shellfish", "iohexol", "allow", "no cross-reactivity"),
    ("egg", "mmr_vaccine", "allow", "no cross-reactivity"),
    ("shellfish anaphylaxis", "potassium_chloride", "allow", "no cross-reactivity"),
    ("vancomycin red man", "vancomycin", "caution", "infusion reaction"),
    ("ciprofloxacin anaphylaxis", "levofloxacin", "block", "same class"),
    ("ciprofloxacin flushing", "levofloxacin", "allow", "no known cross-reactivity"),
    ("ciprofloxacin anaphylaxis", "ceftriaxone", "allow", "no known cross-reactivity"),
    ("penicillin hives, later tolerated amoxicillin", "amoxicillin", "allow", "tolerated since"),
    ("penicillin hives, not tolerated", "amoxicillin", "block", "same class"),
    ("unobtainium rash", "amoxicillin", "caution", "allergen not known"),
    ("metronidazole rash", "metronidazole", "block", "same class"),
    ("omeprazole rash", "omeprazole", "block", "same drug"),
    ("omeprazole rash", "famotidine", "allow", "no known cross-reactivity"),
]


@pytest.mark.parametrize(("text", "given_", "advice", "reason"), CASES)
def test_what_an_allergy_says(text: str, given_: str, advice: str, reason: str) -> None:
    said = cross_reactivity(read_allergy(text), drug(given_))
    assert (said.advice, said.reason) == (advice, reason)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "unknown"),
        ("not remembered", "unknown"),
        ("rash ten years ago", "rash"),
        ("hives and nausea", "anaphylaxis"),
        ("Stevens-Johnson syndrome", "severe_skin"),
        ("nausea as a child, later took amoxicillin without harm", "tolerated"),
        ("constipation", "intolerance"),
        ("angio-oedema", "angioedema"),
        ("dry cough", "cough"),
    ],
)
def test_the_gravest_word_of_a_reaction_counts(text: str, kind: str) -> None:
    assert reaction_kind(text) == kind


@pytest.mark.parametrize(
    ("text", "substance", "reaction"),
    [
        ("penicillin anaphylaxis", "penicillin", "anaphylaxis"),
        ("Penicillin G hives", "penicillin g", "hives"),
        (AERD, "aspirin", "exacerbated respiratory disease"),
        (HIT, "heparin", "induced thrombocytopenia"),
        ("HIT", "hit", "hit"),
        ("shellfish", "shellfish", ""),
        ("house dust", "house dust", ""),
    ],
)
def test_a_charted_line_is_read(text: str, substance: str, reaction: str) -> None:
    found = read_allergy(text)
    assert (found.substance, found.reaction) == (substance, reaction)


def test_a_short_label_of_heparin_thrombocytopenia_blocks() -> None:
    assert cross_reactivity(read_allergy("HIT"), drug("enoxaparin")).advice == "block"


def test_an_unknown_reaction_counts_as_a_grave_one() -> None:
    assert cross_reactivity(read_allergy("penicillin"), drug("amoxicillin")).advice == "block"


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(IDS), st.sampled_from(["anaphylaxis", "stevens-johnson", ""]))
def test_the_drug_itself_is_never_free_after_a_grave_reaction(id_: str, reaction: str) -> None:
    label = Allergy(substance=id_, reaction=reaction, severity="severe", true=True)
    assert cross_reactivity(label, drug(id_)).advice != "allow"


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(IDS), st.sampled_from(IDS))
def test_what_class_labels_speak_against_is_never_quite_free(a: str, b: str) -> None:
    label = Allergy(substance=a, reaction="anaphylaxis", severity="severe", true=True)
    if allergic([label], b):
        assert cross_reactivity(label, drug(b)).advice != "allow"


def test_every_rule_has_a_source_and_can_be_reached() -> None:
    rules = allergies().rules
    assert len(rules) >= 65
    keys = [(r.allergen, r.reactions, r.given) for r in rules]
    assert len(keys) == len(set(keys))
    assert all(r.source and r.reason for r in rules)


@pytest.mark.parametrize("reaction", ["anaphylaxis", "Stevens-Johnson syndrome", ""])
def test_the_very_drug_is_blocked_whatever_its_class_says(reaction: str) -> None:
    for id_, one in formulary().drugs.items():
        label = Allergy(substance=id_, reaction=reaction, severity="severe", true=True)
        assert cross_reactivity(label, one).advice == "block", id_


@pytest.mark.parametrize(
    ("text", "substance"),
    [
        ("PCN anaphylaxis", "pcn"),
        ("hives from amoxicillin", "amoxicillin"),
        ("severe penicillin allergy", "penicillin"),
        ("anaphylaxis to macrolides", "macrolides"),
        ("IV contrast anaphylaxis", "contrast"),
        ("ACEi angioedema", "acei"),
        ("peanut anaphylaxis needed epinephrine", "peanut anaphylaxis needed epinephrine"),
        ("not allergic to penicillin", "not allergic to penicillin"),
    ],
)
def test_the_substance_of_a_charted_line(text: str, substance: str) -> None:
    assert read_allergy(text).substance == substance
