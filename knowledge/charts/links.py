"""Who is who in a FHIR bundle: names of its resources, and what references point at.

References come as the full address of an entry (`urn:uuid:...`), as `Type/id` (with a server before
it or a version behind), or as `#id` of a contained resource (hl7.org/fhir/R4/references.html).
"""

import re
from typing import Any

from . import resources as r
from .model import Report

Name = tuple[str, str]
"""Type and id."""
UNLIKE = "no part of a chart that is kept"
TWICE = "of an id that came before in the bundle"
_TYPED = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[^/]+)?")
_OTHER_VERSIONS = {
    "Condition": ("context", "assertedDate", "assertedString"),
    "DiagnosticReport": ("context",),
    "Encounter": ("actualPeriod", "reason"),
    "Immunization": ("date", "notGiven"),
    "MedicationAdministration": ("medication", "occurenceDateTime", "occurencePeriod", "notGiven"),
    "MedicationRequest": ("medication", "context"),
    "Observation": ("context",),
    "Procedure": ("context", "occurrenceDateTime", "occurrencePeriod", "notDone"),
}
"""Elements of STU3 or R5 that R4 does not have, and that hold what is kept of a chart."""


class Links:
    """The entries of a bundle by their names."""

    def __init__(self, entries: list[r.Entry], report: Report) -> None:
        self.report = report
        self.held: dict[Name, dict[str, Any]] = {}
        self._urls: dict[str, Name] = {}
        for number, entry in enumerate(entries, 1):
            self._add(number, entry)

    def _add(self, number: int, entry: r.Entry) -> None:
        kind = str(entry.resource.get("resourceType", "no resourceType"))
        self.report.came(kind)
        if kind not in r.KNOWN:
            self.report.leave(kind, UNLIKE)
            return
        last = entry.full_url.rpartition(":")[2].rpartition("/")[2]
        id_ = str(entry.resource.get("id") or last or f"entry-{number}")
        if (kind, id_) in self.held:
            self.report.leave(kind, TWICE)
            return
        self.held[kind, id_] = {**entry.resource, "id": id_}
        if entry.full_url:
            self._urls[entry.full_url] = (kind, id_)

    def name(self, ref: r.Ref, kind: str) -> str:
        """The id of what a reference points at; empty where that is of another type."""
        told = ref.reference
        if told in self._urls:
            found, id_ = self._urls[told]
            return id_ if found == kind else ""
        if match := _TYPED.fullmatch(told):
            return match[2] if match[1] == kind else ""
        return told.rpartition(":")[2] if told.startswith("urn:") else ""

    def drug(self, one: r.MedicationRequest | r.MedicationAdministration) -> r.Concept:
        """The drug: said by itself, or in a resource that it points at."""
        told = one.medication_reference.reference
        if told.startswith("#"):
            inner = [c for c in one.contained if c.get("id") == told[1:]]
        else:
            inner = [
                self.held.get(("Medication", self.name(one.medication_reference, "Medication")), {})
            ]
        for found in inner:
            if found.get("resourceType") == "Medication":
                return r.medication(found).code
        return one.medication_codeable_concept


def foreign(resource: dict[str, Any]) -> str:
    """Why a resource cannot be read as R4 without loss; "" where it can."""
    if "modifierExtension" in resource:
        return "with a modifierExtension, whose meaning is not known here"
    others = _OTHER_VERSIONS.get(str(resource.get("resourceType")), ())
    found = [name for name in others if name in resource]
    return f"not of FHIR R4: it has the element {found[0]!r}" if found else ""
