"""What a process holds, as the system counts it (Linux): memory, open files, threads."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Weight:
    """Sums over processes.

    rss_mb: of the memory that each has (what they share counts for each).  files: open descriptors.
    """

    rss_mb: float
    files: int
    threads: int


def weight(pids: Iterable[int]) -> Weight:
    """Weigh processes; one that has ended weighs nothing."""
    rss, files, threads = 0.0, 0, 0
    for pid in pids:
        with suppress(OSError):
            told = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
            files += len(list(Path(f"/proc/{pid}/fd").iterdir()))
            rss += int(told.get("VmRSS", "0").split()[0]) / 1024
            threads += int(told["Threads"])
    return Weight(rss, files, threads)
