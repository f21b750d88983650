"""Work on an inpatient's electronic record: scores at a time, courses, errors, lists, counts.

The right answer is computed from the sound rows of the patient's stay (`knowledge/stays`); it
earns nothing before the rows that it turns on have been read.
"""

from collections.abc import Callable
from typing import Any

from ..conditions import Forbidden, Judgement, Required
from ..patients import Patient
from ..stays.asked import Ask, Question
from ..stays.census import everyone
from ..stays.course import plan_of
from ..stays.papers import YEAR_DAYS, papers
from ..stays.questions import question
from ..stays.scores import DAY
from ..stays.tables import tables
from . import Call

RECORD = "the rows of this patient's record"
_SOURCES = {
    "sofa": "Vincent, Intensive Care Med 1996;22:707",
    "sofa2": "Ranzani, JAMA 2025, doi 10.1001/jama.2025.20516",
    "news2": "RCP NEWS2 2017",
    "apache": "Knaus, Crit Care Med 1985;13:818",
    "kdigo": "KDIGO 2012",
    "lace": "van Walraven, CMAJ 2010;182:551",
    "deterioration": "RCP NEWS2 2017",
    "time_zero": "Singer, JAMA 2016;315:801; Reyna, Crit Care Med 2020;48:210",
    "reconcile": "WHO High 5s medication reconciliation protocol 2014; FDA metformin label 2016",
    "readiness": "Halm, JAMA 1998;279:1452; IDSA/ATS 2007",
}
_LABS_PAGE_H, _SIGNS_PAGE_H, _FLOWS_PAGE_H, _GAS_PAGE_H = 90, 44, 20, 28


def ticket(patient: Patient) -> str:
    """The work order."""
    return question(patient).ask.ticket()


def judgement(patient: Patient) -> Judgement:
    """Read the rows, flag what is wrong, compute, call for help where the patient needs it."""
    q = question(patient)
    source = _SOURCES.get(q.ask.kind, RECORD)
    share = round(2.0 / len(q.evidence), 6)
    required = [
        Required(id=f"read_{n}", any_of=(fact,), weight=share, source=source)
        for n, fact in enumerate(q.evidence, start=1)
    ]
    if fact := computed(q):
        required.append(Required(id="computed", any_of=(fact,), source=source))
    for id_ in q.flags:
        flag = Required(id=f"flag_{id_}", any_of=(f"flag:{id_}",), kind="treatment", source=RECORD)
        required.append(flag)
    if q.escalate:
        required.append(_ESCALATION)
    return Judgement(
        decisive=(q.evidence,),
        dispositions={},
        required=tuple(required),
        forbidden=(_sound_flagged(patient),),
        unsafe_dispositions=() if q.ready is not False else ("discharge_home",),
    )


_ESCALATION = Required(
    id="escalation",
    any_of=("note:escalation",),
    deadline_min=30,
    critical=True,
    hard_deadline_min=60,
    rule="DETERIORATION_NOT_ESCALATED",
    kind="treatment",
    weight=1.5,
    source="RCP NEWS2 2017",
)


def _sound_flagged(patient: Patient) -> Forbidden:
    return Forbidden(
        id="sound_row_flagged",
        any_of=tuple(f"flag:{r.id}" for r in tables(patient).sound().rows),
        rule="SOUND_DATA_REMOVED",
        severity=3,
        note="a sound row was taken out of the record",
        source=RECORD,
    )


def computed(q: Question) -> str:
    """The fact of the computation that a question asks for; "" where reading is enough."""
    at = q.ask.at
    facts = {
        "sofa": f"score:sofa:{at}",
        "sofa2": f"score:sofa2:{at}",
        "news2": f"score:news2:{at}",
        "apache": "score:apache_ii",
        "kdigo": f"score:kdigo:{at}",
        "lace": "score:lace",
        "trend": f"trend:{q.ask.of}",
    }
    if q.ask.kind == "deterioration" and q.value >= 0:
        return f"score:news2:{q.value:g}"
    return facts.get(q.ask.kind, "")


