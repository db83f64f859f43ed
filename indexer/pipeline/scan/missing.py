"""Check for missing files: photos that were deleted or moved are told from those whose disk is away (`root_state`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from stat import S_ISDIR

from indexer.library.roots import root_folders
from indexer.library.store import Library
from indexer.pipeline.root_state import UNMOUNTED, absence_reason, is_unmounted


class MissingFileCheck:
    """Tells photos that were deleted from photos whose disk is away; remembers what it saw of each folder.

    on_error: hears once of each folder that seems to be a disk that is not mounted.
    """

    def __init__(self, library: Library, on_error: Callable[[Path, str], None]) -> None:
        self._library, self._on_error = library, on_error
        self._roots = root_folders(library)
        self._folders: dict[Path, bool] = {}

    def is_sure(self, path: Path) -> bool:
        """Tell whether a path that does not exist was deleted or moved."""
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
    """Tell whether a path is a folder, None where the disk does not tell."""
    try:
        return S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return None
