"""Drugs that are often a poor choice in old age (AGS Beers 2023): a hint, never critical."""

from collections.abc import Iterable
from functools import cache
from typing import Literal

import msgspec

from ..errors import BadData
from ..files import load
from .formulary import drug, formulary, labels

SOURCE = "AGS Beers 2023, J Am Geriatr Soc 2023;71:2052"
_FROM_YEARS = 65.0


class Beers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fact of `data/drugs/beers.yaml`."""

    drug: str
    """Ingredient, class or role."""
    severity: Literal["minor", "moderate"]
    concern: str
    condition: str = msgspec.field(name="with", default="")
    """Condition of the patient that it needs; "" for none."""
    crcl_below: float | None = None
    """Creatinine clearance in mL/min that it needs."""
    from_years: float = _FROM_YEARS
    except_for: tuple[str, ...] = ()
    except_with: tuple[str, ...] = ()
    """Conditions that make the drug right."""


@cache
def rules() -> tuple[Beers, ...]:
    """Every fact, in the order of the file. Raises BadData where one names no drug."""
    found = load("drugs/beers.yaml", tuple[Beers, ...])
    known = {label for d in formulary().drugs.values() for label in labels(d)}
    for rule in found:
        unknown = {rule.drug, *rule.except_for} - known
        if unknown:
            raise BadData(f"data/drugs/beers.yaml: no drug is {min(unknown)}")
    return found


@cache
def _of(id_: str) -> tuple[Beers, ...]:
    named = labels(drug(id_))
    return tuple(r for r in rules() if r.drug in named and id_ not in r.except_for)


def beers(
    id_: str, age_years: float, *, conditions: Iterable[str] = (), crcl: float | None = None
) -> list[Beers]:
    """The facts on a drug id that hold for a patient of that age and those conditions.

    A fact on the kidneys is left out while `crcl` (mL/min) is not known. Raises KeyError.
    """
    has = set(conditions)
    return [
        rule
        for rule in _of(id_)
        if age_years >= rule.from_years
        and (not rule.condition or rule.condition in has)
        and (rule.crcl_below is None or (crcl is not None and crcl < rule.crcl_below))
        and not has & set(rule.except_with)
    ]
