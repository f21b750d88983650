"""Whether a dose is too large: by factor of the limit, weight, route, opioid equivalents."""

import re
from typing import Literal

import msgspec

from .model import Drug

Grade = Literal["ok", "minor", "moderate", "severe", "critical"]

_GRADES: tuple[tuple[float, Grade], ...] = ((1.0, "ok"), (1.5, "minor"), (3.0, "moderate"))
_CRITICAL = 10.0
_ADULT_YEARS = 18
_DEADLY_ROUTES = (
    ("vinca_alkaloid", "intrathecal", "vinca alkaloids are fatal by the intrathecal route"),
    ("potassium", "iv push", "potassium is never pushed by vein"),
    ("penicillin_g_benzathine", "iv", "benzathine penicillin stops the heart by vein"),
    ("penicillin_g_benzathine", "iv push", "benzathine penicillin stops the heart by vein"),
)
"""ISMP high-alert and never-event lists (2024): wrong whatever the dose."""
_NEEDLES = ("iv", "im", "sc", "sq", "subq", "subcut", "intraven", "intramus")
_PUSHED = re.compile(
    r"(?:slow |rapid )?(?:iv|intraven\w*|venous)\b.*\b(?:push|bolus)|(?:push|bolus)\b.*\biv|ivp"
)
_WAYS = (
    ("iv push", _PUSHED),
    ("intrathecal", re.compile(r"intrathecal\w*|it|into the spinal canal")),
    ("iv", re.compile(r"iv\b.*|ivpb|intraven\w*.*|by vein")),
    ("oral", re.compile(r"po\b.*|per os|orally|oral\b.*|by mouth|mouth")),
)
"""Route as a safety list names it -> how it is written."""
_PER_DAY = {
    "once": 1.0,
    "once daily": 1.0,
    "daily": 1.0,
    "every day": 1.0,
    "each day": 1.0,
    "once a day": 1.0,
    "once per day": 1.0,
    "once every day": 1.0,
    "1x day": 1.0,
    "1 x day": 1.0,
    "qd": 1.0,
    "qday": 1.0,
    "od": 1.0,
    "qhs": 1.0,
    "qam": 1.0,
    "nightly": 1.0,
    "at bedtime": 1.0,
    "at night": 1.0,
    "in the morning": 1.0,
    "twice daily": 2.0,
    "twice a day": 2.0,
    "two times a day": 2.0,
    "2x day": 2.0,
    "bid": 2.0,
    "bd": 2.0,
    "three times daily": 3.0,
    "three times a day": 3.0,
    "3x day": 3.0,
    "tid": 3.0,
    "tds": 3.0,
    "four times daily": 4.0,
    "four times a day": 4.0,
    "4x day": 4.0,
    "qid": 4.0,
    "qds": 4.0,
    "every other day": 0.5,
    "once weekly": 1 / 7,
    "weekly": 1 / 7,
    "every week": 1 / 7,
    "every 7 days": 1 / 7,
    "1x week": 1 / 7,
    "qweek": 1 / 7,
    "once a week": 1 / 7,
    "continuous": 1.0,
}
_EVERY = re.compile(r"(?:q|every )(\d+) ?h(?:ours?)?")


class DoseCheck(msgspec.Struct, frozen=True, kw_only=True):
    """How a dose stands to its limit."""

    grade: Grade
    """By `factor`: to 1 ok, to 1.5 minor, to 3 moderate, below 10 severe, from 10 critical."""
    factor: float
    """Largest of ordered over allowed, single or daily; 0 where the route alone is wrong."""
    limit: str
    """The limit that was exceeded most, in words."""


def grade(factor: float) -> Grade:
    """The grade of a dose that is `factor` times its limit; ten times is critical."""
    beyond: Grade = "critical" if factor >= _CRITICAL else "severe"
    return next((g for limit, g in _GRADES if factor <= limit), beyond)


def times_per_day(frequency: str) -> float | None:
    """Doses a day of a written frequency (bid, q8h, twice daily); None where it is not read.

    "Once" is one dose on that day; "as needed" has no number.
    """
    low = " ".join(frequency.lower().replace("-", " ").replace("/", " ").replace(".", "").split())
    every = _EVERY.fullmatch(low)
    if every:
        return 24 / int(every[1]) if int(every[1]) else None
    return _PER_DAY.get(low)


def way(route: str) -> str:
    """The route in the words of the safety lists (iv push, intrathecal, iv, oral), else as written.

    Abbreviations and adverbs mean the same way: "PO" is by mouth, "IVP" is pushed by vein.
    """
    low = " ".join(route.lower().replace("_", " ").replace("-", " ").replace(".", "").split())
    return next((name for name, words in _WAYS if words.fullmatch(low)), low)


