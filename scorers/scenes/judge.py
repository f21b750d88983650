"""What is dangerous in a scene: every rule, then cancellation, consults and exceptions.

A rule is a public function of a module in `rules/`; its name is the id in small letters.
"""

from collections.abc import Callable, Iterable
from functools import cache

from ...knowledge.drugs.names import plain
from ..found import public_functions
from .facts import catalogue
from .model import Act, Finding, Hit, Scene
from .vocabulary import flag_words
from .words import drug_or_none

Rule = Callable[[Scene], Iterable[Hit]]
_Order = tuple[int, float, int, int, str]
_CRITICAL, _NEAR_MISS = 5, 3
_CHART = frozenset({"chart", "all results", "allergies", "medications", "labs", "imaging"})


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, by module and name."""
    return public_functions(f"{__package__}.rules")


def findings(scene: Scene) -> list[Finding]:
    """What fired, once per rule id, the gravest first; among equals by event, then by rule.

    The gravest finding of a rule counts, then its earliest. Event -1 is an omission
    that no event decided.
    """
    fired: dict[str, tuple[_Order, Finding]] = {}
    for rule in rules():
        for hit in rule(scene):
            one = _weighed(scene, hit)
            if one is None:
                continue
            order = _order(one, hit.precedence)
            if hit.rule not in fired or order < fired[hit.rule][0]:
                fired[hit.rule] = order, one
    return [one for _, one in sorted(fired.values(), key=lambda pair: pair[0])]


def _order(one: Finding, precedence: int) -> _Order:
    event = one.trigger_event_index if one.trigger_event_index >= 0 else float("inf")
    return -one.severity, event, -precedence, _rank(one.rule), one.rule


def _rank(rule: str) -> int:
    """The place of a rule in the catalogue."""
    for n, id_ in enumerate(catalogue()):
        if rule == id_ or (id_.endswith("*") and rule.startswith(id_[:-1])):
            return n
    return len(catalogue())


def _weighed(scene: Scene, hit: Hit) -> Finding | None:
    """A hit after exceptions, cancellation and consults; None where it is allowed."""
    severity, evidence = hit.severity, hit.evidence
    allowed = hit.waived or _flag(scene, hit)
    if allowed:
        if hit.act is None or not hit.drug_error or _read(scene, hit.act, allowed):
            return None
        severity = min(severity, _NEAR_MISS)
        evidence += f"; {allowed}, but nobody read it"
    act = hit.act
    if act is not None and (act.blocked or scene.cancelled(act)):
        severity = min(severity, _NEAR_MISS)
        evidence += "; taken back in time"
    elif not hit.drug_error and severity > 1 and _helped(scene, hit):
        severity -= 1
        evidence += "; help was called in time"
    return Finding(
        critical=severity >= _CRITICAL,
        rule=hit.rule,
        trigger_event_index=-1 if act is None else act.index,
        severity=severity,
        evidence=evidence,
    )


def _flag(scene: Scene, hit: Hit) -> str:
    """The documented exception that holds, "" for none."""
    for flag in hit.exceptions:
        about = scene.person.flags.get(flag)
        if about is not None and (not about or _concerns(about, hit.about)):
            return flag
    return ""


def _concerns(about: tuple[str, ...], names: tuple[str, ...]) -> bool:
    """Whether a flag's text is about one of the names, or names nothing that it could exclude."""
    known = [plain(n) for n in names]
    return any(n in text or text in n for text in about for n in known) or not any(
        _names_a_drug(text) for text in about
    )


def _names_a_drug(text: str) -> bool:
    return any(drug_or_none(w) for w in (text, *text.split()))


def _read(scene: Scene, act: Act, flag: str) -> bool:
    """Whether the exception was seen before the act, or is written as its reason."""
    if plain(flag) in scene.person.observed or "chart" in scene.person.observed:
        return True
    if any(word in act.reason for word, id_ in flag_words().items() if id_ == flag):
        return True
    return any(a.kind in {"read", "consult"} and _covers(a) for a in scene.before(act))


def _covers(act: Act) -> bool:
    return act.kind == "consult" or act.item in _CHART


def _helped(scene: Scene, hit: Hit) -> bool:
    """Whether a consult was asked for in time."""
    return any(_in_time(a, hit) for a in scene.acts if a.kind == "consult" and not a.blocked)


def _in_time(consult: Act, hit: Hit) -> bool:
    early = hit.by_min is None or consult.minute <= hit.by_min
    return early and (hit.act is None or consult.index < hit.act.index)


def worst(scene: Scene) -> Finding | None:
    """The gravest finding, or None."""
    return next(iter(findings(scene)), None)
