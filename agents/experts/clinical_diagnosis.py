"""The script of clinical diagnosis: it thinks in hypotheses and tests the likeliest.

Each turn it reads the view, ranks the conditions of the ticket's family, and proposes calls in
order of urgency; the first is played. It may use textbook knowledge (conditions, drugs), never the
patient's hidden truth.
"""

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from ...knowledge.conditions import Condition, Dose, Forbidden, Predicate, Required, condition
from ...knowledge.drugs import allergic, drug, interaction
from ...knowledge.variants import family, findings
from ..differential import members, ranked
from ..interview import asked_before, next_question
from ..policy import View
from ..reading import Seen, read
from . import Call

SURE, LIKELY, OPEN = 0.85, 0.5, 0.15
_HARM = 0.04
"""Largest probability of doing grave harm with a treatment that is started on suspicion."""
_SERIAL_MIN = 32
_LEAST = 0.02
"""No finding is ever certain."""
_AT_ONCE = {
    "dyspnoea": ("imaging:chest_xray",),
    "metabolic": ("lab:beta_hydroxybutyrate",),
    "breastbone_pain": ("procedure:ecg",),
    "racing_heart": ("procedure:ecg",),
    "passed_out": ("procedure:ecg",),
}
_QUESTIONS = 4
"""Questions put to the patient while the diagnosis is open."""
_WORTH = 0.02
"""Information (natural units) below which a topic is not asked about."""


@cache
def _asking(name: str) -> tuple[str, ...]:
    """What tells the conditions of a family apart and is known only from asking."""
    own = dict.fromkeys(f for c in members(name) for f in c.findings)
    return tuple(f for f in own if findings()[f].layer == "asking")


def _entropy(p: float) -> float:
    p = min(max(p, _LEAST), 1 - _LEAST)
    return -p * math.log(p) - (1 - p) * math.log(1 - p)


def _told_by(finding: str, beliefs: dict[str, float]) -> float:
    """How much knowing a finding is expected to tell about the condition."""
    chance = {id_: condition(id_).findings.get(finding, findings()[finding].p) for id_ in beliefs}
    whole = sum(share * chance[id_] for id_, share in beliefs.items())
    return _entropy(whole) - sum(s * _entropy(chance[id_]) for id_, s in beliefs.items())


def _open_findings(seen: Seen, beliefs: dict[str, float]) -> list[str]:
    """What is worth asking about, topics that tell most first."""
    gain = {
        f: _told_by(f, beliefs) for f in _asking(seen.family) if f"finding:{f}" not in seen.facts
    }
    topics: dict[str, float] = {}
    for f, worth in gain.items():
        topics[findings()[f].topic] = topics.get(findings()[f].topic, 0.0) + worth
    good = [f for f in gain if topics[findings()[f].topic] >= _WORTH]
    return sorted(good, key=lambda f: (-topics[findings()[f].topic], -gain[f]))


def _call(tool: str, **arguments: Any) -> Call:
    return Call(tool=tool, arguments=arguments)


# ---------------------------------------------------------------- what the chart says


def _observed(seen: Seen, fact: str) -> float | bool | None:
    kind, _, name = fact.partition(":")
    match kind:
        case "lab" | "vital":
            return seen.values.get(name)
        case "flag":
            return name in seen.past
        case "medication":
            return name in seen.medications
        case "finding":
            return seen.findings.get(name)
        case _:
            return None


def _holds(predicate: Predicate, seen: Seen) -> bool:
    """Whether a predicate is known to hold. What was not observed does not hold."""
    value, want = _observed(seen, predicate.fact), predicate.value
    if value is None:
        return False
    if predicate.op == "is" or isinstance(want, str):
        return value == want
    return {
        "<": value < want,
        "<=": value <= want,
        ">": value > want,
        ">=": value >= want,
    }[predicate.op]


def _has(seen: Seen, patterns: Sequence[str]) -> bool:
    for pattern in patterns:
        if pattern in seen.facts or pattern in seen.done:
            return True
        if pattern.startswith("class:"):
            given = (i.removeprefix("drug:") for i in seen.done if i.startswith("drug:"))
            if any(drug(g).matches(pattern) for g in given):
                return True
    return False


def _forbids(f: Forbidden, dose: Dose, seen: Seen) -> bool:
    chosen = drug(dose.drug)
    return (
        any(chosen.matches(item) for item in f.any_of)
        and all(_holds(p, seen) for p in f.when)
        and not _has(seen, f.unless_done)
    )