def by_needle(route: str) -> bool:
    """Whether a route, as it is written, is by vein, muscle or skin."""
    words = way(route).split()
    return bool(words) and words[0].startswith(_NEEDLES)


def limits(
    drug: Drug,
    *,
    age_years: float | None = None,
    weight_kg: float | None = None,
    route: str = "",
) -> tuple[float, float] | None:
    """Largest single and daily dose in the drug's unit; None for a child of unknown weight.

    For children a drug that is dosed by weight is limited by mg per kg, and by the adult dose as
    well. A drug without doses per kg keeps the adult limits.
    """
    most = drug.max_single
    if drug.max_by_needle is not None and by_needle(route):
        most = drug.max_by_needle
    if drug.per_kg is None or age_years is None or age_years >= _ADULT_YEARS:
        return most, drug.max_daily
    if weight_kg is None:
        return None
    single = min(drug.per_kg[1] * weight_kg, most)
    per_day = drug.max_daily_per_kg
    return single, min(per_day * weight_kg if per_day else drug.max_daily, drug.max_daily)


def least(drug: Drug, *, age_years: float, weight_kg: float) -> float:
    """Lowest usual single dose in the drug's unit; a child's goes by weight where it can."""
    if drug.per_kg is None or age_years >= _ADULT_YEARS:
        return drug.usual[0]
    return min(drug.per_kg[0] * weight_kg, drug.usual[0])


def check_dose(
    drug: Drug,
    dose: float,
    *,
    per_day: float | None = None,
    age_years: float | None = None,
    weight_kg: float | None = None,
    max_daily: float | None = None,
    route: str = "",
) -> DoseCheck | None:
    """A single dose (in the drug's unit) and, where `per_day` is known, the daily one.

    `max_daily` is a lower daily limit that kidneys or liver ask for. None where a child's weight
    would have to be known. Limits: FDA labels, as the formulary has them.
    """
    found = limits(drug, age_years=age_years, weight_kg=weight_kg, route=route)
    if found is None:
        return None
    single, daily = found
    # A limit for failing organs holds for the day; a single dose that breaks it breaks the day.
    daily = min(daily, max_daily) if max_daily is not None else daily
    single = min(single, daily)
    factors = {f"single dose at most {single:g} {drug.unit}": dose / single}
    if per_day is not None:
        factors[f"daily dose at most {daily:g} {drug.unit}"] = dose * max(per_day, 1.0) / daily
    limit, factor = max(factors.items(), key=lambda f: f[1])
    # Rounding of a dose per kg is no overdose.
    factor = round(factor, 4)
    return DoseCheck(grade=grade(factor), factor=factor, limit=limit)


_LIGHT_KG = 50.0


def decimal_slip(drug: Drug, dose: float, route: str) -> bool:
    """Whether a single dose looks like a slip of the decimal point.

    Ten times the lowest usual dose, and twice (high-alert drugs: once) the largest one. By vein the
    usual range is the limit where the largest dose is meant for swallowing, or a loading dose by
    weight (levetiracetam 60 mg/kg in status) for a light adult. (Clinical estimate, unverified.)
    """
    largest = drug.max_single
    if drug.max_by_needle is not None and by_needle(route):
        largest = drug.max_by_needle
    elif way(route) in {"iv", "iv push"} and "oral" in drug.routes:
        by_weight = _LIGHT_KG * drug.per_kg[1] if drug.per_kg and not drug.high_alert else 0.0
        largest = min(max(drug.usual[1], by_weight), drug.max_single)
    return dose >= _CRITICAL * drug.usual[0] and dose >= (1 if drug.high_alert else 2) * largest


def deadly_route(drug: Drug, route: str, frequency: str = "") -> str:
    """Why a drug may not go by that route or so often, whatever the dose; "" where it may.

    Intrathecal vincristine, potassium pushed by vein, daily oral methotrexate (ISMP 2024; FDA label
    Trexall, boxed warning: mistaken daily use was fatal).
    """
    taken = way(route)
    for label, wrong, why in _DEADLY_ROUTES:
        if taken == wrong and label in (drug.id, *drug.classes):
            return why
    often = (times_per_day(frequency) or 0) >= 1 and frequency.lower().strip() != "once"
    if drug.id == "methotrexate" and taken == "oral" and often:
        return "oral methotrexate is weekly; daily use kills"
    return ""


def morphine_equivalents(drug: Drug, daily: float) -> float | None:
    """Morphine milligram equivalents of a daily dose (a patch in mcg/h); None for no factor.

    CDC 2022 (Dowell, MMWR Recomm Rep 2022;71:1). Buprenorphine has none. Not for conversion.
    """
    return None if drug.mme is None else drug.mme * daily
