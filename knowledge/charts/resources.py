"""The parts of FHIR R4 that are read and written (hl7.org/fhir/R4). Other elements are passed over.

Names are FHIR's own, in its spelling by `rename`.
"""

from typing import Any

import msgspec

SYSTEMS = {
    "loinc": "http://loinc.org",
    "snomed": "http://snomed.info/sct",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "cvx": "http://hl7.org/fhir/sid/cvx",
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "icd9cm": "http://hl7.org/fhir/sid/icd-9-cm",
    "ndc": "http://hl7.org/fhir/sid/ndc",
}
UCUM = "http://unitsofmeasure.org"


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Anything of FHIR."""


class Code(Part, frozen=True, kw_only=True):
    """`Coding`."""

    system: str = ""
    code: str = ""
    display: str = ""


class Concept(Part, frozen=True, kw_only=True):
    """`CodeableConcept`."""

    coding: list[Code] = []
    text: str = ""


class Ref(Part, frozen=True, kw_only=True):
    """`Reference`."""

    reference: str = ""
    display: str = ""


class Quantity(Part, frozen=True, kw_only=True):
    """`Quantity`."""

    value: float | None = None
    unit: str = ""
    system: str = ""
    code: str = ""


class Period(Part, frozen=True, kw_only=True):
    """`Period`."""

    start: str = ""
    end: str = ""


class Extension(Part, frozen=True, kw_only=True):
    """`Extension`, with the values that US Core uses for race and ethnicity."""

    url: str = ""
    extension: "list[Extension]" = []
    value_string: str = ""


class Patient(Part, frozen=True, kw_only=True, tag_field="resourceType", tag="Patient"):
    """`Patient`."""

    id: str = ""
    gender: str = ""
    birth_date: str = ""
    extension: list[Extension] = []


class Encounter(Part, frozen=True, kw_only=True, tag_field="resourceType", tag="Encounter"):
    """`Encounter`."""

    id: str = ""
    status: str = ""
    class_: Code = msgspec.field(default=Code(), name="class")
    type: list[Concept] = []
    reason_code: list[Concept] = []
    period: Period = Period()
    subject: Ref = Ref()


class Condition(Part, frozen=True, kw_only=True, tag_field="resourceType", tag="Condition"):
    """`Condition`."""

    id: str = ""
    clinical_status: Concept = Concept()
    code: Concept = Concept()
    subject: Ref = Ref()
    encounter: Ref = Ref()
    onset_date_time: str = ""
    abatement_date_time: str = ""


class Component(Part, frozen=True, kw_only=True):
    """`Observation.component`."""

    code: Concept = Concept()
    value_quantity: Quantity | None = None
    value_string: str = ""
    value_codeable_concept: Concept | None = None


class Observation(Part, frozen=True, kw_only=True, tag_field="resourceType", tag="Observation"):
    """`Observation`."""

    id: str = ""
    status: str = ""
    category: list[Concept] = []
    code: Concept = Concept()
    subject: Ref = Ref()
    encounter: Ref = Ref()
    effective_date_time: str = ""
    value_quantity: Quantity | None = None
    value_string: str = ""
    value_codeable_concept: Concept | None = None
    component: list[Component] = []


class Dose(Part, frozen=True, kw_only=True):
    """`Dosage`, its words and route only."""

    text: str = ""
    route: Concept = Concept()


class Dispense(Part, frozen=True, kw_only=True):
    """`MedicationRequest.dispenseRequest`."""

    validity_period: Period = Period()


class MedicationRequest(
    Part, frozen=True, kw_only=True, tag_field="resourceType", tag="MedicationRequest"
):
    """`MedicationRequest`."""

    id: str = ""
    status: str = ""
    intent: str = ""
    medication_codeable_concept: Concept = Concept()
    subject: Ref = Ref()
    encounter: Ref = Ref()
    authored_on: str = ""
    dosage_instruction: list[Dose] = []
    dispense_request: Dispense = Dispense()


class Reaction(Part, frozen=True, kw_only=True):
    """`AllergyIntolerance.reaction`."""

    manifestation: list[Concept] = []
    severity: str = ""


class AllergyIntolerance(
    Part, frozen=True, kw_only=True, tag_field="resourceType", tag="AllergyIntolerance"
):
    """`AllergyIntolerance`."""

    id: str = ""
    code: Concept = Concept()
    patient: Ref = Ref()
    encounter: Ref = Ref()
    recorded_date: str = ""
    reaction: list[Reaction] = []


class Procedure(Part, frozen=True, kw_only=True, tag_field="resourceType", tag="Procedure"):
    """`Procedure`."""

    id: str = ""
    status: str = ""
    category: Concept = Concept()
    code: Concept = Concept()
    subject: Ref = Ref()
    encounter: Ref = Ref()
    performed_period: Period = Period()
    performed_date_time: str = ""


class DiagnosticReport(
    Part, frozen=True, kw_only=True, tag_field="resourceType", tag="DiagnosticReport"
):
    """`DiagnosticReport`."""

    id: str = ""
    status: str = ""
    code: Concept = Concept()
    subject: Ref = Ref()
    encounter: Ref = Ref()
    effective_date_time: str = ""
    conclusion: str = ""


class Immunization(Part, frozen=True, kw_only=True, tag_field="resourceType", tag="Immunization"):
    """`Immunization`."""

    id: str = ""
    status: str = ""
    vaccine_code: Concept = Concept()
    patient: Ref = Ref()
    encounter: Ref = Ref()
    occurrence_date_time: str = ""


Resource = (
    Patient
    | Encounter
    | Condition
    | Observation
    | MedicationRequest
    | AllergyIntolerance
    | Procedure
    | DiagnosticReport
    | Immunization
)
KNOWN = (
    "AllergyIntolerance",
    "Condition",
    "DiagnosticReport",
    "Encounter",
    "Immunization",
    "MedicationRequest",
    "Observation",
    "Patient",
    "Procedure",
)


class Entry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`Bundle.entry` as it comes: the resource is read by its type."""

    resource: dict[str, Any] = {}


class Bundle(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`Bundle`."""

    resource_type: str
    type: str = ""
    entry: list[Entry] = []
