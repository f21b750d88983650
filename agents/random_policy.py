"""A policy that calls tools at random: the floor that every other one is compared with."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from ..knowledge.conditions import condition, conditions
from ..knowledge.drugs import formulary
from ..knowledge.labs import catalogue
from ..knowledge.rng import Stream, stream
from ..knowledge.studies import studies
from .policy import Action, PolicyError, View
from .toolcall import render

_WORDS = ("chest pain", "breathing", "medicines", "history")


class _Parameters(msgspec.Struct):
    properties: dict[str, dict[str, Any]]
    required: list[str] = []


class _Tool(msgspec.Struct):
    name: str
    parameters: _Parameters


@lru_cache(maxsize=16)
def _tools(schemas: str) -> tuple[_Tool, ...]:
    try:
        return tuple(msgspec.json.decode(schemas, type=list[_Tool]))
    except msgspec.DecodeError as error:
        raise PolicyError(f"the tool schemas cannot be read: {error}") from error


def _words(field: str) -> tuple[str, ...]:
    """Plausible texts for an argument, by its name."""
    known: dict[str, tuple[str, ...]] = {
        "test": tuple(catalogue().tests),
        "study": tuple(studies().studies),
        "icd10_code": tuple(condition(c).icd10 for c in conditions()),
        "condition": tuple(conditions()),
        "diagnosis": tuple(conditions()),
        "dose_unit": ("mg", "g", "units", "ml"),
    }
    if field.startswith("drug"):
        return tuple(formulary().drugs)
    return known.get(field, _WORDS)


def _value(field: str, schema: Mapping[str, Any], rng: Stream) -> Any:
    if options := schema.get("enum"):
        return rng.choice(options)
    if variants := schema.get("anyOf"):
        return _value(field, rng.choice(variants), rng)
    match schema.get("type"):
        case "integer":
            return rng.integer(schema.get("minimum", 1), schema.get("maximum", 100))
        case "number":
            low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
            return round(rng.uniform(low, min(schema.get("maximum", 500), 500)), 2) or 1.0
        case "null":
            return None
        case "boolean":
            return rng.bernoulli(0.5)
        case "array":
            items = schema.get("items", {})
            free = items.get("type", "string") == "string" and "enum" not in items
            return [] if free else [_value(field, items, rng) for _ in range(rng.integer(0, 3))]
        case "object":
            known = schema.get("properties", {})
            return {key: _value(key, part, rng) for key, part in known.items()}
        case _:
            return rng.choice(_words(field))[: schema.get("maxLength")]


def arguments(
    properties: Mapping[str, Mapping[str, Any]], required: Sequence[str], rng: Stream
) -> dict[str, Any]:
    """Random values of the right types: all required ones, and some of the others."""
    return {
        field: _value(field, schema, rng)
        for field, schema in properties.items()
        if field != "patient_id" and (field in required or rng.bernoulli(0.3))
    }


def play(view: View, rng: Stream) -> Action:
    """A random tool with random arguments of the right types. Raises PolicyError."""
    tools = _tools(view.tools)
    if not tools:
        raise PolicyError("there is no tool to call")
    tool = rng.choice(tools)
    properties, required = tool.parameters.properties, tool.parameters.required
    return Action(raw=render(tool.name, arguments(properties, required, rng)))


class RandomPolicy:
    """Random play, seeded by the episode's name and the turn."""

    async def act(self, view: View) -> Action:
        """The next random call. Raises PolicyError."""
        return play(view, stream("random", view.episode, len(view.turns)))

    async def close(self) -> None:
        """Nothing is held."""


async def open_policy(model: str, fetch: object) -> RandomPolicy:  # noqa: ARG001 - no weights
    """Open the random policy."""
    return RandomPolicy()
