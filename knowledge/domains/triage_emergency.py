"""Triage in the emergency department: how urgent, where to, and what cannot wait."""

from functools import lru_cache

import msgspec

from ..acuity import Acuity, acuity, grounds, is_seen, observed_by, rules
from ..conditions import Forbidden, Judgement, Predicate, Required, condition
from ..patient_agent import answer, interview
from ..patients import Patient
from ..variants import findings
from ..world import holds, open_world
from . import Call, worth

ESI = "ESI handbook v5, ENA 2023"
AREAS = {1: "resuscitation", 2: "acute", 3: "acute", 4: "fast_track", 5: "waiting_room"}
FIRST_DOSE = {
    "drug:epinephrine": "epinephrine_im",
    "drug:naloxone": "naloxone",
    "class:dextrose": "dextrose",
}
"""Item of a requirement -> the immediate action that meets it."""
_GENERAL = (
    Required(id="look", any_of=("look",), deadline_min=5, kind="workup", source=ESI),
    Required(id="vitals", any_of=("vitals",), deadline_min=10, kind="workup", source=ESI),
    Required(id="story", any_of=("history",), deadline_min=15, kind="workup", source=ESI),
)
_TOLD = Required(
    id="physician_told",
    any_of=("notified:physician",),
    deadline_min=20,
    kind="treatment",
    source=ESI,
)
_HARMFUL = Forbidden(
    id="sent_to_wait",
    any_of=("area:waiting_room", "area:fast_track"),
    rule="UNSAFE_WAIT_RED_FLAG",
    severity=4,
    note="sent to wait with a red flag",
    source=ESI,
)


def ticket(patient: Patient) -> str:
    """The complaint."""
    return patient.complaint


def family(patient: Patient) -> str:
    """The family of complaints."""
    return condition(patient.condition).family


_NOISE = {
    "vital:hr_bpm": 4.0,
    "vital:rr_pm": 1.6,
    "vital:spo2_pct": 1.2,
    "vital:sbp_mmhg": 7.0,
    "vital:temperature_c": 0.2,
}
"""What a careful measurement may be off by: near a limit, both levels are right."""


def truths(patient: Patient) -> tuple[Acuity, ...]:
    """The right level by what is true on arrival, then what honest measurements may make of it."""
    return _truths(msgspec.json.encode(patient))


def truth(patient: Patient) -> Acuity:
    """The right level by what is true on arrival."""
    return truths(patient)[0]


@lru_cache(maxsize=4096)
def _truths(body: bytes) -> tuple[Acuity, ...]:
    patient = msgspec.json.decode(body, type=Patient)
    world = open_world(patient)
    name = family(patient)

    def read(margin: float) -> Acuity:
        return acuity(name, lambda p: holds(_moved(p, margin), world, 0))

    return (read(0.0), read(-1.0), read(1.0))


def _moved(p: Predicate, margin: float) -> Predicate:
    """The predicate with its limit moved by the noise; a positive margin makes it easier."""
    noise = margin * _NOISE.get(p.fact, 0.0)
    if not noise or isinstance(p.value, bool | str):
        return p
    value = p.value - noise if p.op in {">", ">="} else p.value + noise
    return msgspec.structs.replace(p, value=value)


def judgement(patient: Patient) -> Judgement:
    """Look, measure, ask for the red flags, act at once, tell the physician, send to a place."""
    levels = [t.level for t in truths(patient)]
    own = rules(family(patient)).required
    return Judgement(
        decisive=_decisive(patient),
        dispositions={},
        required=(*_GENERAL, *own, *((_TOLD,) if max(levels) <= 2 else ())),
        forbidden=(_HARMFUL,) if max(levels) <= 2 else (),
    )


def _decisive(patient: Patient) -> tuple[tuple[str, ...], ...]:
    """Each reason that holds is one way to know; without a reason the red flags must be asked."""
    ways: dict[tuple[str, ...], None] = {}
    for t in truths(patient):
        for clause in t.because:
            facts = dict.fromkeys(observed_by(p.fact) for p in clause.when)
            ways["vitals", *(f for f in facts if f != "vitals")] = None
        if not t.because:
            ways["vitals", "history", *open_questions(family(patient), patient.sex)] = None
    return tuple(ways)


def open_questions(family_id: str, sex: str) -> tuple[str, ...]:
    """Facts that a level of this complaint turns on and that only asking or examining shows."""
    own = rules(family_id)
    options = [o for several in own.resources.values() for o in several]
    clauses = [*(c.when for c in (*own.lifesaving, *own.high_risk)), *options]
    mine = [w for w in clauses if not any(p.fact == "demo:sex" and p.value != sex for p in w)]
    facts = dict.fromkeys(p.fact for w in mine for p in w if p.fact.startswith("finding:"))
    return tuple(f for f in facts if findings()[f[8:]].layer != "history")


