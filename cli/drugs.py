"""`healthgym drugs`: a pair, a drug, or a whole medication list, as the rules see them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from .shared import Json, as_json, console, fail

if TYPE_CHECKING:
    from ..knowledge.drugs import Chart, Drug

app = typer.Typer(
    help="What the drug rules say. Research only; not for clinical use.", no_args_is_help=True
)


@app.command()
def check(
    a: Annotated[str, typer.Argument(help="Ingredient or brand.")],
    b: Annotated[str, typer.Argument(help="Ingredient or brand.")],
    *,
    json: Json = False,
) -> None:
    """Whether two drugs go together. Example: healthgym drugs check sildenafil nitroglycerin."""
    from ..knowledge.drugs import interaction, interactions

    one, two = _find(a), _find(b)
    found = interaction(one.id, two.id)
    rules = interactions(one.id, two.id)
    severity = found if isinstance(found, str) else found.severity
    if json:
        as_json({"a": one.id, "b": two.id, "severity": severity, "rules": rules})
        return
    from rich.table import Table

    title = f"{one.id} with {two.id}: {severity}"
    columns = ("rule", "severity", "mechanism", "effect", "management", "exception", "source")
    table = Table(*columns, title=title)
    for r in rules:
        rule = f"{r.a} with {r.b}"
        table.add_row(rule, r.severity, r.mechanism, r.effect, r.management, r.exception, r.source)
    console().print(table if rules else title)


@app.command()
def info(
    name: Annotated[str, typer.Argument(help="Ingredient or brand.")], *, json: Json = False
) -> None:
    """Everything recorded of a drug. Example: healthgym drugs info warfarin."""
    found = _find(name)
    if json:
        as_json(found)
        return
    from rich.table import Table

    table = Table(title=found.id, show_header=False)
    for key, value in msgspec.to_builtins(found).items():
        if key != "id" and value not in (None, "", [], {}):
            table.add_row(key.replace("_", " "), _shown(value))
    console().print(table)


@app.command()
def screen(
    chart: Annotated[str, typer.Argument(help="A chart as JSON, or the path of a JSON file.")],
    *,
    json: Json = False,
) -> None:
    """Every alert on a medication list. Example: healthgym drugs screen chart.json --json."""
    from ..knowledge.drugs import screen as look
    from ..knowledge.errors import KnowledgeError

    try:
        alerts = look(_chart(chart))
    except KnowledgeError as error:
        raise fail(str(error)) from error
    if json:
        as_json(alerts)
        return
    from rich.table import Table

    table = Table("grade", "kind", "drugs", "message", "management", "source")
    for alert in alerts:
        drugs = ", ".join(alert.drugs)
        table.add_row(alert.grade, alert.kind, drugs, alert.message, alert.management, alert.source)
    console().print(table if alerts else "no alerts")


def _find(name: str) -> "Drug":
    from ..knowledge.drugs import find
    from ..knowledge.errors import KnowledgeError

    try:
        return find(name)
    except KnowledgeError as error:
        raise fail(str(error)) from error


def _chart(text: str) -> "Chart":
    from ..knowledge.drugs import Chart

    try:
        body = text.encode() if text.lstrip().startswith("{") else Path(text).read_bytes()
        return msgspec.json.decode(body, type=Chart)
    except OSError as error:
        raise fail(f"{text}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise fail(f"chart: {error}") from error


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        said = (f"{k.replace('_', ' ')} {_shown(v)}" for k, v in value.items())
        return ", ".join(said)
    if isinstance(value, list):
        return ("; " if value and isinstance(value[0], dict) else ", ").join(map(_shown, value))
    return str(value)
