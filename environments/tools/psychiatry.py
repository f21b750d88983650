"""Psychiatry: interviews that are scored, the mental state, and what others tell."""

from typing import Any, Literal

from ...bus.events import PatientAnswered
from ...knowledge import psychiatry as hidden
from ...knowledge.instruments.core import calc
from ...knowledge.labs import catalogue
from ...knowledge.variants import findings
from ..errors import insufficient
from ..tool import Context, Outcome, tool

HERE = ("psychiatry",)


def hiding(ctx: Context) -> bool:
    """Whether this patient still conceals thoughts of suicide."""
    return hidden.concealed(ctx.world.patient) and "collateral" not in ctx.world.observed


def _scored(name: str, inputs: dict[str, Any], *, shown: dict[str, Any] | None = None) -> Outcome:
    result = calc(name, inputs)
    content = {name: result.value, "band": result.band, **(shown or {})}
    return Outcome(content=content, reveals=(f"score:{name}",))


def _interview(name: str, inputs: dict[str, Any], answers: dict[str, Any]) -> Outcome:
    """A scored interview: the answers count as said."""
    plain = _scored(name, inputs, shown=answers)
    text = ", ".join(f"{k} {v}" for k, v in answers.items())
    return Outcome(
        content=plain.content,
        reveals=plain.reveals,
        said=PatientAnswered(question=f"Questions of {name}", answer=text, topics=[]),
    )


@tool(effect="read", minutes=5, domains=HERE)
def administer_phq9(ctx: Context) -> Outcome:
    """PHQ-9 as an interview: how deep a depression is (0 to 27)."""
    items = hidden.phq9(ctx.world.patient, hiding=hiding(ctx))
    answers = {"no_interest": items[0], "guilt": items[5], "thoughts_of_death": items[8]}
    return _interview("phq9", {"items_1_to_9": items}, answers)


@tool(effect="read", minutes=4, domains=HERE)
def administer_gad7(ctx: Context) -> Outcome:
    """GAD-7 as an interview: how severe anxiety is (0 to 21)."""
    items = hidden.gad7(ctx.world.patient)
    return _interview("gad7", {"items_1_to_7": items}, {"nervous": items[0], "worrying": items[1]})


@tool(effect="read", minutes=5, domains=HERE)
def administer_cssrs(ctx: Context) -> Outcome:
    """C-SSRS screener: wish, thoughts, method, intent, plan, behaviour.

    A guarded patient denies everything; the screen then counts for nothing until somebody close
    was heard and it is done again.
    """
    guarded = hiding(ctx)
    answers = hidden.denied() if guarded else hidden.cssrs(ctx.world.patient)
    result = calc("cssrs_screener", answers)
    yes = [k for k, v in answers.items() if v]
    return Outcome(
        content={"yes": yes, "screen": result.value, "guarded": guarded},
        reveals=("c_ssrs:guarded",) if guarded else ("score:c_ssrs",),
        said=PatientAnswered(question="C-SSRS", answer=", ".join(yes) or "no to all", topics=[]),
    )


@tool(effect="read", minutes=2, domains=HERE)
def administer_audit_c(ctx: Context) -> Outcome:
    """AUDIT-C as an interview: risky drinking (0 to 12)."""
    p = ctx.world.patient
    items = hidden.audit_c(p)
    sex = "female" if p.sex == "F" else "male"
    return _interview("audit_c", {"items_1_to_3": items, "sex": sex}, {"frequency": items[0]})


@tool(effect="read", minutes=8, domains=HERE)
def administer_pcl5(ctx: Context) -> Outcome:
    """PCL-5 as an interview: stress after trauma (0 to 80)."""
    items = hidden.pcl5(ctx.world.patient)
    return _interview("pcl5", {"items_1_to_20": items}, {"intrusion": sum(items[:5])})


@tool(effect="read", minutes=5, domains=HERE)
def administer_mdq(ctx: Context) -> Outcome:
    """MDQ as an interview: screen for bipolar disorder, past spells included."""
    answers = hidden.mdq(ctx.world.patient)
    return _interview("mdq", answers, answers)


@tool(effect="read", minutes=4, domains=HERE)
def assess_ciwa_ar(ctx: Context) -> Outcome:
    """CIWA-Ar: severity of alcohol withdrawal; means little where nobody drank."""
    return _scored("ciwa_ar", hidden.ciwa_ar(ctx.world.patient))


@tool(effect="read", minutes=4, domains=HERE)
def assess_cows(ctx: Context) -> Outcome:
    """COWS: severity of opioid withdrawal."""
    return _scored("cows", hidden.cows(ctx.world.patient))


@tool(effect="read", minutes=3, domains=HERE)
def assess_4at(ctx: Context) -> Outcome:
    """4AT: delirium at the bedside."""
    return _scored("4at", hidden.four_at(ctx.world.patient))


@tool(effect="read", minutes=6, domains=HERE)
def mental_status_examination(ctx: Context) -> Outcome:
    """Speech, movement, attention and mood as seen; what is thought must be asked."""
    has = ctx.world.patient.findings
    signs = {k: has[k] for k in ("psy_slowed", "psy_inattentive", "psy_fine_tremor") if k in has}
    shown = [findings()[k].text if there else findings()[k].denied for k, there in signs.items()]
    return Outcome(
        content={"seen": shown, "guarded": hiding(ctx)},
        reveals=("mental_status", *(f"finding:{k}" for k in signs)),
    )


@tool(effect="read", minutes=5, domains=HERE)
def assess_decision_capacity(
    ctx: Context, decision: Literal["treatment", "leaving", "admission"]
) -> Outcome:
    """Whether the patient can understand, weigh and tell a choice (Appelbaum, NEJM 2007).

    Fields:
        decision: The choice at hand.

    """
    if "mental_status" not in ctx.world.observed:
        raise insufficient("mental_status")
    lacking = ctx.world.patient.findings.get("psy_inattentive", False)
    return Outcome(
        content={"decision": decision, "understands": not lacking, "capacity": not lacking},
        reveals=(f"capacity:{decision}",),
    )


@tool(effect="read", minutes=8, domains=HERE)
def contact_collateral(ctx: Context) -> Outcome:
    """Hear somebody close: what the patient did and said lately."""
    p = ctx.world.patient
    level = hidden.risk(p)
    said = {
        "low": "no word of wanting to die",
        "moderate": "spoke of not wanting to live",
        "high": "worried: farewells, or pills put aside",
    }
    return Outcome(content={"relative": said[level]}, reveals=("collateral",))


_WATCHED = {
    "lithium": ("bmp", "tsh"),
    "valproate": ("liver_panel", "cbc"),
    "clozapine": ("differential",),
    "olanzapine": ("hba1c",),
    "quetiapine": ("hba1c",),
}


@tool(effect="read", minutes=1, domains=HERE)
def check_psychotropic_monitoring(
    ctx: Context,
    drug: Literal["lithium", "valproate", "clozapine", "olanzapine", "quetiapine"],
) -> Outcome:
    """Which tests a psychotropic drug needs before it is begun, and which are resulted here.

    Fields:
        drug: The drug in mind.

    """
    needed = [t for t in _WATCHED[drug] if t in catalogue().tests]
    there = [t for t in needed if f"lab:{t}" in ctx.world.observed]
    return Outcome(
        content={"drug": drug, "needed": needed, "resulted": there},
        reveals=(f"monitoring:{drug}",),
    )
