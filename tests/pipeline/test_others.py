"""A file is put away only where the one that stays was seen a moment before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indexer.library.similar.similar import Copy, CopyGroup
from indexer.pipeline.duplicates.verify import Checked, Unsafe, checked


def copy(path: Path, kind: str = "identical") -> Copy:
    there = path.stat()
    return Copy(path, kind, 1.0, 40, 30, there.st_size, there.st_ino, there.st_mtime_ns)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    best, other = tmp_path / "best.jpg", tmp_path / "other.jpg"
    for file in (best, other):
        file.write_bytes(b"picture")
    return best, other


def told(files: tuple[Path, Path], kind: str = "identical") -> CopyGroup:
    best, other = files
    return CopyGroup(copy(best), (copy(other, kind),))


def doubts(group: CopyGroup) -> list[Unsafe]:
    found = checked([group])
    assert bool(found.groups) != bool(found.left_out)
    return list(found.left_out)


@pytest.mark.parametrize("kind", ["identical", "near"])
def test_what_is_as_it_was_is_listed(files: tuple[Path, Path], kind: str) -> None:
    group = told(files, kind)
    assert checked([group]) == Checked((group,), {})


@pytest.mark.parametrize("kind", ["identical", "near"])
def test_nothing_is_listed_whose_best_is_gone(files: tuple[Path, Path], kind: str) -> None:
    group = told(files, kind)
    files[0].unlink()
    assert doubts(group) == [Unsafe.NO_BEST]


def test_bytes_that_are_others_by_now_are_seen_whatever_the_stamp_says(files: tuple[Path, Path]) -> None:
    group = told(files)
    before = files[0].stat()
    files[0].write_bytes(b"another")
    os.utime(files[0], ns=(before.st_atime_ns, before.st_mtime_ns))
    assert doubts(group) == [Unsafe.OTHER_BYTES]


@pytest.mark.parametrize("place", [0, 1])
def test_a_near_copy_that_changed_since_the_scan_is_left_out(files: tuple[Path, Path], place: int) -> None:
    group = told(files, "near")
    files[place].write_bytes(b"another picture")
    assert doubts(group) == [Unsafe.CHANGED]


@pytest.mark.parametrize("link", ["hardlink_to", "symlink_to"])
def test_another_name_of_the_best_is_no_copy(files: tuple[Path, Path], link: str) -> None:
    best, other = files
    for one, target in ((other, best), (best, other)):
        one.unlink()
        getattr(one, link)(target)
        assert doubts(told(files)) == [Unsafe.SAME_FILE]
        one.unlink()
        one.write_bytes(b"picture")


def test_a_file_that_is_the_best_of_another_group_under_another_name_stays(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_bytes(b"picture")
    (tmp_path / "d").hardlink_to(tmp_path / "c")
    groups = [
        CopyGroup(copy(tmp_path / "a"), (copy(tmp_path / "d"),)),
        CopyGroup(copy(tmp_path / "c"), (copy(tmp_path / "b"),)),
    ]
    found = checked(groups)
    assert [group.best.path.name for group in found.groups] == ["c"]
    assert found.left_out == {Unsafe.SAME_FILE: 1}


def test_a_folder_in_the_place_of_a_file_is_none(files: tuple[Path, Path]) -> None:
    group = told(files)
    files[0].unlink()
    files[0].mkdir()
    assert doubts(group) == [Unsafe.NO_BEST]
