"""Alembic's entry: runs on the connection that newsletter.store.migrate hands over."""

from alembic import context

from newsletter.store import tables
from subscribers import metadata

assert tables.jobs.metadata is metadata  # noqa: S101 - importing the tables is what fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes a table by copying it.
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
