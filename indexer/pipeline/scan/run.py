"""Scan run: carries out a plan and stores the outcome of every photo before it is reported."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, takewhile
from pathlib import Path
from time import monotonic

from indexer.intake.discover import discover
from indexer.library.indexing.files import stored_analysis
from indexer.library.indexing.outcomes import learn_change_times, record_outcomes
from indexer.library.roots import add_root
from indexer.library.store import Library
from indexer.pipeline.retag import learn_names
from indexer.pipeline.scan.identity import Assignment, assign, content_hash
from indexer.pipeline.scan.plan import Plan, Report, Step, plan
from indexer.pipeline.workers.photo_pool import Done, Pool, Seen
from indexer.pipeline.workers.tasks import Limits
from indexer.values.outcomes import Failed, Indexed, Outcome, Removed, Unchanged
from indexer.vision.model_set import ModelSet
from indexer.vision.spec import ModelSpec
from indexer.vision.tags.vocabulary import Vocabulary

Clock = Callable[[], float]
_MOST_BYTES = 1 << 28  # maximum size of a failed file that is hashed: a larger one is hardly a photo


def run(
    library: Library,
    plan: Plan,
    pool: Pool,
    batch_photos: int,
    batch_seconds: float,
    clock: Clock,
    is_wanted: Callable[[], bool] = lambda: True,
) -> Generator[Outcome | None, None, None]:
    """Carry out a plan; each outcome is stored before it is yielded.

    Known photos follow their bytes first, as one transaction; then files are analyzed. A batch of these is
    stored when it has `batch_photos`, or is `batch_seconds` old; finished photos are stored also on a stop request
    or when the caller stops. None is yielded at least every half second while photos are being analyzed: the caller may
    do something else meanwhile.
    """
    for folder in plan.folders:
        add_root(library, folder)
    yield from map(Unchanged, plan.unchanged)
    learn_change_times(library, plan.dated)
    batch = _Batch(library, batch_photos, batch_seconds, clock)
    batch.add(map(Unchanged, plan.returned))
    try:
        assignment = yield from assign(library, plan, pool.model_ids, is_wanted)
        if not is_wanted():
            yield from batch.stored()
            return
        done = frozenset() if plan.again else assignment.done
        yield from _followed(library, plan, assignment, done)
        files = [file for file in chain(plan.changed, plan.stale) if file.path not in done]
        seen: Seen = (lambda _: None) if plan.again else partial(stored_analysis, library)
        for some in takewhile(lambda _: is_wanted(), pool.outcomes(files, seen)):
            batch.add(_completed(outcome, assignment) for outcome in some)
            yield from batch.stored_if_due()
            yield None
        yield from batch.stored()
    finally:
        batch.stored()


def _followed(
    library: Library, plan: Plan, assignment: Assignment, done: Iterable[object]
) -> Generator[Outcome, None, None]:
    """Store what moved, and what is gone; yield the outcomes that are final."""
    removed = [Removed(path) for path in plan.gone if path not in assignment.left]
    outcomes: list[Outcome] = [*assignment.moved, *removed]
    replaced = record_outcomes(library, outcomes) if outcomes else []
    yield from (each for each in assignment.moved if each.file.path in done)
    yield from removed
    yield from replaced


def _completed(outcome: Done, assignment: Assignment) -> Done:
    """Complete an outcome: with the hash of a file that failed, or the photo that had the path of an analyzed one."""
    if isinstance(outcome, Indexed):
        return replace(outcome, original=assignment.left.get(outcome.file.path))
    if isinstance(outcome, Failed) and outcome.stage != "read" and outcome.file.size <= _MOST_BYTES:
        return replace(outcome, content=content_hash(outcome.file))
    return outcome


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
        return [*done, *record_outcomes(self._library, done)] if done else []


Build = Callable[[tuple[ModelSpec, ...]], None]


@dataclass(frozen=True, slots=True)
class Scanning:
    """The settings of a scan.

    workers: processes.  batch_photos, batch_seconds: the size and age at which a batch is stored.
    build: builds those of some models that are not built yet.  on_error: receives unreadable files and
    notes on folders.
    """

    model_set: ModelSet
    limits: Limits
    workers: int
    batch_photos: int
    batch_seconds: float
    build: Build
    on_error: Report

    def prepare(self, folders: Sequence[Path]) -> None:
        """Prepare a scan of folders. Errors: LibraryError where one is missing or unreadable; ModelError."""
        discover(folders, self.on_error)  # before anything is created
        self.build(self.model_set.specs())

    def plan(
        self,
        library: Library,
        folders: Sequence[Path],
        *,
        retry_failed: bool = False,
        again: bool = False,
        later: bool = False,
        on_step: Step = lambda: None,
    ) -> Plan:
        """Compare folders with the library, as `plan` does."""
        return plan(
            library,
            folders,
            self.model_set.model_ids(),
            retry_failed=retry_failed,
            again=again,
            later=later,
            on_error=self.on_error,
            on_step=on_step,
        )

    def run(self, library: Library, planned: Plan, is_wanted: Callable[[], bool]) -> Iterator[Outcome | None]:
        """Carry out a plan until a stop request; None now and then while photos take long."""
        learn_names(library, self.model_set.specs(), Vocabulary.load())
        with Pool(self.model_set, self.limits, self.workers) as pool:
            yield from run(library, planned, pool, self.batch_photos, self.batch_seconds, monotonic, is_wanted)
