"""Stroke: how severe, how soon again, how large a bleed or a core, and who may be lysed."""

from typing import Annotated, Literal

from msgspec import Meta

from ..errors import InvalidInput
from .core import Inputs, Score, instrument, total
from .quantities import (
    Age,
    DiastolicBP,
    Gcs,
    Glucose,
    Inr,
    Platelets,
    SystolicBP,
    Weight,
    count,
    half_up,
    points,
    quantity,
    years,
)

Item = Annotated[int, count(0, 4)] | Literal["UN"]
Items = Annotated[tuple[Item, ...], Meta(min_length=15, max_length=15)]
Minutes = Annotated[float, quantity(0, 100000, "min")]
Volume = Annotated[float, quantity(0, 400, "mL")]
HoursKnownWell = Annotated[float, quantity(0, 1000, "h")]
Grade = Annotated[int, count(1, 5)]
Rankin = Annotated[int, count(0, 6)]
_NAMES = ("1a", "1b", "1c", "2", "3", "4", "5a", "5b", "6a", "6b", "7", "8", "9", "10", "11")
_LIMITS = (3, 2, 2, 2, 3, 3, 4, 4, 4, 4, 2, 2, 3, 2, 2)
_UNTESTABLE = {"5a", "5b", "6a", "6b", "7", "10"}
"""Limbs and ataxia after amputation or joint fusion, dysarthria under intubation; no other item."""
_NOT_ASKED = (
    "not asked here: severe head trauma, stroke or intracranial or spinal surgery within 3 months,"
    " gastrointestinal bleeding within 21 days, any earlier intracranial haemorrhage, aPTT above"
    " 40 s"
)
_CORRECTABLE = {
    "bp": "lower the pressure to 185/110 or less and look again",
    "glucose": "correct the glucose and look again: low glucose imitates stroke",
}


class Nihss(Inputs, frozen=True, kw_only=True):
    """Inputs of the NIH stroke scale, items 1a to 11 in order; "UN" for what cannot be tested."""

    item_scores_1a_to_11: Items


@instrument(
    unit="points",
    version="Brott 1989, 15 items (1a,1b,1c,2,3,4,5a,5b,6a,6b,7,8,9,10,11)",
    source="Brott T, Stroke 1989;20:864; NINDS form, public domain",
    bands=(
        "no stroke symptoms 0",
        "minor 1-4",
        "moderate 5-15",
        "moderate-severe 16-20",
        "severe 21-42",
    ),
)
def nihss(x: Nihss) -> Score:
    """NIHSS: severity of stroke. An item that cannot be tested is UN, not 4; it adds nothing.

    Raises InvalidInput where an item is above its own largest score, or UN where the form knows no
    such answer.
    """
    field = "item_scores_1a_to_11"
    parts: dict[str, int] = {}
    for name, limit, item in zip(_NAMES, _LIMITS, x.item_scores_1a_to_11, strict=True):
        if item != "UN" and item > limit:
            raise InvalidInput("nihss", field, f"at most {limit} for item {name}", item)
        if item == "UN" and name not in _UNTESTABLE:
            raise InvalidInput("nihss", field, f"a number for item {name}", item)
        parts[name] = 0 if item == "UN" else item
    untested = [n for n, i in zip(_NAMES, x.item_scores_1a_to_11, strict=True) if i == "UN"]
    limits = ((0, "no stroke symptoms"), (4, "minor"), (15, "moderate"), (20, "moderate-severe"))
    scored = total(parts, limits, "severe")
    said = (f"not testable: {', '.join(untested)}",) if untested else ()
    return Score(value=scored.value, band=scored.band, components=dict(parts), warnings=said)


class Abcd2(Inputs, frozen=True, kw_only=True):
    """Inputs of ABCD2."""

    age_years: Age
    systolic_bp_mmhg: SystolicBP
    diastolic_bp_mmhg: DiastolicBP
    diabetes: bool
    clinical_features: Literal[
        "unilateral weakness",
        "speech disturbance",
        "speech disturbance without weakness",
        "other",
    ]
    duration_minutes: Minutes


