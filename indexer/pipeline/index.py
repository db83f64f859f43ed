"""A Plan flows in; the Outcome of every photo flows out, each stored before it is told."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Generator, Iterable
from itertools import takewhile
from pathlib import Path
from time import time

from indexer.intake.dates import of_file
from indexer.library.store import Library
from indexer.photo import Moved, Networks, Outcome, PhotoFile, Removed, Unchanged
from indexer.pipeline.gone import Absence, is_there
from indexer.pipeline.plan import Plan
from indexer.pipeline.pool import Pool

Clock = Callable[[], float]
_NO_WAITING = getattr(os, "O_NONBLOCK", 0)


def run(
    library: Library,
    plan: Plan,
    pool: Pool,
    batch_photos: int,
    batch_seconds: float,
    clock: Clock,
    is_wanted: Callable[[], bool] = lambda: True,
) -> Generator[Outcome | None, None, None]:
    """Carry out a plan; each outcome is stored before it is yielded, in batches.

    A batch is stored when it has `batch_photos`, or is `batch_seconds` old; what is finished is stored also
    when it is not wanted any more, or the caller stops. None is yielded at least every half second while photos are
    worked on: the caller may do something else meanwhile.
    """
    for folder in plan.folders:
        library.add_root(folder)
    yield from map(Unchanged, plan.unchanged)
    batch = _Batch(library, batch_photos, batch_seconds, clock)
    batch.add(map(Unchanged, plan.returned))
    moves = _Moves(library, plan, pool.networks)
    try:
        new: list[PhotoFile] = []
        for file in takewhile(lambda _: is_wanted(), plan.work):
            move = moves.find(file)
            if move is None:
                new.append(file)
            else:
                batch.add([move])
                yield from batch.stored_if_due()
            yield None
        if is_wanted():
            # Not at the end: what is gone now may be back by then.
            batch.add(Removed(path) for path in plan.gone if path not in moves.left)
            yield from batch.stored()
        for done in takewhile(lambda _: is_wanted(), pool.outcomes(new, library.seen)):
            batch.add(done)
            yield from batch.stored_if_due()
            yield None
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

    def __init__(self, library: Library, plan: Plan, networks: Networks) -> None:
        self._library, self._networks = library, networks
        self._absence = Absence(library, lambda *_: None)
        self._sizes = library.sizes() if plan.work else frozenset()
        # What the library knows under these paths is about to be replaced: nobody may take it for his own.
        self._outdated = {file.path for file in plan.work}
        self.left: dict[Path, Path] = {}

    def find(self, file: PhotoFile) -> Moved | None:
        """Return where the bytes of a file were known before, None where they must be analyzed."""
        if not self._networks.want_faces(file.path):  # faces that are known must not come along
            return None
        move = self._move(file) if file.size in self._sizes else None
        if move is not None:
            self._outdated.discard(file.path)
        return move

    def _move(self, file: PhotoFile) -> Moved | None:
        content = _content_hash(file)
        twins = self._library.twins(content, self._networks) if content else []
        if file.path in twins:
            return self._moved(file, file.path, gone=False)  # the same bytes with another date
        twins = [path for path in twins if path not in self._outdated]
        gone = [path for path in twins if path not in self.left and self._is_gone(path)]
        if gone:
            self.left[gone[0]] = file.path
            return self._moved(file, gone[0], gone=True)
        return self._moved(file, self.left.get(twins[0], twins[0]), gone=False) if twins else None

    def _moved(self, file: PhotoFile, old_path: Path, *, gone: bool) -> Moved:
        return Moved(file, old_path, gone, of_file(file, time()))

    def _is_gone(self, path: Path) -> bool:
        return not is_there(path) and self._absence.is_sure(path)


def _open_now(path: str, flags: int) -> int:
    return os.open(path, flags | _NO_WAITING)


def _content_hash(file: PhotoFile) -> bytes | None:
    """Return the SHA-256 of a file that is still as it was found; whatever is wrong with it, its worker will say."""
    try:
        # A pipe that has taken the file's place would be waited for.
        with open(file.path, "rb", opener=_open_now) as stream:
            content = hashlib.file_digest(stream, "sha256").digest()
            stat = os.fstat(stream.fileno())
    except OSError:
        return None
    return content if (stat.st_size, stat.st_mtime_ns) == (file.size, file.mtime_ns) else None
