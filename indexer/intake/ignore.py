"""Ignore rules of a folder: the files and folders that the user excludes.

`.indexerignore` has the syntax of `.gitignore` (https://git-scm.com/docs/gitignore): its patterns hold in its folder
and below, those of an inner folder come after those of an outer one, and the last that matches decides.
`.nomedia` (Android) excludes its folder and all below.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".indexerignore"
NO_MEDIA = ".nomedia"
IGNORE_NAMES = frozenset({IGNORE_FILE, NO_MEDIA})
"""Files that decide about the folder that they lie in."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """The rules that hold in a folder: (folder, patterns), from the outermost ignore file to the innermost."""

    files: tuple[tuple[str, GitIgnoreSpec], ...] = ()

    def entered(self, folder: str, names: Collection[str], on_error: Callable[[Path, str], None]) -> Ignore | None:
        """Return the rules that hold in a folder with these names, None where all of it is ignored.

        Raises OSError where the ignore file cannot be read: what the user wanted hidden is not shown by mistake.
        """
        if NO_MEDIA in names:
            return None
        if IGNORE_FILE not in names:
            return self
        return Ignore((*self.files, (folder, _patterns(Path(folder, IGNORE_FILE), on_error))))

    def __call__(self, path: str, *, is_folder: bool = False) -> bool:
        """Return whether a file or folder is ignored; `path` lies in the folder that was entered."""
        for folder, patterns in reversed(self.files):
            below = path[len(folder) :].lstrip(os.sep)
            decided = patterns.check_file(f"{below}/" if is_folder else below).include
            if decided is not None:
                return decided
        return False


def _patterns(file: Path, on_error: Callable[[Path, str], None]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    good = []
    for number, line in enumerate(file.read_text(encoding="utf-8-sig", errors="surrogateescape").splitlines(), 1):
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            on_error(file, f"line {number} is not a valid pattern and is ignored: {line}")
        else:
            good.append(line)
    return GitIgnoreSpec.from_lines(good)
