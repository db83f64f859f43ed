"""Bind mounts: which paths of the mount table show one and the same folder of a file system.

A folder is identified by its file system and its path in there, both from Linux's /proc/self/mountinfo. Device and
inode numbers are not used: behind bindfs, mergerfs and network shares different folders show equal ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from indexer.intake.mounts import Mount


class MountPlace(NamedTuple):
    """The location of a file or folder: the file system (its number and what is mounted), and the path within."""

    system: tuple[str, str]
    path: str


class MountTree:
    """The mounts as path resolution passes through them; without a usable table, every path is its own."""

    def __init__(self, mounts: Sequence[Mount]) -> None:
        known = [mount for mount in mounts if mount.system]
        numbers = {mount.number for mount in known}
        self._at = {
            (mount.parent if mount.parent in numbers else None, os.fspath(mount.place)): mount for mount in known
        }
        visible = [mount for mount in known if self.covering(os.fspath(mount.place)) is mount]
        self.points = frozenset(os.fspath(mount.place) for mount in visible)
        self._orders = {mount.number: order for order, mount in enumerate(known)}
        self._shown: dict[tuple[str, str], list[tuple[str, Mount]]] = {}
        for mount in visible:
            system, root = _shown(mount)
            self._shown.setdefault(system, []).append((root, mount))

    def passed(self, real: str) -> list[Mount]:
        """Return the mounts that the resolution of an absolute path without links enters, the innermost last."""
        mounts: list[Mount] = []
        number = None
        if not self._at:
            return mounts
        for above in _from_the_top(real):
            while mount := self._at.get((number, above)):
                mounts.append(mount)
                number = mount.number
        return mounts

    def covering(self, real: str) -> Mount | None:
        """Return the mount that a path lies on."""
        return next(reversed(self.passed(real)), None)

    def place(self, real: str) -> MountPlace:
        """Return the location of a path; equal locations are one file or folder."""
        mount = self.covering(real)
        if mount is None:
            return MountPlace(("", ""), real)
        system, root = _shown(mount)
        return MountPlace(system, _joined(root, real[len(os.fspath(mount.place).rstrip("/")) :]))

    def paths(self, place: MountPlace) -> Iterator[str]:
        """Return all paths without links that lead to a location."""
        if place.system not in self._shown:
            yield place.path
        for root, mount in self._shown.get(place.system, ()):
            if is_below(place.path, root):
                path = _joined(os.fspath(mount.place), place.path[len(root.rstrip("/")) :])
                if self.covering(path) is mount:
                    yield path

    def is_only(self, mount: Mount) -> bool:
        """Return whether the file system of a mount is visible nowhere else."""
        return len(self._shown.get(_shown(mount)[0], ())) < 2

    def is_first(self, mount: Mount) -> bool:
        """Return whether no mount of the same file system ranks before this one."""
        others = self._shown.get(_shown(mount)[0], ())
        return all(self.rank(mount) <= self.rank(other) for _, other in others)

    def rank(self, mount: Mount) -> tuple[int, int]:
        """Return the sort key of a file system's mounts: those that show more of it first, then in mount order."""
        return len(_shown(mount)[1]), self._orders[mount.number]


def is_below(path: str, folder: str) -> bool:
    """Return whether an absolute path is a folder, or lies in it."""
    return path == folder or path.startswith(folder if folder.endswith(os.sep) else f"{folder}{os.sep}")


def _shown(mount: Mount) -> tuple[tuple[str, str], str]:
    """Return a file system, and the folder of it that a mount shows.

    What is mounted belongs to the name of a file system, since one may be mounted at several points of a server.
    NFS says '/' of every folder, and the folder behind the name of the server (nfs_show_path, fs/nfs/super.c).
    """
    server, colon, exported = mount.device.partition(":/")
    if mount.kind.startswith("nfs") and colon and mount.root == "/":
        return (mount.system, server), f"/{exported.strip('/')}"
    return (mount.system, mount.device), mount.root


def _joined(folder: str, rest: str) -> str:
    rest = rest.strip("/")
    return f"{folder.rstrip('/')}/{rest}" if rest else folder


def _from_the_top(real: str) -> Iterator[str]:
    yield "/"
    yield from accumulate(f"/{name}" for name in real.split("/") if name)
