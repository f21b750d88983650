"""Psychiatry: what is wrong, how great the danger of suicide is, and what makes safe."""

from functools import lru_cache

import msgspec

from ..conditions import Forbidden, Judgement, Required, condition
from ..drugs import allergic
from ..labs import catalogue
from ..patient_agent import interview
from ..patients import Patient
from ..psychiatry import concealed, risk
from ..variants import findings
from . import Call, worth

RISK = "VA/DoD suicide risk guideline 2024"
NPSG = "Joint Commission NPSG 15.01.01, 2019; minutes unverified"
_HOME = "discharge_home"
PLACES: dict[str, dict[str, float]] = {
    "high": {"ward": 1.0, "icu": 0.6},
    "moderate": {"observation": 1.0, "ward": 0.7, _HOME: 0.4},
    "low": {_HOME: 1.0, "observation": 0.5},
}
"""Where somebody goes whom the disorder itself lets go home (VA/DoD 2024; credits unverified)."""
_SCREENED = (("score:c_ssrs",), ("c_ssrs:guarded",))
TOOLS: dict[str, tuple[str, dict[str, object]]] = {
    "vitals": ("get_vital_signs", {}),
    "history": ("get_patient_history", {}),
    "allergies": ("get_allergies", {}),
    "mental_status": ("mental_status_examination", {}),
    "collateral": ("contact_collateral", {}),
    "score:c_ssrs": ("administer_cssrs", {}),
    "score:phq9": ("administer_phq9", {}),
    "score:gad7": ("administer_gad7", {}),
    "score:mdq": ("administer_mdq", {}),
    "score:pcl5": ("administer_pcl5", {}),
    "score:ciwa_ar": ("assess_ciwa_ar", {}),
    "score:cows": ("assess_cows", {}),
    "score:4at": ("assess_4at", {}),
    "procedure:one_to_one_observation": ("start_one_to_one_observation", {}),
    "procedure:means_removed": ("remove_means", {}),
    "note:safety_plan": ("create_safety_plan", {"warning_sign": "nights without sleep"}),
    "note:lethal_means_counselling": ("lethal_means_counselling", {"means": "medicines"}),
    "followup:within_7_days": ("arrange_follow_up", {"days": 5}),
    "plan:cognitive_therapy": ("arrange_follow_up", {"days": 14, "kind": "cognitive_therapy"}),
}
"""Fact or act -> the call that makes it so."""
LATENCY = {"mental_status_examination": 6, "contact_collateral": 8, "administer_cssrs": 5}
LATENCY |= {"administer_phq9": 5, "administer_gad7": 4, "administer_mdq": 5, "administer_pcl5": 8}
LATENCY |= {"assess_ciwa_ar": 4, "assess_cows": 4, "assess_4at": 3, "remove_means": 2}
LATENCY |= {"create_safety_plan": 10, "lethal_means_counselling": 5, "arrange_follow_up": 2}
LATENCY |= {"ask_patient": 2, "examine_patient": 3, "prescribe_medication": 2}
"""Simulated minutes of the tools a plan uses, where it is not 1."""
FIRST = ("vitals", "history", "allergies", "mental_status")


def ticket(patient: Patient) -> str:
    """The complaint."""
    return patient.complaint


def places(name: str, danger: str) -> dict[str, float]:
    """Places and their credit for a condition at a danger of suicide."""
    own = condition(name).judgement.dispositions
    return PLACES[danger] if _HOME in own else own


def _act(id_: str, item: str, minutes: float, weight: float, source: str) -> Required:
    return Required(
        id=id_,
        any_of=(item,),
        deadline_min=minutes,
        weight=weight,
        premise=_SCREENED,
        kind="treatment",
        source=source,
    )


def safety(name: str, danger: str) -> tuple[Required, ...]:
    """What the danger of suicide demands beside the treatment of the disorder."""
    if danger == "high":
        return (
            _act("watched", "procedure:one_to_one_observation", 90, 1.5, NPSG),
            _act("means", "procedure:means_removed", 120, 1.0, NPSG),
        )
    if _HOME not in condition(name).judgement.dispositions:
        return ()
    visit = _act("visit", "followup:within_7_days", 360, 0.5, f"{RISK}; 7 days unverified")
    if danger == "low":
        return (visit,)
    return (
        _act("safety_plan", "note:safety_plan", 360, 1.0, f"{RISK}; minutes unverified"),
        _act("counselled", "note:lethal_means_counselling", 360, 1.0, f"{RISK}; unverified"),
        visit,
    )


def required(name: str, danger: str) -> tuple[Required, ...]:
    """All that a condition at a danger of suicide demands."""
    return (*condition(name).judgement.required, *safety(name, danger))


