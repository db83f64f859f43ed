"""Outcomes of scans as they are stored, and stored analyses as they are tagged anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from indexer.library.db.engine import transaction_time
from indexer.library.indexing import record
from indexer.library.indexing.retag import analyses_after, retag
from indexer.library.photo_rows.write_analysis import read_all_classes, read_classes, replace_classes
from indexer.library.store import Library
from indexer.values.analysis import Analysis, Tag
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Outcome, Replaced

_LEARNED = 10_000  # change times stored in one transaction


def record_outcomes(library: Library, outcomes: Iterable[Outcome]) -> list[Replaced]:
    """Store what became of photos, in order: all of it or, with an error, nothing.

    Indexed replaces what was known of the photo, or is another photo under its path; Failed keeps what was known,
    unseen, until the photo can be read again; Moved follows the bytes: neighbors of it are one assignment.
    Removed marks the photo as missing, Unchanged says that it is there; Skipped remembers a file that is no photo.
    Return the photos whose paths others have now, and of which users said something: they stay, as missing.
    Errors: LibraryError for a path outside all roots; StoreError.
    """
    with library.writing() as connection:
        return record.record(connection, outcomes, transaction_time(connection).isoformat(timespec="seconds"))


def learn_change_times(library: Library, files: Sequence[PhotoFile]) -> None:
    """Keep the change times of files that are known with their stamps but for these."""
    for start in range(0, len(files), _LEARNED):
        with library.writing() as connection:
            record.learn_change_times(connection, files[start : start + _LEARNED])


def forget_missing(library: Library) -> list[Path]:
    """Forget the photos that are missing, and all that is known of them; return their paths, in order."""
    with library.writing() as connection:
        return record.prune(connection)


def store_classes(library: Library, model: str, names: Sequence[str]) -> None:
    """Keep the names of a model's classes, in order of their index: evidence and objects are read with them."""
    with library.reading() as connection:
        if read_classes(connection, model) == list(names):
            return
    with library.writing() as connection:
        replace_classes(connection, model, names)


def stored_classes(library: Library) -> dict[str, tuple[str, ...]]:
    """Return the names of the classes of all models, in order of their index, by the models' ids."""
    with library.reading() as connection:
        return read_all_classes(connection)


def stored_analyses(library: Library, photos: int = 500) -> Iterator[dict[Path, Analysis]]:
    """Yield all analyzed photos, so many at a time, without their embeddings; writing meanwhile is allowed."""
    row = 0
    while True:
        with library.reading() as connection:
            row, found = analyses_after(connection, row, photos)
        if not found:
            return
        yield found


def retag_photos(library: Library, tags_of: Mapping[Path, Sequence[Tag]]) -> int:
    """Give photos the tags that an analysis would give now; return how many thereby have others.

    What users said and taught stays; photos that are no longer known are passed over.
    """
    with library.writing() as connection:
        return retag(connection, tags_of)
