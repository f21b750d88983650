"""Clinical diagnosis: an acute patient, adult or child, in the emergency department.

Reference solutions are planned from the truth, yet every answer rests on observed evidence. They
prove that each task can be solved well; they are not what an agent is compared with (an agent
sees observations only).
"""

from functools import cache
from typing import Any

from .. import labs
from ..conditions import Condition, Dose, Forbidden, Judgement, Required, condition
from ..drugs import allergic, drug, interaction
from ..patient_agent import interview
from ..patients import Patient
from ..studies import studies
from ..variants import findings
from ..world import World, holds, open_world
from . import Call, worth

LATENCY = {"perform_ecg": 5, "examine_patient": 3, "transfer_to_specialist": 3}
LATENCY |= {"prescribe_medication": 2, "ask_patient": 2}
"""Simulated minutes of the tools a plan uses, where it is not 1."""
_SERIAL_MIN = 32


def ticket(patient: Patient) -> str:
    """The complaint."""
    return patient.complaint


def judgement(patient: Patient) -> Judgement:
    """What the condition demands and forbids."""
    return condition(patient.condition).judgement


def relevant(patient: Patient) -> tuple[str, ...]:
    """The condition's own needs and those of its look-alikes."""
    return _relevant(patient.condition)


@cache
def _relevant(id_: str) -> tuple[str, ...]:
    own = condition(id_)
    return worth((own.judgement, *(condition(o).judgement for o in own.look_alikes)))


class _Plan:
    """A plan being written, with its clock (simulated minutes)."""

    def __init__(self, patient: Patient) -> None:
        self.calls: list[Call] = []
        self.clock = 0
        self.due: dict[str, int] = {}
        self.world: World = open_world(patient)
        self.arrival = {o.item for o in self.world.orders}
        self.given: list[str] = []

    def add(self, tool: str, **arguments: Any) -> None:
        """Append a call unless the same one is already planned."""
        call = Call(tool=tool, arguments=arguments)
        if call in self.calls and tool not in {"wait_for_results", "order_lab_test"}:
            return
        self.calls.append(call)
        self.clock += LATENCY.get(tool, 1)

    def order(self, item: str) -> None:
        """Order a lab test or an imaging study once."""
        if item in self.due:
            return
        kind, _, name = item.partition(":")
        if kind == "lab":
            self.add("order_lab_test", test=name)
            wait = labs.catalogue().tests[name].minutes
        else:
            self.add("order_imaging", study=name)
            wait = studies().studies[name].minutes
        self.due[item] = self.clock + wait

    def collect(self) -> None:
        """Wait for everything ordered that returns within the episode."""
        left = {i: d for i, d in self.due.items() if d < self.clock + 240}
        while left:
            unread = [i for i, d in left.items() if d <= self.clock]
            until = self.clock + 1 if unread else min(left.values())
            self.calls.append(Call(tool="wait_for_results", arguments={"max_minutes": 120}))
            self.clock = until
            left = {i: d for i, d in left.items() if d > until}
        self.due.clear()


def _observe(plan: _Plan, item: str) -> None:
    """Plan what makes a fact known."""
    kind, _, name = item.partition(":")
    match kind:
        case "lab" if item in plan.arrival:
            plan.add("get_lab_results")
        case "lab" if name == "troponin_t_serial":
            plan.add("get_lab_results")
        case "lab" | "imaging":
            plan.order(item)
        case "procedure":
            plan.add("perform_ecg")
        case "consult":
            plan.add("transfer_to_specialist", specialty=name)
        case "exam":
            plan.add("examine_patient", system=name)
        case "score":
            plan.add("get_vital_signs")
            plan.add("get_lab_results")
            plan.add(f"calculate_{name}")
        case "finding" if findings()[name].layer == "asking":
            for question in interview(plan.world.patient, (name,)):
                plan.add("ask_patient", question=question)
        case _:
            plan.add(f"get_{kind}")


def _forbidden(f: Forbidden, dose: Dose, plan: _Plan) -> bool:
    chosen = drug(dose.drug)
    if not any(chosen.matches(item) for item in f.any_of):
        return False
    if any(drug(g).matches(item) for g in plan.given for item in f.unless_done):
        return False
    return all(holds(p, plan.world, 0) for p in f.when)


def _badness(dose: Dose, c: Condition, plan: _Plan) -> int:
    """How much speaks against a prescription; 8 and above is ruled out."""
    patient = plan.world.patient
    label = allergic(patient.allergies, dose.drug)
    bad = 0
    if label is not None:
        bad += 8 if label.true else 2
    bad += 8 * any(_forbidden(f, dose, plan) and f.severity > 2 for f in c.judgement.forbidden)
    for home in patient.medications:
        found = interaction(dose.drug, home.drug)
        if not isinstance(found, str):
            bad += {"contraindicated": 8, "major": 1}.get(found.severity, 0)
    return bad


def _treat(plan: _Plan, c: Condition, required: Required) -> None:
    options = c.plan.get(required.id, ())
    ranked = sorted(options, key=lambda dose: _badness(dose, c, plan))
    if not ranked or _badness(ranked[0], c, plan) >= 8:
        return
    dose = ranked[0]
    plan.given.append(dose.drug)
    plan.add(
        "prescribe_medication",
        drug_name=dose.drug,
        dose=dose.dose,
        dose_unit=dose.unit,
        route=dose.route,
        frequency=dose.frequency,
    )


def _urgency(r: Required) -> tuple[int, float]:
    return (len(r.after), r.deadline_min or 1e9)


def reference(patient: Patient) -> list[Call]:
    """The calls that solve this patient's case, in order, ending with submit_answer."""
    c = condition(patient.condition)
    judgement = c.judgement
    plan = _Plan(patient)
    due = [r for r in judgement.required if all(holds(p, plan.world, 0) for p in r.when)]
    for r in due:
        if "procedure:ecg" in r.any_of and r.kind == "workup":
            _observe(plan, "procedure:ecg")
    if any(r.kind == "treatment" for r in due):
        for tool in ("get_allergies", "get_patient_history", "get_medications"):
            plan.add(tool)
    work = [r for r in due if r.kind == "workup"]
    for r in sorted(work, key=lambda r: not r.any_of[0].startswith(("lab:", "imaging:"))):
        if not r.any_of[0].startswith(("consult:", "exam:", "score:", "finding:")):
            _observe(plan, r.any_of[0])
    for fact in judgement.decisive[0]:
        _observe(plan, fact)
    for r in sorted((r for r in due if r.kind == "treatment"), key=_urgency):
        _treat(plan, c, r)
    for r in work:
        _observe(plan, r.any_of[0])
    _finish(plan, c, serial=any("lab:troponin_t_serial" in r.any_of for r in due))
    return plan.calls


def _finish(plan: _Plan, c: Condition, *, serial: bool) -> None:
    plan.collect()
    if serial:
        if plan.clock < _SERIAL_MIN:
            plan.add("wait_for_results", max_minutes=_SERIAL_MIN - plan.clock)
            plan.clock = _SERIAL_MIN
        plan.due.pop("lab:troponin_t", None)
        plan.order("lab:troponin_t")
        plan.collect()
    judgement = c.judgement
    best = max(judgement.dispositions, key=lambda d: judgement.dispositions[d])
    plan.add("record_diagnosis", diagnosis=c.name, icd10_code=c.icd10)
    plan.add(
        "submit_answer",
        diagnosis=c.name,
        icd10_code=c.icd10,
        disposition=best,
        answer=c.name,
        reasoning=f"{c.name}, shown by {', '.join(judgement.decisive[0])}.",
        citations=list(judgement.decisive[0]),
    )
