"""Which allergies speak against which drugs: rules over classes and beta-lactam side chains."""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Literal

import msgspec

from ..errors import BadData
from ..files import load
from .formulary import drug, formulary, labels, of_class
from .model import Advice, Allergy, Drug
from .names import plain, resolve

Reaction = Literal[
    "tolerated",
    "intolerance",
    "cough",
    "infusion",
    "severe_skin",
    "thrombocytopenia",
    "respiratory",
    "angioedema",
    "anaphylaxis",
    "rash",
    "unknown",
]

_WORDS: tuple[tuple[Reaction, str], ...] = (
    ("tolerated", r"without harm|(?<!not )tolerated|delabel\w*|desensiti[sz]ed"),
    ("severe_skin", r"stevens|johnson|sjs|epidermal|necrolysis|dress|agep|serum sickness"),
    ("thrombocytopenia", r"thrombocytop\w*|hit"),
    ("respiratory", r"respiratory|aerd|bronchospasm|asthma|polyps"),
    ("anaphylaxis", r"anaphyla\w*|hives|urticaria|wheez\w*|collapse|hypotension|swelling|throat"),
    ("angioedema", r"angio ?o?edema"),
    ("infusion", r"flushing|red man|infusion reaction"),
    ("rash", r"rash\w*|exanthem\w*|eruption|blister\w*|fever"),
    ("cough", r"cough\w*"),
    ("intolerance", r"nausea|vomit\w*|upset|stomach|diarrh\w*|constipat\w*|intoleran\w*"),
    ("intolerance", r"drows\w*|dizz\w*|headache|itch\w*|not tolerated"),
)
"""In the order of weight: later tolerance, then the gravest word of a charted reaction counts."""
_KINDS = tuple((kind, re.compile(rf"\b(?:{words})\b")) for kind, words in _WORDS)
_MILD = frozenset({"tolerated", "intolerance", "cough", "infusion"})
_SPECIAL = frozenset({"same drug", "same r1", "anything"})


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What an allergy says about a drug."""

    advice: Advice
    """block, caution or allow."""
    reason: str
    note: str = ""
    source: str = ""


class Cross(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule of `data/drugs/allergy.yaml`."""

    allergen: str
    given: str
    advice: Literal["block", "caution", "allow"]
    reason: str
    reactions: tuple[Reaction, ...] = ()
    """Empty: any but tolerance, intolerance, cough and infusion reactions."""
    except_for: tuple[str, ...] = ()
    note: str = ""
    source: str


