"""Files of a library as a scan compares them with the disk: their stamps, contents, and what is missing or stale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from indexer.library.db.content_lookup import KnownContent, by_content, sizes
from indexer.library.db.rows import read_analyses
from indexer.library.indexing import state
from indexer.library.indexing.state import FileStates
from indexer.library.store import Library
from indexer.values.analysis import Analysis, ModelIds
from indexer.values.files import PhotoFile


def file_states(library: Library, places: Sequence[Path] | None = None) -> FileStates:
    """Return what is known of these files and of those in these folders (None: all), missing ones included."""
    with library.reading() as connection:
        return state.known(connection, places)


def missing_photos(library: Library) -> list[Path]:
    """Return the photos whose files are gone, by path."""
    with library.reading() as connection:
        return state.missing(connection)


def stale_photos(library: Library, models: ModelIds) -> list[Path]:
    """Return the analyzed photos that a model has not seen that should, by path."""
    with library.reading() as connection:
        return state.stale(connection, models)


def last_indexed_in(library: Library, folder: Path) -> datetime | None:
    """Return when a photo in a folder was analyzed last, None where none was."""
    with library.reading() as connection:
        time = state.last_indexed(connection, folder)
    return None if time is None else datetime.fromisoformat(time)


def content_sizes(library: Library) -> frozenset[int]:
    """Return the sizes of all contents that are known: a file of another size holds none of these."""
    with library.reading() as connection:
        return sizes(connection)


def photos_by_content(library: Library, hashes: Iterable[bytes]) -> dict[bytes, list[KnownContent]]:
    """Return the photos that have, or had, the bytes with these SHA-256, missing ones included."""
    with library.reading() as connection:
        return by_content(connection, hashes)


def stored_analysis(library: Library, file: PhotoFile) -> Analysis | None:
    """Return what is known of a photo that is as it was when it was analyzed; None of any other."""
    with library.reading() as connection:
        row = state.analyzed(connection, file)
        return None if row is None else read_analyses(connection, [row])[row]
