"""Hypertension in pregnancy: preeclampsia, HELLP syndrome and magnesium toxicity."""

from typing import Annotated, Literal

from .core import Inputs, Score, instrument
from .pregnancy import GestationWeeks
from .quantities import (
    Creatinine,
    DiastolicBP,
    Enzyme,
    Platelets,
    RespiratoryRate,
    SystolicBP,
    quantity,
)

Protein24h = Annotated[float, quantity(0, 50000, "mg/(24.h)", normal=100)]
ProteinCreatinine = Annotated[float, quantity(0, 50, "mg/mg", normal=0.1, others={"mg/mmol": 113})]
TimesUpperLimit = Annotated[float, quantity(0, 500, "1", normal=0.5)]
Magnesium = Annotated[
    float,
    quantity(0.5, 60, "mg/dL", normal=2.0, others={"mmol/L": 0.4114, "meq/L": 0.8229}),
]
UrineOutput = Annotated[float, quantity(0, 2000, "mL/h", normal=60)]


class Preeclampsia(Inputs, frozen=True, kw_only=True):
    """Inputs of the diagnosis; pressures are the highest of those meant by the two flags.

    Enzymes are AST or ALT, the higher, as a multiple of the upper limit of normal. With
    `baseline_creatinine_mg_dl` a doubling counts too.
    """

    gestational_age_weeks: GestationWeeks
    systolic_bp_mmhg: SystolicBP
    diastolic_bp_mmhg: DiastolicBP
    bp_elevated_on_two_occasions_4h_apart: bool
    severe_bp_confirmed_within_minutes: bool
    proteinuria_mg_24h: Protein24h
    protein_creatinine_ratio: ProteinCreatinine
    platelets_10e3_per_ul: Platelets
    creatinine_mg_dl: Creatinine
    ast_multiple_of_uln: TimesUpperLimit
    pulmonary_edema: bool
    new_headache_unresponsive: bool
    visual_disturbance: bool
    persistent_ruq_pain: bool
    baseline_creatinine_mg_dl: Creatinine | None = None


def _organs(x: Preeclampsia) -> dict[str, int]:
    """The organ signs that stand in for proteinuria, 1 where present."""
    base = x.baseline_creatinine_mg_dl
    doubled = base is not None and x.creatinine_mg_dl >= 2 * base - 1e-9
    return {
        "platelets": int(x.platelets_10e3_per_ul < 100),
        "creatinine": int(x.creatinine_mg_dl > 1.1 or doubled),
        "liver_enzymes": int(x.ast_multiple_of_uln >= 2 - 1e-9),
        "pulmonary_edema": int(x.pulmonary_edema),
        "headache": int(x.new_headache_unresponsive),
        "vision": int(x.visual_disturbance),
    }


def _severe_range(x: Preeclampsia) -> bool:
    return x.systolic_bp_mmhg >= 160 or x.diastolic_bp_mmhg >= 110


def _diagnosis(x: Preeclampsia, signs: dict[str, int]) -> str:
    severe_bp = _severe_range(x)
    raised = x.systolic_bp_mmhg >= 140 or x.diastolic_bp_mmhg >= 90
    confirmed = x.bp_elevated_on_two_occasions_4h_apart or (
        severe_bp and x.severe_bp_confirmed_within_minutes
    )
    if not (raised and confirmed):
        return "criteria not met"
    if x.gestational_age_weeks < 20:
        return "chronic hypertension (before 20 weeks)"
    organs = any(v for k, v in signs.items() if k != "protein")
    if organs or (signs["protein"] and (severe_bp or x.persistent_ruq_pain)):
        return "preeclampsia with severe features"
    if signs["protein"]:
        return "preeclampsia without severe features"
    if severe_bp:
        return "gestational hypertension, severe range (manage as severe preeclampsia)"
    return "gestational hypertension"


@instrument(
    unit="category",
    version="ACOG PB 222 (2020)",
    source="ACOG Practice Bulletin 222, Obstet Gynecol 2020;135:e237",
)
def preeclampsia(x: Preeclampsia) -> Score:
    """Preeclampsia: which hypertensive disorder the findings in pregnancy make.

    Raised is 140/90 mmHg twice, four hours apart, or 160/110 confirmed within minutes. Either
    proteinuria (300 mg/24 h or a ratio of 0.3) or an organ sign makes it preeclampsia; persistent
    right upper quadrant pain alone makes preeclampsia severe, it does not diagnose it.
    """
    protein = x.proteinuria_mg_24h >= 300 or x.protein_creatinine_ratio >= 0.3 - 1e-9
    signs = {"protein": int(protein), **_organs(x)}
    value = _diagnosis(x, signs)
    warnings = []
    if value == "gestational hypertension" and x.persistent_ruq_pain:
        warnings.append("right upper quadrant pain: repeat the liver enzymes and platelets")
    if _severe_range(x) and value == "criteria not met":
        warnings.append("severe-range pressure: repeat within 15 minutes")
    return Score(value=value, components=dict(signs.items()), warnings=tuple(warnings))


