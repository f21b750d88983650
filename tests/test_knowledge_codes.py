"""ICD-10-CM distances, and measurements: units, conversions, reference ranges."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge import labs
from healthgym.knowledge.errors import UnknownCode, UnknownMeasurement, UnknownUnit
from healthgym.knowledge.icd10 import (
    closeness,
    common,
    distance,
    listed,
    nearer_another,
    path,
    title,
)
from healthgym.knowledge.measurements import (
    convert,
    measurements,
    of_loinc,
    reference,
    trimester,
)

CODES = [
    "I21.4",
    "I21.3",
    "I21",
    "I26.99",
    "I71.01",
    "E10.10",
    "E11.00",
    "E11.10",
    "K21.9",
    "R07.9",
]


def test_the_path_leads_from_the_chapter_to_the_code() -> None:
    assert path("I21.4") == ("9", "I20-I25", "I21", "I21.4")
    assert path("I214") == path("I21.4")
    assert title("E10.10") == "Type 1 diabetes mellitus with ketoacidosis without coma"
    assert listed("J18.9")
    assert not listed("J18.99")
    assert not listed("")
    for call in (path, title):
        with pytest.raises(UnknownCode, match=r"no code 'Z00.XYZ'"):
            call("Z00.XYZ")


@pytest.mark.parametrize(
    ("one", "other", "edges", "shared"),
    [
        ("I21.4", "I21.4", 0, "I21.4"),
        ("I21.4", "I21", 1, "I21"),
        ("I21.4", "I21.3", 2, "I21"),
        ("I21.4", "I20.0", 4, "I20-I25"),
        ("I21.4", "I26.99", 7, "9"),
        ("I21.4", "K21.9", 8, ""),
    ],
)
def test_distances(one: str, other: str, edges: int, shared: str) -> None:
    assert distance(one, other) == distance(other, one) == edges
    assert common(one, other) == shared


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CODES), st.sampled_from(CODES), st.sampled_from(CODES))
def test_the_distance_is_a_metric(a: str, b: str, c: str) -> None:
    assert (distance(a, b) == 0) == (a == b)
    assert distance(a, c) <= distance(a, b) + distance(b, c)


@pytest.mark.parametrize(
    ("code", "gold", "others", "credit"),
    [
        ("E11.10", "E11.10", (), 1.0),
        ("E11.10", "E11.1", (), 1.0),
        ("E11.1", "E11.10", (), 0.8),
        ("I21.3", "I21.4", (), 0.8),
        ("E11", "E11.10", ("E11.00",), 0.0),
        ("E11.00", "E11.10", ("E11.00",), 0.0),
        ("I26.99", "I21.4", (), 0.0),
        ("I21.44", "I21.4", (), 0.0),
        ("", "I21.4", (), 0.0),
        ("chest pain", "I21.4", (), 0.0),
    ],
)
def test_credit_for_a_code(code: str, gold: str, others: tuple[str, ...], credit: float) -> None:
    assert closeness(code, gold, others) == credit


@pytest.mark.parametrize(
    ("code", "gold", "other", "nearer"),
    [
        ("E87.1", "E87.5", "E87.1", True),
        ("I21.01", "I21.4", "I21.02", True),
        ("I21.0", "I21.4", "I21.02", True),
        ("I21", "I21.4", "I21.02", False),
        ("I21.3", "I21.4", "I21.02", False),
        ("I21.4", "I21.4", "I21.02", False),
        ("E87.99", "E87.5", "E87.1", False),
    ],
)
def test_a_code_nearer_to_another(code: str, gold: str, other: str, *, nearer: bool) -> None:
    assert nearer_another(code, gold, (other,)) is nearer


@pytest.mark.parametrize(
    ("id_", "value", "unit", "other", "expected"),
    [
        ("creatinine_mg_dl", 1.0, "mg/dL", "umol/L", 88.42),
        ("glucose_mg_dl", 10.0, "mmol/L", "mg/dL", 180.2),
        ("temperature_c", 37.0, "Cel", "[degF]", 98.6),
        ("temperature_c", 104.0, "[degF]", "Cel", 40.0),
        ("hba1c_pct", 6.5, "%", "mmol/mol", 47.5),
        ("d_dimer_ng_ml", 500, "ng/mL{FEU}", "ng/mL{DDU}", 250),
        ("hemoglobin_g_dl", 140, "g/L", "g/dL", 14.0),
        ("platelets_10e9_l", 250_000, "/uL", "10*3/uL", 250),
    ],
)
def test_conversions(id_: str, value: float, unit: str, other: str, expected: float) -> None:
    assert convert(id_, value, unit, other) == pytest.approx(expected, rel=2e-3)
    assert convert(id_, convert(id_, value, unit, other), other, unit) == pytest.approx(value)


def test_nothing_is_guessed() -> None:
    with pytest.raises(UnknownUnit, match="creatinine_mg_dl: unit 'mol' is none of mg/dL, umol/L"):
        convert("creatinine_mg_dl", 1, "mol", "mg/dL")
    with pytest.raises(UnknownMeasurement, match="did you mean creatinine_mg_dl"):
        reference("creatinine")
    assert of_loinc("2160-0") == "creatinine_mg_dl"
    assert of_loinc("0-0") is None


def test_ranges_follow_age_sex_and_pregnancy() -> None:
    assert reference("hemoglobin_g_dl", 40, "male").low == 13.5
    assert reference("hemoglobin_g_dl", 40, "female").low == 12.0
    assert reference("hemoglobin_g_dl", 30, "female", 30).low == 9.5
    assert reference("hemoglobin_g_dl", 1, "male").high == 13.5
    assert reference("creatinine_mg_dl", 30, "female", 20).high == 0.8
    assert reference("hr_bpm", 0).high == 180
    assert reference("hr_bpm", 12).high == 100
    assert reference("weight_kg", 40).low is None
    assert [trimester(w) for w in (None, 0, 13, 14, 27, 28, 40)] == [0, 1, 1, 2, 2, 3, 3]


def test_every_lab_of_the_hospital_is_a_measurement() -> None:
    assert set(labs.catalogue().components) <= set(measurements())
    loincs = [m.loinc for m in measurements().values()]
    assert len(loincs) == len(set(loincs))
    for id_, m in measurements().items():
        assert m.ranges == () or m.ranges[0].narrowness == (False, False, False), id_
        for r in m.ranges:
            assert r.low is not None or r.high is not None
            assert r.low is None or r.high is None or r.low <= r.high


def test_a_flag_is_the_persons_own() -> None:
    flag = {
        sex: labs.printed("hemoglobin_g_dl", 12.8, reference("hemoglobin_g_dl", 50, sex)).text()
        for sex in ("female", "male")
    }
    assert flag == {"female": "12.8", "male": "12.8 L"}


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_conversion_is_undone(data: st.DataObject) -> None:
    id_ = data.draw(st.sampled_from(sorted(measurements())))
    m = measurements()[id_]
    unit = data.draw(st.sampled_from([m.ucum, *m.units]))
    value = data.draw(st.floats(0.1, 1000))
    assert convert(id_, convert(id_, value, m.ucum, unit), unit, m.ucum) == pytest.approx(value)
