"""Stroke before the hospital: is it one, and is a large vessel occluded."""

from typing import Annotated

from .core import Inputs, Score, instrument, total
from .quantities import count

Two = Annotated[int, count(0, 2)]
One = Annotated[int, count(0, 1)]


class Race(Inputs, frozen=True, kw_only=True):
    """Inputs of RACE: aphasia with right, agnosia with left hemiparesis."""

    facial_palsy_0_2: Two
    arm_motor_0_2: Two
    leg_motor_0_2: Two
    gaze_deviation_0_1: One
    aphasia_or_agnosia_0_2: Two


@instrument(
    unit="points",
    version="Perez de la Ossa 2014",
    source="Perez de la Ossa N, Stroke 2014;45:87",
    bands=("large vessel unlikely 0-4", "large vessel likely 5-9"),
)
def race(x: Race) -> Score:
    """RACE: is a large vessel occluded."""
    parts = {name: int(getattr(x, name)) for name in x.__struct_fields__}
    return total(parts, ((4, "large vessel unlikely"),), "large vessel likely")


class Lams(Inputs, frozen=True, kw_only=True):
    """Inputs of the Los Angeles motor scale."""

    facial_droop_0_1: One
    arm_drift_0_2: Two
    grip_strength_0_2: Two


@instrument(
    unit="points",
    version="Nazliel 2008",
    source="Nazliel B, Stroke 2008;39:2264",
    bands=("large vessel unlikely 0-3", "large vessel likely 4-5"),
)
def lams(x: Lams) -> Score:
    """LAMS: is a large vessel occluded."""
    parts = {name: int(getattr(x, name)) for name in x.__struct_fields__}
    return total(parts, ((3, "large vessel unlikely"),), "large vessel likely")


class Van(Inputs, frozen=True, kw_only=True):
    """Inputs of VAN."""

    arm_weakness: bool
    visual_disturbance: bool
    aphasia: bool
    neglect: bool


@instrument(
    unit="category",
    version="Teleb 2017",
    source="Teleb MS, J Neurointerv Surg 2017;9:122",
    bands=("positive", "negative"),
)
def van(x: Van) -> Score:
    """VAN: arm weakness with a visual, language or attention sign means a large vessel."""
    cortical = x.visual_disturbance or x.aphasia or x.neglect
    return Score(value="positive" if x.arm_weakness and cortical else "negative")


class Cpss(Inputs, frozen=True, kw_only=True):
    """Inputs of the Cincinnati prehospital stroke scale."""

    facial_droop: bool
    arm_drift: bool
    abnormal_speech: bool


@instrument(
    unit="points",
    version="Kothari 1999",
    source="Kothari RU, Ann Emerg Med 1999;33:373",
    bands=("negative 0", "positive 1-3"),
)
def cpss(x: Cpss) -> Score:
    """CPSS: is this a stroke."""
    parts = {name: int(getattr(x, name)) for name in x.__struct_fields__}
    return total(parts, ((0, "negative"),), "positive")


class FastEd(Inputs, frozen=True, kw_only=True):
    """Inputs of FAST-ED.

    Neglect: 1 extinction in one modality, 2 does not know the own hand or attends to one side.
    """

    facial_palsy_0_1: One
    arm_weakness_0_2: Two
    speech_changes_0_2: Two
    eye_deviation_0_2: Two
    denial_or_neglect_0_2: Two


@instrument(
    unit="points",
    version="Lima 2016",
    source="Lima FO, Stroke 2016;47:1997",
    bands=("large vessel unlikely 0-3", "large vessel likely 4-9"),
)
def fast_ed(x: FastEd) -> Score:
    """FAST-ED: is a large vessel occluded. A stroke of the posterior circulation may score low."""
    parts = {name: int(getattr(x, name)) for name in x.__struct_fields__}
    return total(parts, ((3, "large vessel unlikely"),), "large vessel likely")
