"""Whether a proposed prescription may be given to one person, what is wrong and what is better.

Every verdict follows from the formulary and its rules (`drugs`), read for what a chart says. What
is not recorded there is no reason against a prescription, and no praise of it either.
"""

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Literal

import msgspec

from .drugs import Chart, ChartAllergy, ChartDrug, drug, screen
from .drugs.advice import hepatic_advice, renal_advice
from .drugs.chart import Alert, Grade
from .drugs.doses import times_per_day
from .drugs.model import Drug, Hepatic, Renal
from .files import load
from .instruments.core import calc

Verdict = Literal["approve", "approve_with_monitoring", "change_dose", "reject"]
Trouble = Literal[
    "none",
    "interaction",
    "allergy",
    "renal",
    "hepatic",
    "pregnancy",
    "lactation",
    "qt",
    "duplicate",
    "dose",
    "washout",
]
Frequency = Literal[
    "",
    "once",
    "once daily",
    "twice daily",
    "three times daily",
    "four times daily",
    "every other day",
    "weekly",
]
ChildPugh = Literal["none", "A", "B", "C"]
VERDICTS: tuple[Verdict, ...] = ("approve", "approve_with_monitoring", "change_dose", "reject")
"""From harmless to harmful; the last one that any problem asks for decides."""
GRAVITY: dict[Grade, int] = {"info": 0, "unknown": 0, "minor": 1, "moderate": 2}
GRAVITY |= {"severe": 3, "critical": 4}
TOKEN_DOSE = 0.5
"""A dose below this share of the lowest usual one treats nothing."""
LESS = 0.75
"""Where a source asks for less without a limit, at most this share of the proposed day's dose."""
_KINDS: dict[str, Trouble] = {
    "pair": "interaction",
    "washout": "washout",
    "duplicate": "duplicate",
    "allergy": "allergy",
    "pregnancy": "pregnancy",
    "lactation": "lactation",
    "qt": "qt",
    "dose": "dose",
}
_PAIRED = frozenset({"interaction", "washout", "duplicate"})
_ORGAN: dict[str, tuple[Grade, dict[Verdict, float]]] = {
    "contraindicated": ("critical", {"reject": 1.0}),
    "avoid": ("severe", {"reject": 1.0}),
    "do_not_start": ("moderate", {"reject": 1.0}),
    "reduce": ("moderate", {"change_dose": 1.0, "reject": 0.5}),
    "monitor": ("minor", {"approve_with_monitoring": 1.0, "approve": 0.7}),
}


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One prescription: a drug with its dose (in `unit`), route and frequency."""

    drug: str
    dose: float
    unit: str
    route: str
    frequency: str

    @property
    def per_day(self) -> float:
        """Doses a day; 1 where the frequency is not read as a number."""
        return times_per_day(self.frequency) or 1.0

    @property
    def daily(self) -> float:
        """The dose of a day, in the unit of the line."""
        return self.dose * self.per_day

    @property
    def text(self) -> str:
        """As an order is written."""
        return f"{self.drug} {self.dose:g} {self.unit} {self.route} {self.frequency}"


class Indication(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a prescription is for, and what else treats it."""

    name: str
    options: tuple[Line, ...]
    """The usual choices, the first ones first."""
    classes: tuple[str, ...] = ()
    """`class:` items whose other members treat it, too."""
    source: str


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a chart says of a person; laboratory values as they were printed."""

    age_years: float
    female: bool
    weight_kg: float
    creatinine_mg_dl: float
    potassium_mmol_l: float | None = None
    magnesium_mg_dl: float | None = None
    child_pugh: ChildPugh = "none"
    """"none": no cirrhosis."""
    pregnant_week: float | None = None
    lactating: bool = False
    qtc_ms: float | None = None
    allergies: tuple[ChartAllergy, ...] = ()
    taken: tuple[str, ...] = ()
    """Ids of the medicines that are taken, those bought without a prescription included."""
    stopped: tuple[tuple[str, float], ...] = ()
    """Ids of medicines that were stopped, and days since the last dose."""

    @property
    def sex(self) -> Literal["female", "male"]:
        """As the instruments name it."""
        return "female" if self.female else "male"

    @property
    def egfr(self) -> float:
        """CKD-EPI 2021 in mL/min/1.73 m2 (Inker, N Engl J Med 2021;385:1737)."""
        return _number(
            "ckd_epi_2021",
            age_years=self.age_years,
            sex=self.sex,
            creatinine_mg_dl=self.creatinine_mg_dl,
        )

    @property
    def crcl(self) -> float:
        """Creatinine clearance in mL/min, actual weight (Cockcroft & Gault, Nephron 1976;16:31)."""
        return _number(
            "cockcroft_gault",
            age_years=self.age_years,
            sex=self.sex,
            weight_kg=self.weight_kg,
            creatinine_mg_dl=self.creatinine_mg_dl,
        )


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One reason against a prescription as it is written."""

    kind: Trouble
    grade: Grade
    culprit: str
    """The other medicine of a pair; otherwise the proposed one."""
    verdicts: dict[Verdict, float]
    """Credit in [0, 1] of each verdict that answers this problem."""
    note: str
    source: str
    unlimited: bool = False
    """A smaller dose is asked for, and the source names no limit."""

    @property
    def asks(self) -> Verdict:
        """The verdict with the most credit."""
        return max(self.verdicts, key=lambda v: self.verdicts[v])


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """What is right for one prescription."""

    verdict: Verdict
    problems: tuple[Problem, ...]
    """The gravest first."""

    @property
    def deciding(self) -> tuple[Problem, ...]:
        """The problems that ask for the verdict."""
        return tuple(p for p in self.problems if p.asks == self.verdict)

    @property
    def gravity(self) -> int:
        """0 without a problem, up to 4 for a critical one."""
        return max((GRAVITY[p.grade] for p in self.problems), default=0)


