"""What is recorded of a drug, a pair and an allergy. All facts stand in `data/drugs/`."""

from typing import Literal

import msgspec

Severity = Literal["contraindicated", "major", "moderate", "none"]
Advice = Literal["block", "avoid", "caution", "allow"]
_FACTOR = {("g", "mg"): 1000.0, ("mg", "g"): 0.001, ("mcg", "mg"): 0.001, ("mg", "mcg"): 1000.0}
_FACTOR |= {("l", "ml"): 1000.0, ("mcg", "g"): 1e-6, ("meq", "mmol"): 1.0}

Role = Literal[
    "cyp1a2_inhibitor",
    "cyp1a2_inducer",
    "cyp1a2_substrate",
    "cyp2c9_inhibitor",
    "cyp2c9_inducer",
    "cyp2c9_substrate",
    "cyp2c19_inhibitor",
    "cyp2c19_inducer",
    "cyp2c19_substrate",
    "cyp2d6_inhibitor",
    "cyp2d6_substrate",
    "cyp3a4_strong_inhibitor",
    "cyp3a4_moderate_inhibitor",
    "cyp3a4_inducer",
    "cyp3a4_substrate",
    "cyp3a4_sensitive_substrate",
    "ugt_inducer",
    "ugt_inhibitor",
    "ugt_substrate",
    "pgp_inhibitor",
    "pgp_inducer",
    "pgp_substrate",
    "oatp1b1_inhibitor",
    "oatp1b1_substrate",
    "serotonergic",
    "sedating",
    "anticholinergic",
    "qt_prolonging",
    "seizure_threshold_lowering",
    "potassium_raising",
    "potassium_lowering",
    "nephrotoxic",
    "bleeding_risk",
    "hypoglycemic",
]
"""What a drug does to others or has done to it; pair rules name roles as they name classes."""


class Renal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the kidneys ask for while the measure is in [low, high)."""

    measure: Literal["egfr", "crcl"]
    """eGFR in mL/min/1.73 m2 (CKD-EPI 2021) or creatinine clearance in mL/min (Cockcroft-Gault)."""
    low: float = 0.0
    high: float
    action: Literal["contraindicated", "avoid", "do_not_start", "reduce", "monitor"]
    dose: str = ""
    """The dose then, in words of our own."""
    max_daily: float | None = None
    """Largest daily dose then, in the drug's unit."""
    source: str


class Hepatic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a failing liver asks for, from this Child-Pugh class on."""

    child_pugh: Literal["A", "B", "C"]
    action: Literal["contraindicated", "avoid", "reduce", "monitor"]
    dose: str = ""
    max_daily: float | None = None
    source: str


class Pregnancy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Advice from one week of gestation (completed) to before another."""

    from_week: float = 0
    to_week: float = 45
    advice: Advice
    note: str = ""
    exception: str = ""
    """The documented circumstance in which it is given all the same."""
    source: str


class Drug(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ingredient (or fixed combination). Doses are adult doses in `unit`."""

    id: str = ""
    names: tuple[str, ...] = ()
    """Salts and synonyms."""
    brands: tuple[str, ...] = ()
    classes: tuple[str, ...]
    """All classes, the wider ones included."""
    roles: tuple[Role, ...] = ()
    routes: tuple[str, ...]
    unit: str
    usual: tuple[float, float]
    """Usual single dose, lowest and highest."""
    max_single: float
    max_daily: float
    max_by_needle: float | None = None
    """Largest single dose by vein, muscle or skin, where far less is given so than by mouth."""
    per_kg: tuple[float, float] | None = None
    """Usual single dose per kg of body weight (children, weight-based drugs)."""
    max_daily_per_kg: float | None = None
    high_alert: bool = False
    renal: tuple[Renal, ...] = ()
    hepatic: tuple[Hepatic, ...] = ()
    qt: Literal["known", "possible", "none", "unknown"] = "unknown"
    """`known`: boxed or contraindicating QT/torsade warning in the label; `possible`: a warning."""
    pregnancy: tuple[Pregnancy, ...] = ()
    """Empty: unknown."""
    lactation: Literal["compatible", "caution", "avoid", "unknown"] = "unknown"
    monitoring: tuple[str, ...] = ()
    effects: dict[str, float] = {}
    """Full change of a vital or lab by one usual dose (clinical estimate, unverified)."""
    home: str = ""
    """How it is usually written as a home medicine."""
    r1: str = ""
    """Beta-lactam R1 side chain; equal ones cross-react (Khan 2022)."""
    mme: float | None = None
    """Morphine milligram equivalents per unit of daily oral dose (CDC 2022)."""
    source: str = ""
    """Label (FDA, year) or guideline; carries "unverified" where it rests on memory."""

    @property
    def units(self) -> tuple[str, ...]:
        """Units a dose may be written in: the drug's own, convertible ones, and per kg."""
        plain = [self.unit, *(a for a, b in _FACTOR if b == self.unit)]
        return (*plain, *(f"{u}/kg" for u in plain))

    def in_unit(self, dose: float, unit: str, weight_kg: float) -> float | None:
        """The dose in the drug's own unit; None where the unit is not one of this drug."""
        plain, _, per = unit.partition("/")
        if per not in {"", "kg"}:
            return None
        factor = 1.0 if plain == self.unit else _FACTOR.get((plain, self.unit))
        return None if factor is None else dose * factor * (weight_kg if per else 1.0)

    def matches(self, item: str) -> bool:
        """Whether `drug:<id>` or `class:<class or role>` names this drug."""
        kind, _, name = item.partition(":")
        if kind == "class":
            return name in self.classes or name in self.roles
        return kind == "drug" and name == self.id


class Interaction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule on a pair: each side is an ingredient, a class or a role."""

    a: str
    b: str
    severity: Severity
    """`none`: a source says there is no relevant interaction."""
    mechanism: str = ""
    effect: str
    management: str
    exception: str = ""
    """The documented circumstance in which the pair is right, e.g. after a stent."""
    washout_days: dict[str, float] = {}
    """Side (ingredient, class or role) given first -> days until the other may follow."""
    except_for: tuple[str, ...] = ()
    """Ingredients of either side that the class rule does not hold for."""
    indicated: bool = False
    """Guidelines ask for the pair; it is watched, not avoided."""
    source: str = ""


class Allergy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An allergy as charted, and whether it is real."""

    substance: str
    """As the chart writes it; a drug name or a class."""
    reaction: str
    severity: Literal["mild", "moderate", "severe", "unknown"]
    true: bool


class Formulary(msgspec.Struct, frozen=True, kw_only=True):
    """All of `data/drugs/`."""

    drugs: dict[str, Drug]
    classes: dict[str, tuple[str, ...]]
    interactions: tuple[Interaction, ...]
