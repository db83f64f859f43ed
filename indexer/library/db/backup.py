"""Online backup: a complete, verified copy of a library that is in use, as of one moment."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from indexer.errors import StoreError, printable
from indexer.library.db.engine import APPLICATION_ID, connect, store_error

_BUSY_SECONDS = 30.0
_PAGES_AT_A_TIME = 512  # 8 MiB: between two such steps, Ctrl-C is handled
_BESIDE = ("", "-wal", "-shm", "-journal")
_TARGET_REASONS = {
    sqlite3.SQLITE_FULL: "cannot be created; the disk is full",
    sqlite3.SQLITE_IOERR: "cannot be created; the disk cannot be written to, perhaps because it is full",
}
_READING = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ)


def backup(source: Path, target: Path, *, overwrite: bool = False) -> int:
    """Copy a library to another file while others write to it; return the size of the copy in bytes.

    Writers do not wait for it. The copy is made beside the target, verified and only then renamed, so that a
    backup that fails, or that would hold a damaged library, never replaces a good one.
    overwrite: replace an existing target; otherwise it is refused.
    Errors: StoreError that names the file at fault.
    """
    _refuse(source, target, overwrite)
    return copy(source, target)


def copy(source: Path, target: Path) -> int:
    """Copy a library as of its last transaction over the target; return the size in bytes.

    Errors: StoreError that names the file at fault; the target is then unchanged.
    """
    part = target.with_name(target.name + ".part")  # an unfinished copy must not look like a backup
    try:
        with _own(part, source.stat().st_mode & 0o777):
            _fill(source, part)
            _check(source, part)
            size = part.stat().st_size
            part.replace(target)
        with suppress(OSError):  # not every file system can do that for a folder
            _sync(target.parent)
    except UnicodeDecodeError as error:  # SQLite quotes the garbage that it stumbled on
        raise StoreError(source, "is damaged").advise("doctor") from error
    except sqlite3.Error as error:
        raise _fault(source, target, error) from error
    except OSError as error:
        raise StoreError(target, f"cannot be created: {error.strerror}") from error
    return size


def count_photos(backup: Path) -> int:
    """Return how many photos a backup holds, leaving no files beside it."""
    with closing(_alone(backup)) as connection:
        count: int = connection.execute("SELECT count(*) FROM photos").fetchone()[0]
        return count


def _refuse(source: Path, target: Path, overwrite: bool) -> None:
    if not source.is_file():
        raise StoreError(source, "does not exist; there is nothing to back up")
    if not target.parent.is_dir():
        raise StoreError(target, "cannot be created: its folder does not exist; check that the disk is mounted")
    if target.resolve() in {Path(f"{source.resolve()}{ending}") for ending in _BESIDE}:
        raise StoreError(target, "is the library itself; choose another name for the backup")
    if target.is_dir():
        raise StoreError(target, "is a folder; give a file name for the backup")
    if target.exists():
        if target.samefile(source):
            raise StoreError(target, "is the library itself; choose another name for the backup")
        if not overwrite:
            raise StoreError(target, "already exists").advise("overwrite")


@contextmanager
def _own(part: Path, mode: int) -> Iterator[None]:
    """Create an empty file exclusively; remove it again if anything goes wrong."""
    file = os.open(part, os.O_RDWR | os.O_CREAT, mode)
    try:
        _lock(file, part)
        os.ftruncate(file, 0)  # leftovers of a killed backup
        try:
            yield
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    finally:
        os.close(file)


def _lock(file: int, part: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ours = os.path.samestat(os.fstat(file), part.stat())  # otherwise it has just been finished and renamed
    except (BlockingIOError, FileNotFoundError):
        ours = False
    if not ours:
        raise StoreError(part, "is being written by another program; wait until it is finished")


def _fill(source: Path, part: Path) -> None:
    """Copy the pages.

    The transaction pins them, so the copy never restarts: without it, a copy in steps would restart at every write, and
    one beside a steady writer would never end.
    """
    engine = connect(source, read_only=True, busy_seconds=_BUSY_SECONDS)
    try:
        with engine.connect() as connection, closing(sqlite3.connect(part)) as target:
            _refuse_other(connection.exec_driver_sql("PRAGMA application_id").scalar(), source)
            target.execute("PRAGMA journal_mode = OFF")  # the copy is repeated if anything happens to it
            target.execute("PRAGMA synchronous = OFF")
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.backup(target, pages=_PAGES_AT_A_TIME, progress=_hear_signals)
    finally:
        engine.dispose()
    _sync(part)


def _hear_signals(_status: int, _remaining: int, _total: int) -> None:
    """Do nothing, in Python: this is where Ctrl-C is handled."""


def _refuse_other(application: object, source: Path) -> None:
    if application != APPLICATION_ID:
        raise StoreError(source, "is not a library of indexer")


def _check(source: Path, part: Path) -> None:
    """Check that the copy is intact; if it is not, neither is the library."""
    with closing(_alone(part)) as connection:
        faults = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
    if faults != ["ok"]:
        raise StoreError(source, f"is damaged ({printable(faults[0])})").advise("doctor")


def _alone(path: Path) -> sqlite3.Connection:
    """Open a file that nobody writes, without the small files that SQLite otherwise keeps beside it."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _fault(source: Path, target: Path, error: sqlite3.Error) -> StoreError:
    """Return which of the two files an error concerns; SQLite reports it for the pair."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    reason = None if code in _READING else _TARGET_REASONS.get(code & 0xFF)
    return StoreError(target, reason) if reason else store_error(source, error)


def _sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk itself."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
