"""Review of a new prescription by the clinical pharmacist: may it be given, and what else.

Right is what the formulary's rules say of this person's chart: laboratory values count as printed,
allergies as charted, and what is taken without a prescription counts whether it was listed or not.
"""

import msgspec

from ..conditions import Forbidden, Judgement, Required
from ..patient_agent import interview
from ..patients import Patient
from ..prescription_charts import fertile, indication, known, order, unlisted
from ..prescriptions import (
    Indication,
    Known,
    Line,
    Problem,
    Review,
    best_alternative,
    best_dose,
    review,
)
from . import Call

SOURCE = "APhA/NACDS medication therapy management 2.0, J Am Pharm Assoc 2008;48:341"
CHECK = {
    "interaction": "pairs",
    "duplicate": "duplicate",
    "washout": "washout",
    "allergy": "allergy",
    "renal": "renal",
    "hepatic": "hepatic",
    "pregnancy": "pregnancy",
    "lactation": "pregnancy",
    "qt": "qt",
    "dose": "dose",
}
"""Problem -> the check that shows it (`check:<name>:<drug>`)."""
_TOOL = {
    "pairs": "screen_medication_list",
    "duplicate": "check_duplicate_therapy",
    "washout": "get_washout",
    "allergy": "check_allergy_cross_reactivity",
    "renal": "check_renal_dosing",
    "hepatic": "check_hepatic_dosing",
    "pregnancy": "check_pregnancy_lactation",
    "qt": "check_qt_risk",
    "dose": "check_dose",
}
_FACTS: dict[str, tuple[str, ...]] = {
    "interaction": ("medications",),
    "duplicate": ("medications",),
    "washout": ("stopped",),
    "allergy": ("allergies",),
    "renal": ("lab:bmp",),
    "hepatic": ("lab:liver_panel", "history"),
    "pregnancy": ("pregnancy",),
    "lactation": ("pregnancy",),
    "qt": ("qtc", "lab:bmp"),
    "dose": ("demographics",),
}
"""Problem -> the facts of the chart that it follows from."""
_READS = {
    "order": "get_order",
    "medications": "get_medications",
    "allergies": "get_allergies",
    "demographics": "get_patient_info",
    "history": "get_patient_history",
    "stopped": "get_stopped_medications",
    "qtc": "get_ecg",
    "pregnancy": "get_reproductive_status",
    "lab:bmp": "get_lab_results",
    "lab:liver_panel": "get_lab_results",
}
ASK = "Do you take any herbs, or anything bought over the counter?"
_RULES = {
    "allergy": "ALLERGY_ANAPHYLAXIS_SAME_CLASS",
    "renal": "RENAL_CONTRAINDICATION",
    "hepatic": "HEPATIC_CONTRAINDICATION",
    "pregnancy": "TERATOGEN_IN_PREGNANCY",
    "lactation": "HARMFUL_IN_LACTATION",
    "qt": "QT_HIGH_RISK_COMBINATION",
    "duplicate": "DUPLICATE_THERAPY",
}
_PAIRED = {"interaction": "CONTRAINDICATED_PAIR", "washout": "WASHOUT_NOT_OVER"}
_SEVERITY = {4: 5, 3: 4, 2: 3, 1: 2}
"""Gravity of a problem -> severity of letting it pass."""


def ticket(patient: Patient) -> str:
    """Who waits for a new medicine."""
    return patient.complaint


def truth(patient: Patient) -> Review:
    """What is right for the proposed prescription."""
    return review(known(patient), order(patient))


def checks_shown(kind: str, id_: str, culprit: str) -> tuple[str, ...]:
    """Facts any of which shows that a problem was looked up."""
    own = f"check:{CHECK[kind]}:{id_}"
    if kind in {"interaction", "duplicate", "washout"}:
        return own, f"interaction:{id_}+{culprit}", f"interaction:{culprit}+{id_}"
    return (own,)


def judgement(patient: Patient) -> Judgement:
    """What must be read, looked up and told, and which approvals do harm."""
    found, mine = truth(patient), order(patient)
    return Judgement(
        decisive=_decisive(patient, found),
        dispositions={},
        required=tuple(_required(patient, found, mine)),
        forbidden=tuple(_forbidden(p, mine.drug) for p in found.problems if _harms(p)),
    )


