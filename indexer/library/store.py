"""The library: outcomes flow in and are kept in one SQLite file; what is known of photos flows out.

One process writes at a time, any number reads beside it. Everything in and out is a frozen value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from sqlalchemy import Connection, Engine

from indexer.library import known, roots
from indexer.library.changes import Changes
from indexer.library.file import in_memory, writing
from indexer.library.known import Known
from indexer.library.matrix import DescriptorMatrix, Descriptors
from indexer.library.postings import Postings
from indexer.library.record import prune, record
from indexer.library.replace import read_all_classes, read_classes, replace_classes
from indexer.library.retag import analyses_after, retag
from indexer.library.rows import read_analyses
from indexer.library.schema import open_current
from indexer.library.scrub import scrub
from indexer.library.tables import metadata
from indexer.photo import Analysis, Descriptor, Networks, Outcome, PhotoFile, Tag

Clock = Callable[[], datetime]
_BUSY_SECONDS = 30.0


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
        metadata.create_all(engine)
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

    def add_root(self, folder: Path) -> Path:
        """Take a folder into the library and return the root that owns it: itself, or a root that it lies in.

        Roots that lie in it become part of it; their photos keep all that is known of them.
        """
        if known := self._root_of(folder):  # nobody is kept from writing for nothing
            return known
        with self.writing() as connection:
            return roots.add_root(connection, folder)

    def _root_of(self, folder: Path) -> Path | None:
        return next((root for root in self.roots() if folder.absolute().is_relative_to(root)), None)

    def roots(self) -> list[Path]:
        """Return the folders of the library; none lies in another."""
        with self.reading() as connection:
            return roots.Roots.read(connection).folders

    def known(self, places: Sequence[Path] | None = None) -> MutableMapping[Path, Known]:
        """Return what is known of these files and of those in these folders (None: all), missing ones included."""
        with self.reading() as connection:
            return known.known(connection, places)

    def last_indexed(self, folder: Path) -> datetime | None:
        """Return when a photo in a folder was analyzed last, None where none was."""
        with self.reading() as connection:
            time = known.last_indexed(connection, folder)
        return None if time is None else datetime.fromisoformat(time)

    def sizes(self) -> frozenset[int]:
        """Return the file sizes that analyzed photos have: a new file of another size was not moved here."""
        with self.reading() as connection:
            return known.sizes(connection)

    def twins(self, content: bytes, networks: Networks) -> list[Path]:
        """Return the photos, missing ones included, with this SHA-256 that all these networks have seen, by path."""
        with self.reading() as connection:
            return known.twins(connection, content, networks)

    def stale(self, networks: Networks) -> list[Path]:
        """Return the analyzed photos that a network has not seen that should, by path."""
        with self.reading() as connection:
            return known.stale(connection, networks)

    def seen(self, file: PhotoFile) -> Analysis | None:
        """Return what is known of a photo that is as it was when it was analyzed; None of any other."""
        with self.reading() as connection:
            row = known.analyzed(connection, file)
            return None if row is None else read_analyses(connection, [row])[row]

    def missing(self) -> list[Path]:
        """Return the photos whose files are gone, by path."""
        with self.reading() as connection:
            return known.missing(connection)

    def record(self, outcomes: Iterable[Outcome]) -> None:
        """Store what became of photos, in order: all of it or, with an error, nothing.

        Indexed replaces what was known; Failed keeps it, unseen, until the photo can be read again; Moved takes it
        along (gone) or copies it; Removed marks the photo as missing, and Unchanged says that it is there; Passed
        remembers a file that is no photo.
        A Moved whose old path holds no analysis is passed over: the next scan finds the file unknown, and analyzes it.
        Errors: LibraryError for a path outside all roots; StoreError.
        """
        now = self._clock().isoformat(timespec="seconds")
        with self.writing() as connection:
            record(connection, outcomes, now)

    def learn_classes(self, model: str, names: Sequence[str]) -> None:
        """Keep the names of a network's classes, in order of their index: evidence and objects are read with them."""
        with self.reading() as connection:
            if read_classes(connection, model) == list(names):
                return
        with self.writing() as connection:
            replace_classes(connection, model, names)

    def classes(self) -> dict[str, tuple[str, ...]]:
        """Return the names of the classes of all networks, in order of their index, by the networks' ids."""
        with self.reading() as connection:
            return read_all_classes(connection)

    def analyses(self, photos: int = 500) -> Iterator[dict[Path, Analysis]]:
        """Yield all analyzed photos, so many at a time, without their pooled vectors; writing meanwhile is allowed."""
        row = 0
        while True:
            with self.reading() as connection:
                row, found = analyses_after(connection, row, photos)
            if not found:
                return
            yield found

    def retag(self, tags_of: Mapping[Path, Sequence[Tag]]) -> int:
        """Give photos the tags that an analysis would give now; return how many thereby have others.

        What users said and taught stays; photos that are no longer known are passed over.
        """
        with self.writing() as connection:
            return retag(connection, tags_of)

    def prune(self) -> list[Path]:
        """Forget the photos that are missing, and all that is known of them; return their paths, in order."""
        with self.writing() as connection:
            return prune(connection)

    def relocate(self, old: Path, new: Path) -> int:
        """Say that a folder of the library, or a folder in one, now lies at `new`; return how many photos it has.

        What was known at the new place of a photo gives way. Errors: LibraryError where the old folder is unknown.
        """
        with self.writing() as connection:
            return roots.relocate(connection, old, new)

    def descriptors(self, connection: Connection, like: Descriptor) -> Descriptors:
        """Return all descriptors of the same model as they are now; they stay in memory until the library is closed."""
        key = (like.model, len(like.data))
        return self._matrices.setdefault(key, DescriptorMatrix(like)).refresh(connection)
