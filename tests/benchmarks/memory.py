"""The memory of a process and all its children, sampled while it runs (Linux)."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path


def peak_bytes(process: subprocess.Popen[str], every_seconds: float = 0.1) -> int:
    """Wait for a process; return the highest sum of proportional set sizes (shared pages counted once) seen."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(map(_pss_bytes, _family(process.pid))))
        time.sleep(every_seconds)
    return peak


def _family(pid: int) -> list[int]:
    try:
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return []
    return [pid, *(each for child in children for each in _family(child))]


def _pss_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
