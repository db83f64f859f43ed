"""Stop requests by Ctrl-C and SIGTERM, for the work to end at its next safe place."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130


class Stop:
    """A stop request.

    asked: whether there was one.  gently: while it is set, the work checks `asked` at least every half second;
    else KeyboardInterrupt is raised on the spot. The second request ends the process at once: what is stored is whole,
    and workers never outlive their parent.
    """

    def __init__(self) -> None:
        self.asked = False
        self.gently = False

    def ask(self, _signal: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        if self.asked:
            os._exit(INTERRUPTED)
        self.asked = True
        if not self.gently:
            raise KeyboardInterrupt


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Handle Ctrl-C and SIGTERM, also where a shell has a background job ignore Ctrl-C."""
    stop = Stop()
    before = {each: signal.signal(each, stop.ask) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
