"""A backup is whole, of one moment, and never takes the place of anything better; a restore brings all of it back."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from made_photos import dump, faults, made_photo

from indexer.errors import StoreError
from indexer.library.db.backup import backup, count_photos
from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.store import Library

P = Path("/photos")
WRITER = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("PRAGMA foreign_keys = ON")
print("ready", flush=True)
number = 0
while os.getppid() == int(sys.argv[2]):  # until it is killed: photos come and go with their tags, always in one
    number += 1
    connection.execute("BEGIN IMMEDIATE")
    insert = "INSERT INTO photos (root_id, path, path_text, size, mtime_ns) SELECT id, ?, '', 1, 1 FROM roots"
    connection.execute(insert, (b"%d" % number,))
    photo = connection.execute("SELECT max(id) FROM photos").fetchone()[0]
    connection.execute("INSERT INTO photo_tags SELECT ?, id, 0, 0.5, (SELECT min(id) FROM sources) FROM tags", (photo,))
    connection.execute("DELETE FROM photos WHERE id = ?", (photo - 40,))
    connection.execute("COMMIT")
"""


@pytest.fixture
def filled(library: Library) -> Library:
    """A library of 300 photos, each with two tags."""
    tags = [("dog", 0.5), ("cat", 0.25)]
    record_outcomes(library, [made_photo(P / f"{number}.jpg", number, tags, faces=2) for number in range(300)])
    return library


def test_a_backup_holds_what_the_library_holds(filled: Library, tmp_path: Path) -> None:
    target = tmp_path / os.fsdecode(b"100% \xff?mode=memory#.sqlite")
    size = backup(filled.path, target)
    assert size == target.stat().st_size
    assert count_photos(target) == 300
    assert _names(tmp_path) == {target.name, "library.sqlite", "library.sqlite-wal", "library.sqlite-shm"}
    assert faults(target) == []
    with Library.open(target) as copy:
        assert dump(copy) == dump(filled)


def test_a_backup_beside_a_steady_writer_is_of_one_moment(filled: Library, tmp_path: Path) -> None:
    with _writer(filled.path):
        for number in range(5):
            target = tmp_path / f"{number}.sqlite"
            backup(filled.path, target)
            assert faults(target) == []
            with closing(sqlite3.connect(target)) as connection:
                photos, tags, words = (
                    connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                    for table in ("photos", "photo_tags", "tags")
                )
            assert tags == photos * words


