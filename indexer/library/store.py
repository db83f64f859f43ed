"""The library: one SQLite file, its transactions, and what searches keep in memory.

One process writes at a time, any number reads beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from sqlalchemy import Connection, Engine

from indexer.library.db.descriptors import DescriptorMatrix, Descriptors
from indexer.library.db.engine import Changes, in_memory, scrub, writing
from indexer.library.db.schema import open_current
from indexer.library.db.user_tables import all_tables
from indexer.library.query.postings import Postings
from indexer.values.analysis import Descriptor

Clock = Callable[[], datetime]
_BUSY_SECONDS = 30.0
_LEARNED = 10_000  # change times stored in one transaction


def _now() -> datetime:
    return datetime.now(UTC)


class Library:
    """One library file; close it, or use it in a `with` statement."""

    def __init__(self, path: Path, engine: Engine, clock: Clock = _now) -> None:
        self.path = path
        self._engine = engine
        self._clock = clock
        self._matrices: dict[tuple[str, int], DescriptorMatrix] = {}
        self.postings: Postings | None = None

    @classmethod
    def open(
        cls, path: Path, *, read_only: bool = False, busy_seconds: float = _BUSY_SECONDS, clock: Clock = _now
    ) -> Library:
        """Open a library file; to write, it is made where there is none. An older schema is upgraded, after a copy.

        busy_seconds: how long to wait for another process that writes.
        Errors: StoreError for a file that is absent (to read), locked, damaged, no library, newer than the program,
        or may not be read or written as asked.
        """
        return cls(path, open_current(path, read_only=read_only, busy_seconds=busy_seconds), clock)

    @classmethod
    def empty(cls, path: Path) -> Library:
        """Return a library that knows nothing and is never kept, to stand in for a file that does not exist yet."""
        engine = in_memory(path)
        all_tables.create_all(engine)
        return cls(path, engine)

    def keep_words(self) -> None:
        """Keep what searches read in memory from now on: for a process that answers many of them."""
        self.postings = self.postings or Postings(self.changes())

    def changes(self) -> Changes:
        """Return what tells whether anybody has written; it is closed by whoever asked for it."""
        return Changes(self._engine)

    def close(self) -> None:
        """Let go of the file."""
        if self.postings is not None:
            self.postings.close()
        self._engine.dispose()

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def reading(self) -> AbstractContextManager[Connection]:
        """Begin a transaction that sees the library as it is now, whatever is written meanwhile."""
        return self._engine.begin()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Begin a transaction that may write. Errors: StoreError where another process writes for too long."""
        with self._engine.connect() as connection, writing(connection, self._clock()):
            yield connection

    @contextmanager
    def erasing(self) -> Iterator[Connection]:
        """Begin a transaction whose deletions leave no trace in the file or its log.

        The file is written anew after it. Errors: StoreError where another program reads or writes for too long.
        """
        with self.writing() as connection:
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
            yield connection
        scrub(self._engine, self.path)

    def descriptors(self, connection: Connection, like: Descriptor) -> Descriptors:
        """Return all descriptors of the same model as they are now; they stay in memory until the library is closed."""
        key = (like.model, len(like.data))
        return self._matrices.setdefault(key, DescriptorMatrix(like)).refresh(connection)
