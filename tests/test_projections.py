"""Projections: exactly once, rebuilt to the same rows, the same guideline bytes."""

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from healthgym.__main__ import app
from healthgym.bus.events import (
    AgentRegistered,
    BenchmarkCompleted,
    CycleCompleted,
    Dimension,
    Draft,
    EpisodeAbandoned,
    EpisodeScored,
    Head,
    Interval,
    SafetyFinding,
    TrainingStepped,
    agent,
    episode,
    head_of,
)
from healthgym.bus.log import FileLog
from healthgym.projections.actor import write_guideline
from healthgym.projections.errors import ProjectionError
from healthgym.projections.leaderboard import board
from healthgym.projections.store import Store, catch_up, names, projection, rebuild, up_to_date


def scored(composite: float, *, severity: int = 0) -> EpisodeScored:
    part = Dimension(score=composite)
    findings = [SafetyFinding(rule="SOME_RULE", severity=severity, event=3)] if severity else []
    return EpisodeScored(
        scorer="v1",
        accuracy=part,
        process=part,
        safety=part,
        format=part,
        coherence=part,
        findings=findings,
        weighted=composite,
        gate=1.0,
        composite=composite,
        correct=composite > 0.5,
        domain="clinical_diagnosis",
        task="t",
        condition="nstemi",
        purpose="train",
        turns=7,
    )


async def fill(log: FileLog) -> None:
    for i in range(30):
        name = episode("tiny" if i % 2 else "expert", f"e{i}")
        await log.append(
            Head(aggregate=name), [Draft(data=scored(i / 30, severity=5 * (i % 7 == 0)))]
        )
    lost = EpisodeAbandoned(failure_kind="policy_unavailable", detail="silent")
    await log.append(Head(aggregate=episode("tiny", "lost")), [Draft(data=lost)])
    for name, mean in (("tiny", 0.4), ("expert", 0.8)):
        value = Interval(mean=mean, low=mean - 0.1, high=mean + 0.1)
        stored = await log.append(
            Head(aggregate=agent(name)), [Draft(data=AgentRegistered(agent=name, backend="b"))]
        )
        data = BenchmarkCompleted(
            label="before",
            policy_version="",
            temperature=1.0,
            episodes=10,
            lost=0,
            composite=value,
            dimensions={"safety": value},
            correct=0.5,
        )
        stored = await log.append(
            head_of(stored, agent(name)), [Draft(data=data, cause=f"measured {name}")]
        )
        for word, found in (("measured", mean), ("measured greedily", 1.0)):
            test = Draft(data=scored(found), correlation=f"{word} {name}")
            await log.append(Head(aggregate=episode(name, word.replace(" ", ""))), [test])
        step = TrainingStepped(
            workout="w", step=1, policy_version="p", object="p", loss=0.1, reward=mean, episodes=[]
        )
        cycle = CycleCompleted(cycle=1, domain="d", before=0.1, after=0.2, promoted=True)
        await log.append(head_of(stored, agent(name)), [Draft(data=step), Draft(data=cycle)])


@pytest.fixture
async def log(tmp_path: Path):
    async with FileLog(tmp_path / "log") as found:
        await fill(found)
        yield found


async def test_catching_up_twice_counts_once(log: FileLog, tmp_path: Path) -> None:
    for name in names():
        with Store(projection(name), tmp_path / "db") as store:
            assert await catch_up(log, store) > 0
            before = store.fingerprint()
            assert await catch_up(log, store) == 0
            assert store.fingerprint() == before
            assert await rebuild(log, store.kind, tmp_path / "db") == before


