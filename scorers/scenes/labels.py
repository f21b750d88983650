"""Read the charted allergies of a scenario."""

import re
from collections.abc import Iterator
from typing import Any, Literal

from ...knowledge.drugs.allergy import known_allergen, reaction_kind, read_allergy
from ...knowledge.drugs.names import plain
from ..errors import BadScene
from .model import Label
from .vocabulary import flag_words
from .words import like_a_drug, mapping, texts, truthy, unknown, word

_SEVERITIES: dict[str, Literal["mild", "moderate", "severe", "unknown"]] = {
    "mild": "mild",
    "low": "mild",
    "moderate": "moderate",
    "severe": "severe",
    "high": "severe",
    "life threatening": "severe",
    "anaphylaxis": "severe",
    "critical": "severe",
    "fatal": "severe",
    "unknown": "unknown",
    "": "unknown",
    "anaphylactic": "severe",
}
_GRAVE = frozenset({"anaphylaxis", "angioedema", "severe_skin", "respiratory", "thrombocytopenia"})
_HIVES = re.compile(r"\b(?:hives|urticaria)\b")
_WAIVERS = ("desensitised", "delabelled", "tolerated")
_NONE = frozenset({"nkda", "none", "no known drug allergies", "no known allergies", "nka", ""})
_LABEL_KEYS = {
    "substance": "substance",
    "allergen": "substance",
    "drug": "substance",
    "name": "substance",
    "agent": "substance",
    "medication": "substance",
    "class": "class",
    "reaction": "reaction",
    "reactions": "reaction",
    "type": "reaction",
    "manifestation": "reaction",
    "severity": "severity",
    "true": "true",
    "verified": "true",
    "confirmed": "true",
    "status": "status",
    "desensitised": "desensitised",
    "desensitized": "desensitised",
    "delabelled": "delabelled",
    "delabeled": "delabelled",
    "tolerated": "tolerated",
    "tolerated since": "tolerated",
    "year": "",
    "date": "",
    "source": "",
    "note": "status",
    "criticality": "severity",
    "mechanism": "reaction",
}


def labels(said: object, field: str) -> Iterator[Label]:
    """The allergies of a list, a text, or an object of substance and reaction. Raises BadScene."""
    if isinstance(said, str):
        said = [said]
    if isinstance(said, dict):
        pairs = [{"substance": k, "reaction": v} for k, v in said.items()]
        said = [said] if "substance" in said else pairs
    if not isinstance(said, list):
        raise BadScene(f"{field}: expected a list, got {said!r}")
    for n, one in enumerate(said):
        place = f"{field}[{n}]"
        if not isinstance(one, str):
            yield _label(place, one)
        elif plain(one) not in _NONE:
            yield _written(one, place)


def _written(said: str, field: str) -> Label:
    """An allergy in one text, such as "penicillin (anaphylaxis)"."""
    text = "".join(" " if c in "():,;" else c for c in said)
    read = read_allergy(text)
    _spelt(read.substance, field)
    return Label(
        substance=read.substance,
        reaction=read.reaction,
        severity=_severity(read.reaction, "", field),
        waived=_waived(plain(said)),
    )


def _waived(status: str) -> str:
    """The waiver that a text speaks of, "" for none."""
    found = (id_ for words, id_ in flag_words().items() if words in status and id_ in _WAIVERS)
    return next(found, "")


def _label(field: str, said: object) -> Label:
    found: dict[str, Any] = {}
    for key, value in mapping(field, said).items():
        found.setdefault(word(f"{field}.{key}", key, _LABEL_KEYS, "key"), value)
    if "substance" not in found and "class" not in found:
        raise BadScene(f"{field}: an allergy needs a substance")
    substance = str(found.get("substance", found.get("class")))
    if not known_allergen(substance):
        # "Penicillin allergy" as a substance is penicillin; "bee venom" stays what it is.
        substance = read_allergy(substance).substance
        _spelt(substance, f"{field}.substance")
    reaction = " ".join(texts(found.get("reaction", ""), field))
    status = plain(str(found.get("status", "")))
    ticked = next((w for w in _WAIVERS if truthy(found.get(w))), "")
    graded = plain(str(found.get("severity") or ""))
    return Label(
        substance=substance,
        reaction=reaction,
        severity=_severity(reaction, graded, f"{field}.severity"),
        true=truthy(found.get("true", True)) and status not in {"refuted", "entered in error"},
        waived=ticked or _waived(status) or _waived(plain(reaction)),
    )


def _spelt(substance: str, field: str) -> None:
    """Raise BadScene for an allergen that is a slip of the pen away from a drug's name."""
    if not known_allergen(substance):
        for word_ in substance.split()[:2]:
            near = like_a_drug(word_)
            if near:
                raise BadScene(f"{field}: unknown allergen {word_!r}; did you mean {near}?")


def _severity(
    reaction: str, said: str, field: str
) -> Literal["mild", "moderate", "severe", "unknown"]:
    """The graver of what is written and what the reaction says."""
    written = _SEVERITIES.get(said)
    if written is None:
        raise unknown(field, said, _SEVERITIES, "severity")
    graded = written in {"mild", "moderate"}
    # Hives that somebody graded mild or moderate are what they were graded.
    other = _HIVES.sub(" ", reaction.lower()) if graded else reaction
    return "severe" if reaction_kind(other) in _GRAVE else written
