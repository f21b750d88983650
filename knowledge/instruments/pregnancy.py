"""Dating of a pregnancy, gestational diabetes and prophylaxis against group B streptococci."""

from datetime import date, timedelta
from math import exp, sqrt
from typing import Annotated, Literal

from msgspec import Meta, ValidationError, convert
from msgspec.structs import replace

from .core import Inputs, Score, instrument
from .quantities import Glucose, Temperature, half_up, quantity

TERM_DAYS = 280
"""Days from the last menstrual period to the due date in a 28-day cycle (Naegele's rule)."""

Day = Annotated[str, Meta(pattern=r"^(19|20)\d{2}-\d{2}-\d{2}$")]
"""A calendar day from 1900 to 2099, YYYY-MM-DD."""
CycleLength = Annotated[int, quantity(15, 90, "d", normal=28)]
GestationDays = Annotated[float, quantity(28, 320, "d", others={"weeks": 1 / 7})]
GestationWeeks = Annotated[float, quantity(4, 45, "wk", others={"days": 7})]
CrownRump = Annotated[float, quantity(2, 121, "mm", others={"cm": 0.1})]
Hours = Annotated[float, quantity(0, 1000, "h", normal=0)]


def _dated(due: date, at: date) -> Score:
    """Gestational age at a day, from the due date: 280 days less what is left (ACOG CO 700)."""
    days = TERM_DAYS - (due - at).days
    if days < 0:
        raise ValidationError("an assessment on or after the start of the pregnancy")
    late = () if days <= 44 * 7 else ("beyond 44 weeks: check the dates",)
    return Score(
        value=f"{days // 7}w{days % 7}d",
        band=f"edd={due.isoformat()}",
        components={"days": days},
        warnings=late,
    )


class GestationalAgeEdd(Inputs, frozen=True, kw_only=True):
    """Inputs of dating by the last menstrual period; days as YYYY-MM-DD."""

    lmp_date: Day
    assessment_date: Day
    cycle_length_days: CycleLength


@instrument(
    unit="category",
    version="Naegele 280 d (+cycle-28)",
    source="Naegele's rule; gestational age = 280 - (EDD - day): ACOG reVITALize, 2014; ACOG CO 700"
    ", 2017",
    bands=("edd=YYYY-MM-DD",),
)
def gestational_age_edd(x: GestationalAgeEdd) -> Score:
    """Gestational age and due date: dating by the last menstrual period.

    Weeks and days are counted back from the due date, so a cycle longer than 28 days makes the
    pregnancy younger by the same number of days. Raises InvalidInput for a day that is none.
    """
    lmp, at = convert(x.lmp_date, date), convert(x.assessment_date, date)
    return _dated(lmp + timedelta(TERM_DAYS + x.cycle_length_days - 28), at)


class EddByUltrasound(Inputs, frozen=True, kw_only=True):
    """Inputs of dating by the crown-rump length."""

    scan_date: Day
    crown_rump_length_mm: CrownRump
    formula: Literal["hadlock 1992", "robinson 1975"] = "hadlock 1992"


@instrument(
    unit="category",
    version="Hadlock 1992; Robinson 1975",
    source="Hadlock FP, Radiology 1992;182:501; Robinson HP, Br J Obstet Gynaecol 1975;82:702",
    bands=("edd=YYYY-MM-DD",),
)
def edd_by_ultrasound(x: EddByUltrasound) -> Score:
    """Crown-rump length dating: gestational age and due date from a first-trimester scan.

    Both regressions give the mean age of the length; Robinson's stands without the calibration
    factor of 1.037 that some charts put before the length. Above 84 mm (14w0d) the length no
    longer dates a pregnancy (ACOG CO 700, 2017): a warning says so.
    """
    if x.formula == "robinson 1975":
        days = 8.052 * sqrt(x.crown_rump_length_mm) + 23.73
    else:
        cm = x.crown_rump_length_mm / 10
        log_weeks = 1.684969 + 0.315646 * cm - 0.049306 * cm**2
        days = 7 * exp(log_weeks + 0.004057 * cm**3 - 0.000120456 * cm**4)
    at = convert(x.scan_date, date)
    score = _dated(at + timedelta(TERM_DAYS - int(half_up(days))), at)
    if x.crown_rump_length_mm <= 84:
        return score
    return replace(score, warnings=("above 84 mm date by head and femur measurements instead",))


class AcogRedating(Inputs, frozen=True, kw_only=True):
    """Inputs of redating: the two ages on the day of the scan, in days."""

    ga_by_lmp_days: GestationDays
    ga_by_ultrasound_days: GestationDays


@instrument(
    unit="category",
    version="ACOG CO 700 (2017)",
    source="ACOG Committee Opinion 700, Obstet Gynecol 2017;129:e150",
    bands=("threshold=5", "threshold=7", "threshold=10", "threshold=14", "threshold=21"),
)
def acog_redating(x: AcogRedating) -> Score:
    """Redating: whether the first scan replaces the date of the last menstrual period.

    The age by the last menstrual period chooses the threshold; the scan wins where the two differ
    by more days than that: 5 to 8w6d, 7 to 15w6d, 10 to 21w6d, 14 to 27w6d, 21 from 28w0d.
    """
    weeks = ((9, 5), (16, 7), (22, 10), (28, 14))
    threshold = next((days for below, days in weeks if x.ga_by_lmp_days < 7 * below), 21)
    apart = abs(x.ga_by_lmp_days - x.ga_by_ultrasound_days)
    late = x.ga_by_lmp_days >= 28 * 7 and apart > threshold
    return Score(
        value="redate to ultrasound" if apart > threshold else "keep lmp date",
        band=f"threshold={threshold}",
        components={"difference_days": apart},
        warnings=("third trimester: a small fetus may be growth restricted",) if late else (),
    )


