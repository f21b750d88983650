"""The leaderboard: agents by their latest measurement on patients they never trained on."""

import sqlite3
from pathlib import Path

import msgspec

from ..bus.events import AgentRegistered, BenchmarkCompleted, EpisodeScored, Recorded, owner_of
from ..knowledge.mastery import mastery

NAME = "leaderboard"
TYPES = ("AgentRegistered", "BenchmarkCompleted", "EpisodeScored")
SCHEMA = """
create table if not exists agents (
  agent text primary key, backend text not null, model text not null, sequence integer not null
);
create table if not exists benchmarks (
  sequence integer primary key, agent text not null, label text not null,
  policy_version text not null, temperature real not null, episodes integer not null,
  lost integer not null, mean real not null, low real not null, high real not null,
  correct real not null, dimensions text not null, cause text not null
);
create table if not exists standings (
  agent text not null, correlation text not null, domain text not null,
  policy_version text not null, purpose text not null, episodes integer not null,
  total real not null, squares real not null, critical integer not null, correct integer not null,
  primary key (agent, correlation, domain, policy_version, purpose)
);
"""


def apply(connection: sqlite3.Connection, recorded: Recorded) -> None:
    """Add a measurement, or an episode to its standing."""
    event = recorded.event
    agent = owner_of(event.aggregate)
    match event.data:
        case AgentRegistered() as data:
            connection.execute(
                "insert into agents values (?,?,?,?) on conflict do nothing",
                (agent, data.backend, data.model_path, recorded.sequence),
            )
        case BenchmarkCompleted() as data:
            connection.execute(
                "insert into benchmarks values (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (
                    recorded.sequence,
                    agent,
                    data.label,
                    data.policy_version,
                    data.temperature,
                    data.episodes,
                    data.lost,
                    data.composite.mean,
                    data.composite.low,
                    data.composite.high,
                    data.correct,
                    msgspec.json.encode(data.dimensions, order="deterministic").decode(),
                    event.cause,
                ),
            )
        case EpisodeScored() as data:
            critical = int(any(f.severity >= 5 for f in data.findings))
            connection.execute(
                "insert into standings values (?,?,?,?,?,1,?,?,?,?) on conflict do update set"
                " episodes = episodes + 1, total = total + excluded.total,"
                " squares = squares + excluded.squares, critical = critical + excluded.critical,"
                " correct = correct + excluded.correct",
                (
                    agent,
                    event.correlation,
                    data.domain,
                    data.policy_version,
                    data.purpose,
                    data.composite,
                    data.composite**2,
                    critical,
                    int(data.correct),
                ),
            )
        case _:
            pass


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the leaderboard."""

    rank: int
    agent: str
    backend: str
    label: str
    episodes: int
    mean: float
    low: float
    high: float
    correct: float
    greedy: float | None
    """Mean of greedy play at the same measurement, where it was measured."""
    mastery: str
    dimensions: dict[str, float]
    domains: dict[str, float]
    """Mean composite by domain, of the episodes of this measurement."""


def board(path: Path) -> list[Row]:
    """Agents by their latest sampled measurement, best first."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        connection.row_factory = sqlite3.Row
        sampled = connection.execute(
            "select b.*, a.backend from benchmarks b join agents a using (agent)"
            " where b.sequence = (select max(sequence) from benchmarks c"
            "  where c.agent = b.agent and (c.temperature > 0 or not exists"
            "   (select 1 from benchmarks d where d.agent = b.agent and d.temperature > 0)))"
            " order by b.mean desc, b.agent"
        ).fetchall()
        greedy = {
            (row["agent"], row["label"]): row["mean"]
            for row in connection.execute("select * from benchmarks where temperature = 0")
        }
        domains = {row["agent"]: _by_domain(connection, row["cause"]) for row in sampled}
    finally:
        connection.close()
    return [
        Row(
            rank=rank,
            agent=row["agent"],
            backend=row["backend"],
            label=row["label"],
            episodes=row["episodes"],
            mean=row["mean"],
            low=row["low"],
            high=row["high"],
            correct=row["correct"],
            greedy=greedy.get((row["agent"], row["label"])),
            mastery=mastery(row["mean"]),
            dimensions={
                name: value["mean"]
                for name, value in msgspec.json.decode(row["dimensions"]).items()
            },
            domains=domains[row["agent"]],
        )
        for rank, row in enumerate(sampled, 1)
    ]


def _by_domain(connection: sqlite3.Connection, measurement: str) -> dict[str, float]:
    rows = connection.execute(
        "select domain, sum(total) / sum(episodes) as mean from standings"
        " where correlation = ? group by domain order by domain",
        (measurement,),
    )
    return {row["domain"]: round(row["mean"], 6) for row in rows}
