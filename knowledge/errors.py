"""Every error of the knowledge room, typed.

KnowledgeError
├── UnknownTask        no such frozen task and no such generated id
├── UnknownDomain      no such domain
├── UnknownVariant     no such patient variant
├── UnknownCondition   no such condition
└── BadData            a data file breaks its schema or points at nothing
"""

from collections.abc import Iterable
from difflib import get_close_matches


class KnowledgeError(Exception):
    """Base of all errors of this room."""


class _Missing(KnowledgeError):
    """Something was asked for by a name that does not exist."""

    what = "thing"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.near = get_close_matches(name, list(known), n=3, cutoff=0.4)
        hint = f"; did you mean {', '.join(self.near)}?" if self.near else ""
        super().__init__(f"unknown {self.what} {name!r}{hint}")


class UnknownTask(_Missing):
    """No task of that id; `near` holds up to three similar ids."""

    what = "task"


class UnknownDomain(_Missing):
    """No domain of that name."""

    what = "domain"


class UnknownVariant(_Missing):
    """No patient variant of that id."""

    what = "variant"


class UnknownCondition(_Missing):
    """No condition of that id."""

    what = "condition"


class BadData(KnowledgeError):
    """A data file does not follow its schema, or names something that does not exist."""
