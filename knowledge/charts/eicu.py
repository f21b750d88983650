"""eICU tables (Pollard, Sci Data 2018;5:180178), full or demo, as CSV with or without gzip.

Times are minutes from the admission to the unit, so every unit stay is a chart of its own: the
source does not tell how two stays of a person lie in time.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import BadChart
from .building import Building
from .model import Allergy, Chart, Coding, Done, Fluid, Given, Observed, Problem, Report, Stay
from .rows import Row, find, number, rows

_BEYOND = "of a stay beyond the limit"
_UNKNOWN = "of a stay that is not in the table of patients"
_OVER_89 = "> 89"
_OLDEST = 90
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
    return number(row[column])


def _value(cell: str) -> float | None:
    """A number; -1 stands for a missing one."""
    found = number(cell)
    return None if found == -1 else found


def _size(cell: str) -> float | None:
    found = number(cell)
    return found if found is not None and found > 0 else None


def _begin(row: Row) -> Building:
    age = row["age"].strip()
    years = _OLDEST if age == _OVER_89 else number(age)
    ended, icu_end = _at(row, "hospitaldischargeoffset"), _at(row, "unitdischargeoffset")
    chart = Building(
        source="eicu",
        subject=row["uniquepid"],
        sex={"Female": "F", "Male": "M"}.get(row["gender"], ""),
        age_years=None if years is None else int(years),
        ethnicity=row["ethnicity"].lower(),
        weight_kg=_size(row["admissionweight"]),
        height_cm=_size(row["admissionheight"]),
    )
    chart.stays.append(
        Stay(
            id=row["patientunitstayid"],
            kind=row["unittype"],
            start=_at(row, "hospitaladmitoffset") or 0.0,
            end=ended,
            reason=row["apacheadmissiondx"],
            outcome="died" if row["hospitaldischargestatus"] == "Expired" else "",
            icu=((0.0, icu_end),),
        )
    )
    return chart


def _aperiodic(chart: Building, row: Row) -> str:
    at, stay, found = _at(row, "observationoffset"), row["patientunitstayid"], 0
    for column, (code, text, unit) in _LOINC.items():
        value = number(row.get(column, ""))
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
        value = _value(row.get(column, ""))
        if value is not None:
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
            dose=f"{row['dosage']} {row['frequency']}".strip(),
            route=row["routeadmin"],
            status="ordered",
        )
    )
    return ""


def _infusion(chart: Building, row: Row) -> str:
    if not row["drugname"]:
        return "without a drug"
    chart.drugs.append(
        Given(
            drug=Coding(text=row["drugname"].strip()),
            at=_at(row, "infusionoffset"),
            stay=row["patientunitstayid"],
            dose=row["drugrate"],
            route="infusion",
            status="given",
        )
    )
    return ""


def _flow(chart: Building, row: Row) -> str:
    path, value = row["cellpath"], number(row["cellvaluenumeric"])
    at, stay = _at(row, "intakeoutputoffset"), row["patientunitstayid"]
    if value is None or at is None:
        return "without a time or a volume"
    what = Coding(text=row["celllabel"])
    if "|Intake" in path or "|Output" in path:
        direction = "in" if "|Intake" in path else "out"
        chart.fluids.append(Fluid(direction=direction, what=what, at=at, ml=value, stay=stay))
    else:
        chart.observations.append(Observed(what=what, kind="other", at=at, stay=stay, value=value))
    return ""


def _diagnosis(chart: Building, row: Row) -> str:
    codes = [c.strip() for c in row["icd9code"].split(",") if c.strip()]
    system = "icd9cm" if codes and codes[0][0].isdigit() else "icd10cm" if codes else ""
    what = Coding(system=system, code=codes[0] if codes else "", text=row["diagnosisstring"])
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
    name = row["allergyname"] or row["drugname"]
    if not name:
        return "without a name"
    at, stay = _at(row, "allergyoffset"), row["patientunitstayid"]
    chart.allergies.append(Allergy(what=Coding(text=name), at=at, stay=stay))
    return ""


_EVENTS: tuple[tuple[str, tuple[str, ...], Make], ...] = (
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


def _count_others(path: Path, report: Report) -> None:
    for table, why in _NOT_CHARTED.items():
        file = find(path, table)
        for _ in rows(file, table, report, ()) if file else ():
            report.leave(table, why)


def read(path: Path, report: Report, limit: int = 0) -> Iterator[Chart]:
    """Charts of a folder of tables, one for each unit stay. Raises BadChart."""
    people = find(path, "patient") if path.is_dir() else None
    if people is None:
        raise BadChart(f"{path.name}: expected a folder with patient.csv")
    charts: dict[str, Building] = {}
    left: set[str] = set()
    for row in rows(people, "patient", report, ("patientunitstayid", "uniquepid", "age")):
        if limit and len(charts) >= limit:
            left.add(row["patientunitstayid"])
            report.leave("patient", _BEYOND)
        else:
            charts[row["patientunitstayid"]] = _begin(row)
            report.keep("patient")
    for table, needed, make in _EVENTS:
        file = find(path, table)
        for row in rows(file, table, report, ("patientunitstayid", *needed)) if file else ():
            stay = row["patientunitstayid"]
            chart = charts.get(stay)
            if chart is None:
                report.leave(table, _BEYOND if stay in left else _UNKNOWN)
            elif why := make(chart, row):
                report.leave(table, why)
            else:
                report.keep(table)
    _count_others(path, report)
    for stay in list(charts):
        yield charts.pop(stay).chart()
