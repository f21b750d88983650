"""One episode from the environment's side: pure functions from its events to the next drafts."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from ..bus.episode import Episode, Turn
from ..bus.events import (
    ActionRejected,
    Data,
    Draft,
    EndReason,
    EpisodeEnded,
    EpisodeRequested,
    EpisodeStarted,
    Generation,
    ObservationReturned,
    PatientAnswered,
    Purpose,
    ToolCalled,
    canonical,
    digest,
)
from ..knowledge import library
from ..knowledge.bias.framing import framed_ticket
from ..knowledge.domains import domain as known
from ..knowledge.domains import policy, questions
from ..knowledge.errors import KnowledgeError
from ..knowledge.files import code_digest
from ..knowledge.forks import patient_of
from ..knowledge.guidelines import versions
from ..knowledge.patient_agent import unfaithful
from ..knowledge.patients import GENERATOR_VERSION, Patient
from ..knowledge.physiology import MINUTE
from ..knowledge.tasks import Task
from ..knowledge.world import World, evolve, open_world
from .errors import OtherVersion, ToolRefused, UnknownRequest
from .tool import Context, Outcome, parse, tools

DEADLINE = 8 * 60 * MINUTE
"""Simulated end of an episode, in microseconds."""
_ERROR = MINUTE


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A running episode: the request, and the world so far."""

    requested: EpisodeRequested
    world: World
    objects: dict[str, bytes] = {}
    """By digest, the pictures that the last answer names: they are stored before it is."""

    @property
    def patient(self) -> Patient:
        """The hidden truth."""
        return self.world.patient


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What starts an episode, and the objects it names, by digest."""

    started: EpisodeStarted
    objects: dict[str, bytes]


TOOL_CODE = code_digest(("environments", "knowledge", "data"))
"""Digest of the tool code and of all data that tools read."""


def request(
    task: Task,
    *,
    agent: str,
    purpose: Purpose = "play",
    **settings: Any,
) -> EpisodeRequested:
    """The request to play a task. `settings` are further fields of EpisodeRequested."""
    settings.setdefault("guidelines", versions())
    return EpisodeRequested(
        task=task.id,
        domain=task.domain,
        variant=task.variant,
        seed=task.seed,
        generator=GENERATOR_VERSION,
        agent=agent,
        purpose=purpose,
        **settings,
    )


def open_session(requested: EpisodeRequested) -> Session:
    """Rebuild the patient.

    Raises UnknownRequest (domain, variant) or OtherVersion (generator, library).
    """
    if requested.generator != GENERATOR_VERSION:
        raise OtherVersion(f"generator {requested.generator}, this code has {GENERATOR_VERSION}")
    try:
        known(requested.domain)
        patient = patient_of(requested)
    except KnowledgeError as error:
        raise UnknownRequest(str(error)) from error
    if not library.known(requested.library or library.OWN):
        raise OtherVersion(f"library {requested.library} is not open here")
    return Session(requested=requested, world=open_world(patient))


@cache
def _objects(domain: str) -> tuple[bytes, bytes]:
    return policy(domain), canonical([t.schema() for t in tools(domain).values()])


def opening(session: Session) -> Opening:
    """The start of the episode: the ticket, the domain's policy and its tool schemas."""
    requested = session.requested
    rules, schemas = _objects(requested.domain)
    ticket = questions(requested.domain).ticket(session.patient)
    started = EpisodeStarted(
        domain=requested.domain,
        patient_id=session.patient.id,
        ticket=framed_ticket(ticket, requested.framing),
        policy_md=digest(rules),
        tools=digest(schemas),
        code=TOOL_CODE,
        policy_version=requested.policy_version,
        sampling=requested.sampling,
        max_turns=requested.max_turns,
        token_limit=requested.token_limit,
    )
    return Opening(started=started, objects={digest(rules): rules, digest(schemas): schemas})


def restore(requested: EpisodeRequested, episode: Episode) -> Session:
    """The session after the answered turns of an episode: any node can go on with it."""
    session = open_session(requested)
    world = session.world
    for turn in episode.turns:
        if turn.observation is not None:
            world = evolve(world, turn.observation, turn.observed_at)
    return msgspec.structs.replace(session, world=world)


