"""Every tool of every domain, on patients of many kinds: what each promises, it keeps."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from healthgym.agents.expert import play as expert_plays
from healthgym.agents.random_policy import arguments
from healthgym.agents.toolcall import parse as read
from healthgym.bus.episode import fold
from healthgym.bus.events import Effect, ObservationReturned, ToolCalled, canonical
from healthgym.cli.play import by_reference
from healthgym.environments.errors import ToolRefused
from healthgym.environments.run import play
from healthgym.environments.session import Session, open_session, request, restore
from healthgym.environments.tool import Context, Outcome, Tool, all_tools, parse, tools
from healthgym.environments.toolbook import page
from healthgym.knowledge.domains import domains
from healthgym.knowledge.physiology import MINUTE
from healthgym.knowledge.rng import stream
from healthgym.knowledge.tasks import Task, tasks
from healthgym.knowledge.world import evolve

PATIENTS, TRIES = 24, 3
LONGEST = 8_000
"""Characters of an observation: a language model reads it."""
KNOWLEDGE = {
    # They look into books, not into a chart.
    "check_drug_interaction",
    "count_resources",
    "search_clinical_guidelines",
    "state_confidence",
    "think",
}
BOOKS = "tools.knowledge"
"""The module of the tools that search and read passages."""
PLAIN: dict[str, dict[str, Any]] = {
    "ask_patient": {"question": "Do you smoke?"},
    "compare_passages": {"first": "drug:warfarin:dose", "second": "drug:aspirin:dose"},
    "define_measurement": {"name": "sodium_mmol_l"},
    "find_abnormal": {"from_h": 0, "to_h": 4},
    "flag_data_error": {"table": "labs", "row": "L001", "reason": "duplicate"},
    "describe_instrument": {"name": "news2"},
    "order_imaging": {"study": "chest_xray"},
    "get_lab_trend": {"label": "creatinine", "from_h": 0, "to_h": 6},
    "grade_source": {"passage_id": "drug:warfarin:dose"},
}
"""A sensible call where random words name nothing."""
NAMED_IN_THE_CHART = {
    "adjust_window",
    "display_study_image",
    "image_histogram",
    "segment_region",
    "assess_abcde",
    "compare_admissions",
    "compare_images",
    "count_pixel_values",
    "draft_finding",
    "enhance_contrast",
    "measure_ctg",
    "segment_lesion",
    "track_lesion_changes",
    "window_image",
}
"""They take an id that only this patient's chart has; the tests of their domains call them."""
Answered = Outcome | ToolRefused


