"""Labour and birth: readiness of the cervix, contractions, blood loss and the newborn's state."""

from typing import Annotated, Literal

from msgspec.structs import replace

from .core import Inputs, Score, instrument, total
from .quantities import count, points, quantity

Dilation = Annotated[float, quantity(0, 10, "cm", others={"mm": 10})]
Effacement = Annotated[float, quantity(0, 100, "%")]
Station = Annotated[float, quantity(-5, 5, "cm")]
"""The fetal head against the ischial spines; negative above them."""
Contractions = Annotated[int, count(0, 60)]
BloodLoss = Annotated[float, quantity(0, 15000, "mL")]
Units = Annotated[int, count(0, 100, normal=0)]
Sign = Annotated[int, count(0, 2)]
"""One of the five Apgar signs: 0 absent, 1 reduced, 2 full."""
Delivery = Literal["vaginal", "cesarean"]


class Bishop(Inputs, frozen=True, kw_only=True):
    """Inputs of the Bishop score."""

    dilation_cm: Dilation
    effacement_percent: Effacement
    station: Station
    consistency: Literal["firm", "medium", "soft"]
    position: Literal["posterior", "mid", "anterior"]


@instrument(
    unit="points",
    version="Bishop 1964",
    source="Bishop EH, Obstet Gynecol 1964;24:266; ACOG Practice Bulletin 107, 2009",
    bands=("unfavorable 0-6", "indeterminate 7", "favorable 8-13"),
)
def bishop(x: Bishop) -> Score:
    """Bishop score: how ready the cervix is for induction of labour."""
    parts = {
        "dilation": points(x.dilation_cm, (5, 3), (3, 2), (1, 1), below=0),
        "effacement": points(x.effacement_percent, (80, 3), (60, 2), (40, 1), below=0),
        "station": points(x.station, (1, 3), (-1, 2), (-2, 1), below=0),
        "consistency": ("firm", "medium", "soft").index(x.consistency),
        "position": ("posterior", "mid", "anterior").index(x.position),
    }
    return total(parts, ((6, "unfavorable"), (7, "indeterminate")), "favorable")


class Tachysystole(Inputs, frozen=True, kw_only=True):
    """Inputs: contractions counted over thirty minutes."""

    contractions_in_30_min: Contractions


@instrument(
    unit="/(10.min)",
    version="NICHD 2008",
    source="Macones GA, Obstet Gynecol 2008;112:661",
    bands=("normal up to 5", "tachysystole above 5"),
)
def tachysystole(x: Tachysystole) -> Score:
    """Tachysystole: too frequent contractions, as the mean per ten minutes of thirty."""
    mean = x.contractions_in_30_min / 3
    band = "tachysystole" if x.contractions_in_30_min > 15 else "normal"
    return Score(value=round(mean, 4), band=band)


class PphAcog(Inputs, frozen=True, kw_only=True):
    """Inputs of the definition: blood loss within 24 hours of birth."""

    quantitative_blood_loss_ml: BloodLoss
    delivery: Delivery
    hypovolemia_signs: bool


@instrument(
    unit="category",
    version="ACOG reVITALize / PB 183 (2017)",
    source="ACOG Practice Bulletin 183, Obstet Gynecol 2017;130:e168",
)
def pph_acog(x: PphAcog) -> Score:
    """Postpartum hemorrhage: 1000 mL however born, or any loss with signs of hypovolemia."""
    if x.hypovolemia_signs or x.quantitative_blood_loss_ml >= 1000:
        return Score(value="postpartum hemorrhage")
    if x.delivery == "vaginal" and x.quantitative_blood_loss_ml >= 500:
        return Score(value="abnormal loss, watch (>=500 ml vaginal)")
    return Score(value="not postpartum hemorrhage")


class PphStage(Inputs, frozen=True, kw_only=True):
    """Inputs of the staged response; `vital_sign_trigger` as the unit's protocol defines it."""

    cumulative_blood_loss_ml: BloodLoss
    delivery: Delivery
    bleeding_continues: bool
    vital_sign_trigger: bool
    red_cell_units_given: Units
    coagulopathy_suspected: bool


@instrument(
    unit="category",
    version="CMQCC style (2015)",
    source="CMQCC obstetric hemorrhage toolkit 2.0, 2015 (stage boundaries unverified)",
)
def pph_stage(x: PphStage) -> Score:
    """Hemorrhage stage: which step of the response to bleeding after birth is due, 0 to 3.

    Stage 1 begins at 500 mL (vaginal) or 1000 mL (cesarean) or with a vital sign trigger, stage 2
    when bleeding then goes on, stage 3 at 1500 mL, more than two units or suspected coagulopathy.
    """
    limit = 500 if x.delivery == "vaginal" else 1000
    begun = x.cumulative_blood_loss_ml >= limit or x.vital_sign_trigger
    if x.cumulative_blood_loss_ml >= 1500 or x.red_cell_units_given > 2 or x.coagulopathy_suspected:
        return Score(value=3)
    if begun:
        return Score(value=2 if x.bleeding_continues else 1)
    return Score(value=0)


class Apgar(Inputs, frozen=True, kw_only=True):
    """Inputs of the Apgar score: colour, pulse, reflex, tone, breathing, each 0 to 2."""

    appearance: Sign
    pulse: Sign
    grimace: Sign
    activity: Sign
    respiration: Sign


@instrument(
    unit="points",
    version="Apgar 1953",
    source="Apgar V, Curr Res Anesth Analg 1953;32:260; ACOG Committee Opinion 644, 2015",
    bands=("low 0-3", "moderately abnormal 4-6", "reassuring 7-10"),
)
def apgar(x: Apgar) -> Score:
    """Apgar score: the newborn's state at 1 and 5 minutes, every 5 to 20 while below 7.

    It reports a state; resuscitation does not wait for it and outcome is not read from it.
    """
    parts = {
        "appearance": x.appearance,
        "pulse": x.pulse,
        "grimace": x.grimace,
        "activity": x.activity,
        "respiration": x.respiration,
    }
    score = total(parts, ((3, "low"), (6, "moderately abnormal")), "reassuring")
    if score.band == "reassuring":
        return score
    return replace(score, warnings=("repeat every 5 minutes up to 20 minutes",))
