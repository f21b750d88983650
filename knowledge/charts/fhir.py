"""FHIR R4 bundles (Synthea's, or any with the resources that are known), plain or gzip."""

import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from ..errors import BadChart
from . import resources as r
from .building import Building, instant, minutes
from .export import OWN
from .model import Allergy, Chart, Coding, Done, Fluid, Given, Observed, Problem, Report, Stay
from .rows import text

_NAMES = {url: name for name, url in r.SYSTEMS.items()}
_SEX = {"female": "F", "male": "M"}
_ETHNICITY = "us-core-race"
_VITAL, _LAB = "vital-signs", "laboratory"
_FLUIDS = frozenset({"fluid-in", "fluid-out"})
_WEIGHT, _HEIGHT = ("29463-7", "kg"), ("8302-2", "cm")
_UNLIKE = "no part of a chart that is kept"
_ORPHAN = "of a patient who is not in the bundle"


def coding(concept: r.Concept) -> Coding:
    """The first code of a system that is known, else the first, else the words."""
    ranked = sorted(concept.coding, key=lambda c: c.system not in _NAMES)
    if not ranked:
        return Coding(text=concept.text)
    first = ranked[0]
    name = _NAMES.get(first.system, first.system.removeprefix(OWN))
    return Coding(system=name, code=first.code, text=concept.text or first.display)


def _id(ref: r.Ref) -> str:
    return ref.reference.rpartition(":")[2].rpartition("/")[2]


class _Reader:
    """One person of a bundle."""

    def __init__(self, person: r.Patient, origin: datetime, where: str) -> None:
        self.origin, self.where = origin, where
        born = instant(person.birth_date, f"{where}, birthDate")
        age = None
        if born is not None:
            age = origin.year - born.year - ((origin.month, origin.day) < (born.month, born.day))
        self.chart = Building(
            source="fhir",
            subject=person.id,
            sex=_SEX.get(person.gender, ""),
            age_years=age,
            ethnicity=_ethnicity(person),
            origin=origin.isoformat(),
        )

    def at(self, told: str) -> float | None:
        """Minutes from the origin. Raises BadChart."""
        return minutes(self.origin, instant(told, self.where))


def _ethnicity(person: r.Patient) -> str:
    for outer in person.extension:
        if outer.url.endswith(_ETHNICITY):
            return next((e.value_string.lower() for e in outer.extension if e.url == "text"), "")
    return ""


def _encounter(on: _Reader, one: r.Encounter) -> str:
    start = on.at(one.period.start)
    if start is None:
        return "without a time"
    kind = one.class_.code or (coding(one.type[0]).text if one.type else "")
    reason = coding(one.reason_code[0]).text if one.reason_code else ""
    on.chart.stays.append(
        Stay(id=one.id, kind=kind, start=start, end=on.at(one.period.end), reason=reason)
    )
    return ""


def _condition(on: _Reader, one: r.Condition) -> str:
    on.chart.problems.append(
        Problem(
            what=coding(one.code),
            at=on.at(one.onset_date_time),
            until=on.at(one.abatement_date_time),
            stay=_id(one.encounter),
            past=not one.encounter.reference,
        )
    )
    return ""


def _value(one: r.Observation | r.Component) -> dict[str, Any] | None:
    if one.value_quantity is not None and one.value_quantity.value is not None:
        unit = one.value_quantity.code or one.value_quantity.unit
        return {"value": one.value_quantity.value, "unit": unit}
    words = one.value_string
    if one.value_codeable_concept is not None:
        words = coding(one.value_codeable_concept).text
    return {"text": words} if words else None


def _observation(on: _Reader, one: r.Observation) -> str:
    kinds = {c.code for concept in one.category for c in concept.coding}
    if fluid := _FLUIDS.intersection(kinds):
        return _fluid(on, one, min(fluid))
    kind = "vital" if _VITAL in kinds else "lab" if _LAB in kinds else "other"
    parts = [(one.code, _value(one)), *((c.code, _value(c)) for c in one.component)]
    known = [(code, value) for code, value in parts if value is not None]
    for code, value in known:
        on.chart.observations.append(
            Observed(
                what=coding(code),
                kind=kind,
                at=on.at(one.effective_date_time),
                stay=_id(one.encounter),
                **value,
            )
        )
    return "" if known else "without a value"


def _fluid(on: _Reader, one: r.Observation, category: str) -> str:
    at, told = on.at(one.effective_date_time), one.value_quantity
    if at is None or told is None or told.value is None:
        return "without a time or a volume"
    direction = category.removeprefix("fluid-")
    on.chart.fluids.append(
        Fluid(
            direction=direction,
            what=coding(one.code),
            at=at,
            ml=told.value,
            stay=_id(one.encounter),
        )
    )
    return ""


def _request(on: _Reader, one: r.MedicationRequest) -> str:
    drug = coding(one.medication_codeable_concept)
    if drug == Coding():
        return "without a drug"
    dose = one.dosage_instruction[0] if one.dosage_instruction else r.Dose()
    on.chart.drugs.append(
        Given(
            drug=drug,
            at=on.at(one.authored_on),
            until=on.at(one.dispense_request.validity_period.end),
            stay=_id(one.encounter),
            dose=dose.text,
            route=coding(dose.route).text,
            status=one.status,
        )
    )
    return ""


