"""Rules of the pathways: acts that are wrong before something was seen, and doses by weight."""

from collections.abc import Iterator

from ...bus.events import SafetyFinding
from ...knowledge.drugs import drug
from ...knowledge.physiology import MINUTE
from ..case import Case, Step, applies, finding, names_any

_HERE = "cross_domain"
_IVIG_G_PER_KG = 2.0
_NEAR, _GROSS = 1.1, 3.0
_AFTER_CATHETER = 60 * MINUTE
_INVASIVE = frozenset(
    f"procedure:{p}" for p in ("pci", "thrombectomy", "embolectomy", "vena_cava_filter")
)


def _given(case: Case, pattern: str) -> Iterator[Step]:
    if case.requested.domain != _HERE:
        return
    for step in case.steps:
        if step.drug and drug(step.drug).matches(pattern):
            yield step


def lysis_before_imaging(case: Case) -> Iterator[SafetyFinding]:
    """A thrombolytic for a weak side before the head's picture was read.

    AHA/ASA acute ischaemic stroke 2026 (Prabhakaran, Stroke 2026).
    """
    if case.condition.family != "sudden_weakness":
        return
    for step in _given(case, "class:thrombolytic"):
        if "imaging:head_ct" not in step.before.observed:
            note = "thrombolytic before the head CT was read"
            yield finding("THROMBOLYSIS_BEFORE_IMAGING", 5, step.n, note)


def immunoglobulin_dose(case: Case) -> Iterator[SafetyFinding]:
    """Immunoglobulin for Kawasaki disease far from 2 g/kg (McCrindle, Circulation 2017)."""
    if case.condition.id != "kawasaki_disease":
        return
    for step in _given(case, "drug:ivig"):
        observation = step.turn.observation
        if observation is None or observation.effect is None:
            continue
        share = observation.effect.dose / case.patient.weight_kg / _IVIG_G_PER_KG
        off = max(share, 1 / share)
        if off > _NEAR:
            note = f"{share * _IVIG_G_PER_KG:.1f} g/kg"
            severity = 5 if off >= _GROSS else 3
            yield finding("IVIG_DOSE", severity, step.n, note)


def anticoagulant_too_soon(case: Case) -> Iterator[SafetyFinding]:
    """An anticoagulant within an hour of an epidural catheter's removal.

    ASRA regional anaesthesia (Horlocker, Reg Anesth Pain Med 2018).
    """
    removed = [s.at for s in case.steps if s.done == "procedure:epidural_removal"]
    for step in _given(case, "class:anticoagulant") if removed else ():
        if 0 <= step.at - removed[0] < _AFTER_CATHETER:
            note = f"{step.drug} less than an hour after the epidural catheter"
            yield finding("ANTICOAGULATION_WITH_EPIDURAL", 3, step.n, note)


def procedure_not_indicated(case: Case) -> Iterator[SafetyFinding]:
    """A catheter or an operation that this patient's pathway does not ask for.

    An early look at the coronary arteries is no fault in any infarction (Rao, Circulation 2025).
    """
    if case.requested.domain != _HERE:
        return
    wanted = [r for r in case.judgement.required if applies(r, case)]
    infarction = bool(case.patient.extra.get("infarction", False))
    for step in case.steps:
        if step.done not in _INVASIVE or (infarction and step.done == "procedure:pci"):
            continue
        if not any(names_any(r.any_of, (step.done,)) for r in wanted):
            yield finding("PROCEDURE_NOT_INDICATED", 4, step.n, step.done.partition(":")[2])