def _number(name: str, **inputs: object) -> float:
    value = calc(name, inputs).value
    assert isinstance(value, float | int)  # noqa: S101 - both instruments give a number
    return float(value)


@cache
def indications() -> dict[str, Indication]:
    """All indications, by id. Raises BadData."""
    return load("domains/drug_interaction/indications.yaml", dict[str, Indication])


@lru_cache(maxsize=16384)
def review(known: Known, line: Line) -> Review:
    """The verdict on a prescription for that person, with every problem it rests on.

    Contraindicated and major pairs, allergies that block, harm to the unborn: reject. Doses beyond
    a limit: change the dose. Moderate pairs: give and monitor. Raises UnknownDrug.
    """
    found = sorted(
        _problems(known, line), key=lambda p: (-GRAVITY[p.grade], p.kind, p.culprit, p.note)
    )
    rank = max((VERDICTS.index(p.asks) for p in found), default=0)
    return Review(verdict=VERDICTS[rank], problems=tuple(found))


def _problems(known: Known, line: Line) -> Iterator[Problem]:
    for alert in screen(_chart(known, line)):
        kind = _KINDS.get(alert.kind)
        if kind is not None and line.drug in alert.drugs and GRAVITY[alert.grade]:
            yield _problem(kind, alert, line.drug)
    d = drug(line.drug)
    renal = renal_advice(d, egfr=known.egfr, crcl=known.crcl)
    if isinstance(renal, Renal):
        yield from _organ("renal", d, line, renal)
    hepatic = hepatic_advice(d, known.child_pugh)
    if isinstance(hepatic, Hepatic):
        yield from _organ("hepatic", d, line, hepatic)


def _chart(known: Known, line: Line) -> Chart:
    """The chart without kidneys and liver: what they ask for depends on the dose."""
    now = tuple(ChartDrug(name=name) for name in known.taken if name != line.drug)
    gone = tuple(ChartDrug(name=name, stopped_days_ago=days) for name, days in known.stopped)
    again = tuple(ChartDrug(name=name) for name in known.taken if name == line.drug)
    proposed = ChartDrug(
        name=line.drug,
        dose=line.dose,
        unit=line.unit,
        route=line.route,
        frequency=line.frequency,
    )
    return Chart(
        age_years=known.age_years,
        sex=known.sex,
        weight_kg=known.weight_kg,
        pregnant=known.pregnant_week is not None,
        pregnant_week=known.pregnant_week,
        lactating=known.lactating,
        qtc_ms=known.qtc_ms,
        potassium_mmol_l=known.potassium_mmol_l,
        magnesium_mg_dl=known.magnesium_mg_dl,
        allergies=known.allergies,
        drugs=(*now, *gone, *again, proposed),
    )


def _problem(kind: Trouble, alert: Alert, own: str) -> Problem:
    others = [d for d in alert.drugs if d != own]
    paired = kind in _PAIRED or kind == "qt"
    return Problem(
        kind=kind,
        grade=alert.grade,
        culprit=others[0] if others and paired else own,
        verdicts=_verdicts(kind, alert.grade),
        note=alert.message,
        source=alert.source,
    )


