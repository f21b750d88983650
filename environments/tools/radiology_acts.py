"""The radiologist grades, asks for views, tells what cannot wait, drafts and reports."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ...bus.events import Answer, Effect
from ...knowledge.domains.radiology_report import CRITICAL_MIN, truth
from ...knowledge.radiology.kinds import FollowUp, Impression, Kind, type_of
from ...knowledge.radiology.readings import Reading, Unread
from ...knowledge.radiology.report import worst
from ...knowledge.radiology.studies import Study
from ...knowledge.radiology.systems import EMPTY, ORDERS, WHOLE, Grade, advice, grade, graded, means
from ...knowledge.world import World, minutes
from ..errors import ToolRefused, insufficient, invalid
from ..tool import Context, Outcome, tool
from .radiology_report import HERE, found, opened, reader_knows, readings
from .shared import Text

System = Literal[
    "fleischner_2017",
    "lung_rads_2022",
    "ti_rads",
    "bi_rads_management",
    "li_rads_2018",
    "pi_rads_2_1",
    "cad_rads_2",
    "bosniak_2019",
    "kellgren_lawrence",
    "aspects",
]
Category = Literal[
    "none",
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "10",
    "4A",
    "4B",
    "4C",
    "4X",
    "TR1",
    "TR2",
    "TR3",
    "TR4",
    "TR5",
    "LR-3",
    "LR-4",
    "LR-5",
    "LR-M",
    "LR-TIV",
    "I",
    "II",
    "IIF",
    "III",
    "IV",
]
Critical = Literal[
    "acute_infarct",
    "aortic_dissection",
    "appendicitis",
    "diverticulitis",
    "ectopic_pregnancy",
    "fracture",
    "free_air",
    "intracranial_haemorrhage",
    "obstruction",
    "pneumonia",
    "pneumothorax",
    "pulmonary_embolism",
    "ruptured_aneurysm",
    "tension_pneumothorax",
]
Laterality = Literal["left", "right", "none"]
Size = Annotated[float, Meta(gt=0, le=400)]


class ReportedFinding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A finding of the report."""

    region: str
    type: str
    laterality: Laterality = "none"
    size_mm: Size | None = None


def _of_this_study(system: str, study: Study) -> None:
    known = [s for s in study.kind.systems.values() if s]
    if system not in known:
        raise invalid("system", f"for this study: {', '.join(known) or 'none'}", system)


def _need_context(world: World, system: str, study: Study, among: Sequence[Reading]) -> None:
    """Refuse where the question or the comparison is missing. Raises ToolRefused."""
    missing = [] if "indication" in world.observed else ["indication"]
    if study.order.prior_months and system in {"lung_rads_2022", "li_rads_2018"}:
        facts = [f"compared:{one.id}" for one in among]
        missing += [f for f in facts if f not in world.observed]
    if missing:
        raise insufficient(*missing)


def _graded(world: World, system: str, study: Study, lesion: str) -> tuple[Grade | None, str]:
    """Grade of a lesion (or of the study), and the type that was graded. Raises ToolRefused."""
    known = graded(study.kind, readings(world, study))
    if system in WHOLE:
        unseen = [f"region:{r}" for r in study.kind.regions if f"region:{r}" not in world.observed]
        if unseen:
            raise insufficient(*unseen)
        chosen = known[:1]
    else:
        _, one = found(world, lesion, looked_at=True)
        chosen = [r for r in known if r.id == one.id]
    if not chosen and system not in WHOLE:
        return None, ""
    if not chosen:
        empty = EMPTY[system]
        return Grade(system=system, category=empty, advice=advice(system, empty)), ""
    _need_context(world, system, study, chosen)
    try:
        return grade(system, chosen[0], reader_knows(world, study), known), chosen[0].id
    except Unread as unread:
        raise insufficient(*unread.missing) from unread


