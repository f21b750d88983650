"""Imaging studies and electrocardiograms: catalogue, and what they read in a patient."""

from collections.abc import Sequence
from functools import cache

import msgspec

from .files import joined, load, names
from .patients import Patient
from .physiology import Given, levels
from .rng import stream


class Study(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An imaging study: other names, turn-around in minutes, readings by id."""

    names: tuple[str, ...]
    minutes: int
    readings: dict[str, str]
    repeat_min: int = 1440
    """Sooner, the same study again is a duplicate."""


class Studies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of `data/imaging/`, or all of them."""

    studies: dict[str, Study]
    more: dict[str, dict[str, str]] = {}
    """Study of another file -> further readings of it."""
    ecg: dict[str, str] = {}
    rhythm: dict[str, str] = {}
    """Reading of an electrocardiogram -> its rhythm, where that is not the sinus rhythm."""


@cache
def studies() -> Studies:
    """The catalogue, read once."""
    files = {n: load(f"imaging/{n}.yaml", Studies) for n in names("imaging")}
    known = joined("imaging", {n: f.studies for n, f in files.items()})
    for file in files.values():
        for study, readings in file.more.items():
            own = known[study]
            known[study] = msgspec.structs.replace(own, readings={**own.readings, **readings})
    return Studies(
        studies=known,
        ecg=joined("imaging", {n: f.ecg for n, f in files.items()}),
        rhythm=joined("imaging", {n: f.rhythm for n, f in files.items()}),
    )


@cache
def _names() -> dict[str, str]:
    return {n: id_ for id_, s in studies().studies.items() for n in (*s.names, id_)}


def resolve(name: str) -> str | None:
    """Id of the study of that id or name (case-insensitive); None where there is none."""
    plain = name.strip().lower()
    return _names().get(plain) or _names().get(plain.replace(" ", "_").replace("-", "_"))


def report(patient: Patient, study: str) -> str:
    """The radiologist's reading of a study of this patient."""
    reading = patient.imaging.get(study, "normal")
    return studies().studies[study].readings[reading]


def ecg_text(patient: Patient, given: Sequence[Given], at: int) -> str:
    """Reading of a 12-lead ECG at a simulated time: rate, rhythm, QTc (ms), repolarisation."""
    true = levels(patient, given, at)
    s = stream(patient.variant, patient.seed, "ecg", at)
    rate = round(true["hr_bpm"] + s.normal(0, 2))
    qtc = round(415 + 6 * s.normal() - 18 * min(true["potassium_mmol_l"] - 4.0, 0.0))
    irregular = "atrial_fibrillation" in patient.comorbidities
    rhythm = "atrial fibrillation" if irregular else "sinus rhythm"
    if not irregular and rate > 100:
        rhythm = "sinus tachycardia"
    rhythm = studies().rhythm.get(patient.ecg, rhythm)
    return f"{rhythm} {rate}/min, QTc {qtc} ms, {studies().ecg[patient.ecg]}"
