"""What a library holds, without row ids and times of indexing, and what is wrong with its file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from indexer.library.indexing.files import file_states
from indexer.library.report import details
from indexer.library.store import Library


def content(path: Path) -> dict[Path, Any]:
    """Return all that a library knows of each photo that is there, by path.

    What was known of a photo that failed since is kept, but not shown; a scan from nothing does not have it.
    """
    with Library.open(path, read_only=True) as library:
        seen = {photo: details(library, photo) for photo, known in file_states(library).items() if not known.missing}
    return {photo: _plain(each) for photo, each in sorted(seen.items()) if each is not None}


def faults(path: Path) -> list[Any]:
    """Return what SQLite finds wrong with a library file, rows that hang on nothing, and files that are in it twice."""
    with closing(sqlite3.connect(path)) as connection:
        integrity = [row for row in connection.execute("PRAGMA integrity_check") if row != ("ok",)]
        loose = connection.execute("PRAGMA foreign_key_check").fetchall()
        if not _has_tables(connection):
            return integrity
        files = connection.execute(
            "SELECT CAST(roots.path AS TEXT) || CAST(photos.path AS TEXT) AS file, count(*) FROM photos "
            "JOIN roots ON roots.id = root_id GROUP BY file HAVING count(*) > 1"
        ).fetchall()
    return [*integrity, *loose, *files]


def stored(path: Path) -> dict[Path, tuple[int, int]]:
    """Return the stamps of the photos that need no more work, be they indexed or failed."""
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path)) as connection:
        if not _has_tables(connection):
            return {}
        rows = connection.execute(
            "SELECT CAST(roots.path AS TEXT) || CAST(photos.path AS TEXT), size, mtime_ns FROM photos "
            "JOIN roots ON roots.id = root_id WHERE missing_since IS NULL"
        ).fetchall()
    return {Path(name): (size, mtime_ns) for name, size, mtime_ns in rows}


def failed(path: Path) -> int:
    """Return how many photos are recorded as failed."""
    if not stored(path):
        return 0
    with closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute(
            "SELECT count(*) FROM photos WHERE failed_stage IS NOT NULL AND missing_since IS NULL"
        ).fetchone()[0]
    return found


def _has_tables(connection: sqlite3.Connection) -> bool:
    """Tell whether the file was made, and not only begun."""
    return connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'photos'").fetchone() is not None


def _plain(seen: Any) -> Any:
    return seen.file, None if seen.failure else seen.analysis, seen.failure
