"""Pathways: activate one, see its phases and bundle, call its teams, look at what it rests on."""

from typing import Any, Literal

from ...bus.events import Effect
from ...knowledge.domains.cross_domain import SUGAR_LOW, SUGAR_MIN
from ...knowledge.instruments.core import calc
from ...knowledge.pathways import ActState, Pathway, PhaseState, pathway, phases
from ...knowledge.physiology import MINUTE, measured_labs
from ...knowledge.rng import stream
from ...knowledge.variants import findings
from ...knowledge.world import World, minutes, truth
from ..errors import insufficient
from ..tool import Context, Outcome, tool

HERE = ("cross_domain",)
PathwayName = Literal["chest_pain", "dka", "kawasaki", "postoperative_embolism", "sepsis", "stroke"]
PhaseName = Literal["", "recognise", "stabilise", "diagnose", "treat", "hand_over"]
Team = Literal["cath_lab", "cardiothoracic", "thrombectomy", "neurosurgery", "embolism"]
Procedure = Literal[
    "pci",
    "thrombectomy",
    "swallow_screen",
    "epidural_removal",
    "vena_cava_filter",
    "embolectomy",
    "chest_physiotherapy",
]
_BY_TEAM = {"pci": "cath_lab", "thrombectomy": "thrombectomy", "embolectomy": "embolism"}
"""Procedure -> the team without which it cannot be done."""
_CHILD_SIGNS = ("exam_red_eyes", "exam_red_mouth", "exam_child_rash", "exam_hands_swollen")
_NODE = "exam_neck_node"
_LOOKED = ("history", "exam:general", "exam:skin", "exam:limbs", "lab:crp", "lab:esr")


def need(world: World, *facts: str) -> None:
    """Refuse where a fact has not been observed. Raises ToolRefused."""
    missing = [f for f in facts if f not in world.observed]
    if missing:
        raise insufficient(*missing)


def active(world: World) -> Pathway:
    """The pathway that was activated last. Raises ToolRefused (insufficient_data)."""
    called = [n.item for n in world.notes if n.item.startswith("pathway:")]
    if not called:
        raise insufficient("pathway")
    return pathway(called[-1].removeprefix("pathway:"))


def noted(world: World, item: str) -> bool:
    """Whether an act stands in the chart."""
    return any(n.item == item for n in world.notes)


@tool(effect="order", minutes=1, domains=HERE)
def activate_pathway(ctx: Context, pathway: PathwayName) -> Outcome:
    """Start a pathway: its services are told, its clock is the time since arrival.

    Fields:
        pathway: Which pathway.

    """
    chosen = _named(pathway)
    first = chosen.phases[0]
    return Outcome(
        content={
            "active": chosen.id,
            "title": chosen.title,
            "minute": minutes(ctx.done),
            "first_phase": {"id": first.id, "owner": first.owner},
        },
        effect=Effect(kind="noted", item=f"pathway:{chosen.id}"),
    )


def _named(id_: str) -> Pathway:
    return pathway(id_)


def _shown(state: ActState) -> str:
    act = state.act
    due = "" if act.deadline_min is None else f" by minute {act.deadline_min:g}"
    return f"{state.state}{due if state.state != 'done' else ''} {act.words}".strip()


def _phase(state: PhaseState) -> dict[str, Any]:
    return {
        "owner": state.phase.owner,
        "open": state.open,
        "complete": state.complete,
        "acts": {a.act.id: _shown(a) for a in state.acts},
    }


@tool(effect="read", minutes=1, domains=HERE)
def check_phase(ctx: Context, phase: PhaseName = "") -> Outcome:
    """Phases of the active pathway: owner, open or not, its acts with their state and deadline.

    An act is done, pending, overdue, or closed as long as what it rests on has not been seen.

    Fields:
        phase: Only this phase; empty for all.

    """
    states = phases(active(ctx.world), ctx.world)
    shown = {s.phase.id: _phase(s) for s in states if phase in {"", s.phase.id}}
    if not shown:
        raise insufficient(f"phase:{phase}")
    return Outcome(content={"minute": minutes(ctx.done), "phases": shown}, reveals=("phases:seen",))


