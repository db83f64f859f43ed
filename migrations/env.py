"""A connection flows in (from `indexer.library.db.schema`); the migrations that it lacks are run on it."""

from alembic import context

from indexer.library.db.user_tables import all_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=all_tables,
    render_as_batch=True,  # SQLite cannot alter a column: a batch rebuilds the table
)
with context.begin_transaction():
    context.run_migrations()
