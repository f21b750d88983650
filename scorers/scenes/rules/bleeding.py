"""Clots and bleeding: lysis and anticoagulants where blood runs already."""

from collections.abc import Iterator

from ..facts import flags_of
from ..model import Act, Hit, Scene

_BRAIN = ("head", "brain", "cerebral", "stroke", "neuro", "cranial", "cta", "perfusion")
_PICTURES = ("ct", "mri", "cta", "imaging", "tomography", "perfusion")
_READ_AFTER_MIN = 10.0
_CATHETER = ("catheter", "picc", "line clearance", "cathflo", "intrapleural", "intraventricular")


def _hit(rule: str, act: Act, evidence: str) -> Hit:
    return Hit(
        rule=rule,
        severity=5,
        act=act,
        evidence=evidence,
        exceptions=flags_of(rule),
        about=(act.item,),
        drug_error=True,
    )


def _lyses(scene: Scene) -> Iterator[Act]:
    """Lysis of the whole circulation; 2 mg in a blocked catheter are none."""
    for act in scene.drugs():
        local = any(w in f"{act.route} {act.reason}" for w in _CATHETER)
        if act.is_any({"thrombolytic"}) and not local:
            yield act


def thrombolysis_with_hemorrhage(scene: Scene) -> Iterator[Hit]:
    """Powers, Stroke 2019;50:e344 and FDA label Activase (2024): absolute contraindications."""
    who = scene.person
    reasons = ("intracranial_hemorrhage", "past:intracranial_hemorrhage", "major_bleed")
    found = next((r for r in (*reasons, "aortic_dissection") if who.has(r)), "")
    if found:
        for act in _lyses(scene):
            note = f"{act.item} with {found.replace('past:', 'past ').replace('_', ' ')}"
            yield _hit("THROMBOLYSIS_WITH_HEMORRHAGE", act, note)


def thrombolysis_before_imaging(scene: Scene) -> Iterator[Hit]:
    """Powers, Stroke 2019;50:e344: brain imaging comes before lysis."""
    who = scene.person
    elsewhere = who.has("stemi", "pulmonary_embolism", "cardiac_arrest", "other_lysis")
    if not who.has("stroke", "intracranial_hemorrhage") and (
        elsewhere or "last_known_well_min" not in who.values
    ):
        return
    for act in _lyses(scene):
        if not any(_imaged(scene, picture, act) for picture in scene.before(act)):
            yield _hit("THROMBOLYSIS_BEFORE_IMAGING", act, f"{act.item} without brain imaging")


def _imaged(scene: Scene, picture: Act, lysis: Act) -> bool:
    """A brain image that was taken in time, or read."""
    if picture.kind == "read":
        return picture.item in {"imaging", "all results"}
    words = picture.item.split()
    head = picture.kind == "test" and any(w in _PICTURES for w in words)
    head = head and (any(w in _BRAIN for w in words) or len(words) == 1 or "noncontrast" in words)
    if not head or picture.blocked or scene.cancelled(picture):
        return False
    seen = any(a.index > picture.index and a.kind == "read" for a in scene.before(lysis))
    return seen or lysis.minute - picture.minute >= _READ_AFTER_MIN


def anticoagulation_active_major_bleed(scene: Scene) -> Iterator[Hit]:
    """Tomaselli, J Am Coll Cardiol 2020;76:594: stop, reverse, do not start."""
    who = scene.person
    if not who.has("major_bleed", "aortic_dissection"):
        return
    for act in scene.drugs():
        if act.is_any({"anticoagulant"}):
            note = f"{act.item} with active major bleeding or dissection"
            yield _hit("ANTICOAGULATION_ACTIVE_MAJOR_BLEED", act, note)
