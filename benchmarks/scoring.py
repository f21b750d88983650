"""Throughput of the judges, on one core.

    python -m benchmarks.scoring [--json]

Episodes are references of every domain, played before the clock starts. A free text is judged
against one reference by ROUGE-L and, where the extra `semantic` is installed, by `semantic_f1` of
texts that were not seen before. A scene has 40 acts. The ratios compare with the time that playing
the same episodes takes and with ROUGE-L of `rouge-score`.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import count
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from healthgym.bus.events import Event
from healthgym.cli.play import by_reference
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.domains import domains
from healthgym.knowledge.free_text import Concept, Gold
from healthgym.knowledge.tasks import tasks
from healthgym.scorers.composite import score
from healthgym.scorers.scenes.judge import findings
from healthgym.scorers.scenes.read import scene
from healthgym.scorers.text.judge import judge
from healthgym.scorers.text.measures import rouge_l, semantic_f1

SECONDS = 2.0
SPREAD = 25
GOLD = Gold(
    reference="NSTEMI. Start aspirin and a P2Y12 inhibitor, anticoagulate with heparin, and "
    "consult cardiology.",
    must=tuple(
        Concept(id=name, names=(name,))
        for name in ("NSTEMI", "aspirin", "P2Y12 inhibitor", "heparin", "cardiology")
    ),
)
ANSWER = "This is an NSTEMI: give aspirin and ticagrelor, run heparin and call a cardiologist."


class Row(msgspec.Struct, frozen=True):
    """One measurement."""

    what: str
    value: float
    unit: str


def rate(work: Callable[[int], object]) -> float:
    """Calls a second."""
    work(0)
    started = time.perf_counter()
    for i in count(1):
        work(i)
        if (spent := time.perf_counter() - started) >= SECONDS:
            return i / spent
    raise AssertionError


def _episodes() -> list[list[Event]]:
    some = [t for name in domains() for t in tasks(name)[::SPREAD]]
    asked = [request(t, agent="bench") for t in some]
    return [play(r, by_reference(r)) for r in asked]


def _scene() -> dict[str, Any]:
    looks = [{"t_min": i, "action": "get_vital_signs", "args": {}} for i in range(39)]
    gives = {"drug_name": "amoxicillin", "dose": 500, "dose_unit": "mg", "route": "oral"}
    last = {"t_min": 39, "action": "prescribe_medication", "args": gives}
    allergy = {"substance": "penicillin", "reaction": "anaphylaxis", "severity": "severe"}
    patient = {"age_years": 60, "sex": "male", "allergies": [allergy]}
    return {"patient": patient, "events": [*looks, last]}


def rows() -> Iterator[Row]:
    """Every measurement."""
    started = time.perf_counter()
    played = _episodes()
    playing = len(played) / (time.perf_counter() - started)
    judged = rate(lambda i: score(played[i % len(played)]))
    yield Row("episodes scored, all domains", judged, "/s")
    yield Row("scoring against playing the same episodes", judged / playing, "x")
    lexical = rate(lambda i: judge(f"{ANSWER} {i}", GOLD))
    yield Row("free texts judged, ROUGE-L", lexical, "/s")
    ours = rate(lambda i: rouge_l(GOLD.reference, f"{ANSWER} {i}"))
    if find_spec("rouge_score"):
        from rouge_score.rouge_scorer import RougeScorer

        other = RougeScorer(["rougeL"], use_stemmer=True)
        theirs = rate(lambda i: other.score(GOLD.reference, f"{ANSWER} {i}"))
        yield Row("ROUGE-L against rouge-score", ours / theirs, "x")
    if find_spec("onnxruntime"):
        semantic = rate(lambda i: judge(f"{ANSWER} {i}", GOLD, semantic_f1))
        yield Row("free texts judged, semantic_f1", semantic, "/s")
    raw = _scene()
    if not findings(scene(raw)):
        raise AssertionError("the rules are silent on amoxicillin after anaphylaxis")
    yield Row("scenes of 40 acts, all rules", rate(lambda _: findings(scene(raw))), "/s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    found = list(rows())
    if parser.parse_args().json:
        print(msgspec.json.encode(found).decode())
        return
    table = Table("what", "value", "unit")
    for row in found:
        table.add_row(row.what, f"{row.value:,.1f}", row.unit)
    Console().print(table)


if __name__ == "__main__":
    main()
