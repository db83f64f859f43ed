"""A scan that is stopped or killed at any moment has lost nothing that was finished, and goes on when started again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.fixture
def many(small_photos: Path) -> Path:
    """A folder with eighty different photos."""
    data = (small_photos / "cat.jpg").read_bytes()
    for number in range(78):
        (small_photos / f"{number:02}.jpg").write_bytes(data + bytes([number]))
    return small_photos


def start(program, folder: Path, library: Path) -> subprocess.Popen[str]:
    """Start a scan that stores each batch at once; return when it has stored the first photos."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(program.home),
        "INDEXER_MODELS_FOLDER": str(program.models),
        "INDEXER_WORKERS": "1",
        "INDEXER_BATCH_PHOTOS": "4",
    }
    command = [sys.executable, "-m", "indexer", "scan", str(folder), "--library", str(library)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environ)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and count(library) < 8:
        time.sleep(0.01)
    return process


def count(library: Path) -> int:
    if not library.exists():
        return 0
    database = sqlite3.connect(f"file:{library}?mode=ro", uri=True)
    try:
        return database.execute("SELECT count(*) FROM photos").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    finally:
        database.close()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_a_stopped_scan_stores_what_is_finished_and_goes_on_later(program, many: Path, tmp_path: Path, stop) -> None:
    library = tmp_path / "l.sqlite"
    process = start(program, many, library)
    process.send_signal(stop)
    began = time.monotonic()
    printed = process.communicate(timeout=20)[0]
    assert time.monotonic() - began < 10
    assert process.returncode == 130
    assert "Stopped." in printed
    stored = count(library)
    assert 0 < stored < 80
    told = json.loads(program("scan", many, "--library", library, "--json").stdout)
    assert (told["unchanged"], told["found"], told["failed"]) == (stored, 80, 0)


def test_a_killed_scan_leaves_a_whole_library_and_goes_on_later(program, many: Path, tmp_path: Path) -> None:
    library = tmp_path / "l.sqlite"
    for _ in range(3):
        process = start(program, many, library)
        process.kill()
        process.communicate()
        database = sqlite3.connect(library)
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        database.close()
    stored = count(library)
    told = json.loads(program("scan", many, "--library", library, "--json").stdout)
    assert (told["unchanged"], told["found"], told["failed"]) == (stored, 80, 0)
    undisturbed = tmp_path / "undisturbed.sqlite"
    program("scan", many, "--library", undisturbed)
    assert content(library) == content(undisturbed)


def test_two_scans_at_once_give_one_library(program, many: Path, tmp_path: Path) -> None:
    library = tmp_path / "l.sqlite"
    processes = [start(program, many, library) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    for process in processes:
        process.communicate()
    assert count(library) == 80


def test_a_full_disk_is_told_and_what_was_stored_is_kept(program, many: Path, tmp_path: Path) -> None:
    library = tmp_path / "l.sqlite"
    program("scan", many / "..", "--dry-run", "--library", library)
    limited = f"ulimit -f 400; exec {sys.executable} -m indexer scan {many} --library {library}"
    environ = {"PATH": os.environ["PATH"], "HOME": str(program.home), "INDEXER_MODELS_FOLDER": str(program.models)}
    shell = shutil.which("bash") or "sh"
    done = subprocess.run([shell, "-c", limited], capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 5, done.stderr
    assert "kept" in done.stderr
    told = json.loads(program("scan", many, "--library", library, "--json").stdout)
    assert told["found"] == 80


def content(library: Path) -> list[tuple[object, ...]]:
    """Return every photo with its tags and number of faces, whatever the order in which they came."""
    database = sqlite3.connect(library)
    rows = database.execute(
        "SELECT path_text, hex(content_hash), (SELECT count(*) FROM faces WHERE photo_id = photos.id), "
        "(SELECT group_concat(name || score) FROM (SELECT name, score FROM photo_tags JOIN tags ON tags.id = tag_id "
        "WHERE photo_id = photos.id ORDER BY name)) FROM photos ORDER BY path_text"
    ).fetchall()
    database.close()
    return rows
