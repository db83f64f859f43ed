"""What a machine lacks is told with the command that helps."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from indexer.intake.mounts import Mount
from indexer.library.checks.finding import Finding
from indexer.pipeline.doctor.machine import check_file_system, check_open_files, check_space, check_watches

HERE = (Mount(Path("/"), "ext4", "/dev/sda1"),)


@pytest.mark.parametrize(
    ("kind", "level"), [("ext4", "fine"), ("nfs4", "warning"), ("cifs", "warning"), ("fuse.sshfs", "warning")]
)
def test_a_library_on_a_network_disk_is_warned_of(tmp_path: Path, kind: str, level: str) -> None:
    mounts = (*HERE, Mount(tmp_path, kind, "nas:/photos"))
    assert [each.level for each in check_file_system(tmp_path / "library.sqlite", mounts)] == [level]


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """A folder with nine in it."""
    for number in range(9):
        (tmp_path / "photos" / str(number)).mkdir(parents=True)
    return tmp_path / "photos"


def test_too_few_watches_for_the_folders_are_warned_of_with_the_setting(folders: Path) -> None:
    enough, few = _limits(folders, watches=13, instances=128)
    assert (enough.level, few.level) == ("fine", "fine")
    many, _ = _limits(folders, watches=11, instances=128)
    assert (many.level, many.count) == ("warning", 10)
    assert "fs.inotify.max_user_watches=24" in many.advice
    _, few = _limits(folders, watches=128, instances=16)
    assert few.level == "warning"
    assert "fs.inotify.max_user_instances=34" in few.advice


def test_folders_that_are_polled_need_no_watches(folders: Path) -> None:
    watches, _ = _limits(folders, watches=1, instances=128, kind="nfs")
    assert (watches.level, watches.count) == ("fine", 0)


def test_where_there_is_no_inotify_nothing_is_said(folders: Path, tmp_path: Path) -> None:
    assert list(check_watches([folders], HERE, tmp_path / "none")) == []


def test_a_library_larger_than_the_free_space_is_warned_of(tmp_path: Path) -> None:
    library = tmp_path / "library.sqlite"
    with library.open("wb") as stream:
        stream.truncate(2**43)  # a hole: it takes no room
    of_library, of_models = check_space(library, tmp_path / "not" / "yet")
    assert of_library.level == "warning"
    assert "free at least" in of_library.advice
    assert str(tmp_path) in of_models.text


def test_too_few_open_files_for_the_workers_are_warned_of() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
    try:
        assert [each.level for each in check_open_files(2)] == ["fine"]
        assert [each.advice for each in check_open_files(16)] == ["ulimit -n 640"]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _limits(root: Path, watches: int, instances: int, kind: str = "ext4") -> tuple[Finding, Finding]:
    inotify = root.parent / "inotify"
    inotify.mkdir(exist_ok=True)
    (inotify / "max_user_watches").write_text(f"{watches}\n")
    (inotify / "max_user_instances").write_text(f"{instances}\n")
    first, second = check_watches([root], (Mount(Path("/"), kind, "disk"),), inotify)
    return first, second
