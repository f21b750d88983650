"""The script of the pathways: look, name the likeliest cause, take the pathway's next step."""

from collections.abc import Mapping
from typing import Any

from ...bus.view import View
from ...knowledge.conditions import condition
from ...knowledge.drugs import drug
from ...knowledge.pathway_plan import Chart, steps, submission
from ...knowledge.pathways import Known, pathway_of, pathways
from ...knowledge.world import Truth
from ..reading import Seen, number, read
from . import Call

_MINUTE = 60_000_000
_UNWELL = {
    "vitals": "get_vital_signs",
    "lab:bmp": "get_lab_results",
    "allergies": "get_allergies",
    "history": "get_patient_history",
}
_INFARCTION = ("stemi_anterior", "stemi_inferior", "nstemi")
_SUGAR_LOW, _SUGAR_HIGH, _LACTATE_HIGH = 70, 560, 3.5
_NEVER = 999.0
_TORN = ("exam_pulse_deficit", "exam_ar_murmur", "tearing")
_ST = {"anterior_st": "stemi_anterior", "inferior_st": "stemi_inferior"}


def _shown(view: View) -> dict[str, Any]:
    """What the tools have shown: the newest of each field."""
    found: dict[str, Any] = {}
    for turn in view.turns:
        seen = turn.observation
        if seen is not None and seen.ok:
            found |= seen.content
    return found


def _first(view: View) -> dict[str, float]:
    """The first reading of every vital sign and laboratory value."""
    found: dict[str, float] = {}
    for turn in view.turns:
        seen = turn.observation
        if seen is None or not seen.ok:
            continue
        for part in ("vitals", "results"):
            for key, text in seen.content.get(part, {}).items():
                value = number(str(text))
                if value is not None:
                    found.setdefault(key, value)
    return found


def _metabolic(first: Mapping[str, float]) -> str:
    if first.get("beta_hydroxybutyrate_mmol_l", 0) >= 3:
        return "dka"
    quiet = first.get("lactate_mmol_l", 1.0) < _LACTATE_HIGH
    return "hhs" if first.get("glucose_mg_dl", 0) >= _SUGAR_HIGH and quiet else "sepsis"


def _chest(seen: Seen) -> str:
    torn = seen.imaging.get("ct_angiogram_aorta")
    if torn is not None:
        return "aortic_dissection" if torn == "type_a" else "nstemi"
    return "aortic_dissection" if any(seen.findings.get(s) for s in _TORN) else "nstemi"


def _brain(seen: Seen, first: Mapping[str, float]) -> str:
    if first.get("glucose_mg_dl", 100) < _SUGAR_LOW:
        return "low_sugar_weakness"
    return "brain_haemorrhage" if seen.imaging.get("head_ct") == "haematoma" else "brain_infarction"


def _name(view: View, seen: Seen) -> str:
    """The likeliest condition by what was seen."""
    first, shown = _first(view), _shown(view)
    match seen.family:
        case "breastbone_pain":
            return _ST.get(seen.ecg, "stemi_anterior")
        case "metabolic":
            return _metabolic(first)
        case "sudden_weakness":
            return _brain(seen, first)
        case "after_operation":
            clear = seen.imaging.get("ct_pulmonary_angiogram") == "normal"
            return "postoperative_atelectasis" if clear else "postoperative_embolus"
        case "feverish_child":
            treat = str(shown.get("algorithm", "complete kawasaki"))
            met = treat in {"complete kawasaki", "incomplete kawasaki: treat"}
            return "kawasaki_disease" if met else "scarlet_fever"
        case _:
            return _chest(seen)


def _thinned(seen: Seen, shown: Mapping[str, Any]) -> bool:
    told = bool(shown.get("anticoagulant_within_48_h", False))
    return told or any(drug(d).matches("class:anticoagulant") for d in seen.medications)