def _abnormal(parts: dict[str, int], needed: int) -> Score:
    value = sum(parts.values())
    return Score(
        value=value, band="gdm" if value >= needed else "not gdm", components=dict(parts.items())
    )


class Gdm50g(Inputs, frozen=True, kw_only=True):
    """Inputs of the glucose challenge; the threshold is the one the clinic has chosen."""

    one_hour_mg_dl: Glucose
    threshold_mg_dl: Literal[130, 135, 140]


@instrument(
    unit="category",
    version="ACOG PB 190 (2018)",
    source="ACOG Practice Bulletin 190, Obstet Gynecol 2018;131:e49",
)
def gdm_50g(x: Gdm50g) -> Score:
    """Glucose challenge, 50 g: who needs the diagnostic glucose tolerance test.

    At 24-28 weeks, not fasting; 130, 135 and 140 mg/dL are all in use, one consistently per clinic.
    """
    positive = x.one_hour_mg_dl >= x.threshold_mg_dl
    return Score(value="positive: 100 g tolerance test" if positive else "negative")


class Gdm75g(Inputs, frozen=True, kw_only=True):
    """Inputs of the one-step test: plasma glucose, fasting and after 75 g."""

    fasting_mg_dl: Glucose
    one_hour_mg_dl: Glucose
    two_hour_mg_dl: Glucose


@instrument(
    unit="points",
    version="IADPSG 2010",
    source="IADPSG, Diabetes Care 2010;33:676; ADA Standards of Care, one-step strategy, 2024",
    bands=("not gdm 0", "gdm 1-3"),
)
def gdm_75g(x: Gdm75g) -> Score:
    """Glucose tolerance test, 75 g: gestational diabetes in one step; one raised value suffices."""
    parts = {
        "fasting": int(x.fasting_mg_dl >= 92),
        "one_hour": int(x.one_hour_mg_dl >= 180),
        "two_hour": int(x.two_hour_mg_dl >= 153),
    }
    return _abnormal(parts, 1)


class Gdm100g(Inputs, frozen=True, kw_only=True):
    """Inputs of the second step: plasma glucose, fasting and after 100 g."""

    fasting_mg_dl: Glucose
    one_hour_mg_dl: Glucose
    two_hour_mg_dl: Glucose
    three_hour_mg_dl: Glucose


@instrument(
    unit="points",
    version="Carpenter-Coustan 1982",
    source="Carpenter MW, Am J Obstet Gynecol 1982;144:768; ACOG Practice Bulletin 190, 2018",
    bands=("not gdm 0-1", "gdm 2-4"),
)
def gdm_100g(x: Gdm100g) -> Score:
    """Glucose tolerance test, 100 g: gestational diabetes in two steps; two raised values."""
    parts = {
        "fasting": int(x.fasting_mg_dl >= 95),
        "one_hour": int(x.one_hour_mg_dl >= 180),
        "two_hour": int(x.two_hour_mg_dl >= 155),
        "three_hour": int(x.three_hour_mg_dl >= 140),
    }
    return _abnormal(parts, 2)


class GbsProphylaxis(Inputs, frozen=True, kw_only=True):
    """Inputs of the decision in labour; the culture is valid for five weeks."""

    culture: Literal["positive", "negative", "unknown"]
    gbs_bacteriuria_this_pregnancy: bool
    previous_newborn_with_gbs_disease: bool
    colonised_in_previous_pregnancy: bool
    cesarean_before_labour_with_intact_membranes: bool
    gestational_age_weeks: GestationWeeks
    membranes_ruptured_h: Hours
    temperature_c: Temperature
    intrapartum_naat_positive: bool = False


@instrument(
    unit="category",
    version="ACOG CO 797 (2020)",
    source="ACOG Committee Opinion 797, Obstet Gynecol 2020;135:e51",
)
def gbs_prophylaxis(x: GbsProphylaxis) -> Score:
    """Group B streptococci: whether antibiotics in labour protect the newborn.

    A negative culture outweighs risk factors in labour; fever then is treated as infection of the
    amnion, which is a different question, and a warning says so.
    """
    fever = half_up(x.temperature_c, 1) >= 38.0
    if x.cesarean_before_labour_with_intact_membranes:
        return Score(value="not indicated")
    known = (
        x.culture == "positive"
        or x.gbs_bacteriuria_this_pregnancy
        or x.previous_newborn_with_gbs_disease
    )
    risks = {
        "preterm": int(x.gestational_age_weeks < 37),
        "membranes_18_h": int(x.membranes_ruptured_h >= 18),
        "fever": int(fever),
        "naat": int(x.intrapartum_naat_positive),
    }
    warnings = ("fever in labour: consider intra-amniotic infection",) if fever else ()
    if known or (x.culture == "unknown" and any(risks.values())):
        value = "indicated"
    elif x.culture == "unknown" and x.colonised_in_previous_pregnancy:
        value = "may be offered"
    else:
        value = "not indicated"
    return Score(value=value, components=dict(risks.items()), warnings=warnings)
