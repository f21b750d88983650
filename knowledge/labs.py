"""Laboratory catalogue: components and their spread, tests with their turn-around."""

from functools import cache

import msgspec

from .files import joined, load, names
from .measurements import Range, measurement


class Component(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one measured quantity (an id of `data/measurements.yaml`) varies."""

    mean: float = 0.0
    """Healthy baseline (median where `log`)."""
    sd: float = 0.0
    """Between-person standard deviation (of the natural logarithm where `log`)."""
    log: bool = False
    derived: bool = False
    """Computed from other components, never drawn."""
    crit_low: float | None = None
    crit_high: float | None = None
    min: float
    max: float
    decimals: int
    cv: float


class Test(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a lab request measures and how long it takes (minutes, stat)."""

    names: tuple[str, ...]
    category: str
    minutes: int
    components: tuple[str, ...]
    repeat_min: int = 0
    """Sooner, the same test again is a duplicate; 0: may be repeated at any time."""


class Catalogue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of `data/labs/`, or all of them."""

    components: dict[str, Component]
    tests: dict[str, Test]


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A printed result: value, unit (UCUM), flag (H, L, HH, LL or "") and reference range."""

    value: float
    unit: str
    flag: str
    low: float | None
    high: float | None

    def text(self) -> str:
        """The short form that charts show: `131 L`."""
        return f"{self.value:g} {self.flag}".rstrip()


@cache
def catalogue() -> Catalogue:
    """The catalogue, read once. Raises BadData."""
    files = {n: load(f"labs/{n}.yaml", Catalogue) for n in names("labs")}
    return Catalogue(
        components=joined("labs", {n: f.components for n, f in files.items()}),
        tests=joined("labs", {n: f.tests for n, f in files.items()}),
    )


@cache
def usual() -> dict[str, Component]:
    """Components that are drawn for every patient; others only where somebody asks for them."""
    return load("labs/acute.yaml", Catalogue).components


@cache
def _names() -> dict[str, str]:
    tests = catalogue().tests
    return {name: id_ for id_, test in tests.items() for name in (*test.names, id_)}


def resolve(name: str) -> str | None:
    """Id of the test of that id or name (case-insensitive); None where there is none."""
    plain = name.strip().lower()
    return _names().get(plain) or _names().get(plain.replace(" ", "_").replace("-", "_"))


def printed(component: str, value: float, normal: Range) -> Value:
    """Round to the printed precision, then flag against the person's reference range."""
    c = catalogue().components[component]
    v = round(min(max(value, c.min), c.max), c.decimals)
    flag = ""
    if c.crit_low is not None and v < c.crit_low:
        flag = "LL"
    elif c.crit_high is not None and v > c.crit_high:
        flag = "HH"
    elif normal.low is not None and v < normal.low:
        flag = "L"
    elif normal.high is not None and v > normal.high:
        flag = "H"
    unit = measurement(component).ucum
    return Value(value=v + 0.0, unit=unit, flag=flag, low=normal.low, high=normal.high)
