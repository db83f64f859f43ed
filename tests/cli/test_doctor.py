"""`indexer doctor` and `backup` as a user runs them: what is printed, the exit code, a restore by the manual."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from indexer.library.db.backup import backup

BESIDE = ("", "-wal", "-shm")
MANUAL = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture
def ours(scanned: Any, tmp_path: Path) -> Any:
    """The program with a library of its own, a copy of the scanned one."""
    backup(scanned.program.library, tmp_path / "library.sqlite")
    return scanned.program.with_library(tmp_path / "library.sqlite")


def test_a_library_where_all_is_well_is_healthy(ours: Any) -> None:
    done = ours("doctor")
    assert "fine   integrity" in re.sub(" +", "   ", done.stdout)
    assert "0 errors, 0 warnings" in done.stderr
    told = json.loads(ours("doctor", "--json").stdout)
    assert told["healthy"] is True
    assert told["repaired"] == []
    assert set(told["findings"][0]) == {"check", "level", "text", "advice", "repairable", "count"}
    assert not re.search(r"\bfine\b", ours("doctor", "--quiet").stdout)


def test_what_is_wrong_is_told_repaired_and_looked_at_again(ours: Any) -> None:
    with closing(sqlite3.connect(ours.library)) as connection, connection:
        connection.execute("UPDATE descriptors SET data = x'00'")
    done = ours("doctor", code=1)
    assert "→ indexer doctor --repair, then 'indexer scan'" in done.stdout
    assert "1 error, " in done.stderr
    mended = ours("doctor", "--repair", INDEXER_MODELS_FOLDER=str(ours.library.parent / "models"))
    assert mended.stdout.startswith("Removed: unreadable data of ")
    assert "0 errors" in mended.stderr


def test_a_damaged_library_is_a_report_and_no_accident(ours: Any) -> None:
    os.truncate(ours.library, 40_000)
    done = ours("doctor", "--repair", code=1, INDEXER_MODELS_FOLDER=str(ours.library.parent / "models"))
    assert "restore a backup" in done.stdout
    assert done.stdout.count("\n") > 5
    assert json.loads(ours("doctor", "--json", code=1).stdout)["healthy"] is False


def test_a_library_that_does_not_exist_is_not_made(ours: Any, tmp_path: Path) -> None:
    absent = ours.with_library(tmp_path / "none.sqlite")
    assert "does not exist" in absent("doctor", code=1).stdout
    assert "does not exist" in absent("backup", tmp_path / "backup.sqlite", code=5).stderr
    assert not (tmp_path / "none.sqlite").exists()


def test_a_backup_tells_what_it_holds_and_is_not_overwritten(ours: Any, tmp_path: Path) -> None:
    target = tmp_path / "backup.sqlite"
    photos = json.loads(ours("status", "--json").stdout)["photos"]
    assert re.search(rf"backup\.sqlite holds {photos} photos, \d+ (kB|MB)\.", ours("backup", target).stdout)
    assert f"{target}: already exists" in ours("backup", target, code=5).stderr
    ours("backup", target, "--overwrite")


def test_the_restore_of_the_manual_brings_the_library_back(ours: Any, tmp_path: Path) -> None:
    ours("backup", tmp_path / "backup.sqlite")
    found = ours("search", "--keyword", "cat").stdout
    assert found
    with ours.library.open("r+b") as stream:
        stream.write(b"\x55" * 50_000)
    for ending in BESIDE[1:]:
        ours.library.with_name(ours.library.name + ending).write_bytes(b"of the damaged file")
    ours("search", "--keyword", "cat", code=5)
    (steps,) = re.findall(r"<!-- restore -->\n```sh\n(.*?)```", MANUAL.read_text(), re.DOTALL)
    script = re.sub(r"(?m)^(systemctl|indexer) .*$", "", steps)
    script = re.sub(r"(?m)^LIBRARY=.*$", f"LIBRARY='{ours.library}'", script)
    script = script.replace("~/backup.sqlite", f"'{tmp_path / 'backup.sqlite'}'")
    subprocess.run(["sh", "-e", "-c", script], cwd=tmp_path, check=True)
    assert {path.name for path in (tmp_path / "damaged").iterdir()} == {f"library.sqlite{each}" for each in BESIDE}
    ours("doctor")
    assert ours("search", "--keyword", "cat").stdout == found
