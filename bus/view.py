"""What a policy sees and returns: shared words of those who play and those who let play."""

import msgspec

from .episode import Turn
from .events import EpisodeStarted, Generation


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a policy may know when it acts."""

    episode: str
    """Opaque aggregate name; also the name of the policy's random stream."""
    started: EpisodeStarted
    turns: tuple[Turn, ...] = ()
    policy_md: str = ""
    tools: str = ""
    """JSON text of the tool schemas."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One turn's output: the raw text and, where a model sampled it, its tokens."""

    raw: str
    generation: Generation | None = None
