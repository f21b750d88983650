"""FHIR R4 from a chart, and a chart from a synthetic patient.

What is written can be read again by `fhir` and gives the same facts; stays in intensive care have
no place in it. References point at entries of the bundle (but for a stay that the chart does not
hold), every address is a UUID that follows from the ids, statuses are those of FHIR's value sets,
and a unit is coded as UCUM where it is known to be one.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from ..conditions import condition
from ..drugs import drug
from ..measurements import measurement, measurements
from ..patients import Patient
from ..physiology import levels, measured_vitals
from ..variants import comorbidities
from . import resources as r
from .model import Allergy, Chart, Coding, Done, Fluid, Given, Observed, Problem, Stay

_EPOCH = "2000-01-01T00:00:00"
_CATEGORY = {"vital": "vital-signs", "lab": "laboratory", "other": "exam"}
_SEX = {"F": "female", "M": "male"}
_TERMS = "http://terminology.hl7.org/CodeSystem/"
_CLASSES = frozenset(
    "AMB EMER FLD HH IMP ACUTE NONAC OBSENC PRENC SS VR".split()  # noqa: SIM905 - as in v3-ActCode
)
_REQUESTED = frozenset(
    "active on-hold cancelled completed entered-in-error stopped draft unknown".split()  # noqa: SIM905
)
"""Value set medicationrequest-status."""
_LISTED = {False: "encounter-diagnosis", True: "problem-list-item"}
_GRADES = frozenset({"mild", "moderate", "severe"})
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_LIMIT = re.compile(r"(<=|>=|<|>)(\d+(?:\.\d+)?)")
_UCUM = frozenset(
    "10*3/uL 10*6/uL Cel U/L [degF] [pH] cm fL g/L g/dL kg kg/m2 mL mL/min mL/min/{1.73_m2} meq/L "  # noqa: SIM905
    "mg/L mg/dL mm mm[Hg] mmol/L mosm/kg ng/dL ng/mL pg pg/mL s ug/dL ug/mL umol/L /min L/min % "
    "{score}".split()
)
"""Units that the importers give, beside those of our own measurements."""


def chart_of(patient: Patient) -> Chart:
    """The chart of a synthetic patient on arrival: the truth, as `healthgym patient` shows it."""
    icd = condition(patient.condition)
    stay = "arrival"
    true = levels(patient, (), 0)
    vitals = measured_vitals(patient, (), 0)
    values = {**{k: v for k, v in true.items() if k not in vitals}, **vitals}
    sizes = {"weight_kg": patient.weight_kg, "height_cm": patient.height_cm}
    known = {**values, **sizes}
    return Chart(
        source="healthgym",
        subject=patient.id,
        sex=patient.sex,
        age_years=patient.age_years,
        ethnicity=patient.ethnicity,
        origin=_EPOCH,
        weight_kg=patient.weight_kg,
        height_cm=patient.height_cm,
        stays=(Stay(id=stay, kind="EMER", start=0.0, reason=patient.complaint),),
        observations=tuple(
            _observed(key, known[key], "vital" if key in vitals or key in sizes else "lab", stay)
            for key in sorted(known.keys() & measurements().keys())
        ),
        drugs=tuple(
            Given(drug=Coding(text=drug(m.drug).id), at=0.0, dose=m.text, status="active")
            for m in patient.medications
        ),
        problems=(
            *(Problem(what=_illness(c), past=True) for c in patient.comorbidities),
            Problem(
                what=Coding(system="icd10cm", code=icd.icd10, text=icd.name), at=0.0, stay=stay
            ),
        ),
        allergies=tuple(
            Allergy(what=Coding(text=a.substance), reaction=a.reaction, severity=a.severity)
            for a in patient.allergies
        ),
    )


def _observed(key: str, value: float, kind: str, stay: str) -> Observed:
    of = measurement(key)
    what = Coding(system="loinc", code=of.loinc, text=of.name)
    return Observed(what=what, kind=kind, at=0.0, stay=stay, value=round(value, 4), unit=of.ucum)


def _illness(name: str) -> Coding:
    return Coding(text=comorbidities()[name].name)


def fhir(chart: Chart) -> dict[str, Any]:
    """The chart as a FHIR R4 collection bundle, ready for JSON."""
    entries = [
        {
            "fullUrl": _url(chart.subject, type(one).__name__, one.id),
            "resource": {**_filled(msgspec.to_builtins(one)), "id": _id(one.id)},
        }
        for one in _resources(chart)
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _url(subject: str, kind: str, id_: str) -> str:
    """The address of an entry: the same chart has the same addresses."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{r.OWN}{subject}/{kind}/{id_}')}"


