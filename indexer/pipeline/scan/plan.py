"""Scan plan: the differences between folders, or touched paths, and the library."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import overload

from indexer.intake.discover import discover, is_there
from indexer.intake.mounts import mounts
from indexer.intake.names import names_photo
from indexer.intake.walk.bind_mounts import MountTree
from indexer.intake.walk.canonical import canonical_folders
from indexer.library.indexing.files import file_states
from indexer.library.indexing.state import FileState
from indexer.library.roots import root_folders
from indexer.library.store import Library
from indexer.pipeline.root_state import is_older_than_photos
from indexer.pipeline.scan.missing import MissingFileCheck
from indexer.values.analysis import ModelIds
from indexer.values.files import PhotoFile, same_stamp

_NO_TIME = -(2**63)


class Files(Sequence[PhotoFile]):
    """A list of photo files that are created on access."""

    def __init__(self) -> None:
        self._paths: list[str] = []
        self._sizes = array("q")
        self._times = array("q")
        self._changes = array("q")

    def append(self, file: PhotoFile) -> None:
        """Add a file at the end."""
        self._paths.append(str(file.path))
        self._sizes.append(file.size)
        self._times.append(file.mtime_ns)
        self._changes.append(_NO_TIME if file.ctime_ns is None else file.ctime_ns)

    @overload
    def __getitem__(self, place: int) -> PhotoFile: ...
    @overload
    def __getitem__(self, place: slice) -> list[PhotoFile]: ...
    def __getitem__(self, place: int | slice) -> PhotoFile | list[PhotoFile]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        return _file(self._paths[place], self._sizes[place], self._times[place], self._changes[place])

    def __iter__(self) -> Iterator[PhotoFile]:
        return map(_file, self._paths, self._sizes, self._times, self._changes)

    def __len__(self) -> int:
        return len(self._paths)


def _file(path: str, size: int, mtime_ns: int, changed: int) -> PhotoFile:
    return PhotoFile(Path(path), size, mtime_ns, None if changed == _NO_TIME else changed)


Report = Callable[[Path, str], None]
Step = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """The findings of a scan before any photo is opened.

    folders: as given, for a library that does not have them yet.  unchanged: known with their stamp.  dated: those of
    them whose change times the library does not know yet.  returned: the same, but they had been missing.
    changed: new, or with another stamp.  stale: not analyzed by all models, or failed and to be tried again.
    gone: known, but not found.  links: the links that were found.  again: the changed ones are to be analyzed anew,
    whatever their bytes.  retry_failed: so are those of them that failed.
    earlier: how many were analyzed before, but not by all models: they are among the stale ones, or, where that was
    asked for, left for another time as they are.  lacking: the ids of the models that one of them lacks.
    """

    folders: tuple[Path, ...] = ()
    unchanged: Sequence[PhotoFile] = ()
    dated: Sequence[PhotoFile] = ()
    returned: Sequence[PhotoFile] = ()
    changed: Sequence[PhotoFile] = ()
    stale: Sequence[PhotoFile] = ()
    gone: tuple[Path, ...] = ()
    links: tuple[Path, ...] = ()
    again: bool = False
    retry_failed: bool = False
    earlier: int = 0
    lacking: frozenset[str] = frozenset()

    @property
    def work(self) -> Iterator[PhotoFile]:
        """The files that are to be analyzed."""
        return chain(self.changed, self.stale)

    @property
    def work_count(self) -> int:
        """The number of files that are to be analyzed."""
        return len(self.changed) + len(self.stale)


def plan(
    library: Library,
    folders: Sequence[Path],
    model_ids: ModelIds,
    *,
    retry_failed: bool = False,
    again: bool = False,
    later: bool = False,
    on_error: Report,
    on_notice: Report | None = None,
    on_step: Step = lambda: None,
    beside: Sequence[Path] = (),
    follow: Collection[Path] | None = None,
) -> Plan:
    """Walk the folders and compare the stamps with the library.

    A folder that lies in one of the library's follows the ignore rules of that one.
    model_ids: the models that must have analyzed each photo.  again: every file counts as changed.
    later: photos that were analyzed before, but not by all of these, are left for another time.
    on_error: receives what cannot be read; its photos are kept.
    on_notice: receives what was walked all the same; None: as on_error.
    on_step: called for each folder that is entered; what it raises ends the walk.
    beside, follow: see `discover`; what lies behind a link that is not followed is left as it is known.
    Errors: LibraryError for a folder that is missing or unreadable.
    """
    discover(folders, on_error)
    roots = root_folders(library)
    folders = canonical_folders(folders, roots, MountTree(mounts()))  # one folder, one name
    bases = [_base(folder, roots) for folder in folders]
    others = [_base(Path(os.path.realpath(folder)), roots) for folder in beside]
    compare = _Comparison(
        library,
        model_ids,
        on_error,
        on_notice or on_error,
        on_step,
        retry_failed=retry_failed,
        again=again,
        later=later,
    )
    found = compare.found(bases, folders, None if bases == folders else folders, others, follow)
    compare.spare(_empty_folders(folders, compare.kinds.values()))
    return found.plan(folders)


def plan_touched(
    library: Library,
    paths: Iterable[Path],
    model_ids: ModelIds,
    on_error: Report,
    on_step: Step = lambda: None,
    written: Collection[Path] = (),
    *,
    on_notice: Report | None = None,
    folders: Sequence[Path] | None = None,
    follow: Collection[Path] | None = None,
) -> Plan:
    """Compare only these files and folders of the library, whether or not they exist; others are skipped.

    What lies in a missing folder of the library is left as it is known.
    written: those that a program has written to and closed: they are changed whatever their stamps say.
    folders: those of the library that are walked at other times, None for all.  follow: see `plan`.
    """
    roots = [root for root in root_folders(library) if root.is_dir()]
    if folders is not None:
        followed = {_base(Path(os.path.realpath(folder)), roots) for folder in folders}
        roots = [root for root in roots if root in followed]
    inside = [path for path in paths if any(path.is_relative_to(root) for root in roots)]
    compare = _Comparison(library, model_ids, on_error, on_notice or on_error, on_step, written=written)
    return compare.found(roots, inside, inside, (), follow).plan(())


def _base(folder: Path, roots: Sequence[Path]) -> Path:
    """Return the root that contains a folder, or the folder."""
    return next((root for root in roots if folder.is_relative_to(root)), folder)


class _Comparison:
    def __init__(
        self,
        library: Library,
        model_ids: ModelIds,
        on_error: Report,
        on_notice: Report,
        on_step: Step,
        *,
        retry_failed: bool = False,
        again: bool = False,
        later: bool = False,
        written: Collection[Path] = (),
    ) -> None:
        self._library, self._on_error, self._on_notice, self._on_step = library, on_error, on_notice, on_step
        self._model_ids, self._retry_failed, self._again, self._written = model_ids, retry_failed, again, written
        self._are_done = cache(model_ids.are_done)  # there are many files, but few sets of models that analyzed them
        self._later, self._earlier, self._lacking = later, 0, set[str]()
        self._spared: set[Path] = set()
        self._left: list[Path] = []
        self._links: list[Path] = []
        self.kinds = {kind: Files() for kind in ("unchanged", "returned", "changed", "stale", "stranger")}
        self._dated = Files()

    def found(
        self,
        bases: Sequence[Path],
        places: Sequence[Path],
        within: Sequence[Path] | None,
        beside: Sequence[Path],
        follow: Collection[Path] | None,
    ) -> _Comparison:
        """Walk what is asked for, and sort it by what is to be done."""
        known = file_states(self._library, places)

        def link(path: Path) -> None:
            self._links.append(path)
            if follow is not None and path not in follow:
                self._spared.add(path)

        files = discover(
            bases,
            self._trouble,
            within,
            link,
            self._on_step,
            on_notice=self._on_notice,
            beside=beside,
            follow=follow,
        )
        for file in files:
            before = known.take(file.path)
            kind = self._kind(before, file)
            self.kinds[kind].append(file)
            if kind == "unchanged" and before is not None and before.ctime_ns is None is not file.ctime_ns:
                self._dated.append(file)
        self._left = [path for path, each in known.items() if not each.missing and not each.stranger]
        return self

    def spare(self, empty: Iterable[Path]) -> None:
        """Keep what is known in folders without any photo that are unchanged since: the disk may not be mounted."""
        for folder in empty:
            left = [path for path in self._left if path.is_relative_to(folder)]
            if left and is_older_than_photos(self._library, folder, {folder, *(path.parent for path in left)}):
                self._spared.add(folder)
                some = f"the library has {len(left):,} of it"
                reason = f"contains no photos, but {some}, which are kept; perhaps a disk is not mounted"
                self._on_error(folder, reason)

    def plan(self, folders: Sequence[Path]) -> Plan:
        kinds = {kind: files for kind, files in self.kinds.items() if kind != "stranger"}
        return Plan(
            folders=tuple(folders),
            gone=tuple(self._gone()),
            links=tuple(self._links),
            dated=self._dated,
            again=self._again,
            retry_failed=self._retry_failed,
            earlier=self._earlier,
            lacking=frozenset(self._lacking),
            **kinds,
        )

    def _gone(self) -> list[Path]:
        """Return what is certainly gone, or excluded from now on: not where the disk had trouble."""
        absence = MissingFileCheck(self._library, self._on_error)
        left = (path for path in self._left if self._spared.isdisjoint((path, *path.parents)))
        return [path for path in left if is_there(path) or absence.is_sure(path)]

    def _trouble(self, path: Path, reason: str) -> None:
        self._spared.add(path)
        self._on_error(path, reason)

    def _kind(self, known: FileState | None, file: PhotoFile) -> str:
        """Return the part of the plan that a file belongs to; 'unchanged' is one with the stamp that is known."""
        if known is None or self._again or not same_stamp(known, file) or file.path in self._written:
            return "changed"
        if known.stranger:
            return "stranger"
        if known.failed and self._retry_failed:
            return "stale"
        if not known.failed and self._lacks(known.models, file.path):
            self._earlier += 1
            self._lacking |= set(self._model_ids.ids).difference(known.models)
            if not self._later:
                return "stale"
        return "returned" if known.missing else "unchanged"

    def _lacks(self, seen: tuple[str, ...], path: Path) -> bool:
        return not self._are_done(seen, self._model_ids.unwanted(path))


def _empty_folders(folders: Sequence[Path], found: Iterable[Sequence[PhotoFile]]) -> list[Path]:
    """Return the given folders in which no file with a photo's name was found."""
    empty = set(folders)
    for file in chain.from_iterable(found):
        if not empty:
            break
        if names_photo(file.path.name):
            empty -= {folder for folder in empty if file.path.is_relative_to(folder)}
    return list(empty)