def relevant(patient: Patient) -> tuple[str, ...]:
    """The evidence, the computation, and further rows of the same tables."""
    q = question(patient)
    flags = (f"flag:{i}" for i in q.flags)
    more = ("admission", "earlier_admissions", "note:escalation")
    return tuple(dict.fromkeys((*q.evidence, *q.helpful, *flags, computed(q), *more)))


def call(tool: str, **arguments: Any) -> Call:
    """A tool call."""
    return Call(tool=tool, arguments=arguments)


def pages(tool: str, since: int, upto: int, step: int, **arguments: Any) -> list[Call]:
    """Calls that read an interval in pieces small enough to be shown whole."""
    found: list[Call] = []
    start = max(since, 0)
    while start <= upto:
        end = min(start + step, upto)
        found.append(call(tool, from_h=start, to_h=end, **arguments))
        start = end + 1
    return found


def labs(since: int, upto: int, *labels: str) -> list[Call]:
    """Calls that read labs."""
    steps = {label: _GAS_PAGE_H if label == "gas" else _LABS_PAGE_H for label in labels}
    return [c for k, h in steps.items() for c in pages("query_labs", since, upto, h, label=k)]


def signs(since: int, upto: int) -> list[Call]:
    """Calls that read vital signs."""
    return pages("query_vitals", since, upto, _SIGNS_PAGE_H)


def flows(since: int, upto: int) -> list[Call]:
    """Calls that read inputs and outputs."""
    return pages("query_inputs_outputs", since, upto, _FLOWS_PAGE_H)


SOFA_LABS = ("platelets", "bilirubin", "creatinine", "gas")
APACHE_LABS = ("sodium", "potassium", "creatinine", "hematocrit", "wbc", "gas")


def reading(ask: Ask) -> list[Call]:
    """Calls that read what a work order needs, as far as the order itself tells."""
    return _READ[ask.kind](ask)


def _sofa(ask: Ask) -> list[Call]:
    start = max(ask.at - DAY, 0)
    more = ("potassium", "bicarbonate") if ask.kind == "sofa2" else ()
    rows = labs(start, ask.at, *SOFA_LABS, *more)
    return [*rows, *signs(start, ask.at), *flows(start, ask.at)]


def _news2(ask: Ask) -> list[Call]:
    return [call("get_orders", kind="oxygen"), *signs(max(ask.at - 8, 0), ask.at)]


def _apache(ask: Ask) -> list[Call]:
    del ask
    return [call("get_icu_stays"), call("get_notes", kind="icu")]


def _kdigo(ask: Ask) -> list[Call]:
    first = [call("get_admission"), call("list_admissions")]
    return [*first, *labs(0, ask.at, "creatinine"), *flows(0, ask.at)]


def _lace(ask: Ask) -> list[Call]:
    del ask
    note = call("get_notes", kind="admission")
    return [call("get_admission"), call("list_admissions"), note]


def _trend(ask: Ask) -> list[Call]:
    return [call("get_lab_trend", label=ask.of, from_h=ask.since, to_h=ask.at)]


def _extreme(ask: Ask) -> list[Call]:
    return labs(ask.since, ask.at, ask.of.partition(" ")[0])


def _deterioration(ask: Ask) -> list[Call]:
    return signs(0, ask.at)


def _time_zero(ask: Ask) -> list[Call]:
    orders = [call("get_orders", kind=k) for k in ("culture", "medication")]
    return [*orders, *labs(0, ask.at, *SOFA_LABS), *signs(0, ask.at), *flows(0, ask.at)]


def _balance(ask: Ask) -> list[Call]:
    return flows(ask.since + 1, ask.at)


def _reconcile(ask: Ask) -> list[Call]:
    notes = [call("get_notes", kind=k) for k in ("admission", "pharmacy")]
    kidney = labs(max(ask.at - DAY, 0), ask.at, "creatinine")
    return [*notes, *kidney, call("reconcile_medications")]


def _readiness(ask: Ask) -> list[Call]:
    return [*signs(max(ask.at - 8, 0), ask.at), call("get_notes", kind="nursing")]


