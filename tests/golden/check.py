"""Replay the golden log with this interpreter: python tests/golden/check.py."""

import asyncio
from pathlib import Path

import msgspec

from healthgym.bus.audit import verify
from healthgym.bus.events import EpisodeScored, Event, canonical
from healthgym.bus.log import FileLog
from healthgym.environments.replay import replay
from healthgym.scorers.composite import score

FOLDER = Path(__file__).parent / "log"


def differences(events: list[Event]) -> list[str]:
    """What this code answers or judges differently; the digests of the code itself do not count."""
    found = []
    result = replay(events)
    if result.difference is not None:
        found.append(f"{result.aggregate} event {result.difference.n}: {result.difference}")
    for event in events:
        if isinstance(event.data, EpisodeScored):
            fresh = score([e for e in events if e.n < event.n])
            fresh = msgspec.structs.replace(fresh, scorer=event.data.scorer)
            if canonical(fresh) != canonical(event.data):
                found.append(f"{event.aggregate} event {event.n}: score differs")
    return found


async def check() -> list[str]:
    """Chains, answers and scores of the whole log."""
    async with FileLog(FOLDER, writable=False) as log:
        recorded = [r async for batch in log.records(follow=False) for r in batch]
        found = [f"{p.aggregate} {p.n}: {p.what}" for p in verify(recorded, log.gym).problems]
        for name in dict.fromkeys(r.event.aggregate for r in recorded):
            found += differences([r.event for r in await log.read(name)])
    return found


if __name__ == "__main__":
    problems = asyncio.run(check())
    print("\n".join(problems) or "same")
    raise SystemExit(bool(problems))
