"""Fixtures: a real nats-server for everything on the bus; any valid input of an instrument."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from msgspec import inspect

from healthgym.bus.jetstream import JetStreamLog, connect
from healthgym.bus.log import FileLog, Log
from healthgym.bus.server import Endpoint, serve
from healthgym.knowledge.instruments.core import measure


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


def values(type_: inspect.Type) -> st.SearchStrategy[Any]:
    """Any valid value of a field."""
    _, plain = measure(type_)
    match plain:
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            return st.integers(int(plain.ge or 0), int(plain.le or 0))
        case inspect.FloatType():
            low, high = float(plain.ge or 0), float(plain.le or 0)
            return st.floats(low, high, allow_nan=False) | st.sampled_from([low, high])
        case inspect.LiteralType():
            return st.sampled_from(sorted(plain.values, key=str))
        case inspect.VarTupleType() | inspect.ListType():
            least = plain.min_length or 0
            most = plain.max_length or least + 3
            return st.lists(values(plain.item_type), min_size=least, max_size=most)
        case inspect.StructType():
            return st.fixed_dictionaries({f.name: values(f.type) for f in plain.fields})
        case inspect.StrType():
            return st.sampled_from(["2026-01-05", "2026-05-05", "warfarin", "ibuprofen"])
        case inspect.UnionType():
            return st.one_of([values(t) for t in plain.types])
    raise AssertionError(f"no strategy for {plain}")


@pytest.fixture(scope="session")
def any_input() -> Callable[[inspect.Type], st.SearchStrategy[Any]]:
    """A strategy for a field's type."""
    return values