def test_a_backup_holds_nothing_back(filled: Library, tmp_path: Path) -> None:
    with closing(sqlite3.connect(filled.path, isolation_level=None, timeout=0)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM photos")
        backup(filled.path, tmp_path / "backup.sqlite")  # neither waits for the other, and what is not yet is not there
        writer.execute("COMMIT")
    assert count_photos(tmp_path / "backup.sqlite") == 300


def _itself(library: Path) -> Path:
    return library


def _its_log(library: Path) -> Path:
    return library.with_name(library.name + "-wal")


def _linked(library: Path) -> Path:
    link = library.with_name("link.sqlite")
    link.symlink_to(library)
    return link


def _there(library: Path) -> Path:
    other = library.with_name("other.sqlite")
    other.write_text("precious")
    return other


def _no_folder(library: Path) -> Path:
    return library.with_name("usb") / "backup.sqlite"


def _folder(library: Path) -> Path:
    folder = library.with_name("folder")
    folder.mkdir()
    return folder


def _being_made(library: Path) -> Path:
    target = library.with_name("twice.sqlite")
    part = os.open(f"{target}.part", os.O_CREAT | os.O_RDWR)
    fcntl.flock(part, fcntl.LOCK_EX)  # held until the test process ends, or closes it
    return target


REFUSED: list[tuple[Callable[[Path], Path], str]] = [
    (_itself, "is the library itself"),
    (_its_log, "is the library itself"),
    (_linked, "is the library itself"),
    (_there, "already exists"),
    (_no_folder, "its folder does not exist"),
    (_folder, "is a folder"),
    (_being_made, "is being written by another program"),
]


@pytest.mark.parametrize(("make", "sentence"), REFUSED, ids=lambda each: getattr(each, "__name__", None))
def test_a_target_that_cannot_be_is_refused_and_left_alone(
    filled: Library, make: Callable[[Path], Path], sentence: str
) -> None:
    target = make(filled.path)
    before = {path: path.read_bytes() for path in filled.path.parent.iterdir() if path.is_file()}
    with pytest.raises(StoreError, match=sentence) as refused:
        backup(filled.path, target)
    assert str(refused.value.__dict__["path"]).startswith(str(target))
    assert {path: path.read_bytes() for path in filled.path.parent.iterdir() if path.is_file()} == before


def test_a_target_is_replaced_on_request(filled: Library, tmp_path: Path) -> None:
    target = tmp_path / "backup.sqlite"
    target.write_text("older")
    backup(filled.path, target, overwrite=True)
    assert faults(target) == []


def test_what_a_killed_backup_left_is_no_obstacle(filled: Library, tmp_path: Path) -> None:
    part = tmp_path / "backup.sqlite.part"
    part.write_bytes(b"half" * 100_000)
    backup(filled.path, tmp_path / "backup.sqlite")
    assert faults(tmp_path / "backup.sqlite") == []
    assert not part.exists()


@pytest.mark.parametrize("keep", [0.5, 0.0], ids=["cut short", "empty"])
def test_a_damaged_library_does_not_replace_a_good_backup(filled: Library, tmp_path: Path, keep: float) -> None:
    target = tmp_path / "backup.sqlite"
    backup(filled.path, target)
    good = target.read_bytes()
    filled.close()
    os.truncate(filled.path, int(filled.path.stat().st_size * keep))
    with pytest.raises(StoreError, match=r"library\.sqlite: is (damaged|not a library)"):
        backup(filled.path, target, overwrite=True)
    assert target.read_bytes() == good
    assert not (tmp_path / "backup.sqlite.part").exists()


def test_wrong_bytes_in_a_library_are_found_by_its_backup(filled: Library, tmp_path: Path) -> None:
    filled.close()
    with filled.path.open("r+b") as stream:
        stream.seek(16 * 1024 * 3)
        stream.write(b"\x55" * 16 * 1024 * 4)
    with pytest.raises(StoreError, match=r"library\.sqlite: is damaged"):
        backup(filled.path, tmp_path / "backup.sqlite")
    assert not any(name.startswith("backup") for name in _names(tmp_path))


def test_another_programs_database_is_no_library(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "songs")) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(StoreError, match="is not a library of indexer"):
        backup(tmp_path / "songs", tmp_path / "backup.sqlite")
    with pytest.raises(StoreError, match="does not exist"):
        backup(tmp_path / "nothing", tmp_path / "backup.sqlite")
    assert _names(tmp_path) == {"songs"}


def test_a_full_disk_is_told_of_the_target_and_nothing_is_left(filled: Library, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(StoreError, match=r"backup\.sqlite: cannot be created; the disk"):
            backup(filled.path, tmp_path / "backup.sqlite")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not any(name.startswith("backup") for name in _names(tmp_path))


def test_a_restore_as_the_manual_tells_it_brings_everything_back(filled: Library, tmp_path: Path) -> None:
    backup(filled.path, tmp_path / "backup.sqlite")
    before = dump(filled)
    record_outcomes(filled, [made_photo(P / f"{number}.jpg", number + 7) for number in range(200)])
    aside = tmp_path / "damaged"
    aside.mkdir()
    for ending in ("", "-wal", "-shm"):  # as a machine that lost power leaves it, with a log
        shutil.copy(f"{filled.path}{ending}", tmp_path / f"found.sqlite{ending}")
    found = tmp_path / "found.sqlite"
    os.truncate(found, found.stat().st_size // 2)
    for ending in ("", "-wal", "-shm"):  # left behind, the log of the damaged file would be taken for the backup's
        found.with_name(found.name + ending).rename(aside / f"found.sqlite{ending}")
    shutil.copy(tmp_path / "backup.sqlite", found)
    assert faults(found) == []
    with Library.open(found) as restored:
        assert dump(restored) == before


@contextmanager
def _writer(path: Path) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", WRITER, path, str(os.getpid())], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
