"""Keep a projection: its rows and its position in the log change in one transaction.

A projection is a module of this room with `NAME`, `TYPES` (the events it folds), `SCHEMA` (SQL) and
`apply(connection, recorded)`. Its database can be deleted at any time; it is rebuilt when its code
or the log behind it changed.
"""

import hashlib
import importlib
import inspect
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, cast

from ..bus.events import Recorded
from ..bus.log import Log
from .errors import ProjectionError

if TYPE_CHECKING:
    from sqlite_utils import Database

POSITION = """
create table if not exists position (
  one integer primary key check (one = 1), sequence integer not null,
  log text not null, code text not null
)"""


class Projection(Protocol):
    """A fold of the log into SQLite rows."""

    NAME: str
    TYPES: tuple[str, ...]
    SCHEMA: str

    @staticmethod
    def apply(connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Change the rows by one event."""
        ...


def projection(name: str) -> Projection:
    """Find a projection by its name. Raises ProjectionError with the known names."""
    if name not in names():
        raise ProjectionError(f"no projection {name!r}; there are: {', '.join(names())}")
    return cast("Projection", importlib.import_module(f".{name}", __package__))


def names() -> list[str]:
    """Names of all projections in this room."""
    found = []
    for path in sorted(Path(__file__).parent.glob("*.py")):
        module = (
            importlib.import_module(f".{path.stem}", __package__) if path.stem[0] != "_" else None
        )
        if module is not None and hasattr(module, "SCHEMA") and hasattr(module, "apply"):
            found.append(path.stem)
    return found


def code_of(kind: Projection) -> str:
    """Digest of a projection's code: rows made by other code are made again."""
    source = inspect.getsource(cast("type", kind))
    return hashlib.blake2b(source.encode(), digest_size=16).hexdigest()


def up_to_date(kind: Projection, path: Path) -> bool:
    """Whether the rows of a database were made by this code. Raises ProjectionError."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            row = connection.execute("select code from position").fetchone()
    except sqlite3.DatabaseError as error:
        raise ProjectionError(
            f"{path} is no usable database ({error}); delete it, it is rebuilt"
        ) from error
    return row is not None and row[0] == code_of(kind)


class Store:
    """One projection's database."""

    def __init__(self, kind: Projection, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.kind = kind
        self.path = folder / f"{kind.NAME}.db"
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=10
        )
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")
            connection.executescript(POSITION + ";" + self.kind.SCHEMA)
        except sqlite3.DatabaseError as error:
            connection.close()
            raise ProjectionError(
                f"{self.path} is no usable database ({error}); delete it, it is rebuilt"
            ) from error
        return connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    @property
    def database(self) -> "Database":
        """The rows, for queries."""
        from sqlite_utils import Database  # takes most of a second: only where it is used

        return Database(self._connection)

    def position(self, log: str) -> int:
        """Sequence up to which the rows are true of this log; rows of another log or code go."""
        row = self._connection.execute("select sequence, log, code from position").fetchone()
        if row is None:
            return 0
        if row[1] != log or row[2] != code_of(self.kind):
            self.clear()
            return 0
        return int(row[0])

    def clear(self) -> None:
        """Forget everything."""
        self._connection.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        self._connection = self._open()

    def apply(self, batch: Sequence[Recorded], log: str) -> None:
        """Fold a batch and move the position, in one transaction."""
        connection = self._connection
        connection.execute("begin immediate")
        try:
            for recorded in batch:
                self.kind.apply(connection, recorded)
            connection.execute(
                "insert into position values (1, ?, ?, ?) on conflict (one) do update set"
                " sequence = excluded.sequence, log = excluded.log, code = excluded.code",
                (batch[-1].sequence, log, code_of(self.kind)),
            )
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("commit")

    def rows(self) -> Iterable[tuple[object, ...]]:
        """Every row of every table but the position, in a fixed order."""
        tables = self._connection.execute(
            "select name from sqlite_master where type = 'table' and name != 'position'"
            " and name not like 'sqlite_%' order by name"
        ).fetchall()
        for (table,) in tables:
            rows = self._connection.execute(f'select * from "{table}"').fetchall()  # noqa: S608
            yield from ((table, *row) for row in sorted(rows, key=repr))

    def fingerprint(self) -> str:
        """Hash over the sorted rows: a rebuild must give the same."""
        whole = hashlib.blake2b(digest_size=16)
        for row in self.rows():
            whole.update(repr(row).encode())
        return whole.hexdigest()


async def catch_up(log: Log, store: Store) -> int:
    """Fold everything that is in the log now; returns the number of events folded."""
    created = await log.created()
    count = 0
    after = store.position(created)
    async for batch in log.records(*store.kind.TYPES, after=after, follow=False):
        store.apply(batch, created)
        count += len(batch)
    return count


async def rebuild(log: Log, kind: Projection, folder: Path) -> str:
    """Fold the whole log into a new database beside the old one, then take its place."""
    beside = folder / "rebuilding"
    with Store(kind, beside) as fresh:
        fresh.clear()
        await catch_up(log, fresh)
        fingerprint = fresh.fingerprint()
        fresh.database.execute("pragma wal_checkpoint(truncate)")
        built = fresh.path
    for suffix in ("-wal", "-shm"):
        (folder / f"{kind.NAME}.db{suffix}").unlink(missing_ok=True)
    built.replace(folder / f"{kind.NAME}.db")
    return fingerprint
