"""Folders flow in; a Plan, then the Outcome of every photo flow out, each stored before it is told."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from indexer.intake.discover import discover
from indexer.intake.names import names_photo
from indexer.library.known import Known
from indexer.library.store import Library
from indexer.photo import Moved, Outcome, PhotoFile, Removed, Unchanged
from indexer.pipeline.pool import Pool

Report = Callable[[Path, str], None]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a scan has found, before any photo is opened.

    folders: as given.  unchanged: known with their stamp.  returned: the same, but they had been missing.
    work: new, changed, not seen by all models, or failed and to be tried again.  gone: known, but not found.
    """

    folders: tuple[Path, ...]
    unchanged: tuple[PhotoFile, ...]
    returned: tuple[PhotoFile, ...]
    work: tuple[PhotoFile, ...]
    gone: tuple[Path, ...]


def plan(
    library: Library, folders: Sequence[Path], models: Iterable[str], *, retry_failed: bool = False, on_error: Report
) -> Plan:
    """Walk the folders and compare the stamps with the library.

    models: the ids of the networks that are to see each photo.  on_error: hears of what cannot be read.
    Errors: LibraryError for a folder that is missing or unreadable.
    """
    folders = [Path(os.path.realpath(folder)) for folder in folders]  # one folder, one name
    troubled: list[Path] = []

    def trouble(path: Path, reason: str) -> None:
        troubled.append(path)
        on_error(path, reason)

    wanted = frozenset(models)
    known = library.known(folders)
    kinds: dict[str, list[PhotoFile]] = {"unchanged": [], "returned": [], "work": []}
    for file in discover(folders, trouble):
        kinds[_kind(known.pop(file.path, None), file, wanted, retry_failed)].append(file)
    left = [path for path, each in known.items() if not each.missing]
    gone = _gone(left, _empty_folders(folders, kinds.values()), troubled, on_error)
    unchanged, returned, work = map(tuple, kinds.values())
    return Plan(tuple(folders), unchanged, returned, work, tuple(gone))


def run(
    library: Library, plan: Plan, pool: Pool, batch_photos: int, batch_seconds: float, clock: Clock
) -> Iterator[Outcome]:
    """Carry out a plan; each outcome is stored before it is yielded, in batches.

    A batch is stored when it has `batch_photos`, or is `batch_seconds` old; what is finished is stored also
    when the caller stops early.
    """
    for folder in plan.folders:
        library.add_root(folder)
    yield from map(Unchanged, plan.unchanged)
    batch = _Batch(library, batch_photos, batch_seconds, clock)
    batch.add(map(Unchanged, plan.returned))
    moves = _Moves(library, plan, pool.models)
    try:
        new: list[PhotoFile] = []
        for file in plan.work:
            move = moves.find(file)
            if move is None:
                new.append(file)
            else:
                batch.add([move])
                yield from batch.stored_if_due()
        for done in pool.outcomes(new):
            batch.add(outcome for outcome in done if outcome is not None)
            yield from batch.stored_if_due()
        batch.add(Removed(path) for path in plan.gone if path not in moves.left)
        yield from batch.stored()
    finally:
        batch.stored()


class _Batch:
    """Outcomes that wait to be stored in one transaction."""

    def __init__(self, library: Library, photos: int, seconds: float, clock: Clock) -> None:
        self._library, self._photos, self._seconds, self._clock = library, photos, seconds, clock
        self._waiting: list[Outcome] = []
        self._since = clock()

    def add(self, outcomes: Iterable[Outcome]) -> None:
        self._waiting.extend(outcomes)

    def stored_if_due(self) -> list[Outcome]:
        due = len(self._waiting) >= self._photos or self._clock() - self._since >= self._seconds
        return self.stored() if due else []

    def stored(self) -> list[Outcome]:
        done, self._waiting, self._since = self._waiting, [], self._clock()
        if done:
            self._library.record(done)
        return done


class _Moves:
    """Find out which of the new files hold bytes that the library knows: those need no analysis."""

    def __init__(self, library: Library, plan: Plan, models: tuple[str, ...]) -> None:
        self._library = library
        self._models = models
        self._sizes = library.sizes() if plan.work else frozenset()
        # What the library knows under these paths is about to be replaced: nobody may take it for his own.
        self._outdated = {file.path for file in plan.work}
        self.left: dict[Path, Path] = {}

    def find(self, file: PhotoFile) -> Moved | None:
        """Return where the bytes of a file were known before, None where they must be analyzed."""
        move = self._move(file) if file.size in self._sizes else None
        if move is not None:
            self._outdated.discard(file.path)
        return move

    def _move(self, file: PhotoFile) -> Moved | None:
        content = _content_hash(file)
        twins = self._library.twins(content, self._models) if content else []
        if file.path in twins:
            return Moved(file, file.path, gone=False)  # the same bytes with another date
        twins = [path for path in twins if path not in self._outdated]
        gone = [path for path in twins if path not in self.left and not os.path.lexists(path)]
        if gone:
            self.left[gone[0]] = file.path
            return Moved(file, gone[0], gone=True)
        return Moved(file, self.left.get(twins[0], twins[0]), gone=False) if twins else None


def _content_hash(file: PhotoFile) -> bytes | None:
    """Return the SHA-256 of a file that is still as it was found; whatever is wrong with it, its worker will say."""
    try:
        with file.path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").digest()
            stat = os.fstat(stream.fileno())
    except OSError:
        return None
    return content if (stat.st_size, stat.st_mtime_ns) == (file.size, file.mtime_ns) else None


def _kind(known: Known | None, file: PhotoFile, models: frozenset[str], retry_failed: bool) -> str:
    """Tell which part of the plan a file belongs to."""
    if known is None or (known.size, known.mtime_ns) != (file.size, file.mtime_ns):
        return "work"
    if retry_failed if known.failed else not models <= known.models:
        return "work"
    return "returned" if known.missing else "unchanged"


def _empty_folders(folders: Sequence[Path], found: Iterable[list[PhotoFile]]) -> list[Path]:
    """Return the given folders in which nothing was found that names itself a photo: perhaps a disk is not mounted."""
    empty = set(folders)
    for file in chain.from_iterable(found):
        if not empty:
            break
        if names_photo(file.path.name):
            empty -= {folder for folder in empty if file.path.is_relative_to(folder)}
    return list(empty)


def _gone(left: list[Path], empty: list[Path], troubled: list[Path], on_error: Report) -> list[Path]:
    """Return the known photos that are surely gone: not those in an empty root, nor where the disk had trouble."""
    spared = [*empty, *troubled]
    if not spared:
        return left
    gone = [path for path in left if not any(path.is_relative_to(place) for place in spared)]
    for folder in empty:
        count = sum(path.is_relative_to(folder) for path in left)
        if count:
            on_error(folder, f"has no photo, but {count:,} are known in it: is a disk not mounted? They are kept")
    return gone
