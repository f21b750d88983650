"""The logbook: every scored episode, every training step and every cycle, as rows."""

import sqlite3

import msgspec

from ..bus.events import EpisodeScored, Recorded, TrainingStepped, owner_of

NAME = "logbook"
CYCLE_TYPES = (
    "CycleStarted",
    "ReflectionRecorded",
    "DomainChosen",
    "WorkoutPlanned",
    "TrainingCompleted",
    "TrainingFailed",
    "CheckpointPromoted",
    "CheckpointRejected",
    "CycleCompleted",
)
TYPES = ("EpisodeScored", "ScoringFailed", "EpisodeAbandoned", "TrainingStepped", *CYCLE_TYPES)
SCHEMA = """
create table if not exists episodes (
  sequence integer primary key, episode text not null unique, agent text not null,
  domain text not null, task text not null, condition text not null, purpose text not null,
  policy_version text not null, composite real not null, weighted real not null,
  gate real not null, accuracy real not null, process real not null, safety real not null,
  format real not null, coherence real not null, correct integer not null,
  turns integer not null, severity integer not null, rules text not null, minutes real not null
);
create index if not exists episodes_by_agent on episodes (agent, domain, purpose);
create table if not exists lost (
  sequence integer primary key, episode text not null, agent text not null,
  kind text not null, detail text not null
);
create table if not exists steps (
  sequence integer primary key, agent text not null, workout text not null, step integer not null,
  policy_version text not null, reward real not null, loss real not null, staleness real not null,
  dropped integer not null, tokens integer not null, dimensions text not null
);
create table if not exists cycles (
  sequence integer primary key, agent text not null, type text not null, data text not null
);
"""


def apply(connection: sqlite3.Connection, recorded: Recorded) -> None:
    """One row per event."""
    event = recorded.event
    agent = owner_of(event.aggregate)
    match event.data:
        case EpisodeScored() as scored:
            connection.execute(
                "insert into episodes values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (recorded.sequence, event.aggregate, agent, *_scored(scored), event.at / 60e6),
            )
        case TrainingStepped() as step:
            connection.execute(
                "insert into steps values (?,?,?,?,?,?,?,?,?,?,?)",
                (
                    recorded.sequence,
                    agent,
                    step.workout,
                    step.step,
                    step.policy_version,
                    step.reward,
                    step.loss,
                    step.staleness,
                    step.dropped,
                    step.tokens,
                    msgspec.json.encode(step.dimensions, order="deterministic").decode(),
                ),
            )
        case data if event.type in CYCLE_TYPES:
            text = msgspec.json.encode(data, order="deterministic").decode()
            connection.execute(
                "insert into cycles values (?,?,?,?)", (recorded.sequence, agent, event.type, text)
            )
        case data:
            connection.execute(
                "insert into lost values (?,?,?,?,?)",
                (
                    recorded.sequence,
                    event.aggregate,
                    agent,
                    getattr(data, "failure_kind", ""),
                    getattr(data, "detail", ""),
                ),
            )


def _scored(scored: EpisodeScored) -> tuple[object, ...]:
    return (
        scored.domain,
        scored.task,
        scored.condition,
        scored.purpose,
        scored.policy_version,
        scored.composite,
        scored.weighted,
        scored.gate,
        scored.accuracy.score,
        scored.process.score,
        scored.safety.score,
        scored.format.score,
        scored.coherence.score,
        int(scored.correct),
        scored.turns,
        max((f.severity for f in scored.findings), default=0),
        ",".join(sorted({f.rule for f in scored.findings})),
    )
