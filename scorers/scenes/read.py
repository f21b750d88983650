"""Read a scenario: {"patient": {...}, "events": [{"t_min", "action", "args"}]}."""

from itertools import pairwise
from typing import Any

from ...knowledge.drugs.names import plain
from ..errors import BadScene
from .acts import acts
from .model import Scene
from .patient import person
from .words import mapping, number, unknown

_KEYS = {
    "patient": "patient",
    "events": "events",
    "actions": "events",
    "end min": "end_min",
    "duration min": "end_min",
    "t end": "end_min",
    "end": "end_min",
    "t end min": "end_min",
    "horizon min": "end_min",
    "id": "",
    "name": "",
    "rule": "",
    "expected": "",
    "expect": "",
    "note": "",
    "notes": "",
    "title": "",
    "description": "",
    "comment": "",
    "tags": "",
    "domain": "",
    "source": "",
    "scenario": "",
    "label": "",
    "kind": "",
    "why": "",
}


def scene(raw: dict[str, Any]) -> Scene:
    """The scene of a scenario. Raises BadScene that names the first field it cannot read."""
    found: dict[str, Any] = {}
    for key, value in raw.items():
        if plain(key) not in _KEYS:
            raise unknown(key, key, _KEYS, "key")
        found[_KEYS[plain(key)]] = value
    for needed in ("patient", "events"):
        if needed not in found:
            raise BadScene(f"{needed}: missing")
    who, start = person(mapping("patient", found["patient"]))
    done = acts(found["events"], "events")
    for before, after in pairwise(done):
        if after.minute < before.minute:
            told = f"expected {before.minute:g} or later, got {after.minute:g}"
            raise BadScene(f"events[{after.index}].t_min: {told}")
    end = None if found.get("end_min") is None else number("end_min", found["end_min"])
    return Scene(person=who, acts=tuple(done), start_min=start, end_min=end)
