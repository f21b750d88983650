"""Who may say what on the wire: one NATS user per role, and one per agent.

A user may publish only its role's events, on subjects that name it. Agents cannot read
`EpisodeRequested` or `EpisodeScored`: their consumers have fixed names and single filters, both of
which the server checks, and they have no direct access to the stream.
"""

import msgspec

from .events import EPISODE_TYPES

STREAM = "EV"
BUCKET = "objects"
AGENT_SLOTS = 8
"""Nodes that may act for one agent at the same time."""

ROLES = ("coach", "environment", "scorer", "learner", "projector", "auditor", "viewer", "admin")

PUBLISHES: dict[str, tuple[str, ...]] = {
    "coach": (
        "EpisodeRequested",
        "AgentRegistered",
        "CycleStarted",
        "ReflectionRecorded",
        "DomainChosen",
        "WorkoutPlanned",
        "AdviceGiven",
        "BenchmarkStarted",
        "BenchmarkCompleted",
        "CheckpointPromoted",
        "CheckpointRejected",
        "CycleCompleted",
    ),
    "environment": (
        "EpisodeStarted",
        "ObservationReturned",
        "PatientAnswered",
        "EpisodeEnded",
        "EpisodeAbandoned",
    ),
    "scorer": ("EpisodeScored", "ScoringFailed"),
    "learner": ("TrainingStarted", "TrainingStepped", "TrainingCompleted", "TrainingFailed"),
    "auditor": ("LogSealed",),
    "agent": ("ToolCalled", "ActionRejected"),
}

AGENT_READS = (
    "EpisodeStarted",
    "ToolCalled",
    "ActionRejected",
    "ObservationReturned",
    "EpisodeEnded",
    "EpisodeAbandoned",
)


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What one user may publish and subscribe to."""

    publish: list[str]
    subscribe: list[str]


def subject(gym: str, aggregate: str, type_: str) -> str:
    """Subject of an event of one aggregate."""
    return f"hg.{gym}.ev.{aggregate}.{type_}"


def pattern(gym: str, type_: str, owner: str = "*") -> str:
    """Subject filter for all events of one type, of one owner if named."""
    kind = "episode" if type_ in EPISODE_TYPES else "*"
    return f"hg.{gym}.ev.{kind}.{owner}.*.{type_}"


def inbox(user: str) -> str:
    """Inbox prefix of a user: replies go where only it can read."""
    return f"_INBOX_{user}"


def claim_name(agent: str) -> str:
    """Durable consumer from which the nodes of an agent claim episodes."""
    return f"agent-{agent}"


def reader_name(agent: str, slot: int, type_: str) -> str:
    """Consumer of one event type for one node of an agent."""
    return f"agent-{agent}-{slot}-{type_}"


def _objects(*, write: bool) -> list[str]:
    allowed = [
        f"$JS.API.STREAM.INFO.OBJ_{BUCKET}",
        f"$JS.API.STREAM.MSG.GET.OBJ_{BUCKET}",
        f"$JS.API.DIRECT.GET.OBJ_{BUCKET}",
        f"$JS.API.DIRECT.GET.OBJ_{BUCKET}.>",
        "$JS.API.STREAM.NAMES",
        f"$JS.API.CONSUMER.CREATE.OBJ_{BUCKET}",
        f"$JS.API.CONSUMER.CREATE.OBJ_{BUCKET}.>",
        f"$JS.API.CONSUMER.DELETE.OBJ_{BUCKET}.>",
        f"$JS.FC.OBJ_{BUCKET}.>",
    ]
    return [*allowed, f"$O.{BUCKET}.>"] if write else allowed


def role_grant(gym: str, role: str) -> Grant:
    """Grant of a trusted role: it reads the whole log and publishes only its own events."""
    if role == "admin":
        return Grant(publish=[">"], subscribe=[">"])
    events = [f"hg.{gym}.ev.*.*.*.{t}" for t in PUBLISHES.get(role, ())]
    if role not in {"viewer", "auditor"}:
        events += [f"hg.{gym}.ev.node.{role}.*.{t}" for t in ("NodeStarted", "NodeStopped")]
    api = [
        f"$JS.API.STREAM.INFO.{STREAM}",
        f"$JS.API.DIRECT.GET.{STREAM}",
        f"$JS.API.DIRECT.GET.{STREAM}.>",
        f"$JS.API.CONSUMER.CREATE.{STREAM}.>",
        f"$JS.API.CONSUMER.INFO.{STREAM}.>",
        f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.>",
        f"$JS.ACK.{STREAM}.>",
    ]
    writes = role in {"learner", "environment"}
    return Grant(publish=[*events, *api, *_objects(write=writes)], subscribe=[f"{inbox(role)}.>"])


def agent_grant(gym: str, agent: str) -> Grant:
    """Grant of one agent: its own actions out, its own observations in, nothing else."""
    events = [f"hg.{gym}.ev.episode.{agent}.*.{t}" for t in PUBLISHES["agent"]]
    events += [f"hg.{gym}.ev.node.agent.*.{t}" for t in ("NodeStarted", "NodeStopped")]
    names = {claim_name(agent): "EpisodeStarted"}
    for slot in range(AGENT_SLOTS):
        names.update({reader_name(agent, slot, t): t for t in AGENT_READS})
    api: list[str] = [f"$JS.API.STREAM.INFO.{STREAM}"]
    for name, type_ in names.items():
        api += [
            f"$JS.API.CONSUMER.CREATE.{STREAM}.{name}.{pattern(gym, type_, agent)}",
            f"$JS.API.CONSUMER.DELETE.{STREAM}.{name}",
            f"$JS.API.CONSUMER.INFO.{STREAM}.{name}",
            f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{name}",
            f"$JS.ACK.{STREAM}.{name}.>",
        ]
    user = claim_name(agent)
    return Grant(publish=[*events, *api, *_objects(write=False)], subscribe=[f"{inbox(user)}.>"])
