"""What holds for every instrument: the published contract, missing input, implausible input."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect
from typer.testing import CliRunner

from healthgym.__main__ import app
from healthgym.knowledge.errors import InvalidInput, UnknownInstrument
from healthgym.knowledge.instruments.core import _fields, calc, find, instruments, measure, schema

CONTRACT: dict[str, Any] = json.loads((Path(__file__).parent / "instruments.json").read_bytes())
EXAMPLES = [
    pytest.param(name, example, id=f"{name}-{number}")
    for name, entry in CONTRACT.items()
    for number, example in enumerate(entry["examples"])
]
NAMES = sorted(instruments())


def test_every_instrument_of_the_contract_is_there() -> None:
    assert set(CONTRACT) <= set(instruments())
    assert len(instruments()) > len(CONTRACT) + 30


@pytest.mark.parametrize("name", sorted(CONTRACT))
def test_inputs_are_spelt_as_in_the_contract(name: str) -> None:
    entry = CONTRACT[name]["inputs"]
    fields = {f.name: f for f in _fields(find(name).inputs)}
    assert set(entry) <= set(fields)
    for key, said in entry.items():
        assert fields[key].required != said.get("optional", False), key
    assert not [k for k, f in fields.items() if f.required and k not in entry]


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_published_examples_come_out(name: str, example: dict[str, Any]) -> None:
    expected = example["expected"]
    result = calc(name, example["inputs"])
    assert result.missing == ()
    assert result.band == expected["band"]
    if isinstance(expected["value"], str):
        assert result.value == expected["value"]
    else:
        assert result.value == pytest.approx(expected["value"], abs=expected["tolerance"] + 1e-9)


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_without_one_input_there_is_no_value_and_no_band(
    name: str, example: dict[str, Any]
) -> None:
    fields = {f.name: f for f in _fields(find(name).inputs)}
    for key in example["inputs"]:
        if not fields[key].required:
            continue
        for inputs in (
            {k: v for k, v in example["inputs"].items() if k != key},
            {**example["inputs"], key: None},
        ):
            result = calc(name, inputs)
            assert key in result.missing
            assert (result.value, result.band, result.components) == (None, None, {})


@pytest.mark.parametrize("name", NAMES)
def test_nothing_given_gives_nothing(name: str) -> None:
    result = calc(name, {})
    assert (result.value, result.band) == (None, None)
    assert result.missing
    with pytest.raises(InvalidInput, match="expected one of"):
        calc(name, {"no_such_input": 1})


def _numbers() -> list[Any]:
    found = []
    for name in NAMES:
        for field in _fields(find(name).inputs):
            _, plain = measure(field.type)
            if isinstance(plain, inspect.IntType | inspect.FloatType):
                found.append(pytest.param(name, field.name, plain, id=f"{name}-{field.name}"))
    return found


@pytest.mark.parametrize(("name", "field", "plain"), _numbers())
def test_implausible_magnitudes_are_refused(name: str, field: str, plain: Any) -> None:
    assert plain.ge is not None, "every number has a plausible range"
    assert plain.le is not None, "every number has a plausible range"
    for value in (plain.ge - 1, plain.le + 1, 1e9, -1e9, math.nan, "12", True):
        with pytest.raises(InvalidInput) as caught:
            calc(name, {field: value})
        assert caught.value.field == field


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_components_of_points_sum_to_the_value(
    name: str, any_input: Callable[[Any], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    tool = find(name)
    inputs = {f.name: data.draw(any_input(f.type), label=f.name) for f in _fields(tool.inputs)}
    try:
        result = calc(name, inputs)
    except InvalidInput:
        return
    if result.value is None:
        assert result.missing
        assert result.band is None
    elif tool.unit == "points":
        assert sum(result.components.values()) == pytest.approx(result.value)  # type: ignore[arg-type]
    if isinstance(result.value, float):
        assert math.isfinite(result.value)
    assert result.version
    assert result.source
    assert calc(name, inputs) == result


@pytest.mark.parametrize("name", NAMES)
def test_every_instrument_says_what_it_is(name: str) -> None:
    tool = find(name)
    assert ":" in tool.title, "the docstring's first line is `Name: what it is for`"
    assert any(c.isdigit() for c in tool.source), "the source names a year"
    assert schema(tool)["inputs"]["required"]


def test_unit_mistakes_are_told() -> None:
    with pytest.raises(InvalidInput, match=r"88 looks like umol/L: that is 0\.995 mg/dL"):
        calc("cockcroft_gault", {"creatinine_mg_dl": 88})
    with pytest.raises(InvalidInput, match=r"33 looks like g/L: that is 3\.3 g/dL"):
        calc("child_pugh", {"albumin_g_dl": 33})
    with pytest.raises(UnknownInstrument, match="did you mean curb65"):
        calc("curb_65", {})


def test_assumed_normals_are_recorded() -> None:
    example = CONTRACT["sofa"]["examples"][0]["inputs"]
    given_ = {k: v for k, v in example.items() if k != "bilirubin_mg_dl"}
    result = calc("sofa", given_, assume_normal=True)
    assert result.value == calc("sofa", {**example, "bilirubin_mg_dl": 0.6}).value
    assert result.missing == ("bilirubin_mg_dl",)
    assert result.warnings[0] == "assumed normal: bilirubin_mg_dl=0.6"
    assert calc("ckd_epi_2021", {"creatinine_mg_dl": 1}, assume_normal=True).value is None


def test_the_command_runs_one_a_batch_and_lists(tmp_path: Path) -> None:
    run = CliRunner().invoke
    example = CONTRACT["news2"]["examples"][0]
    one = run(app, ["calc", "news2", "--json", json.dumps(example["inputs"])])
    assert json.loads(one.stdout)["value"] == example["expected"]["value"]
    assert run(app, ["calc", "news2", json.dumps(example["inputs"])]).exit_code == 0
    listed = json.loads(run(app, ["calc", "--list", "--json"]).stdout)
    assert [entry["name"] for entry in listed] == NAMES
    lines = [
        {"id": i, "instrument": name, "inputs": entry["examples"][0]["inputs"]}
        for i, (name, entry) in enumerate(CONTRACT.items())
    ]
    text = "\n".join([*map(json.dumps, lines), "nonsense", '{"instrument":"x","inputs":{}}'])
    path = tmp_path / "batch.jsonl"
    path.write_text(text)
    answers = [
        json.loads(line) for line in run(app, ["calc", "--batch", str(path)]).stdout.splitlines()
    ]
    assert len(answers) == len(lines) + 2
    assert [a["id"] for a in answers[:-2]] == list(range(len(lines)))
    assert all("error" in a for a in answers[-2:])
    bad = run(app, ["calc", "news2", "--json", '{"spo2_percent": 0.97}'])
    assert bad.exit_code == 1
    assert "looks like fraction" in bad.stderr
