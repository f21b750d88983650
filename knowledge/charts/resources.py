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
OWN = "urn:healthgym:"
"""Opens the system of codes that FHIR has no address for."""
ORIGIN = "urn:healthgym:origin"
"""Extension of a patient: the time that minutes count from, where no encounter starts then."""


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
    comparator: str = ""
    unit: str = ""
    system: str = ""
    code: str = ""


class Range(Part, frozen=True, kw_only=True):
    """`Range`."""

    low: Quantity | None = None
    high: Quantity | None = None


class Ratio(Part, frozen=True, kw_only=True):
    """`Ratio`."""

    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Period(Part, frozen=True, kw_only=True):
    """`Period`."""

    start: str = ""
    end: str = ""


class Extension(Part, frozen=True, kw_only=True):
    """`Extension`, with the values that US Core uses for race and ethnicity."""

    url: str = ""
    extension: "list[Extension]" = []
    value_string: str = ""
    value_date_time: str = ""


class Note(Part, frozen=True, kw_only=True):
    """`Annotation`."""

    text: str = ""


class Patient(Part, frozen=True, kw_only=True, tag_field="resourceType", tag="Patient"):
    """`Patient`."""

    id: str = ""
    gender: str = ""
    birth_date: str = ""
    deceased_boolean: bool = False
    deceased_date_time: str = ""
    extension: list[Extension] = []


class Hospitalization(Part, frozen=True, kw_only=True):
    """`Encounter.hospitalization`."""

    discharge_disposition: Concept = Concept()


class Encounter(Part, frozen=True, kw_only=True, tag_field="resourceType", tag="Encounter"):
    """`Encounter`."""

    id: str = ""
    status: str = ""
    class_: Code = msgspec.field(default=Code(), name="class")
    type: list[Concept] = []
    reason_code: list[Concept] = []
    period: Period = Period()
    hospitalization: Hospitalization = Hospitalization()
    subject: Ref = Ref()


class Condition(Part, frozen=True, kw_only=True, tag_field="resourceType", tag="Condition"):
    """`Condition`."""

    id: str = ""
    clinical_status: Concept = Concept()
    verification_status: Concept = Concept()
    category: list[Concept] = []
    code: Concept = Concept()
    subject: Ref = Ref()
    encounter: Ref = Ref()
    onset_date_time: str = ""
    onset_period: Period = Period()
    abatement_date_time: str = ""
    abatement_period: Period = Period()
    recorded_date: str = ""


class Valued(Part, frozen=True, kw_only=True):
    """`value[x]`, of all the types that it may have."""

    code: Concept = Concept()
    value_quantity: Quantity | None = None
    value_string: str = ""
    value_codeable_concept: Concept | None = None
    value_integer: int | None = None
    value_boolean: bool | None = None
    value_date_time: str = ""
    value_time: str = ""
    value_period: Period | None = None
    value_range: Range | None = None
    value_ratio: Ratio | None = None


class Component(Valued, frozen=True, kw_only=True):
    """`Observation.component`."""


class Observation(Valued, frozen=True, kw_only=True, tag_field="resourceType", tag="Observation"):
    """`Observation`."""

    id: str = ""
    status: str = ""
    category: list[Concept] = []
    subject: Ref = Ref()
    encounter: Ref = Ref()
    effective_date_time: str = ""
    effective_period: Period = Period()
    effective_instant: str = ""
    note: list[Note] = []
    component: list[Component] = []


class Repeat(Part, frozen=True, kw_only=True):
    """`Timing.repeat`."""

    frequency: int | None = None
    period: float | None = None
    period_unit: str = ""


class Timing(Part, frozen=True, kw_only=True):
    """`Timing`."""

    code: Concept = Concept()
    repeat: Repeat = Repeat()


class Much(Part, frozen=True, kw_only=True):
    """`Dosage.doseAndRate`."""

    dose_quantity: Quantity | None = None
    dose_range: Range | None = None
    rate_quantity: Quantity | None = None
    rate_range: Range | None = None
    rate_ratio: Ratio | None = None


class Dose(Part, frozen=True, kw_only=True):
    """`Dosage`; of an administration with `dose` beside its words."""

    text: str = ""
    route: Concept = Concept()
    timing: Timing = Timing()
    as_needed_boolean: bool = False
    dose_and_rate: list[Much] = []
    dose: Quantity | None = None


class Dispense(Part, frozen=True, kw_only=True):
    """`MedicationRequest.dispenseRequest`."""

    validity_period: Period = Period()


class MedicationRequest(
    Part, frozen=True, kw_only=True, tag_field="resourceType", tag="MedicationRequest"
):
    """`MedicationRequest`."""

    id: str = ""
    status: str = ""
    status_reason: Concept = Concept()
    intent: str = ""
    do_not_perform: bool = False
    medication_codeable_concept: Concept = Concept()
    medication_reference: Ref = Ref()
    contained: list[dict[str, Any]] = []
    subject: Ref = Ref()
    encounter: Ref = Ref()
    authored_on: str = ""
    dosage_instruction: list[Dose] = []
    dispense_request: Dispense = Dispense()


class MedicationAdministration(
    Part, frozen=True, kw_only=True, tag_field="resourceType", tag="MedicationAdministration"
):
    """`MedicationAdministration`."""

    id: str = ""
    status: str = ""
    medication_codeable_concept: Concept = Concept()
    medication_reference: Ref = Ref()
    contained: list[dict[str, Any]] = []
    subject: Ref = Ref()
    context: Ref = Ref()
    effective_date_time: str = ""
    effective_period: Period = Period()
    dosage: Dose = Dose()


class Medication(Part, frozen=True, kw_only=True, tag_field="resourceType", tag="Medication"):
    """`Medication`: the name of a drug that others point at."""

    id: str = ""
    code: Concept = Concept()


class Reaction(Part, frozen=True, kw_only=True):
    """`AllergyIntolerance.reaction`."""

    manifestation: list[Concept] = []
    severity: str = ""


class AllergyIntolerance(
    Part, frozen=True, kw_only=True, tag_field="resourceType", tag="AllergyIntolerance"
):
    """`AllergyIntolerance`."""

    id: str = ""
    clinical_status: Concept = Concept()
    verification_status: Concept = Concept()
    code: Concept = Concept()
    patient: Ref = Ref()
    encounter: Ref = Ref()
    recorded_date: str = ""
    onset_date_time: str = ""
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
    note: list[Note] = []


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
    effective_period: Period = Period()
    conclusion: str = ""


class Immunization(Part, frozen=True, kw_only=True, tag_field="resourceType", tag="Immunization"):
    """`Immunization`."""

    id: str = ""
    status: str = ""
    vaccine_code: Concept = Concept()
    patient: Ref = Ref()
    encounter: Ref = Ref()
    occurrence_date_time: str = ""
    occurrence_string: str = ""


Resource = (
    Patient
    | Encounter
    | Condition
    | Observation
    | MedicationRequest
    | MedicationAdministration
    | Medication
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
    "Medication",
    "MedicationAdministration",
    "MedicationRequest",
    "Observation",
    "Patient",
    "Procedure",
)


class Entry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`Bundle.entry` as it comes: the resource is read by its type."""

    full_url: str = ""
    resource: dict[str, Any] = {}


class Bundle(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`Bundle`."""

    resource_type: str
    type: str = ""
    entry: list[Entry] = []


def medication(found: dict[str, Any]) -> Medication:
    """The drug of a resource; one without a code where it cannot be read."""
    try:
        return msgspec.convert(found, Medication, strict=False)
    except msgspec.ValidationError:
        return Medication()
