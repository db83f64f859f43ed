"""State of the library's roots on the disk: there, away (not mounted, renamed, unplugged) or empty.

A disk that is not mounted must not empty a library. An empty folder in its place was there before the disk was:
it was last changed before its photos were indexed, and so none of them can have been deleted from it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR
from typing import Literal, TypeAlias

from indexer.intake.discover import is_empty_since, why
from indexer.library.report import RootCounts, root_counts
from indexer.library.store import Library

State: TypeAlias = Literal["there", "away", "empty"]
Stat: TypeAlias = Callable[[Path], os.stat_result]
UNMOUNTED = "is empty, but photos are known in it: is a disk not mounted?"
_CLOCKS_SECONDS = 2.0  # what two clocks, or the rounding of a file system, may differ


@dataclass(frozen=True, slots=True)
class FolderState:
    """State of a folder on the disk, and why it is not 'there': a reason without a subject.

    away: it does not exist, is no folder, or is the empty mount point of a disk.  empty: it holds nothing.
    """

    state: State
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RootState:
    """A root of the library: its state, how many photos are known in it, and how many of these are missing.

    empty: it is there, but no photo is, or the next scan will find none.  last_indexed: when a photo of it was
    analyzed last (UTC, ISO 8601), None where none was: until then, at least, it was there.
    """

    folder: Path
    state: State
    photos: int
    missing: int
    reason: str
    last_indexed: str | None


def folder_state(library: Library, folder: Path, stat: Stat = os.stat) -> FolderState:
    """Look at a folder: one stat, and whether it holds anything."""
    if reason := absence_reason(folder, stat):
        return FolderState("away", reason)
    changed = is_empty_since(folder)
    if changed is None:
        return FolderState("there")
    if library.last_indexed(folder) is None:
        return FolderState("empty", "it holds nothing")
    if is_older_than_photos(library, folder, changed):
        return FolderState("away", f"it {UNMOUNTED}")
    return FolderState("empty", "it was emptied: the next scan marks its photos as missing")


def folder_states(library: Library) -> dict[Path, FolderState]:
    """Return the state of each root on the disk, in order of their bytes."""
    return {root: folder_state(library, root) for root in library.roots()}


def away_roots(library: Library) -> list[Path]:
    """Return the roots that cannot be seen now; nothing below them is looked at."""
    return [root for root, found in folder_states(library).items() if found.state == "away"]


def root_states(
    library: Library, counts: Sequence[RootCounts] | None = None, found: Mapping[Path, FolderState] | None = None
) -> list[RootState]:
    """Return the state of each root and what is known in it.

    counts, found: what `root_counts` and `folder_states` returned, for whoever keeps them.
    """
    found = folder_states(library) if found is None else found
    known = root_counts(library) if counts is None else counts
    return [_root_state(each, found.get(each.folder, FolderState("there"))) for each in known]


def absence_reason(folder: Path, stat: Stat = os.stat) -> str:
    """Return why a folder is not there, '' where it is."""
    try:
        return "" if S_ISDIR(stat(folder).st_mode) else why(NotADirectoryError())
    except (OSError, ValueError) as error:
        return why(error)


def is_unmounted(library: Library, folder: Path) -> bool:
    """Tell whether a folder is the empty mount point of a disk with photos: nobody can have deleted them from it."""
    changed = is_empty_since(folder)
    return changed is not None and is_older_than_photos(library, folder, changed)


def is_older_than_photos(library: Library, folder: Path, changed: float) -> bool:
    """Tell whether what was changed last at a time (seconds since 1970) lay still when its photos were indexed."""
    indexed = library.last_indexed(folder)
    return indexed is not None and changed <= indexed.timestamp() - _CLOCKS_SECONDS


def last_changed(folders: Iterable[Path]) -> float:
    """Return when one of these folders was changed last, seconds since 1970; those that are not there do not count."""
    return max(_changes(folders), default=0.0)


def _changes(folders: Iterable[Path]) -> Iterator[float]:
    for folder in folders:
        try:
            yield folder.stat().st_mtime
        except OSError:
            continue


def _root_state(known: RootCounts, found: FolderState) -> RootState:
    state, reason = found.state, found.reason
    if state == "there" and known.photos == known.missing:
        state, reason = "empty", "all its photos are missing" if known.photos else "no photo is known in it"
    return RootState(known.folder, state, known.photos, known.missing, reason, known.last_indexed)
