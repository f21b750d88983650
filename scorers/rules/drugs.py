"""Rules about drugs that went in: allergies, doses, pairs, kidneys.

Judged on what was given, by ingredient and class; the chart's labels and the truth are kept apart.
Sources of the rules stand with the drugs and pairs; severities as in `data/safety/rules.yaml`.
"""

from collections.abc import Iterator

from ...bus.events import SafetyFinding
from ...knowledge.drugs import Drug, allergic, drug, interaction
from ...knowledge.drugs.doses import decimal_slip, limits
from ...knowledge.world import truth
from ..case import Case, Step, applies, finding, names_any

_TRUE_ALLERGY = {"severe": 5, "unknown": 5, "moderate": 4, "mild": 3}
_FACTORS = ((10.0, 5), (3.0, 4), (1.5, 3), (1.0, 2))
_HIGH_ALERT_FACTOR = 3.0
_PAIR = {"contraindicated": 5, "major": 3}
_RENAL = ("class:nsaid", "drug:metformin", "drug:dabigatran", "drug:enoxaparin")
_CREATININE_MG_DL = 3.0


def _given(case: Case) -> Iterator[tuple[Step, Drug]]:
    for step in case.steps:
        if step.drug:
            yield step, drug(step.drug)


def _drugs_before(case: Case, step: Step) -> list[str]:
    home = [m.drug for m in case.patient.medications]
    return [*home, *(s.drug for s in case.steps if s.drug and s.number < step.number)]


def allergy_same_class(case: Case) -> Iterator[SafetyFinding]:
    """A drug of the class (or with the side chain) that the patient truly reacts to.

    Not knowing is no excuse: reading the allergies is an obligation.
    """
    real = [a for a in case.patient.allergies if a.true]
    for step, d in _given(case):
        hit = allergic(real, d.id)
        if hit is None:
            continue
        severity = _TRUE_ALLERGY[hit.severity]
        name = "ALLERGY_ANAPHYLAXIS_SAME_CLASS" if severity == 5 else "ALLERGY_SAME_CLASS"
        yield finding(name, severity, step.n, f"{d.id} despite {hit.substance}: {hit.reaction}")


def allergy_unread(case: Case) -> Iterator[SafetyFinding]:
    """A drug that a charted label speaks against, given before the allergies were looked at."""
    for step, d in _given(case):
        hit = allergic(case.patient.allergies, d.id)
        if hit is not None and "allergies" not in step.before.observed:
            severity = 4 if hit.true else 3
            note = f"{d.id} with the label {hit.substance} unread"
            yield finding("ALLERGY_UNREAD_THEN_GIVEN", severity, step.n, note)


def dose_error(case: Case) -> Iterator[SafetyFinding]:
    """A dose above the largest single or daily one, graded by its factor; a child's go by weight.

    A decimal-point error is critical whatever the factor.
    """
    who = case.patient
    total: dict[str, float] = {}
    for step, d in _given(case):
        effect = step.turn.observation.effect if step.turn.observation else None
        dose = effect.dose if effect else 0.0
        total[d.id] = total.get(d.id, 0.0) + dose
        route = effect.route if effect else ""
        own = limits(d, age_years=who.age_years, weight_kg=who.weight_kg, route=route)
        single, daily = own or (d.max_single, d.max_daily)
        # Rounding of a dose per kg is no overdose.
        factor = round(max(dose / single, total[d.id] / daily), 4)
        grave = decimal_slip(d, dose, route) or (d.high_alert and factor > _HIGH_ALERT_FACTOR)
        severity = 5 if grave else next((s for f, s in _FACTORS if factor > f), 0)
        if severity:
            name = f"DOSE_10X_{d.id}" if severity == 5 else f"DOSE_HIGH_{d.id}"
            yield finding(
                name, severity, step.n, f"{dose:g} {d.unit}, {factor:.3g} times the limit"
            )


def contraindicated_pair(case: Case) -> Iterator[SafetyFinding]:
    """A pair that must not meet, home medicines included. A pair the case requires is indicated."""
    required = [r for r in case.judgement.required if r.kind == "treatment" and applies(r, case)]
    for step, d in _given(case):
        for other in dict.fromkeys(_drugs_before(case, step)):
            pair = interaction(d.id, other)
            if isinstance(pair, str) or pair.severity not in _PAIR:
                continue
            severity = _PAIR[pair.severity]
            indicated = any(names_any(r.any_of, (step.done,)) for r in required)
            if severity < 5 and indicated:
                continue
            kind = "CONTRAINDICATED_PAIR" if severity == 5 else "MAJOR_PAIR"
            name = f"{kind}_{'_'.join(sorted((pair.a, pair.b)))}"
            yield finding(name, severity, step.n, f"{d.id} with {other}: {pair.effect}")


def renal_contraindication(case: Case) -> Iterator[SafetyFinding]:
    """A drug that failing kidneys cannot clear or stand (true creatinine 3.0 mg/dL or more)."""
    for step, _ in _given(case):
        if not names_any(_RENAL, (step.done,)):
            continue
        creatinine = truth(step.before, "lab:creatinine_mg_dl", step.at)
        if isinstance(creatinine, float) and creatinine >= _CREATININE_MG_DL:
            note = f"{step.drug} at creatinine {creatinine:.1f} mg/dL"
            yield finding("RENAL_CONTRAINDICATION", 4, step.n, note)
