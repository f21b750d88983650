"""What a domain asks of a patient. A domain is a folder of `data/domains/` and a module here.

The module has four functions of the hidden truth, found by name:

- `ticket(patient) -> str`: what the agent is told when the episode starts,
- `judgement(patient) -> Judgement`: what a right answer is, what must and must not be done,
- `relevant(patient) -> tuple[str, ...]`: patterns of what is worth knowing or doing,
- `reference(patient) -> list[Call]`: calls that solve the case from observed evidence.

How its answer is judged stands in `scorers/forms/<name>.py`, its own tools in
`environments/tools/`, a script that plays it in `agents/experts/<name>.py`.
"""

from functools import cache
from importlib import import_module
from typing import Any, Literal, Protocol

import msgspec

from ..conditions import Judgement
from ..errors import UnknownDomain
from ..files import load, root
from ..patients import Patient


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One tool call of a plan."""

    tool: str
    arguments: dict[str, Any] = {}


class Questions(Protocol):
    """The module of a domain."""

    def ticket(self, patient: Patient) -> str:
        """What the agent is told when the episode starts."""

    def judgement(self, patient: Patient) -> Judgement:
        """What a right answer is, and what must and must not be done on the way."""

    def relevant(self, patient: Patient) -> tuple[str, ...]:
        """Patterns of what is worth knowing or doing."""

    def reference(self, patient: Patient) -> list[Call]:
        """The calls that solve the case, in order, ending with a submission."""


class Domain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `data/domains/<name>/domain.yaml`."""

    short: str
    """Opens the ids of its frozen tasks."""
    frozen_per: Literal["condition", "variant"] = "variant"
    frozen: int
    """Frozen tasks of each condition or variant."""
    shares: tuple[str, ...] = ()
    """Tools of other domains that this one has, too."""


@cache
def domains() -> tuple[str, ...]:
    """Names of all domains, sorted."""
    found = (root() / "data" / "domains").iterdir()
    return tuple(sorted(f.name for f in found if f.is_dir() and not f.name.startswith("_")))


@cache
def domain(name: str) -> Domain:
    """The domain of that name. Raises UnknownDomain."""
    if name not in domains():
        raise UnknownDomain(name, domains())
    return load(f"domains/{name}/domain.yaml", Domain)


@cache
def policy(name: str) -> bytes:
    """The rules an agent is given in a domain (Markdown). Raises UnknownDomain."""
    domain(name)
    return (root() / "data" / "domains" / name / "policy.md").read_bytes()


@cache
def questions(name: str) -> Questions:
    """The module of a domain. Raises UnknownDomain."""
    domain(name)
    module: Any = import_module(f"{__name__}.{name}")
    return module  # type: ignore[no-any-return]


def worth(judgements: tuple[Judgement, ...]) -> tuple[str, ...]:
    """Patterns of what is worth knowing or doing: what some judgements ask for."""
    found: dict[str, None] = dict.fromkeys(_SHARED)
    for judgement in judgements:
        for facts in (*judgement.decisive, *(r.any_of for r in judgement.required)):
            found.update(dict.fromkeys(facts))
    return tuple(found)


_SHARED = ("history", "demographics", "allergies", "medications", "vitals", "exam:*", "asked:*")