def _id(id_: str) -> str:
    """The id, or one that FHIR allows where it does not allow this one."""
    return id_ if _ID.fullmatch(id_) else str(uuid5(NAMESPACE_URL, f"{r.OWN}{id_}"))


def _filled(part: Any) -> Any:
    """Without empty objects and lists, which FHIR does not have."""
    if isinstance(part, dict):
        found = {name: _filled(value) for name, value in part.items()}
        return {name: value for name, value in found.items() if value not in ({}, [], "")}
    if isinstance(part, list):
        return [value for value in map(_filled, part) if value not in ({}, [], "")]
    return part


@cache
def _units() -> frozenset[str]:
    own = (u for m in measurements().values() for u in (m.ucum, *m.units))
    return _UCUM.union(own)


def _resources(chart: Chart) -> Iterator[r.Resource]:
    origin = datetime.fromisoformat(chart.origin or _EPOCH)
    w = _Writer(chart.subject, origin)
    w.stays = {s.id for s in chart.stays}
    yield w.person(chart)
    yield from (w.stay(s) for s in chart.stays)
    for n, problem in enumerate(chart.problems):
        yield w.problem(n, problem)
    for n, allergy in enumerate(chart.allergies):
        yield w.allergy(n, allergy)
    for n, given in enumerate(chart.drugs):
        yield w.given(n, given)
    for n, seen in enumerate(chart.observations):
        yield w.observed(n, seen)
    for n, fluid in enumerate(chart.fluids):
        yield w.fluid(n, fluid)
    for n, done in enumerate(chart.done):
        yield w.done(n, done)


def concept(of: Coding) -> r.Concept:
    """`CodeableConcept` of a code."""
    if not of.code:
        return r.Concept(text=of.text)
    split = [other.rpartition("|") for other in of.also]
    codes = [(of.system, of.code), *((system, code) for system, _, code in split)]
    coded = [r.Code(system=_address(system), code=code) for system, code in codes]
    return r.Concept(coding=coded, text=of.text)


def _address(system: str) -> str:
    known = ":" in system
    return r.SYSTEMS.get(system, system if known else f"{r.OWN}{system}")


def _tag(system: str, code: str) -> r.Concept:
    return r.Concept(coding=[r.Code(system=system, code=code)])


