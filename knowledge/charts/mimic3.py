"""MIMIC-III tables (Johnson, Sci Data 2016;3:160035), full or demo, as CSV with or without gzip."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from ..errors import BadChart
from . import mimic3_items as items
from .building import Building, instant, minutes
from .model import Chart, Coding, Done, Fluid, Given, Observed, Problem, Report, Stay
from .rows import Row, count_others, number, rows, tables

_BEYOND = "of a patient beyond the limit"
_UNKNOWN = "of a patient who is not in the table of patients"
_DICTIONARIES = ("d_items", "d_labitems", "d_icd_diagnoses", "d_icd_procedures", "d_cpt")
_NOT_CHARTED = {
    "callout": "bed requests are no facts of the patient",
    "caregivers": "staff are not part of a chart",
    "datetimeevents": "dates of charting work are not part of a chart",
    "drgcodes": "billing groups are not part of a chart",
}
_OLD = 300
"""Years that dates of birth of those over 89 are shifted by (MIMIC-III documentation)."""
_OLDEST = 90
_REWRITTEN = "rewritten in the source: it was not given or done"
"""`statusdescription` Rewritten: for audits only, not delivered (MIMIC-III, INPUTEVENTS_MV)."""
_ML = {"ml": 1.0, "cc": 1.0, "l": 1000.0}


class _Reader:
    """The tables of a folder, patient by patient."""

    def __init__(self, folder: Path, report: Report, limit: int) -> None:
        self.tables, self.report = tables(folder), report
        self.labels: dict[str, Coding] = {}
        self.units: dict[str, str] = {}
        self.patients: dict[str, Building] = {}
        self.origin: dict[str, datetime] = {}
        self.left: set[str] = set()
        self.icu: dict[str, list[Row]] = defaultdict(list)
        self.limit = limit

    def table(self, name: str, *needed: str) -> Iterator[Row]:
        """Rows of a table; none where the folder has no such file."""
        path = self.tables.get(name)
        if path is not None:
            yield from rows(path, name, self.report, needed)

    def dictionaries(self) -> None:
        """Names and codes of items."""
        for name in _DICTIONARIES:
            for row in self.table(name):
                self.report.leave(name, "a dictionary: its names are used")
                if name == "d_items":
                    coded = Coding(system="mimic", code=row["itemid"], text=row["label"])
                    self.labels[row["itemid"]] = coded
                elif name == "d_labitems":
                    self.labels[row["itemid"]] = _lab(row)
                elif name in {"d_icd_diagnoses", "d_icd_procedures"}:
                    of = "icd9cm" if name.endswith("diagnoses") else "icd9pcs"
                    code = row["icd9_code"]
                    self.labels[f"{of}:{code}"] = Coding(
                        system=of, code=code, text=row["long_title"]
                    )

    def people(self) -> None:
        """Patients with an admission, whose first one is the origin of their times."""
        first: dict[str, datetime] = {}
        held = list(self.table("admissions", "subject_id", "hadm_id", "admittime"))
        for row in _once(held, "hadm_id"):
            at = instant(row["admittime"], f"{row.where}, admittime")
            if at is None:
                raise BadChart(f"{row.where}: admittime is empty")
            first[row["subject_id"]] = min(at, first.get(row["subject_id"], at))
        for row in _once(self.table("patients", "subject_id", "gender", "dob"), "subject_id"):
            subject = row["subject_id"]
            if subject not in first:
                self.report.leave("patients", "without an admission")
            elif self.limit and len(self.patients) >= self.limit:
                self.left.add(subject)
                self.report.leave("patients", _BEYOND)
            else:
                self.report.keep("patients")
                self._begin(row, first[subject])
        for row in held:
            self.put("admissions", row, _stay)

    def _begin(self, row: Row, origin: datetime) -> None:
        born = instant(row["dob"], f"{row.where}, dob")
        died = instant(row.get("dod", ""), f"{row.where}, dod")
        age = None
        if born is not None:
            age = origin.year - born.year - ((origin.month, origin.day) < (born.month, born.day))
            age = _OLDEST if age >= _OLD - 1 else age
        self.origin[row["subject_id"]] = origin
        self.patients[row["subject_id"]] = Building(
            source="mimic3",
            subject=row["subject_id"],
            sex=row["gender"] if row["gender"] in {"F", "M"} else "",
            age_years=age,
            origin=origin.isoformat(),
            dead=died is not None,
            died=minutes(origin, died),
        )

    def put(self, table: str, row: Row, make: "Make") -> None:
        """Give a row to its patient, or count why not."""
        subject = row["subject_id"]
        if subject not in self.patients:
            self.report.leave(table, _BEYOND if subject in self.left else _UNKNOWN)
            return
        why = make(self, self.patients[subject], row)
        if why:
            self.report.leave(table, why)
        else:
            self.report.keep(table)

    def at(self, row: Row, column: str) -> float | None:
        """Minutes of a column's time from the origin of the row's patient. Raises BadChart."""
        where = f"{row.where}, {column}"
        return minutes(self.origin[row["subject_id"]], instant(row[column], where))

    def item(self, row: Row) -> Coding:
        """What an item is called."""
        code = row["itemid"]
        return self.labels.get(code) or Coding(system="mimic", code=code)


Make = Callable[[_Reader, Building, Row], str]
"""Adds a row to a chart; why it could not, "" where it could."""


def _once(rows_: Iterable[Row], column: str) -> Iterator[Row]:
    """The rows, whose ids must be unique: of two with the same one, neither is the right one."""
    seen: set[str] = set()
    for row in rows_:
        if row[column] in seen:
            raise BadChart(f"{row.where}: {column} {row[column]!r} comes twice")
        seen.add(row[column])
        yield row


def _lab(row: Row) -> Coding:
    text = f"{row['label']}, {row['fluid']}" if row.get("fluid") else row["label"]
    if row.get("loinc_code"):
        also = (f"mimic|{row['itemid']}",)
        return Coding(system="loinc", code=row["loinc_code"], text=text, also=also)
    return Coding(system="mimic", code=row["itemid"], text=text)


def _stay(r: _Reader, chart: Building, row: Row) -> str:
    start = r.at(row, "admittime")
    if start is None:
        return "without a time"
    icu = tuple(_spans(r, row))
    chart.stays.append(
        Stay(
            id=row["hadm_id"],
            kind=row["admission_type"].lower(),
            start=start,
            end=r.at(row, "dischtime"),
            reason=row.get("diagnosis", ""),
            outcome="died" if row.get("hospital_expire_flag") == "1" else "",
            icu=icu,
        )
    )
    if row.get("deathtime"):
        # The hour of death; the table of patients has the day only.
        chart.person |= {"dead": True, "died": r.at(row, "deathtime")}
    if not chart.person.get("ethnicity") and row.get("ethnicity"):
        chart.person["ethnicity"] = row["ethnicity"].lower()
    return ""


def _spans(r: _Reader, row: Row) -> list[tuple[float, float | None]]:
    found = []
    for one in r.icu.pop(row["hadm_id"], ()):
        if one["subject_id"] != row["subject_id"] or (at := r.at(one, "intime")) is None:
            r.report.leave("icustays", "without a time, or of an admission of somebody else")
            continue
        r.report.keep("icustays")
        found.append((at, r.at(one, "outtime")))
    return sorted(found, key=lambda span: span[0])


def _labevent(r: _Reader, chart: Building, row: Row) -> str:
    return _observed(r, chart, row, "lab", r.item(row))


def _chartevent(r: _Reader, chart: Building, row: Row) -> str:
    if row.get("error") == "1":
        return "marked as an error in the source"
    what = items.vital(row["itemid"])
    known = what is not None
    return _observed(r, chart, row, "vital" if known else "other", what or r.item(row))


def _observed(r: _Reader, chart: Building, row: Row, kind: str, what: Coding) -> str:
    value, text = row.number("valuenum"), row["value"]
    if value is None and not text:
        return "without a value"
    unit = items.unit(row["itemid"], row["valueuom"])
    chart.observations.append(
        Observed(
            what=what,
            kind=kind,
            at=r.at(row, "charttime"),
            stay=row["hadm_id"],
            value=value,
            unit=unit,
            text="" if value is not None and number(text) is not None else text,
        )
    )
    return ""


def _prescription(r: _Reader, chart: Building, row: Row) -> str:
    if not row["drug"]:
        return "without a drug"
    ndc = row.get("ndc", "")
    known = bool(ndc.strip("0"))
    chart.drugs.append(
        Given(
            drug=Coding(system="ndc" if known else "", code=ndc if known else "", text=row["drug"]),
            at=r.at(row, "startdate"),
            until=r.at(row, "enddate"),
            stay=row["hadm_id"],
            dose=f"{row['dose_val_rx']} {row['dose_unit_rx']}".strip(),
            route=row["route"],
            status="ordered",
        )
    )
    return ""


def _input(r: _Reader, chart: Building, row: Row) -> str:
    if row.get("statusdescription") == "Rewritten":
        return _REWRITTEN
    over = "starttime" in row
    at = r.at(row, "endtime" if over else "charttime")
    amount, unit = row.number("amount"), row["amountuom"].lower()
    if at is None or (amount is None and not row["rate"]):
        return "without a time or an amount"
    stay, what = row["hadm_id"], r.item(row)
    if unit in _ML and amount is not None:
        # The volume is in by the end.
        ml = amount * _ML[unit]
        chart.fluids.append(Fluid(direction="in", what=what, at=at, ml=ml, stay=stay))
        return ""
    told = [
        f"{row[much]} {row[of]}".strip()
        for much, of in (("amount", "amountuom"), ("rate", "rateuom"))
        if row[much]
    ]
    begun, ended = (r.at(row, "starttime"), at) if over else (at, None)
    chart.drugs.append(
        Given(drug=what, at=begun, until=ended, stay=stay, dose=", ".join(told), status="given")
    )
    return ""


def _output(r: _Reader, chart: Building, row: Row) -> str:
    at, volume = r.at(row, "charttime"), row.number("value")
    if row.get("iserror") == "1":
        return "marked as an error in the source"
    if at is None or volume is None:
        return "without a time or a volume"
    chart.fluids.append(
        Fluid(direction="out", what=r.item(row), at=at, ml=volume, stay=row["hadm_id"])
    )
    return ""


def _diagnosis(r: _Reader, chart: Building, row: Row) -> str:
    code = row["icd9_code"]
    if not code:
        return "without a code"
    what = r.labels.get(f"icd9cm:{code}") or Coding(system="icd9cm", code=code)
    chart.problems.append(Problem(what=what, stay=row["hadm_id"]))
    return ""


def _done(
    kind: str,
    columns: tuple[str, ...],
    coded: Callable[[_Reader, Row], Coding],
    words: tuple[str, ...] = (),
) -> Make:
    """What was done: its time from the first of the columns that is filled."""

    def make(r: _Reader, chart: Building, row: Row) -> str:
        if row.get("statusdescription") == "Rewritten":
            return _REWRITTEN
        times = (r.at(row, c) for c in columns if row.get(c))
        what, at = coded(r, row), next(times, None)
        if not what.code and not what.text:
            return "without a name"
        text = " ".join(row[c] for c in words if row.get(c))
        chart.done.append(Done(kind=kind, what=what, at=at, stay=row["hadm_id"], text=text))
        return ""

    return make


def _icd_procedure(r: _Reader, row: Row) -> Coding:
    code = row["icd9_code"]
    return r.labels.get(f"icd9pcs:{code}") or Coding(system="icd9pcs", code=code)


def _culture(_: _Reader, row: Row) -> Coding:
    told = [row["spec_type_desc"], row["org_name"], row["ab_name"], row["interpretation"]]
    return Coding(code=row["spec_itemid"], system="mimic", text=", ".join(t for t in told if t))


def _move(_: _Reader, row: Row) -> Coding:
    return Coding(text=f"{row['eventtype'] or 'moved'} {row['curr_careunit']}".strip())


def _billed(_: _Reader, row: Row) -> Coding:
    text = row.get("description") or row["subsectionheader"]
    return Coding(system="cpt", code=row["cpt_cd"], text=text)


_EVENTS: tuple[tuple[str, tuple[str, ...], Make], ...] = (
    ("labevents", ("itemid", "charttime", "valuenum"), _labevent),
    ("chartevents", ("itemid", "charttime", "valuenum"), _chartevent),
    ("chartevents_20_patients", ("itemid", "charttime", "valuenum"), _chartevent),
    ("prescriptions", ("drug", "startdate"), _prescription),
    ("inputevents_cv", ("itemid", "charttime", "amount"), _input),
    ("inputevents_mv", ("itemid", "endtime", "amount"), _input),
    ("outputevents", ("itemid", "charttime", "value"), _output),
    ("diagnoses_icd", ("icd9_code",), _diagnosis),
    ("procedures_icd", ("icd9_code",), _done("procedure", (), _icd_procedure)),
    (
        "procedureevents_mv",
        ("itemid", "starttime"),
        _done("procedure", ("starttime",), lambda r, row: r.item(row), words=("value", "valueuom")),
    ),
    ("cptevents", ("cpt_cd",), _done("procedure", ("chartdate",), _billed)),
    (
        "microbiologyevents",
        ("spec_type_desc", "chartdate"),
        _done("culture", ("charttime", "chartdate"), _culture, words=("dilution_text",)),
    ),
    ("transfers", ("intime",), _done("transfer", ("intime",), _move)),
    (
        "services",
        ("transfertime",),
        _done("transfer", ("transfertime",), lambda _, row: Coding(text=row["curr_service"])),
    ),
)
_READ = frozenset(
    {"admissions", "patients", "icustays", *_DICTIONARIES, *_NOT_CHARTED, *(e[0] for e in _EVENTS)}
)


def read(path: Path, report: Report, limit: int = 0) -> Iterator[Chart]:
    """Charts of a folder of tables, one for each patient. Raises BadChart."""
    if not path.is_dir() or not {"admissions", "patients"} <= tables(path).keys():
        raise BadChart(f"{path.name}: expected a folder with admissions.csv and patients.csv")
    r = _Reader(path, report, limit)
    if {"chartevents", "chartevents_20_patients"} <= r.tables.keys():
        raise BadChart("chartevents and chartevents_20_patients: two files of one table")
    r.dictionaries()
    for row in r.table("icustays", "subject_id", "hadm_id", "intime", "outtime"):
        r.icu[row["hadm_id"]].append(row)
    r.people()
    # Those of an admission were taken with it.
    for row in (one for held in r.icu.values() for one in held):
        r.put("icustays", row, lambda *_: "of an admission that is not in the table of admissions")
    for table, needed, make in _EVENTS:
        for row in r.table(table, "subject_id", "hadm_id", *needed):
            r.put(table, row, make)
    for table, why in _NOT_CHARTED.items():
        for _ in r.table(table):
            report.leave(table, why)
    count_others(path, _READ, report)
    for subject in list(r.patients):
        yield r.patients.pop(subject).chart()
