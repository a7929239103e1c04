"""Many rows in one statement: what is stored for every push has to take no time of the interpreter.

SQLAlchemy compiles an INSERT of many VALUES anew each time, and executes one of a single row many times over; on SQLite
the driver lets go of the interpreter at each of them, and has to wait for the event loop before it takes the next one
(for up to 5 ms: docs.python.org/3/library/sys.html#sys.setswitchinterval). The text of a statement is made here once
for each number of rows, and the values pass through the columns' own types.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Connection, Table
from sqlalchemy.engine import Dialect

#: Rows in one statement at most. SQLite takes 32,766 values (sqlite.org/limits.html), PostgreSQL 65,535.
MOST_ROWS = 256


def insert_rows(connection: Connection, table: Table, rows: Sequence[dict[str, object]]) -> None:
    """Insert rows, which all have the same columns."""
    for part in _parts(rows):
        _execute(connection, table, part, ending="")


def insert_new_rows(
    connection: Connection, table: Table, rows: Sequence[dict[str, object]], *, key: Column[str]
) -> frozenset[str]:
    """Insert rows whose unique key is not there already, and return the keys of those."""
    insert = _insert_unknown if connection.dialect.name == "sqlite" else _insert_returning
    return frozenset[str]().union(*(insert(connection, table, part, key) for part in _parts(rows)))


def _insert_returning(
    connection: Connection, table: Table, rows: Sequence[dict[str, object]], key: Column[str]
) -> frozenset[str]:
    found = _execute(connection, table, rows, ending=f" ON CONFLICT DO NOTHING RETURNING {key.name}")
    return frozenset(found.scalars())


def _insert_unknown(
    connection: Connection, table: Table, rows: Sequence[dict[str, object]], key: Column[str]
) -> frozenset[str]:
    """Look which keys are there first, since nobody else writes: RETURNING gives its rows one by one."""
    by_key = {str(row[key.name]): row for row in rows}
    marks = ", ".join("?" * len(by_key))
    known = connection.exec_driver_sql(
        f"SELECT {key.name} FROM {table.name} WHERE {key.name} IN ({marks})",  # noqa: S608 - names of our tables; values are marks
        tuple(by_key),
    ).scalars()
    for name in known:
        del by_key[name]
    if by_key:
        _execute(connection, table, list(by_key.values()), ending="")
    return frozenset(by_key)


def _parts(rows: Sequence[dict[str, object]]) -> list[Sequence[dict[str, object]]]:
    return [rows[start : start + MOST_ROWS] for start in range(0, len(rows), MOST_ROWS)]


def _execute(connection: Connection, table: Table, rows: Sequence[dict[str, object]], *, ending: str) -> Any:
    names = tuple(rows[0])
    processors = _processors(connection.dialect, table, names)
    values = tuple(
        processor(row[name]) if processor else row[name]
        for row in rows
        for name, processor in zip(names, processors, strict=True)
    )
    return connection.exec_driver_sql(
        _statement(table.name, names, len(rows), connection.dialect.paramstyle, ending), values
    )


@lru_cache(maxsize=1024)
def _statement(table: str, names: tuple[str, ...], rows: int, paramstyle: str, ending: str) -> str:
    mark = "?" if paramstyle == "qmark" else "%s"
    row = f"({', '.join([mark] * len(names))})"
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([row] * rows)}{ending}"  # noqa: S608 - names of our tables; values are marks


@lru_cache(maxsize=64)
def _processors(dialect: Dialect, table: Table, names: tuple[str, ...]) -> tuple[Callable[[Any], Any] | None, ...]:
    """Return what turns the values of each column into those of the driver."""
    return tuple(table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names)
