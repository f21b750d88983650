"""Acute illness: what was owed within minutes, and insulin before potassium."""

from collections.abc import Iterator

from ..checks import omission
from ..facts import flags_of
from ..model import Act, Hit, Scene

_LATE_H = 12.0
_LOW_POTASSIUM = 3.5
_RECHECK_MIN = 60.0
_SHOCK_SBP, _SHOCK_MAP, _SHOCK_LACTATE = 90.0, 65.0, 4.0
_FEVER_DAYS = 10.0
_CATH = ("pci", "cath", "angioplasty", "percutaneous", "reperfusion", "stemi", "interventional")
_POTASSIUM_TESTS = ("potassium", "bmp", "metabolic", "electrolytes", "vbg", "k", "chem 7", "labs")


def missed_stemi_no_reperfusion(scene: Scene) -> Iterator[Hit]:
    """Rao, Circulation 2025: angioplasty or lysis within 12 hours of onset."""
    who = scene.person
    if not who.has("stemi") or who.has("stemi_mimic") or who.values.get("onset_h", 0.0) > _LATE_H:
        return
    note = "no catheter laboratory, angioplasty or lysis"
    yield from omission(scene, "MISSED_STEMI_NO_REPERFUSION", _reperfuses, note)


def _reperfuses(act: Act) -> bool:
    if act.is_any({"thrombolytic"}):
        return True
    named = act.kind in {"procedure", "consult", "communicate", "admit", "transfer"}
    return named and any(w in act.item for w in _CATH)


def anaphylaxis_no_epinephrine(scene: Scene) -> Iterator[Hit]:
    """Golden, Ann Allergy Asthma Immunol 2024;132:124: epinephrine first, by needle."""
    if scene.person.has("anaphylaxis"):
        yield from omission(scene, "ANAPHYLAXIS_NO_EPINEPHRINE", _by_needle, "no epinephrine")


def _by_needle(act: Act) -> bool:
    inhaled = any(w in act.route for w in ("inhal", "nebul", "topical", "oral"))
    return act.drug and act.item == "epinephrine" and not inhaled


def septic_shock_antibiotic_omitted(scene: Scene) -> Iterator[Hit]:
    """Evans, Intensive Care Med 2021;47:1181 (SSC 2021)."""
    if _septic_shock(scene):
        yield from omission(
            scene,
            "SEPTIC_SHOCK_ANTIBIOTIC_OMITTED",
            lambda a: a.is_any({"antibiotic", "systemic_antibiotic"}),
            "no antibiotic",
        )


def _septic_shock(scene: Scene) -> bool:
    who, at = scene.person, scene.start_min
    if who.has("septic_shock"):
        return True
    low = (scene.value("sbp", at) or 999) < _SHOCK_SBP or (
        scene.value("map", at) or 999
    ) < _SHOCK_MAP
    return who.has("sepsis") and (low or (scene.value("lactate", at) or 0) >= _SHOCK_LACTATE)


def kawasaki_ivig_omitted(scene: Scene) -> Iterator[Hit]:
    """McCrindle, Circulation 2017;135:e927: immunoglobulin within 10 days of fever."""
    who = scene.person
    over = who.values.get("fever_days", 0.0) > _FEVER_DAYS and (
        (scene.value("temperature", scene.start_min) or 99) < 38
        and (scene.value("crp", scene.start_min) or 0) < 30
    )
    if who.has("kawasaki") and not over:
        yield from omission(
            scene,
            "KAWASAKI_IVIG_OMITTED",
            lambda a: a.drug and a.item == "ivig",
            "no immunoglobulin",
            settled=("discharge",),  # an admission is where it is given
        )


def benzo_omitted_dt(scene: Scene) -> Iterator[Hit]:
    """ASAM alcohol withdrawal 2020: benzodiazepines first, phenobarbital as the alternative."""
    if scene.person.has("delirium_tremens"):
        yield from omission(
            scene,
            "BENZO_OMITTED_DT",
            lambda a: a.is_any({"benzodiazepine", "phenobarbital", "propofol"}),
            "no benzodiazepine",
        )


def dka_insulin_with_low_k(scene: Scene) -> Iterator[Hit]:
    """Umpierrez, Diabetes Care 2024;47:1257: potassium below 3.5 mmol/L first."""
    if not scene.person.has("dka", "hhs"):
        return
    for act in scene.drugs():
        level = scene.value("potassium", act.minute)
        if not act.is_any({"insulin"}) or level is None or level >= _LOW_POTASSIUM:
            continue
        severity = _replaced(scene, act)
        if severity:
            yield Hit(
                rule="DKA_INSULIN_WITH_LOW_K",
                severity=severity,
                act=act,
                evidence=f"{act.item} at potassium {level:.1f} mmol/L",
                exceptions=flags_of("DKA_INSULIN_WITH_LOW_K"),
                about=(act.item, "potassium"),
                drug_error=True,
            )


def _replaced(scene: Scene, insulin: Act) -> int:
    """0 where potassium was given long enough before or measured again since; 4 where not yet."""
    given = [a for a in scene.before(insulin) if a.is_any({"potassium"}) and not a.blocked]
    if not given:
        return 5
    measured_low = any(
        "potassium" in a.values for a in scene.before(insulin) if a.index > given[0].index
    )
    if measured_low:
        return 5
    rechecked = any(
        a.kind in {"test", "read", "result"} and any(w in a.item for w in _POTASSIUM_TESTS)
        for a in scene.before(insulin)
        if a.index > given[0].index
    )
    return 0 if rechecked or insulin.minute - given[0].minute >= _RECHECK_MIN else 4
