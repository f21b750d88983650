"""Groups of patients: how each fares, and what a learner hears of each."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from healthgym.__main__ import app
from healthgym.agents.expert import play as expert
from healthgym.bus.episode import fold
from healthgym.cli.play import judged
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.fairness import HIGHEST, LEAST, LOWEST, fair_weights, fairness
from healthgym.knowledge.tasks import task
from healthgym.learners.strategies import strategies, strategy


def group(sex: str, composite: float, n: int) -> list[tuple[dict[str, str], float]]:
    return [({"sex": sex}, composite)] * n


def test_the_worst_group_and_the_gap() -> None:
    found = fairness([*group("F", 0.4, 10), *group("M", 0.7, 30), *group("X", 0.0, LEAST - 1)])
    assert found.worst == {"sex": "F"}
    assert found.worst_score == 0.4
    assert found.gap == {"sex": pytest.approx(0.3)}
    assert [(r.group, r.episodes) for r in found.rows] == [("F", 10), ("M", 30), ("X", LEAST - 1)]
    assert fairness([]).worst_score == 0.0


def test_rare_groups_and_those_that_fare_ill_weigh_more() -> None:
    rare = fair_weights([*group("F", 0.5, 10), *group("M", 0.5, 30)])
    assert rare[0] > 1 > rare[-1]
    ill = fair_weights([*group("F", 0.2, 20), *group("M", 0.8, 20)])
    assert ill[0] > 1 > ill[-1]
    assert fair_weights([*group("F", 0.1, LEAST - 1), *group("M", 0.1, LEAST - 1)]) == [1.0] * 14
    assert fair_weights([]) == []


@given(
    st.lists(
        st.tuples(
            st.fixed_dictionaries({"sex": st.sampled_from("FM"), "ses": st.sampled_from("lmh")}),
            st.floats(0, 1),
        ),
        min_size=1,
        max_size=80,
    )
)
@settings(max_examples=80, deadline=None)
def test_weights_are_bounded_positive_and_one_on_average(rows: list) -> None:
    weights = fair_weights(rows)
    assert sum(weights) / len(weights) == pytest.approx(1, abs=1e-4)
    assert all(0 < w <= HIGHEST / LOWEST for w in weights)
    by_groups: dict[str, float] = {}
    for (groups, _), w in zip(rows, weights, strict=True):
        assert by_groups.setdefault(str(groups), w) == w


def test_the_strategy_weighs_advantages_by_the_round() -> None:
    assert "fair_grpo" in strategies()
    events = judged(play(request(task("dx_gerd_001"), agent="t", max_turns=30), expert))
    episode = fold(events)
    assert episode.scored is not None

    def of(sex: str, composite: float):
        scored = msgspec.structs.replace(episode.scored, groups={"sex": sex}, composite=composite)
        return msgspec.structs.replace(episode, scored=scored)

    groups = [[of("F", 0.2)] * 8, [of("M", 0.8)] * 8, [of("M", 0.8)] * 8]
    weights = strategy("fair_grpo").weight(groups)
    assert [len(w) for w in weights] == [8, 8, 8]
    assert min(weights[0]) > max(weights[1]) == max(weights[2])
    assert {w for group in strategy("grpo").weight(groups) for w in group} == {1.0}


def test_the_command_reads_a_log(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    for name in ("dx_gerd_001", "dx_nstemi_001", "tri_anaphylaxis_airway_001"):
        arguments = ["play", "--task", name, "--policy", "expert", "--save", str(folder)]
        result = CliRunner().invoke(app, [*arguments, "--max-turns", "30"])
        assert result.exit_code == 0, result.output
    told = json.loads(CliRunner().invoke(app, ["fairness", "--log", str(folder), "--json"]).stdout)
    assert list(told) == ["expert"]
    assert told["expert"]["episodes"] == 3
    assert {r["attribute"] for r in told["expert"]["rows"]} == {
        "sex",
        "age_band",
        "ethnicity",
        "ses",
    }
    assert told["expert"]["worst"] == {}
    only = ["fairness", "--log", str(folder), "--json", "--domain", "triage_emergency"]
    assert json.loads(CliRunner().invoke(app, only).stdout)["expert"]["episodes"] == 1
    shown = CliRunner().invoke(app, ["fairness", "--log", str(folder)]).output
    assert "worst group" in shown
    nobody = CliRunner().invoke(app, ["fairness", "--log", str(folder), "--agent", "nobody"])
    assert nobody.exit_code == 1
    assert "no judged episode" in nobody.output
