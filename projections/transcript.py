"""An episode as a person reads it."""

from collections.abc import Sequence

import msgspec

from ..bus.events import (
    ActionRejected,
    EpisodeAbandoned,
    EpisodeEnded,
    EpisodeRequested,
    EpisodeScored,
    EpisodeStarted,
    Event,
    ObservationReturned,
    PatientAnswered,
    ToolCalled,
)

WIDTH = 1200


def _json(value: object) -> str:
    text = msgspec.json.encode(value, order="deterministic").decode()
    return text if len(text) <= WIDTH else text[:WIDTH] + " ..."


def _safe(text: str) -> str:
    """Agents' text is data: control characters are shown, not obeyed."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)


def line(event: Event) -> str:
    """One event in a line or two, "" for those a reader need not see."""
    clock = f"{event.at / 60e6:6.1f} min"
    match event.data:
        case EpisodeRequested() as data:
            return f"task {data.task}, seed {data.seed}, played by {data.agent}"
        case EpisodeStarted() as data:
            return f"{clock}  patient {data.patient_id}: {data.ticket}"
        case ToolCalled() as data:
            return f"{clock}  {data.turn:>2}. {_safe(data.tool)} {_safe(_json(data.arguments))}"
        case ActionRejected() as data:
            return f"{clock}  {data.turn:>2}. (no tool call: {data.reason}) {_safe(data.raw)[:200]}"
        case PatientAnswered() as data:
            return f'{clock}      patient: "{_safe(data.answer)}"'
        case ObservationReturned() as data:
            mark = "->" if data.ok else f"-> {data.code}:"
            return f"{clock}      {mark} {_safe(_json(data.content))}"
        case EpisodeEnded() as data:
            return f"{clock}  ended: {data.reason} after {data.turns} turns"
        case EpisodeScored() as data:
            return _score(data)
        case EpisodeAbandoned() as data:
            return f"abandoned: {data.failure_kind}: {data.detail}"
        case _:
            return ""


def _score(data: EpisodeScored) -> str:
    names = ("accuracy", "process", "safety", "format", "coherence")
    parts = "  ".join(f"{name} {getattr(data, name).score:.2f}" for name in names)
    rules = "".join(
        f"\n  {f.rule} (severity {f.severity}) at event {f.event}: {f.note}" for f in data.findings
    )
    total = f"weighted {data.weighted:.3f}  gate {data.gate:.2f}  composite {data.composite:.3f}"
    return f"score: {parts}  {total}{rules}"


def transcript(events: Sequence[Event]) -> str:
    """The whole episode."""
    return "\n".join(text for event in events if (text := line(event)))
