"""Outcomes of a scan: what became of each file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from indexer.values.analysis import Analysis
from indexer.values.files import PhotoFile

if TYPE_CHECKING:  # NumPy takes 0.1 s to import, and a keyword search does not need it.
    pass


@dataclass(frozen=True, slots=True)
class Indexed:
    """Outcome: the photo was analyzed.

    original: the row id of the photo that had this path until its bytes were found at another one, just before.
    """

    file: PhotoFile
    analysis: Analysis
    original: int | None = None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Outcome: the photo is known with this stamp and these models; it was not opened."""

    file: PhotoFile


@dataclass(frozen=True, slots=True)
class Moved:
    """Outcome: the bytes of this file are those of a photo that the library knows.

    photo: its row id.  old_path: its former path.  gone: its bytes are no longer there, so that the photo is now
    this file; else the file is a copy of it.  Where old_path is the file's own, only the stamp has changed.
    taken: the capture time by the new name, or else by the new mtime, and which ('name', 'mtime'): it counts
    where the bytes give none.  is_private: the file lies where no faces may be stored; those of the photo are dropped.
    """

    file: PhotoFile
    old_path: Path
    photo: int
    gone: bool
    taken: tuple[str, str] | None = None
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """Outcome: the photo could not be indexed; recorded with its stamp, so it is tried again when it changes.

    content: SHA-256 of the file, None where it could not be read.
    """

    file: PhotoFile
    stage: str
    reason: str
    content: bytes | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Skipped:
    """Outcome: the file is no photo, and its name promised none; recorded, so that it is not opened again."""

    file: PhotoFile


@dataclass(frozen=True, slots=True)
class Removed:
    """Outcome: the file is gone; its row is kept and marked missing."""

    path: Path


@dataclass(frozen=True, slots=True)
class Replaced:
    """Outcome: another photo has the path now; the user data of the former one stays with it, and it is missing.

    photo: the row id of the former one.
    """

    path: Path
    photo: int


Outcome: TypeAlias = Indexed | Unchanged | Moved | Failed | Skipped | Removed | Replaced


def kind_of(outcome: Outcome) -> str:
    """Return the name of an outcome: indexed, unchanged, moved, copied, failed, skipped, removed, replaced."""
    if isinstance(outcome, Moved) and outcome.old_path == outcome.file.path:
        return "moved" if outcome.gone else "unchanged"  # it has its old name again, or only another date
    if isinstance(outcome, Moved) and not outcome.gone:
        return "copied"
    return type(outcome).__name__.lower()
