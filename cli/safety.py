"""`healthgym safety`: judge scenarios outside any episode, and list the rules."""

import sys
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from .shared import Json, as_json, console, fail

if TYPE_CHECKING:
    from ..scorers.judges import StanceJudge

app = typer.Typer(
    help="The safety rules. Research only; not for clinical use.", no_args_is_help=True
)
_SILENT = {
    "critical": False,
    "rule": None,
    "trigger_event_index": -1,
    "severity": 0,
    "evidence": "",
}
_UNREADABLE = 2


@app.command()
def check(
    scenarios: Annotated[
        list[str], typer.Argument(help="Files with a scenario, a list, or one a line; - for stdin.")
    ],
    *,
    everything: Annotated[bool, typer.Option("--all", help="List all findings.")] = False,
) -> None:
    """Print the gravest finding of each scenario. Example: healthgym safety check case.json.

    One JSON object a line, in order. A scenario that cannot be read has `error` instead, and the
    exit code is 2.
    """
    broken = False
    for name in scenarios:
        for raw in _scenarios(name):
            answer = _judged(raw, everything=everything)
            as_json(answer)
            if "error" in answer:
                broken = True
                typer.echo(f"error: {name}: {answer['error']}", err=True)
    if broken:
        raise typer.Exit(_UNREADABLE)


def _judged(raw: object, *, everything: bool) -> dict[str, Any]:
    from ..knowledge.errors import KnowledgeError
    from ..scorers.errors import ScorerError
    from ..scorers.scenes.judge import findings
    from ..scorers.scenes.read import scene

    if isinstance(raw, str):
        return {"error": raw}
    if not isinstance(raw, dict):
        return {"error": f"expected an object, got {type(raw).__name__}"}
    name = {"id": raw["id"]} if "id" in raw else {}
    try:
        found = findings(scene(raw))
    except (ScorerError, KnowledgeError) as error:
        return {**name, "error": str(error)}
    worst = msgspec.to_builtins(found[0]) if found else _SILENT
    more = {"findings": msgspec.to_builtins(found)} if everything else {}
    return {**name, **worst, **more}


def _scenarios(name: str) -> Iterator[object]:
    """The scenarios of a file; a text where a line is no JSON."""
    try:
        body = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        yield f"cannot be read: {error.strerror}"
        return
    try:
        whole = msgspec.json.decode(body.removeprefix(BOM_UTF8))
    except msgspec.DecodeError as error:
        lines = [line for line in body.splitlines() if line.strip()]
        if len(lines) < 2 or lines[0].lstrip()[:1] + lines[0].rstrip()[-1:] != b"{}":
            yield f"no JSON: {error}"
            return
        yield from (_line(number, line) for number, line in enumerate(lines, 1))
        return
    yield from whole if isinstance(whole, list) else [whole]


def _line(number: int, line: bytes) -> object:
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        return f"line {number}: no JSON: {error}"


@app.command()
def rules(
    *, json: Json = False, md: Annotated[bool, typer.Option("--md", help="Print Markdown.")] = False
) -> None:
    """List the rules with severity, trigger, exceptions, deadline and source.

    The last ones are on requests: they fire in episodes, where it is known who asked for what.
    """
    from ..knowledge.conduct import harms
    from ..knowledge.errors import KnowledgeError
    from ..scorers.scenes.facts import Rule, catalogue

    try:
        found = list(catalogue().values())
        found.extend(
            Rule(
                id=harm.rule,
                severity=str(harm.severity),
                trigger=f"when asked to, or in doubt about a request: {harm.note}",
                exceptions=(),
                source=harm.source,
            )
            for harm in harms().values()
        )
    except KnowledgeError as error:
        raise fail(str(error)) from error
    if json:
        as_json(found)
        return
    rows = [_row(msgspec.to_builtins(r)) for r in found]
    if md:
        for cells in (list(_COLUMNS), ["---"] * len(_COLUMNS), *rows):
            typer.echo(f"| {' | '.join(cells)} |")
        return
    from rich.table import Table

    table = Table(*_COLUMNS)
    for row in rows:
        table.add_row(*row)
    console().print(table)


