"""Who speaks and what colours the words: one of 12 personalities and one of 13 biases."""

from functools import cache, lru_cache
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ..errors import BadData
from ..files import load
from ..patients import Patient
from ..rng import stream
from ..variants import findings, variant

OLD_YEARS = 75
"""From this age on a patient may be confused by the questions."""
CHILD_YEARS = 12
"""Below this age a parent speaks; up to 17 years a parent may."""
SPEAKS_YEARS = 4
"""Below this age a child says nothing that its parent could repeat."""
_ADULT_YEARS = 18
Share = Annotated[float, Meta(ge=0, le=1)]


class Unspoken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a parent speaks of a child too small to talk."""

    frame: str
    after: tuple[str, ...]
    more: tuple[str, ...]


class Personality(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a patient speaks, and how much of it at a time."""

    share: Share
    """Weight among the personalities that fit."""
    fits: Literal["anyone", "old", "child", "pregnant"] = "anyone"
    most: Annotated[int, Meta(ge=1, le=5)]
    """Facts in one answer."""
    withheld: Share
    """Share of what no chart holds that waits for a second or a direct question."""
    rapport: Annotated[int, Meta(ge=0)]
    """Topics talked about after which nothing waits."""
    frame: str = "{facts}"
    before: tuple[str, ...]
    after: tuple[str, ...]
    more: tuple[str, ...]
    """Tells that something was left out."""
    small: Unspoken | None = None


class Bias(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a patient is set on: remarks that claim no symptom, and topics that are delayed."""

    share: Share
    topics: tuple[str, ...] = ()
    withheld: Share = 0.0
    """Share of what no chart holds about these topics that waits for a second question."""
    when: Literal["told", "always"] = "always"
    """Remarks are made only where a symptom is told, or with every answer."""
    remarks: tuple[str, ...] = ()


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How one patient talks."""

    personality: str
    bias: str
    withheld: frozenset[str] = frozenset()
    """Findings that wait for a second question, a direct one, or for rapport."""


@cache
def personalities() -> dict[str, Personality]:
    """All personalities by id."""
    return load("patient_agent/personalities.yaml", dict[str, Personality])


@cache
def biases() -> dict[str, Bias]:
    """All biases by id; `none` is one of them."""
    return load("patient_agent/biases.yaml", dict[str, Bias])


def voice(personality: str, age_years: int) -> Personality:
    """How a personality speaks for a patient of that age. Raises KeyError."""
    own = personalities()[personality]
    if own.small is None or age_years >= SPEAKS_YEARS:
        return own
    return msgspec.structs.replace(own, **msgspec.structs.asdict(own.small))


def fitting(age_years: int, *, pregnant: bool) -> dict[str, float]:
    """Personality id -> weight, for a patient of that age."""
    fits = {"anyone"}
    fits |= {"old"} if age_years >= OLD_YEARS else set()
    fits |= {"pregnant"} if pregnant else set()
    if age_years < _ADULT_YEARS:
        fits = {"child"} if age_years < CHILD_YEARS else fits | {"child"}
    return {id_: p.share for id_, p in personalities().items() if p.fits in fits}


def manner(patient: Patient) -> Manner:
    """How this patient talks: by variant where it says so, else by the seed, age and pregnancy.

    It has its own stream and looks at no finding, so it tells nothing about the condition. Raises
    UnknownVariant.
    """
    return _manner(
        patient.variant,
        patient.seed,
        patient.age_years,
        patient.extra.get("pregnant_week") is not None,
        tuple(patient.findings),
    )


@lru_cache(maxsize=4096)
def _manner(
    variant_id: str, seed: int, age_years: int, pregnant: bool, asked: tuple[str, ...]
) -> Manner:
    s = stream("patient agent", variant_id, seed)
    v = variant(variant_id)
    personality = s.weighted(fitting(age_years, pregnant=pregnant))
    bias = s.weighted({id_: b.share for id_, b in biases().items()})
    personality, bias = v.personality or personality, v.bias or bias
    if personality not in personalities() or bias not in biases():
        raise BadData(f"variant {variant_id}: no personality {personality!r} or bias {bias!r}")
    draws = stream("patient agent", variant_id, seed, "withheld")
    own, held = personalities()[personality], biases()[bias]
    found = []
    for id_ in asked:
        f = findings()[id_]
        share = max(own.withheld, held.withheld if f.topic in held.topics else 0.0)
        if draws.bernoulli(share) and f.layer == "asking":
            found.append(id_)
    return Manner(personality=personality, bias=bias, withheld=frozenset(found))
