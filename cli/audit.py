"""Commands that verify: audit, replay, rebuild."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ..bus.audit import Report, Verifier, verify_lines
from ..bus.events import Draft, EpisodeScored, Event, LogSealed, canonical, head_of
from ..bus.log import Log, events
from .shared import DATA, Data, Json, Library, LogFile, as_json, attached, fail, finish, open_log


async def find_episode(log: Log, name: str) -> list[Event]:
    """Events of the one episode whose name ends so."""
    found: set[str] = set()
    async for batch in log.records("EpisodeRequested", follow=False):
        found |= {r.event.aggregate for r in batch if r.event.aggregate.endswith(name)}
    if len(found) != 1:
        what = "no episode" if not found else f"{len(found)} episodes"
        raise fail(f"{what} of the name {name!r}; `healthgym logbook` lists them")
    return [r.event for r in await log.read(found.pop())]


def replay(
    episode: Annotated[str, typer.Argument(help="Episode id, or its end.")],
    *,
    json: Json = False,
    data: Data = DATA,
    log: LogFile = None,
    library: Library = None,
) -> None:
    """Re-execute an episode and compare byte for byte. Example: healthgym replay 3f9a."""
    from ..environments.replay import replay as replay_events

    attached(library)

    async def work() -> None:
        async with open_log(data, log) as opened:
            result = replay_events(await find_episode(opened, episode))
        if json:
            as_json(result)
        else:
            typer.echo(f"{result.aggregate}: {result.verdict} ({result.events} events)")
            if result.difference is not None:
                difference = result.difference
                typer.echo(f"  first difference: event {difference.n} {difference.type}")
                typer.echo(f"  recorded {difference.recorded}\n  now      {difference.now}")
        if result.verdict == "differs":
            raise typer.Exit(1)

    finish(work())


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole-log audit found."""

    chains: Report
    replayed: int
    scored: int
    other_version: int
    differences: list[str]

    @property
    def sound(self) -> bool:
        """Chains hold, seals hold, nothing differs."""
        return not (
            self.chains.problems or self.differences or any(not s.holds for s in self.chains.seals)
        )


async def seal_log(log: Log, chains: Report) -> None:
    """Append LogSealed: the root of everything up to the last event that was verified."""
    aggregate = f"audit.{log.gym}.log"
    head = head_of(await log.read(aggregate), aggregate)
    data = LogSealed(through=chains.through, events=chains.events, root=chains.root)
    await log.append(head, [Draft(data=data)])


async def audit_log(log: Log) -> Audit:
    """Verify every chain, re-execute and re-score every ended episode of a log."""
    verifier = Verifier(log.gym)
    async for event in events(log, "LogSealed"):
        if isinstance(event.data, LogSealed):
            verifier.expect(event.data)
    differences: list[str] = []
    replayed = scored = other = 0
    async for batch in log.records(follow=False):
        for recorded in batch:
            verifier.add(recorded)
    async for played in ended_episodes(log):
        verdicts, judged = _judge_again(played)
        replayed += 1
        scored += judged
        other += "other version" in verdicts
        differences += [v for v in verdicts if v != "other version"]
    return Audit(
        chains=verifier.report(),
        replayed=replayed,
        scored=scored,
        other_version=other,
        differences=differences,
    )


async def ended_episodes(log: Log) -> AsyncIterator[list[Event]]:
    """All events of every ended episode of a log, in the order of their ends."""
    async for batch in log.records("EpisodeEnded", follow=False):
        for recorded in batch:
            yield [r.event for r in await log.read(recorded.event.aggregate)]


def _judge_again(events: list[Event]) -> tuple[list[str], bool]:
    """What differs when an episode is re-executed, and whether it was really judged again."""
    from ..environments.replay import replay as replay_events
    from ..scorers.composite import SCORER, score

    name = events[0].aggregate
    result = replay_events(events)
    if result.verdict == "other version":
        return ["other version"], False
    found = []
    if result.difference is not None:
        found.append(
            f"{name} event {result.difference.n} ({result.difference.type}) differs "
            "when re-executed"
        )
    old = next((e for e in events if isinstance(e.data, EpisodeScored)), None)
    if old is not None and isinstance(old.data, EpisodeScored):
        if old.data.scorer != SCORER:
            return [*found, "other version"], False
        fresh = score([e for e in events if e.n < old.n])
        if canonical(fresh) != canonical(old.data):
            found.append(f"{name} event {old.n} (EpisodeScored) differs when re-scored")
    return found, old is not None


def audit(
    *,
    file: Annotated[
        Path | None, typer.Option(help="Verify the chains of exported events, one a line.")
    ] = None,
    gym: Annotated[str, typer.Option(help="Name of the gym, for --file.")] = "gym",
    seal: Annotated[
        bool, typer.Option(help="Write the root of a log that verifies into the log.")
    ] = False,
    json: Json = False,
    data: Data = DATA,
    log: LogFile = None,
    library: Library = None,
) -> None:
    """Verify every chain, replay and re-score every episode. Example: healthgym audit --json."""
    attached(library)

    async def work() -> Audit:
        if file is not None:
            with file.open("rb") as lines:
                report = verify_lines((line.rstrip(b"\n") for line in lines), gym)
            return Audit(chains=report, replayed=0, scored=0, other_version=0, differences=[])
        async with open_log(data, log, "auditor", writable=seal) as opened:
            found = await audit_log(opened)
            if seal and found.sound:
                await seal_log(opened, found.chains)
            return found

    result = finish(work())
    if json:
        as_json(result)
    else:
        chains = result.chains
        typer.echo(f"{chains.events} events in {chains.aggregates} aggregates, root {chains.root}")
        typer.echo(
            f"{result.replayed} episodes re-executed, {result.scored} judged again, "
            f"{result.other_version} by another version of the code"
        )
        for problem in chains.problems:
            typer.echo(f"chain broken: {problem.aggregate} event {problem.n}: {problem.what}")
        for difference in result.differences:
            typer.echo(f"difference: {difference}")
        for each in chains.seals:
            state = "holds" if each.holds else f"BROKEN, the root is now {each.now}"
            typer.echo(f"seal through sequence {each.through}: {state}")
    if not result.sound:
        raise typer.Exit(1)
    if not json:
        typer.echo("everything verifies")


def rebuild(
    name: Annotated[str, typer.Argument(help="logbook, leaderboard, or guideline.")],
    *,
    json: Json = False,
    data: Data = DATA,
    log: LogFile = None,
) -> None:
    """Fold the whole log into a projection again. Example: healthgym rebuild leaderboard."""
    from ..projections.actor import write_guideline
    from ..projections.store import Store, names, projection
    from ..projections.store import rebuild as rebuild_rows

    async def work() -> dict[str, str]:
        wanted = names() if name == "guideline" else [name]
        kinds = {n: projection(n) for n in wanted}
        before: dict[str, str] = {}
        for n, kind in kinds.items():
            if (data / f"{n}.db").exists():
                with Store(kind, data) as store:
                    before[n] = store.fingerprint()
        async with open_log(data, log) as opened:
            after = {n: await rebuild_rows(opened, kind, data) for n, kind in kinds.items()}
        if name == "guideline":
            write_guideline(data)
        return {n: f"{h} ({_compare(before.get(n), h)})" for n, h in after.items()}

    result = finish(work())
    if json:
        as_json(result)
    else:
        for n, text in result.items():
            typer.echo(f"{n}: {text}")


def _compare(before: str | None, after: str) -> str:
    if before is None:
        return "new"
    return "same rows as before" if before == after else "rows changed"


COMMANDS = (audit, replay, rebuild)
