"""Throughput of the knowledge room, beside something real in the same run.

    python -m benchmarks.knowledge

The ten instruments that tools use most, screens of 15-drug charts, guideline checks of whole
episodes, searches over the passages.
"""

import json
import time
from collections.abc import Callable
from importlib import import_module
from itertools import combinations
from pathlib import Path

from rich.console import Console
from rich.table import Table

from healthgym.knowledge.instruments.core import calc
from healthgym.knowledge.library import search
from healthgym.knowledge.passages import passages

EXAMPLES = Path(__file__).parents[1] / "tests" / "instruments.json"
MOST_USED = (
    "news2",
    "curb65",
    "qsofa",
    "sofa",
    "wells_pe",
    "heart",
    "anion_gap",
    "ckd_epi_2021",
    "cockcroft_gault",
    "psi_port",
)
SECONDS = 1.0


def rate(work: Callable[[], object]) -> float:
    """Calls a second, over about a second."""
    work()
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        work()
        done += 1
    return done / (time.perf_counter() - started)


def instruments() -> list[tuple[str, float, str, float]]:
    """Validated calls of each instrument, beside decoding its inputs from JSON."""
    examples = json.loads(EXAMPLES.read_bytes())
    rows = []
    for name in MOST_USED:
        inputs = examples[name]["examples"][0]["inputs"]
        text = json.dumps(inputs)
        ours = rate(lambda n=name, i=inputs: calc(n, i))
        rows.append((name, ours, "json.loads of its inputs", rate(lambda t=text: json.loads(t))))
    return rows


def oracle() -> tuple[str, float, str, float]:
    """One instrument beside an independent implementation."""
    module = import_module("open_medicine.mcp.calculators.curb65")
    examples = json.loads(EXAMPLES.read_bytes())
    inputs = examples["curb65"]["examples"][0]["inputs"]
    theirs = {"confusion": False, "bun": 15, "respiratory_rate": 16, "age": 40}
    theirs |= {"systolic_bp": 120, "diastolic_bp": 80}
    return (
        "curb65",
        rate(lambda: calc("curb65", inputs)),
        "open-medicine, validated by pydantic",
        rate(lambda: module.calculate_curb65(module.CURB65Params(**theirs))),
    )


def screens() -> tuple[str, float, str, float]:
    """Screens of a 15-drug chart, beside visiting its 105 pairs without a rule."""
    from healthgym.knowledge.drugs import formulary
    from healthgym.knowledge.drugs.screen import Chart, ChartDrug, screen

    names = list(formulary().drugs)[:: max(len(formulary().drugs) // 15, 1)][:15]
    chart = Chart(drugs=tuple(ChartDrug(name=n) for n in names))
    pairs = rate(lambda: [a + b for a, b in combinations(names, 2)])
    return ("screen of 15 drugs", rate(lambda: screen(chart)), "105 string pairs", pairs)


def checks() -> tuple[str, float, str, float]:
    """Guideline checks of a reference episode, beside judging it whole."""
    from healthgym.cli.play import by_reference
    from healthgym.environments.run import play
    from healthgym.environments.session import request
    from healthgym.knowledge.tasks import task
    from healthgym.scorers.case import open_case
    from healthgym.scorers.compliance import check
    from healthgym.scorers.composite import score

    asked = request(task("dx_sepsis_001"), agent="bench", max_turns=40)
    events = play(asked, by_reference(asked))
    case = open_case(events)
    name = f"guideline check of {len(events)} events"
    return (name, rate(lambda: check(case)), "scoring the episode", rate(lambda: score(events)))


def main() -> None:
    """Measure and print."""
    rows = [*instruments(), oracle(), screens(), checks()]
    words = [p.title for p in passages().values()]
    found = rate(lambda: search("gabapentin kidney dose"))
    scan = rate(lambda: [w for w in words if "gabapentin" in w])
    rows.append(("search of the passages", found, f"scan of {len(words)} titles", scan))
    table = Table("what", "calls/s", "beside", "calls/s", "ratio")
    for what, ours, beside, theirs in rows:
        table.add_row(what, f"{ours:,.0f}", beside, f"{theirs:,.0f}", f"{ours / theirs:.2f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
