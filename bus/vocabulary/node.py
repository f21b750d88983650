"""What is said of nodes and of the log itself."""

from .parts import Data


class NodeStarted(Data, frozen=True, kw_only=True):
    """A node joined the fleet."""

    role: str
    version: str


class NodeStopped(Data, frozen=True, kw_only=True):
    """A node left after finishing or handing back its work."""

    role: str


class LogSealed(Data, frozen=True, kw_only=True):
    """Root hash over all events up to `through`."""

    through: int
    events: int
    root: str
