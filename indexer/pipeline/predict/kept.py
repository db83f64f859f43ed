"""A folder of files that can be made again flows in; it stays below a limit, the least used ones go."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread
from time import time

_ROOM = 0.1  # of the limit: what is made free at a time, and what is written between two looks into the folder
_ABANDONED_SECONDS = 3600  # a file that was begun and not finished for so long is nobody's any more


class Kept:
    """How much a folder holds.

    What others write there is found when it is read the next time, after a tenth of the limit was written here at the
    latest: so many servers on one folder go beyond the limit by so many tenths.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder, self._limit_bytes = folder, limit_bytes
        self._lock = Lock()
        self._left = 0  # bytes that may be written before the folder is read: at first, it is not known what it holds
        self._takes_more = True
        self._tidying: Thread | None = None

    def added(self, size: int) -> None:
        """Take note that a file was written."""
        with self._lock:
            self._left -= size
            if self._left < 0 and self._tidying is None:
                self._tidying = Thread(target=self._tidy_aside, name="tidy thumbnails", daemon=True)
                self._tidying.start()

    @property
    def takes_more(self) -> bool:
        """Tell whether files may be added: not where the folder is too full, and nothing in it can be removed."""
        return self._takes_more

    def tidy(self) -> int:
        """Let the least used files go until the folder is below its limit; return how many bytes it holds then."""
        files = sorted(_files(self._folder))
        total = sum(size for _, size, _ in files)
        if total > self._limit_bytes:
            wanted = self._limit_bytes * (1 - _ROOM)
            for _, size, path in files:
                if total <= wanted:
                    break
                total -= size if _is_gone(path) else 0
        return total

    def _tidy_aside(self) -> None:
        total = self._limit_bytes
        try:
            total = self.tidy()
        finally:
            with self._lock:
                self._tidying = None
                self._takes_more = total <= self._limit_bytes
                self._left = int(min(self._limit_bytes - total, self._limit_bytes * _ROOM))


def _is_gone(path: str) -> bool:
    """Remove a file; tell whether it is gone, be it by another server."""
    try:
        os.unlink(path)  # noqa: PTH108 - paths are text here, there are many
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _files(folder: Path) -> Iterator[tuple[float, int, str]]:
    """Yield (when it was used, bytes, path) of the files in the folders below one; drop what was never finished."""
    now = time()
    for shard in _entries(str(folder)):
        for entry in _entries(shard.path):
            with suppress(OSError):
                stat = entry.stat(follow_symlinks=False)
                if entry.name.endswith(".webp"):
                    yield stat.st_mtime, stat.st_size, entry.path
                elif entry.name.endswith(".part") and now - stat.st_mtime > _ABANDONED_SECONDS:
                    os.unlink(entry.path)  # noqa: PTH108


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