class Hellp(Inputs, frozen=True, kw_only=True):
    """Inputs of both HELLP classifications; the lowest platelets, the highest enzymes."""

    platelets_10e3_per_ul: Platelets
    ast_u_l: Enzyme
    alt_u_l: Enzyme
    ldh_u_l: Enzyme


@instrument(
    unit="category",
    version="Mississippi triple class (Martin 1999)",
    source="Martin JN, Am J Obstet Gynecol 1999;180:1407",
)
def hellp_mississippi(x: Hellp) -> Score:
    """HELLP, Mississippi classes: severity of HELLP syndrome by the lowest platelet count.

    All classes need LDH 600 U/L or more. Class 1: platelets to 50, class 2: to 100, both with AST
    or ALT 70 U/L or more; class 3: to 150 with 40 U/L or more.
    """
    enzyme = max(x.ast_u_l, x.alt_u_l)
    classes = ((50, 70, "class 1"), (100, 70, "class 2"), (150, 40, "class 3"))
    found = "not hellp"
    if x.ldh_u_l >= 600:
        # Low platelets with enzymes of 40-69 U/L fit class 3 alone.
        found = next(
            (
                c
                for most, least, c in classes
                if x.platelets_10e3_per_ul <= most and enzyme >= least
            ),
            found,
        )
    return Score(value=found)


@instrument(
    unit="points",
    version="Tennessee (Sibai 1990)",
    source="Sibai BM, Am J Obstet Gynecol 1990;162:311; Audibert F, ibid 1996;175:460",
    bands=("none 0", "partial hellp 1-2", "complete hellp 3"),
)
def hellp_tennessee(x: Hellp) -> Score:
    """HELLP, Tennessee system: complete or partial HELLP syndrome.

    One point each: LDH 600 U/L or more, AST 70 U/L or more, platelets below 100. ALT is not asked
    by this system and changes nothing.
    """
    parts = {
        "hemolysis": int(x.ldh_u_l >= 600),
        "liver_enzymes": int(x.ast_u_l >= 70),
        "platelets": int(x.platelets_10e3_per_ul < 100),
    }
    value = sum(parts.values())
    band = ("none", "partial hellp", "partial hellp", "complete hellp")[value]
    return Score(value=value, band=band, components=dict(parts.items()))


class MagnesiumToxicity(Inputs, frozen=True, kw_only=True):
    """Inputs of a check during magnesium sulfate; urine output as the mean of the last hours."""

    magnesium_mg_dl: Magnesium
    patellar_reflexes_absent: bool
    respiratory_rate_per_min: RespiratoryRate
    urine_output_ml_per_h: UrineOutput


MagnesiumLevel = Literal[
    "below therapeutic", "therapeutic", "reflex loss", "respiratory paralysis", "cardiac arrest"
]


def _level(magnesium: float) -> MagnesiumLevel:
    if magnesium > 30:
        return "cardiac arrest"
    if magnesium > 12:
        return "respiratory paralysis"
    if magnesium > 9:
        return "reflex loss"
    return "therapeutic" if magnesium >= 4.8 else "below therapeutic"


@instrument(
    unit="category",
    version="ACOG PB 222 (2020)",
    source="ACOG Practice Bulletin 222, Obstet Gynecol 2020;135:e237 (level bands unverified)",
    bands=(
        "stop, give calcium gluconate",
        "stop and recheck the level",
        "reduce and check the level",
        "go on with hourly checks",
    ),
)
def magnesium_toxicity(x: MagnesiumToxicity) -> Score:
    """Magnesium toxicity: what a level does and what the bedside signs ask for.

    The value names what the level is expected to cause (mg/dL: above 9, 12, 30). The band follows
    the patient first: absent reflexes or fewer than 12 breaths a minute are toxic at any level;
    below 30 mL of urine an hour magnesium accumulates.
    """
    level = _level(x.magnesium_mg_dl)
    if x.patellar_reflexes_absent or x.respiratory_rate_per_min < 12 or x.magnesium_mg_dl > 12:
        band = "stop, give calcium gluconate"
    elif level == "reflex loss":
        band = "stop and recheck the level"
    elif x.urine_output_ml_per_h < 30:
        band = "reduce and check the level"
    else:
        band = "go on with hourly checks"
    return Score(value=level, band=band)
