"""`healthgym score`, `healthgym rescore`: why an episode earned what it did, then and now."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from ..bus.episode import fold
from ..bus.errors import BusError
from ..bus.events import ActionRejected, EpisodeScored, Event, Reason, decode
from ..bus.log import Log
from .audit import ended_episodes, find_episode
from .shared import DATA, Data, Json, LogFile, as_json, console, fail, finish, open_log

if TYPE_CHECKING:
    from ..knowledge.compliance import Verdict

DIMENSIONS = ("accuracy", "process", "safety", "format", "coherence")
_CLOSE = 1e-9


class Earned(msgspec.Struct, frozen=True, kw_only=True):
    """One reason of a dimension, at the turn that decided it."""

    dimension: str
    id: str
    earned: float
    possible: float
    verdict: str
    """`earned`, `part`, `missed` or `lost` (costs without having been worth anything)."""
    turn: int
    """0 where no turn decided it: an act that never came, or the answer as a whole."""
    note: str


class TurnLine(msgspec.Struct, frozen=True, kw_only=True):
    """One turn: what was called, how it went, what share of the required acts it met."""

    turn: int
    minute: float
    call: str
    outcome: str
    credit: float


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """A safety finding, at its turn."""

    rule: str
    severity: int
    turn: int
    note: str


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one recommendation of a guideline; it changes no score."""

    guideline: str
    version: str
    action: str
    status: str
    turn: int
    note: str


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """A score that a person can follow."""

    aggregate: str
    task: str
    scorer: str
    composite: float
    weighted: float
    gate: float
    correct: bool
    dimensions: dict[str, float]
    reasons: list[Earned]
    violations: list[Violation]
    turns: list[TurnLine]
    guidelines: list[Followed]
    """Of the guidelines that are meant for this patient; those that did not apply are left out."""
    compliance: float | None
    """Weight of what was met over the weight of all that applied; None without a guideline."""
    recorded: float | None
    """The composite that stands in the log; None for an episode that was never judged."""
    recorded_scorer: str


def explain(events: Sequence[Event]) -> Explained:
    """Judge an ended episode with this code and place every reason at its turn.

    Raises ScorerError or KnowledgeError.
    """
    from ..knowledge.compliance import compliance
    from ..scorers.case import open_case
    from ..scorers.compliance import check
    from ..scorers.composite import score as judge

    episode = fold(events)
    played = [e for e in events if e.type != "EpisodeScored"]
    scored = judge(played)
    verdicts = [v for v in check(open_case(played)) if v.status != "not_applicable"]
    turn_at = {t.observed_n: t.action.turn for t in episode.turns}
    reasons = [
        _earned(name, reason, turn_at)
        for name in DIMENSIONS
        for reason in getattr(scored, name).reasons
    ]
    old = next((e.data for e in events if isinstance(e.data, EpisodeScored)), None)
    return Explained(
        aggregate=episode.aggregate,
        task=scored.task,
        scorer=scored.scorer,
        composite=scored.composite,
        weighted=scored.weighted,
        gate=scored.gate,
        correct=scored.correct,
        dimensions={name: getattr(scored, name).score for name in DIMENSIONS},
        reasons=reasons,
        violations=[
            Violation(rule=f.rule, severity=f.severity, turn=turn_at.get(f.event, 0), note=f.note)
            for f in scored.findings
        ],
        turns=list(_turns(events, scored)),
        guidelines=[_followed(v, turn_at) for v in verdicts],
        compliance=round(compliance(verdicts), 6) if verdicts else None,
        recorded=None if old is None else old.composite,
        recorded_scorer="" if old is None else old.scorer,
    )


def _followed(verdict: "Verdict", turn_at: dict[int, int]) -> Followed:
    return Followed(
        guideline=verdict.guideline,
        version=verdict.version,
        action=verdict.action,
        status=verdict.status,
        turn=turn_at.get(verdict.event, 0),
        note=verdict.note,
    )


def _earned(dimension: str, reason: Reason, turn_at: dict[int, int]) -> Earned:
    if not reason.possible:
        verdict = "lost"
    elif reason.earned >= reason.possible - _CLOSE:
        verdict = "earned"
    else:
        verdict = "part" if reason.earned > _CLOSE else "missed"
    return Earned(
        dimension=dimension,
        id=reason.id,
        earned=reason.earned,
        possible=reason.possible,
        verdict=verdict,
        turn=turn_at.get(reason.event, 0),
        note=reason.note,
    )


