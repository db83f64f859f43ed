"""Mount tables as real systems have them: where the system's events tell of every change, and where not."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from indexer.intake.mounts import (
    BLIND_KINDS,
    MOUNTINFO,
    Mount,
    blind_parts,
    blind_reason,
    is_elsewhere,
    mount_of,
    mounts,
    nested,
)


def _table(text: str) -> tuple[Mount, ...]:
    """Read lines as /proc/mounts has them: device, place, kind."""
    rows = (line.split()[:3] for line in text.strip().splitlines())
    return tuple(Mount(Path(place), kind, device) for device, place, kind in rows)


LAPTOP = _table("""
    sysfs /sys sysfs rw
    proc /proc proc rw
    /dev/nvme0n1p2 / btrfs rw
    /dev/nvme0n1p2 /home btrfs rw
    /dev/nvme0n1p1 /boot/efi vfat rw
    gvfsd-fuse /run/user/1000/gvfs fuse.gvfsd-fuse rw
    systemd-1 /nas autofs rw
    //nas/photo /nas cifs rw
    nas:/export/film /nas/film nfs4 rw
    sshfs@server:/data /home/anna/server fuse.sshfs rw
    /dev/sda1 /media/anna/STICK fuseblk rw
    /dev/sdb1 /media/anna/CARD exfat rw
""")
NAS = _table("""
    /dev/md0 / ext4 rw
    /dev/mapper/cachedev_0 /volume1 btrfs rw
    /dev/mapper/cachedev_0 /volume1/docker btrfs rw
    other:/volume1/photo /volume1/photo/other nfs rw
    /dev/sdq1 /volume1/photo/other/disk ext4 rw
    1:2 /volume1/pool fuse.mergerfs rw
""")
CONTAINER = _table("""
    overlay / overlay rw
    /dev/sda2 /photos ext4 rw
    grpcfuse /mac fuse.grpcfuse rw
    C:\\134 /mnt/c 9p rw
""")
MAC = _table("""
    /dev/disk3s1s1 / apfs ro
    /dev/disk3s5 /System/Volumes/Data apfs rw
    //anna@nas._smb._tcp.local/photo /Volumes/photo smbfs rw
    //anna@nas/old /Volumes/old afpfs rw
    https://cloud/dav /Volumes/cloud webdav rw
    macfuse /Volumes/server macfuse_sshfs rw
