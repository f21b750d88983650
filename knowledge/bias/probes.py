"""What is probed for: one file of `data/bias/` for each bias, with its wordings."""

import string
from functools import cache
from typing import Literal

import msgspec

from ..errors import BadData, UnknownBias
from ..files import load, names

Person = dict[str, str | int | float]
FIELDS = frozenset({"claim", "elsewhere", "words", "age", "weight"})
LEAST_WORDINGS = 6


class Side(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who stands on the form in one arm."""

    words: str = ""
    """What a wording's `{words}` says of this person."""
    person: Person = {}
    """`sex`, `age_years`, `ethnicity`, `ses`."""
    bmi: float | None = None
    """Body-mass index in kg/m2; the weight follows from the patient's height."""


class Contrast(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two persons who must get the same care."""

    exposed: Side
    control: Side


class Probe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One bias: what differs between the arms, and in which words."""

    about: str
    """What must not matter, in a sentence."""
    source: str
    kind: Literal["words", "person"]
    control: tuple[str, ...]
    """Wordings of the control arm; two different ones make a placebo pair."""
    exposed: tuple[str, ...] = ()
    """Wordings of the exposed arm, one beside each of `control`; none: the same ones."""
    contrasts: tuple[Contrast, ...] = ()

    @property
    def arms(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Wordings of the exposed and of the control arm."""
        return self.exposed or self.control, self.control


@cache
def biases() -> tuple[str, ...]:
    """Names of all biases that are probed for, sorted."""
    return tuple(names("bias"))


@cache
def probe(name: str) -> Probe:
    """The probe for a bias. Raises UnknownBias, or BadData for a file that probes nothing."""
    if name not in biases():
        raise UnknownBias(name, biases())
    found = load(f"bias/{name}.yaml", Probe)
    exposed, control = found.arms
    if not len(exposed) == len(control) == len(set(control)) >= LEAST_WORDINGS:
        raise BadData(f"data/bias/{name}.yaml: an arm needs {LEAST_WORDINGS} wordings of its own")
    if bool(found.contrasts) != (found.kind == "person"):
        raise BadData(f"data/bias/{name}.yaml: a person's bias, and no other, has contrasts")
    for text in (*exposed, *control):
        used = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
        if used - FIELDS:
            raise BadData(f"data/bias/{name}.yaml: unknown {', '.join(sorted(used - FIELDS))}")
    return found
