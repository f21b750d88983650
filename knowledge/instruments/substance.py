"""Alcohol and opioids: screening and withdrawal."""

from typing import Annotated

from msgspec import Meta

from ..errors import InvalidInput
from .core import Inputs, Score, instrument, total
from .quantities import Sex, count

Item4 = Annotated[int, count(0, 4)]
Item7 = Annotated[int, count(0, 7)]
Three = Annotated[tuple[Item4, ...], Meta(min_length=3, max_length=3)]
Ten = Annotated[tuple[Item4, ...], Meta(min_length=10, max_length=10)]
Nine = Annotated[tuple[Item7, ...], Meta(min_length=9, max_length=9)]
CowsTotal = Annotated[int, count(0, 48)]
DastCount = Annotated[int, count(0, 10)]


class AuditC(Inputs, frozen=True, kw_only=True):
    """Inputs of AUDIT-C."""

    items_1_to_3: Three
    sex: Sex


@instrument(
    unit="points",
    version="Bush 1998",
    source="Bush K, Arch Intern Med 1998;158:1789; women: Bradley KA, Arch Intern Med 2003;163:821",
    bands=("negative", "positive: men 4, women 3 or more"),
)
def audit_c(x: AuditC) -> Score:
    """AUDIT-C: unhealthy use of alcohol."""
    parts = {f"item_{number}": item for number, item in enumerate(x.items_1_to_3, 1)}
    least = 4 if x.sex == "male" else 3
    return total(parts, ((least - 1, "negative"),), "positive")


class Audit(Inputs, frozen=True, kw_only=True):
    """Inputs of the full AUDIT, ten items (9 and 10 are 0, 2 or 4)."""

    items_1_to_10: Ten


@instrument(
    unit="points",
    version="WHO 2001",
    source="Babor TF, AUDIT manual, WHO 2001",
    bands=("zone I 0-7", "zone II 8-15", "zone III 16-19", "zone IV 20-40"),
)
def audit(x: Audit) -> Score:
    """AUDIT: hazardous drinking and dependence in four zones.

    Raises InvalidInput where item 9 or 10 is 1 or 3.
    """
    for number, item in enumerate(x.items_1_to_10, 1):
        if number >= 9 and item % 2:
            field = "items_1_to_10"
            raise InvalidInput("audit", field, f"0, 2 or 4 for item {number}", item)
    parts = {f"item_{number}": item for number, item in enumerate(x.items_1_to_10, 1)}
    return total(parts, ((7, "zone I"), (15, "zone II"), (19, "zone III")), "zone IV")


class Cage(Inputs, frozen=True, kw_only=True):
    """Inputs of CAGE."""

    cut_down: bool
    annoyed: bool
    guilty: bool
    eye_opener: bool


@instrument(
    unit="points",
    version="Ewing 1984",
    source="Ewing JA, JAMA 1984;252:1905",
    bands=("negative 0-1", "positive 2-4"),
)
def cage(x: Cage) -> Score:
    """CAGE: alcohol dependence."""
    parts = {name: int(getattr(x, name)) for name in x.__struct_fields__}
    return total(parts, ((1, "negative"),), "positive")


class CiwaAr(Inputs, frozen=True, kw_only=True):
    """Inputs of CIWA-Ar: nine items of 0 to 7 and orientation of 0 to 4."""

    nine_items_0_7: Nine
    orientation_0_4: Item4


@instrument(
    unit="points",
    version="Sullivan 1989; bands ASAM 2020",
    source="Sullivan JT, Br J Addict 1989;84:1353; ASAM alcohol withdrawal guideline 2020",
    bands=("mild (<10)", "moderate (10-18)", "severe (>=19)"),
)
def ciwa_ar(x: CiwaAr) -> Score:
    """CIWA-Ar: severity of alcohol withdrawal. Bands differ by source: these are ASAM's."""
    parts = {f"item_{number}": item for number, item in enumerate(x.nine_items_0_7, 1)}
    parts["orientation"] = x.orientation_0_4
    return total(parts, ((9, "mild (<10)"), (18, "moderate (10-18)")), "severe (>=19)")


class Cows(Inputs, frozen=True, kw_only=True):
    """Input of the clinical opiate withdrawal scale."""

    total_0_48: CowsTotal


@instrument(
    unit="points",
    version="Wesson 2003",
    source="Wesson DR, Ling W, J Psychoactive Drugs 2003;35:253",
    bands=("none 0-4", "mild 5-12", "moderate 13-24", "moderately severe 25-36", "severe 37-48"),
)
def cows(x: Cows) -> Score:
    """COWS: severity of opioid withdrawal. Buprenorphine usually waits for 8 to 12."""
    limits = ((4, "none"), (12, "mild"), (24, "moderate"), (36, "moderately severe"))
    return total({"total": x.total_0_48}, limits, "severe")


class Dast(Inputs, frozen=True, kw_only=True):
    """Input of DAST-10 (number of positive answers)."""

    positive_answers_0_10: DastCount


@instrument(
    unit="points",
    version="Skinner 1982, ten items",
    source="Skinner HA, Addict Behav 1982;7:363",
    bands=("none 0", "low 1-2", "moderate 3-5", "substantial 6-8", "severe 9-10"),
)
def dast10(x: Dast) -> Score:
    """DAST-10: problems with drugs."""
    limits = ((0, "none"), (2, "low"), (5, "moderate"), (8, "substantial"))
    return total({"total": x.positive_answers_0_10}, limits, "severe")