def _turns(events: Sequence[Event], scored: EpisodeScored) -> Iterator[TurnLine]:
    for turn in fold(events).turns:
        action, seen = turn.action, turn.observation
        if isinstance(action, ActionRejected):
            call = f"(no tool call) {action.raw[:80]}"
        else:
            call = f"{action.tool} {msgspec.json.encode(action.arguments).decode()}"
        outcome = "unanswered" if seen is None else "ok" if seen.ok else seen.code
        yield TurnLine(
            turn=action.turn,
            minute=round(turn.observed_at / 60e6, 1),
            call=call,
            outcome=outcome,
            credit=scored.credit.get(str(action.turn), 0.0),
        )


def read_events(path: Path) -> list[Event]:
    """Events of a file, one a line, as `healthgym play --json` prints them. Raises CorruptLog."""
    return [decode(line) for line in path.read_bytes().splitlines() if line.strip()]


def score(
    episode: Annotated[str, typer.Argument(help="Episode id, its end, or a file of events.")],
    *,
    json: Json = False,
    data: Data = DATA,
    log: LogFile = None,
) -> None:
    """Explain a score: earned, missed, violated, at which turn. Example: healthgym score 3f9a."""
    from ..scorers.errors import ScorerError

    async def found() -> list[Event]:
        if Path(episode).is_file():
            return read_events(Path(episode))
        async with open_log(data, log) as opened:
            return await find_episode(opened, episode)

    try:
        explained = explain(finish(found()))
    except (ScorerError, BusError) as error:
        raise fail(str(error)) from error
    if json:
        as_json(explained)
    else:
        show(explained)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in columns:
        number = name in {"score", "turn", "minute", "credit", "of", "severity"}
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    return table


def show(explained: Explained) -> None:
    """Print an explained score. What an agent wrote is escaped."""
    out = console()
    out.print(f"{explained.task}  {explained.aggregate}", highlight=False)
    turns = _table("turns", "turn", "minute", "outcome", "credit", "call")
    for t in explained.turns:
        credit = f"{t.credit:.2f}" if t.credit else ""
        turns.add_row(str(t.turn), f"{t.minute:.1f}", t.outcome, credit, escape(_plain(t.call)))
    out.print(turns)
    marks = {"earned": "[green]earned[/]", "part": "[yellow]part[/]", "missed": "[red]missed[/]"}
    reasons = _table("reasons", "dimension", "verdict", "score", "of", "turn", "reason", "note")
    for r in explained.reasons:
        reasons.add_row(
            r.dimension,
            marks.get(r.verdict, "[red]lost[/]"),
            f"{r.earned:.2f}",
            f"{r.possible:.2f}",
            str(r.turn or ""),
            escape(r.id),
            escape(r.note),
        )
    out.print(reasons)
    for v in explained.violations:
        where = f"turn {v.turn}" if v.turn else "no turn"
        out.print(f"[red]violated[/] {v.rule} (severity {v.severity}) at {where}: {escape(v.note)}")
    if explained.compliance is not None:
        _guidelines(explained.guidelines, explained.compliance)
    parts = "  ".join(f"{name} {value:.2f}" for name, value in explained.dimensions.items())
    out.print(
        f"{parts}\nweighted {explained.weighted:.3f} x gate {explained.gate:.2f} -> composite "
        f"{explained.composite:.3f}",
        highlight=False,
    )
    if explained.recorded is not None and explained.recorded != explained.composite:
        out.print(
            f"the log says {explained.recorded:.3f}, by scorer {explained.recorded_scorer[:8]}; "
            f"this is scorer {explained.scorer[:8]}"
        )


