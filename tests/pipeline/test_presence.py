"""What a daemon tells of itself is what others hear; one that was killed tells nothing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.advice import Advice
from indexer.errors import StoreError
from indexer.pipeline.daemon.lock import DaemonLock, daemon_status
from indexer.pipeline.daemon.pause import pause, paused_since, resume
from indexer.pipeline.daemon.status_file import DaemonStatus, WatchedFolder

MOMENT = datetime(2026, 11, 21, 12, 3, 4, tzinfo=UTC)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "library.sqlite"


def beside(library: Path, ending: str) -> Path:
    return library.with_name(library.name + ending)


def watching(**more: object) -> DaemonStatus:
    return DaemonStatus(os.getpid(), socket.gethostname(), "2026-11-21T12:03:04+00:00", phase="watching", **more)


def test_nobody_watches_at_first_and_asking_leaves_no_file(library: Path) -> None:
    assert daemon_status(library) is None
    assert list(library.parent.iterdir()) == []


def test_a_claim_tells_at_once_who_it_is(library: Path) -> None:
    with DaemonLock.claim(library, clock=lambda: MOMENT):
        assert daemon_status(library) == DaemonStatus(
            os.getpid(), socket.gethostname(), "2026-11-21T12:03:04+00:00", "starting"
        )
    assert daemon_status(library) is None
    assert not beside(library, ".watch.json").exists()


def test_all_that_is_told_is_heard_whatever_bytes_a_name_has(library: Path) -> None:
    told = watching(
        reason="load 3.1 is above 2",
        advice=Advice("list-models", ("a, b",)),
        folders=(
            WatchedFolder(Path("/photos"), "events", ""),
            WatchedFolder(Path(os.fsdecode(b"/n\xe9s")), "polling", "NFS ü"),
        ),
        queued=12,
        indexed=3,
        failed=1,
        photos_per_second=2.0,
        last_photo=Path(os.fsdecode(b"/photos/caf\xe9\n\xff.jpg")),
        last_photo_at="2026-11-21T12:04:00+00:00",
        last_scan_at="2026-11-21T12:03:30+00:00",
    )
    with DaemonLock.claim(library) as daemon_lock:
        daemon_lock.tell(told)
        assert daemon_status(library) == told


def test_a_library_has_one_daemon_by_whatever_name(library: Path, tmp_path: Path) -> None:
    (tmp_path / "link.sqlite").symlink_to(library)
    with DaemonLock.claim(library) as daemon_lock:
        daemon_lock.tell(watching())
        with pytest.raises(StoreError, match=rf"watched by process {os.getpid()} on \S+ since 2026-11-2.*stop that"):
            DaemonLock.claim(tmp_path / "link.sqlite", patience_seconds=0)
        assert daemon_status(tmp_path / "link.sqlite") == daemon_status(library) == watching()
    with DaemonLock.claim(library):
        pass


def test_a_killed_daemon_is_not_there_and_leaves_its_place(library: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from indexer.pipeline.daemon.lock import DaemonLock\n"
        "desk = DaemonLock.claim(Path(sys.argv[1]))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", script, library], check=False).returncode == -9
    assert beside(library, ".watch.json").exists()
    assert daemon_status(library) is None
    with DaemonLock.claim(library):
        assert daemon_status(library) is not None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"pid": 7, "host": "n',
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"since"',
        b'{"since": "yesterday"}',
        b'{"since": 3}',
        b'{"since": "2026-11-21T12:03:04", "folders": [{"folder": 1}]}',
        b"[" * 100_000,
    ],
)
def test_a_daemon_whose_words_cannot_be_read_still_runs(library: Path, text: bytes) -> None:
    with DaemonLock.claim(library):
        beside(library, ".watch.json").write_bytes(text)
        assert daemon_status(library) == DaemonStatus(0, "", "")
        with pytest.raises(StoreError, match="by another process"):
            DaemonLock.claim(library, patience_seconds=0)


def test_what_another_release_says_differently_is_passed_over(library: Path) -> None:
    other = {"pid": "7", "host": "nas", "since": "2026-11-21T12:03:04", "queued": None, "mood": 3, "indexed": 5}
    with DaemonLock.claim(library):
        beside(library, ".watch.json").write_text(json.dumps(other | {"photos_per_second": 2, "last_photo": 3}))
        assert daemon_status(library) == DaemonStatus(0, "nas", "2026-11-21T12:03:04", indexed=5, photos_per_second=2)


@given(
    told=st.builds(
        DaemonStatus,
        pid=st.just(os.getpid()),
        host=st.just(socket.gethostname()),
        phase=st.text(),
        since=st.datetimes().map(datetime.isoformat),
        last_photo=st.none() | st.binary(min_size=1).filter(lambda name: b"\0" not in name).map(os.fsdecode).map(Path),
        queued=st.integers(0),
        photos_per_second=st.floats(0, 1e9),
    )
)
def test_any_state_survives_the_file(told: DaemonStatus, tmp_path_factory: pytest.TempPathFactory) -> None:
    library = tmp_path_factory.mktemp("state") / "l.sqlite"
    with DaemonLock.claim(library) as daemon_lock:
        daemon_lock.tell(told)
        assert daemon_status(library) == told


def test_a_state_that_has_not_changed_is_not_written_again(library: Path) -> None:
    with DaemonLock.claim(library) as daemon_lock:
        daemon_lock.tell(watching())
        before = beside(library, ".watch.json").stat().st_ino
        daemon_lock.tell(watching())
        assert beside(library, ".watch.json").stat().st_ino == before
        daemon_lock.tell(watching(queued=1))
        assert beside(library, ".watch.json").stat().st_ino != before


def test_a_folder_that_goes_away_does_not_stop_the_daemon(library: Path, tmp_path: Path) -> None:
    inner = tmp_path / "disk" / "l.sqlite"
    inner.parent.mkdir()
    with DaemonLock.claim(inner) as daemon_lock:
        inner.parent.rename(tmp_path / "gone")
        daemon_lock.tell(watching(queued=1))
        assert daemon_status(inner) is None


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="folder does not exist; check that the disk is mounted"):
        DaemonLock.claim(tmp_path / "disk" / "l.sqlite")
    with pytest.raises(StoreError, match="cannot be paused: its folder does not exist"):
        pause(tmp_path / "disk" / "l.sqlite")


def test_a_read_only_folder_is_a_sentence(library: Path) -> None:
    pause(library)
    library.parent.chmod(0o500)
    try:
        if os.access(library.parent, os.W_OK):
            pytest.skip("root may write everywhere")
        for act in (DaemonLock.claim, resume):
            with pytest.raises(StoreError, match=r"folder cannot be written to: .*denied"):
                act(library)
        assert paused_since(library)
    finally:
        library.parent.chmod(0o700)


def test_a_pause_holds_until_it_is_resumed_and_keeps_its_beginning(library: Path) -> None:
    assert paused_since(library) is None
    pause(library, clock=lambda: MOMENT)
    pause(library)
    with DaemonLock.claim(library):
        pass
    assert paused_since(library) == "2026-11-21T12:03:04+00:00"
    resume(library)
    resume(library)
    assert paused_since(library) is None


def test_a_pause_made_by_hand_began_when_its_file_was_written(library: Path) -> None:
    beside(library, ".paused").write_bytes(b"\xff")
    os.utime(beside(library, ".paused"), (MOMENT.timestamp(), MOMENT.timestamp()))
    assert paused_since(library) == MOMENT.isoformat()
