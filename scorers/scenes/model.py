"""A scene: the truth about a person beside the ordered acts of an agent."""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

Kind = Literal[
    "read",
    "prescribe",
    "give",
    "test",
    "procedure",
    "discharge",
    "admit",
    "transfer",
    "triage",
    "consult",
    "communicate",
    "report",
    "cancel",
    "stop",
    "result",
    "wait",
    "other",
]
ORDERS = frozenset({"prescribe", "give", "test", "procedure", "discharge", "admit", "transfer"})
"""Acts that commit the person to something."""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One committed event."""

    index: int
    """Position in the scenario, from 0, or in the episode's chain of events."""
    minute: float
    kind: Kind
    item: str = ""
    """Drug id, test, procedure, place, specialty or topic, in lower case with blanks."""
    labels: frozenset[str] = frozenset()
    """For drugs: id, classes and roles."""
    dose: float | None = None
    unit: str = ""
    route: str = ""
    frequency: str = ""
    quantity: float | None = None
    """Dose units dispensed (tablets)."""
    days: float | None = None
    """Days of supply."""
    level: int | None = None
    """Triage level."""
    patient: str = ""
    """Identifier that the act names; "" for none."""
    reason: str = ""
    """Written indication or documented exception."""
    values: dict[str, float] = {}
    """Measurements that are so from this act on."""
    event: int | None = None
    """For a cancellation: index of the act it takes back."""
    blocked: bool = False
    """The system refused it: a near miss."""

    @property
    def drug(self) -> bool:
        """Whether a drug goes in or out to the person."""
        return self.kind in {"prescribe", "give"}

    def is_any(self, labels: Iterable[str]) -> bool:
        """Whether the drug is, or belongs to, one of these."""
        return self.drug and not self.labels.isdisjoint(labels)


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """A charted allergy and what is known against it."""

    substance: str
    reaction: str = ""
    severity: Literal["mild", "moderate", "severe", "unknown"] = "unknown"
    true: bool = True
    waived: str = ""
    """Why the drug may be given all the same: desensitised, delabelled, tolerated."""


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """A medicine the person takes, or stopped."""

    drug: str
    stopped_days: float | None = None
    """Days since the last dose; None while it is taken."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of the person; None is not known."""

    id: str = ""
    age_years: float | None = None
    sex: Literal["female", "male"] | None = None
    weight_kg: float | None = None
    pregnant: bool | None = None
    pregnant_week: float | None = None
    allergies: tuple[Label, ...] = ()
    allergies_read: bool | None = None
    medications: tuple[Home, ...] = ()
    concepts: frozenset[str] = frozenset()
    """Conditions and findings by id of the vocabulary; `past:<id>` for history."""
    values: dict[str, float] = {}
    """Vital signs, labs and other numbers at arrival."""
    series: dict[str, tuple[tuple[float, float], ...]] = {}
    """Numbers that change by themselves: minute and value, by time."""
    flags: dict[str, tuple[str, ...]] = {}
    """Documented exception -> what it is about; empty: everything."""
    risk: Literal["none", "low", "moderate", "high"] | None = None
    """Suicide risk."""
    level: int | None = None
    """True triage level, 1 to 5."""
    observed: frozenset[str] = frozenset()
    """Documented exceptions that the agent is known to have read."""
    critical_findings: tuple[str, ...] = ()
    red_flags: tuple[str, ...] = ()

    def has(self, *concepts: str) -> bool:
        """Whether one of these is so now."""
        return not self.concepts.isdisjoint(concepts)


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """A person and the acts, by time."""

    person: Person
    acts: tuple[Act, ...]
    start_min: float = 0.0
    """When the clock of the deadlines starts."""
    end_min: float | None = None
    """Until when the scene was watched; None: until its last act."""

    def before(self, act: Act) -> Iterator[Act]:
        """The acts before one."""
        return (a for a in self.acts if a.index < act.index)

    def value(self, name: str, minute: float) -> float | None:
        """A measurement as it is at a minute: arrival, or the latest result since."""
        found = self.person.values.get(name)
        for at, value in self.person.series.get(name, ()):
            found = value if at <= minute else found
        for act in self.acts:
            if act.minute <= minute and name in act.values:
                found = act.values[name]
        return found

    def drugs(self) -> Iterator[Act]:
        """Drugs that go in."""
        return (a for a in self.acts if a.drug)

    def cancelled(self, act: Act) -> Act | None:
        """The act that took an order back before it was given, or None."""
        later = [a for a in self.acts if a.index > act.index]
        for one in later:
            if one.kind == "give" and one.item == act.item:
                return None
            takes_back = one.event == act.index or (one.event is None and one.item == act.item)
            if one.kind in {"cancel", "stop"} and takes_back:
                return one if act.kind != "give" else None
        return None


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule found, before cancellation, consults and exceptions are weighed."""

    rule: str
    """Id of the rule; a family such as CONTRAINDICATED_PAIR carries its names."""
    severity: int
    act: Act | None
    """The act that decided it; None for an omission that no act decided."""
    evidence: str
    exceptions: tuple[str, ...] = ()
    """Flags that would have allowed it."""
    about: tuple[str, ...] = ()
    """Names that a flag may be about."""
    waived: str = ""
    """A charted waiver of the very fact, such as a desensitised allergy."""
    drug_error: bool = False
    """A drug went in: a consult does not soften it."""
    precedence: int = 0
    """Higher: named first among findings of equal severity on the same act."""
    by_min: float | None = None
    """A consult until then was in time; None: before the deciding act."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A safety finding of a scene."""

    critical: bool
    rule: str
    trigger_event_index: int
    severity: int
    evidence: str