@tool(effect="read", minutes=1, domains=HERE)
def check_bundle(ctx: Context, bundle: PathwayName) -> Outcome:
    """Which acts of a pathway's bundle are done, pending or overdue in this patient's chart.

    Fields:
        bundle: The pathway whose bundle is audited.

    """
    chosen = _named(bundle)
    states = [a for p in phases(chosen, ctx.world) for a in p.acts if a.act.id in chosen.bundle]
    found = {a.act.id: _shown(a) for a in states}
    done = sum(a.state == "done" for a in states)
    return Outcome(
        content={"bundle": chosen.id, "done": f"{done} of {len(found)}", "acts": found},
        reveals=("phases:seen",),
    )


@tool(effect="order", minutes=1, domains=HERE)
def call_pathway_team(ctx: Context, team: Team) -> Outcome:
    """Call a team to the patient; it says when it can be ready.

    Fields:
        team: Which team.

    """
    p = ctx.world.patient
    wait = stream(p.variant, p.seed, "team", team).integer(5, 15)
    content: dict[str, Any] = {"called": team, "here_at_minute": minutes(ctx.done) + wait}
    if team == "cath_lab":
        usual = stream(p.variant, p.seed, "device").integer(45, 90)
        content["device_possible_in_min"] = p.extra.get("device_min", usual)
    return Outcome(content=content, effect=Effect(kind="noted", item=f"team:{team}"))


@tool(effect="order", minutes=3, domains=HERE)
def perform_pathway_procedure(ctx: Context, procedure: Procedure) -> Outcome:
    """Do, or let the called team do, a procedure.

    Fields:
        procedure: pci and thrombectomy open an artery and need their team; so does embolectomy.

    """
    world = ctx.world
    team = _BY_TEAM.get(procedure)
    if team is not None and not noted(world, f"team:{team}"):
        raise insufficient(f"team:{team}")
    late = float(world.patient.extra.get("device_min", 0))
    if procedure == "pci" and late > 120:
        raise insufficient(f"catheter laboratory before minute {late:g}")
    if procedure == "epidural_removal" and not world.patient.extra.get("epidural", False):
        raise insufficient("epidural catheter")
    return Outcome(
        content={"done": procedure, "at_minute": minutes(ctx.done)},
        effect=Effect(kind="noted", item=f"procedure:{procedure}"),
    )


@tool(effect="read", minutes=2, domains=HERE)
def establish_last_known_well(ctx: Context) -> Outcome:
    """Ask family or witnesses when the patient was last seen well, and about blood thinners."""
    p = ctx.world.patient
    hours = p.extra.get("last_known_well_h")
    if hours is None:
        return Outcome(content={"last_known_well": f"ill for about {p.onset_h:.0f} h"})
    passed = round(float(hours) + minutes(ctx.done) / 60, 1)
    thinned = bool(p.extra.get("anticoagulated", False))
    return Outcome(
        content={
            "last_known_well_h": float(hours),
            "hours_now": passed,
            "anticoagulant_within_48_h": thinned,
        },
        reveals=("last_known_well",),
    )


def _nihss_items(points: int) -> tuple[int, ...]:
    """Item scores that add up to the points: limb, face, speech first (items 1a to 11)."""
    limits = {6: 4, 8: 4, 4: 2, 12: 3, 13: 2, 11: 2, 3: 2, 14: 2, 1: 1}
    items, left = [0] * 15, points
    for index, most in limits.items():
        items[index] = min(most, left)
        left -= items[index]
    return tuple(items)


def _points(world: World, done: int) -> int:
    """Points now; a patient whose low sugar was corrected has none left."""
    points = int(world.patient.extra.get("nihss", 0))
    return 0 if _corrected(world, done) else points


def _corrected(world: World, done: int) -> bool:
    sugar = [g.at for g in world.given if g.drug.startswith("dextrose")]
    low = truth(world, "lab:glucose_mg_dl", 0)
    was_low = isinstance(low, float) and low < SUGAR_LOW
    return was_low and any(done - at >= SUGAR_MIN * MINUTE for at in sugar)


