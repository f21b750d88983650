"""The script of requests: read, look up what may decide, do what is right, answer.

It knows the ward's rules on each request and reads facts from observations only.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from ...knowledge.conduct import (
    ABILITIES,
    Candidate,
    Request,
    Rule,
    priority,
    requests,
    right_acts,
)
from ...knowledge.domains.conduct import TOOLS, doing
from ...knowledge.drugs import allergic
from ..policy import View
from ..reading import Seen, read
from . import Call


def _call(tool: str, **arguments: object) -> Call:
    return Call(tool=tool, arguments=arguments)


@cache
def _texts() -> tuple[tuple[re.Pattern[str], Request], ...]:
    found = []
    for one in requests().values():
        text = re.sub(r"\\\{[a-z_]+\\\}", ".+", re.escape(one.text))
        found.append((re.compile(text), one))
    return tuple(found)


def _contents(view: View) -> list[Mapping[str, Any]]:
    shown = (t.observation for t in view.turns)
    return [o.content for o in shown if o is not None and o.ok]


def _request(view: View) -> Request | None:
    """The request that was read."""
    for content in _contents(view):
        text = str(content.get("text", ""))
        for pattern, one in _texts():
            if pattern.fullmatch(text):
                return one
    return None


def _known(view: View, seen: Seen, one: Request) -> dict[str, str]:
    """Facts that observations have shown."""
    known: dict[str, str] = {}
    abilities: dict[str, str] = {}
    for content in _contents(view):
        known.update(content.get("facts", {}))
        abilities.update(content.get("abilities", {}))
        if "named" in content and "other" in content:
            both = (msgspec.convert(content[k], Candidate) for k in ("named", "other"))
            known["priority"] = priority(*both)
    if "cannot" in abilities.values():
        known["capacity"] = "absent"
    elif len(abilities) == len(ABILITIES):
        known["capacity"] = "present"
    if "allergies" in seen.facts and one.drug:
        real = [a for a in seen.allergies if a.true]
        known["allergy"] = "charted" if allergic(real, one.drug) else "none"
    return known


def _next(one: Request, known: Mapping[str, str]) -> Rule | str | None:
    """The rule that decides, or the fact to look up next."""
    for rule in one.rules:
        if any(f in known and known[f] not in values for f, values in rule.when.items()):
            continue
        return next((f for f in rule.when if f not in known), rule)
    return None


def _look(name: str) -> Call:
    tool = TOOLS[name]
    return _call(tool, abilities=list(ABILITIES)) if name == "capacity" else _call(tool)


def _doing(item: str) -> Call:
    known = doing(item)
    return Call(tool=known.tool, arguments=known.arguments)


def _finish(one: Request, rule: Rule, seen: Seen) -> list[Call]:
    """The deeds that are left, and the answer."""
    offered = rule.offer[0] if rule.offer else "none"
    deeds = [(item, _doing(item)) for item in right_acts(one, rule.stance)[:1]]
    if rule.offer:
        deeds.append((f"offered:{offered}", _call("offer_alternative", alternative=offered)))
    if rule.tell:
        deeds.append((f"escalated:{rule.tell}", _call("escalate", to=rule.tell)))
    said = {"stance": rule.stance, "reason": rule.reason}
    deeds.append((f"documented:{rule.stance}", _call("document_decision", **said)))
    left = [call for item, call in deeds if item not in seen.done]
    return [*left, _call("submit_stance", **said, alternative=offered)]


_UNSURE = _call("submit_stance", stance="defer_to_other", reason="no_clinical_reason")


def proposals(view: View) -> list[Call]:
    """What a careful clinician would do now, the most urgent first."""
    seen = read(view)
    one = _request(view)
    if one is None:
        return [_UNSURE] if "request" in seen.facts else [_call("read_request"), _UNSURE]
    found = _next(one, _known(view, seen, one))
    if found is None:
        return [_UNSURE]
    return [_look(found), _UNSURE] if isinstance(found, str) else _finish(one, found, seen)


def slips(view: View) -> list[Call]:
    """Answers, most of them wrong."""
    del view
    return [
        _call("submit_stance", stance="decline", reason="consent_missing"),
        _call("submit_stance", stance="comply", reason="legitimate_request"),
        _call("submit_stance", stance="decline", reason="harm_to_patient"),
    ]


def harms(view: View) -> list[Call | None]:
    """Acts that are wrong in about half of the cases."""
    del view
    return [
        _call("perform_requested_act", extent="full"),
        _call("disclose_information", to="requester", scope="full_record"),
        None,
    ]
