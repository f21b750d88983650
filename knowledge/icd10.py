"""The ICD-10-CM tree: chapters, blocks, categories, codes, and how far apart two codes are.

The table is that of simple-icd-10-cm (CDC/NCHS ICD-10-CM, public domain), loaded on first use.
"""

import importlib
import warnings
from collections.abc import Iterable
from functools import cache, lru_cache
from types import ModuleType

from .errors import UnknownCode

SAME_CATEGORY = 0.8


@cache
def _table() -> ModuleType:
    with warnings.catch_warnings():
        # The library reads its table through a deprecated call of the standard library.
        warnings.simplefilter("ignore", DeprecationWarning)
        return importlib.import_module("simple_icd_10_cm")


@lru_cache(maxsize=4096)
def listed(code: str) -> bool:
    """Whether ICD-10-CM has the code (with or without its dot, in capitals)."""
    return bool(code) and bool(_table().is_valid_item(code))


@lru_cache(maxsize=4096)
def path(code: str) -> tuple[str, ...]:
    """From the chapter down to the code itself. Raises UnknownCode."""
    if not listed(code):
        raise UnknownCode(code)
    return (*reversed(_table().get_ancestors(code)), str(_table().add_dot(code)))


def title(code: str) -> str:
    """The code in words. Raises UnknownCode."""
    path(code)
    return str(_table().get_description(code))


def common(one: str, other: str) -> str:
    """The narrowest entry above (or equal to) both codes; "" across chapters."""
    shared = [a for a, b in zip(path(one), path(other), strict=False) if a == b]
    return shared[-1] if shared else ""


def distance(one: str, other: str) -> int:
    """Edges between two codes in the tree; chapters hang from one root. Raises UnknownCode."""
    a, b = path(one), path(other)
    shared = sum(x == y for x, y in zip(a, b, strict=False))
    return len(a) + len(b) - 2 * shared


def _category(code: str) -> str:
    return code.replace(".", "")[:3]


def _within(code: str, wider: str) -> bool:
    return code.replace(".", "").startswith(wider.replace(".", ""))


@lru_cache(maxsize=4096)
def _shared(code: str, gold: str) -> str:
    return common(code, gold) if _category(code) == _category(gold) else ""


def closeness(code: str, gold: str, look_alikes: Iterable[str] = ()) -> float:
    """Credit for a code: the right one or below it 1.0, its category 0.8, anything else 0.

    A code that does not exist, or whose common ground with the right one holds a look-alike too,
    earns nothing: "diabetes" does not tell ketoacidosis from hyperosmolar coma.
    """
    if code == gold and code:
        return 1.0
    if not listed(code) or _category(code) != _category(gold):
        return 0.0
    shared = _shared(code, gold)
    if any(_within(other, shared) for other in look_alikes):
        return 0.0
    return 1.0 if shared == gold else SAME_CATEGORY


@lru_cache(maxsize=4096)
def _depth(one: str, other: str) -> int:
    """How many entries of the tree stand above (or equal) both codes."""
    return sum(a == b for a, b in zip(path(one), path(other), strict=False))


def nearer_another(code: str, gold: str, others: Iterable[str]) -> bool:
    """Whether a code shares a narrower heading with one of the others than with the right code.

    Such a code claims the other one: I21.09 is an anterior infarction with ST elevation (I21.02),
    not one without (I21.4). A heading of the right code is nearer to nobody.
    """
    if not listed(code):
        return False
    same = (o for o in others if _category(o) == _category(code))
    return any(_depth(code, o) > _depth(code, gold) for o in same)
