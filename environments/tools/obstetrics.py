"""Obstetrics: the mother's history, pressure, bleeding, blood group and glucose."""

from datetime import date, timedelta
from typing import Annotated, Any

from msgspec import Meta

from ...knowledge import drugs
from ...knowledge.drugs.advice import lactation_advice, pregnancy_advice
from ...knowledge.haemorrhage import blood_loss
from ...knowledge.instruments.core import calc
from ...knowledge.obstetrics import CHRONIC, week
from ...knowledge.physiology import measured_labs, measured_vitals
from ...knowledge.rng import stream
from ...knowledge.variants import findings
from ...knowledge.world import World
from ..errors import insufficient, invalid
from ..tool import Context, Outcome, tool

HERE = ("obstetrics",)
_TODAY = date(2024, 6, 3)
"""The calendar day on which every episode takes place."""
_MAGNESIUM_PER_G = 0.9
_FETAL_BLOOD_PER_DOSE_ML = 30.0


def need(world: World, *facts: str) -> None:
    """Refuse where a fact has not been observed. Raises ToolRefused."""
    missing = [f for f in facts if f not in world.observed]
    if missing:
        raise insufficient(*missing)


def last_period(world: World) -> date:
    """First day of the last menstrual period; the day of the week is drawn."""
    patient = world.patient
    extra = stream(patient.variant, patient.seed, "dating").integer(0, 6)
    return _TODAY - timedelta(days=7 * (week(patient) or 0) + extra)


def _earlier(world: World) -> dict[str, str]:
    """Pressures at the first visit and at the clinic five hours ago."""
    patient = world.patient
    s = stream(patient.variant, patient.seed, "pressures")
    now = measured_vitals(patient, (), 0)
    chronic = patient.condition in CHRONIC or "chronic_hypertension" in patient.comorbidities
    first = s.integer(142, 152) if chronic else s.integer(100, 124)
    low = s.integer(90, 96) if chronic else s.integer(60, 78)
    clinic = f"{now['sbp_mmhg'] - 2:g}/{now['dbp_mmhg'] - 1:g}"
    return {"first_visit_week_9": f"{first}/{low}", "clinic_5_h_ago": clinic}


@tool(effect="read", minutes=1, domains=HERE)
def get_obstetric_history(ctx: Context) -> Outcome:
    """Births so far, dates, earlier pressures, blood group card, course of this pregnancy."""
    world = ctx.world
    p = world.patient
    s = stream(p.variant, p.seed, "births")
    births = s.integer(0, 3)
    content: dict[str, Any] = {"gravida": births + 1 + s.integer(0, 1), "births": births}
    if week(p) is None:
        content |= {
            "delivered_h_ago": p.extra["postpartum_h"],
            "mode": p.extra.get("born", "vaginal"),
        }
    else:
        content |= {
            "last_period": last_period(world).isoformat(),
            "today": _TODAY.isoformat(),
            "week": week(p),
            "pressures": _earlier(world),
        }
    if "cesarean_scar" in p.comorbidities:
        content["scar"] = "previous caesarean section"
    return Outcome(content=content, reveals=("ob_history",))


@tool(effect="read", minutes=1, domains=HERE)
def calculate_gestational_age(ctx: Context) -> Outcome:
    """Gestational age and due date from the last period (280 days; ACOG CO 700, 2017)."""
    world = ctx.world
    need(world, "ob_history")
    if week(world.patient) is None:
        return Outcome(content={"gestational_age": "already delivered"})
    inputs = {
        "lmp_date": last_period(world).isoformat(),
        "assessment_date": _TODAY.isoformat(),
        "cycle_length_days": 28,
    }
    found = calc("gestational_age_edd", inputs)
    return Outcome(
        content={"gestational_age": found.value, "due": found.band},
        reveals=("score:gestational_age",),
    )


@tool(effect="read", minutes=10, domains=HERE)
def repeat_blood_pressure(ctx: Context) -> Outcome:
    """Measure the pressure again by hand, seated, after ten minutes of rest."""
    world = ctx.world
    v = measured_vitals(world.patient, world.given, ctx.done)
    severe = v["sbp_mmhg"] >= 160 or v["dbp_mmhg"] >= 110
    return Outcome(
        content={
            "vitals": {k: f"{v[k]:g}" for k in ("sbp_mmhg", "dbp_mmhg")},
            "severe_range": severe,
        },
        reveals=("bp_repeat",),
    )


def _newest(world: World, done: int, test: str) -> dict[str, float]:
    """The values of the newest result of a test. Raises ToolRefused (insufficient_data)."""
    found = [o for o in world.orders if o.item == f"lab:{test}" and o.due <= done]
    if not found:
        raise insufficient(f"lab:{test}")
    shown = measured_labs(world.patient, world.given, test, max(o.placed for o in found))
    return {k: v.value for k, v in shown.items()}


