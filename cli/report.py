"""What a run shows while it goes, and what it leaves: tables, learning curve, guideline."""

import sqlite3
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from rich.console import Console
from rich.live import Live
from rich.table import Table

from ..bus.audit import Verifier
from ..bus.events import (
    BenchmarkCompleted,
    CheckpointPromoted,
    CheckpointRejected,
    EpisodeScored,
    TrainingStepped,
)
from ..bus.log import Log
from ..config import GymConfig
from ..projections.actor import write_guideline
from ..projections.leaderboard import Row, board
from ..projections.store import Store, catch_up, names, projection
from .shared import console

RECENT = 64
BARS = "▁▂▃▄▅▆▇█"


class Progress:
    """A live table on a terminal; plain lines elsewhere."""

    def __init__(self, config: GymConfig) -> None:
        self._console = console()
        self._plan = config.plan
        self._episodes: dict[str, int] = {}
        self._recent: dict[str, deque[float]] = {}
        self._steps: dict[str, list[float]] = {}
        self._stage: dict[str, str] = {a.agent_id: "starting" for a in config.agents}
        self._live = Live(console=self._console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        self._console.print(
            "Agents practise now; this takes minutes. Everything is in the log: "
            "`healthgym events --follow` shows it."
        )
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(text, markup=False, highlight=False)

    def scored(self, name: str, data: EpisodeScored) -> None:
        """One more episode was judged."""
        self._episodes[name] = self._episodes.get(name, 0) + 1
        self._recent.setdefault(name, deque(maxlen=RECENT)).append(data.composite)
        self._stage[name] = {"train": "training", "test": "being measured"}.get(
            data.purpose, data.purpose
        )
        self._live.update(self._table())

    def stepped(self, name: str, data: TrainingStepped) -> None:
        """One more update was made."""
        self._steps.setdefault(name, []).append(data.reward)
        if data.step % 5 == 0 or data.step == 1:
            self.say(
                f"{name}: update {data.step}/{self._plan.rounds}, mean composite of its "
                f"episodes {data.reward:.3f}"
            )
        self._live.update(self._table())

    def measured(self, name: str, data: BenchmarkCompleted) -> None:
        """A measurement is complete."""
        how = "greedy" if data.temperature == 0 else "sampled"
        composite = data.composite
        self.say(
            f"{name}: {data.label} ({how}, {data.episodes} test patients): composite "
            f"{composite.mean:.3f} ({composite.low:.3f} to {composite.high:.3f})"
        )

    def judged(self, name: str, data: CheckpointPromoted | CheckpointRejected) -> None:
        """A checkpoint was promoted or rejected."""
        result = data.result
        what = "promoted" if isinstance(data, CheckpointPromoted) else f"rejected ({data.reason})"
        self.say(
            f"{name}: checkpoint {what}: validation {result.before:.3f} -> "
            f"{result.after:.3f}, difference {result.low:+.3f} to {result.high:+.3f}; safety "
            f"{result.safety_low:+.3f} to {result.safety_high:+.3f}"
        )

    def _table(self) -> Table:
        table = Table("agent", "now", "episodes", f"mean of last {RECENT}", "training")
        for name, stage in self._stage.items():
            recent = self._recent.get(name)
            mean = f"{sum(recent) / len(recent):.3f}" if recent else ""
            table.add_row(
                name,
                stage,
                str(self._episodes.get(name, 0)),
                mean,
                spark(self._steps.get(name, [])),
            )
        return table


def spark(values: list[float], width: int = 40) -> str:
    """A curve in one line of text: values in [0, 1], averaged down to `width` cells."""
    if not values:
        return ""
    size = max(1, -(-len(values) // width))
    means = [
        sum(values[i : i + size]) / len(values[i : i + size]) for i in range(0, len(values), size)
    ]
    return "".join(BARS[min(len(BARS) - 1, max(0, int(m * len(BARS))))] for m in means)


async def finish_report(log: Log, data: Path) -> None:
    """Bring the projections up to date, then print and draw what the run gave."""
    for name in names():
        with Store(projection(name), data) as store:
            await catch_up(log, store)
    guideline = write_guideline(data)
    out = console()
    print_board(out, board(data / "leaderboard.db"))
    _print_results(out, data)
    curve = draw_curve(data)
    verifier = Verifier(log.gym)
    async for batch in log.records(follow=False):
        for recorded in batch:
            verifier.add(recorded)
    report = verifier.report()
    out.print(
        f"Log: {report.events} events in {report.aggregates} aggregates, root "
        f"{report.root}, {len(report.problems)} broken chains"
    )
    out.print(f"Guideline: {guideline}")
    if curve is not None:
        out.print(f"Learning curve: {curve}")


def print_board(console: Console, rows: Sequence[Row]) -> None:
    """Print the leaderboard; where several domains were met, each has its column."""
    domains = sorted({name for row in rows for name in row.domains})
    shown = domains if len(domains) > 1 else []
    table = Table(
        "rank",
        "agent",
        "composite (95 %)",
        "greedy",
        "right",
        "mastery",
        *(name.replace("_", " ") for name in shown),
        title="Leaderboard: test variants, unseen seeds",
        title_justify="left",
    )
    for row in rows:
        greedy = "" if row.greedy is None else f"{row.greedy:.3f}"
        table.add_row(
            str(row.rank),
            row.agent,
            f"{row.mean:.3f} ({row.low:.3f} to {row.high:.3f})",
            greedy,
            f"{row.correct:.2f}",
            row.mastery,
            *(f"{row.domains[name]:.3f}" if name in row.domains else "" for name in shown),
        )
    console.print(table)


def _print_results(console: Console, data: Path) -> None:
    connection = sqlite3.connect(data / "leaderboard.db")
    connection.row_factory = sqlite3.Row
    rows = connection.execute(
        "select * from benchmarks where agent in (select agent from benchmarks where label ="
        " 'after') order by agent, temperature desc, sequence"
    ).fetchall()
    connection.close()
    if not rows:
        return
    table = Table(
        "agent",
        "play",
        "when",
        "composite (95 %)",
        "right",
        "accuracy",
        "process",
        "safety",
        "format",
        "coherence",
        title="Before and after learning",
        title_justify="left",
    )
    for row in rows:
        dimensions = msgspec.json.decode(row["dimensions"])
        table.add_row(
            row["agent"],
            "greedy" if row["temperature"] == 0 else "sampled",
            row["label"],
            f"{row['mean']:.3f} ({row['low']:.3f} to {row['high']:.3f})",
            f"{row['correct']:.2f}",
            *(
                f"{dimensions[d]['mean']:.3f}"
                for d in ("accuracy", "process", "safety", "format", "coherence")
            ),
        )
    console.print(table)


def draw_curve(data: Path) -> Path | None:
    """Draw the learning curves: on the terminal, and as a PNG where matplotlib is installed."""
    connection = sqlite3.connect(data / "logbook.db")
    rows = connection.execute("select agent, reward from steps order by agent, sequence").fetchall()
    connection.close()
    curves: dict[str, list[float]] = {}
    for name, reward in rows:
        curves.setdefault(name, []).append(reward)
    for name, values in curves.items():
        console().print(f"{name}: {spark(values, 60)}  {values[0]:.2f} -> {values[-1]:.2f}")
    if not curves:
        return None
    try:
        import matplotlib as mpl
    except ModuleNotFoundError:
        return None
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), dpi=120)
    for name, values in curves.items():
        steps = list(range(1, len(values) + 1))
        window = 5
        smooth = [
            sum(values[max(0, i - window + 1) : i + 1])
            / len(values[max(0, i - window + 1) : i + 1])
            for i in range(len(values))
        ]
        axes.plot(steps, values, alpha=0.3)
        axes.plot(
            steps,
            smooth,
            label=f"{name} (mean of {window} updates)",
            color=axes.lines[-1].get_color(),
        )
    axes.set(
        xlabel="update",
        ylabel="mean composite of the training episodes",
        ylim=(0, 1),
        title="Learning curve",
    )
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    path = data / "learning_curve.png"
    figure.savefig(path)
    plt.close(figure)
    return path
