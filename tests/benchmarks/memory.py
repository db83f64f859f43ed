"""The memory of a process and all its children, as the system counts it (Linux)."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path


def peak_bytes(process: subprocess.Popen[str], every_seconds: float = 0.1) -> int:
    """Wait for a process; return the highest sum of proportional set sizes (shared pages counted once) seen."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(memory_bytes(pid) for pid in family(process.pid)))
        time.sleep(every_seconds)
    return peak


def family(pid: int) -> list[int]:
    """Return a process and all that it started, as far as they run."""
    try:
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return []
    return [pid, *(each for child in children for each in family(child))]


def memory_bytes(pid: int, kind: str = "Pss") -> int:
    """Return the memory of a process.

    kind: 'Rss' (all that it sees), 'Pss' (shared pages counted by their share), 'Private' (its own alone: USS).
    """
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    beginnings = (f"{kind}_", f"{kind}:") if kind == "Private" else (f"{kind}:",)
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(beginnings))
