"""Tables from outside that are damaged or strange: read right or refused, nothing lost."""

import gzip
from pathlib import Path

import pytest
from typer.testing import CliRunner

from healthgym.__main__ import app
from healthgym.knowledge.charts import charts
from healthgym.knowledge.charts.held import attach, unseen
from healthgym.knowledge.charts.model import Chart, Report
from healthgym.knowledge.errors import BadChart

MIMIC = {
    "patients": "subject_id,gender,dob,dod\n7,F,2060-03-05,2130-03-07 00:00:00\n",
    "admissions": "subject_id,hadm_id,admittime,dischtime,deathtime,admission_type\n"
    "7,70,2130-03-04 10:00:00,2130-03-06 10:00:00,,EMERGENCY\n",
    "labevents": "subject_id,hadm_id,itemid,charttime,value,valuenum,valueuom\n"
    "7,70,50912,2130-03-04 11:00:00,1.5,1.5,mg/dL\n",
    "d_labitems": "itemid,label,fluid,loinc_code\n50912,Creatinine,Blood,2160-0\n",
}
PEOPLE = (
    "patientunitstayid,gender,age,ethnicity,apacheadmissiondx,admissionheight,hospitaladmitoffset,"
    "hospitaldischargeoffset,hospitaldischargestatus,unittype,admissionweight,unitdischargeoffset,"
    "uniquepid\n1,Female,70,Asian,SEPSIS,160,-60,4000,Expired,MICU,55.5,3000,p1\n"
)


def read(kind: str, where: Path, tables: dict[str, str], limit: int = 0) -> tuple[Chart, Report]:
    for name, text in tables.items():
        (where / f"{name}.csv").write_text(text, "utf-8", newline="")
    report = Report()
    (one,) = charts(kind, where, report, limit)
    assert report.lost() == {}
    return one, report


