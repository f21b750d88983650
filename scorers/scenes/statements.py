"""What a written statement says is so, was so, or is not so.

Rules in the manner of NegEx and ConText (Chapman, J Biomed Inform 2001;34:301; Harkema, J Biomed
Inform 2009;42:839): a trigger word before or after a finding, within one sentence.
"""

import re
from collections.abc import Iterator
from typing import Literal

from ...knowledge.drugs.names import plain

Polarity = Literal["now", "past", "denied"]

_SENTENCE = re.compile(r"\.(?!\d)|[;\n]| but | however | although ")
_PART = re.compile(r"[,()]| then ")
_OR = re.compile(r"\b(?:or|nor)\b")
_NEAR, _FAR = r" (?:\w+ ){0,2}$", r" (?:\w+ ){0,4}$"
_NO = (
    r"(?:no|without) (?:\w+ )?(?:evidence|signs?|features|indication|suspicion) (?:of|for)"
    r"|no|without|denies|denied|negative for|rule out|ruled out|excludes|never|absence of|free of"
)
_OTHERS = (
    r"family history(?: of)?|fhx|(?:mother|father|sister|brother|aunt|uncle|cousin|husband|wife|"
    r"grandmother|grandfather)(?: had| has| with)?"
)
_MAYBE = r"risk (?:of|for)|at risk|in case of|screen(?:ing|ed)? for|prophylaxis (?:of|for|against)"
_DENIED = re.compile(rf"\b(?:(?:{_NO}|{_OTHERS}|{_MAYBE}){_FAR}|not{_NEAR})")
_DIRECTLY = ("non ", "family ")
_OPEN = re.compile(rf"\b(?:{_NO})\b")
_DENIED_AFTER = re.compile(
    r"^ (?:\w+ ){0,2}(?:ruled out|excluded|unlikely|absent|resolved|negative|not seen|not present)"
)
_YEAR = r"(?:(?:19|20)\d\d(?! \d)|last year|\d+ (?:years?|months?) ago)"
_PAST = re.compile(
    r"\b(?:(?<!day )(?<!days )(?<!hour )(?<!hours )(?<!h )(?<!week )(?<!weeks )(?<!month )"
    r"history of(?! present)|prior(?! to)|previous|(?<!the )past|h o|remote"
    r"|(?<!year )(?<!years )(?<!month )(?<!months )(?<!week )(?<!weeks )(?<!day )(?<!days )old)"
    rf"{_FAR}"
)
_PAST_AFTER = re.compile(rf"^(?: \w+){{0,3}} {_YEAR}\b")
_ALLERGY = re.compile(r"\ballerg(?:y|ies|ic)(?: to|:)[^.;,]*")
_REACTION = re.compile(r"\banaphyla\w*")


def parts(text: str) -> Iterator[tuple[str, bool]]:
    """The parts of a text in plain words, and whether a list that is denied holds them.

    "No mass, shift or haemorrhage" denies all three; without its "or" a list ends at the comma. The
    reaction of a charted allergy is nothing that is so now.
    """
    low = text.lower().replace("'", "").replace("+", " plus ")
    low = _ALLERGY.sub(lambda found: _REACTION.sub(" ", found[0]), low)
    for sentence in _SENTENCE.split(low):
        said = [plain(part) for part in _PART.split(sentence)]
        opened = next((n for n, part in enumerate(said) if _OPEN.search(part)), len(said))
        closed = max((n for n, part in enumerate(said) if _OR.search(part)), default=-1)
        for n, part in enumerate(said):
            yield part, opened < n <= closed


def polarity(before: str, after: str) -> Polarity:
    """Whether what stands between two pieces of a part is so, was so, or is not so."""
    if _DENIED.search(before) or _DENIED_AFTER.search(after) or before.endswith(_DIRECTLY):
        return "denied"
    return "past" if _PAST.search(before) or _PAST_AFTER.search(after) else "now"
