"""File discovery: the walk of folders that finds the files that may be photos; no photo is opened here.

Every file comes once. Real folders are walked first, in the order of the outermost roots, each by the order
of its names. Links to folders follow, then links to files, unless their target is found by itself or through an
earlier link. A bind mount of a folder that is found by itself is skipped. Hard links are files of their own. What
`names` and `ignore` exclude is left out. Device and inode numbers decide nothing: see `canonical`.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from stat import S_ISREG

from indexer.errors import LibraryError, PhotoError
from indexer.intake.ignore import IGNORE_FILE, Ignore
from indexer.intake.mounts import Mount
from indexer.intake.mounts import mounts as mounted
from indexer.intake.names import is_junk_folder, may_be_photo
from indexer.intake.walk.bind_mounts import MountPlace, MountTree
from indexer.intake.walk.canonical import CanonicalPaths
from indexer.intake.walk.equal_numbers import EqualNumbers
from indexer.intake.walk.walked_folder import WalkedFolder, is_folder, is_link
from indexer.values.files import PhotoFile

Report = Callable[[Path, str], None]


def discover(
    roots: Sequence[Path],
    on_error: Report,
    within: Iterable[Path] | None = None,
    on_link: Callable[[Path], None] = lambda _: None,
    on_step: Callable[[], None] = lambda: None,
    *,
    on_notice: Report = lambda *_: None,
    follow: Collection[Path] | None = None,
    beside: Sequence[Path] = (),
    mounts: Callable[[], Sequence[Mount]] = mounted,
) -> Iterator[PhotoFile]:
    """Find every file below the roots that may be a photo, each once, by its absolute path.

    within: only what is one of these paths or lies below one; the rules of the folders above them hold.
    on_error: receives each folder or file below a root that cannot be read, and why.  on_link: receives each link
    that was found; with `within`, whether another link leads to its target is judged by these paths alone.
    on_step: called for each folder.  on_notice: receives notes on folders that were walked all the same.
    follow: the links to follow, None for all.  beside: other roots, walked at other times; what lies in them is found
    by itself, too.  mounts: reads the mount table.
    Raises LibraryError, before anything is found, where a root is missing, unreadable or no folder.
    """
    outer = _outermost([_root(root) for root in roots])
    real = [os.path.realpath(root) for root in (*outer, *beside)]
    names = CanonicalPaths(list(dict.fromkeys(real)), MountTree(mounts()))
    walk = _Walk(names, on_error, on_link, on_step, on_notice, within, follow)
    return walk.files(outer)


def stamp(path: Path) -> PhotoFile:
    """Return one file with its stamp, wherever it lies; PhotoError where it is missing, unreadable or not a file."""
    try:
        stat = path.stat()
    except (OSError, ValueError) as error:
        raise PhotoError(path, "read", why(error)) from error
    if not S_ISREG(stat.st_mode):
        raise PhotoError(path, "read", "it is not an ordinary file")
    return photo_file(path.absolute(), stat)


def photo_file(path: Path, stat: os.stat_result) -> PhotoFile:
    """Return a file with the stamp in its status; Windows has the time of creation where others have ctime."""
    return PhotoFile(path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns if os.name == "posix" else None)


def is_there(path: Path) -> bool:
    """Tell whether something has this path, be it a link that leads nowhere."""
    return os.path.lexists(path)


def why(error: Exception) -> str:
    """Return an OSError's reason in words."""
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
    """Leave out roots that lie in another root or equal one, under whatever name."""
    first: dict[Path, Path] = {}
    for root in roots:
        first.setdefault(root.resolve(), root)
    return [root for place, root in first.items() if first.keys().isdisjoint(place.parents)]


