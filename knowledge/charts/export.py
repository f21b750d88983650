"""FHIR R4 from a chart, and a chart from a synthetic patient.

What is written can be read again by `fhir` and gives the same facts; stays in intensive care have
no place in it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from ..conditions import condition
from ..drugs import drug
from ..measurements import measurement, measurements
from ..patients import Patient
from ..physiology import levels, measured_vitals
from ..variants import comorbidities
from . import resources as r
from .model import Allergy, Chart, Coding, Fluid, Given, Observed, Problem, Stay

OWN = "urn:healthgym:"
"""Opens the system of codes that FHIR has no address for."""
_EPOCH = "2000-01-01T00:00:00"
_CATEGORY = {"vital": "vital-signs", "lab": "laboratory", "other": "exam"}
_SEX = {"F": "female", "M": "male"}


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
        {"fullUrl": f"urn:uuid:{one.id}", "resource": msgspec.to_builtins(one)}
        for one in _resources(chart)
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _resources(chart: Chart) -> Iterator[r.Resource]:
    origin = datetime.fromisoformat(chart.origin or _EPOCH)
    w = _Writer(chart.subject, origin)
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
    system = r.SYSTEMS.get(of.system, f"{OWN}{of.system}")
    return r.Concept(coding=[r.Code(system=system, code=of.code)], text=of.text)


def _tag(code: str) -> r.Concept:
    return r.Concept(coding=[r.Code(code=code)])


class _Writer:
    """Resources of one person."""

    def __init__(self, subject: str, origin: datetime) -> None:
        self.origin = origin
        self.subject = r.Ref(reference=f"urn:uuid:{subject}")

    def time(self, at: float | None) -> str:
        if at is None:
            return ""
        found = self.origin + timedelta(minutes=at)
        return found.replace(tzinfo=UTC).isoformat(timespec="milliseconds")

    def encounter(self, stay: str) -> r.Ref:
        return r.Ref(reference=f"urn:uuid:{stay}") if stay else r.Ref()

    def person(self, chart: Chart) -> r.Patient:
        born = ""
        if chart.age_years is not None:
            day = min(self.origin.day, 28)
            born = f"{self.origin.year - chart.age_years:04d}-{self.origin.month:02d}-{day:02d}"
        told = r.Extension(url="text", value_string=chart.ethnicity)
        race = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
        return r.Patient(
            id=chart.subject,
            gender=_SEX.get(chart.sex, "unknown"),
            birth_date=born,
            extension=[r.Extension(url=race, extension=[told])] if chart.ethnicity else [],
        )

    def stay(self, one: Stay) -> r.Encounter:
        return r.Encounter(
            id=one.id,
            status="finished" if one.end is not None else "in-progress",
            class_=r.Code(code=one.kind),
            period=r.Period(start=self.time(one.start), end=self.time(one.end)),
            reason_code=[r.Concept(text=one.reason)] if one.reason else [],
            subject=self.subject,
        )

    def problem(self, n: int, one: Problem) -> r.Condition:
        return r.Condition(
            id=f"condition-{n}",
            clinical_status=_tag("inactive" if one.until is not None else "active"),
            code=concept(one.what),
            subject=self.subject,
            encounter=self.encounter(one.stay),
            onset_date_time=self.time(one.at),
            abatement_date_time=self.time(one.until),
        )

    def allergy(self, n: int, one: Allergy) -> r.AllergyIntolerance:
        told = r.Reaction(manifestation=[r.Concept(text=one.reaction)], severity=one.severity)
        return r.AllergyIntolerance(
            id=f"allergy-{n}",
            code=concept(one.what),
            patient=self.subject,
            encounter=self.encounter(one.stay),
            recorded_date=self.time(one.at),
            reaction=[told] if one.reaction or one.severity else [],
        )

    def given(self, n: int, one: Given) -> r.MedicationRequest:
        route = r.Concept(text=one.route)
        return r.MedicationRequest(
            id=f"medication-{n}",
            status=one.status or "active",
            intent="order",
            medication_codeable_concept=concept(one.drug),
            subject=self.subject,
            encounter=self.encounter(one.stay),
            authored_on=self.time(one.at),
            dosage_instruction=[r.Dose(text=one.dose, route=route)],
            dispense_request=r.Dispense(validity_period=r.Period(end=self.time(one.until))),
        )

    def observed(self, n: int, one: Observed) -> r.Observation:
        return r.Observation(
            id=f"observation-{n}",
            status="final",
            category=[_tag(_CATEGORY[one.kind])],
            code=concept(one.what),
            subject=self.subject,
            encounter=self.encounter(one.stay),
            effective_date_time=self.time(one.at),
            value_quantity=None if one.value is None else _quantity(one.value, one.unit),
            value_string=one.text,
        )

    def fluid(self, n: int, one: Fluid) -> r.Observation:
        return r.Observation(
            id=f"fluid-{n}",
            status="final",
            category=[_tag(f"fluid-{one.direction}")],
            code=concept(one.what),
            subject=self.subject,
            encounter=self.encounter(one.stay),
            effective_date_time=self.time(one.at),
            value_quantity=_quantity(one.ml, "mL"),
        )

    def done(self, n: int, one: Any) -> r.Resource:
        said: dict[str, Any] = {"id": f"{one.kind}-{n}", "encounter": self.encounter(one.stay)}
        at, code = self.time(one.at), concept(one.what)
        if one.kind == "immunization":
            told: dict[str, Any] = {"patient": self.subject, "occurrence_date_time": at}
            return r.Immunization(**said, **told, status="completed", vaccine_code=code)
        said["subject"] = self.subject
        if one.kind == "report":
            words: dict[str, Any] = {"effective_date_time": at, "conclusion": one.text}
            return r.DiagnosticReport(**said, **words, status="final", code=code)
        category = r.Concept(text=one.kind)
        return r.Procedure(
            **said, status="completed", category=category, code=code, performed_date_time=at
        )


def _quantity(value: float, unit: str) -> r.Quantity:
    return r.Quantity(value=value, unit=unit, system=r.UCUM if unit else "", code=unit)