def spread(domain: str) -> list[Task]:
    """Tasks of conditions all over a domain."""
    first: dict[str, Task] = {}
    for one in tasks(domain):
        first.setdefault(one.condition, one)
    for one in tasks(domain):
        first.setdefault(one.variant, one)
    chosen = list(first.values())
    return chosen[:: max(len(chosen) // PATIENTS, 1)][:PATIENTS]


@cache
def worked_up(on: Task) -> Session:
    """The session after all that the reference does but submit, an order and every read."""
    asked = request(on, agent="contract", max_turns=60)
    events = play(asked, by_reference(asked), read)
    last = max(i for i, e in enumerate(events) if isinstance(e.data, ObservationReturned))
    session = restore(asked, fold(events[: last - 1]))
    for effect, minutes in (("order", 15), ("read", 1)):
        for tool in tools(on.domain).values():
            for given in every(tool) if tool.effect == effect else ():
                session = after(session, call(session, tool, given), minutes)
    return session


def every(tool: Tool) -> list[dict[str, Any]]:
    """A call for each value of a choice; else one of random words."""
    choices = {
        field: said["enum"]
        for field, said in tool.schema()["parameters"]["properties"].items()
        if field in tool.schema()["parameters"]["required"] and "enum" in said
    }
    plain = drawn(tool, 0)
    return [{**plain, f: v} for f, values in choices.items() for v in values] or [plain]


def after(session: Session, answer: Answered, minutes: int) -> Session:
    """The session some minutes after an answer was seen."""
    if isinstance(answer, ToolRefused):
        return session
    seen = ObservationReturned(
        turn=0,
        ok=True,
        content=answer.content,
        reveals=list(answer.reveals),
        effect=answer.effect,
    )
    world = evolve(session.world, seen, session.world.now + minutes * MINUTE)
    return msgspec.structs.replace(session, world=world)


def call(session: Session, tool: Tool, given: dict[str, Any]) -> Answered:
    """Run one tool: what it shows, or why it does not."""
    world = session.world
    try:
        found = msgspec.structs.asdict(parse(tool, given))
        found.pop("patient_id")
        done = world.now + tool.minutes * MINUTE
        return tool.run(Context(world=world, done=done), **found)
    except ToolRefused as refusal:
        return refusal


def drawn(tool: Tool, n: int) -> dict[str, Any]:
    """Valid arguments, the same for every patient."""
    if n == 0 and tool.name in PLAIN:
        return PLAIN[tool.name]
    shape = tool.schema()["parameters"]
    return arguments(shape["properties"], shape["required"], stream("contract", tool.name, n))


@cache
def swept(domain: str) -> dict[str, list[tuple[str, int, Answered]]]:
    """Per tool: patient, number of the arguments, answer."""
    found = defaultdict(list)
    for on in spread(domain):
        fresh = open_session(request(on, agent="contract"))
        late = worked_up(on)
        for name, tool in tools(domain).items():
            for n in range(TRIES):
                found[name].append((on.id, n, call(late, tool, drawn(tool, n))))
            call(fresh, tool, drawn(tool, 0))
        for n, (name, outcome) in enumerate(shown_to_players(on)):
            found[name].append((on.id, TRIES + n, outcome))
    return found


def shown_to_players(on: Task) -> Iterator[tuple[str, Answered]]:
    """What the calls of the reference and of the expert showed."""
    asked = request(on, agent="contract", max_turns=60)
    for act in (by_reference(asked), expert_plays):
        for turn in fold(play(asked, act, read)).turns:
            seen = turn.observation
            if seen is not None and seen.ok and isinstance(turn.action, ToolCalled):
                yield turn.action.tool, Outcome(content=seen.content, effect=seen.effect)


CODES = {"invalid_arguments", "insufficient_data", "not_permitted", "duplicate_order"}


@pytest.mark.parametrize("domain", domains())
def test_every_call_is_answered_or_refused_for_a_reason(domain: str) -> None:
    for name, answers in swept(domain).items():
        for patient, _, answer in answers:
            if isinstance(answer, ToolRefused):
                assert answer.code in CODES, (name, patient, answer.code)
                assert answer.content["error"] == answer.code, (name, patient)
            else:
                effect = canonical(answer.effect)
                assert canonical(msgspec.json.decode(effect, type=Effect | None)) == effect, name
                text = canonical(answer.content)
                assert len(text) <= LONGEST, (name, patient, len(text))


@pytest.mark.parametrize("domain", domains())
def test_every_tool_succeeds_on_some_patient(domain: str) -> None:
    worked = {
        n for n, seen in swept(domain).items() if any(isinstance(a, Outcome) for *_, a in seen)
    }
    assert set(tools(domain)) - worked - NAMED_IN_THE_CHART == set()


@pytest.mark.parametrize("domain", domains())
def test_what_a_tool_does_is_what_it_declares(domain: str) -> None:
    for name, answers in swept(domain).items():
        effect = tools(domain)[name].effect
        for patient, _, answer in answers:
            if isinstance(answer, ToolRefused):
                continue
            kind = answer.effect.kind if answer.effect is not None else None
            if effect == "read":
                assert kind in {None, "waited"}, (name, patient, kind)
            elif effect == "submit":
                assert kind == "submitted", (name, patient)
            else:
                assert kind is not None, (name, patient)


def test_different_patients_give_different_results() -> None:
    shown: dict[str, dict[tuple[str, int], set[bytes]]] = defaultdict(lambda: defaultdict(set))
    for domain in domains():
        for name, answers in swept(domain).items():
            for _, n, answer in answers:
                shown[name][domain, min(n, TRIES)].add(canonical(answer.content))
    for name, tool in all_tools().items():
        if (
            tool.effect != "read"
            or name in KNOWLEDGE | NAMED_IN_THE_CHART
            or tool.run.__module__.endswith(BOOKS)
        ):
            continue
        sampled = any(len(contents) > 1 for contents in shown[name].values())
        assert sampled or any(differs(tool, d) for d in domains() if name in tools(d)), name


def differs(tool: Tool, domain: str) -> bool:
    """Whether a tool shows a second patient of the whole domain something else than the first."""
    shown: set[bytes] = set()
    for on in tasks(domain)[::3]:
        answer = call(worked_up(on), tool, drawn(tool, 0))
        shown.add(canonical(answer.content))
        if len(shown) > 1:
            return True
    return False


@pytest.mark.parametrize("domain", domains())
def test_bad_arguments_are_refused_by_name(domain: str) -> None:
    session = worked_up(spread(domain)[0])
    for name, tool in tools(domain).items():
        good = drawn(tool, 0)
        unknown = call(session, tool, {**good, "zodiac": "lion"})
        assert isinstance(unknown, ToolRefused), name
        assert unknown.content["field"] == "zodiac", name
        shape = tool.schema()["parameters"]
        for field, said in shape["properties"].items():
            wrong: Any = {"no": "such"} if said.get("type") != "object" else 7
            refused = call(session, tool, {**good, field: wrong})
            assert isinstance(refused, ToolRefused), (name, field)
            assert refused.code == "invalid_arguments", (name, field)
            assert refused.content["field"] == field, (name, field)
        for field in shape["required"]:
            less = {k: v for k, v in good.items() if k != field}
            refused = call(session, tool, less)
            assert isinstance(refused, ToolRefused), (name, field)
            assert refused.content["field"] == field, (name, field)


def test_declarations_are_whole() -> None:
    for name, tool in all_tools().items():
        schema = tool.schema()
        assert len(tool.description) > 15, name
        assert tool.minutes >= 0, name
        for field, said in schema["parameters"]["properties"].items():
            assert said.get("description"), (name, field)
            assert field in tool.help, (name, field)
        assert set(tool.help) <= set(schema["parameters"]["properties"]), name


def test_the_page_of_tools_is_of_this_code() -> None:
    shown = (Path(__file__).parents[1] / "docs" / "tools.md").read_text("utf-8")
    assert shown == page(), "healthgym tools --out docs/tools.md"
