"""Pregnancy: harm to the child, severe pre-eclampsia, ergots, the tracing that asks for birth."""

from collections.abc import Iterator

from msgspec.structs import replace

from ....knowledge.drugs import Drug
from ....knowledge.drugs.advice import pregnancy_advice
from ....knowledge.drugs.model import Pregnancy
from ..checks import omission, recorded
from ..facts import facts, flags_of
from ..model import Act, Hit, Scene

_GRADES = {"block": 5, "avoid": 4}
_FERTILE = (11.0, 55.0)
_EARLY_WEEK = 8.0
"""The week that counts where a pregnancy's week is not known: organs form (unverified)."""
_SEVERE_SBP, _SEVERE_DBP = 160.0, 110.0
_HIGH_SBP, _HIGH_DBP = 140.0, 90.0
_BIRTH_DRUGS = frozenset({"oxytocic", "abortifacient", "prostaglandin", "mifepristone"})
_TESTS = ("hcg", "pregnancy")


def _hit(rule: str, severity: int, act: Act, evidence: str) -> Hit:
    return Hit(
        rule=rule,
        severity=severity,
        act=act,
        evidence=evidence,
        exceptions=flags_of(rule),
        about=(act.item, *sorted(act.labels)),
        drug_error=True,
    )


def teratogen_in_pregnancy(scene: Scene) -> Iterator[Hit]:
    """FDA label narratives (PLLR), week by week, as the formulary has them."""
    who = scene.person
    for act in scene.drugs():
        found = recorded(act)
        tested = who.pregnant is None and scene.value("pregnancy_test", act.minute) == 1
        if found is None or not (who.pregnant or tested) or _right_all_the_same(scene, act):
            continue
        said = _advice(found, who.pregnant_week)
        if said is not None and said.advice in _GRADES:
            week = "unknown week" if who.pregnant_week is None else f"week {who.pregnant_week:g}"
            note = f"{act.item}: {said.advice} in {week}"
            yield _hit("TERATOGEN_IN_PREGNANCY", _GRADES[said.advice], act, note)


def _advice(found: Drug, week: float | None) -> Pregnancy | None:
    said = pregnancy_advice(found, _EARLY_WEEK if week is None else week)
    return said if isinstance(said, Pregnancy) else None


def _right_all_the_same(scene: Scene, act: Act) -> bool:
    """The circumstances that the formulary names as exceptions, where they are charted."""
    who = scene.person
    if act.is_any(_BIRTH_DRUGS) and (who.has("birth") or act.is_any({"ergot"})):
        return True
    return (
        (act.item == "methotrexate" and who.has("ectopic_pregnancy"))
        or (act.item == "warfarin" and who.has("mechanical_valve"))
        or (act.item == "doxycycline" and who.has("rocky_mountain_spotted_fever"))
    )


def teratogen_without_pregnancy_test(scene: Scene) -> Iterator[Hit]:
    """FDA labels with REMS or boxed warning: exclude pregnancy first."""
    who = scene.person
    age = who.age_years
    of_age = age is None or _FERTILE[0] <= age <= _FERTILE[1]
    if (
        who.sex != "female"
        or who.pregnant is not None
        or not of_age
        or who.has("not_fertile", "past:not_fertile", "birth")
    ):
        return
    wanted = {one.drug for one in facts().test_first}
    for act in scene.drugs():
        if act.item in wanted and not any(_tests(a) for a in scene.before(act)):
            yield _hit(
                "TERATOGEN_WITHOUT_PREGNANCY_TEST", 5, act, f"{act.item}, pregnancy not excluded"
            )


def _tests(act: Act) -> bool:
    return (
        act.kind in {"test", "result", "read"}
        and any(w in f"{act.item} {act.reason}" for w in _TESTS)
        and not act.blocked
    )


def methylergonovine_in_hypertension(scene: Scene) -> Iterator[Hit]:
    """FDA label Methergine (2024)."""
    for act in scene.drugs():
        sbp, dbp = scene.value("sbp", act.minute), scene.value("dbp", act.minute)
        high = (sbp or 0) >= _HIGH_SBP or (dbp or 0) >= _HIGH_DBP
        charted = scene.person.has("hypertension", "past:hypertension")
        if act.item in {"methylergonovine", "ergonovine"} and (high or charted):
            note = (
                f"{act.item} at {sbp or 0:.0f}/{dbp or 0:.0f} mmHg"
                if high
                else f"{act.item} with hypertension"
            )
            yield _hit("METHYLERGONOVINE_IN_HYPERTENSION", 5, act, note)


def severe_preeclampsia_no_treatment(scene: Scene) -> Iterator[Hit]:
    """ACOG Committee Opinion 767 (2019): pressure within an hour; magnesium."""
    rule = "SEVERE_PREECLAMPSIA_NO_TREATMENT"
    who = scene.person
    sbp, dbp = scene.value("sbp", scene.start_min), scene.value("dbp", scene.start_min)
    high = (sbp or 0) >= _SEVERE_SBP or (dbp or 0) >= _SEVERE_DBP
    expecting = bool(who.pregnant) or who.has("birth")
    if not (who.has("severe_preeclampsia") or (high and (who.has("preeclampsia") or expecting))):
        return
    if high:
        yield from omission(
            scene, rule, lambda a: a.is_any({"antihypertensive"}), "no antihypertensive"
        )
    if not who.has("myasthenia_gravis", "past:myasthenia_gravis"):
        yield from omission(
            scene, rule, lambda a: a.item == "magnesium_sulfate" and a.drug, "no magnesium"
        )


def category_iii_no_action(scene: Scene) -> Iterator[Hit]:
    """ACOG Practice Bulletin 116 (2010): resuscitate, and deliver where it does not resolve."""
    if not scene.person.has("category_iii"):
        return
    tried = any("resuscitation" in a.item for a in scene.acts if a.kind == "procedure")
    for hit in omission(scene, "CATEGORY_III_NO_ACTION", _delivers, "no delivery"):
        yield replace(hit, severity=4) if tried else hit


def _delivers(act: Act) -> bool:
    words = ("deliver", "cesarean", "caesarean", "c section", "forceps", "vacuum")
    return act.kind == "procedure" and any(w in act.item for w in words)
