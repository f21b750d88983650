"""eICU tables (Pollard, Sci Data 2018;5:180178), full or demo, as CSV with or without gzip.

Times are minutes from the admission to the unit, so every unit stay is a chart of its own: the
source does not tell how two stays of a person lie in time.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import BadChart
from .building import Building
from .model import Allergy, Chart, Coding, Done, Fluid, Given, Observed, Problem, Report, Stay
from .rows import Row, count_others, rows, tables

_BEYOND = "of a stay beyond the limit"
_UNKNOWN = "of a stay that is not in the table of patients"
_OVER_89 = "> 89"
_OLDEST = 90
_ICD9 = re.compile(r"[0-9]{3}(\.[0-9]{1,2})?|V[0-9]{2}(\.[0-9]{1,2})?|E[0-9]{3}(\.[0-9])?")
"""Form of an ICD-9-CM code: ICD-10-CM has a letter, two signs, then the dot (E87.1)."""
_NOT_CHARTED = {
    "hospital": "hospitals are not part of a chart",
    "apachepredvar": "inputs of a prediction, not charted facts",
}
_LOINC = {
    "noninvasivesystolic": ("8480-6", "Systolic blood pressure", "mm[Hg]"),
    "noninvasivediastolic": ("8462-4", "Diastolic blood pressure", "mm[Hg]"),
    "noninvasivemean": ("8478-0", "Mean arterial pressure", "mm[Hg]"),
    "paop": ("8587-0", "Pulmonary artery occlusion pressure", "mm[Hg]"),
    "cardiacoutput": ("8741-1", "Cardiac output", "L/min"),
    "svr": ("8834-4", "Systemic vascular resistance", ""),
    "svri": ("", "Systemic vascular resistance index", ""),
    "pvr": ("8828-6", "Pulmonary vascular resistance", ""),
    "pvri": ("", "Pulmonary vascular resistance index", ""),
}
"""Column of vitalaperiodic -> LOINC, name, unit."""
_DAY_ONE = {
    "wbc": ("6690-2", "10*3/uL"),
    "temperature": ("8310-5", "Cel"),
    "respiratoryrate": ("9279-1", "/min"),
    "sodium": ("2951-2", "meq/L"),
    "heartrate": ("8867-4", "/min"),
    "meanbp": ("8478-0", "mm[Hg]"),
    "ph": ("2744-1", "[pH]"),
    "hematocrit": ("4544-3", "%"),
    "creatinine": ("2160-0", "mg/dL"),
    "albumin": ("1751-7", "g/dL"),
    "pao2": ("2703-7", "mm[Hg]"),
    "pco2": ("2019-8", "mm[Hg]"),
    "bun": ("3094-0", "mg/dL"),
    "glucose": ("2345-7", "mg/dL"),
    "bilirubin": ("1975-2", "mg/dL"),
    "fio2": ("3150-6", "%"),
    "urine": ("", "mL"),
    "eyes": ("9267-6", "{score}"),
    "motor": ("9268-4", "{score}"),
    "verbal": ("9270-0", "{score}"),
}
"""Column of apacheapsvar -> LOINC and unit: the worst value of the first day, its hour unknown."""

Make = Callable[[Building, Row], str]
"""Adds a row to a chart; why it could not, "" where it could."""


def _at(row: Row, column: str) -> float | None:
    return row.number(column)


def _optional(row: Row, column: str) -> float | None:
    return row.number(column) if column in row else None


def _size(row: Row, column: str) -> float | None:
    found = row.number(column)
    return found if found is not None and found > 0 else None


def _begin(row: Row) -> Building:
    age = row["age"].strip()
    years = _OLDEST if age == _OVER_89 else row.number("age")
    ended, icu_end = _at(row, "hospitaldischargeoffset"), _at(row, "unitdischargeoffset")
    chart = Building(
        source="eicu",
        subject=row["uniquepid"],
        sex={"Female": "F", "Male": "M"}.get(row["gender"], ""),
        age_years=None if years is None else int(years),
        ethnicity=row["ethnicity"].lower(),
        weight_kg=_size(row, "admissionweight"),
        height_cm=_size(row, "admissionheight"),
    )
    died = row["hospitaldischargestatus"] == "Expired"
    if died or row.get("unitdischargestatus") == "Expired":
        chart.person["dead"] = True
    chart.stays.append(
        Stay(
            id=row["patientunitstayid"],
            kind=row["unittype"],
            start=_at(row, "hospitaladmitoffset") or 0.0,
            end=ended,
            reason=row["apacheadmissiondx"],
            outcome="died" if died else "",
            icu=((0.0, icu_end),),
        )
    )
    return chart


def _aperiodic(chart: Building, row: Row) -> str:
    at, stay, found = _at(row, "observationoffset"), row["patientunitstayid"], 0
    for column, (code, text, unit) in _LOINC.items():
        value = _optional(row, column)
        if value is not None:
            what = Coding(system="loinc" if code else "", code=code, text=text)
            chart.observations.append(
                Observed(what=what, kind="vital", at=at, stay=stay, value=value, unit=unit)
            )
            found += 1
    return "" if found else "without a value"


def _day_one(chart: Building, row: Row) -> str:
    stay, found = row["patientunitstayid"], 0
    for column, (code, unit) in _DAY_ONE.items():
        value = _optional(row, column)
        # -1 stands for a missing value.
        if value is not None and value != -1:
            text = f"{column}, worst of the first day"
            what = Coding(system="loinc" if code else "", code=code, text=text)
            chart.observations.append(
                Observed(what=what, kind="other", at=None, stay=stay, value=value, unit=unit)
            )
            found += 1
    return "" if found else "without a value"


def _medication(chart: Building, row: Row) -> str:
    if row["drugordercancelled"] == "Yes":
        return "the order was cancelled"
    name, class_ = row["drugname"].strip(), row.get("drughiclseqno", "")
    if not name and not class_:
        return "without a drug"
    chart.drugs.append(
        Given(
            drug=Coding(system="hicl" if class_ else "", code=class_, text=name),
            at=_at(row, "drugstartoffset"),
            until=_at(row, "drugstopoffset"),
            stay=row["patientunitstayid"],
            dose=" ".join(t for t in (row["dosage"], row["frequency"], _as_needed(row)) if t),
            route=row["routeadmin"],
            status="ordered",
        )
    )
    return ""


def _as_needed(row: Row) -> str:
    return "as needed" if row.get("prn") == "Yes" else ""


def _rate(row: Row) -> str:
    """The rate in the unit that the drug's name tells, and how the infusion was mixed and run."""
    told = [row["drugrate"]]
    if rate := row.get("infusionrate", ""):
        told.append(f"infusion rate {rate}")
    if amount := row.get("drugamount", ""):
        told.append(f"amount {amount} in volume {row.get('volumeoffluid') or '?'}")
    return ", ".join(t for t in told if t)


