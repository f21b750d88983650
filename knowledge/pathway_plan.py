"""What to do next on a pathway, by a chart: the same steps for a plan that knows and a player.

The chart says what was seen and done and answers what is known; nothing else is read, so that a
reference solution (facts of the truth) and a script (facts observed) follow one logic.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from .conditions import Condition, Required, condition
from .domains import Call
from .drugs import Allergy, allergic, drug, interaction
from .measurements import measurement
from .pathways import (
    Act,
    Known,
    Pathway,
    meant,
    met,
    pathway_of,
    satisfied,
    seen,
)
from .variants import family

TOOLS = {
    "vitals": "get_vital_signs",
    "history": "get_patient_history",
    "allergies": "get_allergies",
    "medications": "get_medications",
    "demographics": "get_patient_info",
    "operation": "read_operation_note",
    "last_known_well": "establish_last_known_well",
    "score:nihss": "assess_nihss",
    "score:nihss_again": "assess_nihss",
    "score:kawasaki": "count_kawasaki_signs",
    "score:wells_pe": "calculate_wells_pe",
    "lab:glucose_poc": "measure_glucose",
    "lab:strep_antigen": "swab_throat",
    "procedure:ecg": "perform_ecg",
}
"""Fact -> the tool that makes it known."""
_FOR_SIGNS = ("history", "exam:general", "exam:skin", "exam:limbs", "lab:crp", "lab:esr")
_FOR_LABORATORY = ("lab:liver_panel", "lab:urinalysis", "lab:cbc", "imaging:echocardiogram")
NEEDS = {
    "score:kawasaki": (*_FOR_SIGNS, *_FOR_LABORATORY),
    "score:wells_pe": ("vitals", "history", "exam:limbs"),
}
"""Score -> what has to be observed before."""
_SERIAL_MIN, _SUGAR_MIN, _RECHECK_MIN = 31, 10, 5
_LAST = 1e6


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """What is seen and done so far."""

    name: str
    """Id of the condition that is held to be so."""
    minute: int
    facts: frozenset[str]
    done: dict[str, int]
    """Item that was ordered, given, written or called -> minute, newest."""
    acts: frozenset[str] = frozenset()
    """Ids of acts that another team is known to have done."""
    opened: frozenset[str] = frozenset()
    """Ids of acts whose premise another team is known to have seen; for a drug one looks again."""
    awaited: tuple[str, ...] = ()
    """Items whose result is still to come within hours, or is there unread."""
    charted: tuple[Allergy, ...] = ()
    """Allergy labels as read."""
    home: tuple[str, ...] = ()
    weight_kg: float | None = None
    vitals_at: int = -1
    """Minute of the newest vital signs."""
    known: Known
    """What is so at arrival."""
    now: Known
    """What is so by the newest measurement."""

    @property
    def given(self) -> tuple[str, ...]:
        """Drugs that went in."""
        return tuple(i.removeprefix("drug:") for i in self.done if i.startswith("drug:"))

    @property
    def items(self) -> tuple[str, ...]:
        """Everything seen and done."""
        return (*sorted(self.facts), *self.done)


Step = Call | None
"""None: nothing can be done about it yet."""


def _call(tool: str, **arguments: Any) -> Call:
    return Call(tool=tool, arguments=arguments)


def observe(fact: str, chart: Chart) -> Step:
    """The call that makes a fact known, or one that it needs before."""
    if fact in chart.awaited:
        return None
    for need in NEEDS.get(fact, ()):
        if need not in chart.facts:
            return observe(need, chart)
    kind, _, name = fact.partition(":")
    arrival = family(condition(chart.name).family).arrival
    if fact in TOOLS:
        return _call(TOOLS[fact])
    match kind:
        case "lab" if name in arrival:
            return _call("get_lab_results")
        case "lab":
            return _call("order_lab_test", test=name)
        case "imaging":
            return _call("order_imaging", study=name)
        case "exam":
            return _call("examine_patient", system=name)
        case _:
            return None


def _barred(id_: str, of: Pathway, own: Condition, chart: Chart) -> bool:
    """Whether allergies, home drugs or a rule speak against a drug."""
    chosen = drug(id_)
    label = allergic([a for a in chart.charted if a.true], id_)
    if label is not None:
        return True
    for rule in (*of.forbidden, *own.judgement.forbidden):
        if not any(chosen.matches(item) for item in rule.any_of):
            continue
        if met_by_done(rule.unless_done, chart):
            continue
        if all(satisfied(p, chart.now) is True for p in rule.when):
            return True
    others = (interaction(id_, d) for d in (*chart.home, *chart.given))
    return any(not isinstance(i, str) and i.severity == "contraindicated" for i in others)


def met_by_done(patterns: tuple[str, ...], chart: Chart) -> bool:
    """Whether one of the patterns was seen or done."""
    return any(p in chart.facts or p in chart.done for p in patterns)


def _give(act: Act, of: Pathway, chart: Chart) -> Step:
    own = condition(chart.name)
    for option in act.options:
        id_, dose, unit, route, *most = option.split(" ")
        if _barred(id_, of, own, chart):
            continue
        amount = float(dose)
        if most and unit.endswith("/kg"):
            if chart.weight_kg is None:
                return _call("get_patient_info")
            amount = round(min(amount * chart.weight_kg, float(most[0])), 2)
            unit = unit.removesuffix("/kg")
        arguments = {"drug_name": id_, "dose": amount, "dose_unit": unit, "route": route}
        return Call(tool="prescribe_medication", arguments=arguments)
    return None


def _serial(chart: Chart) -> Step:
    if "lab:troponin_t" in chart.awaited:
        return None
    if "lab:troponin_t" not in chart.facts:
        return observe("lab:troponin_t", chart)
    first = chart.done.get("lab:troponin_t", 0)
    left = first + _SERIAL_MIN - chart.minute
    if left > 0:
        return _call("wait_for_results", max_minutes=left)
    return _call("order_lab_test", test="troponin_t")


def _again(chart: Chart) -> Step:
    sugars = [m for i, m in chart.done.items() if i.startswith("drug:dextrose")]
    left = max(sugars, default=chart.minute) + _SUGAR_MIN + 4 - chart.minute
    if left > 0:
        return _call("wait_for_results", max_minutes=left)
    return _call("assess_nihss")


def handoff(of: Pathway, chart: Chart) -> dict[str, Any]:
    """The arguments of a hand-off that says what the chart holds."""
    to = of.conditions[chart.name]
    values = [
        {"name": n, "number": round(v, 2), "unit": measurement(n).ucum}
        for n in to.values
        if isinstance(v := chart.now(f"value:{n}"), int | float)
    ]
    return {
        "to_specialty": to.specialty,
        "situation": {"icd10_code": condition(chart.name).icd10, "acuity": to.acuity[0]},
        "background": {
            "allergies": [a.substance for a in chart.charted],
            "given": sorted(set(chart.given)),
        },
        "assessment": values,
        "recommendation": list(to.next),
    }


def _speak(kind: str, of: Pathway, chart: Chart) -> Step:
    """The call of an act of the hand-over."""
    to, own = of.conditions[chart.name], condition(chart.name)
    match kind:
        case "diagnosis":
            return _call("record_diagnosis", diagnosis=own.name, icd10_code=own.icd10)
        case "handoff":
            missing = next((f for f in ("allergies", "vitals") if f not in chart.facts), "")
            if missing:
                return observe(missing, chart)
            return _call("handoff_sbar", **handoff(of, chart))
        case "transfer":
            return _call("transfer_care", to_specialty=to.specialty)
        case "bed":
            return _call("request_bed", unit=to.bed)
        case _:
            return _call("family_communication", topics=list(to.topics), to="family")


_SPOKEN = frozenset(("diagnosis", "handoff", "transfer", "bed", "family"))


def _do(act: Act, of: Pathway, chart: Chart) -> Step:
    """The call that does an act, its premise being seen."""
    if act.kind == "treatment":
        return _give(act, of, chart)
    item = act.any_of[0]
    kind, _, name = item.partition(":")
    if item == "lab:troponin_t_serial":
        return _serial(chart)
    if item == "score:nihss_again":
        return _again(chart)
    if kind in _SPOKEN:
        return _speak(kind, of, chart)
    match kind:
        case "pathway":
            return _call("activate_pathway", pathway=name)
        case "team":
            return _call("call_pathway_team", team=name)
        case "procedure" if item not in TOOLS:
            return _call("perform_pathway_procedure", procedure=name)
        case _:
            return observe(item, chart)


def _is_met(act: Required, chart: Chart) -> bool:
    return act.id in chart.acts or met(act, chart.items)


def _ready(act: Act, chart: Chart) -> Step:
    """A call that waits for what the act needs at its moment; None where it is so."""
    if all(satisfied(p, chart.now) is True for p in act.ready):
        return None
    if chart.minute - chart.vitals_at >= _RECHECK_MIN:
        return _call("get_vital_signs")
    return _call("wait_for_results", max_minutes=_RECHECK_MIN)


def _too_soon(act: Act, of: Pathway, chart: Chart) -> Step:
    """A wait for the time that has to pass after the acts before; None where it has."""
    first = [one for _, one in of.acts() if one.id in act.after]
    times = [m for one in first for item, m in chart.done.items() if met(one, (item,))]
    left = round(max(times, default=-_LAST) + act.gap_min - chart.minute)
    return _call("wait_for_results", max_minutes=min(left, 240)) if left > 0 else None


def _step(act: Act, premise: tuple[tuple[str, ...], ...], of: Pathway, chart: Chart) -> Step:
    by_others = act.id in chart.opened and act.kind == "workup"
    if not seen(premise, chart.facts) and not by_others:
        missing = [f for f in premise[0] if f not in chart.facts]
        steps = (observe(f, chart) for f in missing)
        return next((s for s in steps if s is not None), None)
    wait = _too_soon(act, of, chart) if act.gap_min else None
    wait = wait or (_ready(act, chart) if act.ready else None)
    return wait or _do(act, of, chart)


def _open(of: Pathway, chart: Chart) -> Iterator[tuple[float, Act, Step]]:
    asked = {act.id: act for _, act in of.acts() if meant(act, chart.known)}
    for phase, act in of.acts():
        if act.id not in asked or _is_met(act, chart):
            continue
        if any(a in asked and not _is_met(asked[a], chart) for a in act.after):
            continue
        due = act.deadline_min or (_LAST if phase.id == "hand_over" else _LAST - 1)
        yield due, act, _step(act, act.premise or phase.premise, of, chart)


def completed(of: Pathway, is_met: Callable[[Act], bool], known: Known) -> list[str]:
    """Ids of the phases whose acts, as far as they are meant for this patient, are all done."""
    return [p.id for p in of.phases if all(is_met(a) for a in p.acts if meant(a, known))]


def submission(of: Pathway, chart: Chart) -> Call:
    """The answer."""
    own = condition(chart.name)
    places = own.judgement.dispositions
    return _call(
        "submit_pathway",
        diagnosis=own.name,
        icd10_code=own.icd10,
        disposition=max(places, key=lambda d: places[d]),
        completed_phases=completed(of, lambda a: _is_met(a, chart), chart.known),
    )


def steps(chart: Chart) -> list[Call]:
    """What to do now, the most urgent first; the answer last."""
    of = pathway_of(chart.name)
    found = sorted(_open(of, chart), key=lambda one: one[0])
    waits = [s for _, _, s in found if s is not None and s.tool == "wait_for_results"]
    acts = [s for due, _, s in found if s is not None and s not in waits and due < _LAST]
    facts = condition(chart.name).judgement.decisive[0]
    looks = [observe(f, chart) for f in facts if f not in chart.facts and f in _LOOKED]
    acts += [s for s in looks if s is not None and s not in acts]
    if not acts and chart.awaited:
        waits.append(_call("wait_for_results", max_minutes=120))
    last = [s for due, _, s in found if s is not None and s not in waits and due == _LAST]
    return [*(acts or waits or last), submission(of, chart)]


_LOOKED = frozenset({*TOOLS}) - {"score:nihss_again"}
