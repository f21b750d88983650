"""Backends without weights: random, replay, endpoint, and the one whose extra is missing."""

import importlib.util
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from healthgym.agents import random_policy, replay, smol
from healthgym.agents.backends import open_policy
from healthgym.agents.policy import PolicyError, View
from healthgym.agents.toolcall import parse, render
from healthgym.bus.events import ToolCalled, canonical
from healthgym.bus.view import Action, Parsed
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.environments.tool import parse as validate
from healthgym.environments.tool import tools
from healthgym.knowledge.rng import stream
from healthgym.knowledge.tasks import task

aiohttp_web = pytest.importorskip("aiohttp.web")
TASK = "dx_nstemi_001"


async def no_fetch(_: str) -> bytes:
    raise AssertionError("nothing to fetch")


def views(turns: int = 3) -> list[View]:
    """The views of a short episode."""
    seen: list[View] = []

    def act(view: View) -> Action:
        seen.append(view)
        return Action(raw=render("get_vital_signs", {}) if len(seen) < 3 else "no call")

    play(request(task(TASK), agent="a", max_turns=turns), act, parse)
    return seen


def test_random_play_is_seeded_and_well_formed() -> None:
    view = views()[0]
    known = tools("clinical_diagnosis")
    names = set()
    for seed in range(150):
        action = random_policy.play(view, stream("test", seed))
        assert action == random_policy.play(view, stream("test", seed))
        call = parse(action.raw)
        assert isinstance(call, Parsed)
        validate(known[call.tool], call.arguments)
        names.add(call.tool)
    assert len(names) > len(known) / 2


async def test_a_recording_plays_again(tmp_path: Path) -> None:
    policy = await open_policy("random", fetch=no_fetch)
    view = views()[0]
    first = (await policy.act(view)).raw
    spoken = [first, "not a call", render("submit_answer", {})]
    said = iter(spoken)
    asked = request(task(TASK), agent="a")
    events = play(asked, lambda _: Action(raw=next(said)), parse)
    file = tmp_path / "episode.jsonl"
    file.write_bytes(b"\n".join(canonical(e) for e in events))
    again = await replay.open_policy(str(file), None)
    assert canonical(play(asked, again.play, parse)) == canonical(events)
    with pytest.raises(PolicyError, match="ends after 3 turns"):
        replay.ReplayPolicy(replay.recorded(events)).play(
            msgspec.structs.replace(view, turns=(None,) * 3)
        )


async def test_no_recording_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no recording"):
        await replay.open_policy(str(tmp_path / "missing"), None)
    bad = tmp_path / "bad"
    bad.write_text("{}\n")
    with pytest.raises(PolicyError, match="no recording"):
        await replay.open_policy(str(bad), None)


# ---------------------------------------------------------------- endpoint

Handler = Callable[[Any], Awaitable[Any]]
Serve = Callable[[Handler], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """A chat endpoint on a free port of the loopback."""
    runners: list[Any] = []

    async def start(handler: Handler) -> str:
        app = aiohttp_web.Application()
        app.router.add_post("/v1/chat/completions", handler)
        runner = aiohttp_web.AppRunner(app)
        await runner.setup()
        runners.append(runner)
        site = aiohttp_web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}/v1"

    yield start
    for runner in runners:
        await runner.cleanup()


def reply(**message: Any) -> Any:
    return aiohttp_web.json_response({"choices": [{"message": {"role": "assistant", **message}}]})


def call(name: str, arguments: str) -> dict[str, Any]:
    return {"id": "1", "type": "function", "function": {"name": name, "arguments": arguments}}


def client(url: str) -> Any:
    from healthgym.agents.openai import OpenAIPolicy

    return OpenAIPolicy(url, "m", key="k", first_wait_s=0.01)


async def test_an_endpoint_is_told_everything_and_its_call_is_taken(serve: Serve) -> None:
    asked: list[Any] = []

    async def handler(query: Any) -> Any:
        asked.append((await query.json(), query.headers["Authorization"]))
        return reply(content=None, tool_calls=[call("examine_patient", '{"system": "chest"}')])

    policy = client(await serve(handler))
    view = views(4)[3]
    action = await policy.act(view)
    await policy.close()
    assert parse(action.raw) == Parsed("examine_patient", {"system": "chest"})
    body, key = asked[0]
    assert key == "Bearer k"
    assert body["model"] == "m"
    assert {t["function"]["name"] for t in body["tools"]} == set(tools("clinical_diagnosis"))
    roles = [m["role"] for m in body["messages"]]
    assert roles == ["system", "user", *(["assistant", "tool"] * 2), "assistant", "user"]
    assert body["messages"][1]["content"] == view.started.ticket
    assert isinstance(view.turns[0].action, ToolCalled)
    assert "vitals" in body["messages"][3]["content"]


