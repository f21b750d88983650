"""What kidneys, liver, pregnancy, milk and the QT interval ask of one drug."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from .model import Drug, Hepatic, Pregnancy, Renal

_GRAVITY = {"contraindicated": 4, "avoid": 3, "do_not_start": 2, "reduce": 1, "monitor": 0}
_QTC_MS = 500
_LOW_POTASSIUM = 3.0
_LOW_MAGNESIUM = 1.2

Silent = Literal["no change", "unknown"]


def renal_advice(
    drug: Drug, *, egfr: float | None = None, crcl: float | None = None
) -> Renal | Silent:
    """The gravest renal rule that holds, or "no change".

    eGFR in mL/min/1.73 m2, creatinine clearance in mL/min. "unknown" where the drug has a rule on
    the measure that was not given and none on the other one holds, and where no rule is recorded.
    """
    given = {"egfr": egfr, "crcl": crcl}
    holds = [
        rule
        for rule in drug.renal
        if (value := given[rule.measure]) is not None and rule.low <= value < rule.high
    ]
    if holds:
        return max(holds, key=lambda rule: _GRAVITY[rule.action])
    blind = any(given[rule.measure] is None for rule in drug.renal)
    return "unknown" if blind or not drug.renal else "no change"


def hepatic_advice(
    drug: Drug, child_pugh: Literal["none", "A", "B", "C"] | None
) -> Hepatic | Silent:
    """The rule from that Child-Pugh class on ("none": no cirrhosis); "unknown" without rules."""
    if child_pugh is None or not drug.hepatic:
        return "unknown"
    holds = sorted(
        (rule for rule in drug.hepatic if child_pugh != "none" and rule.child_pugh <= child_pugh),
        key=lambda rule: rule.child_pugh,
    )
    return holds[-1] if holds else "no change"


def pregnancy_advice(drug: Drug, week: float) -> Pregnancy | Literal["unknown"]:
    """The advice in that week of gestation (completed weeks, decimals count as days).

    By label narrative (PLLR, FDA 2015), never by letter.
    """
    return next((p for p in drug.pregnancy if p.from_week <= week < p.to_week), "unknown")


def lactation_advice(drug: Drug) -> Literal["compatible", "caution", "avoid", "unknown"]:
    """What is known of the drug in milk (LactMed and label)."""
    return drug.lactation


def prolongs_qt(drug: Drug) -> Literal["known", "possible", "none"]:
    """How sure it is that the drug prolongs QT: the label's grade, or the class of that name."""
    if drug.qt == "known" or "qt_prolonging" in drug.classes:
        return "known"
    return "possible" if drug.qt == "possible" or "qt_prolonging" in drug.roles else "none"


class QtAdvice(msgspec.Struct, frozen=True, kw_only=True):
    """What the QT interval says about a set of drugs."""

    action: Literal["contraindicated", "avoid", "info", "unknown"]
    drugs: tuple[str, ...]
    reason: str


def qt_advice(
    drugs: Sequence[Drug],
    *,
    qtc_ms: float | None = None,
    potassium_mmol_l: float | None = None,
    magnesium_mg_dl: float | None = None,
) -> QtAdvice | None:
    """What QTc, potassium and magnesium say about QT-prolonging drugs; None if there are none.

    Contraindicated: a known one at QTc 500 ms or more, or a second one at potassium below 3.0
    mmol/L or magnesium below 1.2 mg/dL. One drug at a normal QTc is information. (Drew, Circulation
    2010; limits of potassium and magnesium: clinical estimate, unverified.)
    """
    named = [d for d in drugs if prolongs_qt(d) != "none"]
    if not named:
        return None
    ids = tuple(d.id for d in named)
    known = any(prolongs_qt(d) == "known" for d in named)
    low = [
        text
        for value, limit, text in (
            (potassium_mmol_l, _LOW_POTASSIUM, "potassium below 3.0 mmol/L"),
            (magnesium_mg_dl, _LOW_MAGNESIUM, "magnesium below 1.2 mg/dL"),
        )
        if value is not None and value < limit
    ]
    if qtc_ms is not None and qtc_ms >= _QTC_MS:
        action: Literal["contraindicated", "avoid"] = "contraindicated" if known else "avoid"
        return QtAdvice(action=action, drugs=ids, reason=f"QTc {qtc_ms:g} ms")
    if low and len(named) > 1:
        return QtAdvice(action="contraindicated", drugs=ids, reason=" and ".join(low))
    if qtc_ms is None:
        return QtAdvice(action="unknown", drugs=ids, reason="QTc not known")
    return QtAdvice(action="info", drugs=ids, reason=f"QTc {qtc_ms:g} ms")
