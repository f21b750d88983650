"""The script of triage: look, measure, ask for red flags, then the published decision points."""

from collections.abc import Iterator

from ...knowledge.acuity import Acuity, acuity, grounds, is_seen, rules
from ...knowledge.conditions import Predicate
from ...knowledge.domains.triage_emergency import AREAS, FIRST_DOSE, open_questions
from ...knowledge.variants import findings
from ..interview import half_told, next_question
from ..policy import View
from ..reading import Seen, read
from . import Call


def _call(tool: str, **arguments: object) -> Call:
    return Call(tool=tool, arguments=arguments)


def _known(seen: Seen, view: View, fact: str) -> float | bool | str | None:
    kind, _, name = fact.partition(":")
    age, sex = _age(view), _sex(view)
    match kind:
        case "vital" | "lab":
            return seen.values.get(name)
        case "finding":
            return seen.findings.get(name)
        case "flag":
            return name in seen.past
        case "demo":
            return age if name == "age_years" else sex
        case _:
            return None


def _holds(seen: Seen, view: View, p: Predicate) -> bool:
    value, want = _known(seen, view, p.fact), p.value
    if value is None:
        return False
    if p.op == "is":
        return value == want
    if isinstance(value, str) or isinstance(want, str):
        return False
    return {">": value > want, ">=": value >= want, "<": value < want, "<=": value <= want}[p.op]


def _age(view: View) -> float:
    """The age stands at the head of the ticket."""
    head = view.started.ticket.split("-", 1)[0]
    return float(head) if head.isdigit() else 50.0


def _level(view: View, seen: Seen) -> Acuity:
    return acuity(seen.family, lambda p: _holds(seen, view, p))


def _seek(view: View, facts: list[str], seen: Seen) -> Iterator[Call]:
    """What makes facts known that are not yet; what must be asked takes some questions."""
    new = [f for f in facts if f not in seen.facts]
    asked: list[str] = []
    systems: dict[str, None] = {}
    for fact in new:
        kind, _, name = fact.partition(":")
        if kind == "finding" and findings()[name].layer == "asking":
            asked.append(name)
        elif kind == "finding" and findings()[name].system:
            systems[findings()[name].system] = None
        elif kind == "exam":
            systems[name] = None
    question = next_question(view, seen, asked)
    if question is not None:
        yield _call("ask_patient", question=question)
    if any(f.startswith("procedure:") for f in new):
        yield _call("perform_ecg")
    if any(f.startswith("lab:") for f in new):
        yield _call("measure_glucose")
    yield from (_call("examine_patient", system=name) for name in systems)


def _open(view: View, seen: Seen) -> Iterator[Call]:
    """What is still to be seen or done, the most urgent first."""
    if "look" not in seen.facts:
        yield _call("rapid_look")
    if "vitals" not in seen.facts:
        yield _call("get_vital_signs")
    yield from _urgent(view, seen)
    asked = open_questions(seen.family, _sex(view))
    owed = [r for r in rules(seen.family).required if r.kind == "workup"]
    first = [r.any_of[0] for r in owed if not set(r.any_of) & seen.facts]
    talk = any(f.startswith("finding:") for f in first)
    due = [f"finding:{f}" for f in half_told(seen, [f[8:] for f in asked])]
    yield from _seek(view, [*first, *(asked if talk else due)], seen)
    if "history" not in seen.facts:
        yield _call("get_patient_history")
    if not _level(view, seen).because:
        yield from _seek(view, list(asked), seen)


def _sex(view: View) -> str:
    return "F" if {"woman", "girl"} & set(view.started.ticket.split()) else "M"


def _urgent(view: View, seen: Seen) -> Iterator[Call]:
    """Acts that the observed facts demand now."""
    for required in rules(seen.family).required:
        if required.kind != "treatment" or set(required.any_of) & set(seen.done):
            continue
        if not all(_holds(seen, view, p) for p in required.when if p.fact != "condition"):
            continue
        item = required.any_of[0]
        named = [p.value for p in required.when if p.fact == "condition"]
        if named and not _looks_like(str(named[0]), seen):
            continue
        if item.startswith("team:"):
            yield _call("activate_team", team=item[5:])
        elif item in FIRST_DOSE and not _given(seen, FIRST_DOSE[item]):
            yield _call("start_immediate_action", action=FIRST_DOSE[item])


def _given(seen: Seen, action: str) -> bool:
    drugs = {"epinephrine_im": "drug:epinephrine", "naloxone": "drug:naloxone"}
    return drugs.get(action, "drug:dextrose_50") in seen.done


def _looks_like(condition: str, seen: Seen) -> bool:
    """Whether the picture is that of a condition which must be treated before it is proven."""
    has = seen.findings
    if condition == "anaphylaxis":
        return bool(has.get("hives") or (has.get("throat_tight") and has.get("stung_or_ate")))
    slow = seen.values.get("rr_pm", 16) < 11 or seen.values.get("gcs", 15) < 13
    return bool(has.get("pinpoint_pupils") and slow)


def _finish(view: View, seen: Seen) -> list[Call]:
    level = _level(view, seen).level
    found = []
    if level <= 2 and "notified:physician" not in seen.done:
        found.append(_call("notify_physician", urgency="immediate"))
    if f"area:{AREAS[level]}" not in seen.done:
        found.append(_call("place_in_area", area=AREAS[level]))
    return [*found, _call("submit_triage", esi_level=level, grounds=_grounds(view, seen))]


def _grounds(view: View, seen: Seen) -> list[str]:
    return [g for g in grounds(_level(view, seen)) if is_seen(g, seen.facts)]


def proposals(view: View) -> list[Call]:
    """What a good triage nurse would do now, the most urgent first."""
    seen = read(view)
    if len(view.turns) >= view.started.max_turns - 3:
        return _finish(view, seen)
    usable = [c for c in _open(view, seen) if c.tool not in seen.failed]
    return [*usable, *_finish(view, seen)]


def slips(view: View) -> list[Call]:
    """Every level, with all its grounds or not: one is right."""
    named = _grounds(view, read(view))
    return [
        _call("submit_triage", esi_level=level, grounds=some)
        for level in range(1, 6)
        for some in (named, named[1:])
    ]


def harms(view: View) -> list[Call | None]:
    """Acts that are wrong for most patients."""
    del view
    return [
        _call("place_in_area", area="waiting_room"),
        _call("start_immediate_action", action="naloxone"),
        _call("activate_team", team="trauma"),
        None,
    ]
