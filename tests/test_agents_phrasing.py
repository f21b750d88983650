"""A model may word what a patient says; it cannot change it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
from aiohttp import web
from typer.testing import CliRunner

from healthgym.__main__ import app
from healthgym.agents.phrasing import open_wording
from healthgym.bus.events import Event, PatientAnswered, decode
from healthgym.bus.view import Action
from healthgym.environments.replay import replay
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.patient_agent import answer, unfaithful
from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.tasks import task
from healthgym.scorers.composite import score

TASK = "dx_nstemi_001"
QUESTION = "Do you have any chest pain?"
PLAIN = "Yes: tightness in my chest since this morning. No fever, no cough."


@pytest.fixture
def patient() -> Patient:
    chosen = task(TASK)
    return generate(chosen.variant, chosen.seed)


@pytest.mark.parametrize(
    "said",
    [
        "Well, I have tightness in my chest since this morning. I have no fever and no cough.",
        "It is tightness in the chest, doctor, yes, since this morning. No cough and no fever.",
    ],
)
def test_other_words_for_the_same_pass(said: str) -> None:
    assert not unfaithful(PLAIN, said)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("", "empty"),
        ("x " * 400, "longer"),
        ("Tight chest.\x1b[31m No fever, no cough.", "printed"),
        (f"I have an NSTEMI. {PLAIN}", "adds nstemi"),
        (f"It is pneumonia! {PLAIN}", "adds pneumonia"),
        (f"{PLAIN} For 3 days now.", "adds 3"),
        ("Tightness in my chest since this morning. I have a fever, no cough.", "turns fever"),
        ("No tightness in my chest this morning. No fever, no cough.", "turns"),
        ("Tightness in my chest since this morning. No fever.", "leaves out cough"),
        (f"{PLAIN} I vomited.", "adds vomited"),
        ("Tightness since this morning. No fever, no cough.", "leaves out chest"),
    ],
)
def test_whatever_else_is_said_is_refused(said: str, reason: str) -> None:
    assert reason in unfaithful(PLAIN, said)


def test_plain_words_are_faithful_to_themselves(patient: Patient) -> None:
    for question in (QUESTION, "What brings you here?", "Do you smoke? Any allergies?"):
        told = answer(patient, (), question).text
        assert not unfaithful(told, told)


def asks(*, word: Callable[[PatientAnswered, Patient], str] | None = None) -> list[Event]:
    calls = iter(
        [
            {"name": "ask_patient", "arguments": {"question": QUESTION}},
            {"name": "submit_answer", "arguments": {"icd10_code": "I21.4"}},
        ]
    )
    on = request(task(TASK), agent="t")
    return play(on, lambda _: Action(raw=msgspec.json.encode(next(calls)).decode()), word=word)


def said_in(events: list[Event]) -> PatientAnswered:
    return next(e.data for e in events if isinstance(e.data, PatientAnswered))


def test_a_worded_episode_keeps_both_and_replays(patient: Patient) -> None:
    plain = asks()
    events = asks(word=lambda said, _: f"Well, doctor. {said.answer}")
    told = said_in(events)
    assert told.plain == said_in(plain).answer
    assert told.answer == f"Well, doctor. {told.plain}"
    shown = next(e.data for e in events if e.type == "ObservationReturned")
    assert shown.content["answer"] == told.answer
    assert replay(events).verdict == "same"
    assert score(events).composite == score(plain).composite


def test_words_that_say_something_else_are_dropped() -> None:
    events = asks(word=lambda said, _: f"{said.answer} I have lost 9 kg.")
    assert events == asks()


def test_wording_that_was_tampered_with_is_seen() -> None:
    events = asks(word=lambda said, _: f"Well, doctor. {said.answer}")
    at = next(i for i, e in enumerate(events) if isinstance(e.data, PatientAnswered))
    forged = msgspec.structs.replace(said_in(events), answer="I have a heart attack, NSTEMI.")
    events[at] = msgspec.structs.replace(events[at], data=forged)
    assert replay(events).verdict == "differs"


Handler = Callable[[Any], Awaitable[Any]]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Handler], Awaitable[str]]]:
    """A chat endpoint on a free port of the loopback."""
    runners: list[Any] = []

    async def start(handler: Handler) -> str:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}/v1#m"

    yield start
    for runner in runners:
        await runner.cleanup()


async def test_the_model_is_told_the_answer_and_nothing_hidden(
    serve: Any, patient: Patient
) -> None:
    asked: list[dict[str, Any]] = []

    async def handler(incoming: Any) -> Any:
        asked.append(await incoming.json())
        text = "Yes, tightness in my chest,\n since this morning. No fever, no cough."
        return web.json_response({"choices": [{"message": {"content": text}}]})

    async with open_wording(await serve(handler)) as word:
        text = await word(PatientAnswered(question=QUESTION, answer=PLAIN), patient)
    assert text == "Yes, tightness in my chest, since this morning. No fever, no cough."
    sent = str(asked[0]["messages"])
    assert PLAIN in sent
    assert QUESTION in sent
    assert patient.condition not in sent


async def test_play_takes_a_wording_model(serve: Any) -> None:
    async def handler(incoming: Any) -> Any:
        told = (await incoming.json())["messages"][-1]["content"].partition("say: ")[2]
        return web.json_response({"choices": [{"message": {"content": f"Well, yes. {told}"}}]})

    url = await serve(handler)
    arguments = [
        "play",
        "--task",
        "tri_anaphylaxis_airway_001",
        "--policy",
        "expert",
        "--wording",
        url,
        "--json",
    ]
    result = await asyncio.to_thread(CliRunner().invoke, app, arguments)
    assert result.exit_code == 0, result.output
    events = [decode(line.encode()) for line in result.output.splitlines() if line]
    assert said_in(events).answer == f"Well, yes. {said_in(events).plain}"


@pytest.mark.parametrize("status", [200, 401])
async def test_a_model_that_fails_or_lies_leaves_the_plain_words(
    serve: Any, status: int, patient: Patient
) -> None:
    async def handler(_: Any) -> Any:
        message = {"choices": [{"message": {"content": "I am well, thank you."}}]}
        return web.json_response(message, status=status)

    async with open_wording(await serve(handler)) as word:
        assert await word(PatientAnswered(question=QUESTION, answer=PLAIN), patient) == ""
