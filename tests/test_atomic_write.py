"""Atomic writes: what is there before, after an error, and at the end."""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_IMODE

import pytest

from indexer.atomic_write import atomic_folder, atomic_write


def mode(path: Path) -> int:
    return S_IMODE(path.stat().st_mode)


def test_a_file_gets_its_name_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    with atomic_write(file, durable=True) as new:
        new.write(b"new")
        (part,) = tmp_path.glob(".indexer-*.tmp")
        assert (file.read_bytes(), mode(part)) == (b"old", 0o600)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("temporary", [None, "file.new"])
def test_an_error_leaves_what_was_there(tmp_path: Path, error: type[BaseException], temporary: str | None) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    with pytest.raises(error), atomic_write(file, temporary=temporary and tmp_path / temporary):
        raise error
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_the_mode_is_less_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with atomic_write(tmp_path / "file", mode=0o666):
            pass
    finally:
        os.umask(before)
    assert mode(tmp_path / "file") == 0o640


def test_what_a_killed_process_left_is_overwritten(tmp_path: Path) -> None:
    left = tmp_path / "file.new"
    left.write_bytes(b"half of a longer text")
    with atomic_write(tmp_path / "file", temporary=left) as new:
        new.write(b"short")
    assert (tmp_path / "file").read_bytes() == b"short"
    assert not left.exists()


def test_a_folder_gets_its_name_at_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "old").touch()
    with atomic_folder(folder, overwrite=True) as new:
        (new / "new").touch()
        assert (os.listdir(folder), mode(new)) == (["old"], 0o700)  # noqa: PTH208
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["folder", "folder/new"]
    assert mode(folder) == 0o755


def test_a_folder_that_is_not_empty_stays(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/old").touch()
    with pytest.raises(OSError), atomic_folder(tmp_path / "folder"):
        pass
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["folder", "folder/old"]
