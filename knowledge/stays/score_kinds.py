"""Questions for a score: SOFA, SOFA-2, NEWS2, APACHE II, KDIGO, LACE."""

from ..errors import BadData
from . import scores, worst
from .asked import Ask, Question, View, faulty_rows, row
from .papers import YEAR_DAYS


def _sofa(v: View, found: scores.Scored, version: str, name: str) -> Question:
    text = f"Report {name} at hour {v.at}: worst values of the 24 hours before, as value."
    return Question(
        ask=Ask(kind=version, text=text, at=v.at),
        wants="value",
        value=found.value,
        near=1,
        evidence=row(*found.rows),
        flags=faulty_rows(v, max(v.at - scores.DAY, -1), v.at),
        helpful=("row:L*", "row:V*", "row:F*", f"score:{version}:*"),
    )


def sofa(v: View) -> Question:
    """SOFA of 1996."""
    return _sofa(v, worst.sofa(v.rows, v.rows, v.at), "sofa", "SOFA (1996)")


def sofa2(v: View) -> Question:
    """SOFA-2 of 2025."""
    found = worst.sofa2(v.rows, v.rows, v.at, v.patient.weight_kg)
    return _sofa(v, found, "sofa2", "SOFA-2 (2025)")


def news2(v: View) -> Question:
    """NEWS2 at an hour, on the oxygen scale that was ordered."""
    signs = scores.last_signs(v.rows, v.at)
    if signs is None:
        raise BadData(f"{v.patient.variant}: no vital signs before hour {v.at}")
    scale = 2 if v.plan.target_88_92 else 1
    target = next(o.id for o in v.papers.orders if o.kind == "oxygen")
    text = f"Report NEWS2 at hour {v.at} (last set of vital signs by then) as value."
    return Question(
        ask=Ask(kind="news2", text=text, at=v.at),
        wants="value",
        value=scores.news2(signs, scale).value,
        near=1,
        evidence=row(signs.id, target),
        helpful=("row:V*", "row:O*", "score:news2:*"),
    )


def apache(v: View) -> Question:
    """APACHE II of the first day in intensive care."""
    note = next(n.id for n in v.papers.notes if n.kind == "icu")
    found = worst.apache(
        v.rows,
        v.rows,
        v.plan.icu,
        v.patient.age_years,
        failure=v.plan.renal_failure_note,
        chronic=v.plan.chronic_note,
    )
    text = (
        "Report APACHE II of the first 24 hours in intensive care as value; acute renal failure "
        "and chronic insufficiency as the intensive care note says."
    )
    return Question(
        ask=Ask(kind="apache", text=text, at=v.at),
        wants="value",
        value=found.value,
        near=2,
        evidence=(*row(note, *found.rows), "icu_stays"),
        helpful=("row:L*", "row:V*", "row:N*", "score:apache_ii"),
    )


def baseline(v: View) -> tuple[float, tuple[str, ...]]:
    """Baseline creatinine: last discharge of the past year, else the lowest of this stay."""
    recent = [a for a in v.papers.earlier if a.creatinine and a.days_before <= YEAR_DAYS]
    if recent:
        return float(recent[0].creatinine or 0), (f"compared:{recent[0].hadm_id}",)
    own = scores.labs_in(v.rows, "creatinine", -1, v.at)
    lowest = min(own, key=lambda r: r.value)
    return lowest.value, ("earlier_admissions", *row(lowest.id))


def kdigo(v: View) -> Question:
    """KDIGO stage of acute kidney injury."""
    base, facts = baseline(v)
    found = scores.kdigo(v.rows, v.rows, v.at, base, v.patient.weight_kg)
    text = (
        f"Report the KDIGO stage of acute kidney injury (0 to 3) at hour {v.at} as value. "
        "Baseline: creatinine at the last discharge within a year, else the lowest of this stay."
    )
    return Question(
        ask=Ask(kind="kdigo", text=text, at=v.at),
        wants="value",
        value=found.value,
        evidence=tuple(dict.fromkeys((*facts, *row(*found.rows)))),
        flags=faulty_rows(v, -1, v.at),
        helpful=("row:L*", "row:F*", "admission", "compared", "score:kdigo:*"),
    )


def lace(v: View) -> Question:
    """LACE at discharge now."""
    note = next(n.id for n in v.papers.notes if n.kind == "admission")
    found = scores.lace(
        v.plan.hours // 24,
        acute=not v.plan.elective,
        illnesses=v.patient.comorbidities,
        ed_visits=v.plan.ed_visits,
    )
    text = (
        "The patient goes home now. Report the LACE index as value; length of stay in completed "
        "days, emergency visits of the six months before this stay."
    )
    return Question(
        ask=Ask(kind="lace", text=text, at=v.at),
        wants="value",
        value=found.value,
        near=1,
        evidence=("admission", "earlier_admissions", *row(note)),
        helpful=("row:N*", "score:lace"),
    )