def _decisive(patient: Patient, found: Review) -> tuple[tuple[str, ...], ...]:
    """The facts of any deciding problem; the whole chart where there is none."""
    ways = [_shows(patient, p) for p in found.deciding]
    if not ways:
        facts = ["order", "medications", "allergies", "lab:bmp", "demographics"]
        ways = [(*facts, "pregnancy") if fertile(known(patient)) else tuple(facts)]
    return tuple(dict.fromkeys(ways))


def _shows(patient: Patient, p: Problem) -> tuple[str, ...]:
    hidden = p.kind == "interaction" and p.culprit in unlisted(patient)
    facts = (f"finding:takes_{p.culprit}",) if hidden else _FACTS[p.kind]
    return ("order", *facts)


def _work(id_: str, *items: str, weight: float = 1.0, after: tuple[str, ...] = ()) -> Required:
    return Required(
        id=id_, any_of=items, deadline_min=60, weight=weight, after=after, source=SOURCE
    )


def _required(patient: Patient, found: Review, mine: Line) -> list[Required]:
    wanted = [
        _work("order", "order"),
        _work("medications", "medications"),
        _work("allergies", "allergies"),
        _work("kidneys", "lab:bmp"),
        _work("person", "demographics", weight=0.5),
    ]
    if fertile(known(patient)):
        wanted.append(_work("pregnancy", "pregnancy", weight=0.5))
    top = found.deciding[0] if found.deciding else None
    if top is None:
        wanted.append(_work("looked_up", "check:*", "interaction:*", after=("order",)))
        return wanted
    shown = checks_shown(top.kind, mine.drug, top.culprit)
    wanted.append(_work("looked_up", *shown, after=("order",)))
    if found.verdict in {"change_dose", "reject"}:
        wanted += _told(found, mine, _replaced(patient, found))
    return wanted


def _replaced(patient: Patient, found: Review) -> bool:
    """Whether there is anything to propose."""
    if found.verdict == "change_dose":
        return best_dose(known(patient), order(patient), indication(patient))[0] > 0
    return bool(best_alternative(known(patient), indication(patient), order(patient).drug))


def _told(found: Review, mine: Line, replaced: bool) -> list[Required]:
    told = Required(
        id="prescriber_told",
        any_of=("notified:prescriber",),
        deadline_min=60,
        after=("order", "looked_up"),
        kind="treatment",
        source=SOURCE,
    )
    wanted = [told]
    if found.verdict == "reject" and found.gravity >= 3:
        wanted.append(msgspec.structs.replace(told, id="order_held", any_of=(f"held:{mine.drug}",)))
    if replaced:
        wanted.append(msgspec.structs.replace(told, id="change_proposed", any_of=("proposed:*",)))
    return wanted


def _harms(p: Problem) -> bool:
    return not {"approve", "approve_with_monitoring"} & set(p.verdicts)


def rule_of(p: Problem, id_: str) -> str:
    """Id of the safety rule that letting this problem pass breaks."""
    if p.kind in _PAIRED:
        grave = p.kind == "washout" or p.grade == "critical"
        name = _PAIRED[p.kind] if grave else "MAJOR_PAIR"
        return "_".join((name, *sorted((id_, p.culprit)))).upper()
    if p.kind == "dose":
        return f"DOSE_10X_{id_}".upper() if p.grade == "critical" else f"DOSE_HIGH_{id_}".upper()
    return _RULES[p.kind]


def severity_of(p: Problem) -> int:
    """How grave it is to let this problem pass: 5 critical to 2 minor."""
    return _SEVERITY[{"critical": 4, "severe": 3, "moderate": 2}.get(p.grade, 1)]


def _forbidden(p: Problem, id_: str) -> Forbidden:
    return Forbidden(
        id=f"approved_despite_{p.kind}",
        any_of=("review:approve", "review:approve_with_monitoring"),
        rule=rule_of(p, id_),
        severity=severity_of(p),
        note=f"{id_} approved: {p.note}",
        source=p.source or SOURCE,
    )


