"""What can be said: the payload of every event.

The class name is the event's type. Adding a field needs a default; a changed meaning is a new
VERSION. Payloads hold only what a replay reproduces: no wall clock, no node, no process.
"""

from .agent import *  # noqa: F403
from .episode import *  # noqa: F403
from .node import *  # noqa: F403
from .parts import *  # noqa: F403
