"""A whole medication list against a chart: what is found, what is open, what is left alone."""

from time import process_time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.drugs import (
    Alert,
    Chart,
    ChartAllergy,
    ChartDrug,
    formulary,
    interaction,
    screen,
)
from healthgym.knowledge.errors import UnknownDrug

IDS = sorted(formulary().drugs)
HEALTHY = Chart(
    age_years=40,
    sex="male",
    weight_kg=70,
    egfr=100,
    crcl=100,
    child_pugh="none",
    pregnant=False,
    lactating=False,
    qtc_ms=410,
    potassium_mmol_l=4.2,
    magnesium_mg_dl=2.0,
    allergies=(),
    drugs=(),
)


def chart(*drugs: str | ChartDrug, **facts: object) -> Chart:
    lines = tuple(d if isinstance(d, ChartDrug) else ChartDrug(name=d) for d in drugs)
    return msgspec.structs.replace(HEALTHY, drugs=lines, **facts)


def kinds(alerts: list[Alert], *grades: str) -> set[str]:
    return {a.kind for a in alerts if not grades or a.grade in grades}


def test_a_safe_list_is_silent() -> None:
    assert screen(chart("amoxicillin", "acetaminophen")) == []
    assert screen(chart()) == []


@pytest.mark.parametrize(
    ("drugs", "facts", "kind", "grade"),
    [
        (["sildenafil", "GTN"], {}, "pair", "critical"),
        (["Coumadin", "Flagyl"], {}, "pair", "severe"),
        (["aspirin", "clopidogrel"], {}, "pair", "minor"),
        (["ibuprofen", "naproxen"], {}, "duplicate", "moderate"),
        (["Tylenol", "paracetamol"], {}, "duplicate", "moderate"),
        (["nitrofurantoin"], {"crcl": 20}, "renal", "severe"),
        (["nitrofurantoin"], {"crcl": None}, "renal", "unknown"),
        (["fentanyl_transdermal"], {"child_pugh": "C"}, "hepatic", "severe"),
        (["fentanyl_transdermal"], {"child_pugh": None}, "hepatic", "unknown"),
        (["isotretinoin"], {"sex": "female", "pregnant_week": 8}, "pregnancy", "critical"),
        (["isotretinoin"], {"sex": "female", "pregnant": None}, "pregnancy", "unknown"),
        (["isotretinoin"], {"sex": "female", "pregnant": True}, "pregnancy", "unknown"),
        (["isotretinoin"], {"sex": "female", "lactating": True}, "lactation", "severe"),
        (["haloperidol"], {"qtc_ms": 510}, "qt", "critical"),
        (["haloperidol"], {"qtc_ms": None}, "qt", "unknown"),
        (["haloperidol"], {}, "qt", "info"),
        (["lorazepam"], {"age_years": 80}, "beers", "moderate"),
        (["lorazepam"], {"age_years": None}, "beers", "unknown"),
        (["amoxicillin"], {"allergies": None}, "allergy", "unknown"),
        (
            ["amoxicillin"],
            {"allergies": (ChartAllergy(substance="penicillin", reaction="hives"),)},
            "allergy",
            "critical",
        ),
        (
            ["losartan"],
            {"allergies": (ChartAllergy(substance="lisinopril", reaction="angioedema"),)},
            "allergy",
            "moderate",
        ),
        (
            ["amoxicillin"],
            {"allergies": (ChartAllergy(substance="unobtainium"),)},
            "allergy",
            "unknown",
        ),
    ],
)
def test_each_kind_of_alert(
    drugs: list[str], facts: dict[str, object], kind: str, grade: str
) -> None:
    assert (kind, grade) in {(a.kind, a.grade) for a in screen(chart(*drugs, **facts))}


@pytest.mark.parametrize(
    ("drugs", "facts", "kind"),
    [
        (["sildenafil", "amlodipine"], {}, "pair"),
        (["nitrofurantoin"], {"crcl": 90}, "renal"),
        (["isotretinoin"], {"sex": "female"}, "pregnancy"),
        (["isotretinoin"], {"sex": "male", "pregnant": None}, "pregnancy"),
        (["isotretinoin"], {"sex": "female", "pregnant": None, "age_years": 70}, "pregnancy"),
        (["amoxicillin"], {"sex": "female", "pregnant": None}, "pregnancy"),
        (["isotretinoin"], {"lactating": None}, "lactation"),
        (["amoxicillin"], {"qtc_ms": None}, "qt"),
        (["lorazepam"], {"age_years": 30}, "beers"),
        (["furosemide"], {"allergies": (ChartAllergy(substance="sulfa"),)}, "allergy"),
        (["losartan", "furosemide"], {}, "duplicate"),
    ],
)
def test_near_misses_stay_silent(drugs: list[str], facts: dict[str, object], kind: str) -> None:
    assert kind not in kinds(screen(chart(*drugs, **facts)))


