"""At the bedside: vital signs, examination, ECG."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from ...bus.events import Effect
from ...knowledge.measurements import reference
from ...knowledge.physiology import MINUTE, measured_vitals
from ...knowledge.studies import ecg_text
from ...knowledge.variants import findings
from ...knowledge.world import minutes
from ..tool import Context, Outcome, tool

System = Literal["general", "chest", "heart", "abdomen", "neuro", "limbs", "skin"]
_FLAGS = {
    "hr_bpm": (60, 100),
    "sbp_mmhg": (90, 140),
    "rr_pm": (12, 20),
    "temperature_c": (36.0, 37.9),
    "spo2_pct": (95, 100),
    "gcs": (15, 15),
}


_ADULT = 18


def _limits(key: str, age_years: int) -> tuple[float, float]:
    low, high = _FLAGS.get(key, (-1e9, 1e9))
    if age_years >= _ADULT or key not in _FLAGS:
        return low, high
    child = reference(key, age_years)
    return child.low or low, child.high or high


def flagged(vitals: dict[str, float], age_years: int = _ADULT) -> dict[str, str]:
    """Vital signs as the monitor shows them, with H or L outside the usual range of that age."""
    out: dict[str, str] = {}
    for key, value in vitals.items():
        low, high = _limits(key, age_years)
        flag = "L" if value < low else "H" if value > high else ""
        out[key] = f"{value:g} {flag}".rstrip()
    return out


@tool(effect="read", minutes=1)
def get_vital_signs(ctx: Context) -> Outcome:
    """Measure vital signs now."""
    world = ctx.world
    vitals = measured_vitals(world.patient, world.given, ctx.done)
    shown = flagged(vitals, world.patient.age_years)
    return Outcome(content={"vitals": shown}, reveals=("vitals",))


@tool(effect="read", minutes=1)
def get_vital_signs_trend(ctx: Context, readings: Annotated[int, Meta(ge=2, le=12)] = 4) -> Outcome:
    """The monitor's vital signs since arrival, evenly spaced.

    Fields:
        readings: How many readings, 2 to 12.

    """
    world = ctx.world
    shown: list[dict[str, Any]] = []
    for i in range(readings):
        at = ctx.done * i // (readings - 1) // MINUTE * MINUTE
        v = measured_vitals(world.patient, world.given, at)
        keep = {k: v[k] for k in ("hr_bpm", "sbp_mmhg", "rr_pm", "spo2_pct", "temperature_c")}
        shown.append({"minute": minutes(at), **keep})
    change = {k: round(shown[-1][k] - shown[0][k], 1) for k in shown[0] if k != "minute"}
    return Outcome(
        content={"readings": shown, "change": change}, reveals=("vitals", "vitals_trend")
    )


@tool(effect="read", minutes=3)
def examine_patient(ctx: Context, system: System) -> Outcome:
    """Examine one body system.

    Fields:
        system: Which system.

    """
    p = ctx.world.patient
    signs = {k: f for k, f in findings().items() if f.system == system and k in p.findings}
    return Outcome(
        content={
            "exam": {system: [f.text if p.findings[k] else f.denied for k, f in signs.items()]}
        },
        reveals=(f"exam:{system}", *(f"finding:{k}" for k in signs)),
    )


@tool(effect="order", minutes=5)
def perform_ecg(ctx: Context) -> Outcome:
    """Record and read a 12-lead ECG."""
    world = ctx.world
    count = 1 + sum(o.item == "procedure:ecg" for o in world.orders)
    return Outcome(
        content={"ecg": ecg_text(world.patient, world.given, ctx.done)},
        reveals=("procedure:ecg",),
        effect=Effect(kind="ordered", item="procedure:ecg", order=f"E{count}", due=ctx.done),
    )
