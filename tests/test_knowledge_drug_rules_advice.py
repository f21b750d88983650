"""Doses, kidneys, liver, pregnancy, milk, QT and old age: what one drug is told by one fact."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.drugs import drug, formulary
from healthgym.knowledge.drugs.advice import (
    hepatic_advice,
    lactation_advice,
    pregnancy_advice,
    qt_advice,
    renal_advice,
)
from healthgym.knowledge.drugs.beers import beers
from healthgym.knowledge.drugs.doses import (
    check_dose,
    deadly_route,
    grade,
    limits,
    morphine_equivalents,
    times_per_day,
    way,
)
from healthgym.knowledge.drugs.model import Hepatic, Renal

IDS = sorted(formulary().drugs)


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        (0.5, "ok"),
        (1.0, "ok"),
        (1.01, "minor"),
        (1.5, "minor"),
        (1.51, "moderate"),
        (3.0, "moderate"),
        (3.01, "severe"),
        (9.99, "severe"),
        (10.0, "critical"),
        (100.0, "critical"),
    ],
)
def test_grades(factor: float, expected: str) -> None:
    assert grade(factor) == expected


@pytest.mark.parametrize(
    ("id_", "dose", "per_day", "expected"),
    [
        ("acetaminophen", 1000, 4, "ok"),
        ("acetaminophen", 1000, 6, "minor"),
        ("acetaminophen", 1000, 8, "moderate"),
        ("morphine", 200, None, "critical"),
        ("apixaban", 10, 2, "ok"),
        ("apixaban", 10, 4, "moderate"),
    ],
)
def test_adult_doses(id_: str, dose: float, per_day: float | None, expected: str) -> None:
    found = check_dose(drug(id_), dose, per_day=per_day, age_years=50)
    assert found is not None
    assert found.grade == expected


def test_children_are_dosed_by_weight_up_to_the_adult_dose() -> None:
    one = drug("acetaminophen")
    assert one.per_kg is not None
    small = limits(one, age_years=2, weight_kg=12)
    assert small is not None
    assert small[0] == pytest.approx(one.per_kg[1] * 12)
    heavy = limits(one, age_years=17, weight_kg=120)
    assert heavy == (one.max_single, one.max_daily)
    almost = limits(one, age_years=17.5, weight_kg=30)
    assert almost is not None
    assert almost[0] == pytest.approx(one.per_kg[1] * 30)
    assert limits(one, age_years=2) is None
    assert check_dose(one, 160, age_years=2) is None
    assert limits(one, age_years=18) == (one.max_single, one.max_daily)
    found = check_dose(one, 1000, age_years=2, weight_kg=12)
    assert found is not None
    assert found.grade == "severe"


def test_a_limit_for_failing_kidneys_holds_for_the_single_dose_too() -> None:
    found = check_dose(drug("gabapentin"), 1200, per_day=1, max_daily=700)
    assert found is not None
    assert found.grade == "moderate"
    assert "700" in found.limit


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(IDS), st.floats(0.01, 20), st.floats(1.01, 5))
def test_more_is_never_safer(id_: str, share: float, more: float) -> None:
    one = drug(id_)
    small = check_dose(one, one.max_single * share, per_day=1)
    large = check_dose(one, one.max_single * share * more, per_day=1)
    assert small is not None
    assert large is not None
    assert large.factor >= small.factor


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(IDS), st.floats(1, 17.9), st.floats(3, 150))
def test_a_child_never_gets_more_than_an_adult(id_: str, age: float, weight: float) -> None:
    one = drug(id_)
    found = limits(one, age_years=age, weight_kg=weight)
    assert found is not None
    assert found[0] <= one.max_single
    assert found[1] <= one.max_daily


@pytest.mark.parametrize(
    ("id_", "route", "frequency", "deadly"),
    [
        ("vincristine", "intrathecal", "", True),
        ("vincristine", "iv", "", False),
        ("methotrexate", "intrathecal", "", False),
        ("methotrexate", "oral", "once daily", True),
        ("methotrexate", "oral", "once weekly", False),
        ("methotrexate", "oral", "once", False),
        ("potassium_chloride", "IV push", "", True),
        ("potassium_chloride", "iv", "", False),
        ("penicillin_g_benzathine", "iv", "", True),
        ("penicillin_g", "iv", "", False),
    ],
)
def test_deadly_routes(id_: str, route: str, frequency: str, *, deadly: bool) -> None:
    assert bool(deadly_route(drug(id_), route, frequency)) is deadly


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Twice daily", 2.0),
        ("bid", 2.0),
        ("q8h", 3.0),
        ("every 6 hours", 4.0),
        ("once-weekly", 1 / 7),
        ("q0h", None),
        ("as needed", None),
        ("", None),
    ],
)
def test_frequencies(text: str, expected: float | None) -> None:
    assert times_per_day(text) == expected


@pytest.mark.parametrize(
    ("id_", "daily", "expected"),
    [
        ("morphine", 30, 30),
        ("oxycodone", 40, 60),
        ("hydromorphone", 8, 40),
        ("methadone", 10, 47),
        ("fentanyl_transdermal", 25, 60),
        ("tapentadol", 100, 40),
        ("buprenorphine", 8, None),
        ("ibuprofen", 800, None),
    ],
)
def test_morphine_equivalents(id_: str, daily: float, expected: float | None) -> None:
    found = morphine_equivalents(drug(id_), daily)
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("id_", "crcl", "action"),
    [
        ("gabapentin", 29, "reduce"),
        ("gabapentin", 90, "no change"),
        ("nitrofurantoin", 29, "avoid"),
        ("levofloxacin", 49, "reduce"),
        ("levofloxacin", 50, "no change"),
        ("gabapentin", None, "unknown"),
    ],
)
def test_kidneys(id_: str, crcl: float | None, action: str) -> None:
    said = renal_advice(drug(id_), crcl=crcl)
    assert (said.action if isinstance(said, Renal) else said) == action


def test_the_other_measure_of_the_kidneys_does_not_count() -> None:
    assert renal_advice(drug("gabapentin"), egfr=20) == "unknown"


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(IDS), st.floats(0, 150), st.floats(0, 150))
def test_known_kidneys_leave_nothing_open(id_: str, egfr: float, crcl: float) -> None:
    said = renal_advice(drug(id_), egfr=egfr, crcl=crcl)
    assert (said == "unknown") is not bool(drug(id_).renal)


def test_liver() -> None:
    one = drug("fentanyl_transdermal")
    mild, worst = hepatic_advice(one, "B"), hepatic_advice(one, "C")
    assert isinstance(mild, Hepatic)
    assert isinstance(worst, Hepatic)
    assert (mild.child_pugh, worst.child_pugh) == ("A", "C")
    assert hepatic_advice(one, None) == "unknown"
    assert hepatic_advice(one, "none") == "no change"
    late = next(
        d for d in formulary().drugs.values() if d.hepatic and d.hepatic[0].child_pugh > "A"
    )
    assert hepatic_advice(late, "A") == "no change"


@pytest.mark.parametrize(
    ("id_", "week", "advice"),
    [
        ("isotretinoin", 8, "block"),
        ("ibuprofen", 19.9, "caution"),
        ("ibuprofen", 20, "avoid"),
        ("ibuprofen", 30, "block"),
        ("amoxicillin", 20, "allow"),
    ],
)
def test_pregnancy(id_: str, week: float, advice: str) -> None:
    said = pregnancy_advice(drug(id_), week)
    assert said != "unknown"
    assert said.advice == advice


def test_milk_is_told_as_recorded() -> None:
    assert lactation_advice(drug("amoxicillin")) == "compatible"
    assert lactation_advice(drug("isotretinoin")) == "avoid"


@pytest.mark.parametrize(
    ("ids", "facts", "action"),
    [
        ("haloperidol", {"qtc_ms": 500}, "contraindicated"),
        ("haloperidol", {"qtc_ms": 499}, "info"),
        ("haloperidol", {}, "unknown"),
        ("haloperidol", {"qtc_ms": 430, "potassium_mmol_l": 2.9}, "info"),
        ("haloperidol methadone", {"qtc_ms": 430, "potassium_mmol_l": 2.9}, "contraindicated"),
        ("haloperidol methadone", {"qtc_ms": 430, "potassium_mmol_l": 3.0}, "info"),
        ("haloperidol methadone", {"magnesium_mg_dl": 1.1}, "contraindicated"),
        ("haloperidol methadone", {"qtc_ms": 430, "magnesium_mg_dl": 1.2}, "info"),
    ],
)
def test_qt(ids: str, facts: dict[str, float], action: str) -> None:
    said = qt_advice([drug(i) for i in ids.split()], **facts)
    assert said is not None
    assert said.action == action


def test_a_merely_possible_qt_drug_is_avoided_not_forbidden() -> None:
    possible = drug("venlafaxine")
    assert possible.qt == "possible"
    said = qt_advice([possible, drug("amoxicillin")], qtc_ms=520)
    assert said is not None
    assert (said.action, said.drugs) == ("avoid", (possible.id,))
    assert qt_advice([drug("amoxicillin")], qtc_ms=520) is None


@pytest.mark.parametrize(
    ("id_", "age", "facts", "hits"),
    [
        ("diphenhydramine", 65, {}, True),
        ("diphenhydramine", 64, {}, False),
        ("cetirizine", 80, {}, False),
        ("lorazepam", 70, {}, True),
        ("zolpidem", 70, {}, True),
        ("amitriptyline", 70, {}, True),
        ("glipizide", 70, {}, True),
        ("baclofen", 70, {}, False),
        ("cyclobenzaprine", 70, {}, True),
        ("nitrofurantoin", 70, {"crcl": 29}, True),
        ("nitrofurantoin", 70, {"crcl": 30}, False),
        ("nitrofurantoin", 70, {}, False),
        ("risperidone", 80, {"conditions": ["dementia"]}, True),
        ("risperidone", 80, {}, False),
        ("celecoxib", 80, {"conditions": ["heart_failure"]}, True),
        ("aspirin", 80, {}, True),
        ("aspirin", 80, {"conditions": ["coronary_disease"]}, False),
        ("ticagrelor", 74, {}, False),
        ("ticagrelor", 75, {}, True),
        ("quetiapine", 80, {"conditions": ["parkinson"]}, False),
    ],
)
def test_beers(id_: str, age: float, facts: dict[str, object], *, hits: bool) -> None:
    found = beers(id_, age, **facts)  # type: ignore[arg-type]
    assert bool(found) is hits
    assert all(rule.severity in {"minor", "moderate"} for rule in found)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("PO", "oral"),
        ("by mouth", "oral"),
        ("i.v.", "iv"),
        ("intravenously", "iv"),
        ("IVP", "iv push"),
        ("IV bolus", "iv push"),
        ("slow IV push", "iv push"),
        ("IT", "intrathecal"),
        ("IM", "im"),
        ("inhaled", "inhaled"),
    ],
)
def test_routes_in_other_words(written: str, meant: str) -> None:
    assert way(written) == meant


@pytest.mark.parametrize(
    ("id_", "route", "frequency"),
    [
        ("methotrexate", "PO", "once a day"),
        ("methotrexate", "by mouth", "daily"),
        ("vincristine", "IT", ""),
        ("potassium_chloride", "IVP", ""),
        ("penicillin_g_benzathine", "IV push", ""),
    ],
)
def test_deadly_routes_in_other_words(id_: str, route: str, frequency: str) -> None:
    assert deadly_route(drug(id_), route, frequency)
    assert not deadly_route(drug(id_), "im", "weekly")
