"""Schema versions of a library file: opening, migration by Alembic, and refusal of unknown files.

Alembic takes 0.3 s to import, so it is only loaded for a file whose revision is not `HEAD`.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from indexer.errors import StoreError
from indexer.library.db.backup import copy
from indexer.library.db.engine import APPLICATION_ID, connect, writing
from indexer.resources import packaged

HEAD = "0009"  # the newest revision in migrations/versions


def open_current(path: Path, *, read_only: bool, busy_seconds: float) -> Engine:
    """Return an engine for a library file with the newest schema; a writable one creates the file if absent.

    Errors: StoreError for a file that is absent (to read), no library, or may not be read or written as asked.
    """
    if path.is_dir():
        raise StoreError(path, "is a folder; name a file for the library")
    if read_only and not path.exists():
        raise StoreError(path, "does not exist yet").advise("make-library")
    engine = connect(path, read_only=read_only, busy_seconds=busy_seconds)
    try:
        if read_only and not _is_current(engine, path):
            open_current(path, read_only=False, busy_seconds=busy_seconds).dispose()
        elif not read_only:
            _prepare(engine, path)
    except BaseException:
        engine.dispose()
        raise
    return engine


def upgrade(engine: Engine, path: Path, migrations: Path | None = None) -> None:
    """Migrate the file to the newest schema, after a copy of it to NAME.before-REVISION.bak; all or nothing.

    migrations: the folder of the scripts, the packaged one if None.
    Errors: StoreError for a file of another program, of a newer release, or one that cannot be copied or written.
    """
    scripts = migrations or packaged("migrations")
    with engine.connect() as connection:
        # SQLite rebuilds a table by dropping it: with foreign keys on, that would delete the rows that refer to it.
        # The switch has no effect inside a transaction, and SQLAlchemy's own statements begin one.
        driver = connection.connection.cursor()
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            with writing(connection):
                _upgrade(connection, path, scripts)
        finally:
            with suppress(sqlite3.ProgrammingError):  # Ctrl-C has closed the connection
                driver.execute("PRAGMA foreign_keys = ON")


def state(connection: Connection, path: Path) -> str:
    """Return whether a file has the newest schema ('current'), an older one ('older') or none yet ('empty').

    Errors: StoreError for a file of another program or of a newer release.
    """
    revision = _revision(connection, path)
    if revision == HEAD:
        return "current"
    _target(packaged("migrations"), revision, path)
    return "empty" if revision is None else "older"


def _is_current(engine: Engine, path: Path) -> bool:
    with engine.connect() as connection:
        return _revision(connection, path) == HEAD


def _prepare(engine: Engine, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(path, f"cannot be made: {error.strerror}") from error
    if not _is_current(engine, path):
        upgrade(engine, path)
    with engine.connect() as connection, writing(connection):
        pass  # a read-only file is reported now, not after an hour of work


def _upgrade(connection: Connection, path: Path, scripts: Path) -> None:
    revision = _revision(connection, path)  # inside the lock: another process may have been faster
    target = _target(scripts, revision, path)
    if revision == target:
        return
    if revision is not None:
        copy(path, path.with_name(f"{path.name}.before-{target}.bak"))
    _migrate(connection, scripts)
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise StoreError(path, "could not be upgraded: its rows do not fit together. It is as it was before")


def _revision(connection: Connection, path: Path) -> str | None:
    """Return the revision, None for an empty file. Errors: StoreError for a database of another program."""
    tables = connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'table'").scalars().all()
    if not tables:
        return None
    if connection.exec_driver_sql("PRAGMA application_id").scalar() != APPLICATION_ID:
        raise StoreError(path, "is a database of another program")
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def _target(scripts: Path, revision: str | None, path: Path) -> str:
    """Return the newest revision. Errors: StoreError for a file whose own revision is not known."""
    from alembic.script import ScriptDirectory

    known = [script.revision for script in ScriptDirectory(scripts).walk_revisions()]
    if revision is not None and revision not in known:
        raise StoreError(path, f"was written by a newer release of indexer (schema {revision}); update the program")
    return known[0]


def _migrate(connection: Connection, scripts: Path) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
