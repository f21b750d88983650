"""Play one episode with two policies: who refers a patient, and who takes over.

One episode, one clock, one patient: it is recorded, replayed and judged like any other; every
action names its seat.
"""

from collections.abc import Mapping

from ..bus.events import EpisodeRequested, Event, episode, opaque_id
from ..bus.view import Reader, View, acted
from ..knowledge.seats import Seat, seated
from .run import PolicyFn, Record, plain
from .session import open_session, opening, respond


def play_pair(
    requested: EpisodeRequested, referrer: PolicyFn, receiver: PolicyFn, read: Reader = plain
) -> list[Event]:
    """Play an episode to its end and return its events (request first, end last).

    The referrer acts until care has been transferred, then the receiver, who sees the ticket, the
    hand-off and its own observations. Without a transfer the referrer plays alone. Raises
    UnknownRequest or OtherVersion; whatever a policy raises passes through.
    """
    session = open_session(requested)
    start = opening(session)
    rules = start.objects[start.started.policy_md].decode()
    tools = start.objects[start.started.tools].decode()
    key = opaque_id(requested.agent, requested.task, requested.group, requested.index, "pair")
    record = Record(episode(requested.agent.replace(".", "-"), key))
    record.say(requested)
    record.say(start.started)
    images: dict[str, bytes] = {}
    players: Mapping[Seat, PolicyFn] = {"referrer": referrer, "receiver": receiver}
    while record.state.open:
        turns = record.state.turns
        whole = View(
            episode=record.state.aggregate,
            started=start.started,
            turns=turns,
            policy_md=rules,
            tools=tools,
            images=dict(images),
        )
        seat, view = seated(whole)
        said = acted(players[seat](view), len(turns) + 1, read, seat)
        record.say(said, at=record.state.at)
        session, drafts = respond(session, record.state)
        record.append(drafts)
        images |= session.objects
    return record.events
