"""Machine checks: file system, free space, inotify watches and open files that a library and its photos need."""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from indexer.errors import printable
from indexer.intake.mounts import Mount, blind_reason, mount_of
from indexer.intake.names import is_junk_folder
from indexer.library.checks.finding import Finding, counted, size_text

INOTIFY = Path("/proc/sys/fs/inotify")
_GB = 10**9
_LOCAL_FUSE = "fuseblk"  # NTFS and exFAT on a disk of this machine: locks and shared memory work there
_OF_OTHERS = 0.8  # of the watches that one user may have; the rest is for other programs
_SPARE_INSTANCES = 16  # desktops and file managers have some
_FILES_A_WORKER, _FILES_BESIDES = 16, 64


def check_file_system(library: Path, mounts: Sequence[Mount]) -> Iterator[Finding]:
    """Report a library on a network or FUSE file system: SQLite's log needs a local disk."""
    mount = mount_of(library, mounts)
    if mount and mount.kind != _LOCAL_FUSE and blind_reason(library, mounts):
        text = f"the library is on a network or FUSE disk ({mount.kind}); it can be damaged if two computers open it"
        yield Finding("file system", "warning", text, "move the library to a local disk; the photos can stay there")
    else:
        yield Finding("file system", "fine", f"the library is on a local disk ({mount.kind if mount else 'unknown'})")


def check_space(library: Path, models: Path) -> Iterator[Finding]:
    """Compare the free space with the needs of a library that grows, and that is copied before an upgrade."""
    size = library.stat().st_size if library.is_file() else 0
    for name, place, own in (("library", library.parent, size), ("models", models, 0)):
        if (there := _existing(place)) is None:
            continue
        disk = shutil.disk_usage(there)
        least = max(_GB, min(disk.total // 20, 5 * _GB), own)
        text = f"{size_text(disk.free)} free in {printable(there)}, the disk of the {name}"
        if disk.free < least:
            advice = f"free at least {size_text(least)}; an upgrade copies the library first"
            yield Finding("space", "warning", text, advice, count=disk.free)
        else:
            yield Finding("space", "fine", text, count=disk.free)


def check_watches(roots: Sequence[Path], mounts: Sequence[Mount], inotify: Path = INOTIFY) -> Iterator[Finding]:
    """Compare the number of watched folders with the kernel's inotify limits; Linux only.

    inotify: the folder of the kernel's limits.
    """
    if not inotify.is_dir():
        return
    watched = [root for root in roots if root.is_dir() and not blind_reason(root, mounts)]
    folders = sum(map(_folders, watched))
    yield _limit(
        inotify, "max_user_watches", folders, int(folders / _OF_OTHERS), f"{counted(folders, 'folder')} to watch"
    )
    yield _limit(inotify, "max_user_instances", 1, 1 + _SPARE_INSTANCES, "a daemon is one watcher of many")


def check_open_files(workers: int) -> Iterator[Finding]:
    """Compare this user's limit of open files with the needs of a scan."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _FILES_BESIDES + _FILES_A_WORKER * workers
    text = f"a program may have {'any number of' if allowed < 0 else f'{allowed:,}'} files open"
    if 0 <= allowed < needed:
        yield Finding("open files", "warning", f"{text}; {workers} workers need {needed}", f"ulimit -n {needed * 2}")
    else:
        yield Finding("open files", "fine", text)


def _limit(inotify: Path, name: str, count: int, needed: int, text: str) -> Finding:
    allowed = int((inotify / name).read_text())
    text = f"{text}; the kernel allows {allowed:,} ({name})"
    if allowed >= needed:
        return Finding("watches", "fine", text, count=count)
    room = max(2 * needed, 2 * allowed)
    advice = f"echo fs.inotify.{name}={room} | sudo tee -a /etc/sysctl.d/60-indexer.conf && sudo sysctl --system"
    return Finding("watches", "warning", text, advice, count=count)


def _folders(root: Path) -> int:
    """Count the folders that a daemon would watch."""
    count = 0
    for folder, names, _ in os.walk(root):
        names[:] = [name for name in names if not is_junk_folder(name, folder)]
        count += 1
    return count


def _existing(place: Path) -> Path | None:
    return next((each for each in (place, *place.parents) if each.is_dir()), None)
