"""An ended episode as a scene: the same rules judge it."""

from ...knowledge.drugs import drug
from ...knowledge.drugs.formulary import labels
from ...knowledge.physiology import MINUTE, levels
from ..case import Case, Step
from .model import Act, Home, Kind, Label, Person, Scene
from .vocabulary import named_concepts

_VALUES = {
    "sbp": "sbp_mmhg",
    "dbp": "dbp_mmhg",
    "hr": "hr_bpm",
    "rr": "rr_pm",
    "spo2": "spo2_pct",
    "gcs": "gcs",
    "temperature": "temperature_c",
    "potassium": "potassium_mmol_l",
    "magnesium": "magnesium_mg_dl",
    "creatinine": "creatinine_mg_dl",
    "lactate": "lactate_mmol_l",
    "anc": "neutrophils_10e9_l",
}
_SCALE = {"anc": 1000.0}
"""A scene counts neutrophils a microlitre."""
_KINDS: dict[str, Kind] = {
    "drug": "give",
    "lab": "test",
    "imaging": "test",
    "procedure": "procedure",
    "consult": "consult",
    "team": "consult",
    "notified": "communicate",
    "supply": "prescribe",
}
_READS = {"allergies": "allergies", "medications": "medications", "history": "chart"}


def scene_of(case: Case) -> Scene:
    """The scene of an ended episode; the index of an act is its event's position in the chain."""
    acts = [act for step in case.steps for act in _acts(step)]
    if case.answer.disposition:
        kind: Kind = "discharge" if case.answer.disposition == "discharge_home" else "admit"
        end = case.end / MINUTE
        acts.append(Act(index=case.ended_n, minute=end, kind=kind, item=case.answer.disposition))
    return Scene(person=_person(case), acts=tuple(acts), end_min=case.end / MINUTE)


def _acts(step: Step) -> list[Act]:
    minute = step.at / MINUTE
    found = [
        Act(index=step.n, minute=minute, kind="read", item=_READS[f])
        for f in step.new
        if f in _READS
    ]
    head, _, item = step.done.partition(":")
    kind = _KINDS.get(head)
    if kind is None:
        return found
    effect = step.turn.observation.effect if step.turn.observation else None
    given = kind in {"give", "prescribe"} and effect is not None
    one = Act(
        index=step.n,
        minute=minute,
        kind=kind,
        item=item if given else item.replace("_", " "),
        labels=labels(drug(item)) if given else frozenset(),
        dose=effect.dose if given and effect and effect.dose else None,
        unit=effect.unit if given and effect else "",
        route=effect.route if given and effect else "",
        frequency=effect.text if given and effect else "",
        quantity=1.0 if kind == "prescribe" else None,
    )
    return [*found, one]


def _person(case: Case) -> Person:
    p = case.patient
    texts = (case.condition.name, case.condition.icd10, *p.comorbidities)
    named = {c for text in texts for c in named_concepts(text.replace("_", " "))}
    week = p.extra.get("pregnant_week")
    moments = (0, *(s.at for s in case.steps), case.end)
    worlds = (case.opening, *(s.after for s in case.steps), case.world)
    states = [(at / MINUTE, levels(p, w.given, at)) for at, w in zip(moments, worlds, strict=True)]
    series = {
        name: tuple(
            (minute, float(state[level]) * _SCALE.get(name, 1.0))
            for minute, state in states
            if level in state
        )
        for name, level in _VALUES.items()
    }
    return Person(
        id=p.id,
        age_years=p.age_years,
        sex="female" if p.sex == "F" else "male",
        weight_kg=p.weight_kg,
        pregnant=None if week is None else True,
        pregnant_week=None if week is None else float(week),
        allergies=tuple(
            Label(substance=a.substance, reaction=a.reaction, severity=a.severity, true=a.true)
            for a in p.allergies
        ),
        medications=tuple(Home(drug=m.drug) for m in p.medications),
        concepts=frozenset(named),
        risk=p.extra.get("suicide_risk"),
        series=series,
    )
