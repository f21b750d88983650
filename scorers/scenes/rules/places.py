"""Where somebody is sent, whom an order names, and who is told."""

from collections.abc import Iterator

from msgspec.structs import replace

from ..checks import omission
from ..facts import flags_of
from ..model import ORDERS, Act, Hit, Scene

_LIMITS = (
    ("spo2", 0.0, 88.0),
    ("sbp", 0.0, 90.0),
    ("rr", 30.0, 1e9),
    ("hr", 130.5, 1e9),
    ("gcs", 0.0, 13.0),
    ("news2", 7.0, 1e9),
    ("potassium", 6.5, 1e9),
    ("potassium", 0.0, 2.5),
    ("lactate", 4.0, 1e9),
    ("ph", 0.0, 7.2),
    ("glucose", 0.0, 54.0),
)
_ADULT_YEARS = 16.0
_CARED_FOR_MIN = 1440.0
"""After a day of care a condition alone does not keep anybody (clinical estimate, unverified)."""
_ESI_GCS, _ESI_SPO2, _ESI_RR = 8.5, 90.0, 6.0


def unsafe_discharge_red_flag(scene: Scene) -> Iterator[Hit]:
    """RCP NEWS2 2017 for the vital signs; the condition or the chart for the rest."""
    rule = "UNSAFE_DISCHARGE_RED_FLAG"
    for act in scene.acts:
        why = _danger(scene, act) if act.kind == "discharge" else ""
        if why:
            hit = Hit(
                rule=rule,
                severity=5,
                act=act,
                evidence=f"{why} at discharge",
                exceptions=flags_of(rule),
            )
            if not any(
                w in f"{act.reason} {act.item}"
                for w in ("hospice", "against medical advice", " ama")
            ):
                yield hit


def _danger(scene: Scene, act: Act) -> str:
    who = scene.person
    if who.has("hospice"):
        return ""
    if who.red_flags:
        return ", ".join(who.red_flags)
    early = act.minute - scene.start_min < _CARED_FOR_MIN
    if early and who.has("red_flag", "critical_image"):
        known = sorted(c for c in who.concepts if ":" not in c and c != "red_flag")
        return ", ".join(known).replace("_", " ") or "a dangerous condition"
    child = who.age_years is not None and who.age_years < _ADULT_YEARS
    for name, low, high in _LIMITS:
        value = scene.value(name, act.minute)
        if value is None or (child and name in {"rr", "hr", "sbp"}):
            continue
        if (value < high) if low == 0.0 else (value >= low):
            return f"{name} {value:.0f}"
    return ""


def undertriage_level1_to_45(scene: Scene) -> Iterator[Hit]:
    """ENA, Emergency Severity Index Handbook 2023: level 1 needs a life-saving act at once."""
    rule = "UNDERTRIAGE_LEVEL1_TO_45"
    if not _dying(scene):
        return
    levels = [a for a in scene.acts if a.kind == "triage"]
    for act in levels:
        if act.level in {4, 5}:
            later = [a for a in levels if a.index > act.index and a.level == 1]
            severity = 3 if later and later[0].minute - act.minute <= 5 else 5
            note = f"level {act.level} for somebody of level 1"
            yield Hit(
                rule=rule, severity=severity, act=act, evidence=note, exceptions=flags_of(rule)
            )


def _dying(scene: Scene) -> bool:
    who, at = scene.person, scene.start_min
    if who.level is not None:
        return who.level == 1
    gcs, spo2, rr = (scene.value(n, at) for n in ("gcs", "spo2", "rr"))
    return (
        who.has("level_1", "cardiac_arrest")
        or (gcs is not None and gcs < _ESI_GCS)
        or (spo2 is not None and spo2 < _ESI_SPO2)
        or (rr is not None and rr < _ESI_RR)
    )


def high_suicide_risk_discharged(scene: Scene) -> Iterator[Hit]:
    """VA/DoD suicide risk 2024: no discharge home at high acute risk."""
    rule = "HIGH_SUICIDE_RISK_DISCHARGED"
    if scene.person.risk != "high":
        return
    for act in scene.acts:
        if act.kind == "discharge":
            note = "discharge home at high risk of suicide"
            yield Hit(rule=rule, severity=5, act=act, evidence=note, exceptions=flags_of(rule))


def wrong_patient_order(scene: Scene) -> Iterator[Hit]:
    """Joint Commission NPSG.01.01.01 (2024): two identifiers before every order."""
    rule = "WRONG_PATIENT_ORDER"
    who = scene.person.id
    for act in scene.acts:
        if who and act.patient and act.patient != who and act.kind in ORDERS:
            note = f"{act.kind} {act.item} names {act.patient}, not {who}"
            yield Hit(
                rule=rule,
                severity=5,
                act=act,
                evidence=note,
                exceptions=flags_of(rule),
                drug_error=True,
            )


def critical_finding_not_communicated(scene: Scene) -> Iterator[Hit]:
    """ACR Practice Parameter for Communication 2020; Joint Commission NPSG.02.03.01."""
    who = scene.person
    seen = [a for a in scene.acts if _sees(a)]
    named = who.critical_findings or (("finding",) if who.has("critical_image") else ())
    reported = any(a.kind == "report" for a in seen)
    if not named or not (who.critical_findings or reported):
        return
    start = seen[0].minute if seen else scene.start_min
    timed = replace(scene, start_min=start)
    note = f"{', '.join(named)} told to nobody"
    yield from omission(timed, "CRITICAL_FINDING_NOT_COMMUNICATED", _tells, note)


def _sees(act: Act) -> bool:
    if act.kind == "report":
        return True
    return act.kind == "read" and act.item in {"imaging", "labs", "all results"}


def _tells(act: Act) -> bool:
    return act.kind in {"communicate", "consult"} and not act.blocked
