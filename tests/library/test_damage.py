"""No library, locked, damaged, read-only, disk full: a clear sentence, and nothing that was stored is lost."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from made_photos import dump, faults, made_photo

from indexer.errors import StoreError
from indexer.library.indexing.files import file_states
from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.roots import add_root, root_folders
from indexer.library.search.search import by_keywords
from indexer.library.store import Library

P = Path("/photos")


def _text(path: Path) -> None:
    path.write_text("dear diary " * 1000)


def _folder(path: Path) -> None:
    path.mkdir()


def _other_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")


def _file_as_folder(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_text("")


NO_LIBRARY: list[tuple[Callable[[Path], None], str]] = [
    (_text, "is not a library of indexer"),
    (_folder, "is a folder"),
    (_other_program, "is a database of another program"),
    (_file_as_folder, "cannot be made|does not exist"),
]


@pytest.mark.parametrize(("make", "sentence"), NO_LIBRARY, ids=lambda each: getattr(each, "__name__", None))
@pytest.mark.parametrize("read_only", [True, False], ids=["read", "write"])
def test_what_is_no_library_is_refused_and_left_alone(
    tmp_path: Path, make: Callable[[Path], None], sentence: str, read_only: bool
) -> None:
    path = tmp_path / "folder" / "library.sqlite"
    path.parent.mkdir()
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreError, match=sentence):
        Library.open(path, read_only=read_only)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_library_that_does_not_exist_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist yet"):
        Library.open(tmp_path / "none.sqlite", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_library_may_have_any_name(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"100% \xff?mode=memory#.sqlite")
    with Library.open(path) as library:
        add_root(library, P)
    with Library.open(path, read_only=True) as library:
        assert root_folders(library) == [P]
    assert path.exists()


def test_a_writer_that_waits_too_long_says_so(library: Library) -> None:
    with closing(sqlite3.connect(library.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is being written by another program"):
            Library.open(library.path, busy_seconds=0.05)
        with Library.open(library.path, read_only=True, busy_seconds=0.05) as reader:
            assert root_folders(reader) == [P]


def test_a_file_that_is_cut_short_is_called_damaged(library: Library) -> None:
    _fill(library)
    library.close()
    os.truncate(library.path, library.path.stat().st_size // 2)
    with pytest.raises(StoreError, match="is damaged"), Library.open(library.path) as opened:
        dump(opened)


def test_a_file_with_wrong_bytes_is_called_damaged(library: Library) -> None:
    _fill(library)
    library.close()
    size = library.path.stat().st_size
    with library.path.open("r+b") as stream:
        stream.seek(16 * 1024)
        stream.write(b"\x55" * (size - 16 * 1024))
    with pytest.raises(StoreError, match="is damaged"), Library.open(library.path) as opened:
        dump(opened)


def test_a_full_disk_keeps_what_was_stored(library: Library) -> None:
    _fill(library)
    before = dump(library)
    batch = [made_photo(P / f"more{number}.jpg", number, faces=3) for number in range(1000)]
    with _room(library.path.parent, 100_000), pytest.raises(StoreError, match="Earlier data is kept"):
        record_outcomes(library, batch)
    assert faults(library.path) == []
    assert dump(library) == before
    record_outcomes(library, batch)
    assert len(file_states(library)) == len(before) + 1000


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that any user of the machine can reach."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


READ_AS_NOBODY = """
import os, sys
from pathlib import Path
from indexer.errors import StoreError
from indexer.library.search.search import by_keywords
from indexer.library.store import Library
import indexer.library.db.schema, sqlalchemy.dialects.sqlite, alembic.command
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
path = Path(sys.argv[1])
try:
    with Library.open(path, read_only=sys.argv[2] == "read", busy_seconds=0.1) as library:
        print(len(by_keywords(library, ["dog"])))
except StoreError as error:
    print(error.reason)
"""


@pytest.mark.parametrize("folder_mode", [0o555, 0o755], ids=["folder read-only", "folder of another"])
def test_a_library_that_may_only_be_read_can_be_searched(shared_folder: Path, folder_mode: int) -> None:
    path = shared_folder / "library.sqlite"
    with Library.open(path) as library:
        _fill(library)
    path.chmod(0o444)
    shared_folder.chmod(folder_mode)
    assert _as_nobody(path, "read") == "30"
    assert _as_nobody(path, "write").startswith("cannot be written to")
    shared_folder.chmod(0o755)
    with Library.open(path, read_only=True) as library:
        assert len(by_keywords(library, ["dog"])) == 30


def test_what_a_killed_writer_left_behind_is_not_passed_over(shared_folder: Path) -> None:
    path = shared_folder / "library.sqlite"
    with Library.open(path) as library:
        _fill(library)
        for part in ("", "-wal"):  # as a kill would leave them: the last batches are in the log only
            shutil.copy(f"{path}{part}", f"{path}.copy{part}")
    copy = path.with_name("library.sqlite.copy")
    for each in (copy, copy.with_name(copy.name + "-wal")):
        each.chmod(0o444)
    shared_folder.chmod(0o555)
    assert "unmerged changes" in _as_nobody(copy, "read")
    shared_folder.chmod(0o755)


def _fill(library: Library) -> None:
    add_root(library, P)
    record_outcomes(library, [made_photo(P / f"{number}.jpg", number, [("dog", 0.5)], faces=3) for number in range(30)])


def _as_nobody(path: Path, what: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", READ_AS_NOBODY, path, what], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@contextmanager
def _room(folder: Path, more_bytes: int) -> Iterator[None]:
    """Let no file grow beyond the largest one in the folder and a little more, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(file.stat().st_size for file in folder.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + more_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
