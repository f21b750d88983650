"""Every error of the knowledge room, typed.

KnowledgeError
├── UnknownTask        no such frozen task and no such generated id
├── UnknownDomain      no such domain
├── UnknownVariant     no such patient variant
├── UnknownCondition   no such condition
├── UnknownPathway     no such pathway, or none for a condition
├── UnknownInstrument  no such instrument
├── UnknownGuideline   no such guideline, or no version of it by that name or on that day
├── UnknownDrug        no such drug name; near names are suggested, never taken
├── UnknownMeasurement no such lab or vital sign
├── UnknownUnit        a measurement is not given in that unit
├── UnknownCode        ICD-10-CM has no such code
├── UnknownBias        nothing probes for a bias of that name
├── UnknownFact        a patient has no such fact, or not of that type
├── UnknownFormat      texts come in no such format
├── UnknownLibrary     no library of that generation is open here
├── UnknownPicture     no such kind of picture
├── BadPicture         a picture cannot be read, or does not say what is needed of it
├── Unmeasurable       a picture does not show what is to be measured
├── MissingExtra       an optional library is not installed
├── BadCorpus          a text file, or a library's folder, cannot be read
├── BadChart           a chart from outside cannot be read
├── InvalidInput       an instrument's input is unknown, of a wrong type or implausible
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


class UnknownPathway(_Missing):
    """No pathway of that id, or none for that condition."""

    what = "pathway"


class UnknownInstrument(_Missing):
    """No instrument of that name."""

    what = "instrument"


class UnknownGuideline(_Missing):
    """No guideline of that id, or no version of it by that name or in force on that day."""

    what = "guideline"


class UnknownDrug(_Missing):
    """No drug of that name; `near` holds up to three similar names."""

    what = "drug"


class UnknownMeasurement(_Missing):
    """No lab or vital sign of that id."""

    what = "measurement"


class UnknownBias(_Missing):
    """Nothing probes for a bias of that name."""

    what = "bias"


class UnknownFact(KnowledgeError):
    """A patient has no such fact to change, or not with a value of that type."""

    def __init__(self, fact: str, value: object, known: Iterable[str]) -> None:
        near = get_close_matches(fact, list(known), n=3, cutoff=0.4)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        super().__init__(f"fact {fact!r} cannot be set to {value!r}{hint}")


class UnknownCode(KnowledgeError):
    """ICD-10-CM has no such code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"ICD-10-CM has no code {code!r}")


class UnknownUnit(KnowledgeError):
    """A measurement has no such unit; the message names those it has."""

    def __init__(self, measurement: str, unit: str, known: Iterable[str]) -> None:
        super().__init__(f"{measurement}: unit {unit!r} is none of {', '.join(known)}")


class InvalidInput(KnowledgeError):
    """An input that no instrument may compute with; says what was expected and what came."""

    def __init__(
        self, instrument: str, field: str, expected: str, got: object, hint: str = ""
    ) -> None:
        self.instrument, self.field, self.expected, self.hint = instrument, field, expected, hint
        place = f"{instrument}: {field}" if field else instrument
        more = f" ({hint})" if hint else ""
        super().__init__(f"{place}: expected {expected}, got {got!r}{more}")


class BadData(KnowledgeError):
    """A data file does not follow its schema, or names something that does not exist."""


class UnknownFormat(_Missing):
    """Texts come in no such format."""

    what = "format"


class UnknownLibrary(KnowledgeError):
    """An episode names a library that is not open in this process."""


class BadCorpus(KnowledgeError):
    """A corpus or a library's folder cannot be read; the message names the file and the place."""


class BadChart(KnowledgeError):
    """A chart from outside cannot be read; the message names the file, the place and what lacks."""


class UnknownPicture(_Missing):
    """No kind of picture of that name."""

    what = "kind of picture"


class BadPicture(KnowledgeError):
    """A picture cannot be read, or does not say what is needed of it."""


class Unmeasurable(KnowledgeError):
    """A picture does not show what is to be measured."""


class MissingExtra(KnowledgeError):
    """An optional library is not installed; the message names the extra that brings it."""

    def __init__(self, extra: str) -> None:
        super().__init__(f"this needs the extra: pip install 'healthgym[{extra}]'")
