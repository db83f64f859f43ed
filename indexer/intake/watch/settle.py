"""Settling of touched paths: a path is settled when nobody touched it and its stamp stayed the same for a while.

The stamp is read twice, at the first request after the last touch and when the time is over: that also catches a file
that grows without any event. The thread that reports touches never waits for the disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TypeAlias

Stamp: TypeAlias = tuple[int, ...]
"""(size in bytes, mtime in ns, ctime in ns)"""


def disk_stamp(path: Path) -> Stamp | None:
    """Return the stamp of a file or folder, through links; None where there is none or it cannot be reached."""
    try:
        stat = os.stat(path)  # noqa: PTH116 - a third faster, and asked twice for every file
    except (OSError, ValueError):
        return None
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


class Settling:
    """Paths that wait to settle, in the order in which their time is over; thread-safe.

    seconds: how long a path must be unchanged.  clock: seconds, monotonic (time.monotonic).
    stat: the stamp of a path, None where there is nothing.
    """

    def __init__(self, seconds: float, clock: Callable[[], float], stat: Callable[[Path], Stamp | None]) -> None:
        self._seconds, self._clock, self._stat = seconds, clock, stat
        self._lock = Lock()
        self._touched: dict[Path, None] = {}  # since the last request: without a stamp yet
        self._still: dict[Path, tuple[float, Stamp | None]] = {}  # when its time is over, the stamp it had

    def touch(self, path: Path) -> None:
        """Start (or restart) the waiting time of a path."""
        with self._lock:
            self._still.pop(path, None)
            self._touched[path] = None

    def settled(self) -> list[Path]:
        """Remove and return settled paths; each comes once, unless it is touched again.

        Each path is read once after its last touch and once when its time is over, never in between.
        """
        now = self._clock()
        touched, over = self._take(now)
        looked = {path: self._stat(path) for path in (*touched, *over)}
        rested = [path for path, stamp in over.items() if looked[path] == stamp]
        with self._lock:
            # Paths touched meanwhile start over.
            done = {path: None for path in rested if path not in self._touched}
            for path, stamp in looked.items():
                if path not in done and path not in self._touched:
                    self._still[path] = (now + self._seconds, stamp)
        return list(done)

    def seconds_left(self) -> float | None:
        """Return the seconds until it is worth asking again, 0.0 for at once, None where nothing waits."""
        with self._lock:
            if self._touched:
                return 0.0
            first = next(iter(self._still.values()), None)
        return None if first is None else max(0.0, first[0] - self._clock())

    def is_something_there(self) -> bool:
        """Return whether any waiting path existed when it was read: a photo may be coming."""
        with self._lock:
            return any(stamp is not None for _, stamp in self._still.values())

    def __len__(self) -> int:
        with self._lock:
            return len(self._touched) + len(self._still)

    def __contains__(self, path: Path) -> bool:
        """Return whether a path waits: a comparison of its folder should leave it alone."""
        with self._lock:
            return path in self._touched or path in self._still

    def _take(self, now: float) -> tuple[dict[Path, None], dict[Path, Stamp | None]]:
        with self._lock:
            touched, self._touched = self._touched, {}
            over: dict[Path, Stamp | None] = {}
            for path, (end, stamp) in self._still.items():
                if end > now:
                    break
                over[path] = stamp
            for path in over:
                del self._still[path]
        return touched, over