class _Writer:
    """Resources of one person."""

    def __init__(self, subject: str, origin: datetime) -> None:
        self.origin, self.of = origin, subject
        self.subject = r.Ref(reference=_url(subject, "Patient", subject))
        self.stays: set[str] = set()

    def time(self, at: float | None) -> str:
        if at is None:
            return ""
        found = self.origin + timedelta(minutes=at)
        return found.replace(tzinfo=UTC).isoformat(timespec="milliseconds")

    def encounter(self, stay: str) -> r.Ref:
        if not stay:
            return r.Ref()
        if stay not in self.stays:
            # A stay that the chart does not hold: there is nothing in the bundle to point at.
            return r.Ref(reference=f"Encounter/{_id(stay)}")
        return r.Ref(reference=_url(self.of, "Encounter", stay))

    def person(self, chart: Chart) -> r.Patient:
        born = ""
        if chart.age_years is not None:
            day = min(self.origin.day, 28)
            born = f"{self.origin.year - chart.age_years:04d}-{self.origin.month:02d}-{day:02d}"
        told = r.Extension(url="text", value_string=chart.ethnicity)
        race = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
        more = [r.Extension(url=race, extension=[told])] if chart.ethnicity else []
        if min((s.start for s in chart.stays), default=None) != 0:
            more.append(r.Extension(url=r.ORIGIN, value_date_time=self.time(0.0)))
        return r.Patient(
            id=chart.subject,
            gender=_SEX.get(chart.sex, "unknown"),
            birth_date=born,
            deceased_boolean=chart.dead and chart.died is None,
            deceased_date_time=self.time(chart.died),
            extension=more,
        )

    def stay(self, one: Stay) -> r.Encounter:
        system = f"{_TERMS}v3-ActCode" if one.kind in _CLASSES else f"{r.OWN}class"
        out = r.Hospitalization(discharge_disposition=r.Concept(text=one.outcome))
        return r.Encounter(
            id=one.id,
            status="finished" if one.end is not None else "in-progress",
            class_=r.Code(system=system, code=one.kind or "unknown"),
            hospitalization=out,
            period=r.Period(start=self.time(one.start), end=self.time(one.end)),
            reason_code=[r.Concept(text=one.reason)] if one.reason else [],
            subject=self.subject,
        )

    def problem(self, n: int, one: Problem) -> r.Condition:
        state = "inactive" if one.until is not None else "active"
        return r.Condition(
            id=f"condition-{n}",
            clinical_status=_tag(f"{_TERMS}condition-clinical", state),
            category=[_tag(f"{_TERMS}condition-category", _LISTED[one.past])],
            code=concept(one.what),
            subject=self.subject,
            encounter=self.encounter(one.stay),
            onset_date_time=self.time(one.at),
            abatement_date_time=self.time(one.until),
        )

    def allergy(self, n: int, one: Allergy) -> r.AllergyIntolerance:
        severity = one.severity if one.severity in _GRADES else ""
        what = one.reaction or "unknown"
        told = r.Reaction(manifestation=[r.Concept(text=what)], severity=severity)
        return r.AllergyIntolerance(
            id=f"allergy-{n}",
            clinical_status=_tag(f"{_TERMS}allergyintolerance-clinical", "active"),
            code=concept(one.what),
            patient=self.subject,
            encounter=self.encounter(one.stay),
            recorded_date=self.time(one.at),
            reaction=[told] if one.reaction or one.severity else [],
        )

    def given(self, n: int, one: Given) -> r.Resource:
        dose = r.Dose(text=one.dose, route=r.Concept(text=one.route))
        if one.status == "given" and one.at is not None:
            return self.administered(n, one, dose)
        known = one.status in _REQUESTED
        return r.MedicationRequest(
            id=f"medication-{n}",
            status=one.status if known else "unknown",
            status_reason=r.Concept(text="" if known else one.status),
            intent="order",
            medication_codeable_concept=concept(one.drug),
            subject=self.subject,
            encounter=self.encounter(one.stay),
            authored_on=self.time(one.at),
            dosage_instruction=[dose],
            dispense_request=r.Dispense(validity_period=r.Period(end=self.time(one.until))),
        )

    def administered(self, n: int, one: Given, dose: r.Dose) -> r.MedicationAdministration:
        start, end = self.time(one.at), self.time(one.until)
        return r.MedicationAdministration(
            id=f"medication-{n}",
            status="completed",
            medication_codeable_concept=concept(one.drug),
            subject=self.subject,
            context=self.encounter(one.stay),
            effective_date_time="" if end else start,
            effective_period=r.Period(start=start, end=end) if end else r.Period(),
            dosage=dose,
        )

    def observed(self, n: int, one: Observed) -> r.Observation:
        told: dict[str, Any] = {"value_string": f"{one.text} {one.unit}".strip()}
        if one.value is not None:
            beside = [r.Note(text=one.text)] if one.text else []
            told = {"value_quantity": _quantity(one.value, one.unit), "note": beside}
        elif limit := _LIMIT.fullmatch(one.text):
            told = {"value_quantity": _quantity(float(limit[2]), one.unit, limit[1])}
        return r.Observation(
            **told,
            id=f"observation-{n}",
            status="final",
            category=[_tag(f"{_TERMS}observation-category", _CATEGORY[one.kind])],
            code=concept(one.what),
            subject=self.subject,
            encounter=self.encounter(one.stay),
            effective_date_time=self.time(one.at),
        )

    def fluid(self, n: int, one: Fluid) -> r.Observation:
        return r.Observation(
            id=f"fluid-{n}",
            status="final",
            category=[_tag(f"{r.OWN}category", f"fluid-{one.direction}")],
            code=concept(one.what),
            subject=self.subject,
            encounter=self.encounter(one.stay),
            effective_date_time=self.time(one.at),
            value_quantity=_quantity(one.ml, "mL"),
        )

    def done(self, n: int, one: Done) -> r.Resource:
        said: dict[str, Any] = {"id": f"done-{n}", "encounter": self.encounter(one.stay)}
        at, code = self.time(one.at), concept(one.what)
        if one.kind == "immunization":
            told: dict[str, Any] = {"patient": self.subject, "occurrence_date_time": at}
            told["occurrence_string"] = "" if at else "unknown"
            return r.Immunization(**said, **told, status="completed", vaccine_code=code)
        said["subject"] = self.subject
        if one.kind == "report":
            words: dict[str, Any] = {"effective_date_time": at, "conclusion": one.text}
            return r.DiagnosticReport(**said, **words, status="final", code=code)
        category = r.Concept(text=one.kind)
        said["note"] = [r.Note(text=one.text)] if one.text else []
        return r.Procedure(
            **said, status="completed", category=category, code=code, performed_date_time=at
        )


def _quantity(value: float, unit: str, limit: str = "") -> r.Quantity:
    known = unit in _units()
    return r.Quantity(
        value=value,
        comparator=limit,
        unit=unit,
        system=r.UCUM if known else "",
        code=unit if known else "",
    )
