"""Mood, anxiety, trauma and suicide risk. Rules only; no item texts of protected questionnaires."""

from typing import Annotated, Literal

from msgspec import Meta

from .core import Inputs, Score, instrument, total
from .quantities import count

Item3 = Annotated[int, count(0, 3)]
Item4 = Annotated[int, count(0, 4)]
Seven = Annotated[tuple[Item3, ...], Meta(min_length=7, max_length=7)]
Nine = Annotated[tuple[Item3, ...], Meta(min_length=9, max_length=9)]
Ten = Annotated[tuple[Item3, ...], Meta(min_length=10, max_length=10)]
Twenty = Annotated[tuple[Item4, ...], Meta(min_length=20, max_length=20)]
YesCount = Annotated[int, count(0, 13)]
Ymrs = Annotated[int, count(0, 60)]
Hamd = Annotated[int, count(0, 52)]
Madrs = Annotated[int, count(0, 60)]
ACT = "suicide item positive: assess the risk whatever the total"


def _items(items: tuple[int, ...]) -> dict[str, int]:
    return {f"item_{number}": item for number, item in enumerate(items, 1)}


class Phq9(Inputs, frozen=True, kw_only=True):
    """Inputs of PHQ-9. The tenth question, on function, is not scored."""

    items_1_to_9: Nine


@instrument(
    unit="points",
    version="Kroenke 2001",
    source="Kroenke K, J Gen Intern Med 2001;16:606",
    bands=(
        "minimal 0-4",
        "mild 5-9",
        "moderate 10-14",
        "moderately severe 15-19",
        "severe 20-27",
        "suicide item positive: item 9 of 1 or more",
    ),
)
def phq9(x: Phq9) -> Score:
    """PHQ-9: severity of depression."""
    limits = ((4, "minimal"), (9, "mild"), (14, "moderate"), (19, "moderately severe"))
    scored = total(_items(x.items_1_to_9), limits, "severe")
    if not x.items_1_to_9[8]:
        return scored
    band = f"{scored.band};suicide item positive"
    return Score(value=scored.value, band=band, components=scored.components, warnings=(ACT,))


class Gad7(Inputs, frozen=True, kw_only=True):
    """Inputs of GAD-7."""

    items_1_to_7: Seven


@instrument(
    unit="points",
    version="Spitzer 2006",
    source="Spitzer RL, Arch Intern Med 2006;166:1092",
    bands=("minimal 0-4", "mild 5-9", "moderate 10-14", "severe 15-21"),
)
def gad7(x: Gad7) -> Score:
    """GAD-7: severity of anxiety."""
    limits = ((4, "minimal"), (9, "mild"), (14, "moderate"))
    return total(_items(x.items_1_to_7), limits, "severe")


class Epds(Inputs, frozen=True, kw_only=True):
    """Inputs of the Edinburgh postnatal depression scale, items already reverse-scored."""

    items_1_to_10: Ten


@instrument(
    unit="points",
    version="Cox 1987",
    source="Cox JL, Br J Psychiatry 1987;150:782",
    bands=(
        "unlikely 0-9",
        "possible depression 10-12",
        "probable depression 13-30",
        "self-harm item positive: item 10 of 1 or more",
    ),
)
def epds(x: Epds) -> Score:
    """EPDS: depression in pregnancy and after birth."""
    limits = ((9, "unlikely"), (12, "possible depression"))
    scored = total(_items(x.items_1_to_10), limits, "probable depression")
    if not x.items_1_to_10[9]:
        return scored
    band = f"{scored.band};self-harm item positive"
    return Score(value=scored.value, band=band, components=scored.components, warnings=(ACT,))


class Pcl5(Inputs, frozen=True, kw_only=True):
    """Inputs of PCL-5."""

    items_1_to_20: Twenty


_CLUSTERS = {"B": (0, 5, 1), "C": (5, 7, 1), "D": (7, 14, 2), "E": (14, 20, 2)}
"""Items from, to, and how many must be rated 2 or more."""


@instrument(
    unit="points",
    version="VA NCPTSD 2013",
    source="Weathers FW, National Center for PTSD 2013; cut 31-33: Bovin MJ, Psychol Assess 2016",
    bands=("below 31", "31-32", "at/above 33", "clusters: B 1, C 1, D 2, E 2 items of 2 or more"),
)
def pcl5(x: Pcl5) -> Score:
    """PCL-5: symptoms of post-traumatic stress disorder, and whether all DSM-5 clusters are met."""
    rated = [item >= 2 for item in x.items_1_to_20]
    met = all(sum(rated[start:end]) >= least for start, end, least in _CLUSTERS.values())
    limits = ((30, "below 31"), (32, "31-32"))
    scored = total(_items(x.items_1_to_20), limits, "at/above 33")
    band = f"{scored.band};dsm clusters {'met' if met else 'not met'}"
    return Score(value=scored.value, band=band, components=scored.components)


