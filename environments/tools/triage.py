"""Triage: look, measure at the bedside, score, start, call, place, decide."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from ...bus.events import Answer, Effect
from ...knowledge import acuity
from ...knowledge.conditions import Predicate, condition
from ...knowledge.instruments.core import calc
from ...knowledge.measurements import reference
from ...knowledge.physiology import MINUTE, measured_vitals
from ...knowledge.variants import findings
from ...knowledge.world import World, minutes, truth
from ..errors import insufficient
from ..tool import Context, Outcome, tool

HERE = ("triage_emergency",)
Text = Annotated[str, Meta(max_length=2000)]
Area = Literal["resuscitation", "acute", "fast_track", "waiting_room"]
Team = Literal["resuscitation", "stroke", "cath_lab", "sepsis", "trauma"]
Resource = Literal[
    "laboratory",
    "imaging",
    "fluids",
    "injected_drugs",
    "monitoring",
    "specialist",
    "procedure",
    "oral_drugs",
    "simple_dressing",
    "poc_test",
]
_ADULT = 18
_NO_RESOURCE = ("oral_drugs", "simple_dressing", "poc_test")
_ACVPU = ((15, "alert"), (13, "voice"), (9, "pain"), (0, "unresponsive"))
_AVPU = ((15, "alert"), (13, "responds to voice"), (9, "responds to pain"), (0, "unresponsive"))


def _vitals(ctx: Context) -> dict[str, float]:
    if "vitals" not in ctx.world.observed:
        raise insufficient("vitals")
    return measured_vitals(ctx.world.patient, ctx.world.given, ctx.done)


def _usual(age_years: int) -> tuple[float, float]:
    """The breathing that looks laboured and the pressure that looks ill, at that age."""
    if age_years >= _ADULT:
        return 24, 95
    high, low = reference("rr_pm", age_years).high, reference("sbp_mmhg", age_years).low
    return high or 24, low or 95


@tool(effect="read", minutes=1, domains=HERE)
def rapid_look(ctx: Context) -> Outcome:
    """First impression across the room: consciousness, breathing, skin; takes seconds."""
    world = ctx.world
    v = measured_vitals(world.patient, world.given, ctx.done)
    fast, low = _usual(world.patient.age_years)
    breath = "hardly breathing" if v["rr_pm"] < 10 else "laboured" if v["rr_pm"] > fast else "easy"
    warm = "flushed" if v["temperature_c"] > 38 else "normal"
    ill = v["sbp_mmhg"] < low
    return Outcome(
        content={
            "consciousness": next(word for least, word in _AVPU if v["gcs"] >= least),
            "breathing": breath,
            "skin": "pale and clammy" if ill else warm,
            "came_in": "by ambulance" if v["gcs"] < 14 or ill else "walking",
        },
        reveals=("look",),
    )


@tool(effect="read", minutes=1, domains=HERE)
def measure_glucose(ctx: Context) -> Outcome:
    """Glucose from a finger prick (mg/dL)."""
    value = truth(ctx.world, "lab:glucose_mg_dl", ctx.done)
    assert isinstance(value, float)  # noqa: S101 - every patient has a glucose
    return Outcome(
        content={"results": {"glucose_mg_dl": f"{value:.0f}"}}, reveals=("lab:glucose_poc",)
    )


@tool(effect="read", minutes=1, domains=HERE)
def assess_pain(ctx: Context) -> Outcome:
    """Ask for the pain on a scale from 0 to 10."""
    p = ctx.world.patient
    severe = p.findings.get("severe_pain", p.findings.get("tearing", False))
    score = min(max(round(2 + 5 * p.severity), 1), 6) + (4 if severe else 0)
    return Outcome(content={"pain_0_10": min(score, 10)}, reveals=("pain",))


@tool(effect="read", minutes=2, domains=HERE)
def assess_stroke_signs(ctx: Context) -> Outcome:
    """Face, arms, speech (Cincinnati prehospital stroke scale, Kothari 1999)."""
    has = ctx.world.patient.findings
    signs = {name: has.get(name, False) for name in ("face_droops", "arm_drifts", "speech_slurred")}
    facts = tuple(f"finding:{name}" for name in signs if name in has)
    shown = {k: findings()[k].text if on else findings()[k].denied for k, on in signs.items()}
    content: dict[str, Any] = {
        "exam": {"stroke": list(shown.values())},
        "positive": sum(signs.values()),
    }
    return Outcome(content=content, reveals=("exam:neuro", "score:cpss", *facts))


@tool(effect="read", minutes=1, domains=HERE)
def check_danger_zone_vitals(ctx: Context) -> Outcome:
    """Which of the measured vital signs lie in the danger zone of that age (decision point D)."""
    v = _vitals(ctx)
    patient = ctx.world.patient
    known = {**v, "age_years": float(patient.age_years)}
    zone = acuity.danger(condition(patient.condition).family, lambda p: _beyond(p, known))
    found = [fact.partition(":")[2] for fact in zone]
    return Outcome(content={"danger": found or "none"}, reveals=("score:danger_zone",))


def _beyond(p: Predicate, v: dict[str, float]) -> bool:
    value, limit = v[p.fact.partition(":")[2]], float(p.value)
    return {">": value > limit, ">=": value >= limit, "<": value < limit}[p.op]


@tool(effect="read", minutes=1, domains=HERE)
def calculate_news2(ctx: Context) -> Outcome:
    """NEWS2 from the measured vital signs (Royal College of Physicians 2017, SpO2 scale 1)."""
    v = _vitals(ctx)
    oxygen = any(g.drug == "oxygen" for g in ctx.world.given)
    result = calc(
        "news2",
        {
            "respiratory_rate_per_min": v["rr_pm"],
            "spo2_percent": v["spo2_pct"],
            "spo2_scale": 1,
            "on_supplemental_oxygen": oxygen,
            "systolic_bp_mmhg": v["sbp_mmhg"],
            "pulse_per_min": v["hr_bpm"],
            "consciousness_acvpu": next(word for least, word in _ACVPU if v["gcs"] >= least),
            "temperature_c": v["temperature_c"],
        },
    )
    return Outcome(content={"news2": result.value, "band": result.band}, reveals=("score:news2",))


@tool(effect="read", minutes=1, domains=HERE)
def calculate_shock_index(ctx: Context) -> Outcome:
    """Heart rate over systolic pressure; above 0.9 is worrying (Allgower 1967)."""
    v = _vitals(ctx)
    result = calc(
        "shock_index",
        {"heart_rate_per_min": v["hr_bpm"], "systolic_bp_mmhg": v["sbp_mmhg"]},
    )
    content = {"shock_index": result.value, "band": result.band}
    return Outcome(content=content, reveals=("score:shock_index",))


@tool(effect="read", minutes=1, domains=HERE)
def assess_gcs(ctx: Context) -> Outcome:
    """Glasgow Coma Scale, its total and how far it is from 15."""
    v = measured_vitals(ctx.world.patient, ctx.world.given, ctx.done)
    return Outcome(
        content={"vitals": {"gcs": f"{v['gcs']:g}"}, "below_normal": 15 - v["gcs"]},
        reveals=("score:gcs",),
    )


@tool(effect="read", minutes=0, domains=HERE)
def count_resources(ctx: Context, resources: tuple[Resource, ...]) -> Outcome:
    """How many different kinds of resources you expect count for the level (decision point C).

    Fields:
        resources: What this visit will need, in your judgement.

    """
    del ctx
    counted = [r for r in dict.fromkeys(resources) if r not in _NO_RESOURCE]
    level = 5 - min(len(counted), acuity.MANY)
    return Outcome(content={"counted": counted, "level_without_risk": level})


@tool(effect="read", minutes=1, domains=HERE)
def check_red_flags(ctx: Context) -> Outcome:
    """Which questions and examinations this complaint still needs before it may wait."""
    world = ctx.world
    own = acuity.rules(condition(world.patient.condition).family)
    facts = [p.fact for c in (*own.lifesaving, *own.high_risk) for p in c.when]
    needed = dict.fromkeys(acuity.observed_by(f) for f in facts)
    left = [f for f in needed if f not in world.observed]
    return Outcome(content={"still_open": left[:8], "known": len(needed) - len(left)})


@tool(effect="order", minutes=1, domains=HERE)
def activate_team(ctx: Context, team: Team) -> Outcome:
    """Call a team to the patient.

    Fields:
        team: Which team.

    """
    content = {"activated": team, "arrives_at_minute": minutes(ctx.done) + 5}
    return Outcome(content=content, effect=Effect(kind="consulted", item=f"team:{team}"))


_DOSES = {
    "oxygen": ("oxygen", 6.0, "inhaled"),
    "epinephrine_im": ("epinephrine", 0.5, "intramuscular"),
    "naloxone": ("naloxone", 0.4, "iv"),
    "dextrose": ("dextrose_50", 50.0, "iv"),
    "fluid_bolus": ("sodium_chloride_0_9", 500.0, "iv"),
}
Action = Literal[
    "oxygen",
    "epinephrine_im",
    "naloxone",
    "dextrose",
    "fluid_bolus",
    "monitor",
    "iv_access",
    "pressure_on_wound",
    "immobilise",
]


@tool(effect="give", minutes=2, domains=HERE)
def start_immediate_action(ctx: Context, action: Action) -> Outcome:
    """Start what a standing order lets a triage nurse start.

    Fields:
        action: What to start.

    """
    due = ctx.done + MINUTE
    if action in _DOSES:
        name, dose, route = _DOSES[action]
        return Outcome(
            content={"given": f"{name} {dose:g} {route}", "in_at_minute": minutes(due)},
            effect=Effect(kind="given", item=f"drug:{name}", due=due, dose=dose, route=route),
        )
    return Outcome(content={"started": action}, effect=Effect(kind="noted", item=f"act:{action}"))


@tool(effect="order", minutes=1, domains=HERE)
def notify_physician(ctx: Context, urgency: Literal["immediate", "soon"]) -> Outcome:
    """Tell the physician about this patient.

    Fields:
        urgency: How soon the physician must come.

    """
    wait = 2 if urgency == "immediate" else 15
    return Outcome(
        content={"told": urgency, "comes_at_minute": minutes(ctx.done) + wait},
        effect=Effect(kind="consulted", item="notified:physician"),
    )


@tool(effect="write", minutes=1, domains=HERE)
def place_in_area(ctx: Context, area: Area) -> Outcome:
    """Send the patient to an area of the department.

    Fields:
        area: Where to.

    """
    moved = sum(n.item.startswith("area:") for n in ctx.world.notes)
    return Outcome(
        content={"area": area, "moves": moved + 1}, effect=Effect(kind="noted", item=f"area:{area}")
    )


@tool(effect="read", minutes=5, domains=HERE)
def reassess(ctx: Context) -> Outcome:
    """Come back after some minutes: vital signs again, and what changed."""
    before = _at(ctx.world, 0)
    now = measured_vitals(ctx.world.patient, ctx.world.given, ctx.done)
    keep = ("hr_bpm", "sbp_mmhg", "rr_pm", "spo2_pct", "gcs")
    return Outcome(
        content={
            "vitals": {k: f"{now[k]:g}" for k in keep},
            "change": {k: round(now[k] - before[k], 1) for k in keep},
        },
        reveals=("vitals",),
    )


def _at(world: World, at: int) -> dict[str, float]:
    return measured_vitals(world.patient, (), at)


@tool(effect="submit", minutes=1, domains=HERE)
def submit_triage(
    ctx: Context,
    esi_level: Annotated[int, Meta(ge=1, le=5)],
    grounds: Annotated[tuple[str, ...], Meta(max_length=12)] = (),
    reasoning: Text = "",
) -> Outcome:
    """End the triage with the level and all that it rests on.

    Fields:
        esi_level: 1 (now) to 5 (can wait).
        grounds: For a life-saving need or a high risk every fact you saw that makes it one (such
            as finding:tearing, vital:spo2_pct, demo:age_years or flag:coronary_disease), for
            the rest the kinds of resources (resource:laboratory, or resource:none) and the
            vital signs in the danger zone.
        reasoning: Why.

    """
    areas = [n.item[5:] for n in ctx.world.notes if n.item.startswith("area:")]
    fields = {
        "esi_level": esi_level,
        "area": areas[-1] if areas else "",
        "grounds": list(dict.fromkeys(grounds)),
    }
    return Outcome(
        content={"submitted": True, "esi_level": esi_level},
        effect=Effect(kind="submitted", text=f"esi:{esi_level}"),
        answer=Answer(reasoning=reasoning, fields=fields),
    )
