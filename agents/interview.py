"""The next question of a player who wants to know certain findings and sees observations only."""

from collections.abc import Sequence

from ..bus.events import ToolCalled
from ..bus.view import View
from ..knowledge.patient_agent import MOST_TOPICS, about, directly
from ..knowledge.variants import findings
from .reading import Seen


def asked_before(view: View) -> frozenset[str]:
    """Questions that were put to the patient, in their words."""
    actions = (t.action for t in view.turns)
    return frozenset(
        str(a.arguments.get("question"))
        for a in actions
        if isinstance(a, ToolCalled) and a.tool == "ask_patient"
    )


def half_told(seen: Seen, wanted: Sequence[str]) -> list[str]:
    """Findings whose topic was talked about and that were not told."""
    return [
        id_
        for id_ in wanted
        if f"asked:{findings()[id_].topic}" in seen.facts and f"finding:{id_}" not in seen.facts
    ]


def next_question(view: View, seen: Seen, wanted: Sequence[str]) -> str | None:
    """What to ask next to learn the wanted findings; None where nothing is left to ask.

    First each topic, a few at a time; then what was not told, by name: some at once, then one by
    one. No question is put twice.
    """
    open_ = [id_ for id_ in wanted if f"finding:{id_}" not in seen.facts and findings()[id_].told]
    topics = dict.fromkeys(findings()[id_].topic for id_ in open_)
    fresh = [t for t in topics if f"asked:{t}" not in seen.facts]
    first = [about(fresh[:MOST_TOPICS])] if fresh else []
    before = asked_before(view)
    untold = [id_ for id_ in open_ if findings()[id_].topic not in fresh]
    some = [directly(*untold[:MOST_TOPICS])] if untold else []
    options = [*first, *some, *(directly(id_) for id_ in untold)]
    return next((q for q in options if q not in before), None)
