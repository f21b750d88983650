"""A recorded log replays byte for byte, with every interpreter that is here."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
NEEDS = "import msgspec, numpy, nats, yaml, simple_icd_10_cm, healthgym"


@pytest.mark.parametrize(
    ("python", "hash_seed"),
    [(sys.executable, "0"), (sys.executable, "4242"), ("python3.12", "1"), ("python3.13", "2")],
)
def test_the_golden_log_replays_to_the_same_bytes(python: str, hash_seed: str) -> None:
    path = shutil.which(python)
    if path is None:
        pytest.skip(f"{python} is not here")
    if python != sys.executable:
        probe = subprocess.run([path, "-c", NEEDS], capture_output=True, check=False)
        if probe.returncode:
            pytest.skip(f"{python} lacks the packages")
    result = subprocess.run(
        [path, str(GOLDEN / "check.py")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )
    assert result.stdout == "same\n", result.stdout + result.stderr


def test_a_changed_answer_would_be_seen(tmp_path: Path) -> None:
    """The check itself can fail: one changed observation, chained anew, is found."""
    import asyncio

    import msgspec

    from healthgym.bus.events import Draft, Head, ObservationReturned, head_of
    from healthgym.bus.log import FileLog
    from healthgym.environments.replay import replay

    async def tamper() -> str:
        async with FileLog(GOLDEN / "log", writable=False) as log:
            first = (await anext(log.records(follow=False)))[0].event.aggregate
            events = [r.event for r in await log.read(first)]
        async with FileLog(tmp_path / "log", gym="local") as log:
            head = Head(aggregate=first)
            for event in events:
                data = event.data
                if isinstance(data, ObservationReturned) and data.turn == 2:
                    data = msgspec.structs.replace(data, content={"all": "normal"})
                draft = Draft(data=data, at=event.at, cause=event.cause)
                head = head_of(await log.append(head, [draft]), first)
            return str(replay([r.event for r in await log.read(first)]).difference)

    assert '{"all":"normal"}' in asyncio.run(tamper())
