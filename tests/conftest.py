"""Fixtures: a real nats-server for everything on the bus; any valid input of an instrument."""

from collections.abc import AsyncIterator, Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from msgspec import inspect

from healthgym.bus.jetstream import JetStreamLog, connect
from healthgym.bus.log import FileLog, Log
from healthgym.bus.server import Endpoint, serve
from healthgym.knowledge.instruments.core import _fields, find, measure

# The same examples everywhere; `--hypothesis-profile explore` looks for new ones.
settings.register_profile("same", derandomize=True)
settings.register_profile("explore", max_examples=500)
settings.load_profile("same")


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


WHOLE = (
    "respiratory_rate_per_min",
    "systolic_bp_mmhg",
    "diastolic_bp_mmhg",
    "mean_arterial_pressure_mmhg",
    "pulse_per_min",
    "heart_rate_per_min",
    "spo2_percent",
    "age_years",
    "sodium_mmol_l",
)
"""Measured in whole numbers at the bedside; the oracle takes integers only."""
PRINTED = {
    "arterial_ph": 2,
    "fio2_fraction": 2,
    "temperature_c": 1,
    "creatinine_mg_dl": 1,
    "platelets_10e9_per_l": 0,
}
"""Decimals in which a value is printed; the oracle compares what it is given, unrounded."""


@pytest.fixture(scope="session")
def drawn() -> Callable[[str, st.DataObject], dict[str, Any]]:
    """Inputs of an instrument as they would be printed in a chart."""

    def draw(name: str, data: st.DataObject) -> dict[str, Any]:
        inputs = {}
        for field in _fields(find(name).inputs):
            value = data.draw(values(field.type), label=field.name)
            if field.name in WHOLE:
                value = round(value)
            elif isinstance(value, float):
                value = round(value, PRINTED.get(field.name, 1))
            inputs[field.name] = value
        return inputs

    return draw


@pytest.fixture(scope="session")
def open_medicine() -> Callable[[str, dict[str, Any]], float]:
    """What open-medicine (Apache-2.0; extra `oracles`) says to its own argument names."""
    pytest.importorskip("open_medicine", reason="the oracles extra is not installed")

    def asked(calculator: str, theirs: dict[str, Any]) -> float:
        module = import_module(f"open_medicine.mcp.calculators.{calculator}")
        params = next(v for k, v in vars(module).items() if k.endswith("Params"))
        known = {k: v for k, v in theirs.items() if k in params.model_fields}
        function = next(v for k, v in vars(module).items() if k.startswith("calculate_"))
        return float(function(params(**known)).value)

    return asked