def _extra(name: str, view: View, seen: Seen) -> dict[str, Truth]:
    """The pathway's own facts, as far as they can be told from what was seen."""
    shown, first = _shown(view), _first(view)
    brain = shown.get("operation") == "craniotomy"
    flu = first.get("influenza_index")
    ill = None if flu is None else flu >= 1
    if flu is None and "history" in seen.facts:
        ill = False if not seen.findings.get("child_contact_flu") else None
    return {
        "extra:infarction": name in _INFARCTION,
        "extra:st_elevation": name.startswith("stemi"),
        "extra:device_min": shown.get("device_possible_in_min"),
        "extra:last_known_well_h": shown.get("last_known_well_h"),
        "extra:nihss": shown.get("nihss"),
        "extra:anticoagulated": _thinned(seen, shown),
        "extra:epidural": shown.get("epidural_catheter") == "in place",
        "extra:brain_operated_h": float(shown.get("hours_ago", _NEVER)) if brain else _NEVER,
        "extra:influenza": ill,
    }


def _knowing(name: str, view: View, seen: Seen, values: Mapping[str, float]) -> Known:
    own: dict[str, Truth] = {**_extra(name, view, seen), "condition": name, "ecg": seen.ecg}

    def known(fact: str) -> Truth:
        kind, _, part = fact.partition(":")
        match kind:
            case "vital" | "lab" | "value":
                return values.get(part)
            case "flag":
                return part in seen.past
            case "medication":
                return part in seen.medications
            case "finding":
                return seen.findings.get(part)
            case "imaging":
                return seen.imaging.get(part)
            case _:
                return own.get(fact)

    return known


def _done(view: View) -> dict[str, int]:
    """Items that were ordered, given, written or called, with their minute."""
    found: dict[str, int] = {}
    for turn in view.turns:
        seen = turn.observation
        if seen is None or not seen.ok or seen.effect is None or not seen.effect.item:
            continue
        at = seen.effect.due if seen.effect.kind == "given" else turn.observed_at
        found[seen.effect.item] = at // _MINUTE
    return found


def _awaited(view: View, facts: frozenset[str]) -> tuple[str, ...]:
    now = view.turns[-1].observed_at if view.turns else 0
    found: list[str] = []
    for turn in view.turns:
        seen = turn.observation
        effect = seen.effect if seen is not None and seen.ok else None
        if effect is None or effect.kind != "ordered" or not effect.order.startswith("R"):
            continue
        if f"result:{effect.order}" not in facts and effect.due < now + 240 * _MINUTE:
            found.append(effect.item)
    return tuple(found)


def _on_page(view: View, state: str) -> frozenset[str]:
    """Ids of the acts that the pathway's page, read last, calls done or pending."""
    found: list[str] = []
    for phase in _shown(view).get("phases", {}).values() if _checked(view) else ():
        found += [id_ for id_, text in phase["acts"].items() if text.startswith(state)]
    return frozenset(found)


def _checked(view: View) -> bool:
    return any(getattr(t.action, "tool", "") == "check_phase" for t in view.turns)


def _vitals_at(view: View) -> int:
    times = [
        t.observed_at // _MINUTE
        for t in view.turns
        if t.observation is not None and "vitals" in t.observation.reveals
    ]
    return max(times, default=-1)


def _chart(view: View) -> Chart:
    seen, shown = read(view), _shown(view)
    name = _handed(view) or _name(view, seen)
    return Chart(
        name=name,
        minute=seen.minute,
        facts=seen.facts,
        done=_done(view),
        acts=_on_page(view, "done"),
        opened=_on_page(view, "pending"),
        awaited=_awaited(view, seen.facts),
        charted=seen.allergies,
        home=seen.medications,
        weight_kg=shown.get("weight_kg"),
        vitals_at=_vitals_at(view),
        known=_knowing(name, view, seen, _first(view)),
        now=_knowing(name, view, seen, seen.values),
    )


