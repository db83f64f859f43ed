"""The library: outcomes flow in and are kept in one SQLite file; what is known of photos flows out.

One process writes at a time, any number reads beside it. Everything in and out is a frozen value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from sqlalchemy import Connection, Engine

from indexer.library.db import content_lookup as contents
from indexer.library.db import roots
from indexer.library.db.content_lookup import KnownContent
from indexer.library.db.descriptors import DescriptorMatrix, Descriptors
from indexer.library.db.engine import Changes, in_memory, scrub, writing
from indexer.library.db.rows import read_analyses
from indexer.library.db.schema import open_current
from indexer.library.db.tables import metadata
from indexer.library.indexing import state as known
from indexer.library.indexing.record import learn_change_times, prune, record
from indexer.library.indexing.relocate import Elsewhere, elsewhere, relocate
from indexer.library.indexing.retag import analyses_after, retag
from indexer.library.indexing.state import FileStates
from indexer.library.photo_rows.write_analysis import read_all_classes, read_classes, replace_classes
from indexer.library.query.postings import Postings
from indexer.photo import Analysis, Descriptor, ModelIds, Outcome, PhotoFile, Replaced, Tag

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

    def known(self, places: Sequence[Path] | None = None) -> FileStates:
        """Return what is known of these files and of those in these folders (None: all), missing ones included."""
        with self.reading() as connection:
            return known.known(connection, places)

    def last_indexed(self, folder: Path) -> datetime | None:
        """Return when a photo in a folder was analyzed last, None where none was."""
        with self.reading() as connection:
            time = known.last_indexed(connection, folder)
        return None if time is None else datetime.fromisoformat(time)

    def sizes(self) -> frozenset[int]:
        """Return the sizes of all contents that are known: a file of another size holds none of these."""
        with self.reading() as connection:
            return contents.sizes(connection)

    def by_content(self, hashes: Iterable[bytes]) -> dict[bytes, list[KnownContent]]:
        """Return the photos that have, or had, the bytes with these SHA-256, missing ones included."""
        with self.reading() as connection:
            return contents.by_content(connection, hashes)

    def stale(self, networks: ModelIds) -> list[Path]:
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

    def record(self, outcomes: Iterable[Outcome]) -> list[Replaced]:
        """Store what became of photos, in order: all of it or, with an error, nothing.

        Indexed replaces what was known of the photo, or is another photo under its path; Failed keeps what was known,
        unseen, until the photo can be read again; Moved follows the bytes: neighbors of it are one assignment.
        Removed marks the photo as missing, Unchanged says that it is there; Skipped remembers a file that is no photo.
        Return the photos whose paths others have now, and of which users said something: they stay, as missing.
        Errors: LibraryError for a path outside all roots; StoreError.
        """
        now = self._clock().isoformat(timespec="seconds")
        with self.writing() as connection:
            return record(connection, outcomes, now)

    def learn_change_times(self, files: Sequence[PhotoFile]) -> None:
        """Keep the change times of files that are known with their stamps but for these."""
        for start in range(0, len(files), _LEARNED):
            with self.writing() as connection:
                learn_change_times(connection, files[start : start + _LEARNED])

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
        """Say that a folder of the library, or a folder in one, now lies at `new`; return how many photos are there.

        Photos whose bytes are known at the new place are those: what was said of both is kept. Another photo that is
        known there under the path of one keeps it. Errors: LibraryError where the old folder is unknown.
        """
        now = self._clock().isoformat(timespec="seconds")
        with self.writing() as connection:
            return relocate(connection, old, new, now)

    def elsewhere(self, root: Path, there: Sequence[Path]) -> Elsewhere | None:
        """Return where most photos of a root that is away were found, among the roots that are there; None: nowhere."""
        with self.reading() as connection:
            return elsewhere(connection, root, there)

    def descriptors(self, connection: Connection, like: Descriptor) -> Descriptors:
        """Return all descriptors of the same model as they are now; they stay in memory until the library is closed."""
        key = (like.model, len(like.data))
        return self._matrices.setdefault(key, DescriptorMatrix(like)).refresh(connection)
