"""The learning result: several training seeds on held-out patients, written to docs/results.md.

    python -m benchmarks.results [--seeds 3] [--test 200] [--data DIR]

Each seed is a whole gym of its own (embedded server, nodes, coach, learner). The tested patients
are of variants never trained on, with unseen seeds, and the same before and after.
"""

import argparse
import asyncio
import sqlite3
from pathlib import Path

import msgspec

from healthgym.bus.audit import Verifier
from healthgym.bus.events import AgentRegistered, EpisodeScored, Interval, Plan
from healthgym.cli.run import run_gym
from healthgym.cli.shared import open_log
from healthgym.config import GymConfig, load
from healthgym.knowledge.statistics import interval, paired

DIMENSIONS = ("accuracy", "process", "safety", "format", "coherence")


class Arm(msgspec.Struct):
    """One measurement: patient -> score."""

    label: str
    temperature: float
    scores: dict[str, EpisodeScored]


class Seed(msgspec.Struct):
    """One training seed."""

    seed: int
    root: str
    events: int
    plan: Plan
    learner: list[Arm]
    others: dict[str, list[Arm]]


def config_for(seed: int, tests: int) -> GymConfig:
    """The default gym with this training seed; the fixed players are measured with seed 0 only."""
    config = load()
    plan = msgspec.structs.replace(config.plan, seed=seed, test_episodes=tests)
    agents = [a for a in config.agents if a.train or seed == 0]
    return msgspec.structs.replace(config, plan=plan, agents=agents)


async def read(data: Path, seed: int) -> Seed:
    """Scores of every measurement, from the log."""
    arms: dict[str, dict[tuple[str, float], Arm]] = {}
    places: dict[str, tuple[str, float]] = {}
    async with open_log(data) as log:
        verifier = Verifier(log.gym)
        starts: dict[str, tuple[str, float]] = {}
        plan = Plan()
        async for batch in log.records(follow=False):
            for recorded in batch:
                verifier.add(recorded)
                event = recorded.event
                if isinstance(event.data, AgentRegistered) and event.data.plan.cycles:
                    plan = event.data.plan
                elif event.type == "BenchmarkStarted":
                    starts[event.id] = (event.data.label, event.data.temperature)
                elif event.type == "EpisodeRequested" and event.correlation in starts:
                    places[event.aggregate] = starts[event.correlation]
                elif isinstance(event.data, EpisodeScored) and event.aggregate in places:
                    place = places[event.aggregate]
                    owner = event.aggregate.split(".")[1]
                    arm = arms.setdefault(owner, {}).setdefault(place, Arm(*place, {}))
                    arm.scores[event.data.task] = event.data
    report = verifier.report()
    if report.problems:
        raise SystemExit(f"broken chains: {report.problems}")
    learners = [a.agent_id for a in load().agents if a.train]
    return Seed(
        seed=seed,
        root=report.root,
        events=report.events,
        plan=plan,
        learner=[arm for name in learners for arm in arms.get(name, {}).values()],
        others={n: list(found.values()) for n, found in arms.items() if n not in learners},
    )


def shown(value: Interval) -> str:
    """A mean and its interval."""
    return f"{value.mean:.3f} ({value.low:.3f} to {value.high:.3f})"


Pair = tuple[EpisodeScored, EpisodeScored]
"""The same patient before and after."""


def pairs(seed: Seed, temperature: float) -> list[Pair]:
    """Patients that were scored both before and after."""
    arms = {a.label: a.scores for a in seed.learner if a.temperature == temperature}
    both = sorted(set(arms["before"]) & set(arms["after"]))
    return [(arms["before"][t], arms["after"][t]) for t in both]


def compare(played: list[Pair]) -> dict[str, tuple[Interval, Interval, Interval]]:
    """Before, after and the paired difference, for the composite and each dimension."""

    def value(score: EpisodeScored, name: str) -> float:
        return score.composite if name == "composite" else getattr(score, name).score

    found = {}
    for name in ("composite", *DIMENSIONS):
        before = [value(b, name) for b, _ in played]
        after = [value(a, name) for _, a in played]
        found[name] = (interval(before), interval(after), paired(before, after))
    return found