@tool(effect="read", minutes=4, domains=HERE)
def assess_nihss(ctx: Context) -> Outcome:
    """NIH stroke scale (Brott, Stroke 1989) from an examination now."""
    world = ctx.world
    result = calc("nihss", {"item_scores_1a_to_11": _nihss_items(_points(world, ctx.done))})
    sugar = [g.at for g in world.given if g.drug.startswith("dextrose")]
    again = any(ctx.done - at >= SUGAR_MIN * MINUTE for at in sugar)
    reveals = ("score:nihss", "score:nihss_again") if again else ("score:nihss",)
    return Outcome(content={"nihss": result.value, "band": result.band}, reveals=reveals)


@tool(effect="read", minutes=1, domains=HERE)
def read_operation_note(ctx: Context) -> Outcome:
    """The surgeons' and anaesthetists' notes: what was done, when, and what is still in place."""
    x = ctx.world.patient.extra
    if "operation" not in x:
        return Outcome(content={"operation": "none in the last three months"})
    return Outcome(
        content={
            "operation": x["operation"],
            "hours_ago": x["operated_h"],
            "epidural_catheter": "in place" if x["epidural"] else "none",
        },
        reveals=("operation",),
    )


def _newest(world: World, done: int, test: str) -> dict[str, float]:
    """Printed values of the newest result of a test; empty where there is none."""
    found = [o for o in world.orders if o.item == f"lab:{test}" and o.due <= done]
    if not found:
        return {}
    at = max(o.placed for o in found)
    return {k: v.value for k, v in measured_labs(world.patient, world.given, test, at).items()}


def _supplementary(world: World, done: int, months: int) -> int:
    """Laboratory criteria of an incomplete disease that hold (McCrindle, Circulation 2017)."""
    v: dict[str, float] = {}
    for test in ("cbc", "liver_panel", "urinalysis"):
        v |= _newest(world, done, test)
    low = 11.0 if months < 72 else 11.5  # anaemia for age (WHO 2011)
    return sum(
        (
            v.get("hemoglobin_g_dl", 99) < low,
            v.get("platelets_10e9_l", 0) >= 450 and world.patient.onset_h >= 7 * 24,
            v.get("albumin_g_dl", 9) <= 3.0,
            v.get("alt_u_l", 0) > 45,
            v.get("wbc_10e9_l", 0) >= 15,
            v.get("urine_leukocytes_hpf", 0) >= 10,
        )
    )


@tool(effect="read", minutes=2, domains=HERE)
def count_kawasaki_signs(ctx: Context) -> Outcome:
    """Days of fever, the five signs and the AHA 2017 algorithm, from what was seen and measured."""
    world = ctx.world
    need(world, *_LOOKED)
    p = world.patient
    signs = {findings()[s].text: p.findings.get(s, False) for s in (*_CHILD_SIGNS, _NODE)}
    months = p.age_years * 12 + 6
    wide = p.imaging.get("echocardiogram") == "coronary_wide"
    days = int(p.onset_h // 24)
    result = calc(
        "kawasaki",
        {
            "fever_days": days,
            "principal_features_of_5": sum(signs.values()),
            "age_months": months,
            "crp_mg_dl": round(_newest(world, ctx.done, "crp")["crp_mg_l"] / 10, 2),
            "esr_mm_h": min(_newest(world, ctx.done, "esr")["esr_mm_h"], 200),
            "supplementary_labs_of_6": _supplementary(world, ctx.done, months),
            "echo_positive": wide and "imaging:echocardiogram" in world.observed,
        },
    )
    return Outcome(
        content={
            "fever_days": days,
            "signs": [name for name, on in signs.items() if on],
            "laboratory_criteria": _supplementary(world, ctx.done, months),
            "algorithm": result.value,
        },
        reveals=("score:kawasaki",),
    )


@tool(effect="read", minutes=10, domains=HERE)
def swab_throat(ctx: Context) -> Outcome:
    """Rapid test of a throat swab for group A streptococci."""
    positive = truth(ctx.world, "condition", ctx.done) == "scarlet_fever"
    return Outcome(
        content={"streptococcal_antigen": "positive" if positive else "negative"},
        reveals=("lab:strep_antigen",),
    )
