"""Scan thread of this process: one scan at a time, with its progress."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic

from indexer.advice import Advice
from indexer.errors import IndexerError, LibraryError
from indexer.intake.discover import discover
from indexer.library.store import Library
from indexer.pipeline.scan.plan import Report
from indexer.pipeline.scan.run import Scanning
from indexer.pipeline.scan.stats import ScanStats
from indexer.values.outcomes import Failed, Indexed, Moved, Outcome, Skipped

_LOG = logging.getLogger("indexer.scan")
_TROUBLE = 20  # more are a matter for a log
_LEAST_SECONDS = 5.0  # before that, there is no estimate of the duration
_PATIENCE_SECONDS = 20.0


class ScanUnderWayError(IndexerError):
    """A scan was requested while another one runs."""

    def __init__(self) -> None:
        super().__init__("a scan is already running; stop it, or wait until it finishes")


class _StoppedError(Exception):
    """A stop request for the scan."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a scan.

    phase: building, comparing, scanning, done, stopped, failed.  reason: why it failed; advice: what to do about
    it.  since, ended_at: UTC, ISO 8601.  done, total: photos to be analyzed; total is None before that is known.
    """

    phase: str
    since: str
    tally: ScanStats
    reason: str = ""
    advice: Advice | None = None
    ended_at: str | None = None
    done: int = 0
    total: int | None = None
    photos_per_second: float = 0.0
    seconds_left: int | None = None
    last_photo: Path | None = None
    trouble: tuple[tuple[Path, str], ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether the scan has ended, successfully or not."""
        return self.ended_at is not None


@dataclass
class Scanner:
    """A scanner of a library in a thread of its own.

    scanning: makes the settings, given a callback for files that cannot be read.
    """

    library: Library
    scanning: Callable[[Report], Scanning]
    _lock: Lock = field(default_factory=Lock)
    _wish: Event = field(default_factory=Event)
    _thread: Thread | None = None
    _progress: Progress | None = None

    @property
    def progress(self) -> Progress | None:
        """The progress of the scan, or the result of the last one; None where there was none."""
        return self._progress

    def start(self, folders: Sequence[Path], *, retry_failed: bool = False) -> Progress:
        """Begin to scan those of some folders that exist.

        Errors: ScanUnderWayError; LibraryError where none of them exists.
        """
        with self._lock:
            if self._progress is not None and not self._progress.is_over:
                raise ScanUnderWayError
            there, missing = _there(folders)
            self._wish.clear()
            self._progress = Progress("building", _now(), ScanStats(monotonic), trouble=missing)
            self._thread = Thread(target=self._scan, args=(there, retry_failed), name="scan", daemon=True)
            self._thread.start()
            return self._progress

    def stop(self) -> Progress | None:
        """Request the end of the scan; what was done is kept. Return its progress."""
        self._wish.set()
        return self._progress

    def close(self) -> None:
        """End the scan, and wait for that."""
        self._wish.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE_SECONDS)

    def _scan(self, folders: Sequence[Path], retry_failed: bool) -> None:
        try:
            self._work(folders, retry_failed)
            self._end("stopped" if self._wish.is_set() else "done")
        except _StoppedError:
            self._end("stopped")
        except IndexerError as error:
            self._end("failed", str(error), error.advice)
        except Exception as error:
            _LOG.exception("the scan ended with an internal error")
            self._end("failed", f"{type(error).__name__}: {error}")

    def _work(self, folders: Sequence[Path], retry_failed: bool) -> None:
        scanning = self.scanning(self._trouble)
        scanning.prepare(folders)
        self._tell(phase="comparing")
        planned = scanning.plan(self.library, folders, retry_failed=retry_failed, on_step=self._step)
        self._step()
        self._tell(phase="scanning", total=planned.work_count, tally=ScanStats(monotonic))
        for outcome in scanning.run(self.library, planned, lambda: not self._wish.is_set()):
            self._count(outcome)

    def _step(self) -> None:
        if self._wish.is_set():
            raise _StoppedError

    def _count(self, outcome: Outcome | None) -> None:
        before = self._progress
        assert before is not None
        tally = before.tally
        if outcome is not None:
            tally.add(outcome)
        was_work = isinstance(outcome, Indexed | Failed | Skipped | Moved)
        done = before.done + was_work
        left = (before.total or 0) - done
        is_known = tally.rate > 0 and tally.seconds > _LEAST_SECONDS
        self._tell(
            done=done,
            photos_per_second=tally.rate,
            seconds_left=round(max(left, 0) / tally.rate) if is_known else None,
            last_photo=outcome.file.path if isinstance(outcome, Indexed | Failed) else before.last_photo,
        )

    def _trouble(self, path: Path, reason: str) -> None:
        assert self._progress is not None
        self._tell(trouble=tuple(deque((*self._progress.trouble, (path, reason)), _TROUBLE)))

    def _end(self, phase: str, reason: str = "", advice: Advice | None = None) -> None:
        self._tell(phase=phase, reason=reason, advice=advice, ended_at=_now(), seconds_left=None)

    def _tell(self, **changes: object) -> None:
        """Publish the progress: only the scanning thread does, and others read the old or the new value whole."""
        assert self._progress is not None
        self._progress = replace(self._progress, **changes)  # type: ignore[arg-type]


def _there(folders: Sequence[Path]) -> tuple[list[Path], tuple[tuple[Path, str], ...]]:
    """Return the folders that can be scanned, and why the others cannot. Errors: LibraryError where none can."""
    there: list[Path] = []
    errors: list[LibraryError] = []
    for folder in dict.fromkeys(folders):
        try:
            discover([folder], lambda *_: None)
            there.append(folder)
        except LibraryError as error:
            errors.append(error)
    if errors and not there:
        raise errors[0]
    return there, tuple((error.path, error.reason) for error in errors)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
