"""FHIR R4 bundles (Synthea's, or any with the resources that are known), plain or gzip."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from ..errors import BadChart
from . import resources as r
from . import words
from .building import Building, instant, minutes
from .links import Links, foreign
from .model import Allergy, Chart, Coding, Done, Fluid, Given, Observed, Problem, Report, Stay
from .rows import text

_SEX = {"female": "F", "male": "M"}
_ETHNICITY = "us-core-race"
_VITAL, _LAB = "vital-signs", "laboratory"
_FLUIDS = frozenset({"fluid-in", "fluid-out"})
_WEIGHT, _HEIGHT = ("29463-7", "kg"), ("8302-2", "cm")
_ORPHAN = "of a patient who is not in the bundle"
_BEYOND = "of a patient beyond the limit"
_USED = "a dictionary: its names are used"
_LISTED = "problem-list-item"
_OVER = frozenset({"inactive", "resolved", "remission"})
_FILES = tuple(f".{kind}{packed}" for kind in ("json", "jsonl", "ndjson") for packed in ("", ".gz"))


class _Reader:
    """One person of a bundle."""

    def __init__(self, person: r.Patient, own: list[r.Resource], links: Links, where: str) -> None:
        self.links, self.where, self.here = links, where, f"{where}, Patient {person.id}"
        self.origin = datetime(1970, 1, 1)  # noqa: DTZ001 - times are kept without zone
        self.origin = self._first(person, own)
        born = self._time(person.birth_date, "birthDate")
        origin, age = self.origin, None
        if born is not None:
            age = origin.year - born.year - ((origin.month, origin.day) < (born.month, born.day))
        died = self.at(person.deceased_date_time, "deceasedDateTime")
        self.chart = Building(
            source="fhir",
            subject=person.id,
            sex=_SEX.get(person.gender, ""),
            age_years=age,
            ethnicity=_ethnicity(person),
            origin=origin.isoformat(),
            dead=person.deceased_boolean or died is not None,
            died=died,
        )

    def _time(self, told: str, field: str) -> datetime | None:
        return instant(words.date(told), f"{self.here}, {field}")

    def at(self, told: str, field: str) -> float | None:
        """Minutes from the origin. Raises BadChart."""
        return minutes(self.origin, self._time(told, field))

    def stay(self, ref: r.Ref) -> str:
        """The stay that a reference points at."""
        return self.links.name(ref, "Encounter")

    def _first(self, person: r.Patient, own: list[r.Resource]) -> datetime:
        """What minutes count from: told, else the first encounter, else what was observed first."""
        told = [e.value_date_time for e in person.extension if e.url == r.ORIGIN]
        met = [o for o in own if isinstance(o, r.Encounter) and not words.wrong(o.status)]
        starts = told or [one.period.start for one in met]
        if not any(starts):
            starts = [_when(one) for one in own if isinstance(one, r.Observation)]
        times = [at for text_ in starts if (at := self._time(text_, "start")) is not None]
        return min(times, default=self.origin)


def _ethnicity(person: r.Patient) -> str:
    for outer in person.extension:
        if outer.url.endswith(_ETHNICITY):
            return next((e.value_string.lower() for e in outer.extension if e.url == "text"), "")
    return ""


def _when(one: r.Observation) -> str:
    return one.effective_date_time or one.effective_instant or one.effective_period.start


def _encounter(on: _Reader, one: r.Encounter) -> str:
    start = on.at(one.period.start, "period.start")
    if why := words.wrong(one.status):
        return why
    if start is None:
        return "without a time"
    kind = one.class_.code or (words.coding(one.type[0]).text if one.type else "")
    reasons = [words.coding(c).text for c in one.reason_code]
    end = on.at(one.period.end, "period.end")
    out = words.coding(one.hospitalization.discharge_disposition).text
    reason = ", ".join(t for t in reasons if t)
    on.chart.stays.append(
        Stay(id=one.id, kind=kind, start=start, end=end, reason=reason, outcome=out)
    )
    return ""


def _condition(on: _Reader, one: r.Condition) -> str:
    if why := words.wrong(words.state(one.verification_status)):
        return why
    onset = one.onset_date_time or one.onset_period.start or one.recorded_date
    until = on.at(one.abatement_date_time or one.abatement_period.end, "abatementDateTime")
    over = until is None and words.state(one.clinical_status) in _OVER
    listed = {c.code for concept in one.category for c in concept.coding}
    on.chart.problems.append(
        Problem(
            what=words.coding(one.code),
            at=on.at(onset, "onsetDateTime"),
            until=until,
            stay=on.stay(one.encounter),
            past=over or listed == {_LISTED} or not one.encounter.reference,
        )
    )
    return ""


def _observation(on: _Reader, one: r.Observation) -> str:
    if why := words.wrong(one.status):
        return why
    kinds = {c.code for concept in one.category for c in concept.coding}
    if fluid := _FLUIDS.intersection(kinds):
        return _fluid(on, one, min(fluid))
    kind = "vital" if _VITAL in kinds else "lab" if _LAB in kinds else "other"
    valued: tuple[r.Valued, ...] = (one, *one.component)
    parts = [(v.code, words.value(v, words.called(v.value_codeable_concept))) for v in valued]
    known = [(code, value) for code, value in parts if value is not None]
    beside = "; ".join(n.text for n in one.note)
    for code, value in known:
        told = value if "text" in value else {**value, "text": beside}
        at = on.at(_when(one), "effectiveDateTime")
        stay = on.stay(one.encounter)
        seen = Observed(what=words.coding(code), kind=kind, at=at, stay=stay, **told)
        on.chart.observations.append(seen)
    return "" if known else "without a value"


def _fluid(on: _Reader, one: r.Observation, category: str) -> str:
    at, told = on.at(_when(one), "effectiveDateTime"), one.value_quantity
    if at is None or told is None or told.value is None:
        return "without a time or a volume"
    direction, stay = category.removeprefix("fluid-"), on.stay(one.encounter)
    what = words.coding(one.code)
    on.chart.fluids.append(Fluid(direction=direction, what=what, at=at, ml=told.value, stay=stay))
    return ""


def _request(on: _Reader, one: r.MedicationRequest) -> str:
    drug = words.coding(on.links.drug(one))
    if one.do_not_perform:
        return "an order not to give a drug"
    if why := words.wrong(one.status):
        return why
    if drug == Coding():
        return "without a drug"
    doses = [words.dose(d) for d in one.dosage_instruction]
    routes = [words.called(d.route) for d in one.dosage_instruction]
    status = one.status_reason.text if one.status == "unknown" else ""
    on.chart.drugs.append(
        Given(
            drug=drug,
            at=on.at(one.authored_on, "authoredOn"),
            until=on.at(one.dispense_request.validity_period.end, "validityPeriod.end"),
            stay=on.stay(one.encounter),
            dose="; ".join(d for d in doses if d),
            route=", ".join(dict.fromkeys(t for t in routes if t)),
            status=status or one.status,
        )
    )
    return ""


def _given(on: _Reader, one: r.MedicationAdministration) -> str:
    drug = words.coding(on.links.drug(one))
    if why := words.wrong(one.status):
        return why
    if drug == Coding():
        return "without a drug"
    on.chart.drugs.append(
        Given(
            drug=drug,
            at=on.at(one.effective_period.start or one.effective_date_time, "effectivePeriod"),
            until=on.at(one.effective_period.end, "effectivePeriod.end"),
            stay=on.stay(one.context),
            dose=words.dose(one.dosage),
            route=words.called(one.dosage.route),
            status="given" if one.status == "completed" else one.status,
        )
    )
    return ""


def _allergy(on: _Reader, one: r.AllergyIntolerance) -> str:
    if why := words.wrong(words.state(one.verification_status)):
        return why
    if words.state(one.clinical_status) in _OVER:
        return "no longer active in the source"
    if words.coding(one.code).text.lower().startswith("no known"):
        return "says that none is known"
    said = [words.coding(m).text for reaction in one.reaction for m in reaction.manifestation]
    graded = [reaction.severity for reaction in one.reaction if reaction.severity]
    on.chart.allergies.append(
        Allergy(
            what=words.coding(one.code),
            at=on.at(one.recorded_date or one.onset_date_time, "recordedDate"),
            stay=on.stay(one.encounter),
            reaction=", ".join(t for t in said if t),
            # mild, moderate, severe: the worst is the last in the alphabet, too.
            severity=max(graded, default=""),
        )
    )
    return ""


def _procedure(on: _Reader, one: r.Procedure) -> str:
    at = on.at(one.performed_period.start or one.performed_date_time, "performedDateTime")
    kind, text_ = words.called(one.category) or "procedure", "; ".join(n.text for n in one.note)
    stay = on.stay(one.encounter)
    on.chart.done.append(Done(kind=kind, what=words.coding(one.code), at=at, stay=stay, text=text_))
    return ""


def _report(on: _Reader, one: r.DiagnosticReport) -> str:
    at = on.at(one.effective_date_time or one.effective_period.start, "effectiveDateTime")
    what, stay = words.coding(one.code), on.stay(one.encounter)
    on.chart.done.append(Done(kind="report", what=what, at=at, stay=stay, text=one.conclusion))
    return ""


def _immunization(on: _Reader, one: r.Immunization) -> str:
    at = on.at(one.occurrence_date_time, "occurrenceDateTime")
    what, stay = words.coding(one.vaccine_code), on.stay(one.encounter)
    on.chart.done.append(Done(kind="immunization", what=what, at=at, stay=stay))
    return ""


_MAKE: dict[type, Callable[[_Reader, Any], str]] = {
    r.Encounter: _encounter,
    r.Condition: _condition,
    r.Observation: _observation,
    r.MedicationRequest: _request,
    r.MedicationAdministration: _given,
    r.AllergyIntolerance: _allergy,
    r.Procedure: _procedure,
    r.DiagnosticReport: _report,
    r.Immunization: _immunization,
}


def _put(on: _Reader, one: r.Resource) -> str:
    """Add a resource to the chart; why it could not, "" where it could."""
    if isinstance(one, r.Patient | r.Medication):
        return ""
    on.here = f"{on.where}, {type(one).__name__} {one.id}"
    if isinstance(one, r.Procedure | r.DiagnosticReport | r.Immunization) and (
        why := words.wrong(one.status)
    ):
        return why
    return _MAKE[type(one)](on, one)


def _subject(one: r.Resource, links: Links) -> str:
    if isinstance(one, r.Patient):
        return one.id
    if isinstance(one, r.Medication):
        return ""
    ref = one.patient if isinstance(one, r.AllergyIntolerance | r.Immunization) else one.subject
    return links.name(ref, "Patient")


def _resources(links: Links, where: str, report: Report) -> list[r.Resource]:
    """The resources that can be read; the others are counted with the reason."""
    found: list[r.Resource] = []
    for (kind, id_), resource in links.held.items():
        if why := foreign(resource):
            report.leave(kind, why)
            continue
        try:
            found.append(msgspec.convert(resource, r.Resource, strict=False))
        except msgspec.ValidationError as error:
            report.leave(kind, f"{where}, {kind} {id_}: {error}")
    return found


def bundle(body: str | bytes, where: str, report: Report, limit: int = 0) -> Iterator[Chart]:
    """Charts of one bundle, at most `limit` (0: all). Raises BadChart where it is none."""
    try:
        found = msgspec.json.decode(body, type=r.Bundle)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadChart(f"{where}: no FHIR bundle: {error}") from error
    if found.resource_type != "Bundle":
        raise BadChart(f"{where}: expected a Bundle, got {found.resource_type!r}")
    links = Links(found.entry, report)
    own: dict[str, list[r.Resource]] = {}
    for one in _resources(links, where, report):
        if isinstance(one, r.Medication):
            report.leave("Medication", _USED)
        else:
            own.setdefault(_subject(one, links), []).append(one)
    people = {one.id: one for held in own.values() for one in held if isinstance(one, r.Patient)}
    for number, (id_, person) in enumerate(people.items()):
        if limit and number >= limit:
            _leave(own.pop(id_), _BEYOND, report)
        else:
            yield _chart(person, own.pop(id_), links, where)
    for others in own.values():
        _leave(others, _ORPHAN, report)


def _leave(held: list[r.Resource], why: str, report: Report) -> None:
    for one in held:
        report.leave(type(one).__name__, why)


def _chart(person: r.Patient, own: list[r.Resource], links: Links, where: str) -> Chart:
    on = _Reader(person, own, links, where)
    for one in own:
        name = type(one).__name__
        if why := _put(on, one):
            links.report.leave(name, why)
        else:
            links.report.keep(name)
    return _sized(on.chart.chart())


def _sized(chart: Chart) -> Chart:
    """With the last weight and height that were observed."""
    seen = (o for o in chart.observations if o.value is not None)
    last = {(o.what.code, o.unit): o.value for o in seen}
    return msgspec.structs.replace(chart, weight_kg=last.get(_WEIGHT), height_cm=last.get(_HEIGHT))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(p for p in path.iterdir() if p.name.lower().endswith(_FILES))


def _bodies(file: Path) -> Iterator[tuple[str, str]]:
    """Where a bundle stands, and its text: a file, or each line of one with several."""
    whole = text(file)
    lines = [(n, line) for n, line in enumerate(whole.split("\n"), 1) if line.strip()]
    # A bundle that is set over many lines opens with one that is no whole object.
    if len(lines) < 2 or not lines[0][1].rstrip().endswith("}"):
        yield file.name, whole
        return
    for n, line in lines:
        yield f"{file.name}, line {n}", line


def read(path: Path, report: Report, limit: int = 0) -> Iterator[Chart]:
    """Charts of a file or of a folder of files, each a bundle or several, one a line.

    Raises BadChart, also where a patient comes in two bundles: half a chart is none.
    """
    files = _files(path) if path.exists() else []
    if not files:
        raise BadChart(f"{path.name}: expected a bundle, or a folder of .json or .json.gz files")
    seen: dict[str, str] = {}
    for where, body in (one for file in files for one in _bodies(file)):
        for chart in bundle(body, where, report, limit - len(seen) if limit else 0):
            if chart.subject in seen:
                raise BadChart(f"{where}: patient {chart.subject} came in {seen[chart.subject]}")
            seen[chart.subject] = where
            yield chart
        if limit and len(seen) >= limit:
            return
