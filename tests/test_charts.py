"""Charts from outside: everything is kept or counted, and damaged files say what is wrong."""

import csv
import gzip
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from healthgym.__main__ import app
from healthgym.agents.random_policy import arguments
from healthgym.environments.errors import ToolRefused
from healthgym.environments.record import look
from healthgym.environments.tool import tools
from healthgym.knowledge.charts import charts, kinds
from healthgym.knowledge.charts.export import chart_of, fhir
from healthgym.knowledge.charts.fhir import bundle
from healthgym.knowledge.charts.held import attach, unseen
from healthgym.knowledge.charts.model import Chart, Report
from healthgym.knowledge.charts.rows import rows
from healthgym.knowledge.errors import BadChart, UnknownFormat
from healthgym.knowledge.patients import generate
from healthgym.knowledge.rng import stream
from healthgym.knowledge.variants import domain_variants

MIMIC = {
    "patients": "row_id,subject_id,gender,dob\n1,7,F,2060-03-05 00:00:00\n"
    "2,8,M,1800-01-01\n3,9,M,\n",
    "admissions": "row_id,subject_id,hadm_id,admittime,dischtime,admission_type,diagnosis,"
    "ethnicity,hospital_expire_flag\n"
    "1,7,70,2130-03-04 10:00:00,2130-03-06 10:00:00,EMERGENCY,COLD,WHITE,0\n"
    "2,8,80,2100-01-01 00:00:00,2100-01-02 00:00:00,ELECTIVE,KNEE,ASIAN,1\n",
    "icustays": "subject_id,hadm_id,intime,outtime\n7,70,2130-03-04 12:00:00,2130-03-05 12:00:00\n",
    "d_labitems": "itemid,label,fluid,loinc_code\n50912,Creatinine,Blood,2160-0\n1,Odd,Urine,\n",
    "labevents": "row_id,subject_id,hadm_id,itemid,charttime,value,valuenum,valueuom\n"
    "1,7,70,50912,2130-03-04 11:00:00,1.5,1.5,mg/dL\n2,7,,50912,2130-03-01 11:00:00,1.2,1.2,mg/dL\n"
    "3,7,70,1,2130-03-04 11:00:00,many,,\n4,7,70,50912,2130-03-04 12:00:00,,,mg/dL\n"
    "5,6,60,50912,2130-03-04 12:00:00,1,1,mg/dL\n",
    "chartevents": "row_id,subject_id,hadm_id,itemid,charttime,value,valuenum,valueuom,error\n"
    "1,7,70,211,2130-03-04 11:00:00,88,88,BPM,\n2,7,70,678,2130-03-04 11:00:00,98.6,98.6,Deg. F,0\n"
    "3,7,70,211,2130-03-04 12:00:00,880,880,BPM,1\n",
    "prescriptions": "subject_id,hadm_id,startdate,enddate,drug,ndc,dose_val_rx,dose_unit_rx,"
    "route\n"
    "7,70,2130-03-04,2130-03-05,Heparin,00123,5000,UNIT,SC\n",
    "outputevents": "subject_id,hadm_id,charttime,itemid,value\n"
    "7,70,2130-03-04 14:00:00,40055,120\n",
    "diagnoses_icd": "subject_id,hadm_id,icd9_code\n7,70,99591\n",
    "caregivers": "cgid\n1\n2\n",
}
EICU = {
    "patient": "patientunitstayid,gender,age,ethnicity,apacheadmissiondx,admissionheight,"
    "hospitaladmitoffset,hospitaldischargeoffset,hospitaldischargestatus,unittype,admissionweight,"
    "unitdischargeoffset,uniquepid\n"
    "1,Female,> 89,Asian,SEPSIS,160,-60,4000,Alive,MICU,55.5,3000,p1\n",
    "vitalaperiodic": "patientunitstayid,observationoffset,noninvasivesystolic,"
    "noninvasivediastolic,noninvasivemean\n1,10,120,70,\n1,20,,,\n2,10,120,70,90\n",
    "apacheapsvar": "patientunitstayid,wbc,creatinine\n1,-1,2.5\n",
    "medication": "patientunitstayid,drugstartoffset,drugstopoffset,drugordercancelled,drugname,"
    "drughiclseqno,dosage,frequency,routeadmin\n1,5,9,No,ASPIRIN,1820,81,Daily,PO\n"
    "1,5,9,Yes,WARFARIN,2812,5,Daily,PO\n1,5,9,No,,,5,Daily,PO\n",
    "intakeoutput": "patientunitstayid,intakeoutputoffset,cellpath,celllabel,cellvaluenumeric\n"
    "1,60,flowsheet|I&O|Output (ml)|Urine,Urine,300\n"
    "1,60,flowsheet|I&O|Weight,Bodyweight (kg),55\n",
    "allergy": "patientunitstayid,allergyoffset,allergyname,drugname\n1,9,penicillins,\n",
}