@instrument(
    unit="points",
    version="Johnston 2007",
    source="Johnston SC, Lancet 2007;369:283",
    bands=("low 0-3", "moderate 4-5", "high 6-7"),
)
def abcd2(x: Abcd2) -> Score:
    """ABCD2: risk of stroke in the days after a transient ischaemic attack."""
    speech = x.clinical_features.startswith("speech")
    parts = {
        "age": int(years(x.age_years) >= 60),
        "blood_pressure": int(x.systolic_bp_mmhg >= 140 or x.diastolic_bp_mmhg >= 90),
        "features": 2 if x.clinical_features == "unilateral weakness" else int(speech),
        "duration": points(x.duration_minutes, (60, 2), (10, 1), below=0),
        "diabetes": int(x.diabetes),
    }
    return total(parts, ((3, "low"), (5, "moderate")), "high")


class Ich(Inputs, frozen=True, kw_only=True):
    """Inputs of the ICH score; volume by ABC/2."""

    gcs: Gcs
    hematoma_volume_ml: Volume
    intraventricular_hemorrhage: bool
    infratentorial_origin: bool
    age_years: Age


@instrument(
    unit="points",
    version="Hemphill 2001",
    source="Hemphill JC, Stroke 2001;32:891",
    bands=("0-6",),
)
def ich_score(x: Ich) -> Score:
    """ICH score: thirty-day mortality of intracerebral haemorrhage."""
    parts = {
        "gcs": points(x.gcs, (13, 0), (5, 1), below=2),
        "volume": int(x.hematoma_volume_ml >= 30),
        "ventricles": int(x.intraventricular_hemorrhage),
        "infratentorial": int(x.infratentorial_origin),
        "age": int(years(x.age_years) >= 80),
    }
    return Score(value=sum(parts.values()), components=dict(parts))


class HuntHess(Inputs, frozen=True, kw_only=True):
    """Input of Hunt and Hess.

    1 mild headache, 2 severe headache or cranial nerve palsy, 3 drowsy or confused, 4 stupor or
    hemiparesis, 5 coma.
    """

    grade_1_5: Grade


@instrument(
    unit="category",
    version="1968",
    source="Hunt WE, Hess RM, J Neurosurg 1968;28:14",
    bands=("good grade 1-3", "poor grade 4-5"),
)
def hunt_hess(x: HuntHess) -> Score:
    """Hunt and Hess: clinical grade of subarachnoid haemorrhage."""
    return Score(value=x.grade_1_5, band="good grade" if x.grade_1_5 <= 3 else "poor grade")


class Wfns(Inputs, frozen=True, kw_only=True):
    """Inputs of the WFNS grade; a motor deficit is hemiparesis or aphasia."""

    gcs: Gcs
    motor_deficit: bool


@instrument(
    unit="category",
    version="WFNS 1988",
    source="Drake CG, J Neurosurg 1988;68:985",
    bands=("good grade 1-3", "poor grade 4-5"),
)
def wfns(x: Wfns) -> Score:
    """WFNS grade: clinical grade of subarachnoid haemorrhage by GCS and deficit.

    The deficit separates 2 from 3 only. Raises InvalidInput for a GCS of 15 with a deficit: the
    scale defines no grade for it.
    """
    if x.gcs == 15 and x.motor_deficit:
        raise InvalidInput("wfns", "motor_deficit", "false at a GCS of 15", x.motor_deficit)
    mild = 3 if x.motor_deficit else 2
    grade = points(x.gcs, (15, 1), (13, mild), (7, 4), below=5)
    return Score(value=grade, band="good grade" if grade <= 3 else "poor grade")


class Aspects(Inputs, frozen=True, kw_only=True):
    """Inputs of ASPECTS: regions of one middle cerebral artery with early ischaemic change on CT.

    m1 to m3 lie at the level of the basal ganglia (anterior, lateral, posterior), m4 to m6 above.
    """

    caudate: bool
    lentiform: bool
    internal_capsule: bool
    insula: bool
    m1: bool
    m2: bool
    m3: bool
    m4: bool
    m5: bool
    m6: bool


