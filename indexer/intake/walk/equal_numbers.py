"""Folders with equal device and inode numbers, as behind bindfs, mergerfs or a share of several disks.

They are reported once, and never taken for the same folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from indexer.errors import printable
from indexer.intake.walk.bind_mounts import MountPlace
from indexer.intake.walk.walked_folder import WalkedFolder

_EQUAL = (
    "has the device and inode number of {first}, as different folders may have behind bindfs, mergerfs or a share "
    "of several disks: here and wherever else it is so, each is walked as a folder of its own"
)
_LOOP = "holds the same as two folders above it: a share that contains itself, it is not walked again"


class EqualNumbers:
    """The device and inode numbers of the folders of one walk.

    on_notice: receives equal numbers, once, and each loop.  place: returns the location of a path without links.
    """

    def __init__(self, on_notice: Callable[[Path, str], None], place: Callable[[str], MountPlace]) -> None:
        self._on_notice, self._place = on_notice, place
        self._first: dict[tuple[int, int], WalkedFolder] = {}
        self._is_told = False

    def is_loop(self, folder: WalkedFolder) -> bool:
        """Return whether a folder is one of those above it again. Raises OSError where it cannot be read.

        A server that follows links in a share shows the share in itself, without end, and no path reveals it. So a
        folder that has the numbers and the very list of two above it is not walked: a disk within another disk may have
        them of one, if it is a copy.
        """
        numbers = _numbers(folder.path)
        first = self._first.setdefault(numbers, folder)
        if first is folder or self._place(first.real) == self._place(folder.real):
            return False
        if not self._is_told:
            self._is_told = True
            self._on_notice(Path(folder.path), _EQUAL.format(first=printable(Path(first.path))))
        listing = _listing(folder.path)
        above = folder.paths_above()
        alike = [each for each in above if _numbers(each) == numbers and _listing(each) == listing]
        if len(alike) < 2:
            return False
        self._on_notice(Path(folder.path), _LOOP)
        return True


def _listing(folder: str) -> set[tuple[str, int]]:
    with os.scandir(folder) as entries:
        return {(entry.name, entry.inode()) for entry in entries}


def _numbers(folder: str) -> tuple[int, int]:
    stat = os.stat(folder)  # noqa: PTH116 - a Path for each folder costs more than the call
    return stat.st_dev, stat.st_ino