@tool(effect="read", minutes=1, domains=HERE)
def check_preeclampsia_criteria(ctx: Context) -> Outcome:
    """Which hypertensive disorder the measured pressures, urine and blood make (ACOG PB 222)."""
    world = ctx.world
    need(world, "vitals", "bp_repeat", "ob_history", "history")
    p, has = world.patient, world.patient.findings
    if week(p) is None:
        raise insufficient("pregnancy")
    v = measured_vitals(p, world.given, ctx.done)
    labs: dict[str, float] = {}
    for test in ("urine_protein_creatinine", "cbc", "bmp", "liver_panel"):
        labs |= _newest(world, ctx.done, test)
    own = "finding:migraine_before" in world.observed and has["migraine_before"]
    inputs = {
        "gestational_age_weeks": week(p),
        "systolic_bp_mmhg": v["sbp_mmhg"],
        "diastolic_bp_mmhg": v["dbp_mmhg"],
        "bp_elevated_on_two_occasions_4h_apart": v["sbp_mmhg"] >= 140 or v["dbp_mmhg"] >= 90,
        "severe_bp_confirmed_within_minutes": True,
        "proteinuria_mg_24h": 0,
        "protein_creatinine_ratio": labs["urine_pcr_mg_mg"],
        "platelets_10e3_per_ul": labs["platelets_10e9_l"],
        "creatinine_mg_dl": labs["creatinine_mg_dl"],
        "ast_multiple_of_uln": max(labs["ast_u_l"], labs["alt_u_l"]) / 40,
        "pulmonary_edema": "exam:chest" in world.observed and has["lungs_wet"],
        "new_headache_unresponsive": has["headache_new"] and not own,
        "visual_disturbance": has["flashes_seen"] and not own,
        "persistent_ruq_pain": has["pain_upper_right"],
    }
    found = calc("preeclampsia", inputs)
    positive = [k for k, on in found.components.items() if on]
    return Outcome(
        content={"criteria": found.value, "positive": positive}, reveals=("score:preeclampsia",)
    )


@tool(effect="read", minutes=1, domains=HERE)
def check_magnesium_toxicity(ctx: Context) -> Outcome:
    """Knee reflexes, breathing, urine and the expected level during magnesium sulfate."""
    world = ctx.world
    grams = sum(g.dose for g in world.given if g.drug == "magnesium_sulfate" and g.at <= ctx.done)
    v = measured_vitals(world.patient, world.given, ctx.done)
    # A loading dose of 4 g brings the level to about 5 mg/dL (ACOG PB 222, 2020; unverified).
    level = round(2.0 + _MAGNESIUM_PER_G * grams, 1)
    weak = "myasthenia_gravis" in world.patient.comorbidities and grams > 0
    inputs = {
        "magnesium_mg_dl": level,
        "patellar_reflexes_absent": weak or level > 9,
        "respiratory_rate_per_min": 9 if weak else v["rr_pm"],
        "urine_output_ml_per_h": _urine(world),
    }
    found = calc("magnesium_toxicity", inputs)
    return Outcome(
        content={"given_g": grams, **inputs, "expected": found.value, "do": found.band},
        reveals=("procedure:reflexes", "score:magnesium_toxicity"),
    )


def _urine(world: World) -> int:
    p = world.patient
    usual = stream(p.variant, p.seed, "urine").integer(45, 80)
    return max(usual - round(25 * p.severity * (p.condition in {"hellp", "eclampsia"})), 20)


@tool(effect="read", minutes=1, domains=HERE)
def assess_maternal_warning_criteria(ctx: Context) -> Outcome:
    """Maternal early warning criteria (Mhyre 2014) from the measured vital signs."""
    world = ctx.world
    need(world, "vitals", "history")
    p = world.patient
    v = measured_vitals(p, world.given, ctx.done)
    raised = v["sbp_mmhg"] >= 140 or v["dbp_mmhg"] >= 90
    result = calc(
        "maternal_early_warning_criteria",
        {
            "systolic_bp_mmhg": v["sbp_mmhg"],
            "diastolic_bp_mmhg": v["dbp_mmhg"],
            "heart_rate_per_min": v["hr_bpm"],
            "respiratory_rate_per_min": v["rr_pm"],
            "spo2_percent": v["spo2_pct"],
            "urine_output_ml_per_h_for_2h": _urine(world),
            "agitation_confusion_or_unresponsive": v["gcs"] < 15,
            "preeclampsia_with_headache_or_dyspnea": raised and p.findings["headache_new"],
        },
    )
    return Outcome(content={"triggers": result.value, "band": result.band}, reveals=("score:mewc",))


@tool(effect="read", minutes=2, domains=HERE)
def measure_blood_loss(ctx: Context) -> Outcome:
    """Weigh pads and read the drape: blood lost so far (mL), and whether it goes on."""
    lost = blood_loss(ctx.world, ctx.done)
    rate = lost - blood_loss(ctx.world, ctx.world.now)
    return Outcome(
        content={"blood_loss_ml": round(lost), "last_minutes_ml": round(rate)},
        reveals=("blood_loss",),
    )


