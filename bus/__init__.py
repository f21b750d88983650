"""The words: events, the log, and the one loop that every actor runs in."""

from .jetstream import connect
from .log import FileLog, Log

__all__ = ["FileLog", "Log", "connect"]