_COLUMNS = ("rule", "severity", "trigger", "deadline, min", "exceptions", "source")


def _row(rule: dict[str, Any]) -> list[str]:
    limit = "" if rule["deadline_min"] is None else f"{rule['deadline_min']:g}"
    exceptions = "; ".join(e.replace("_", " ") for e in rule["exceptions"])
    return [
        rule["id"],
        rule["severity"],
        rule["trigger"],
        limit,
        exceptions,
        rule["source"],
    ]


@app.command()
def suite(
    policy: Annotated[
        str, typer.Option(help="As `healthgym play --policy` takes it, save human.")
    ] = "expert",
    category: Annotated[str, typer.Option(help="Only this category.")] = "",
    seeds: Annotated[int, typer.Option(help="Seeds of each case.", min=1, max=100)] = 1,
    *,
    json: Json = False,
) -> None:
    """Play the suite of requests. Example: healthgym safety suite --policy random --seeds 3."""
    from ..agents.policy import PolicyError
    from ..knowledge.conduct import policies
    from . import conduct

    if category and category not in policies():
        raise fail(f"no category {category!r}; one of {', '.join(sorted(policies()))}")
    if policy.partition(":")[0] == "human":
        raise fail("the suite is played by a policy, not by hand")
    try:
        found = list(conduct.played(conduct.asked(category, seeds), policy))
    except (PolicyError, ValueError) as error:
        raise fail(str(error)) from error
    made = conduct.rows(found)
    if json:
        as_json({"policy": policy, "rows": made, "cases": found})
        return
    from rich.table import Table

    names = ("category", "cases", "passed", "fair", "over-refusal", "harmful", "mean composite")
    table = Table(*names, title=f"Requests, played by {policy} (95 % intervals)")
    for row in made:
        counts = [row.category, str(row.cases), _wide(row.passed), str(row.fair)]
        rest = (row.over_refusal, row.harmful, row.composite)
        table.add_row(*counts, *(_wide(i) for i in rest))
    console().print(table)


def _wide(known: Any) -> str:
    return f"{known.mean:.2f} ({known.low:.2f}-{known.high:.2f})"


@app.command()
def judge(
    *,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Read the messages whose stance is known.")
    ] = False,
    message: Annotated[str, typer.Option(help="Read this message instead.")] = "",
    url: Annotated[str, typer.Option(help="A model that judges: http://host:port/v1#model.")] = "",
    json: Json = False,
) -> None:
    """Which stance does a message take? Example: healthgym safety judge --calibrate.

    For calibration only: no score rests on words.
    """
    from ..agents.policy import PolicyError
    from ..scorers import judges

    if calibrate == bool(message):
        raise fail("give either --calibrate or --message TEXT")
    try:
        with _judge_at(url) as one:
            known = judges.calibration_set() if calibrate else ()
            _say(judges.calibrate(one, known) if calibrate else one.judge(message), json=json)
    except PolicyError as error:
        raise fail(str(error)) from error


@contextmanager
def _judge_at(url: str) -> Iterator["StanceJudge"]:
    """The judge by grammar, or the model at the address. Raises PolicyError."""
    from ..scorers import judges

    if not url:
        yield judges.Structural()
        return
    try:
        from ..agents.stance import endpoint_judge
    except ModuleNotFoundError as error:
        raise fail(
            f"--url needs the package {error.name!r}: pip install 'healthgym[openai]'"
        ) from error
    with endpoint_judge(url, judges.LABELS, "unclear") as one:
        yield one


def _say(found: Any, *, json: bool) -> None:
    if json:
        as_json(found)
    elif isinstance(found, str):
        typer.echo(found)
    else:
        typer.echo(f"{found.messages} messages, accuracy {_wide(found.accuracy)}, ", nl=False)
        typer.echo(f"Cohen's kappa {found.kappa:.2f}")
        for text, known, said in found.wrong:
            typer.echo(f"  {known} read as {said}: {text!r}")
