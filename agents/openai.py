"""Any OpenAI-compatible chat endpoint as a policy: tools as function schemas, over aiohttp."""

import asyncio
import base64
import json
import os
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec

from ..bus.episode import Turn, pictures
from ..bus.events import ToolCalled, canonical
from .policy import Action, PolicyError, View
from .toolcall import render

CONCURRENT = 32
"""Requests under way at once."""
_TRIES = 5
_RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_KEY = "OPENAI_API_KEY"
_SEES = "?images"
"""Ends the address of an endpoint whose model takes pictures."""


class _Function(msgspec.Struct):
    name: str
    arguments: str = ""


class _ToolCall(msgspec.Struct):
    function: _Function


class _Message(msgspec.Struct):
    content: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(msgspec.Struct):
    message: _Message


class _Reply(msgspec.Struct):
    choices: list[_Choice]


def _image(data: bytes) -> dict[str, Any]:
    url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def _pictures(turn: Turn, images: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """The pictures of one turn: a message of its own, since tools may answer in text only."""
    parts = [_image(images[name]) for name in pictures([turn]) if name in images]
    if not parts or not isinstance(turn.action, ToolCalled):
        return []
    said = {"type": "text", "text": f"The picture of {turn.action.tool}, turn {turn.action.turn}:"}
    return [{"role": "user", "content": [said, *parts]}]


def _said(turn: Turn) -> list[dict[str, Any]]:
    """The messages of one answered turn."""
    action, observation = turn.action, turn.observation
    shown = canonical(observation.content).decode() if observation else ""
    if not isinstance(action, ToolCalled):
        return [
            {"role": "assistant", "content": action.raw},
            {"role": "user", "content": shown},
        ]
    id_ = f"call_{action.turn}"
    function = {"name": action.tool, "arguments": json.dumps(action.arguments)}
    return [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": id_, "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": id_, "content": shown},
    ]


def conversation(view: View, *, sees: bool = False) -> list[dict[str, Any]]:
    """The episode so far as chat messages; one that `sees` gets the pictures, too."""
    head: list[dict[str, Any]] = [
        {"role": "system", "content": view.policy_md},
        {"role": "user", "content": view.started.ticket},
    ]
    for turn in view.turns:
        head += _said(turn)
        head += _pictures(turn, view.images) if sees else []
    return head


def action(reply: bytes) -> Action:
    """The action in a chat completion: its first tool call, or else its text as it stands.

    Raises PolicyError where it is no chat completion.
    """
    try:
        message = msgspec.json.decode(reply, type=_Reply).choices[0].message
    except (msgspec.DecodeError, IndexError) as error:
        raise PolicyError(f"the endpoint sent no chat completion: {error}") from error
    if not message.tool_calls:
        return Action(raw=message.content or "")
    said = message.tool_calls[0].function
    try:
        arguments = msgspec.json.decode(said.arguments or "{}", type=dict[str, Any])
    except msgspec.DecodeError:
        return Action(raw=f"{said.name} {said.arguments}")
    return Action(raw=render(said.name, arguments))


class OpenAIPolicy:
    """A model behind an endpoint. `endpoint` ends in /v1; the key comes from OPENAI_API_KEY.

    A model that `sees` is sent the pictures of the observations as image parts.
    """

    def __init__(
        self,
        endpoint: str,
        model: str,
        *,
        key: str = "",
        first_wait_s: float = 0.5,
        sees: bool = False,
    ) -> None:
        self._url = f"{endpoint.rstrip('/')}/chat/completions"
        self._model = model
        self._sees = sees
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._first_wait_s = first_wait_s
        self._limit = asyncio.Semaphore(CONCURRENT)
        self._session: aiohttp.ClientSession | None = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=300, sock_connect=20)
            connector = aiohttp.TCPConnector(limit=CONCURRENT)
            self._session = aiohttp.ClientSession(
                headers=self._headers, timeout=timeout, connector=connector
            )
        return self._session

    def _body(self, view: View) -> dict[str, Any]:
        sampling = view.started.sampling
        tools = [
            {"type": "function", "function": schema} for schema in msgspec.json.decode(view.tools)
        ]
        return {
            "model": self._model,
            "messages": conversation(view, sees=self._sees),
            "tools": tools,
            "tool_choice": "auto",
            "parallel_tool_calls": False,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_new_tokens,
            "seed": sampling.seed,
        }

    async def _try(self, body: Mapping[str, Any]) -> tuple[bytes, str, float]:
        """One request: the reply, or what went wrong and how long the endpoint asks to wait."""
        try:
            async with self._open().post(self._url, json=body) as response:
                text = await response.read()
                if response.status == 200:
                    return text, "", 0.0
                trouble = f"HTTP {response.status}: {text[:200].decode(errors='replace')}"
                if response.status not in _RETRIED:
                    raise PolicyError(f"{self._url}: {trouble}")
                asked = response.headers.get("Retry-After", "")
                return b"", trouble, float(asked) if asked.isdecimal() else 0.0
        except (aiohttp.ClientError, TimeoutError) as error:
            return b"", f"{type(error).__name__}: {error}", 0.0

    async def act(self, view: View) -> Action:
        """Ask the model. Raises PolicyError once it is clear that no answer can be had."""
        return await self.ask(self._body(view))

    async def ask(self, body: Mapping[str, Any]) -> Action:
        """Send one chat completion; `model` is filled in. Raises PolicyError as `act` does."""
        body = {**body, "model": self._model}
        trouble = ""
        async with self._limit:
            for attempt in range(_TRIES):
                reply, trouble, asked_s = await self._try(body)
                if not trouble:
                    return action(reply)
                if attempt < _TRIES - 1:
                    await asyncio.sleep(min(max(asked_s, self._first_wait_s * 2**attempt), 30.0))
        raise PolicyError(f"{self._url}: no answer in {_TRIES} tries, last {trouble}")

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


async def open_policy(model: str, fetch: object) -> OpenAIPolicy:  # noqa: ARG001 - no weights
    """Open `http://host:port/v1#model`, or `http://host:port/v1?images#model` for one that sees.

    Raises PolicyError where that is not what is given.
    """
    endpoint, _, name = model.partition("#")
    sees = endpoint.endswith(_SEES)
    endpoint = endpoint.removesuffix(_SEES)
    if not endpoint.startswith(("http://", "https://")) or not name:
        raise PolicyError(f"an endpoint looks like http://host:port/v1#model, not {model!r}")
    return OpenAIPolicy(endpoint, name, key=os.environ.get(_KEY, ""), sees=sees)
