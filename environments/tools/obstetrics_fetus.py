"""Obstetrics: the fetus, the womb and the cervix."""

from typing import Any

from ...bus.events import Effect
from ...knowledge.instruments.core import calc
from ...knowledge.obstetrics import VIABLE, tracing, week
from ...knowledge.patients import Patient
from ...knowledge.rng import stream
from ...knowledge.studies import report
from ...knowledge.variants import findings
from ..errors import insufficient
from ..tool import Context, Outcome, tool
from .obstetrics import HERE, need


def _gestation(patient: Patient, least: int = 0) -> int:
    """Completed weeks. Refuses after birth and before the least week. Raises ToolRefused."""
    found = week(patient)
    if found is None:
        raise insufficient("pregnancy")
    if found < least:
        raise insufficient(f"gestation of {least} weeks")
    return found


@tool(effect="read", minutes=1, domains=HERE)
def measure_fundal_height(ctx: Context) -> Outcome:
    """Height of the womb above the pubic bone (cm); about the weeks of gestation from week 20."""
    p = ctx.world.patient
    weeks = _gestation(p, 20)
    growth = {"small": -4, "large": 4}.get(p.imaging.get("obstetric_ultrasound", ""), 0)
    off = stream(p.variant, p.seed, "fundus").integer(-1, 1)
    return Outcome(
        content={"fundal_height_cm": weeks + growth + off, "expected_cm": weeks},
        reveals=("fundal_height",),
    )


@tool(effect="read", minutes=5, domains=HERE)
def read_ctg(ctx: Context) -> Outcome:
    """Heart rate tracing of the fetus, in the features of NICHD; from 24 weeks."""
    p = ctx.world.patient
    _gestation(p, VIABLE)
    return Outcome(content={"tracing": tracing(p)}, reveals=("procedure:fetal_monitoring",))


@tool(effect="read", minutes=1, domains=HERE)
def classify_tracing(ctx: Context) -> Outcome:
    """Category I, II or III of the tracing that was read (NICHD 2008)."""
    need(ctx.world, "procedure:fetal_monitoring")
    found = calc("fhr_nichd", tracing(ctx.world.patient))
    content: dict[str, Any] = {"category": found.value}
    if found.warnings:
        content["note"] = found.warnings[0]
    return Outcome(content=content, reveals=("score:fhr_nichd",))


_CLOSED: dict[str, Any] = {
    "dilation_cm": 0,
    "effacement_percent": 20,
    "station": -3,
    "consistency": "firm",
    "position": "posterior",
}


def _cervix(patient: Patient) -> dict[str, Any]:
    return {k: patient.extra.get(k, closed) for k, closed in _CLOSED.items()}


@tool(effect="order", minutes=2, domains=HERE)
def perform_cervical_exam(ctx: Context) -> Outcome:
    """Digital vaginal examination of the cervix; see the placenta first when she bleeds."""
    p = ctx.world.patient
    _gestation(p)
    cord = findings()["cord_felt"]
    shown = [cord.text if p.findings["cord_felt"] else cord.denied]
    return Outcome(
        content={**_cervix(p), "exam": {"cervix": shown}},
        reveals=("exam:cervix", "finding:cord_felt"),
        effect=Effect(kind="noted", item="act:cervical_exam"),
    )


@tool(effect="read", minutes=1, domains=HERE)
def calculate_bishop(ctx: Context) -> Outcome:
    """Bishop score of the examined cervix: how ready it is for induction."""
    need(ctx.world, "exam:cervix")
    found = calc("bishop", _cervix(ctx.world.patient))
    return Outcome(
        content={"bishop": found.value, "band": found.band, "points": found.components},
        reveals=("score:bishop",),
    )


def _pocket_cm(patient: Patient) -> float:
    """Deepest pocket of fluid: less in a small fetus, more in a large one, little after rupture."""
    s = stream(patient.variant, patient.seed, "fluid")
    seen = patient.imaging.get("obstetric_ultrasound", "")
    usual = {"small": s.uniform(1.4, 2.6), "large": s.uniform(6.5, 8.4)}
    depth = usual.get(seen, s.uniform(3.2, 5.6))
    return round(depth * (0.4 if patient.findings["waters_gone"] else 1.0), 1)


@tool(effect="read", minutes=5, domains=HERE)
def measure_amniotic_fluid(ctx: Context) -> Outcome:
    """Amniotic fluid index and deepest pocket by ultrasound (cm)."""
    p = ctx.world.patient
    _gestation(p, 20)
    deepest = _pocket_cm(p)
    total = round(deepest * stream(p.variant, p.seed, "quadrants").uniform(2.9, 3.3), 1)
    return Outcome(
        content={
            "afi_cm": total,
            "afi": calc("afi", {"afi_cm": total}).value,
            "deepest_pocket_cm": deepest,
            "by_pocket": calc("mvp", {"max_vertical_pocket_cm": deepest}).value,
        },
        reveals=("score:afi",),
    )


@tool(effect="read", minutes=20, domains=HERE)
def biophysical_profile(ctx: Context) -> Outcome:
    """Biophysical profile: five signs of well-being of the fetus, 2 points each."""
    p = ctx.world.patient
    _gestation(p, VIABLE)
    shown = tracing(p)
    good = shown["variability"] == "moderate"
    found = calc(
        "bpp",
        {
            "nst_reactive": bool(shown["accelerations_present"]),
            "breathing_30s_in_30min": good,
            "three_body_movements": not p.findings["moves_less"],
            "tone_one_extension_flexion": shown["variability"] != "absent",
            "max_vertical_pocket_cm": _pocket_cm(p),
        },
    )
    return Outcome(
        content={"bpp": found.value, "band": found.band, "points": found.components},
        reveals=("score:bpp",),
    )


@tool(effect="read", minutes=8, domains=HERE)
def obstetric_ultrasound(ctx: Context) -> Outcome:
    """Scan at the bedside: where the pregnancy and the placenta lie, growth, the cavity."""
    p = ctx.world.patient
    text = report(p, "obstetric_ultrasound")
    return Outcome(
        content={"imaging": {"obstetric_ultrasound": text}},
        reveals=("imaging:obstetric_ultrasound",),
    )
