"""What a chart from outside holds, and the account of what came in."""

from collections import Counter

import msgspec

UNTOLD = ""


class Coding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A code and its words. Codes are kept as they came, never translated."""

    system: str = UNTOLD
    """`loinc`, `snomed`, `rxnorm`, `cvx`, `icd9cm`, `icd10cm`, `ndc` ...; empty: words only."""
    code: str = UNTOLD
    text: str = UNTOLD
    also: tuple[str, ...] = ()
    """Other codes that came for the same thing, each as `system|code`."""


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """A contact: an admission, an emergency visit, an outpatient encounter."""

    id: str
    kind: str
    start: float
    """Minutes from the chart's origin, as all times."""
    end: float | None = None
    reason: str = UNTOLD
    outcome: str = UNTOLD
    icu: tuple[tuple[float, float | None], ...] = ()
    """From and to, for each stay in intensive care."""


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """A result or a vital sign: a number with its unit, or words."""

    what: Coding
    kind: str
    """`lab`, `vital` or `other`."""
    at: float | None
    stay: str = UNTOLD
    value: float | None = None
    unit: str = UNTOLD
    text: str = UNTOLD
    """What came where there is no number, or words beside one ("1.0 ET/Trach" for a 1)."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A drug ordered, prescribed or infused."""

    drug: Coding
    at: float | None
    stay: str = UNTOLD
    until: float | None = None
    dose: str = UNTOLD
    route: str = UNTOLD
    status: str = UNTOLD


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A diagnosis, of a stay or of the past."""

    what: Coding
    at: float | None = None
    stay: str = UNTOLD
    until: float | None = None
    past: bool = False


class Allergy(msgspec.Struct, frozen=True, kw_only=True):
    """A charted allergy, true or not."""

    what: Coding
    at: float | None = None
    stay: str = UNTOLD
    reaction: str = UNTOLD
    severity: str = UNTOLD


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A procedure, culture, imaging study, immunisation, transfer or report."""

    kind: str
    what: Coding
    at: float | None = None
    stay: str = UNTOLD
    text: str = UNTOLD


class Fluid(msgspec.Struct, frozen=True, kw_only=True):
    """Volume in or out."""

    direction: str
    """`in` or `out`."""
    what: Coding
    at: float
    ml: float
    stay: str = UNTOLD


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """One person's chart."""

    source: str
    subject: str
    sex: str = UNTOLD
    """`F`, `M` or empty."""
    age_years: int | None = None
    """Completed years at the origin."""
    ethnicity: str = UNTOLD
    origin: str = UNTOLD
    """ISO time that minutes count from; empty where the source tells offsets only."""
    dead: bool = False
    """Whether a death is recorded, within a stay or after."""
    died: float | None = None
    """Minutes; None where no time of a death is told."""
    weight_kg: float | None = None
    height_cm: float | None = None
    stays: tuple[Stay, ...] = ()
    observations: tuple[Observed, ...] = ()
    drugs: tuple[Given, ...] = ()
    problems: tuple[Problem, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    done: tuple[Done, ...] = ()
    fluids: tuple[Fluid, ...] = ()


class Report:
    """Counts in and out, table by table (or resource type by type)."""

    def __init__(self) -> None:
        self.read: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()
        self.left: dict[str, Counter[str]] = {}
        """Table -> why -> how many were not kept."""

    def came(self, table: str, rows: int = 1) -> None:
        """Count what was read."""
        self.read[table] += rows

    def keep(self, table: str, rows: int = 1) -> None:
        """Count what became part of a chart."""
        self.kept[table] += rows

    def leave(self, table: str, why: str, rows: int = 1) -> None:
        """Count what did not, with the reason."""
        self.left.setdefault(table, Counter())[why] += rows

    def lost(self) -> dict[str, int]:
        """Tables whose counts do not add up: there are none if all is well."""
        out = {
            t: n - self.kept[t] - sum(self.left.get(t, Counter()).values())
            for t, n in self.read.items()
        }
        return {t: n for t, n in out.items() if n}
