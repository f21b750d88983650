"""Names, doses, allergies and interactions of drugs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge import drugs
from healthgym.knowledge.drugs import Allergy, allergic, drug, formulary, interaction, resolve

ALL = sorted(formulary().drugs)


def label(substance: str) -> list[Allergy]:
    return [Allergy(substance=substance, reaction="hives", severity="severe", true=True)]


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("Augmentin", "amoxicillin_clavulanate"),
        ("TAZOCIN", "piperacillin_tazobactam"),
        ("heparin sodium", "heparin"),
        ("0.9% saline", "sodium_chloride_0_9"),
        ("tylenol", "acetaminophen"),
    ],
)
def test_brands_and_salts_resolve(name, id_):
    assert resolve(name).id == id_


@pytest.mark.parametrize("name", ["", "asprin", "amox", "penicilamine", "sulfate", "unobtainium"])
def test_nothing_is_guessed(name):
    assert resolve(name) is None


def test_formulary_is_large_and_consistent():
    assert len(ALL) >= 60
    for id_ in ALL:
        d = drug(id_)
        low, high = d.usual
        assert 0 < low <= high <= d.max_single <= d.max_daily, id_
        assert d.routes, id_
        assert d.classes, id_


@pytest.mark.parametrize(
    "given_", ["amoxicillin", "amoxicillin_clavulanate", "piperacillin_tazobactam", "cephalexin"]
)
def test_penicillin_label_speaks_against_its_class_and_side_chains(given_):
    assert allergic(label("penicillin"), given_) is not None


@pytest.mark.parametrize(
    ("substance", "given_"),
    [
        ("penicillin", "ceftriaxone"),
        ("penicillin", "cefazolin"),
        ("penicillin", "meropenem"),
        ("ceftriaxone", "amoxicillin"),
        ("sulfonamide antibiotic", "furosemide"),
        ("sulfonamide antibiotic", "magnesium_sulfate"),
        ("shellfish", "ceftriaxone"),
    ],
)
def test_unrelated_drugs_are_free(substance, given_):
    assert allergic(label(substance), given_) is None


def test_r1_groups_are_kept_apart():
    assert allergic(label("ceftriaxone"), "cefepime") is not None
    assert allergic(label("ceftazidime"), "aztreonam") is not None
    assert allergic(label("aspirin"), "ibuprofen") is not None


def test_interactions():
    assert interaction("sildenafil", "nitroglycerin").severity == "contraindicated"
    assert interaction("ceftriaxone", "azithromycin") == "none"
    assert interaction("thiamine", "tamsulosin") == "unknown"


@settings(deadline=None, max_examples=80)
@given(st.sampled_from(ALL), st.sampled_from(ALL))
def test_interaction_is_symmetric(a, b):
    assert interaction(a, b) == interaction(b, a)


def test_units_convert_and_foreign_units_are_refused():
    assert drug("aspirin").in_unit(0.3, "g", 70) == pytest.approx(300)
    assert drug("insulin_regular").in_unit(0.1, "units/kg", 80) == pytest.approx(8)
    assert drug("insulin_regular").in_unit(7, "mg", 80) is None
    assert drug("aspirin").in_unit(7, "mg/day", 80) is None


def test_classes_are_transitive():
    assert drug("esmolol").matches("class:beta_blocker")
    assert drug("enoxaparin").matches("class:antithrombotic")
    assert not drug("furosemide").matches("class:sulfonamide_antibiotic")
    assert len(drugs.of_class("penicillin")) >= 5
