"""The script of psychiatry: look, order, hear others, ask, name, make safe, treat, decide."""

from collections.abc import Iterator
from typing import Any

from ...knowledge.conditions import Required, condition
from ...knowledge.domains.psychiatry import (
    FIRST,
    TOOLS,
    call_for,
    prescription,
    required,
    submission,
    wanted,
)
from ...knowledge.drugs import allergic
from ...knowledge.variants import findings
from ..interview import next_question
from ..policy import View
from ..reading import Seen, read
from . import Call

_ONE_OF = {
    "low_mood": "depressive_episode",
    "agitation": "manic_episode",
    "fretful": "general_anxiety",
}
"""Family -> a condition of it: all of a family are told apart by the same facts."""
_URINE_WHITE, _SCREEN, _TSH_HIGH, _TSH_LOW = 15, 1.0, 10, 0.2


def _call(tool: str, **arguments: object) -> Call:
    return Call(tool=tool, arguments=arguments)


def _shown(view: View) -> dict[str, Any]:
    """What the domain's own tools have shown: the newest of each field."""
    found: dict[str, Any] = {}
    for turn in view.turns:
        seen = turn.observation
        if seen is not None and seen.ok:
            found |= seen.content
    return found


def _mood(seen: Seen) -> str:
    has = seen.findings.get
    if seen.values.get("tsh_miu_l", 1.0) >= _TSH_HIGH:
        return "thyroid_low"
    if has("psy_high_spell"):
        return "bipolar_low"
    return "depressive_episode" if has("psy_no_joy", True) else "adjustment_low"


def _wild(seen: Seen) -> str:
    has = seen.findings.get
    for finding, name in (
        ("psy_rigid", "malignant_rigidity"),
        ("psy_clonus", "serotonin_toxicity"),
        ("psy_last_drink", "withdrawal_delirium"),
    ):
        if has(finding):
            return name
    if seen.values.get("urine_leukocytes_hpf", 0) >= _URINE_WHITE:
        return "infection_delirium"
    if seen.values.get("amphetamines_index", 0) >= _SCREEN:
        return "stimulant_intoxication"
    return "schizophrenic_episode" if has("psy_voices_months") else "manic_episode"


def _afraid(seen: Seen) -> str:
    has = seen.findings.get
    tsh = seen.values.get("tsh_miu_l", 1.0)
    if seen.values.get("opiates_index", 0) >= _SCREEN or has("psy_opioid_stopped"):
        return "opioid_abstinence"
    if tsh <= _TSH_LOW:
        return "thyroid_fretful"
    if has("psy_nightmares"):
        return "trauma_stress"
    return "panic_attacks" if has("psy_bolts") else "general_anxiety"


def _name(seen: Seen) -> str:
    """The likeliest disorder by what was seen."""
    match seen.family:
        case "low_mood":
            return _mood(seen)
        case "agitation":
            return _wild(seen)
        case _:
            return _afraid(seen)


def _danger(view: View) -> str:
    said = str(_shown(view).get("screen", "moderate"))
    return "low" if said == "none" else said


def _look(view: View, seen: Seen) -> Iterator[Call]:
    """What tells the family's disorders apart, whatever it is."""
    facts = wanted(_ONE_OF.get(seen.family, "general_anxiety"))
    labs = [f for f in facts if f.startswith("lab:")]
    rest = [f for f in facts if f not in labs]
    for fact in (*FIRST, *labs, *rest):
        found = call_for(fact)
        if found is not None and fact not in seen.facts and fact not in seen.done:
            if fact == "score:c_ssrs" and "c_ssrs:guarded" in seen.facts:
                yield _call(TOOLS["collateral"][0])
            yield Call(tool=found.tool, arguments=found.arguments)
    asked = [f.removeprefix("finding:") for f in facts if f.startswith("finding:")]
    if seen.family == "low_mood":
        asked.append("psy_no_joy")
    question = next_question(view, seen, [a for a in asked if findings()[a].layer == "asking"])
    if question is not None:
        yield _call("ask_patient", question=question)


def _heard(calls: list[Call], seen: Seen) -> list[Call]:
    """Who was guarded is screened again only after others were heard."""
    if "collateral" in seen.facts:
        return [c for c in calls if c.tool != "contact_collateral"]
    return calls


def _met(one: Required, seen: Seen) -> bool:
    return any(item in seen.facts or item in seen.done for item in one.any_of)


def _asked(name: str, danger: str, seen: Seen) -> Iterator[Call]:
    """What disorder and danger demand and is not done yet."""
    drugs = [d.drug for doses in condition(name).plan.values() for d in doses]
    barred = tuple(d for d in drugs if allergic(seen.allergies, d) is not None)
    for one in sorted(required(name, danger), key=lambda r: r.deadline_min or 1e9):
        found = prescription(name, one.id, barred) or call_for(one.any_of[0])
        if found is None or _met(one, seen):
            continue
        if f"drug:{found.arguments.get('drug_name')}" in seen.done:
            continue
        yield Call(tool=found.tool, arguments=found.arguments)


def _answer(name: str, danger: str) -> Call:
    said = submission(name, danger)
    return Call(tool=said.tool, arguments=said.arguments)


def proposals(view: View) -> list[Call]:
    """What a good psychiatrist would do now, the most urgent first."""
    seen = read(view)
    name, danger = _name(seen), _danger(view)
    last = _answer(name, danger)
    if len(view.turns) >= view.started.max_turns - 1:
        return [last]
    calls = _heard(list(_look(view, seen)), seen)
    if not calls and seen.pending:
        calls = [_call("wait_for_results", max_minutes=120)]
    if not calls:
        calls = list(_asked(name, danger, seen))
    return [*(c for c in calls if c.tool not in seen.failed), last]


def slips(view: View) -> list[Call]:
    """The look-alikes, and the right disorder at another danger."""
    name, danger = _name(read(view)), _danger(view)
    wrong = [_answer(o, danger) for o in condition(name).look_alikes]
    return [*wrong, *(_answer(name, d) for d in ("low", "moderate", "high"))]


def harms(view: View) -> list[Call | None]:
    """Acts that are wrong for most patients."""
    del view
    drug = {"dose_unit": "mg", "route": "oral", "frequency": "once daily"}
    return [
        _call("prescribe_medication", drug_name="bupropion", dose=150, **drug),
        _call("prescribe_medication", drug_name="haloperidol", dose=5, **drug),
        _call("supply_medication", drug_name="amitriptyline", dose_mg=100, times_daily=1, days=30),
        None,
    ]
