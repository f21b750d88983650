"""What a model reads: a deterministic rendering of the ticket and of each observation.

Two renderers share one interface. `Compact` is for the small models that are trained here: flags
instead of numbers, no punctuation, a handful of tokens a turn. `Chat` is for any other chat model:
its own template, with policy.md and the tool schemas.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Protocol

import msgspec

from ..bus.events import EpisodeStarted, ObservationReturned
from ..bus.view import View
from ..knowledge.files import load

CASE, ACT, END, OBS, PAD = "<|case|>", "<|act|>", "<|end|>", "<|obs|>", "<|pad|>"
SPECIALS = (PAD, END, CASE, ACT, OBS)
LONGEST = 280
"""Characters of one rendered observation; a small model reads no more."""

_FLAGGED = re.compile(r"-?\d+(?:\.\d+)?(?: (?P<flag>HH|LL|H|L))?")
_UNIT = re.compile(
    r"_(mmol_l|mg_dl|mg_l|10e9_l|g_dl|ng_l|ng_ml|pg_ml|u_l|mosm_kg|miu_l|hpf|pct|mmhg|bpm|pm|c)$"
)


class _Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    silent: frozenset[str]
    routine: frozenset[str]


@cache
def _reading() -> _Reading:
    return load("policies/compact.yaml", _Reading)


class Renderer(Protocol):
    """Text of what is fed to a model. `opening + (call + follow)*` is the whole conversation."""

    def opening(self, view: View) -> str:
        """The prompt, up to where the model has to act."""
        ...

    def follow(self, observation: ObservationReturned, call: str) -> str:
        """What comes after the model's `call` and its end token, up to where it acts again."""
        ...


def opening(started: EpisodeStarted) -> str:
    """The domain, which decides the tools, and the ticket without ids."""
    return f"{CASE}{started.domain.replace('_', ' ')}: {started.ticket.lower()}{ACT}"


def observation(returned: ObservationReturned) -> str:
    """The observation in a few words: abnormal values as flags, tests that were normal by name."""
    words = " ".join(_words(returned.content)) or "ok"
    text = words if returned.ok else f"{returned.code} {words}"
    return f"{OBS}{text.lower()[:LONGEST]}{ACT}"


def _words(content: Mapping[str, Any]) -> Iterator[str]:
    for key, value in content.items():
        if key in _reading().silent:
            continue
        yield from _said(_UNIT.sub("", key), value)


def _said(name: str, value: Any) -> Iterator[str]:
    match value:
        case dict():
            inner = list(_words(value))
            if name == "pending":
                inner = [_UNIT.sub("", k) for k in value]
            shown = name not in {"results", "vitals", "imaging", "exam"}
            yield from ([name] if shown and inner else []) + inner
        case list():
            inner = [w for item in value for w in _item(item)]
            yield " ".join([name, *(inner or ["none"])])
        case str() if found := _FLAGGED.fullmatch(value):
            yield from _value(name, found["flag"])
        case bool() | int() | float():
            if name == "age_years":
                yield f"age {int(value) // 10}0s"
        case _:
            yield f"{name} {value}"


def _value(name: str, flag: str | None) -> Iterator[str]:
    if flag:
        yield f"{name} {flag}"
    elif name not in _reading().routine:
        yield f"{name} ok"


def _item(item: Any) -> list[str]:
    if isinstance(item, dict):
        return list(_words(item))
    return [str(item)]


class Compact:
    """Renders for the models trained by this project."""

    def opening(self, view: View) -> str:
        """The ticket."""
        return opening(view.started)

    def follow(self, observation_: ObservationReturned, call: str) -> str:  # noqa: ARG002
        """The observation; what the call was is in the tokens already."""
        return observation(observation_)


class Chat:
    """Renders by a model's own chat template."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def opening(self, view: View) -> str:
        """policy.md and the tools as the system's message, the ticket as the user's."""
        tools = msgspec.json.decode(view.tools or "[]")
        system = (
            f"{view.policy_md}\n\nAnswer every turn with exactly one JSON object "
            '{"name": <tool>, "arguments": {...}} and nothing else.'
        )
        return self._render(
            [
                {"role": "system", "content": system},
                {"role": "user", "content": f"{view.started.patient_id}: {view.started.ticket}"},
            ],
            tools=[{"type": "function", "function": t} for t in tools],
            add_generation_prompt=True,
        )

    def follow(self, observation_: ObservationReturned, call: str) -> str:
        """The template's own words between the model's end token and its next turn."""
        spoken = [{"role": "user", "content": "-"}, {"role": "assistant", "content": call or "-"}]
        content = msgspec.json.encode(observation_.content).decode()
        before = self._render(spoken)
        after = self._render(
            [*spoken, {"role": "tool", "content": content}], add_generation_prompt=True
        )
        end = str(self._tokenizer.eos_token)
        kept = before[: before.rfind(end) + len(end)] if end in before else before
        return after[len(kept) :] if after.startswith(kept) else f"\n{content}\n"

    def _render(self, messages: list[dict[str, str]], **more: Any) -> str:
        return str(self._tokenizer.apply_chat_template(messages, tokenize=False, **more))
