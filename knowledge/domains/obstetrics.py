"""Obstetrics: a pregnant or newly delivered woman; what is wrong, what to do, when to deliver."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from ..conditions import Judgement, condition
from ..drugs import Allergy, allergic
from ..instruments.core import calc
from ..labs import catalogue
from ..obstetrics import BIRTH, Known, code, forbidden, required, timing, tracing, week
from ..patient_agent import interview
from ..patients import Patient
from ..studies import studies
from ..variants import findings
from ..world import Truth, open_world
from ..world import truth as true
from . import Call, worth

DOSES: dict[str, tuple[float, str, str]] = {
    "labetalol": (20, "mg", "iv"),
    "hydralazine": (5, "mg", "iv"),
    "nifedipine": (10, "mg", "oral"),
    "indomethacin": (50, "mg", "oral"),
    "magnesium_sulfate": (4, "g", "iv"),
    "lactated_ringers": (1000, "ml", "iv"),
    "acetaminophen": (1000, "mg", "oral"),
    "metoclopramide": (10, "mg", "iv"),
    "ampicillin": (2000, "mg", "iv"),
    "cefazolin": (2000, "mg", "iv"),
    "clindamycin": (900, "mg", "iv"),
    "vancomycin": (1500, "mg", "iv"),
    "ceftriaxone": (2000, "mg", "iv"),
    "gentamicin": (5, "mg/kg", "iv"),
    "cefepime": (2000, "mg", "iv"),
    "aztreonam": (2000, "mg", "iv"),
    "levetiracetam": (1000, "mg", "iv"),
    "insulin_glargine": (10, "units", "subcutaneous"),
}
"""First doses: ACOG PB 222, 2020 (pressure, magnesium), CO 712, 2017 and CO 797, 2020
(antibiotics), Clinical Consensus 4, 2023 (kidney), others FDA labels."""
STANDING: dict[str, tuple[float, str, str]] = {
    "betamethasone": (12, "mg", "intramuscular"),
    "oxytocin": (10, "units", "intramuscular"),
    "tranexamic_acid": (1000, "mg", "iv"),
    "carboprost": (250, "mcg", "intramuscular"),
    "methylergonovine": (0.2, "mg", "intramuscular"),
    "misoprostol": (800, "mcg", "sublingual"),
    "rho_d_immune_globulin": (300, "mcg", "intramuscular"),
}
"""Standing orders: ACOG PB 183, 2017 (bleeding), CO 713, 2017 (steroid), PB 181, 2017 (anti-D),
WHO on tranexamic acid, 2017."""
_CLASSES = {"class:isotonic_crystalloid": "lactated_ringers", "class:insulin": "insulin_glargine"}
_ASTHMA = ("labetalol", "carboprost")
_TOOLS = {
    "vitals": "get_vital_signs",
    "ob_history": "get_obstetric_history",
    "history": "get_patient_history",
    "allergies": "get_allergies",
    "bp_repeat": "repeat_blood_pressure",
    "procedure:fetal_monitoring": "read_ctg",
    "exam:pelvis": "inspect_birth_tract",
    "exam:cervix": "perform_cervical_exam",
    "score:bishop": "calculate_bishop",
    "score:fhr_nichd": "classify_tracing",
    "score:pph_stage": "stage_hemorrhage",
    "score:afi": "measure_amniotic_fluid",
    "blood_loss": "measure_blood_loss",
    "rh_status": "check_rh_status",
    "procedure:reflexes": "check_magnesium_toxicity",
    "ready:calcium_gluconate": "prepare_calcium_gluconate",
    "lab:ogtt": "oral_glucose_tolerance_test",
    "imaging:obstetric_ultrasound": "obstetric_ultrasound",
}
"""Fact -> the tool that makes it known."""
LATENCY = {"repeat_blood_pressure": 10, "read_ctg": 5, "obstetric_ultrasound": 8}
LATENCY |= {"inspect_birth_tract": 3, "perform_cervical_exam": 2, "measure_blood_loss": 2}
LATENCY |= {"examine_patient": 3, "ask_patient": 2, "prescribe_medication": 2}
LATENCY |= {"perform_obstetric_procedure": 3, "measure_amniotic_fluid": 5}
LATENCY |= {"oral_glucose_tolerance_test": 120}
"""Simulated minutes of the tools a plan uses, where it is not 1."""
_PATIENCE = 240
PROCEDURES = (
    "uterine_massage",
    "balloon_tamponade",
    "manual_removal",
    "repair_tear",
    "lift_presenting_part",
    "intrauterine_resuscitation",
    "diet_and_meter",
)


def ticket(patient: Patient) -> str:
    """The complaint."""
    return patient.complaint


def knowing(patient: Patient) -> Known:
    """The hidden truth of arrival, as facts."""
    world = open_world(patient)
    category = calc("fhr_nichd", tracing(patient)).value if (week(patient) or 0) >= 24 else None
    own: dict[str, Truth] = {
        "ctg": None if category is None else str(category),
        "loss_ml": patient.extra.get("blood_loss_ml"),
        "ogtt:fasting": patient.extra.get("ogtt_fasting"),
        "ogtt:one_hour": patient.extra.get("ogtt_one_hour"),
        "ogtt:two_hour": patient.extra.get("ogtt_two_hour"),
    }
    return lambda fact: own[fact] if fact in own else true(world, fact, 0)


def judgement(patient: Patient) -> Judgement:
    """What the disorder demands and forbids in this woman."""
    return _judgement(msgspec.json.encode(patient))


@lru_cache(maxsize=4096)
def _judgement(body: bytes) -> Judgement:
    patient = msgspec.json.decode(body, type=Patient)
    name, known = patient.condition, knowing(patient)
    own = condition(name).judgement
    return msgspec.structs.replace(
        own, required=required(name, known), forbidden=forbidden(name, known)
    )


def relevant(patient: Patient) -> tuple[str, ...]:
    """What her state asks for, and what tells it from its look-alikes."""
    others = (condition(o).judgement for o in condition(patient.condition).look_alikes)
    more = Judgement(
        decisive=(("rh_status", "score:*", "notes", *BIRTH),), dispositions={}, required=()
    )
    return worth((judgement(patient), more, *others))


def call_for(item: str, timing_now: str = "") -> Call | None:
    """The call that makes a fact known or does an act; None for a drug, whose choice needs care."""
    kind, _, name = item.partition(":")
    if item in _TOOLS:
        return Call(tool=_TOOLS[item])
    match kind:
        case "lab":
            return Call(tool="order_lab_test", arguments={"test": name})
        case "imaging":
            return Call(tool="order_imaging", arguments={"study": name})
        case "exam":
            return Call(tool="examine_patient", arguments={"system": name})
        case "finding":
            topic = findings()[name].topic.removeprefix("ob_")
            return Call(tool="ask_patient", arguments={"question": f"Tell me about {topic}."})
        case "team":
            return Call(tool="call_team", arguments={"team": name})
        case "act" if name in PROCEDURES:
            return Call(tool="perform_obstetric_procedure", arguments={"procedure": name})
        case "procedure" | "plan":
            when = "now" if timing_now == "now" else "within_24h"
            mode = "cesarean" if timing_now == "now" else "induction"
            return Call(tool="deliver", arguments={"mode": mode, "when": when})
        case _:
            return None


def prescription(items: tuple[str, ...], barred: tuple[str, ...]) -> Call | None:
    """The first drug or order of a list that is not barred, as a call."""
    for item in items:
        kind, _, name = item.partition(":")
        drug = _CLASSES.get(item, name if kind == "drug" else "")
        if name in barred or drug in barred:
            continue
        if drug in STANDING:
            return Call(tool="give_standing_order", arguments={"order": drug})
        if drug in DOSES:
            dose, unit, route = DOSES[drug]
            chosen = {"drug_name": drug, "dose": dose, "dose_unit": unit, "route": route}
            return Call(tool="prescribe_medication", arguments=chosen)
    return None


def barred(allergies: Sequence[Allergy], past: Sequence[str]) -> tuple[str, ...]:
    """Drugs that charted allergies and known illness rule out."""
    names = [d for d in (*DOSES, *STANDING) if allergic(allergies, d) is not None]
    names += _ASTHMA if "asthma" in past else ()
    names += ("methylergonovine",) if "chronic_hypertension" in past else ()
    return tuple(names)


def _observe(patient: Patient, fact: str) -> list[Call]:
    """The calls that make a fact known; a patient may have to be asked twice."""
    kind, _, name = fact.partition(":")
    if kind == "finding" and findings()[name].layer == "asking":
        questions = interview(patient, (name,))
        return [Call(tool="ask_patient", arguments={"question": q}) for q in questions]
    found = call_for(fact)
    return [] if found is None else [found]


_FIRST = ("get_vital_signs", "get_obstetric_history", "get_patient_history", "get_allergies")


def reference(patient: Patient) -> list[Call]:
    """Look, treat what cannot wait, wait for results, decide."""
    known, judged = knowing(patient), judgement(patient)
    best = next(iter(timing(patient.condition, known)))
    calls = [Call(tool=name) for name in _FIRST]
    due = sorted(judged.required, key=lambda r: (r.deadline_min or 1e9, len(r.after)))
    wanted = [(r.any_of, r) for r in due]
    facts = [f for f in judged.decisive[0] if not any(f in any_of for any_of, _ in wanted)]
    for fact in facts:
        calls += [c for c in _observe(patient, fact) if c not in calls]
    no = barred(patient.allergies, patient.comorbidities)
    for any_of, _ in wanted:
        found = _observe(patient, any_of[0])
        if any_of[0].startswith(("procedure:", "plan:")):
            found = [c for c in (call_for(any_of[0], best),) if c is not None]
        one = prescription(any_of, no) if not found else None
        calls += [c for c in (*found, one) if c is not None and c not in calls]
    return [*_collected(calls), *_answer(patient, known, best)]


def _collected(calls: list[Call]) -> list[Call]:
    """The calls, then waits until every result is read."""
    clock, due = 0, list[int]()
    for call in calls:
        clock += LATENCY.get(call.tool, 1)
        if call.tool == "order_lab_test":
            due.append(clock + catalogue().tests[str(call.arguments["test"])].minutes)
        elif call.tool == "order_imaging":
            due.append(clock + studies().studies[str(call.arguments["study"])].minutes)
    left, waits = [d for d in due if d < clock + _PATIENCE], list[Call]()
    while left:
        clock = clock + 1 if min(left) <= clock else min(left)
        left = [d for d in left if d > clock]
        waits.append(Call(tool="wait_for_results", arguments={"max_minutes": 120}))
    return [*calls, *waits]


def _answer(patient: Patient, known: Known, best: str) -> list[Call]:
    name = patient.condition
    places = condition(name).judgement.dispositions
    said = {
        "diagnosis": condition(name).name,
        "icd10_code": code(name, known),
        "delivery": best,
        "disposition": max(places, key=lambda d: places[d]),
        "reasoning": f"Shown by {', '.join(condition(name).judgement.decisive[0])}.",
    }
    return [Call(tool="submit_plan", arguments=said)]