async def test_a_crash_before_commit_leaves_rows_and_position_together(
    log: FileLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = projection("logbook")
    with Store(kind, tmp_path / "db") as store:
        batch = [r async for part in log.records(*kind.TYPES, follow=False) for r in part]
        store.apply(batch[:10], await log.created())
        original, calls = kind.apply, iter(range(100))

        def fails(connection: sqlite3.Connection, recorded: object) -> None:
            if next(calls) == 3:
                raise KeyboardInterrupt
            original(connection, recorded)

        monkeypatch.setattr(kind, "apply", fails)
        with pytest.raises(KeyboardInterrupt):
            store.apply(batch[10:], await log.created())
        monkeypatch.undo()
        assert store.position(await log.created()) == batch[9].sequence
        await catch_up(log, store)
        whole = store.fingerprint()
    assert await rebuild(log, kind, tmp_path / "db") == whole


async def test_rows_of_another_log_are_made_again(log: FileLog, tmp_path: Path) -> None:
    with Store(projection("leaderboard"), tmp_path / "db") as store:
        await catch_up(log, store)
        assert store.position("another log") == 0
        assert list(store.rows()) == []


async def test_the_board_ranks_by_the_latest_measurement(log: FileLog, tmp_path: Path) -> None:
    with Store(projection("leaderboard"), tmp_path) as store:
        await catch_up(log, store)
    rows = board(tmp_path / "leaderboard.db")
    assert [(r.rank, r.agent, r.mean, r.mastery) for r in rows] == [
        (1, "expert", 0.8, "advanced"),
        (2, "tiny", 0.4, "beginner"),
    ]
    only_this = [r.domains for r in rows]
    assert only_this == [{"clinical_diagnosis": 0.8}, {"clinical_diagnosis": 0.4}]


async def test_rows_of_other_code_are_told_from_rows_of_this(log: FileLog, tmp_path: Path) -> None:
    kind = projection("leaderboard")
    with Store(kind, tmp_path) as store:
        assert not up_to_date(kind, store.path)
        await catch_up(log, store)
    path = tmp_path / "leaderboard.db"
    assert up_to_date(kind, path)
    assert not up_to_date(projection("logbook"), path)
    told = CliRunner().invoke(app, ["leaderboard", "--data", str(tmp_path), "--json"])
    assert json.loads(told.stdout)[0]["agent"] == "expert"
    path.rename(tmp_path / "logbook.db")
    refused = CliRunner().invoke(app, ["logbook", "--data", str(tmp_path)])
    assert refused.exit_code == 1
    assert "run `healthgym rebuild logbook`" in " ".join(refused.output.split())
    (tmp_path / "logbook.db").write_bytes(b"no database at all" * 300)
    broken = CliRunner().invoke(app, ["logbook", "--data", str(tmp_path)])
    assert broken.exit_code == 1
    assert "no usable database" in " ".join(broken.output.split())


async def test_the_guideline_is_the_same_bytes_after_a_rebuild(
    log: FileLog, tmp_path: Path
) -> None:
    for name in names():
        with Store(projection(name), tmp_path) as store:
            await catch_up(log, store)
    first = write_guideline(tmp_path).read_bytes()
    for name in names():
        await rebuild(log, projection(name), tmp_path)
    assert write_guideline(tmp_path).read_bytes() == first
    assert b"| SOME_RULE | 5 |" in first
    assert b"| tiny | 1 | d | 0.100 | 0.200 | promoted |" in first


def test_an_unknown_projection_names_the_known_ones() -> None:
    with pytest.raises(ProjectionError, match="leaderboard, logbook"):
        projection("horoscope")


def test_a_damaged_database_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "logbook.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(ProjectionError, match="delete it, it is rebuilt"):
        Store(projection("logbook"), tmp_path)


def test_metrics_are_named_by_agent_and_hold_numbers() -> None:
    from healthgym.bus.events import Event, TrainingStepped
    from healthgym.projections.metrics import metrics

    step = TrainingStepped(
        workout="w",
        step=3,
        policy_version="p",
        object="p",
        loss=0.1,
        reward=0.5,
        dimensions={"safety": 0.9},
        episodes=[],
    )
    event = Event(
        id="i",
        type="TrainingStepped",
        version=1,
        aggregate=agent("tiny"),
        n=1,
        at=0,
        cause="",
        correlation="",
        prev="",
        data=step,
    )
    found = metrics(event)
    assert found["tiny/reward"] == 0.5
    assert found["tiny/dimension/safety"] == 0.9
    assert found["tiny/update"] == 3
