"""How far this process, and its workers to come, step back for other programs."""

from __future__ import annotations

import os
from contextlib import suppress


def step_back(niceness: int, io_priority: str) -> None:
    """Let other programs go first, at the processors (0 to 19) and at the disk ('normal', 'low', 'idle').

    A system that knows no such thing, or refuses, is left as it is.
    """
    with suppress(OSError, AttributeError):
        os.nice(max(0, niceness - os.nice(0)))
    if io_priority == "normal":
        return
    import psutil

    with suppress(OSError, AttributeError, psutil.Error):
        process = psutil.Process()
        if io_priority == "idle":
            process.ionice(psutil.IOPRIO_CLASS_IDLE)
        else:
            process.ionice(psutil.IOPRIO_CLASS_BE, 7)
