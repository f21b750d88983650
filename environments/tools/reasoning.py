"""Look up guidelines, rank a differential, compute scores from this patient's chart."""

import math
from typing import Annotated, Any

from msgspec import Meta

from ...knowledge import guidelines, labs
from ...knowledge.conditions import condition, conditions
from ...knowledge.instruments.core import calc
from ...knowledge.physiology import measured_labs, measured_vitals
from ...knowledge.variants import findings
from ...knowledge.world import World
from ..errors import insufficient
from ..tool import Context, Outcome, tool


@tool(effect="read", minutes=1)
def search_clinical_guidelines(
    ctx: Context, condition: Annotated[str, Meta(min_length=2, max_length=200)]
) -> Outcome:
    """What guidelines say about a condition.

    Fields:
        condition: Name of the condition, such as nstemi or pneumonia.

    """
    del ctx
    found = guidelines.find(condition)[:1]
    if not found:
        return Outcome(content={"found": 0, "topics": list(guidelines.guidelines())})
    g = found[0]
    return Outcome(
        content={"guideline": g.id, "version": g.version, "do": list(g.do), "avoid": list(g.avoid)},
        reveals=tuple(f"guideline:{c}" for c in g.conditions),
    )


def _seen(world: World) -> list[str]:
    return [f[8:] for f in world.observed if f.startswith("finding:")]


_BAND = 30
"""Odds between one band and the next (our own)."""
_LEAST, _MOST = 0.2, 0.8
"""Bounds of how often a cause shows a finding: no symptom or sign weighs more than four to one. The
true shares are those by which patients are drawn; nobody at a bedside knows them."""


def _banded(logs: dict[str, float]) -> dict[str, list[str]]:
    """Causes by how far behind the best one they are; within a band by name, which tells nothing.

    A list in order would be an answer: who orders the work-up of its first line and hands that in,
    whatever comes back, would be right in every other case.
    """
    top, bands = max(logs.values()), ("likely", "possible", "unlikely")
    placed = {k: min(int((top - v) / math.log(_BAND)), len(bands) - 1) for k, v in logs.items()}
    return {b: sorted(k for k, place in placed.items() if place == i) for i, b in enumerate(bands)}


@tool(effect="read", minutes=1)
def get_differential_diagnosis(ctx: Context) -> Outcome:
    """Causes, likely to unlikely by the history and signs observed so far; no laboratory values.

    Those of one band are in order of name. The odds fall thirtyfold from band to band.
    """
    world = ctx.world
    seen = _seen(world)
    if not seen:
        raise insufficient("history")
    family = condition(world.patient.condition).family
    logs: dict[str, float] = {}
    for name in conditions():
        c = condition(name)
        if c.family != family:
            continue
        total = 0.0
        for f in seen:
            p = min(max(c.findings.get(f, findings()[f].p), _LEAST), _MOST)
            total += math.log(p if world.patient.findings.get(f) else 1 - p)
        logs[name] = total
    return Outcome(
        content={"differential": _banded(logs), "findings_used": len(seen)},
        reveals=("differential",),
    )


def _lab(world: World, done: int, component: str) -> float:
    """The newest resulted value. Raises ToolRefused (insufficient_data)."""
    catalogue = labs.catalogue()
    found = [
        o
        for o in world.orders
        if o.due <= done
        and o.item.startswith("lab:")
        and component in catalogue.tests[o.item[4:]].components
    ]
    if not found:
        raise insufficient(f"lab:{component}")
    newest = max(found, key=lambda o: (o.placed, o.id))
    return measured_labs(world.patient, world.given, newest.item[4:], newest.placed)[
        component
    ].value


def _need(world: World, *facts: str) -> None:
    missing = [f for f in facts if f not in world.observed]
    if missing:
        raise insufficient(*missing)


def _shown(name: str, inputs: dict[str, Any], *, assume_normal: bool = False) -> Outcome:
    """Run an instrument on what the chart holds."""
    result = calc(name, inputs, assume_normal=assume_normal)
    content: dict[str, Any] = {name: result.value, "band": result.band}
    positive = {k: v for k, v in result.components.items() if v}
    if positive and result.unit == "points":
        content["points"] = positive
    if result.missing:
        content["assumed_normal"] = list(result.missing)
    return Outcome(content=content, reveals=(f"score:{name}",))


