"""What `indexer status` says of the library and of its daemon, from another process."""

from __future__ import annotations

import base64
import os
import socket
from pathlib import Path

import pytest

from indexer.cli.output import local
from indexer.pipeline.daemon.lock import DaemonLock
from indexer.pipeline.daemon.status_file import DaemonStatus, WatchedFolder

SINCE, LATER = "2026-11-21T12:03:04+00:00", "2026-11-21T12:05:00+00:00"


@pytest.fixture
def told() -> DaemonStatus:
    return DaemonStatus(
        pid=os.getpid(),
        host=socket.gethostname(),
        since=SINCE,
        phase="paused",
        reason="load 3.1 is above 2",
        folders=(
            WatchedFolder(Path("/a"), "events", ""),
            WatchedFolder(Path("/b"), "polling", "it is a network share"),
        ),
        queued=1,
        indexed=1200,
        failed=3,
        photos_per_second=2.5,
        last_photo=Path(os.fsdecode(b"/a/caf\xe9.jpg")),
        last_photo_at=LATER,
    )


def test_without_a_daemon_it_says_how_to_start_one(scanned) -> None:
    assert scanned.program.record("status")["daemon"] is None
    assert "daemon        not running (start it with 'indexer watch')" in scanned.program("status").stdout


def test_what_a_daemon_tells_is_shown(scanned, told: DaemonStatus) -> None:
    with DaemonLock.claim(scanned.program.library) as daemon_lock:
        daemon_lock.tell(told)
        daemon = scanned.program.record("status")["daemon"]
        table = scanned.program("status").stdout.splitlines()
    assert base64.b64decode(daemon["last_photo"].pop("path_bytes")) == b"/a/caf\xe9.jpg"
    assert daemon == {
        "pid": told.pid,
        "host": told.host,
        "since": SINCE,
        "phase": "paused",
        "reason": "load 3.1 is above 2",
        "folders": [
            {"path": "/a", "how": "events", "reason": ""},
            {"path": "/b", "how": "polling", "reason": "it is a network share"},
        ],
        "queued": 1,
        "indexed": 1200,
        "failed": 3,
        "photos_per_second": 2.5,
        "last_photo": {"path": "/a/caf�.jpg"},
        "last_photo_at": LATER,
        "last_scan_at": None,
    }
    started = f"running since {local(SINCE)} as process {told.pid} on {told.host}"
    assert table[:6] == [
        f"daemon          paused (load 3.1 is above 2), {started}",
        "work            1 photo in the queue, 2.5 photos/s, 1,200 indexed, 3 failed since it started",
        f"last photo      /a/caf�.jpg  at {local(LATER)}",
        "last full scan  never",
        "watched         /a  by events",
        "watched         /b  by polling (it is a network share)",
    ]


def test_a_daemon_that_cannot_be_understood_is_running_all_the_same(scanned) -> None:
    with DaemonLock.claim(scanned.program.library):
        (state,) = scanned.program.library.parent.glob("*.watch.json")
        state.write_text("{")
        assert scanned.program.record("status")["daemon"]["pid"] == 0
        assert "running, but its status cannot be read" in scanned.program("status").stdout


def test_failures_are_counted_by_reason(scanned) -> None:
    (failure,) = scanned.program.record("status")["failures"]
    assert (failure["stage"], failure["photos"]) == ("decode", 1)
    assert f"1 photo  decode: {failure['reason']}" in scanned.program("status").stdout


def test_photos_that_other_models_saw_are_stale(scanned) -> None:
    other = {"INDEXER_CLASSIFIER": "efficientnet-lite2"}
    assert "8 photos not analyzed by all current models" in scanned.program("status", **other).stdout