@pytest.mark.parametrize(
    ("line", "facts", "grade"),
    [
        (ChartDrug(name="acetaminophen", dose=1, unit="g", frequency="q6h"), {}, None),
        (ChartDrug(name="acetaminophen", dose=2, unit="g", frequency="q6h"), {}, "moderate"),
        (ChartDrug(name="acetaminophen", dose=10, unit="g", frequency="once"), {}, "critical"),
        (ChartDrug(name="acetaminophen", dose=14, unit="mg/kg"), {}, None),
        (ChartDrug(name="acetaminophen", dose=15, unit="mg/kg"), {"weight_kg": None}, "unknown"),
        (
            ChartDrug(name="acetaminophen", dose=160, unit="mg"),
            {"age_years": 2, "weight_kg": None},
            "unknown",
        ),
        (ChartDrug(name="acetaminophen", dose=15, unit="furlong"), {}, "unknown"),
        (ChartDrug(name="methotrexate", route="oral", frequency="daily"), {}, "critical"),
        (ChartDrug(name="vincristine", route="intrathecal"), {}, "critical"),
        (
            ChartDrug(name="gabapentin", dose=900, unit="mg", times_per_day=3),
            {"crcl": 20},
            "severe",
        ),
    ],
)
def test_doses(line: ChartDrug, facts: dict[str, object], grade: str | None) -> None:
    found = [a.grade for a in screen(chart(line, **facts)) if a.kind == "dose"]
    assert found == ([grade] if grade else [])


@pytest.mark.parametrize(
    ("stopped", "days", "now", "hits"),
    [
        ("fluoxetine", 34, "phenelzine", True),
        ("fluoxetine", 35, "phenelzine", False),
        ("sertraline", 13, "phenelzine", True),
        ("sertraline", 14, "phenelzine", False),
        ("lisinopril", 1, "sacubitril_valsartan", True),
        ("lisinopril", 2, "sacubitril_valsartan", False),
        ("lisinopril", 0, "amlodipine", False),
    ],
)
def test_washouts(stopped: str, days: float, now: str, *, hits: bool) -> None:
    alerts = screen(chart(ChartDrug(name=stopped, stopped_days_ago=days), now))
    assert ("washout" in kinds(alerts)) is hits
    assert "pair" not in kinds(alerts)


@pytest.mark.parametrize(
    ("mg", "grade"), [(19, None), (20, "moderate"), (59, "moderate"), (60, "severe")]
)
def test_opioids_of_a_day(mg: float, grade: str | None) -> None:
    first = ChartDrug(name="morphine", dose=mg / 2, unit="mg", frequency="twice daily")
    more = ChartDrug(name="oxycodone", dose=10, unit="mg", frequency="bid")
    found = [a.grade for a in screen(chart(first, more)) if a.kind == "opioids"]
    assert found == ([grade] if grade else [])


def test_a_patch_counts_by_its_rate() -> None:
    alerts = screen(chart(ChartDrug(name="fentanyl patch", dose=50, unit="mcg_h")))
    found = [a for a in alerts if a.kind == "opioids"]
    assert found[0].message.startswith("120 morphine")


def test_missing_facts_are_told_once_with_all_their_drugs() -> None:
    alerts = screen(Chart(drugs=(ChartDrug(name="gabapentin"), ChartDrug(name="levofloxacin"))))
    renal = [a for a in alerts if a.kind == "renal"]
    assert [(a.grade, a.drugs) for a in renal] == [("unknown", ("gabapentin", "levofloxacin"))]
    assert "allergy" in kinds(alerts, "unknown")


def test_an_unknown_name_is_an_error_that_suggests() -> None:
    with pytest.raises(UnknownDrug, match="warfarin"):
        screen(chart("warfrain"))


def test_unknown_keys_of_a_chart_are_errors() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"drugs":[],"age":4}', type=Chart)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(IDS), max_size=6, unique=True))
def test_the_gravest_come_first_and_every_pair_is_told(ids: list[str]) -> None:
    alerts = screen(chart(*ids))
    order = ["critical", "severe", "moderate", "minor", "unknown", "info"]
    places = [order.index(a.grade) for a in alerts]
    assert places == sorted(places)
    told = {frozenset(a.drugs) for a in alerts if a.kind == "pair"}
    for a in ids:
        for b in ids:
            assert (frozenset((a, b)) in told) is not isinstance(interaction(a, b), str)
    assert screen(chart(*ids)) == alerts


def test_fifteen_drugs_are_fast() -> None:
    names = (
        "warfarin metronidazole amiodarone digoxin simvastatin clarithromycin lisinopril "
        "spironolactone metformin furosemide sertraline tramadol omeprazole clopidogrel amoxicillin"
    )
    lines = [ChartDrug(name=n, dose=10, unit="mg", frequency="bid") for n in names.split()]
    whole = chart(*lines, allergies=(ChartAllergy(substance="penicillin", reaction="hives"),))
    screen(whole)
    start = process_time()
    for _ in range(100):
        screen(whole)
    # A thousand a second, with room for a busy machine.
    assert process_time() - start < 0.3
