"""The patient of a request: as generated, with some facts changed in a fork, or as framed.

A fork is a request like any other: variant and seed name the patient, `fork` says what was changed.
So it can be replayed, judged and audited as any episode.
"""

import math
from collections.abc import Mapping

import msgspec

from ..bus.events import EpisodeRequested
from . import labs
from .bias.framing import framed
from .errors import UnknownFact
from .patients import Patient, generate
from .physiology import levels

Change = float | bool | str


def patient_of(requested: EpisodeRequested) -> Patient:
    """The hidden truth of a request. Raises UnknownVariant or UnknownFact."""
    patient = framed(generate(requested.variant, requested.seed), requested.framing)
    fork = requested.fork
    return patient if isinstance(fork, msgspec.UnsetType) else changed(patient, fork.changes)


def changed(patient: Patient, changes: Mapping[str, Change]) -> Patient:
    """The same patient with other facts.

    A fact is a finding (`fever: true`), `flag:<comorbidity>`, `imaging:<study>`, `ecg`, `severity`,
    or a lab component or vital sign, which then has that true value on arrival. Raises UnknownFact.
    """
    for fact, value in changes.items():
        patient = _changed(patient, fact, value)
    return patient


def _changed(patient: Patient, fact: str, value: Change) -> Patient:
    replace = msgspec.structs.replace
    kind, _, name = fact.partition(":")
    if fact in patient.findings and isinstance(value, bool):
        return replace(patient, findings={**patient.findings, fact: value})
    if kind == "flag" and isinstance(value, bool):
        others = tuple(c for c in patient.comorbidities if c != name)
        return replace(patient, comorbidities=(*others, name) if value else others)
    if kind == "imaging" and name and isinstance(value, str):
        return replace(patient, imaging={**patient.imaging, name: value})
    if fact == "ecg" and isinstance(value, str):
        return replace(patient, ecg=value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if fact == "severity" and number and float(value) > 0:
        return replace(patient, severity=float(value))
    if fact in patient.base and number:
        return _measured(patient, fact, float(value))
    raise UnknownFact(fact, value, (*patient.findings, *patient.base, "severity", "ecg"))


def _measured(patient: Patient, key: str, value: float) -> Patient:
    """Move the baseline until the true value on arrival is the asked one."""
    c = labs.catalogue().components.get(key)
    base = dict(patient.base)
    for _ in range(8):
        now = levels(msgspec.structs.replace(patient, base=base), (), 0)[key]
        if abs(now - value) < 1e-6:
            break
        log = c is not None and c.log and now > 0 and value > 0
        base[key] = base[key] * math.exp(math.log(value / now)) if log else base[key] + value - now
    return msgspec.structs.replace(patient, base=base)
