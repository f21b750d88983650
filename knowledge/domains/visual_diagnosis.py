"""Diagnosis from a picture: measured on its pixels, graded, and acted upon.

Right is what follows from the hidden truth that the picture was drawn from. The answer states the
measures it rests on, and earns nothing before they were taken.
"""

from collections.abc import Iterator
from typing import Any

from ..conditions import Forbidden, Judgement, Required
from ..drugs import drug
from ..patients import Patient
from ..visual.cases import image, images_of, pictured, true_reading
from ..visual.conclusions import conclude
from ..visual.words import About, Conclusion
from . import Call

SOURCE = "ACR Practice Parameter for Communication of Diagnostic Imaging Findings, 2020"
IN_TIME = f"{SOURCE}; red alerts within 60 minutes: Anthony SG, Radiology 2011;259:802"
CRITICAL_MIN = 60
LESIONS = ("sized", "features")
MEASURED: dict[str, tuple[str, ...]] = {
    "chest_film": ("lung_fields", "heart_width"),
    "fundus": ("counted",),
    "histology": ("counted",),
    "ecg_strip": ("ecg_measured",),
    "ctg_strip": ("ctg_measured",),
}
"""Facts that reading a kind of picture takes; `LESIONS` where it is not here."""
TOOLS = {
    "sized": "measure_image_lesion",
    "features": "read_image_features",
    "lung_fields": "inspect_lung_fields",
    "heart_width": "cardiothoracic_ratio",
    "counted": "count_structures",
    "ecg_measured": "measure_ecg",
    "ctg_measured": "measure_ctg",
}
SAMPLES = {"needle_biopsy": "needle", "excision": "excision"}
REFERRALS = {
    "ophthalmology_referral": "ophthalmology",
    "cardiology_referral": "cardiology",
    "tumour_board": "tumour_board",
}
HARMLESS = (
    "normal_chest_film",
    "benign_naevus",
    "no_retinopathy",
    "bland_tissue",
    "normal_ecg",
    "normal_tracing",
)


def ticket(patient: Patient) -> str:
    """What waits."""
    return patient.complaint


def facts_of(kind: str, found: Any) -> tuple[str, ...]:
    """The facts that reading this picture takes: fluid hides the heart."""
    facts = MEASURED.get(kind, LESIONS)
    return facts[:1] if "fluid_share" in found else facts


def about(patient: Patient) -> About:
    """What is known beside the picture, as it truly is."""
    of, before = pictured(patient), image(patient, "prior")
    return About(
        setting=of.setting,
        smoker="smoker" in patient.comorbidities,
        qt_drug=any(drug(m.drug).qt == "known" for m in patient.medications),
        prior=true_reading(before) if before else {},
        prior_months=of.prior_months,
    )


def truth(patient: Patient) -> tuple[dict[str, float | str], Conclusion]:
    """The true reading of the current picture and what it means."""
    now = images_of(patient)[0]
    found = true_reading(now)
    return found, conclude(now.shot.kind, found, about(patient))


def asks(right: Conclusion) -> tuple[str, ...]:
    """Facts of the chart that change what follows."""
    if right.system == "fleischner_2017" and right.diagnosis == "solid_lung_nodule":
        return ("history",)
    return ("medications",) if right.diagnosis == "long_qt" else ()


def _decisive(patient: Patient) -> tuple[str, ...]:
    found, right = truth(patient)
    facts = facts_of(pictured(patient).kind, found)
    compared = ("compared",) if pictured(patient).prior_months else ()
    return (*facts, *compared, *asks(right))


def judgement(patient: Patient) -> Judgement:
    """What must be measured, graded, told and ordered, and which acts do harm."""
    _, right = truth(patient)
    return Judgement(
        decisive=(_decisive(patient),),
        dispositions={},
        required=tuple(_required(patient, right)),
        forbidden=tuple(_forbidden(right)),
    )


def _required(patient: Patient, right: Conclusion) -> Iterator[Required]:
    for name in ("listed", "viewed"):
        yield Required(id=name, any_of=(name,), weight=0.5, source=SOURCE)
    for fact in _decisive(patient):
        yield Required(id=f"seen_{fact}", any_of=(fact,), source=SOURCE)
    if right.system:
        yield Required(id="graded", any_of=(f"score:{right.system}",), source=SOURCE)
    if right.critical:
        yield Required(
            id=f"told_{right.critical}",
            any_of=(f"alerted:{right.critical}",),
            deadline_min=CRITICAL_MIN,
            hard_deadline_min=CRITICAL_MIN,
            critical=True,
            rule="CRITICAL_FINDING_NOT_COMMUNICATED",
            kind="treatment",
            weight=1.5,
            source=IN_TIME,
        )
    if act := acted(right):
        yield Required(
            id="followed_up",
            any_of=(act,),
            kind="treatment",
            premise=(_decisive(patient),),
            source=SOURCE,
        )