@tool(effect="read", minutes=1)
def calculate_curb65(ctx: Context) -> Outcome:
    """CURB-65 pneumonia severity from this patient's vital signs, urea and age."""
    w = ctx.world
    _need(w, "vitals")
    v = measured_vitals(w.patient, w.given, ctx.done)
    return _shown(
        "curb65",
        {
            "new_confusion": v["gcs"] < 15,
            "bun_mg_dl": _lab(w, ctx.done, "bun_mg_dl"),
            "respiratory_rate_per_min": v["rr_pm"],
            "systolic_bp_mmhg": v["sbp_mmhg"],
            "diastolic_bp_mmhg": v["dbp_mmhg"],
            "age_years": w.patient.age_years,
        },
    )


@tool(effect="read", minutes=1)
def calculate_qsofa(ctx: Context) -> Outcome:
    """Quick SOFA from this patient's vital signs."""
    w = ctx.world
    _need(w, "vitals")
    v = measured_vitals(w.patient, w.given, ctx.done)
    return _shown(
        "qsofa",
        {
            "respiratory_rate_per_min": v["rr_pm"],
            "systolic_bp_mmhg": v["sbp_mmhg"],
            "gcs": int(v["gcs"]),
        },
    )


@tool(effect="read", minutes=1)
def calculate_wells_pe(ctx: Context, *, most_likely: bool = False) -> Outcome:
    """Wells score of pulmonary embolism; needs vital signs, history and the legs examined.

    Fields:
        most_likely: Your judgement: embolism is the most likely diagnosis.

    """
    w = ctx.world
    _need(w, "vitals", "history", "exam:limbs")
    v = measured_vitals(w.patient, w.given, ctx.done)
    has = w.patient.findings
    if "exam_calf" not in has:  # a family whose patients were never drawn with legs to look at
        raise insufficient("finding:exam_calf")
    return _shown(
        "wells_pe",
        {
            "clinical_signs_of_dvt": has["exam_calf"],
            "pe_most_likely_diagnosis": most_likely,
            "heart_rate_over_100": v["hr_bpm"] > 100,
            "immobilised_3_days_or_surgery_4_weeks": has["immobilisation"],
            "previous_pe_or_dvt": "previous_vte" in w.patient.comorbidities,
            "hemoptysis": has["hemoptysis"],
            "active_malignancy": "cancer" in w.patient.comorbidities,
        },
    )


_RISKS = (
    "hypertension",
    "type_2_diabetes",
    "type_1_diabetes",
    "smoker",
    "hyperlipidemia",
    "obesity",
)
_HISTORY = ("slightly suspicious", "moderately suspicious", "highly suspicious")
_ECG = ("normal", "non-specific repolarisation disturbance", "significant st deviation")
_ECG_POINTS = {"st_depression": 2, "t_inversion": 1, "nonspecific": 1, "lvh": 1, "rv_strain": 1}


@tool(effect="read", minutes=1)
def calculate_heart_score(ctx: Context) -> Outcome:
    """HEART score of chest pain; needs the history, an ECG and a troponin result."""
    w = ctx.world
    _need(w, "history", "procedure:ecg")
    has, ill = w.patient.findings, w.patient.comorbidities
    if "pressure" not in has:  # a family whose patients were never asked about chest pain
        raise insufficient("finding:pressure")
    typical = has["pressure"] + has["radiation"] + has["exertional_onset"] + has["sweating"]
    return _shown(
        "heart",
        {
            "history": _HISTORY[min(typical, 2)],
            "ecg": _ECG[_ECG_POINTS.get(w.patient.ecg, 0)],
            "age_years": w.patient.age_years,
            "number_of_risk_factors": sum(r in ill for r in _RISKS),
            "known_atherosclerotic_disease": "coronary_disease" in ill,
            "troponin_multiple_of_upper_limit": _lab(w, ctx.done, "troponin_t_ng_l") / 14,
        },
    )


@tool(effect="read", minutes=1)
def calculate_anion_gap(ctx: Context) -> Outcome:
    """Anion gap from the newest metabolic panel (mmol/L); an unknown albumin counts as normal."""
    w = ctx.world
    names = ("sodium_mmol_l", "chloride_mmol_l", "bicarbonate_mmol_l")
    inputs = {n: _lab(w, ctx.done, n) for n in names}
    if "lab:liver_panel" in w.observed:
        inputs["albumin_g_dl"] = _lab(w, ctx.done, "albumin_g_dl")
    return _shown("anion_gap", inputs, assume_normal=True)