def _infusion(chart: Building, row: Row) -> str:
    if not row["drugname"]:
        return "without a drug"
    chart.drugs.append(
        Given(
            drug=Coding(text=row["drugname"].strip()),
            at=_at(row, "infusionoffset"),
            stay=row["patientunitstayid"],
            dose=_rate(row),
            route="infusion",
            status="given",
        )
    )
    return ""


def _flow(chart: Building, row: Row) -> str:
    path, value = row["cellpath"], row.number("cellvaluenumeric")
    at, stay = _at(row, "intakeoutputoffset"), row["patientunitstayid"]
    if value is None or at is None:
        return "without a time or a volume"
    what = Coding(text=row["celllabel"])
    if "|Intake" in path or "|Output" in path:
        direction = "in" if "|Intake" in path else "out"
        chart.fluids.append(Fluid(direction=direction, what=what, at=at, ml=value, stay=stay))
    else:
        unit = "mL" if "(ml)" in path else ""
        seen = Observed(what=what, kind="other", at=at, stay=stay, value=value, unit=unit)
        chart.observations.append(seen)
    return ""


def _icd(code: str) -> str:
    return "icd9cm" if _ICD9.fullmatch(code) else "icd10cm"


def _diagnosis(chart: Building, row: Row) -> str:
    codes = [(_icd(c.strip()), c.strip()) for c in row["icd9code"].split(",") if c.strip()]
    (system, code), *others = codes or [("", "")]
    also = tuple(f"{of}|{other}" for of, other in others)
    what = Coding(system=system, code=code, text=row["diagnosisstring"], also=also)
    if not what.text:
        return "without a name"
    chart.problems.append(
        Problem(what=what, at=_at(row, "diagnosisoffset"), stay=row["patientunitstayid"])
    )
    return ""


