"""Reading a tool call out of a model's text: one JSON object, nothing guessed."""

import re
from typing import Any

import msgspec

from ..bus.events import canonical
from ..bus.view import Parsed, Unparsable

_FENCED = re.compile(r"\A```(?:json)?\s*\n(?P<body>.*)\n\s*```\Z", re.DOTALL)
_TAGGED = re.compile(r"\A<tool_call>(?P<body>.*)</tool_call>\Z", re.DOTALL)


class _Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    arguments: dict[str, Any] = {}


_decoder = msgspec.json.Decoder(_Call)


def parse(raw: str) -> Parsed | Unparsable:
    """Read `{"name": ..., "arguments": {...}}`, bare, in one code fence or in one tool_call tag.

    Text around it, several calls, or arguments given as a string are Unparsable with the reason.
    """
    text = raw.strip()
    for wrapped in (_FENCED, _TAGGED):
        if found := wrapped.match(text):
            text = found["body"].strip()
            break
    if not text:
        return Unparsable("the answer is empty")
    try:
        call = _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return Unparsable(f'not {{"name": ..., "arguments": {{...}}}}: {error}')
    if not call.name.strip():
        return Unparsable("the tool's name is empty")
    return Parsed(call.name, call.arguments)


def render(tool: str, arguments: dict[str, Any]) -> str:
    """The text of a call, canonical JSON: `parse(render(tool, arguments))` gives them back."""
    return canonical({"name": tool, "arguments": arguments}).decode()
