"""JSON records of scans: progress and results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from indexer.records.plain import Joined, PathRecord, path_record

if TYPE_CHECKING:
    from indexer.pipeline.scan.scan_thread import Progress
    from indexer.pipeline.scan.stats import ScanStats


class CountsRecord(TypedDict):
    """The numbers of photos in a scan.

    removed: photos whose files no longer exist.  replaced: photos with changes by users whose names other photos have
    now; they are missing, too.
    """

    found: int
    indexed: int
    unchanged: int
    moved: int
    copied: int
    failed: int
    removed: int
    replaced: int


class ScanStatsRecord(CountsRecord):
    """The summary of a scan."""

    seconds: float
    photos_per_second: float


class TroubleRecord(PathRecord):
    """A file or folder that a scan could not read, and why."""

    reason: str


class ScanRecord(CountsRecord):
    """The state of the server's scan, or of the last one.

    phase: building (models that are not built yet), comparing (folders with the library), scanning, done, stopped,
    failed.  reason: why it failed.  since, ended_at: UTC, ISO 8601.  done, total: photos to analyze.
    seconds_left: an estimate, null if unknown.  trouble: the last files or folders that could not be read.
    """

    phase: str
    reason: str
    since: str
    ended_at: str | None
    done: int
    total: int | None
    faces: int
    photos_per_second: float
    seconds_left: int | None
    last_photo: PathRecord | None
    trouble: list[TroubleRecord]


def tally_record(tally: ScanStats) -> ScanStatsRecord:
    """Return the summary of a scan: stable fields."""
    return {
        **_counts_record(tally),
        "seconds": round(tally.seconds, 3),
        "photos_per_second": round(tally.rate, 2),
    }


def scan_record(progress: Progress, joined: Joined) -> ScanRecord:
    """Return the state of a scan. joined: adds what to do to the reason of a failure."""
    return {
        "phase": progress.phase,
        "reason": joined(progress.reason, progress.advice),
        "since": progress.since,
        "ended_at": progress.ended_at,
        "done": progress.done,
        "total": progress.total,
        **_counts_record(progress.tally),
        "faces": progress.tally.faces,
        "photos_per_second": round(progress.photos_per_second, 2),
        "seconds_left": progress.seconds_left,
        "last_photo": path_record(progress.last_photo) if progress.last_photo else None,
        "trouble": [{**path_record(path), "reason": reason} for path, reason in progress.trouble],
    }


def _counts_record(tally: ScanStats) -> CountsRecord:
    kinds = tally.kinds
    return {
        "found": sum(kinds[kind] for kind in _FOUND),
        "indexed": kinds["indexed"],
        "unchanged": kinds["unchanged"],
        "moved": kinds["moved"],
        "copied": kinds["copied"],
        "failed": kinds["failed"],
        "removed": kinds["removed"],
        "replaced": kinds["replaced"],
    }


_FOUND = ("indexed", "unchanged", "moved", "copied", "failed")