@tool(effect="read", minutes=1, domains=HERE)
def classify_lesion(ctx: Context, system: System, lesion: str = "") -> Outcome:
    """Run a reporting system on what you have read: signs, sizes, comparison, risks.

    Fields:
        system: The reporting system of this kind of study and setting.
        lesion: Id of the lesion; left out for systems of the whole study (CAD-RADS, ASPECTS).

    """
    study = opened(ctx.world)
    _of_this_study(system, study)
    result, id_ = _graded(ctx.world, system, study, lesion)
    if result is None:
        content: dict[str, Any] = {"system": system, "lesion": lesion, "applies": False}
        return Outcome(content=content)
    content = {"system": system, "lesion": id_, "category": result.category}
    if result.category == "none":
        content["recommendation"] = result.advice
    return Outcome(content=content, reveals=(f"score:{system}",))


@tool(effect="read", minutes=1, domains=HERE)
def get_follow_up_recommendation(ctx: Context, system: System) -> Outcome:
    """What the gravest category you have classified asks for, in words and as a report code.

    Fields:
        system: A system that classify_lesion has been run with.

    """
    study = opened(ctx.world)
    _of_this_study(system, study)
    if f"score:{system}" not in ctx.world.observed:
        raise insufficient(f"score:{system}")
    try:
        best, id_ = worst(
            study.kind, system, reader_knows(ctx.world, study), _complete(ctx.world, study)
        )
    except Unread as unread:
        raise insufficient(*unread.missing) from unread
    if best is None:
        best = Grade(system=system, category=EMPTY[system], advice=advice(system, EMPTY[system]))
    content = {
        "system": system,
        "lesion": id_,
        "category": best.category,
        "advice": best.advice,
        "follow_up": list(means(best)[1]),
    }
    return Outcome(content=content, reveals=(f"follow_up:{system}",))


def _complete(world: World, study: Study) -> list[Reading]:
    """Readings of what must be reported, and of harmless things where there is nothing else."""
    known = readings(world, study)
    types = study.kind.types
    must = [r for r in known if (n := type_of(study.kind, r.features)) and not types[n].optional]
    return must if graded(study.kind, must) else known


@tool(effect="read", minutes=1, domains=HERE)
def get_report_template(ctx: Context) -> Outcome:
    """What this study is reported with: types with their signs, system and its categories."""
    study = opened(ctx.world)
    kind = study.kind
    types: dict[str, Any] = {}
    for name, t in kind.types.items():
        notes = ["sized"] * t.sized + ["optional"] * t.optional
        notes += [f"critical: {t.critical}"] if t.critical else []
        types[name] = {"signs": t.signs, "notes": notes} if notes else {"signs": t.signs}
    content: dict[str, Any] = {"types": types, "systems": {}}
    for setting, system in kind.systems.items():
        content["systems"][setting] = system or "none"
    own = study.system
    if "indication" in ctx.world.observed and own:
        content["categories"] = list(ORDERS[own]) or ["none"]
    return Outcome(content=content, reveals=("template",))


@tool(effect="order", minutes=15, domains=HERE)
def request_additional_view(
    ctx: Context, view: Annotated[str, Meta(min_length=2, max_length=40)]
) -> Outcome:
    """Have an additional view, phase or manoeuvre done now; then characterise the lesion again.

    Fields:
        view: A view that open_study has named.

    """
    study = opened(ctx.world)
    name = view.strip().lower()
    if name not in study.kind.views:
        raise invalid("view", f"one of: {', '.join(study.kind.views)}", view)
    if not study.order.view_possible:
        raise ToolRefused("not_permitted", error="not_permitted", reason="patient has left")
    shows = [one.id for one in study.lesions if one.view == name]
    known = [id_ for id_ in shows if f"lesion:{id_}" in ctx.world.observed]
    return Outcome(
        content={"view": name, "done": True, "look_again_at": known},
        reveals=(f"view:{name}",),
        effect=Effect(kind="noted", item=f"view:{name}", text=study.kind.views[name].name),
    )


