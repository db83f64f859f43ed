"""Walked folder: the path by which a walk reached a folder, and what is known of its names."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import NamedTuple

from indexer.intake.ignore import Ignore


class WalkedFolder(NamedTuple):
    """A folder on a walk.

    real: its path without links.  rules: those of the folders above.  whole: all of it is wanted.  linked: it was
    reached through a link.  shared: the same may be found by another path.  above: where it was found, None for a root.
    """

    path: str
    real: str
    rules: Ignore
    whole: bool
    linked: bool
    shared: bool
    above: WalkedFolder | None

    def paths_above(self) -> Iterator[str]:
        """Return the folders that the walk passed through, the nearest first."""
        folder = self
        while folder.above:
            folder = folder.above
            yield folder.path

    def real_path(self, entry: os.DirEntry[str]) -> str:
        """Return the path without links of what lies in the folder and is no link."""
        return entry.path if self.real is self.path else os.path.join(self.real, entry.name)  # noqa: PTH118


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a folder, or a link to one."""
    try:
        return entry.is_dir()
    except OSError:  # such as a link to itself: reading its stamp will report why
        return False


def is_link(entry: os.DirEntry[str]) -> bool:
    """Return whether a folder is a symbolic link, or a junction of Windows."""
    return entry.is_symlink() or (sys.platform == "win32" and os.path.realpath(entry.path) != entry.path)
