"""The ward around a patient: other generated inpatients, some of them gone home already."""

from collections.abc import Callable
from functools import lru_cache

import msgspec

from ..patients import Patient, generate
from ..variants import domain_variants
from . import scores, shelf
from .course import draw
from .papers import hadm, papers
from .tables import Tables, tables

BEDS = 8
_PRESENT = 0.65
"""Share of the neighbours who have not left the ward yet."""


class Bed(msgspec.Struct, frozen=True, kw_only=True):
    """A neighbour: their stay, and whether they still lie here."""

    hadm_id: int
    patient: Patient
    present: bool
    own: bool = False
    """The patient of this chart."""

    @property
    def prefix(self) -> str:
        """What opens the ids of this inpatient's rows among the facts."""
        return "" if self.own else f"{self.hadm_id}:"

    @property
    def rows(self) -> Tables:
        """The neighbour's charted rows; a ward of one error is enough, so theirs are sound."""
        return tables(self.patient).sound()


@lru_cache(maxsize=64)
def _ward(body: bytes) -> tuple[Bed, ...]:
    patient = msgspec.json.decode(body, type=Patient)
    s = draw(patient, "ward")
    known = domain_variants("ehr_management")
    options = sorted(v for v in known if known[v].extra["kind"] != "cohort")
    alike = [v for v in options if known[v].condition == patient.condition]
    beds: list[Bed] = []
    for n in range(BEDS):
        # every second bed has the own illness: those who meet a definition are not the own alone
        chosen = s.choice(alike if n % 2 else options)
        other = generate(chosen, 700_000 + s.integer(0, 99_999))
        beds.append(Bed(hadm_id=hadm(other), patient=other, present=s.bernoulli(_PRESENT)))
    return tuple(sorted(beds, key=lambda b: b.hadm_id))


def ward(patient: Patient) -> tuple[Bed, ...]:
    """The neighbours, by hadm_id; the patient is not among them. None for a chart from outside."""
    if shelf.taken(patient.variant):
        return ()
    return _ward(msgspec.json.encode(patient))


def everyone(patient: Patient) -> tuple[Bed, ...]:
    """The ward with the patient, by hadm_id."""
    own = Bed(hadm_id=papers(patient).hadm_id, patient=patient, present=True, own=True)
    return tuple(sorted((*ward(patient), own), key=lambda b: b.hadm_id))


def _shock(here: list[Bed]) -> tuple[float, tuple[str, ...], str]:
    def meets(b: Bed) -> bool:
        lactate = [r.value for r in b.rows.labs if r.label == "lactate"][-1]
        return bool(lactate > 2 and b.rows.signs[-1].map < 70)

    text = (
        "How many patients now on the ward (the one of this chart included) have a last "
        "lactate above 2 mmol/L and a last mean pressure below 70 mmHg? Report value."
    )
    return sum(map(meets, here)), ("census:lactate", "census:map"), text


def _injury(here: list[Bed]) -> tuple[float, tuple[str, ...], str]:
    def meets(b: Bed) -> bool:
        own = [r.value for r in b.rows.labs if r.label == "creatinine"]
        return bool(own[-1] >= 1.5 * own[0])

    text = (
        "How many patients now on the ward (the one of this chart included) have a last creatinine "
        "of at least 1.5 times their first? Report value."
    )
    return sum(map(meets, here)), ("census:creatinine",), text


def _warning(here: list[Bed]) -> tuple[float, tuple[str, ...], str]:
    count = sum(scores.news2(b.rows.signs[-1]).value >= 5 for b in here)
    facts = tuple(f"row:{b.prefix}{b.rows.signs[-1].id}" for b in here)
    text = (
        "How many patients now on the ward (the one of this chart included) have a NEWS2 (scale 1) "
        "of 5 or more in their last vital signs? Report value."
    )
    return count, facts, text


Counted = tuple[float, tuple[str, ...], str]
"""How many, the facts that show it, the question in words."""
COHORTS: dict[str, Callable[[list[Bed]], Counted]] = {
    "shock": _shock,
    "injury": _injury,
    "warning": _warning,
}
