"""Folders flow in; what differs from the library is looked at and stored, and what became of each photo flows out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from indexer.intake.discover import discover
from indexer.library.store import Library
from indexer.photo import Outcome
from indexer.pipeline.scan.plan import Plan, Report, Step, plan
from indexer.pipeline.scan.run import run
from indexer.pipeline.tags import learn_names
from indexer.pipeline.workers.photo_pool import Pool
from indexer.pipeline.workers.tasks import Limits
from indexer.vision.model_set import Eyes
from indexer.vision.spec import ModelSpec
from indexer.vision.tags.vocabulary import Vocabulary

Build = Callable[[tuple[ModelSpec, ...]], None]


@dataclass(frozen=True, slots=True)
class Scanning:
    """How folders are scanned.

    workers: processes.  batch_photos, batch_seconds: so many photos, or so old ones, are stored at once.
    build: builds those of some networks that are not there yet.  on_error: hears of what cannot be read, or is
    to be known of a folder.
    """

    eyes: Eyes
    limits: Limits
    workers: int
    batch_photos: int
    batch_seconds: float
    build: Build
    on_error: Report

    def prepare(self, folders: Sequence[Path]) -> None:
        """Get ready for folders. Errors: LibraryError where one is missing or unreadable; ModelError."""
        discover(folders, self.on_error)  # before anything is made
        self.build(self.eyes.specs())

    def plan(
        self,
        library: Library,
        folders: Sequence[Path],
        *,
        retry_failed: bool = False,
        again: bool = False,
        on_step: Step = lambda: None,
    ) -> Plan:
        """Compare folders with the library, as `plan` does."""
        return plan(
            library,
            folders,
            self.eyes.networks(),
            retry_failed=retry_failed,
            again=again,
            on_error=self.on_error,
            on_step=on_step,
        )

    def run(self, library: Library, planned: Plan, is_wanted: Callable[[], bool]) -> Iterator[Outcome | None]:
        """Carry out a plan, or what can be done of it while it is wanted; None now and then while photos take long."""
        learn_names(library, self.eyes.specs(), Vocabulary.load())
        with Pool(self.eyes, self.limits, self.workers) as pool:
            yield from run(library, planned, pool, self.batch_photos, self.batch_seconds, monotonic, is_wanted)
