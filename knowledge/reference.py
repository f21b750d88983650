"""Reference solutions, by domain."""

from .domains import Call, questions
from .domains.clinical_diagnosis import LATENCY
from .patients import Patient

__all__ = ["LATENCY", "Call", "reference"]


def reference(patient: Patient, domain: str = "clinical_diagnosis") -> list[Call]:
    """The calls that solve this patient's case, in order, ending with a submission."""
    return questions(domain).reference(patient)
