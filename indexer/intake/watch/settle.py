"""Paths that were touched flow in; those that have come to rest flow out.

A path rests when nobody touched it and its stamp stayed the same for a while. The stamp is looked at twice, at the
first ask after the last touch and when the time is over: that also finds a file that grows without anybody telling.
The thread that tells of touches never waits for the disk.
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
    """Look at a file or folder on the disk, through links; None where there is none or it cannot be reached."""
    try:
        stat = os.stat(path)  # noqa: PTH116 - a third faster, and asked twice for every file
    except (OSError, ValueError):
        return None
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


class Settling:
    """Paths that wait to come to rest, in the order in which their time is over; safe to use from any thread.

    seconds: how long a path must be still.  clock: seconds, never set back (time.monotonic).
    stat: the stamp of a path, None where there is nothing.
    """

    def __init__(self, seconds: float, clock: Callable[[], float], stat: Callable[[Path], Stamp | None]) -> None:
        self._seconds, self._clock, self._stat = seconds, clock, stat
        self._lock = Lock()
        self._touched: dict[Path, None] = {}  # since the last ask: without a stamp yet
        self._still: dict[Path, tuple[float, Stamp | None]] = {}  # when its time is over, the stamp it had

    def touch(self, path: Path) -> None:
        """Let the time of a path begin (again)."""
        with self._lock:
            self._still.pop(path, None)
            self._touched[path] = None

    def settled(self) -> list[Path]:
        """Take out what has come to rest; a path comes once, unless it is touched again.

        Each path is looked at once after its last touch and once when its time is over, never in between.
        """
        now = self._clock()
        touched, over = self._take(now)
        looked = {path: self._stat(path) for path in (*touched, *over)}
        rested = [path for path, stamp in over.items() if looked[path] == stamp]
        with self._lock:
            # Whoever was touched meanwhile begins anew.
            done = {path: None for path in rested if path not in self._touched}
            for path, stamp in looked.items():
                if path not in done and path not in self._touched:
                    self._still[path] = (now + self._seconds, stamp)
        return list(done)

    def seconds_left(self) -> float | None:
        """Return after how many seconds it is worth asking again, 0.0 for at once, None where nothing waits."""
        with self._lock:
            if self._touched:
                return 0.0
            first = next(iter(self._still.values()), None)
        return None if first is None else max(0.0, first[0] - self._clock())

    def is_something_there(self) -> bool:
        """Tell whether any of the paths that wait existed when it was looked at: a photo may be coming."""
        with self._lock:
            return any(stamp is not None for _, stamp in self._still.values())

    def __len__(self) -> int:
        with self._lock:
            return len(self._touched) + len(self._still)

    def __contains__(self, path: Path) -> bool:
        """Tell whether a path waits: a look at its folder had better leave it to its own time."""
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
