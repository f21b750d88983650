"""Radiographs of joints and spine."""

from typing import Annotated, Literal

from .core import Inputs, Score, instrument
from .quantities import quantity

HeightLoss = Annotated[float, quantity(0, 100, "%", normal=0)]


class KellgrenLawrence(Inputs, frozen=True, kw_only=True):
    """Inputs of a joint on a plain radiograph, each finding at its worst."""

    osteophytes: Literal["none", "possible", "definite", "multiple", "large"]
    joint_space_narrowing: Literal["none", "doubtful", "definite", "marked"]
    sclerosis: Literal["none", "some", "severe"]
    bone_end_deformity: Literal["none", "possible", "definite"]


@instrument(
    unit="category",
    version="Kellgren-Lawrence 1957",
    source="Kellgren JH, Ann Rheum Dis 1957;16:494; descriptions compared by Schiphof D, Ann Rheum"
    " Dis 2008;67:1034",
    bands=("none", "doubtful", "minimal", "moderate", "severe"),
)
def kellgren_lawrence(x: KellgrenLawrence) -> Score:
    """Kellgren-Lawrence grade: osteoarthritis on a radiograph, 0 to 4.

    2 needs a definite osteophyte, 3 definite narrowing beside it, 4 all four findings at their
    worst. Narrowing without osteophytes has no grade of its own: it is 1 here, with a warning.
    """
    osteophyte = x.osteophytes in {"definite", "multiple", "large"}
    narrowed = x.joint_space_narrowing in {"definite", "marked"}
    worst = (
        x.osteophytes == "large"
        and x.joint_space_narrowing == "marked"
        and x.sclerosis == "severe"
        and x.bone_end_deformity == "definite"
    )
    if osteophyte:
        grade = 4 if worst else 3 if narrowed else 2
    else:
        grade = int(x.osteophytes == "possible" or x.joint_space_narrowing != "none")
    alone = narrowed and not osteophyte
    return Score(
        value=grade,
        band=("none", "doubtful", "minimal", "moderate", "severe")[grade],
        warnings=("narrowing without osteophytes: think of other arthritis",) if alone else (),
    )


class VertebralGenant(Inputs, frozen=True, kw_only=True):
    """Inputs of a vertebra: loss of height at its lowest point against its neighbours."""

    height_loss_percent: HeightLoss
    shape: Literal["wedge", "biconcave", "crush"] | None = None


@instrument(
    unit="category",
    version="Genant 1993",
    source="Genant HK, J Bone Miner Res 1993;8:1137",
    bands=("normal <20%", "mild 20-25%", "moderate 25-40%", "severe >40%"),
)
def vertebral_genant(x: VertebralGenant) -> Score:
    """Genant grade: severity of an osteoporotic vertebral fracture, 0 to 3.

    The published ranges touch; 25% counts as moderate here, 40% as moderate still.
    """
    loss = x.height_loss_percent
    grade = 3 if loss > 40 else 2 if loss >= 25 else 1 if loss >= 20 else 0
    band = ("normal", "mild", "moderate", "severe")[grade]
    return Score(value=grade, band=band, components={"shape": x.shape} if x.shape else {})