def _guidelines(followed: Sequence[Followed], share: float) -> None:
    """Met recommendations by name alone, what was not met with its turn and why."""
    out = console()
    for name, version in dict.fromkeys((f.guideline, f.version) for f in followed):
        mine = [f for f in followed if f.guideline == name]
        met = ", ".join(f.action for f in mine if f.status == "met")
        out.print(f"guideline {name} ({version}), met: {met or 'nothing'}", highlight=False)
        for f in mine:
            if f.status != "met":
                where = f"turn {f.turn}" if f.turn else "no turn"
                out.print(f"  [red]{f.status}[/] {f.action} at {where}: {escape(f.note)}")
    out.print(f"guideline compliance {share:.2f} (beside the score)", highlight=False)


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """An episode that this code judges differently."""

    aggregate: str
    task: str
    domain: str
    before: float
    after: float
    dimensions: dict[str, float]
    """Change of each dimension that changed."""
    rules: list[str]
    """Safety rules that fire only before (`-RULE`) or only now (`+RULE`)."""


class Rescored(msgspec.Struct, frozen=True, kw_only=True):
    """All judged episodes of a log, judged again by this code."""

    scorer: str
    episodes: int
    same: int
    skipped: dict[str, int]
    """Episodes that cannot be judged by this code, by the reason."""
    changes: list[Change]


def difference(name: str, old: EpisodeScored, new: EpisodeScored) -> Change | None:
    """What two judgements of an episode disagree on; None where nothing of weight changed."""
    moved = {d: round(getattr(new, d).score - getattr(old, d).score, 6) for d in DIMENSIONS}
    was, now = ({f.rule for f in s.findings} for s in (old, new))
    rules = [*(f"-{r}" for r in sorted(was - now)), *(f"+{r}" for r in sorted(now - was))]
    changed = {d: delta for d, delta in moved.items() if delta}
    if not changed and not rules and old.composite == new.composite:
        return None
    return Change(
        aggregate=name,
        task=new.task,
        domain=new.domain,
        before=old.composite,
        after=new.composite,
        dimensions=changed,
        rules=rules,
    )


async def rescore_log(log: Log) -> Rescored:
    """Judge every judged episode again. Pure in the log: the same log and code, the same result."""
    from ..knowledge.errors import KnowledgeError
    from ..scorers.composite import SCORER
    from ..scorers.composite import score as judge
    from ..scorers.errors import ScorerError

    count = same = 0
    skipped: dict[str, int] = defaultdict(int)
    changes: list[Change] = []
    async for events in ended_episodes(log):
        old = next((e.data for e in events if isinstance(e.data, EpisodeScored)), None)
        if old is None:
            skipped["never judged"] += 1
            continue
        try:
            new = judge([e for e in events if e.type != "EpisodeScored"])
        except (ScorerError, KnowledgeError) as error:
            skipped[type(error).__name__] += 1
            continue
        count += 1
        change = difference(events[0].aggregate, old, new)
        same += change is None
        changes += [change] if change is not None else []
    return Rescored(
        scorer=SCORER, episodes=count, same=same, skipped=dict(skipped), changes=changes
    )


def rescore(
    episode: Annotated[str, typer.Argument(help="Episode id, or its end; all without it.")] = "",
    *,
    json: Json = False,
    data: Data = DATA,
    log: LogFile = None,
) -> None:
    """Judge again with this code and show what changed. Example: healthgym rescore --json."""
    if episode:
        score(episode, json=json, data=data, log=log)
        return

    async def work() -> Rescored:
        async with open_log(data, log) as opened:
            return await rescore_log(opened)

    found = finish(work())
    if json:
        as_json(found)
        return
    typer.echo(
        f"{found.episodes} episodes judged again by scorer {found.scorer[:8]}: {found.same} as "
        f"before, {len(found.changes)} changed"
    )
    for why, number in sorted(found.skipped.items()):
        typer.echo(f"left out: {number} ({why})")
    if found.changes:
        _show_changes(found.changes)


def _show_changes(changes: Sequence[Change], most: int = 20) -> None:
    table = _table("largest changes", "domain", "task", "before", "after", "what", "episode")
    for c in sorted(changes, key=lambda c: (-abs(c.after - c.before), c.aggregate))[:most]:
        what = " ".join([*(f"{d} {delta:+.2f}" for d, delta in c.dimensions.items()), *c.rules])
        row = (c.domain, c.task, f"{c.before:.3f}", f"{c.after:.3f}", what, c.aggregate[-12:])
        table.add_row(*map(escape, row))
    console().print(table)


COMMANDS = (score, rescore)
