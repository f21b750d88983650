"""A model that words a patient's answers. It is told what to say and in which manner, no more."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

from ..bus.events import PatientAnswered
from ..knowledge.patient_agent import manner, unfaithful
from ..knowledge.patients import Patient
from .openai import OpenAIPolicy, open_policy
from .policy import PolicyError

log_ = structlog.get_logger(__name__)

_TASK = (
    "You speak as a patient whose manner is {manner}. Say the given answer in your own words, in "
    "one to three sentences, as an answer to the question. Keep its key words, every symptom, "
    "denial and number; add none. Never name a disease. Write the words of the patient only."
)
_TOKENS = 200
Word = Callable[[PatientAnswered, Patient], Coroutine[Any, Any, str]]


def prompt(said: PatientAnswered, patient: Patient) -> dict[str, Any]:
    """The chat request. The truth stays out of it: the model reads what the patient says anyway."""
    told = f"Question: {said.question}\nAnswer to say: {said.answer}"
    return {
        "messages": [
            {"role": "system", "content": _TASK.format(manner=manner(patient).personality)},
            {"role": "user", "content": told},
        ],
        "temperature": 0.7,
        "max_tokens": _TOKENS,
    }


async def worded(model: OpenAIPolicy, said: PatientAnswered, patient: Patient) -> str:
    """Other words for an answer; "" where the model has none, or they do not say the same."""
    try:
        text = " ".join((await model.ask(prompt(said, patient))).raw.split())
    except PolicyError as error:
        log_.warning("patient_not_worded", reason=str(error))
        return ""
    reason = unfaithful(said.answer, text)
    if reason:
        log_.info("wording_refused", reason=reason)
        return ""
    return text


@asynccontextmanager
async def open_wording(model: str) -> AsyncIterator[Word]:
    """Open `http://host:port/v1#model` for wording. Raises PolicyError for another form."""
    client = await open_policy(model, None)

    async def word(said: PatientAnswered, patient: Patient) -> str:
        return await worded(client, said, patient)

    try:
        yield word
    finally:
        await client.close()
