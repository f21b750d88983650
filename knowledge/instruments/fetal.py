"""Surveillance of the fetus: heart rate tracing, biophysical profile and amniotic fluid."""

from typing import Annotated, Literal

from .core import Inputs, Score, instrument
from .quantities import quantity

Fluid = Annotated[float, quantity(0, 60, "cm", others={"mm": 10})]
Pocket = Annotated[float, quantity(0, 25, "cm", others={"mm": 10})]
FetalHeartRate = Annotated[float, quantity(30, 260, "/min", normal=140)]
Decelerations = Literal["none", "intermittent", "recurrent"]
"""Recurrent: with at least half of the contractions in twenty minutes."""


class FhrNichd(Inputs, frozen=True, kw_only=True):
    """Inputs of the tracing in labour; variability is absent, minimal to 5, moderate 6-25/min."""

    baseline_bpm: FetalHeartRate
    variability: Literal["absent", "minimal", "moderate", "marked"]
    late_decelerations: Decelerations
    variable_decelerations: Decelerations
    prolonged_deceleration: bool
    sinusoidal_pattern: bool
    accelerations_present: bool


def _abnormal_tracing(x: FhrNichd) -> bool:
    """Whether the tracing is of category III."""
    recurrent = "recurrent" in {x.late_decelerations, x.variable_decelerations}
    return x.sinusoidal_pattern or (
        x.variability == "absent" and (recurrent or x.baseline_bpm < 110)
    )


@instrument(
    unit="category",
    version="NICHD 2008 / ACOG PB 106",
    source="Macones GA, Obstet Gynecol 2008;112:661; ACOG Practice Bulletin 106, 2009",
)
def fhr_nichd(x: FhrNichd) -> Score:
    """Fetal heart rate category: I normal, II indeterminate, III abnormal.

    III needs absent variability beside recurrent late or variable decelerations or a baseline
    below 110/min (minimal variability is not enough), or a sinusoidal pattern. Accelerations are
    not needed for I.
    """
    if _abnormal_tracing(x):
        return Score(value="III", warnings=("act now: resuscitate the fetus, prepare delivery",))
    quiet = x.late_decelerations == "none" and x.variable_decelerations == "none"
    normal = (
        110 <= x.baseline_bpm <= 160
        and x.variability == "moderate"
        and quiet
        and not x.prolonged_deceleration
    )
    return Score(value="I" if normal else "II")


class Bpp(Inputs, frozen=True, kw_only=True):
    """Inputs of the biophysical profile: what thirty minutes of ultrasound showed."""

    nst_reactive: bool
    breathing_30s_in_30min: bool
    three_body_movements: bool
    tone_one_extension_flexion: bool
    max_vertical_pocket_cm: Pocket


@instrument(
    unit="points",
    version="Manning 1980",
    source="Manning FA, Am J Obstet Gynecol 1980;136:787; ACOG Practice Bulletin 229, 2021",
    bands=("abnormal 0-4", "equivocal 6", "normal 8-10", "each with ;fluid ok or ;oligohydramnios"),
)
def bpp(x: Bpp) -> Score:
    """Biophysical profile: well-being of the fetus from five findings of 2 points each.

    A deepest pocket below 2 cm asks for evaluation whatever the sum, so the band names it.
    """
    fluid = x.max_vertical_pocket_cm >= 2
    parts = {
        "nst": 2 * x.nst_reactive,
        "breathing": 2 * x.breathing_30s_in_30min,
        "movement": 2 * x.three_body_movements,
        "tone": 2 * x.tone_one_extension_flexion,
        "fluid": 2 * fluid,
    }
    value = sum(parts.values())
    name = "normal" if value >= 8 else "equivocal" if value == 6 else "abnormal"
    return Score(
        value=value,
        band=f"{name};{'fluid ok' if fluid else 'oligohydramnios'}",
        components=dict(parts.items()),
        warnings=() if fluid else ("oligohydramnios: evaluate further at any score",),
    )


def _fluid(value: float, low: bool, high: bool) -> Score:
    name = "oligohydramnios" if low else "polyhydramnios" if high else "normal"
    return Score(value=name, components={"cm": value})


class Afi(Inputs, frozen=True, kw_only=True):
    """Inputs of the amniotic fluid index: the sum of four deepest pockets."""

    afi_cm: Fluid


@instrument(
    unit="category",
    version="AFI four-quadrant",
    source="Phelan JP, J Reprod Med 1987;32:540; ACOG Practice Bulletin 229, 2021; SMFM Consult 46"
    ", 2018",
)
def afi(x: Afi) -> Score:
    """Amniotic fluid index: oligohydramnios up to 5 cm, polyhydramnios from 24 cm."""
    return _fluid(x.afi_cm, x.afi_cm <= 5, x.afi_cm >= 24)


class Mvp(Inputs, frozen=True, kw_only=True):
    """Inputs of the maximal vertical pocket."""

    max_vertical_pocket_cm: Pocket


@instrument(
    unit="category",
    version="Chamberlain 1984",
    source="Chamberlain PF, Am J Obstet Gynecol 1984;150:245; SMFM Consult 46, 2018",
)
def mvp(x: Mvp) -> Score:
    """Maximal vertical pocket: oligohydramnios below 2 cm, polyhydramnios from 8 cm.

    It over-diagnoses oligohydramnios less than the four-quadrant index does.
    """
    deepest = x.max_vertical_pocket_cm
    return _fluid(deepest, deepest < 2, deepest >= 8)