def folder(where: Path, tables: dict[str, str], *, packed: bool = False) -> Path:
    for name, text in tables.items():
        body = text.encode()
        path = where / (f"{name}.csv.gz" if packed else f"{name}.csv")
        path.write_bytes(gzip.compress(body, mtime=0) if packed else body)
    return where


def took(kind: str, path: Path, limit: int = 0) -> tuple[list[Chart], Report]:
    report = Report()
    found = list(charts(kind, path, report, limit))
    assert report.lost() == {}
    return found, report


@pytest.mark.parametrize("packed", [False, True])
def test_mimic_rows_are_kept_or_counted_with_a_reason(tmp_path: Path, packed: bool) -> None:
    (one, other), report = took("mimic3", folder(tmp_path, MIMIC, packed=packed))
    assert (one.subject, one.sex, one.age_years, one.ethnicity) == ("7", "F", 69, "white")
    assert other.age_years == 90
    assert one.stays[0].icu == ((120.0, 1560.0),)
    assert other.stays[0].outcome == "died"
    creatinine = [o for o in one.observations if o.what.code == "2160-0"]
    assert [(o.at, o.value, o.stay) for o in creatinine] == [(-4260.0, 1.2, ""), (60.0, 1.5, "70")]
    assert next(o for o in one.observations if o.what.code == "8310-5").unit == "[degF]"
    assert next(o for o in one.observations if o.text == "many").value is None
    assert one.drugs[0].dose == "5000 UNIT"
    assert one.problems[0].what.code == "99591"
    assert report.left["labevents"] == {
        "without a value": 1,
        "of a patient who is not in the table of patients": 1,
    }
    assert report.left["chartevents"] == {"marked as an error in the source": 1}
    assert report.left["patients"] == {"without an admission": 1}
    assert report.read["caregivers"] == 2


def test_a_limit_counts_the_others(tmp_path: Path) -> None:
    found, report = took("mimic3", folder(tmp_path, MIMIC), limit=1)
    assert [c.subject for c in found] == ["7"]
    assert report.left["admissions"] == {"of a patient beyond the limit": 1}


def test_eicu_rows_are_kept_or_counted_with_a_reason(tmp_path: Path) -> None:
    (one,), report = took("eicu", folder(tmp_path, EICU, packed=True))
    assert (one.age_years, one.sex, one.weight_kg, one.stays[0].start) == (90, "F", 55.5, -60.0)
    assert {o.what.code for o in one.observations if o.kind == "vital"} == {"8480-6", "8462-4"}
    day_one = [o for o in one.observations if o.at is None]
    assert [(o.what.code, o.value) for o in day_one] == [("2160-0", 2.5)]
    assert one.fluids[0].direction == "out"
    assert one.allergies[0].what.text == "penicillins"
    assert report.left["medication"] == {"the order was cancelled": 1, "without a drug": 1}
    assert report.left["vitalaperiodic"]["without a value"] == 1


BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut": (lambda b: gzip.compress(b * 400, mtime=0)[:-60], "cut off"),
    "rotten": (lambda b: gzip.compress(b * 400, mtime=0)[:60] + b"\0" * 60, "damaged"),
    "short row": (lambda b: b + b"1,2\n", "cells expected, 2 came"),
    "no column": (lambda b: b.replace(b"gender", b"sex", 1), "'gender' is missing"),
    "no time": (lambda b: b.replace(b"2060-03-05", b"yesterday"), "no time"),
}


@pytest.mark.parametrize("name", BAD)
def test_damaged_files_say_where_and_what(tmp_path: Path, name: str) -> None:
    spoil, said = BAD[name]
    folder(tmp_path, MIMIC)
    (tmp_path / "patients.csv").unlink()
    (tmp_path / "patients.csv.gz").write_bytes(spoil(MIMIC["patients"].encode()))
    with pytest.raises(BadChart, match="patients") as caught:
        took("mimic3", tmp_path)
    assert said in str(caught.value)


def test_marks_line_ends_and_old_encodings_load(tmp_path: Path) -> None:
    folder(tmp_path, MIMIC)
    text = MIMIC["prescriptions"].replace("Heparin", "Héparine")
    expected = took("mimic3", tmp_path)[0][0].stays
    for body in (
        b"\xef\xbb\xbf" + text.encode(),
        text.replace("\n", "\r\n").encode(),
        text.encode("latin-1"),
    ):
        (tmp_path / "prescriptions.csv").write_bytes(body)
        one = took("mimic3", tmp_path)[0][0]
        assert one.drugs[0].drug.text == "Héparine"
        assert one.stays == expected


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"))


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=8))
@settings(max_examples=60, deadline=None)
def test_any_table_is_read_as_it_was_written(tmp_path_factory, cells) -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([["a", "b"], *cells])
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_text(buffer.getvalue(), "utf-8", newline="")
    report = Report()
    assert [list(r.values()) for r in rows(path, "t", report, ("a", "b"))] == cells
    assert report.read["t"] == len(cells)


VARIANTS = sorted(domain_variants("clinical_diagnosis"))


