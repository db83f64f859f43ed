"""Folders flow in, files that may be photos flow out; no photo is opened here.

Every file comes once. Real folders are walked first, in the order of the outermost roots, each by the order
of its names. Links to folders follow, unless their target was walked; then links to files, by their own path,
unless their target came by itself. Hard links are files of their own. What `names` and `ignore` say is left alone.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from stat import S_ISREG
from typing import TypeAlias

from indexer.errors import LibraryError, PhotoError
from indexer.intake.ignore import IGNORE_FILE, Ignore
from indexer.intake.names import is_junk_folder, may_be_photo
from indexer.photo import PhotoFile


def discover(
    roots: Sequence[Path],
    on_error: Callable[[Path, str], None],
    within: Iterable[Path] | None = None,
    on_link: Callable[[Path], None] = lambda _: None,
    on_step: Callable[[], None] = lambda: None,
) -> Iterator[PhotoFile]:
    """Find every file below the roots that may be a photo, each once, by its absolute path.

    within: only what is one of these paths or lies below one; the rules of the folders above them hold.
    on_error: hears of each folder or file below a root that cannot be read, and why.  on_link: hears of each link
    that was found; with `within`, whether its target comes by itself is judged by these paths alone.  on_step: called
    for each folder.
    Raises LibraryError, before anything is found, where a root is missing, unreadable or no folder.
    """
    return _Walk(on_error, on_link, on_step, within).files(_outermost([_root(root) for root in roots]))


def is_empty_since(folder: Path) -> float | None:
    """Return when a folder that holds nothing was changed last, seconds since 1970; None where it holds something."""
    try:
        with os.scandir(folder) as entries:
            return folder.stat().st_mtime if next(entries, None) is None else None
    except OSError:
        return None


def stamp(path: Path) -> PhotoFile:
    """Describe one file, wherever it lies; PhotoError where it is missing, unreadable or no ordinary file."""
    try:
        stat = path.stat()
    except (OSError, ValueError) as error:
        raise PhotoError(path, "read", why(error)) from error
    if not S_ISREG(stat.st_mode):
        raise PhotoError(path, "read", "it is not an ordinary file")
    return photo_file(path.absolute(), stat)


def photo_file(path: Path, stat: os.stat_result) -> PhotoFile:
    """Return a file with the stamp that its status tells; Windows has the time of creation where others have ctime."""
    return PhotoFile(path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns if os.name == "posix" else None)


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
    except FileNotFoundError as error:
        raise LibraryError(root, "it does not exist") from error
    except (OSError, ValueError) as error:
        raise LibraryError(root, why(error)) from error
    return Path(os.path.abspath(root))  # noqa: PTH100 - without '..', yet with the links the user chose


def _outermost(roots: Sequence[Path]) -> list[Path]:
    """Leave out roots that lie in another root or are one again, under whatever name."""
    first: dict[Path, Path] = {}
    for root in roots:
        first.setdefault(root.resolve(), root)
    return [root for place, root in first.items() if first.keys().isdisjoint(place.parents)]


_Folder: TypeAlias = tuple[str, Ignore, bool]  # path, the rules above it, whether all of it is wanted


class _Walk:
    def __init__(
        self,
        on_error: Callable[[Path, str], None],
        on_link: Callable[[Path], None],
        on_step: Callable[[], None],
        within: Iterable[Path] | None,
    ) -> None:
        self._on_error, self._on_link, self._on_step = on_error, on_link, on_step
        self._wanted = None if within is None else set(map(str, within))
        self._on_the_way = {str(above) for path in within or () for above in path.parents}
        self._walked: set[tuple[int, int]] = set()  # device and inode of each folder
        self._linked_folders: deque[_Folder] = deque()
        self._linked_files: list[str] = []

    def files(self, roots: Sequence[Path]) -> Iterator[PhotoFile]:
        for root in roots:
            yield from self._tree((str(root), Ignore(), self._is_wanted(root)))
        while self._linked_folders:
            yield from self._tree(self._linked_folders.popleft())
        yield from self._links()

    def _is_wanted(self, root: Path) -> bool:
        return self._wanted is None or any(str(path) in self._wanted for path in (root, *root.parents))

    def _tree(self, top: _Folder) -> Iterator[PhotoFile]:
        folders = [top]
        while folders:
            self._on_step()
            folder, rules, whole = folders.pop()
            entries = self._entries(folder)
            ignore = self._entered(folder, rules, entries)
            if ignore is None:
                continue
            within: list[_Folder] = []
            for entry in entries:
                wanted = whole or entry.path in self._wanted  # type: ignore[operator]
                if not wanted and entry.path not in self._on_the_way:
                    continue
                if _is_folder(entry):
                    if not is_junk_folder(entry.name, folder) and not ignore(entry.path, is_folder=True):
                        self._queue(entry, within).append((entry.path, ignore, wanted))
                elif wanted and may_be_photo(entry.name) and not ignore(entry.path):
                    if entry.is_symlink():
                        self._on_link(Path(entry.path))
                        self._linked_files.append(entry.path)
                    elif file := self._file(entry):
                        yield file
            folders.extend(reversed(within))

    def _queue(self, entry: os.DirEntry[str], within: list[_Folder]) -> list[_Folder] | deque[_Folder]:
        """Return what a folder is to be added to."""
        if not entry.is_symlink():
            return within
        self._on_link(Path(entry.path))
        return self._linked_folders

    def _entered(self, folder: str, rules: Ignore, entries: list[os.DirEntry[str]]) -> Ignore | None:
        """Return the rules that hold in a folder, None where it is left alone or its rules cannot be read."""
        try:
            return rules.entered(folder, {entry.name for entry in entries}, self._on_error)
        except OSError as error:
            self._on_error(Path(folder), f"its {IGNORE_FILE} cannot be read, so all of it is passed over: {why(error)}")
            return None

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
        return photo_file(path, stat) if S_ISREG(stat.st_mode) else None

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
