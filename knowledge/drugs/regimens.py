"""Named regimens whose dose follows the kidneys, step by step."""

from functools import cache
from typing import Literal

import msgspec

from ..files import load
from .names import plain


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is given up to a limit of the measure."""

    below: float | None = None
    to: float | None = None
    value: str
    band: str = ""

    def holds(self, measured: float) -> bool:
        """Whether the measure lies within this step (the steps before it do not hold)."""
        return (self.below is None or measured < self.below) and (
            self.to is None or measured <= self.to
        )


class Regimen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One drug of `data/drugs/regimens.yaml`."""

    regimen: str = ""
    """The usual dose that the steps change; "" where they only allow or forbid."""
    measure: Literal["egfr", "crcl"]
    steps: tuple[Step, ...]
    source: str

    def step(self, measured: float) -> Step:
        """The step for a measured value; the last one has no limit."""
        return next(s for s in self.steps if s.holds(measured))


@cache
def regimens() -> dict[str, Regimen]:
    """All regimens by drug id; a drug that the formulary lacks has one all the same."""
    return load("drugs/regimens.yaml", dict[str, Regimen])


def regimen_of(text: str) -> Regimen | None:
    """The regimen that a text such as "rivaroxaban AF 20 mg" names, or its drug alone."""
    said = plain(text)
    for id_, one in regimens().items():
        name = plain(id_)
        if said in {name, f"{name} {plain(one.regimen)}".rstrip()}:
            return one
    return None
