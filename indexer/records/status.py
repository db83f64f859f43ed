"""JSON records of the library's status: totals, roots, failures and the daemon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

from typing_extensions import TypedDict

from indexer.errors import printable
from indexer.records.plain import Joined, PathRecord, path_record
from indexer.records.scan import ScanRecord

if TYPE_CHECKING:
    from indexer.library.report import FailureCount, RootCounts, Status
    from indexer.library.store import Library
    from indexer.pipeline.daemon.status_file import DaemonStatus
    from indexer.pipeline.root_state import FolderState, RootState
    from indexer.values.analysis import ModelIds


class RootRecord(PathRecord):
    """A root: a folder of the library.

    state: 'there', 'away' (not available) or 'empty' (contains no photos); reason: why it is away or empty, else ''.
    photos: all photos of it in the library.  missing: how many of them are missing.  last_indexed: when a photo was
    last analyzed, UTC, ISO 8601.
    """

    state: str
    reason: str
    photos: int
    missing: int
    last_indexed: str | None


class FolderRecord(RootRecord):
    """A folder of the library, or of the setting 'folders' (used by 'scan' and 'watch'), or of both."""

    in_library: bool
    in_settings: bool


class ModelRecord(TypedDict):
    """A model, and the number of photos that it has analyzed."""

    id: str
    photos: int


class FailureCountRecord(TypedDict):
    """A reason for failures, its stage, and its number of photos."""

    stage: str
    reason: str
    photos: int


class FollowedRecord(PathRecord):
    """A folder that a daemon watches. how: 'events' or 'polling'; reason: why."""

    how: str
    reason: str


class DaemonRecord(TypedDict):
    """The state of a running daemon ('indexer watch'). Times: UTC, ISO 8601."""

    pid: int
    host: str
    since: str
    phase: str
    reason: str
    folders: list[FollowedRecord]
    queued: int
    indexed: int
    failed: int
    photos_per_second: float
    last_photo: PathRecord | None
    last_photo_at: str | None
    last_scan_at: str | None


class HeldRecord(TypedDict):
    """The size of the library.

    shown: the photos that searches show, all except those that failed, are missing or are hidden.
    """

    library: str
    photos: int
    shown: int
    failed: int
    missing: int
    hidden: int
    faces: int
    tags: int
    file_bytes: int
    last_indexed: str | None
    models: list[ModelRecord]


class CountedRecord(HeldRecord):
    """The size of the library, and what failed and why.

    stale: photos not analyzed by all models of the settings, null if that is not known.
    """

    stale: int | None
    failures: list[FailureCountRecord]


class RootsRecord(TypedDict):
    """The roots of the library and their state on the disk."""

    folders: list[RootRecord]


class WorkRecord(TypedDict):
    """The state of the daemon; paused_since: when it was paused (UTC, ISO 8601)."""

    paused_since: str | None
    daemon: DaemonRecord | None


class StatusRecord(CountedRecord, RootsRecord, WorkRecord):
    """The size of the library, what failed and why, and the state of its folders and of the daemon."""


class ServerStatus(StatusRecord):
    """The state of the library and of the scan of this server, or of its last one; null if there was none."""

    scan: ScanRecord | None


def status_record(library: Library, model_ids: ModelIds | None, joined: Joined) -> StatusRecord:
    """Return the status of a library.

    model_ids: models of the settings, None where they cannot be determined.  joined: as for `work_record`.
    """
    return {**held_record(library, model_ids), **roots_record(library), **work_record(library, joined)}


def held_record(library: Library, model_ids: ModelIds | None) -> CountedRecord:
    """Return the totals of the library. model_ids: as for `status_record`."""
    from indexer.library.report import failure_counts, stale_count, status

    return {
        **_library_record(library.path, status(library)),
        "stale": stale_count(library, model_ids) if model_ids else None,
        "failures": _failure_counts(failure_counts(library)),
    }


def roots_record(
    library: Library, counts: Sequence[RootCounts] | None = None, found: Mapping[Path, FolderState] | None = None
) -> RootsRecord:
    """Return the roots. counts, found: as for `root_states`."""
    from indexer.pipeline.root_state import root_states

    return {"folders": [root_record(each) for each in root_states(library, counts, found)]}


def root_record(root: RootState) -> RootRecord:
    """Return a root, its state and its counts."""
    return {
        **path_record(root.folder),
        "state": root.state,
        "reason": root.reason,
        "photos": root.photos,
        "missing": root.missing,
        "last_indexed": root.last_indexed,
    }


def folder_record(root: RootState, *, in_library: bool, in_settings: bool) -> FolderRecord:
    """Return a folder of the library or of the settings."""
    return {**root_record(root), "in_library": in_library, "in_settings": in_settings}


def work_record(library: Library, joined: Joined) -> WorkRecord:
    """Return the status of the daemon that works on the library. joined: adds what to do to the reason of a pause."""
    from indexer.pipeline.daemon.lock import daemon_status
    from indexer.pipeline.daemon.pause import paused_since

    daemon = _daemon_record(daemon_status(library.path), joined)
    return {"paused_since": paused_since(library.path), "daemon": daemon}


def _library_record(path: Path, status: Status) -> HeldRecord:
    return {
        "library": printable(path),
        "photos": status.photos,
        "shown": status.shown,
        "failed": status.failed,
        "missing": status.missing,
        "hidden": status.hidden,
        "faces": status.faces,
        "tags": status.tags,
        "file_bytes": status.file_bytes,
        "last_indexed": status.last_indexed,
        "models": [{"id": model, "photos": photos} for model, photos in status.models],
    }


def _daemon_record(daemon: DaemonStatus | None, joined: Joined) -> DaemonRecord | None:
    if daemon is None:
        return None
    return {
        "pid": daemon.pid,
        "host": daemon.host,
        "since": daemon.since,
        "phase": daemon.phase,
        "reason": joined(daemon.reason, daemon.advice),
        "folders": [{**path_record(each.folder), "how": each.how, "reason": each.reason} for each in daemon.folders],
        "queued": daemon.queued,
        "indexed": daemon.indexed,
        "failed": daemon.failed,
        "photos_per_second": round(daemon.photos_per_second, 2),
        "last_photo": path_record(daemon.last_photo) if daemon.last_photo else None,
        "last_photo_at": daemon.last_photo_at,
        "last_scan_at": daemon.last_scan_at,
    }


def _failure_counts(counts: Sequence[FailureCount]) -> list[FailureCountRecord]:
    return [cast("FailureCountRecord", asdict(each)) for each in counts]
