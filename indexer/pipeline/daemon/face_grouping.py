"""Face grouping while watching: new faces join people, in the background, some time after the last of them came."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeAlias

from indexer.errors import IndexerError
from indexer.library.people.grouping import Grouped
from indexer.subprocess_call import CallGroup
from indexer.values.outcomes import Indexed, Outcome

GroupingReport: TypeAlias = Callable[[Grouped | IndexerError], None]
"""Receives what a grouping did, or why it could not."""
_REST_SECONDS = 30.0  # without new faces, before they are grouped
_SHARE = 20  # grouping is due so much more rarely that it takes one part in twenty of the time


class FaceGrouping:
    """Grouping of a library's faces in a process of its own, when new ones have come and nothing else is to be done.

    group: does it.  clock: seconds, monotonic.
    """

    def __init__(
        self,
        group: Callable[[CallGroup], Grouped],
        report: GroupingReport,
        clock: Callable[[], float],
    ) -> None:
        self._group, self._report, self._clock = group, report, clock
        self._calls = CallGroup()
        self._done: SimpleQueue[Grouped | IndexerError] = SimpleQueue()
        self._thread: Thread | None = None
        self._began_at = 0.0
        self._due_at: float | None = None
        self._not_before = 0.0

    def note(self, outcome: Outcome) -> None:
        """Note that a photo was stored."""
        if isinstance(outcome, Indexed) and any(face.descriptor for face in outcome.analysis.faces):
            self._due_at = self._clock() + _REST_SECONDS

    def turn(self, *, is_idle: bool) -> None:
        """Report what is done; begin where it is due, if there is nothing else to do."""
        try:
            self._report(self._done.get_nowait())
        except Empty:
            pass
        else:
            self._thread = None
            self._not_before = self._clock() + _SHARE * (self._clock() - self._began_at)
        if self._due_at is None or self._thread is not None or not is_idle:
            return
        if self._clock() >= max(self._due_at, self._not_before):
            self._due_at, self._began_at = None, self._clock()
            self._thread = Thread(target=self._run, name="face grouping", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End a grouping that runs; what it has not stored yet is done after the next new face."""
        self._calls.close()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._done.put(self._group(self._calls))
        except IndexerError as error:
            self._done.put(error)