def report(seeds: list[Seed], tests: int) -> str:
    """The page."""
    plan = seeds[0].plan
    lines = [
        "# Results",
        "",
        "Written by `make results` (`python -m benchmarks.results`). One tiny causal language",
        "model that ships with the package, before and after multi-turn GRPO from the event log,",
        f"on {tests} test patients: variants unseen in training, unseen seeds, the same patients",
        "before and after. Means with 95 % intervals; differences are paired by patient.",
        "",
        f"Plan: {plan.cycles} cycles of {plan.rounds} updates, each of {plan.groups_per_round}",
        f"patients x {plan.group_size} rollouts; strategy `{plan.strategy}`, learning rate",
        f"{plan.learning_rate}, temperature {plan.temperature}. A cycle's adapter is kept only if",
        f"on {plan.validation_episodes} validation patients the composite rises beyond its paired",
        "interval and safety does not fall, or safety rises so and the composite is no lower.",
        "",
    ]
    lines += [
        "How to read it: strategy, learning rate and length of the workout were picked by scores",
        "on validation variants, which this measurement does not use; the temperature was picked",
        "earlier, with test variants in view. The expert was written with the frozen tasks in",
        "view. Gradients never saw a test variant.",
        "",
    ]
    for temperature in (plan.temperature, 0.0):
        lines += _section(seeds, temperature)
    lines += ["## Beside it", "", "| player | composite |", "|---|---|"]
    for name, arms in sorted(seeds[0].others.items()):
        arm = max(arms, key=lambda a: a.temperature)
        values = interval([s.composite for s in arm.scores.values()])
        lines.append(f"| {name} | {shown(values)} |")
    lines += ["", "## Logs", "", "| training seed | events | root hash |", "|---|---|---|"]
    lines += [f"| {s.seed} | {s.events} | `{s.root}` |" for s in seeds]
    return "\n".join(lines) + "\n"


def _section(seeds: list[Seed], temperature: float) -> list[str]:
    how = "Greedy play" if temperature == 0 else "Sampled play"
    lines = [
        f"## {how}",
        "",
        "| training seed | what | before | after | difference |",
        "|---|---|---|---|---|",
    ]
    played = {str(s.seed): pairs(s, temperature) for s in seeds}
    played["all"] = [pair for each in played.values() for pair in each]
    for seed, both in played.items():
        for name, (before, after, gain) in compare(both).items():
            lines.append(
                f"| {seed} | {name} | {shown(before)} | {shown(after)} | "
                f"{gain.mean:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}) |"
            )
    return [*lines, "", *_fallen(played["all"]), ""]


def _fallen(played: list[Pair]) -> list[str]:
    """Say plainly what got worse beyond its interval, over all seeds."""
    worse = {name: gain for name, (_, _, gain) in compare(played).items() if gain.high < 0}
    if not worse:
        return ["Nothing fell beyond its paired interval over all seeds."]
    shares = [f"{name} ({gain.mean:+.3f})" for name, gain in worse.items()]
    return [f"Fell beyond its paired interval over all seeds: {', '.join(shares)}."]


async def main() -> None:
    """Run what is missing, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--test", type=int, default=200)
    parser.add_argument("--data", type=Path, default=Path(".healthgym") / "results")
    parser.add_argument("--out", type=Path, default=Path("docs") / "results.md")
    options = parser.parse_args()
    seeds = []
    for seed in range(options.seeds):
        data = options.data / f"seed{seed}"
        if not finished(data):
            await run_gym(config_for(seed, options.test), data, -1)
        seeds.append(await read(data, seed))
    options.out.write_text(report(seeds, options.test))
    print(f"written: {options.out}")


def finished(data: Path) -> bool:
    """Whether a run in this folder has come to its second measurement."""
    path = data / "leaderboard.db"
    if not path.is_file():
        return False
    connection = sqlite3.connect(path)
    done = connection.execute("select count(*) from benchmarks where label = 'after'").fetchone()[0]
    connection.close()
    return bool(done)


if __name__ == "__main__":
    asyncio.run(main())