BAD = {
    "a column that is used late": (
        "labevents",
        lambda t: t.replace(",valueuom", "").replace(",mg/dL", ""),
        r"labevents\.csv, line 2: column 'valueuom' is missing",
    ),
    "a column twice": ("labevents", lambda t: t.replace("valueuom", "value"), "comes twice"),
    "no number": (
        "labevents",
        lambda t: t.replace("1.5,1.5", "1.5,high"),
        r"labevents\.csv, line 2, valuenum: expected a number, got 'high'",
    ),
    "no time": (
        "labevents",
        lambda t: t.replace("2130-03-04 11", "2130-03-94 11"),
        r"labevents\.csv, line 2, charttime: .* is no time",
    ),
    "an open quotation mark": (
        "labevents",
        lambda t: t.replace("mg/dL", '"mg/dL') + "7,70,50912,2130-03-04 12:00:00,2,2,mg/dL\n",
        "labevents",
    ),
    "a patient twice": (
        "patients",
        lambda t: t + "7,M,2050-01-01,\n",
        r"patients\.csv, line 3: subject_id '7' comes twice",
    ),
    "an admission twice": (
        "admissions",
        lambda t: t + t.splitlines()[1] + "\n",
        "hadm_id '70' comes twice",
    ),
    "an empty file": ("labevents", lambda _: "", "'subject_id' is missing"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_strange_table_is_refused_with_its_line_and_column(tmp_path: Path, name: str) -> None:
    table, spoil, said = BAD[name]
    with pytest.raises(BadChart, match=said):
        read("mimic3", tmp_path, {**MIMIC, table: spoil(MIMIC[table])})


def test_two_files_of_a_table_are_refused(tmp_path: Path) -> None:
    (tmp_path / "LABEVENTS.csv.gz").write_bytes(gzip.compress(MIMIC["labevents"].encode()))
    with pytest.raises(BadChart, match="two files of one table"):
        read("mimic3", tmp_path, MIMIC)


def test_a_folder_in_the_place_of_a_table_is_told(tmp_path: Path) -> None:
    (tmp_path / "noteevents.csv").mkdir()
    with pytest.raises(BadChart, match="cannot be read"):
        read("mimic3", tmp_path, MIMIC)


def test_a_table_that_is_not_read_is_counted(tmp_path: Path) -> None:
    _, report = read("mimic3", tmp_path, {**MIMIC, "noteevents": "subject_id,text\n7,a\n7,b\n"})
    assert report.left["noteevents"] == {"a table that is not read": 2}


def test_more_columns_in_another_order_load_the_same(tmp_path: Path) -> None:
    lab = "valueuom,new,VALUENUM,value,charttime,itemid,hadm_id,subject_id\n"
    lab += 'mg/dL,"a\nb",1.5,1.5,2130-03-04 11:00:00,50912,70,7\n'
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, _ = read("mimic3", tmp_path / "a", MIMIC)
    assert read("mimic3", tmp_path / "b", {**MIMIC, "labevents": lab})[0] == one


def test_a_death_is_kept(tmp_path: Path) -> None:
    one, _ = read("mimic3", tmp_path, MIMIC)
    assert (one.dead, one.died) == (True, 2.0 * 1440 + 14 * 60)
    exact = MIMIC["admissions"].replace("10:00:00,,", "10:00:00,2130-03-06 10:30:00,")
    one, _ = read("mimic3", tmp_path, {**MIMIC, "admissions": exact})
    assert one.died == 48 * 60 + 30


def test_what_was_rewritten_was_not_given(tmp_path: Path) -> None:
    rows = (
        "subject_id,hadm_id,itemid,starttime,endtime,amount,amountuom,rate,rateuom,"
        "statusdescription\n"
        "7,70,1,2130-03-04 11:00:00,2130-03-04 12:00:00,500,ml,500,mL/hour,Rewritten\n"
        "7,70,2,2130-03-04 11:00:00,2130-03-04 13:00:00,4,mg,2,mg/hour,FinishedRunning\n"
        "7,70,1,2130-03-04 11:00:00,2130-03-04 12:00:00,1,L,,,Stopped\n"
    )
    one, report = read("mimic3", tmp_path, {**MIMIC, "inputevents_mv": rows})
    assert [f.ml for f in one.fluids] == [1000.0]
    assert [(d.at, d.until, d.dose) for d in one.drugs] == [(60.0, 180.0, "4 mg, 2 mg/hour")]
    assert sum(report.left["inputevents_mv"].values()) == 1


def test_words_beside_a_number_and_the_local_item_are_kept(tmp_path: Path) -> None:
    rows = "subject_id,hadm_id,itemid,charttime,value,valuenum,valueuom\n"
    rows += "7,70,723,2130-03-04 11:00:00,1.0 ET/Trach,1.0,\n"
    rows += "7,70,220050,2130-03-04 11:00:00,120.0,120,mmHg\n"
    rows += "7,70,198,2130-03-04 11:00:00,15,15,points\n"
    one, _ = read("mimic3", tmp_path, {**MIMIC, "chartevents": rows})
    verbal, pressure, coma = one.observations[1:]
    assert (verbal.value, verbal.text) == (1.0, "1.0 ET/Trach")
    assert (pressure.what.code, pressure.what.also, pressure.text) == (
        "8480-6",
        ("mimic|220050",),
        "",
    )
    assert coma.unit == "{score}"


def test_an_icu_stay_of_no_admission_is_counted(tmp_path: Path) -> None:
    rows = "subject_id,hadm_id,intime,outtime\n7,70,2130-03-04 11:00:00,\n"
    rows += "7,71,2130-03-04 11:00:00,\n8,70,2130-03-04 11:00:00,\n"
    one, report = read("mimic3", tmp_path, {**MIMIC, "icustays": rows})
    assert one.stays[0].icu == ((60.0, None),)
    assert (report.kept["icustays"], sum(report.left["icustays"].values())) == (1, 2)


CODES = {
    "V45.1, Z99.2": ("icd9cm", "V45.1", ("icd10cm|Z99.2",)),
    "E980.2, 965.00, T40.60": ("icd9cm", "E980.2", ("icd9cm|965.00", "icd10cm|T40.60")),
    "E87.1": ("icd10cm", "E87.1", ()),
    "518.81, J96.00": ("icd9cm", "518.81", ("icd10cm|J96.00",)),
    "": ("", "", ()),
}


@pytest.mark.parametrize("told", CODES)
def test_codes_of_eicu_are_of_the_right_system(tmp_path: Path, told: str) -> None:
    rows = f'patientunitstayid,diagnosisstring,icd9code,diagnosisoffset\n1,renal,"{told}",5\n'
    one, _ = read("eicu", tmp_path, {"patient": PEOPLE, "diagnosis": rows})
    what = one.problems[0].what
    assert (what.system, what.code, what.also) == CODES[told]


def test_how_a_drug_of_eicu_was_given_is_kept(tmp_path: Path) -> None:
    infusion = "patientunitstayid,infusionoffset,drugname,drugrate,infusionrate,drugamount,"
    infusion += "volumeoffluid\n1,5,Heparin (units/hr),1000,10,25000,250\n"
    order = "patientunitstayid,drugstartoffset,drugstopoffset,drugordercancelled,drugname,"
    order += "drughiclseqno,dosage,frequency,routeadmin,prn\n1,5,9,No,X,,5,Daily,PO,Yes\n"
    tables = {"patient": PEOPLE, "infusiondrug": infusion, "medication": order}
    one, _ = read("eicu", tmp_path, tables)
    assert {d.dose for d in one.drugs} == {
        "1000, infusion rate 10, amount 25000 in volume 250",
        "5 Daily as needed",
    }
    assert (one.dead, one.died) == (True, None)


def test_a_stay_that_comes_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadChart, match="stay '1' comes twice"):
        read("eicu", tmp_path, {"patient": PEOPLE + PEOPLE.splitlines()[1] + "\n"})


def test_what_lies_outside_the_hours_of_a_stay_is_told(tmp_path: Path) -> None:
    lab = MIMIC["labevents"] + "7,70,50912,2130-03-04 09:00:00,2.5,2.5,mg/dL\n"
    people = MIMIC["patients"].replace("7,F", "7,")
    one, _ = read("mimic3", tmp_path, {**MIMIC, "labevents": lab, "patients": people})
    assert unseen(one, one.stays[0]) == {
        "Creatinine, Blood [mg/dL], outside the hours of the stay": 1
    }
    assert attach(one).sex == ""


def test_an_import_that_fails_leaves_nothing(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    out.mkdir()
    read("mimic3", source, MIMIC)
    call = ["import", "mimic3", str(source), "--out"]
    assert "is a folder" in CliRunner().invoke(app, [*call, str(out)]).output
    (source / "labevents.csv").write_text(MIMIC["labevents"].replace("charttime", "when"))
    kept = out / "charts.jsonl"
    kept.write_text("before")
    result = CliRunner().invoke(app, [*call, str(kept)])
    assert result.exit_code == 1
    assert "'charttime' is missing" in " ".join(result.output.split())
    assert [p.name for p in out.iterdir()] == ["charts.jsonl"]
    assert kept.read_text() == "before"