def _verdicts(kind: Trouble, grade: Grade) -> dict[Verdict, float]:
    if kind == "dose":
        return {"change_dose": 1.0, "reject": 0.7}
    if kind in {"duplicate", "washout"} or GRAVITY[grade] >= GRAVITY["severe"]:
        return {"reject": 1.0}
    if grade == "moderate":
        return {"approve_with_monitoring": 1.0, "reject": 0.2}
    # A pair that guidelines ask for is watched as a matter of course.
    return {"approve_with_monitoring": 1.0, "approve": 0.9 if kind == "interaction" else 0.7}


def _organ(kind: Trouble, d: Drug, line: Line, rule: Renal | Hepatic) -> Iterator[Problem]:
    """What a failing organ asks for, unless the dose is already that low.

    A single dose does not pile up (clinical convention, unverified).
    """
    amount = d.in_unit(line.daily, line.unit, 0.0)
    low = rule.max_daily is not None and amount is not None and amount <= rule.max_daily * 1.001
    single = line.frequency == "once" and rule.max_daily is None
    if rule.action == "reduce" and (low or single):
        return
    grade, verdicts = _ORGAN[rule.action]
    text = rule.action.replace("_", " ")
    limit = "" if rule.max_daily is None else f"at most {rule.max_daily:g} {d.unit} a day"
    yield Problem(
        kind=kind,
        grade=grade,
        culprit=d.id,
        verdicts=verdicts,
        note=f"{text}: {rule.dose or limit}".removesuffix(": "),
        source=rule.source,
        unlimited=rule.action == "reduce" and rule.max_daily is None,
    )


def treats(indication: Indication, id_: str) -> bool:
    """Whether a drug is a usual choice for the indication."""
    return any(o.drug == id_ for o in indication.options) or any(
        drug(id_).matches(item) for item in indication.classes
    )


def usual_line(indication: Indication, id_: str) -> Line:
    """How that drug is usually prescribed for the indication. Raises KeyError."""
    listed = next((o for o in indication.options if o.drug == id_), None)
    if listed is not None:
        return listed
    d = drug(id_)
    return Line(drug=id_, dose=d.usual[0], unit=d.unit, route=d.routes[0], frequency="once daily")


def worth_as_alternative(known: Known, indication: Indication, id_: str, instead_of: str) -> float:
    """Credit in [0, 1] of another drug: it must treat the indication and may be given."""
    if id_ == instead_of or not treats(indication, id_):
        return 0.0
    verdict = review(known, usual_line(indication, id_)).verdict
    return {"approve": 1.0, "approve_with_monitoring": 1.0, "change_dose": 0.5}.get(verdict, 0.0)


def best_alternative(known: Known, indication: Indication, instead_of: str) -> str:
    """The first usual choice that may be given, free of problems where one is; "" for none."""
    options = [o for o in indication.options if o.drug != instead_of]
    for wanted in ("approve", "approve_with_monitoring"):
        for option in options:
            if review(known, option).verdict == wanted:
                return option.drug
    return ""


def worth_as_dose(known: Known, line: Line, dose: float, frequency: str) -> float:
    """Credit in [0, 1] of another dose of the same drug: it must be enough and not too much."""
    d = drug(line.drug)
    amount = d.in_unit(dose, line.unit, known.weight_kg)
    if amount is None or amount < TOKEN_DOSE * d.usual[0]:
        return 0.0
    changed = msgspec.structs.replace(line, dose=dose, frequency=frequency)
    smaller = changed.daily <= LESS * line.daily
    left = [p for p in review(known, changed).problems if not (p.unlimited and smaller)]
    return float(not any(p.asks in {"change_dose", "reject"} for p in left))


def best_dose(known: Known, line: Line, indication: Indication) -> tuple[float, str]:
    """A dose of the same drug that may be given, and how often; (0, "") for none.

    The usual one for the indication first, then shares of the largest usual single dose.
    """
    listed = [(o.dose, o.frequency) for o in indication.options if o.drug == line.drug]
    d = drug(line.drug)
    factor = d.in_unit(1.0, line.unit, known.weight_kg) or 1.0
    often = dict.fromkeys((line.frequency, "twice daily", "once daily", "every other day"))
    sizes = [*(d.usual[1] * part for part in (1.0, 0.75, 0.5, 0.25)), d.usual[0]]
    tries = [*listed, *((round(s / factor, 4), f) for f in often for s in sizes)]
    return next((t for t in tries if worth_as_dose(known, line, *t) == 1.0), (0.0, ""))