@given(st.sampled_from(VARIANTS), st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_a_synthetic_patient_comes_back_from_fhir(variant: str, seed: int) -> None:
    chart = chart_of(generate(variant, seed))
    report = Report()
    (back,) = bundle(msgspec.json.encode(fhir(chart)), "patient", report)
    assert msgspec.structs.replace(back, source="healthgym") == chart
    assert not report.left


def test_fhir_reports_what_it_does_not_know() -> None:
    body = fhir(chart_of(generate(VARIANTS[0], 1)))
    body["entry"] += [
        {"resource": {"resourceType": "Claim", "id": "1"}},
        {"resource": {"resourceType": "Observation", "id": "o", "valueQuantity": "many"}},
        {"resource": {"resourceType": "Condition", "subject": {"reference": "urn:uuid:nobody"}}},
    ]
    report = Report()
    assert len(list(bundle(json.dumps(body), "x.json", report))) == 1
    assert report.left["Claim"] == {"no part of a chart that is kept": 1}
    assert "valueQuantity" in next(iter(report.left["Observation"]))
    assert report.left["Condition"] == {"of a patient who is not in the bundle": 1}
    assert report.lost() == {}
    for wrong in ("{", '{"resourceType": "Patient"}'):
        with pytest.raises(BadChart, match=r"x\.json"):
            list(bundle(wrong, "x.json", Report()))


CALLS = {
    "query_labs": {"from_h": 0, "to_h": 40},
    "query_vitals": {"from_h": 0, "to_h": 40},
    "query_inputs_outputs": {"from_h": 0, "to_h": 40},
    "get_lab_trend": {"label": "creatinine", "from_h": 0, "to_h": 40},
    "find_abnormal": {"from_h": 0, "to_h": 40},
    "search_census": {"label": "creatinine"},
    "stage_aki": {"hour": 40, "baseline": "lowest_of_stay"},
}


def test_the_tools_of_the_record_browse_a_chart(tmp_path: Path) -> None:
    chart = took("mimic3", folder(tmp_path, MIMIC))[0][0]
    patient = attach(chart)
    shown = {name: look(patient, name, given) for name, given in CALLS.items()}
    assert shown["query_labs"]["rows"] == [["L001", 1, "creatinine", 1.5, "mg/dL"]]
    assert shown["query_vitals"]["rows"][0][:3] == ["V001", 1, 88]
    assert shown["query_vitals"]["rows"][0][7] == pytest.approx(37.0)
    assert shown["query_vitals"]["rows"][0][3] is None
    assert look(patient, "get_icu_stays", {})["rows"] == [[2, None]]
    assert look(patient, "get_admission", {})["hadm_id"] == 70
    with pytest.raises(ToolRefused, match="complete vital signs"):
        look(patient, "calculate_news2_at", {"hour": 2, "spo2_scale": 1})
    assert unseen(chart, chart.stays[0]) == {"Odd, Urine []": 1}
    with pytest.raises(BadChart, match="no stay"):
        attach(chart, "71")


def test_every_tool_of_the_record_answers_or_refuses_on_a_chart(tmp_path: Path) -> None:
    patient = attach(took("eicu", folder(tmp_path, EICU))[0][0])
    refused = set()
    for name, tool in tools("ehr_management").items():
        shape = tool.schema()["parameters"]
        chosen = arguments(shape["properties"], shape["required"], stream("charts", name))
        try:
            assert isinstance(look(patient, name, chosen), dict)
        except ToolRefused:
            refused.add(name)
    assert refused >= {"ask_patient", "submit_report", "write_note"}
    assert refused.isdisjoint({"get_admission", "get_icu_stays", "get_orders", "search_census"})


def test_the_commands(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    folder(source, MIMIC)
    out = tmp_path / "charts.jsonl"

    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, list(arguments))
        assert result.exit_code == code, result.output
        return result.output

    told = json.loads(run("import", "mimic3", str(source), "--out", str(out), "--json"))
    assert (told["charts"], told["lost"]) == (2, {})
    assert "COLD" in run("browse", str(out))
    call = ["--tool", "query_labs", "--arguments", '{"from_h": 0, "to_h": 4}']
    assert "creatinine" in run("browse", str(out), "--subject", "7", *call)
    assert "required" in run("browse", str(out), "--tool", "query_labs", code=1)
    assert "no subject" in run("browse", str(out), "--subject", "99", code=1)
    bundles = tmp_path / "bundles"
    bundles.mkdir()
    run(
        "import",
        "mimic3",
        str(source),
        "--out",
        str(bundles / "all.jsonl"),
        "--fhir",
        "--limit",
        "1",
    )
    (bundles / "all.jsonl").rename(bundles / "one.json")
    assert json.loads(run("import", "fhir", str(bundles), "--json"))["charts"] == 1
    assert "expected a folder" in run("import", "eicu", str(source), code=1)
    assert "hl7v2" in run("import", "hl7v2", str(source), code=1)
    body = json.loads(run("patient", "--variant", VARIANTS[0], "--fhir"))
    assert body["resourceType"] == "Bundle"


def test_unknown_sources_are_named() -> None:
    assert kinds() == ("eicu", "fhir", "mimic3")
    with pytest.raises(UnknownFormat, match="mimic3"):
        list(charts("mimic4", Path(), Report()))


@pytest.mark.skipif("HEALTHGYM_DATA" not in os.environ, reason="HEALTHGYM_DATA names no folder")
@pytest.mark.parametrize(
    ("kind", "name", "least"),
    [("fhir", "synthea_fhir_r4", 18), ("mimic3", "mimic3_demo", 100), ("eicu", "eicu_demo", 2520)],
)
def test_real_files_are_read_whole(kind: str, name: str, least: int) -> None:
    found, report = took(kind, Path(os.environ["HEALTHGYM_DATA"]) / name)
    assert len(found) == least
    assert sum(report.kept.values()) > 0.3 * sum(report.read.values())
