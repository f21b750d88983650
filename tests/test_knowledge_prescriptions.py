"""What may be prescribed to whom: verdicts follow rules of the formulary, doses and persons."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.drugs import ChartAllergy, drug
from healthgym.knowledge.prescriptions import (
    VERDICTS,
    Known,
    Line,
    best_alternative,
    best_dose,
    indications,
    review,
    usual_line,
    worth_as_alternative,
    worth_as_dose,
)

PERSON = Known(
    age_years=50, female=False, weight_kg=80, creatinine_mg_dl=0.9, qtc_ms=420, potassium_mmol_l=4.2
)


def person(**facts: object) -> Known:
    fields = {name: getattr(PERSON, name) for name in PERSON.__struct_fields__}
    return Known(**{**fields, **facts})  # type: ignore[arg-type]


def line(text: str) -> Line:
    """`metformin 500 mg twice daily`, by mouth."""
    name, dose, unit, often = text.split(" ", 3)
    return Line(drug=name, dose=float(dose), unit=unit, route="oral", frequency=often)


LINES = [o for i in indications().values() for o in i.options]


def test_every_usual_choice_is_a_usual_dose_by_a_known_route() -> None:
    for goal in indications().values():
        assert goal.name
        assert any(c.isdigit() for c in goal.source), goal
        for option in goal.options:
            d = drug(option.drug)
            amount = d.in_unit(option.dose, option.unit, 75)
            assert option.route in d.routes, option
            assert amount is not None
            assert d.usual[0] * 0.99 <= amount <= d.max_single, option
            assert option.daily <= d.max_daily, option
            assert usual_line(goal, option.drug) == option


@pytest.mark.parametrize("option", LINES, ids=lambda o: o.drug)
def test_a_usual_choice_is_harmless_for_a_healthy_man(option: Line) -> None:
    assert review(PERSON, option).verdict in {"approve", "approve_with_monitoring"}


@pytest.mark.parametrize(
    ("facts", "text", "verdict", "kind"),
    [
        ({"taken": ("warfarin",)}, "ibuprofen 400 mg three times daily", "reject", "interaction"),
        (
            {"taken": ("sertraline",)},
            "sumatriptan 50 mg once",
            "approve_with_monitoring",
            "interaction",
        ),
        ({"taken": ("simvastatin",)}, "rosuvastatin 10 mg once daily", "reject", "duplicate"),
        ({"taken": ("metformin",)}, "metformin 500 mg twice daily", "reject", "duplicate"),
        (
            {"allergies": (ChartAllergy(substance="penicillin", reaction="anaphylaxis"),)},
            "amoxicillin 500 mg three times daily",
            "reject",
            "allergy",
        ),
        ({"creatinine_mg_dl": 4.0}, "metformin 500 mg twice daily", "reject", "renal"),
        ({"creatinine_mg_dl": 4.0}, "gabapentin 600 mg three times daily", "change_dose", "renal"),
        ({"child_pugh": "B"}, "acetaminophen 1000 mg three times daily", "change_dose", "hepatic"),
        (
            {"female": True, "pregnant_week": 9.0},
            "isotretinoin 20 mg twice daily",
            "reject",
            "pregnancy",
        ),
        ({"female": True, "lactating": True}, "tramadol 50 mg twice daily", "reject", "lactation"),
        ({"qtc_ms": 512.0}, "citalopram 20 mg once daily", "reject", "qt"),
        ({}, "cetirizine 100 mg once daily", "change_dose", "dose"),
        ({}, "methotrexate 15 mg once daily", "change_dose", "dose"),
        (
            {"stopped": (("fluoxetine", 20.0),)},
            "phenelzine 15 mg three times daily",
            "reject",
            "washout",
        ),
    ],
)
def test_each_kind_of_problem_is_found(
    facts: dict[str, object], text: str, verdict: str, kind: str
) -> None:
    found = review(person(**facts), line(text))
    assert found.verdict == verdict, found
    assert kind in {p.kind for p in found.deciding}, found
    assert all(p.source or p.kind in {"duplicate", "dose"} for p in found.problems)


def test_a_low_enough_dose_needs_no_change() -> None:
    sick = person(creatinine_mg_dl=4.0)
    assert review(sick, line("gabapentin 100 mg three times daily")).verdict == "approve"
    assert review(sick, line("linagliptin 5 mg once daily")).verdict == "approve"


def test_a_single_dose_does_not_pile_up() -> None:
    weaker = person(creatinine_mg_dl=2.0)
    once = Line(drug="cefazolin", dose=2000, unit="mg", route="iv", frequency="once")
    often = Line(drug="cefazolin", dose=2000, unit="mg", route="iv", frequency="every 8 hours")
    assert review(weaker, once).verdict == "approve"
    assert review(weaker, often).verdict == "change_dose"


def test_alternatives_must_treat_and_be_safe() -> None:
    goal = indications()["reflux"]
    taking = person(taken=("clopidogrel",))
    assert best_alternative(taking, goal, "omeprazole") == "pantoprazole"
    assert worth_as_alternative(taking, goal, "pantoprazole", "omeprazole") == 1.0
    assert worth_as_alternative(taking, goal, "esomeprazole", "omeprazole") == 0.0
    assert worth_as_alternative(taking, goal, "metformin", "omeprazole") == 0.0
    assert worth_as_alternative(taking, goal, "omeprazole", "omeprazole") == 0.0
    nitrates = person(taken=("isosorbide_mononitrate",))
    assert best_alternative(nitrates, indications()["erections"], "sildenafil") == ""


def test_a_new_dose_must_be_enough_and_not_too_much() -> None:
    sick, mine = person(creatinine_mg_dl=4.0), line("gabapentin 800 mg three times daily")
    dose, often = best_dose(sick, mine, indications()["nerve_pain"])
    assert worth_as_dose(sick, mine, dose, often) == 1.0
    assert worth_as_dose(sick, mine, 10.0, often) == 0.0
    assert worth_as_dose(sick, mine, 800.0, often) == 0.0
    daily = line("methotrexate 15 mg once daily")
    assert best_dose(PERSON, daily, indications()["rheumatoid_arthritis"]) == (15.0, "weekly")


@settings(max_examples=50, deadline=None)
@given(
    which=st.sampled_from(LINES),
    more=st.sampled_from(("warfarin", "lithium", "simvastatin", "clopidogrel", "methotrexate")),
    creatinine=st.floats(0.5, 6.0),
)
def test_one_more_medicine_never_makes_it_safer(which: Line, more: str, creatinine: float) -> None:
    alone = review(person(creatinine_mg_dl=creatinine), which)
    beside = review(person(creatinine_mg_dl=creatinine, taken=(more,)), which)
    assert VERDICTS.index(beside.verdict) >= VERDICTS.index(alone.verdict)
    assert beside.gravity >= alone.gravity


@settings(max_examples=50, deadline=None)
@given(which=st.sampled_from(LINES), factor=st.floats(1.0, 40.0))
def test_a_larger_dose_is_never_safer(which: Line, factor: float) -> None:
    more = Line(
        drug=which.drug,
        dose=which.dose * factor,
        unit=which.unit,
        route=which.route,
        frequency=which.frequency,
    )
    assert review(PERSON, more).gravity >= review(PERSON, which).gravity
