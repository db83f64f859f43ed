"""Touched paths: the path to compare after a system event. Nothing here touches the disk."""

from __future__ import annotations

import os
from pathlib import Path

from indexer.intake.ignore import IGNORE_NAMES
from indexer.intake.names import is_junk_folder, may_be_photo


def touched(folder: str, name: str, *, is_folder: bool) -> str | None:
    """Return the path that a change of one name in a folder concerns, None where no photo can be affected.

    A file that controls its folder (`.indexerignore`) concerns the folder.
    """
    path = os.path.join(folder, name)  # noqa: PTH118 - for every event
    if is_folder:
        return None if is_junk_folder(name, folder) else path
    if name in IGNORE_NAMES:
        return folder
    return path if may_be_photo(name) else None


def touched_below(root: str, path: str, *, is_folder: bool) -> str | None:
    """Return the path that a change at or below a root concerns; None in a junk folder."""
    if path == root:
        return root
    *above, name = Path(path).relative_to(root).parts
    folder = root
    for part in above:
        if is_junk_folder(part, folder):
            return None
        folder = os.path.join(folder, part)  # noqa: PTH118 - for every event
    return touched(folder, name, is_folder=is_folder)
