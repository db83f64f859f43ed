"""SQLite engine: connections, pragmas, write transactions and change detection; SQLite's errors become StoreError."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import QueuePool

from indexer.errors import StoreError, printable

APPLICATION_ID = 0x696E6478  # 'indx', in the header of every library file
_WRITE = "indexer_write"
_PATH = "indexer_path"
_TIME = "indexer_time"
_PAGE_BYTES = 16 * 1024  # embeddings and descriptors fill such pages well; with 4 KiB a third of the file is empty
_CACHE_KIB = 64 * 1024
_LOOK_SECONDS = 0.02
_KEPT = 4  # connections that stay open for reuse

BEING_WRITTEN = "is being written by another program; try again in a moment"
_ANOTHER = "was moved, removed or replaced while in use; nothing more is stored. Restart this program"

_REFUSALS = (sqlite3.Error, UnicodeDecodeError)  # the latter: SQLite's message on a damaged schema quotes it
_REASONS = {
    sqlite3.SQLITE_BUSY: BEING_WRITTEN,
    sqlite3.SQLITE_LOCKED: BEING_WRITTEN,
    sqlite3.SQLITE_PERM: "cannot be opened for lack of permission; check the permissions of the file and its folder",
    sqlite3.SQLITE_READONLY: "cannot be written to; check the permissions of the file, its -wal, and its folder",
    sqlite3.SQLITE_IOERR: "could not be read or written; check the disk. Earlier data is kept",
    sqlite3.SQLITE_CORRUPT: "is damaged; restore a backup, or move it away and scan again",
    sqlite3.SQLITE_FULL: "cannot grow because the disk is full. Earlier data is kept",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that its folder exists and is writable",
    sqlite3.SQLITE_NOTADB: "is not a library of indexer",
}


def connect(path: Path, *, read_only: bool, busy_seconds: float) -> Engine:
    """Return an engine for a library file; writable ones create the file if it does not exist.

    busy_seconds: how long a statement waits for another process that writes.
    Errors: everything that SQLite refuses later is raised as StoreError.
    """
    opened = _read_only if read_only else _writable
    same = _Same(path, lambda: opened(path, busy_seconds))
    engine = _engine(path, same.connect)
    event.listen(engine, "begin", lambda _: same.check())
    return engine


def in_memory(path: Path) -> Engine:
    """Return an engine for an empty in-memory library; errors name `path`."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    return _engine(path, lambda: connection)


@contextmanager
def writing(connection: Connection, now: datetime | None = None) -> Iterator[None]:
    """Begin a transaction that holds the write lock from its start, so that it never fails half-way for lack of it.

    now: the value of `transaction_time`.
    """
    connection.execution_options(**{_WRITE: True, _TIME: now})
    with connection.begin():
        yield


def transaction_time(connection: Connection) -> datetime:
    """Return the start time of a write transaction, as SQL's transaction_timestamp() does."""
    now = connection.get_execution_options()[_TIME]
    assert isinstance(now, datetime), "the transaction was begun without a time"
    return now


def chunks(connection: Connection, sql: str, parameters: tuple[Any, ...], size: int) -> Iterator[Sequence[Any]]:
    """Yield plain rows, `size` at a time, for results so large that a Row for each would take half of the time."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql, parameters)
        while chunk := cursor.fetchmany(size):
            yield chunk
    except _REFUSALS as error:
        raise store_error(connection.get_execution_options()[_PATH], error) from error
    finally:
        cursor.close()


def store_error(path: Path, error: BaseException) -> StoreError:
    """Return SQLite's error as a StoreError with a plain sentence."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if isinstance(error, UnicodeDecodeError):
        code = sqlite3.SQLITE_CORRUPT
    return StoreError(path, _REASONS.get(code, f"cannot be used: {error}"))


