"""Play many episodes side by side in memory, so that a model can act for all of them at once."""

from collections.abc import Callable, Sequence

from healthgym.agents.toolcall import parse
from healthgym.bus.episode import Episode, evolve
from healthgym.bus.events import (
    Draft,
    EpisodeRequested,
    Event,
    Head,
    canonical,
    digest,
    episode,
    opaque_id,
    seal,
)
from healthgym.bus.view import Action, View, acted
from healthgym.environments.session import open_session, opening, respond
from healthgym.scorers.composite import score

ActBatch = Callable[[Sequence[View]], list[Action]]


class _Room:
    """One running episode."""

    def __init__(self, requested: EpisodeRequested) -> None:
        self.session = open_session(requested)
        key = opaque_id(requested.agent, requested.task, requested.group, requested.index)
        self.state = Episode(aggregate=episode(requested.agent, key))
        self.events: list[Event] = []
        self.append([Draft(data=requested)])
        start = opening(self.session)
        self.append([Draft(data=start.started)])
        self.policy_md = start.objects[start.started.policy_md].decode()
        self.tools = start.objects[start.started.tools].decode()
        self.started = start.started

    def append(self, drafts: list[Draft]) -> None:
        last = self.events[-1] if self.events else None
        head = Head(aggregate=self.state.aggregate)
        if last is not None:
            head = Head(aggregate=last.aggregate, n=last.n, digest=digest(canonical(last)))
        for event in seal("bench", head, drafts):
            self.events.append(event)
            self.state = evolve(self.state, event)

    def view(self) -> View:
        return View(
            episode=self.state.aggregate,
            started=self.started,
            turns=self.state.turns,
            policy_md=self.policy_md,
            tools=self.tools,
        )

    def act(self, action: Action) -> None:
        data = acted(action, len(self.state.turns) + 1, parse)
        self.append([Draft(data=data, at=self.state.at)])
        self.session, drafts = respond(self.session, self.state)
        self.append(drafts)


def play_all(requests: Sequence[EpisodeRequested], act: ActBatch) -> list[Episode]:
    """Play every request to its end and judge it, in order of the requests."""
    rooms = [_Room(r) for r in requests]
    while running := [room for room in rooms if room.state.open]:
        for room, action in zip(running, act([r.view() for r in running]), strict=True):
            room.act(action)
    for room in rooms:
        room.append([Draft(data=score(room.events))])
    return [room.state for room in rooms]
