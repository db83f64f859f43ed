"""Paths that the library knows and the disk does not show flow in; those that are surely gone are told from the others.

A disk that is not mounted must not empty a library. An empty folder in its place was there before the disk was:
it was last changed before the photos were indexed, and so none of them can have been deleted from it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from indexer.intake.discover import is_empty_since
from indexer.library.store import Library

_CLOCKS_SECONDS = 2.0  # what two clocks, or the rounding of a file system, may differ


class Absence:
    """Tells photos that were deleted from photos whose disk is away; remembers what it saw of each folder.

    on_error: hears once of each folder that seems to be a disk that is not mounted.
    """

    def __init__(self, library: Library, on_error: Callable[[Path, str], None]) -> None:
        self._library, self._on_error = library, on_error
        self._roots = library.roots()
        self._folders: dict[Path, bool] = {}

    def is_sure(self, path: Path) -> bool:
        """Tell whether a path that does not exist was deleted or moved."""
        folder = path.parent
        if folder not in self._folders:
            self._folders[folder] = self._is_sure(folder)
        return self._folders[folder]

    def _is_sure(self, folder: Path) -> bool:
        if any(not root.is_dir() for root in self._roots if folder.is_relative_to(root)):
            return False
        if not folder.is_dir():
            return folder.parent == folder or self.is_sure(folder)
        changed = is_empty_since(folder)
        indexed = None if changed is None else self._library.last_indexed(folder)
        if changed is None or indexed is None or changed > indexed.timestamp() - _CLOCKS_SECONDS:
            return True
        self._on_error(folder, "is empty, but photos are known in it: is a disk not mounted? They are kept")
        return False


def is_there(path: Path) -> bool:
    """Tell whether something has this path, be it a link that leads nowhere."""
    return os.path.lexists(path)
