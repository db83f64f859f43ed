"""A library file in which something was deleted flows in; the same file without a trace of it flows out."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Engine

from indexer.errors import StoreError
from indexer.library.db.engine import store_error


def scrub(engine: Engine, path: Path) -> None:
    """Write the file anew without what was deleted in it, and empty its log.

    A deleted row is not all: whenever SQLite moved it, a copy may have stayed in an unused part of a page.
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
        raise StoreError(path, "is being read by another program, so that traces may be left; close it and try again")
