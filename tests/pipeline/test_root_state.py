"""Whether a folder of the library is there, away or empty is told by one look at it, and never by a walk."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from indexer.library.roots import add_root
from indexer.pipeline import root_state
from indexer.pipeline.root_state import FolderState, away_roots, folder_state, root_states

LONG_AGO = (1_000_000_000, 1_000_000_000)


@pytest.fixture
def root(scanner, photos: Path) -> Path:
    """A root with three photos."""
    scanner(photos)
    return photos


def state(scanner) -> tuple[str, int, int]:
    (found,) = root_states(scanner.library)
    assert found.last_indexed
    return found.state, found.photos, found.missing


def test_a_root_with_photos_is_there(scanner, root: Path) -> None:
    assert state(scanner) == ("there", 3, 0)
    assert away_roots(scanner.library) == []


def test_a_root_that_was_renamed_is_away_until_it_is_back(scanner, root: Path) -> None:
    root.rename(root.with_name("renamed"))
    assert state(scanner) == ("away", 3, 0)
    assert away_roots(scanner.library) == [root]
    root.with_name("renamed").rename(root)
    assert away_roots(scanner.library) == []


def test_a_file_in_the_place_of_a_root_makes_it_away(scanner, root: Path) -> None:
    shutil.rmtree(root)
    root.touch()
    assert folder_state(scanner.library, root) == FolderState("away", "it is not a folder")


def test_an_empty_mount_point_is_away(scanner, root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir()
    os.utime(root, LONG_AGO)
    assert state(scanner) == ("away", 3, 0)
    assert "perhaps a disk is not mounted" in folder_state(scanner.library, root).reason


def test_a_mount_point_with_a_note_in_it_is_away(scanner, root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir()
    (root / "NOT MOUNTED").touch()
    (root / ".Trash-1000").mkdir()
    os.utime(root, LONG_AGO)
    assert state(scanner) == ("away", 3, 0)


@pytest.mark.parametrize("changed", [LONG_AGO, None])
def test_a_root_whose_photos_do_not_name_themselves_is_there(
    scanner, small: dict[str, Path], tmp_path: Path, changed: tuple[int, int] | None
) -> None:
    root = tmp_path / "plain"
    root.mkdir()
    shutil.copy(small["cat"], root / "cat")
    scanner(root)
    os.utime(root, changed)
    assert state(scanner) == ("there", 1, 0)


def test_a_root_that_was_emptied_is_empty_before_a_scan_and_after_it(scanner, root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir()
    assert state(scanner) == ("empty", 3, 0)
    scanner(root)
    assert state(scanner) == ("empty", 3, 3)
    (root / "notes.txt").touch()
    assert state(scanner) == ("empty", 3, 3)


def test_a_root_without_photos_is_empty_however_old_it_is(scanner, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    os.utime(tmp_path / "new", LONG_AGO)
    add_root(scanner.library, tmp_path / "new")
    (found,) = root_states(scanner.library)
    assert (found.state, found.photos, found.last_indexed) == ("empty", 0, None)


def test_a_disk_that_fails_is_away(scanner, root: Path) -> None:
    def stale(_: Path) -> os.stat_result:
        raise OSError(errno.ESTALE, "Stale file handle")

    found = folder_state(scanner.library, root, stale)
    assert found == FolderState("away", "the disk cannot read it (Stale file handle)")


def test_a_look_at_the_roots_walks_nothing(scanner, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    scandir, stat = os.scandir, os.stat
    monkeypatch.setattr(os, "scandir", lambda path: looked.append(f"list {path}") or scandir(path))
    counted = lambda path: looked.append(f"stat {path}") or stat(path)  # noqa: E731
    assert root_state.folder_state(scanner.library, root, counted) == FolderState("there")
    assert looked == [f"stat {root}", f"list {root}"]
