"""One clear call is read; nothing else is guessed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.agents.toolcall import parse, render
from healthgym.bus.view import Parsed, Unparsable

CALL = '{"name": "get_vital_signs", "arguments": {"patient_id": "P001"}}'
READ = Parsed("get_vital_signs", {"patient_id": "P001"})


@pytest.mark.parametrize(
    "raw",
    [
        CALL,
        f"  {CALL}\n",
        f"```json\n{CALL}\n```",
        f"```\n{CALL}\n```",
        f"<tool_call>\n{CALL}\n</tool_call>",
    ],
)
def test_a_clear_call_is_read(raw: str) -> None:
    assert parse(raw) == READ


def test_arguments_may_be_left_out() -> None:
    assert parse('{"name": "perform_ecg"}') == Parsed("perform_ecg", {})


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "I would look at the vital signs.",
        f"I call {CALL}",
        f"{CALL} and then wait",
        f"{CALL}\n{CALL}",
        f"[{CALL}]",
        '{"name": null}',
        '{"name": ["x"]}',
        '{"name": " "}',
        '{"name": "x", "arguments": "{}"}',
        '{"name": "x", "arguments": null}',
        '{"name": "x", "parameters": {}}',
        '{"name": "x", "arguments": {"a": 1',
        "\ud800",
        "[" * 100_000,
        '{"name": "x", "arguments": ' + '{"a": ' * 100_000,
    ],
)
def test_anything_else_is_told_why(raw: str) -> None:
    found = parse(raw)
    assert isinstance(found, Unparsable)
    assert found.reason


@settings(deadline=None, max_examples=60)
@given(st.text())
def test_no_text_crashes(raw: str) -> None:
    assert isinstance(parse(raw), Parsed | Unparsable)


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60)
@given(st.text(min_size=1).filter(str.strip), st.dictionaries(st.text(), _json, max_size=4))
def test_what_is_rendered_is_read(tool: str, arguments: dict[str, object]) -> None:
    assert parse(render(tool, arguments)) == Parsed(tool, arguments)
