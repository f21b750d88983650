"""What patients are drawn from: findings, comorbidities, families of conditions, variants.

All of it is data: `data/findings/`, `data/comorbidities/`, `data/families/`, `data/variants/`.
"""

from functools import cache
from typing import Any, Literal

import msgspec

from .conditions import Age, Predicate
from .drugs import Allergy
from .errors import UnknownVariant
from .files import by_file, joined, load, merged, names, root

Sex = Literal["F", "M"]


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A symptom or sign, and how it is told: by the chart, by the patient, by examination."""

    layer: Literal["history", "asking", "exam"]
    p: float
    """Probability in an acute patient of another condition."""
    topic: str = ""
    system: str = ""
    text: str
    told: str = ""
    denied: str = ""


class Comorbidity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A long-standing illness: prevalence at 30 and 75 years, baseline effects, home drugs."""

    name: str
    young: float
    old: float
    effects: dict[str, float]
    drugs: tuple[str, ...]


class Variant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One condition x presentation x comorbidity x trap: what is fixed before the seed."""

    condition: str
    presentation: str
    trap: str = ""
    difficulty: Literal["easy", "medium", "hard"] = "medium"
    age: Age | None = None
    sex: Sex | None = None
    comorbidities: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    medications: tuple[str, ...] = ()
    findings: dict[str, float] = {}
    shifts: dict[str, float] = {}
    base: dict[str, float] = {}
    """Added to the baseline (log components: ln of the factor)."""
    severity: tuple[float, float] | None = None
    onset_h: tuple[float, float] | None = None
    criteria: tuple[Predicate, ...] = ()
    """Further limits, beside the condition's."""
    ecg: dict[str, float] = {}
    imaging: dict[str, dict[str, float]] = {}
    """Readings of studies in place of the condition's."""
    extra: dict[str, Any] = {}
    """What the domain's own questions need, e.g. the proposed prescription. `{between: [a, b]}`
    is drawn evenly (whole numbers where both are) and `{one_of: [...]}` picked, by the seed."""
    personality: str = ""
    """Of `data/patient_agent/personalities.yaml`; "" is drawn by the seed."""
    bias: str = ""
    """Of `data/patient_agent/biases.yaml`; "" is drawn by the seed."""
    first_seed: int = 0
    """Added to the seeds of this variant's frozen tasks (a multiple of 1000)."""


class Family(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions that look alike: how they come in, and what is drawn for their patients."""

    complaints: tuple[str, ...]
    """Tickets, with `{who}` and `{since}`."""
    findings: tuple[str, ...]
    """Files of `data/findings/` whose findings a patient may have."""
    comorbidities: tuple[str, ...]
    """Files of `data/comorbidities/`."""
    arrival: tuple[str, ...] = ()
    """Laboratory tests drawn at triage and resulted when the episode starts."""
    base: dict[str, float] = {}
    """Added to everybody's baseline (log components: ln of the factor): what age makes normal."""
    spread: dict[str, float] = {}
    """Factor of a vital sign's spread between persons: a toddler's pressures lie close together."""


@cache
def findings() -> dict[str, Finding]:
    """All findings by id."""
    return joined("findings", by_file("findings", Finding))


@cache
def comorbidities() -> dict[str, Comorbidity]:
    """All comorbidities by id."""
    return joined("comorbidities", by_file("comorbidities", Comorbidity))


@cache
def families() -> tuple[str, ...]:
    """Ids of all families, sorted."""
    return tuple(names("families"))


@cache
def family(id_: str) -> Family:
    """The family of that id. Raises BadData naming the file."""
    return load(f"families/{id_}.yaml", Family)


@cache
def findings_of(family_id: str) -> dict[str, Finding]:
    """The findings a patient of a family may have, in the order they are drawn."""
    parts = by_file("findings", Finding)
    return {k: f for name in family(family_id).findings for k, f in parts[name].items()}


@cache
def comorbidities_of(family_id: str) -> dict[str, Comorbidity]:
    """The comorbidities a patient of a family may have, in the order they are drawn."""
    parts = by_file("comorbidities", Comorbidity)
    return {k: c for name in family(family_id).comorbidities for k, c in parts[name].items()}


@cache
def domain_variants(domain: str) -> dict[str, Variant]:
    """The variants of one domain, by id."""
    return merged(f"variants/{domain}", Variant)


@cache
def conditions_in(domain: str) -> tuple[str, ...]:
    """Ids of the conditions that a domain's variants have, sorted."""
    return tuple(sorted({v.condition for v in domain_variants(domain).values()}))


@cache
def all_variants() -> dict[str, Variant]:
    """All variants of all domains, by id."""
    folders = (f.name for f in (root() / "data" / "variants").iterdir() if f.is_dir())
    return joined("variants", {d: domain_variants(d) for d in sorted(folders)})


def variant(id_: str) -> Variant:
    """The variant of that id. Raises UnknownVariant."""
    found = all_variants().get(id_)
    if found is None:
        raise UnknownVariant(id_, all_variants())
    return found
