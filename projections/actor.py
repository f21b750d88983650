"""The projector's role: keep every projection up to date, and the living guideline with them."""

import asyncio
from pathlib import Path

from ..bus.jetstream import JetStreamLog
from .guideline import render
from .store import Store, names, projection

GUIDELINE_AFTER = ("CycleCompleted", "BenchmarkCompleted")


async def run_projector(log: JetStreamLog, folder: Path) -> None:
    """Follow the log into all projections, for ever."""
    async with asyncio.TaskGroup() as group:
        for name in names():
            group.create_task(_keep(log, name, folder))
        group.create_task(_write_guideline(log, folder))


async def _keep(log: JetStreamLog, name: str, folder: Path) -> None:
    with Store(projection(name), folder) as store:
        created = await log.created()
        after = await asyncio.to_thread(store.position, created)
        async for batch in log.records(*store.kind.TYPES, after=after):
            await asyncio.to_thread(store.apply, batch, created)


async def _write_guideline(log: JetStreamLog, folder: Path) -> None:
    start = await log.last_sequence()
    async for _ in log.records(*GUIDELINE_AFTER, after=start):
        await asyncio.sleep(1.0)  # let the projections take in the same events
        await asyncio.to_thread(write_guideline, folder)


def write_guideline(folder: Path) -> Path:
    """Write AGENT_GUIDELINE.md beside the databases and return its path."""
    path = folder / "AGENT_GUIDELINE.md"
    part = path.with_suffix(".part")
    part.write_text(render(folder / "logbook.db", folder / "leaderboard.db"))
    part.replace(path)
    return path