@instrument(
    unit="points",
    version="Barber 2000",
    source="Barber PA, Lancet 2000;355:1670; large core: Sarraj A, N Engl J Med 2023;388:1259",
    bands=("small core 8-10", "moderate core 6-7", "large core 0-5"),
)
def aspects(x: Aspects) -> Score:
    """ASPECTS: how much of the middle cerebral artery's territory is lost, 10 is none.

    7 or less predicted dependence and bleeding under lysis; 6 or more was the usual limit of
    thrombectomy before the trials of large cores (3 to 5).
    """
    lost = {name: -1 for name in x.__struct_fields__ if getattr(x, name)}
    return total({"start": 10, **lost}, ((5, "large core"), (7, "moderate core")), "small core")


class Thrombolysis(Inputs, frozen=True, kw_only=True):
    """Inputs of the criteria of intravenous thrombolysis."""

    hours_since_last_known_well: HoursKnownWell
    ct_shows_hemorrhage: bool
    systolic_bp_mmhg: SystolicBP
    diastolic_bp_mmhg: DiastolicBP
    platelets_10e3_per_ul: Platelets
    inr: Inr
    glucose_mg_dl: Glucose
    doac_within_48h: bool
    treatment_dose_lmwh_within_24h: bool
    infective_endocarditis_or_aortic_dissection: bool
    weight_kg: Weight


def _obstacles(x: Thrombolysis) -> list[str]:
    found = {
        "hemorrhage": x.ct_shows_hemorrhage,
        "outside 4.5 h": x.hours_since_last_known_well > 4.5,
        "bp": x.systolic_bp_mmhg > 185 or x.diastolic_bp_mmhg > 110,
        "platelets": x.platelets_10e3_per_ul < 100,
        "inr": x.inr > 1.7,
        "glucose": x.glucose_mg_dl < 50,
        "doac": x.doac_within_48h,
        "lmwh": x.treatment_dose_lmwh_within_24h,
        "endocarditis or dissection": x.infective_endocarditis_or_aortic_dissection,
    }
    return [name for name, there in found.items() if there]


@instrument(
    unit="category",
    version="AHA/ASA 2019 absolute criteria (bp and glucose are correctable); doses AHA 2026",
    source="Powers WJ, Stroke 2019;50:e344; AHA/ASA 2026, doi 10.1161/STR.0000000000000513",
    bands=("doses of alteplase (0.9 mg/kg up to 90) and tenecteplase (0.25 mg/kg up to 25)",),
)
def stroke_thrombolysis(x: Thrombolysis) -> Score:
    """Thrombolysis in stroke: whether anything absolute speaks against it now, and the doses.

    The first obstacle is the value, all are components; pressure and glucose can be corrected.
    Platelets and INR are not waited for where nothing suggests that they are abnormal. Without
    eligibility no dose is given. The bolus is a tenth of the dose before either is rounded.
    """
    against = _obstacles(x)
    if against:
        found = dict.fromkeys(against, 1)
        advice = tuple(_CORRECTABLE[name] for name in against if name in _CORRECTABLE)
        value = f"not eligible now: {against[0]}"
        return Score(value=value, components=dict(found), warnings=advice)
    dose = min(0.9 * x.weight_kg, 90)
    alteplase = half_up(dose, 1)
    tenecteplase = half_up(min(0.25 * x.weight_kg, 25), 1)
    bolus = half_up(dose / 10, 1)
    band = f"alteplase_total_mg={alteplase:.1f};bolus_mg={bolus:.1f}"
    band = f"{band};tenecteplase_mg={tenecteplase:.1f}"
    return Score(value="eligible", band=band, warnings=(_NOT_ASKED,))


class ModifiedRankin(Inputs, frozen=True, kw_only=True):
    """Input of the modified Rankin scale."""

    grade_0_6: Rankin


@instrument(
    unit="category",
    version="van Swieten 1988",
    source="van Swieten JC, Stroke 1988;19:604",
    bands=("independent 0-2", "dependent 3-5", "dead 6"),
)
def modified_rankin(x: ModifiedRankin) -> Score:
    """Modified Rankin scale: disability after stroke."""
    grade = x.grade_0_6
    band = "independent" if grade <= 2 else "dependent" if grade <= 5 else "dead"
    return Score(value=grade, band=band)
