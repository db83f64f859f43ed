"""State of the library's roots on the disk: present, away (not mounted, renamed, unplugged) or empty.

A disk that is not mounted must not empty a library. The mount point in its place holds no photo, at most a note that
nothing is mounted, and is older than the mounted disk: it was last changed before its photos were indexed, and so none
of them can have been deleted from it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR
from typing import Literal, TypeAlias

from indexer.intake.discover import why
from indexer.intake.names import is_junk_folder, names_photo
from indexer.library.report import RootCounts, first_photo, root_counts
from indexer.library.store import Library

State: TypeAlias = Literal["there", "away", "empty"]
Stat: TypeAlias = Callable[[Path], os.stat_result]
UNMOUNTED = "holds no photo, but some are known in it: is a disk not mounted?"
_CLOCKS_SECONDS = 2.0  # tolerance between two clocks, and for the rounding of a file system


@dataclass(frozen=True, slots=True)
class FolderState:
    """The state of a folder on the disk, and why it is not 'there': a reason without a subject.

    away: it does not exist, is no folder, or is the empty mount point of a disk.  empty: its photos were deleted.
    """

    state: State
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RootState:
    """A root of the library: its state, how many photos are known in it, and how many of these are missing.

    empty: it exists, but no photo does, or the next scan will find none.  last_indexed: when a photo of it was
    last analyzed (UTC, ISO 8601), None where none was: until then, at least, it existed.
    """

    folder: Path
    state: State
    photos: int
    missing: int
    reason: str
    last_indexed: str | None


def folder_state(library: Library, folder: Path, stat: Stat = os.stat) -> FolderState:
    """Return the state of a folder: one stat, and its entries up to the first folder or photo by name."""
    if reason := absence_reason(folder, stat):
        return FolderState("away", reason)
    known = None if _holds_photos(folder) else first_photo(library, folder)
    if known is None or os.path.lexists(known):
        return FolderState("there")
    if is_older_than_photos(library, folder, [folder]):
        return FolderState("away", f"it {UNMOUNTED}")
    return FolderState("empty", "it was emptied: the next scan marks its photos as missing")


def folder_states(library: Library) -> dict[Path, FolderState]:
    """Return the state of each root on the disk, in order of their bytes."""
    return {root: folder_state(library, root) for root in library.roots()}


def away_roots(library: Library) -> list[Path]:
    """Return the roots that are not available now; nothing below them is read."""
    return [root for root, found in folder_states(library).items() if found.state == "away"]


def root_states(
    library: Library, counts: Sequence[RootCounts] | None = None, found: Mapping[Path, FolderState] | None = None
) -> list[RootState]:
    """Return the state of each root and its counts.

    counts, found: the results of `root_counts` and `folder_states`, for callers that have them.
    """
    found = folder_states(library) if found is None else found
    known = root_counts(library) if counts is None else counts
    return [_root_state(each, found.get(each.folder, FolderState("there"))) for each in known]


def absence_reason(folder: Path, stat: Stat = os.stat) -> str:
    """Return why a folder is missing, '' where it is not."""
    try:
        return "" if S_ISDIR(stat(folder).st_mode) else why(NotADirectoryError())
    except (OSError, ValueError) as error:
        return why(error)


def is_unmounted(library: Library, folder: Path) -> bool:
    """Return whether a folder without its photos is the mount point of their disk."""
    return not _holds_photos(folder) and is_older_than_photos(library, folder, [folder])


def is_older_than_photos(library: Library, folder: Path, parts: Iterable[Path]) -> bool:
    """Return whether nothing was deleted from a folder since its photos were indexed.

    parts: the folders that held photos; those that do not exist do not count.
    """
    indexed = library.last_indexed(folder)
    return indexed is not None and max(_changes(parts), default=0.0) <= indexed.timestamp() - _CLOCKS_SECONDS


def _holds_photos(folder: Path) -> bool:
    """Return whether a folder has an entry that is a folder or has a photo's name, or cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            return any(
                names_photo(entry.name) or (entry.is_dir() and not is_junk_folder(entry.name)) for entry in entries
            )
    except OSError:
        return True


def _changes(folders: Iterable[Path]) -> Iterator[float]:
    for folder in folders:
        try:
            yield folder.stat().st_mtime
        except OSError:
            continue


def _root_state(known: RootCounts, found: FolderState) -> RootState:
    state, reason = found.state, found.reason
    if state == "there" and not known.photos:
        state, reason = ("there", "no photo of it is known") if _holds_photos(known.folder) else ("empty", "")
    elif state == "there" and known.photos == known.missing:
        state, reason = "empty", "all its photos are missing"
    return RootState(known.folder, state, known.photos, known.missing, reason, known.last_indexed)
