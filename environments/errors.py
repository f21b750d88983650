"""Every error of the environments, typed.

EnvironmentFault
├── UnknownRequest     the requested task, domain or variant does not exist
├── OtherVersion       the request names a generator version or a library that is not here
└── ToolRefused        a tool cannot do what was asked: becomes an observation, never a crash
"""

from typing import Any

from ..bus.events import ErrorCode


class EnvironmentFault(Exception):
    """Base of all errors of this room."""


class UnknownRequest(EnvironmentFault):
    """The requested task, domain or variant does not exist."""


class OtherVersion(EnvironmentFault):
    """The request names a patient generator or a library that is not here."""


class ToolRefused(EnvironmentFault):
    """A refusal the agent is told: an error code and structured content."""

    def __init__(self, code: ErrorCode, **content: Any) -> None:
        super().__init__(f"{code}: {content}")
        self.code: ErrorCode = code
        self.content: dict[str, Any] = content


def insufficient(*missing: str) -> ToolRefused:
    """A value is needed that has not been observed or measured."""
    return ToolRefused("insufficient_data", error="insufficient_data", missing=list(missing))


def invalid(field: str, expected: str, got: object) -> ToolRefused:
    """One argument is wrong."""
    shown = got if isinstance(got, bool | int | float) or got is None else str(got)[:60]
    return ToolRefused(
        "invalid_arguments", error="invalid_arguments", field=field, expected=expected, got=shown
    )


def duplicate(order: str, due_min: int, again_min: int) -> ToolRefused:
    """The same test was ordered so recently that its result cannot differ."""
    return ToolRefused(
        "duplicate_order",
        error="duplicate_order",
        order=order,
        due_minute=due_min,
        again_from_minute=again_min,
    )