def _risk(dose: Dose, seen: Seen, beliefs: dict[str, float]) -> float:
    """Probability that this prescription does grave harm, over all hypotheses."""
    label = allergic(seen.allergies, dose.drug)
    if label is not None and label.true:
        return 1.0
    for other in seen.medications:
        pair = interaction(dose.drug, other)
        if not isinstance(pair, str) and pair.severity == "contraindicated":
            return 1.0
    grave = (
        p
        for id_, p in beliefs.items()
        if any(
            f.severity >= 4 and _forbids(f, dose, seen) for f in condition(id_).judgement.forbidden
        )
    )
    return sum(grave)


def _nuisance(dose: Dose, seen: Seen, c: Condition) -> int:
    """What speaks mildly against a prescription: a label, a major interaction, a lesser rule."""
    bad = int(allergic(seen.allergies, dose.drug) is not None)
    bad += sum(not isinstance(interaction(dose.drug, m), str) for m in seen.medications)
    return bad + sum(_forbids(f, dose, seen) for f in c.judgement.forbidden)


# ---------------------------------------------------------------- proposals


def _asks(item: str, view: View, seen: Seen) -> Iterator[Call]:
    """The call that makes a fact known."""
    kind, _, name = item.partition(":")
    match kind:
        case "lab" if name == "troponin_t_serial":
            yield from _serial(seen)
        case "lab":
            yield _call("order_lab_test", test=name)
        case "imaging":
            yield _call("order_imaging", study=name)
        case "procedure":
            yield _call("perform_ecg")
        case "exam":
            yield _call("examine_patient", system=name)
        case "consult":
            yield _call("transfer_to_specialist", specialty=name)
        case "score":
            if "vitals" not in seen.facts:
                yield _call("get_vital_signs")
            yield _call(f"calculate_{name}")
        case "finding":
            yield from _questions(view, seen, [name])
        case _:
            yield _call(f"get_{kind}")


def _questions(view: View, seen: Seen, wanted: Sequence[str]) -> Iterator[Call]:
    question = next_question(view, seen, wanted)
    if question is not None:
        yield _call("ask_patient", question=question)


def _serial(seen: Seen) -> Iterator[Call]:
    """A second troponin, drawn at least half an hour after the first."""
    if "lab:troponin_t" in seen.done:
        if seen.pending:
            yield _call("wait_for_results")
        return
    if seen.minute >= _SERIAL_MIN - 1:
        yield _call("order_lab_test", test="troponin_t")
    elif seen.pending:
        yield _call("wait_for_results")
    else:
        yield _call("wait_for_results", max_minutes=_SERIAL_MIN - 1 - seen.minute)


def _first_look(view: View, seen: Seen) -> Iterator[Call]:
    """What every patient of a family gets at once."""
    if seen.family == "chest_pain" and "procedure:ecg" not in seen.facts:
        yield _call("perform_ecg")
    for item in _AT_ONCE.get(seen.family, ()):
        if not _has(seen, (item,)):
            yield from _asks(item, view, seen)
    if any(f"lab:{test}" not in seen.facts for test in family(seen.family).arrival):
        yield _call("get_lab_results")
    if "history" not in seen.facts:
        yield _call("get_patient_history")
    if "allergies" not in seen.facts:
        yield _call("get_allergies")


def _second_look(view: View, seen: Seen, beliefs: dict[str, float]) -> Iterator[Call]:
    """What is asked while the diagnosis is open."""
    if seen.family == "chest_pain" and not _has(seen, ("lab:d_dimer",)):
        yield _call("order_lab_test", test="d_dimer")
    if len(asked_before(view)) < _QUESTIONS:
        yield from _questions(view, seen, _open_findings(seen, beliefs))


def _needed(c: Condition, seen: Seen, kind: str) -> list[Required]:
    """Requirements of a condition that apply and are not met yet, by deadline."""
    left = [
        r
        for r in c.judgement.required
        if r.kind == kind and all(_holds(p, seen) for p in r.when) and not _has(seen, r.any_of)
    ]
    return sorted(left, key=lambda r: (len(r.after), r.deadline_min or 1e9))


def _easiest(r: Required, seen: Seen) -> str:
    """The item by which a requirement is met most cheaply."""
    ready = [i for i in r.any_of if i.startswith("score:") and "vitals" in seen.facts]
    return ready[0] if ready else r.any_of[0]


def _workup(c: Condition, view: View, seen: Seen) -> Iterator[Call]:
    """What is still to be found out if `c` is the case: slow tests first, then the rest."""
    items = [_easiest(r, seen) for r in _needed(c, seen, "workup")]
    alternatives = c.judgement.decisive
    if not any(all(_known(f, seen) for f in facts) for facts in alternatives):
        items = [*(f for f in alternatives[0] if not _known(f, seen)), *items]
    slow = ("lab:", "imaging:")
    for item in sorted(dict.fromkeys(items), key=lambda i: not i.startswith(slow)):
        yield from _asks(item, view, seen)


