"""What an instrument is, and how one is run on untrusted input.

An instrument is a pure function over a frozen Struct of inputs whose field names carry the units.
`calc` does for all of them what each would otherwise do differently: it names what is missing (and
then returns no value and no band), rejects values outside the plausible range with the unit they
were probably given in, and puts version and source beside the value.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, TypeVar, get_type_hints

import msgspec
from msgspec import inspect

from ..errors import BadData, InvalidInput, UnknownInstrument

Value = float | int | str


class Inputs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every instrument's inputs. A field with a default is optional."""


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What an instrument's function returns."""

    value: Value
    band: str | None = None
    components: dict[str, Value] = {}
    """Points (they sum to `value` where the unit is "points") or intermediate values."""
    warnings: tuple[str, ...] = ()


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `calc`. `value` and `band` are None where something is missing."""

    instrument: str
    value: Value | None
    unit: str
    band: str | None
    components: dict[str, Value]
    version: str
    source: str
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Needs(Exception):
    """Raised by an instrument that needs an optional input in this case."""

    def __init__(self, *fields: str) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


Known = TypeVar("Known")


def needed(value: Known | None, field: str) -> Known:
    """An optional input that this case does need. Raises Needs naming it."""
    if value is None:
        raise Needs(field)
    return value


In = TypeVar("In", bound=Inputs)


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """A named, versioned, sourced function."""

    name: str
    title: str
    inputs: type[Inputs]
    unit: str
    version: str
    source: str
    bands: tuple[str, ...]
    compute: Callable[[Any], Score]

    def __call__(self, values: Inputs) -> Score:
        """Run the function on valid inputs."""
        return self.compute(values)


def total(
    components: Mapping[str, int | float], bands: Sequence[tuple[float, str]], top: str
) -> Score:
    """Sum the points; the band is the first whose upper limit (inclusive) holds, else `top`."""
    value = sum(components.values())
    band = next((name for limit, name in bands if value <= limit), top)
    return Score(value=value, band=band, components=dict(components))


def instrument(
    *, unit: str, version: str, source: str, bands: Sequence[str] = (), name: str = ""
) -> Callable[[Callable[[In], Score]], Instrument]:
    """Make a function an instrument, under its own name unless another is given.

    `source` is the publication (author, journal, year); a fact from memory alone carries the word
    "unverified". `bands` are the bands in words for the documentation.
    """

    def made(function: Callable[[In], Score]) -> Instrument:
        hints = get_type_hints(function)
        inputs = next(t for key, t in hints.items() if key != "return")
        return Instrument(
            name=name or function.__name__,
            title=(function.__doc__ or "").strip().partition("\n")[0],
            inputs=inputs,
            unit=unit,
            version=version,
            source=source,
            bands=tuple(bands),
            compute=function,
        )

    return made


@cache
def instruments() -> dict[str, Instrument]:
    """Every instrument of this package's modules, by name. Raises BadData for a name used twice."""
    package = import_module(__package__)
    found: dict[str, Instrument] = {}
    for info in iter_modules(package.__path__):
        module = import_module(f"{__package__}.{info.name}")
        for tool in (t for t in vars(module).values() if isinstance(t, Instrument)):
            if found.setdefault(tool.name, tool) is not tool:
                raise BadData(f"two instruments are called {tool.name!r}")
    return dict(sorted(found.items()))


def find(name: str) -> Instrument:
    """The instrument of that name. Raises UnknownInstrument naming near ones."""
    try:
        return instruments()[name]
    except KeyError:
        raise UnknownInstrument(name, instruments()) from None


def calc(name: str, inputs: Mapping[str, Any], *, assume_normal: bool = False) -> Result:
    """Run an instrument on untrusted input.

    A required input that is absent or null is listed in `missing` and there is no value. With
    `assume_normal` an absent measurement that has a normal value counts as normal (and an absent
    finding as false), and the result still lists and warns of each. Raises UnknownInstrument or
    InvalidInput (unknown field, wrong type, implausible magnitude).
    """
    tool = find(name)
    given = {k: v for k, v in inputs.items() if v is not None}
    fields = {f.name: f for f in _fields(tool.inputs)}
    for key, value in given.items():
        if key not in fields:
            raise InvalidInput(name, key, f"one of {', '.join(fields)}", value)
    for key, value in given.items():
        _check(name, fields[key], value)
    missing = tuple(k for k, f in fields.items() if f.required and k not in given)
    warnings: tuple[str, ...] = ()
    if missing and assume_normal:
        normal = {k: n for k in missing if (n := _normal(fields[k].type)) is not None}
        given |= normal
        warnings = tuple(f"assumed normal: {k}={v}" for k, v in normal.items())
    if any(k not in given for k in missing):
        return _result(tool, None, missing, ())
    try:
        score = tool(msgspec.convert(given, tool.inputs))
    except Needs as needs:
        return _result(tool, None, (*missing, *needs.fields), warnings)
    except msgspec.ValidationError as error:
        raise InvalidInput(name, "", str(error), dict(inputs)) from error
    return _result(tool, score, missing, warnings)