class _Walk:
    def __init__(
        self,
        names: CanonicalPaths,
        on_error: Report,
        on_link: Callable[[Path], None],
        on_step: Callable[[], None],
        on_notice: Report,
        within: Iterable[Path] | None,
        follow: Collection[Path] | None,
    ) -> None:
        self._names, self._follow = names, follow
        self._on_error, self._on_link, self._on_step = on_error, on_link, on_step
        self._wanted = None if within is None else set(map(str, within))
        self._on_the_way = {str(above) for path in within or () for above in path.parents}
        self._linked_folders: deque[WalkedFolder] = deque()
        self._linked_files: list[tuple[str, str, bool]] = []  # path, path without links, whether they differ
        self._linked_places: dict[MountPlace, tuple[WalkedFolder, Ignore | None]] = {}
        self._numbers = EqualNumbers(on_notice, names.place)

    def files(self, roots: Sequence[Path]) -> Iterator[PhotoFile]:
        for root in map(str, roots):
            whole = self._is_wanted(Path(root))
            if whole or root in self._on_the_way:
                yield from self._tree(self._top(root, whole))
        while self._linked_folders:
            yield from self._tree(self._linked_folders.popleft())
        yield from self._links()

    def _top(self, root: str, whole: bool) -> WalkedFolder:
        real = os.path.realpath(root)
        shared = self._names.may_have_others(real)
        return WalkedFolder(root, root if real == root else real, Ignore(), whole, False, shared, None)

    def _is_wanted(self, root: Path) -> bool:
        return self._wanted is None or any(str(path) in self._wanted for path in (root, *root.parents))

    def _tree(self, top: WalkedFolder) -> Iterator[PhotoFile]:
        folders = [top]
        while folders:
            self._on_step()
            folder = folders.pop()
            entries, ignore = self._opened(folder)
            if ignore is None:
                continue
            within: list[WalkedFolder] = []
            mounts = self._names.mounts_below(folder.real)
            for entry in entries:
                wanted = folder.whole or entry.path in self._wanted  # type: ignore[operator]
                if not wanted and entry.path not in self._on_the_way:
                    continue
                if is_folder(entry):
                    if not is_junk_folder(entry.name, folder.path) and not ignore(entry.path, is_folder=True):
                        self._queue(entry, folder, ignore, wanted, within)
                elif wanted and may_be_photo(entry.name) and not ignore(entry.path):
                    if entry.is_symlink() or entry.name in mounts:
                        self._put_off(entry, folder)
                    elif file := self._file(entry):
                        yield file
            folders.extend(reversed(within))

    def _queue(
        self, entry: os.DirEntry[str], above: WalkedFolder, rules: Ignore, whole: bool, within: list[WalkedFolder]
    ) -> None:
        """Queue a folder for the walk: a link after all else."""
        if is_link(entry):
            if self._is_followed(entry):
                real = os.path.realpath(entry.path)
                self._linked_folders.append(WalkedFolder(entry.path, real, rules, whole, True, True, above))
            return
        real = above.real_path(entry)
        shared = above.shared
        if not above.linked and self._names.is_mounted(real):
            shared = self._names.may_have_others(real)
        within.append(WalkedFolder(entry.path, real, rules, whole, above.linked, shared, above))

    def _put_off(self, entry: os.DirEntry[str], above: WalkedFolder) -> None:
        """Postpone a file after all others: a link, or one on which another is mounted."""
        if not entry.is_symlink():
            self._linked_files.append((entry.path, above.real_path(entry), False))
        elif self._is_followed(entry):
            self._linked_files.append((entry.path, os.path.realpath(entry.path), True))

    def _is_followed(self, link: os.DirEntry[str]) -> bool:
        path = Path(link)
        self._on_link(path)
        return self._follow is None or path in self._follow

    def _opened(self, folder: WalkedFolder) -> tuple[list[os.DirEntry[str]], Ignore | None]:
        """List the entries of a folder to walk, and return the rules that hold in it, None where there are none."""
        only = self._differences(folder)
        if only is not None and not only:
            return [], None
        entries = self._entries(folder, is_new=only is None)
        rules = self._rules(folder, entries)
        if only is not None:
            return [entry for entry in entries if entry.name in only], rules
        if folder.linked:
            self._linked_places[self._names.place(folder.real)] = folder, rules
        return entries, rules

    def _differences(self, folder: WalkedFolder) -> Collection[str] | None:
        """Return the names that are not found by another path of the folder; None where it is found by this one."""
        if not folder.shared:
            return None
        other = self._names.other(folder.real, linked=folder.linked)
        if other is None and folder.linked:
            before = self._linked_places.get(self._names.place(folder.real))
            other = before and before[0].real
        return None if other is None else self._names.differences(folder.real, other)

    def _rules(self, folder: WalkedFolder, entries: list[os.DirEntry[str]]) -> Ignore | None:
        """Return the rules that hold in a folder, None where it is ignored or its rules cannot be read."""
        try:
            return folder.rules.entered(folder.path, {entry.name for entry in entries}, self._on_error)
        except OSError as error:
            reason = f"its {IGNORE_FILE} cannot be read, so the whole folder is skipped: {why(error)}"
            self._on_error(Path(folder.path), reason)
            return None

    def _entries(self, folder: WalkedFolder, *, is_new: bool) -> list[os.DirEntry[str]]:
        """List a folder in the order of its names; one that contains itself is empty.

        is_new: it is not found by another path.
        """
        try:
            if is_new and self._numbers.is_loop(folder):
                return []
            with os.scandir(folder.path) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self._on_error(Path(folder.path), why(error))
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
        came: set[MountPlace] = set()
        for path, real, linked in self._linked_files:
            if (file := self._file(Path(path))) and (place := self._names.place(real)) not in came:
                came.add(place)
                if not self._names.other_file(real, linked=linked) and not self._came_through_a_link(real):
                    yield file

    def _came_through_a_link(self, real: str) -> bool:
        parent, name = os.path.split(real)
        folder, rules = self._linked_places.get(self._names.place(parent), (None, None))
        if folder is None or rules is None:
            return False
        return may_be_photo(name) and not rules(os.path.join(folder.path, name))  # noqa: PTH118