def _allergy(on: _Reader, one: r.AllergyIntolerance) -> str:
    first = one.reaction[0] if one.reaction else r.Reaction()
    said = [coding(m).text for m in first.manifestation]
    on.chart.allergies.append(
        Allergy(
            what=coding(one.code),
            at=on.at(one.recorded_date),
            stay=_id(one.encounter),
            reaction=", ".join(said),
            severity=first.severity,
        )
    )
    return ""


def _done(
    on: _Reader, kind: str, code: r.Concept, at: str, encounter: r.Ref, words: str = ""
) -> str:
    done = Done(kind=kind, what=coding(code), at=on.at(at), stay=_id(encounter), text=words)
    on.chart.done.append(done)
    return ""


def _put(on: _Reader, one: r.Resource) -> str:
    """Add a resource to the chart; why it could not, "" where it could."""
    match one:
        case r.Patient():
            return ""
        case r.Encounter():
            return _encounter(on, one)
        case r.Condition():
            return _condition(on, one)
        case r.Observation():
            return _observation(on, one)
        case r.MedicationRequest():
            return _request(on, one)
        case r.AllergyIntolerance():
            return _allergy(on, one)
        case r.Procedure():
            at = one.performed_period.start or one.performed_date_time
            kind = one.category.text or "procedure"
            return _done(on, kind, one.code, at, one.encounter)
        case r.DiagnosticReport():
            at = one.effective_date_time
            return _done(on, "report", one.code, at, one.encounter, one.conclusion)
        case r.Immunization():
            at = one.occurrence_date_time
            return _done(on, "immunization", one.vaccine_code, at, one.encounter)


def _subject(one: r.Resource) -> str:
    if isinstance(one, r.Patient):
        return one.id
    ref = one.patient if isinstance(one, r.AllergyIntolerance | r.Immunization) else one.subject
    return _id(ref)


def _resources(bundle: r.Bundle, where: str, report: Report) -> list[r.Resource]:
    """The resources that can be read; the others are counted with the reason."""
    found: list[r.Resource] = []
    for number, entry in enumerate(bundle.entry, 1):
        kind = str(entry.resource.get("resourceType", "no resourceType"))
        report.came(kind)
        if kind not in r.KNOWN:
            report.leave(kind, _UNLIKE)
            continue
        try:
            found.append(msgspec.convert(entry.resource, r.Resource, strict=False))
        except msgspec.ValidationError as error:
            report.leave(kind, f"{where}, entry {number}: {error}")
    return found


def bundle(body: str | bytes, where: str, report: Report) -> Iterator[Chart]:
    """Charts of one bundle. Raises BadChart where it is none."""
    try:
        found = msgspec.json.decode(body, type=r.Bundle)
    except msgspec.DecodeError as error:
        raise BadChart(f"{where}: no FHIR bundle: {error}") from error
    if found.resource_type != "Bundle":
        raise BadChart(f"{where}: expected a Bundle, got {found.resource_type!r}")
    known = _resources(found, where, report)
    people = [p for p in known if isinstance(p, r.Patient)]
    for person in people:
        own = [one for one in known if _subject(one) == person.id]
        on = _Reader(person, _origin(own, where), where)
        for one in own:
            name = type(one).__name__
            try:
                why = _put(on, one)
            except BadChart as error:
                why = str(error)
            if why:
                report.leave(name, why)
            else:
                report.keep(name)
        yield _sized(on.chart.chart())
    ids = {p.id for p in people}
    for one in known:
        if _subject(one) not in ids:
            report.leave(type(one).__name__, _ORPHAN)


def _sized(chart: Chart) -> Chart:
    """With the last weight and height that were observed."""
    last = {(o.what.code, o.unit): o.value for o in chart.observations}
    return msgspec.structs.replace(chart, weight_kg=last.get(_WEIGHT), height_cm=last.get(_HEIGHT))


def _origin(own: list[r.Resource], where: str) -> datetime:
    """The start of the first encounter, else the earliest time that is told."""
    starts = [one.period.start for one in own if isinstance(one, r.Encounter)]
    if not any(starts):
        starts = [one.effective_date_time for one in own if isinstance(one, r.Observation)]
    times: list[datetime] = []
    for told in starts:
        # A time that cannot be read is counted with its resource.
        with suppress(BadChart):
            times += [at] if (at := instant(told, where)) is not None else []
    return min(times, default=datetime(1970, 1, 1))  # noqa: DTZ001 - times are kept without zone


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(p for p in path.iterdir() if p.name.endswith((".json", ".json.gz")))


def read(path: Path, report: Report, limit: int = 0) -> Iterator[Chart]:
    """Charts of a bundle or of a folder of bundles. Raises BadChart."""
    files = _files(path) if path.exists() else []
    if not files:
        raise BadChart(f"{path.name}: expected a bundle, or a folder of .json or .json.gz files")
    count = 0
    for file in files:
        try:
            body = text(file)
        except (OSError, EOFError, zlib.error) as error:
            raise BadChart(f"{file.name}: damaged or cut off: {error}") from error
        for chart in bundle(body, file.name, report):
            yield chart
            count += 1
            if limit and count >= limit:
                return
