"""Missing-file check: photos that were deleted or moved, as opposed to those whose disk is away (`root_state`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from stat import S_ISDIR

from indexer.library.roots import root_folders
from indexer.library.store import Library
from indexer.pipeline.root_state import UNMOUNTED, absence_reason, is_unmounted


class MissingFileCheck:
    """A check that tells deleted photos from photos whose disk is away; it caches the state of each folder.

    on_error: receives once each folder that seems to be a disk that is not mounted.
    """

    def __init__(self, library: Library, on_error: Callable[[Path, str], None]) -> None:
        self._library, self._on_error = library, on_error
        self._roots = root_folders(library)
        self._folders: dict[Path, bool] = {}

    def is_sure(self, path: Path) -> bool:
        """Return whether a path that does not exist was deleted or moved."""
        folder = path.parent
        if folder not in self._folders:
            self._folders[folder] = self._is_sure(folder)
        return self._folders[folder]

    def _is_sure(self, folder: Path) -> bool:
        if any(absence_reason(root) for root in self._roots if folder.is_relative_to(root)):
            return False
        is_folder = _is_folder(folder)
        if is_folder is None:
            return False
        if not is_folder:
            return folder.parent == folder or self.is_sure(folder)
        if not is_unmounted(self._library, folder):
            return True
        self._on_error(folder, f"{UNMOUNTED}; its photos are kept")
        return False


def _is_folder(path: Path) -> bool | None:
    """Return whether a path is a folder, None where the disk does not say."""
    try:
        return S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return None
