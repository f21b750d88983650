"""Fixtures: a real nats-server for everything on the bus."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from healthgym.bus.jetstream import JetStreamLog, connect
from healthgym.bus.log import FileLog, Log
from healthgym.bus.server import Endpoint, serve


@pytest.fixture
async def endpoint(tmp_path: Path) -> AsyncIterator[Endpoint]:
    """A server of its own for each test, on a free port."""
    async with serve(tmp_path / "data", agents=["alice", "bob"], port=-1, durable=False) as found:
        yield found


@pytest.fixture
async def jetstream(endpoint: Endpoint) -> AsyncIterator[JetStreamLog]:
    """The log with the administrator's credentials."""
    async with connect(endpoint.url, user="admin", creds=endpoint.creds) as log:
        yield log


@pytest.fixture(params=["file", "jetstream"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Log]:
    """The same promises, kept by a file and by JetStream."""
    if request.param == "file":
        async with FileLog(tmp_path / "log") as found:
            yield found
        return
    async with (
        serve(tmp_path / "data", port=-1, durable=False) as endpoint,
        connect(endpoint.url, user="admin", creds=endpoint.creds) as found,
    ):
        yield found