""")


@pytest.mark.parametrize(
    ("table", "path", "kind", "blind"),
    [
        (LAPTOP, "/home/anna/Pictures", "btrfs", False),
        (LAPTOP, "/home/anna/server/2024", "fuse.sshfs", True),
        (LAPTOP, "/home/anna/servers", "btrfs", False),
        (LAPTOP, "/nas/2024", "cifs", True),
        (LAPTOP, "/nas/film/2024", "nfs4", True),
        (LAPTOP, "/nas2", "btrfs", False),
        (LAPTOP, "/media/anna/STICK/DCIM", "fuseblk", True),
        (LAPTOP, "/media/anna/CARD/DCIM", "exfat", False),
        (NAS, "/volume1/photo", "btrfs", False),
        (NAS, "/volume1/photo/other", "nfs", True),
        (NAS, "/volume1/photo/other/disk/a", "ext4", False),
        (NAS, "/volume1/pool/a", "fuse.mergerfs", True),
        (CONTAINER, "/photos", "ext4", False),
        (CONTAINER, "/data", "overlay", False),
        (CONTAINER, "/mac/photos", "fuse.grpcfuse", True),
        (CONTAINER, "/mnt/c/Users", "9p", True),
        (MAC, "/Users/anna/Pictures", "apfs", False),
        (MAC, "/Volumes/photo", "smbfs", True),
        (MAC, "/Volumes/old", "afpfs", True),
        (MAC, "/Volumes/cloud/a", "webdav", True),
        (MAC, "/Volumes/server", "macfuse_sshfs", True),
    ],
)
def test_the_innermost_disk_decides(table: tuple[Mount, ...], path: str, kind: str, blind: bool) -> None:
    mount = mount_of(Path(path), table)
    assert mount
    assert mount.kind == kind
    assert blind_reason(Path(path), table) == (f"{kind} does not tell of changes made elsewhere" if blind else None)


@pytest.mark.parametrize("kind", [*BLIND_KINDS, "fuse.rclone", "NFS4"])
def test_every_kind_that_others_write_to_is_blind(kind: str) -> None:
    assert blind_reason(Path("/photos/a"), [Mount(Path("/photos"), kind, "somewhere")])


@pytest.mark.parametrize(
    "kind", ["ext4", "xfs", "btrfs", "zfs", "f2fs", "vfat", "ntfs3", "tmpfs", "overlay", "apfs", ""]
)
def test_a_disk_of_this_machine_is_not(kind: str) -> None:
    assert blind_reason(Path("/photos/a"), [Mount(Path("/photos"), kind, "/dev/sda1")]) is None


def test_parts_below_a_root_are_named_the_outermost_only() -> None:
    assert blind_parts(Path("/volume1"), NAS) == [
        (Path("/volume1/photo/other"), "nfs does not tell of changes made elsewhere"),
        (Path("/volume1/pool"), "fuse.mergerfs does not tell of changes made elsewhere"),
    ]
    assert blind_parts(Path("/volume1/photo/other"), NAS) == []
    assert blind_parts(Path("/home/anna/Pictures"), LAPTOP) == []


def test_disks_in_junk_folders_are_nobodys_part() -> None:
    home, portal = Path("/home/anna"), Mount(Path("/home/anna/.cache/doc"), "fuse.portal", "portal")
    assert nested(home, [*LAPTOP, portal]) == {home / "server": LAPTOP[-3]}


def test_links_are_followed_and_parts_are_named_as_a_walk_names_them(tmp_path: Path) -> None:
    real, link = tmp_path / "disk", tmp_path / "photos"
    real.mkdir()
    link.symlink_to(real)
    table = [Mount(Path("/"), "ext4", "a"), Mount(real, "xfs", "b"), Mount(real / "nas", "nfs", "c")]
    assert mount_of(link / "2024", table) == table[1]
    assert mount_of(link / "nas/2024", table) == table[2]
    assert nested(link, table) == {link / "nas": table[2]}
    assert [part for part, _ in blind_parts(link, table)] == [link / "nas"]


def test_without_a_table_nothing_is_known() -> None:
    assert mount_of(Path("/photos"), []) is None
    assert blind_reason(Path("/photos"), []) is None
    assert blind_parts(Path("/photos"), []) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no '/'")
def test_the_table_of_this_system_can_be_read() -> None:
    assert mount_of(Path("/"), mounts())


def test_the_table_of_linux_is_read_with_its_octal_signs_and_optional_fields(tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_bytes(
        b"27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard\n"
        b"36 27 254:0 /a\\040b /mnt/tab\\011and\\134 rw shared:1 master:2 propagate_from:3 - ext4 /dev/vda rw\n"
        b"37 27 0:42 / /mnt/caf\xe9 rw - fuse.x  rw\n"
    )
    assert mounts(tmp_path / "mountinfo") == (
        Mount(Path("/"), "ext4", "/dev/vda", "254:0", "/", 27, 1),
        Mount(Path("/mnt/tab\tand\\"), "ext4", "/dev/vda", "254:0", "/a b", 36, 27),
        Mount(Path("/mnt/caf\udce9"), "fuse.x", "", "0:42", "/", 37, 27),
    )


@pytest.mark.skipif(not MOUNTINFO.exists(), reason="only Linux has this table")
def test_both_tables_of_this_system_tell_the_same(tmp_path: Path) -> None:
    def told(table: tuple[Mount, ...]) -> set[tuple[Path, str]]:
        own = Path(tempfile.gettempdir())  # where other tests may mount something just now
        return {(mount.place, mount.kind) for mount in table if not mount.place.is_relative_to(own)}

    assert told(mounts()) == told(mounts(tmp_path / "missing"))


def test_a_disk_at_two_places_is_elsewhere() -> None:
    one, two = Mount(Path("/a"), "ext4", "d", "8:1", "/", 2, 1), Mount(Path("/b"), "ext4", "d", "8:1", "/x", 3, 1)
    other = Mount(Path("/c"), "ext4", "e", "8:2", "/", 4, 1)
    assert is_elsewhere(one, [one, two, other])
    assert is_elsewhere(two, [one, other])
    assert not is_elsewhere(other, [one, two, other])
    assert not is_elsewhere(Mount(Path("/a"), "apfs", "d"), [Mount(Path("/b"), "apfs", "d")])
