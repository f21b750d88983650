"""Scores of a stay, computed from the rows that were read; what was not read is named."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from ...knowledge.stays import scores, worst
from ...knowledge.stays.course import plan_of
from ...knowledge.stays.papers import YEAR_DAYS, papers
from ...knowledge.stays.scores import Scored
from ..errors import insufficient
from ..tool import Context, Outcome, tool
from .ehr_management import HERE, HadmId, Hour, admission_note, charted, need, past, read, signs_of

Count = Annotated[int, Meta(ge=0, le=50)]


def _shown(name: str, found: Scored, fact: str) -> Outcome:
    if found.missing:
        raise insufficient(*found.missing)
    content: dict[str, Any] = {name: int(found.value)}
    points = {k: v for k, v in found.parts.items() if v}
    if points:
        content["points"] = points
    if found.band:
        content["band"] = found.band
    if found.unread:
        content["rows_left_unread_in_the_window"] = list(found.unread)
    if found.unmeasured:
        content["not_measured_taken_as_normal"] = list(found.unmeasured)
    return Outcome(content=content, reveals=(fact,))


@tool(effect="read", minutes=1, domains=HERE)
def calculate_sofa(ctx: Context, hour: Hour, version: Literal["sofa", "sofa2"] = "sofa") -> Outcome:
    """SOFA at an hour from the worst rows read of the 24 hours before it.

    Needs platelets, bilirubin, creatinine, gas, vital signs, inputs and outputs of that time;
    SOFA-2 potassium and bicarbonate, too. Support of breathing: ventilator; SOFA-2 high flow, too.

    Fields:
        hour: Hour of the stay.
        version: sofa (1996, as in Sepsis-3) or sofa2 (2025).

    """
    past(ctx.world, hour)
    rows, every = read(ctx.world), charted(ctx.world)
    if version == "sofa":
        found = worst.sofa(rows, every, hour)
    else:
        found = worst.sofa2(rows, every, hour, ctx.world.patient.weight_kg)
    return _shown(version, found, f"score:{version}:{hour}")


@tool(effect="read", minutes=1, domains=HERE)
def calculate_news2_at(
    ctx: Context, hour: Hour, spo2_scale: Literal[1, 2] = 1, hadm_id: HadmId = 0
) -> Outcome:
    """NEWS2 of the last set of vital signs at or before an hour; that set must have been read.

    Fields:
        hour: Hour of the stay.
        spo2_scale: 2 only where a target of 88-92 percent was ordered.
        hadm_id: Another inpatient of search_census; 0 or left out, this stay.

    """
    rows, owner = signs_of(ctx.world, hadm_id)
    found = [r for r in rows if r.hour <= hour]
    if not found:
        raise insufficient("vitals")
    if not owner:
        past(ctx.world, hour)
    if not found[-1].complete:
        raise insufficient(f"complete vital signs at hour {found[-1].hour:g}")
    if f"row:{owner}{found[-1].id}" not in ctx.world.observed:
        raise insufficient(f"vitals at hour {found[-1].hour:g}")
    return _shown("news2", scores.news2(found[-1], spo2_scale), f"score:news2:{owner}{hour}")


@tool(effect="read", minutes=1, domains=HERE)
def calculate_apache_ii(
    ctx: Context, *, acute_renal_failure: bool, chronic_insufficiency: bool
) -> Outcome:
    """APACHE II of the first 24 hours in intensive care from the rows read (not after surgery).

    Needs the intensive care stay, sodium, potassium, creatinine, hematocrit, wbc, gas, vital signs.

    Fields:
        acute_renal_failure: As the intensive care note says.
        chronic_insufficiency: Severe organ insufficiency or immunocompromise, as the note says.

    """
    need(ctx.world, "icu_stays")
    p = ctx.world.patient
    start = plan_of(p).icu
    if start < 0:
        raise insufficient("a stay in intensive care")
    found = worst.apache(
        read(ctx.world),
        charted(ctx.world),
        start,
        p.age_years,
        failure=acute_renal_failure,
        chronic=chronic_insufficiency,
    )
    return _shown("apache_ii", found, "score:apache_ii")


@tool(effect="read", minutes=1, domains=HERE)
def stage_aki(
    ctx: Context, hour: Hour, baseline: Literal["previous_admission", "lowest_of_stay"]
) -> Outcome:
    """KDIGO stage of acute kidney injury at an hour from creatinine and urine rows read.

    Needs the newest creatinine and all urine rows up to the hour.

    Fields:
        hour: Hour of the stay.
        baseline: previous_admission needs compare_admissions of a stay within a year.

    """
    world = ctx.world
    past(world, hour)
    need(world, "admission")
    rows = read(world)
    if baseline == "previous_admission":
        known = [
            a for a in papers(world.patient).earlier if f"compared:{a.hadm_id}" in world.observed
        ]
        recent = [a.creatinine for a in known if a.creatinine and a.days_before <= YEAR_DAYS]
        if not recent:
            raise insufficient("creatinine of a compared stay within a year")
        base = recent[0]
    else:
        own = scores.labs_in(rows, "creatinine", -1, hour)
        if not own:
            raise insufficient("creatinine")
        base = min(r.value for r in own)
    found = scores.kdigo(rows, charted(world), hour, base, world.patient.weight_kg)
    shown = _shown("kdigo_stage", found, f"score:kdigo:{hour}")
    return Outcome(content={**shown.content, "baseline_mg_dl": base}, reveals=shown.reveals)


@tool(effect="read", minutes=1, domains=HERE)
def calculate_lace(ctx: Context, ed_visits: Count) -> Outcome:
    """LACE index at discharge now; needs the admission, the earlier ones and the admission note.

    Fields:
        ed_visits: Emergency visits in the six months before this stay, as you counted them.

    """
    p = ctx.world.patient
    note = admission_note(p)
    need(ctx.world, "admission", "earlier_admissions", f"row:{note}")
    plan = plan_of(p)
    found = scores.lace(
        plan.hours // 24, acute=not plan.elective, illnesses=p.comorbidities, ed_visits=ed_visits
    )
    return _shown("lace", found, "score:lace")
