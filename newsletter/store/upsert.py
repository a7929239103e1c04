"""``INSERT … ON CONFLICT DO NOTHING`` on both databases: what makes doing something twice harmless."""

from __future__ import annotations

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def insert_new(connection: AsyncConnection | Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that passes over rows whose unique key is there already.

    Only RETURNING tells which rows are new: SQLAlchemy has no ``rowcount`` of an INSERT on PostgreSQL.
    """
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()