def _suspects(ask: Ask) -> list[Call]:
    if ask.of == "vitals":
        return signs(0, ask.at)
    if ask.of in {"inputs_outputs", "urine"}:
        return flows(0, ask.at)
    return labs(0, ask.at, ask.of) if ask.of != "labs" else []


def _counted(ask: Ask) -> list[Call]:
    labels = {"shock": ("lactate", "map"), "injury": ("creatinine",), "warning": ("hr",)}
    return [call("search_census", label=k) for k in labels[ask.of]]


_READ: dict[str, Callable[[Ask], list[Call]]] = {
    "sofa": _sofa,
    "sofa2": _sofa,
    "news2": _news2,
    "apache": _apache,
    "kdigo": _kdigo,
    "lace": _lace,
    "trend": _trend,
    "extreme": _extreme,
    "deterioration": _deterioration,
    "time_zero": _time_zero,
    "balance": _balance,
    "reconcile": _reconcile,
    "readiness": _readiness,
    "data_error": _suspects,
    "cohort": _counted,
}


def reference(patient: Patient) -> list[Call]:
    """Read, flag, compute, call for help, report."""
    q = question(patient)
    ask = q.ask
    calls = reading(ask)
    if ask.of == "labs":
        calls += labs(0, ask.at, plan_of(patient).where)
    if ask.kind == "apache":
        start = plan_of(patient).icu
        calls += [*labs(start, start + DAY, *APACHE_LABS), *signs(start, start + DAY)]
    if ask.kind == "cohort" and ask.of == "warning":
        calls += _neighbours(patient)
    faults = {r.id: r.fault for r in tables(patient).rows}
    for id_ in q.flags:
        calls.append(call("flag_data_error", table=TABLE[id_[0]], row=id_, reason=faults[id_]))
    calls += _computation(patient, q)
    if q.escalate:
        said = "NEWS2 of 7 or more: emergency assessment now."
        calls.append(call("write_note", kind="escalation", text=said))
    return [*calls, call("submit_report", **answer(q))]


TABLE = {"L": "labs", "V": "vitals", "F": "inputs_outputs"}
"""First letter of a row id -> table."""


def _neighbours(patient: Patient) -> list[Call]:
    here = [b for b in everyone(patient) if b.present]
    now = {b.hadm_id: int(b.rows.signs[-1].hour) for b in here}
    return [call("query_vitals", from_h=h, to_h=h, hadm_id=id_) for id_, h in now.items()]


def _computation(patient: Patient, q: Question) -> list[Call]:
    at, plan = q.ask.at, plan_of(patient)
    match q.ask.kind:
        case "sofa" | "sofa2":
            return [call("calculate_sofa", hour=at, version=q.ask.kind)]
        case "news2":
            scale = 2 if plan.target_88_92 else 1
            return [call("calculate_news2_at", hour=at, spo2_scale=scale)]
        case "apache":
            said = {"acute_renal_failure": plan.renal_failure_note}
            return [call("calculate_apache_ii", chronic_insufficiency=plan.chronic_note, **said)]
        case "kdigo":
            return _staged(patient, at)
        case "lace":
            return [call("calculate_lace", ed_visits=plan.ed_visits)]
        case "deterioration" if q.value >= 0:
            return [call("calculate_news2_at", hour=int(q.value))]
        case _:
            return []


def _staged(patient: Patient, at: int) -> list[Call]:
    recent = [a for a in papers(patient).earlier if a.creatinine and a.days_before <= YEAR_DAYS]
    if not recent:
        return [call("stage_aki", hour=at, baseline="lowest_of_stay")]
    compared = call("compare_admissions", hadm_id=recent[0].hadm_id)
    return [compared, call("stage_aki", hour=at, baseline="previous_admission")]


def answer(q: Question) -> dict[str, Any]:
    """The fields of the right report."""
    if q.wants == "items":
        fields: dict[str, Any] = {"items": list(q.items)}
        if q.reason:
            fields["reason"] = q.reason
        if q.ready is not None:
            fields["ready"] = q.ready
        return fields
    return {q.wants: round(q.value, 4)}
