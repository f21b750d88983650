"""Questions about a course: trends, extremes, turning points, sepsis time zero, fluid balance."""

from collections.abc import Callable
from typing import Any

from . import scores, worst
from .asked import NEVER, Ask, Question, View, faulty_rows, row
from .papers import suspicion
from .tables import Tables


def trend(v: View) -> Question:
    """Change of a lab in percent."""
    found = scores.labs_in(v.rows, v.plan.of, v.plan.since - 1, v.at)
    first, last = found[0], found[-1]
    text = (
        f"By how many percent did {v.plan.of} change from the first to the last result between "
        f"hour {v.plan.since} and {v.at}? Report value, negative for a fall."
    )
    return Question(
        ask=Ask(kind="trend", text=text, at=v.at, since=v.plan.since, of=v.plan.of),
        wants="value",
        value=scores.change_percent(first.value, last.value),
        tolerance=1.0,
        near=5.0,
        evidence=row(first.id, last.id),
        flags=faulty_rows(v, v.plan.since - 1, v.at),
        helpful=("row:L*", f"trend:{v.plan.of}"),
    )


def extreme(v: View) -> Question:
    """The highest (or lowest) true value of a lab, an error among them."""
    label, _, which = v.plan.of.partition(" ")
    pick: Callable[..., Any] = min if which == "lowest" else max
    found = pick(scores.labs_in(v.rows, label, v.plan.since - 1, v.at), key=lambda r: r.value)
    text = (
        f"Report the {which} {label} between hour {v.plan.since} and {v.at} as value. "
        "Flag rows that cannot be right; they do not count."
    )
    return Question(
        ask=Ask(kind="extreme", text=text, at=v.at, since=v.plan.since, of=v.plan.of),
        wants="value",
        value=found.value,
        tolerance=0.005,
        evidence=row(found.id),
        flags=faulty_rows(v, v.plan.since - 1, v.at),
        helpful=("row:L*", f"trend:{label}"),
    )


def deterioration(v: View) -> Question:
    """The first hour at which NEWS2 calls for an urgent or emergency response."""
    limit = int(v.plan.of)
    risen = [r for r in v.rows.signs if scores.news2(r).value >= limit]
    end = v.rows.signs[-1]
    first = risen[0] if risen else end
    before = [r.id for r in v.rows.signs if r.hour < first.hour][-1:] if risen else []
    text = (
        f"Find the first charted hour at which NEWS2 (scale 1) was {limit} or more: at_hour, -1 if "
        "never. If it is 7 or more in the last set, write an escalation note first."
    )
    seen = row(*before, first.id, end.id) if risen else row(*(r.id for r in v.rows.signs))
    return Question(
        ask=Ask(kind="deterioration", text=text, at=v.at, of=v.plan.of),
        wants="at_hour",
        value=first.hour if risen else NEVER,
        near=v.plan.every if risen else 0,
        evidence=seen,
        escalate=scores.news2(end).value >= 7,
        helpful=("row:V*", "score:news2:*"),
    )


def sofa_hour(rows: Tables, upto: float) -> tuple[float | None, tuple[str, ...]]:
    """First charted hour with a SOFA two or more above that of hour 1, and the rows for it."""
    base = worst.sofa(rows, rows, 1)
    hours = sorted({r.hour for r in rows.rows if 1 < r.hour <= upto})
    for hour in hours:
        found = worst.sofa(rows, rows, hour)
        if found.value >= base.value + 2:
            return hour, (*base.rows, *found.rows)
    return None, base.rows


def zero(suspected: int | None, organ: float | None) -> float:
    """Time zero: the earlier of suspicion and organ failure, where they belong together.

    Organ failure from 24 h before to 12 h after suspicion (Reyna, Crit Care Med 2020;48:210).
    """
    if suspected is None or organ is None or not -24 <= organ - suspected <= 12:
        return NEVER
    return float(min(suspected, organ))


def time_zero(v: View) -> Question:
    """Sepsis time zero."""
    organ, shown = sofa_hour(v.rows, v.at)
    infection = suspicion(v.papers.orders)
    orders = [o.id for o in v.papers.orders if o.kind == "culture" or o.drug == "ceftriaxone"]
    drugs = [o.id for o in v.papers.orders if o.kind == "medication"]
    text = (
        "Find sepsis time zero: the earlier of suspected infection (blood culture and treating "
        "antibiotic) and the first charted hour with SOFA 2 or more above that of hour 1, if that "
        "is at most 24 h before or 12 h after suspicion. Report at_hour, -1 if there is none."
    )
    return Question(
        ask=Ask(kind="time_zero", text=text, at=v.at),
        wants="at_hour",
        value=zero(infection, organ),
        near=0,
        evidence=row(*(orders or drugs[:1]), *shown),
        helpful=("row:*", "score:sofa:*"),
    )


def balance(v: View) -> Question:
    """Inputs less outputs."""
    found = scores.flows_in(v.rows, v.plan.since, v.at)
    text = (
        f"Report the fluid balance (inputs less outputs, mL) after hour {v.plan.since} up to hour "
        f"{v.at} as value. A row entered twice counts once: flag the second."
    )
    value = scores.balance(v.rows, v.plan.since, v.at)
    return Question(
        ask=Ask(kind="balance", text=text, at=v.at, since=v.plan.since),
        wants="value",
        value=value,
        tolerance=10.0,
        near=50.0,
        evidence=row(*(r.id for r in found)),
        flags=faulty_rows(v, v.plan.since, v.at),
        helpful=("row:F*",),
    )