def relevant(patient: Patient) -> tuple[str, ...]:
    """The whole chart, every check of the proposed drug and of what may replace it, fit acts."""
    mine, of = order(patient).drug, known(patient)
    options = [o.drug for o in indication(patient).options]
    checks = [f"check:{c}:{d}" for c in dict.fromkeys(CHECK.values()) for d in (mine, *options)]
    pairs = [f"interaction:{a}+{b}" for o in of.taken for a, b in ((mine, o), (o, mine))]
    books = [f"{kind}:{d}" for kind in ("drug_info", "cyp") for d in (mine, *of.taken)]
    return (
        *_READS,
        *("lab:*", "asked:*", "alternatives", "score:cockcroft_gault"),
        *(*checks, *pairs, *books),
        *_fit_acts(truth(patient), mine),
    )


def _fit_acts(found: Review, mine: str) -> tuple[str, ...]:
    """Acts that are no waste where the verdict is not a plain approval."""
    if found.verdict == "approve":
        return ()
    told = ("notified:prescriber",)
    if found.verdict == "approve_with_monitoring":
        return told
    held = (mine, *(p.culprit for p in found.deciding)) if found.verdict == "reject" else ()
    return (*told, "proposed:*", *(f"held:{d}" for d in held))


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The answer that a review leads to."""

    verdict: str
    problem: str = "none"
    culprit: str = ""
    alternative: str = ""
    dose: float = 0.0
    frequency: str = ""
    severity: str = "none"


def answer(of: Known, mine: Line, goal: Indication) -> Plan:
    """The best answer for a person as known, a prescription and its purpose."""
    found = review(of, mine)
    if not found.deciding or found.verdict == "approve":
        return Plan(verdict=found.verdict)
    top = found.deciding[0]
    dose, often = best_dose(of, mine, goal) if found.verdict == "change_dose" else (0.0, "")
    rejected = found.verdict == "reject"
    return Plan(
        verdict=found.verdict,
        problem=top.kind,
        culprit=top.culprit,
        alternative=best_alternative(of, goal, mine.drug) if rejected else "",
        dose=dose,
        frequency=often,
        severity=top.grade,
    )


def lookup(kind: str, mine: Line, culprit: str) -> Call:
    """The call that shows a problem of that kind."""
    name = CHECK.get(kind, "pairs")
    tool = _TOOL[name]
    match name:
        case "pairs":
            return Call(tool=tool)
        case "dose":
            often = {"dose": mine.dose, "dose_unit": mine.unit, "frequency": mine.frequency}
            return Call(tool=tool, arguments={"drug": mine.drug, **often})
        case "washout":
            return Call(tool=tool, arguments={"drug_stopped": culprit, "drug_planned": mine.drug})
        case _:
            return Call(tool=tool, arguments={"drug": mine.drug})


def acts(plan: Plan, mine: Line, *, grave: bool) -> list[Call]:
    """What is done and answered once the review is made, in order."""
    calls: list[Call] = []
    if plan.verdict in {"change_dose", "reject"}:
        if plan.verdict == "reject" and grave:
            calls.append(Call(tool="hold_medication", arguments={"drug": mine.drug}))
        urgency = "immediate" if grave else "today"
        calls.append(Call(tool="notify_prescriber", arguments={"urgency": urgency}))
        if plan.alternative:
            calls.append(Call(tool="propose_change", arguments={"drug": plan.alternative}))
        elif plan.dose:
            changed = {"drug": mine.drug, "dose": plan.dose, "frequency": plan.frequency}
            calls.append(Call(tool="propose_change", arguments=changed))
    fields = {k: v for k, v in msgspec.structs.asdict(plan).items() if v}
    note = f"{mine.drug}: {plan.verdict}, {plan.problem}."
    return [*calls, Call(tool="submit_review", arguments={**fields, "reasoning": note})]


def reference(patient: Patient) -> list[Call]:
    """Read the order and the chart, ask once, look the problem up, act, answer."""
    of, mine = known(patient), order(patient)
    plan = answer(of, mine, indication(patient))
    found = review(of, mine)
    facts = ["order", "demographics", "medications", "allergies", "lab:bmp", "history"]
    facts += ["pregnancy"] if fertile(of) else []
    facts += [f for p in found.deciding for f in _FACTS[p.kind]]
    tools = dict.fromkeys(_READS[f] for f in facts)
    calls = [Call(tool=t) for t in tools]
    taken = [id_ for id_, present in patient.findings.items() if present]
    questions = interview(patient, taken, ASK)
    calls += [Call(tool="ask_patient", arguments={"question": q}) for q in questions]
    calls.append(lookup(plan.problem, mine, plan.culprit))
    return [*calls, *acts(plan, mine, grave=found.gravity >= 3)]
