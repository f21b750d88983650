"""How one arm of a matched pair is put: another person on the form, other words on the ticket.

The request carries it, so the arm is replayed, judged and audited like any episode.
"""

import msgspec

from ...bus.events import Framing
from ..errors import UnknownFact
from ..patients import ETHNICITIES, SES, Patient, title

_RANGES = {"age_years": (18, 95), "weight_kg": (35.0, 220.0)}
"""What an adult's form may say: years, kilograms."""
_NAMES = {"sex": ("F", "M"), "ethnicity": tuple(ETHNICITIES), "ses": tuple(SES)}


def framed(patient: Patient, framing: Framing | msgspec.UnsetType) -> Patient:
    """The patient as this arm's person: the same illness, findings and measurements.

    Raises UnknownFact for anything that is not told of a person, or not a possible value.
    """
    if isinstance(framing, msgspec.UnsetType) or not framing.person:
        return patient
    for fact, value in framing.person.items():
        if not _possible(fact, value):
            raise UnknownFact(fact, value, (*_RANGES, *_NAMES))
    person = msgspec.structs.replace(patient, **framing.person)
    called = title(patient.age_years, patient.sex), title(person.age_years, person.sex)
    return msgspec.structs.replace(person, complaint=patient.complaint.replace(*called, 1))


def _possible(fact: str, value: object) -> bool:
    if fact in _NAMES:
        return value in _NAMES[fact]
    if fact not in _RANGES or isinstance(value, bool | str) or not isinstance(value, int | float):
        return False
    whole = fact != "age_years" or isinstance(value, int)
    return whole and _RANGES[fact][0] <= value <= _RANGES[fact][1]


def framed_ticket(ticket: str, framing: Framing | msgspec.UnsetType) -> str:
    """The ticket as this arm puts it: the complaint, and what else is said on the line below."""
    if isinstance(framing, msgspec.UnsetType) or not framing.said:
        return ticket
    return f"{ticket}\n{framing.said}"