def _call(session: Session, action: ToolCalled) -> tuple[Outcome, int]:
    """Run one tool call. Raises ToolRefused."""
    world = session.world
    known = tools(session.requested.domain)
    chosen = known.get(action.tool)
    if chosen is None:
        raise ToolRefused("unknown_tool", error="unknown_tool", got=action.tool[:60])
    arguments: dict[str, Any] = msgspec.structs.asdict(parse(chosen, action.arguments))
    named = arguments.pop("patient_id")
    if named not in {"", world.patient.id}:
        raise ToolRefused(
            "unknown_patient",
            error="unknown_patient",
            field="patient_id",
            expected=world.patient.id,
            got=named[:60],
        )
    done = world.now + chosen.minutes * MINUTE
    context = Context(world=world, done=done, library=session.requested.library or library.OWN)
    outcome = chosen.run(context, **arguments)
    return outcome, done if outcome.at is None else outcome.at


def _answer(session: Session, turn: Turn) -> tuple[list[Data], int, Outcome | None]:
    """Facts that answer a turn (the last one is the observation), their time, the outcome."""
    action, now = turn.action, session.world.now
    if isinstance(action, ActionRejected):
        content: Mapping[str, Any] = {
            "error": "unparsable",
            "expected": '{"name": ..., "arguments": {...}}',
            "got": action.reason[:120],
        }
        return [_error(action.turn, "unparsable", content)], now + _ERROR, None
    try:
        outcome, at = _call(session, action)
    except ToolRefused as refusal:
        return [_error(action.turn, refusal.code, refusal.content)], now + _ERROR, None
    observation = ObservationReturned(
        turn=action.turn,
        ok=True,
        content=outcome.content,
        reveals=list(dict.fromkeys(outcome.reveals)),
        effect=outcome.effect,
        images=[digest(p) for p in outcome.pictures] or msgspec.UNSET,
    )
    said: list[Data] = [outcome.said] if outcome.said else []
    return [*said, observation], at, outcome


def _error(turn: int, code: Any, content: Mapping[str, Any]) -> ObservationReturned:
    return ObservationReturned(turn=turn, ok=False, code=code, content=dict(content))


def _tokens(generation: Generation | None) -> int:
    return 0 if generation is None else len(generation.forced) + len(generation.sampled)


def _end(session: Session, episode: Episode, outcome: Outcome | None, at: int) -> EndReason | None:
    if outcome is not None and outcome.answer is not None:
        return "submitted"
    if at >= DEADLINE:
        return "deadline"
    if len(episode.turns) >= session.requested.max_turns:
        return "turn_limit"
    spent = sum(_tokens(t.action.generation) for t in episode.turns)
    return "token_limit" if spent > session.requested.token_limit else None


def answer_waiting(drafts: Sequence[Draft]) -> PatientAnswered | None:
    """What the patient is about to say; None where nobody was asked."""
    return next((d.data for d in drafts if isinstance(d.data, PatientAnswered)), None)


def worded(drafts: Sequence[Draft], wording: str) -> list[Draft]:
    """The same drafts with the patient's answer in other words, if those say the same.

    The event keeps both. Words that do not say the same are dropped (see `unfaithful`).
    """
    said = answer_waiting(drafts)
    if said is None or unfaithful(said.answer, wording):
        return list(drafts)
    replace = msgspec.structs.replace

    def put(data: Data) -> Data:
        if data is said:
            return replace(said, answer=wording, plain=said.answer)
        if isinstance(data, ObservationReturned) and data.content.get("answer") == said.answer:
            return replace(data, content={**data.content, "answer": wording})
        return data

    return [replace(d, data=put(d.data)) for d in drafts]


def respond(session: Session, episode: Episode) -> tuple[Session, list[Draft]]:
    """Answer the episode's last turn.

    Returns the session after it and the drafts: the patient's words if asked, the observation,
    and the end where this turn ended the episode. Raises ValueError if no turn waits.
    """
    if not episode.turns or episode.turns[-1].observation is not None:
        raise ValueError(f"{episode.aggregate}: no turn waits for an answer")
    facts, at, outcome = _answer(session, episode.turns[-1])
    at = min(at, DEADLINE)
    observation = facts[-1]
    if not isinstance(observation, ObservationReturned):
        raise TypeError("a turn is answered by an observation")
    reason = _end(session, episode, outcome, at)
    if reason is not None:
        answer = outcome.answer if outcome is not None else None
        facts.append(EpisodeEnded(reason=reason, turns=len(episode.turns), answer=answer))
    drafts = [Draft(data=f, at=at, correlation=episode.correlation) for f in facts]
    world = evolve(session.world, observation, at)
    objects = {digest(p): p for p in outcome.pictures} if outcome is not None else {}
    return msgspec.structs.replace(session, world=world, objects=objects), drafts
