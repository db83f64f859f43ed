"""Throttle of a daemon: no new photo while it is paused or other programs load the machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from math import exp
from pathlib import Path

from indexer.advice import Advice
from indexer.pipeline.daemon.pause import paused_since

_LOAD_SECONDS = 60.0  # the window of the first load average of Unix, decaying
_LOOK_SECONDS = 1.0


def machine_load() -> float:
    """Return the machine's load average of the last minute."""
    import psutil

    return psutil.getloadavg()[0]


class Throttle:
    """A gate for new photos; checks at most once a second.

    library: its file, beside which the request to pause lies.  max_load: load of other programs above which work
    pauses; 0 for any.  busy: how many of our own workers are busy: their part of the load is subtracted.
    clock: seconds, monotonic.
    advice: what opens it again, where something does.
    """

    def __init__(
        self,
        library: Path,
        max_load: float,
        busy: Callable[[], int],
        clock: Callable[[], float],
        load: Callable[[], float] = machine_load,
    ) -> None:
        self._library, self._max_load, self._busy, self._clock, self._load = library, max_load, busy, clock, load
        self._own_load = 0.0
        self._looked: float | None = None
        self._reason = ""
        self.advice: Advice | None = None

    def is_open(self) -> bool:
        """Return whether a photo may be begun."""
        return not self.reason()

    def reason(self) -> str:
        """Return why no photo may be begun; '' where one may."""
        now = self._clock()
        if self._looked is None or now - self._looked >= _LOOK_SECONDS:
            self._fade(_LOOK_SECONDS if self._looked is None else now - self._looked)
            self._looked = now
            self._reason = self._look()
        return self._reason

    def _fade(self, seconds: float) -> None:
        """Follow our own part of the load as the system averages it."""
        old = exp(-seconds / _LOAD_SECONDS)
        self._own_load = self._own_load * old + self._busy() * (1 - old)

    def _look(self) -> str:
        self.advice = Advice("resume") if paused_since(self._library) else None
        if self.advice:
            return "a user has paused it"
        if self._max_load:
            others = max(0.0, self._load() - self._own_load)
            if others > self._max_load:
                return f"the load of other programs, {others:.1f}, is above {self._max_load:g} (max_load)"
        return ""


def step_back(niceness: int, io_priority: str) -> None:
    """Lower our priority at the processors (0 to 19) and at the disk ('normal', 'low', 'idle').

    A system that does not support it, or refuses, is left as it is.
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