@pytest.mark.parametrize(
    ("message", "raw"),
    [
        ({"content": "I would wait."}, "I would wait."),
        ({"content": None}, ""),
        ({"tool_calls": [call("think", "{broken")]}, "think {broken"),
    ],
)
async def test_no_call_is_handed_on_as_it_stands(
    serve: Serve, message: dict[str, Any], raw: str
) -> None:
    async def handler(_: Any) -> Any:
        return reply(**message)

    policy = client(await serve(handler))
    assert (await policy.act(views()[0])).raw == raw
    await policy.close()


async def test_a_busy_endpoint_is_asked_again(serve: Serve) -> None:
    tries = 0

    async def handler(_: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries < 3:
            return aiohttp_web.Response(status=503 if tries == 1 else 429, text="busy")
        return reply(content="{}")

    policy = client(await serve(handler))
    await policy.act(views()[0])
    await policy.close()
    assert tries == 3


@pytest.mark.parametrize(("status", "tries"), [(401, 1), (500, 5)])
async def test_a_refusing_endpoint_is_a_policy_error(serve: Serve, status: int, tries: int) -> None:
    seen = 0

    async def handler(_: Any) -> Any:
        nonlocal seen
        seen += 1
        return aiohttp_web.Response(status=status, text="no")

    policy = client(await serve(handler))
    with pytest.raises(PolicyError, match=str(status)):
        await policy.act(views()[0])
    await policy.close()
    assert seen == tries


async def test_nonsense_from_an_endpoint_is_a_policy_error(serve: Serve) -> None:
    async def handler(_: Any) -> Any:
        return aiohttp_web.json_response({"choices": []})

    policy = client(await serve(handler))
    with pytest.raises(PolicyError, match="no chat completion"):
        await policy.act(views()[0])
    await policy.close()


async def test_an_unreachable_endpoint_is_a_policy_error() -> None:
    policy = client("http://127.0.0.1:1/v1")
    with pytest.raises(PolicyError, match="no answer in 5 tries"):
        await policy.act(views()[0])
    await policy.close()


@pytest.mark.parametrize("model", ["", "localhost:1#m", "http://localhost:1/v1"])
async def test_an_endpoint_needs_its_address_and_model(model: str) -> None:
    with pytest.raises(PolicyError, match="looks like"):
        await open_policy("openai", model, fetch=no_fetch)


# ---------------------------------------------------------------- smol


class Server:
    """Stands for the native model server."""

    def __init__(self, text: str) -> None:
        self.text, self.asked = text, []

    def handle_chat_completions(self, query: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(query)
        return {"choices": [{"message": {"content": self.text}}]} if self.text else {"error": "x"}


async def test_a_smol_generation_is_marked_constrained() -> None:
    server = Server('{"name": "perform_ecg", "arguments": {}}')
    policy = smol.SmolPolicy(server)
    action = await policy.act(views(4)[3])
    assert parse(action.raw) == Parsed("perform_ecg", {})
    assert action.generation is not None
    assert action.generation.constrained
    shapes = server.asked[0]["response_format"]["json_schema"]["schema"]["anyOf"]
    assert {s["properties"]["name"]["const"] for s in shapes} == set(tools("clinical_diagnosis"))
    assert all("patient_id" not in str(s) for s in shapes)


async def test_a_smol_failure_is_a_policy_error() -> None:
    with pytest.raises(PolicyError, match="no answer"):
        await smol.SmolPolicy(Server("")).act(views()[0])


@pytest.mark.skipif(importlib.util.find_spec("xllamacpp") is not None, reason="extra installed")
async def test_a_missing_extra_is_named() -> None:
    with pytest.raises(PolicyError, match=r"healthgym\[smol\]"):
        await open_policy("smol", fetch=no_fetch)
