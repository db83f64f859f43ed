"""Mount table: what is mounted where, and where file system events are incomplete.

The kernel reports changes that passed through this machine. It does not know what another machine writes to a
network disk, or a program behind a FUSE disk.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.intake.touched import touched_below

BLIND_KINDS = {
    # Other machines write to the same disk.
    "nfs": "Network File System",
    "nfs4": "Network File System",
    "cifs": "Windows shares, Samba (Linux)",
    "smb2": "Windows shares, Samba",
    "smb3": "Windows shares, Samba (Linux)",
    "smbfs": "Windows shares, Samba (macOS, BSD, older Linux)",
    "afpfs": "Apple Filing Protocol: Time Capsule, older NAS",
    "webdav": "WebDAV (macOS): Nextcloud and the like",
    "davfs": "WebDAV (Linux)",
    "afs": "Andrew File System",
    "coda": "Coda",
    "ncpfs": "NetWare",
    "9p": "Plan 9: disks of the host in WSL 2 and QEMU",
    "drvfs": "disks of Windows in WSL 1",
    "virtiofs": "folders of the host in a virtual machine",
    "vboxsf": "folders of the host in VirtualBox",
    "vmhgfs": "folders of the host in VMware",
    "prl_fs": "folders of the host in Parallels",
    # One disk on many machines: clusters.
    "ceph": "Ceph",
    "glusterfs": "Gluster",
    "lustre": "Lustre",
    "beegfs": "BeeGFS",
    "gpfs": "IBM Spectrum Scale",
    "orangefs": "OrangeFS",
    "pvfs2": "Parallel Virtual File System",
    "ocfs2": "Oracle Cluster File System",
    "gfs2": "Global File System",
    # Automounters: something will be mounted there.
    "autofs": "automounter",
    # A program acts as the disk: sshfs, rclone, mergerfs, gocryptfs, NTFS-3G, Docker's folders on macOS …
    "fuse": "a program plays the disk",
    "fuseblk": "a program plays the disk: NTFS-3G, exFAT",
    "osxfuse": "a program plays the disk (macOS)",
    "macfuse": "a program plays the disk (macOS)",
}
"""Kinds of file system that change behind the kernel's back, and who they are; every 'fuse.…' and 'macfuse_…', too."""

_BLIND_BEGINNINGS = ("fuse.", "macfuse", "osxfuse")


MOUNTINFO = Path("/proc/self/mountinfo")


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted disk: its mount point, the kind of its file system, and the device.

    system: 'major:minor' of the file system, '' where the table does not say (then the rest is not known, too).
    root: the folder of the file system that is mounted at `place`; a bind mount has another one than '/'.
    number, parent: this mount, and the one that `place` lies on.
    """

    place: Path
    kind: str
    device: str
    system: str = ""
    root: str = "/"
    number: int = 0
    parent: int = 0


def mounts(mountinfo: Path = MOUNTINFO) -> tuple[Mount, ...]:
    """Read the system's table, in the order of mounting; empty where the system does not publish it.

    mountinfo: the table of Linux, see proc_pid_mountinfo(5); of other systems only place, kind and device are known.
    """
    try:
        return tuple(map(_mount, mountinfo.read_bytes().splitlines()))
    except (OSError, ValueError):
        return _disks()


def _mount(line: bytes) -> Mount:
    """Parse '36 35 98:0 /root /place options optional… - kind device options'."""
    fields = [os.fsdecode(_OCTAL.sub(lambda found: bytes([int(found[1], 8)]), field)) for field in line.split(b" ")]
    kind, device, *_ = fields[fields.index("-", 6) + 1 :]
    number, parent, system, root, place = fields[:5]
    return Mount(Path(place), kind, device, system, root, int(number), int(parent))


_OCTAL = re.compile(rb"\\([0-7]{3})")


def _disks() -> tuple[Mount, ...]:
    import psutil

    try:
        disks = psutil.disk_partitions(all=True)
    except OSError:
        return ()
    return tuple(Mount(Path(disk.mountpoint), disk.fstype, disk.device) for disk in disks)


def mount_of(path: Path, mounts: Sequence[Mount]) -> Mount | None:
    """Return the innermost disk that a path lies on, through links.

    Of several at one place the last hides the others (an automounter and what it mounted).
    """
    real = Path(os.path.realpath(path))
    return max(
        (mount for mount in reversed(mounts) if real.is_relative_to(mount.place)),
        key=lambda mount: len(mount.place.parts),
        default=None,
    )


def nested(root: Path, mounts: Sequence[Mount]) -> dict[Path, Mount]:
    """Return the disks that are mounted below a folder, by the path that a walk from that folder gives them.

    A walk does not come to those in a junk folder (such as `~/.cache/doc`).
    """
    real = Path(os.path.realpath(root))
    below = {
        root / mount.place.relative_to(real): mount
        for mount in mounts
        if mount.place != real and mount.place.is_relative_to(real)
    }
    return {place: mount for place, mount in below.items() if touched_below(str(root), str(place), is_folder=True)}


def is_elsewhere(mount: Mount, mounts: Sequence[Mount]) -> bool:
    """Return whether the file system of a mount is mounted at another place, too: as a bind mount is."""
    return any(mount.system and mount.system == other.system and mount.place != other.place for other in mounts)


def blind_reason(path: Path, mounts: Sequence[Mount]) -> str | None:
    """Return why events at a path are incomplete, None where they are complete."""
    mount = mount_of(path, mounts)
    return _reason(mount.kind) if mount else None


def blind_parts(root: Path, mounts: Sequence[Mount]) -> list[tuple[Path, str]]:
    """Return the folders below a root, outermost only, where events are incomplete, and why.

    Nothing where the root itself is blind: then all of it is.
    """
    parts: dict[Path, str] = {}
    for place, mount in sorted(nested(root, mounts).items()):
        reason = _reason(mount.kind)
        if reason and parts.keys().isdisjoint(place.parents):
            parts[place] = reason
    return [] if blind_reason(root, mounts) else list(parts.items())


def _reason(kind: str) -> str | None:
    small = kind.lower()
    if small in BLIND_KINDS or small.startswith(_BLIND_BEGINNINGS):
        return f"{kind} does not tell of changes made elsewhere"
    return None
