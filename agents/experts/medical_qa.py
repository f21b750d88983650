"""The script of questions: find the passage on the quoted subject, read it, pick what it says."""

import re
from typing import Any

import msgspec

from ...knowledge.passages import name_of
from ..policy import View
from . import Call

_SUBJECT = re.compile(r'"([^"]+)"')
_OPTION = re.compile(r" ([A-E])\) (.*?)(?= [A-E]\) |$)")
_RULE = re.compile(r" at a [a-zA-Z ]+? (?:from (\d+\S*) to )?below (\d+\S*): ([a-z ]+?)(?: \(|\.)")
_WEEKS = re.compile(r"Weeks (\d+) to (\d+): (\w+)")
_TOPICS = {
    "groups": "identity",
    "ingredient": "identity",
    "dose": "dose",
    "label": "kidney",
    "pregnancy": "pregnancy",
    "count as": "interactions",
    "watched": "monitoring",
}


def _call(tool: str, **arguments: Any) -> Call:
    return Call(tool=tool, arguments=arguments)


def _seen(view: View) -> list[dict[str, Any]]:
    return [t.observation.content for t in view.turns if t.observation and t.observation.ok]


def proposals(view: View) -> list[Call]:
    """What a careful reader would do now."""
    text = view.started.ticket
    found = _SUBJECT.search(text)
    subject = found.group(1) if found else text[:60]
    shown = _seen(view)
    if text.startswith("Compute"):
        return _computed(text, subject, shown)
    if text.startswith("Convert"):
        return _converted(text, subject, shown)
    read = next((c for c in shown if "text" in c), None)
    if read is not None and text.startswith("In full sentences"):
        return [_told(read["text"], _id_of(view)), _call("submit_text", text=subject * 2)]
    if read is not None:
        return [_answer(text, read["text"], _id_of(view))]
    hits = next((c["hits"] for c in shown if "hits" in c), None)
    if hits is None:
        return [_call("search", query=f"{subject} {_topic(text)}".strip()), _guess()]
    return [_call("browse_passage", passage_id=_best(hits, subject, _topic(text))), _guess()]


def _topic(text: str) -> str:
    return next(
        (topic for word, topic in _TOPICS.items() if word in text.split("?", maxsplit=1)[0]), ""
    )


def _best(hits: list[dict[str, str]], subject: str, topic: str) -> str:
    """The hit whose title is the subject (and topic), else the first."""
    wanted = f"{subject}: {topic}".lower() if topic else subject.lower()
    exact = [h["passage_id"] for h in hits if h["title"].lower() == wanted]
    near = [h["passage_id"] for h in hits if h["passage_id"].endswith(f":{topic}")] if topic else []
    found = [*exact, *near, *(h["passage_id"] for h in hits)]
    return found[0] if found else "instrument:curb65"


def _id_of(view: View) -> str:
    for turn in reversed(view.turns):
        if turn.observation and turn.observation.ok and turn.observation.reveals:
            return turn.observation.reveals[0]
    return ""


def _answer(text: str, passage: str, fact: str) -> Call:
    options = {letter: said.strip() for letter, said in _OPTION.findall(text)}
    right = _said(text, passage)
    for letter, said in options.items():
        if right is not None and said == right:
            return _call("submit_option", letter=letter, citations=[fact])
    words = passage.lower()
    inside = [letter for letter, said in options.items() if said.lower() in words]
    longest = max(inside or list(options), key=lambda letter: len(options[letter]))
    return _call("submit_option", letter=longest, citations=[fact])


def _said(text: str, passage: str) -> str | None:
    """What the passage says for the number in the question, where it depends on one."""
    if limit := re.search(r"largest (single|daily) dose", text):
        form = (
            r"no more than (\S+ \S+) at once"
            if limit.group(1) == "single"
            else r"and (\S+ \S+) a day"
        )
        said = re.search(form, passage)
        return said.group(1) if said else None
    number = re.search(r"(?:clearance|eGFR) of (\d+)", text)
    if number:
        value = float(number.group(1))
        for low, high, action in _RULE.findall(passage):
            if (float(low) if low else 0) <= value < float(high):
                return str(action)
    week = re.search(r"week (\d+) of pregnancy", text)
    if week:
        for start, end, advice in _WEEKS.findall(passage):
            if int(start) <= int(week.group(1)) < int(end):
                return str(advice)
    return None


def _computed(text: str, name: str, shown: list[dict[str, Any]]) -> list[Call]:
    done = next((c for c in shown if "value" in c), None)
    if done is not None:
        said = {"value": done["value"], "unit": done["unit"], "citations": [f"computed:{name}"]}
        return [_call("submit_number", **said)]
    pairs = text.partition(" for ")[2].rstrip(".").split("; ")
    inputs = {k: msgspec.json.decode(v) for k, _, v in (p.partition("=") for p in pairs)}
    return [_call("compute_instrument", name=name, inputs=inputs), _guess()]


def _converted(text: str, name: str, shown: list[dict[str, Any]]) -> list[Call]:
    done = next((c for c in shown if "value" in c), None)
    if done is not None:
        said = {"value": done["value"], "unit": done["unit"], "citations": [f"converted:{name}"]}
        return [_call("submit_number", **said)]
    found = re.search(r" from (\S+) (.+) to (.+)\.$", text)
    if found is None:
        return [_guess()]
    value, own, other = found.groups()
    return [
        _call("convert_unit", measurement=name, value=float(value), from_unit=own, to_unit=other),
        _guess(),
    ]


def _told(passage: str, fact: str) -> Call:
    """The passage in sentences of one's own."""
    do, _, rest = passage.partition(" Do: ")[2].partition(". Avoid: ")
    avoid = rest.rpartition(" Version: ")[0].rstrip(".") if rest else ""
    do = do.rpartition(" Version: ")[0] or do
    told = [f"First the patient should have {item}." for item in do.rstrip(".").split("; ")]
    told += [f"We must avoid {item}." for item in avoid.split("; ") if item]
    return _call("submit_text", text=" ".join(told).replace("_", " "), citations=[fact])


def _guess() -> Call:
    return _call("submit_option", letter="C")


def slips(view: View) -> list[Call]:
    """Every letter: at most one is right."""
    del view
    return [_call("submit_option", letter=letter) for letter in "ABCDE"]


def harms(view: View) -> list[Call | None]:
    """Reading beside the point."""
    del view
    return [_call("search", query=name_of("blood_pressure")), None]
