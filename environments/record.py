"""The tools of the hospital record on a stay from outside, without any episode."""

from typing import Any

import msgspec

from ..knowledge.patients import Patient
from ..knowledge.stays.papers import papers
from ..knowledge.stays.tables import tables
from ..knowledge.world import World
from .errors import ToolRefused
from .tool import Context, Tool, parse, tools

DOMAIN = "ehr_management"
_SEEN = ("admission", "earlier_admissions", "icu_stays")


def look(patient: Patient, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """What a tool shows of a stay; everything charted counts as read. Raises ToolRefused."""
    offered = {n: t for n, t in tools(DOMAIN).items() if _browses(t)}
    known = offered.get(tool)
    if known is None:
        names = sorted(offered)
        raise ToolRefused("unknown_tool", error="unknown_tool", got=tool[:60], expected=names)
    found: dict[str, Any] = msgspec.structs.asdict(parse(known, arguments))
    found.pop("patient_id")
    world = World(patient=patient, observed=_facts(patient))
    return dict(known.run(Context(world=world, done=world.now), **found).content)


def _browses(tool: Tool) -> bool:
    """Whether a tool only reads, and reads the record only."""
    return tool.effect == "read" and tool.domains == (DOMAIN,)


def _facts(patient: Patient) -> tuple[str, ...]:
    earlier = (f"compared:{a.hadm_id}" for a in papers(patient).earlier)
    return (*_SEEN, *(f"row:{r.id}" for r in tables(patient).rows), *earlier)