def _named(column: str, offset: str, *, past: bool) -> Make:
    def make(chart: Building, row: Row) -> str:
        if not row[column]:
            return "without a name"
        stay = row["patientunitstayid"]
        problem = Problem(what=Coding(text=row[column]), at=_at(row, offset), stay=stay, past=past)
        chart.problems.append(problem)
        return ""

    return make


def _treatment(chart: Building, row: Row) -> str:
    what = Coding(text=row["treatmentstring"])
    at, stay = _at(row, "treatmentoffset"), row["patientunitstayid"]
    chart.done.append(Done(kind="treatment", what=what, at=at, stay=stay))
    return ""


def _culture(chart: Building, row: Row) -> str:
    told = [row["culturesite"], row["organism"], row["antibiotic"], row["sensitivitylevel"]]
    what = Coding(text=", ".join(t for t in told if t))
    at, stay = _at(row, "culturetakenoffset"), row["patientunitstayid"]
    chart.done.append(Done(kind="culture", what=what, at=at, stay=stay))
    return ""


def _allergy(chart: Building, row: Row) -> str:
    names = dict.fromkeys(n for n in (row["allergyname"], row["drugname"]) if n)
    if not names:
        return "without a name"
    at, stay = _at(row, "allergyoffset"), row["patientunitstayid"]
    chart.allergies.append(Allergy(what=Coding(text=", ".join(names)), at=at, stay=stay))
    return ""


Event = tuple[str, tuple[str, ...], Make]
"""A table, the columns that it must have, and what a row of it adds."""
_EVENTS: tuple[Event, ...] = (
    ("vitalaperiodic", ("observationoffset",), _aperiodic),
    ("apacheapsvar", ("wbc", "creatinine"), _day_one),
    ("medication", ("drugname", "drugordercancelled"), _medication),
    ("infusiondrug", ("drugname", "infusionoffset"), _infusion),
    ("intakeoutput", ("cellpath", "cellvaluenumeric"), _flow),
    ("diagnosis", ("diagnosisstring", "icd9code"), _diagnosis),
    (
        "admissiondx",
        ("admitdxpath",),
        _named("admitdxpath", "admitdxenteredoffset", past=False),
    ),
    (
        "pasthistory",
        ("pasthistorypath",),
        _named("pasthistorypath", "pasthistoryoffset", past=True),
    ),
    ("treatment", ("treatmentstring",), _treatment),
    ("microlab", ("culturesite",), _culture),
    ("allergy", ("allergyname",), _allergy),
)
_READ = frozenset({"patient", *_NOT_CHARTED, *(e[0] for e in _EVENTS)})


def _count_others(path: Path, report: Report) -> None:
    found = tables(path)
    for table, why in _NOT_CHARTED.items():
        for _ in rows(found[table], table, report, ()) if table in found else ():
            report.leave(table, why)
    count_others(path, _READ, report)


def _events(
    file: Path, charts: dict[str, Building], left: set[str], report: Report, event: Event
) -> None:
    """Give the rows of a table to their stays, or count why not."""
    table, needed, make = event
    for row in rows(file, table, report, ("patientunitstayid", *needed)):
        stay = row["patientunitstayid"]
        chart = charts.get(stay)
        if chart is None:
            report.leave(table, _BEYOND if stay in left else _UNKNOWN)
        elif why := make(chart, row):
            report.leave(table, why)
        else:
            report.keep(table)


def read(path: Path, report: Report, limit: int = 0) -> Iterator[Chart]:
    """Charts of a folder of tables, one for each unit stay. Raises BadChart."""
    found = tables(path) if path.is_dir() else {}
    if "patient" not in found:
        raise BadChart(f"{path.name}: expected a folder with patient.csv")
    charts: dict[str, Building] = {}
    left: set[str] = set()
    for row in rows(found["patient"], "patient", report, ("patientunitstayid", "uniquepid", "age")):
        stay = row["patientunitstayid"]
        if stay in charts or stay in left:
            raise BadChart(f"{row.where}: stay {stay!r} comes twice")
        if limit and len(charts) >= limit:
            left.add(stay)
            report.leave("patient", _BEYOND)
        else:
            charts[stay] = _begin(row)
            report.keep("patient")
    for event in _EVENTS:
        if event[0] in found:
            _events(found[event[0]], charts, left, report, event)
    _count_others(path, report)
    for stay in list(charts):
        yield charts.pop(stay).chart()
