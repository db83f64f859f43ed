"""Mount tables as real systems have them: which paths are one folder, and which only look like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.intake.mounts import Mount
from indexer.intake.walk.bind_mounts import MountPlace, MountTree


def tree(*rows: str) -> MountTree:
    """Read rows of number, parent, system, root, place, kind and device."""
    mounts = []
    for row in rows:
        number, parent, system, root, place, kind, device = row.split()
        mounts.append(Mount(Path(place), kind, device, system, root, int(number), int(parent)))
    return MountTree(mounts)


ROOT = "1 0 8:1 / / ext4 /dev/sda1"


@pytest.mark.parametrize(
    ("rows", "one", "other"),
    [
        (["2 1 8:1 /home/a/y /home/a/x ext4 /dev/sda1"], "/home/a/x/1", "/home/a/y/1"),
        (["2 1 8:1 / /mnt ext4 /dev/sda1"], "/mnt/home", "/home"),
        (["2 1 8:1 /home /mnt ext4 /dev/sda1"], "/mnt", "/home"),
        (["2 1 0:9 /@home /home btrfs d", "3 1 0:9 / /mnt btrfs d"], "/home/a", "/mnt/@home/a"),
        (["2 1 0:9 / /mnt fuse.x x", "3 1 0:9 /a /b fuse.x x"], "/b/1", "/mnt/a/1"),
        (["2 1 0:9 / /mnt nfs4 nas:/photo", "3 1 0:9 / /b nfs4 nas:/photo/a"], "/b/1", "/mnt/a/1"),
        (["2 1 0:9 / /mnt nfs [::1]:/", "3 1 0:9 / /b nfs [::1]:/a"], "/b/1", "/mnt/a/1"),
    ],
    ids=["bind", "all of it", "root of the bind", "btrfs", "fuse", "nfs", "nfs of all"],
)
def test_two_paths_of_one_folder_have_one_place(rows: list[str], one: str, other: str) -> None:
    mounts = tree(ROOT, *rows)
    assert mounts.place(one) == mounts.place(other)
    assert set(mounts.paths(mounts.place(one))) >= {one, other}


@pytest.mark.parametrize(
    ("rows", "one", "other"),
    [
        (["2 1 8:2 / /mnt ext4 /dev/sdb1"], "/mnt/home", "/home"),
        (["2 1 0:9 / /a nfs4 nas:/one", "3 1 0:9 / /b nfs4 nas:/two"], "/a/1", "/b/1"),
        (["2 1 0:9 /sub /a cifs //nas/all/sub", "3 1 0:9 / /b cifs //nas/all"], "/a/sub/x", "/b/sub/sub/x"),
        (["2 1 8:1 /y /x ext4 /dev/sda1", "3 1 0:9 / /y tmpfs none"], "/x/1", "/y/1"),
        (["2 1 8:1 /y /x ext4 /dev/sda1", "3 2 0:9 / /x/in tmpfs none"], "/x/in/1", "/y/in/1"),
        (["2 1 8:1 /y /x/in ext4 /dev/sda1", "3 1 0:9 / /x tmpfs none"], "/x/in/1", "/y/1"),
        (["2 1 8:1 /y /x ext4 /dev/sda1", "3 2 0:9 / /x tmpfs none"], "/x/1", "/y/1"),
    ],
    ids=["disks", "exports", "share and folder", "hidden", "mounted in one", "mounted around", "mounted over"],
)
def test_paths_that_only_look_alike_have_two_places(rows: list[str], one: str, other: str) -> None:
    mounts = tree(ROOT, *rows)
    assert mounts.place(one) != mounts.place(other)
    assert other not in mounts.paths(mounts.place(one))
    assert one not in mounts.paths(mounts.place(other))


def test_without_a_table_each_path_is_its_own_place() -> None:
    for mounts in (MountTree([]), MountTree([Mount(Path("/"), "apfs", "/dev/disk3")])):
        assert mounts.place("/a") == MountPlace(("", ""), "/a")
        assert list(mounts.paths(mounts.place("/a"))) == ["/a"]
        assert mounts.points == frozenset()


def test_in_a_changed_root_the_mounts_that_can_be_seen_count() -> None:
    mounts = tree("7 5 8:1 /srv/photos /photos ext4 /dev/sda1", "8 5 8:1 /srv/photos/a /a ext4 /dev/sda1")
    assert mounts.place("/a/1") == mounts.place("/photos/a/1")
    assert mounts.place("/etc") == MountPlace(("", ""), "/etc")
