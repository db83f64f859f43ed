"""Photo identity: known photos are assigned to the changed files of a plan by their bytes, before anything is written.

A photo follows its bytes through chains and swaps of names. It is free to follow where its bytes are certainly no
longer at its own path: the file there is gone, or has others.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from time import time
from typing import TypeVar

from indexer.errors import PhotoError
from indexer.intake.dates import of_file
from indexer.intake.discover import is_there, photo_file, stamp
from indexer.library.db.content_lookup import KnownContent
from indexer.library.indexing.files import content_sizes, photos_by_content
from indexer.library.store import Library
from indexer.pipeline.scan.missing import MissingFileCheck
from indexer.pipeline.scan.plan import Plan
from indexer.values.analysis import ModelIds
from indexer.values.files import PhotoFile, same_stamp
from indexer.values.outcomes import Moved

T = TypeVar("T", PhotoFile, KnownContent)
_NO_WAITING = getattr(os, "O_NONBLOCK", 0)
_MOVING_SECONDS = 600.0  # maximum between the two events of a move in a watch
_MOST_PAIRS = 10_000  # of files and photos of the same bytes whose names are compared


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which known photos the files of a plan hold.

    moved: of each file whose bytes were known, to be written as a whole.  done: those of them that all models have
    analyzed, or that could not be read before.  left: the photos that have left their paths, by these.
    """

    moved: tuple[Moved, ...] = ()
    done: frozenset[Path] = frozenset()
    left: Mapping[Path, int] = field(default_factory=dict)


def assign(
    library: Library, plan: Plan, model_ids: ModelIds, is_wanted: Callable[[], bool]
) -> Generator[None, None, Assignment]:
    """Hash the changed files whose sizes are known, and find the photos whose bytes they have.

    None is yielded after each file, so that the caller may do something else meanwhile. On a stop request
    the assignment is empty: half of one could give a photo to the wrong file.
    """
    sizes = content_sizes(library) if plan.changed else frozenset()
    contents: dict[PhotoFile, bytes | None] = {}
    for file in plan.changed if sizes else ():
        if not is_wanted():
            return Assignment()
        if file.size in sizes:
            contents[file] = content_hash(file)
            yield None
    if not contents:
        return Assignment()
    # The first may have been hashed long ago: later changes are found by another comparison.
    still = {file: content if is_as_found(file) else None for file, content in contents.items()}
    return _Assigner(library, plan, model_ids, still).assignment()


def is_as_found(file: PhotoFile) -> bool:
    """Return whether a file still has its stamp."""
    try:
        return same_stamp(stamp(file.path), file)
    except PhotoError:
        return False


def content_hash(file: PhotoFile) -> bytes | None:
    """Return the SHA-256 of a file that is still as it was found, else None; its worker will report what is wrong."""
    try:
        # Opening a pipe that has taken the file's place would block.
        with open(file.path, "rb", opener=_open_now) as stream:
            content = hashlib.file_digest(stream, "sha256").digest()
            now = photo_file(file.path, os.fstat(stream.fileno()))
    except OSError:
        return None
    return content if same_stamp(now, file) else None


