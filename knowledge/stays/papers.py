"""What is written in a stay beside measurements: admissions, orders, notes, medicine lists."""

import re
from functools import lru_cache

import msgspec

from ..conditions import condition
from ..drugs import drug, formulary
from ..instruments.core import calc
from ..patients import Patient
from ..rng import Stream
from ..variants import comorbidities
from . import shelf
from .course import Plan, draw, plan_of
from .tables import tables

YEAR_DAYS, HALF_YEAR_DAYS = 365, 182
EGFR_METFORMIN = 30.0
"""Metformin is contraindicated below this eGFR (FDA label, 2016)."""


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier contact; `days_before` counts to the start of the present stay."""

    hadm_id: int
    kind: str
    """`inpatient` or `ed_visit` (sent home)."""
    days_before: int
    los_days: int
    creatinine: float | None = None
    """At discharge, mg/dL."""
    weight_kg: float | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the orders; `drug` is a formulary id or empty."""

    id: str
    hour: int
    kind: str
    text: str
    drug: str = ""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A note of the stay."""

    id: str
    hour: int
    kind: str
    text: str


class Papers(msgspec.Struct, frozen=True, kw_only=True):
    """All that is written about a stay."""

    hadm_id: int
    earlier: tuple[Admission, ...]
    orders: tuple[Order, ...]
    notes: tuple[Note, ...]
    home: dict[str, str]
    """Home medicine -> dose as charted at admission."""
    draft: dict[str, str]
    """Medicine -> dose in the draft of the discharge list."""
    discrepancies: tuple[str, ...]
    """Medicines of the draft (or lacking in it) that need correction; hidden."""


def hadm(patient: Patient, number: int = 0) -> int:
    """Id of the present stay (0) or of an earlier one."""
    return 20_000_000 + draw(patient, "hadm", number).integer(0, 9_999_999)


def _earlier(patient: Patient, plan: Plan) -> tuple[Admission, ...]:
    s = draw(patient, "earlier")
    first = next(r.value for r in tables(patient).sound().labs if r.label == "creatinine")
    found: list[Admission] = []

    def add(kind: str, days: int, los: int, creatinine: float | None = None) -> None:
        weight = round(patient.weight_kg + s.normal(0, 1.5), 1) if creatinine else None
        number = hadm(patient, len(found) + 1)
        found.append(
            Admission(
                hadm_id=number,
                kind=kind,
                days_before=days,
                los_days=los,
                creatinine=creatinine,
                weight_kg=weight,
            )
        )

    if plan.prior_creatinine:
        own = round(first * plan.prior_creatinine, 2)
        add("inpatient", s.integer(30, 330), s.integer(2, 9), own)
    if s.bernoulli(0.5) or not plan.prior_creatinine:
        add("inpatient", s.integer(430, 1500), s.integer(2, 9), round(s.uniform(0.6, 1.1), 2))
    for _ in range(plan.ed_visits):
        add("ed_visit", s.integer(5, HALF_YEAR_DAYS - 6), 0)
    for _ in range(plan.ed_visits_older):
        add("ed_visit", s.integer(HALF_YEAR_DAYS + 8, 600), 0)
    return tuple(sorted(found, key=lambda a: (a.days_before, a.hadm_id)))


def _dose(id_: str) -> str:
    known = drug(id_)
    return known.home or f"{known.usual[0]:g} {known.unit} {known.routes[0]} once daily"


def doubled(text: str) -> str:
    """The dose text with its first number doubled."""
    return re.sub(r"\d+(\.\d+)?", lambda m: f"{2 * float(m.group()):g}", text, count=1)


def same_class(id_: str) -> list[str]:
    """Other drugs of the narrowest class of a drug, sorted."""
    own = drug(id_).classes[:1]
    return sorted(d for d in formulary().drugs if d != id_ and drug(d).classes[:1] == own)


def egfr(patient: Patient, creatinine: float) -> float:
    """Estimated filtration rate by CKD-EPI 2021, mL/min/1.73 m2."""
    sex = "female" if patient.sex == "F" else "male"
    inputs = {"age_years": patient.age_years, "sex": sex, "creatinine_mg_dl": creatinine}
    return float(calc("ckd_epi_2021", inputs).value or 0)


def _draft(
    patient: Patient, plan: Plan, home: dict[str, str], s: Stream
) -> tuple[dict[str, str], tuple[str, ...], str]:
    """The draft, what is wrong with it, and the medicine that was stopped on purpose."""
    draft, wrong, stopped = dict(home), [], ""
    free = [d for d in home if d != "metformin"]

    def take(options: list[str]) -> str:
        chosen = s.choice(options)
        free.remove(chosen)
        return chosen

    if plan.stopped and free:
        stopped = take(free)
        del draft[stopped]
    for slip in plan.slips:
        if slip == "omitted" and free:
            chosen = take(free)
            del draft[chosen]
            wrong.append(chosen)
        elif slip == "dose" and (known := [d for d in free if re.search(r"\d", home[d])]):
            chosen = take(known)
            draft[chosen] = doubled(home[chosen])
            wrong.append(chosen)
        elif slip == "duplicate" and (twins := [d for d in free if _twins(d, home)]):
            chosen = s.choice(_twins(take(twins), home))
            draft[chosen] = _dose(chosen)
            wrong.append(chosen)
    last = [r.value for r in tables(patient).sound().labs if r.label == "creatinine"][-1]
    if "metformin" in draft and egfr(patient, last) < EGFR_METFORMIN:
        wrong.append("metformin")
    return draft, tuple(sorted(wrong)), stopped


def _twins(id_: str, home: dict[str, str]) -> list[str]:
    return [d for d in same_class(id_) if d not in home and "oral" in drug(d).routes]


def suspicion(orders: tuple[Order, ...]) -> int | None:
    """Hour of suspected infection: the earlier of culture and antibiotic, where the second follows.

    Within 24 h of an antibiotic or within 72 h of a culture (Seymour, JAMA 2016;315:762; Reyna,
    Crit Care Med 2020;48:210). A single dose for surgery is no treatment.
    """
    cultures = [o.hour for o in orders if o.kind == "culture"]
    drugs = [o.hour for o in orders if o.drug == "ceftriaxone"]
    if not cultures or not drugs:
        return None
    culture, given = min(cultures), min(drugs)
    fits = given - culture <= 72 if culture <= given else culture - given <= 24
    return min(culture, given) if fits else None


def _orders(plan: Plan, home: dict[str, str]) -> list[Order]:
    found: list[Order] = []

    def add(hour: int, kind: str, text: str, drug_id: str = "") -> None:
        found.append(Order(id="", hour=hour, kind=kind, text=text, drug=drug_id))

    for id_ in list(home)[:4]:
        add(1, "medication", f"{id_} {home[id_]}", id_)
    if plan.of == "prophylaxis":
        add(2, "medication", "cefazolin 2 g iv, one dose before surgery", "cefazolin")
    if plan.culture >= 0:
        add(plan.culture, "culture", "blood cultures, two sets")
    if plan.antibiotic >= 0:
        add(plan.antibiotic, "medication", "ceftriaxone 2 g iv every 24 h", "ceftriaxone")
    target = "88-92" if plan.target_88_92 else "94-98"
    add(0, "oxygen", f"oxygen to a saturation of {target} percent")
    if plan.treated:
        add(plan.treated, "fluid", "crystalloid 500 to 1000 mL iv over 4 h")
    if plan.icu >= 0:
        add(plan.icu, "transfer", "transfer to intensive care")
    ordered = sorted(found, key=lambda o: (o.hour, o.kind, o.text))
    return [msgspec.structs.replace(o, id=f"O{n:03d}") for n, o in enumerate(ordered, start=1)]


def _notes(patient: Patient, plan: Plan, home: dict[str, str], stopped: str) -> list[Note]:
    past = ", ".join(comorbidities()[c].name for c in patient.comorbidities) or "none"
    taken = "; ".join(f"{d} {dose}" for d, dose in home.items()) or "none"
    way = "elective" if plan.elective else "emergency"
    name = condition(patient.condition).name
    texts = [
        (0, "admission", f"{way.capitalize()} admission: {name}. Past: {past}. Home: {taken}."),
        (plan.hours, "nursing", "Takes nothing by mouth, vomits." if plan.no_oral_intake
         else "Eats and drinks."),
        (plan.hours, "pharmacy", f"{stopped} was stopped on purpose." if stopped
         else "No home medicine was stopped on purpose."),
    ]  # fmt: skip
    if plan.icu >= 0:
        failing = "yes" if plan.renal_failure_note else "no"
        chronic = "yes" if plan.chronic_note else "no"
        said = f"Acute renal failure: {failing}. Severe chronic organ insufficiency: {chronic}."
        texts.append((plan.icu, "icu", said))
    texts.sort()
    return [
        Note(id=f"N{n:03d}", hour=hour, kind=kind, text=text)
        for n, (hour, kind, text) in enumerate(texts, start=1)
    ]


@lru_cache(maxsize=256)
def _papers(body: bytes) -> Papers:
    patient = msgspec.json.decode(body, type=Patient)
    plan = plan_of(patient)
    home = {m.drug: _dose(m.drug) for m in patient.medications}
    draft, wrong, stopped = _draft(patient, plan, home, draw(patient, "draft"))
    return Papers(
        hadm_id=hadm(patient),
        earlier=_earlier(patient, plan),
        orders=tuple(_orders(plan, home)),
        notes=tuple(_notes(patient, plan, home, stopped)),
        home=home,
        draft=draft,
        discrepancies=wrong,
    )


def papers(patient: Patient) -> Papers:
    """What is written about a patient's stay."""
    if held := shelf.taken(patient.variant):
        return held.papers
    return _papers(msgspec.json.encode(patient))
