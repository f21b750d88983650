"""Small readers of JSON values: numbers, drugs, words. All of them name the field they refuse."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from ...knowledge.drugs import formulary, resolve
from ...knowledge.drugs.names import plain
from ...knowledge.errors import UnknownDrug
from ..errors import BadScene
from .vocabulary import classes, drug_words, vocabulary

_NUMBER = re.compile(r"[<>~]?\s*(-?(?:\d+(?:\.\d+)?|\.\d+))(?!\d|,\d)")
_AMOUNT = re.compile(
    r"((?:\d+(?:\.\d+)?|\.\d+)(?!\d|,\d))\s*(million )?\s*([a-z/%]+)?", re.IGNORECASE
)
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}\b)")
"""The comma in 25,000; any other comma in a number is refused."""
_DOSE = re.compile(
    r"(?<!\S)(\d[\d.]*) ?(mg|mcg|g|units?|u|iu|meq|mmol)\b(?! ?(?:ml|l|kg|per|h|hr|hour|min|day)\b)"
)
_ROUTE = re.compile(r"\b(iv(?: push)?|ivp|po|im|sc|sq|subq|sl|pr|it|intrathecal|oral|by mouth)\b")
_SHORTEST, _ALIKE = 6, 0.9
"""Letters of a word, and likeness (difflib), from which a misspelt drug is suspected."""
YES = frozenset({"present", "yes", "positive", "active", "true", "current", "acute"})
NO = frozenset({"absent", "no", "negative", "normal", "false", "none", "unremarkable"})


def word(field: str, said: object, known: Mapping[str, str], what: str) -> str:
    """The id of a word. Raises BadScene that names the field and the known alternatives."""
    found = known.get(plain(str(said)))
    if found is None:
        raise unknown(field, said, known, what)
    return found


def unknown(field: str, said: object, known: Mapping[str, str], what: str) -> BadScene:
    """The error for a word that nobody knows, with near words, or all ids where none is near."""
    near = get_close_matches(plain(str(said)), list(known), n=5, cutoff=0.6)
    words = sorted(set(known.values()) - {""})
    return BadScene(f"{field}: unknown {what} {said!r}; known: {', '.join(near or words)}")


def number(field: str, said: object) -> float:
    """A number, also from a text such as "3.1 mmol/L". Raises BadScene."""
    if isinstance(said, bool) or not isinstance(said, int | float | str):
        raise BadScene(f"{field}: expected a number, got {said!r}")
    if isinstance(said, str):
        found = _NUMBER.match(_GROUPED.sub("", said.strip()))
        if found is None:
            raise BadScene(f"{field}: expected a number, got {said!r}")
        return float(found[1])
    return float(said)


def amount(field: str, said: object) -> tuple[float, str]:
    """A dose and its unit, "" where none is written. Raises BadScene."""
    if isinstance(said, str):
        found = _AMOUNT.match(_GROUPED.sub("", said.strip()))
        if found is None:
            raise BadScene(f"{field}: expected a dose, got {said!r}")
        return float(found[1]) * (1e6 if found[2] else 1.0), (found[3] or "").lower()
    found_number = number(field, said)
    if found_number < 0:
        raise BadScene(f"{field}: expected a dose, got {said!r}")
    return found_number, ""


def truthy(said: object) -> bool:
    """Whether a flag's value says yes."""
    if isinstance(said, str):
        return bool(said.strip()) and plain(said) not in NO
    return bool(said)


def texts(said: object, field: str) -> list[str]:
    """Every statement in a text, a list, or a mapping of findings. Raises BadScene."""
    if said is None or isinstance(said, bool | int | float):
        return []
    if isinstance(said, str):
        return [said]
    if isinstance(said, list):
        return [t for one in said for t in texts(one, field)]
    if isinstance(said, dict):
        return [t for key, value in said.items() for t in _finding(str(key), value, field)]
    raise BadScene(f"{field}: expected text, a list or an object, got {said!r}")


_PLAIN_KEYS = frozenset(
    {"name", "icd10", "code", "reading", "impression", "finding", "findings", "report", "text"}
)


def _finding(key: str, value: object, field: str) -> list[str]:
    if isinstance(value, bool):
        return [key] if value else []
    if isinstance(value, str) and key not in _PLAIN_KEYS:
        if plain(value) in NO:
            return []
        return [key] if plain(value) in YES else [f"{plain(key)} {value}", value]
    return texts(value, field)


def drug_of(field: str, said: object) -> tuple[str, frozenset[str]]:
    """A drug's id and labels, or a whole class where only that is said. Raises BadScene."""
    return drug_line(field, said)[0]


def drug_line(field: str, said: object) -> tuple[tuple[str, frozenset[str]], str]:
    """A drug as in `drug_of`, and the words behind its name. Raises BadScene."""
    if not isinstance(said, str) or not plain(said):
        raise BadScene(f"{field}: expected the name of a drug, got {said!r}")
    bare = said.replace("’", "'")
    for words in (plain(bare).split(), plain(bare.replace("'", "").replace("(", " ")).split()):
        for cut in range(len(words), 0, -1):
            found = _drug(" ".join(words[:cut]))
            if found is not None:
                return found, " ".join(words[cut:])
    raise BadScene(f"{field}: {UnknownDrug(plain(said), _names())}")


def leading_drug(said: str) -> tuple[str, frozenset[str]] | None:
    """The drug that a text begins with, or None."""
    words = plain(said).split()
    return next((d for n in range(len(words), 0, -1) if (d := _drug(" ".join(words[:n])))), None)


def like_a_drug(said: str) -> str:
    """A drug's name that one or two letters make of a word, "" for none."""
    if len(said) < _SHORTEST or drug_or_none(said) is not None:
        return ""
    return next(iter(get_close_matches(plain(said), _names(), n=1, cutoff=_ALIKE)), "")


def order_line(rest: str) -> tuple[float | None, str, str]:
    """Dose, unit and route of the words behind a drug's name; a rate or a bag is no dose."""
    low = _GROUPED.sub("", rest)
    dose = None if " in " in f" {low} " else _DOSE.search(low)
    route = _ROUTE.search(low)
    amount_, unit = (float(dose[1]), dose[2]) if dose else (None, "")
    return amount_, unit, route[1] if route else ""


def drug_or_none(said: str) -> tuple[str, frozenset[str]] | None:
    """The drug or class of exactly that name."""
    return _drug(plain(said))


def _drug(name: str) -> tuple[str, frozenset[str]] | None:
    alias = drug_words().get(name, name)
    one = resolve(alias)
    if one is not None:
        return one.id, frozenset((one.id, *one.classes, *one.roles))
    label = alias.replace(" ", "_")
    # A supplement is no drug of the formulary: known, and judged by no rule.
    known = label in classes() or label in vocabulary().drugs
    return (label, frozenset({label})) if known else None


def _names() -> list[str]:
    return [plain(n) for d in formulary().drugs.values() for n in (d.id, *d.names, *d.brands)]


def mapping(field: str, said: object) -> dict[str, Any]:
    """A JSON object. Raises BadScene."""
    if not isinstance(said, dict):
        raise BadScene(f"{field}: expected an object, got {said!r}")
    return {str(k): v for k, v in said.items()}