class Cssrs(Inputs, frozen=True, kw_only=True):
    """Inputs of the C-SSRS screener. Questions 3 to 5 are skipped where 2 is no; 6 never is."""

    q1_wish_to_be_dead: bool
    q2_nonspecific_suicidal_thoughts: bool
    q3_thoughts_with_method: bool
    q4_intent_without_plan: bool
    q5_intent_with_plan: bool
    q6_behavior_lifetime: bool
    q6_behavior_past_3_months: bool


@instrument(
    unit="category",
    version="C-SSRS Screener with triage points (recent)",
    source="Posner K, Am J Psychiatry 2011;168:1266; Columbia Lighthouse Project triage points",
    bands=("none", "low", "moderate", "high"),
)
def cssrs_screener(x: Cssrs) -> Score:
    """C-SSRS screener: suicide risk. Behaviour counts even where the thoughts are denied.

    Questions that contradict each other are counted at the higher risk, with a warning.
    """
    later = x.q3_thoughts_with_method or x.q4_intent_without_plan or x.q5_intent_with_plan
    odd = {
        "questions 3 to 5 are asked only where 2 is yes": later
        and not x.q2_nonspecific_suicidal_thoughts,
        "behaviour of the past 3 months is behaviour of a lifetime": x.q6_behavior_past_3_months
        and not x.q6_behavior_lifetime,
    }
    thoughts = x.q1_wish_to_be_dead or x.q2_nonspecific_suicidal_thoughts
    if x.q4_intent_without_plan or x.q5_intent_with_plan or x.q6_behavior_past_3_months:
        risk = "high"
    elif x.q3_thoughts_with_method or x.q6_behavior_lifetime:
        risk = "moderate"
    else:
        risk = "low" if thoughts else "none"
    return Score(value=risk, warnings=tuple(said for said, there in odd.items() if there))


class Mdq(Inputs, frozen=True, kw_only=True):
    """Inputs of the mood disorder questionnaire (copyright: the rule only)."""

    yes_count_of_13: YesCount
    symptoms_co_occurred: bool
    problem_level: Literal["none", "minor", "moderate", "serious"]


@instrument(
    unit="category",
    version="Hirschfeld 2000",
    source="Hirschfeld RM, Am J Psychiatry 2000;157:1873",
    bands=("positive: 7 of 13, together, with a moderate or serious problem", "negative"),
)
def mdq(x: Mdq) -> Score:
    """MDQ: screen for bipolar disorder."""
    problem = x.problem_level in {"moderate", "serious"}
    positive = x.yes_count_of_13 >= 7 and x.symptoms_co_occurred and problem
    return Score(value="positive" if positive else "negative")


class YmrsTotal(Inputs, frozen=True, kw_only=True):
    """Input of the Young mania rating scale (copyright: the total only)."""

    total_0_60: Ymrs


@instrument(
    unit="points",
    version="Young 1978",
    source="Young RC, Br J Psychiatry 1978;133:429; limits: trials' convention, unverified",
    bands=("remission 0-12", "hypomanic 13-19", "manic 20-60"),
)
def ymrs_total(x: YmrsTotal) -> Score:
    """YMRS: severity of mania (score entry)."""
    return total({"total": x.total_0_60}, ((12, "remission"), (19, "hypomanic")), "manic")


class HamdTotal(Inputs, frozen=True, kw_only=True):
    """Input of the Hamilton depression rating scale, 17 items (total only)."""

    total_0_52: Hamd


@instrument(
    unit="points",
    version="17 items",
    source="Hamilton M, J Neurol Neurosurg Psychiatry 1960;23:56; "
    "Zimmerman M, J Affect Disord 2013;150:384",
    bands=("none 0-7", "mild 8-16", "moderate 17-23", "severe 24-52"),
)
def hamd17_total(x: HamdTotal) -> Score:
    """HAM-D 17: severity of depression (score entry)."""
    limits = ((7, "none"), (16, "mild"), (23, "moderate"))
    return total({"total": x.total_0_52}, limits, "severe")


class MadrsTotal(Inputs, frozen=True, kw_only=True):
    """Input of the Montgomery-Asberg depression rating scale (total only)."""

    total_0_60: Madrs


@instrument(
    unit="points",
    version="Montgomery 1979",
    source="Montgomery SA, Br J Psychiatry 1979;134:382; "
    "Snaith RP, Br J Psychiatry 1986;148:599 (limits, unverified)",
    bands=("none 0-6", "mild 7-19", "moderate 20-34", "severe 35-60"),
)
def madrs_total(x: MadrsTotal) -> Score:
    """MADRS: severity of depression (score entry)."""
    limits = ((6, "none"), (19, "mild"), (34, "moderate"))
    return total({"total": x.total_0_60}, limits, "severe")
