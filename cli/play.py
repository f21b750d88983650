"""`healthgym play`: one episode in the terminal, by a policy or by a person."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from ..agents.policy import PolicyError
from ..bus.errors import ObjectMissing
from ..bus.events import (
    Draft,
    EpisodeRequested,
    Event,
    Head,
    PatientAnswered,
    Sampling,
    canonical,
    digest,
    head_of,
    seal,
)
from ..bus.log import FileLog
from ..bus.view import Action, View
from ..knowledge.patients import Patient
from ..projections.transcript import line, transcript
from .shared import Json, Library, attached, fail

if TYPE_CHECKING:
    from ..knowledge.tasks import Task


def play(  # noqa: PLR0913 - options
    domain: Annotated[str, typer.Option(help="Domain to play in.")] = "clinical_diagnosis",
    task: Annotated[str, typer.Option(help="Task id; without it one drawn by the seed.")] = "",
    policy: Annotated[
        str,
        typer.Option(
            help="reference, expert, random, human, transformers:DIR, smol, "
            "openai:http://host:port/v1#model"
        ),
    ] = "expert",
    seed: Annotated[int, typer.Option(help="Draws the task and the policy's randomness.")] = 0,
    max_turns: Annotated[int, typer.Option(help="Turn limit.", min=1)] = 24,
    save: Annotated[
        Path | None, typer.Option(help="Keep the events as a log in this folder.")
    ] = None,
    library: Library = None,
    receiver: Annotated[
        str, typer.Option(help="A second policy, which goes on once care was transferred.")
    ] = "",
    *,
    wording: Annotated[
        str, typer.Option(help="http://host:port/v1#model that words the patient's answers.")
    ] = "",
    json: Json = False,
) -> None:
    """Play one episode. Example: healthgym play --task dx_nstemi_001 --policy expert."""
    from ..environments.session import request
    from ..knowledge.errors import KnowledgeError

    generation = attached(library)
    chosen = _chosen(domain, task, seed)
    _check_receiver(receiver, wording)
    backend = policy.partition(":")[0]
    requested = request(
        chosen,
        agent=backend if backend.isalnum() else "agent",
        purpose="play",
        max_turns=max_turns,
        sampling=Sampling(seed=seed),
        library=generation or msgspec.UNSET,
    )
    try:
        events = _events(requested, policy, receiver, wording)
    except (PolicyError, KnowledgeError) as error:
        raise fail(str(error)) from error
    if save is not None:
        asyncio.run(save_log(events, save))
    if json:
        for event in events:
            typer.echo(canonical(event).decode())
    elif backend == "human":
        typer.echo("\n".join(line(e) for e in events[-2:]))
    else:
        typer.echo(transcript(events))


def _chosen(domain: str, task: str, seed: int) -> "Task":
    """The task of that id, or one that the seed draws."""
    from ..knowledge.errors import KnowledgeError
    from ..knowledge.rng import stream
    from ..knowledge.tasks import task as find_task
    from ..knowledge.tasks import tasks

    try:
        return find_task(task) if task else stream("play", seed).choice(tasks(domain))
    except KnowledgeError as error:
        raise fail(str(error)) from error


def _check_receiver(receiver: str, wording: str) -> None:
    if receiver and wording:
        raise fail("--wording is for one agent; leave --receiver out")
    if receiver.partition(":")[0] == "reference":
        raise fail("--receiver: a plan known by heart cannot take over; take expert, for one")


def _events(requested: EpisodeRequested, policy: str, receiver: str, wording: str) -> list[Event]:
    from ..agents.toolcall import parse
    from ..environments.pair import play_pair
    from ..environments.run import play as run_episode

    if receiver:
        with player(requested, policy) as first, player(requested, receiver) as second:
            return judged(play_pair(requested, first, second, parse))
    with player(requested, policy) as act, _wording(wording) as word:
        return judged(run_episode(requested, act, parse, word))


@contextmanager
def _wording(model: str) -> Iterator[Callable[[PatientAnswered, Patient], str] | None]:
    """A model for the patient's words, for a loop that does not wait. Raises PolicyError."""
    if not model:
        yield None
        return
    from ..agents.phrasing import open_wording

    with asyncio.Runner() as runner:
        opened = open_wording(model)
        word = runner.run(opened.__aenter__())
        try:
            yield lambda said, patient: runner.run(word(said, patient))
        finally:
            runner.run(opened.__aexit__(None, None, None))


def judged(events: list[Event], gym: str = "local") -> list[Event]:
    """The episode of a log of that gym, with its judgement."""
    from ..scorers.composite import score

    head = Head(
        aggregate=events[-1].aggregate, n=events[-1].n, digest=digest(canonical(events[-1]))
    )
    return [*events, *seal(gym, head, [Draft(data=score(events), at=events[-1].at)])]


@contextmanager
def player(requested: EpisodeRequested, policy: str) -> Iterator[Callable[[View], Action]]:
    """Who plays, by the name that `--policy` takes. Raises PolicyError."""
    backend, _, model = policy.partition(":")
    if backend == "human":
        yield _human
    elif backend == "reference":
        yield by_reference(requested)
    else:
        with asyncio.Runner() as runner:
            yield _asked(backend, model, runner)


def _asked(backend: str, model: str, runner: asyncio.Runner) -> Callable[[View], Action]:
    from ..agents.backends import open_policy
    from ..node import model_folder

    async def fetch(name: str) -> bytes:
        raise ObjectMissing(f"object {name}: playing without a gym has no adapters")

    policy = runner.run(open_policy(backend, model_folder(model), fetch=fetch))
    return lambda view: runner.run(policy.act(view))


def by_reference(requested: EpisodeRequested) -> Callable[[View], Action]:
    """Play the reference solution of a case, whatever comes back."""
    from ..knowledge.domains import questions
    from ..knowledge.forks import patient_of

    calls = questions(requested.domain).reference(patient_of(requested))

    def act(view: View) -> Action:
        call = calls[min(len(view.turns), len(calls) - 1)]
        body = {"name": call.tool, "arguments": call.arguments}
        return Action(raw=msgspec.json.encode(body).decode())

    return act


def _human(view: View) -> Action:
    """Ask the person at the terminal; a bare tool name is a call without arguments."""
    if not view.turns:
        typer.echo(f"{view.policy_md}\nPatient {view.started.patient_id}: {view.started.ticket}")
        names = [t["name"] for t in msgspec.json.decode(view.tools)]
        typer.echo("Tools: " + ", ".join(names))
        typer.echo('Type a tool name, or {"name": ..., "arguments": {...}}.')
    else:
        observation = view.turns[-1].observation
        if observation is not None:
            typer.echo(canonical(observation.content).decode())
    text = typer.prompt(f"{len(view.turns) + 1}").strip()
    if text.replace("_", "").isalnum():
        text = msgspec.json.encode({"name": text, "arguments": {}}).decode()
    return Action(raw=text)


async def save_log(events: list[Event], folder: Path) -> None:
    """Keep an episode as a log in a folder."""
    async with FileLog(folder, gym="local") as log:
        head = Head(aggregate=events[0].aggregate)
        for e in events:
            draft = Draft(data=e.data, at=e.at, cause=e.cause, correlation=e.correlation)
            head = head_of(await log.append(head, [draft]), head.aggregate)


COMMANDS = (play,)
