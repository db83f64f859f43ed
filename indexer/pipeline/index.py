"""Folders flow in; a Plan, then the Outcome of every photo flow out, each stored before it is told."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.intake.discover import discover
from indexer.library.store import Known, Library
from indexer.photo import Moved, Outcome, PhotoFile, Removed, Unchanged
from indexer.pipeline.pool import Pool

Report = Callable[[Path, str], None]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a scan has found, before any photo is opened.

    unchanged: known with their stamp.  work: new, changed, seen by other models, or failed and to be tried again.
    gone: known, but not found; never those below a folder that could not be read, nor all of a folder that is empty.
    """

    unchanged: tuple[PhotoFile, ...]
    work: tuple[PhotoFile, ...]
    gone: tuple[Path, ...]


def plan(
    library: Library,
    folders: Sequence[Path],
    models: frozenset[str],
    *,
    retry_failed: bool = False,
    on_error: Report,
) -> Plan:
    """Walk the folders and compare the stamps with the library.

    models: the ids of the networks that are to see each photo.
    Errors: LibraryError for a folder that is missing or unreadable.
    """
    troubled: list[Path] = []

    def trouble(path: Path, reason: str) -> None:
        troubled.append(path)
        on_error(path, reason)

    known = library.known(folders)
    found = {file.path: file for file in discover(folders, trouble)}
    unchanged, work = [], []
    for path, file in found.items():
        fresh = path in known and _fresh(known[path], file, models, retry_failed)
        (unchanged if fresh else work).append(file)
    gone = _gone(known, found.keys(), folders, troubled, on_error)
    return Plan(tuple(unchanged), tuple(work), tuple(gone))


def run(
    library: Library, plan: Plan, pool: Pool, batch_photos: int, batch_seconds: float, clock: Clock
) -> Iterator[Outcome]:
    """Carry out a plan; each outcome is stored before it is yielded, in batches.

    A batch is stored when it has `batch_photos`, or is `batch_seconds` old; what is finished is stored also
    when the caller stops early.
    """
    yield from map(Unchanged, plan.unchanged)
    batch = _Batch(library, batch_photos, batch_seconds, clock)
    moves = _Moves(library, plan, pool.models)
    try:
        for done in pool.outcomes(moves.others(plan.work)):
            batch.add([*moves.taken(), *(outcome for outcome in done if outcome is not None)])
            yield from batch.stored_if_due()
        batch.add(moves.taken())
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
        self._taken: list[Moved] = []
        self.left: set[Path] = set()

    def others(self, files: Iterable[PhotoFile]) -> Iterator[PhotoFile]:
        """Pass on the files that must be analyzed."""
        for file in files:
            move = self._move(file) if file.size in self._sizes else None
            if move is None:
                yield file
            else:
                self._taken.append(move)

    def taken(self) -> list[Moved]:
        """Return the moves found since the last call."""
        taken, self._taken = self._taken, []
        return taken

    def _move(self, file: PhotoFile) -> Moved | None:
        content = _content_hash(file)
        twins = self._library.twins(content, self._models) if content else []
        gone = [path for path in twins if path not in self.left and not os.path.lexists(path)]
        if gone:
            self.left.add(gone[0])
            return Moved(file, gone[0], gone=True)
        return Moved(file, twins[0], gone=False) if twins else None


def _content_hash(file: PhotoFile) -> bytes | None:
    """Return the SHA-256 of a file that is still as it was found; whatever is wrong with it, its worker will say."""
    try:
        with file.path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").digest()
            stat = os.fstat(stream.fileno())
    except OSError:
        return None
    return content if (stat.st_size, stat.st_mtime_ns) == (file.size, file.mtime_ns) else None


def _fresh(known: Known, file: PhotoFile, models: frozenset[str], retry_failed: bool) -> bool:
    """Tell whether a known photo can stay as it is."""
    if (known.size, known.mtime_ns) != (file.size, file.mtime_ns):
        return False
    return not retry_failed if known.failed else models <= known.models
