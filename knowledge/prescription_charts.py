"""A patient's chart as a reviewer of prescriptions reads it.

The order comes from the variant's `extra` (`drug`, `dose`, `unit`, `route`, `frequency`,
`indication`), as do `stopped_drug` with `stopped_days`, `qtc_ms`, `pregnant_week`, `lactating`,
and `ascites` and `encephalopathy` of a cirrhosis.
"""

from functools import lru_cache

import msgspec

from .drugs import ChartAllergy
from .instruments.core import calc
from .patients import Patient
from .physiology import measured_labs
from .prescriptions import ChildPugh, Indication, Known, Line, indications
from .rng import stream
from .world import World

FERTILE = (12.0, 55.0)
"""Years within which a woman is asked whether she is pregnant (clinical estimate, unverified)."""


def order(patient: Patient) -> Line:
    """The proposed prescription."""
    x = patient.extra
    return Line(
        drug=x["drug"],
        dose=float(x["dose"]),
        unit=x["unit"],
        route=x["route"],
        frequency=x["frequency"],
    )


def indication(patient: Patient) -> Indication:
    """What the prescription is for."""
    return indications()[patient.extra["indication"]]


def qtc_ms(patient: Patient) -> float:
    """Corrected QT interval of the last ECG in ms; 425 (SD 12) where the case sets none.

    Upper limits 450 (men) and 460 (women): Rautaharju, J Am Coll Cardiol 2009;53:982.
    """
    drawn = stream(patient.variant, patient.seed, "qtc").normal(425, 12)
    return float(patient.extra.get("qtc_ms", round(min(max(drawn, 390), 448))))


def unlisted(patient: Patient) -> tuple[str, ...]:
    """Medicines that are taken and stand in no list."""
    told = (k for k, has in patient.findings.items() if has)
    return tuple(k.removeprefix("takes_") for k in told if k.startswith("takes_"))


_COURSES = ("senna", "guaifenesin", "nystatin", "benzoyl_peroxide", "clotrimazole")
"""Short courses that leave nothing behind."""


def stopped(patient: Patient) -> tuple[tuple[str, float], ...]:
    """Medicines stopped in the last months, with days since the last dose: the case's, a course."""
    x = patient.extra
    own = [(x["stopped_drug"], float(x["stopped_days"]))] if "stopped_drug" in x else []
    drawn = stream(patient.variant, patient.seed, "stopped")
    course = drawn.choice(_COURSES)
    return (*own, (course, float(drawn.integer(20, 80))))


def child_pugh(patient: Patient, panel: dict[str, float]) -> ChildPugh:
    """Class of the cirrhosis from printed values; "none" without one (Pugh, Br J Surg 1973)."""
    if "cirrhosis" not in patient.comorbidities:
        return "none"
    signs = {k: patient.extra.get(k, "none") for k in ("ascites", "encephalopathy")}
    wanted = ("bilirubin_mg_dl", "albumin_g_dl", "inr")
    band = calc("child_pugh", {**{k: panel[k] for k in wanted}, **signs}).band
    return msgspec.convert(band, type=ChildPugh)  # type: ignore[no-any-return]


def printed(patient: Patient) -> dict[str, float]:
    """The laboratory values of arrival, as printed."""
    tests = ("bmp", "liver_panel", "magnesium", "coagulation")
    return {k: v.value for t in tests for k, v in measured_labs(patient, (), t, 0).items()}


def known(patient: Patient) -> Known:
    """All that a complete reading of the chart, and one question, tell."""
    return _known(msgspec.json.encode(patient))


@lru_cache(maxsize=4096)
def _known(body: bytes) -> Known:
    patient = msgspec.json.decode(body, type=Patient)
    panel, x = printed(patient), patient.extra
    week = x.get("pregnant_week")
    return Known(
        age_years=patient.age_years,
        female=patient.sex == "F",
        weight_kg=patient.weight_kg,
        creatinine_mg_dl=panel["creatinine_mg_dl"],
        potassium_mmol_l=panel["potassium_mmol_l"],
        magnesium_mg_dl=panel["magnesium_mg_dl"],
        child_pugh=child_pugh(patient, panel),
        pregnant_week=None if week is None else float(week),
        lactating=bool(x.get("lactating")),
        qtc_ms=qtc_ms(patient),
        allergies=tuple(
            ChartAllergy(substance=a.substance, reaction=a.reaction) for a in patient.allergies
        ),
        taken=(*(m.drug for m in patient.medications), *unlisted(patient)),
        stopped=stopped(patient),
    )


def fertile(of: Known) -> bool:
    """Whether a pregnancy must be thought of."""
    return of.female and FERTILE[0] <= of.age_years <= FERTILE[1]


def unlisted_known(world: World) -> tuple[str, ...]:
    """Medicines that stand in no list and that the patient was asked about."""
    return tuple(d for d in unlisted(world.patient) if f"finding:takes_{d}" in world.observed)