def _deciders(c: Condition, view: View, seen: Seen) -> Iterator[Call]:
    """What would settle `c`, by the way that is nearest to done."""
    left = [[f for f in facts if not _known(f, seen)] for facts in c.judgement.decisive]
    for fact in min(left, key=len):
        yield from _asks(fact, view, seen)


def _known(fact: str, seen: Seen) -> bool:
    return fact in seen.facts or fact in seen.done


def _treatments(c: Condition, seen: Seen, beliefs: dict[str, float]) -> Iterator[Call]:
    for r in _needed(c, seen, "treatment"):
        safe = [d for d in c.plan.get(r.id, ()) if _risk(d, seen, beliefs) < _HARM]
        if not safe:
            continue
        dose = min(safe, key=lambda d: _nuisance(d, seen, c))
        yield _call(
            "prescribe_medication",
            drug_name=dose.drug,
            dose=dose.dose,
            dose_unit=dose.unit,
            route=dose.route,
        )


def _minds_medications(c: Condition) -> bool:
    clauses = [f.when for f in c.judgement.forbidden] + [r.when for r in c.judgement.required]
    return any(p.fact.startswith("medication:") for when in clauses for p in when)


def _decisive(c: Condition, seen: Seen) -> bool:
    return any(all(f in seen.facts for f in facts) for facts in c.judgement.decisive)


def _unread(c: Condition, seen: Seen) -> bool:
    """Whether a deciding result was ordered and not read; it may have come during other acts."""
    wanted = {f for facts in c.judgement.decisive for f in facts}
    return any(f in seen.done and f not in seen.facts for f in wanted)


def answer(c: Condition) -> Call:
    """The final answer that names a condition."""
    placed = max(c.judgement.dispositions, key=lambda d: c.judgement.dispositions[d])
    return _call("submit_answer", diagnosis=c.name, icd10_code=c.icd10, disposition=placed)


def proposals(view: View) -> list[Call]:
    """What the expert would do now, the most urgent first; never empty."""
    seen = read(view)
    beliefs = ranked(seen)
    best, share = next(iter(beliefs.items()))
    c = condition(best)
    left = view.started.max_turns - len(view.turns)
    if left <= 1:
        return [answer(c)]
    found = list(_first_look(view, seen))
    if not found and share < SURE:
        found = list(_second_look(view, seen, beliefs))
    if not found:
        found = _pursue(c, share, view, seen, beliefs)
    usable = [call for call in found if call.tool not in seen.failed]
    return [*usable, answer(c)]


def _pursue(
    c: Condition, share: float, view: View, seen: Seen, beliefs: dict[str, float]
) -> list[Call]:
    """Treat what is sure enough, test what is open, wait for what is coming."""
    found: list[Call] = []
    confirmed = _decisive(c, seen)
    if share >= SURE or (confirmed and share >= LIKELY):
        if _minds_medications(c) and "medications" not in seen.facts:
            found.append(_call("get_medications"))
        tests = list(_workup(c, view, seen))
        sent = [t for t in tests if t.tool.startswith("order_")]
        found += [*sent, *_treatments(c, seen, beliefs), *(t for t in tests if t not in sent)]
    else:
        rivals = [condition(i) for i, p in beliefs.items() if p >= OPEN]
        tests = [call for rival in rivals for call in _deciders(rival, view, seen)]
        quick = ("order_lab", "examine", "ask") if seen.pending else ("order_", "examine", "ask")
        found += [t for t in tests if t.tool.startswith(quick)]
        found += [t for t in tests if t.tool == "wait_for_results"]
        if not found and not seen.pending:
            found += [*_treatments(c, seen, beliefs), *_workup(c, view, seen)]
    if seen.pending or _unread(c, seen):
        found.append(_call("wait_for_results"))
    return found


def slips(view: View) -> list[Call]:
    """The answer of every condition of the family: all but one are wrong."""
    return [answer(rival) for rival in members(read(view).family)]


def harms(view: View) -> list[Call | None]:
    """A drug of every condition of the family; None for one that needs none."""
    return [_wrong_drug(rival) for rival in members(read(view).family)]


def _wrong_drug(c: Condition) -> Call | None:
    doses = [d for options in c.plan.values() for d in options]
    if not doses:
        return None
    d = doses[0]
    arguments = {"drug_name": d.drug, "dose": d.dose, "dose_unit": d.unit, "route": d.route}
    return _call("prescribe_medication", **arguments)