@tool(effect="write", minutes=3, domains=HERE)
def communicate_critical_result(
    ctx: Context,
    to: Literal["referring_clinician", "on_call_team", "ward_clerk", "patient"],
    finding: Critical,
) -> Outcome:
    """Tell a result that cannot wait, by voice, with read-back; the time is logged.

    Fields:
        to: Who is told; the clinician who is responsible must be.
        finding: The critical result.

    """
    opened(ctx.world)
    if not any(f.startswith("region:") for f in ctx.world.observed):
        raise insufficient("region")
    minute = minutes(ctx.done)
    return Outcome(
        content={"told": to, "finding": finding, "minute": minute, "limit_min": CRITICAL_MIN},
        effect=Effect(kind="noted", item=f"communicated:{finding}:{to}", text=f"minute {minute}"),
    )


def _in_vocabulary(kind: Kind, field: str, one: ReportedFinding) -> ReportedFinding:
    """A finding with region and type of this study. Raises ToolRefused naming the field."""
    region = one.region.strip().lower().replace(" ", "_")
    name = one.type.strip().lower().replace(" ", "_")
    if region not in kind.regions:
        raise invalid(field, f"regions: {', '.join(kind.regions)}", one.region)
    if name not in kind.types:
        raise invalid(field, f"types: {', '.join(kind.types)}", one.type)
    return msgspec.structs.replace(one, region=region, type=name)


@tool(effect="write", minutes=1, domains=HERE)
def draft_finding(
    ctx: Context,
    region: str,
    finding_type: str,
    laterality: Laterality = "none",
    size_mm: Size | None = None,
) -> Outcome:
    """Note a finding for the report.

    Fields:
        region: A region of the opened study.
        finding_type: A type of the report template.
        laterality: Side.
        size_mm: Size, mm.

    """
    kind = opened(ctx.world).kind
    if region.strip().lower().replace(" ", "_") not in kind.regions:
        raise invalid("region", f"one of: {', '.join(kind.regions)}", region)
    said = ReportedFinding(region=region, type=finding_type, laterality=laterality, size_mm=size_mm)
    one = _in_vocabulary(kind, "finding_type", said)
    drafts = sum(n.item.startswith("draft:") for n in ctx.world.notes)
    return Outcome(
        content={"region": one.region, "type": one.type, "drafted": drafts + 1},
        effect=Effect(kind="noted", item=f"draft:{one.region}:{one.type}", text=one.laterality),
    )


@tool(effect="submit", minutes=1, domains=HERE)
def submit_reading(
    ctx: Context,
    findings: tuple[ReportedFinding, ...],
    impression: Impression,
    category: Category,
    follow_up: FollowUp,
    *,
    critical_communicated: bool,
    note: Text = "",
) -> Outcome:
    """Sign the report and end. Harmless types may be left out; an empty list is a normal study.

    Fields:
        findings: Each with region, type, laterality, and size_mm (mean or long axis) where sized.
        impression: Gravity of the whole.
        category: Category of the reporting system, "none" where it has none.
        follow_up: What is to be done next, as a code.
        critical_communicated: Whether a critical result was told to the clinician.
        note: Free text; nobody judges it.

    """
    kind = truth(ctx.world.patient)[0].kind
    known = [_in_vocabulary(kind, "findings", one) for one in findings]
    fields: dict[str, Any] = {
        "findings": [msgspec.structs.asdict(one) for one in known],
        "impression": impression,
        "category": category,
        "follow_up": follow_up,
        "critical_communicated": critical_communicated,
    }
    nothing = not known and impression in {"normal", "benign"}
    return Outcome(
        content={"submitted": True, "findings": len(known), "impression": impression},
        effect=Effect(
            kind="submitted", item="report:nothing" if nothing else "report:findings", text=category
        ),
        answer=Answer(answer=note, fields=fields),
    )
