"""Stage board: shared memory in which workers note their stage, so that a crash is recorded with it."""

from __future__ import annotations

import os
import sys
from itertools import count
from mmap import ACCESS_READ, ACCESS_WRITE, mmap
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

STAGES = ("read", "decode", "analyze")
_SLOTS = 4096  # one page: many times the maximum number of photos in progress


class StageBoard:
    """The parent's side: a small file in memory with a byte for each photo in progress."""

    def __init__(self) -> None:
        self._file, self.path = _memory_file()
        self._file.write(bytes(_SLOTS))
        self._file.flush()
        self._map = mmap(self._file.fileno(), _SLOTS, access=ACCESS_READ)
        self._numbers = count()

    def slot(self) -> int:
        """Return the slot of the next photo."""
        return next(self._numbers) % _SLOTS

    def stage(self, slot: int) -> str:
        """Return the last stage of a photo; the first one, once the board is closed."""
        try:
            return STAGES[self._map[slot]]
        except ValueError:
            return STAGES[0]

    def close(self) -> None:
        """Close the file."""
        self._map.close()
        self._file.close()


def _memory_file() -> tuple[IO[bytes], Path]:
    """Make a file that other processes can open; on Linux it disappears with this process, whatever ends it."""
    if sys.platform == "linux":
        number = os.memfd_create("indexer")
        return os.fdopen(number, "w+b"), Path(f"/proc/{os.getpid()}/fd/{number}")
    file = NamedTemporaryFile(prefix="indexer-")  # noqa: SIM115 - closed by `close`
    return file, Path(file.name)


class StageMarker:
    """The worker's side."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as stream:
            self._map = mmap(stream.fileno(), _SLOTS, access=ACCESS_WRITE)

    def enter(self, slot: int, stage: str) -> None:
        """Note the stage of a photo."""
        self._map[slot] = STAGES.index(stage)
