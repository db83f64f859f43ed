"""Checks of a library file as a database: does it open, is it intact, which release wrote it.

Results are findings. Nothing is written: a file of an older release stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine

from indexer.advice import Advice, advice
from indexer.errors import StoreError, printable
from indexer.library.checks.finding import Finding, findings, size_text
from indexer.library.db.engine import connect
from indexer.library.db.schema import state

RESTORE = (
    "restore a backup (see docs/operations.md), or save what can be read with "
    "'sqlite3 FILE .recover | sqlite3 NEW', or move the file, its -wal and its -shm away and scan again; "
    "none of this changes your photos"
)
_FAULTS = 100  # SQLite stops there: one would do
_LOG_BYTES = 256 * 1024 * 1024
_OF_AN_INDEX = re.compile(r"row \d+ missing from index |wrong # of entries in index ")

Check = Callable[[Connection], Iterator[Finding]]


def open_read_only(path: Path, busy_seconds: float) -> Engine:
    """Return an engine that reads a file without creating or upgrading it. Errors: StoreError."""
    if path.is_dir():
        raise StoreError(path, "is a folder; name a file for the library")
    if not path.exists():
        raise StoreError(path, "does not exist")
    engine = connect(path, read_only=True, busy_seconds=busy_seconds)
    try:
        engine.connect().close()
    except UnicodeDecodeError as error:  # SQLite quotes the garbage that it found
        raise StoreError(path, "is damaged") from error
    except BaseException:
        engine.dispose()
        raise
    return engine


def check_file(path: Path, busy_seconds: float) -> list[Finding]:
    """Check the file itself: whether it opens, whether it is intact, which release wrote it.

    busy_seconds: how long a check waits for a program that locks the file.
    """
    try:
        engine = open_read_only(path, busy_seconds)
    except StoreError as error:
        return [Finding("file", "error", str(error), _advice(path))]
    size = path.stat().st_size
    found = [Finding("file", "fine", f"{printable(path)} opens, {size_text(size)}")]
    try:
        found += findings("log", partial(_log, path))  # first: while the others read, it only grows
        for name, check in _CHECKS.items():
            found += findings(name, partial(_look, engine, check))
        found += findings("schema", partial(_look, engine, partial(_schema, path)))
    finally:
        engine.dispose()
    return found


def is_current(path: Path, busy_seconds: float) -> bool:
    """Return whether a file opens and has the newest schema."""
    try:
        engine = open_read_only(path, busy_seconds)
        try:
            with engine.connect() as connection:
                return state(connection, path) == "current"
        finally:
            engine.dispose()
    except (StoreError, UnicodeDecodeError):
        return False


def _look(engine: Engine, check: Check) -> list[Finding]:
    with engine.connect() as connection:
        return list(check(connection))


def _advice(path: Path) -> Advice | str:
    return RESTORE if path.exists() else advice("new-library")


def _integrity(connection: Connection) -> Iterator[Finding]:
    try:
        faults = connection.exec_driver_sql(f"PRAGMA integrity_check({_FAULTS})").scalars().all()
    except StoreError as error:
        faults = [error.__dict__["reason"]]
    except UnicodeDecodeError:
        faults = ["a text field contains garbage"]
    if faults == ["ok"]:
        yield Finding("integrity", "fine", "all pages and indexes of the file are intact")
        return
    text = f"the file is damaged in {_many(len(faults))}, such as: {printable(str(faults[0]).splitlines()[-1])}"
    if all(_OF_AN_INDEX.match(str(fault)) for fault in faults):
        yield Finding(
            "integrity",
            "error",
            text,
            advice("rebuild-indexes"),
            True,
            len(faults),
        )
    else:
        yield Finding("integrity", "error", text, RESTORE, count=len(faults))


def _many(faults: int) -> str:
    return "one place" if faults == 1 else f"{'at least ' * (faults >= _FAULTS)}{faults} places"


def _journal(connection: Connection) -> Iterator[Finding]:
    mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    if mode == "wal":
        yield Finding("journal", "fine", "readers and the writer do not wait for each other")
    else:
        text = f"readers and the writer wait for each other (journal mode '{mode}'), because of its disk"
        yield Finding("journal", "note", text, "keep the library on a local disk")


def _schema(path: Path, connection: Connection) -> Iterator[Finding]:
    try:
        found = state(connection, path)
    except StoreError as error:
        yield Finding("schema", "error", f"it {error.__dict__['reason']}", advice("other-library"))
        return
    if found == "current":
        yield Finding("schema", "fine", "it is of this release")
    elif found == "empty":
        yield Finding("schema", "note", "it is empty", advice("scan-folder"))
    else:
        yield Finding("schema", "note", "it is of an older release", advice("upgrade"))


def _log(path: Path) -> Iterator[Finding]:
    log = path.with_name(path.name + "-wal")
    size = log.stat().st_size if log.exists() else 0
    if size > max(_LOG_BYTES, path.stat().st_size // 4):
        text = f"its log {printable(log.name)} has grown to {size_text(size)}: a program has been reading for long"
        yield Finding("log", "warning", text, advice("repair"), True, 1)
    else:
        yield Finding("log", "fine", f"its log takes {size_text(size)}")


_CHECKS: dict[str, Check] = {"integrity": _integrity, "journal": _journal}
