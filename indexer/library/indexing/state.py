"""Index state of files: what the library knows of each file in some folders, for a scan to compare with the disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from struct import pack, unpack
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, or_, select

from indexer.library.db.engine import chunks
from indexer.library.db.roots import Roots, part
from indexer.library.db.rows import has_stamp, read_model_sets
from indexer.library.db.tables import photos
from indexer.values.analysis import ModelIds
from indexer.values.files import PhotoFile

_KNOWN = """
    SELECT path, size, mtime_ns, ctime_ns, model_set_id, failed_stage IS NOT NULL, missing_since IS NOT NULL FROM photos
    WHERE replaced = 0 AND
"""
_STRANGERS = "SELECT path, size, mtime_ns FROM strangers WHERE "
_PART = " AND (path = ?2 OR path >= ?3 AND path < ?4)"
_AT_A_TIME = 4096
_PACKED = "<qqqHB"  # size, mtime, ctime, which set of models, flags
_NO_TIME = -(2**63)
_FAILED, _MISSING, _STRANGER = 1, 2, 4
ANALYZED = photos.c.model_set_id.is_not(None) & photos.c.failed_stage.is_(None)  # and as the file is now


@dataclass(frozen=True, slots=True)
class FileState:
    """The state of a file that decides whether it must be analyzed again.

    size, mtime_ns, ctime_ns: the stamp of the last attempt.  models: the ids of those that have analyzed the photo,
    first the one whose vector is kept; none before the first success.  failed: the last attempt failed.
    missing: the file was missing at the last scan.  stranger: it is no photo, and its name promised none.
    """

    size: int
    mtime_ns: int
    ctime_ns: int | None
    models: tuple[str, ...]
    failed: bool
    missing: bool
    stranger: bool = False


class FileStates(MutableMapping[Path, FileState]):
    """The states of many files, in a quarter of the memory of as many Path and FileState objects."""

    def __init__(self, sets: Mapping[int | None, tuple[str, ...]]) -> None:
        self._sets = tuple(sets.values())
        self._numbers = {key: number for number, key in enumerate(sets)}
        self._files: dict[str, bytes] = {}

    def add(self, path: str, size: int, mtime_ns: int, ctime_ns: int | None, model_set: int | None, flags: int) -> None:
        """Add a row; flags: those of _FAILED, _MISSING, _STRANGER that hold."""
        changed = _NO_TIME if ctime_ns is None else ctime_ns
        self._files[path] = pack(_PACKED, size, mtime_ns, changed, self._numbers[model_set], flags)

    def __getitem__(self, path: Path) -> FileState:
        return self._known(self._files[str(path)])

    def __setitem__(self, path: Path, known: FileState) -> None:
        raise TypeError("what is known comes from the library alone")

    def __delitem__(self, path: Path) -> None:
        del self._files[str(path)]

    def take(self, path: Path) -> FileState | None:
        """Remove and return the state of a file, None where it has none; `pop` would search twice."""
        packed = self._files.pop(str(path), None)
        return None if packed is None else self._known(packed)

    def __iter__(self) -> Iterator[Path]:
        return map(Path, self._files)

    def __len__(self) -> int:
        return len(self._files)

    def _known(self, packed: bytes) -> FileState:
        size, mtime_ns, changed, number, flags = unpack(_PACKED, packed)
        ctime_ns = None if changed == _NO_TIME else changed
        failed, missing, stranger = bool(flags & _FAILED), bool(flags & _MISSING), bool(flags & _STRANGER)
        return FileState(size, mtime_ns, ctime_ns, self._sets[number], failed, missing, stranger)


def known(connection: Connection, places: Sequence[Path] | None) -> FileStates:
    """Return every photo and non-photo that is one of the paths or lies in one, by absolute path; None: all."""
    roots = Roots.read(connection)
    everything = [(root_id, b"") for root_id in roots.prefixes]
    wanted = everything if places is None else [place for each in places for place in roots.within(each)]
    found = FileStates(read_model_sets(connection))
    for root_id, prefix in wanted:
        root = os.fsdecode(roots.prefixes[root_id])
        where, values = _here(root_id, prefix)
        for rows in chunks(connection, _KNOWN + where, values, _AT_A_TIME):
            for path, size, mtime_ns, ctime_ns, model_set, failed, missing in rows:
                flags = failed * _FAILED | missing * _MISSING
                found.add(root + os.fsdecode(path), size, mtime_ns, ctime_ns, model_set, flags)
        for rows in chunks(connection, _STRANGERS + where, values, _AT_A_TIME):
            for path, size, mtime_ns in rows:
                found.add(root + os.fsdecode(path), size, mtime_ns, None, None, _STRANGER)
    return found


def last_indexed(connection: Connection, folder: Path) -> str | None:
    """Return when a photo in a folder was last analyzed: UTC, ISO 8601; None where none was."""
    roots = Roots.read(connection)
    query = select(func.max(photos.c.indexed_at))
    times = [connection.scalar(query.where(part(*place))) for place in roots.within(folder)]
    return max((time for time in times if time), default=None)


def analyzed(connection: Connection, file: PhotoFile) -> int | None:
    """Return the row id of a photo whose analysis is of the file's current bytes."""
    root_id, path = Roots.read(connection).place(file.path)
    here = (photos.c.root_id == root_id, photos.c.path == path, photos.c.replaced == 0)
    return connection.scalar(select(photos.c.id).where(*here, has_stamp(file.size, file.mtime_ns), ANALYZED))