def _result(
    tool: Instrument, score: Score | None, missing: Sequence[str], warnings: Sequence[str]
) -> Result:
    return Result(
        instrument=tool.name,
        value=None if score is None else score.value,
        unit=tool.unit,
        band=None if score is None else score.band,
        components={} if score is None else score.components,
        version=tool.version,
        source=tool.source,
        missing=tuple(missing),
        warnings=(*warnings, *(score.warnings if score else ())),
    )


def schema(tool: Instrument) -> dict[str, Any]:
    """An instrument for programs: what it is, and its inputs as JSON Schema with units."""
    ref = msgspec.json.schema(tool.inputs)
    inputs = ref["$defs"].pop(tool.inputs.__name__)
    if ref["$defs"]:
        inputs["$defs"] = ref["$defs"]
    return {
        "name": tool.name,
        "title": tool.title,
        "unit": tool.unit,
        "version": tool.version,
        "source": tool.source,
        "bands": tool.bands,
        "inputs": inputs,
    }


@cache
def _fields(inputs: type[Inputs]) -> tuple[inspect.Field, ...]:
    shape = inspect.type_info(inputs)
    assert isinstance(shape, inspect.StructType)  # noqa: S101
    return shape.fields


def measure(type_: inspect.Type) -> tuple[dict[str, Any], inspect.Type]:
    """The quantity behind a field's type ({} for none) and the bare type; None is unwrapped."""
    if isinstance(type_, inspect.UnionType):
        plain = [t for t in type_.types if not isinstance(t, inspect.NoneType)]
        return measure(plain[0])
    if isinstance(type_, inspect.Metadata):
        return dict(type_.extra or {}), type_.type
    return {}, type_


def _normal(type_: inspect.Type) -> Any:
    extra, plain = measure(type_)
    return False if isinstance(plain, inspect.BoolType) else extra.get("normal")


@cache
def _field_type(instrument_name: str, field: str) -> Any:
    return get_type_hints(find(instrument_name).inputs, include_extras=True)[field]


def _check(name: str, field: inspect.Field, value: Any) -> None:
    """Raises InvalidInput with what was expected, in words, and the unit it may have been in."""
    if isinstance(value, float) and value != value:  # noqa: PLR0124  (NaN passes every range)
        raise InvalidInput(name, field.name, "a number", value)
    try:
        msgspec.convert(value, _field_type(name, field.name))
    except msgspec.ValidationError as error:
        expected, hint = _expected(field, value, str(error))
        raise InvalidInput(name, field.name, expected, value, hint) from error


def _expected(field: inspect.Field, value: Any, said: str) -> tuple[str, str]:
    extra, plain = measure(field.type)
    if isinstance(plain, inspect.LiteralType):
        return f"one of {', '.join(map(repr, plain.values))}", ""
    number = isinstance(plain, inspect.IntType | inspect.FloatType)
    low, high = getattr(plain, "ge", None), getattr(plain, "le", None)
    if not number or low is None or high is None:
        return said.removeprefix("Expected ").partition(" - at")[0], ""
    unit = "" if extra.get("unit", "1") == "1" else extra["unit"]
    kind = "a whole number" if isinstance(plain, inspect.IntType) else "a number"
    expected = f"{kind} from {low:g} to {high:g} {unit}".rstrip()
    if not isinstance(value, int | float) or isinstance(value, bool):
        return expected, ""
    for other, factor in extra.get("others", {}).items():
        if low <= value / factor <= high:
            return expected, f"{value:g} looks like {other}: that is {value / factor:.3g} {unit}"
    return expected, ""