class _Same:
    """A guard that ties an engine to the file that it opened first.

    SQLite goes on with a file that was removed, and whatever is written to it is lost with it; and a new connection
    would create an empty library, or mix the log of the old one with another file.
    """

    def __init__(self, path: Path, opened: Callable[[], sqlite3.Connection]) -> None:
        self._path, self._opened = path, opened
        self._file: tuple[int, int] | None = None

    def connect(self) -> sqlite3.Connection:
        """Open the file once more. Errors: StoreError where another file lies there now."""
        self.check()
        connection = self._opened()
        self._file = self._file or _identity(self._path)
        return connection

    def check(self) -> None:
        """Verify that the file is still there. Errors: StoreError."""
        if self._file is not None and self._file != _identity(self._path):
            raise StoreError(self._path, _ANOTHER)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _engine(path: Path, creator: Callable[[], sqlite3.Connection]) -> Engine:
    engine = create_engine(
        "sqlite://",
        creator=creator,
        poolclass=QueuePool,
        pool_size=_KEPT,
        max_overflow=-1,  # no waiting: threads are bounded by those who start them
        pool_use_lifo=True,  # few are in use, and those have full caches
        execution_options={_PATH: path},
    )
    event.listen(engine, "begin", _begin)

    @event.listens_for(engine, "handle_error")
    def translate(context: ExceptionContext) -> None:
        if isinstance(context.original_exception, _REFUSALS):
            raise store_error(path, context.original_exception) from context.original_exception

    return engine


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _writable(path: Path, busy_seconds: float) -> sqlite3.Connection:
    connection = _open(path, "mode=rwc", busy_seconds)
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,):  # a new file
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        # Readers and the writer do not wait for each other. If the disk cannot do it, the rollback journal stays.
        _to_wal(connection, busy_seconds)
    connection.execute("PRAGMA synchronous = NORMAL")  # in WAL mode a power cut costs the last batches, never the file
    return connection


def _to_wal(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Switch to WAL; SQLite itself does not wait for another process that does the same."""
    deadline = monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                raise
        sleep(_LOOK_SECONDS)


def _read_only(path: Path, busy_seconds: float) -> sqlite3.Connection:
    try:
        return _open(path, "mode=ro", busy_seconds)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
        if not path.is_file():
            raise
    # SQLite keeps a small file beside a WAL database even to read it. Where the folder is read-only, nobody writes:
    # the file alone is the whole library, unless a writer was killed before its last words were merged into it.
    log = path.with_name(path.name + "-wal")
    if log.is_file() and log.stat().st_size:
        raise StoreError(path, f"has unmerged changes in {printable(log.name)}; open it once where it is writable")
    return _open(path, "mode=ro&immutable=1", busy_seconds)


def _open(path: Path, mode: str, busy_seconds: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}",
        uri=True,
        timeout=busy_seconds,
        isolation_level=None,  # transactions are begun by `_begin`, not implicitly
        check_same_thread=False,  # the pool hands a connection to one thread at a time
    )
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute("PRAGMA temp_store = MEMORY")  # on many a NAS, the disk for temporary files is tiny
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # opens the file for real
    except _REFUSALS:
        connection.close()
        raise
    return connection


class Changes:
    """Change detector of a library, on a connection of its own: SQLite counts the commits of all others for it.

    Not thread-safe: callers hold a lock.
    """

    def __init__(self, engine: Engine) -> None:
        pooled = engine.raw_connection()
        raw = pooled.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        self._connection = raw
        pooled.detach()

    def mark(self) -> tuple[int, int]:
        """Return a value that stays the same as long as nobody writes."""
        # A library in memory has one connection for all, so its own changes count.
        (commits,) = self._connection.execute("PRAGMA data_version").fetchone()
        return commits, self._connection.total_changes

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def scrub(engine: Engine, path: Path) -> None:
    """Rewrite the file without deleted data, and empty its log.

    Deleting a row is not enough: whenever SQLite moved it, a copy may have stayed in an unused part of a page.
    Errors: StoreError where another program reads or writes for too long.
    """
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        try:
            driver.execute("PRAGMA secure_delete = ON")
            driver.execute("VACUUM")
            (busy, *_) = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            raise store_error(path, error) from error
    if busy:
        raise StoreError(path, "is being read by another program, so traces may remain; close it and try again")