def stale(connection: Connection, model_ids: ModelIds) -> list[Path]:
    """Return the analyzed photos that one of the wanted models has not analyzed, in order of their paths."""
    return _paths(connection, select(photos.c.root_id, photos.c.path).where(is_stale(connection, model_ids)))


def is_stale(connection: Connection, model_ids: ModelIds) -> ColumnElement[bool]:
    """Return the condition for analyzed photos that one of the wanted models has not analyzed."""
    sets, roots = read_model_sets(connection), Roots.read(connection)

    def below(folders: Iterable[Path]) -> ColumnElement[bool]:
        return or_(false(), *(part(*place) for folder in folders for place in roots.within(folder)))

    spared = [(frozenset(model_ids.faces), below(model_ids.no_faces))]
    spared += [(frozenset([model]), ~below(folders)) for model, folders in model_ids.only_in]
    lacking = []
    for which in product((False, True), repeat=len(spared)):  # the photos that some of these models need not analyze
        unwanted = frozenset[str]().union(*(models for (models, _), is_so in zip(spared, which, strict=True) if is_so))
        here = and_(*(where if is_so else ~where for (_, where), is_so in zip(spared, which, strict=True)))
        late = [set_id for set_id, names in sets.items() if not model_ids.are_done(names, unwanted)]
        lacking.append(here & photos.c.model_set_id.in_(late))
    return ANALYZED & or_(*lacking)


def missing(connection: Connection) -> list[Path]:
    """Return the photos whose files are missing, in order of their paths."""
    query = select(photos.c.root_id, photos.c.path).where(photos.c.missing_since.is_not(None))
    return _paths(connection, query)


def _here(root_id: int, prefix: bytes) -> tuple[str, tuple[Any, ...]]:
    """Return the condition for a path that is a root (without its last separator) or lies below it."""
    if not prefix:
        return "root_id = ?1", (root_id,)
    after = prefix[:-1] + bytes([prefix[-1] + 1])  # in the order of bytes all that is below comes before it
    return "root_id = ?1" + _PART, (root_id, prefix[:-1], prefix, after)


def _paths(connection: Connection, query: Select[Any]) -> list[Path]:
    roots = Roots.read(connection)
    return sorted(roots.path(row.root_id, row.path) for row in connection.execute(query))
