"""`healthgym calc`: any clinical instrument, one or a file of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from .shared import Json, as_json, console, fail

Name = Annotated[str, typer.Argument(help="Name of the instrument, such as curb65.")]
Inputs = Annotated[str, typer.Argument(help="Its inputs as a JSON object.")]


def calc(
    name: Name = "",
    inputs: Inputs = "",
    *,
    json: Json = False,
    everything: Annotated[bool, typer.Option("--list", help="List the instruments.")] = False,
    batch: Annotated[
        Path | None, typer.Option(help='File of lines {"id", "instrument", "inputs"}.')
    ] = None,
    assume_normal: Annotated[
        bool, typer.Option(help="Count what is missing as normal; the result says so.")
    ] = False,
) -> None:
    """Compute a clinical instrument. Example: healthgym calc shock_index --json '{...}'."""
    if batch is not None:
        _batch(batch, assume_normal=assume_normal)
    elif everything:
        _list(json=json)
    elif not name:
        raise fail("which instrument? `healthgym calc --list` names them")
    elif not inputs:
        _schema(name, json=json)
    else:
        _one(name, inputs, json=json, assume_normal=assume_normal)


def _one(name: str, text: str, *, json: bool, assume_normal: bool) -> None:
    from ..knowledge.errors import KnowledgeError
    from ..knowledge.instruments.core import calc as compute

    try:
        result = compute(name, _object(text), assume_normal=assume_normal)
    except KnowledgeError as error:
        raise fail(str(error)) from error
    except msgspec.MsgspecError as error:
        raise fail(f"inputs: expected a JSON object, {error}") from error
    if json:
        as_json(result)
        return
    _table(name, msgspec.to_builtins(result))


def _object(text: str) -> dict[str, Any]:
    return msgspec.json.decode(text, type=dict[str, Any])


def _table(title: str, rows: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(title=title, show_header=False)
    for key, value in rows.items():
        shown = (
            ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        )
        shown = "; ".join(map(str, shown)) if isinstance(shown, list | tuple) else shown
        table.add_row(key, "" if shown is None else str(shown))
    console().print(table)


def _schema(name: str, *, json: bool) -> None:
    from ..knowledge.errors import KnowledgeError
    from ..knowledge.instruments.core import find, schema

    try:
        found = schema(find(name))
    except KnowledgeError as error:
        raise fail(str(error)) from error
    if json:
        as_json(found)
    else:
        _table(name, {"what": found["title"], **found["inputs"]["properties"]})


def _list(*, json: bool) -> None:
    from rich.table import Table

    from ..knowledge.instruments.core import instruments, schema

    if json:
        as_json([schema(tool) for tool in instruments().values()])
        return
    table = Table("instrument", "what it is for", "version")
    for tool in instruments().values():
        table.add_row(tool.name, tool.title, tool.version)
    console().print(table)


class _Line(msgspec.Struct):
    """One request of a batch."""

    instrument: str
    inputs: dict[str, Any]
    id: Any = None


def _batch(path: Path, *, assume_normal: bool) -> None:
    """One result line per input line, in order; a line that cannot be computed says why."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise fail(f"{path}: {error.strerror}") from error
    for answer in _answers(lines, assume_normal=assume_normal):
        typer.echo(msgspec.json.encode(answer))


def _answers(lines: list[bytes], *, assume_normal: bool) -> Iterator[dict[str, Any]]:
    from ..knowledge.errors import KnowledgeError
    from ..knowledge.instruments.core import calc as compute

    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            line = msgspec.json.decode(text, type=_Line)
        except msgspec.MsgspecError as error:
            yield {"id": None, "error": f"line {number}: {error}"}
            continue
        try:
            result = compute(line.instrument, line.inputs, assume_normal=assume_normal)
        except KnowledgeError as error:
            yield {"id": line.id, "instrument": line.instrument, "error": str(error)}
        else:
            yield {"id": line.id, **msgspec.to_builtins(result)}


COMMANDS = (calc,)
