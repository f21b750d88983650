"""Reporting systems on what was read of a study: category, follow-up, impression.

Which follow-up a recommendation means is told in codes; each stands for the text of the instrument.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, get_args

import msgspec

from ..instruments.core import calc
from ..instruments.imaging_abdomen import LIVER_MANAGEMENT, RENAL_MANAGEMENT
from ..instruments.imaging_breast_thyroid import BREAST
from ..instruments.imaging_chest import CORONARY_MANAGEMENT, LUNG_MANAGEMENT
from .kinds import FollowUp, Impression, Kind, type_of
from .readings import INPUTS, Person, Reading


class Grade(msgspec.Struct, frozen=True, kw_only=True):
    """What a system says of a study."""

    system: str
    category: str
    """ "none" where the system gives advice only."""
    advice: str


ORDERS: dict[str, tuple[str, ...]] = {
    "lung_rads_2022": ("1", "2", "3", "4A", "4B", "4X"),
    "ti_rads": ("TR1", "TR2", "TR3", "TR4", "TR5"),
    "bi_rads_management": ("1", "2", "3", "4A", "4B", "4C", "5"),
    "li_rads_2018": ("LR-3", "LR-4", "LR-5"),
    "pi_rads_2_1": ("1", "2", "3", "4", "5"),
    "cad_rads_2": ("0", "1", "2", "3", "4A", "4B", "5"),
    "bosniak_2019": ("I", "II", "IIF", "III", "IV"),
    "kellgren_lawrence": ("0", "1", "2", "3", "4"),
    "aspects": tuple(str(n) for n in range(11)),
    "fleischner_2017": (),
}
"""Categories, the gravest last; ASPECTS counts down but neighbours are neighbours."""
APART = {"bi_rads_management": ("0",), "li_rads_2018": ("LR-M", "LR-TIV")}
"""Categories beside the order; they outrank it."""
EMPTY = {
    "lung_rads_2022": "1",
    "bi_rads_management": "1",
    "pi_rads_2_1": "1",
    "cad_rads_2": "0",
    "kellgren_lawrence": "0",
    "aspects": "10",
}
"""Category of a study on which there is nothing to grade; "none" for other systems."""
WHOLE = ("cad_rads_2", "aspects")
"""Systems that grade the study as a whole."""

_NONE: tuple[FollowUp, ...] = ("none",)
_TISSUE: tuple[FollowUp, ...] = ("tissue_diagnosis",)
_UROLOGY: tuple[FollowUp, ...] = ("specialist_referral",)
_ROUTINE: tuple[FollowUp, ...] = ("routine_screening",)
_PREVENT: tuple[FollowUp, ...] = ("prevention",)
_Meaning: TypeAlias = tuple[Impression, tuple[FollowUp, ...]]
_SUSPECT: _Meaning = ("significant", _TISSUE)
_BOARD: _Meaning = ("significant", ("multidisciplinary",))
_MEANS: dict[str, dict[str, _Meaning]] = {
    "lung_rads_2022": {
        "1": ("normal", _ROUTINE),
        "2": ("benign", _ROUTINE),
        "3": ("indeterminate", ("6_months",)),
        "4A": ("significant", ("3_months",)),
        "4B": ("significant", _TISSUE),
        "4X": ("significant", _TISSUE),
    },
    "bi_rads_management": {
        "0": ("incomplete", ("additional_imaging",)),
        "1": ("normal", _ROUTINE),
        "2": ("benign", _ROUTINE),
        "3": ("indeterminate", ("6_months",)),
        **dict.fromkeys(("4A", "4B", "4C", "5"), _SUSPECT),
    },
    "li_rads_2018": {
        "LR-3": ("indeterminate", ("3_to_6_months",)),
        **dict.fromkeys(("LR-4", "LR-5", "LR-M", "LR-TIV"), _BOARD),
    },
    "pi_rads_2_1": {
        "1": ("normal", _NONE),
        "2": ("benign", _NONE),
        "3": ("indeterminate", ("specialist_referral", "tissue_diagnosis")),
        "4": ("significant", _TISSUE),
        "5": ("significant", _TISSUE),
    },
    "cad_rads_2": {
        "0": ("normal", _NONE),
        "1": ("benign", _PREVENT),
        "2": ("benign", _PREVENT),
        "3": ("indeterminate", ("functional_test",)),
        "4A": ("significant", ("functional_test", "invasive_angiography")),
        "4B": ("significant", ("invasive_angiography",)),
        "5": ("significant", ("invasive_angiography", "functional_test")),
    },
    "bosniak_2019": {
        "I": ("benign", _NONE),
        "II": ("benign", _NONE),
        "IIF": ("indeterminate", ("6_to_12_months",)),
        "III": ("significant", _UROLOGY),
        "IV": ("significant", _UROLOGY),
    },
    "kellgren_lawrence": {
        "0": ("normal", _NONE),
        **{str(n): ("benign", _NONE) for n in range(1, 5)},
    },
    "aspects": {
        **{str(n): ("acute", ("immediate_care",)) for n in range(10)},
        "10": ("normal", _NONE),
    },
}
_FLEISCHNER: tuple[tuple[str, Impression, tuple[FollowUp, ...]], ...] = (
    ("no routine follow-up", "benign", _NONE),
    ("optional CT", "benign", ("optional_12_months",)),
    ("consider CT at 3 months", "significant", ("3_months", "tissue_diagnosis")),
    ("CT at 6-12 months", "indeterminate", ("6_to_12_months",)),
    ("CT at 3-6 months", "indeterminate", ("3_to_6_months",)),
)
_THYROID: dict[str, tuple[FollowUp, ...]] = {
    "FNA": _TISSUE,
    "follow-up": ("12_months",),
    "no further action": _NONE,
}
_PROSTATE = {
    "1": "no biopsy because of the MR",
    "2": "no biopsy because of the MR",
    "3": "urology: biopsy by PSA density and risk",
    "4": "targeted biopsy",
    "5": "targeted biopsy",
}
_ADVICE: dict[str, Mapping[str, str]] = {
    "lung_rads_2022": {"1": "annual screening goes on", **LUNG_MANAGEMENT},
    "bi_rads_management": BREAST,
    "li_rads_2018": LIVER_MANAGEMENT,
    "pi_rads_2_1": _PROSTATE,
    "cad_rads_2": CORONARY_MANAGEMENT,
    "bosniak_2019": RENAL_MANAGEMENT,
}


SYSTEMS = tuple(INPUTS)
FOLLOW_UPS: tuple[str, ...] = get_args(FollowUp)


def graded(kind: Kind, readings: Sequence[Reading]) -> list[Reading]:
    """The readings that a reporting system grades; BI-RADS gets the category of the type."""
    found = []
    for one in readings:
        name = type_of(kind, one.features)
        if name and kind.types[name].graded:
            own = {"category": kind.types[name].category} if kind.types[name].category else {}
            found.append(msgspec.structs.replace(one, features={**one.features, **own}))
    return found


def grade(system: str, reading: Reading, person: Person, among: Sequence[Reading]) -> Grade:
    """What a system says of one reading; `among` are all graded readings of the study.

    Raises Unread naming missing facts, KeyError where a feature is of another kind of study.
    """
    result = calc(system, INPUTS[system](reading, person, among))
    value = str(result.value)
    if system == "ti_rads":
        level, _, action = str(result.band).partition(";")
        return Grade(system=system, category=level, advice=action)
    if system == "fleischner_2017":
        return Grade(system=system, category="none", advice=value)
    if system == "bi_rads_management":
        return Grade(system=system, category=str(reading.features["category"]), advice=value)
    return Grade(system=system, category=value, advice=advice(system, value))


def advice(system: str, category: str) -> str:
    """What a category asks for, in words; "" where the system says nothing of it."""
    known = _ADVICE.get(system, {})
    if category in known:
        return known[category]
    if system == "aspects":
        return "stroke team at once" if category != "10" else "no early ischaemic change"
    return "no imaging follow-up; clinical care" if system == "kellgren_lawrence" else ""


def means(found: Grade) -> tuple[Impression, tuple[FollowUp, ...]]:
    """Impression and follow-up of a grade."""
    if found.system == "fleischner_2017":
        return next((i, f) for head, i, f in _FLEISCHNER if found.advice.startswith(head))
    if found.system == "ti_rads":
        levels: dict[str, Impression] = {"TR1": "benign", "TR2": "benign", "TR3": "indeterminate"}
        small = found.advice == "no further action"
        other: Impression = "indeterminate" if small else "significant"
        return levels.get(found.category, other), _THYROID[found.advice]
    return _MEANS[found.system][found.category]


def rank(found: Grade) -> tuple[int, int]:
    """Gravity of a grade among those of its system."""
    order, apart = ORDERS[found.system], APART.get(found.system, ())
    if found.system == "fleischner_2017":
        heads = [head for head, *_ in _FLEISCHNER]
        place = next(i for i, head in enumerate(heads) if found.advice.startswith(head))
        # The table of heads is by text, not by gravity: advice above 8 mm is the most urgent.
        return (0, (0, 1, 4, 2, 3)[place])
    if found.category in apart:
        return (1, apart.index(found.category))
    place = order.index(found.category)
    if found.system == "ti_rads":
        return (list(_THYROID)[::-1].index(found.advice), place)
    return (0, -place if found.system == "aspects" else place)


def nearness(system: str, said: str, true: str) -> float:
    """1 for the category, a half for its neighbour in the system's order."""
    if said == true:
        return 1.0
    order = ORDERS.get(system, ())
    if said in order and true in order:
        return 0.5 if abs(order.index(said) - order.index(true)) == 1 else 0.0
    return 0.0
