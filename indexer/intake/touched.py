"""What the system says has changed flows in; the path to compare flows out. Nothing here touches the disk."""

from __future__ import annotations

import os
from pathlib import Path

from indexer.intake.ignore import IGNORE_NAMES
from indexer.intake.names import is_junk_folder, may_be_photo


def touched(folder: str, name: str, *, is_folder: bool) -> str | None:
    """Return what a change of one name in a folder is about, None where no photo can be concerned.

    A file that decides about its folder (`.indexerignore`) concerns the folder.
    """
    path = os.path.join(folder, name)  # noqa: PTH118 - for every event
    if is_folder:
        return None if is_junk_folder(name, folder) else path
    if name in IGNORE_NAMES:
        return folder
    return path if may_be_photo(name) else None


def touched_below(root: str, path: str, *, is_folder: bool) -> str | None:
    """Return what a change anywhere at or below a root is about; nothing in a junk folder concerns anybody."""
    if path == root:
        return root
    *above, name = Path(path).relative_to(root).parts
    folder = root
    for part in above:
        if is_junk_folder(part, folder):
            return None
        folder = os.path.join(folder, part)  # noqa: PTH118 - for every event
    return touched(folder, name, is_folder=is_folder)
