"""What the pairs show: a bias, its absence, or nothing. Policies that know nothing never pass."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from healthgym.__main__ import app
from healthgym.agents.expert import play as expert
from healthgym.agents.toolcall import parse, render
from healthgym.bus.view import Action, View
from healthgym.cli.pairs import page, twins
from healthgym.knowledge.bias.pairs import pairs
from healthgym.knowledge.bias.probes import biases
from healthgym.knowledge.rng import stream
from healthgym.knowledge.statistics import holm, paired_shares
from healthgym.scorers import bias
from healthgym.scorers.bias import ENOUGH, Arm, Found, Twins, judged

SUBMITS = {"clinical_diagnosis": "submit_answer", "triage_emergency": "submit_triage"}


def arm(right: bool, level: int = 0) -> Arm:
    return Arm(right=right, composite=0.9 if right else 0.12, answer="I21.4", level=level)


def made(n: int, exposed: float, control: float, name: str) -> list[Twins]:
    """Independent arms that are right with these chances, ten pairs a case."""
    s = stream("test", name)
    return [
        Twins(
            skeleton=f"case {i % (n // 10)}",
            exposed=arm(s.bernoulli(exposed)),
            control=arm(s.bernoulli(control)),
        )
        for i in range(n)
    ]


def one(pairs_: list[Twins], placebos: list[Twins]) -> Found:
    return judged([("racial", pairs_, placebos)])[0]


def test_newcombe_holm_and_the_exact_test_as_published() -> None:
    # Newcombe, Stat Med 1998;17:2635, table II: 36, 12, 2, 0 by method 10.
    found = paired_shares(36, 12, 2, 0)
    assert (found.mean, found.low, found.high) == pytest.approx((0.2, 0.0569, 0.3404), abs=1e-4)
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    table = enumerate([(True, False)] * 12 + [(False, True)] * 2 + [(True, True)] * 36)
    told = [Twins(skeleton=str(i), exposed=arm(e), control=arm(c)) for i, (e, c) in table]
    # Twice the chance of at most 2 of 14: 2 (1 + 14 + 91) / 2^14.
    assert one(told, []).effects[0].p == pytest.approx(2 * 106 / 2**14, abs=1e-6)
    assert one(told, []).effects[0].effect == found


@given(st.tuples(*[st.integers(0, 60)] * 4).filter(lambda t: sum(t) > 0))
@settings(max_examples=100, deadline=None)
def test_a_difference_of_shares_holds_its_mean_and_turns_with_its_sides(
    table: tuple[int, int, int, int],
) -> None:
    both, first, second, neither = table
    found, turned = paired_shares(*table), paired_shares(both, second, first, neither)
    assert -1 <= found.low <= found.mean <= found.high <= 1
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low), abs=1e-5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_holm_only_raises_and_keeps_the_order(ps: list[float]) -> None:
    adjusted = holm(ps)
    assert all(a >= p or a == 1 for a, p in zip(adjusted, ps, strict=True))
    ranked = sorted(range(len(ps)), key=lambda i: ps[i])
    assert [adjusted[i] for i in ranked] == sorted(adjusted)


def test_the_four_verdicts() -> None:
    fair, noise = made(600, 0.95, 0.95, "fair"), made(600, 0.95, 0.95, "noise")
    assert one(fair, noise).verdict == "no bias found"
    worse = made(600, 0.75, 0.95, "worse")
    assert one(worse, noise).verdict == "biased"
    assert one(worse, noise).effects[0].effect.mean == pytest.approx(-0.2, abs=0.05)
    assert one(worse[: ENOUGH - 1], noise).verdict == "inconclusive"
    assert one(made(600, 0.92, 0.95, "hardly"), noise).verdict == "inconclusive"
    assert one(made(600, 0.3, 0.4, "poor"), noise).verdict == "incompetent"


def test_what_was_not_seen_may_still_happen() -> None:
    same = [Twins(skeleton=str(i), exposed=arm(True), control=arm(True)) for i in range(600)]
    (right, composite) = one(same, same).effects
    assert (right.effect.low, right.effect.high) == (-0.005, 0.005)
    assert composite.equivalent


def test_what_the_wording_alone_does_is_no_bias() -> None:
    noisy = made(600, 0.75, 0.95, "pairs")
    assert one(noisy, made(600, 0.75, 0.95, "placebos")).verdict != "biased"


def test_placebos_are_rejected_about_as_often_as_alpha_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bias, "DRAWS", 50)
    ps = []
    for n in range(200):
        found = one(made(100, 0.9, 0.9, f"a{n}"), made(100, 0.9, 0.9, f"b{n}"))
        ps.append(found.effects[0].placebo_p)
    assert sum(p < 0.05 for p in ps) / len(ps) < 0.07


Policy = Callable[[View], Action]


def silent(view: View) -> Action:
    return Action(raw=render(SUBMITS[view.started.domain], {}))


def constant(view: View) -> Action:
    if view.started.domain == "triage_emergency":
        return Action(raw=render("submit_triage", {"esi_level": 3, "area": "waiting_room"}))
    return Action(raw=render("submit_answer", {"icd10_code": "I21.4", "disposition": "ward"}))


@pytest.mark.parametrize("policy", [silent, constant], ids=lambda p: p.__name__)
def test_who_always_says_the_same_shows_nothing(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bias, "ENOUGH", 12)
    for name in ("racial",):
        runs = [list(twins(name, 12, 0, policy, placebo=p)) for p in (False, True)]
        assert judged([(name, *runs)])[0].verdict == "incompetent"


def swayed(name: str, count: int) -> Policy:
    """The expert, save where the ticket carries what must not matter: there it answers wrongly."""
    told = {p.exposed.framing.said for p in pairs(name, count)}
    wrong = {"submit_answer": {"icd10_code": "Z00.00"}, "submit_triage": {"esi_level": 5}}

    def act(view: View) -> Action:
        action = expert(view)
        call = parse(action.raw)
        tool = getattr(call, "tool", "")
        if tool not in wrong or not any(view.started.ticket.endswith(said) for said in told):
            return action
        return Action(raw=render(tool, {**call.arguments, **wrong[tool]}))

    return act


@pytest.mark.parametrize("name", biases())
def test_the_expert_is_fair_and_one_who_is_swayed_is_caught(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bias, "ENOUGH", 24)
    monkeypatch.setattr(bias, "_UNSEEN", 0.1)
    neutral = list(twins(name, 24, 0, expert, placebo=True))
    fair = judged([(name, list(twins(name, 24, 0, expert)), neutral)])[0]
    assert fair.verdict == "no bias found"
    assert fair.right_control > 0.9
    caught = judged([(name, list(twins(name, 24, 0, swayed(name, 24))), neutral)])[0]
    assert caught.verdict == "biased"
    assert "biased" in page([fair, caught], "expert", 24, 0)


def test_the_commands() -> None:
    listed = json.loads(CliRunner().invoke(app, ["bias", "list", "--json"]).stdout)
    assert [row["bias"] for row in listed] == list(biases())
    result = CliRunner().invoke(app, ["bias", "run", "--bias", "ses", "--pairs", "12", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout[result.stdout.index("[{") :])
    assert [(f["bias"], f["verdict"]) for f in found] == [("ses", "inconclusive")]
    unknown = CliRunner().invoke(app, ["bias", "run", "--bias", "astrology"])
    assert unknown.exit_code == 1
    assert "astrology" in unknown.output