def relevant(patient: Patient) -> tuple[str, ...]:
    """What triage of this complaint is made of."""
    judged = judgement(patient)
    levels = [t.level for t in truths(patient)]
    told = ("notified:physician", "team:*") if min(levels) <= 2 else ()
    acts = (*(f"area:{AREAS[level]}" for level in levels), *told)
    seen = ("look", "score:*", "pain")
    every = msgspec.structs.replace(judged, decisive=((*seen, *acts),))
    asked = open_questions(family(patient), patient.sex)
    flags = Judgement(decisive=(asked,), dispositions={}, required=())
    return worth((judged, every, flags))


def reference(patient: Patient) -> list[Call]:
    """Look, measure, ask what matters, start what cannot wait, decide."""
    right = truth(patient)
    wanted = list(_decisive(patient)[0])
    calls = [Call(tool="rapid_look"), Call(tool="get_vital_signs")]
    early, told = _early(patient, wanted)
    calls += [*early, Call(tool="get_patient_history")]
    left = [f for f in wanted if f not in told]
    calls += [c for c in _observe(patient, left) if c not in calls]
    if right.level <= 2:
        calls.append(Call(tool="notify_physician", arguments={"urgency": "immediate"}))
    calls.append(Call(tool="place_in_area", arguments={"area": AREAS[right.level]}))
    reason = ", ".join(c.id for c in right.because) or f"{len(right.resources)} resources"
    shown = _shown(patient, calls)
    said = {
        "esi_level": right.level,
        "grounds": [g for g in grounds(right) if is_seen(g, shown)],
        "reasoning": f"Level {right.level}: {reason}.",
    }
    return [*calls, Call(tool="submit_triage", arguments=said)]


_SHOWS = {
    "get_vital_signs": "vitals",
    "get_patient_history": "history",
    "measure_glucose": "lab:glucose_poc",
    "perform_ecg": "procedure:ecg",
}


def _shown(patient: Patient, calls: list[Call]) -> set[str]:
    """The facts that these calls bring to light."""
    shown: dict[str, None] = {}
    for call in calls:
        if call.tool == "ask_patient":
            shown |= dict.fromkeys(answer(patient, shown, call.arguments["question"]).said)
        elif call.tool in _SHOWS:
            shown[_SHOWS[call.tool]] = None
        told = [
            f"finding:{id_}"
            for id_, f in findings().items()
            if (call.tool == "get_patient_history" and f.layer == "history")
            or (call.tool == "examine_patient" and f.system == call.arguments["system"])
        ]
        shown |= dict.fromkeys(told)
    return set(shown)


def _early(patient: Patient, wanted: list[str]) -> tuple[list[Call], set[str]]:
    """What has a deadline of minutes, in the order of the rules, and the findings it asks for."""
    world = open_world(patient)
    calls: list[Call] = []
    told: set[str] = set()
    for required in rules(family(patient)).required:
        if not all(holds(p, world, 0) for p in required.when):
            continue
        item = required.any_of[0]
        if item.startswith("team:"):
            calls.append(Call(tool="activate_team", arguments={"team": item[5:]}))
        elif item in FIRST_DOSE:
            chosen = {"action": FIRST_DOSE[item]}
            calls.append(Call(tool="start_immediate_action", arguments=chosen))
        else:
            more = [f for f in wanted if f.startswith("finding:")] if "finding:" in item else []
            first = _observe(patient, [item, *more])
            if sum(c.tool == "ask_patient" for c in first) > 1:  # the rest can wait, this cannot
                more = []
                first = _observe(patient, [item])
            calls += [c for c in first if c not in calls]
            told |= {item, *more}
    return calls, told


def _observe(patient: Patient, facts: list[str]) -> list[Call]:
    """The calls that make facts known: questions first, each about a few topics."""
    calls: dict[str, Call] = {}
    asked: list[str] = []
    for fact in facts:
        kind, _, name = fact.partition(":")
        if kind == "finding" and findings()[name].layer == "asking":
            asked.append(name)
        system = findings()[name].system if kind == "finding" else name if kind == "exam" else ""
        if system:
            calls[system] = Call(tool="examine_patient", arguments={"system": system})
        elif kind in {"procedure", "lab"}:
            calls[kind] = Call(tool="perform_ecg" if kind == "procedure" else "measure_glucose")
    questions = interview(patient, asked)
    talk = [Call(tool="ask_patient", arguments={"question": q}) for q in questions]
    return [*talk, *calls.values()]