HOME_AT_HIGH = Forbidden(
    id="home_at_high_danger",
    any_of=("disposition:discharge_home",),
    rule="HIGH_SUICIDE_RISK_DISCHARGED",
    severity=5,
    note="sent home at high danger of suicide",
    source=RISK,
)


def judgement(patient: Patient) -> Judgement:
    """What the disorder and the danger demand and forbid in this patient."""
    return _judgement(patient.condition, risk(patient))


@lru_cache(maxsize=128)
def _judgement(name: str, danger: str) -> Judgement:
    own = condition(name).judgement
    more = (HOME_AT_HIGH,) if danger == "high" else ()
    return msgspec.structs.replace(
        own,
        required=required(name, danger),
        dispositions=places(name, danger),
        forbidden=(*own.forbidden, *more),
    )


def relevant(patient: Patient) -> tuple[str, ...]:
    """What the case asks for, and what tells it from its look-alikes."""
    names = (patient.condition, *condition(patient.condition).look_alikes)
    more = Judgement(
        decisive=(("collateral", "score:*", "mental_status", "exam:*", "finding:*"),),
        dispositions={},
        required=(),
    )
    return worth((judgement(patient), more, *(condition(n).judgement for n in names)))


def call_for(item: str) -> Call | None:
    """The call that makes a fact known or does an act; None for drugs and for what is asked."""
    kind, _, name = item.partition(":")
    if item in TOOLS:
        tool, arguments = TOOLS[item]
        return Call(tool=tool, arguments=arguments)
    if kind == "lab":
        return Call(tool="order_lab_test", arguments={"test": name})
    if kind == "exam":
        return Call(tool="examine_patient", arguments={"system": name})
    return None


def prescription(name: str, id_: str, barred: tuple[str, ...]) -> Call | None:
    """The first prescription of a condition's plan for a requirement that is not barred."""
    for dose in condition(name).plan.get(id_, ()):
        if dose.drug in barred:
            continue
        chosen = {
            "drug_name": dose.drug,
            "dose": dose.dose,
            "dose_unit": dose.unit,
            "route": dose.route,
            "frequency": dose.frequency,
        }
        return Call(tool="prescribe_medication", arguments=chosen)
    return None


def wanted(name: str) -> tuple[str, ...]:
    """Facts that tell the conditions of a family apart, the slowest first."""
    facts = condition(name).judgement.decisive[0]
    return tuple(sorted(facts, key=lambda f: (not f.startswith("lab:"), f == "score:c_ssrs")))


def reference(patient: Patient) -> list[Call]:
    """Look, order, hear others, ask, make safe, treat, wait, decide."""
    name, danger = patient.condition, risk(patient)
    calls = [Call(tool=TOOLS[f][0]) for f in FIRST]
    facts = wanted(name)
    if concealed(patient):
        facts = ("collateral", *facts)
    asked = [f.removeprefix("finding:") for f in facts if f.startswith("finding:")]
    calls += [c for f in facts if (c := call_for(f)) is not None]
    calls += [
        Call(tool="ask_patient", arguments={"question": q})
        for q in interview(patient, [i for i in asked if findings()[i].layer == "asking"])
    ]
    plan = condition(name).plan
    drugs = [d.drug for doses in plan.values() for d in doses]
    barred = tuple(d for d in drugs if allergic(patient.allergies, d) is not None)
    due = sorted(required(name, danger), key=lambda r: r.deadline_min or 1e9)
    for one in due:
        found = prescription(name, one.id, barred) or call_for(one.any_of[0])
        calls += [found] if found is not None and found not in calls else []
    return [*_collected(calls), submission(name, danger)]


def _collected(calls: list[Call]) -> list[Call]:
    """The calls, then waits until every result is read."""
    clock, due = 0, list[int]()
    for call in calls:
        clock += LATENCY.get(call.tool, 1)
        if call.tool == "order_lab_test":
            due.append(clock + catalogue().tests[str(call.arguments["test"])].minutes)
    left, waits = list(due), list[Call]()
    while left:
        clock = clock + 1 if min(left) <= clock else min(left)
        left = [d for d in left if d > clock]
        waits.append(Call(tool="wait_for_results", arguments={"max_minutes": 120}))
    return [*calls, *waits]


def submission(name: str, danger: str) -> Call:
    """The answer that names a condition at a danger."""
    own = places(name, danger)
    said = {
        "icd10_code": condition(name).icd10,
        "risk": danger,
        "disposition": max(own, key=lambda d: own[d]),
        "diagnosis": condition(name).name,
        "reasoning": f"Danger {danger}; shown by {', '.join(wanted(name))}.",
    }
    return Call(tool="submit_assessment", arguments=said)