def _handed(view: View) -> str:
    """The condition that another team's hand-off names, for who takes over; "" for none."""
    first = view.turns[0].observation if view.turns else None
    if first is None or "told" not in first.content or not isinstance(first.content["told"], dict):
        return ""
    code = first.content["told"]["situation"]["icd10_code"]
    names = {condition(n).icd10: n for p in _ways() for n in p}
    return names.get(code, "")


def _ways() -> list[tuple[str, ...]]:
    return [tuple(p.conditions) for p in pathways().values()]


def _torn_unless_seen(seen: Seen) -> list[Call]:
    """Questions and looks that chest pain asks for before it is called an infarction."""
    calls = []
    if "procedure:ecg" in seen.facts and "exam:limbs" not in seen.facts:
        calls.append(Call(tool="examine_patient", arguments={"system": "limbs"}))
    if "exam:limbs" in seen.facts and "exam:heart" not in seen.facts:
        calls.append(Call(tool="examine_patient", arguments={"system": "heart"}))
    if "exam:heart" in seen.facts and "asked:character" not in seen.facts:
        text = "Tell me about character: tearing pain to the back?"
        calls.append(Call(tool="ask_patient", arguments={"question": text}))
    return calls


def _unwell(seen: Seen) -> list[Call]:
    """A crisis of sugar or sepsis: ketones and lactate before either gets its name."""
    calls = [Call(tool=t) for f, t in _UNWELL.items() if f not in seen.facts]
    tests = ("beta_hydroxybutyrate", "lactate", "vbg")
    calls[2:2] = [
        Call(tool="order_lab_test", arguments={"test": t})
        for t in tests
        if f"lab:{t}" not in seen.facts and f"lab:{t}" not in seen.done
    ]
    if not calls and "lab:beta_hydroxybutyrate" not in seen.facts:
        calls.append(Call(tool="wait_for_results", arguments={"max_minutes": 30}))
    return calls


def _look(seen: Seen) -> list[Call]:
    """What is looked at before the condition can have a name."""
    if seen.family == "metabolic":
        return _unwell(seen)
    if seen.family == "chest_pain":
        return _torn_unless_seen(seen)
    if seen.family == "breastbone_pain" and "procedure:ecg" not in seen.facts:
        return [Call(tool="perform_ecg")]
    return []


def proposals(view: View) -> list[Call]:
    """What a good team would do now, the most urgent first."""
    chart = _chart(view)
    if len(view.turns) >= view.started.max_turns - 1:
        return [_called(submission(pathway_of(chart.name), chart))]
    if _handed(view) and not _checked(view):
        return [Call(tool="check_phase")]
    first = [] if _handed(view) else _look(read(view))
    failed = read(view).failed
    found = [*first, *(_called(c) for c in steps(chart))]
    return [c for c in found[:-1] if c.tool not in failed] + found[-1:]


def _called(call: Any) -> Call:
    return Call(tool=call.tool, arguments=dict(call.arguments))


def slips(view: View) -> list[Call]:
    """The look-alikes, and the right condition in the wrong place."""
    chart = _chart(view)
    answer = submission(pathway_of(chart.name), chart).arguments
    wrong = [condition(o).icd10 for o in condition(chart.name).look_alikes]
    calls = [Call(tool="submit_pathway", arguments={**answer, "icd10_code": c}) for c in wrong]
    home = {**answer, "disposition": "discharge_home"}
    return [*calls, Call(tool="submit_pathway", arguments=home)]


def harms(view: View) -> list[Call | None]:
    """Acts that are wrong for most patients."""
    del view

    def give(name: str, dose: float, unit: str, route: str) -> Call:
        given = {"drug_name": name, "dose": dose, "dose_unit": unit, "route": route}
        return Call(tool="prescribe_medication", arguments=given)

    return [
        give("tenecteplase", 25, "mg", "iv"),
        give("heparin", 5000, "units", "iv"),
        give("insulin_regular", 8, "units", "iv"),
        give("ibuprofen", 400, "mg", "oral"),
        None,
    ]
