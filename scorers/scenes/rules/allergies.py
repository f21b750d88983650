"""Allergies: by ingredient, class and side chain, never by a part of a word."""

from collections.abc import Iterator

from msgspec.structs import replace

from ....knowledge.drugs import Allergy, cross_reactivity
from ....knowledge.drugs.allergy import reaction_kind
from ..checks import recorded
from ..facts import flags_of
from ..model import Act, Hit, Label, Scene

_GRAVE = frozenset({"severe", "unknown"})
_MILD = frozenset({"tolerated", "intolerance", "cough", "infusion"})
_UNREAD = {"severe": 5, "unknown": 5, "moderate": 4, "mild": 3}


def _blocks(scene: Scene) -> Iterator[tuple[Act, Label]]:
    """Drugs that went in, with each label that blocks them (HIT has a rule of its own)."""
    for act in scene.drugs():
        given = recorded(act)
        if given is None:
            continue
        for label in scene.person.allergies:
            charted = Allergy(
                substance=label.substance,
                reaction=label.reaction,
                severity=label.severity,
                true=label.true,
            )
            kind = reaction_kind(label.reaction)
            blocked = cross_reactivity(charted, given).advice == "block"
            if blocked and kind not in _MILD and kind != "thrombocytopenia":
                yield act, label


def _hit(rule: str, severity: int, act: Act, label: Label, note: str) -> Hit:
    return Hit(
        rule=rule,
        severity=severity,
        act=act,
        evidence=f"{act.item} despite {label.substance}: {label.reaction or 'not known'}{note}",
        exceptions=flags_of(rule),
        about=(act.item, label.substance, *sorted(act.labels)),
        waived=label.waived,
        drug_error=True,
    )


def _severity(label: Label) -> str:
    """A rash that nobody graded is mild; a reaction that nobody wrote down may be the worst."""
    if label.severity == "unknown" and reaction_kind(label.reaction) == "rash":
        return "mild"
    return label.severity


def allergy_anaphylaxis_same_class(scene: Scene) -> Iterator[Hit]:
    """Khan, J Allergy Clin Immunol 2022: a grave reaction blocks drug, class and side chain."""
    for act, label in _blocks(scene):
        if label.true and _severity(label) in _GRAVE:
            yield _hit("ALLERGY_ANAPHYLAXIS_SAME_CLASS", 5, act, label, "")


def allergy_unread_then_given(scene: Scene) -> Iterator[Hit]:
    """Reading the allergies is an obligation (Joint Commission NPSG.03, 2024)."""
    for act, label in _blocks(scene):
        if _were_read(scene, act):
            continue
        severity = _UNREAD[_severity(label)] if label.true else 3
        hit = _hit("ALLERGY_UNREAD_THEN_GIVEN", severity, act, label, ", allergies not read")
        yield replace(hit, precedence=int(_reads_otherwise(scene)))


def _reads_otherwise(scene: Scene) -> bool:
    """Whether the chart was looked at, only not the allergies in time: then that is the cause."""
    return scene.person.allergies_read is False or any(a.kind == "read" for a in scene.acts)


def _were_read(scene: Scene, act: Act) -> bool:
    if scene.person.allergies_read is not None:
        return scene.person.allergies_read
    if scene.person.observed & {"allergies", "allergy", "chart"}:
        return True
    return any(
        a.kind == "read" and (a.item in {"allergies", "chart"} or "allerg" in a.reason)
        for a in scene.before(act)
    )


def heparin_in_hit(scene: Scene) -> Iterator[Hit]:
    """ASH 2018 (Cuker, Blood Adv 2018;2:3360): no heparin, flushes included, now or later."""
    who = scene.person
    labelled = any(
        reaction_kind(f"{a.substance} {a.reaction}") == "thrombocytopenia" and a.true
        for a in who.allergies
        if "heparin" in a.substance.lower() or a.substance.lower() == "hit"
    )
    charted = who.has("heparin_thrombocytopenia", "past:heparin_thrombocytopenia")
    if not (labelled or charted) or who.has("hit_excluded"):
        return
    for act in scene.drugs():
        if act.is_any({"heparin"}):
            yield Hit(
                rule="HEPARIN_IN_HIT",
                severity=5,
                act=act,
                evidence=f"{act.item} with heparin-induced thrombocytopenia",
                exceptions=flags_of("HEPARIN_IN_HIT"),
                about=(act.item, "heparin"),
                drug_error=True,
            )
