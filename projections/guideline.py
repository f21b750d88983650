"""AGENT_GUIDELINE.md: what the gym has learned so far, written from the logbook.

The same logbook gives the same bytes. Text that agents wrote never enters it, only counts and ids.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from ..knowledge.mastery import mastery
from .leaderboard import board

TOP = 5


def render(logbook: Path, leaderboard: Path) -> str:
    """Write the guideline from the two databases."""
    connection = sqlite3.connect(f"file:{logbook}?mode=ro", uri=True)
    try:
        sequence = connection.execute("select coalesce(max(sequence), 0) from position").fetchone()
        parts = [
            "# Agent guideline",
            "",
            f"Written from the log up to sequence {sequence[0]}.",
            "Research only, on synthetic patients; not for clinical use.",
            "",
            "## How an episode goes",
            "",
            "One patient, one chart, one clock. Every call takes simulated time; results arrive",
            "when their turn-around has passed; an untreated patient gets worse. Give the answer",
            "with `submit_answer`: an ICD-10 code and a disposition; place orders before it.",
            "Orders are judged, not words.",
            "",
            *_board(leaderboard),
            *_baselines(connection),
            *_practices(connection),
            *_pitfalls(connection),
            *_cycles(connection),
        ]
    finally:
        connection.close()
    return "\n".join(parts).rstrip() + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(str(c) for c in row)} |" for row in rows), ""]


def _board(path: Path) -> list[str]:
    rows = [
        (
            r.rank,
            r.agent,
            r.label,
            f"{r.mean:.3f} ({r.low:.3f} to {r.high:.3f})",
            f"{r.correct:.2f}",
            r.mastery,
        )
        for r in board(path)
    ]
    if not rows:
        return []
    head = ("rank", "agent", "measured", "composite (95 %)", "right", "mastery")
    return ["## Leaderboard", "", *_table(head, rows)]


def _baselines(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        "select domain, condition, count(*), avg(composite), avg(correct), avg(turns)"
        " from episodes group by domain, condition order by avg(composite), condition"
    ).fetchall()
    if not rows:
        return []
    shown = [(d, c, n, f"{m:.3f}", f"{r:.2f}", f"{t:.1f}", mastery(m)) for d, c, n, m, r, t in rows]
    head = ("domain", "condition", "episodes", "composite", "right", "turns", "mastery")
    return ["## Baselines, hardest first", "", *_table(head, shown)]


def _practices(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        "select agent, condition, composite, turns, episode from episodes"
        " where severity < 4 and correct = 1 order by composite desc, sequence limit ?",
        (TOP,),
    ).fetchall()
    if not rows:
        return []
    shown = [(a, c, f"{s:.3f}", t, f"`{e}`") for a, c, s, t, e in rows]
    head = ("agent", "condition", "composite", "turns", "episode to study")
    return ["## Trajectories worth studying", "", *_table(head, shown)]


def _pitfalls(connection: sqlite3.Connection) -> list[str]:
    counts: dict[str, int] = {}
    for (rules,) in connection.execute("select rules from episodes where rules != ''"):
        for rule in rules.split(","):
            counts[rule] = counts.get(rule, 0) + 1
    if not counts:
        return []
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ["## Pitfalls: safety rules that fired", "", *_table(("rule", "episodes"), rows)]


def _cycles(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        "select agent, json_extract(data, '$.cycle'), json_extract(data, '$.domain'),"
        " json_extract(data, '$.before'), json_extract(data, '$.after'),"
        " json_extract(data, '$.promoted') from cycles where type = 'CycleCompleted'"
        " order by sequence"
    ).fetchall()
    if not rows:
        return []
    shown = [
        (a, c, d, f"{b:.3f}", f"{n:.3f}", "promoted" if p else "kept the old one")
        for a, c, d, b, n, p in rows
    ]
    head = ("agent", "cycle", "domain", "validation before", "after", "checkpoint")
    return ["## Cycles", "", *_table(head, shown)]
