"""A library that others write to flows in; a mark flows out that is another one after each change."""

from __future__ import annotations

import sqlite3

from sqlalchemy import Engine


class Changes:
    """Watches a library by a connection of its own: SQLite counts for it the commits of all others.

    Not for several threads at once: whoever asks holds a lock.
    """

    def __init__(self, engine: Engine) -> None:
        pooled = engine.raw_connection()
        raw = pooled.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        self._connection = raw
        pooled.detach()

    def mark(self) -> tuple[int, int]:
        """Return what stays the same as long as nobody writes."""
        # A library in memory has one connection for all: there its own changes count.
        (commits,) = self._connection.execute("PRAGMA data_version").fetchone()
        return commits, self._connection.total_changes

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