@tool(effect="read", minutes=1, domains=HERE)
def stage_hemorrhage(ctx: Context) -> Outcome:
    """Definition and stage of bleeding after birth, and the shock index."""
    world = ctx.world
    need(world, "blood_loss", "vitals")
    p = world.patient
    if week(p) is not None:
        raise insufficient("birth")
    v = measured_vitals(p, world.given, ctx.done)
    lost = round(blood_loss(world, ctx.done))
    weak = v["sbp_mmhg"] < 90 or v["hr_bpm"] > 120
    born = str(p.extra.get("born", "vaginal"))
    ongoing = lost - blood_loss(world, max(ctx.done - 5 * 60_000_000, 0)) > 25
    inputs: dict[str, Any] = {"delivery": born}
    name = calc(
        "pph_acog", {**inputs, "quantitative_blood_loss_ml": lost, "hypovolemia_signs": weak}
    )
    stage = calc(
        "pph_stage",
        {
            **inputs,
            "cumulative_blood_loss_ml": lost,
            "bleeding_continues": ongoing,
            "vital_sign_trigger": weak,
            "red_cell_units_given": 0,
            "coagulopathy_suspected": False,
        },
    )
    index = calc(
        "shock_index", {"heart_rate_per_min": v["hr_bpm"], "systolic_bp_mmhg": v["sbp_mmhg"]}
    )
    content = {"definition": name.value, "stage": stage.value, "shock_index": index.value}
    return Outcome(content=content, reveals=("score:pph_stage",))


@tool(effect="read", minutes=3, domains=HERE)
def inspect_birth_tract(ctx: Context) -> Outcome:
    """Speculum and hand on the uterus: tone, placenta, tears, cord, fluid."""
    p = ctx.world.patient
    signs = {k: f for k, f in findings().items() if f.system == "pelvis" and k in p.findings}
    shown = [f.text if p.findings[k] else f.denied for k, f in signs.items()]
    return Outcome(
        content={"exam": {"pelvis": shown}},
        reveals=("exam:pelvis", *(f"finding:{k}" for k in signs)),
    )


@tool(effect="read", minutes=1, domains=HERE)
def check_rh_status(ctx: Context) -> Outcome:
    """Blood group card and fetal cells in the mother's blood (Kleihauer-Betke)."""
    p = ctx.world.patient
    negative = bool(p.extra.get("rh_negative", False))
    fetal = float(p.extra.get("fetal_blood_ml", 0))
    content: dict[str, Any] = {
        "rh": "negative" if negative else "positive",
        "fetal_blood_ml": fetal,
    }
    if negative:
        # 300 mcg cover 30 mL of fetal whole blood (ACOG PB 181, 2017).
        content["anti_d_doses"] = max(int(-(-fetal // _FETAL_BLOOD_PER_DOSE_ML)), 1)
    return Outcome(content=content, reveals=("rh_status",))


@tool(effect="read", minutes=120, domains=HERE)
def oral_glucose_tolerance_test(ctx: Context) -> Outcome:
    """75 g of glucose after a fast: plasma glucose (mg/dL) at 0, 1 and 2 hours; two hours."""
    p = ctx.world.patient
    if week(p) is None:
        raise insufficient("pregnancy")
    s = stream(p.variant, p.seed, "ogtt")
    usual = {"fasting": s.integer(72, 86), "one_hour": s.integer(110, 150)}
    usual["two_hour"] = s.integer(95, 130)
    values = {k: float(p.extra.get(f"ogtt_{k}", low)) for k, low in usual.items()}
    result = calc("gdm_75g", {f"{k}_mg_dl": v for k, v in values.items()})
    return Outcome(
        content={"glucose_mg_dl": values, "raised": result.value, "band": result.band},
        reveals=("lab:ogtt",),
    )


@tool(effect="read", minutes=1, domains=HERE)
def check_pregnancy_safety(
    ctx: Context, drug_name: Annotated[str, Meta(min_length=2, max_length=80)]
) -> Outcome:
    """What label and guideline say of a drug in this week of pregnancy, or in milk.

    Fields:
        drug_name: Ingredient or brand.

    """
    found = drugs.resolve(drug_name)
    if found is None:
        raise invalid("drug_name", "a listed ingredient or brand name", drug_name)
    weeks = week(ctx.world.patient)
    content: dict[str, Any] = {"drug": found.id}
    if weeks is None:
        content["milk"] = lactation_advice(found)
    else:
        advice = pregnancy_advice(found, weeks)
        content |= {"week": weeks, "advice": advice if isinstance(advice, str) else advice.advice}
        if not isinstance(advice, str) and advice.note:
            content["note"] = advice.note
    return Outcome(content=content, reveals=(f"safety:{found.id}",))
