"""Declare a tool once, as a typed function with a docstring.

The argument struct, the JSON schema, strict validation and its error texts follow from the
signature. A tool reads a `Context` and returns an `Outcome`; it changes nothing itself.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Literal, get_type_hints

import msgspec

from ..bus.events import Answer, Effect, PatientAnswered
from ..knowledge.domains import domain as known
from ..knowledge.world import World
from .errors import ToolRefused, invalid

Kind = Literal["read", "order", "give", "write", "submit"]


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool may use: the world, and the time at which its answer is given."""

    world: World
    done: int
    """Simulated microsecond at which the call completes."""
    library: str = ""
    """Generation of the passages it may search; "" for the package's own."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a successful call shows and does."""

    content: dict[str, Any]
    reveals: tuple[str, ...] = ()
    effect: Effect | None = None
    said: PatientAnswered | None = None
    at: int | None = None
    """Simulated time after the call, where it is not the tool's usual latency."""
    answer: Answer | None = None
    """Set by a submission: ends the episode."""
    pictures: tuple[bytes, ...] = ()
    """PNG files, the same bytes on every machine (knowledge/images/png.py)."""


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A declared tool."""

    name: str
    run: Callable[..., Outcome]
    arguments: type[msgspec.Struct]
    effect: Kind
    minutes: int
    description: str
    help: dict[str, str]
    domains: tuple[str, ...]

    def schema(self) -> dict[str, Any]:
        """The OpenAI function definition of this tool."""
        (reference,), parts = msgspec.json.schema_components([self.arguments])
        body = _inlined(parts[reference["$ref"].rsplit("/", 1)[-1]], parts)
        properties = body["properties"]
        for field, text in self.help.items():
            properties[field] = {**properties[field], "description": text}
        return {
            "name": self.name,
            "description": self.description,
            "parameters": {
                "type": "object",
                "properties": properties,
                "required": body.get("required", []),
                "additionalProperties": False,
            },
        }


def _inlined(part: Any, parts: Mapping[str, Any]) -> Any:
    """A schema with its references replaced by what they name: readers of tools know no `$ref`."""
    if isinstance(part, list):
        return [_inlined(p, parts) for p in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        body = {k: v for k, v in parts[part["$ref"].rsplit("/", 1)[-1]].items() if k != "title"}
        return _inlined(body, parts)
    return {k: _inlined(v, parts) for k, v in part.items()}


_PATIENT = "Patient id such as P001; left out, the patient of this episode."


_FIELD_DOC = re.compile(r" {4}(\w+): (.+)")


def _docs(text: str) -> tuple[str, dict[str, str]]:
    head, _, rest = inspect.cleandoc(text).partition("Fields:")
    fields: dict[str, str] = {}
    for line in filter(str.strip, rest.splitlines()):
        if found := _FIELD_DOC.match(line):
            fields[found[1]] = found[2]
        elif fields:  # deeper lines go on with the last field
            fields[next(reversed(fields))] += f" {line.strip()}"
    return " ".join(head.split()), fields


def tool(
    *, effect: Kind, minutes: int, domains: tuple[str, ...] = ("clinical_diagnosis",)
) -> Callable[[Callable[..., Outcome]], Tool]:
    """Make a tool of `def name(ctx: Context, arg: type = default) -> Outcome`.

    `minutes` is its simulated latency. Every tool also takes an optional `patient_id`.
    """

    def declare(run: Callable[..., Outcome]) -> Tool:
        hints = get_type_hints(run, include_extras=True)
        fields: list[Any] = []
        for name, parameter in list(inspect.signature(run).parameters.items())[1:]:
            given = parameter.default
            bare = given is inspect.Parameter.empty
            fields.append((name, hints[name]) if bare else (name, hints[name], given))
        fields.append(("patient_id", str, ""))
        name = getattr(run, "__name__", "tool")
        struct = msgspec.defstruct(
            name, fields, frozen=True, kw_only=True, forbid_unknown_fields=True
        )
        description, help_ = _docs(run.__doc__ or "")
        return Tool(
            name=name,
            run=run,
            arguments=struct,
            effect=effect,
            minutes=minutes,
            description=description,
            help={**help_, "patient_id": _PATIENT},
            domains=domains,
        )

    return declare


_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_FIELD = re.compile(r"(?:unknown field|required field|key in) `(?P<name>.*)`", re.DOTALL)
_EXPECTED = re.compile(r"Expected (?P<want>.*?)(?:, got .*)?$", re.DOTALL)


def _explain(error: msgspec.ValidationError, arguments: Mapping[str, Any], t: Tool) -> ToolRefused:
    found = _AT.match(str(error))
    what = found["what"] if found else str(error)
    field = ((found["path"] if found else None) or "").split("[")[0].split(".")[0]
    named = _FIELD.search(what)
    if named:
        if "unknown" in what:
            known = ", ".join(t.arguments.__struct_fields__)
            return invalid(named["name"], f"one of: {known}", arguments.get(named["name"]))
        return invalid(named["name"], "required", None)
    expected = _EXPECTED.search(what)
    want = expected["want"].replace("`", "") if expected else what
    allowed = t.schema()["parameters"]["properties"].get(field, {}).get("enum")
    if allowed:
        want = "one of: " + ", ".join(str(v) for v in allowed)
    return invalid(field or "arguments", want, arguments.get(field))


def parse(t: Tool, arguments: Mapping[str, Any]) -> msgspec.Struct:
    """Validate arguments strictly. Raises ToolRefused naming field, expectation and value."""
    try:
        return msgspec.convert(arguments, t.arguments, strict=True)
    except msgspec.ValidationError as error:
        raise _explain(error, arguments, t) from error


@cache
def all_tools() -> dict[str, Tool]:
    """Every tool of every module of `tools/`, by name, in alphabetical order."""
    room = import_module(f"{__package__}.tools")
    found: dict[str, Tool] = {}
    for info in iter_modules(room.__path__):
        module = import_module(f"{room.__name__}.{info.name}")
        found |= {t.name: t for t in vars(module).values() if isinstance(t, Tool)}
    return dict(sorted(found.items()))


@cache
def tools(domain: str) -> dict[str, Tool]:
    """The tools of a domain, by name: its own, those of every domain, those it shares."""
    shared = known(domain).shares
    return {
        n: t
        for n, t in all_tools().items()
        if domain in t.domains or "*" in t.domains or n in shared
    }
