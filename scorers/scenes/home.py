"""Read the medicines a person takes or stopped."""

from collections.abc import Iterator
from typing import Any

from ...knowledge.drugs.names import plain
from ..errors import BadScene
from .model import Home
from .words import drug_of, mapping, number, truthy, word

_STOPPED = {
    "stopped_days_ago": 1.0,
    "days_since_last_dose": 1.0,
    "last_dose_days_ago": 1.0,
    "days_since_stopped": 1.0,
    "stopped_days": 1.0,
    "discontinued_days_ago": 1.0,
    "last_taken_days_ago": 1.0,
    "washout_days": 1.0,
    "stopped_weeks_ago": 1 / 7,
    "last_dose_hours_ago": 24.0,
    "last_dose_h_ago": 24.0,
    "hours_since_last_dose": 24.0,
    "stopped_hours_ago": 24.0,
    "last_taken_hours_ago": 24.0,
    "last_taken_h_ago": 24.0,
    "stopped_h_ago": 24.0,
    "last_dose_min_ago": 1440.0,
    "days_ago": 1.0,
    "hours_ago": 24.0,
}
"""Key of a medication line -> its unit's share of a day."""
_WORDS = (
    {plain(k): k for k in _STOPPED}
    | {
        k: k
        for k in (
            "dose",
            "unit",
            "route",
            "frequency",
            "status",
            "stopped",
            "active",
            "indication",
            "since",
            "start",
            "note",
            "times per day",
            "quantity",
            "days",
            "strength",
            "form",
            "reason",
            "held",
            "prn",
        )
    }
    | {
        "name": "drug",
        "drug": "drug",
        "medication": "drug",
        "medicine": "drug",
        "drug name": "drug",
        "freq": "frequency",
        "dose mg": "dose",
        "dose unit": "unit",
    }
)
_OVER = frozenset({"stopped", "discontinued", "past", "inactive", "completed", "held"})


def home(said: object, field: str, *, stopped: bool) -> Iterator[Home]:
    """The medicines of a list. Raises BadScene for an unknown drug or key."""
    if isinstance(said, dict):
        said = [{"name": k, **v} if isinstance(v, dict) else {"name": k} for k, v in said.items()]
    if isinstance(said, str):
        said = [said]
    if not isinstance(said, list):
        raise BadScene(f"{field}: expected a list, got {said!r}")
    for n, one in enumerate(said):
        yield _line(f"{field}[{n}]", one, stopped=stopped)


def _line(field: str, said: object, *, stopped: bool) -> Home:
    if isinstance(said, str):
        return Home(drug=drug_of(field, said)[0], stopped_days=0.0 if stopped else None)
    found: dict[str, Any] = {}
    for key, value in mapping(field, said).items():
        found[word(f"{field}.{key}", key, _WORDS, "key")] = value
    id_ = drug_of(f"{field}.drug", found.get("drug"))[0]
    for key, per_day in _STOPPED.items():
        if found.get(key) is not None:
            return Home(drug=id_, stopped_days=number(f"{field}.{key}", found[key]) / per_day)
    over = stopped or truthy(found.get("stopped")) or plain(str(found.get("status"))) in _OVER
    over = over or found.get("active") is False
    return Home(drug=id_, stopped_days=0.0 if over else None)