class _Assigner:
    """The computation of one assignment. contents: the hashes of files, but for those of unknown sizes."""

    def __init__(
        self, library: Library, plan: Plan, model_ids: ModelIds, contents: dict[PhotoFile, bytes | None]
    ) -> None:
        self._model_ids, self._retry_failed = model_ids, plan.retry_failed
        moving = 0.0 if plan.folders else _MOVING_SECONDS  # a scan sees both ends of a move
        self._recently = datetime.fromtimestamp(time() - moving, UTC).isoformat(timespec="seconds")
        self._absence = MissingFileCheck(library, lambda *_: None)
        self._changed = {file.path for file in plan.changed}
        self._contents = {file.path: content for file, content in contents.items()}
        self._files: defaultdict[bytes, list[PhotoFile]] = defaultdict(list)
        for file, content in contents.items():
            if content is not None:
                self._files[content].append(file)
        self._known = photos_by_content(library, self._files)
        self._moved: list[Moved] = []
        self._done: set[Path] = set()
        self._left: dict[Path, int] = {}

    def assignment(self) -> Assignment:
        for content, known in self._known.items():
            self._assign(self._files[content], known)
        return Assignment(tuple(self._moved), frozenset(self._done), self._left)

    def _assign(self, files: Sequence[PhotoFile], known: Sequence[KnownContent]) -> None:
        """Find a photo for each file of the same bytes: the one at its own path, one that is free, one to copy."""
        at = {each.path: each for each in known if not each.is_replaced}
        staying = [file for file in files if file.path in at]
        for file in staying:
            self._move(file, at[file.path], gone=False)
        coming = [file for file in files if file.path not in at]
        held = {file.path for file in staying}
        free = [each for each in known if each.is_replaced or (each.path not in held and self._is_free(each))]
        there = [each for each in known if each not in free]
        if there:  # a new file is a copy of one of these, unless one has just moved
            free = [each for each in free if self._was_there_now(each) or _has_name_of(each, coming)]
        pairs = _paired(coming, free) if coming else []
        for file, photo in pairs:
            self._left |= {} if photo.is_replaced else {photo.path: photo.number}
            self._move(file, photo, gone=True)
        taken = {file for file, _ in pairs}
        source = next((each for each in (*there, *known) if each.models), None)
        for file in coming:
            if file not in taken and source is not None:
                self._move(file, source, gone=False)

    def _move(self, file: PhotoFile, photo: KnownContent, *, gone: bool) -> None:
        wants_faces = self._model_ids.want_faces(file.path)
        is_private = not wants_faces and file.path != photo.path and not set(photo.models) <= set(self._model_ids.scene)
        self._moved.append(Moved(file, photo.path, photo.number, gone, of_file(file, time()), is_private))
        unwanted = self._model_ids.unwanted(file.path)
        is_seen = photo.models and self._model_ids.are_done(photo.models, unwanted)
        is_seen = is_seen and self._model_ids.confined(file.path).isdisjoint(photo.models)
        if (is_seen and not is_private) or (photo.is_failed and not self._retry_failed):
            self._done.add(file.path)

    def _was_there_now(self, photo: KnownContent) -> bool:
        """Return whether a photo was there until a moment ago: a watch reports both ends of a move, one by one."""
        return photo.missing_since is None or photo.missing_since > self._recently

    def _is_free(self, photo: KnownContent) -> bool:
        """Return whether the bytes of a photo are certainly no longer at its own path."""
        if not photo.is_current:
            return True
        if photo.path in self._changed:  # not hashed: of another size
            return self._contents.get(photo.path, b"") not in (photo.content, None)
        try:
            now = stamp(photo.path)
        except PhotoError:
            return not is_there(photo.path) and (photo.missing_since is not None or self._absence.is_sure(photo.path))
        return not same_stamp(now, photo) and (now.size != photo.size or content_hash(now) not in (photo.content, None))


def _paired(files: Sequence[PhotoFile], photos: Sequence[KnownContent]) -> list[tuple[PhotoFile, KnownContent]]:
    """Match files and photos of the same bytes, each once, those first whose paths are most similar from their ends."""
    if len(files) * len(photos) > _MOST_PAIRS:
        return list(zip(_by_path(files), _by_path(photos), strict=False))
    pairs = sorted(product(files, photos), key=lambda pair: -_alike(pair[0].path, pair[1].path))
    found: dict[PhotoFile, KnownContent] = {}
    used: set[int] = set()
    for file, photo in pairs:
        if file not in found and photo.number not in used:
            found[file] = photo
            used.add(photo.number)
    return list(found.items())


def _has_name_of(photo: KnownContent, files: Sequence[PhotoFile]) -> bool:
    return any(file.path.name == photo.path.name for file in files)


def _by_path(things: Sequence[T]) -> list[T]:
    return sorted(things, key=lambda each: each.path)


def _alike(path: Path, other: Path) -> int:
    """Return how many names two paths have in common at their ends, and then at their beginnings."""
    return 1000 * _common(reversed(path.parts), reversed(other.parts)) + _common(path.parts, other.parts)


def _common(names: Iterable[str], others: Iterable[str]) -> int:
    count = 0
    for name, other in zip(names, others, strict=False):
        if name != other:
            break
        count += 1
    return count


def _open_now(path: str, flags: int) -> int:
    return os.open(path, flags | _NO_WAITING)
