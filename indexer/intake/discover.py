"""Folders flow in, files that may be photos flow out; nothing is opened here.

Every file comes once. Real folders are walked first, in the order of the outermost roots, each by the order
of its names. Links to folders follow, unless their target was walked; then links to files, by their own path,
unless their target came by itself. Hard links are files of their own.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from stat import S_ISREG

from indexer.errors import LibraryError, PhotoError
from indexer.intake.names import is_junk_folder, may_be_photo
from indexer.photo import PhotoFile


def discover(roots: Sequence[Path], on_error: Callable[[Path, str], None]) -> Iterator[PhotoFile]:
    """Find every file below the roots that may be a photo, each once, by its absolute path.

    `on_error` hears of each folder or file below a root that cannot be read, and why.
    Raises LibraryError, before anything is found, where a root is missing, unreadable or no folder.
    """
    return _Walk(on_error).files(_outermost([_root(root) for root in roots]))


def stamp(path: Path) -> PhotoFile:
    """Describe one file, wherever it lies; PhotoError where it is missing, unreadable or no ordinary file."""
    try:
        stat = path.stat()
    except (OSError, ValueError) as error:
        raise PhotoError(path, "read", why(error)) from error
    if not S_ISREG(stat.st_mode):
        raise PhotoError(path, "read", "it is not an ordinary file")
    return PhotoFile(path.absolute(), stat.st_size, stat.st_mtime_ns)


def why(error: Exception) -> str:
    """Say in words what the disk refused."""
    match error:
        case FileNotFoundError():
            return "it does not exist (any more)"
        case PermissionError():
            return "there is no permission to read it"
        case NotADirectoryError():
            return "it is not a folder"
        case OSError(strerror=str(reason)):
            return f"the disk cannot read it ({reason})"
        case _:
            return f"it cannot be read ({error})"


def _root(root: Path) -> Path:
    try:
        os.scandir(root).close()
    except (OSError, ValueError) as error:
        raise LibraryError(root, why(error)) from error
    return Path(os.path.abspath(root))  # noqa: PTH100 - without '..', yet with the links the user chose


def _outermost(roots: Sequence[Path]) -> list[Path]:
    """Leave out roots that lie in another root or are one again, under whatever name."""
    first: dict[Path, Path] = {}
    for root in roots:
        first.setdefault(root.resolve(), root)
    return [root for place, root in first.items() if first.keys().isdisjoint(place.parents)]


class _Walk:
    def __init__(self, on_error: Callable[[Path, str], None]) -> None:
        self._on_error = on_error
        self._walked: set[tuple[int, int]] = set()  # device and inode of each folder
        self._linked_folders: deque[str] = deque()
        self._linked_files: list[str] = []

    def files(self, roots: Sequence[Path]) -> Iterator[PhotoFile]:
        for root in roots:
            yield from self._tree(str(root))
        while self._linked_folders:
            yield from self._tree(self._linked_folders.popleft())
        yield from self._links()

    def _tree(self, top: str) -> Iterator[PhotoFile]:
        folders = [top]
        while folders:
            folder = folders.pop()
            within: list[str] = []
            for entry in self._entries(folder):
                if _is_folder(entry):
                    if not is_junk_folder(entry.name, folder):
                        (self._linked_folders if entry.is_symlink() else within).append(entry.path)
                elif may_be_photo(entry.name):
                    if entry.is_symlink():
                        self._linked_files.append(entry.path)
                    elif file := self._file(entry):
                        yield file
            folders.extend(reversed(within))

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        """List a folder in the order of its names; one that was walked before is empty."""
        try:
            place = _place(folder)
            if place in self._walked:
                return []
            self._walked.add(place)
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self._on_error(Path(folder), why(error))
            return []

    def _file(self, entry: os.DirEntry[str] | Path) -> PhotoFile | None:
        path = Path(entry)
        try:
            stat = entry.stat()
        except OSError as error:
            self._on_error(path, why(error))
            return None
        return PhotoFile(path, stat.st_size, stat.st_mtime_ns) if S_ISREG(stat.st_mode) else None

    def _links(self) -> Iterator[PhotoFile]:
        came: set[Path] = set()
        for link in map(Path, self._linked_files):
            if (file := self._file(link)) and (target := link.resolve()) not in came:
                came.add(target)
                if not self._found(target):
                    yield file

    def _found(self, target: Path) -> bool:
        """Tell whether the walk found a file by its own path."""
        return may_be_photo(target.name) and _place(str(target.parent)) in self._walked


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # such as a link to itself: asking for its stamp will tell why
        return False


def _place(folder: str) -> tuple[int, int]:
    stat = os.stat(folder)  # noqa: PTH116 - a Path for each folder costs more than the call
    return stat.st_dev, stat.st_ino