def acted(right: Conclusion) -> str:
    """The act that the first advice asks for, "" for none."""
    first = right.advice[0]
    if first in SAMPLES:
        return f"sample:{SAMPLES[first]}"
    return f"referral:{REFERRALS[first]}" if first in REFERRALS else ""


def _forbidden(right: Conclusion) -> Iterator[Forbidden]:
    if right.critical:
        yield Forbidden(
            id="critical_overlooked",
            any_of=tuple(f"reading:{name}" for name in HARMLESS),
            rule="CRITICAL_FINDING_MISSED",
            severity=5,
            note=f"called harmless: {right.critical}",
            source=SOURCE,
        )
    others = tuple(n for n in CRITICALS if n != right.critical)
    yield Forbidden(
        id="false_alarm",
        any_of=tuple(f"alerted:{n}" for n in others),
        rule="CRITICAL_RESULT_FALSE_ALARM",
        severity=3,
        note="a critical result was called that is not there",
        source=SOURCE,
    )
    kept = {SAMPLES[a] for a in right.advice if a in SAMPLES}
    yield Forbidden(
        id="needless_sample",
        any_of=tuple(f"sample:{s}" for s in sorted({*SAMPLES.values()} - kept)),
        rule="UNNEEDED_INVASIVE_PROCEDURE",
        severity=3,
        note="tissue was asked for where nothing calls for it",
        source=SOURCE,
    )
    if right.diagnosis == "suspected_melanoma":
        yield Forbidden(
            id="melanoma_overlooked",
            any_of=("reading:benign_naevus",),
            rule="CANCER_DISMISSED",
            severity=4,
            note="a lesion of three points and more was called benign",
            source="Argenziano G, Arch Dermatol 1998;134:1563",
        )


CRITICALS = ("pneumothorax", "st_elevation", "long_qt", "category_three_tracing")


def relevant(patient: Patient) -> tuple[str, ...]:
    """What is worth looking at."""
    _, right = truth(patient)
    facts = ["listed", "viewed", "viewed_prior", "histogram", "window", "contrast", "segmented"]
    facts += [*_decisive(patient), "demographics", "history", "medications", "tracked"]
    facts += [f"score:{right.system}"] if right.system else []
    if pictured(patient).kind == "skin":
        facts += ["score:abcde_melanoma", "finding:*", "asked:*", *LESIONS]
    facts += MEASURED.get(pictured(patient).kind, ())
    facts += [f"alerted:{right.critical}"] if right.critical else []
    return (*facts, *([acted(right)] if acted(right) else []))


def answer(found: Any, right: Conclusion) -> dict[str, Any]:
    """The fields of the submission."""
    return {
        "diagnosis": right.diagnosis,
        "icd10_code": right.codes[0],
        "category": right.category,
        "side": right.side,
        "measurements": [{"name": key, "value": found[key]} for key in right.keys],
        "recommendation": right.advice[0],
        "alerted": bool(right.critical),
    }


def reference(patient: Patient) -> list[Call]:
    """List, look, measure, compare, ask, grade, tell, act, answer."""
    now, *older = images_of(patient)
    found, right = truth(patient)
    calls = [_call("list_images")]
    calls += [_call("view_image", image=one.id) for one in (now, *older)]
    facts = facts_of(now.shot.kind, found)
    calls += [_call(TOOLS[fact], image=now.id) for fact in facts]
    if older:
        calls.append(_call("compare_images", image=now.id, prior_image=older[0].id))
    if right.critical:
        calls.append(_call("alert_clinician", finding=right.critical, image=now.id))
    charts = {"history": "get_patient_history", "medications": "get_medications"}
    calls += [_call(charts[fact]) for fact in asks(right)]
    if right.system:
        calls.append(_call("grade_image_finding", image=now.id, system=right.system))
    calls += _act(right, now.id)
    return [*calls, Call(tool="submit_visual_diagnosis", arguments=answer(found, right))]


def _act(right: Conclusion, image_id: str) -> list[Call]:
    what, _, which = acted(right).partition(":")
    if what == "sample":
        return [_call("request_tissue_sample", image=image_id, method=which)]
    return [_call("refer_patient", image=image_id, to=which)] if what else []


def _call(tool: str, **arguments: Any) -> Call:
    return Call(tool=tool, arguments=arguments)