class Allergies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of `data/drugs/allergy.yaml`."""

    names: dict[str, str]
    rules: tuple[Cross, ...]


@cache
def allergies() -> Allergies:
    """Allergen names and rules in their order. Raises BadData where a rule names nothing known."""
    found = load("drugs/allergy.yaml", Allergies)
    known = {label for d in formulary().drugs.values() for label in labels(d)} | _SPECIAL
    for rule in found.rules:
        unknown = {rule.given, *rule.except_for} - known
        if unknown:
            raise BadData(f"data/drugs/allergy.yaml: no drug is {min(unknown)}")
    return found


def reaction_kind(text: str) -> Reaction:
    """The gravest reaction that a charted text speaks of; "unknown" where it names none.

    "tolerated" where the chart says that the drug was taken without harm since.
    """
    low = plain(text)
    return next((kind for kind, words in _KINDS if words.search(low)), "unknown")


def _of_names(allergen: str) -> list[Drug]:
    """The drugs an allergy label speaks of: an ingredient, a class, or a brand, in that order."""
    low = plain(allergen)
    low = allergies().names.get(low, low)
    found = _named(low)
    return found or (_named(low.removesuffix("s")) if low.endswith("s") else [])


def _named(low: str) -> list[Drug]:
    label, one = low.replace(" ", "_"), resolve(low)
    if one is not None and one.id == label:
        return [one]
    return of_class(label) or ([one] if one else [])


@cache
def _things() -> frozenset[str]:
    """Allergens that are no drugs, such as egg."""
    named = {rule.allergen for rule in allergies().rules} - _SPECIAL
    return frozenset(name for name in named if not _of_names(name))


def known_allergen(allergen: str) -> bool:
    """Whether the words name a drug, a class or a thing that the rules speak of."""
    low = plain(allergen)
    return bool(_of_names(low)) or allergies().names.get(low, low) in _things()


_LEADING = re.compile(
    "allerg(?:y|ic)|reactions?|severe|mild|moderate|true|known|documented|reported|listed|history"
    "|of|to|from|with|after|iv|oral|drugs?|all|hypersensitivity"
)


def _leads(word: str) -> bool:
    """Whether a word may stand before the substance."""
    return bool(_LEADING.fullmatch(word)) or reaction_kind(word) != "unknown"


def read_allergy(text: str) -> Allergy:
    """A charted line such as "penicillin anaphylaxis" or "hives from amoxicillin".

    The first and there the longest known name is the substance, the other words are the reaction.
    Before it only reactions and connecting words may stand: a peanut allergy that was treated with
    epinephrine speaks against peanuts.
    Where no name is known the whole text is the substance. The severity is not in the text.
    """
    words = plain(text).split()
    first = next((n for n, w in enumerate(words) if not _leads(w)), len(words))
    starts = range(min(first + 1, len(words)))
    for start, cut in ((a, b) for a in starts for b in range(len(words), a, -1)):
        name = " ".join(words[start:cut])
        if known_allergen(name):
            # An abbreviation such as HIT is allergen and reaction in one.
            reaction = " ".join([*words[:start], *words[cut:]])
            reaction = reaction or (name if name in allergies().names else "")
            return Allergy(substance=name, reaction=reaction, severity="unknown", true=True)
    return Allergy(substance=text, reaction="", severity="unknown", true=True)


def cross_reactivity(allergy: Allergy, given: Drug) -> Verdict:
    """What a charted allergy says about a drug: `block`, `caution` or `allow`, and why.

    Only the substance and the reaction as charted count; a reaction that is not charted counts as
    a grave one. An allergen that nobody knows asks for caution (Khan, J Allergy Clin Immunol 2022,
    and the sources of the rules).
    """
    return _verdict(allergy.substance, allergy.reaction, given.id)


@lru_cache(maxsize=16384)
def _verdict(substance: str, reaction: str, given: str) -> Verdict:
    if not known_allergen(substance):
        return Verdict(advice="caution", reason="allergen not known")
    low = plain(substance)
    members = _of_names(low)
    thing = "" if members else allergies().names.get(low, low)
    kind = reaction_kind(reaction)
    for rule in allergies().rules:
        about = rule.allergen in {"anything", thing} or _all_are(members, rule.allergen)
        if about and _fits(rule, kind) and _hits(rule, members, drug(given)):
            return Verdict(
                advice=rule.advice, reason=rule.reason, note=rule.note, source=rule.source
            )
    if any(m.id == given for m in members):
        return Verdict(advice="block", reason="same drug")
    return Verdict(advice="allow", reason="no known cross-reactivity")


def _fits(rule: Cross, kind: Reaction) -> bool:
    return kind in rule.reactions if rule.reactions else kind not in _MILD


def _all_are(members: Sequence[Drug], label: str) -> bool:
    return bool(members) and all(label in labels(m) for m in members)


def _hits(rule: Cross, members: Sequence[Drug], given: Drug) -> bool:
    if given.id in rule.except_for:
        return False
    if rule.given == "same drug":
        return any(m.id == given.id for m in members) and len(members) == 1
    if rule.given == "same r1":
        return bool(given.r1) and any(m.r1 == given.r1 for m in members)
    return rule.given == "anything" or rule.given in labels(given)


def allergic(allergies: Sequence[Allergy], drug_id: str) -> Allergy | None:
    """The first charted allergy that speaks against this drug whatever the reaction, or None.

    It does for the same drug, the same class, or the same beta-lactam R1 side chain
    (Khan et al., J Allergy Clin Immunol Pract 2022). Raises KeyError.
    """
    given = drug(drug_id)
    return next((a for a in allergies if _speaks_against(a.substance, given)), None)


def _speaks_against(substance: str, given: Drug) -> bool:
    members = _of_names(substance)
    classes = set(_narrow(members))
    chains = {m.r1 for m in members} - {""}
    same = any(m.id == given.id for m in members)
    return same or bool(classes & set(given.classes)) or given.r1 in chains


_CLASSES = (
    "penicillin",
    "sulfonamide_antibiotic",
    "fluoroquinolone",
    "macrolide",
    "nsaid_cox1",
    "heparin",
    "ace_inhibitor",
    "carbapenem",
    "tetracycline",
)


def _narrow(members: Sequence[Drug]) -> Iterator[str]:
    """The class within which an allergy to each of these drugs is taken to cross-react."""
    for member in members:
        found = next((c for c in _CLASSES if c in member.classes), "")
        if found:
            yield found
